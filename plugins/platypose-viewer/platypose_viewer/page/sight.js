/** Directions in which a joint is uncertain: along the line of sight and across it. */

/** @typedef {{name: string, direction: number[]}} Direction */

/** What the directions are, for readers. */
export const MEANING = {
  seen: "Depth is along the line of sight from the camera to the joint, lateral is to the right in its image, and vertical is up in its image.",
  unseen: "No camera is known, so that uncertainty is given along the axes of the world, of which z points up.",
};

/**
 * Unit vectors in the world; those of a camera lie along the line of sight and across it.
 * @param {import("./data.js").Camera | null | undefined} camera
 * @param {number} frame
 * @param {number[]} point world metres
 * @returns {Direction[]}
 */
export function directions(camera, frame, point) {
  if (!camera) {
    return [
      { name: "x", direction: [1, 0, 0] },
      { name: "y", direction: [0, 1, 0] },
      { name: "z, height", direction: [0, 0, 1] },
    ];
  }
  const { rotation, centre } = pose(camera, frame);
  const axis = rotation.slice(6, 9);
  const depth = camera.perspective ? unit(point.map((value, a) => value - centre[a])) : axis;
  const right = rotation.slice(0, 3);
  const along = dot(right, depth);
  const lateral = unit(right.map((value, a) => value - along * depth[a]));
  return [
    { name: "depth", direction: depth },
    { name: "lateral", direction: lateral },
    { name: "vertical", direction: cross(lateral, depth) },
  ];
}

/**
 * Where a camera stands (world metres), and its axes as rows.
 * @param {import("./data.js").Camera} camera
 * @param {number} frame
 */
export function pose(camera, frame) {
  const rotation = camera.rotation[Math.min(frame, camera.rotation.length - 1)];
  const [x, y, z] = camera.translation[Math.min(frame, camera.translation.length - 1)];
  const centre = [0, 1, 2].map((a) => -(rotation[a] * x + rotation[3 + a] * y + rotation[6 + a] * z));
  return { rotation, centre };
}

/** @param {number[]} a @param {number[]} b */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** @param {number[]} vector */
function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** @param {number[]} a @param {number[]} b */
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
