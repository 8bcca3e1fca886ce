// Texts of invitations, and the policy for new accounts.

import { t } from "./i18n.js";

/**
 * Returns the policy for new accounts: `"open"`, `"invite"` or `"closed"`. The first account is always allowed.
 * @param {ServerInfo | null} server
 * @returns {Registration}
 */
export const registrationOf = (server) => (!server || server.needs_first_account ? "open" : server.registration);

/**
 * Whether the server has said that the code of a look admits nobody (any more).
 * @param {Invite} invite
 */
export const isExpired = ({ problem }) => problem?.code === "bad_code";

/**
 * Describes an invitation as `{lead, name, rest}`: the name stands by itself, for it
 * may be written in another direction. Before there is an answer, and where there was none, nothing
 * is claimed that is not known.
 * @param {Invite} look
 */
export function invitationText(look) {
  if (isExpired(look)) {
    return { lead: t("invitation.over"), name: "", rest: "" };
  }
  if (!look.room) return { lead: t("invitation.somewhere"), name: "", rest: "" };
  const { name, kind, member_count: members } = look.room;
  return {
    lead: t("invitation.to"),
    name,
    rest: t(kind === "public" ? "invitation.public" : "invitation.private", { n: members }),
  };
}

/**
 * Returns what a visitor without a session can do.
 * @param {Invite} look
 * @param {Registration} registration
 */
export function nextStep(look, registration) {
  if (isExpired(look)) return "";
  return registration === "closed" ? t("invitation.sign-in") : t("invitation.sign-up");
}
