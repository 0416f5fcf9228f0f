"""Finished runs that are kept, so that two of them can be compared."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.io.alignment import read_group_fit
from svmcore.io.atomic import write_text
from svmcore.io.mosaics import read_mosaic
from svmcore.pipeline.outcome import RunOutcome
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.fields import text_of
from svmwidgets.models.states import (
    is_drizzled,
    product_kind,
    product_label,
    read_statistics,
)

__all__ = [
    "KeptFit",
    "KeptProduct",
    "KeptRun",
    "forget_run",
    "keep_run",
    "kept_runs",
    "sky_noise",
]

_RECORD = "run.json"
_VERSION = 1
_RUNS = 12  # that are remembered
_WITH_IMAGES = 4  # of them, the newest, with their images
_COMPARED = ("total", "filter")


@dataclass(frozen=True, slots=True)
class KeptFit:
    """How a detector was aligned in a run.

    Parameters
    ----------
    detector, kind, catalog, quality : str
        Slug, kind of fit, reference, and the verdict in words.
    matches : int
        Matches used.
    rms_mas : float
        Median over the exposures of the scatter on the sky, both axes [mas].
    relative_rms_mas : float
        The same against the other exposures [mas].
    """

    detector: str
    kind: str
    catalog: str
    quality: str
    matches: int
    rms_mas: float
    relative_rms_mas: float


@dataclass(frozen=True, slots=True)
class KeptProduct:
    """A drizzled product of a run.

    Parameters
    ----------
    basename, label, file : str
        The product.
    shape : tuple of int
        (ny, nx) [pixel].
    scale_arcsec : float
        Size of a pixel [arcsec].
    noise : float
        Scatter of the empty sky, in the unit of the image.
    unit : str
        That unit.
    weight_ratio : float
        Rms over median of the weight where it is deepest.
    parameters : Mapping of str to str
        Every parameter as text, by ``step → key``.
    """

    basename: str
    label: str
    file: str
    shape: tuple[int, int]
    scale_arcsec: float
    noise: float
    unit: str
    weight_ratio: float
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run whose products can be looked at again.

    Parameters
    ----------
    digest : str
        Of all results: runs of one digest are equal.
    label, time : str
        What was run, and when it ended (UTC).
    reference : str
        Reference catalog.
    exposures : tuple of str
        Rootnames that were used.
    fits : tuple of KeptFit
        Alignment of each detector.
    products : tuple of KeptProduct
        Total and filter products.
    folder : str
        Where it is kept.
    """

    digest: str
    label: str
    time: str
    reference: str
    exposures: tuple[str, ...]
    fits: tuple[KeptFit, ...]
    products: tuple[KeptProduct, ...]
    folder: str

    @property
    def name(self) -> str:
        """Time and digest, as menus show it."""
        return f"{self.time.replace('T', ' ').rstrip('Z')} · {self.digest[:7]}"

    def product(self, basename: str) -> KeptProduct | None:
        """Return the product of that name, if the run made it."""
        return next((p for p in self.products if p.basename == basename), None)

    def image(self, basename: str) -> Path | None:
        """Return the file of a product as this run made it, if it is kept."""
        product = self.product(basename)
        path = Path(self.folder) / product.file if product else None
        return path if path is not None and path.is_file() else None


def keep_run(
    prepared: PreparedVisit,
    outcome: RunOutcome,
    *,
    output: Path,
    reference: str,
    label: str,
    time: str,
) -> KeptRun | None:
    """Keep the products of a finished run, and the numbers to compare.

    Parameters
    ----------
    prepared : PreparedVisit
        The visit and its decisions.
    outcome : RunOutcome
        How the run ended.
    output : Path
        Folder of the products.
    reference, label, time : str
        Reference catalog, name of the run, and when it ended.

    Returns
    -------
    KeptRun or None
        None if the run made no total or filter product.

    Notes
    -----
    An image is kept as a second name of the same file: it costs no space
    until a later run replaces the product. On a file system without such
    names the numbers are kept alone.
    """
    drizzled = {
        identifier.partition(": ")[2]
        for identifier in outcome.results
        if identifier.startswith("drizzle product: ")
    }
    products = [
        product
        for product in prepared.tree.products
        if is_drizzled(product)
        and product_kind(product) in _COMPARED
        and product.basename in drizzled
        and (output / product.drizzle_name).is_file()
    ]
    if not products:
        return None
    digest = _digest(outcome)
    folder = _root(output) / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    run = KeptRun(
        digest=digest,
        label=label,
        time=time,
        reference=reference,
        exposures=tuple(v.rootname for v in prepared.verdicts if v.accepted),
        fits=_fits(outcome),
        products=tuple(_product(prepared, one, output) for one in products),
        folder=str(folder),
    )
    for product in run.products:
        _link(output / product.file, folder / product.file)
    record = {"version": _VERSION, **asdict(run)}
    write_text(folder / _RECORD, json.dumps(record, indent=1) + "\n")
    _thin_out(output)
    return run


def kept_runs(output: Path) -> tuple[KeptRun, ...]:
    """Return the runs that are kept in an output folder, newest first.

    Parameters
    ----------
    output : Path
        Folder of the products; it need not exist.
    """
    found = []
    for path in _root(output).glob(f"*/{_RECORD}"):
        run = _read(path)
        if run is not None:
            found.append(run)
    return tuple(sorted(found, key=lambda run: run.time, reverse=True))


def forget_run(run: KeptRun) -> None:
    """Remove a kept run; the products themselves stay."""
    shutil.rmtree(run.folder, ignore_errors=True)


def sky_noise(pixels: NDArray[np.floating[Any]]) -> float:
    """Return the scatter of the sky, from the darker half of the pixels.

    Parameters
    ----------
    pixels : ndarray of float
        Pixels with data, in any order.

    Notes
    -----
    Stars only brighten, so the pixels below the median tell the noise: half of
    a Gaussian lies within 0.6745 standard deviations of its middle.
    """
    if not pixels.size:
        return 0.0
    middle = np.median(pixels)
    return float(np.median(middle - pixels[pixels <= middle]) / 0.6745)


def _root(output: Path) -> Path:
    return output / ".svm" / "runs"


def _read(path: Path) -> KeptRun | None:
    """Return a record; None if another version or a torn write left it."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.pop("version") != _VERSION:
            return None
        record["folder"] = str(path.parent)  # the output may have been moved
        record["exposures"] = tuple(record["exposures"])
        record["fits"] = tuple(KeptFit(**one) for one in record["fits"])
        record["products"] = tuple(
            KeptProduct(**{**one, "shape": tuple(one["shape"])})
            for one in record["products"]
        )
        return KeptRun(**record)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _thin_out(output: Path) -> None:
    for place, run in enumerate(kept_runs(output)):
        if place >= _RUNS:
            forget_run(run)
        elif place >= _WITH_IMAGES:
            for product in run.products:
                (Path(run.folder) / product.file).unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise


def _digest(outcome: RunOutcome) -> str:
    wanted = ("drizzle product: ", "fit alignment: ")
    digests = sorted(
        (identifier, result.digest)
        for identifier, result in outcome.results.items()
        if identifier.startswith(wanted)
    )
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def _fits(outcome: RunOutcome) -> tuple[KeptFit, ...]:
    found = []
    for identifier, result in sorted(outcome.results.items()):
        if not identifier.startswith("fit alignment: ") or not result.is_present:
            continue
        fit = read_group_fit(result.folder)
        pairs = [(e.rms_ra_mas, e.rms_dec_mas) for e in fit.exposures]
        relative = [
            (e.relative_rms_ra_mas, e.relative_rms_dec_mas) for e in fit.exposures
        ]
        found.append(
            KeptFit(
                detector=fit.detector,
                kind=fit.kind,
                catalog=fit.catalog,
                quality=fit.quality.sentence,
                matches=int(np.count_nonzero(fit.matches.is_used)),
                rms_mas=_median_rms(pairs),
                relative_rms_mas=_median_rms(relative),
            )
        )
    return tuple(found)


def _median_rms(pairs: list[tuple[float, float]]) -> float:
    sums = [float(np.hypot(*pair)) for pair in pairs]
    known = [value for value in sums if np.isfinite(value) and value > 0]
    return float(np.median(known)) if known else 0.0


def _product(prepared: PreparedVisit, product: Any, output: Path) -> KeptProduct:
    path = output / product.drizzle_name
    mosaic = read_mosaic(path)
    chosen = prepared.parameters[product.basename]
    ratio = read_statistics(path).weight_ratio
    return KeptProduct(
        basename=product.basename,
        label=product_label(product),
        file=product.drizzle_name,
        shape=mosaic.shape,
        scale_arcsec=mosaic.pixel_scale_arcsec,
        noise=sky_noise(mosaic.sample()),
        unit=str(mosaic.keyword("BUNIT", "")),
        weight_ratio=ratio if np.isfinite(ratio) else 0.0,
        parameters={
            f"{step} → {key}": text_of(value)
            for step in ("alignment", "astrodrizzle")
            for key, value in chosen.section(step).items()
        },
    )
