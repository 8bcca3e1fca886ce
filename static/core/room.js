// State of one room.

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
  /** Unique for each Room object, so that components are created anew with it. */
  serial = (roomCount += 1);
  timeline = new Timeline();
  /** Grows with each change of the timeline. Components that draw messages read it. */
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
   * The message before the divider "new"; null for no divider.
   * @type {Signal<number | null>}
   */
  unreadAfter = signal(null);
  /** Whether the end of the log is in view. */
  atBottom = signal(false);
  /**
   * The message that a link refers to.
   * @type {Signal<number | null>}
   */
  target = signal(null);
  /**
   * Position at which to open the log: `{seq}`, `{unread: true}` or `{end: true}`. A new object is a new request.
   * @type {Opening | null}
   */
  opening = null;

  /**
   * Known online users: `Map<id, {id, username?, display_name?}>`.
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
   * The message that is replied to.
   * @type {Signal<Message | null>}
   */
  replying = signal(null);
  /** @type {Signal<Message | null>} */
  editing = signal(null);
  /** Whether the room was marked as unread. It then stays unread until it is opened again. */
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
   * Updates the fields of the room from `item`.
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
   * Applies the server's receipt, unless this page has read further. Returns true in that case.
   * `back` allows it to move back. An unknown forced move always may.
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

  /** Whether the user is an owner or a moderator. */
  get canModerate() {
    return this.info.value.role === "owner" || this.info.value.role === "moderator";
  }

  #due = false;

  /** Draws the changed timeline with the next frame, once for all messages before it. */
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
    // A hidden page gets no animation frames.
    setTimeout(draw, 100);
  }
}
