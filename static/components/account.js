// Account settings: profile, personal tokens, blocked users, export and deletion.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { get, patch, post, remove } from "../core/api.js";
import { loadBlocks, unblock } from "../core/blocks.js";
import { copyText } from "../core/clipboard.js";
import { endSession, updateOwnUser } from "../core/session.js";
import { closeDialog, dialog, me, now, openDialog, roomList, rooms, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { relativeTime, fullTime } from "../lib/time.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Icon } from "./icon.js";
import { OwnAvatarImage } from "./avatar-image.js";

/** Scopes of a token, the narrowest first. */
const SCOPES = ["read", "post", "write", "admin"];
const EXPIRY_SECONDS = [0, 2_592_000, 7_776_000, 31_536_000];

export function Profile() {
  /** @type {State<Profile | null>} */
  const [profile, setProfile] = useState(null);
  const [admin, setAdmin] = useState(false);
  const loading = useSubmit(async () => {
    const answer = await get("/api/me");
    setProfile(answer.user);
    setAdmin(answer.admin);
  });
  useEffect(() => void loading.submit(), []);
  const form = useSubmit(async ({ username, about, hidden }) => {
    /** @type {Record<string, unknown>} */
    const change = { about: about.trim(), hide_last_seen: hidden === "on" };
    if (username !== profile?.username) change.username = username;
    const { user } = await patch("/api/me", change);
    setProfile(user);
    updateOwnUser(user);
    showToast(t("account.saved"));
  });
  return html`<section class="part">
    <h3>${t("account.about")}</h3>
    <${FormError} problem=${loading.problem} />
    <${OwnAvatarImage} />
    ${
      profile &&
      html`<form onSubmit=${form.submit}>
      <${Field} label=${t("account.username")} name="username" required minlength="3" maxlength="32" autocomplete="username" autocapitalize="none" spellcheck="false" value=${profile.username} error=${form.fields.username} />
      <${Field} as="textarea" label=${t("account.about.label")} name="about" rows="3" maxlength="500" dir="auto" value=${profile.about ?? ""} error=${form.fields.about} />
      <label class="check"><input type="checkbox" name="hidden" defaultChecked=${profile.hide_last_seen} /> <span>${t("account.hide")}</span></label>
      <${FormError} problem=${form.problem} known=${["username", "about"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy} class="">${t("account.save")}<//></div>
    </form>`
    }
  </section>
  ${
    admin &&
    html`<section class="part">
    <h3>${t("account.admin")}</h3>
    <p class="faint">${t("account.admin.text")}</p>
    <div class="part-buttons"><button type="button" class="button" onClick=${() => openDialog("admin")}>${t("account.admin.open")}</button></div>
  </section>`
  }`;
}

/**
 * Returns the items of `load()`, `null` before they arrive, and a function that removes one with `takeAway(id)`.
 * @template {{ id: number }} Item
 * @param {() => Promise<Item[]>} load
 * @param {(id: number) => Promise<unknown>} takeAway
 */
function useItems(load, takeAway) {
  /** @type {State<Item[] | null>} */
  const [items, setItems] = useState(null);
  const loading = useSubmit(async () => setItems(await load()));
  useEffect(() => void loading.submit(), []);
  /** @param {number} id */
  const drop = (id) =>
    takeAway(id).then(
      () => loading.submit(),
      (problem) => showToast(problem.message, "bad"),
    );
  return { items, problem: loading.problem, reload: loading.submit, drop };
}

/** @param {number} id */
const roomName = (id) => rooms.value.get(id)?.info.value.name ?? `#${id}`;

/**
 * The choice of rooms that a token is limited to.
 * @param {{ limited: boolean; setLimited: (limited: boolean) => void }} props
 */
function TokenRooms({ limited, setLimited }) {
  return html`<label class="check"><input type="checkbox" checked=${limited} onChange=${(event) => setLimited(event.currentTarget.checked)} /> <span>${t("tokens.some")}</span></label>
    ${
      limited &&
      html`<fieldset class="choices token-rooms"><legend>${t("tokens.rooms")}</legend>
      ${roomList.value.map((room) => html`<label class="check" key=${room.id}><input type="checkbox" name="room" value=${room.id} /> <bdi>${room.info.value.name}</bdi></label>`)}
    </fieldset>`
    }`;
}

export function Tokens() {
  /** @type {ItemList<TokenItem> & { drop(id: number): Promise<unknown> }} */
  const list = useItems(
    async () => (await get("/api/me/tokens")).items,
    (id) => remove(`/api/me/tokens/${id}`),
  );
  /** @type {State<{ name: string; token: string } | null>} */
  const [made, setMade] = useState(null);
  const [admin, setAdmin] = useState(false);
  useEffect(
    () =>
      void get("/api/me").then(
        (answer) => setAdmin(answer.admin),
        () => {},
      ),
    [],
  );
  const [scope, setScope] = useState(SCOPES[0]);
  const [limited, setLimited] = useState(false);
  const form = useSubmit(async ({ name, ends }, element) => {
    /** @type {Record<string, unknown>} */
    const wanted = { name: name.trim(), scope };
    if (Number(ends) > 0) wanted.expires_in = Number(ends);
    if (limited && scope !== "admin") wanted.rooms = new FormData(element).getAll("room").map(Number);
    setMade(await post("/api/me/tokens", wanted));
    element.reset();
    setScope(SCOPES[0]);
    setLimited(false);
    await list.reload();
  });
  const copy = async () => showToast(t((await copyText(made?.token ?? "")) ? "message.copied" : "message.not-copied"));
  return html`<section class="part">
    <h3>${t("tokens.heading")}</h3>
    <p class="faint">${t("tokens.text")}</p>
    <form onSubmit=${form.submit}>
      <${Field} label=${t("tokens.name")} name="name" required maxlength="64" autocomplete="off" dir="auto" error=${form.fields.name} />
      <div class="field"><label for="token-scope">${t("tokens.scope")}</label>
        <select id="token-scope" name="scope" onChange=${(event) => setScope(event.currentTarget.value)}>
          ${SCOPES.filter((one) => one !== "admin" || admin).map((one) => html`<option key=${one} value=${one} selected=${one === scope}>${t(`tokens.${one}`)}</option>`)}
        </select></div>
      ${
        scope === "admin"
          ? html`<p class="form-error" role="alert"><${Icon} name="alert" /> <span>${t("tokens.warning")}</span></p>`
          : html`<${TokenRooms} limited=${limited} setLimited=${setLimited} />`
      }
      <div class="field"><label for="token-ends">${t("tokens.ends")}</label>
        <select id="token-ends" name="ends">${EXPIRY_SECONDS.map((seconds) => html`<option value=${seconds}>${seconds === 0 ? t("tokens.never") : t("span.days", { n: seconds / 86_400 })}</option>`)}</select></div>
      <${FormError} problem=${form.problem} known=${["name"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy} class="">${t("tokens.make")}<//></div>
    </form>
    ${made && html`<div class="code-row" role="status"><output class="code small" aria-label=${made.name}>${made.token}</output><button type="button" class="button" onClick=${copy}>${t("tokens.copy")}</button></div><p class="faint">${t("tokens.once")}</p>`}
    <${FormError} problem=${list.problem} />
    <ul class="sessions">${list.items?.map(
      (token) => html`<li class="session" key=${token.id}><div class="session-text">
          <p><bdi>${token.name}</bdi> <span class="role">${t(`tokens.${token.scope}`)}</span></p>
          ${token.rooms && html`<p class="faint">${t("tokens.in", { rooms: token.rooms.map(roomName).join(", ") })}</p>`}
          <p class="faint">${token.last_used_at ? t("tokens.used", { when: relativeTime(token.last_used_at, now.value) }) : t("tokens.unused")}${token.expires_at ? ` · ${t("invites.until", { time: fullTime(token.expires_at) })}` : ""}</p></div>
        <button type="button" class="button danger-quiet" onClick=${() => void list.drop(token.id)}>${t("invites.revoke")}</button></li>`,
    )}</ul>
  </section>`;
}

export function BlockedUsers() {
  const list = useItems(loadBlocks, unblock);
  if (!list.problem && !list.items?.length) return null;
  return html`<section class="part">
    <h3>${t("blocked.heading")}</h3>
    <${FormError} problem=${list.problem} />
    <ul class="sessions">${list.items?.map(
      (
        user,
      ) => html`<li class="session" key=${user.id}><div class="session-text"><p><bdi>${user.display_name}</bdi></p><p class="faint" translate=${false}>@${user.username}</p></div>
      <button type="button" class="button" onClick=${() => void list.drop(user.id)}>${t("person.unblock")}</button></li>`,
    )}</ul>
  </section>`;
}

export function DeleteAccount() {
  const [asking, setAsking] = useState(false);
  const form = useSubmit(async ({ password, messages }) => {
    await remove("/api/me", { password, messages });
    closeDialog();
    endSession();
  });
  return html`<section class="part">
    <h3>${t("end.heading")}</h3>
    <div class="part-buttons">
      <a class="button" href="/api/me/export" download=${`parlor-${me.value?.username}.json`}>${t("end.export")}</a>
      ${!asking && html`<button type="button" class="button danger-quiet" onClick=${() => setAsking(true)}>${t("end.delete")}</button>`}
    </div>
    ${
      asking &&
      html`<form onSubmit=${form.submit}>
      <p>${t("end.text")}</p>
      <fieldset class="choices"><legend>${t("end.messages")}</legend>
        ${["keep", "delete"].map((what) => html`<label class="choice"><input type="radio" name="messages" value=${what} defaultChecked=${what === "keep"} /><span class="choice-title">${t(`end.${what}.title`)}</span><span class="choice-text">${t(`end.${what}.text`)}</span></label>`)}
      </fieldset>
      <${Field} label=${t("end.password")} name="password" type="password" required autocomplete="current-password" error=${form.fields.password} />
      <${FormError} problem=${form.problem} known=${["password"]} />
      <div class="form-foot"><button type="button" class="button" onClick=${() => setAsking(false)}>${t("dialog.cancel")}</button><${SubmitButton} busy=${form.busy} class="danger">${t("end.delete")}<//></div>
    </form>`
    }
  </section>`;
}
