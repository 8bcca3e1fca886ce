// One room as the page knows it.

import { batch, signal } from "@preact/signals";
import { Timeline } from "../lib/timeline.js";

/** @type {(keyof RoomInfo)[]} */
const INFO_FIELDS = [
  "name",
  "topic",
  "kind",
  "role",
  "member_count",
  "created_at",
  "access_code",
  "notify",
  "slow_mode_s",
  "locked",
  "muted_until",
  "members",
];

let roomCount = 0;

export class Room {
  /** Another one for each Room, although the room may be the same: what draws it begins anew. */
  serial = (roomCount += 1);
  timeline = new Timeline();
  /** Grows whenever the timeline changed; what draws messages reads it. */
  version = signal(0);
  /**
   * `idle`, `loading`, `ready` or a Problem.
   * @type {Signal<"idle" | "loading" | "ready" | Problem>}
   */
  loading = signal("idle");
  loadingBefore = signal(false);
  loadingAfter = signal(false);

  readSeq = signal(0);
  /** Counts the forced moves of the receipt that this page knows of ("Mark as unread from here"). */
  readGeneration = 0;
  unread = signal(0);
  mentions = signal(0);
  /**
   * The divider "new" stands after this message; null for none.
   * @type {Signal<number | null>}
   */
  unreadAfter = signal(null);
  /** The end of the log is in view. */
  atBottom = signal(false);
  /**
   * The message that a link points at.
   * @type {Signal<number | null>}
   */
  target = signal(null);
  /**
   * Where the log is to be opened: `{seq}`, `{unread: true}` or `{end: true}`; a new object is a new wish.
   * @type {Opening | null}
   */
  opening = null;

  /**
   * `Map<id, {id, username?, display_name?}>` of who is online, as far as it is known.
   * @type {Signal<Map<number, OnlineUser>>}
   */
  online = signal(new Map());
  onlineCount = signal(0);
  /**
   * `Map<id, {user, role, joined_at}>`, or null before it was loaded.
   * @type {Signal<Map<number, Member> | null>}
   */
  members = signal(null);
  membersMore = signal(false);

  /**
   * The message that is being answered, and the one that is being edited.
   * @type {Signal<Message | null>}
   */
  replying = signal(null);
  /** @type {Signal<Message | null>} */
  editing = signal(null);
  /** Marked as unread by hand: looking at it does not read it until it is opened anew. */
  stayUnread = false;

  /**
   * Own messages that are on the server's disk but not yet in the timeline.
   * @type {Signal<ConfirmedEntry[]>}
   */
  confirmed = signal([]);

  /** @param {RoomItem} item */
  constructor(item) {
    this.id = item.id;
    /** @type {Signal<RoomInfo>} */
    this.info = signal({ id: item.id, name: "", topic: "", kind: "private", role: "member", member_count: 0 });
    this.update(item);
    this.receipt(item);
  }

  /**
   * Takes over what `item` says about the room itself.
   * @param {Partial<RoomItem>} item
   */
  update(item) {
    /** @type {Record<string, unknown>} */
    const change = {};
    for (const field of INFO_FIELDS) {
      if (item[field] !== undefined && item[field] !== this.info.value[field]) change[field] = item[field];
    }
    if (Object.keys(change).length > 0) this.info.value = { ...this.info.value, ...change };
    if (item.online) this.online.value = new Map(item.online.map((id) => [id, this.online.value.get(id) ?? { id }]));
    if (item.online_count !== undefined) this.onlineCount.value = item.online_count;
    else if (item.online) this.onlineCount.value = item.online.length;
  }

  /**
   * Takes over the server's receipt, unless this page has read further: then true.
   * `back` lets it move back, because it moved just then; a forced move that this page did not know of always does.
   * @param {Receipt} receipt
   */
  receipt({ read_seq: readSeq = 0, unread = 0, mentions = 0, read_generation: generation = 0 }, back = false) {
    // Sent before a forced move that this page knows of.
    if (back && generation < this.readGeneration) return false;
    if (!back && generation === this.readGeneration && readSeq < this.readSeq.value) return true;
    this.readGeneration = generation;
    this.readSeq.value = readSeq;
    this.unread.value = unread;
    this.mentions.value = mentions;
    return false;
  }

  /** @param {Message} message */
  replyTo(message) {
    this.replying.value = message;
    this.editing.value = null;
  }

  /** @param {Message} message */
  startEditing(message) {
    this.editing.value = message;
    this.replying.value = null;
  }

  /** Ends a reply or an edit. */
  resetComposer() {
    this.editing.value = null;
    this.replying.value = null;
  }

  /** Places the divider "new" for this visit, after the last message that was read. */
  placeDivider() {
    this.unreadAfter.value = this.unread.value > 0 ? this.readSeq.value : null;
  }

  /** @param {boolean} isAtBottom */
  setAtBottom(isAtBottom) {
    this.atBottom.value = isAtBottom;
  }

  /** The owner or a moderator. */
  get canModerate() {
    return this.info.value.role === "owner" || this.info.value.role === "moderator";
  }

  #due = false;

  /** The timeline changed: draw it with the next frame, however many messages arrive before. */
  touch() {
    if (this.#due) return;
    this.#due = true;
    const draw = () => {
      if (!this.#due) return;
      this.#due = false;
      batch(() => {
        const awaited = this.confirmed.value.filter((entry) => !this.timeline.hasAfter && entry.seq > this.timeline.hi);
        if (awaited.length < this.confirmed.value.length) this.confirmed.value = awaited;
        this.version.value += 1;
      });
    };
    if (document.visibilityState === "visible") requestAnimationFrame(draw);
    // Frames stop in a page that is hidden, or hides before the next one.
    setTimeout(draw, 100);
  }
}
