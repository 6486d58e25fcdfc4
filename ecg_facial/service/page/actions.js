/**
 * What a person does: acknowledge, pause, sound, ratings and notes, each with the person's sign.
 *
 * Input: a patient's name and state. Output: requests to the service, and one line that says what came of it.
 */

const KEY = "ecg_facial_sign";

/** Sign of the person at this page; kept until the tab is closed. */
export const sign = {
  get value() {
    try {
      return sessionStorage.getItem(KEY) ?? this.held ?? "";
    } catch {
      return this.held ?? "";
    }
  },
  set value(text) {
    this.held = text;
    try {
      sessionStorage.setItem(KEY, text);
    } catch {
      // held in the page alone
    }
  },
};

/** Send something a person did; the answer is a line for that person. */
async function send(patient, action, body, done) {
  let answer;
  try {
    answer = await fetch(`/v1/patients/${encodeURIComponent(patient)}/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    return { isDone: false, text: "not sent: no connection to the monitor" };
  }
  if (answer.ok) return { isDone: true, text: done };
  const problem = await answer.json().catch(() => ({}));
  return { isDone: false, text: `refused: ${problem.detail ?? problem.title ?? answer.status}` };
}

export function acknowledge(state) {
  return send(state.patient, "acknowledge", { by: sign.value }, `${state.patient}: alarms seen by ${sign.value}`);
}

/** Pause all alarms, or end a pause that goes on. */
export function pause(state) {
  const isPaused = state.pause_left_s > 0;
  const done = `${state.patient}: ${isPaused ? "pause ended" : "alarms paused"} by ${sign.value}`;
  return send(state.patient, isPaused ? "resume" : "pause", { by: sign.value }, done);
}

/** Switch the sound of all alarms off, or on again. */
export function switchSound(state) {
  const on = state.alarms_off;
  return send(state.patient, "sound", { by: sign.value, on }, `${state.patient}: sound ${on ? "on" : "OFF"} by ${sign.value}`);
}

/** Keep a rating, or a note; a rating that is the person's own has a scale of its own. */
export function rate(state, { value, isOwn, note }) {
  const said = isOwn ? ", as the person said" : "";
  const done = value === null ? `${state.patient}: note kept` : `${state.patient}: rating NRS ${value} kept${said}`;
  const body = { scale: isOwn ? "NRS-self" : "NRS", value, by: sign.value, note };
  return send(state.patient, "ratings", body, `${done}, by ${sign.value}`);
}
