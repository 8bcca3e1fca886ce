// Messages of one room, and the arithmetic that detects missing ones.
//
// Two counters (see docs/protocol/README.md): `seq` numbers messages, `rev` numbers changes.
// The page holds a window of consecutive messages, `lo`..`hi`, of a history that may be
// endless, and remembers the `rev` up to which it has seen every change.

/**
 * The newest state of a message wins in any order of arrival.
 * @param {Message | undefined} held
 * @param {Message} message
 */
const newer = (held, message) => held === undefined || message.rev > held.rev;

export class Timeline {
  /**
   * Every change up to this `rev` has been seen; null until the room's head is known.
   * @type {number | null}
   */
  rev = null;
  /** The newest `seq` that is known to exist. */
  headSeq = 0;
  /** Whether a first page has been loaded. Before that, only messages that arrive meanwhile are kept. */
  loaded = false;
  hasBefore = false;
  /** The window ends before the room's head, so new messages do not belong at its end. */
  hasAfter = false;
  syncing = false;
  /** Whether a first page is loading. Messages that arrive meanwhile are kept, because they may not be in it. */
  loading = false;

  /** @type {Map<number, Message>} */
  #messages = new Map();
  /**
   * Messages newer than the window that do not touch it yet.
   * @type {Map<number, Message>}
   */
  #ahead = new Map();
  /**
   * Revs seen while a `sync` runs, to be counted when it is done.
   * @type {Set<number>}
   */
  #pendingRevs = new Set();
  /** @type {Message[] | null} */
  #list = null;
  #lo = 1;
  #hi = 0;

  get lo() {
    return this.#lo;
  }

  get hi() {
    return this.#hi;
  }

  get size() {
    return this.#messages.size;
  }

  /** @param {number} seq */
  get(seq) {
    return this.#messages.get(seq);
  }

  /** The window's messages in order. The same array until something changes. */
  list() {
    this.#list ??= Array.from({ length: this.#hi - this.#lo + 1 }, (_, index) =>
      this.#messages.get(this.#lo + index),
    ).filter((message) => message !== undefined);
    return this.#list;
  }

  /**
   * Records the head of the room. Returns whether changes up to it were missed.
   * @param {Head} head
   */
  updateHead(head) {
    this.headSeq = Math.max(this.headSeq, head.seq);
    this.rev ??= head.rev;
    return this.rev < head.rev;
  }

  /**
   * Returns whether this page has seen numbers beyond this head.
   * @param {Head} head
   */
  isAheadOf(head) {
    return (this.rev ?? 0) > head.rev || this.headSeq > head.seq;
  }

  /**
   * A live or replayed message.
   *
   * `"applied"`: the next change. `"known"`: seen before. `"gap"`: changes before
   * it are missing, and the caller starts a `sync`. `"replayed"`: part of one.
   * @param {Message} message
   */
  receive(message) {
    const { rev } = message;
    this.headSeq = Math.max(this.headSeq, message.seq);
    if (this.rev !== null && rev <= this.rev) {
      this.#put(message);
      return "known";
    }
    if (this.syncing) {
      this.#pendingRevs.add(rev);
      this.#put(message);
      return "replayed";
    }
    if (this.rev === null || rev === this.rev + 1) {
      this.rev = rev;
      this.#put(message);
      return "applied";
    }
    this.#put(message);
    this.#pendingRevs.add(rev);
    return "gap";
  }

  startSync() {
    this.syncing = true;
  }

  /** Handles the loss of the socket, which ends a running sync. */
  dropSync() {
    this.syncing = false;
    this.#pendingRevs.clear();
  }

  /**
   * Ends a sync up to `head`. Returns whether no change is missing.
   * @param {Head} head
   */
  endSync(head) {
    this.syncing = false;
    this.rev = Math.max(this.rev ?? 0, head.rev);
    this.headSeq = Math.max(this.headSeq, head.seq);
    for (const rev of [...this.#pendingRevs].sort((a, b) => a - b)) {
      if (rev <= this.rev + 1) {
        this.rev = Math.max(this.rev, rev);
        this.#pendingRevs.delete(rev);
      }
    }
    const complete = this.#pendingRevs.size === 0;
    this.#pendingRevs.clear();
    return complete;
  }

  /**
   * Records that every change up to `rev` was read over HTTP.
   * @param {number} rev
   */
  caughtUpTo(rev) {
    this.rev = Math.max(this.rev ?? 0, rev);
  }

  /** Every change to the messages up to this `seq`, the newest there is, has been seen; null while that is not known. */
  get completeTo() {
    return this.rev === null || this.syncing || this.hasGapAtEnd || !this.loaded ? null : this.headSeq;
  }

  /** The window ends before what is known to exist, though it should not. */
  get hasGapAtEnd() {
    return this.loaded && !this.hasAfter && this.#hi < this.headSeq;
  }

  /**
   * Replaces the window by one page.
   * @param {MessagePage} page
   */
  show(page) {
    const before = this.#messages;
    this.#messages = new Map();
    this.#list = null;
    this.loaded = true;
    this.loading = false;
    this.hasBefore = page.has_before;
    this.hasAfter = page.has_after;
    this.#lo = page.items[0]?.seq ?? 1;
    this.#hi = page.items.at(-1)?.seq ?? 0;
    if (page.head) this.updateHead(page.head);
    for (const message of page.items) {
      const held = before.get(message.seq);
      this.#messages.set(message.seq, held && held.rev > message.rev ? held : message);
    }
    this.#settle();
  }

  /**
   * A page of older messages, for the window's start.
   * @param {MessagePage} page
   */
  prepend(page) {
    const last = page.items.at(-1);
    if (last && last.seq !== this.#lo - 1) return;
    for (const message of page.items) this.#messages.set(message.seq, message);
    this.#lo = page.items[0]?.seq ?? this.#lo;
    this.hasBefore = page.has_before;
    this.#list = null;
  }

  /**
   * A page of newer messages, for the window's end.
   * @param {MessagePage} page
   */
  append(page) {
    for (const message of page.items) {
      if (message.seq > this.#hi) this.#ahead.set(message.seq, message);
    }
    this.hasAfter = page.has_after;
    this.#settle();
    // Messages that arrived while the end was out of view were not kept: there is more to load.
    if (this.#hi < this.headSeq) this.hasAfter = true;
  }

  /**
   * Removes the oldest messages until `keep` are left.
   * @param {number} keep
   */
  trimStart(keep) {
    while (this.#messages.size > keep) {
      this.#messages.delete(this.#lo);
      this.#lo += 1;
      this.hasBefore = true;
      this.#list = null;
    }
  }

  /**
   * Removes the newest messages until `keep` are left.
   * @param {number} keep
   */
  trimEnd(keep) {
    while (this.#messages.size > keep) {
      this.#messages.delete(this.#hi);
      this.#hi -= 1;
      this.hasAfter = true;
      this.#list = null;
    }
    if (this.hasAfter) this.#ahead.clear();
  }

  /** Stops taking new messages in at the window's end. */
  detach() {
    this.hasAfter = true;
    this.#ahead.clear();
  }

  /** Removes all messages, as if the room had never been opened. */
  forget() {
    this.#messages.clear();
    this.#ahead.clear();
    this.#list = null;
    this.#lo = 1;
    this.#hi = 0;
    this.loaded = false;
    this.loading = false;
    this.hasBefore = false;
    this.hasAfter = false;
  }

  /** @param {Message} message */
  #put(message) {
    const { seq } = message;
    if (this.loaded && seq >= this.#lo && seq <= this.#hi) {
      if (newer(this.#messages.get(seq), message)) {
        this.#messages.set(seq, message);
        this.#list = null;
      }
      return;
    }
    const wanted = this.loading || (this.loaded && !this.hasAfter && seq > this.#hi);
    if (wanted && newer(this.#ahead.get(seq), message)) {
      this.#ahead.set(seq, message);
      this.#settle();
    }
  }

  /** Moves waiting messages into the window if they follow without a gap. */
  #settle() {
    if (!this.loaded || this.loading) return;
    for (const [seq, message] of this.#ahead) {
      if (seq < this.#lo || seq > this.#hi) continue;
      this.#ahead.delete(seq);
      this.#put(message);
    }
    for (let next = this.#ahead.get(this.#hi + 1); next; next = this.#ahead.get(this.#hi + 1)) {
      this.#hi += 1;
      this.#messages.set(this.#hi, next);
      this.#ahead.delete(this.#hi);
      this.#list = null;
    }
    if (this.hasAfter) this.#ahead.clear();
  }
}
