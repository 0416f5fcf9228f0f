"""Run the tests of the browser modules with node, against astropy's values."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Angle
from astropy.visualization import (
    AsinhStretch,
    LinearStretch,
    LogStretch,
    ManualInterval,
    SqrtStretch,
)
from astropy.wcs import WCS, DistortionLookupTable, Sip

from svmwidgets.figures import fit_sky_mapping, tan_sky_mapping
from svmwidgets.figures.esm import bundle_script

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[2] / "svmwidgets" / "figures" / "js"
STRETCHES = {
    "linear": LinearStretch(),
    "sqrt": SqrtStretch(),
    "log": LogStretch(1000),
    "asinh": AsinhStretch(0.1),
}


def stretch_cases():
    values = np.concatenate([np.linspace(-2.0, 12.0, 400), np.geomspace(1e-5, 9, 200)])
    interval = ManualInterval(-0.5, 10.0)
    for name, stretch in STRETCHES.items():
        levels = np.round(255 * stretch(interval(values)))
        yield {
            "name": name,
            "low": -0.5,
            "high": 10.0,
            "values": values.tolist(),
            "levels": levels.tolist(),
        }


def colour_cases():
    names = {"viridis": "viridis", "magma": "magma", "cividis": "cividis"}
    names |= {"turbo": "turbo", "difference": "RdBu_r", "gray": "gray"}
    return {
        ours: np.round(255 * mpl.colormaps[theirs](np.arange(256))[:, :3]).tolist()
        for ours, theirs in names.items()
    }


def wire(mapping):
    """Return the wire form with the table as numbers, as node reads JSON."""
    values = mapping.to_wire()
    values["table"] = mapping.table.ravel().tolist()
    return values


def tan_wcs():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix = 507.0, 400.5
    wcs.wcs.crval = 359.999, -72.08
    wcs.wcs.cd = np.array([[-3.1e-5, 1.2e-5], [1.2e-5, 3.1e-5]])
    return wcs


def distorted_wcs(detector_step=0.0):
    """Return a WCS with the size of WFC3/UVIS's distortion, and table steps."""
    wcs = tan_wcs()
    wcs.wcs.ctype = "RA---TAN-SIP", "DEC--TAN-SIP"
    a, b = np.zeros((5, 5)), np.zeros((5, 5))
    a[2, 0], a[1, 1], a[0, 2], a[3, 0] = 8e-6, -5e-6, 2e-6, 3e-11
    b[2, 0], b[1, 1], b[0, 2], b[0, 3] = -3e-6, 7e-6, -5e-6, -2e-11
    wcs.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    if detector_step:
        y, x = np.mgrid[0:33, 0:65]
        bumps = detector_step * np.sin(x / 3.0) * np.cos(y / 4.0)
        table = DistortionLookupTable(
            bumps.astype("f4"), (1.0, 1.0), (1.0, 1.0), (64.0, 64.0)
        )
        wcs.cpdis1 = table
        wcs.cpdis2 = table
    return wcs


def mapping_cases():
    rng = np.random.default_rng(8)
    shape = 2051, 4096
    x = np.concatenate([rng.uniform(0, 4095, 60), [0, 4095, 0, 4095]])
    y = np.concatenate([rng.uniform(0, 2050, 60), [0, 0, 2050, 2050]])
    undistorted = tan_wcs()
    exact = tan_sky_mapping(
        undistorted.wcs.crpix, undistorted.wcs.crval, undistorted.wcs.cd
    )
    cases = {
        "undistorted": (undistorted, exact, 0.001),
        "polynomial": (distorted_wcs(), None, 0.3),
        "polynomial and tables": (distorted_wcs(0.15), None, 0.5),
    }
    for name, (wcs, mapping, tolerance) in cases.items():

        def to_sky(x, y, wcs=wcs):
            return wcs.all_pix2world(x, y, 0)

        ra, dec = to_sky(x, y)
        yield {
            "name": name,
            "mapping": wire(mapping or fit_sky_mapping(to_sky, shape)),
            "x": x.tolist(),
            "y": y.tolist(),
            "ra": ra.tolist(),
            "dec": dec.tolist(),
            "tolerance_mas": tolerance,
        }


def format_cases():
    for ra, dec in [(6.0213845, -72.0811456), (359.99999999, 0.5), (0.0, -0.00001)]:
        hours = Angle(ra, u.deg).to_string(
            u.hour, sep=("h", "m", "s"), precision=4, pad=True
        )
        degrees = Angle(abs(dec), u.deg).to_string(
            u.deg, sep=("°", "′", "″"), precision=3, pad=True
        )
        sign = "−" if dec < 0 else "+"
        yield {
            "ra": ra,
            "dec": dec,
            "hms": hours.replace("24h", "00h"),
            "dms": sign + degrees,
        }


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    path = tmp_path_factory.mktemp("truth") / "truth.json"
    path.write_text(
        json.dumps(
            {
                "stretches": list(stretch_cases()),
                "colour_maps": colour_cases(),
                "mappings": list(mapping_cases()),
                "formats": list(format_cases()),
            }
        )
    )
    return path


@pytest.mark.parametrize("name", ["stretch", "sky", "logic"])
def test_module_tests_pass_in_node(name, truth):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node found: the browser modules are not tested")
    result = subprocess.run(
        [node, "--test", str(HERE / f"{name}.test.js")],
        env=os.environ | {"SVM_SCRIPTS": str(SCRIPTS), "SVM_TRUTH": str(truth)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


@pytest.mark.parametrize(
    "entry",
    ["viewer", "table", "tree", "rail", "log", "progress", "plotgrid", "footprint"],
)
def test_bundle_is_a_module_that_node_can_load(entry, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node found: the browser modules are not tested")
    path = tmp_path / "bundle.mjs"
    path.write_text(bundle_script(entry))
    code = f"import({json.dumps(path.as_uri())}).then((m) => m.default.render.length)"
    result = subprocess.run(
        [node, "--input-type=module", "-e", f"await {code}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
