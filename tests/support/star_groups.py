"""Groups of exposures as star lists with known truth, without any pixels."""

from dataclasses import dataclass, field

import numpy as np
from astropy.wcs import WCS

from svmcore.alignment.member import GroupMember
from svmcore.alignment.plane import TangentPlane
from svmcore.alignment.problem import GroupProblem
from svmcore.alignment.settings import AlignmentSettings
from svmcore.model.decisions import AlignmentDecisions
from svmcore.model.fit import ReferenceCatalog, SourceList

RA_DEG, DEC_DEG = 150.0, -40.0
SIDE = 1014
# Pixels of WFC3/IR: 135 x 121 mas.
CD_DEG = np.array([[-0.1354, 0.0], [0.0, 0.1213]]) / 3600.0


@dataclass(frozen=True)
class StarGroup:
    """Exposures with a given and a true WCS, their sources, a catalog."""

    members: tuple[GroupMember, ...]
    truth: tuple[WCS, ...]
    catalog: ReferenceCatalog
    is_wrong: np.ndarray
    settings: AlignmentSettings = field(default_factory=AlignmentSettings)

    def problem(self, *, reference=True, decisions=None, settings=None, members=None):
        """Return what `fit_group` takes."""
        return GroupProblem(
            "wfc3_ir",
            members or self.members,
            self.catalog if reference is True else (reference or None),
            settings or self.settings,
            decisions or AlignmentDecisions(),
        )

    def errors_mas(self, fit):
        """Return the distances of each exposure's solution from truth, (e, n, 2)."""
        plane = TangentPlane(RA_DEG, DEC_DEG)
        grid = np.stack(
            np.meshgrid(np.linspace(0, SIDE - 1, 7), np.linspace(0, SIDE - 1, 7)), -1
        ).reshape(-1, 2)
        found = []
        for solution, true in zip(fit.wcs, self.truth, strict=True):
            wcs = true.deepcopy()
            wcs.wcs.crval = solution.chips[0].crval_deg
            wcs.wcs.cd = np.array(solution.chips[0].cd_deg)
            wcs.wcs.set()
            at = plane.project(*wcs.all_pix2world(grid, 0).T)
            found.append(at - plane.project(*true.all_pix2world(grid, 0).T))
        return np.array(found)

    def absolute_mas(self, fit):
        """Return the median distance from truth of each exposure."""
        return np.median(np.hypot(*np.moveaxis(self.errors_mas(fit), -1, 0)), axis=1)

    def relative_mas(self, fit):
        """Return the median distance of each exposure from the mean of all."""
        errors = self.errors_mas(fit)
        return np.median(
            np.hypot(*np.moveaxis(errors - errors.mean(axis=0), -1, 0)), axis=1
        )


def tan_wcs(ra_deg, dec_deg, *, roll_deg=0.0, scale=1.0, cd=CD_DEG):
    """Return a TAN WCS of one small chip."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [507.0, 507.0]
    wcs.wcs.crval = [ra_deg, dec_deg]
    angle = np.radians(roll_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = scale * turn @ cd
    wcs.pixel_shape = (SIDE, SIDE)
    wcs.wcs.set()
    return wcs


def catalog_of(ra_deg, dec_deg, mag, error_mas, *, name="GAIAeDR3", epoch_yr=2016.0):
    """Return a catalog of stars without proper motions."""
    count = len(ra_deg)
    zeros, errors = np.zeros(count), np.full(count, float(error_mas))
    return ReferenceCatalog(
        name=name,
        source="made up",
        identifier=np.arange(count).astype(str),
        ra_deg=np.array(ra_deg),
        dec_deg=np.array(dec_deg),
        ra_error_mas=errors,
        dec_error_mas=errors,
        pm_ra_mas_yr=zeros,
        pm_dec_mas_yr=zeros,
        pm_ra_error_mas_yr=zeros,
        pm_dec_error_mas_yr=zeros,
        mag=np.array(mag),
        epoch_yr=np.full(count, epoch_yr),
        quality_factor=np.ones(count),
    )


def make_group(
    seed=1,
    *,
    exposures=4,
    stars=250,
    reference_stars=60,
    offset_mas=(180.0, -240.0),
    scatter_mas=15.0,
    roll_deg=0.01,
    scale_ppm=0.0,
    noise_pix=0.01,
    error_mas=1.0,
    wrong=0.0,
    shifts_mas=None,
    false_sources=0,
):
    """Return a group of dithered exposures.

    The given WCS of every exposure is off by `offset_mas`, by its own draw of
    `scatter_mas` or by `shifts_mas[number]`, and by a roll and a scale.
    """
    rng = np.random.default_rng(seed)
    plane = TangentPlane(RA_DEG, DEC_DEG)
    at = rng.uniform(-75e3, 75e3, (stars, 2))
    ra, dec = plane.deproject(at)
    flux = 10.0 ** rng.uniform(2.0, 5.0, stars)
    members, truth = [], []
    for number in range(exposures):
        dither = rng.uniform(-6e3, 6e3, 2)
        centre = plane.deproject(dither[None, :])
        true = tan_wcs(float(centre[0][0]), float(centre[1][0]), roll_deg=20.0)
        error = np.array(offset_mas) + rng.normal(0, scatter_mas, 2)
        if shifts_mas and number in shifts_mas:
            error = np.array(shifts_mas[number], dtype=float)
        moved = plane.deproject((dither - error)[None, :])
        given = tan_wcs(
            float(moved[0][0]),
            float(moved[1][0]),
            roll_deg=20.0 - roll_deg - rng.normal(0, 0.001),
            scale=1.0 - scale_ppm * 1e-6,
        )
        xy = true.all_world2pix(np.stack([ra, dec], axis=1), 0)
        inside = np.all((xy > 3) & (xy < SIDE - 4), axis=1)
        sigma = noise_pix * np.sqrt(1.0 + 3e3 / flux[inside])
        measured = xy[inside] + rng.normal(0, 1, (inside.sum(), 2)) * sigma[:, None]
        bad = rng.uniform(3, SIDE - 4, (false_sources, 2))
        count = len(measured) + false_sources
        sources = SourceList(
            rootname=f"test0{number}q",
            extver=np.ones(count, dtype=np.int64),
            xy=np.concatenate([measured, bad]),
            xy_error=np.concatenate([sigma, np.full(false_sources, noise_pix)]),
            flux=np.concatenate([flux[inside], np.full(false_sources, 5e4)]),
            peak=np.full(count, 100.0),
            roughness=np.full(count, 0.1),
            is_saturated=np.zeros(count, dtype=bool),
        )
        members.append(
            GroupMember(
                sources.rootname,
                "f110w" if number % 2 else "f160w",
                2016.0,
                "IDC_w3m18525i-GSC240",
                "iref$w3m18525i_idc.fits",
                {1: given},
                sources,
            )
        )
        truth.append(true)
    chosen = np.argsort(-flux)[: 3 * reference_stars]
    near = np.hypot(*at[chosen].T) < 65e3
    chosen = chosen[near][:reference_stars]
    is_wrong = rng.uniform(size=len(chosen)) < wrong
    reference_at = at[chosen] + rng.normal(0, error_mas, (len(chosen), 2))
    angle = rng.uniform(0, 2 * np.pi, len(chosen))
    size = np.where(is_wrong, rng.uniform(30, 500, len(chosen)), 0.0)
    reference_at += size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    catalog = catalog_of(
        *plane.deproject(reference_at), -2.5 * np.log10(flux[chosen]), error_mas
    )
    return StarGroup(tuple(members), tuple(truth), catalog, is_wrong)
