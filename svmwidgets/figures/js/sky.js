// Pixel to sky and back, as described by svmwidgets/figures/sky.py; formats.

const RADIANS = Math.PI / 180;

function tableAt(sky, plane, u, v) {
  const [my, mx] = sky.table_shape;
  const i = Math.min(Math.max(Math.floor(u), 0), Math.max(mx - 2, 0));
  const j = Math.min(Math.max(Math.floor(v), 0), Math.max(my - 2, 0));
  const i1 = Math.min(i + 1, mx - 1);
  const j1 = Math.min(j + 1, my - 1);
  const s = Math.min(Math.max(u - i, 0), 1);
  const t = Math.min(Math.max(v - j, 0), 1);
  const at = (row, col) => sky.table[plane * my * mx + row * mx + col];
  const low = at(j, i) * (1 - s) + at(j, i1) * s;
  const high = at(j1, i) * (1 - s) + at(j1, i1) * s;
  return low * (1 - t) + high * t;
}

/** Tangent-plane offsets [deg] of a 0-based pixel position. */
export function pixelToPlane(sky, x, y) {
  const u = (x - sky.origin[0]) / sky.scale[0];
  const v = (y - sky.origin[1]) / sky.scale[1];
  let xi = 0;
  let eta = 0;
  for (let k = 0; k < sky.powers.length; k++) {
    const term = u ** sky.powers[k][0] * v ** sky.powers[k][1];
    xi += sky.xi[k] * term;
    eta += sky.eta[k] * term;
  }
  if (sky.table && sky.table.length) {
    xi += tableAt(sky, 0, x / sky.spacing, y / sky.spacing);
    eta += tableAt(sky, 1, x / sky.spacing, y / sky.spacing);
  }
  return [xi, eta];
}

export function planeToSky(crval, xi, eta) {
  const [ra0, dec0] = [crval[0] * RADIANS, crval[1] * RADIANS];
  const [a, b] = [xi * RADIANS, eta * RADIANS];
  const down = Math.cos(dec0) - b * Math.sin(dec0);
  const ra = ra0 + Math.atan2(a, down);
  const dec = Math.atan2(Math.sin(dec0) + b * Math.cos(dec0), Math.hypot(a, down));
  return [(((ra / RADIANS) % 360) + 360) % 360, dec / RADIANS];
}

export function skyToPlane(crval, ra, dec) {
  const away = (ra - crval[0]) * RADIANS;
  const [d, d0] = [dec * RADIANS, crval[1] * RADIANS];
  const cosine = Math.sin(d0) * Math.sin(d) + Math.cos(d0) * Math.cos(d) * Math.cos(away);
  const xi = (Math.cos(d) * Math.sin(away)) / cosine;
  const eta =
    (Math.cos(d0) * Math.sin(d) - Math.sin(d0) * Math.cos(d) * Math.cos(away)) / cosine;
  return [xi / RADIANS, eta / RADIANS];
}

export function pixelToSky(sky, x, y) {
  return planeToSky(sky.crval, ...pixelToPlane(sky, x, y));
}

/** Jacobian of the tangent-plane offsets [deg/pixel]: [[dxi/dx, dxi/dy], …]. */
export function planeJacobian(sky, x, y) {
  const h = 0.5;
  const e = pixelToPlane(sky, x + h, y);
  const w = pixelToPlane(sky, x - h, y);
  const n = pixelToPlane(sky, x, y + h);
  const s = pixelToPlane(sky, x, y - h);
  return [
    [e[0] - w[0], n[0] - s[0]],
    [e[1] - w[1], n[1] - s[1]],
  ];
}

/** Pixel position of a sky position, by Newton steps; null if none is found. */
export function skyToPixel(sky, ra, dec) {
  const [xi, eta] = skyToPlane(sky.crval, ra, dec);
  let [x, y] = sky.origin;
  for (let step = 0; step < 20; step++) {
    const here = pixelToPlane(sky, x, y);
    const [[a, b], [c, d]] = planeJacobian(sky, x, y);
    const determinant = a * d - b * c;
    const [r, s] = [xi - here[0], eta - here[1]];
    const [dx, dy] = [(d * r - b * s) / determinant, (a * s - c * r) / determinant];
    if (!Number.isFinite(dx + dy)) return null;
    x += dx;
    y += dy;
    if (Math.hypot(dx, dy) < 1e-7) return [x, y];
  }
  return null;
}

/** Size of a pixel [arcsec] at a position. */
export function pixelScale(sky, x, y) {
  const [[a, b], [c, d]] = planeJacobian(sky, x, y);
  return Math.sqrt(Math.abs(a * d - b * c)) * 3600;
}

/** Directions of north and east in pixels, as unit vectors. */
export function compass(sky, x, y) {
  const [[a, b], [c, d]] = planeJacobian(sky, x, y);
  const determinant = a * d - b * c;
  const unit = (u, v) => [u / Math.hypot(u, v), v / Math.hypot(u, v)];
  return { north: unit(-b / determinant, a / determinant), east: unit(d / determinant, -c / determinant) };
}

/**
 * Affine map of pixels of one frame to pixels of another at one sky position.
 *
 * Returns [a, b, c, d, e, f]: X = a x + c y + e, Y = b x + d y + f; null where
 * the mappings do not meet.
 */
export function affineBetween(from, to, x, y) {
  const [ra, dec] = pixelToSky(to, x, y);
  const there = skyToPixel(from, ra, dec);
  if (!there) return null;
  const points = [there, [there[0] + 50, there[1]], [there[0], there[1] + 50]].map((p) =>
    skyToPixel(to, ...pixelToSky(from, p[0], p[1])),
  );
  if (points.some((p) => p === null)) return null;
  const a = (points[1][0] - points[0][0]) / 50;
  const b = (points[1][1] - points[0][1]) / 50;
  const c = (points[2][0] - points[0][0]) / 50;
  const d = (points[2][1] - points[0][1]) / 50;
  return [a, b, c, d, x - a * there[0] - c * there[1], y - b * there[0] - d * there[1]];
}

export function invertAffine([a, b, c, d, e, f]) {
  const n = a * d - b * c;
  return [d / n, -b / n, -c / n, a / n, (c * f - d * e) / n, (b * e - a * f) / n];
}

export function applyAffine([a, b, c, d, e, f], x, y) {
  return [a * x + c * y + e, b * x + d * y + f];
}

function sexagesimal(value, digits) {
  const unit = 10 ** digits;
  const total = Math.round(value * 3600 * unit);
  const seconds = total % (60 * unit);
  const minutes = Math.floor(total / (60 * unit)) % 60;
  const whole = Math.floor(total / (3600 * unit));
  const two = (n) => String(n).padStart(2, "0");
  const text = (seconds / unit).toFixed(digits).padStart(digits + 3, "0");
  return [two(whole), two(minutes), text];
}

export function formatRa(ra, digits = 4) {
  const [h, m, s] = sexagesimal(ra / 15, digits);
  return `${h === "24" ? "00" : h}h${m}m${s}s`;
}

export function formatDec(dec, digits = 3) {
  const [d, m, s] = sexagesimal(Math.abs(dec), digits);
  return `${dec < 0 ? "−" : "+"}${d}°${m}′${s}″`;
}

export function formatDegrees(ra, dec) {
  return `${ra.toFixed(7)}° ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(7)}°`;
}
