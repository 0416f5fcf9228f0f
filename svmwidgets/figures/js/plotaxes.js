// Drawing of axes, guides and marks in the colours of the theme.
import { themeColour } from "./dom.js";
import { formatTick, linearScale, niceTicks } from "./axes.js";

export function plotColours(element) {
  const get = (name, fallback) => themeColour(element, name, fallback);
  return {
    text: get("--svm-text", "#222"),
    quiet: get("--svm-text-quiet", "#666"),
    line: get("--svm-line", "#ccc"),
    grid: get("--svm-grid", "#eee"),
    ground: get("--svm-ground", "#fff"),
    kept: get("--svm-kept", "#1a73e8"),
    selected: get("--svm-selected", "#e37400"),
    rejected: get("--svm-rejected", "#8a9099"),
    preview: get("--svm-preview", "#c2185b"),
    font: "11px system-ui, sans-serif",
    series: ["--svm-series-1", "--svm-series-2", "--svm-series-3", "--svm-series-4", "--svm-series-5", "--svm-series-6"].map((n) => get(n, "#1a73e8")),
  };
}

/** The area inside the axes, in CSS pixels. */
export function plotArea(width, height, hasTitle, hasLabels) {
  const left = hasLabels.y ? 58 : 44;
  const bottom = hasLabels.x ? 38 : 24;
  const top = hasTitle ? 8 : 8;
  return { left, top, right: width - 12, bottom: height - bottom };
}

/** Draw frame, grid, ticks and labels; return the two scales. */
export function drawAxes(context, area, xRange, yRange, labels, colours) {
  const sx = linearScale(xRange, area.left, area.right);
  const sy = linearScale(yRange, area.bottom, area.top);
  const [wide, tall] = [area.right - area.left, area.bottom - area.top];
  const xTicks = niceTicks(xRange[0], xRange[1], Math.max(3, Math.floor(wide / 62)));
  const yTicks = niceTicks(yRange[0], yRange[1], Math.max(3, Math.floor(tall / 38)));
  context.font = colours.font;
  context.lineWidth = 1;
  context.strokeStyle = colours.grid;
  context.beginPath();
  for (const v of xTicks.values) {
    const X = Math.round(sx(v)) + 0.5;
    context.moveTo(X, area.top);
    context.lineTo(X, area.bottom);
  }
  for (const v of yTicks.values) {
    const Y = Math.round(sy(v)) + 0.5;
    context.moveTo(area.left, Y);
    context.lineTo(area.right, Y);
  }
  context.stroke();
  context.strokeStyle = colours.line;
  context.strokeRect(area.left + 0.5, area.top + 0.5, wide, tall);
  context.fillStyle = colours.quiet;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const v of xTicks.values) context.fillText(formatTick(v, xTicks.digits), sx(v), area.bottom + 5);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const v of yTicks.values) context.fillText(formatTick(v, yTicks.digits), area.left - 6, sy(v));
  context.fillStyle = colours.text;
  if (labels.x) {
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(labels.x, (area.left + area.right) / 2, area.bottom + 21);
  }
  if (labels.y) {
    context.save();
    context.translate(11, (area.top + area.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(labels.y, 0, 0);
    context.restore();
  }
  return { sx, sy };
}

export function clipTo(context, area) {
  context.save();
  context.beginPath();
  context.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
  context.clip();
}

export function drawArrowLine(context, X, Y, U, V, least = 3) {
  context.moveTo(X, Y);
  context.lineTo(U, V);
  const length = Math.hypot(U - X, V - Y);
  if (length < least) return;
  const head = Math.min(6, length / 2);
  const angle = Math.atan2(V - Y, U - X);
  for (const turn of [2.65, -2.65]) {
    context.moveTo(U, V);
    context.lineTo(U + head * Math.cos(angle + turn), V + head * Math.sin(angle + turn));
  }
}

/** Call when the page changes between light and dark; returns a stop function. */
export function onThemeChange(handler) {
  const observer = new MutationObserver(handler);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  return () => observer.disconnect();
}
