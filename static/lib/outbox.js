// Messages that were written but are not yet known to be on the server's disk.
//
// An entry keeps its key, so that sending it twice is harmless. In each room one
// entry is in flight at a time, so that messages arrive in the order in which they were written,
// also across a reconnect.

/** Temporary refusals: the entry stays queued and is sent again. */
const TRANSIENT_CODES = new Set(["rate_limited", "overloaded", "unavailable", "draining"]);
const DEFAULT_RETRY_MS = 1_000;

export class Outbox {
  /**
   * In the order of writing: `{key, roomId, body, quote?, unsure?, files?, at, state, reason, tried}`.
   * @type {OutboxEntry[]}
   */
  #entries;
  /** @type {(entry: OutboxEntry) => void} */
  #send;
  /** @type {(entries: OutboxEntry[]) => void} */
  #changed;
  /** @type {unknown} */
  #timer = null;
  /** @type {(action: () => void, ms: number) => unknown} */
  #setTimeout;
  /** @type {(timer: any) => void} */
  #clearTimeout;
  #now;
  #open = false;
  /**
   * Time until which the entries of a room wait at the server's request.
   * @type {Map<number, number>}
   */
  #notBefore = new Map();

  /**
   * `send(entry)` sends one entry. `changed(entries)` saves and shows them.
   * `entries` are those of an earlier visit.
   * @param {OutboxOptions} options
   */
  constructor({
    send,
    changed,
    entries = [],
    now = Date.now,
    setTimeout = globalThis.setTimeout.bind(globalThis),
    clearTimeout = globalThis.clearTimeout.bind(globalThis),
  }) {
    this.#send = send;
    this.#changed = changed;
    this.#now = now;
    this.#setTimeout = setTimeout;
    this.#clearTimeout = clearTimeout;
    this.#entries = entries.map((entry) => (entry.state === "failed" ? entry : { ...entry, state: "queued" }));
  }

  get entries() {
    return this.#entries;
  }

  /**
   * `more` travels along: `{quote, files}`.
   * @param {Pick<OutboxEntry, "key" | "roomId" | "body" | "quote" | "files">} message
   */
  add({ key, roomId, body, ...more }) {
    this.#entries = [
      ...this.#entries,
      { ...more, key, roomId, body, at: this.#now(), state: "queued", reason: null, tried: false },
    ];
    this.#settle();
  }

  /** The connection is ready: everything that has no answer yet is sent (again). */
  connected() {
    this.#open = true;
    this.#notBefore.clear();
    this.#change((entry) => entry.state === "sending", { state: "queued" });
    this.#settle();
  }

  disconnected() {
    this.#open = false;
    this.#clearTimeout(this.#timer);
    this.#timer = null;
    this.#change((entry) => entry.state === "sending", { state: "queued" });
    this.#changed(this.#entries);
  }

  /**
   * Removes an acked entry and returns it, or undefined for an unknown key.
   * @param {string} key
   */
  acked(key) {
    return this.#take(key);
  }

  /**
   * Handles a refusal.
   * @param {string} key
   * @param {ProblemBody} problem
   */
  refused(key, { code, detail, retry_after_ms: retryAfter }) {
    const entry = this.#entries.find((candidate) => candidate.key === key);
    if (!entry) return false;
    if (TRANSIENT_CODES.has(code)) {
      this.#notBefore.set(entry.roomId, this.#now() + (retryAfter ?? DEFAULT_RETRY_MS));
      this.#change((candidate) => candidate === entry, { state: "queued" });
    } else if (entry.unsure && code === "invalid") {
      // The message that it answers is gone, so this one never arrived: its key may go with other content.
      this.#change((candidate) => candidate === entry, { state: "queued", quote: undefined, unsure: false });
    } else {
      this.#change((candidate) => candidate === entry, { state: "failed", reason: detail || code });
    }
    this.#settle();
    return true;
  }

  /**
   * Sends a failed entry again with its key.
   * @param {string} key
   */
  retry(key) {
    this.#change((entry) => entry.key === key && entry.state === "failed", { state: "queued", reason: null });
    this.#settle();
  }

  /**
   * Removes an entry. If it was `tried` and not refused, it may have arrived.
   * @param {string} key
   */
  discard(key) {
    return this.#take(key);
  }

  /**
   * Fails the entries of a removed room.
   * @param {number} roomId
   * @param {string} reason
   */
  failRoom(roomId, reason) {
    this.#change((entry) => entry.roomId === roomId, { state: "failed", reason });
    this.#settle();
  }

  /**
   * The server's numbers may mean other messages now. An entry that answers one of them becomes a plain message, unless
   * it may have arrived before: then its key must go with the same content, and the server decides.
   */
  forgetNumbers() {
    this.#change(({ quote, tried }) => quote && !tried, { quote: undefined });
    this.#change(({ quote }) => quote, { unsure: true });
    this.#changed(this.#entries);
  }

  /** @param {string} key */
  #take(key) {
    const entry = this.#entries.find((candidate) => candidate.key === key);
    if (!entry) return undefined;
    this.#entries = this.#entries.filter((candidate) => candidate !== entry);
    this.#settle();
    return entry;
  }

  /**
   * @param {(entry: OutboxEntry) => unknown} matches
   * @param {Partial<OutboxEntry>} change
   */
  #change(matches, change) {
    if (!this.#entries.some(matches)) return;
    this.#entries = this.#entries.map((entry) => (matches(entry) ? { ...entry, ...change } : entry));
  }

  /** Sends the next entry of every room that has none under way, then tells what changed. */
  #settle() {
    /** @type {OutboxEntry[]} */
    const due = [];
    let wait = Infinity;
    const busy = new Set(this.#entries.filter(({ state }) => state === "sending").map(({ roomId }) => roomId));
    for (const entry of this.#open ? this.#entries : []) {
      if (entry.state !== "queued" || busy.has(entry.roomId)) continue;
      busy.add(entry.roomId);
      const pause = (this.#notBefore.get(entry.roomId) ?? 0) - this.#now();
      if (pause > 0) wait = Math.min(wait, pause);
      else due.push(entry);
    }
    if (due.length > 0) this.#change((entry) => due.includes(entry), { state: "sending", tried: true });
    this.#clearTimeout(this.#timer);
    this.#timer = wait === Infinity ? null : this.#setTimeout(() => this.#settle(), wait);
    this.#changed(this.#entries);
    for (const entry of due) this.#send(entry);
  }
}
