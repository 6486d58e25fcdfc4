/**
 * The view of one patient.
 *
 * Input: the patient's states, pictures and ECG. Output: the elements of `#patient`. Holds the ECG and the picture of
 * the patient who is shown, and drops them with the patient.
 */

import { fillAlarms } from "./alarms.js";
import { sign } from "./actions.js";
import { byId, colourOf, openCanvas, setHidden, setLamp, setText } from "./dom.js";
import { Picture } from "./picture.js";
import { fillScale, makeScale } from "./scale.js";
import {
  LAG_S, Trace, advance, chooseGain, drawGrid, drawTrace, measureRange, sayScale, stripGeometry,
} from "./strip.js";
import { drawTrend, trendGeometry, trendPoints } from "./trend.js";
import {
  DASHES, ECG, FACE, clockLampOf, lampOf, sayDelay, sayHeartRate, sayNumber, sayPhase, saySources, sayStore, sayTime,
  sayTrend, sayUsed, shownRow, topOf,
} from "./words.js";

// the strip is drawn this often; with reduced motion once a second
const FRAME_MS = 40;
const CALM_MS = 1000;
// height of the strip's signal is measured anew this often
const RANGE_MS = 1000;

/** Draw the trend of a state, where it has changed since the last time. */
export function showTrend(canvas, state) {
  const points = trendPoints(state);
  const key = [state.patient, points.length, state.trend_end_s, canvas.clientWidth, canvas.clientHeight].join();
  if (canvas.dataset.drawn === key) return;
  canvas.dataset.drawn = key;
  canvas.setAttribute("aria-label", `Trend of 5 minutes, now ${sayTrend(shownRow(state))}`);
  const open = openCanvas(canvas);
  if (!open) return;
  const { context, width_px, height_px } = open;
  context.clearRect(0, 0, width_px, height_px);
  const letter_px = 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const now_s = state.time_s ?? 0;
  const geometry = trendGeometry(width_px, height_px, { letter_px, top: topOf(state), now_s });
  drawTrend(context, points, geometry, { class_names: state.class_names, step_s: state.trend_step_s }, {
    line: colourOf("trend-line"), band: colourOf("trend-band"), axis: colourOf("axis"), text: colourOf("text-quiet"),
    font: "sans-serif",
  });
}

export class PatientView {
  constructor() {
    this.box = byId("patient");
    this.trace = new Trace();
    this.picture = new Picture(byId("picture"), byId("picture-none"));
    [this.play_s, this.range, this.arrived_ms] = [null, null, 0];
    [this.drawn_ms, this.measured_ms] = [0, 0];
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    makeScale(byId("scale"));
  }

  /** Drop what belongs to another patient, or what nobody can vouch for now. */
  clear() {
    this.trace.clear();
    this.picture.clear();
    [this.play_s, this.range, this.drawn_ms] = [null, null, 0];
    this.redraw();
  }

  /** Draw everything anew: after a change of colours or sizes. */
  redraw() {
    this.drawn_ms = 0;
    delete byId("trend").dataset.drawn;
    this.picture.draw();
  }

  takeEcg(message) {
    this.trace.push(message);
    this.arrived_ms = performance.now();
  }

  /** Show a state. */
  show(state) {
    const row = shownRow(state);
    setText(byId("patient-name"), state.patient);
    setText(byId("patient-time"), sayTime(state.time_s));
    setText(byId("patient-message"), state.message);
    fillAlarms(this.box.querySelector(".alarms"), state);
    this.#showEstimate(state, row);
    setText(byId("heart"), sayHeartRate(row));
    byId("heart").classList.toggle("unknown", sayHeartRate(row) === DASHES);
    setLamp(byId("lamp-face"), lampOf(row, FACE));
    setLamp(byId("lamp-ecg"), lampOf(row, ECG));
    setLamp(byId("lamp-clock"), clockLampOf(row));
    setText(byId("delay"), sayDelay(state));
    setText(byId("store"), sayStore(state));
    byId("store").classList.toggle("bad", Boolean(state.store_problem));
    setText(byId("sources"), saySources(state));
    this.#showActions(state);
    this.picture.check(state.time_s ?? Infinity);
    setHidden(byId("trend-none"), state.trend.some((value) => value !== null));
    showTrend(byId("trend"), state);
  }

  #showEstimate(state, row) {
    setText(byId("estimate"), sayNumber(row?.estimate));
    byId("estimate").classList.toggle("unknown", typeof row?.estimate !== "number");
    setText(byId("estimate-of"), `of ${topOf(state)}`);
    setText(byId("estimate-scale"), `0 = ${state.class_names[0]} to ${topOf(state)} = ${state.class_names.at(-1)}`);
    setText(byId("trend-text"), sayTrend(row));
    const phase = sayPhase(state);
    setText(byId("used"), phase || sayUsed(row));
    byId("used").dataset.kind = phase || !row?.used ? "warning" : "good";
    fillScale(byId("scale"), state);
  }

  #showActions(state) {
    setText(byId("act-pause").querySelector(".word"), state.pause_left_s > 0 ? "end pause" : "pause alarms");
    setText(byId("act-sound").querySelector(".word"), state.alarms_off ? "sound on" : "sound off");
    setText(byId("act-sign").querySelector(".word"), `sign: ${sign.value || DASHES}`);
  }

  /** Draw the strip as far as time has gone; called for every picture of the screen. */
  frame(now_ms) {
    if (now_ms - this.drawn_ms < (this.calm.matches ? CALM_MS : FRAME_MS) || this.box.hidden) return;
    const passed_s = this.drawn_ms ? (now_ms - this.drawn_ms) / 1000 : 0;
    this.drawn_ms = now_ms;
    const open = openCanvas(byId("strip"));
    if (!open) return;
    const geometry = stripGeometry(open.width_px, open.height_px, open.ratio);
    this.#drawPaper(open, geometry);
    const { trace } = this;
    if (trace.newest_s === null) {
      this.#sayStrip("", false);
      return;
    }
    const target_s = trace.newest_s + (now_ms - this.arrived_ms) / 1000 - LAG_S;
    this.play_s = advance(this.play_s, target_s, passed_s);
    if (!this.range || now_ms - this.measured_ms > RANGE_MS) {
      this.range = measureRange(trace, this.play_s - geometry.span_s, this.play_s);
      this.measured_ms = now_ms;
    }
    const gain = chooseGain(this.range, geometry.height_mm, trace.unit);
    const isDrawn = drawTrace(open.context, trace, this.play_s, geometry, { gain, middle: this.range?.middle ?? 0 }, {
      line: colourOf("ecg-line"), beat: colourOf("text-quiet"),
    });
    this.#sayStrip(`${sayScale(gain, trace.unit)}, ▼ beats`, isDrawn);
  }

  #sayStrip(text, isDrawn) {
    setText(byId("strip-scale"), text);
    setHidden(byId("strip-none"), isDrawn);
  }

  /** The squares are drawn once per size and theme. */
  #drawPaper({ context, width_px, height_px, ratio }, geometry) {
    const colours = { paper: colourOf("paper"), small: colourOf("paper-small"), large: colourOf("paper-large") };
    const key = [width_px, height_px, ratio, ...Object.values(colours)].join();
    if (this.paperKey !== key) {
      this.paper = new OffscreenCanvas(Math.round(width_px * ratio), Math.round(height_px * ratio));
      const drawing = this.paper.getContext("2d");
      drawing.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawGrid(drawing, geometry, colours);
      this.paperKey = key;
    }
    context.drawImage(this.paper, 0, 0, width_px, height_px);
  }
}
