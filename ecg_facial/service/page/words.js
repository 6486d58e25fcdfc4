/**
 * Words and numbers of the page: those of the terminal (`ecg_facial/live/screen/words.py`), so that both say the same.
 *
 * Input: a patient's state as it was sent. Output: short text. What is not known, or may not be shown, is `DASHES`.
 * Touches no element of the page.
 */

export const DASHES = "--";
export const OK = "ok";
const NOT_WATCHED = "not watched";
export const FACE = "facial";
export const ECG = "ecg";

const USED = { "facial+ecg": "face + ECG", facial: "face alone", ecg: "ECG alone" };
const SEEN = { active: "", acknowledged: ", seen", past: ", over but not seen" };

/** Lamps: a shape, a word for a screen reader, and a class for the colour. */
export const LAMPS = {
  good: { sign: "●", kind: "good" },
  warning: { sign: "▲", kind: "warning" },
  bad: { sign: "✖", kind: "bad" },
  unknown: { sign: "○", kind: "unknown" },
};

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Format a number with some decimals; dashes where there is none. */
export function sayNumber(value, decimals = 1) {
  return isNumber(value) ? value.toFixed(decimals) : DASHES;
}

/** Format a time since the session's start, or that is left: 1:15, 1:01:01. */
export function sayTime(seconds) {
  if (!isNumber(seconds)) return DASHES;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The newest estimate as far as it may be shown; null where it is stale. */
export function shownRow(state) {
  return state.is_stale ? null : state.last;
}

/** What is left of a state when no messages come: nothing in it is known to hold now. */
export function forget(state) {
  return {
    ...state, time_s: null, last: null, is_stale: true, trend: [], trend_low: [], trend_high: [], alarms: [],
    pause_left_s: 0, alarms_off: false, sounds: false, estimate_delay: null, alarm_delay: null, frames_shed: null,
    store_bytes: null, store_problem: "", sources: [], message: "", rest_left_s: null, is_lost: true,
  };
}

/** Highest class number: the end of the scale. */
export function topOf(state) {
  return Math.max(1, state.class_names.length - 1);
}

export function sayTrend(row) {
  if (!row || !isNumber(row.trend)) return DASHES;
  if (!isNumber(row.low) || !isNumber(row.high)) return sayNumber(row.trend);
  return `${sayNumber(row.trend)} (${sayNumber(row.low)} to ${sayNumber(row.high)})`;
}

export function uses(row, signal) {
  return row.used.split("+").includes(signal);
}

export function sayUsed(row) {
  return row && row.used ? `from ${USED[row.used] ?? row.used}` : "no usable signal";
}

/** Heart rate in beats per minute; dashes where the ECG is not usable. */
export function sayHeartRate(row) {
  const dead = !row || (row.ecg_state !== OK && !uses(row, ECG));
  return dead ? DASHES : sayNumber(row.heart_rate_bpm, 0);
}

export function sayQuality(state, quality) {
  if (!state) return NOT_WATCHED;
  return isNumber(quality) ? `${state} ${quality.toFixed(2)}` : state;
}

/** Lamp of face or ECG: whether the signal is right, wrong but used, or not used. */
export function lampOf(row, signal) {
  if (!row) return { ...LAMPS.unknown, word: DASHES };
  const [state, quality] =
    signal === FACE ? [row.face_state, row.face_quality] : [row.ecg_state, row.ecg_quality];
  if (!state) return { ...LAMPS.unknown, word: NOT_WATCHED };
  const lamp = state === OK ? LAMPS.good : uses(row, signal) ? LAMPS.warning : LAMPS.bad;
  return { ...lamp, word: sayQuality(state, quality) };
}

/** Lamp of the clocks. */
export function clockLampOf(row) {
  if (!row) return { ...LAMPS.unknown, word: DASHES };
  const lamp = row.clock_state === "unsynchronised" ? LAMPS.warning : LAMPS.good;
  // the word before the lamp says already that these are clocks
  return { ...lamp, word: sayClock(row).replace(/^clocks /, "") };
}

export function sayClock(row) {
  if (!row) return `clocks ${DASHES}`;
  if (row.clock_state === "one clock") return row.clock_state;
  const { clock_offset_ms: offset, clock_uncertainty_ms: known } = row;
  if (!isNumber(offset) || !isNumber(known)) return `clocks ${row.clock_state}`;
  const sign = offset < 0 ? "" : "+";
  return `clocks ${row.clock_state}, offset ${sign}${sayNumber(offset, 0)} ms, uncertain by ${sayNumber(known, 0)} ms`;
}

/** Priority, reason, and who has seen an alarm. */
export function sayAlarm(alarm) {
  const by = alarm.by ? ` by ${alarm.by}` : "";
  return `${alarm.priority}: ${alarm.name}, ${alarm.message}${SEEN[alarm.state] ?? ""}${by}`;
}

/** The pain alarm in capitals while pain is estimated; one that is over says that. */
export function sayPain(alarm) {
  const word = alarm.state === "past" ? "pain alarm" : "PAIN ALARM";
  return `${word}, ${sayAlarm(alarm).replace("pain, ", "")}`;
}

/** What keeps the alarms silent: a pause, off, or both. */
export function saySound(state) {
  const paused = state.pause_left_s > 0 ? `PAUSED ${sayTime(state.pause_left_s)} left` : "";
  return [paused, state.alarms_off ? "sound OFF" : ""].filter(Boolean);
}

export function sayDelay(state) {
  const parts = [["delay", state.estimate_delay], ["to alarm", state.alarm_delay]]
    .filter(([, delay]) => delay)
    .map(([name, delay]) => `${name} ${sayNumber(delay.p50_ms, 0)} ms, p99 ${sayNumber(delay.p99_ms, 0)}`);
  const shed = state.frames_shed ?? DASHES;
  return [...(parts.length ? parts : [`delay ${DASHES}`]), `${shed} frames shed`].join("; ");
}

export function sayStore(state) {
  if (state.is_lost) return `store ${DASHES}`;
  if (state.store_problem) return state.store_problem;
  return state.store_bytes ? `store ${sayNumber(state.store_bytes / 1e6)} MB` : "nothing is stored";
}

export function saySources(state) {
  return state.sources.length ? `from ${state.sources.join(", ")}` : "";
}

/** What the monitor does, where that is not simply estimating. */
export function sayPhase(state) {
  if (state.is_lost) return "no data from the monitor";
  if (state.phase === "rest") return `calibration at rest, ${sayTime(state.rest_left_s)} left`;
  if (state.phase === "waiting") return "waiting for the first window";
  if (state.phase === "ended") return "ended";
  return state.is_stale ? "STALE: no new estimate" : "";
}

export function painAlarm(state) {
  return state.alarms.find((alarm) => alarm.name === "pain") ?? null;
}

export function technicalAlarms(state) {
  return state.alarms.filter((alarm) => alarm.name !== "pain");
}
