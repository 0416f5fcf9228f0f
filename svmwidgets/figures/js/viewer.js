// The image viewer: the kernel sends pixels and overlays, everything else is here.
import { doublesOf, make, makeRoot, onNextFrame, sharpContext } from "./dom.js";
import { affineBetween, applyAffine, formatDec, formatDegrees, formatRa, invertAffine, pixelScale, pixelToSky, skyToPixel } from "./sky.js";
import { clampView, fitView, nearestPoint, toPixel, visibleBox, zoomAbout } from "./geometry.js";
import { partValue, watchFrame } from "./frames.js";
import { drawOverlay } from "./overlays.js";
import { attachViewerInput } from "./viewerinput.js";
import { NAN_COLOUR, drawPart, drawSkyMarks, formatZoom, lookOfFrame, paintPart, valueText } from "./viewerpaint.js";
import { makeViewerTools } from "./viewertools.js";

const IDENTITY = [1, 0, 0, 1, 0, 0];
const MANY_MARKERS = 1500;
const LINK_EVENT = "svm-viewer-moved";

function render({ model, el }) {
  const root = makeRoot(el, "svm-viewer", model);
  const canvas = make("canvas", { class: "svm-canvas", tabindex: "0", role: "img" });
  const name = make("div", { class: "svm-frame-name" });
  const stage = make("div", { class: "svm-stage" }, canvas, name);
  const readout = make("div", { class: "svm-readout", "aria-live": "off" });
  const id = Math.random().toString(36).slice(2);
  const state = { view: null, size: [1, 1], frames: [], ids: "", bias: 0.5, contrast: 1, hold: 0, mouse: null, drag: null, painted: 0 };
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
    let models;
    try {
      models = await Promise.all(
        ids.map((ref) => (typeof ref === "string" ? model.widget_manager.get_model(ref.replace("IPY_MODEL_", "")) : ref)),
      );
    } catch (error) {
      if (state.ids !== key) return; // replaced and closed while we asked for them
      throw error;
    }
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
    if (paintPart(model, state, frame.whole, frame)) drawPart(context, state, frame.whole, place, zoom);
    if (frame.whole.empty !== wasEmpty) tools.update();
    if (frame.tile && paintPart(model, state, frame.tile, frame)) drawPart(context, state, frame.tile, place, zoom);
    drawOverlays(context);
    if (first().sky) drawSkyMarks(context, state, first().sky);
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
    if (!state.drag || !state.sheet || state.sheet.zoom !== view.zoom) {
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

  attachViewerInput(canvas, { model, state, blink, draw, moveTo, zoomBy, fit, oneToOne, showFrame, showReadout, current, index, markerAt, framePixel, tools: () => tools });

  // --- assembly
  const tools = makeViewerTools({
    model,
    frames: () => state.frames,
    index,
    layers: () => state.layers || [],
    nanColour: NAN_COLOUR,
    lookOf: () => (current() ? lookOfFrame(model, state, current()) : null),
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
