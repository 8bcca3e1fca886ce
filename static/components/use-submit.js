// State of an action that takes time and may fail.

import { useState } from "preact/hooks";

/**
 * `{busy, problem, fields, submit}`: runs `action` once at a time and keeps what went wrong.
 * @param {(values: any, form: any) => unknown} action
 * @returns {Submission}
 */
export function useSubmit(action) {
  /** @type {State<{ busy: boolean; problem: Problem | null }>} */
  const [state, setState] = useState({ busy: false, problem: null });
  /** @param {Event} [event] */
  const submit = async (event) => {
    event?.preventDefault();
    if (state.busy) return;
    const form = event?.currentTarget instanceof HTMLFormElement ? event.currentTarget : undefined;
    setState({ busy: true, problem: null });
    try {
      await action(form ? Object.fromEntries(new FormData(form)) : undefined, form);
      setState({ busy: false, problem: null });
    } catch (problem) {
      setState({ busy: false, problem: /** @type {Problem} */ (problem) });
      /** @type {() => HTMLElement | null | undefined} */
      const firstInvalid = () => form?.querySelector('[aria-invalid="true"]');
      queueMicrotask(() => requestAnimationFrame(() => firstInvalid()?.focus()));
    }
  };
  return { ...state, fields: state.problem?.fields ?? {}, submit };
}
