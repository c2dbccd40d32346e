/** Many lines of a width in pixels, whose ends change from frame to frame. */

import * as THREE from "three";
import { LineMaterial } from "three/LineMaterial";
import { LineSegments2 } from "three/LineSegments2";
import { LineSegmentsGeometry } from "three/LineSegmentsGeometry";

/** A set of line segments. */
export class Lines {
  /** @param {number} most segments @param {{width: number, opacity: number}} look width in px */
  constructor(most, { width, opacity }) {
    this.count = 0;
    const geometry = new LineSegmentsGeometry();
    geometry.setPositions(new Float32Array(6 * Math.max(most, 1)));
    geometry.setColors(new Float32Array(6 * Math.max(most, 1)));
    this.ends = buffer(geometry, "instanceStart");
    this.colours = buffer(geometry, "instanceColorStart");
    this.material = new LineMaterial({
      linewidth: width,
      vertexColors: true,
      transparent: true,
      opacity,
      depthWrite: false,
    });
    this.mesh = new LineSegments2(geometry, this.material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 2;
  }

  /** Give the segments colours, over and over again. @param {string[]} cycle */
  paint(cycle) {
    if (!cycle.length) return;
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
    const { array } = this.ends;
    const start = 6 * this.count++;
    for (let a = 0; a < 3; a++) {
      array[start + a] = points[from + a];
      array[start + 3 + a] = points[to + a];
    }
  }

  /** Hand the segments to the graphics card. */
  end() {
    this.mesh.geometry.instanceCount = this.count;
    this.mesh.visible = this.count > 0;
    this.ends.needsUpdate = true;
  }
}

/** The numbers behind an attribute, which starts and ends of the lines share. @param {LineSegmentsGeometry} geometry @param {string} name */
function buffer(geometry, name) {
  return /** @type {THREE.InterleavedBufferAttribute} */ (geometry.getAttribute(name)).data;
}
