/**
 * Dark, light, or as the device has it.
 *
 * Input: the person's choice, kept in this browser. Output: `data-theme` of the page, on which the style sheet hangs.
 */

import { forgetColours } from "./dom.js";

const KEY = "ecg_facial_theme";
const CHOICES = ["device", "dark", "light"];

function read() {
  try {
    return CHOICES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "device";
  } catch {
    return "device"; // a browser that keeps nothing
  }
}

function keep(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // holds until the page is closed
  }
}

/** Let a button go through the choices. */
export function startTheme(button, onChange) {
  const show = (choice) => {
    document.documentElement.dataset.theme = choice;
    button.querySelector(".word").textContent = `theme: ${choice}`;
    forgetColours();
    onChange();
  };
  button.addEventListener("click", () => {
    const next = CHOICES[(CHOICES.indexOf(document.documentElement.dataset.theme) + 1) % CHOICES.length];
    keep(next);
    show(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forgetColours();
    onChange();
  });
  show(read());
}
