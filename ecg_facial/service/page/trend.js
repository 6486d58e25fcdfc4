/**
 * The trend of five minutes with its 90 % interval.
 *
 * Input: a state. Output: points by their time, and a drawing on a canvas. Nothing is drawn over a gap.
 */

/** What is shown, as much as a monitor keeps. */
export const SPAN_S = 300;
const MARGIN = { left: 3.2, right: 0.6, top: 0.7, bottom: 1.6 }; // in heights of a letter
const MINUTE_S = 60;

/** Points of a state, the oldest first: time, trend, low and high, each null where it is not known. */
export function trendPoints({ trend, trend_low, trend_high, trend_step_s, trend_end_s }) {
  return trend.map((value, place) => ({
    time_s: trend_end_s - (trend.length - 1 - place) * trend_step_s,
    value,
    low: trend_low[place] ?? null,
    high: trend_high[place] ?? null,
  }));
}

/** Places of times and classes on a canvas. */
export function trendGeometry(width_px, height_px, { letter_px, top, now_s }) {
  const left = MARGIN.left * letter_px;
  const right = width_px - MARGIN.right * letter_px;
  const above = MARGIN.top * letter_px;
  const below = height_px - MARGIN.bottom * letter_px;
  return {
    left, right, above, below, top, letter_px,
    x: (time_s) => right - ((now_s - time_s) / SPAN_S) * (right - left),
    y: (value) => below - (Math.min(top, Math.max(0, value)) / top) * (below - above),
  };
}

/** Cut points into stretches without a gap. */
export function splitAtGaps(points, isKnown, longest_s) {
  const stretches = [];
  let before = null;
  for (const point of points) {
    const known = isKnown(point);
    if (known && before && point.time_s - before.time_s <= longest_s) stretches.at(-1).push(point);
    else if (known) stretches.push([point]);
    before = known ? point : null;
  }
  return stretches;
}

/** Draw axes, interval and line. */
export function drawTrend(context, points, geometry, { class_names, step_s }, colours) {
  const { left, right, letter_px } = geometry;
  drawAxes(context, geometry, class_names, colours);
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, context.canvas.height);
  context.clip();
  const longest_s = 1.5 * step_s;
  for (const stretch of splitAtGaps(points, (point) => point.low !== null, longest_s)) {
    drawBand(context, stretch, geometry, colours.band);
  }
  for (const stretch of splitAtGaps(points, (point) => point.value !== null, longest_s)) {
    drawLine(context, stretch, geometry, colours.line, Math.max(2, letter_px / 6));
  }
  context.restore();
}

function drawAxes(context, geometry, class_names, colours) {
  const { left, right, above, below, letter_px, x, y, top } = geometry;
  context.font = `${letter_px}px ${colours.font}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  class_names.forEach((name, number) => {
    if (number > top) return;
    context.fillStyle = colours.axis;
    context.fillRect(left, Math.round(y(number)), right - left, 1);
    context.fillStyle = colours.text;
    context.fillText(String(number), left - 0.5 * letter_px, y(number));
  });
  context.textBaseline = "bottom";
  for (let minutes = 0; minutes * MINUTE_S <= SPAN_S; minutes++) {
    const place = right - ((minutes * MINUTE_S) / SPAN_S) * (right - left);
    context.fillStyle = colours.axis;
    context.fillRect(Math.round(place) - (minutes ? 0 : 1), above, 1, below - above);
    context.fillStyle = colours.text;
    context.textAlign = minutes === 0 ? "right" : "center";
    context.fillText(minutes ? `-${minutes} min` : "now", place, below + 1.45 * letter_px);
  }
}

function drawBand(context, stretch, { x, y }, colour) {
  if (stretch.length < 2) return;
  context.beginPath();
  stretch.forEach((point, place) => {
    if (place) context.lineTo(x(point.time_s), y(point.high));
    else context.moveTo(x(point.time_s), y(point.high));
  });
  for (const point of stretch.toReversed()) context.lineTo(x(point.time_s), y(point.low));
  context.closePath();
  context.fillStyle = colour;
  context.fill();
}

function drawLine(context, stretch, { x, y }, colour, width_px) {
  context.beginPath();
  for (const point of stretch) context.lineTo(x(point.time_s), y(point.value));
  if (stretch.length === 1) context.lineTo(x(stretch[0].time_s) + width_px, y(stretch[0].value));
  context.strokeStyle = colour;
  context.lineWidth = width_px;
  context.lineJoin = "round";
  context.lineCap = "round";
  context.stroke();
}
