// Axes of a plot: ranges, ticks, scales. No drawing here.

/** Round tick positions within a range, about so many. */
export function niceTicks(low, high, count) {
  const [a, b] = low < high ? [low, high] : [high, low];
  if (!(b > a)) return { values: [a], digits: 2 };
  const raw = (b - a) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((n) => n * power >= raw * 0.8) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let k = Math.ceil(a / step - 1e-9); k * step <= b + step * 1e-9; k++) {
    values.push(Number((k * step).toFixed(digits + 2)));
  }
  return { values, digits };
}

export function formatTick(value, digits) {
  const text = Math.abs(value) >= 1e6 ? value.toExponential(1) : value.toFixed(Math.min(digits, 8));
  return text.replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
}

/** Range of finite values with a margin; symmetric about 0 if asked. */
export function paddedRange(values, isCentred, isUsed) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!Number.isFinite(v) || (isUsed && !isUsed(i))) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return [-1, 1];
  if (isCentred) {
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return [-1.12 * most, 1.12 * most];
  }
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}

/** Widen the shorter of two ranges so that both have one scale. */
export function equalRanges(xRange, yRange, width, height) {
  const perX = Math.abs(xRange[1] - xRange[0]) / width;
  const perY = Math.abs(yRange[1] - yRange[0]) / height;
  const per = Math.max(perX, perY);
  const widen = ([low, high], span) => {
    const middle = (low + high) / 2;
    const half = ((high < low ? -1 : 1) * span) / 2;
    return [middle - half, middle + half];
  };
  return [widen(xRange, per * width), widen(yRange, per * height)];
}

/** Function from a value to a screen position. */
export function linearScale([low, high], start, end) {
  const k = (end - start) / (high - low);
  return (v) => start + (v - low) * k;
}

/** Counts in equal bins of the values that are used. */
export function countBins(values, low, high, bins, isUsed) {
  const counts = new Array(bins).fill(0);
  const k = bins / (high - low);
  for (let i = 0; i < values.length; i++) {
    if (isUsed && !isUsed(i)) continue;
    const b = Math.floor((values[i] - low) * k);
    if (b >= 0 && b < bins) counts[b] += 1;
    else if (values[i] === high) counts[bins - 1] += 1;
  }
  return counts;
}

/** Round number just below a value: 1, 2 or 5 times a power of ten. */
export function niceBelow(value) {
  if (!(value > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].find((n) => n * power <= value * 1.0001) * power;
}
