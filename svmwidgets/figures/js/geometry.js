// The view of an image: where pixels fall on the screen, hits, scale bars.
//
// A view is { x, y, zoom }: the pixel (0-based, centres at integers) in the middle
// of the screen and the number of CSS pixels per image pixel. Rows grow upwards.

export function toScreen(view, width, height, x, y) {
  return [width / 2 + (x - view.x) * view.zoom, height / 2 - (y - view.y) * view.zoom];
}

export function toPixel(view, width, height, X, Y) {
  return [view.x + (X - width / 2) / view.zoom, view.y - (Y - height / 2) / view.zoom];
}

export function fitView(nx, ny, width, height) {
  return { x: (nx - 1) / 2, y: (ny - 1) / 2, zoom: Math.min(width / nx, height / ny) };
}

/** Zoom by a factor, keeping the pixel under (X, Y) where it is. */
export function zoomAbout(view, width, height, X, Y, factor, limits) {
  const zoom = Math.min(Math.max(view.zoom * factor, limits[0]), limits[1]);
  const [x, y] = toPixel(view, width, height, X, Y);
  return { x: x - (X - width / 2) / zoom, y: y + (Y - height / 2) / zoom, zoom };
}

export function visibleBox(view, width, height) {
  const [x0, y1] = toPixel(view, width, height, 0, 0);
  const [x1, y0] = toPixel(view, width, height, width, height);
  return { x0, x1, y0, y1 };
}

/** Keep the middle of the view on the image. */
export function clampView(view, nx, ny) {
  return {
    x: Math.min(Math.max(view.x, -0.5), nx - 0.5),
    y: Math.min(Math.max(view.y, -0.5), ny - 0.5),
    zoom: view.zoom,
  };
}

/** Index of the point nearest to (X, Y) within reach, or -1. */
export function nearestPoint(xs, ys, X, Y, reach) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < xs.length; i++) {
    const d = (xs[i] - X) ** 2 + (ys[i] - Y) ** 2;
    if (d <= least) {
      least = d;
      best = i;
    }
  }
  return best;
}

/** Round length [arcsec] for a bar of at most so many CSS pixels. */
export function scaleBar(arcsecPerScreen, longest) {
  const most = arcsecPerScreen * longest;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [5, 2, 1].find((n) => n * power <= most);
  const arcsec = step * power;
  const text =
    arcsec >= 60 && arcsec % 60 === 0
      ? `${arcsec / 60}′`
      : arcsec >= 0.1
        ? `${Number(arcsec.toPrecision(1))}″`
        : `${Number((arcsec * 1000).toPrecision(1))} mas`;
  return { length: arcsec / arcsecPerScreen, text };
}

/** A value with about six significant digits, short. */
export function formatValue(value) {
  if (Number.isNaN(value)) return "no data";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(4);
  return String(Number(value.toPrecision(6)));
}

/** A display limit, as fine as a thousandth of the range that is shown. */
export function formatLimit(value, range) {
  const digits = Math.ceil(-Math.log10(range / 1000));
  if (!(range > 0) || digits > 6 || Math.abs(value) >= 1e6) return formatValue(value);
  return String(Number(value.toFixed(Math.max(digits, 0))));
}
