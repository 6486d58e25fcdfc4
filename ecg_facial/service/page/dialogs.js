/**
 * Dialogs: rating, note, sign, and the help.
 *
 * Input: what a person types. Output: promises of it; null where it was dropped. Escape drops.
 */

import { byId, make, setText } from "./dom.js";
import { sign } from "./actions.js";

const NRS_MAX = 10;

/** A rating as people write it, with comma or point; null for what is no number from 0 to 10. */
export function parseRating(text) {
  const cleaned = text.trim().replace(",", ".");
  const value = /^\d{1,2}(\.\d+)?$/.test(cleaned) ? Number(cleaned) : NaN;
  return value >= 0 && value <= NRS_MAX ? value : null;
}

const unfinished = new Map();

/** Open a dialog; `read` gives what was typed, or throws a line for the person. */
function ask(id, read) {
  const dialog = byId(id);
  const problem = dialog.querySelector(".problem");
  const form = dialog.querySelector("form");
  if (problem) setText(problem, "");
  // one that was closed a moment ago may not have heard of it yet
  unfinished.get(dialog)?.();
  return new Promise((resolve) => {
    let answer = null;
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const finish = () => {
      stop.abort();
      unfinished.delete(dialog);
      resolve(answer);
    };
    unfinished.set(dialog, finish);
    form.addEventListener("submit", (event) => {
      try {
        answer = read();
      } catch (error) {
        event.preventDefault();
        setText(problem, error.message);
      }
    }, options);
    dialog.querySelector(".drop").addEventListener("click", () => dialog.close(), options);
    dialog.addEventListener("close", () => {
      // closing is told late: it may be open again
      if (!dialog.open) finish();
    }, options);
    dialog.showModal();
  });
}

function readSign(id) {
  const text = byId(id).value.trim();
  if (!text || text === "monitor") throw new Error("Give your sign: a few letters, and not 'monitor'.");
  sign.value = text;
  return text;
}

export async function askSign() {
  byId("sign-value").value = sign.value;
  return ask("sign-dialog", () => readSign("sign-value"));
}

/** Ask for a rating; gives value, whether it is the person's own, and note. */
export async function askRating(patient) {
  setText(byId("rate-title"), `Rating of ${patient}`);
  const field = byId("rate-value");
  byId("rate-self").checked = false;
  [field.value, byId("rate-note").value, byId("rate-sign").value] = ["", "", sign.value];
  markValue(field.value);
  const answer = ask("rate-dialog", () => {
    const value = parseRating(field.value);
    if (value === null) throw new Error(`"${field.value}" is no rating from 0 to 10.`);
    readSign("rate-sign");
    return { value, isOwn: byId("rate-self").checked, note: byId("rate-note").value.trim() };
  });
  field.focus();
  return answer;
}

/** Ask for a note. */
export async function askNote(patient) {
  setText(byId("note-title"), `Note on ${patient}`);
  [byId("note-text").value, byId("note-sign").value] = ["", sign.value];
  return ask("note-dialog", () => {
    const note = byId("note-text").value.trim();
    if (!note) throw new Error("The note is empty.");
    readSign("note-sign");
    return { value: null, isOwn: false, note };
  });
}

export const showHelp = () => ask("help-dialog", () => null);

function markValue(text) {
  for (const button of byId("rate-values").children) {
    button.setAttribute("aria-pressed", String(button.textContent === text.trim()));
  }
}

/** Make the eleven buttons of the rating. */
export function startDialogs() {
  const field = byId("rate-value");
  for (let value = 0; value <= NRS_MAX; value++) {
    const button = make("button", { type: "button", text: String(value), "aria-pressed": "false" });
    button.addEventListener("click", () => {
      field.value = String(value);
      markValue(field.value);
    });
    byId("rate-values").append(button);
  }
  field.addEventListener("input", () => markValue(field.value));
}
