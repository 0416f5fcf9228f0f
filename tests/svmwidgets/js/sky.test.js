// Pixel to sky and back, against astropy.wcs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const sky = await import(pathToFileURL(`${process.env.SVM_SCRIPTS}/sky.js`));
const truth = JSON.parse(readFileSync(process.env.SVM_TRUTH, "utf8"));
const MAS = 3.6e6;
const distanceMas = ([ra, dec], [ra0, dec0]) =>
  Math.hypot((ra - ra0) * Math.cos((dec0 * Math.PI) / 180), dec - dec0) * MAS;

for (const { name, mapping, x, y, ra, dec, tolerance_mas: tolerance } of truth.mappings) {
  test(`${name}: sky positions agree with astropy to ${tolerance} mas`, () => {
    x.forEach((_, k) => {
      const error = distanceMas(sky.pixelToSky(mapping, x[k], y[k]), [ra[k], dec[k]]);
      assert.ok(error < tolerance, `pixel ${x[k]}, ${y[k]}: ${error} mas`);
    });
  });
  test(`${name}: the way back leads to the same pixel`, () => {
    x.forEach((_, k) => {
      const back = sky.skyToPixel(mapping, ...sky.pixelToSky(mapping, x[k], y[k]));
      assert.ok(Math.hypot(back[0] - x[k], back[1] - y[k]) < 1e-5, `${back}`);
    });
  });
}

const north = truth.mappings[0].mapping;

test("the compass points north and east", () => {
  const { north: n, east: e } = sky.compass(north, 100, 100);
  const [ra0, dec0] = sky.pixelToSky(north, 100, 100);
  const up = sky.pixelToSky(north, 100 + 10 * n[0], 100 + 10 * n[1]);
  const left = sky.pixelToSky(north, 100 + 10 * e[0], 100 + 10 * e[1]);
  assert.ok(up[1] > dec0 && Math.abs(up[0] - ra0) < 1e-6);
  assert.ok(left[0] > ra0 && Math.abs(left[1] - dec0) < 1e-6);
});

test("an affine map takes a pixel to the pixel of the same sky position", () => {
  const [from, to] = [truth.mappings[0].mapping, truth.mappings[1].mapping];
  const place = [400, 300];
  const affine = sky.affineBetween(from, to, ...place);
  const there = sky.skyToPixel(from, ...sky.pixelToSky(to, ...place));
  const found = sky.applyAffine(affine, ...there);
  assert.ok(Math.hypot(found[0] - place[0], found[1] - place[1]) < 1e-6);
  const back = sky.applyAffine(sky.invertAffine(affine), ...place);
  assert.ok(Math.hypot(back[0] - there[0], back[1] - there[1]) < 1e-6);
});

for (const { ra, dec, hms, dms } of truth.formats) {
  test(`${ra} ${dec} is written as astropy writes it`, () => {
    assert.equal(sky.formatRa(ra), hms);
    assert.equal(sky.formatDec(dec), dms);
  });
}
