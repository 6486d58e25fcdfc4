/**
 * The picture of the face with the box of the detector.
 *
 * Input: messages with a JPEG picture. Output: a drawing. A picture that is too old is not shown any more.
 */

import { openCanvas, setHidden } from "./dom.js";

// a camera at work gives a picture at least every 200 ms; after this one, nobody may take it for the present
const OLD_S = 2;

/** Rectangle of a picture in a canvas: as large as it fits, in the middle. */
export function fit(width, height, room_width, room_height) {
  const scale = Math.min(room_width / width, room_height / height);
  return { scale, x: (room_width - width * scale) / 2, y: (room_height - height * scale) / 2 };
}

export class Picture {
  constructor(canvas, none) {
    [this.canvas, this.none] = [canvas, none];
    this.clear();
  }

  clear() {
    this.bitmap?.close();
    this.bitmap = this.message = null;
    this.draw();
  }

  /** Take a picture of the patient who is shown. */
  async take(message) {
    const bytes = Uint8Array.from(atob(message.jpeg), (letter) => letter.charCodeAt(0));
    let bitmap;
    try {
      bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    } catch {
      return; // a damaged picture is left out
    }
    this.bitmap?.close();
    [this.bitmap, this.message] = [bitmap, message];
    this.draw();
  }

  /** Drop a picture that is older than the present of the session. */
  check(time_s) {
    if (this.message && Math.abs(time_s - this.message.time_s) > OLD_S) this.clear();
  }

  draw() {
    setHidden(this.none, Boolean(this.bitmap));
    const box = this.message?.box;
    const label = this.bitmap ? (box ? "camera picture with a face" : "camera picture, no face found") : "no picture";
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    const open = openCanvas(this.canvas);
    if (!open) return;
    const { context, width_px, height_px } = open;
    context.clearRect(0, 0, width_px, height_px);
    if (!this.bitmap) return;
    const { scale, x, y } = fit(this.bitmap.width, this.bitmap.height, width_px, height_px);
    context.drawImage(this.bitmap, x, y, this.bitmap.width * scale, this.bitmap.height * scale);
    if (!box) return;
    // dark and light lines together are seen on any picture
    const place = [x + box[0] * scale, y + box[1] * scale, box[2] * scale, box[3] * scale];
    for (const [colour, width] of [["#000", 5], ["#fff", 2]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.strokeRect(...place);
    }
  }
}
