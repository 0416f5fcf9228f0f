"""Drizzled products, their statistics, and trial parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import traitlets as T  # noqa: N812
from astropy.table import Table
from numpy.typing import NDArray

from svmcore.drizzling.grid import grid_wcs
from svmcore.errors import ParameterError
from svmcore.model.cutout import Cutout
from svmcore.model.decisions import ParameterChange
from svmcore.model.product import (
    ExposureProduct,
    Product,
    ProductTree,
    TotalProduct,
)
from svmcore.parameters import declaration, select_all
from svmcore.pipeline.cutout import drizzle_cutout
from svmcore.pipeline.cutout_source import open_cutouts
from svmcore.pipeline.drizzle import settings_of
from svmcore.pipeline.prepare import PreparedVisit
from svmcore.previews.wavelength import order_red_to_blue
from svmwidgets.models.fields import Field, field_of, text_of, value_of
from svmwidgets.models.states import (
    ProductState,
    Statistics,
    is_drizzled,
    product_kind,
    product_label,
    read_statistics,
)
from svmwidgets.models.step import Door, StepModel

__all__ = [
    "PLANES",
    "TRIAL_KEYS",
    "DrizzlingModel",
    "Trial",
]

PLANES = ("SCI", "WHT", "CTX")
# Parameters that are worth trying by eye, in the order of the form.
TRIAL_KEYS = (
    "final_pixfrac",
    "final_kernel",
    "final_wht_type",
    "final_bits",
    "final_scale",
    "driz_cr",
    "driz_cr_snr",
    "driz_cr_scale",
    "driz_cr_grow",
    "combine_type",
    "combine_nhigh",
)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A cutout under present and under trial parameters.

    Parameters
    ----------
    product : str
        Basename of the product.
    changes : tuple of ParameterChange
        Trial values that differ from the present ones.
    center_deg : tuple of float
        Middle of the cutout, ICRS [deg].
    present, trial : Cutout
        The same place under both.
    """

    product: str
    changes: tuple[ParameterChange, ...]
    center_deg: tuple[float, float]
    present: Cutout
    trial: Cutout


class DrizzlingModel(StepModel):
    """Products as images, and the cutout under trial parameters."""

    name = "drizzling"
    title = "Drizzle"
    task_steps = frozenset(
        {"drizzle exposure", "flag cosmic rays", "drizzle product", "grid"}
    )

    products = T.Tuple(help="State of every drizzled product")
    selected = T.Unicode("", help="Basename of the product that is shown")
    beside = T.Unicode("", help="Basename of a second product; empty for none")
    plane = T.Enum(PLANES, "SCI", help="Plane that is shown")
    statistics = T.Instance(Statistics, allow_none=True, help="Of the shown product")
    trial = T.Dict(help="Trial values by parameter, as texts")
    errors = T.Dict(help="Refused trial texts and why, by parameter")
    tried = T.Instance(Trial, allow_none=True, help="The latest trial")
    kept = T.Instance(Trial, allow_none=True, help="A trial kept for comparison")
    center = T.Tuple(help="Middle of the cutout: right ascension, declination [deg]")
    size = T.Int(300, help="Side of the cutout [output pixel]")
    is_trying = T.Bool(default_value=False, help="Whether a trial is under way")
    version = T.Int(0, help="Raised whenever files of products may have changed")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._prepared: PreparedVisit | None = None
        self._survey: Any = None
        self._is_running = False
        self._source: tuple[Any, Any] | None = None
        self.observe(lambda _: self._reset_trial(), "selected")

    def clear(self) -> None:
        """Forget everything of the visit before."""
        with self.hold_trait_notifications():
            self._prepared = self._survey = None
            self.products, self.selected, self.beside = (), "", ""
            self.statistics = self.tried = self.kept = None
            self._source = None
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

    @property
    def product(self) -> Product | None:
        """The shown product."""
        return self._find(self.selected)

    def path(self, basename: str) -> Path | None:
        """Return the file of a product; None if it is not there."""
        for state in self.products:
            if state.basename == basename and state.is_there:
                return self.door.output / state.file
        return None

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

    # ---- trials ----

    def trial_fields(self) -> tuple[Field, ...]:
        """Return the trial parameters as fields of a form."""
        present = self.default_trial()
        found = []
        for key, default in present.items():
            declared = declaration("astrodrizzle", key)
            text = self.trial.get(key, default)
            is_changed = text != default
            field = field_of(declared, text, default, "", changed=is_changed)
            found.append(field)
        return tuple(found)

    def default_trial(self) -> dict[str, str]:
        """Return the present values of the trial parameters, as texts."""
        prepared = self._prepared
        if prepared is None or self.selected not in prepared.parameters:
            return {}
        section = prepared.parameters[self.selected].section("astrodrizzle")
        return {key: text_of(section[key]) for key in TRIAL_KEYS if key in section}

    def change_trial(self, key: str, raw: str) -> bool:
        """Set a trial value from its text; False if it was refused."""
        try:
            value = value_of(declaration("astrodrizzle", key), raw)
        except ParameterError as error:
            self.errors = {**self.errors, key: error.problem}
            return False
        self.errors = {k: v for k, v in self.errors.items() if k != key}
        self.trial = {**self.trial, key: text_of(value)}
        if self.tried is not None or self.is_trying:
            self.ask_trial()
        return True

    def trial_changes(self) -> tuple[ParameterChange, ...]:
        """Return the trial values that differ from the present ones."""
        present = self.default_trial()
        return tuple(
            ParameterChange(
                self._scope_of(key),
                "astrodrizzle",
                key,
                value_of(declaration("astrodrizzle", key), raw),
                reason="tried on a cutout",
            )
            for key, raw in self.trial.items()
            if raw != present.get(key)
        )

    def _scope_of(self, key: str) -> str:
        """Return whose parameter it is: filters compare the total's exposures."""
        product = self.product
        if isinstance(product, TotalProduct) and not key.startswith("final_"):
            return f"{product.detector_key.slug} filter"
        return self.selected

    def look_at(self, ra_deg: float, dec_deg: float) -> None:
        """Take the cutout at another place on the sky."""
        self.center = (float(ra_deg), float(dec_deg))
        self.ask_trial()

    def ask_trial(self) -> None:
        """Drizzle the cutout under present and trial values in the background."""
        prepared, product, total = self._prepared, self.product, self._total()
        if prepared is None or product is None or total is None:
            return
        changes = self.trial_changes()
        place, size, survey = self.center, self.size, self._survey
        self.is_trying = True

        def question() -> Trial:
            source = self._opened(total, survey)
            present = prepared.parameters
            wanted = select_all(
                prepared.tree, (*prepared.decisions.parameters, *changes)
            )
            middle = place or _middle_of(source, product, present)
            options = {"center_deg": middle, "size": size}
            return Trial(
                product.basename,
                tuple(changes),
                middle,
                drizzle_cutout(source, product, parameters=present, **options),
                drizzle_cutout(source, product, parameters=wanted, **options),
            )

        def answer(trial: Trial) -> None:
            self.is_trying = False
            if trial.product == self.selected:
                self.center = trial.center_deg
                self.tried = trial

        self.door.preview("trial", question, answer)

    def keep_trial(self) -> None:
        """Remember the latest trial, to see later ones beside it."""
        self.kept = self.tried

    def _opened(self, total: TotalProduct, survey: Any) -> Any:
        results = {
            name: ref.folder
            for name, ref in (survey.results if survey else {}).items()
            if ref.is_present
        }
        key = (total, tuple(sorted((n, str(f)) for n, f in results.items())))
        if self._source is None or self._source[0] != key:
            self._source = (key, open_cutouts(total, results=results))
        return self._source[1]

    def _total(self) -> TotalProduct | None:
        for total in self._prepared.working_totals if self._prepared else ():
            names = {product.basename for product in ProductTree((total,)).products}
            if self.selected in names:
                return total
        return None

    def adopt_trial(self) -> bool:
        """Make the trial values those of the shown product."""
        decisions = self.door.decisions
        changes = self.trial_changes()
        for change in changes:
            decisions = decisions.with_parameter(change)
        if not changes:
            return False
        names = ", ".join(f"{c.key} = {text_of(c.value)}" for c in changes)
        return self.door.decide(f"Adopt {names}", decisions)

    def _follow(self, before: Mapping[str, str]) -> None:
        """Let trial values that were not touched follow the present ones."""
        present = self.default_trial()
        if present != before:
            self.trial = {
                key: value
                if self.trial.get(key, value) == before.get(key, value)
                else self.trial[key]
                for key, value in present.items()
            }

    def _reset_trial(self) -> None:
        self.trial, self.errors = self.default_trial(), {}
        self.tried = self.kept = None

    # ---- inside ----

    def _find(self, basename: str) -> Product | None:
        for product in self._prepared.tree.products if self._prepared else ():
            if product.basename == basename:
                return product
        return None

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
            self._reset_trial()
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


def _middle_of(source: Any, product: Product, parameters: Any) -> tuple[float, float]:
    """Return the middle of the grid of a detector, ICRS [deg]."""
    settings = settings_of(source.total, parameters)
    names = frozenset(e.rootname for e in product.exposures)
    grid = source.grid(names, settings.final.frame)
    ny, nx = grid.shape
    ra, dec = grid_wcs(grid).wcs_pix2world((nx - 1) / 2.0, (ny - 1) / 2.0, 0)
    return float(ra), float(dec)
