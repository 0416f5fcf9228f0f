// Linked plots of one table of points; selecting needs no answer of the kernel.
import { bytesOf, doublesOf, make, makeRoot, onNextFrame, sharpContext } from "./dom.js";
import { countBins, equalRanges, formatTick, linearScale, niceBelow, paddedRange } from "./axes.js";
import { nearestPoint } from "./geometry.js";
import { clipTo, drawArrowLine, drawAxes, onThemeChange, plotArea, plotColours } from "./plotaxes.js";
import { boxPolygon, combineSelections, gestureKind, pointsInPolygon } from "./select.js";
import { colourTable } from "./stretch.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-plots", model);
  const tools = make("div", { class: "svm-tools", role: "toolbar", "aria-label": "Plots" });
  const grid = make("div", { class: "svm-plot-grid" });
  const spoken = make("div", { class: "svm-unseen", "aria-live": "polite" });
  const tip = make("div", { class: "svm-tip", hidden: true });
  const empty = make("div", { class: "svm-empty" });
  root.append(tools, empty, grid, tip, spoken);
  const state = { columns: {}, count: 0, rejected: new Uint8Array(0), selected: new Set(), preview: new Set(), focused: -1, plots: [], colours: null };

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
  const isKept = (i) => !state.rejected[i];

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

  // --- ranges
  function rangesOf(plot) {
    const { panel } = plot;
    const [x, y] = [state.columns[panel.x], state.columns[panel.y]];
    const anyKept = state.rejected.some((r) => !r);
    const isUsed = anyKept ? isKept : null;
    let xr = panel.x_range.length ? panel.x_range : paddedRange(x || [], panel.is_centred.includes("x"), isUsed);
    let yr = panel.y_range.length ? panel.y_range : paddedRange(y || [], panel.is_centred.includes("y"), isUsed);
    if (panel.kind === "histogram") {
      xr = plot.own ? plot.own[0] : xr;
      plot.bins = countBins(x || [], Math.min(...xr), Math.max(...xr), panel.bins, isKept);
      plot.chosen = countBins(x || [], Math.min(...xr), Math.max(...xr), panel.bins, (i) => state.selected.has(i));
      return [xr, [0, Math.max(1, ...plot.bins, ...plot.chosen) * 1.08]];
    }
    if (panel.kind === "bars") {
      const e = panel.edges;
      const most = Math.max(1e-9, ...panel.counts);
      return plot.own || [[e[0], e[e.length - 1]], [0, most * 1.08]];
    }
    if (plot.own) return plot.own;
    return [panel.is_x_flipped ? [xr[1], xr[0]] : xr, yr];
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
    let [xr, yr] = rangesOf(plot);
    if (panel.is_equal) [xr, yr] = equalRanges(xr, yr, area.right - area.left, area.bottom - area.top);
    const { sx, sy } = drawAxes(context, area, xr, yr, { x: panel.x_label, y: panel.y_label }, colours);
    Object.assign(plot, { area, xr, yr, sx, sy });
    clipTo(context, area);
    if (panel.kind === "heat") drawHeat(context, plot);
    if (panel.kind === "histogram") drawHistogram(context, plot, colours);
    if (panel.kind === "bars") drawBars(context, plot, colours);
    drawGuides(context, plot, colours);
    if (panel.kind === "scatter" || panel.kind === "vectors") {
      placePoints(plot);
      if (panel.kind === "vectors") drawVectors(context, plot, colours);
      context.restore();
      drawPoints(context, plot, colours);
      if (panel.kind === "vectors") drawKey(context, plot, colours);
    } else context.restore();
    describe(plot);
    if (!plot.gesture) drawGesture(plot, null);
  }

  /** Screen positions; points beyond the axes sit on the edge, so they stay in reach. */
  function placePoints(plot) {
    const { panel, area, sx, sy } = plot;
    const [x, y] = [state.columns[panel.x], state.columns[panel.y]];
    plot.X = new Float64Array(state.count);
    plot.Y = new Float64Array(state.count);
    plot.isOut = new Uint8Array(state.count);
    for (let i = 0; i < state.count; i++) {
      const [X, Y] = [sx(x[i]), sy(y[i])];
      plot.X[i] = Math.min(Math.max(X, area.left + 3), area.right - 3);
      plot.Y[i] = Math.min(Math.max(Y, area.top + 3), area.bottom - 3);
      plot.isOut[i] = X < area.left || X > area.right || Y < area.top || Y > area.bottom ? 1 : 0;
    }
  }

  function drawPoints(context, plot, colours) {
    const size = plot.panel.kind === "vectors" ? 1.6 : state.count > 1500 ? 2 : 2.8;
    const cross = (i, r) => {
      context.moveTo(plot.X[i] - r, plot.Y[i] - r);
      context.lineTo(plot.X[i] + r, plot.Y[i] + r);
      context.moveTo(plot.X[i] - r, plot.Y[i] + r);
      context.lineTo(plot.X[i] + r, plot.Y[i] - r);
    };
    const dot = (i, r) => {
      context.moveTo(plot.X[i] + r, plot.Y[i]);
      context.arc(plot.X[i], plot.Y[i], r, 0, 2 * Math.PI);
    };
    const group = (test, add, r) => {
      context.beginPath();
      for (let i = 0; i < state.count; i++) if (plot.X[i] === plot.X[i] && plot.Y[i] === plot.Y[i] && test(i)) add(i, r);
    };
    context.lineWidth = 1.3;
    context.strokeStyle = colours.rejected;
    group((i) => !isKept(i) && !state.selected.has(i), cross, size);
    context.stroke();
    context.globalAlpha = 0.8;
    context.fillStyle = colours.kept;
    group((i) => isKept(i) && !state.selected.has(i), dot, size);
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = colours.selected;
    context.lineWidth = 2;
    group((i) => !isKept(i) && state.selected.has(i), cross, size + 1.2);
    context.stroke();
    group((i) => isKept(i) && state.selected.has(i), dot, size + 1.2);
    context.fill();
    context.strokeStyle = colours.preview;
    context.lineWidth = 1.5;
    group((i) => state.preview.has(i), dot, size + 3.4);
    context.stroke();
    if (state.focused >= 0 && state.focused < state.count) {
      context.strokeStyle = colours.text;
      context.lineWidth = 1.6;
      context.beginPath();
      dot(state.focused, 8);
      context.stroke();
    }
  }

  function automaticMagnification(plot) {
    const { panel, xr } = plot;
    const lengths = [];
    for (let i = 0; i < state.count; i++) {
      const l = Math.hypot(state.columns[panel.dx][i], state.columns[panel.dy][i]);
      if (isKept(i) && Number.isFinite(l)) lengths.push(l);
    }
    lengths.sort((a, b) => a - b);
    const typical = lengths.length ? lengths[Math.floor(lengths.length * 0.6)] : 1;
    const share = Math.min(0.07, 0.8 / Math.sqrt(lengths.length || 1)); // arrows must not tangle
    return niceBelow((share * Math.abs(xr[1] - xr[0])) / (typical || 1)) || 1;
  }

  function drawVectors(context, plot, colours) {
    const { panel, sx, sy } = plot;
    plot.magnification = model.get("magnification") || automaticMagnification(plot);
    const [x, y, dx, dy] = [panel.x, panel.y, panel.dx, panel.dy].map((k) => state.columns[k]);
    const draw = (test, colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      for (let i = 0; i < state.count; i++) {
        if (!test(i) || !Number.isFinite(dx[i] + dy[i])) continue;
        const m = plot.magnification;
        drawArrowLine(context, sx(x[i]), sy(y[i]), sx(x[i] + m * dx[i]), sy(y[i] + m * dy[i]));
      }
      context.stroke();
    };
    draw((i) => !isKept(i) && !state.selected.has(i), colours.rejected, 1);
    draw((i) => isKept(i) && !state.selected.has(i), colours.kept, 1.2);
    draw((i) => state.selected.has(i), colours.selected, 2);
  }

  function drawKey(context, plot, colours) {
    const { panel, area, sx, magnification } = plot;
    const per = Math.abs(sx(1) - sx(0)) * magnification; // CSS pixels per unit of dx
    const value = niceBelow((0.28 * (area.right - area.left)) / per);
    const length = value * per;
    const text = `${formatTick(value, Math.max(0, -Math.floor(Math.log10(value))))} ${panel.unit || ""}`.trim();
    context.font = colours.font;
    const wide = Math.max(length, context.measureText(text).width) + 16;
    const [X, Y] = [area.right - wide - 6, area.top + 6];
    context.fillStyle = colours.ground;
    context.globalAlpha = 0.88;
    context.fillRect(X, Y, wide, 30);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = colours.text;
    context.lineWidth = 1.6;
    context.beginPath();
    drawArrowLine(context, X + (wide - length) / 2, Y + 9, X + (wide + length) / 2, Y + 9);
    context.stroke();
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(text, X + wide / 2, Y + 15);
  }

  function drawHistogram(context, plot, colours) {
    const { panel, xr, sx, sy } = plot;
    const width = (xr[1] - xr[0]) / panel.bins;
    for (const [counts, colour] of [[plot.bins, colours.kept], [plot.chosen, colours.selected]]) {
      context.fillStyle = colour;
      counts.forEach((n, k) => {
        if (!n) return;
        const [a, b] = [sx(xr[0] + k * width), sx(xr[0] + (k + 1) * width)];
        context.fillRect(a + 0.5, sy(n), Math.max(1, b - a - 1), sy(0) - sy(n));
      });
    }
  }

  function drawBars(context, plot, colours) {
    const { counts, edges } = plot.panel;
    context.fillStyle = colours.kept;
    counts.forEach((n, k) => {
      const [a, b] = [plot.sx(edges[k]), plot.sx(edges[k + 1])];
      context.fillRect(a + 0.5, plot.sy(n), Math.max(1, b - a - 1), plot.sy(0) - plot.sy(n));
    });
  }

  function drawHeat(context, plot) {
    const { panel, sx, sy } = plot;
    if (!plot.image) {
      const values = new Float32Array(bytesOf(panel.counts));
      const [ny, nx] = panel.shape;
      plot.image = document.createElement("canvas");
      [plot.image.width, plot.image.height] = [nx, ny];
      const c = plot.image.getContext("2d");
      const image = c.createImageData(nx, ny);
      const words = new Uint32Array(image.data.buffer);
      const most = values.reduce((a, b) => Math.max(a, b), 1e-12);
      const table = colourTable("viridis", false);
      for (let j = 0; j < ny; j++) {
        for (let i = 0; i < nx; i++) words[(ny - 1 - j) * nx + i] = table[Math.round((255 * Math.max(0, values[j * nx + i])) / most)];
      }
      c.putImageData(image, 0, 0);
    }
    const [x0, x1, y0, y1] = panel.extent;
    context.imageSmoothingEnabled = false;
    context.drawImage(plot.image, sx(x0), sy(y1), sx(x1) - sx(x0), sy(y0) - sy(y1));
    if (panel.peak.length === 2) {
      for (const [colour, width] of [["#000000", 4], ["#ffffff", 2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        context.arc(sx(panel.peak[0]), sy(panel.peak[1]), 9, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }

  function drawGuides(context, plot, colours) {
    const { panel, area, sx, sy } = plot;
    const lines = panel.guides.map((g) => [g.axis, g.value, g.label, [5, 4]]);
    if (panel.kind === "scatter" || panel.kind === "histogram") {
      if (panel.is_centred.includes("x")) lines.push(["x", 0, "", []]);
      if (panel.is_centred.includes("y")) lines.push(["y", 0, "", []]);
    }
    const clip = model.get("clip");
    if (clip.length === 2 && panel.has_clip) {
      const half = { x: clip[0], y: clip[1] };
      if (panel.has_clip === "xy") {
        context.strokeStyle = colours.preview;
        context.setLineDash([5, 4]);
        context.lineWidth = 1.3;
        context.beginPath();
        context.ellipse(sx(0), sy(0), Math.abs(sx(half.x) - sx(0)), Math.abs(sy(half.y) - sy(0)), 0, 0, 2 * Math.PI);
        context.stroke();
        context.setLineDash([]);
      } else {
        const axis = panel.kind === "histogram" ? "x" : "y";
        for (const sign of [-1, 1]) lines.push([axis, sign * half[panel.has_clip], "", [5, 4], colours.preview]);
      }
    }
    context.font = colours.font;
    for (const [axis, value, label, dash, colour] of lines) {
      context.strokeStyle = colour || (dash.length ? colours.text : colours.line);
      context.fillStyle = colours.text;
      context.lineWidth = 1.2;
      context.setLineDash(dash);
      context.beginPath();
      const at = axis === "x" ? Math.round(sx(value)) + 0.5 : Math.round(sy(value)) + 0.5;
      if (axis === "x") { context.moveTo(at, area.top); context.lineTo(at, area.bottom); }
      else { context.moveTo(area.left, at); context.lineTo(area.right, at); }
      context.stroke();
      context.setLineDash([]);
      if (!label) continue;
      context.textAlign = axis === "x" ? "left" : "right";
      context.textBaseline = axis === "x" ? "top" : "bottom";
      context.fillText(label, axis === "x" ? at + 4 : area.right - 4, axis === "x" ? area.top + 3 : at - 2);
    }
  }

  function describe(plot) {
    const { panel } = plot;
    const kept = state.count - state.rejected.reduce((a, b) => a + b, 0);
    plot.over.setAttribute("aria-label", `${panel.title || panel.x_label || panel.key}. ${kept} kept, ${state.count - kept} rejected, ${state.selected.size} selected. Arrow keys step through the points, enter selects, escape clears.`);
  }

  // --- gestures
  function drawGesture(plot, points) {
    const [w, h] = plot.size;
    const context = sharpContext(plot.over, w, h);
    context.clearRect(0, 0, w, h);
    if (!points || points.length < 2) return;
    context.strokeStyle = state.colours.selected;
    context.fillStyle = state.colours.selected;
    context.lineWidth = 1.5;
    context.beginPath();
    points.forEach(([X, Y], k) => (k ? context.lineTo(X, Y) : context.moveTo(X, Y)));
    context.closePath();
    context.globalAlpha = 0.12;
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }

  function rowsInside(plot, polygon) {
    if (plot.panel.kind === "histogram") {
      const [a, b] = [Math.min(...polygon.map((p) => p[0])), Math.max(...polygon.map((p) => p[0]))];
      const x = state.columns[plot.panel.x];
      return [...x.keys()].filter((i) => isKept(i) && plot.sx(x[i]) >= a && plot.sx(x[i]) <= b);
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
      else if (model.get("mode") === "box") { gesture.points = boxPolygon(gesture.start, here); drawGesture(plot, gesture.points); }
      else { gesture.points.push(here); drawGesture(plot, gesture.points); }
    });
    over.addEventListener("pointerup", (event) => {
      const { gesture } = plot;
      plot.gesture = null;
      if (!gesture) return;
      drawGesture(plot, null);
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
    const isUpright = plot.panel.kind === "histogram" || plot.panel.kind === "bars";
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
    return [name ? `match ${name}` : `row ${row}`, ...values.filter(Boolean), isKept(row) ? "" : "rejected"].filter(Boolean);
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

  // --- tool row
  const modes = [["lasso", "Lasso", "Drag around points to select them"], ["box", "Box", "Drag a box to select points"], ["pan", "Pan", "Drag moves the axes, the wheel zooms"]];
  function save(key, value) {
    model.set(key, value);
    model.save_changes();
  }
  const toggles = (items, key, label) =>
    make("div", { class: "svm-tabs", role: "group", "aria-label": label },
      ...items.map(([value, text, title]) =>
        make("button", { type: "button", class: "svm-tab", text, title: title || text, "aria-pressed": String(model.get(key) === value), onclick: () => save(key, value) })));

  function drawTools() {
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
        toggles(modes, "mode", "A drag"),
        make("button", { type: "button", class: "svm-tool", text: "Clear", title: "Select nothing (escape)", disabled: state.selected.size === 0, onclick: () => select([], "new") }),
        make("span", { class: "svm-quiet-text", text: "Shift adds, Alt removes" }),
        arrow,
        legend,
      ].filter(Boolean),
    );
    if (focused >= 0) tools.querySelectorAll("button")[focused]?.focus();
  }

  function drawAll() {
    const start = performance.now();
    const isEmpty = state.count === 0 && state.plots.some(isSelectable) && state.plots.every(isSelectable);
    empty.hidden = !isEmpty;
    empty.textContent = model.get("empty_text");
    grid.hidden = isEmpty;
    for (const plot of state.plots) drawPlot(plot);
    drawTools();
    tools.hidden = tools.hidden || isEmpty;
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
