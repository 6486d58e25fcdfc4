/**
 * The scale of the estimate: its classes, the trend with its interval, and the probability of each class.
 *
 * Input: a state. Output: elements below the digits. Class 0 is the first of the model, the last is the end.
 */

import { fillList, make, setHidden, setText } from "./dom.js";
import { DASHES, shownRow, topOf } from "./words.js";

/** Place of a class number on the scale, in percent. */
export function place(value, top) {
  return (100 * Math.min(top, Math.max(0, value))) / top;
}

/** Make the empty scale. */
export function makeScale(box) {
  const track = make("div", { classes: "track", "aria-hidden": "true" }, [
    make("span", { classes: "band" }), make("span", { classes: "dot" }),
  ]);
  box.append(track, make("ol", { classes: "classes" }));
}

/** Show a state on it. */
export function fillScale(box, state) {
  const row = shownRow(state);
  const top = topOf(state);
  const [band, dot] = [box.querySelector(".band"), box.querySelector(".dot")];
  const hasInterval = typeof row?.low === "number" && typeof row?.high === "number";
  setHidden(band, !hasInterval);
  setHidden(dot, typeof row?.trend !== "number");
  if (hasInterval) {
    band.style.left = `${place(row.low, top)}%`;
    band.style.width = `${place(row.high, top) - place(row.low, top)}%`;
  }
  if (!dot.hidden) dot.style.left = `${place(row.trend, top)}%`;
  box.style.setProperty("--count", String(state.class_names.length));
  fillList(box.querySelector(".classes"), state.class_names, makeClass, (item, name, number) => {
    const share = row?.probabilities?.[number];
    setText(item.children[0], String(number));
    setText(item.children[1], name);
    setText(item.children[2], typeof share === "number" ? `${Math.round(100 * share)} %` : DASHES);
    item.style.setProperty("--share", typeof share === "number" ? share : 0);
  });
}

function makeClass() {
  return make("li", {}, [
    make("span", { classes: "number" }), make("span", { classes: "name" }), make("span", { classes: "share" }),
  ]);
}
