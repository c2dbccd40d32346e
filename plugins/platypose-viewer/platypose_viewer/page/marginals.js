/** How uncertain one joint is, and how all compare. */

import { deviation, histogram, moments, spread } from "./statistics.js";
import { directions } from "./sight.js";

const BINS = 31;
const REACHES = [20, 50, 100, 200, 300, 500, 750, 1000, 2000, 5000];

/** The panel beside the drawings. */
export class Marginals {
  /**
   * @param {import("./data.js").Clip} clip
   * @param {(joint: number) => void} select
   */
  constructor(clip, select) {
    this.clip = clip;
    this.name = element("joint-name");
    this.rows = [0, 1, 2].map(() => histogramRow(element("marginals")));
    this.buttons = clip.facts.joints.map((joint, j) => jointButton(element("joints"), joint, clip.facts.jointSides[j], () => select(j)));
    this.reach = 100;
    this.widest = 1;
    /** @type {number[]} */
    this.spreads = [];
  }

  /** Fit the drawings to their canvases. */
  resize() {
    const ratio = Math.min(devicePixelRatio, 2);
    for (const { canvas } of this.rows) {
      canvas.width = canvas.clientWidth * ratio;
      canvas.height = canvas.clientHeight * ratio;
    }
  }

  /**
   * Take a joint: the spread of it in every frame, mm, and the reach of the histograms.
   * @param {number} joint
   * @param {boolean} aligned
   */
  select(joint, aligned) {
    const { frames, joints } = this.clip.facts;
    const points = this.clip.room();
    const one = new Float32Array(points.length / joints.length);
    this.spreads = [];
    this.widest = 1;
    let widest = 0;
    for (let frame = 0; frame < frames; frame++) {
      this.clip.joints(frame, aligned, points);
      for (let i = 0; i < one.length; i++) one[i] = points[3 * (Math.floor(i / 3) * joints.length + joint) + (i % 3)];
      const { covariance } = moments(one, 1);
      this.spreads.push(1000 * spread(covariance));
      widest = Math.max(widest, ...[0, 4, 8].map((k) => covariance[k]));
    }
    const wanted = 2500 * Math.sqrt(widest);
    this.reach = REACHES.find((reach) => reach >= wanted) ?? REACHES[REACHES.length - 1];
    return this.spreads;
  }

  /**
   * Show a frame; returns a sentence on the joint.
   * @param {import("./state.js").Choices} choices
   * @param {Float32Array} points (H, J, 3)
   * @param {{mean: Float64Array, covariance: Float64Array}} of the moments of the points
   * @param {import("./colours.js").Colours} colours
   */
  show(choices, points, of, colours) {
    const { joints, jointSides, views } = this.clip.facts;
    const { joint } = choices;
    const mean = Array.from(of.mean.subarray(3 * joint, 3 * joint + 3));
    const covariance = of.covariance.subarray(9 * joint, 9 * joint + 9);
    const axes = directions(views[choices.view]?.camera, choices.frame, mean);
    const parts = axes.map(({ name, direction }, row) => {
      /** @type {number[]} */
      const values = [];
      for (let i = 3 * joint; i < points.length; i += 3 * joints.length) {
        values.push(1000 * direction.reduce((sum, d, a) => sum + d * (points[i + a] - mean[a]), 0));
      }
      const width = `± ${millimetres(1000 * deviation(covariance, direction))}`;
      this.rows[row].name.textContent = name;
      this.rows[row].width.textContent = `${width} mm`;
      const ticks = choices.picked.map((h) => ({ value: values[h], colour: colours.picks[h % colours.picks.length] }));
      this.#draw(this.rows[row].canvas, values, ticks, colours, colours.side[jointSides[joint]]);
      return `${width} mm ${name}`;
    });
    this.name.textContent = joints[joint];
    this.#compare(of.covariance, joint, colours);
    return `${joints[joint]} ${parts.join(", ")}`;
  }

  /** Bars of all joints. @param {Float64Array} covariance (J, 3, 3) @param {number} chosen @param {import("./colours.js").Colours} colours */
  #compare(covariance, chosen, colours) {
    const spreads = this.buttons.map((_, j) => 1000 * spread(covariance.subarray(9 * j, 9 * j + 9)));
    this.widest = Math.max(this.widest, ...spreads);
    this.buttons.forEach(({ button, bar, value }, j) => {
      button.setAttribute("aria-pressed", String(j === chosen));
      bar.style.setProperty("--key", colours.side[this.clip.facts.jointSides[j]]);
      bar.style.transform = `scaleX(${spreads[j] / this.widest})`;
      value.textContent = millimetres(spreads[j]);
    });
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number[]} values mm
   * @param {{value: number, colour: string}[]} ticks
   * @param {import("./colours.js").Colours} colours
   * @param {string} fill
   */
  #draw(canvas, values, ticks, colours, fill) {
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const floor = height - 14;
    const counts = histogram(values, this.reach, BINS);
    const most = Math.max(...counts, 1);
    const place = (/** @type {number} */ value) => ((value + this.reach) / (2 * this.reach)) * width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = fill;
    counts.forEach((count, b) => {
      const bar = (count / most) * (floor - 3);
      pen.fillRect((b * width) / BINS + 0.5, floor - bar, width / BINS - 1, bar);
    });
    pen.fillStyle = colours.line;
    pen.fillRect(0, floor, width, 1);
    for (const { value, colour } of ticks) {
      pen.fillStyle = colour;
      pen.fillRect(Math.min(Math.max(place(value), 1), width - 1) - 1.25, 0, 2.5, floor);
    }
    pen.fillStyle = colours.pale;
    pen.font = "10.5px system-ui, sans-serif";
    for (const [text, align, x] of /** @type {const} */ ([
      [`−${this.reach}`, "left", 0],
      ["mean", "center", width / 2],
      [`+${this.reach}`, "right", width],
    ])) {
      pen.textAlign = align;
      pen.fillText(text, x, height - 2);
    }
  }
}

/** A number of millimetres, no more exact than it deserves. @param {number} value */
export function millimetres(value) {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {HTMLElement} parent */
function histogramRow(parent) {
  const row = document.createElement("div");
  const text = document.createElement("p");
  const [name, width, canvas] = [document.createElement("span"), document.createElement("strong"), document.createElement("canvas")];
  row.className = "marginal";
  text.append(name, width);
  row.append(text, canvas);
  parent.append(row);
  return { name, width, canvas };
}

/** @param {HTMLElement} parent @param {string} joint @param {string} side @param {() => void} select */
function jointButton(parent, joint, side, select) {
  const [item, button] = [document.createElement("li"), document.createElement("button")];
  const [name, bar, value] = [document.createElement("span"), document.createElement("i"), document.createElement("span")];
  button.type = "button";
  button.dataset.side = side;
  name.textContent = joint;
  button.append(name, bar, value);
  button.addEventListener("click", select);
  item.append(button);
  parent.append(item);
  return { button, bar, value };
}
