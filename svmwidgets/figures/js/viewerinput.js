// Pointer, wheel and keys of the image viewer.
import { markerId } from "./overlays.js";

/**
 * Listen on the canvas. `viewer` gives model, state, tools(), blink, and the actions
 * draw, moveTo, zoomBy, fit, oneToOne, showFrame, showReadout, current, index, markerAt
 * and framePixel. What is dragged stands in state.drag.
 */
export function attachViewerInput(canvas, viewer) {
  const { model, state, blink, draw, moveTo, zoomBy, fit, oneToOne, showFrame, showReadout, current, index, markerAt, framePixel } = viewer;
  const retool = () => viewer.tools().update();
  canvas.addEventListener("pointerdown", (event) => {
    if (!state.view) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    state.drag = { X: event.offsetX, Y: event.offsetY, view: state.view, button: event.button, bias: state.bias, contrast: state.contrast, isMoved: false };
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    state.mouse = [event.offsetX, event.offsetY];
    if (!state.drag) { showReadout(); hover(); return; }
    const [dX, dY] = [event.offsetX - state.drag.X, event.offsetY - state.drag.Y];
    if (Math.hypot(dX, dY) > 3) state.drag.isMoved = true;
    if (!state.drag.isMoved) return;
    if (state.drag.button === 2) {
      state.bias = Math.min(1, Math.max(0, state.drag.bias + dX / state.size[0]));
      state.contrast = Math.min(10, Math.max(0.1, state.drag.contrast * Math.exp((-3 * dY) / state.size[1])));
      retool();
      draw();
    } else {
      const { view } = state.drag;
      moveTo({ x: view.x - dX / view.zoom, y: view.y + dY / view.zoom, zoom: view.zoom });
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    const wasClick = state.drag && !state.drag.isMoved && state.drag.button === 0;
    if (state.drag && state.drag.isMoved) draw();
    state.drag = null;
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
        else { state.hold = 1; retool(); draw(); }
      }
    } else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  const release = () => {
    blink.isHeld = false;
    if (state.hold) { state.hold = 0; retool(); draw(); }
  };
  canvas.addEventListener("keyup", (event) => event.key === " " && release());
  canvas.addEventListener("blur", release);

  return () => state.drag !== null;
}
