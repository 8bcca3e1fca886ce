// Doing something that takes a while and may fail.

import { useState } from "preact/hooks";

/** `{busy, problem, fields, submit}`: runs `action` once at a time and keeps what went wrong. */
export function useSubmit(action) {
  const [state, setState] = useState({ busy: false, problem: null });
  const submit = async (event) => {
    event?.preventDefault();
    if (state.busy) return;
    const form = event?.currentTarget;
    setState({ busy: true, problem: null });
    try {
      await action(form instanceof HTMLFormElement ? Object.fromEntries(new FormData(form)) : undefined, form);
      setState({ busy: false, problem: null });
    } catch (problem) {
      setState({ busy: false, problem });
      queueMicrotask(() => requestAnimationFrame(() => form?.querySelector?.('[aria-invalid="true"]')?.focus()));
    }
  };
  return { ...state, fields: state.problem?.fields ?? {}, submit };
}
