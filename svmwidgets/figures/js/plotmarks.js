// What stands inside the axes of a plot: points, vectors, histograms, guides.
import { formatTick, niceBelow } from "./axes.js";
import { bytesOf, sharpContext } from "./dom.js";
import { drawArrowLine } from "./plotaxes.js";
import { colourTable } from "./stretch.js";

/** Whether a row takes part. */
export const isKept = (state, i) => !state.rejected[i];

/** Screen positions; points beyond the axes sit on the edge, so they stay in reach. */
export function placePoints(plot, state) {
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

// Many points are drawn as small rectangles and in parts: filling or stroking one
// path of thousands of circles takes ten times as long.
const MANY = 1500;
const PART = 64;

/** A dot 4 pixels wide out of three rectangles that do not overlap. */
function fillDot(context, X, Y) {
  const [x, y] = [Math.round(X), Math.round(Y)];
  context.fillRect(x - 1, y - 2, 2, 1);
  context.fillRect(x - 2, y - 1, 4, 2);
  context.fillRect(x - 1, y + 1, 2, 1);
}

export function drawPoints(context, plot, state, colours) {
  const isMany = state.count > MANY;
  const size = plot.panel.kind === "vectors" ? 1.6 : isMany ? 2 : 2.8;
  const hasPlace = (i) => plot.X[i] === plot.X[i] && plot.Y[i] === plot.Y[i];
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
    for (let i = 0; i < state.count; i++) if (hasPlace(i) && test(i)) add(i, r);
  };
  const isPlain = (i) => isKept(state, i) && !state.selected.has(i);
  context.lineWidth = 1.3;
  context.strokeStyle = colours.rejected;
  group((i) => !isKept(state, i) && !state.selected.has(i), cross, size);
  context.stroke();
  context.globalAlpha = 0.8;
  context.fillStyle = colours.kept;
  if (isMany) {
    for (let i = 0; i < state.count; i++) if (hasPlace(i) && isPlain(i)) fillDot(context, plot.X[i], plot.Y[i]);
  } else {
    group(isPlain, dot, size);
    context.fill();
  }
  context.globalAlpha = 1;
  context.strokeStyle = context.fillStyle = colours.selected;
  context.lineWidth = 2;
  group((i) => !isKept(state, i) && state.selected.has(i), cross, size + 1.2);
  context.stroke();
  group((i) => isKept(state, i) && state.selected.has(i), dot, size + 1.2);
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

function automaticMagnification(plot, state) {
  const { panel, xr } = plot;
  const lengths = [];
  for (let i = 0; i < state.count; i++) {
    const l = Math.hypot(state.columns[panel.dx][i], state.columns[panel.dy][i]);
    if (isKept(state, i) && Number.isFinite(l)) lengths.push(l);
  }
  lengths.sort((a, b) => a - b);
  const typical = lengths.length ? lengths[Math.floor(lengths.length * 0.6)] : 1;
  const share = Math.min(0.07, 0.8 / Math.sqrt(lengths.length || 1)); // arrows must not tangle
  return niceBelow((share * Math.abs(xr[1] - xr[0])) / (typical || 1)) || 1;
}

export function drawVectors(context, plot, state, colours, magnification) {
  const { panel, sx, sy } = plot;
  plot.magnification = magnification || automaticMagnification(plot, state);
  const [x, y, dx, dy] = [panel.x, panel.y, panel.dx, panel.dy].map((k) => state.columns[k]);
  const m = plot.magnification;
  const least = state.count > MANY ? 8 : 3; // shorter arrows get no head
  const draw = (test, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    let drawn = 0;
    for (let i = 0; i < state.count; i++) {
      if (!test(i) || !Number.isFinite(dx[i] + dy[i])) continue;
      drawArrowLine(context, sx(x[i]), sy(y[i]), sx(x[i] + m * dx[i]), sy(y[i] + m * dy[i]), least);
      if (++drawn % PART) continue;
      context.stroke();
      context.beginPath();
    }
    context.stroke();
  };
  draw((i) => !isKept(state, i) && !state.selected.has(i), colours.rejected, 1);
  draw((i) => isKept(state, i) && !state.selected.has(i), colours.kept, 1.2);
  draw((i) => state.selected.has(i), colours.selected, 2);
}

export function drawKey(context, plot, colours) {
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

export function drawHistogram(context, plot, colours) {
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

export function drawHeat(context, plot) {
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

export function drawGuides(context, plot, colours, clip) {
  const { panel, area, sx, sy } = plot;
  const lines = panel.guides.map((g) => [g.axis, g.value, g.label, [5, 4]]);
  if (panel.kind === "scatter" || panel.kind === "histogram") {
    if (panel.is_centred.includes("x")) lines.push(["x", 0, "", []]);
    if (panel.is_centred.includes("y")) lines.push(["y", 0, "", []]);
  }
  if (clip.length === 2 && panel.has_clip) {
    const half = { x: clip[0], y: clip[1] };
    if (panel.has_clip === "xy") {
      context.strokeStyle = colours.preview;
      context.setLineDash([5, 4]);
      context.lineWidth = 1.3;
      const [X, Y] = [sx(-half.x), sy(half.y)];
      context.strokeRect(X, Y, sx(half.x) - X, sy(-half.y) - Y);
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

export function drawGesture(plot, colours, points) {
  const [w, h] = plot.size;
  const context = sharpContext(plot.over, w, h);
  context.clearRect(0, 0, w, h);
  if (!points || points.length < 2) return;
  context.strokeStyle = colours.selected;
  context.fillStyle = colours.selected;
  context.lineWidth = 1.5;
  context.beginPath();
  points.forEach(([X, Y], k) => (k ? context.lineTo(X, Y) : context.moveTo(X, Y)));
  context.closePath();
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
}
