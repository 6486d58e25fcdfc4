/**
 * The ECG strip: 25 mm per second, 10 mm per mV, drawn as a sweep.
 *
 * Input: stretches of samples as they arrive. Output: arithmetic of time and place, and a drawing on a canvas.
 * Nothing is filled in: where samples are missing, the line is broken. Judges no signal and finds no beats.
 */

export const MM_PER_S = 25;
const HEIGHT_MM = 30;
const MIN_MM_PX = 3;
// standard gains of an electrocardiograph; the largest that fits is taken
const GAINS_MM_PER_MV = [10, 5, 2.5, 1.25, 0.5, 0.1];
// a blank stretch in front of the sweep, so that new and old are told apart
const BLANK_S = 0.4;
/** The sweep follows the newest sample after this time: messages arrive every 250 ms. */
export const LAG_S = 0.6;
// a larger error than this is a break, not unsteadiness of the network
const JUMP_S = 2;
const CAPACITY_S = 40;

/** Keeps the last seconds of samples by their place in time. */
export class Trace {
  constructor() {
    this.clear();
  }

  clear() {
    this.fs_hz = 0;
    this.unit = null;
    this.samples = new Float32Array(0);
    this.first = 0; // number of the oldest sample that is known, since the session's start
    this.end = 0; // one behind the newest
    this.beats_s = [];
  }

  get newest_s() {
    return this.fs_hz ? this.end / this.fs_hz : null;
  }

  /** Take a message of the stream. What does not continue the trace at its rate begins a new one. */
  push({ start_s, fs_hz, unit, samples, beats_s }) {
    const begin = Math.round(start_s * fs_hz);
    if (fs_hz !== this.fs_hz || begin + samples.length < this.end - fs_hz) this.#begin(fs_hz, begin);
    this.unit = unit;
    for (let number = Math.max(this.end, begin - this.samples.length); number < begin; number++) this.#put(number, NaN);
    samples.forEach((value, place) => this.#put(begin + place, value ?? NaN));
    this.end = Math.max(this.end, begin + samples.length);
    this.first = Math.max(this.first, this.end - this.samples.length);
    const oldest_s = this.first / fs_hz;
    const known = new Set([...this.beats_s, ...(beats_s ?? [])]);
    this.beats_s = [...known].filter((beat_s) => beat_s >= oldest_s).sort((a, b) => a - b);
  }

  /** Value of a sample by its number; NaN where there is none. */
  at(number) {
    return number >= this.first && number < this.end ? this.samples[number % this.samples.length] : NaN;
  }

  #begin(fs_hz, begin) {
    this.clear();
    this.fs_hz = fs_hz;
    this.samples = new Float32Array(Math.ceil(CAPACITY_S * fs_hz)).fill(NaN);
    this.first = this.end = begin;
  }

  #put(number, value) {
    if (number >= this.first) this.samples[number % this.samples.length] = value;
  }
}

/** Size of a millimetre and length of the sweep for a canvas of some CSS pixels. */
export function stripGeometry(width_px, height_px, ratio = 1) {
  // whole device pixels per millimetre keep the grid sharp
  const mm_px = Math.max(MIN_MM_PX, Math.floor((height_px * ratio) / HEIGHT_MM) / ratio);
  return { mm_px, span_s: width_px / (mm_px * MM_PER_S), height_mm: height_px / mm_px, width_px, height_px };
}

/** Next place of the sweep: it runs evenly, and hurries or waits a little to stay behind the newest sample. */
export function advance(play_s, target_s, passed_s) {
  const error_s = target_s - (play_s + passed_s);
  if (play_s === null || Math.abs(error_s) > JUMP_S) return target_s;
  return play_s + passed_s + error_s * Math.min(1, passed_s);
}

/** Horizontal place of a time in a sweep. */
export function sweepX(time_s, { span_s, width_px }) {
  const turn = time_s / span_s;
  return (turn - Math.floor(turn)) * width_px;
}

/** Middle and half range of the samples of a stretch, without single extremes; null without samples. */
export function measureRange(trace, begin_s, end_s) {
  const values = [];
  const step = Math.max(1, Math.floor(((end_s - begin_s) * trace.fs_hz) / 1000));
  for (let number = Math.floor(begin_s * trace.fs_hz); number < end_s * trace.fs_hz; number += step) {
    const value = trace.at(number);
    if (!Number.isNaN(value)) values.push(value);
  }
  if (!values.length) return null;
  values.sort((a, b) => a - b);
  const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return { middle: at(0.5), reach: Math.max(at(0.999) - at(0.5), at(0.5) - at(0.001)) };
}

/** The largest gain in mm per unit at which a signal fits; a signal without a unit fills half of the strip. */
export function chooseGain(range, height_mm, unit) {
  const room_mm = height_mm / 2;
  const reach = range?.reach ?? 0;
  if (unit !== "mV") return reach > 0 ? (room_mm * 0.6) / reach : 1;
  return GAINS_MM_PER_MV.find((gain) => reach * gain <= room_mm) ?? GAINS_MM_PER_MV.at(-1);
}

/** What the strip says of its scale. */
export function sayScale(gain, unit) {
  return `${MM_PER_S} mm/s, ${unit === "mV" ? `${gain} mm/mV` : "no unit: scaled to fit"}`;
}

/** Draw the squares: a small one is 1 mm (40 ms), a large one 5 mm (200 ms). */
export function drawGrid(context, { mm_px, width_px, height_px }, colours) {
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width_px, height_px);
  for (const [step, colour] of [[1, colours.small], [5, colours.large]]) {
    context.fillStyle = colour;
    for (let mm = 0; mm * mm_px <= width_px; mm += step) context.fillRect(Math.round(mm * mm_px), 0, 1, height_px);
    for (let mm = 0; mm * mm_px <= height_px; mm += step) context.fillRect(0, Math.round(mm * mm_px), width_px, 1);
  }
}

/** Draw the trace up to a time, with a mark at each beat; return whether there was anything to draw. */
export function drawTrace(context, trace, play_s, geometry, { gain, middle }, colours) {
  const { span_s, mm_px, height_px, width_px } = geometry;
  const begin_s = play_s - span_s + BLANK_S;
  const y = (value) => height_px / 2 - (value - middle) * gain * mm_px;
  let [isDown, before, drawn] = [false, 0, 0];
  context.beginPath();
  for (let number = Math.ceil(begin_s * trace.fs_hz); number <= play_s * trace.fs_hz; number++) {
    const value = trace.at(number);
    const x = sweepX(number / trace.fs_hz, geometry);
    if (Number.isNaN(value) || x < before) isDown = false;
    if (!Number.isNaN(value)) {
      if (isDown) context.lineTo(x, y(value));
      else context.moveTo(x, y(value));
      [isDown, drawn] = [true, drawn + 1];
    }
    before = x;
  }
  context.strokeStyle = colours.line;
  context.lineWidth = Math.max(1.5, mm_px / 3);
  context.lineJoin = "round";
  context.stroke();
  for (const beat_s of trace.beats_s) {
    if (beat_s < begin_s || beat_s > play_s) continue;
    drawBeat(context, sweepX(beat_s, geometry), mm_px, colours.beat);
  }
  if (drawn) {
    context.fillStyle = colours.beat;
    context.fillRect(Math.min(width_px - 2, sweepX(play_s, geometry)), 0, 2, height_px);
  }
  return drawn > 0;
}

function drawBeat(context, x, mm_px, colour) {
  const size = Math.max(4, 1.4 * mm_px);
  context.beginPath();
  context.moveTo(x - size / 1.5, 1);
  context.lineTo(x + size / 1.5, 1);
  context.lineTo(x, 1 + size);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
}
