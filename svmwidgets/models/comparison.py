"""Two finished runs side by side: what differs in choices, numbers and images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import traitlets as T  # noqa: N812

from svmwidgets.kept import KeptFit, KeptProduct, KeptRun, forget_run, kept_runs
from svmwidgets.models.states import difference_python
from svmwidgets.models.step import Door

__all__ = ["ComparedRow", "ComparisonModel"]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One quantity of both runs.

    Parameters
    ----------
    group, name : str
        What it belongs to, and what it is.
    first, second : str
        Its values; empty where a run lacks it.
    """

    group: str
    name: str
    first: str
    second: str

    @property
    def is_different(self) -> bool:
        """Whether the runs differ in it."""
        return self.first != self.second


class ComparisonModel(T.HasTraits):
    """Runs that are kept, and the two that are looked at.

    Parameters
    ----------
    door : Door
        Gives the output folder and the background.
    """

    runs = T.Tuple(help="Kept runs, newest first")
    first = T.Unicode("", help="Digest of the run on the left")
    second = T.Unicode("", help="Digest of the run on the right")
    product = T.Unicode("", help="Basename of the product that is looked at")
    shows_difference = T.Bool(
        default_value=False, help="Whether the second minus the first is a frame"
    )
    only_different = T.Bool(
        default_value=True, help="Whether only what differs is listed"
    )

    def __init__(self, door: Door) -> None:
        super().__init__()
        self.door = door

    def look_up(self) -> None:
        """Find the kept runs of the output folder."""
        self.take(kept_runs(self.door.output))

    def take(self, runs: tuple[KeptRun, ...]) -> None:
        """Take the kept runs; look at the two newest if others are gone."""
        known = [run.digest for run in runs]
        with self.hold_trait_notifications():
            is_new = bool(known) and known != [run.digest for run in self.runs]
            self.runs = runs
            if is_new or self.second not in known:
                self.second = known[0] if known else ""
                self.first = known[1] if len(known) > 1 else ""
            names = [product.basename for product in self.products]
            if self.product not in names:
                self.product = names[0] if names else ""

    def run(self, digest: str) -> KeptRun | None:
        """Return the run of that digest."""
        return next((run for run in self.runs if run.digest == digest), None)

    @property
    def pair(self) -> tuple[KeptRun | None, KeptRun | None]:
        """The two runs that are looked at."""
        return self.run(self.first), self.run(self.second)

    @property
    def products(self) -> tuple[KeptProduct, ...]:
        """Products of either run, each name once."""
        found = {
            product.basename: product
            for run in reversed(self.pair)
            if run is not None
            for product in run.products
        }
        return tuple(found.values())

    @property
    def images(self) -> tuple[Path | None, Path | None]:
        """Images of the product as each of the runs made it."""
        first, second = self.pair
        return (
            first.image(self.product) if first else None,
            second.image(self.product) if second else None,
        )

    @property
    def subtracted(self) -> Path | None:
        """Image that is subtracted from that of the second run; None for none."""
        return self.images[0] if self.shows_difference else None

    def note_difference(self, path: Path, other: Path) -> None:
        """Tell how the difference that is shown was made."""
        runs = [run.name for run in self.pair if run is not None]
        self.door.note(" minus ".join(reversed(runs)), difference_python(path, other))

    @property
    def rows(self) -> tuple[ComparedRow, ...]:
        """Everything that is compared, or only what differs."""
        first, second = self.pair
        if second is None:
            return ()
        rows = tuple(_rows(first, second, self.product))
        if first is None or not self.only_different:
            return rows
        return tuple(row for row in rows if row.is_different)

    def forget(self, digest: str) -> None:
        """Remove a kept run and its images."""
        run = self.run(digest)
        if run is not None:
            forget_run(run)
            self.door.note(
                f"Forget the run of {run.name}",
                f"session.comparison.forget({digest!r})",
            )
            self.look_up()


def _rows(
    first: KeptRun | None, second: KeptRun | None, basename: str
) -> Iterator[ComparedRow]:
    left, right = _run_facts(first), _run_facts(second)
    yield from _paired("run", left, right)
    fits = {fit.detector for run in (first, second) if run for fit in run.fits}
    for detector in sorted(fits):
        left = _fit_facts(_fit(first, detector))
        right = _fit_facts(_fit(second, detector))
        yield from _paired(f"alignment {detector}", left, right)
    one = first.product(basename) if first else None
    two = second.product(basename) if second else None
    yield from _paired("product", _product_facts(one), _product_facts(two))
    parameters = [dict(p.parameters) if p else {} for p in (one, two)]
    yield from _paired("parameter", *parameters)


def _paired(
    group: str, left: dict[str, str], right: dict[str, str]
) -> Iterator[ComparedRow]:
    for name in {**right, **left}:
        yield ComparedRow(group, name, left.get(name, ""), right.get(name, ""))


def _fit(run: KeptRun | None, detector: str) -> KeptFit | None:
    fits = run.fits if run else ()
    return next((fit for fit in fits if fit.detector == detector), None)


def _run_facts(run: KeptRun | None) -> dict[str, str]:
    if run is None:
        return {}
    return {
        "reference": run.reference,
        "exposures": f"{len(run.exposures)}: {', '.join(sorted(run.exposures))}",
        "digest of the results": run.digest[:12],
    }


def _fit_facts(fit: KeptFit | None) -> dict[str, str]:
    if fit is None:
        return {}
    facts = {"kind": f"{fit.kind}, {fit.catalog}" if fit.catalog else fit.kind}
    facts["matches used"] = str(fit.matches)
    if fit.rms_mas:
        facts["rms to the catalog [mas]"] = f"{fit.rms_mas:.2f}"
    if fit.relative_rms_mas:
        facts["rms to each other [mas]"] = f"{fit.relative_rms_mas:.2f}"
    facts["quality"] = fit.quality
    return facts


def _product_facts(product: KeptProduct | None) -> dict[str, str]:
    if product is None:
        return {}
    ny, nx = product.shape
    return {
        "size [pixel]": f"{nx} × {ny}",
        "pixel [arcsec]": f"{product.scale_arcsec:.5f}",
        f"noise of the sky [{product.unit}]": f"{product.noise:.5g}",
        "weight, rms / median": f"{product.weight_ratio:.3f}",
    }
