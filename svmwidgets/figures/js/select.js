// Which points a lasso or box holds, and how selections combine.

export function isInPolygon(polygon, x, y) {
  let isIn = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) isIn = !isIn;
  }
  return isIn;
}

/** Indices of the points inside a polygon; positions on the screen. */
export function pointsInPolygon(xs, ys, polygon) {
  const rows = [];
  for (let i = 0; i < xs.length; i++) if (isInPolygon(polygon, xs[i], ys[i])) rows.push(i);
  return rows;
}

export function boxPolygon([x0, y0], [x1, y1]) {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** Selection after a gesture: "new", "add" or "remove"; ascending, no repeats. */
export function combineSelections(old, found, how) {
  const chosen = new Set(how === "new" ? [] : old);
  for (const row of found) {
    if (how === "remove") chosen.delete(row);
    else chosen.add(row);
  }
  return [...chosen].sort((a, b) => a - b);
}

export function gestureKind(event) {
  if (event.altKey) return "remove";
  return event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "new";
}
