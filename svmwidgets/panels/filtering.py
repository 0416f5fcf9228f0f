"""Verdicts: a table with every reason, and verdicts by hand with theirs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from svmcore.model.product import ExposureProduct
from svmcore.model.verdict import Reason
from svmwidgets.figures import Table, badge, column
from svmwidgets.models.filtering import SUGGESTED_REASONS, FilteringModel
from svmwidgets.models.products import ProductsModel
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    field,
    label,
    menu,
    rows_of_labels,
    set_facts,
    set_text,
    text,
    title,
    toolbar,
)

__all__ = ["FilteringPanel"]

_COLUMNS = (
    column("use", "Use", "toggle", tooltip="Whether the exposure is processed"),
    column("rootname", "Exposure", "code"),
    column("filter", "Filter"),
    column("exptime", "Time", "number", digits=1, unit="s"),
    column("verdict", "Verdict", "badge"),
    column("role", "Role", "badge", tooltip="What a kept exposure is used for"),
    column("why", "Why", tooltip="Keyword, its value, and the rule"),
)


class FilteringPanel(widgets.VBox):
    """View of `FilteringModel`, with the effect on the products.

    Parameters
    ----------
    model : FilteringModel
        State.
    products : ProductsModel
        Read only: what the verdicts make of the visit.
    session : object
        Gives ``guard(call)``.
    """

    def __init__(
        self, model: FilteringModel, products: ProductsModel, session: Any
    ) -> None:
        self.model, self.products, self.session = model, products, session
        guard = session.guard
        self.table = Table(
            _COLUMNS,
            is_multiple=True,
            height="520px",
            label="Exposures and their verdicts",
            empty_text="Open a visit first.",
        )
        self.table.on_change(guard(self._toggled))
        self.table.observe(guard(lambda _: self._describe()), "selected")
        self.facts_title = title("All exposures")
        self.facts = text()
        self.reason = field("Reason", placeholder="Why, for the records")
        self.reason.observe(guard(lambda _: self._reasoned()), "value")
        self._asked: tuple[str, bool] | None = None
        self._redraws = 0
        self.suggested = menu(
            [("Suggested reasons", ""), *((one, one) for one in SUGGESTED_REASONS)],
            value="",
            label="Suggested reasons",
        )
        self.suggested.observe(guard(self._suggest), "value")
        self.accept = act("Accept", guard(lambda: self._override(accepted=True)))
        self.reject = act(
            "Reject", guard(lambda: self._override(accepted=False)), kind="danger"
        )
        self.automatic = act(
            "Back to automatic",
            guard(self._restore),
            kind="quiet",
            tooltip="Take verdicts by hand on the selected exposures back",
        )
        self.who = text()
        self.pending = text(css="svm-pending")
        self.effect = text()
        self.change = text(css="svm-warning")
        by_hand = rows_of_labels(
            label(
                "By hand", toolbar(self.accept, self.reject, self.automatic, self.who)
            ),
            label("Reason", toolbar(self.reason, self.suggested)),
        )
        super().__init__(
            [
                columns(
                    [
                        card(
                            [by_hand, self.pending, self.table],
                            heading="Exposures",
                        )
                    ],
                    [
                        card([self.facts_title, self.facts]),
                        card([self.effect, self.change], heading="Products now"),
                    ],
                    split="wide",
                )
            ]
        )
        self.add_class("svm-panel")
        model.observe(guard(lambda _: self.refresh()), "rows")
        products.observe(guard(lambda _: self._show_effect()), ["tree", "removed"])
        self.refresh()
        self._show_effect()

    def refresh(self) -> None:
        """Show the verdicts as the model has them."""
        self.table.rows = [_row(row) for row in self.model.rows]
        self._describe()

    @property
    def _chosen(self) -> list[str]:
        known = {row["rootname"] for row in self.model.rows}
        return [name for name in self.table.selected if name in known]

    def _toggled(self, rootname: str, key: str, value: Any) -> None:
        """Ask for the reason of a toggle; take a verdict by hand back at once."""
        if key != "use":
            return
        verdict = self.model.verdict(rootname)
        automatic = not verdict.reasons
        if verdict.override and bool(value) == automatic:
            self.model.restore([rootname])
            return
        self.table.selected = [rootname]
        if self.reason.value.strip():
            self._override(accepted=bool(value))
            return
        word = "accept" if value else "reject"
        set_text(
            self.pending,
            f"Write a reason, or take a suggested one, to {word} {rootname}.",
        )
        self._asked = (rootname, bool(value))
        self._draw_again(rootname)
        self.reason.focus()

    def _draw_again(self, rootname: str) -> None:
        """Have the browser draw a row as it is, not as it was clicked."""
        self._redraws += 1
        self.table.rows = [
            {**row, "_drawn": self._redraws} if row["id"] == rootname else row
            for row in self.table.rows
        ]

    def _reasoned(self) -> None:
        """Do what waited for its reason, if the same exposure is still chosen."""
        asked = self._asked
        if asked is None or not self.reason.value.strip():
            return
        if self._chosen == [asked[0]]:
            self._override(accepted=asked[1])

    def _override(self, *, accepted: bool) -> None:
        if not self._chosen:
            set_text(self.pending, "Select one or more exposures in the table first.")
            return
        reason = self.reason.value
        if not reason.strip() and self._is_done(accepted=accepted):
            return  # leaving the field of the reason has done it already
        if self.model.override(self._chosen, accepted=accepted, reason=reason):
            self._asked = None
            self.reason.value = ""
            self.suggested.value = ""
            set_text(self.pending, "")

    def _is_done(self, *, accepted: bool) -> bool:
        """Whether all chosen exposures have that verdict by hand already."""
        found = [self.model.verdict(name).override for name in self._chosen]
        return all(one is not None and one.accepted == accepted for one in found)

    def _restore(self) -> None:
        if self._chosen:
            self.model.restore(self._chosen)

    def _suggest(self, change: Any) -> None:
        if change["new"]:
            self.reason.value = change["new"]

    def _describe(self) -> None:
        names = self._chosen
        self._offer(names)
        if self._asked is not None and names != [self._asked[0]]:
            self._asked = None
            set_text(self.pending, "")
        many = len(names)
        heading = names[0] if many == 1 else f"{many} exposures"
        set_text(self.facts_title, heading if many else "All exposures")
        if many != 1:
            told = [("", ", ".join(names))] if many else self._overview()
            set_facts(self.facts, told, css="svm-words")
            return
        verdict = self.model.verdict(names[0])
        facts = [("Verdict", "accepted" if verdict.accepted else "rejected")]
        if verdict.override:
            facts.append(("By hand", verdict.override.reason))
        facts += [("Rejects", _told(reason)) for reason in verdict.reasons]
        facts += [("Caveat", _told(caveat)) for caveat in verdict.caveats]
        if len(facts) == 1:
            facts.append(("Reasons", "No rule speaks against it."))
        set_facts(self.facts, facts, css="svm-words")

    def _offer(self, names: list[str]) -> None:
        """Say what the buttons would act on, and grey those that would do nothing."""
        for button in (self.accept, self.reject):
            button.disabled = not names
        by_hand = {row["rootname"] for row in self.model.rows if row["by_hand"]}
        self.automatic.disabled = not by_hand.intersection(names)
        many = len(names)
        told = names[0] if many == 1 else f"{many} exposures"
        set_text(self.who, told if many else "Select exposures in the table.")

    def _overview(self) -> list[tuple[str, str]]:
        """Return how many exposures are kept, and what speaks against the rest."""
        shown = self.model.rows
        if not shown:
            return [("", "No exposure.")]
        rejected = [row for row in shown if not row["accepted"]]
        facts = [("Kept", f"{len(shown) - len(rejected)} of {len(shown)}")]
        counted = Counter(
            "by hand" if row["by_hand"] else f"{key} ({rule})"
            for row in rejected
            for key, _, rule in (row["keywords"] or [("by hand", "", "")])[:1]
        )
        facts += [(f"{many} rejected", why) for why, many in counted.most_common()]
        caveats = Counter(
            f"{key} ({rule})"
            for row in shown
            if row["accepted"]
            for key, _, rule in row["keywords"]
        )
        facts += [(f"{many} with caveat", why) for why, many in caveats.most_common()]
        return facts

    def _show_effect(self) -> None:
        tree = self.products.tree
        if tree is None:
            set_facts(self.effect, [])
            return
        facts: list[tuple[str, str]] = []
        for total in tree.totals:
            detector = total.detector_key.label
            facts += [
                (f"{detector} {one.filter_name.upper()}", _many(one.members))
                for one in total.filters
            ]
            others = ((total.ramps, "ramp"), (total.grisms, "grism"))
            facts += [
                (f"{detector} {word}", _many(some)) for some, word in others if some
            ]
            if not total.filters:
                facts.append((detector, "no drizzled product"))
        facts += [(one.rootname, one.sentence) for one in tree.left_out]
        set_facts(self.effect, facts or [("", "No product is left.")], css="svm-words")
        gone = [name for name in self.products.removed if name not in self._all_names()]
        many = f"No longer made: {', '.join(gone)}" if gone else ""
        set_text(self.change, many)

    def _all_names(self) -> set[str]:
        return {node.basename for node in self.products.nodes}


def _many(members: Sequence[ExposureProduct]) -> str:
    """Return how many exposures there are, and how long they took together."""
    count = len(members)
    time_s = sum(member.exposure.exptime_s for member in members)
    return f"{count} exposure{'' if count == 1 else 's'}, {time_s:.0f} s"


def _told(reason: Reason) -> str:
    return f"{reason.keyword} = {reason.value} (rule: {reason.rule})\n{reason.sentence}"


def _short(row: dict[str, Any]) -> str:
    told = (f"{keyword} = {value} ({rule})" for keyword, value, rule in row["keywords"])
    return "; ".join(told)


def _role(role: str) -> tuple[str, str]:
    """Return status and text of the badge that tells a role."""
    return (
        "off" if role == "not used" else "ok" if role == "drizzled" else "note"
    ), role


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if row["by_hand"]:
        word = "accepted by hand" if row["accepted"] else "rejected by hand"
        verdict = badge("changed", word, row["by_hand"])
        why = row["by_hand"]
    elif not row["accepted"]:
        verdict, why = badge("failed", "rejected"), _short(row)
    elif row["caveats"]:
        verdict, why = badge("warn", "accepted, caveat"), _short(row)
    else:
        verdict, why = badge("ok", "accepted"), ""
    return {
        "id": row["rootname"],
        "use": row["accepted"],
        "rootname": row["rootname"],
        "filter": row["filter"],
        "exptime": row["exptime_s"],
        "verdict": verdict,
        "role": badge(*_role(row["role"])),
        "why": why,
        "_muted": not row["accepted"],
        "_tooltip": "\n".join((*row["reasons"], *row["caveats"])),
    }
