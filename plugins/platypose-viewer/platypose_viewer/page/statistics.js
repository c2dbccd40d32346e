/** Means, covariances and what is made of them. */

/**
 * Mean (J, 3) and covariance (J, 3, 3) of each joint over the hypotheses.
 * @param {Float32Array} points (H, J, 3)
 * @param {number} joints
 */
export function moments(points, joints) {
  const hypotheses = points.length / (3 * joints);
  const mean = new Float64Array(3 * joints);
  const covariance = new Float64Array(9 * joints);
  for (let i = 0; i < points.length; i++) mean[i % (3 * joints)] += points[i] / hypotheses;
  for (let h = 0; h < hypotheses; h++) {
    for (let j = 0; j < joints; j++) {
      const at = 3 * (h * joints + j);
      for (let a = 0; a < 3; a++) {
        const off = (points[at + a] - mean[3 * j + a]) / hypotheses;
        for (let b = 0; b < 3; b++) covariance[9 * j + 3 * a + b] += off * (points[at + b] - mean[3 * j + b]);
      }
    }
  }
  return { mean, covariance };
}

/**
 * The standard deviation along a unit vector.
 * @param {Float64Array} covariance (3, 3)
 * @param {number[]} direction
 */
export function deviation(covariance, direction) {
  let variance = 0;
  for (let a = 0; a < 3; a++) {
    for (let b = 0; b < 3; b++) variance += direction[a] * covariance[3 * a + b] * direction[b];
  }
  return Math.sqrt(Math.max(variance, 0));
}

/** The root of the trace of a covariance (3, 3). @param {Float64Array} covariance */
export function spread(covariance) {
  return Math.sqrt(Math.max(covariance[0] + covariance[4] + covariance[8], 0));
}

/**
 * Principal axes of a covariance (3, 3), by Jacobi's rotations.
 * @param {Float64Array} covariance
 * @returns {{axes: number[][], deviations: number[]}} unit vectors, and the deviation along each
 */
export function principalAxes(covariance) {
  const matrix = [0, 1, 2].map((row) => Array.from(covariance.subarray(3 * row, 3 * row + 3)));
  const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const [p, q] of [[0, 1], [0, 2], [1, 2]]) {
      if (Math.abs(matrix[p][q]) < 1e-15) continue;
      const angle = 0.5 * Math.atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]);
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (const rows of [matrix, axes]) {
        [rows[p], rows[q]] = [0, 1].map((side) =>
          rows[p].map((value, k) => (side ? sin * value + cos * rows[q][k] : cos * value - sin * rows[q][k])));
      }
      for (const row of matrix) [row[p], row[q]] = [cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]];
    }
  }
  return { axes, deviations: [0, 1, 2].map((k) => Math.sqrt(Math.max(matrix[k][k], 0))) };
}

/**
 * How many values fall into each of equal bins; those outside are in none.
 * @param {number[]} values
 * @param {number} reach the bins go from −reach to reach
 * @param {number} bins
 */
export function histogram(values, reach, bins) {
  const counts = new Array(bins).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value + reach) / (2 * reach)) * bins);
    if (bin >= 0 && bin < bins) counts[bin] += 1;
  }
  return counts;
}

/** The quantile of some numbers; NaN of none. @param {number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? NaN;
}
