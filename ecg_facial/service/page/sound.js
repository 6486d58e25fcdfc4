/**
 * The sound of alarms.
 *
 * Input: the states of all patients. Output: tones while one of them `sounds`, which the monitor decides. Medium
 * priority is three tones every 6 s, low priority is one low tone every 15 s. A browser makes no sound before somebody
 * has clicked or pressed a key: until then this says so.
 */

// shapes after IEC 60601-1-8: medium has three pulses, low one or two; each with harmonics, so that it is placed by ear
const TONES = {
  medium: { frequencies_hz: [587, 587, 587], pulse_s: 0.2, apart_s: 0.2, every_ms: 6000 },
  low: { frequencies_hz: [330, 262], pulse_s: 0.25, apart_s: 0.15, every_ms: 15000 },
};
const VOLUME = 0.25;
const HARMONICS = [1, 0.5, 0.35, 0.2];

/** The tone that is due: of the highest priority among active alarms of patients who sound; empty for none. */
export function toneOf(states) {
  const active = states
    .filter((state) => state.sounds)
    .flatMap((state) => state.alarms.filter((alarm) => alarm.state === "active"));
  if (!active.length) return "";
  return active.some((alarm) => alarm.priority !== "low") ? "medium" : "low";
}

export class Sound {
  /** @param {(isBlocked: boolean) => void} onBlocked told whether the browser forbids sound */
  constructor(onBlocked) {
    this.onBlocked = onBlocked;
    this.tone = "";
    this.timer = 0;
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => this.#unlock(), true);
    this.#tell();
  }

  get isBlocked() {
    return this.context?.state !== "running";
  }

  /** Take the present states; a tone begins at once and is repeated. */
  update(states) {
    const tone = toneOf(states);
    if (tone === this.tone) return;
    this.tone = tone;
    clearInterval(this.timer);
    if (!tone) return;
    this.#play();
    this.timer = setInterval(() => this.#play(), TONES[tone].every_ms);
  }

  async #unlock() {
    if (!this.isBlocked) return;
    this.context ??= new AudioContext();
    await this.context.resume();
    this.#tell();
    if (this.tone) this.#play();
  }

  #tell() {
    this.onBlocked(this.isBlocked);
  }

  #play() {
    this.#tell();
    if (this.isBlocked) return;
    const { frequencies_hz, pulse_s, apart_s } = TONES[this.tone];
    frequencies_hz.forEach((frequency_hz, place) => {
      this.#pulse(frequency_hz, this.context.currentTime + place * (pulse_s + apart_s), pulse_s);
    });
  }

  #pulse(frequency_hz, start_s, pulse_s) {
    const gain = this.context.createGain();
    // soft edges: a hard one is a click that hides where the tone comes from
    gain.gain.setValueAtTime(0, start_s);
    gain.gain.linearRampToValueAtTime(VOLUME, start_s + 0.02);
    gain.gain.setValueAtTime(VOLUME, start_s + pulse_s - 0.03);
    gain.gain.linearRampToValueAtTime(0, start_s + pulse_s);
    gain.connect(this.context.destination);
    const oscillator = this.context.createOscillator();
    const imaginary = Float32Array.from([0, ...HARMONICS]);
    oscillator.setPeriodicWave(this.context.createPeriodicWave(new Float32Array(imaginary.length), imaginary));
    oscillator.frequency.value = frequency_hz;
    oscillator.connect(gain);
    oscillator.start(start_s);
    oscillator.stop(start_s + pulse_s);
  }
}
