/** Colours, which people with any colour vision tell apart. */

/** Nine for single hypotheses, by theme: the muted scheme of P. Tol, and lighter ones for the dark. */
const PICKS = {
  light: ["#332288", "#117733", "#cc6677", "#44aa99", "#882255", "#999933", "#aa4499", "#3a9bc5", "#b8963e"],
  dark: ["#9b8cf0", "#4dbb6e", "#f08fa0", "#5fd6c3", "#d8608f", "#c8c85a", "#d987c9", "#a8def5", "#ead98a"],
};

/**
 * @typedef {object} Colours
 * @property {Record<import("./data.js").Side, string>} side
 * @property {string[]} picks
 * @property {string} ink
 * @property {string} pale
 * @property {string} pane
 * @property {string} image
 * @property {string} line
 * @property {string} grid
 * @property {string} shadow
 * @property {string} accent
 * @property {string} heat red, green and blue
 */

/** The colours of the present theme. @returns {Colours} */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const dark = document.documentElement.dataset.theme === "dark";
  return {
    side: { left: of("left"), middle: of("middle"), right: of("right") },
    picks: dark ? PICKS.dark : PICKS.light,
    ink: of("ink"),
    pale: of("pale"),
    pane: of("pane"),
    image: of("image"),
    line: of("line"),
    grid: of("grid"),
    shadow: of("shadow"),
    accent: of("accent"),
    heat: of("heat"),
  };
}

/** An opacity at which so many lines over each other still show where most of them are. @param {number} count */
export function translucency(count) {
  return Math.min(Math.max(1.8 / Math.sqrt(Math.max(count, 1)), 0.14), 0.9);
}
