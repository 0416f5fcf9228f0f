"""The product tree, and everything about the selected product."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from svmcore.model.names import FileKind
from svmwidgets.figures import FootprintFigure, Tree, badge, outline, tree_node
from svmwidgets.models.products import Node, ProductsModel
from svmwidgets.panels.conditions import selection_facts
from svmwidgets.panels.depth import DepthView
from svmwidgets.panels.grids import grid_outline, grid_words
from svmwidgets.panels.parts import (
    act,
    card,
    columns,
    set_facts,
    set_text,
    switch,
    text,
    title,
    toolbar,
)

__all__ = ["ProductsPanel"]

_DRIZZLED, _CALIBRATED = str(FileKind.DRIZZLE), str(FileKind.CALIBRATED)
_NAMES = 12  # exposures that are named
_WORDS = {"align only": "note", "WCS only": "note"}


class ProductsPanel(widgets.VBox):
    """View of `ProductsModel`.

    Parameters
    ----------
    model : ProductsModel
        State.
    session : object
        Gives ``guard(call)``, ``preview``, and ``step`` to go to another step.
    """

    def __init__(self, model: ProductsModel, session: Any) -> None:
        self.model, self.session = model, session
        guard = session.guard
        self.tree = Tree([], height="640px", label="Products")
        self.tree.observe(guard(self._picked), "selected")
        self.name = title("Selected product")
        self.facts = text()
        self.files = text()
        self.origin = text()
        self.changes = text()
        self.sky = FootprintFigure(height=300, label="Footprint of the product")
        self.depth = DepthView()
        self.flt = switch("Use FLT files where a filter has both FLT and FLC")
        self.flt.observe(guard(self._prefer_flt), "value")
        self.singles = switch("Put the only exposure of a filter into the total too")
        self.singles.observe(guard(self._use_singles), "value")
        self.errors = switch("Add the standard deviation of each pixel (ERR)")
        self.errors.observe(guard(self._add_errors), "value")
        self.left_out = text(css="svm-warning")
        self.edit = act("Edit its parameters", guard(self._edit), kind="quiet")
        super().__init__(
            [
                columns(
                    [
                        card(
                            [
                                self.tree,
                                self.left_out,
                                self.flt,
                                self.singles,
                                self.errors,
                            ],
                            heading="Products",
                        ),
                        card([self.sky], heading="On the sky"),
                    ],
                    [
                        card([self.name, self.facts]),
                        card([self.depth], heading="Exposures per pixel"),
                        card(
                            [self.origin, self.changes, toolbar(self.edit)],
                            heading="Parameters it uses",
                        ),
                        card([self.files], heading="Files"),
                    ],
                    split="even",
                )
            ]
        )
        self.add_class("svm-panel")
        model.observe(guard(lambda _: self.refresh()), "tree")
        model.observe(guard(lambda _: self._describe()), ["selected", "coverage"])
        session.observe(guard(lambda _: self._is_old and self.refresh()), "step")
        self.refresh()

    def refresh(self) -> None:
        """Show the tree as the model has it, if this step is looked at."""
        if self.session.step != self.model.name:
            self._is_old = True
            return
        self._is_old = False
        self.tree.nodes = [_drawn(node) for node in self.model.nodes]
        if self.tree.selected != self.model.selected:
            self.tree.selected = self.model.selected
        self._show_left_out()
        self._describe()

    def _show_left_out(self) -> None:
        tree = self.model.tree
        lines = [f"{o.rootname}: {o.sentence}" for o in tree.left_out] if tree else []
        set_text(self.left_out, " ".join(lines))
        self.flt.layout.display = None if self.model.can_choose_flt else "none"
        decisions = self.model.door.decisions
        self.flt.value = decisions.prefer_flt
        can_choose = self.model.can_choose_singles
        self.singles.layout.display = None if can_choose else "none"
        self.singles.value = decisions.singles_in_total
        self.errors.value = decisions.error_extension

    def _prefer_flt(self, change: Any) -> None:
        if change["new"] != self.model.door.decisions.prefer_flt:
            self.model.prefer_flt(preferred=change["new"])

    def _use_singles(self, change: Any) -> None:
        if change["new"] != self.model.door.decisions.singles_in_total:
            self.model.use_singles(used=change["new"])

    def _add_errors(self, change: Any) -> None:
        if change["new"] != self.model.door.decisions.error_extension:
            self.model.add_errors(added=change["new"])

    def _picked(self, change: Any) -> None:
        if change["new"]:
            self.model.selected = change["new"]

    def _edit(self) -> None:
        self.session.parameters.product = self.model.selected
        self.session.step = "parameters"

    def _describe(self) -> None:
        if self._is_old:
            return
        node = self.model.node
        if node is None:
            for line in (self.facts, self.files, self.origin, self.changes):
                set_facts(line, [])
            self.sky.outlines = []
            return
        facts = [
            ("Kind", f"{node.kind} product, {node.label}"),
            (_counted(len(node.exposures)), _listed(node.exposures)),
            ("Exposure time", f"{node.exptime_s:.1f} s"),
        ]
        sky = self.model.coverage
        if sky is not None:
            area = sky.union_area_arcsec2 / 3600.0
            facts.append(("Area", f"{area:.3f} square arcminutes"))
            mean = f"{self.model.mean_depth:.2f} exposures per pixel"
            facts.append(("Mean depth", mean))
            if sky.isolated:
                facts.append(("Apart from the rest", ", ".join(sky.isolated)))
            self._draw(sky)
        grid = self.model.grid
        if grid is not None:
            ny, nx = grid.shape
            facts.append(("Size", f"{nx} × {ny} pixels"))
            facts.append(("Scale", f"{grid.scale_arcsec:.5f} arcsec per pixel"))
            turn = round(grid.orientation_deg, 3) + 0.0  # no minus zero
            facts.append(("Orientation", f"{turn:.3f}° east of north"))
        set_text(self.name, node.basename)
        set_facts(self.facts, facts)
        set_facts(self.files, [*node.files], css="svm-files")
        sets = selection_facts(self.model.conditions_of(node.basename))
        set_facts(self.origin, sets, css="svm-words")
        changes = [
            (key, f"{value} ({why})")
            for key, value, why in self.model.changes_of(node.basename)
        ]
        set_facts(self.changes, changes)
        self.depth.show(self.model.depth)
        self.model.ask_geometry()

    def _draw(self, sky: Any) -> None:
        outlines = [
            outline(
                name,
                [[corner[0] for corner in ring] for ring in rings],
                [[corner[1] for corner in ring] for ring in rings],
                group="exposures that go in",
            )
            for name, rings in zip(sky.rootnames, sky.outlines, strict=True)
            if rings
        ]
        grid = self.model.grid
        if grid is not None:
            outlines.append(grid_outline(grid))
        self.sky.outlines = outlines
        self.sky.caption = grid_words(grid) if grid is not None else ""


def _counted(count: int) -> str:
    return f"{count} exposure{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    """Return names as one text; of many only the first, the tree has them all."""
    shown = ", ".join(names[:_NAMES])
    more = len(names) - _NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _drawn(node: Node) -> dict[str, Any]:
    names = dict(node.files)
    shown = names.get(_DRIZZLED) or names.get(_CALIBRATED) or node.basename
    count = len(node.exposures)
    many = f"{count} exp., " if count > 1 else ""
    badges = [badge(_WORDS[node.kind], node.kind)] if node.kind in _WORDS else []
    return tree_node(
        node.basename,
        shown,
        parent=node.parent,
        kind=node.kind if node.kind not in _WORDS else "exposure",
        note=f"{many}{node.exptime_s:.0f} s" if count else "",
        badges=badges,
        tooltip="\n".join(name for _, name in node.files),
    )
