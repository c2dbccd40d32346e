/** What the user has chosen. */

/**
 * @typedef {object} Choices
 * @property {number} frame
 * @property {boolean} playing
 * @property {number} speed
 * @property {number} ghosts how many hypotheses are drawn thin
 * @property {boolean} ghostsShown
 * @property {boolean} mean
 * @property {boolean} ellipsoids
 * @property {boolean} aligned whether roots are put together
 * @property {number} joint the selected one
 * @property {number[]} picked hypotheses drawn bold
 * @property {number} view
 * @property {boolean} whole whether the whole image is shown
 */

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];

/** The choices, and who wants to hear of changes. */
export class State {
  /** @param {Choices} choices @param {{frames: number, joints: number, views: number, hypotheses: number}} counts */
  constructor(choices, { frames, joints, views, hypotheses }) {
    this.choices = choices;
    this.frames = frames;
    this.joints = joints;
    this.views = views;
    this.hypotheses = hypotheses;
    /** @type {((changed: Set<string>) => void)[]} */
    this.listeners = [];
  }

  /** @param {Partial<Choices>} changes */
  set(changes) {
    const before = this.choices;
    this.choices = { ...before, ...changes };
    const names = /** @type {(keyof Choices)[]} */ (Object.keys(changes));
    const changed = new Set(names.filter((name) => before[name] !== this.choices[name]));
    if (changed.size) for (const listener of this.listeners) listener(changed);
  }

  /** Turn a choice on or off. @param {"playing" | "ghostsShown" | "mean" | "ellipsoids" | "aligned" | "whole"} name */
  toggle(name) {
    this.set({ [name]: !this.choices[name] });
  }

  /** Go so many frames on, and stop. @param {number} count */
  stepFrames(count) {
    this.goTo(this.choices.frame + count);
  }

  /** Stop at a frame. @param {number} frame */
  goTo(frame) {
    this.set({ playing: false, frame: Math.min(Math.max(frame, 0), this.frames - 1) });
  }

  /** @param {number} count */
  stepJoint(count) {
    this.set({ joint: (this.choices.joint + count + this.joints) % this.joints });
  }

  /** @param {number} count */
  stepSpeed(count) {
    const index = SPEEDS.indexOf(this.choices.speed) + count;
    this.set({ speed: SPEEDS[Math.min(Math.max(index, 0), SPEEDS.length - 1)] });
  }

  /** The next camera. */
  nextView() {
    if (this.views) this.set({ view: (this.choices.view + 1) % this.views });
  }

  /** Draw a hypothesis bold, or no more. @param {number} hypothesis */
  pick(hypothesis) {
    if (hypothesis >= this.hypotheses) return;
    const { picked } = this.choices;
    const others = picked.filter((other) => other !== hypothesis);
    this.set({ picked: others.length < picked.length ? others : [...picked, hypothesis] });
  }
}
