/**
 * What keys mean: the same as on the terminal.
 *
 * Input: key presses. Output: names of commands. Nothing is taken from fields in which people type, nor together with
 * Control, Alt or Meta, which belong to the browser.
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

/** Call back for every command, while no dialog is open and nobody types; `button` switches keys off and on. */
export function listenForKeys(button, onCommand) {
  // speech input types single letters: whoever uses it switches keys off
  let isOn = true;
  button.addEventListener("click", () => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = `single keys are ${isOn ? "on" : "off"}`;
  });
  document.addEventListener("keydown", (event) => {
    if (!isOn || event.repeat || event.target.closest?.("input, textarea, select, dialog")) return;
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    onCommand(command);
  });
}
