// Values to colours, against what astropy.visualization and matplotlib give.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.env.SVM_SCRIPTS}/${name}.js`));
const truth = JSON.parse(readFileSync(process.env.SVM_TRUTH, "utf8"));
const { chooseLimits, colourTable, greyLevel, packColour, paintColours, paintValues, parseColour } =
  await load("stretch");

for (const { name, low, high, values, levels } of truth.stretches) {
  test(`${name} stretch is within one grey level of astropy`, () => {
    values.forEach((value, k) => {
      const found = greyLevel(value, low, high, name);
      assert.ok(Math.abs(found - levels[k]) <= 1, `${value}: ${found}, astropy ${levels[k]}`);
    });
  });
}

for (const [name, colours] of Object.entries(truth.colour_maps)) {
  test(`${name} is within six levels of matplotlib's`, () => {
    const table = colourTable(name, false);
    colours.forEach(([r, g, b], k) => {
      const found = [table[k] & 255, (table[k] >> 8) & 255, (table[k] >> 16) & 255];
      [r, g, b].forEach((c, j) => assert.ok(Math.abs(found[j] - c) <= 6, `${k}: ${found}`));
    });
  });
}

const look = {
  low: 0, high: 1, stretch: "linear", map: "gray", isInverted: false, bias: 0.5, contrast: 1,
  nan: parseColour("#010203"), maskColours: [parseColour("#0a0b0c")],
};
const grey = (n) => packColour(n, n, n);

test("rows are painted upside down", () => {
  const out = new Uint32Array(4);
  paintValues(new Float32Array([0, 0, 1, 1]), 2, 2, look, null, out);
  assert.deepEqual([...out], [grey(255), grey(255), grey(0), grey(0)]);
});

test("NaN and masked pixels have their own colours and NaN is counted", () => {
  const out = new Uint32Array(4);
  const empty = paintValues(new Float32Array([NaN, 0.5, 0.5, Infinity]), 4, 1, look, new Uint8Array([0, 1, 0, 0]), out);
  assert.equal(empty, 2);
  assert.deepEqual([...out], [parseColour("#010203"), parseColour("#0a0b0c"), grey(128), grey(255)]);
});

test("a masked class without a colour keeps the pixel's own", () => {
  const out = new Uint32Array(1);
  paintValues(new Float32Array([1]), 1, 1, { ...look, maskColours: [] }, new Uint8Array([1]), out);
  assert.equal(out[0], grey(255));
});

test("inverting exchanges the ends", () => {
  assert.equal(colourTable("gray", true)[0], grey(255));
});

test("bias and contrast act after the stretch", () => {
  const out = new Uint32Array(2);
  paintValues(new Float32Array([0.4, 0.6]), 2, 1, { ...look, contrast: 10 }, null, out);
  assert.deepEqual([...out], [grey(0), grey(255)]);
});

test("three-channel pixels keep their colours", () => {
  const out = new Uint32Array(2);
  paintColours(new Uint8Array([1, 2, 3, 4, 5, 6]), 1, 2, out);
  assert.deepEqual([...out], [packColour(4, 5, 6), packColour(1, 2, 3)]);
});

test("own limits win, an unknown preset falls back to the first", () => {
  const presets = { zscale: [1, 2], "99 %": [3, 4] };
  assert.deepEqual(chooseLimits([5, 6], presets, "99 %"), [5, 6]);
  assert.deepEqual(chooseLimits([], presets, "99 %"), [3, 4]);
  assert.deepEqual(chooseLimits([], presets, "none"), [1, 2]);
  assert.deepEqual(chooseLimits([6, 5], {}, ""), [0, 1]);
});
