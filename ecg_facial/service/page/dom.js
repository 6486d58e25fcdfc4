/**
 * Small helpers for elements of the page.
 *
 * Input: elements and text. Output: changed elements. Text goes in as text, never as HTML; what is as it should be is
 * not touched, so that a screen reader hears changes alone.
 */

export const byId = (id) => document.getElementById(id);

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

export function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** Make an element with classes and text. */
export function make(tag, { classes = "", text = "", ...attributes } = {}, children = []) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Show a lamp: shape and word, and a colour that is never alone. */
export function setLamp(element, lamp) {
  setData(element, "kind", lamp.kind);
  setText(element.querySelector(".sign"), lamp.sign);
  setText(element.querySelector(".word"), lamp.word);
}

/** Make a list as long as some values, and fill it. */
export function fillList(list, values, makeItem, fillItem) {
  while (list.children.length > values.length) list.lastElementChild.remove();
  values.forEach((value, place) => {
    if (place >= list.children.length) list.append(makeItem(value, place));
    fillItem(list.children[place], value, place);
  });
}

/** Fit a canvas to its place on the screen; return its drawing context in CSS pixels, or null while it is not seen. */
export function openCanvas(canvas) {
  const { clientWidth: width_px, clientHeight: height_px } = canvas;
  if (!width_px || !height_px) return null;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(width_px * ratio), Math.round(height_px * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width_px, height_px, ratio };
}

const colours = new Map();

/** Colours of the style sheet for drawings, as the present theme has them. */
export function colourOf(name) {
  if (!colours.has(name)) {
    // a property that holds light-dark() is resolved by an element that uses it
    const probe = make("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

export function forgetColours() {
  colours.clear();
}
