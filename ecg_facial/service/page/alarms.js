/**
 * Alarms as they are shown and read out.
 *
 * Input: states. Output: elements and sentences. The pain alarm stands apart from technical ones. What is read out
 * changes with an alarm's state and never with time alone, so that a pause is not counted down aloud.
 */

import { fillList, make, setData, setHidden, setText } from "./dom.js";
import { DASHES, painAlarm, sayAlarm, sayPain, saySound, technicalAlarms } from "./words.js";

const SIGNS = { high: "!!!", medium: "!!", low: "!" };

/** Show the alarms of a patient in a box with the elements of `page.html`, or of a card. */
export function fillAlarms(box, state) {
  const [pain, technical] = [painAlarm(state), technicalAlarms(state)];
  const line = box.querySelector(".pain");
  setHidden(line, !pain);
  if (pain) fillAlarm(line, pain, sayPain(pain));
  fillList(box.querySelector(".technical"), technical, makeAlarm, (item, alarm) =>
    fillAlarm(item, alarm, `technical, ${sayAlarm(alarm)}`),
  );
  const none = box.querySelector(".no-alarm");
  setHidden(none, state.alarms.length > 0);
  setData(none, "kind", state.is_lost ? "unknown" : "good");
  setText(none.querySelector(".sign"), state.is_lost ? "○" : "●");
  setText(none.querySelector(".word"), state.is_lost ? `alarms ${DASHES}` : "no alarm");
  const silent = saySound(state);
  const shown = box.querySelector(".silent");
  setHidden(shown, !silent.length);
  setText(shown, silent.length ? `alarms ${silent.join(", ")}` : "");
}

function makeAlarm() {
  return make("li", { classes: "alarm" }, [
    make("span", { classes: "sign", "aria-hidden": "true" }), " ", make("span", { classes: "word" }),
  ]);
}

function fillAlarm(element, alarm, text) {
  setData(element, "state", alarm.state);
  setData(element, "priority", alarm.priority);
  setText(element.querySelector(".sign"), SIGNS[alarm.priority] ?? "!");
  setText(element.querySelector(".word"), text);
}

/** The most urgent word on a patient, for tabs and the title: empty where all is well. */
export function sayShort(state) {
  const active = (alarm) => alarm.state === "active";
  if (state.is_lost) return "no data";
  const pain = painAlarm(state);
  if (pain && pain.state === "active") return "PAIN ALARM";
  if (state.is_stale) return "STALE";
  const technical = technicalAlarms(state).find(active);
  if (technical) return `${technical.name}: ${technical.message}`;
  return pain ? sayPain(pain).split(",")[0] : "";
}

/** Keys of what is to be read out: one per alarm and state; reasons may change without being read again. */
export function alarmKeys(states) {
  return new Map(
    states.flatMap((state) => [
      ...state.alarms.map((alarm) => [
        `${state.patient}/${alarm.name}/${alarm.state}`,
        `${state.patient}: ${alarm.name === "pain" ? sayPain(alarm) : `technical, ${sayAlarm(alarm)}`}`,
      ]),
      ...saySilent(state),
    ]),
  );
}

function saySilent(state) {
  const paused = state.pause_left_s > 0 ? [[`${state.patient}/paused`, `${state.patient}: alarms PAUSED`]] : [];
  const off = state.alarms_off ? [[`${state.patient}/off`, `${state.patient}: sound OFF`]] : [];
  return [...paused, ...off];
}

/** Sentences on what is new since the last time. */
export class Announcer {
  constructor() {
    this.known = new Map();
  }

  /** Take states; give what is to be read out now, empty for nothing. */
  update(states) {
    // nothing is known of alarms now: that is not "no alarm"
    if (states.some((state) => state.is_lost)) return "";
    const now = alarmKeys(states);
    const news = [...now].filter(([key]) => !this.known.has(key)).map(([, text]) => text);
    const gone = this.known.size > 0 && now.size === 0 ? ["no alarm"] : [];
    this.known = now;
    return [...news, ...gone].join(". ");
  }
}
