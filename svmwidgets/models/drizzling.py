"""Drizzled products: what is there, what is stale, what is shown of them."""

from pathlib import Path
from typing import Any

import numpy as np
import traitlets as T  # noqa: N812
from astropy.table import Table
from numpy.typing import NDArray

from svmcore.model.product import ExposureProduct, ProductTree
from svmcore.pipeline.prepare import PreparedVisit
from svmcore.previews.wavelength import order_red_to_blue
from svmwidgets.models.states import (
    ProductState,
    Statistics,
    difference_python,
    is_drizzled,
    product_kind,
    product_label,
    read_statistics,
)
from svmwidgets.models.step import Door
from svmwidgets.models.trials import TrialModel

__all__ = ["CATALOGUES", "PLANES", "DrizzlingModel"]

PLANES = ("SCI", "WHT", "CTX", "colour")
CATALOGUES = ("", "point", "segment")


class DrizzlingModel(TrialModel):
    """Products as images, and the cutout under trial parameters."""

    name = "drizzling"
    title = "Drizzle"
    task_steps = frozenset(
        {"drizzle exposure", "flag cosmic rays", "drizzle product", "grid"}
    )

    products = T.Tuple(help="State of every drizzled product")
    beside = T.Unicode("", help="Basename of a second product; empty for none")
    plane = T.Enum(PLANES, "SCI", help="What is shown of a product")
    shows_difference = T.Bool(
        default_value=False, help="Whether the second minus the first is a frame"
    )
    catalogue = T.Enum(CATALOGUES, "", help="Catalog over the image; empty for none")
    statistics = T.Instance(Statistics, allow_none=True, help="Of the shown product")
    version = T.Int(0, help="Raised whenever files of products may have changed")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._is_running = False

    def clear(self) -> None:
        """Forget everything of the visit before."""
        with self.hold_trait_notifications():
            self._prepared = self._survey = None
            self.products, self.selected, self.beside = (), "", ""
            self.statistics = self.tried = self.kept = None
            self._latest = None
            self.trial, self.errors, self.center = {}, {}, ()
        self.settle("todo", "")

    def show(self, prepared: PreparedVisit) -> None:
        """Take the visit and the decisions as they are now."""
        before = self.default_trial()
        self._prepared = prepared
        self._list()
        self._follow(before)

    def take(self, survey: Any) -> None:
        """Take which products are there and which are stale."""
        self._survey = survey
        self._is_running = False
        self._list()

    def run_ended(self, _outcome: str) -> None:
        """Look at the products again."""
        self._is_running = False
        self.version += 1
        self._list()

    def path(self, basename: str) -> Path | None:
        """Return the file of a product; None if it is not there."""
        for state in self.products:
            if state.basename == basename and state.is_there:
                return self.door.output / state.file
        return None

    @property
    def subtracted(self) -> Path | None:
        """File that is subtracted from the second product; None for none."""
        if not (self.shows_difference and self.beside and self.plane == "SCI"):
            return None
        return self.path(self.selected)

    def note_difference(self, path: Path, other: Path) -> None:
        """Tell how the difference that is shown was made."""
        self.door.note(
            f"{path.name} minus {other.name}", difference_python(path, other)
        )

    def filter_paths(self, basename: str) -> tuple[Path, ...]:
        """Return the filter products beside a product, red to blue, if there."""
        for total in self._prepared.working_totals if self._prepared else ():
            if basename not in {p.basename for p in ProductTree((total,)).products}:
                continue
            by_name = {p.filter_name: p.basename for p in total.filters}
            order = order_red_to_blue(tuple(by_name), total.detector_key.detector)
            paths = (self.path(by_name[name]) for name in order)
            return tuple(path for path in paths if path is not None)
        return ()

    def ask_statistics(self) -> None:
        """Read the numbers of the shown product in the background."""
        path, name = self.path(self.selected), self.selected
        if path is None:
            self.statistics = None
            return

        def answer(found: Statistics) -> None:
            if name == self.selected:
                self.statistics = found

        self.door.preview("statistics", lambda: read_statistics(path), answer)

    def read_catalogue(
        self, kind: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]] | None:
        """Return the sources of the shown product; None without a catalog.

        Parameters
        ----------
        kind : {'point', 'segment'}
            Which catalog.

        Returns
        -------
        ra_deg, dec_deg : ndarray of float, shape (n,)
            ICRS [deg].
        identifiers : list of str
            As in the catalog.
        """
        product = self.product
        if product is None or isinstance(product, ExposureProduct):
            return None
        name = getattr(product, f"{kind}_catalog_name")
        path = self.door.output / name
        if not path.is_file():
            return None
        table = Table.read(path, format="ascii.ecsv")
        columns = {name.upper(): name for name in table.colnames}
        ra, dec = (np.asarray(table[columns[axis]], float) for axis in ("RA", "DEC"))
        identifiers = [str(value) for value in table[columns["ID"]]]
        return ra, dec, identifiers

    # ---- inside ----

    def _list(self) -> None:
        prepared, survey = self._prepared, self._survey
        if prepared is None:
            return
        found = []
        for product in prepared.tree.products:
            if not is_drizzled(product):
                continue
            file = product.drizzle_name
            task = f"drizzle product: {product.basename}"
            found.append(
                ProductState(
                    product.basename,
                    product_kind(product),
                    product_label(product),
                    file,
                    (self.door.output / file).is_file(),
                    survey is not None and survey.is_fresh(task),
                )
            )
        with self.hold_trait_notifications():
            self.products = tuple(found)
            names = [state.basename for state in found]
            if self.selected not in names:
                self.selected = names[0] if names else ""
            if self.beside not in names:
                self.beside = ""
        if not self.trial:
            self.reset_trial()
        self._settle()

    def _settle(self) -> None:
        if self._is_running:
            return
        states = [state.status for state in self.products]
        if not states:
            self.settle("todo", "")
        elif all(status == "ok" for status in states):
            self.settle("ok", f"{len(states)} products")
        elif all(status == "todo" for status in states):
            self.settle("ready", "not drizzled yet")
        else:
            todo = len(states) - states.count("ok")
            self.settle("stale", f"{todo} of {len(states)} to do")
