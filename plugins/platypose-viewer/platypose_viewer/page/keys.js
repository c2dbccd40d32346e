/** What keys do. */

/**
 * @typedef {object} Key
 * @property {string[]} keys as the browser names them
 * @property {string} label
 * @property {string} does
 * @property {(event: KeyboardEvent) => void} run
 */

/**
 * All keys.
 * @param {import("./state.js").State} state
 * @param {{look: (from: import("./scene.js").From) => void, theme: () => void, help: () => void}} page
 * @returns {Key[]}
 */
export function keys(state, page) {
  const step = (/** @type {KeyboardEvent} */ event) => (event.shiftKey ? 10 : 1);
  return [
    { keys: [" "], label: "space", does: "play or pause", run: () => state.toggle("playing") },
    { keys: ["ArrowLeft"], label: "←", does: "one frame back; with shift, ten", run: (event) => state.stepFrames(-step(event)) },
    { keys: ["ArrowRight"], label: "→", does: "one frame on; with shift, ten", run: (event) => state.stepFrames(step(event)) },
    { keys: ["Home"], label: "home", does: "first frame", run: () => state.goTo(0) },
    { keys: ["End"], label: "end", does: "last frame", run: () => state.goTo(state.frames - 1) },
    { keys: ["["], label: "[", does: "slower", run: () => state.stepSpeed(-1) },
    { keys: ["]"], label: "]", does: "faster", run: () => state.stepSpeed(1) },
    { keys: ["ArrowUp"], label: "↑", does: "joint above in the list", run: () => state.stepJoint(-1) },
    { keys: ["ArrowDown"], label: "↓", does: "joint below in the list", run: () => state.stepJoint(1) },
    { keys: [..."123456789"], label: "1–9", does: "hypothesis drawn bold, or no more", run: (event) => state.pick(Number(event.key) - 1) },
    { keys: ["0"], label: "0", does: "none drawn bold", run: () => state.set({ picked: [] }) },
    { keys: ["g"], label: "g", does: "hypotheses as ghosts", run: () => state.toggle("ghostsShown") },
    { keys: ["m"], label: "m", does: "mean", run: () => state.toggle("mean") },
    { keys: ["e"], label: "e", does: "ellipsoids of all joints", run: () => state.toggle("ellipsoids") },
    { keys: ["r"], label: "r", does: "hips aligned: what is left is relative to the root", run: () => state.toggle("aligned") },
    { keys: ["o"], label: "o", does: "look from beside the camera", run: () => page.look("oblique") },
    { keys: ["c"], label: "c", does: "look along the line of sight", run: () => page.look("camera") },
    { keys: ["s"], label: "s", does: "look across the line of sight", run: () => page.look("side") },
    { keys: ["t"], label: "t", does: "look from above", run: () => page.look("top") },
    { keys: ["v"], label: "v", does: "next camera", run: () => state.nextView() },
    { keys: ["z"], label: "z", does: "whole image, or around the person", run: () => state.toggle("whole") },
    { keys: ["d"], label: "d", does: "light or dark", run: () => page.theme() },
    { keys: ["?"], label: "?", does: "this help", run: () => page.help() },
  ];
}

/** Listen to the keyboard. @param {Key[]} all */
export function listen(all) {
  const byKey = new Map(all.flatMap((key) => key.keys.map((name) => [name, key])));
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const arrow = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
    const own = target.tagName === "SELECT" || (target.id === "ghosts" && arrow) || document.querySelector("dialog[open]");
    if (own || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && target.tagName === "BUTTON") return; // space presses it
    const key = byKey.get(event.key) ?? byKey.get(event.key.toLowerCase());
    if (!key) return;
    event.preventDefault();
    key.run(event);
  });
}

/** Write the keys into a list. @param {Key[]} all @param {HTMLElement} list */
export function explain(all, list) {
  for (const { label, does } of all) {
    const [row, term, text] = ["div", "dt", "dd"].map((name) => document.createElement(name));
    [term.textContent, text.textContent] = [label, does];
    row.append(term, text);
    list.append(row);
  }
}
