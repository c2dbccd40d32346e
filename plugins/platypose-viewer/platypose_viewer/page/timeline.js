/** The spread of one joint over time, under a slider. */

/** Draws the curve; the slider above it is the browser's. */
export class Timeline {
  /** @param {HTMLCanvasElement} canvas @param {HTMLInputElement} slider @param {number} frames */
  constructor(canvas, slider, frames) {
    this.canvas = canvas;
    this.slider = slider;
    this.frames = frames;
    /** As laid out, px; asking for it while the page changes would lay it out anew. */
    this.width = this.height = 1;
    this.curve = new OffscreenCanvas(1, 1);
    /** @type {unknown[]} */
    this.drawn = [];
    slider.max = String(frames - 1);
  }

  /** Fit the drawing to the canvas. */
  resize() {
    const ratio = Math.min(devicePixelRatio, 2);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
  }

  /**
   * @param {number} frame
   * @param {number[]} spreads mm, of every frame
   * @param {string} joint
   * @param {import("./colours.js").Colours} colours
   */
  draw(frame, spreads, joint, colours) {
    const { canvas, frames } = this;
    const of = [spreads, joint, colours, canvas.width, canvas.height];
    if (of.some((part, k) => part !== this.drawn[k])) this.#curve(spreads, joint, colours);
    this.drawn = of;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const ratio = canvas.width / Math.max(this.width, 1);
    this.slider.value = String(frame);
    this.slider.setAttribute("aria-valuetext", `frame ${frame + 1} of ${frames}`);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(this.curve, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colours.accent;
    pen.fillRect(this.#across(frame) - 1, 0, 2, this.height);
  }

  /** Where a frame is, px. @param {number} frame */
  #across(frame) {
    const { frames, width } = this;
    return frames > 1 ? (frame / (frames - 1)) * (width - 2) + 1 : width / 2;
  }

  /**
   * Draw what is the same in every frame, which may be thousands of points.
   * @param {number[]} spreads
   * @param {string} joint
   * @param {import("./colours.js").Colours} colours
   */
  #curve(spreads, joint, colours) {
    const { canvas, curve, width, height } = this;
    curve.width = Math.max(canvas.width, 1);
    curve.height = Math.max(canvas.height, 1);
    const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (curve.getContext("2d"));
    const ratio = canvas.width / Math.max(this.width, 1);
    const most = spreads.reduce((a, b) => Math.max(a, b), 1e-3);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.beginPath();
    pen.moveTo(this.#across(0), height);
    spreads.forEach((value, f) => pen.lineTo(this.#across(f), height - (value / most) * (height - 17)));
    pen.lineTo(this.#across(spreads.length - 1), height);
    pen.globalAlpha = 0.22;
    pen.fillStyle = colours.accent;
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = colours.pale;
    pen.font = "10.5px system-ui, sans-serif";
    const limit = `at most ${most.toFixed(0)} mm`;
    pen.fillText(width > 240 ? `spread of ${joint}, ${limit}` : limit, 7, 12);
  }
}
