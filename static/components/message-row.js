// The lines of the log.

import { Component } from "preact";
import { discardMessage, retryMessage } from "../core/sending.js";
import { now, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { clock, dayLabel, fullTime } from "../lib/time.js";
import { Attachments } from "./attachments.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { Markdown, isPlain } from "./markdown.js";
import { Pinned, Quote, Reactions, nameOf } from "./message-parts.js";

/** @type {Record<Row["type"], (props: any) => View>} */
const ROWS = { day: DayRow, unread: UnreadRow, system: SystemRow, message: MessageRow, pending: PendingRow };

/**
 * A row that is drawn again only when it changed, because a log has hundreds of rows.
 * @extends {Component<LogRowProps>}
 */
export class LogRow extends Component {
  /** @param {LogRowProps} next */
  shouldComponentUpdate({ row, target }) {
    /** @type {AnyRow} */
    const old = this.props.row;
    return (
      target !== this.props.target ||
      row.type !== old.type ||
      row.message !== old.message ||
      row.entry !== old.entry ||
      row.first !== old.first ||
      row.text !== old.text
    );
  }

  /** @param {LogRowProps} props */
  render({ row, target }) {
    return html`<${ROWS[row.type]} row=${row} target=${target} />`;
  }
}

/** @param {{ row: { key: string; at: string } }} props */
function DayRow({ row }) {
  return html`<li class="day-divider" data-key=${row.key}><span>${dayLabel(row.at, now.value)}</span></li>`;
}

/** @param {{ row: { key: string } }} props */
function UnreadRow({ row }) {
  return html`<li class="unread-divider" data-key=${row.key}><span>${t("log.new")}</span></li>`;
}

/** @param {{ row: SystemRow }} props */
function SystemRow({ row }) {
  const last = row.messages[row.messages.length - 1];
  return html`<li class="system-row" data-key=${row.key} data-seq=${row.seq}>
    <span dir="auto">${row.text}</span> <${Time} at=${last.created_at} />
  </li>`;
}

/** @param {{ at: string }} props */
const Time = ({ at }) => html`<time datetime=${at} title=${fullTime(at)}>${clock(at)}</time>`;

/**
 * Rows are many: a part that has nothing to show is not even begun.
 * @param {Message} message
 */
const hasReactions = ({ reactions }) => {
  for (const _ in reactions) return true;
  return false;
};

/** @param {{ row: MessageRow; target: boolean }} props */
function MessageRow({ row, target }) {
  const { message, first, action } = row;
  return html`<li class=${`message-row ${first ? "first" : ""} ${target ? "target" : ""}`} data-key=${row.key} data-seq=${row.seq} tabindex="-1">
    <${Byline} message=${message} first=${first} action=${action} />
    <div class="content">
      ${message.quote && !message.deleted_at && html`<${Quote} message=${message} />`}
      ${message.deleted_at ? html`<p class="body gone">${t("message.deleted")}</p>` : html`<${Body} message=${message} action=${action} />`}
      ${message.files?.[0] && html`<${Attachments} files=${message.files} />`}
      ${hasReactions(message) && html`<${Reactions} message=${message} />`}
    </div>
  </li>`;
}

/**
 * The author and the time: in full above the first of a group, for the ear on the others.
 * @param {{ message: PendingMessage; first: boolean; action: string | null }} props
 */
function Byline({ message, first, action }) {
  const name = nameOf(message.author);
  if (first && action === null) {
    return html`<${Avatar} person=${people.value.get(message.author?.id) ?? message.author} />
      <p class="byline"><bdi class="author">${name}</bdi> <${Time} at=${message.created_at} /></p>`;
  }
  if (action !== null) return html`<span class="gutter"></span>`;
  return html`<span class="gutter"><${Time} at=${message.created_at} /></span><span class="sr-only"><bdi>${name}</bdi>: </span>`;
}

/** @param {{ message: PendingMessage; action: string | null }} props */
function Body({ message, action }) {
  const edited =
    message.edited_at && html` <span class="edited" title=${fullTime(message.edited_at)}>${t("message.edited")}</span>`;
  const marks = (edited || message.pinned_at) && [edited, message.pinned_at && html`<${Pinned} />`];
  if (action !== null) {
    return html`<p class="body action" dir="auto"><span class="said"><span class="star">*</span> <bdi class="author">${nameOf(message.author)}</bdi> ${action}</span>${marks} <${Time} at=${message.created_at} /></p>`;
  }
  if (message.body === "") return null;
  const words = isPlain(message.body) ? message.body : html`<${Markdown} message=${message} />`;
  if (!marks) return html`<div class="body" dir="auto">${words}</div>`;
  return html`<div class="body" dir="auto"><div class="said">${words}</div>${marks}</div>`;
}

/** @param {string} text */
const copy = async (text) => (await import("../core/clipboard.js")).copyText(text);

/** @param {{ row: PendingRow }} props */
function PendingRow({ row }) {
  const { entry, message, first, action } = row;
  const failed = entry.state === "failed";
  return html`<li class=${`message-row pending ${entry.state} ${first ? "first" : ""}`} data-key=${row.key}>
    <${Byline} message=${message} first=${first} action=${action} />
    <div class="content">
    ${message.quote && html`<${Quote} message=${message} />`}
    <${Body} message=${message} action=${action} />
    ${message.files?.[0] && html`<${Attachments} files=${message.files} />`}
    ${
      failed
        ? html`<div class="outcome" role="alert">
          <span class="outcome-text"><${Icon} name="alert" /> ${t("pending.failed", { reason: entry.reason })}</span>
          <button type="button" class="link" onClick=${() => retryMessage(entry.key)}>${t("pending.again")}</button>
          <button type="button" class="link" onClick=${() => void copy(entry.body)}>${t("tools.copy")}</button>
          <button type="button" class="link" onClick=${() => discardMessage(entry.key)}>${t("pending.discard")}</button>
        </div>`
        : html`<${PendingStatus} entry=${entry} />`
    }
    </div>
  </li>`;
}

/**
 * Seen only when it takes a while; the style sheet waits with showing it. What was put on the
 * wire may have arrived without its answer, so only what was not can be taken back.
 * @param {{ entry: OutboxEntry }} props
 */
function PendingStatus({ entry }) {
  if (entry.state === "sent") return null;
  return html`<div class="outcome waiting"><span class="outcome-text"><${Icon} name="clock" /> ${t(entry.tried ? "pending.sending" : "pending.waiting")}</span>
    ${!entry.tried && html`<button type="button" class="link" onClick=${() => discardMessage(entry.key)}>${t("pending.discard")}</button>`}
  </div>`;
}
