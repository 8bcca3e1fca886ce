// Administration: accounts, reports and the audit log.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { get, post, put, remove } from "../core/api.js";
import { me } from "../core/state.js";
import { html } from "../lib/html.js";
import { currentLocale, t } from "../lib/i18n.js";
import { fileSize } from "../lib/text.js";
import { fullTime } from "../lib/time.js";
import { ConfirmButton } from "./confirm-button.js";
import { Dialog } from "./dialog.js";
import { FormError, useSubmit } from "./field.js";

/** @type {Record<string, () => View>} */
const TABS = { users: Users, reports: Reports, audit: Audit, server: Server };

export default function AdminDialog() {
  const [tab, setTab] = useState("users");
  return html`<${Dialog} title=${t("dialog.admin")} wide>
    <div class="part-buttons" role="group" aria-label=${t("dialog.admin")}>
      ${Object.keys(TABS).map((name) => html`<button key=${name} type="button" class=${name === tab ? "button primary" : "button"} aria-pressed=${String(name === tab)} onClick=${() => setTab(name)}>${t(`admin.${name}`)}</button>`)}
    </div>
    <${TABS[tab]} key=${tab} />
  <//>`;
}

/**
 * A list in pages: `cursor(last)` is the query of the page behind an item.
 * @template {{ id: number }} Item
 * @param {string} path
 * @param {(last: Item) => Record<string, number>} cursor
 * @param {string} more
 */
function usePages(path, cursor, more) {
  /** @type {State<Record<string, string>>} */
  const [query, ask] = useState({});
  /** @type {State<{ items: Item[] | null; rest: boolean }>} */
  const [page, setPage] = useState({ items: null, rest: false });
  /**
   * @param {Item[]} before
   * @param {Record<string, number>} behind
   */
  const load = async (before, behind) => {
    /** @type {{ items: Item[]; [more: string]: unknown }} */
    const answer = await get(`${path}?${new URLSearchParams(/** @type {Query} */ ({ ...query, ...behind }))}`);
    setPage({ items: [...before, ...answer.items], rest: Boolean(answer[more]) });
  };
  const first = useSubmit(() => load([], {}));
  const next = useSubmit(async () => {
    const last = page.items?.at(-1);
    if (page.items && last) await load(page.items, cursor(last));
  });
  useEffect(() => void first.submit(), [query]);
  return { ...page, problem: first.problem ?? next.problem, next: next.submit, again: first.submit, ask };
}

/** @param {{ list: Pages; empty: string; children: (item: Json) => View }} props */
function List({ list, empty, children }) {
  return html`<${FormError} problem=${list.problem} />
    ${list.problem && html`<button type="button" class="button" onClick=${list.again}>${t("dialog.again")}</button>`}
    ${list.items === null && !list.problem && html`<p class="faint" role="status">${t("dialog.loading")}</p>`}
    ${list.items?.length === 0 && html`<p class="faint">${empty}</p>`}
    <ul class="sessions">${list.items?.map(children)}</ul>
    ${list.rest && html`<button type="button" class="button" onClick=${list.next}>${t("search.more")}</button>`}`;
}

function Users() {
  const list = usePages("/api/admin/users", ({ id }) => ({ after: id }), "has_after");
  /** @type {State<{ user: User; url: string; expires_at: string } | null>} */
  const [link, setLink] = useState(null);
  /** @param {() => Promise<unknown>} call */
  const act = (call) => async () => {
    await call();
    await list.again();
  };
  /** @param {User} user */
  const reset = async (user) => setLink({ user, ...(await post(`/api/admin/users/${user.id}/reset`)) });
  return html`<div class="field"><label for="admin-q">${t("admin.find")}</label>
      <input id="admin-q" type="search" autocomplete="off" onChange=${(event) => list.ask(event.currentTarget.value ? { q: event.currentTarget.value } : {})} /></div>
    ${link && html`<p role="status">${t("admin.reset.link", { name: link.user.username })}</p><output class="code small">${link.url}</output><p class="faint">${t("invites.until", { time: fullTime(link.expires_at) })}</p>`}
    <${List} list=${list} empty=${t("admin.nobody")}>
      ${(user) => html`<li class="session" key=${user.id}><div class="session-text">
          <p><bdi>${user.display_name}</bdi> ${user.admin && html`<span class="role">${t("admin.is-admin")}</span>`} ${user.disabled && html`<span class="role">${t("admin.is-disabled")}</span>`}</p>
          <p class="faint" translate=${false}>@${user.username}</p></div>
        ${
          user.id !== me.value?.id &&
          !user.deleted &&
          html`<div class="part-buttons">
          <${ConfirmButton} key=${`d${user.disabled}`} label=${t(user.disabled ? "admin.enable" : "admin.disable")} question=${t(user.disabled ? "admin.enable.ask" : "admin.disable.ask", { name: user.username })} confirm=${t(user.disabled ? "admin.enable" : "admin.disable")} action=${act(() => (user.disabled ? remove : put)(`/api/admin/users/${user.id}/disabled`))} />
          <${ConfirmButton} key=${`a${user.admin}`} label=${t(user.admin ? "admin.revoke" : "admin.grant")} question=${t(user.admin ? "admin.revoke.ask" : "admin.grant.ask", { name: user.username })} confirm=${t(user.admin ? "admin.revoke" : "admin.grant")} tone="primary" action=${act(() => (user.admin ? remove : put)(`/api/admin/users/${user.id}/admin`))} />
          <${ConfirmButton} label=${t("admin.reset")} question=${t("admin.reset.ask", { name: user.username })} confirm=${t("admin.reset")} tone="primary" action=${() => reset(user)} />
        </div>`
        }
      </li>`}
    <//>`;
}

function Reports() {
  const list = usePages("/api/admin/reports", ({ id }) => ({ before: id }), "has_before");
  /** @param {number} id */
  const close = (id) =>
    remove(`/api/admin/reports/${id}`).then(
      () => list.again(),
      (problem) => showToast(problem.message, "bad"),
    );
  return html`<${List} list=${list} empty=${t("admin.no-reports")}>
    ${(report) => html`<li class="session" key=${report.id}><div class="session-text">
        <p><bdi>${report.room.name}</bdi> <span class="faint">${t("admin.reported", { name: report.reporter.username, time: fullTime(report.created_at) })}</span></p>
        ${report.reason && html`<p dir="auto">${report.reason}</p>`}
        <blockquote class="excerpt" dir="auto">${report.message?.body || t("message.deleted")}</blockquote></div>
      <button type="button" class="button" onClick=${() => void close(report.id)}>${t("admin.close-report")}</button>
    </li>`}
  <//>`;
}

function Audit() {
  const list = usePages("/api/admin/audit", ({ id }) => ({ before: id }), "has_before");
  return html`<${List} list=${list} empty=${t("admin.no-audit")}>
    ${(entry) => html`<li class="session" key=${entry.id}><div class="session-text">
      <p><code>${entry.action}</code> ${entry.detail ?? ""} <span class="faint">${fullTime(entry.at)}</span></p>
      <p class="faint" translate=${false}>@${entry.actor?.username ?? "–"}${entry.target ? ` → @${entry.target.username}` : ""}${entry.room_id ? ` · /r/${entry.room_id}` : ""}${entry.seq ? `/${entry.seq}` : ""}${entry.address ? ` · ${entry.address}` : ""}</p>
    </div></li>`}
  <//>`;
}

/** Name, version and readiness of the server. Its settings are in its settings file. */
function Server() {
  /** @type {State<(ServerInfo & { ready: boolean }) | null>} */
  const [about, setAbout] = useState(null);
  const loading = useSubmit(async () => {
    const ready = await fetch("/readyz").then(
      ({ ok }) => ok,
      () => false,
    );
    setAbout({ ...(await get("/api/server")), ready });
  });
  useEffect(() => void loading.submit(), []);
  if (!about)
    return loading.problem
      ? html`<${FormError} problem=${loading.problem} />`
      : html`<p class="faint" role="status">${t("dialog.loading")}</p>`;
  const { name, version, registration, ready, limits } = about;
  /** @param {number} value */
  const number = (value) => new Intl.NumberFormat(currentLocale()).format(value);
  /** @type {[string, View][]} */
  const facts = [
    ["admin.server.name", html`<bdi>${name}</bdi>`],
    ["admin.server.version", html`<span translate=${false}>${version}</span>`],
    ["admin.server.ready", t(ready ? "admin.server.ready.yes" : "admin.server.ready.no")],
    ["admin.server.registration", t(`admin.server.registration.${registration}`)],
    ["admin.server.body", number(limits.body_chars)],
    ["admin.server.file", fileSize(limits.file_bytes)],
    ["admin.server.files", number(limits.files_per_message)],
    ["admin.server.rooms", number(limits.rooms_per_user)],
  ];
  return html`<dl class="facts">${facts.map(([label, value]) => html`<dt>${t(label)}</dt><dd>${value}</dd>`)}</dl>
    <p class="faint">${t("admin.server.settings")} <code>parlor config</code></p>`;
}
