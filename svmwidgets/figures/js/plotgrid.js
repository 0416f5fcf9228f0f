// Linked plots of one table of points; selecting needs no answer of the kernel.
import { bytesOf, doublesOf, make, makeRoot, onNextFrame, sharpContext } from "./dom.js";
import { equalRanges, formatTick, linearScale } from "./axes.js";
import { nearestPoint } from "./geometry.js";
import { clipTo, drawAxes, onThemeChange, plotArea, plotColours } from "./plotaxes.js";
import { drawGesture, drawGuides, drawHeat, drawHistogram, drawKey, drawPoints, drawVectors, isKept, placePoints } from "./plotmarks.js";
import { rangesOf } from "./plotranges.js";
import { makePlotTools } from "./plottools.js";
import { boxPolygon, combineSelections, gestureKind, pointsInPolygon } from "./select.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-plots", model);
  const grid = make("div", { class: "svm-plot-grid" });
  const spoken = make("div", { class: "svm-unseen", "aria-live": "polite" });
  const tip = make("div", { class: "svm-tip", hidden: true });
  const empty = make("div", { class: "svm-empty" });
  const state = { columns: {}, count: 0, rejected: new Uint8Array(0), selected: new Set(), preview: new Set(), focused: -1, plots: [], colours: null };
  const tools = makePlotTools({ model, state, select });
  root.append(tools.element, empty, grid, tip, spoken);

  // --- state from the kernel
  function loadTable() {
    const columns = model.get("columns");
    state.columns = Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, doublesOf(v)]));
    const lengths = Object.values(state.columns).map((c) => c.length);
    state.count = lengths.length ? lengths[0] : 0;
    const bytes = bytesOf(model.get("rejected"));
    state.rejected = bytes ? new Uint8Array(bytes) : new Uint8Array(state.count);
    loadMarks();
  }
  function loadMarks() {
    state.selected = new Set(model.get("selected_rows"));
    state.preview = new Set(model.get("preview_rows"));
    state.focused = model.get("focused_row");
    update();
  }

  // --- panels
  function buildPanels() {
    for (const plot of state.plots) plot.observer.disconnect();
    grid.replaceChildren();
    state.plots = [];
    const stacks = new Map();
    const view = model.get("view");
    for (const panel of model.get("panels")) {
      if (panel.view && panel.view !== view) continue;
      const plot = buildPlot(panel);
      state.plots.push(plot);
      if (panel.stack) {
        if (!stacks.has(panel.stack)) {
          const cell = make("div", { class: "svm-stack", style: `--span:${panel.span}` });
          stacks.set(panel.stack, cell);
          grid.append(cell);
        }
        stacks.get(panel.stack).append(plot.element);
      } else grid.append(plot.element);
    }
    update();
  }

  function buildPlot(panel) {
    const base = make("canvas", { class: "svm-base" });
    const over = make("canvas", { class: "svm-over", tabindex: "0", role: "img" });
    const stage = make("div", { class: "svm-plot-stage", style: `height:${panel.height}px` }, base, over);
    const title = panel.title ? make("div", { class: "svm-plot-title", text: panel.title }) : null;
    const element = make("figure", { class: "svm-plot", style: `--span:${panel.span}`, "data-panel": panel.key }, title, stage);
    const plot = { panel, base, over, stage, element, own: null, size: [0, 0], X: [], Y: [] };
    plot.observer = new ResizeObserver(() => {
      const size = [Math.floor(stage.clientWidth), Math.floor(stage.clientHeight)];
      if (size.join() === plot.size.join()) return;
      plot.size = size;
      update();
    });
    plot.observer.observe(stage);
    attachPointer(plot);
    return plot;
  }

  // --- drawing
  const columnsReady = (panel) => !["scatter", "vectors", "histogram"].includes(panel.kind) || state.columns[panel.x];

  function drawPlot(plot) {
    const { panel } = plot;
    const [w, h] = plot.size;
    if (w < 20 || h < 20) return;
    const colours = state.colours || (state.colours = plotColours(root));
    const context = sharpContext(plot.base, w, h);
    context.clearRect(0, 0, w, h);
    plot.over.style.width = plot.base.style.width = `${w}px`;
    plot.over.style.height = plot.base.style.height = `${h}px`;
    if (!columnsReady(panel)) return;
    const area = plotArea(w, h, false, { x: panel.x_label, y: panel.y_label });
    let [xr, yr] = rangesOf(plot, state);
    if (panel.is_equal) [xr, yr] = equalRanges(xr, yr, area.right - area.left, area.bottom - area.top);
    const { sx, sy } = drawAxes(context, area, xr, yr, { x: panel.x_label, y: panel.y_label }, colours);
    Object.assign(plot, { area, xr, yr, sx, sy });
    clipTo(context, area);
    if (panel.kind === "heat") drawHeat(context, plot);
    if (panel.kind === "histogram") drawHistogram(context, plot, colours);
    drawGuides(context, plot, colours, model.get("clip"));
    if (panel.kind === "scatter" || panel.kind === "vectors") {
      placePoints(plot, state);
      if (panel.kind === "vectors") drawVectors(context, plot, state, colours, model.get("magnification"));
      context.restore();
      drawPoints(context, plot, state, colours);
      if (panel.kind === "vectors") drawKey(context, plot, colours);
    } else context.restore();
    describe(plot);
    if (!plot.gesture) drawGesture(plot, state.colours, null);
  }

  function describe(plot) {
    const { panel } = plot;
    const kept = state.count - state.rejected.reduce((a, b) => a + b, 0);
    plot.over.setAttribute("aria-label", `${panel.title || panel.x_label || panel.key}. ${kept} kept, ${state.count - kept} rejected, ${state.selected.size} selected. Arrow keys step through the points, enter selects, escape clears.`);
  }

  // --- gestures
  function rowsInside(plot, polygon) {
    if (plot.panel.kind === "histogram") {
      const [a, b] = [Math.min(...polygon.map((p) => p[0])), Math.max(...polygon.map((p) => p[0]))];
      const x = state.columns[plot.panel.x];
      return [...x.keys()].filter((i) => isKept(state, i) && plot.sx(x[i]) >= a && plot.sx(x[i]) <= b);
    }
    return pointsInPolygon(plot.X, plot.Y, polygon);
  }

  function select(rows, how) {
    model.set("selected_rows", combineSelections([...state.selected], rows, how));
    model.save_changes();
  }
  function focus(row) {
    model.set("focused_row", row);
    model.save_changes();
    spoken.textContent = row >= 0 ? rowText(row).join(", ") : "";
  }

  const isSelectable = (plot) => ["scatter", "vectors", "histogram"].includes(plot.panel.kind);

  function attachPointer(plot) {
    const { over } = plot;
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !plot.sx) return;
      over.focus({ preventScroll: true });
      over.setPointerCapture(event.pointerId);
      plot.gesture = { start: [event.offsetX, event.offsetY], points: [[event.offsetX, event.offsetY]], how: gestureKind(event), xr: plot.xr, yr: plot.yr, isMoved: false };
      event.preventDefault();
    });
    over.addEventListener("pointermove", (event) => {
      const here = [event.offsetX, event.offsetY];
      const { gesture } = plot;
      if (!gesture) { showTip(plot, here); return; }
      if (Math.hypot(here[0] - gesture.start[0], here[1] - gesture.start[1]) > 4) gesture.isMoved = true;
      if (!gesture.isMoved) return;
      tip.hidden = true;
      if (model.get("mode") === "pan" || !isSelectable(plot)) panPlot(plot, here);
      else if (model.get("mode") === "box") { gesture.points = boxPolygon(gesture.start, here); drawGesture(plot, state.colours, gesture.points); }
      else { gesture.points.push(here); drawGesture(plot, state.colours, gesture.points); }
    });
    over.addEventListener("pointerup", (event) => {
      const { gesture } = plot;
      plot.gesture = null;
      if (!gesture) return;
      drawGesture(plot, state.colours, null);
      if (!gesture.isMoved) clickPoint(plot, event, gesture.how);
      else if (model.get("mode") !== "pan" && isSelectable(plot)) select(rowsInside(plot, gesture.points), gesture.how);
    });
    over.addEventListener("pointerleave", () => { tip.hidden = true; });
    over.addEventListener("dblclick", () => { plot.own = null; drawPlot(plot); });
    over.addEventListener("wheel", (event) => {
      if (model.get("mode") !== "pan" || !plot.sx) return;
      event.preventDefault();
      const k = Math.exp(event.deltaY * 0.0015);
      const about = ([low, high], v) => [v + (low - v) * k, v + (high - v) * k];
      const { area, xr, yr } = plot;
      const x = linearScale([area.left, area.right], xr[0], xr[1])(event.offsetX);
      const y = linearScale([area.bottom, area.top], yr[0], yr[1])(event.offsetY);
      plot.own = [about(xr, x), plot.panel.kind === "histogram" ? yr : about(yr, y)];
      drawPlot(plot);
    }, { passive: false });
    over.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step && state.count) focus(nextRow(plot, step));
      else if (event.key === "Enter" || event.key === " ") {
        if (state.focused >= 0) select([state.focused], state.selected.has(state.focused) ? "remove" : "add");
      } else if (event.key === "Escape") select([], "new");
      else return;
      event.preventDefault();
    });
  }

  /** The next row in the order of the plot's x axis. */
  function nextRow(plot, step) {
    const x = state.columns[plot.panel.x] || state.columns[Object.keys(state.columns)[0]];
    const order = [...x.keys()].sort((a, b) => x[a] - x[b]);
    const at = order.indexOf(state.focused);
    return order[at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length];
  }

  function panPlot(plot, [X, Y]) {
    const { gesture, area } = plot;
    const dx = ((X - gesture.start[0]) / (area.right - area.left)) * (gesture.xr[1] - gesture.xr[0]);
    const dy = ((Y - gesture.start[1]) / (area.bottom - area.top)) * (gesture.yr[1] - gesture.yr[0]);
    const isUpright = plot.panel.kind === "histogram";
    plot.own = [gesture.xr.map((v) => v - dx), gesture.yr.map((v) => v + (isUpright ? 0 : dy))];
    drawPlot(plot);
  }

  function clickPoint(plot, event, how) {
    if (plot.panel.kind !== "scatter" && plot.panel.kind !== "vectors") return;
    const row = nearestPoint(plot.X, plot.Y, event.offsetX, event.offsetY, 12);
    if (how !== "new" && row >= 0) select([row], how);
    focus(row);
  }

  function rowText(row) {
    const name = model.get("row_labels")[row];
    const values = model.get("tooltips").map(([column, label, unit, digits]) => {
      const values_ = state.columns[column];
      return values_ ? `${label} ${formatTick(values_[row], digits)}${unit ? ` ${unit}` : ""}` : "";
    });
    return [name ? `match ${name}` : `row ${row}`, ...values.filter(Boolean), isKept(state, row) ? "" : "rejected"].filter(Boolean);
  }

  function showTip(plot, [X, Y]) {
    const hasPoints = plot.panel.kind === "scatter" || plot.panel.kind === "vectors";
    const row = hasPoints ? nearestPoint(plot.X, plot.Y, X, Y, 9) : -1;
    tip.hidden = row < 0;
    if (row < 0) return;
    tip.replaceChildren(...rowText(row).map((text) => make("div", { text })));
    const [a, b] = [plot.stage.getBoundingClientRect(), root.getBoundingClientRect()];
    const isRight = a.left - b.left + X > b.width - 180;
    tip.style.left = `${a.left - b.left + X + (isRight ? -170 : 14)}px`;
    tip.style.top = `${a.top - b.top + Y + 12}px`;
  }

  function drawAll() {
    const start = performance.now();
    const isEmpty = state.count === 0 && state.plots.some(isSelectable) && state.plots.every(isSelectable);
    empty.hidden = !isEmpty;
    empty.textContent = model.get("empty_text");
    grid.hidden = isEmpty;
    for (const plot of state.plots) drawPlot(plot);
    tools.update();
    tools.element.hidden = tools.element.hidden || isEmpty;
    root.dataset.drawMs = (performance.now() - start).toFixed(1);
    root.dataset.selected = String(state.selected.size);
  }
  const update = onNextFrame(drawAll);

  const listen = (names, handler) => model.on(names.split(" ").map((n) => `change:${n}`).join(" "), handler);
  listen("columns rejected", loadTable);
  listen("selected_rows preview_rows focused_row", loadMarks);
  listen("panels view", buildPanels);
  listen("empty_text magnification clip mode words views has_tools row_labels tooltips", update);
  const stopTheme = onThemeChange(() => { state.colours = null; update(); });
  root.setAttribute("aria-label", model.get("label"));
  root.setAttribute("role", "group");
  loadTable();
  buildPanels();
  return () => {
    stopTheme();
    for (const plot of state.plots) plot.observer.disconnect();
  };
}

export default { render };
