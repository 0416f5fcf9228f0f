// The image viewer: the kernel sends pixels and overlays, everything else is here.
import { doublesOf, make, makeRoot, onNextFrame, sharpContext } from "./dom.js";
import { chooseLimits, paintColours, paintValues, parseColour } from "./stretch.js";
import { affineBetween, applyAffine, compass, formatDec, formatDegrees, formatRa, invertAffine, pixelScale, pixelToSky, skyToPixel } from "./sky.js";
import { clampView, fitView, formatValue, nearestPoint, scaleBar, toPixel, visibleBox, zoomAbout } from "./geometry.js";
import { partValue, watchFrame } from "./frames.js";
import { drawOverlay, markerId } from "./overlays.js";
import { makeViewerTools } from "./viewertools.js";

const IDENTITY = [1, 0, 0, 1, 0, 0];
const NAN_COLOUR = "#4a3b5c";
const MANY_MARKERS = 1500;
const LINK_EVENT = "svm-viewer-moved";

function render({ model, el }) {
  const root = makeRoot(el, "svm-viewer", model);
  const canvas = make("canvas", { class: "svm-canvas", tabindex: "0", role: "img" });
  const name = make("div", { class: "svm-frame-name" });
  const stage = make("div", { class: "svm-stage" }, canvas, name);
  const readout = make("div", { class: "svm-readout", "aria-live": "off" });
  const id = Math.random().toString(36).slice(2);
  const state = { view: null, size: [1, 1], frames: [], ids: "", bias: 0.5, contrast: 1, hold: 0, mouse: null, painted: 0 };
  const stops = [];
  let viewTimer = null;

  // --- frames
  const index = () => {
    const n = state.frames.length;
    return n ? (((model.get("frame") + state.hold) % n) + n) % n : 0;
  };
  const current = () => state.frames[index()];
  const first = () => state.frames[0];
  const shapeOf = (frame) => frame.model.get("shape");

  async function loadFrames() {
    const ids = model.get("frames");
    const key = ids.join();
    if (key === state.ids) return;
    state.ids = key;
    const models = await Promise.all(
      ids.map((ref) => (typeof ref === "string" ? model.widget_manager.get_model(ref.replace("IPY_MODEL_", "")) : ref)),
    );
    if (state.ids !== key) return; // newer frames came meanwhile
    for (const frame of state.frames) frame.stop();
    state.frames = models.map((m) => watchFrame(m, framesChanged));
    framesChanged();
    applyTarget();
    root.dataset.frames = String(state.frames.length);
  }

  function framesChanged() {
    const shape = first() ? shapeOf(first()).join() : "";
    if (shape !== state.shape) state.view = null; // another image: show all of it
    state.shape = shape;
    tools.update();
    draw();
  }

  /** Affine map from pixels of a frame to pixels of the first frame. */
  function placement(frame) {
    if (frame === first() || model.get("align") !== "sky" || !frame.sky || !first().sky) return IDENTITY;
    return affineBetween(frame.sky, first().sky, state.view.x, state.view.y) || IDENTITY;
  }

  // --- painting
  function lookOf(frame) {
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

  function paint(part, frame) {
    if (!part.values) return false;
    const channels = frame.model.get("channels");
    const look = lookOf(frame);
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

  function drawPart(context, part, place, zoom) {
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

  function drawNow() {
    const [w, h] = state.size;
    const context = sharpContext(canvas, w, h);
    context.clearRect(0, 0, w, h);
    const frame = current();
    if (!frame) {
      name.textContent = "no image";
      readout.replaceChildren();
    }
    if (!frame || w < 2) return;
    if (!state.view) {
      state.view = fitView(shapeOf(first())[1], shapeOf(first())[0], w, h);
      state.isFitted = true;
    }
    const place = placement(frame);
    const zoom = state.view.zoom;
    const wasEmpty = frame.whole.empty;
    if (paint(frame.whole, frame)) drawPart(context, frame.whole, place, zoom);
    if (frame.whole.empty !== wasEmpty) tools.update();
    if (frame.tile && paint(frame.tile, frame)) drawPart(context, frame.tile, place, zoom);
    drawOverlays(context);
    drawSkyMarks(context);
    name.textContent = frame.model.get("name");
    root.dataset.frame = String(index());
    root.dataset.paintMs = state.painted.toFixed(1);
    showReadout();
    askForTile(frame, place);
  }
  const draw = onNextFrame(drawNow);

  // --- overlays, kept as screen positions for the hit test
  function layerPixels(own) {
    const { layer } = own;
    const { sky } = first();
    if (!own.xs || own.sky !== sky) {
      own.sky = sky;
      own.xs = doublesOf(layer.x);
      own.ys = doublesOf(layer.y);
      for (let i = 0; layer.is_sky && i < own.xs.length; i++) {
        const p = sky ? skyToPixel(sky, own.xs[i], own.ys[i]) : null;
        [own.xs[i], own.ys[i]] = p || [NaN, NaN];
      }
    }
    const place = layer.is_sky ? IDENTITY : placement(state.frames[layer.frame] || first());
    return { xs: own.xs, ys: own.ys, place };
  }

  function loadLayers() {
    const cache = state.layers || [];
    state.layers = model.get("layers").map((layer, k) => {
      const old = cache[k];
      if (old && old.layer === layer) return old;
      return { layer, dx: doublesOf(layer.dx), dy: doublesOf(layer.dy), size: doublesOf(layer.size), isVisible: layer.is_visible };
    });
    tools.update();
    draw();
  }

  function drawLayers(context) {
    const bold = model.get("highlight") || {};
    for (const own of state.layers || []) {
      own.X = own.Y = [];
      if (!own.isVisible || !first()) continue;
      Object.assign(own, layerPixels(own));
      drawOverlay(context, own, state.view, state.size, bold[own.layer.name] || []);
    }
  }

  /** Thousands of markers are drawn once and only shifted while one drags. */
  function drawOverlays(context) {
    const count = (state.layers || []).reduce((n, own) => n + (own.isVisible ? own.layer.x.byteLength / 8 : 0), 0);
    if (count < MANY_MARKERS) {
      state.sheet = null;
      drawLayers(context);
      return;
    }
    const [w, h] = state.size;
    const { view } = state;
    if (!drag || !state.sheet || state.sheet.zoom !== view.zoom) {
      const canvas = state.sheet ? state.sheet.canvas : document.createElement("canvas");
      const own = sharpContext(canvas, w, h);
      own.clearRect(0, 0, w, h);
      drawLayers(own);
      state.sheet = { canvas, x: view.x, y: view.y, zoom: view.zoom };
    }
    const { sheet } = state;
    context.drawImage(sheet.canvas, (sheet.x - view.x) * view.zoom, (view.y - sheet.y) * view.zoom, w, h);
  }

  function markerAt(X, Y) {
    for (const own of [...(state.layers || [])].reverse()) {
      if (!own.isVisible || own.layer.kind === "polygon") continue;
      const i = nearestPoint(own.X, own.Y, X, Y, 10);
      if (i >= 0) return { layer: own.layer, row: i };
    }
    return null;
  }

  // --- compass and scale bar
  function drawSkyMarks(context) {
    const { sky } = first();
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

  // --- readout
  function framePixel(X, Y) {
    const [w, h] = state.size;
    const [x, y] = toPixel(state.view, w, h, X, Y);
    return applyAffine(invertAffine(placement(current())), x, y);
  }

  function showReadout() {
    const frame = current();
    if (!frame || !state.view) return;
    const [X, Y] = state.mouse || [state.size[0] / 2, state.size[1] / 2];
    const [x, y] = framePixel(X, Y);
    const [ny, nx] = shapeOf(frame);
    const isInside = x >= -0.5 && y >= -0.5 && x < nx - 0.5 && y < ny - 0.5;
    const channels = frame.model.get("channels");
    const part = frame.tile && partValue(frame.tile, x, y, channels) ? frame.tile : frame.whole;
    const found = isInside ? partValue(part, x, y, channels) : null;
    const unit = frame.model.get("unit");
    const pieces = [
      ["svm-where", state.mouse ? "" : "centre"],
      ["svm-xy", `x ${x.toFixed(2)}  y ${y.toFixed(2)}`],
      ["svm-where", "0-based"],
      ["svm-value", valueText(found, part, unit, frame)],
    ];
    if (frame.sky) {
      const [ra, dec] = pixelToSky(frame.sky, x, y);
      pieces.push(["svm-radec", `${formatRa(ra)} ${formatDec(dec)}`], ["svm-degrees", formatDegrees(ra, dec)]);
    }
    readout.replaceChildren(
      ...pieces.filter((p) => p[1]).map(([kind, text]) => make("span", { class: kind, text })),
      make("span", { class: "svm-zoom", text: `zoom ${formatZoom(state.view.zoom)}` }),
    );
    readout.title = "x and y count from 0; a pixel's centre is an integer";
  }

  function valueText(found, part, unit, frame) {
    if (!found) return "outside";
    if (found.colour) return `rgb ${found.colour.join(" ")}`;
    const label = found.mask ? (frame.model.get("mask_classes")[found.mask - 1] || {}).label : "";
    const mean = part.block > 1 ? ` (mean of ${part.block}×${part.block})` : "";
    return `${formatValue(found.value)}${unit ? ` ${unit}` : ""}${mean}${label ? ` · ${label}` : ""}`;
  }

  const formatZoom = (z) => (z >= 1 ? `${Number(z.toFixed(2))}×` : `1/${Number((1 / z).toFixed(2))}`);

  // --- movement
  function moveTo(view, isOwn = true) {
    const [ny, nx] = shapeOf(first());
    state.view = clampView(view, nx, ny);
    state.isFitted = false;
    draw();
    if (isOwn) tellLinked();
  }

  function tellLinked() {
    const group = model.get("link");
    if (!group) return;
    const { sky } = first();
    const detail = { id, group, by: model.get("link_by"), view: state.view };
    if (sky) {
      detail.sky = pixelToSky(sky, state.view.x, state.view.y);
      detail.scale = pixelScale(sky, state.view.x, state.view.y) / state.view.zoom;
    }
    window.dispatchEvent(new CustomEvent(LINK_EVENT, { detail }));
  }

  function followLinked({ detail }) {
    if (detail.id === id || !detail.group || detail.group !== model.get("link") || !first()) return;
    const { sky } = first();
    if (detail.by === "sky" && detail.sky && sky) {
      const p = skyToPixel(sky, detail.sky[0], detail.sky[1]);
      if (p) moveTo({ x: p[0], y: p[1], zoom: pixelScale(sky, p[0], p[1]) / detail.scale }, false);
    } else moveTo(detail.view, false);
  }

  const zoomLimits = () => {
    const [ny, nx] = shapeOf(first());
    const fit = fitView(nx, ny, ...state.size).zoom;
    return [Math.min(fit / 2, 1), 64];
  };
  const zoomBy = (factor, X, Y) => {
    if (!first() || !state.view) return;
    const [w, h] = state.size;
    moveTo(zoomAbout(state.view, w, h, X ?? w / 2, Y ?? h / 2, factor, zoomLimits()));
  };
  const fit = () => {
    if (!first()) return;
    const [ny, nx] = shapeOf(first());
    moveTo(fitView(nx, ny, ...state.size));
    state.isFitted = true;
  };
  const oneToOne = () => first() && moveTo({ ...state.view, zoom: 1 });

  function applyTarget() {
    const target = model.get("target");
    if (!target || !target.move || target.move === state.lastMove || !first() || state.size[0] < 2) return;
    state.lastMove = target.move;
    const { sky } = first();
    const isSky = target.ra !== undefined;
    const place = isSky ? sky && skyToPixel(sky, target.ra, target.dec) : [target.x, target.y];
    if (!place || place[0] === undefined) {
      if (!isSky) fit();
      return;
    }
    const [ny, nx] = shapeOf(first());
    const zoom = target.zoom || (state.view ? state.view.zoom : fitView(nx, ny, ...state.size).zoom);
    moveTo({ x: place[0], y: place[1], zoom });
  }

  function askForTile(frame, place) {
    const block = frame.model.get("block");
    if (block === 1 || state.view.zoom <= 1 / block + 1e-9) return;
    clearTimeout(viewTimer);
    viewTimer = setTimeout(() => {
      const b = visibleBox(state.view, ...state.size);
      const back = invertAffine(place);
      const corners = [[b.x0, b.y0], [b.x1, b.y0], [b.x0, b.y1], [b.x1, b.y1]].map((p) => applyAffine(back, ...p));
      const [xs, ys] = [corners.map((p) => p[0]), corners.map((p) => p[1])];
      const [mx, my] = [(b.x1 - b.x0) * 0.1, (b.y1 - b.y0) * 0.1];
      const box = [Math.min(...xs) - mx, Math.max(...xs) + mx, Math.min(...ys) - my, Math.max(...ys) + my].map(Math.round);
      const key = `${index()}:${box}`;
      if (key === state.asked) return;
      state.asked = key;
      model.send({ event: "view", frame: index(), box });
    }, 150);
  }

  // --- frames by key and clock
  function showFrame(k, isLasting = true) {
    const n = state.frames.length;
    if (!n) return;
    model.set("frame", ((k % n) + n) % n);
    if (isLasting) model.save_changes();
    else { tools.update(); draw(); }
  }
  const blink = { timer: null };
  function updateBlink() {
    clearInterval(blink.timer);
    blink.timer = null;
    const period = model.get("blink_ms");
    if (period > 0) {
      blink.timer = setInterval(() => {
        if (!blink.isHeld && root.isConnected) showFrame(model.get("frame") + 1, false);
      }, period);
    }
    tools.update();
  }

  // --- pointer
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (!state.view) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    drag = { X: event.offsetX, Y: event.offsetY, view: state.view, button: event.button, bias: state.bias, contrast: state.contrast, isMoved: false };
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    state.mouse = [event.offsetX, event.offsetY];
    if (!drag) { showReadout(); hover(); return; }
    const [dX, dY] = [event.offsetX - drag.X, event.offsetY - drag.Y];
    if (Math.hypot(dX, dY) > 3) drag.isMoved = true;
    if (!drag.isMoved) return;
    if (drag.button === 2) {
      state.bias = Math.min(1, Math.max(0, drag.bias + dX / state.size[0]));
      state.contrast = Math.min(10, Math.max(0.1, drag.contrast * Math.exp((-3 * dY) / state.size[1])));
      tools.update();
      draw();
    } else {
      const { view } = drag;
      moveTo({ x: view.x - dX / view.zoom, y: view.y + dY / view.zoom, zoom: view.zoom });
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    const wasClick = drag && !drag.isMoved && drag.button === 0;
    if (drag && drag.isMoved) draw();
    drag = null;
    if (!wasClick || !current()) return;
    const hit = markerAt(event.offsetX, event.offsetY);
    const [x, y] = framePixel(event.offsetX, event.offsetY);
    model.send({ event: "click", x, y, frame: index(), layer: hit ? hit.layer.name : "", id: hit ? markerId(hit.layer, hit.row) : null });
  });
  canvas.addEventListener("pointerleave", () => { state.mouse = null; showReadout(); });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    event.stopPropagation();
    zoomBy(Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) * 0.0018), event.offsetX, event.offsetY);
  }, { passive: false });

  function hover() {
    const hit = state.mouse && markerAt(...state.mouse);
    canvas.title = hit ? `${hit.layer.label} ${markerId(hit.layer, hit.row)}` : "";
  }

  // --- keys
  const pan = (dx, dy) => moveTo({ x: state.view.x + (dx * state.size[0]) / state.view.zoom / 8, y: state.view.y + (dy * state.size[1]) / state.view.zoom / 8, zoom: state.view.zoom });
  const keys = {
    b: () => showFrame(model.get("frame") + 1),
    B: () => showFrame(model.get("frame") - 1),
    "+": () => zoomBy(1.5),
    "=": () => zoomBy(1.5),
    "-": () => zoomBy(1 / 1.5),
    0: fit,
    1: oneToOne,
    i: () => { model.set("is_inverted", !model.get("is_inverted")); model.save_changes(); },
    ArrowLeft: () => pan(-1, 0),
    ArrowRight: () => pan(1, 0),
    ArrowUp: () => pan(0, 1),
    ArrowDown: () => pan(0, -1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !state.view) return;
    if (event.key === " ") {
      if (!event.repeat) {
        if (blink.timer) blink.isHeld = true;
        else { state.hold = 1; tools.update(); draw(); }
      }
    } else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  const release = () => {
    blink.isHeld = false;
    if (state.hold) { state.hold = 0; tools.update(); draw(); }
  };
  canvas.addEventListener("keyup", (event) => event.key === " " && release());
  canvas.addEventListener("blur", release);

  // --- assembly
  const tools = makeViewerTools({
    model,
    frames: () => state.frames,
    index,
    layers: () => state.layers || [],
    nanColour: NAN_COLOUR,
    lookOf: () => (current() ? lookOf(current()) : null),
    isContrastChanged: () => state.bias !== 0.5 || state.contrast !== 1,
    actions: { fit, oneToOne, zoomIn: () => zoomBy(1.5), zoomOut: () => zoomBy(1 / 1.5), showFrame, draw, resetContrast: () => { state.bias = 0.5; state.contrast = 1; tools.update(); draw(); } },
  });
  root.append(tools.element, stage, tools.legend, readout);

  const resize = () => {
    const width = Math.floor(stage.clientWidth);
    const height = model.get("height");
    stage.style.height = `${height}px`;
    if (width < 2 || (width === state.size[0] && height === state.size[1])) return;
    const wasFitted = state.isFitted;
    state.size = [width, height];
    if (wasFitted || !state.view) state.view = null;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    applyTarget();
    drawNow();
  };
  const observer = new ResizeObserver(resize);
  observer.observe(stage);
  stops.push(() => observer.disconnect());

  const labelled = () => canvas.setAttribute("aria-label", `${model.get("label")}. Arrow keys pan, plus and minus zoom, 0 fits, b blinks.`);
  const listen = (names, handler) => model.on(names.split(" ").map((n) => `change:${n}`).join(" "), handler);
  listen("frames", loadFrames);
  listen("frame stretch preset limits is_sharing_limits colour_map is_inverted shows_mask align has_controls", framesChanged);
  listen("layers", loadLayers);
  listen("highlight", draw);
  listen("target", applyTarget);
  listen("height", resize);
  listen("blink_ms", updateBlink);
  listen("label", labelled);
  window.addEventListener(LINK_EVENT, followLinked);
  stops.push(() => window.removeEventListener(LINK_EVENT, followLinked));
  stops.push(() => clearInterval(blink.timer), () => clearTimeout(viewTimer));
  stops.push(() => state.frames.forEach((frame) => frame.stop()));

  labelled();
  resize();
  loadLayers();
  loadFrames();
  updateBlink();
  return () => stops.forEach((stop) => stop());
}

export default { render };
