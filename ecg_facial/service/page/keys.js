/**
 * What keys mean: the same as on the terminal.
 *
 * Input: key presses. Output: names of commands. Nothing is taken while a dialog is open, in which people type, nor
 * together with Control, Alt or Meta, which belong to the browser.
 */

const COMMANDS = {
  a: "acknowledge", p: "pause", o: "sound", r: "rate", n: "note", s: "sign", w: "wall", "?": "help",
};

/** The command of a key press, if it is one; a digit is the number of a patient. */
export function commandOf({ key, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return null;
  if (/^[1-9]$/.test(key)) return { name: "patient", number: Number(key) };
  const name = COMMANDS[key.toLowerCase?.() ?? key];
  return name ? { name } : null;
}

/** Call back for every command, while no dialog is open; `button` switches keys off and on. */
export function listenForKeys(button, onCommand) {
  // speech input types single letters: whoever uses it switches keys off
  let isOn = true;
  button.addEventListener("click", () => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = `single keys are ${isOn ? "on" : "off"}`;
  });
  document.addEventListener("keydown", (event) => {
    // all fields are in dialogs; one that was just closed may still have the focus
    if (!isOn || event.repeat || document.querySelector("dialog[open]")) return;
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    onCommand(command);
  });
}
