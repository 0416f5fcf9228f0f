// Outlines on the sky in a tangent plane, north up, east left.
import { joinHover, make, makeRoot, onNextFrame, sharpContext } from "./dom.js";
import { equalRanges, linearScale, paddedRange } from "./axes.js";
import { clipTo, drawAxes, onThemeChange, plotArea, plotColours } from "./plotaxes.js";
import { isInPolygon } from "./select.js";
import { formatDec, formatRa, skyToPlane } from "./sky.js";

/** Mean direction of all vertices [deg]. */
function middleOf(outlines) {
  let [x, y, z] = [0, 0, 0];
  for (const o of outlines) {
    for (const ring of o.rings) {
      for (const [ra, dec] of ring) {
        const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180];
        x += Math.cos(d) * Math.cos(a);
        y += Math.cos(d) * Math.sin(a);
        z += Math.sin(d);
      }
    }
  }
  const ra = (((Math.atan2(y, x) * 180) / Math.PI) + 360) % 360;
  return [ra, (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI];
}

function render({ model, el }) {
  const root = makeRoot(el, "svm-footprint", model);
  const canvas = make("canvas", { class: "svm-base", tabindex: "0", role: "img" });
  const tip = make("div", { class: "svm-tip", hidden: true });
  const stage = make("div", { class: "svm-plot-stage" }, canvas, tip);
  const legend = make("div", { class: "svm-entries svm-footprint-legend" });
  const caption = make("div", { class: "svm-caption" });
  root.append(stage, legend, caption);
  const state = { size: [0, 0], shapes: [], points: [], middle: [0, 0], own: null, drag: null, colours: null, hovered: [] };

  function load() {
    const outlines = model.get("outlines");
    state.middle = middleOf(outlines);
    const flat = ([ra, dec]) => skyToPlane(state.middle, ra, dec).map((v) => v * 3600);
    const groups = [...new Set(outlines.filter((o) => o.kind === "exposure" && !o.is_muted).map((o) => o.group))];
    state.groups = groups;
    state.shapes = outlines.map((o) => ({ ...o, rings: o.rings.map((r) => r.map(flat)), series: groups.indexOf(o.group) }));
    state.points = model.get("points").map(flat);
    drawLegend();
    draw();
  }

  const colourOf = (shape, colours) => {
    if (shape.is_muted) return colours.rejected;
    if (shape.kind === "product") return colours.text;
    return colours.series[Math.max(shape.series, 0) % colours.series.length];
  };

  function ranges(area) {
    const all = state.shapes.flatMap((s) => s.rings.flat());
    const [x, y] = [all.map((p) => p[0]), all.map((p) => p[1])];
    const [a, b] = paddedRange(x, false, null);
    const own = state.own || [[b, a], paddedRange(y, false, null)];
    return equalRanges(own[0], own[1], area.right - area.left, area.bottom - area.top);
  }

  function trace(context, shape) {
    context.beginPath();
    for (const ring of shape.rings) {
      ring.forEach(([x, y], k) => (k ? context.lineTo(state.sx(x), state.sy(y)) : context.moveTo(state.sx(x), state.sy(y))));
      context.closePath();
    }
  }

  function drawNow() {
    const [w, h] = state.size;
    if (w < 40) return;
    const colours = state.colours || (state.colours = plotColours(root));
    const context = sharpContext(canvas, w, h);
    context.clearRect(0, 0, w, h);
    const area = plotArea(w, h, false, { x: true, y: true });
    const [xr, yr] = ranges(area);
    const labels = { x: "East offset [arcsec]", y: "North offset [arcsec]" };
    Object.assign(state, drawAxes(context, area, xr, yr, labels, colours), { area, xr, yr });
    clipTo(context, area);
    const bold = new Set(model.get("highlighted"));
    const near = new Set(state.hovered);
    const rank = (shape) => 2 * bold.has(shape.key) + near.has(shape.key);
    const order = [...state.shapes].sort((p, q) => rank(p) - rank(q));
    for (const shape of order) {
      const isBold = bold.has(shape.key);
      const isNear = near.has(shape.key);
      const colour = isBold ? colours.selected : colourOf(shape, colours);
      trace(context, shape);
      if (shape.kind === "exposure") {
        context.globalAlpha = isBold ? 0.25 : isNear ? 0.2 : shape.is_muted ? 0.05 : 0.07;
        context.fillStyle = colour;
        context.fill();
        context.globalAlpha = 1;
      }
      context.strokeStyle = colour;
      context.lineWidth = isBold || isNear ? 2.6 : shape.kind === "product" ? 1.8 : 1.3;
      context.setLineDash(shape.is_muted ? [2, 3] : shape.kind === "product" ? [8, 4] : []);
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = colours.text;
    for (const [x, y] of state.points) context.fillRect(state.sx(x) - 1, state.sy(y) - 1, 2, 2);
    context.restore();
    drawCompass(context, area, colours);
    canvas.setAttribute("aria-label", `${model.get("label")}: ${state.shapes.length} outlines, north up, east left`);
    root.dataset.outlines = String(state.shapes.length);
  }
  const draw = onNextFrame(drawNow);

  function drawCompass(context, area, colours) {
    const [X, Y] = [area.right - 14, area.bottom - 14];
    context.fillStyle = colours.ground;
    context.fillRect(X - 40, Y - 38, 48, 46); // outlines must not cross the letters
    context.strokeStyle = context.fillStyle = colours.text;
    context.lineWidth = 1.4;
    context.beginPath();
    context.moveTo(X, Y); context.lineTo(X, Y - 22);
    context.moveTo(X, Y); context.lineTo(X - 22, Y);
    context.stroke();
    context.font = `600 ${colours.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("N", X, Y - 30);
    context.fillText("E", X - 30, Y);
  }

  function drawLegend() {
    const [ra, dec] = state.middle;
    const entry = (style, text) => make("span", { class: "svm-entry" }, make("span", { class: "svm-line-mark", style, "aria-hidden": "true" }), make("span", { text }));
    const entries = state.groups.filter(Boolean).map((g, k) => entry(`border-top:2px solid var(--svm-series-${(k % 6) + 1})`, g));
    if (state.shapes.some((s) => s.kind === "product")) entries.push(entry("border-top:2px dashed var(--svm-text)", "mosaic grid"));
    if (state.shapes.some((s) => s.is_muted)) entries.push(entry("border-top:2px dotted var(--svm-rejected)", "rejected"));
    legend.replaceChildren(...entries);
    const origin = state.shapes.length ? make("span", { class: "svm-origin", text: `Offsets from ${formatRa(ra, 2)} ${formatDec(dec, 1)}. ` }) : "";
    caption.replaceChildren(origin, model.get("caption"));
    caption.hidden = !caption.textContent;
  }

  function shapesAt(X, Y) {
    if (!state.sx) return [];
    return state.shapes.filter((s) => s.rings.some((r) => isInPolygon(r.map(([x, y]) => [state.sx(x), state.sy(y)]), X, Y)));
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!state.sx) return;
    canvas.setPointerCapture(event.pointerId);
    state.drag = { X: event.offsetX, Y: event.offsetY, xr: state.xr, yr: state.yr, isMoved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const { drag, area } = state;
    if (!drag) {
      const found = shapesAt(event.offsetX, event.offsetY);
      tip.hidden = found.length === 0;
      hover.tell(found.map((s) => s.key));
      const lines = found.slice(0, 8).map((s) => make("div", { text: s.label }));
      if (found.length > 8) lines.push(make("div", { text: `and ${found.length - 8} more` }));
      tip.replaceChildren(...lines);
      tip.style.left = `${Math.min(event.offsetX + 14, state.size[0] - 190)}px`;
      tip.style.top = `${event.offsetY + 12}px`;
      return;
    }
    if (Math.hypot(event.offsetX - drag.X, event.offsetY - drag.Y) > 4) drag.isMoved = true;
    if (!drag.isMoved) return;
    const dx = ((event.offsetX - drag.X) / (area.right - area.left)) * (drag.xr[1] - drag.xr[0]);
    const dy = ((event.offsetY - drag.Y) / (area.bottom - area.top)) * (drag.yr[1] - drag.yr[0]);
    state.own = [drag.xr.map((v) => v - dx), drag.yr.map((v) => v + dy)];
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const { drag } = state;
    state.drag = null;
    if (!drag || drag.isMoved) return;
    const keys = shapesAt(event.offsetX, event.offsetY).map((s) => s.key);
    if (!keys.length) return;
    const at = keys.indexOf(model.get("highlighted")[0]);
    const key = keys[(at + 1) % keys.length];
    model.set("highlighted", [key]);
    model.save_changes();
    model.send({ event: "click", key });
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; hover.tell([]); });
  canvas.addEventListener("dblclick", () => { state.own = null; draw(); });
  canvas.addEventListener("wheel", (event) => {
    if (!state.sx) return;
    event.preventDefault();
    const k = Math.exp(Math.max(-200, Math.min(200, event.deltaY)) * 0.0015);
    const { area, xr, yr } = state;
    const x = linearScale([area.left, area.right], xr[0], xr[1])(event.offsetX);
    const y = linearScale([area.bottom, area.top], yr[0], yr[1])(event.offsetY);
    state.own = [xr.map((v) => x + (v - x) * k), yr.map((v) => y + (v - y) * k)];
    draw();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !state.shapes.length) return;
    event.preventDefault();
    const keys = state.shapes.map((s) => s.key);
    const key = keys[(keys.indexOf(model.get("highlighted")[0]) + step + keys.length) % keys.length];
    model.set("highlighted", [key]);
    model.save_changes();
    model.send({ event: "click", key });
  });

  const hover = joinHover(model, (keys) => { state.hovered = keys; draw(); });

  const resize = () => {
    stage.style.height = `${model.get("height")}px`;
    state.size = [Math.floor(stage.clientWidth), model.get("height")];
    canvas.style.width = `${state.size[0]}px`;
    canvas.style.height = `${state.size[1]}px`;
    drawNow();
  };
  const observer = new ResizeObserver(resize);
  observer.observe(stage);
  model.on("change:outlines change:points", load);
  model.on("change:highlighted change:label", draw);
  model.on("change:caption", drawLegend);
  model.on("change:height", resize);
  const stopTheme = onThemeChange(() => { state.colours = null; draw(); });
  load();
  resize();
  return () => {
    observer.disconnect();
    hover.stop();
    stopTheme();
  };
}

export default { render };
