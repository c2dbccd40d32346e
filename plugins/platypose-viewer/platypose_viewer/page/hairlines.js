/** Many lines of one pixel, whose ends change from frame to frame; wide ones would cost far more. */

import * as THREE from "three";

/** A set of line segments. */
export class Hairlines {
  /** @param {number} most segments */
  constructor(most) {
    this.count = 0;
    this.ends = new THREE.Float32BufferAttribute(new Float32Array(6 * Math.max(most, 1)), 3);
    this.colours = new THREE.Float32BufferAttribute(new Float32Array(6 * Math.max(most, 1)), 3);
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", this.ends);
    geometry.setAttribute("color", this.colours);
    this.material = new THREE.LineBasicMaterial({ vertexColors: true, transparent: true, depthWrite: false });
    this.mesh = new THREE.LineSegments(geometry, this.material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 2;
  }

  /** Give the segments colours, over and over again. @param {string[]} cycle */
  paint(cycle) {
    const shades = cycle.map((colour) => new THREE.Color(colour).toArray());
    const { array } = this.colours;
    for (let i = 0; i < array.length; i++) array[i] = shades[Math.floor(i / 6) % shades.length][i % 3];
    this.colours.needsUpdate = true;
  }

  /** Forget all segments. @param {number} opacity of those to come */
  begin(opacity) {
    this.count = 0;
    this.material.opacity = opacity;
  }

  /**
   * Add a segment between two points.
   * @param {Float32Array} points
   * @param {number} from index of its x
   * @param {number} to index of its x
   */
  add(points, from, to) {
    const start = 6 * this.count++;
    for (let a = 0; a < 3; a++) {
      this.ends.array[start + a] = points[from + a];
      this.ends.array[start + 3 + a] = points[to + a];
    }
  }

  /** Hand the segments to the graphics card. */
  end() {
    this.mesh.geometry.setDrawRange(0, 2 * this.count);
    this.mesh.visible = this.count > 0;
    this.ends.needsUpdate = true;
  }
}
