/**
 * The connection to the monitor: messages, silence, and connecting anew.
 *
 * Input: the stream's address. Output: its messages, and whether they can be trusted to tell the present. Silence of
 * `STALE_MS` makes everything stale, also while the connection is open, and when a tab or a machine was asleep. What
 * arrives late counts as silence. Shows nothing.
 */

/** From this silence on, nothing that was received is shown any more; checked four times a second. */
export const STALE_MS = 2000;
const CHECK_MS = 250;
// a connection that is silent for so long is given up
const GIVE_UP_MS = 6000;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];
// frames of a camera that wait in the browser; more of them would only grow old
const MAX_WAITING_BYTES = 256 * 1024;
const UNAUTHORIZED = 401;
// clocks of computers differ by less, also while they are set slowly; a page is open for weeks
const CLOCKS_DRIFT = 1e-3;

/** How long to wait before a try, with chance in it: pages that lost one server do not return together. */
export function pauseMs(tries, chance = Math.random()) {
  return PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] * (0.8 + 0.4 * chance);
}

/** How much longer than others a message was on its way, such as what waited while the network stood still. */
export class Lateness {
  constructor() {
    this.least_s = Infinity; // difference of the two clocks for a message without delay
    this.before_s = 0;
  }

  /** Take a message by our clock and by its sender's; give its lateness in seconds. */
  take(now_s, sent_s) {
    const crept_s = CLOCKS_DRIFT * (now_s - this.before_s);
    this.least_s = Math.min(this.least_s + crept_s, now_s - sent_s);
    this.before_s = now_s;
    return now_s - sent_s - this.least_s;
  }
}

/** Time since something by two clocks: one stands still while a machine sleeps, the other may be set. */
class Since {
  constructor() {
    this.reset();
  }

  reset() {
    [this.ticks, this.wall] = [performance.now(), Date.now()];
  }

  get ms() {
    return Math.max(performance.now() - this.ticks, Date.now() - this.wall);
  }
}

export class Stream {
  /** @param {{url: string, onMessage: Function, onLink: Function, onOpen: Function, onSignedOut: Function}} options */
  constructor({ url, onMessage, onLink, onOpen, onSignedOut }) {
    Object.assign(this, { url, onMessage, onLink, onOpen, onSignedOut });
    this.isFresh = false;
    this.tries = 0;
    this.seen = new Since();
    this.begun = new Since();
    this.lateness = new Lateness();
    this.timer = 0;
    setInterval(() => this.check(), CHECK_MS);
    for (const name of ["visibilitychange", "resume"]) document.addEventListener(name, () => this.check());
    for (const name of ["pageshow", "focus"]) window.addEventListener(name, () => this.check());
    window.addEventListener("online", () => this.#reconnect(0));
    this.#connect();
  }

  /** Seconds since the last message that told the present. */
  get silent_s() {
    return this.seen.ms / 1000;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Send bytes; they are dropped where the network is too slow for them. */
  sendBytes(bytes) {
    const isOpen = this.socket?.readyState === WebSocket.OPEN;
    if (isOpen && this.socket.bufferedAmount <= MAX_WAITING_BYTES) this.socket.send(bytes);
  }

  /** Look whether messages still come. */
  check() {
    if (this.isFresh && this.seen.ms >= STALE_MS) this.#tell(false);
    const isOpening = this.socket && this.socket.readyState <= WebSocket.OPEN;
    if (isOpening && this.seen.ms >= GIVE_UP_MS && this.begun.ms >= GIVE_UP_MS) this.#reconnect(pauseMs(this.tries++));
    if (!this.isFresh && this.seen.ms >= STALE_MS) this.onLink(false);
  }

  #connect() {
    this.begun.reset();
    this.lateness = new Lateness();
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      if (socket === this.socket) this.onOpen();
    });
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.#take(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket !== this.socket) return;
      this.#askWhy(event);
      this.#reconnect(pauseMs(this.tries++));
    });
  }

  /** Connect anew after a pause; a connection that is there is dropped. */
  #reconnect(pause_ms) {
    const old = this.socket;
    this.socket = null;
    old?.close();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#connect(), pause_ms);
  }

  #take(message) {
    if (message.type === "states") {
      if (this.lateness.take(performance.now() / 1000, message.utc_s) >= STALE_MS / 1000) return;
      this.seen.reset();
      this.tries = 0;
      if (!this.isFresh) this.#tell(true);
    }
    if (this.isFresh || message.type === "hello" || message.type === "problem") this.onMessage(message);
  }

  #tell(isFresh) {
    this.isFresh = isFresh;
    this.onLink(isFresh);
  }

  /** A browser does not say why a connection was refused: ask whether we are still signed in. */
  async #askWhy(event) {
    if (event.wasClean) return;
    try {
      const answer = await fetch("/v1/patients", { cache: "no-store" });
      if (answer.status === UNAUTHORIZED) this.onSignedOut();
    } catch {
      // no network: the next try tells
    }
  }
}
