// Overlays of the image viewer: markers, vectors and outlines on the screen.
import { applyAffine } from "./sky.js";
import { toScreen } from "./geometry.js";

const stamps = new Map(); // marker pictures: drawing one is faster than its path

function traceMarker(context, kind, X, Y, r) {
  if (kind === "cross") {
    context.moveTo(X - r, Y - r);
    context.lineTo(X + r, Y + r);
    context.moveTo(X - r, Y + r);
    context.lineTo(X + r, Y - r);
  } else if (kind === "square") context.rect(X - r, Y - r, 2 * r, 2 * r);
  else {
    context.moveTo(X + r, Y);
    context.arc(X, Y, r, 0, 2 * Math.PI);
  }
}

function stampOf(kind, colour, r, ratio) {
  const key = `${kind} ${colour} ${r} ${ratio}`;
  if (!stamps.has(key)) {
    const side = Math.ceil(2 * (r + 2) * ratio);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.beginPath();
    traceMarker(context, kind, side / ratio / 2, side / ratio / 2, r);
    context.stroke();
    stamps.set(key, canvas);
  }
  return stamps.get(key);
}

function drawMarkers(context, own, width, height) {
  const { layer, X, Y, size } = own;
  const ratio = window.devicePixelRatio || 1;
  for (let i = 0; i < X.length; i++) {
    const r = Math.round(2 * (size[i % size.length] || 7)) / 2;
    if (!(X[i] > -r && X[i] < width + r && Y[i] > -r && Y[i] < height + r)) continue;
    const stamp = stampOf(layer.kind, layer.colour, r, ratio);
    const side = stamp.width / ratio;
    context.drawImage(stamp, X[i] - side / 2, Y[i] - side / 2, side, side);
  }
}

function drawOutlines(context, { X, Y }) {
  context.beginPath();
  let isDown = false;
  for (let i = 0; i < X.length; i++) {
    if (!(X[i] - X[i] === 0)) isDown = false;
    else if (isDown) context.lineTo(X[i], Y[i]);
    else {
      context.moveTo(X[i], Y[i]);
      isDown = true;
    }
  }
  context.stroke();
}

function drawVectors(context, own, zoom, width, height) {
  const { layer, X, Y, dx, dy } = own;
  const [a, b, c, d] = own.place;
  const k = layer.magnification * zoom;
  context.beginPath();
  for (let i = 0; i < X.length; i++) {
    const U = X[i] + (a * dx[i] + c * dy[i]) * k;
    const V = Y[i] - (b * dx[i] + d * dy[i]) * k;
    if (!(Math.max(X[i], U) > 0 && Math.min(X[i], U) < width)) continue;
    if (!(Math.max(Y[i], V) > 0 && Math.min(Y[i], V) < height)) continue;
    context.moveTo(X[i], Y[i]);
    context.lineTo(U, V);
    if (Math.hypot(U - X[i], V - Y[i]) < 4) continue;
    const angle = Math.atan2(V - Y[i], U - X[i]);
    for (const turn of [2.6, -2.6]) {
      context.moveTo(U, V);
      context.lineTo(U + 5 * Math.cos(angle + turn), V + 5 * Math.sin(angle + turn));
    }
  }
  context.stroke();
}

/** The id that clicks give back for a row of a layer. */
export const markerId = (layer, row) => (layer.ids.length ? layer.ids[row] : row);

function drawChosen(context, own, chosen) {
  context.strokeStyle = "#ff8a3d";
  context.lineWidth = 2;
  context.beginPath();
  own.X.forEach((X, i) => {
    if (chosen.has(markerId(own.layer, i))) traceMarker(context, "circle", X, own.Y[i], (own.size[i % own.size.length] || 7) + 4);
  });
  context.stroke();
}

/**
 * Draw a layer and keep where its rows are on the screen, for the hit test.
 *
 * own: { layer, xs, ys, dx, dy, size, place }; place maps its pixels to the view's.
 */
export function drawOverlay(context, own, view, [width, height], chosen) {
  const { layer, xs, ys, place } = own;
  own.X = new Float64Array(xs.length);
  own.Y = new Float64Array(xs.length);
  for (let i = 0; i < xs.length; i++) {
    const [x, y] = applyAffine(place, xs[i], ys[i]);
    [own.X[i], own.Y[i]] = toScreen(view, width, height, x, y);
  }
  context.strokeStyle = layer.colour;
  context.lineWidth = 1.4;
  if (layer.kind === "polygon") drawOutlines(context, own);
  else if (layer.kind === "vector") drawVectors(context, own, view.zoom, width, height);
  else drawMarkers(context, own, width, height);
  if (chosen.length) drawChosen(context, own, new Set(chosen));
}
