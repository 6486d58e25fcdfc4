/**
 * This device as the camera of a patient.
 *
 * Input: the device's camera. Output: JPEG frames with their time, over the stream that is open. Frames that the
 * network cannot carry are dropped, never kept. Nothing is recorded.
 */

import { byId, setHidden, setText } from "./dom.js";

// wishes, not demands: a phone that is held upright turns width and height; what is larger is scaled down here
const WANTED = {
  audio: false,
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 20 }, facingMode: "user" },
};
const [LONG_PX, SHORT_PX] = [640, 480];
const JPEG_QUALITY = 0.85;
const FRAME = 1; // kind of a binary message: a JPEG frame
const HEAD_BYTES = 9;
// the service answers to an offer only when it refuses: frames follow after this time
const ANSWER_MS = 500;
// After a connection was lost, the service may hold the old one for some seconds: the offer is repeated.
const [REPEATS, REPEAT_MS] = [4, 2000];
// a camera that is faster than asked is thinned
const LEAST_APART_S = 1 / 26;

const REASONS = {
  NotAllowedError: "The browser was not allowed to use the camera: allow it in the address bar, and try again.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "The camera is used by another program: close that, and try again.",
};

/** A binary message: kind, capture time in seconds (little endian), JPEG. */
export function packFrame(time_s, jpeg) {
  const message = new Uint8Array(HEAD_BYTES + jpeg.byteLength);
  message[0] = FRAME;
  new DataView(message.buffer).setFloat64(1, time_s, true);
  message.set(new Uint8Array(jpeg), HEAD_BYTES);
  return message;
}

/** Size of a frame as it is sent: whole, within 640 x 480 or upright within 480 x 640, never enlarged. */
export function frameSize(width, height) {
  const scale = Math.min(1, LONG_PX / Math.max(width, height), SHORT_PX / Math.min(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

export class Camera {
  /** @param {import("./stream.js").Stream} stream */
  constructor(stream) {
    this.stream = stream;
    this.patient = null; // whose camera this device is
    byId("camera-switch").addEventListener("click", () => this.#toggle());
  }

  /** Show what is possible for the patient who is open. */
  show(state) {
    this.shown = state.patient;
    setHidden(byId("camera"), !state.accepts_browser && this.patient === null);
    const isMine = this.patient === state.patient;
    setText(byId("camera-switch"), this.patient ? `stop being the camera of ${this.patient}` : "use this device as the camera");
    if (this.patient && !isMine) this.#say(`This device is the camera of ${this.patient}.`);
  }

  /** Offer it again on a new connection. */
  offerAgain() {
    this.repeats = REPEATS;
    this.#offer();
  }

  /** Take the service's refusal. */
  refuse(detail) {
    if (!this.patient) return;
    if (this.repeats > 0) {
      this.repeats -= 1;
      this.quiet_ms = Infinity;
      setTimeout(() => this.#offer(), REPEAT_MS);
    } else this.stop(detail);
  }

  #offer() {
    if (!this.patient) return;
    this.quiet_ms = performance.now() + ANSWER_MS;
    this.stream.send({ type: "offer", patient: this.patient, ecg_fs_hz: null });
  }

  async #toggle() {
    if (this.patient) {
      this.stream.send({ type: "stop" });
      this.stop("");
      return;
    }
    // browsers hide the camera from pages that came over a network in the clear
    if (!navigator.mediaDevices?.getUserMedia) {
      this.#say("The browser forbids the camera: this page came over a network without TLS. Open it on the monitor's own "
        + "machine (127.0.0.1), or start the service with --certificate and --key.");
      return;
    }
    const patient = this.shown;
    try {
      this.media = await navigator.mediaDevices.getUserMedia(WANTED);
    } catch (error) {
      this.#say(REASONS[error.name] ?? `The camera cannot be used: ${error.message}`);
      return;
    }
    this.media.getVideoTracks()[0].addEventListener("ended", () => this.stop("The camera has stopped."));
    [this.patient, this.sent_s, this.repeats] = [patient, -Infinity, 0];
    this.#offer();
    await this.#watch();
  }

  async #watch() {
    const video = document.createElement("video");
    Object.assign(video, { srcObject: this.media, muted: true, playsInline: true });
    await video.play();
    const canvas = new OffscreenCanvas(1, 1);
    const next = async (now_ms, about) => {
      if (video.srcObject !== this.media) return;
      const time_s = (about.captureTime ?? now_ms) / 1000;
      if (now_ms >= this.quiet_ms && time_s - this.sent_s >= LEAST_APART_S) await this.#send(video, canvas, time_s);
      if (this.media) video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    const { width, height } = frameSize(video.videoWidth, video.videoHeight);
    this.#say(`Camera of ${this.patient}: ${width} x ${height}. Keep this page in front; nothing is recorded.`);
  }

  async #send(video, canvas, time_s) {
    this.sent_s = time_s;
    // a device that is turned changes the size
    const { width, height } = frameSize(video.videoWidth, video.videoHeight);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(video, 0, 0, width, height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY });
    const bytes = packFrame(time_s, await blob.arrayBuffer());
    if (this.patient) this.stream.sendBytes(bytes);
  }

  /** Stop, and switch the camera off. */
  stop(text) {
    this.media?.getTracks().forEach((track) => track.stop());
    [this.media, this.patient] = [null, null];
    this.#say(text);
  }

  #say(text) {
    setText(byId("camera-text"), text);
  }
}
