"""How well products of a simulated visit keep the light of its stars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from numpy.typing import NDArray

from svmcore.numerics.clipping import robust_sigma
from svmcore.simulation.noiseless import NoiselessChip, read_noiseless_chips
from svmcore.simulation.truth import read_truth_table

__all__ = ["FluxScore", "score_fluxes"]

FloatArray = NDArray[np.float64]

# Radius of the aperture [arcsec], and of its sky ring in units of it. The ring
# holds light of the star too: the same is expected and taken away.
_RADII_ARCSEC = {"wfc3/ir": 1.0, "wfc3/uvis": 0.5, "acs/wfc": 0.6, "acs/hrc": 0.35}
_USUAL_RADIUS_ARCSEC = 0.6
_RING = (1.5, 2.0)
_LEAST_ELECTRONS = 3e4  # of a star, in one exposure
_LEAST_PHOTONS = 2e3  # the same for the SBC, whose fields are dark
_MOST_STARS = 200
_NEIGHBOUR_SHARE = 0.03  # of the star's light that others may put near it
_SPOILT_SHARE = 0.002  # that defects and cosmic rays may, in one exposure alone
_NEAR_PIX = 2.5  # no saturated or dead pixel so close to a star
_SUBPIXELS = 5


@dataclass(frozen=True, slots=True)
class FluxScore:
    """Measured over expected light of the isolated stars of one product.

    Parameters
    ----------
    name : str
        File name of the product.
    exposures : int
        Exposures in the product.
    median, error : float
        Median of measured over expected flux, and its standard error; nan
        if there are no stars.
    scatter : float
        Width of the distribution from its median absolute deviation.
    ratios : Mapping of int to float
        Measured over expected flux by the star's number.
    """

    name: str
    exposures: int
    median: float
    error: float
    scatter: float
    ratios: Mapping[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A drizzled product of one filter, and the stars to measure in it."""

    path: Path
    wcs: WCS
    scale_arcsec: float
    radius_pix: float
    exposures: tuple[str, ...]
    stars: tuple[int, ...]
    positions: FloatArray  # of these stars [deg]


def score_fluxes(
    folder: Path | str, products: Sequence[Path | str]
) -> tuple[FluxScore, ...]:
    """Return how product fluxes of isolated stars compare with the truth.

    Parameters
    ----------
    folder : Path or str
        Folder of the simulated visit, with its exposures and truth.
    products : sequence of Path or str
        Drizzled files. Products that mix filters, and those of other visits,
        are passed over.

    Returns
    -------
    tuple of FluxScore
        One per exposure and filter product.

    Notes
    -----
    Expected is the true flux times the share of the simulated point-spread
    function that falls into the aperture: the noiseless image of all true
    stars on the detector's pixels is summed over the aperture's outline on
    the sky, each pixel with its true area. No drizzling is involved. The sky
    ring is treated alike on both sides. Products of one exposure keep its
    cosmic rays and defects (``final_bits`` 65535): stars that these change by
    more than 0.2 percent are not measured there.
    """
    where = Path(folder)
    rows = {str(row["rootname"]): row for row in read_truth_table(where)}
    stars = Table.read(where / "stars.ecsv", format="ascii.ecsv")
    frames = [
        frame
        for path in products
        if (frame := _read_frame(Path(path), rows, stars)) is not None
    ]
    expected = _expected(where, frames)
    numbers = np.asarray(stars["number"], int)
    return tuple(
        _score(frame, light, numbers)
        for frame, light in zip(frames, expected, strict=True)
    )


def _read_frame(
    path: Path, rows: Mapping[str, Table.Row], stars: Table
) -> _Frame | None:
    """Return a product of one filter of this visit, None if it is not one."""
    with fits.open(path) as hdus:
        if not {"SCI", "HDRTAB"} <= {hdu.name for hdu in hdus}:
            return None
        names = hdus["HDRTAB"].data["ROOTNAME"]
        exposures = tuple(dict.fromkeys(str(name) for name in names))
        wcs = WCS(hdus["SCI"].header)
        seconds = float(hdus[0].header["EXPTIME"]) / max(len(exposures), 1)
    known = [rows[name] for name in exposures if name in rows]
    filters = {str(row["filter"]) for row in known}
    is_total = path.name.split("_total_") != [path.name]
    if len(known) != len(exposures) or len(filters) != 1 or is_total:
        return None
    scale = float(np.sqrt(abs(np.linalg.det(wcs.wcs.cd)))) * 3600.0
    radius = _RADII_ARCSEC.get(str(known[0]["detector"]), _USUAL_RADIUS_ARCSEC) / scale
    flux = np.asarray(stars[f"flux_{filters.pop().lower()}"], float)
    sky = np.column_stack([stars["ra"], stars["dec"]])
    is_counter = str(known[0]["detector"]) == "acs/sbc"
    least = _LEAST_PHOTONS if is_counter else _LEAST_ELECTRONS
    chosen = _isolated(wcs, sky, flux, _RING[1] * radius, least / seconds)
    return _Frame(path, wcs, scale, radius, exposures, chosen, sky[list(chosen)])


def _isolated(
    wcs: WCS, sky: FloatArray, flux: FloatArray, reach: float, least: float
) -> tuple[int, ...]:
    """Return the brightest isolated stars in the frame."""
    x, y = wcs.wcs_world2pix(sky, 0).T
    nx, ny = wcs.pixel_shape
    wanted = (flux > least) & (x > reach) & (y > reach)
    wanted &= (x < nx - 1 - reach) & (y < ny - 1 - reach)
    found = []
    for index in np.flatnonzero(wanted)[np.argsort(-flux[wanted])]:
        near = (np.abs(x - x[index]) < reach) & (np.abs(y - y[index]) < reach)
        if flux[near].sum() < (1 + _NEIGHBOUR_SHARE) * flux[index]:
            found.append(int(index))
        if len(found) == _MOST_STARS:
            break
    return tuple(found)


def _expected(folder: Path, frames: Sequence[_Frame]) -> list[dict[int, float]]:
    """Return expected light by star, for each frame [electron / s].

    Exposures are made one by one: those of large detectors fill memory.
    """
    sums = [dict.fromkeys(frame.stars, (0.0, 0.0)) for frame in frames]
    for rootname in dict.fromkeys(n for frame in frames for n in frame.exposures):
        chips = read_noiseless_chips(folder, rootname)
        for frame, light in zip(frames, sums, strict=True):
            if rootname in frame.exposures:
                _add_light(light, frame, chips)
    return [
        {star: total / time for star, (total, time) in light.items() if time > 0}
        for light in sums
    ]


def _add_light(
    light: dict[int, tuple[float, float]],
    frame: _Frame,
    chips: Sequence[NoiselessChip],
) -> None:
    """Add what an exposure sees of each star; drop the stars that it cuts off."""
    for star, sky in zip(frame.stars, frame.positions, strict=True):
        for chip in chips:
            seen = _seen(frame, chip, sky)
            if seen is None:
                light.pop(star, None)
            elif star in light:
                total, time = light[star]
                flux, is_on_chip = seen
                light[star] = (
                    total + flux * chip.seconds,
                    time + chip.seconds * is_on_chip,
                )


def _seen(
    frame: _Frame, chip: NoiselessChip, sky: FloatArray
) -> tuple[float, bool] | None:
    """Return the light of a star on a chip, and whether it is there.

    None where its surroundings are cut off or spoilt.
    """
    width, height = chip.wcs.pixel_shape
    rough = chip.wcs.wcs_world2pix([sky], 0)[0]
    margin = 0.08 * max(width, height) + 100
    if not ((rough > -margin) & (rough < np.array([width, height]) + margin)).all():
        return 0.0, False
    centre = chip.wcs.all_world2pix([sky], 0, tolerance=1e-6)[0]
    steps = centre + np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    at = frame.wcs.wcs_world2pix(chip.wcs.all_pix2world(steps, 0), 0)
    jacobian = np.column_stack([at[0] - at[1], at[2] - at[3]])
    least = float(np.linalg.svd(jacobian, compute_uv=False)[-1])
    half = int(np.ceil(_RING[1] * frame.radius_pix / least)) + 1
    column, row = (int(value) for value in np.rint(centre))
    if not (-half <= column < width + half and -half <= row < height + half):
        return 0.0, False
    if min(row, column) < half or row + half >= height or column + half >= width:
        return None
    here = _around(row, column, half)
    y, x = np.mgrid[here]
    offsets = np.stack([x - centre[0], y - centre[1]], axis=-1)
    if (chip.faulty[here] & (np.hypot(*np.moveaxis(offsets, -1, 0)) < _NEAR_PIX)).any():
        return None
    aperture = _Aperture(offsets @ jacobian.T, jacobian, frame.radius_pix)
    # A product pixel holds the surface brightness of pixels of size IDCSCALE.
    factor = (frame.scale_arcsec / chip.wcs.idcscale) ** 2
    flux = aperture.flux(chip.image[here]) * factor
    spoilt = float((chip.spoilt[here] * aperture.share).sum()) * factor
    if len(frame.exposures) == 1 and spoilt > _SPOILT_SHARE * flux:
        return None
    return flux, True


def _around(row: int, column: int, half: int) -> tuple[slice, slice]:
    return (
        slice(row - half, row + half + 1),
        slice(column - half, column + half + 1),
    )


class _Aperture:
    """A circle and the ring around it, on pixels of any shape.

    Offsets are those of the pixel centres, and `jacobian` is the shape of a
    pixel, both in pixels of the product.
    """

    def __init__(
        self, offsets: FloatArray, jacobian: FloatArray, radius: float
    ) -> None:
        distance = np.hypot(offsets[..., 0], offsets[..., 1])
        self.ring = (distance > _RING[0] * radius) & (distance < _RING[1] * radius)
        steps = (np.arange(_SUBPIXELS) + 0.5) / _SUBPIXELS - 0.5
        self.share = np.zeros(distance.shape)
        for step_y in steps:
            for step_x in steps:
                moved = offsets + jacobian @ np.array([step_x, step_y])
                self.share += np.hypot(moved[..., 0], moved[..., 1]) < radius
        self.share *= abs(float(np.linalg.det(jacobian))) / _SUBPIXELS**2

    def flux(self, image: NDArray[np.floating]) -> float:
        """Return the light in the circle above the median of the ring."""
        inside = self.share > 0
        above = image[inside].astype(float) - np.median(image[self.ring])
        return float((above * self.share[inside]).sum())


def _score(
    frame: _Frame, expected: Mapping[int, float], numbers: NDArray[np.int_]
) -> FluxScore:
    with fits.open(frame.path) as hdus:
        image = hdus["SCI"].data
        unit = str(hdus["SCI"].header.get("BUNIT", "ELECTRONS/S")).upper()
        seconds = 1.0 if "/S" in unit else float(hdus[0].header["EXPTIME"])
    ratios = {}
    for star, sky in zip(frame.stars, frame.positions, strict=True):
        if star in expected:
            flux = _measured(frame, image, frame.wcs.wcs_world2pix([sky], 0)[0])
            if np.isfinite(flux):
                ratios[int(numbers[star])] = flux / seconds / expected[star]
    values = np.array(list(ratios.values()))
    median = scatter = error = float("nan")
    if len(values):
        median, scatter = float(np.median(values)), robust_sigma(values)
        error = 1.2533 * scatter / float(np.sqrt(len(values)))
    count = len(frame.exposures)
    return FluxScore(frame.path.name, count, median, error, scatter, ratios)


def _measured(frame: _Frame, image: NDArray[np.floating], centre: FloatArray) -> float:
    """Return the flux in the aperture above its ring, nan if not all is there."""
    half = int(np.ceil(_RING[1] * frame.radius_pix)) + 1
    column, row = (int(value) for value in np.rint(centre))
    if min(row, column) < half:
        return float("nan")
    here = _around(row, column, half)
    part = image[here]
    if part.shape != (2 * half + 1, 2 * half + 1):
        return float("nan")
    y, x = np.mgrid[here]
    offsets = np.stack([x - centre[0], y - centre[1]], axis=-1).astype(float)
    return _Aperture(offsets, np.eye(2), frame.radius_pix).flux(part)
