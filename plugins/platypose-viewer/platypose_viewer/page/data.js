/** The clip that the page holds. */

/** @typedef {"left" | "middle" | "right"} Side */

/**
 * @typedef {object} Camera a calibrated camera; x_cam = R x_world + t, one of each or one a frame
 * @property {boolean} perspective whether its sight lines meet in one point
 * @property {[number, number] | null} focal px
 * @property {[number, number]} centre px
 * @property {number[][]} rotation R by rows
 * @property {number[][]} translation t, metres
 */

/**
 * @typedef {object} View
 * @property {string} name
 * @property {[number, number]} size of its image, px
 * @property {number} step unit of the packed projections, px
 * @property {Camera | null} camera
 */

/**
 * @typedef {object} Facts
 * @property {string[][]} facts
 * @property {string} credit
 * @property {string} note
 * @property {number} frames
 * @property {number} frameRate
 * @property {number} firstFrame the video's frame that is frame 0
 * @property {boolean} aligned whether the page begins with hips aligned
 * @property {number} hypotheses
 * @property {string[]} joints
 * @property {Side[]} jointSides
 * @property {[number, number, Side][]} bones
 * @property {number} step
 * @property {string[]} keypoints
 * @property {Side[]} keypointSides
 * @property {[number, number, Side][]} limbs
 * @property {View[]} views
 * @property {{keypoints: number, height: number, width: number, affines: number} | null} heat
 */

const KINDS = { int16: Int16Array, uint8: Uint8Array, float32: Float32Array };

/** The bytes that an element of the page holds as base64. @param {string} id */
function bytes(id) {
  const element = /** @type {HTMLElement} */ (document.getElementById(id));
  const text = element.textContent ?? "";
  element.textContent = ""; // of no more use, and large
  const { fromBase64 } = /** @type {any} */ (Uint8Array);
  if (fromBase64) return /** @type {Uint8Array<ArrayBuffer>} */ (fromBase64.call(Uint8Array, text));
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); // browsers before 2025
}

/**
 * The array that an element of the page holds.
 * @template {Int16Array | Uint8Array | Float32Array} A
 * @param {string} id
 * @returns {Promise<A>}
 */
async function unpack(id) {
  const { kind, row } = /** @type {HTMLElement} */ (document.getElementById(id)).dataset;
  const stream = new Blob([bytes(id)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const array = new KINDS[/** @type {keyof typeof KINDS} */ (kind)](await new Response(stream).arrayBuffer());
  const width = Number(row);
  if (width) for (let i = width; i < array.length; i++) array[i] += array[i - width];
  return /** @type {A} */ (array);
}

/** Joints, keypoints and heatmaps, frame by frame. */
export class Clip {
  /**
   * @param {Facts} facts
   * @param {{samples: Int16Array, root: Float32Array, projected: Int16Array, observed: Float32Array,
   *   weights: Float32Array, heat: Uint8Array | null, affines: Float32Array | null}} arrays
   * @param {string[]} videos an address for each view, or none
   */
  constructor(facts, arrays, videos) {
    this.facts = facts;
    this.arrays = arrays;
    this.videos = videos;
  }

  /**
   * All hypotheses in one frame, (H, J, 3), world metres.
   * @param {number} frame
   * @param {boolean} aligned whether the root of each is put where their mean is
   * @param {Float32Array} into
   */
  joints(frame, aligned, into) {
    const { hypotheses, step, joints } = this.facts;
    const { samples, root } = this.arrays;
    const mean = aligned ? this.meanRoot(frame) : [0, 0, 0];
    let from = frame * hypotheses * joints.length * 3;
    let to = 0;
    for (let h = 0; h < hypotheses; h++) {
      const origin = (frame * hypotheses + h) * 3;
      const x = aligned ? mean[0] : root[origin];
      const y = aligned ? mean[1] : root[origin + 1];
      const z = aligned ? mean[2] : root[origin + 2];
      for (let j = 0; j < joints.length; j++) {
        into[to++] = x + step * samples[from++];
        into[to++] = y + step * samples[from++];
        into[to++] = z + step * samples[from++];
      }
    }
    return into;
  }

  /** The mean of the roots in a frame, world metres. @param {number} frame */
  meanRoot(frame) {
    const { hypotheses } = this.facts;
    const sum = [0, 0, 0];
    for (let i = 0; i < hypotheses * 3; i++) sum[i % 3] += this.arrays.root[frame * hypotheses * 3 + i];
    return sum.map((value) => value / hypotheses);
  }

  /** A place for the joints of one frame. */
  room() {
    return new Float32Array(this.facts.hypotheses * this.facts.joints.length * 3);
  }

  /**
   * Keypoints of one hypothesis in an image, as (x, y) after (x, y), px.
   * @param {number} frame
   * @param {number} view
   * @param {number} hypothesis
   */
  projected(frame, view, hypothesis) {
    const { hypotheses, keypoints, views } = this.facts;
    const length = 2 * keypoints.length;
    const start = ((frame * views.length + view) * hypotheses + hypothesis) * length;
    const step = views[view].step;
    return Array.from(this.arrays.projected.subarray(start, start + length), (value) => step * value);
  }

  /**
   * What was observed: pixels, and a weight of which 0 is a missing keypoint.
   * @param {number} frame
   * @param {number} view
   */
  observed(frame, view) {
    const { keypoints, views } = this.facts;
    const start = (frame * views.length + view) * keypoints.length;
    return keypoints.map((_, k) => ({
      x: this.arrays.observed[2 * (start + k)],
      y: this.arrays.observed[2 * (start + k) + 1],
      weight: this.arrays.weights[start + k],
    }));
  }
}

/** The clip of this page. */
export async function readClip() {
  const text = /** @type {HTMLElement} */ (document.getElementById("content")).textContent;
  /** @type {Facts} */
  const facts = JSON.parse(text ?? "");
  const optional = (/** @type {string} */ id) => (facts.heat ? unpack(id) : null);
  const [samples, root, projected, observed, weights, heat, affines] = await Promise.all([
    unpack("samples"),
    unpack("root"),
    unpack("projected"),
    unpack("observed"),
    unpack("weights"),
    optional("heat"),
    optional("cell_to_pixel"),
  ]);
  const arrays = /** @type {any} */ ({ samples, root, projected, observed, weights, heat, affines });
  return new Clip(facts, arrays, readVideos(facts.views.length));
}

/** Addresses of the videos in this page. @param {number} views */
function readVideos(views) {
  const addresses = [];
  for (let view = 0; view < views; view++) {
    const element = document.getElementById(`video-${view}`);
    if (!element) return [];
    const file = new Blob([bytes(element.id)], { type: element.dataset.type });
    addresses.push(URL.createObjectURL(file));
  }
  return addresses;
}
