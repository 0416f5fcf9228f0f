"""Trial parameters, and the cutouts that they give."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.errors import ParameterError
from svmcore.model.cutout import Cutout
from svmcore.model.decisions import ParameterChange
from svmcore.model.product import Product, ProductTree, TotalProduct
from svmcore.parameters import declaration, select_all
from svmcore.pipeline.cutout_process import CutoutProcess, CutoutQuestion
from svmcore.pipeline.prepare import PreparedVisit
from svmwidgets.models.fields import Field, field_of, text_of, value_of
from svmwidgets.models.step import Door, StepModel

__all__ = ["SIZES", "TRIAL_KEYS", "Trial", "TrialModel"]

SIZES = (150, 300, 500, 800)  # sides of the cutout on offer [output pixel]
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


class TrialModel(StepModel):
    """Parameters that are tried on a part of the selected product."""

    selected = T.Unicode("", help="Basename of the product that is shown")
    trial = T.Dict(help="Trial values by parameter, as texts")
    errors = T.Dict(help="Refused trial texts and why, by parameter")
    tried = T.Instance(Trial, allow_none=True, help="The latest trial")
    kept = T.Instance(Trial, allow_none=True, help="A trial kept for comparison")
    center = T.Tuple(help="Middle of the cutout: right ascension, declination [deg]")
    size = T.Int(300, help="Side of the cutout [output pixel]")
    single = T.Unicode("", help="Rootname of the exposure shown alone; empty for none")
    is_trying = T.Bool(default_value=False, help="Whether a trial is under way")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._prepared: PreparedVisit | None = None
        self._survey: Any = None
        self._process = CutoutProcess()
        self._is_warm = False
        self._latest: tuple[CutoutQuestion, Cutout] | None = None
        self.observe(lambda _: self.reset_trial(), "selected")
        self.observe(lambda _: self._try_again(), "size")

    @property
    def product(self) -> Product | None:
        """The selected product."""
        for product in self._prepared.tree.products if self._prepared else ():
            if product.basename == self.selected:
                return product
        return None

    def trial_fields(self) -> tuple[Field, ...]:
        """Return the trial parameters as fields of a form."""
        present = self.default_trial()
        found = []
        for key, default in present.items():
            declared = declaration("astrodrizzle", key)
            text = self.trial.get(key, default)
            is_changed = text != default
            origin = self._origin(key)
            field = field_of(declared, text, default, origin, changed=is_changed)
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
        self._try_again()
        return True

    def revert_trial(self, key: str) -> bool:
        """Set a trial value back to the present one."""
        return self.change_trial(key, self.default_trial()[key])

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

    def look_at(self, ra_deg: float, dec_deg: float) -> None:
        """Take the cutout at another place on the sky."""
        self.center = (float(ra_deg), float(dec_deg))
        self.ask_trial()

    def warm_up(self) -> None:
        """Start the process of the cutouts before somebody waits for it.

        Notes
        -----
        Starting it takes a second, in which the kernel answers; a trial that is
        asked for meanwhile follows it, since both are of one topic.
        """
        if self.product is None or self._is_warm or self.is_trying:
            return
        self._is_warm = True
        warm = self._process.warm_up
        self.door.preview("trial", warm, lambda _: None, delay_s=0.03)

    def ask_trial(self) -> None:
        """Drizzle the cutout under present and trial values in the background."""
        prepared, product, total = self._prepared, self.product, self._total()
        if prepared is None or product is None or total is None:
            return
        changes = self.trial_changes()
        place, size = self.center or None, self.size
        results = tuple(
            sorted(
                (name, ref.folder)
                for name, ref in (self._survey.results if self._survey else {}).items()
                if ref.is_present
            )
        )
        self.is_trying = True

        def question() -> Trial:
            present = prepared.parameters
            wanted = select_all(
                prepared.tree, (*prepared.decisions.parameters, *changes)
            )
            name = product.basename
            asked = CutoutQuestion(
                total,
                results,
                name,
                place,
                size,
                (present,),
                with_error=prepared.decisions.error_extension,
            )
            return self._drizzle(asked, tuple(changes), wanted)

        def answer(trial: Trial) -> None:
            self.is_trying = False
            if trial.product == self.selected:
                self.center = trial.center_deg
                self.tried = trial

        def fail(problem: Any) -> None:
            self.is_trying = False
            self.door.show_problem(problem)

        self.door.preview("trial", question, answer, on_failed=fail, delay_s=0.03)

    def keep_trial(self) -> None:
        """Remember the latest trial, to see later ones beside it."""
        self.kept = self.tried

    def adopt_trial(self) -> bool:
        """Make the trial values those of the selected product."""
        decisions = self.door.decisions
        changes = self.trial_changes()
        for change in changes:
            decisions = decisions.with_parameter(change)
        if not changes:
            return False
        names = ", ".join(f"{c.key} = {text_of(c.value)}" for c in changes)
        return self.door.decide(f"Adopt {names}", decisions)

    def reset_trial(self) -> None:
        """Forget the trial values and what they gave."""
        self.trial, self.errors, self.single = self.default_trial(), {}, ""
        self.tried = self.kept = None

    # ---- inside ----

    def _drizzle(
        self,
        asked: CutoutQuestion,
        changes: tuple[ParameterChange, ...],
        wanted: Mapping[str, Any],
    ) -> Trial:
        """Return the trial; what the present values give is made only once."""
        present = self._present_of(asked)
        if present is not None and asked.center_deg and not changes:
            middle, made = asked.center_deg, (present, present)
        else:
            sets = (wanted,) if present is not None else (*asked.parameters, wanted)
            answer = self._process.ask(replace(asked, parameters=sets))
            middle = answer.center_deg
            made = (present or answer.cutouts[0], answer.cutouts[-1])
            self._latest = (replace(asked, center_deg=middle), made[0])
        return Trial(asked.product, changes, middle, *made)

    def _present_of(self, asked: CutoutQuestion) -> Cutout | None:
        if self._latest is not None and self._latest[0] == asked:
            return self._latest[1]
        return None

    def _origin(self, key: str) -> str:
        """Return where the present value comes from."""
        prepared = self._prepared
        if prepared is None:
            return ""
        return str(prepared.parameters[self.selected].origin("astrodrizzle", key))

    def _try_again(self) -> None:
        if self.tried is not None or self.is_trying:
            self.ask_trial()

    def _scope_of(self, key: str) -> str:
        """Return whose parameter it is: filters compare the total's exposures."""
        product = self.product
        if isinstance(product, TotalProduct) and not key.startswith("final_"):
            return f"{product.detector_key.slug} filter"
        return self.selected

    def _total(self) -> TotalProduct | None:
        for total in self._prepared.working_totals if self._prepared else ():
            names = {product.basename for product in ProductTree((total,)).products}
            if self.selected in names:
                return total
        return None

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
