/**
 * The page: what comes from the monitor is shown, and what a person does is sent.
 *
 * Input: messages of the stream, keys and clicks. Output: the view of one patient, or the wall. Everything that is
 * shown is made anew from the newest states; where they are too old, from what `forget` leaves of them.
 */

import { Announcer } from "./alarms.js";
import { acknowledge, pause, rate, sign, switchSound } from "./actions.js";
import { Camera } from "./camera.js";
import { keepAwake } from "./awake.js";
import { askNote, askRating, askSign, showHelp, startDialogs } from "./dialogs.js";
import { byId, setHidden, setText } from "./dom.js";
import { listenForKeys } from "./keys.js";
import { PatientView } from "./patient.js";
import { Sound } from "./sound.js";
import { Stream } from "./stream.js";
import { startTheme } from "./theme.js";
import { fillTabs, fillWall, redrawWall } from "./wall.js";
import { forget, painAlarm, sayNumber, sayPhase, sayUsed, shownRow, topOf } from "./words.js";

// the estimate is read out no more often than this
const SPEAK_MS = 10_000;
// a line about what was done is shown for so long
const DONE_MS = 8000;
const TITLE = "ecg_facial monitor";

const view = new PatientView();
const announcer = new Announcer();
const sound = new Sound((isBlocked) => setHidden(byId("unblock"), !isBlocked));
let states = [];
let opened = null; // place of the patient who is open; null for the wall
let selected = 0; // on whom keys act
let [spoken_ms, doneTimer] = [-Infinity, 0];

const stream = new Stream({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`,
  onMessage: take,
  onLink: showLink,
  onOpen: () => {
    watch();
    camera.offerAgain();
  },
  onSignedOut: () => location.reload(),
});
const camera = new Camera(stream);

function take(message) {
  if (message.type === "states") takeStates(message.patients);
  else if (message.type === "problem") {
    camera.refuse(message.detail);
    say(message.detail);
  } else if (opened !== null && message.patient === states[opened]?.patient) {
    if (message.type === "ecg") view.takeEcg(message);
    else if (message.type === "picture") view.picture.take(message);
  }
}

function takeStates(received) {
  const name = states[opened]?.patient;
  const isSame = received.length === states.length && received.every(({ patient }, place) => patient === states[place].patient);
  states = received;
  if (!isSame) openPatient(findPlace(name));
  render(states);
}

/** Place of a patient in a ward that may have changed while we were not connected; null, the wall, for none. */
function findPlace(name) {
  const place = states.findIndex((state) => state.patient === name);
  if (place >= 0) return place;
  return states.length === 1 ? 0 : null;
}

function render(shown) {
  setHidden(byId("nobody"), shown.length > 0);
  setHidden(byId("simulated"), !shown.some((state) => state.simulated));
  setHidden(byId("to-wall"), shown.length < 2);
  setHidden(byId("patient"), opened === null || !shown.length);
  setHidden(byId("wall"), opened !== null || !shown.length);
  fillTabs(shown, opened, openPatient);
  if (opened === null) fillWall(shown, selected, { open: openPatient, select });
  else if (shown[opened]) {
    view.show(shown[opened]);
    camera.show(shown[opened]);
  }
  sound.update(shown);
  speak(shown);
}

/** Read out what changed: alarms at once, the estimate now and then. */
function speak(shown) {
  const news = announcer.update(shown);
  if (news) setText(byId("say-alarms"), news);
  const pained = shown.filter((state) => painAlarm(state)?.state === "active").map((state) => state.patient);
  const urgent = !stream.isFresh ? "NO DATA" : pained.length ? `PAIN ALARM ${pained.join(", ")}` : "";
  const title = urgent ? `${urgent} - ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
  const state = shown[opened];
  if (!state || performance.now() - spoken_ms < SPEAK_MS) return;
  spoken_ms = performance.now();
  const row = shownRow(state);
  const text = `estimated pain ${sayNumber(row?.estimate)} of ${topOf(state)}`;
  setText(byId("say-estimate"), `${state.patient}: ${text}, ${sayPhase(state) || sayUsed(row)}`);
}

/** Say that nothing is known now, or take it back. */
function showLink(isFresh) {
  setHidden(byId("lost"), isFresh);
  document.body.classList.toggle("is-lost", !isFresh);
  if (isFresh) return;
  const since = states.length ? `Nothing heard from the monitor for ${Math.floor(stream.silent_s)} s.` : "";
  setText(byId("lost-text"), `${since} Connecting.`);
  if (!states.length) return;
  view.clear();
  render(states.map(forget));
}

function watch() {
  const watched = opened === null || !states.length ? [] : [states[opened].patient];
  stream.send({ type: "watch", patients: watched });
}

/** Open a patient by place, or the wall by null. */
function openPatient(place) {
  if (place !== null && !states[place]) return;
  if (place === null && states.length < 2) return;
  [opened, selected, spoken_ms] = [place, place ?? Math.min(selected, states.length - 1), -Infinity];
  view.clear();
  watch();
  rerender();
}

function select(place) {
  selected = place;
  rerender();
}

function rerender() {
  if (states.length) render(stream.isFresh ? states : states.map(forget));
}

function say(text) {
  setText(byId("done"), text);
  clearTimeout(doneTimer);
  doneTimer = setTimeout(() => setText(byId("done"), ""), DONE_MS);
}

/** Do something that is logged with the sign of who did it. */
async function act(what) {
  const state = states[opened ?? selected];
  if (!state) return;
  if (!stream.isFresh) {
    say("not done: no data from the monitor");
    return;
  }
  if (!sign.value && !(await askSign())) return;
  say((await what(states[opened ?? selected])).text);
  rerender();
}

async function keepRating(ask) {
  const state = states[opened ?? selected];
  const found = state && (await ask(state.patient));
  if (found) say((await rate(state, found)).text);
  rerender();
}

const COMMANDS = {
  acknowledge: () => act(acknowledge),
  pause: () => act(pause),
  sound: () => act(switchSound),
  rate: () => keepRating(askRating),
  note: () => keepRating(askNote),
  sign: () => askSign().then(rerender),
  wall: () => openPatient(null),
  help: () => showHelp(),
  patient: ({ number }) => openPatient(number - 1),
};

function redraw() {
  view.redraw();
  redrawWall();
  rerender();
}

function frame(now_ms) {
  if (opened !== null) view.frame(now_ms);
  requestAnimationFrame(frame);
}

startDialogs();
startTheme(byId("theme"), redraw);
listenForKeys(byId("keys-switch"), (command) => COMMANDS[command.name](command));
for (const name of ["acknowledge", "pause", "sound", "rate", "note", "sign"]) {
  byId(`act-${name}`).addEventListener("click", () => COMMANDS[name]());
}
byId("to-wall").addEventListener("click", () => COMMANDS.wall());
byId("to-help").addEventListener("click", () => COMMANDS.help());
byId("sign-out").addEventListener("click", async () => {
  await fetch("/v1/session", { method: "DELETE" });
  location.reload();
});
window.addEventListener("resize", redraw);
keepAwake();
requestAnimationFrame(frame);
