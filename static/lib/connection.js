// A connection that is kept open: connecting, ready, or waiting to reconnect.
// It does not depend on the browser: socket, clock and checks are parameters.

export const PING_MS = 25_000;
const ANSWER_MS = 10_000;
const PROBE_MS = 3_000;
const READY_MS = 15_000;
const TOO_FAST_MS = 5_000;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

export const CLOSE = { DRAINING: 1012, SESSION_ENDED: 4401, TOO_SLOW: 4408, TOO_FAST: 4429 };

/**
 * The pause before attempt number `attempt` (0 is the first): 1 s doubling to 30 s,
 * with full jitter, so that a thousand pages do not reconnect at once.
 * @param {number} attempt
 */
export function reconnectDelay(attempt, random = Math.random) {
  const ceiling = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(random() * ceiling);
}

export class Connection {
  /**
   * `idle`, `connecting`, `ready`, `waiting` (until `retryAt`) or `ended`.
   * @type {ConnectionPhase}
   */
  phase = "idle";
  /** @type {number | null} */
  retryAt = null;

  /** @type {ConnectionDeps} */
  #deps;
  /** @type {ConnectionSocket | null} */
  #socket = null;
  #attempt = 0;
  /** Number of attempts. A response to an older one is ignored. */
  #turn = 0;
  /** @type {Map<string, unknown>} */
  #timers = new Map();
  /** @type {number | null} */
  #byeMs = null;

  /**
   * `open()` makes a socket. `prepare()` and `diagnose(why)` settle whether the session still
   * lives: `"ok"`, `"ended"` or `"unreachable"`. `onFrame`, `onPhase` and `onEnded` are told.
   * @param {Partial<ConnectionDeps> & Pick<ConnectionDeps, "open" | "prepare" | "diagnose" | "onFrame" | "onPhase" | "onEnded">} deps
   */
  constructor(deps) {
    this.#deps = {
      now: Date.now,
      random: Math.random,
      setTimeout: globalThis.setTimeout.bind(globalThis),
      clearTimeout: globalThis.clearTimeout.bind(globalThis),
      ...deps,
    };
  }

  get ready() {
    return this.phase === "ready";
  }

  start() {
    if (this.phase === "idle" || this.phase === "ended") {
      this.#attempt = 0;
      void this.#connect();
    }
  }

  stop() {
    this.#turn += 1;
    this.#drop();
    this.#enter("idle");
  }

  /**
   * Sends a frame. Returns false without a connection.
   * @param {object} frame
   */
  send(frame) {
    if (!this.ready) return false;
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  /**
   * Reconnects immediately, because the network returned, the page became visible or the user asked. Does
   * not trust an open socket without a response.
   */
  checkNow() {
    if (this.phase === "waiting") {
      void this.#connect();
    } else if (this.ready) {
      this.#ping(PROBE_MS);
    }
  }

  /** Tests the socket with a ping, because an answer is overdue. */
  probe() {
    if (this.ready) this.#ping(PROBE_MS);
  }

  async #connect() {
    this.#turn += 1;
    const turn = this.#turn;
    this.#drop();
    this.#enter("connecting");
    const verdict = await this.#deps.prepare();
    if (turn !== this.#turn) return;
    if (verdict === "ended") return this.#end();
    if (verdict !== "ok") return this.#wait();

    const socket = this.#deps.open();
    this.#socket = socket;
    this.#byeMs = null;
    this.#after("ready", READY_MS, () => this.#lost(turn, null));
    socket.onmessage = (event) => turn === this.#turn && this.#heard(event.data);
    socket.onclose = (event) => this.#lost(turn, event.code);
    socket.onerror = () => {};
  }

  /** @param {string} data */
  #heard(data) {
    this.#cancel("answer");
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === "ready") {
      this.#cancel("ready");
      this.#attempt = 0;
      this.#schedulePing();
      this.#enter("ready");
      this.#deps.onFrame(frame);
    } else if (frame.type === "bye") {
      this.#byeMs = frame.retry_in_ms ?? null;
    } else if (frame.type !== "pong") {
      this.#deps.onFrame(frame);
    }
  }

  #schedulePing() {
    this.#after("ping", PING_MS, () => {
      this.#ping(ANSWER_MS);
      this.#schedulePing();
    });
  }

  /**
   * Asks for any answer within `patience`; a half-open socket gives none.
   * @param {number} patience
   */
  #ping(patience) {
    if (!this.send({ type: "ping" })) return;
    const turn = this.#turn;
    this.#after("answer", patience, () => {
      this.#attempt = 0;
      this.#lost(turn, null);
    });
  }

  /**
   * @param {number} turn
   * @param {number | null} code
   */
  async #lost(turn, code) {
    if (turn !== this.#turn) return;
    const wasReady = this.ready;
    this.#turn += 1;
    const now = this.#turn;
    this.#drop();

    if (code === CLOSE.DRAINING) return this.#wait(this.#byeMs);
    if (code === CLOSE.SESSION_ENDED || (!wasReady && code !== null)) {
      this.#enter("connecting");
      const verdict = await this.#deps.diagnose(code === CLOSE.SESSION_ENDED ? "ended" : "refused");
      if (now !== this.#turn) return;
      if (verdict === "ended") return this.#end();
      return this.#wait();
    }
    // This side abandoned a silent socket. No other pages reconnect at
    // this moment, so no jitter is needed.
    if (wasReady && code === null) return this.#wait(0);
    return this.#wait(code === CLOSE.TOO_FAST ? TOO_FAST_MS : null);
  }

  /** @param {number | null} exactly */
  #wait(exactly = null) {
    const delay = exactly ?? reconnectDelay(this.#attempt, this.#deps.random);
    this.#attempt += 1;
    this.retryAt = this.#deps.now() + delay;
    this.#enter("waiting");
    this.#after("retry", delay, () => void this.#connect());
  }

  #end() {
    this.#enter("ended");
    this.#deps.onEnded();
  }

  #drop() {
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** @param {ConnectionPhase} phase */
  #enter(phase) {
    if (phase !== "waiting") this.retryAt = null;
    this.phase = phase;
    this.#deps.onPhase(phase, this.retryAt);
  }

  /**
   * @param {string} name
   * @param {number} delay
   * @param {() => void} action
   */
  #after(name, delay, action) {
    this.#cancel(name);
    this.#timers.set(
      name,
      this.#deps.setTimeout(() => {
        this.#timers.delete(name);
        action();
      }, delay),
    );
  }

  /** @param {string} name */
  #cancel(name) {
    this.#deps.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
