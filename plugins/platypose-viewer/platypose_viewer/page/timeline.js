/** The spread of one joint over time, under a slider. */

/** Draws the curve; the slider above it is the browser's. */
export class Timeline {
  /** @param {HTMLCanvasElement} canvas @param {HTMLInputElement} slider @param {number} frames */
  constructor(canvas, slider, frames) {
    this.canvas = canvas;
    this.slider = slider;
    this.frames = frames;
    slider.max = String(frames - 1);
  }

  /** Fit the drawing to the canvas. */
  resize() {
    const ratio = Math.min(devicePixelRatio, 2);
    this.canvas.width = this.canvas.clientWidth * ratio;
    this.canvas.height = this.canvas.clientHeight * ratio;
  }

  /**
   * @param {number} frame
   * @param {number[]} spreads mm, of every frame
   * @param {string} joint
   * @param {import("./colours.js").Colours} colours
   */
  draw(frame, spreads, joint, colours) {
    const { canvas, frames } = this;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const most = spreads.reduce((a, b) => Math.max(a, b), 1e-3);
    const across = (/** @type {number} */ f) => (frames > 1 ? (f / (frames - 1)) * (width - 2) + 1 : width / 2);
    this.slider.value = String(frame);
    this.slider.setAttribute("aria-valuetext", `frame ${frame + 1} of ${frames}`);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.beginPath();
    pen.moveTo(across(0), height);
    spreads.forEach((value, f) => pen.lineTo(across(f), height - (value / most) * (height - 17)));
    pen.lineTo(across(frames - 1), height);
    pen.globalAlpha = 0.22;
    pen.fillStyle = colours.accent;
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillRect(across(frame) - 1, 0, 2, height);
    pen.fillStyle = colours.pale;
    pen.font = "10.5px system-ui, sans-serif";
    const limit = `at most ${most.toFixed(0)} mm`;
    pen.fillText(width > 240 ? `spread of ${joint}, ${limit}` : limit, 7, 12);
  }
}
