// Views, axes, selections and rows: known cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.env.SVM_SCRIPTS}/${name}.js`));
const geometry = await load("geometry");
const axes = await load("axes");
const select = await load("select");
const rows = await load("rows");
const plotranges = await load("plotranges");
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("zooming keeps the pixel under the pointer", () => {
  const view = { x: 100, y: 50, zoom: 2 };
  const before = geometry.toPixel(view, 400, 300, 30, 40);
  const after = geometry.toPixel(geometry.zoomAbout(view, 400, 300, 30, 40, 1.7, [0.1, 64]), 400, 300, 30, 40);
  near(before[0], after[0]);
  near(before[1], after[1]);
});

test("screen and pixel positions are inverse, rows grow upwards", () => {
  const view = { x: 100, y: 50, zoom: 2 };
  const [X, Y] = geometry.toScreen(view, 400, 300, 110, 60);
  assert.deepEqual([X, Y], [220, 130]);
  assert.deepEqual(geometry.toPixel(view, 400, 300, X, Y), [110, 60]);
});

test("a fitted image touches the box with its outer pixel edges", () => {
  const box = geometry.visibleBox(geometry.fitView(200, 100, 400, 400), 400, 400);
  near(box.x0, -0.5);
  near(box.x1, 199.5);
});

test("the nearest point counts only within reach", () => {
  assert.equal(geometry.nearestPoint([0, 10], [0, 0], 8, 0, 5), 1);
  assert.equal(geometry.nearestPoint([0, 10], [0, 0], 5, 5, 5), -1);
});

test("a scale bar is round and not too long", () => {
  for (const scale of [0.0003, 0.04, 0.13, 1.7, 40]) {
    const bar = geometry.scaleBar(scale, 150);
    assert.ok(bar.length <= 150 && bar.length > 55, JSON.stringify(bar));
  }
  assert.equal(geometry.scaleBar(0.1, 150).text, "10″");
  assert.equal(geometry.scaleBar(0.0001, 150).text, "10 mas");
});

test("ticks are round, within the range and about as many as asked", () => {
  assert.deepEqual(axes.niceTicks(-1, 1, 4), { values: [-1, -0.5, 0, 0.5, 1], digits: 1 });
  const { values } = axes.niceTicks(100, 0, 5);
  assert.deepEqual(values, [0, 20, 40, 60, 80, 100]);
});

test("a small negative tick is not written as minus zero", () => {
  assert.equal(axes.formatTick(-1e-12, 1), "0.0");
  assert.equal(axes.formatTick(-2.5, 1), "−2.5");
});

test("ranges leave rejected values out and stay symmetric if asked", () => {
  const values = [1, 2, -90, NaN];
  const [low, high] = axes.paddedRange(values, true, (i) => i !== 2);
  near(low, -high);
  assert.ok(high > 2 && high < 3);
  assert.deepEqual(axes.paddedRange([NaN], false, null), [-1, 1]);
});

test("equal ranges have one scale and keep a flipped axis flipped", () => {
  const [x, y] = axes.equalRanges([10, 0], [0, 1], 200, 100);
  near(Math.abs(x[1] - x[0]) / 200, (y[1] - y[0]) / 100);
  assert.ok(x[0] > x[1]);
});

test("bins hold every value of the range once", () => {
  assert.deepEqual(axes.countBins([0, 0.5, 1, 2, 3], 0, 2, 2, null), [2, 2]);
});

const square = [[0, 0], [4, 0], [4, 4], [0, 4]];

test("a lasso holds the points inside", () => {
  assert.deepEqual(select.pointsInPolygon([1, 5, 3], [1, 1, 3.9], square), [0, 2]);
});

test("a lasso that crosses its own path holds its loops", () => {
  const bow = [[0, 0], [4, 4], [4, 0], [0, 4]];
  assert.deepEqual(select.pointsInPolygon([1, 3, 2], [2, 2, 0.5], bow), [0, 1]);
});

test("new replaces, add joins, remove takes away", () => {
  assert.deepEqual(select.combineSelections([1, 2], [3], "new"), [3]);
  assert.deepEqual(select.combineSelections([2, 10], [1, 2], "add"), [1, 2, 10]);
  assert.deepEqual(select.combineSelections([1, 2], [2, 7], "remove"), [1]);
});

test("alt removes and shift adds", () => {
  assert.equal(select.gestureKind({ altKey: true, shiftKey: true }), "remove");
  assert.equal(select.gestureKind({ shiftKey: true }), "add");
  assert.equal(select.gestureKind({}), "new");
});

const table = [
  { id: "a", name: "exp10", n: 3, state: { text: "kept", sort: 0 } },
  { id: "b", name: "exp9", n: null, state: { text: "rejected", sort: 1 } },
  { id: "c", name: "EXP2", n: 1, state: { text: "kept", sort: 0 } },
];
const order = (list) => list.map((r) => r.id).join("");

test("rows sort by number inside text and keep the order of equals", () => {
  assert.equal(order(rows.sortRows(table, "name", false)), "cba");
  assert.equal(order(rows.sortRows(table, "state", true)), "bac");
  assert.equal(order(rows.sortRows(table, "", false)), "abc");
});

test("empty values come last in both directions", () => {
  assert.equal(order(rows.sortRows(table, "n", false)), "cab");
  assert.equal(order(rows.sortRows(table, "n", true)), "acb");
});

test("every word of the filter must be in the row", () => {
  const columns = [{ key: "name" }, { key: "state" }];
  assert.equal(order(rows.filterRows(table, columns, "exp kept")), "ac");
  assert.equal(order(rows.filterRows(table, columns, " ")), "abc");
});

test("numbers have fixed decimals and a true minus; unknown is a dash", () => {
  assert.equal(rows.formatNumber(-1.25, 1), "−1.3");
  assert.equal(rows.formatNumber(-0.01, 1), "0.0");
  assert.equal(rows.formatNumber(NaN, 1), "–");
  assert.equal(rows.formatNumber(null, 1), "–");
});

test("a plot's ranges come from the kept points; a flipped axis runs backwards", () => {
  const state = { columns: { x: new Float64Array([0, 10, 500]), y: new Float64Array([-1, 1, 9]) }, rejected: [0, 0, 1], selected: new Set([2]) };
  const panel = { kind: "scatter", x: "x", y: "y", x_range: [], y_range: [], is_centred: ["y"], is_x_flipped: true };
  const [xr, yr] = plotranges.rangesOf({ panel, own: null }, state);
  assert.ok(xr[0] > xr[1] && xr[0] < 20);
  near(yr[0], -yr[1]);
  const own = [[0, 1], [2, 3]];
  assert.deepEqual(plotranges.rangesOf({ panel, own }, state), own);
});

test("a histogram counts kept points, and apart from them the selected ones", () => {
  const state = { columns: { x: new Float64Array([0.5, 0.6, 1.5]) }, rejected: [0, 1, 0], selected: new Set([2]) };
  const plot = { panel: { kind: "histogram", x: "x", y: "", x_range: [0, 2], y_range: [], is_centred: [], bins: 2 }, own: null };
  const [, yr] = plotranges.rangesOf(plot, state);
  assert.deepEqual([plot.bins, plot.chosen], [[1, 1], [0, 1]]);
  assert.equal(yr[0], 0);
});

test("display limits are as fine as a thousandth of their range", () => {
  assert.equal(geometry.formatLimit(0.05828153, 0.03), "0.05828");
  assert.equal(geometry.formatLimit(-1.5, 11), "-1.5");
  assert.equal(geometry.formatLimit(12345.678, 5000), "12346");
  assert.equal(geometry.formatLimit(2.5e-7, 1e-7), "2.5000e-7");
  assert.equal(geometry.formatLimit(3, 0), "3");
});
