import { useEffect } from "preact/hooks";
import { closeDialog } from "../core/state.js";
import { showToast } from "../core/toast.js";
import { copyText } from "../core/clipboard.js";
import { changeRoom, deleteRoom, refreshRoom, leaveRoom, replaceCode } from "../core/room-actions.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { invitePath } from "../lib/routes.js";
import { ConfirmButton } from "./confirm-button.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Invites, BannedAndMuted, NotificationLevel, PostingRestrictions } from "./room-moderation.js";
import { Icon, iconOf } from "./icon.js";
import "./lazy-icons.js";
import { QrCode } from "./qr-code.js";

/** @param {{ room: Room }} props */
export function RoomSettings({ room }) {
  const { name, topic, kind, role, access_code: code } = room.info.value;
  const refreshing = useSubmit(() => refreshRoom(room));
  useEffect(() => void refreshing.submit(), [room]);
  const owner = role === "owner";
  void room.version.value;
  const complete = room.timeline.completeTo;
  return html`
    <p class="room-facts"><${Icon} name=${iconOf(kind)} /><bdi>${name}</bdi><span class="faint">${t(`room.${kind}`)}${complete !== null && `, ${t("room-settings.complete")}`}</span></p>
    <${FormError} problem=${refreshing.problem} />
    ${room.canModerate && code && html`<${AccessCode} room=${room} code=${code} />`}
    ${owner ? html`<${Rename} room=${room} />` : topic && html`<section class="part"><h3>${t("field.topic")}</h3><p class="topic-text" dir="auto">${topic}</p></section>`}
    <${NotificationLevel} room=${room} />
    ${room.canModerate && kind !== "direct" && html`<${PostingRestrictions} room=${room} /><${Invites} room=${room} /><${BannedAndMuted} room=${room} />`}
    ${
      kind !== "direct" &&
      html`<section class="part">
      <h3>${t("room-settings.leave-or-delete")}</h3>
      <div class="part-buttons">
        <${ConfirmButton} label=${t("room-settings.leave")} question=${t("room-settings.leave.ask", { room: name })} confirm=${t("room-settings.leave.do")} action=${() => leaveAndClose(room)} />
        ${owner && html`<${ConfirmButton} label=${t("room-settings.delete")} question=${t("room-settings.delete.ask", { room: name })} confirm=${t("room-settings.delete.do")} action=${() => deleteAndClose(room)} />`}
      </div>
    </section>`
    }
  `;
}

/** @param {Room} room */
async function leaveAndClose(room) {
  await leaveRoom(room);
  closeDialog();
  showToast(t("room-settings.left", { room: room.info.value.name }));
}

/** @param {Room} room */
async function deleteAndClose(room) {
  await deleteRoom(room);
  closeDialog();
  showToast(t("room-settings.deleted", { room: room.info.value.name }));
}

/** @param {{ room: Room; code: string }} props */
function AccessCode({ room, code }) {
  /**
   * @param {string} text
   * @param {string} said
   */
  const copy = (text, said) => async () => {
    if (await copyText(text)) showToast(said);
    else showToast(t("room-settings.copy.refused"), "bad");
  };
  const link = location.origin + invitePath(code);
  return html`<section class="part">
    <h3>${t("field.code")}</h3>
    <p class="faint">${t("room-settings.code.text")}</p>
    <div class="code-row">
      <output class="code" aria-label=${t("field.code")} tabindex="0">${code}</output>
      <button type="button" class="button" onClick=${copy(code, t("room-settings.code.copied"))}><${Icon} name="copy" /> ${t("room-settings.code.copy")}</button>
    </div>
    <div class="part-buttons">
      <button type="button" class="button" onClick=${copy(link, t("room-settings.link.copied"))}><${Icon} name="copy" /> ${t("room-settings.link.copy")}</button>
      <${ConfirmButton} label=${t("room-settings.code.replace")} question=${t("room-settings.code.replace.ask")} confirm=${t("room-settings.code.replace.do")} tone="primary" action=${() => replaceCode(room)} />
    </div>
    <details class="qr-fold"><summary>${t("qr.show")}</summary><${QrCode} text=${link} /></details>
  </section>`;
}

/** @param {{ room: Room }} props */
function Rename({ room }) {
  const { name, topic } = room.info.value;
  const form = useSubmit(async (values) => {
    /** @type {Partial<RoomInfo>} */
    const change = {};
    if (values.name.trim() !== name) change.name = values.name.trim();
    if (values.topic.trim() !== (topic ?? "")) change.topic = values.topic.trim();
    if (Object.keys(change).length > 0) await changeRoom(room, change);
    showToast(t("app.saved"));
  });
  return html`<section class="part">
    <h3>${t("room-settings.name-and-topic")}</h3>
    <form onSubmit=${form.submit}>
      <${Field} label=${t("field.room-name")} name="name" required maxlength="80" dir="auto" autocomplete="off" value=${name} error=${form.fields.name} />
      <${Field} label=${t("field.topic")} name="topic" maxlength="250" dir="auto" autocomplete="off" value=${topic ?? ""} error=${form.fields.topic} />
      <${FormError} problem=${form.problem} known=${["name", "topic"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("app.save")}<//></div>
    </form>
  </section>`;
}
