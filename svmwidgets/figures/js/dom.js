// Small helpers to build elements; shared by all widgets.

/** Element with attributes, properties (on…, value, checked) and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else if (key === "text") element.textContent = value;
    else if (key in { value: 1, checked: 1, disabled: 1 }) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
}

export function makeBadge(badge, tag = "span") {
  return make(
    tag,
    { class: "svm-badge", "data-status": badge.status, title: badge.tooltip || null },
    make("span", { class: "svm-glyph", "aria-hidden": "true", text: badge.glyph }),
    make("span", { text: badge.text }),
  );
}

/**
 * Fill the view's element with a fresh root that keeps keys from the notebook and
 * says when the kernel has gone. The layout tells, for it lives as long as its
 * figure and, unlike the figure, shows whether its channel to the kernel does.
 */
export function makeRoot(el, className, model) {
  el.replaceChildren();
  el.classList.add("svm-widget");
  const root = make("div", { class: `svm ${className}`, "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => event.stopPropagation());
  root.addEventListener("contextmenu", (event) => event.stopPropagation());
  el.append(root);
  const look = () => el.classList.toggle("svm-gone", model.get("layout")?.comm_live === false);
  model.on("comm_live_update", () => setTimeout(look, 100));
  model.on("change", look);
  return root;
}

export function bytesOf(view) {
  if (!view || view.byteLength === 0) return null;
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

export function doublesOf(view) {
  const bytes = bytesOf(view);
  return bytes ? new Float64Array(bytes) : new Float64Array(0);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, style: "position:fixed;opacity:0" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Canvas sized to its box on a sharp screen; returns the context in CSS pixels. */
export function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** The value of a theme variable as the browser resolves it at an element. */
export function themeColour(element, name, fallback) {
  return getComputedStyle(element).getPropertyValue(name).trim() || fallback;
}

/** Call a drawing once per frame, however often it is asked for. */
export function onNextFrame(draw) {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      draw();
    });
  };
}

/**
 * Tell the figures and tables of one group what the pointer is on, and hear it from
 * them; all of it stays in the page. Returns how to tell, and how to stop hearing.
 */
export function joinHover(model, hear) {
  const listen = (event) => {
    const { group, keys, from } = event.detail;
    if (from !== model && group && group === model.get("hover_group")) hear(keys);
  };
  document.addEventListener("svm-hover", listen);
  let last = "";
  const tell = (keys) => {
    const [group, text] = [model.get("hover_group"), JSON.stringify(keys)];
    if (!group || text === last) return;
    last = text;
    document.dispatchEvent(new CustomEvent("svm-hover", { detail: { group, keys, from: model } }));
  };
  return { tell, stop: () => document.removeEventListener("svm-hover", listen) };
}
