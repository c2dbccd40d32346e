/** The hypotheses in 3D. */

import * as THREE from "three";
import { OrbitControls } from "three/OrbitControls";
import { Hairlines } from "./hairlines.js";
import { Lines } from "./lines.js";
import { quantile, principalAxes } from "./statistics.js";
import { directions, pose } from "./sight.js";
import { translucency } from "./colours.js";

/** Of the ellipsoid that holds half of a normal distribution, in standard deviations. */
const HALF = 1.538;
/** Of an ellipsoid, so that a needle can be seen, metres. */
const THINNEST = 0.003;
const BONE = 0.013;
const GRID = 0.5;
const FIELD = 32;
/** A person who goes farther than this, metres, is followed by the eye. */
const STAYS = 1.5;
/** Drawing at twice the resolution smooths edges, at less cost than the card's own way. */
const FINE = 2;
/** Resolutions while something moves, the coarser the slower the machine. */
const MOVING = [FINE, 1, 0.7];
const UP = new THREE.Vector3(0, 1, 0);

/** @typedef {"oblique" | "camera" | "side" | "top"} From */

/** Turned from the camera's line of sight by, and raised by, radians. @type {Record<From, [number, number]>} */
const EYES = { oblique: [0.95, 0.2], camera: [0, 0], side: [Math.PI / 2, 0], top: [0, Math.PI / 2 - 0.001] };

/** Draws one frame on a canvas. */
export class Scene {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./data.js").Clip} clip
   */
  constructor(canvas, clip) {
    this.canvas = canvas;
    this.clip = clip;
    this.fineness = FINE;
    const { joints, bones, hypotheses } = clip.facts;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: false });
    this.scene = new THREE.Scene();
    this.eye = new THREE.PerspectiveCamera(FIELD, 1, 0.05, 200);
    this.eye.up.set(0, 0, 1);
    const lamp = new THREE.DirectionalLight(0xffffff, 1.7);
    lamp.position.set(-0.5, 1, 1);
    this.eye.add(lamp);
    this.scene.add(this.eye, new THREE.HemisphereLight(0xffffff, 0xb0b0b0, 1.7));
    this.controls = new OrbitControls(this.eye, canvas);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.15;

    this.ghosts = new Lines(hypotheses * bones.length, { width: 1.1, opacity: 1 });
    this.quickGhosts = new Hairlines(hypotheses * bones.length);
    this.shadow = new Lines(bones.length, { width: 5, opacity: 0.8 });
    this.picks = new Lines(hypotheses * bones.length, { width: 3, opacity: 1 });
    this.bones = solids(new THREE.CylinderGeometry(BONE, BONE, 1, 8, 1, true), bones.length);
    this.knots = solids(new THREE.SphereGeometry(BONE * 1.5, 10, 7), joints.length);
    this.chosen = solids(new THREE.SphereGeometry(BONE * 2.4, 18, 12), 1);
    const ball = new THREE.SphereGeometry(1, 20, 12);
    this.ellipsoids = solids(ball, joints.length, 0.22);
    this.ellipsoid = solids(ball, 1, 0.3);
    this.scene.add(this.shadow.mesh, this.ghosts.mesh, this.quickGhosts.mesh, this.picks.mesh);
    this.scene.add(this.bones, this.knots, this.chosen, this.ellipsoids, this.ellipsoid);

    this.track = smoothTrack(clip);
    this.box = extent(clip, this.track);
    this.at = this.track[0];
    this.ground = this.#ground();
    this.surroundings = new THREE.Group();
    this.scene.add(this.surroundings);
    /** @type {{mean: Float64Array, covariance: Float64Array} | null} */
    this.moments = null;
  }

  /** Draw in other colours. @param {import("./colours.js").Colours} colours */
  paint(colours) {
    this.colours = colours;
    const { bones, jointSides } = this.clip.facts;
    this.renderer.setClearColor(colours.pane);
    bones.forEach(([, , side], b) => this.bones.setColorAt(b, new THREE.Color(colours.side[side])));
    jointSides.forEach((side, j) => {
      this.knots.setColorAt(j, new THREE.Color(colours.side[side]));
      this.ellipsoids.setColorAt(j, new THREE.Color(colours.side[side]));
    });
    for (const mesh of [this.bones, this.knots, this.ellipsoids]) {
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
    const sides = bones.map(([, , side]) => colours.side[side]);
    this.ghosts.paint(sides);
    this.quickGhosts.paint(sides);
    this.shadow.paint([colours.shadow]);
    this.#surround(colours);
  }

  /**
   * Show a frame.
   * @param {import("./state.js").Choices} choices
   * @param {Float32Array} points (H, J, 3)
   * @param {{mean: Float64Array, covariance: Float64Array}} moments of them
   */
  show(choices, points, moments) {
    const { bones, joints, jointSides } = this.clip.facts;
    const colours = /** @type {import("./colours.js").Colours} */ (this.colours);
    const next = this.track[choices.frame];
    const step = new THREE.Vector3(...next.map((value, a) => value - this.at[a]));
    this.eye.position.add(step);
    this.controls.target.add(step);
    this.at = next;
    this.moments = moments;

    const row = 3 * joints.length;
    const ghosts = choices.ghostsShown ? choices.ghosts : 0;
    const [lines, others] = this.fineness === FINE ? [this.ghosts, this.quickGhosts] : [this.quickGhosts, this.ghosts];
    others.mesh.visible = false;
    lines.begin(translucency(ghosts));
    for (let h = 0; h < ghosts; h++) for (const [a, b] of bones) lines.add(points, h * row + 3 * a, h * row + 3 * b);
    lines.end();
    const { picked } = choices;
    this.picks.paint(picked.flatMap((h) => bones.map(() => colours.picks[h % colours.picks.length])));
    this.picks.begin(1);
    for (const h of picked) for (const [a, b] of bones) this.picks.add(points, h * row + 3 * a, h * row + 3 * b);
    this.picks.end();

    const flat = Float32Array.from(moments.mean, (value, i) => (i % 3 === 2 ? this.ground + 0.002 : value));
    this.shadow.begin(0.8);
    for (const [a, b] of bones) this.shadow.add(flat, 3 * a, 3 * b);
    this.shadow.end();
    this.bones.visible = this.knots.visible = choices.mean;
    bones.forEach(([a, b], k) => this.bones.setMatrixAt(k, rod(vector(moments.mean, a), vector(moments.mean, b))));
    const place = new THREE.Matrix4();
    joints.forEach((_, j) => {
      this.knots.setMatrixAt(j, place.makeTranslation(vector(moments.mean, j)));
      if (choices.ellipsoids) this.ellipsoids.setMatrixAt(j, ellipsoid(moments, j));
    });
    const colour = new THREE.Color(colours.side[jointSides[choices.joint]]);
    this.chosen.setMatrixAt(0, place.makeTranslation(vector(moments.mean, choices.joint)));
    this.chosen.setColorAt(0, colour);
    this.ellipsoid.setMatrixAt(0, ellipsoid(moments, choices.joint));
    this.ellipsoid.setColorAt(0, colour);
    this.ellipsoids.visible = choices.ellipsoids;
    for (const mesh of [this.bones, this.knots, this.chosen, this.ellipsoids, this.ellipsoid]) {
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
  }

  /** Fit the drawing to the canvas. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.renderer.setPixelRatio(this.fineness);
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.eye.aspect = clientWidth / clientHeight;
    this.eye.updateProjectionMatrix();
  }

  /**
   * Choose how finely to draw; true if that has changed.
   * @param {boolean} moving
   * @param {number} late how often the machine could not keep up
   */
  refine(moving, late) {
    const fineness = moving ? MOVING[Math.min(late, MOVING.length - 1)] : FINE;
    if (this.fineness === fineness) return false;
    this.fineness = fineness;
    this.resize();
    return true;
  }

  /** Whether the point of view still moves. */
  moves() {
    return this.controls.update();
  }

  /** Draw what was shown last. */
  render() {
    this.renderer.render(this.scene, this.eye);
  }

  /**
   * Look at the person from there.
   * @param {From} from
   * @param {number} view the camera whose line of sight counts
   */
  lookFrom(from, view) {
    const camera = this.clip.facts.views[view]?.camera;
    const forward = camera ? directions(camera, 0, this.at)[0].direction : [0, 1, 0];
    const [turn, raise] = EYES[from];
    const heading = Math.atan2(-forward[1], -forward[0]) + turn;
    const height = from === "camera" ? Math.asin(-forward[2]) : raise;
    const middle = new THREE.Vector3(...this.at).add(this.box.middle);
    const half = Math.tan((FIELD / 2) * (Math.PI / 180)) * Math.min(this.eye.aspect, 1);
    const distance = (1.05 * this.box.radius) / half;
    const flat = Math.cos(height);
    const offset = new THREE.Vector3(Math.cos(heading) * flat, Math.sin(heading) * flat, Math.sin(height));
    this.eye.position.copy(middle).addScaledVector(offset, distance);
    this.controls.target.copy(middle);
    this.controls.update();
  }

  /** Where the mean of a joint is on the canvas, px. @param {number} joint */
  place(joint) {
    if (!this.moments) return { x: NaN, y: NaN };
    this.eye.updateMatrixWorld();
    const point = vector(this.moments.mean, joint).project(this.eye);
    return {
      x: ((point.x + 1) / 2) * this.canvas.clientWidth,
      y: ((1 - point.y) / 2) * this.canvas.clientHeight,
    };
  }

  /** Height of the ground: the lowest joint of the means. */
  #ground() {
    const points = this.clip.room();
    const { joints, frames } = this.clip.facts;
    let lowest = Infinity;
    for (let frame = 0; frame < frames; frame += Math.ceil(frames / 100)) {
      this.clip.joints(frame, false, points);
      for (let j = 0; j < joints.length; j++) {
        let mean = 0;
        for (let i = 3 * j + 2; i < points.length; i += 3 * joints.length) mean += points[i];
        lowest = Math.min(lowest, (mean * 3 * joints.length) / points.length);
      }
    }
    return lowest;
  }

  /** Ground and cameras. @param {import("./colours.js").Colours} colours */
  #surround(colours) {
    this.surroundings.clear();
    const xs = this.track.map((point) => point[0]);
    const ys = this.track.map((point) => point[1]);
    const low = [Math.min(...xs) - 1.25, Math.min(...ys) - 1.25].map((v) => GRID * Math.floor(v / GRID));
    const high = [Math.max(...xs) + 1.25, Math.max(...ys) + 1.25].map((v) => GRID * Math.ceil(v / GRID));
    /** @type {number[]} */
    const grid = [];
    for (let x = low[0]; x <= high[0] + 1e-6; x += GRID) grid.push(x, low[1], this.ground, x, high[1], this.ground);
    for (let y = low[1]; y <= high[1] + 1e-6; y += GRID) grid.push(low[0], y, this.ground, high[0], y, this.ground);
    this.surroundings.add(still(grid, colours.grid));
    for (const view of this.clip.facts.views) {
      if (view.camera?.focal) this.surroundings.add(still(frustum(view.camera, view.size), colours.pale));
    }
  }
}

/** @param {Float64Array} values @param {number} index */
function vector(values, index) {
  return new THREE.Vector3(values[3 * index], values[3 * index + 1], values[3 * index + 2]);
}

/** Copies of one shape, each with its own place and colour. @param {THREE.BufferGeometry} shape @param {number} count */
function solids(shape, count, opacity = 1) {
  const through = opacity < 1;
  const material = new THREE.MeshLambertMaterial({ opacity, transparent: through, depthWrite: !through });
  const mesh = new THREE.InstancedMesh(shape, material, count);
  mesh.frustumCulled = false;
  mesh.renderOrder = through ? 3 : 1;
  return mesh;
}

/** A cylinder of length 1 along y, laid from one point to another. @param {THREE.Vector3} from @param {THREE.Vector3} to */
function rod(from, to) {
  const along = to.clone().sub(from);
  const length = Math.max(along.length(), 1e-6);
  const turn = new THREE.Quaternion().setFromUnitVectors(UP, along.divideScalar(length));
  const middle = from.clone().add(to).multiplyScalar(0.5);
  return new THREE.Matrix4().compose(middle, turn, new THREE.Vector3(1, length, 1));
}

/** The unit ball as the ellipsoid of a joint. @param {{mean: Float64Array, covariance: Float64Array}} moments @param {number} joint */
function ellipsoid(moments, joint) {
  const { axes, deviations } = principalAxes(moments.covariance.subarray(9 * joint, 9 * joint + 9));
  const [x, y, z] = axes.map((axis, k) => new THREE.Vector3(...axis).multiplyScalar(HALF * Math.max(deviations[k], THINNEST)));
  return new THREE.Matrix4().makeBasis(x, y, z).setPosition(vector(moments.mean, joint));
}

/** Lines that stay. @param {number[]} points @param {string} colour */
function still(points, colour) {
  const lines = new Lines(points.length / 6, { width: 1, opacity: 1 });
  const ends = Float32Array.from(points);
  lines.paint([colour]);
  lines.begin(1);
  for (let i = 0; i < ends.length; i += 6) lines.add(ends, i, i + 3);
  lines.end();
  lines.mesh.renderOrder = 0;
  return lines.mesh;
}

/** The pyramid of sight of a camera, 0.4 m long. @param {import("./data.js").Camera} camera @param {[number, number]} size */
function frustum(camera, size) {
  const { rotation, centre } = pose(camera, 0);
  const [fx, fy] = /** @type {[number, number]} */ (camera.focal);
  const corners = [[0, 0], [size[0], 0], size, [0, size[1]]].map(([u, v]) => {
    const ray = [(u - camera.centre[0]) / fx, (v - camera.centre[1]) / fy, 1];
    return [0, 1, 2].map((a) => centre[a] + 0.4 * (rotation[a] * ray[0] + rotation[3 + a] * ray[1] + rotation[6 + a] * ray[2]));
  });
  return corners.flatMap((corner, k) => [...centre, ...corner, ...corner, ...corners[(k + 1) % 4]]);
}

/** The mean root of every frame, or where the person stays in one place, always the same. @param {import("./data.js").Clip} clip */
function smoothTrack(clip) {
  const { frames, frameRate } = clip.facts;
  const roots = Array.from({ length: frames }, (_, frame) => clip.meanRoot(frame));
  const sums = [[0, 0, 0]];
  roots.forEach((root, f) => sums.push(root.map((value, a) => value + sums[f][a])));
  const mean = sums[frames].map((value) => value / frames);
  const most = Math.max(...[0, 1].map((a) => quantile(roots.map((root) => Math.abs(root[a] - mean[a])), 0.98)));
  if (most < STAYS / 2) return roots.map(() => mean);
  const half = Math.round(frameRate / 2);
  return roots.map((_, f) => {
    const [from, to] = [Math.max(f - half, 0), Math.min(f + half + 1, frames)];
    return sums[to].map((value, a) => (value - sums[from][a]) / (to - from));
  });
}

/** Middle and radius, metres, of nearly all joints about the track. @param {import("./data.js").Clip} clip @param {number[][]} track */
function extent(clip, track) {
  const points = clip.room();
  /** @type {number[][]} */
  const off = [[], [], []];
  const { frames } = clip.facts;
  const every = 3 * Math.ceil(points.length / 3 / 400);
  for (let frame = 0; frame < frames; frame += Math.ceil(frames / 20)) {
    clip.joints(frame, false, points);
    for (let i = 0; i + 2 < points.length; i += every) for (let a = 0; a < 3; a++) off[a].push(points[i + a] - track[frame][a]);
  }
  const [low, high] = [0.02, 0.98].map((share) => new THREE.Vector3(...off.map((values) => quantile(values, share))));
  const middle = low.clone().add(high).multiplyScalar(0.5);
  return { middle, radius: Math.min(Math.max(high.sub(low).length() / 2, 0.9), 4) };
}
