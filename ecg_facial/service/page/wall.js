/**
 * The wall: a card for every patient.
 *
 * Input: states. Output: cards, and the row of patients above a single one. Holds no values itself.
 */

import { fillAlarms, sayShort } from "./alarms.js";
import { byId, fillList, make, setData, setHidden, setLamp, setText } from "./dom.js";
import { showTrend } from "./patient.js";
import { ECG, FACE, lampOf, sayHeartRate, sayNumber, sayPhase, sayTrend, sayTime, sayUsed, shownRow, topOf } from "./words.js";

const MAX_KEYS = 9;
// so many patients have room for large digits
const FEW = 4;

/** Show all patients; `open` and `select` are called with a patient's place. */
export function fillWall(states, selected, { open, select }) {
  const cards = byId("cards");
  cards.style.setProperty("--columns", String(Math.ceil(Math.sqrt(states.length))));
  cards.classList.toggle("many", states.length > FEW);
  cards.classList.toggle("pair", states.length === 2);
  fillList(cards, states, (_, place) => makeCard(place, open, select), (card, state, place) => {
    fillCard(card, state, place);
    card.classList.toggle("selected", place === selected);
    showTrend(card.querySelector("canvas"), state);
  });
}

function makeCard(place, open, select) {
  const lamp = (name, classes) =>
    make("div", { classes: `lamp ${classes}` }, [
      make("dt", { text: name }),
      make("dd", {}, [make("span", { classes: "sign", "aria-hidden": "true" }), " ", make("span", { classes: "word" })]),
    ]);
  const button = make("button", { classes: "open", type: "button" });
  button.addEventListener("click", () => open(place));
  button.addEventListener("focus", () => select(place));
  const sign = () => make("span", { classes: "sign", "aria-hidden": "true" });
  const word = () => make("span", { classes: "word" });
  return make("li", { classes: "card panel" }, [
    make("div", { classes: "head" }, [
      make("h3", {}, [button]),
      make("span", { classes: "badge simulated", text: "SIMULATED" }),
      make("span", { classes: "quiet time" }), make("span", { classes: "quiet here", text: "keys act here" }),
    ]),
    make("div", { classes: "alarms" }, [
      make("p", { classes: "alarm pain" }, [sign(), " ", word()]),
      make("ul", { classes: "technical" }),
      make("p", { classes: "no-alarm" }, [sign(), " ", word()]),
      make("p", { classes: "silent" }),
    ]),
    make("div", { classes: "body" }, [
      make("p", { classes: "reading" }, [make("span", { classes: "digits" }), " ", make("span", { classes: "of" })]),
      make("dl", { classes: "beside" }, [
        make("div", {}, [make("dt", { text: "trend" }), make("dd", { classes: "trend-text" })]),
        make("div", {}, [make("dt", { text: "state" }), make("dd", { classes: "used" })]),
        make("div", {}, [make("dt", { text: "heart" }), make("dd", { classes: "heart-text" })]),
      ]),
    ]),
    make("canvas", { role: "img", "aria-label": "Trend of 5 minutes" }),
    make("dl", { classes: "card-lamps" }, [lamp("face", "lamp-face"), lamp("ECG", "lamp-ecg")]),
  ]);
}

function fillCard(card, state, place) {
  const row = shownRow(state);
  const at = (selector) => card.querySelector(selector);
  setText(at(".open"), place < MAX_KEYS ? `${place + 1}  ${state.patient}` : state.patient);
  setHidden(at(".simulated"), !state.simulated);
  setText(at(".time"), sayTime(state.time_s));
  fillAlarms(at(".alarms"), state);
  setText(at(".digits"), sayNumber(row?.estimate));
  at(".digits").classList.toggle("unknown", typeof row?.estimate !== "number");
  setText(at(".of"), `of ${topOf(state)}`);
  setText(at(".trend-text"), sayTrend(row));
  const phase = sayPhase(state);
  setText(at(".used"), phase || sayUsed(row));
  setData(at(".used"), "kind", phase || !row?.used ? "warning" : "good");
  setText(at(".heart-text"), `${sayHeartRate(row)} bpm`);
  setLamp(at(".lamp-face"), lampOf(row, FACE));
  setLamp(at(".lamp-ecg"), lampOf(row, ECG));
}

/** Draw all cards anew with the next state. */
export function redrawWall() {
  for (const canvas of document.querySelectorAll("#cards canvas")) delete canvas.dataset.drawn;
}

/** The row of patients above a single one: no alarm of another patient is overlooked. */
export function fillTabs(states, opened, open) {
  setHidden(byId("patients"), states.length < 2 || opened === null);
  fillList(byId("patient-tabs"), states, (_, place) => makeTab(place, open), (item, state, place) => {
    const button = item.firstElementChild;
    const [name, value, word] = button.children;
    setText(name, place < MAX_KEYS ? `${place + 1}  ${state.patient}` : state.patient);
    setText(value, sayNumber(shownRow(state)?.estimate));
    setText(word, sayShort(state));
    setData(button, "urgent", word.textContent === "PAIN ALARM" ? "pain" : word.textContent ? "technical" : "");
    if (place === opened) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

function makeTab(place, open) {
  const button = make("button", { type: "button" }, [
    make("span", { classes: "name" }), make("span", { classes: "value" }), make("span", { classes: "word" }),
  ]);
  button.addEventListener("click", () => open(place));
  return make("li", {}, [button]);
}
