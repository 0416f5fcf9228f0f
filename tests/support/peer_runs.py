"""Visits drizzled by AstroDrizzle and by our tasks, as pairs of products."""

import gzip
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from drizzled_visits import drizzle_visit
from peer_pixels import (
    peer_hits,
    peer_parameters,
    peer_request,
    peers_map,
    run_peer,
    sky_file,
)

from svmcore.io.drizzle_results import read_cosmic_rays
from svmcore.model.decisions import ParameterChange
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

PEER = os.environ.get("SVM_PEER_PYTHON", "")

SMALL = VisitConfig(
    filters=("F160W",), has_rejected=False, density=700.0, dither_arcsec=1.5, seed=11
)
CCD = replace(
    SMALL,
    instrument="wfc3/uvis",
    filters=("F606W",),
    chip_shape=(121, 143),
    exposures=3,
)
# No side is a multiple of ten: there the coarse map of AstroDrizzle ends on a
# node, and it extrapolates differently beyond the last pixel's centre.
VISITS = {
    "wfc3_ir": replace(SMALL, chip_shape=(151, 163), exposures=4),
    "wfc3_uvis": CCD,
    "acs_wfc": replace(CCD, instrument="acs/wfc"),
    "acs_hrc": None,  # real exposures
}
# AstroDrizzle's steps but the sky switched off, and its own grid.
ONLY_SKY = dict.fromkeys(
    ("driz_separate", "median", "blot", "driz_cr", "driz_combine"), False
) | {"final_wcs": False, "final_refimage": ""}


@dataclass(frozen=True)
class PeerVisit:
    """A visit, and a folder for the runs on it."""

    slug: str
    source: object
    folder: Path

    def drizzle(self, output, changes, known=None):
        """Drizzle the filter products with our tasks."""
        return drizzle_visit(
            self.source,
            self.folder / output,
            [ParameterChange("*", "astrodrizzle", *item) for item in changes.items()],
            known=known,
            only_filters=True,
        )


@dataclass(frozen=True)
class Pair:
    """One product as AstroDrizzle made it, and ours with both pixel maps.

    ``fine`` is AstroDrizzle's with its map computed at every pixel, ``exact``
    ours; None where they were not asked for.
    """

    case: dict
    peer: object
    fine: object
    ours: object
    exact: object

    @property
    def product(self):
        return self.ours.total.filters[0]

    @property
    def section(self):
        return self.ours.parameters[self.product.basename].section("astrodrizzle")

    def file(self, drizzled):
        return drizzled.file(self.product)

    def odd_hits(self, *, is_fine=False):
        """Return where cosmic-ray masks differ, by rootname and EXTVER."""
        runs = [run for run in (self.ours, self.exact) if run][-1 if is_fine else 0 :]
        peer = self.fine if is_fine else self.peer
        found = {}
        for exposure in self.product.exposures:
            masks = found.setdefault(exposure.rootname, {})
            for run in runs:
                flags = run.result("flag cosmic rays", exposure.rootname)
                for extver, hits in read_cosmic_rays(flags).hits.items():
                    theirs = peer_hits(peer, exposure.rootname, extver)
                    masks[extver] = masks.get(extver, False) | (hits != theirs)
        return found


def make_visit(slug, folder, shared_data):
    """Write or unpack one of the visits that are compared."""
    config = VISITS[slug]
    if config is not None:
        source = write_visit(folder / "visit", config).exposure_list
        return PeerVisit(slug, source, folder)
    for path in (shared_data / "hrc_47tuc").glob("j8bt06*.fits.gz"):
        with gzip.open(path) as packed, (folder / path.stem).open("wb") as target:
            shutil.copyfileobj(packed, target)
    return PeerVisit(slug, sorted(folder.glob("*.fits")), folder)


def drizzle_pairs(visit, cases, name, known=None, *, exact=(), fine=()):
    """Drizzle a visit with each set of parameters.

    With our exact map, and with AstroDrizzle's map at every pixel, only those
    of ``exact`` and ``fine``.
    """
    found, requests = [], []
    for number, case in enumerate(cases):
        here = visit.folder / f"{name}{number}"
        with peers_map():
            ours = visit.drizzle(here / "ours", case, known and known.ours)
        product = ours.total.filters[0]
        section = ours.parameters[product.basename].section("astrodrizzle")
        files = [one.path for one in product.exposures]
        parameters = peer_parameters(
            section, ours.file(product), skyfile=sky_file(here, ours, product)
        )
        requests.append(peer_request(here / "peer", files, parameters))
        exactly = None
        if case in exact:
            exactly = visit.drizzle(here / "exact", case, known and known.exact)
        if case in fine:
            # the sky that is measured with the exact map differs by a hair
            sky = sky_file(here / "exact", exactly, product)
            parameters = {**parameters, "stepsize": 1, "skyfile": sky}
            requests.append(peer_request(here / "fine", files, parameters))
        found.append((case, ours, exactly))
    made = iter(run_peer(PEER, requests, visit.folder))
    return [
        Pair(case, next(made), next(made) if case in fine else None, ours, exactly)
        for case, ours, exactly in found
    ]
