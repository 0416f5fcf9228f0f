// Frames of the image viewer as the browser holds them.
import { bytesOf, doublesOf } from "./dom.js";

/** One part of a frame in the browser: values, mask, painted canvas. */
function makePart(x0, y0, x1, y1, block, shape, pixels, mask, channels) {
  const bytes = bytesOf(pixels);
  const classes = bytesOf(mask);
  return {
    x0, y0, x1, y1, block,
    ny: shape[0],
    nx: shape[1],
    values: bytes ? (channels === 3 ? new Uint8Array(bytes) : new Float32Array(bytes)) : null,
    mask: classes ? new Uint8Array(classes) : null,
    canvas: null,
    painted: "",
  };
}

/** A frame model of the kernel with its parts; tells when it changes. */
export function watchFrame(model, changed) {
  const frame = { model, whole: null, tile: null, sky: null };
  const get = (key) => model.get(key);
  const load = () => {
    const [ny, nx] = get("shape");
    const block = get("block");
    const shape = [Math.ceil(ny / block), Math.ceil(nx / block)];
    frame.whole = makePart(0, 0, nx, ny, block, shape, get("pixels"), get("mask"), get("channels"));
    const sky = get("sky");
    frame.sky = sky && sky.crval ? { ...sky, table: doublesOf(sky.table) } : null;
    frame.tile = null;
  };
  const loadTile = () => {
    const t = get("tile");
    frame.tile =
      t && t.shape
        ? makePart(t.x0, t.y0, t.x1, t.y1, t.block, t.shape, t.pixels, t.mask, get("channels"))
        : null;
  };
  let isLoading = false; // one message changes several traits: load them once
  const onData = () => {
    if (isLoading) return;
    isLoading = true;
    queueMicrotask(() => {
      isLoading = false;
      load();
      loadTile();
      changed();
    });
  };
  const onTile = () => { loadTile(); changed(); };
  model.on("change:pixels change:sky change:shape change:mask", onData);
  model.on("change:tile", onTile);
  model.on("change:presets change:name", changed);
  load();
  loadTile();
  frame.stop = () => {
    model.off("change:pixels change:sky change:shape change:mask", onData);
    model.off("change:tile", onTile);
    model.off("change:presets change:name", changed);
  };
  return frame;
}

/** Value, or colour, and mask class at a pixel; null outside the part. */
export function partValue(part, x, y, channels) {
  const i = Math.floor((Math.round(x) - part.x0) / part.block);
  const j = Math.floor((Math.round(y) - part.y0) / part.block);
  if (i < 0 || j < 0 || i >= part.nx || j >= part.ny || !part.values) return null;
  const k = j * part.nx + i;
  const mask = part.mask ? part.mask[k] : 0;
  if (channels === 3) return { colour: [...part.values.slice(3 * k, 3 * k + 3)], mask };
  return { value: part.values[k], mask };
}
