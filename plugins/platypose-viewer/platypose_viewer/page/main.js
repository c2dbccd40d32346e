/** Puts the page together. */

import { readClip } from "./data.js";
import { State, SPEEDS } from "./state.js";
import { Scene } from "./scene.js";
import { Overlay } from "./overlay.js";
import { Marginals, millimetres } from "./marginals.js";
import { Timeline } from "./timeline.js";
import { Playback } from "./playback.js";
import { moments } from "./statistics.js";
import { colours } from "./colours.js";
import { MEANING } from "./sight.js";
import { explain, keys, listen } from "./keys.js";

/** @typedef {"left" | "middle" | "right"} Side */

/** How near to a joint, px, a click selects it. */
const NEAR = 24;
const PICKS = 9;

/** @template {HTMLElement} E @param {string} id */
const element = (id) => /** @type {E} */ (document.getElementById(id));

const clip = await readClip();
const { facts } = clip;
const names = facts.joints;
const state = new State(
  {
    frame: 0,
    playing: false,
    speed: 1,
    ghosts: facts.hypotheses,
    ghostsShown: true,
    mean: true,
    ellipsoids: false,
    aligned: facts.aligned,
    joint: Math.max(names.indexOf("left wrist"), 0),
    picked: [],
    view: 0,
    whole: false,
  },
  { frames: facts.frames, joints: names.length, views: facts.views.length, hypotheses: facts.hypotheses },
);
const video = /** @type {HTMLVideoElement} */ (element("video"));
const scene = new Scene(element("world"), clip);
const overlay = new Overlay(element("image"), video, clip);
const marginals = new Marginals(clip, (joint) => state.set({ joint }));
const timeline = new Timeline(element("spread"), element("frame"), facts.frames);
const playback = new Playback(state, facts, video);
const seen = facts.views.length > 0 && facts.keypoints.length > 0;
const room = clip.room();

let paint = colours();
let stale = true;
let rendered = 0;
let sentence = "";

/** Draw everything for the present choices. */
function show() {
  const { choices } = state;
  const points = clip.joints(choices.frame, choices.aligned, room);
  const of = moments(points, names.length);
  scene.show(choices, points, of);
  sentence = marginals.show(choices, points, of, paint);
  timeline.draw(choices.frame, marginals.spreads, names[choices.joint], paint);
  playback.follow();
  const time = choices.frame / facts.frameRate;
  element("time").textContent = `${time.toFixed(2)} s\nframe ${choices.frame + 1} of ${facts.frames}`;
  if (!seen) return;
  overlay.draw(choices, paint);
  const error = overlay.error();
  const near = Number.isNaN(error) ? "nothing was observed in this frame" : `median distance of the hypotheses from it ${error.toFixed(1)} px`;
  element("image-error").textContent = near;
}

/** Called by the browser before each of its frames. @param {number} now ms */
function tick(now) {
  playback.tick(now);
  const moving = scene.moves();
  if (scene.refine(moving || state.choices.playing, playback.late)) stale = true;
  if (stale) show();
  if (stale || moving) {
    scene.render();
    rendered += 1;
  }
  stale = false;
  requestAnimationFrame(tick);
}

/** Follow the size of the window. */
function resize() {
  scene.resize();
  overlay.resize();
  marginals.resize();
  timeline.resize();
  stale = true;
}

/** What depends on a choice and not on the frame. @param {Set<string>} changed */
function update(changed) {
  const { choices } = state;
  stale = true;
  if (changed.has("joint") || changed.has("aligned")) marginals.select(choices.joint, choices.aligned);
  if (changed.has("view")) showVideo();
  const pressed = (/** @type {string} */ id, /** @type {boolean} */ on) => element(id).setAttribute("aria-pressed", String(on));
  pressed("play", choices.playing);
  element("play").setAttribute("aria-label", choices.playing ? "Pause" : "Play");
  for (const id of /** @type {const} */ (["mean", "ellipsoids", "aligned", "whole"])) pressed(id, choices[id]);
  element("views").querySelectorAll("button").forEach((button, v) => button.setAttribute("aria-pressed", String(v === choices.view)));
  element("picks").querySelectorAll("button").forEach((button, h) => button.setAttribute("aria-pressed", String(choices.picked.includes(h))));
  const count = choices.ghostsShown ? choices.ghosts : 0;
  /** @type {HTMLInputElement} */ (element("ghosts")).value = String(count);
  element("ghost-count").textContent = String(count);
  /** @type {HTMLSelectElement} */ (element("speed")).value = String(choices.speed);
}

/** The video of the chosen view, if the page holds one. */
function showVideo() {
  const address = clip.videos[state.choices.view];
  video.hidden = !address;
  if (address && video.src !== address) video.src = address;
}

/** Take the colours of the theme. */
function recolour() {
  paint = colours();
  scene.paint(paint);
  element("picks").querySelectorAll("button").forEach((button, h) => button.style.setProperty("--key", paint.picks[h]));
  stale = true;
}

/** @param {"light" | "dark"} theme */
function wear(theme) {
  document.documentElement.dataset.theme = theme;
}

/** Select the joint nearest to a click. @param {MouseEvent} event @param {{x: number, y: number}[]} places by joint */
function selectNear(event, places) {
  const distances = places.map(({ x, y }) => Math.hypot(x - event.offsetX, y - event.offsetY) || Infinity);
  const nearest = distances.indexOf(Math.min(...distances));
  if (distances[nearest] < NEAR) state.set({ joint: nearest });
}

/** @param {HTMLElement} parent @param {string} text @param {string} title @param {() => void} run */
function addButton(parent, text, title, run) {
  const button = document.createElement("button");
  [button.type, button.textContent, button.title] = ["button", text, title];
  button.addEventListener("click", run);
  parent.append(button);
}

/** Sentences after coloured keys. @param {HTMLElement} legend @param {string} text */
function addLegend(legend, text) {
  for (const side of /** @type {const} */ (["left", "middle", "right"])) {
    const key = document.createElement("span");
    key.className = "key";
    key.textContent = side;
    key.style.setProperty("--key", `var(--${side})`);
    legend.append(key, " ");
  }
  legend.append(text);
}

/** Texts and buttons that never change. */
function furnish() {
  for (const [word, value] of facts.facts) {
    const [group, term, text] = [document.createElement("div"), document.createElement("dt"), document.createElement("dd")];
    [term.textContent, text.textContent] = [word, value];
    group.append(term, text);
    element("facts").append(group);
  }
  element("credit").textContent = facts.credit;
  element("note").textContent = facts.note;
  element("note").hidden = !facts.note;
  const camera = facts.views.some((view) => view.camera);
  element("directions").textContent = camera ? MEANING.seen : MEANING.unseen;
  addLegend(element("world-legend"), `Bold: mean. Thin: hypotheses. Ellipsoid: half of a normal distribution. Grid: 0.5 m.${camera ? " Pyramid: camera." : ""}`);
  const what = facts.heat ? "Shading: heatmaps" : "Dots: keypoints, the fainter the less confident";
  addLegend(element("image-legend"), `${what}; `);
  const error = document.createElement("span");
  error.id = "image-error";
  element("image-legend").append(error);
  if (facts.views.length > 1) {
    facts.views.forEach(({ name }, view) => addButton(element("views"), name, "Show this camera (v: the next)", () => state.set({ view })));
  }
  element("evidence").hidden = !seen;
  document.querySelector("main")?.classList.toggle("unseen", !seen);
  element("picks").append("Single");
  for (let h = 0; h < Math.min(PICKS, facts.hypotheses); h++) {
    addButton(element("picks"), String(h + 1), `Draw hypothesis ${h + 1} bold (${h + 1})`, () => state.pick(h));
  }
  const speed = /** @type {HTMLSelectElement} */ (element("speed"));
  for (const value of SPEEDS) speed.add(new Option(`${value}×`, String(value)));
}

/** Buttons, sliders and the mouse. */
function wire() {
  const look = (/** @type {import("./scene.js").From} */ from) => {
    scene.lookFrom(from, state.choices.view);
    stale = true;
  };
  const theme = () => wear(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  const help = () => /** @type {HTMLDialogElement} */ (element("help")).showModal();
  const all = keys(state, { look, theme, help });
  listen(all);
  explain(all, element("keys"));
  const on = (/** @type {string} */ id, /** @type {string} */ type, /** @type {(target: HTMLInputElement) => void} */ run) =>
    element(id).addEventListener(type, () => run(/** @type {HTMLInputElement} */ (element(id))));
  for (const id of /** @type {const} */ (["mean", "ellipsoids", "aligned", "whole"])) on(id, "click", () => state.toggle(id));
  on("play", "click", () => state.toggle("playing"));
  on("theme", "click", theme);
  on("help-button", "click", help);
  on("frame", "input", ({ value }) => state.goTo(Number(value)));
  on("ghosts", "input", ({ value }) => state.set({ ghosts: Number(value), ghostsShown: true }));
  on("speed", "change", ({ value }) => state.set({ speed: Number(value) }));
  document.querySelectorAll("[data-from]").forEach((button) => {
    const from = /** @type {import("./scene.js").From} */ (/** @type {HTMLElement} */ (button).dataset.from);
    button.addEventListener("click", () => look(from));
  });
  scene.canvas.addEventListener("click", (event) => selectNear(event, names.map((_, j) => scene.place(j))));
  overlay.canvas.addEventListener("click", (event) => {
    const observed = clip.observed(state.choices.frame, state.choices.view);
    selectNear(event, names.map((joint) => {
      const at = facts.keypoints.indexOf(joint.replace(" ", "_").replace("foot", facts.keypoints.includes("left_foot") ? "foot" : "ankle"));
      return at < 0 ? { x: NaN, y: NaN } : overlay.place(observed[at].x, observed[at].y);
    }));
  });
  video.addEventListener("error", () => {
    video.hidden = true; // the browser does not know its codec; the keypoints are still there
    stale = true;
  });
  video.addEventListener("loadedmetadata", () => (stale = true));
}

const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => wear(system.matches ? "dark" : "light"));
wear(system.matches ? "dark" : "light");
furnish();
/** @type {HTMLInputElement} */ (element("ghosts")).max = String(facts.hypotheses);
wire();
recolour();
new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
state.listeners.push(update);
update(new Set(["joint", "view"]));
resize();
scene.lookFrom("oblique", 0);
new ResizeObserver(resize).observe(document.body);
new ResizeObserver(resize).observe(scene.canvas);
requestAnimationFrame(tick);

/** For programs that look at the page. */
Object.assign(window, {
  platypose: {
    clip,
    state,
    scene,
    overlay,
    millimetres,
    sentence: () => sentence,
    rendered: () => rendered,
  },
});
