/** The evidence, and the hypotheses as they project onto it. */

import { quantile } from "./statistics.js";
import { translucency } from "./colours.js";

/** Size of what is shown over that of the person. */
const MARGIN = 1.2;
/** Of heatmaps on a video, red, green and blue: a glow, through which the person is seen. */
const ON_VIDEO = "255, 220, 90";

/** Draws one frame of one view on a canvas that lies over the video. */
export class Overlay {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLVideoElement} video
   * @param {import("./data.js").Clip} clip
   */
  constructor(canvas, video, clip) {
    this.canvas = canvas;
    this.video = video;
    this.clip = clip;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.around = clip.facts.views.map((view, v) => windowOf(clip, v, view.size));
    this.frame = { x: 0, y: 0, scale: 1 };
    /** As laid out, px; asking for it while the page changes would lay it out anew. */
    this.width = this.height = 1;
    this.view = 0;
    this.time = 0;
    const { heat } = clip.facts;
    this.stamp = new OffscreenCanvas(heat?.width ?? 1, heat?.height ?? 1);
  }

  /** Fit the drawing to the canvas. */
  resize() {
    const ratio = Math.min(devicePixelRatio, 2);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
  }

  /** Where a pixel of the image is on the canvas, px. @param {number} x @param {number} y */
  place(x, y) {
    const { frame } = this;
    return { x: frame.x + frame.scale * x, y: frame.y + frame.scale * y };
  }

  /**
   * Draw a frame.
   * @param {import("./state.js").Choices} choices
   * @param {import("./colours.js").Colours} colours
   */
  draw(choices, colours) {
    const { canvas, pen } = this;
    const ratio = canvas.width / Math.max(this.width, 1);
    this.view = choices.view;
    this.time = choices.frame;
    this.#fit(choices.whole);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    if (this.video.hidden) this.#paper(colours);
    this.#heat(choices, colours, ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.lineCap = "round";
    const ghosts = choices.ghostsShown ? choices.ghosts : 0;
    const opacity = translucency(ghosts);
    for (let h = 0; h < ghosts; h++) this.#skeleton(h, 1, opacity, (side) => colours.side[side]);
    for (const h of choices.picked) this.#skeleton(h, 2.5, 1, () => colours.picks[h % colours.picks.length]);
    if (!this.clip.facts.heat) this.#dots(colours);
    pen.globalAlpha = 1;
  }

  /** Median distance, px, of the hypotheses from what was observed; NaN where nothing was. */
  error() {
    const { keypoints, hypotheses } = this.clip.facts;
    const observed = this.clip.observed(this.time, this.view);
    const distances = [];
    for (let h = 0; h < hypotheses; h++) {
      const points = this.clip.projected(this.time, this.view, h);
      for (let k = 0; k < keypoints.length; k++) {
        const { x, y, weight } = observed[k];
        if (weight > 0) distances.push(Math.hypot(points[2 * k] - x, points[2 * k + 1] - y));
      }
    }
    return quantile(distances, 0.5);
  }

  /** Choose scale and place of the image. @param {boolean} whole */
  #fit(whole) {
    const { size } = this.clip.facts.views[this.view];
    const shown = whole ? { x: 0, y: 0, width: size[0], height: size[1] } : this.around[this.view];
    const scale = Math.min(this.width / shown.width, this.height / shown.height);
    this.frame = {
      scale,
      x: this.width / 2 - scale * (shown.x + shown.width / 2),
      y: this.height / 2 - scale * (shown.y + shown.height / 2),
    };
    const { style } = this.video;
    style.width = `${size[0]}px`;
    style.height = `${size[1]}px`;
    style.transform = `translate(${this.frame.x}px, ${this.frame.y}px) scale(${scale})`;
  }

  /** The image where there is no picture of it. @param {import("./colours.js").Colours} colours */
  #paper(colours) {
    const { size } = this.clip.facts.views[this.view];
    const { x, y, scale } = this.frame;
    this.pen.fillStyle = colours.image;
    this.pen.fillRect(x, y, scale * size[0], scale * size[1]);
  }

  /** @param {import("./state.js").Choices} choices @param {import("./colours.js").Colours} colours @param {number} ratio */
  #heat(choices, colours, ratio) {
    const { heat, views } = this.clip.facts;
    const { heat: scores, affines } = this.clip.arrays;
    if (!heat || !scores || !affines) return;
    const { width, height, keypoints } = heat;
    const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (this.stamp.getContext("2d"));
    const image = brush.createImageData(width, height);
    const words = new Uint32Array(image.data.buffer); // alpha, blue, green, red
    const [red, green, blue] = (this.video.hidden ? colours.heat : ON_VIDEO).split(",").map(Number);
    const shade = (blue << 16) | (green << 8) | red;
    const strength = this.video.hidden ? 0.8 : 0.5;
    const first = choices.frame * views.length + choices.view;
    const { x, y, scale } = this.frame;
    for (let k = 0; k < keypoints; k++) {
      const cells = scores.subarray((first * keypoints + k) * width * height, (first * keypoints + k + 1) * width * height);
      for (let i = 0; i < cells.length; i++) words[i] = shade | (Math.round(strength * cells[i]) << 24);
      brush.putImageData(image, 0, 0);
      const at = 6 * (first * heat.affines + Math.min(k, heat.affines - 1));
      const [a, b, c, d, e, f] = affines.subarray(at, at + 6);
      this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.pen.transform(scale * a, scale * d, scale * b, scale * e, x + scale * c, y + scale * f);
      this.pen.drawImage(this.stamp, -0.5, -0.5); // a cell's centre is its coordinate
    }
  }

  /**
   * One hypothesis.
   * @param {number} hypothesis
   * @param {number} width px
   * @param {number} opacity
   * @param {(side: import("./data.js").Side) => string} shade
   */
  #skeleton(hypothesis, width, opacity, shade) {
    const { pen } = this;
    const { x, y, scale } = this.frame;
    const points = this.clip.projected(this.time, this.view, hypothesis);
    pen.lineWidth = width;
    pen.globalAlpha = opacity;
    for (const side of /** @type {const} */ (["middle", "left", "right"])) {
      pen.strokeStyle = shade(side);
      pen.beginPath();
      for (const [a, b, of] of this.clip.facts.limbs) {
        if (of !== side) continue;
        pen.moveTo(x + scale * points[2 * a], y + scale * points[2 * a + 1]);
        pen.lineTo(x + scale * points[2 * b], y + scale * points[2 * b + 1]);
      }
      pen.stroke();
    }
  }

  /** What was observed. @param {import("./colours.js").Colours} colours */
  #dots(colours) {
    const { pen } = this;
    this.clip.observed(this.time, this.view).forEach(({ x, y, weight }, k) => {
      if (!(weight > 0)) return;
      const point = this.place(x, y);
      pen.globalAlpha = 0.25 + 0.75 * weight;
      pen.fillStyle = colours.side[this.clip.facts.keypointSides[k]];
      pen.strokeStyle = colours.pane;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(point.x, point.y, 4, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    });
  }
}

/**
 * The part of an image in which the person moves, px.
 * @param {import("./data.js").Clip} clip
 * @param {number} view
 * @param {[number, number]} size of the image
 */
function windowOf(clip, view, size) {
  const { frames, hypotheses } = clip.facts;
  /** @type {[number[], number[]]} */
  const points = [[], []];
  for (let frame = 0; frame < frames; frame += Math.ceil(frames / 60)) {
    for (const { x, y, weight } of clip.observed(frame, view)) {
      if (weight > 0) points[0].push(x), points[1].push(y);
    }
    for (let h = 0; h < hypotheses; h += Math.ceil(hypotheses / 5)) {
      clip.projected(frame, view, h).forEach((value, i) => points[i % 2].push(value));
    }
  }
  if (!points[0].length) return { x: 0, y: 0, width: size[0], height: size[1] };
  const [low, high] = [0.005, 0.995].map((share) => points.map((values) => quantile(values, share)));
  const [width, height] = [0, 1].map((a) => MARGIN * Math.max(high[a] - low[a], 0.05 * Math.max(...size)));
  return { x: (low[0] + high[0] - width) / 2, y: (low[1] + high[1] - height) / 2, width, height };
}
