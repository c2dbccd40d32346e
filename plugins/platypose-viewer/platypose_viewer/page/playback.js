/** Time that passes. */

/** How far, in seconds, a video may be from the frame shown before it is set right. */
const DRIFT = 0.12;
/** Seconds between drawings that are too many. */
const SLOW = 1 / 40;

/** Goes from frame to frame while the state says that it plays; the video follows. */
export class Playback {
  /**
   * @param {import("./state.js").State} state
   * @param {import("./data.js").Facts} facts
   * @param {HTMLVideoElement} video
   */
  constructor(state, facts, video) {
    this.state = state;
    this.frameRate = facts.frameRate;
    this.firstFrame = facts.firstFrame;
    this.video = video;
    this.time = 0;
    this.last = 0;
    this.pace = 0;
    /** How many times this machine could not keep up. */
    this.late = 0;
  }

  /** Called before each drawing. @param {number} now ms */
  tick(now) {
    const { playing, frame, speed } = this.state.choices;
    const passed = Math.min((now - this.last) / 1000, 0.25);
    this.last = now;
    if (playing && passed > 0) this.#watch(passed);
    if (!playing) {
      this.time = frame / this.frameRate;
      return;
    }
    const duration = this.state.frames / this.frameRate;
    this.time = (this.time + speed * passed) % duration;
    this.state.set({ frame: Math.min(Math.floor(this.time * this.frameRate), this.state.frames - 1) });
  }

  /** Keep a running mean of the time between drawings. @param {number} passed s */
  #watch(passed) {
    this.pace += (passed - this.pace) / 10;
    if (this.pace < SLOW) return;
    this.late += 1;
    this.pace = 0;
  }

  /** Bring the video to the frame. */
  follow() {
    const { video } = this;
    if (video.hidden || video.readyState < 1) return;
    const { playing, frame, speed } = this.state.choices;
    const wanted = (this.firstFrame + frame + 0.5) / this.frameRate; // the middle of a frame is safe from rounding
    if (!playing) {
      video.pause();
      if (Math.abs(video.currentTime - wanted) > 0.25 / this.frameRate) video.currentTime = wanted;
      return;
    }
    video.playbackRate = speed;
    if (video.paused) video.play().catch(() => {}); // a pause right after is no error
    if (Math.abs(video.currentTime - wanted) > DRIFT * Math.max(speed, 1)) video.currentTime = wanted;
  }
}
