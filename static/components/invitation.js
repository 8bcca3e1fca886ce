// Preview of an invitation.

import { useEffect, useState } from "preact/hooks";
import { lookUpInvite } from "../core/room-actions.js";
import { html } from "../lib/html.js";
import { invitationText, isExpired } from "../lib/invitation.js";

/**
 * `{room}` or `{problem}` once the server has answered, `{}` before and without a code.
 * @param {string} code
 */
export function useInvite(code) {
  /** @type {State<Invite>} */
  const [look, setLook] = useState({});
  useEffect(() => {
    setLook({});
    if (!code) return undefined;
    let current = true;
    /** @param {Invite} answer */
    const found = (answer) => current && setLook(answer);
    lookUpInvite(code).then(
      (room) => found({ room }),
      (problem) => found({ problem }),
    );
    return () => {
      current = false;
    };
  }, [code]);
  return look;
}

/** @param {{ look: Invite; next?: string }} props */
export function Invitation({ look, next = "" }) {
  const { lead, name, rest } = invitationText(look);
  return html`<p class=${isExpired(look) ? "notice bad" : "notice"} role="status">${lead}${name && html` <bdi class="invited-to">${name}</bdi>`}${rest} ${next}</p>`;
}
