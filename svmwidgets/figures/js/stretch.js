// From values to colours: the stretches of astropy.visualization, colour maps, masks.
import { COLOUR_NODES } from "./colourmaps.js";

const LEVELS = 65535; // steps of the stretch table: under half a grey level for log

/** The stretched value, 0 to 1, of a value already scaled to 0 … 1. */
export function stretchUnit(name, t) {
  const v = t > 0 ? (t < 1 ? t : 1) : 0;
  if (name === "sqrt") return Math.sqrt(v);
  if (name === "log") return Math.log(1000 * v + 1) / Math.log(1001);
  if (name === "asinh") return Math.asinh(v / 0.1) / Math.asinh(10);
  return v;
}

/** Grey level 0 … 255 of a value between limits; for tests and legends. */
export function greyLevel(value, low, high, name) {
  const table = stretchTable(name, 0.5, 1);
  return table[tableIndex(value, low, high)];
}

function tableIndex(value, low, high) {
  const t = ((value - low) / (high - low)) * LEVELS + 0.5;
  return t > 0 ? (t < LEVELS ? t | 0 : LEVELS) : 0;
}

/** Table of grey levels over the scaled range, after bias and contrast. */
export function stretchTable(name, bias, contrast) {
  const table = new Uint8Array(LEVELS + 1);
  for (let i = 0; i <= LEVELS; i++) {
    const s = (stretchUnit(name, i / LEVELS) - bias) * contrast + 0.5;
    table[i] = Math.round(255 * (s > 0 ? (s < 1 ? s : 1) : 0));
  }
  return table;
}

/** 256 colours as little-endian RGBA words. */
export function colourTable(name, isInverted) {
  const hex = COLOUR_NODES[name] || COLOUR_NODES.gray;
  const nodes = hex.match(/../g).map((h) => parseInt(h, 16));
  const last = nodes.length / 3 - 1;
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const p = ((isInverted ? 255 - i : i) / 255) * last;
    const k = Math.min(Math.floor(p), last - 1);
    const rgb = [0, 1, 2].map((c) =>
      Math.round(nodes[3 * k + c] + (p - k) * (nodes[3 * k + 3 + c] - nodes[3 * k + c])),
    );
    table[i] = packColour(rgb[0], rgb[1], rgb[2]);
  }
  return table;
}

export function packColour(r, g, b) {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export function parseColour(hex) {
  const n = parseInt(hex.slice(1), 16);
  return packColour((n >> 16) & 255, (n >> 8) & 255, n & 255);
}

/**
 * Paint values into RGBA words, flipping rows so that row 0 ends at the bottom.
 *
 * look: { low, high, stretch, bias, contrast, map, isInverted, nan, maskColours }
 * mask: Uint8Array of classes or null; class k takes look.maskColours[k - 1].
 * Returns the number of values that are not finite.
 */
export function paintValues(values, nx, ny, look, mask, out) {
  const colours = colourTable(look.map, look.isInverted);
  const grey = stretchTable(look.stretch, look.bias, look.contrast);
  const table = new Uint32Array(grey.length);
  for (let i = 0; i < grey.length; i++) table[i] = colours[grey[i]];
  const scale = LEVELS / (look.high - look.low);
  const shift = 0.5 - look.low * scale;
  const nan = look.nan;
  const classes = look.maskColours;
  let empty = 0;
  for (let j = 0; j < ny; j++) {
    const from = j * nx;
    const to = (ny - 1 - j) * nx;
    for (let i = 0; i < nx; i++) {
      const value = values[from + i];
      const t = value * scale + shift;
      let colour = t > 0 ? table[t < LEVELS ? t | 0 : LEVELS] : table[0];
      if (!(value - value === 0)) {
        colour = value === Infinity ? table[LEVELS] : nan;
        empty += 1;
      }
      if (mask !== null && mask[from + i] !== 0) {
        const own = classes[mask[from + i] - 1];
        if (own !== undefined) colour = own;
      }
      out[to + i] = colour;
    }
  }
  return empty;
}

/** Paint 8-bit red, green, blue the same way. */
export function paintColours(bytes, nx, ny, out) {
  for (let j = 0; j < ny; j++) {
    const to = (ny - 1 - j) * nx;
    for (let i = 0, p = 3 * j * nx; i < nx; i++, p += 3) {
      out[to + i] = packColour(bytes[p], bytes[p + 1], bytes[p + 2]);
    }
  }
}

/** The limits in use: own ones, else those of the preset, else the first preset. */
export function chooseLimits(own, presets, preset) {
  if (own && own.length === 2 && own[1] > own[0]) return own;
  const names = Object.keys(presets || {});
  if (names.length === 0) return [0, 1];
  return presets[preset] || presets[names[0]];
}
