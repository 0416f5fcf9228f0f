// The tool row of linked plots: views, what a drag does, arrows, legend.
import { make } from "./dom.js";

const DRAG_MODES = [
  ["lasso", "Lasso", "Drag around points to select them"],
  ["box", "Box", "Drag a box to select points"],
  ["pan", "Pan", "Drag moves the axes, the wheel zooms"],
];

/** Build the row; `select` takes rows and how, `update` brings the row up to date. */
export function makePlotTools({ model, state, select }) {
  const tools = make("div", { class: "svm-tools", role: "toolbar", "aria-label": "Plots" });
  function save(key, value) {
    model.set(key, value);
    model.save_changes();
  }
  const toggles = (items, key, label) =>
    make("div", { class: "svm-tabs", role: "group", "aria-label": label },
      ...items.map(([value, text, title]) =>
        make("button", { type: "button", class: "svm-tab", text, title: title || text, "aria-pressed": String(model.get(key) === value), onclick: () => save(key, value) })));

  function update() {
    tools.hidden = !model.get("has_tools");
    if (tools.hidden) return;
    const focused = [...tools.querySelectorAll("button")].indexOf(document.activeElement);
    const nRejected = state.rejected.reduce((a, b) => a + b, 0);
    const words = model.get("words");
    const entry = (kind, n, word) => make("span", { class: "svm-entry" }, make("span", { class: `svm-point svm-point-${kind}`, "aria-hidden": "true" }), make("span", { class: "svm-num", text: String(n) }), make("span", { text: word }));
    const legend = make("div", { class: "svm-entries" },
      entry("kept", state.count - nRejected, words.kept || "points"),
      nRejected ? entry("rejected", nRejected, words.rejected || "rejected") : null,
      entry("selected", state.selected.size, "selected"),
      state.preview.size ? entry("preview", state.preview.size, words.preview || "preview") : null);
    const vectors = state.plots.find((p) => p.panel.kind === "vectors" && p.magnification);
    const scaleBy = (k) => save("magnification", vectors.magnification * k);
    const arrow = vectors
      ? make("div", { class: "svm-group" },
        make("span", { class: "svm-quiet-text", text: "Arrows" }),
        make("button", { type: "button", class: "svm-tool svm-square", text: "−", title: "Shorter arrows", "aria-label": "Shorter arrows", onclick: () => scaleBy(0.5) }),
        make("button", { type: "button", class: "svm-tool svm-square", text: "+", title: "Longer arrows", "aria-label": "Longer arrows", onclick: () => scaleBy(2) }),
        model.get("magnification") ? make("button", { type: "button", class: "svm-tool", text: "Auto", title: "Choose the arrow length automatically", onclick: () => save("magnification", 0) }) : null)
      : null;
    const views = model.get("views");
    tools.replaceChildren(
      ...[
        views.length > 1 ? toggles(views, "view", "View") : null,
        toggles(DRAG_MODES, "mode", "A drag"),
        make("button", { type: "button", class: "svm-tool", text: "Clear", title: "Select nothing (escape)", disabled: state.selected.size === 0, onclick: () => select([], "new") }),
        make("span", { class: "svm-quiet-text", text: "Shift adds, Alt removes" }),
        arrow,
        legend,
      ].filter(Boolean),
    );
    if (focused >= 0) tools.querySelectorAll("button")[focused]?.focus();
  }

  return { element: tools, update };
}
