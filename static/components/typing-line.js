import { people } from "../core/state.js";
import { typingIn } from "../core/typing.js";
import { html } from "../lib/html.js";
import { listed, t } from "../lib/i18n.js";

/** More names than this are "several people". */
const NAMED = 3;

/** Who types in the room. Its place is always there, so that nothing moves. */
export function TypingLine({ room }) {
  const ids = typingIn(room.id);
  const names = ids.map((id) => people.value.get(id)?.display_name ?? t("announce.someone"));
  const text = ids.length === 0 ? "" : ids.length > NAMED ? t("typing.several") : t("typing.names", { n: ids.length, names: listed(names) });
  return html`<p class="typing" dir="auto">${text}</p>`;
}
