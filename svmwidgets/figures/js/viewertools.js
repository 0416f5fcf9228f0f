// The tool row and the legend of the image viewer.
import { make } from "./dom.js";
import { formatLimit } from "./geometry.js";

const STRETCH_NAMES = ["linear", "sqrt", "log", "asinh"];
const MAP_NAMES = ["gray", "viridis", "magma", "cividis", "turbo", "difference"];

function fillMenu(menu, options, value) {
  const key = JSON.stringify(options);
  if (menu.dataset.options !== key) {
    menu.dataset.options = key;
    menu.replaceChildren(...options.map(([v, text]) => make("option", { value: v, text })));
  }
  menu.value = value;
}

/**
 * Build the controls. `viewer` gives model, frames(), index(), layers(), lookOf(),
 * isContrastChanged() and actions; `update` brings the controls up to date.
 */
export function makeViewerTools(viewer) {
  const { model, actions } = viewer;
  const save = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };
  const menu = (key, label) =>
    make("select", { "aria-label": label, title: label, onchange: (e) => save(key, e.target.value) });
  const button = (text, label, onclick, kind = "") =>
    make("button", { type: "button", class: `svm-tool ${kind}`, title: label, "aria-label": label, text, onclick });

  const tabs = make("div", { class: "svm-tabs", role: "group", "aria-label": "Frames" });
  const blinking = button("Blink", "Blink the frames (keys b and B; hold space for the next)", () =>
    save("blink_ms", model.get("blink_ms") ? 0 : 600),
  );
  const stretch = menu("stretch", "Stretch");
  fillMenu(stretch, STRETCH_NAMES.map((n) => [n, n]), "asinh");
  const preset = make("select", {
    "aria-label": "Limits",
    title: "Display limits",
    onchange: (e) => {
      if (e.target.value === "") return;
      model.set("limits", []);
      save("preset", e.target.value);
    },
  });
  const limit = (k, label) =>
    make("input", {
      type: "text",
      inputmode: "decimal",
      class: "svm-limit",
      "aria-label": label,
      title: `${label} (enter to apply)`,
      onchange: (e) => {
        const look = viewer.lookOf();
        const value = Number(e.target.value.replace("−", "-"));
        const pair = [look.low, look.high];
        pair[k] = value;
        const isGood = e.target.value.trim() !== "" && Number.isFinite(value) && pair[1] > pair[0];
        e.target.classList.toggle("svm-wrong", !isGood);
        if (isGood) save("limits", pair);
        else e.target.title = `${label} must be a number with low < high`;
      },
    });
  const low = limit(0, "Lower limit");
  const high = limit(1, "Upper limit");
  const map = menu("colour_map", "Colour map");
  fillMenu(map, MAP_NAMES.map((n) => [n, n]), "gray");
  const invert = button("◐", "Invert the colour map (key i)", () => save("is_inverted", !model.get("is_inverted")));
  const contrast = button("Contrast ↺", "Reset contrast and bias (right drag changes them)", actions.resetContrast);
  const group = (...children) => make("div", { class: "svm-group" }, ...children);
  const scale = [stretch, preset, low, high, map, invert];
  const frames = group(tabs, blinking);
  const element = make(
    "div",
    { class: "svm-tools", role: "toolbar", "aria-label": "Image" },
    frames,
    group(...scale, contrast),
    group(
      button("−", "Zoom out (key −)", actions.zoomOut, "svm-square"),
      button("+", "Zoom in (key +)", actions.zoomIn, "svm-square"),
      button("Fit", "Show the whole image (key 0)", actions.fit),
      button("1:1", "One screen pixel per image pixel (key 1)", actions.oneToOne),
    ),
  );
  const legend = make("div", { class: "svm-legend" });

  function updateTabs() {
    const names = viewer.frames().map((f) => f.model.get("name"));
    const key = JSON.stringify(names);
    if (tabs.dataset.key !== key) {
      tabs.dataset.key = key;
      tabs.replaceChildren(
        ...names.map((text, k) =>
          make("button", { type: "button", class: "svm-tab", text, title: `Show ${text}`, onclick: () => actions.showFrame(k) }),
        ),
      );
    }
    [...tabs.children].forEach((tab, k) => tab.setAttribute("aria-pressed", String(k === viewer.index())));
    frames.hidden = names.length < 2;
    blinking.setAttribute("aria-pressed", String(model.get("blink_ms") > 0));
  }

  function updateScale() {
    const frame = viewer.frames()[viewer.index()];
    const isColour = !frame || frame.model.get("channels") === 3;
    for (const control of scale) control.hidden = isColour;
    contrast.hidden = isColour || !viewer.isContrastChanged();
    if (isColour) return;
    const names = Object.keys(frame.model.get("presets") || {});
    const own = model.get("limits").length === 2;
    fillMenu(preset, [...names.map((n) => [n, n]), ["", "own limits"]], own ? "" : names.includes(model.get("preset")) ? model.get("preset") : names[0] || "");
    const look = viewer.lookOf();
    for (const [field, value] of [[low, look.low], [high, look.high]]) {
      if (document.activeElement !== field) field.value = formatLimit(value, look.high - look.low);
      field.classList.remove("svm-wrong");
    }
    stretch.value = model.get("stretch");
    map.value = model.get("colour_map");
    invert.setAttribute("aria-pressed", String(model.get("is_inverted")));
  }

  function updateLegend() {
    const frame = viewer.frames()[viewer.index()];
    const chips = viewer.layers().map((own) =>
      make(
        "button",
        {
          type: "button",
          class: "svm-chip",
          "aria-pressed": String(own.isVisible),
          title: `${own.isVisible ? "Hide" : "Show"} ${own.layer.label}`,
          onclick: () => {
            own.isVisible = !own.isVisible;
            updateLegend();
            actions.draw();
          },
        },
        make("span", { class: `svm-mark svm-mark-${own.layer.kind}`, style: `color:${own.layer.colour}`, "aria-hidden": "true" }),
        make("span", { text: own.layer.label }),
        make("span", { class: "svm-count", text: own.layer.kind === "polygon" ? "" : String(own.layer.x.byteLength / 8) }),
      ),
    );
    const classes = frame && frame.model.get("mask").byteLength ? frame.model.get("mask_classes") : [];
    if (classes.length) {
      chips.push(
        make(
          "button",
          { type: "button", class: "svm-chip", "aria-pressed": String(model.get("shows_mask")), title: "Show or hide masked pixels", onclick: () => save("shows_mask", !model.get("shows_mask")) },
          ...classes.flatMap((c) => [make("span", { class: "svm-swatch", style: `background:${c.colour}` }), make("span", { text: c.label })]),
        ),
      );
    }
    if (frame && frame.whole.empty) {
      chips.push(
        make("span", { class: "svm-entry" },
          make("span", { class: "svm-swatch", style: `background:${viewer.nanColour}` }),
          make("span", { text: "no value (NaN)" })),
      );
    }
    legend.replaceChildren(...chips);
    legend.hidden = chips.length === 0;
  }

  function update() {
    element.hidden = !model.get("has_controls");
    updateTabs();
    updateScale();
    updateLegend();
  }
  return { element, legend, update };
}
