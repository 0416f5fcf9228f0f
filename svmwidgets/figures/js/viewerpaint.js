// Painting of the image viewer: pixels, compass, scale bar, the words of values.
import { formatValue, scaleBar } from "./geometry.js";
import { compass, pixelScale } from "./sky.js";
import { chooseLimits, paintColours, paintValues, parseColour } from "./stretch.js";

export const NAN_COLOUR = "#4a3b5c";

export function lookOfFrame(model, state, frame) {
  const groupOf = (f) => f.model.get("scale_group") || f.model.get("unit");
  const source = model.get("is_sharing_limits")
    ? state.frames.find((f) => groupOf(f) === groupOf(frame) && f.model.get("channels") === 1) || frame
    : frame;
  const [low, high] = chooseLimits(model.get("limits"), source.model.get("presets"), model.get("preset"));
  const classes = frame.model.get("mask_classes") || [];
  return {
    low, high,
    stretch: model.get("stretch"),
    map: model.get("colour_map"),
    isInverted: model.get("is_inverted"),
    bias: state.bias,
    contrast: state.contrast,
    nan: parseColour(NAN_COLOUR),
    maskColours: model.get("shows_mask") ? classes.map((c) => parseColour(c.colour)) : [],
  };
}

export function paintPart(model, state, part, frame) {
  if (!part.values) return false;
  const channels = frame.model.get("channels");
  const look = lookOfFrame(model, state, frame);
  const key = channels === 3 ? "rgb" : JSON.stringify(look);
  if (part.painted === key) return true;
  part.canvas = part.canvas || document.createElement("canvas");
  part.canvas.width = part.nx;
  part.canvas.height = part.ny;
  const context = part.canvas.getContext("2d");
  const image = context.createImageData(part.nx, part.ny);
  const words = new Uint32Array(image.data.buffer);
  const start = performance.now();
  if (channels === 3) paintColours(part.values, part.nx, part.ny, words);
  else part.empty = paintValues(part.values, part.nx, part.ny, look, part.mask, words);
  context.putImageData(image, 0, 0);
  state.painted = performance.now() - start;
  part.painted = key;
  return true;
}

export function drawPart(context, state, part, place, zoom) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = state.size;
  const v = state.view;
  // frame pixel -> first-frame pixel -> screen, with rows counted downwards
  const [a, b, c, d, e, f] = place;
  const z = zoom * ratio;
  const X = (w / 2) * ratio + (e - v.x) * z;
  const Y = (h / 2) * ratio - (f - v.y) * z;
  context.setTransform(a * z, -b * z, -c * z, d * z, X, Y);
  const [x0, y0] = [part.x0 - 0.5, part.y0 - 0.5];
  const [wide, tall] = [part.x1 - part.x0, part.y1 - part.y0];
  context.imageSmoothingEnabled = zoom * part.block < 1;
  // an incomplete block at the upper edge is cut: the source box is fractional
  const [sw, sh] = [wide / part.block, tall / part.block];
  context.drawImage(part.canvas, 0, part.ny - sh, sw, sh, x0, -(y0 + tall), wide, tall);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

/** Compass and scale bar. */
export function drawSkyMarks(context, state, sky) {
  if (!sky) return;
  const [w, h] = state.size;
  const { north, east } = compass(sky, state.view.x, state.view.y);
  context.font = "600 11px system-ui, sans-serif";
  context.lineCap = "round";
  const place = [52, h - 50];
  const bar = scaleBar(pixelScale(sky, state.view.x, state.view.y) / state.view.zoom, Math.min(160, w / 3));
  const barX = w - 16 - bar.length;
  for (const [colour, width] of [["rgba(0,0,0,.65)", 4], ["#ffffff", 1.6]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [dx, dy] of [north, east]) {
      context.moveTo(...place);
      context.lineTo(place[0] + 24 * dx, place[1] - 24 * dy);
    }
    context.moveTo(barX, h - 16);
    context.lineTo(barX + bar.length, h - 16);
    context.stroke();
  }
  const write = (text, X, Y) => {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.strokeStyle = "rgba(0,0,0,.65)";
    context.strokeText(text, X, Y);
    context.fillStyle = "#ffffff";
    context.fillText(text, X, Y);
  };
  write("N", place[0] + 33 * north[0], place[1] - 33 * north[1]);
  write("E", place[0] + 33 * east[0], place[1] - 33 * east[1]);
  write(bar.text, barX + bar.length / 2, h - 27);
}

/** Value of a pixel as the readout tells it. */
export function valueText(found, part, unit, frame) {
  if (!found) return "outside";
  if (found.colour) return `rgb ${found.colour.join(" ")}`;
  const label = found.mask ? (frame.model.get("mask_classes")[found.mask - 1] || {}).label : "";
  const mean = part.block > 1 ? ` (mean of ${part.block}×${part.block})` : "";
  return `${formatValue(found.value)}${unit ? ` ${unit}` : ""}${mean}${label ? ` · ${label}` : ""}`;
}

export const formatZoom = (z) => (z >= 1 ? `${Number(z.toFixed(2))}×` : `1/${Number((1 / z).toFixed(2))}`);
