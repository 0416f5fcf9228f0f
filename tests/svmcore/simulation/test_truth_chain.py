"""Stars lie where the true world coordinates put them, for every detector."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from svmcore.io.wcs import read_chip_wcs
from svmcore.simulation.truth import read_true_wcs


def windowed_offset(stamp, x, y):
    """Centroid within a Gaussian window of sigma 1 pixel, from (x, y)."""
    axis = np.arange(len(stamp)) - len(stamp) // 2
    stamp = stamp - np.median(stamp)
    cx, cy = x, y
    for _ in range(20):
        wx, wy = np.exp(-0.5 * (axis - cx) ** 2), np.exp(-0.5 * (axis - cy) ** 2)
        total = wy @ stamp @ wx
        cx += 1.5 * (wy @ stamp @ (wx * (axis - cx)) / total)
        cy += 1.5 * ((wy * (axis - cy)) @ stamp @ wx / total)
    return cx - x, cy - y


def star_offsets(path, aligned, stars):
    """Measured minus predicted, and predicted positions of clean stars [pixel]."""
    offsets = []
    with fits.open(path) as hdus:
        for extver, wcs in read_chip_wcs(path, aligned=aligned).items():
            science, flags = hdus["SCI", extver].data, hdus["DQ", extver].data
            x, y = wcs.all_world2pix(stars["ra"], stars["dec"], 0)
            near = np.hypot(x[:, None] - x, y[:, None] - y) + 99 * np.eye(len(x))
            for i in np.flatnonzero(near.min(axis=1) > 7):
                column, row = round(float(x[i])), round(float(y[i]))
                if not (10 < column < 289 and 10 < row < 289):
                    continue
                part = (slice(row - 5, row + 6), slice(column - 5, column + 6))
                stamp = science[part].astype(float)
                spoilt = 4 | 16 | 128 | 256 | 512
                if "ATODGAIN" in hdus[0].header:
                    spoilt |= 2 | 8  # shadow and saturation of WFPC2
                if np.any(flags[part][2:-2, 2:-2] & spoilt):
                    continue
                offset = windowed_offset(stamp, x[i] - column, y[i] - row)
                offsets.append((*offset, x[i], y[i]))
    return np.array(offsets)


def without_phase(offsets, positions):
    """Mean offset and its error, after the part that follows the pixel phase."""
    wave = 2 * np.pi * positions
    terms = np.column_stack([np.ones(len(wave)), np.sin(wave), np.cos(wave)])
    kept = np.ones(len(wave), bool)
    for _ in range(4):  # blends and pixels hit by cosmic rays are left out
        solution = np.linalg.lstsq(terms[kept], offsets[kept], rcond=None)[0]
        left = offsets - terms @ solution
        scatter = 1.4826 * np.median(np.abs(left[kept]))
        kept = np.abs(left) < 4 * scatter
    return solution[0], scatter / np.sqrt(kept.sum())


def test_stars_lie_where_the_truth_puts_them(visit):
    truth = read_true_wcs(visit.folder)
    stars = Table.read(visit.stars)
    bright = stars[(stars["magnitude_ab"] > 16.5) & (stars["magnitude_ab"] < 22.5)]
    found = np.concatenate(
        [star_offsets(path, truth[path.name[:9]], bright) for path in visit.exposures]
    )
    assert len(found) > 30
    for axis in (0, 1):
        mean, error = without_phase(found[:, axis], found[:, 2 + axis])
        # 0.006: what a phase series of one term leaves in the infrared
        assert abs(mean) < 0.006 + 4 * error
        assert error < 0.008


def test_given_positions_are_off_by_the_stated_offset(visit):
    truth = read_true_wcs(visit.folder)
    path = visit.exposures[0]
    given = read_chip_wcs(path)
    true = read_chip_wcs(path, aligned=truth[path.name[:9]])
    sky, right = (w[1].all_pix2world([[150.0, 150.0]], 0)[0] for w in (given, true))
    east = (right[0] - sky[0]) * np.cos(np.radians(right[1])) * 3.6e6
    north = (right[1] - sky[1]) * 3.6e6
    # 12 mas of scatter per exposure, a few mas from the roll about the pointing
    assert east == pytest.approx(180.0, abs=45.0)
    assert north == pytest.approx(-90.0, abs=45.0)


def test_chips_move_rigidly(visits):
    # The same small turn of the sky takes both chips from given to true.
    visit = visits("wfc3/uvis")
    truth = read_true_wcs(visit.folder)
    path = visit.exposures[0]
    given = read_chip_wcs(path)
    true = read_chip_wcs(path, aligned=truth[path.name[:9]])
    corners = np.array([[0.0, 0.0], [299.0, 299.0]])
    points = [
        np.concatenate([w[v].all_pix2world(corners, 0) for v in (1, 2)])
        for w in (given, true)
    ]
    distances = []
    for sky in points:
        ra, dec = np.radians(sky.T)
        unit = np.column_stack(
            [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
        )
        pairs = np.linalg.norm(unit[:, None] - unit, axis=2)
        distances.append(np.degrees(pairs) * 3.6e6)
    # 0.001 mas: rounding of FITS keywords
    np.testing.assert_allclose(distances[0], distances[1], atol=1e-3)
