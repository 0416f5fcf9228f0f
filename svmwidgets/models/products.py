"""The tree of products that the accepted exposures make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import traitlets as T  # noqa: N812

from svmcore.model.grid import MosaicGrid
from svmcore.model.product import (
    ExposureProduct,
    FilterProduct,
    Product,
    ProductTree,
    TotalProduct,
)
from svmcore.model.verdict import Role
from svmcore.parameters import ParameterSet
from svmcore.pipeline.explore import DepthMap, depth_map, total_grid
from svmcore.pipeline.prepare import PreparedVisit
from svmcore.products import (
    Footprints,
    footprints,
    mean_exposures_per_pixel,
    product_files,
)
from svmwidgets.models.fields import origin_words, text_of
from svmwidgets.models.step import Door, StepModel

__all__ = ["Node", "ProductsModel"]


@dataclass(frozen=True, slots=True)
class Node:
    """One product in the tree, ready to be listed.

    Parameters
    ----------
    basename : str
        Product name without suffix.
    parent : str
        Basename of the product above; empty for a total product.
    kind : str
        ``total``, ``filter``, ``exposure``, ``align only`` or ``WCS only``.
    label : str
        Short name.
    files : tuple of tuple of str
        Kind and exact name of each file it makes.
    exposures : tuple of str
        Rootnames that go in.
    exptime_s : float
        Sum of exposure times [s].
    """

    basename: str
    parent: str
    kind: str
    label: str
    files: tuple[tuple[str, str], ...]
    exposures: tuple[str, ...]
    exptime_s: float


class ProductsModel(StepModel):
    """Total, filter and exposure products with exact names."""

    name = "products"
    title = "Products"

    tree = T.Instance(ProductTree, allow_none=True, help="All products of the visit")
    selected = T.Unicode("", help="Basename of the product that is looked at")
    removed = T.Tuple(help="Products that the last decision took away")
    grids = T.Dict(help="Grid of each detector's products, by total basename")
    depth = T.Instance(DepthMap, allow_none=True, help="Depth of the selected product")
    coverage = T.Instance(Footprints, allow_none=True, help="Where it lies on the sky")
    mean_depth = T.Float(0.0, help="Exposures per covered pixel on average")

    def __init__(self, door: Door, **traits: Any) -> None:
        super().__init__(door, **traits)
        self._prepared: PreparedVisit | None = None
        self.parameters: Mapping[str, ParameterSet] = {}

    def show(self, prepared: PreparedVisit) -> None:
        """Take a new tree; say which products came and went."""
        tree, parameters = prepared.tree, prepared.parameters
        self._prepared, self.parameters = prepared, parameters
        before = {p.basename for p in self.tree.products} if self.tree else set()
        names = [product.basename for product in tree.products]
        with self.hold_trait_notifications():
            self.removed = tuple(sorted(before - set(names)))
            self.grids, self.depth, self.coverage = {}, None, None
            self.tree = tree
            if self.selected not in names:
                self.selected = names[0] if names else ""
        filters = sum(len(total.filters) for total in tree.totals)
        drizzled = sum(len(total.members) for total in tree.totals)
        if not filters:
            self.settle("failed", "no product")
            return
        totals = sum(1 for total in tree.totals if total.filters)
        many = totals + filters + drizzled
        text = f"{many} product{'' if many == 1 else 's'}"
        self.settle("warn" if tree.left_out else "ok", text)

    @T.observe("selected")
    def _forget_depth(self, _: object) -> None:
        self.depth = self.coverage = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All products, each after the one it belongs to."""
        if self.tree is None:
            return ()
        found: list[Node] = []
        for total in self.tree.totals:
            found.append(_node(total, ""))
            for product in total.filters:
                found.append(_node(product, total.basename))
                found.extend(_node(m, product.basename) for m in product.members)
            found.extend(_node(m, total.basename) for m in total.ramps + total.grisms)
        return tuple(found)

    @property
    def product(self) -> Product | None:
        """The selected product."""
        if self.tree is None or not self.selected:
            return None
        return self.tree.find(self.selected)

    @property
    def node(self) -> Node | None:
        """The selected product, ready to be listed."""
        return next((n for n in self.nodes if n.basename == self.selected), None)

    @property
    def grid(self) -> MosaicGrid | None:
        """Grid of the selected product, once it is known."""
        if not self.selected or self.tree is None:
            return None
        return self.grids.get(self.total_of(self.selected).basename)

    def ask_geometry(self) -> None:
        """Find coverage, grid and depth of the selected product in the background."""
        prepared, product = self._prepared, self.product
        if prepared is None or product is None or self.coverage is not None:
            return
        total = self.total_of(product.basename)
        if not product.exposures:
            return
        known = self.grids.get(total.basename)

        def question() -> tuple[str, Footprints, float, DepthMap | None]:
            depth = None
            if total.filters:
                depth = depth_map(known or total_grid(prepared, total), product)
            exposures = product.exposures
            mean = mean_exposures_per_pixel(exposures)
            return product.basename, footprints(exposures), mean, depth

        def answer(found: tuple[str, Footprints, float, DepthMap | None]) -> None:
            name, coverage, mean, depth = found
            if prepared is not self._prepared or name != self.selected:
                return
            with self.hold_trait_notifications():
                if depth is not None:
                    self.grids = {**self.grids, total.basename: depth.grid}
                self.depth, self.coverage, self.mean_depth = depth, coverage, mean

        self.door.preview("geometry", question, answer)

    def ask_grids(self) -> None:
        """Find the grid of every detector's products in the background."""
        prepared = self._prepared
        if prepared is None:
            return
        missing = [
            total
            for total in prepared.tree.totals
            if total.filters and total.basename not in self.grids
        ]
        if not missing:
            return

        def answer(found: Mapping[str, MosaicGrid]) -> None:
            if prepared is self._prepared:
                self.grids = {**self.grids, **found}

        self.door.preview(
            "grids",
            lambda: {one.basename: total_grid(prepared, one) for one in missing},
            answer,
        )

    @property
    def can_choose_flt(self) -> bool:
        """Whether a filter has both FLT and FLC files, so that one must yield."""
        has_left_out = bool(self.tree and self.tree.left_out)
        return has_left_out or self.door.decisions.prefer_flt

    @property
    def can_choose_singles(self) -> bool:
        """Whether some filter has one exposure and another one has more."""
        counts = [
            {len(one.members) > 1 for one in total.filters}
            for total in (self.tree.totals if self.tree else ())
        ]
        return {True, False} in counts or self.door.decisions.singles_in_total

    def use_singles(self, *, used: bool) -> bool:
        """Put the only exposure of a filter into the total product, or not."""
        word = "Put" if used else "Do not put"
        decisions = replace(self.door.decisions, singles_in_total=used)
        return self.door.decide(f"{word} single exposures into the total", decisions)

    def add_errors(self, *, added: bool) -> bool:
        """Give products an ERR extension, or the standard extensions alone."""
        word = "with" if added else "without"
        decisions = replace(self.door.decisions, error_extension=added)
        return self.door.decide(f"Products {word} ERR extension", decisions)

    def prefer_flt(self, *, preferred: bool) -> bool:
        """Use FLT files where a filter has both, or FLC files again."""
        word = "FLT" if preferred else "FLC"
        decisions = replace(self.door.decisions, prefer_flt=preferred)
        return self.door.decide(f"Use {word} files where there are both", decisions)

    def changes_of(self, basename: str) -> tuple[tuple[str, str, str], ...]:
        """Return name, value and origin of each changed parameter of a product."""
        chosen = self.parameters.get(basename)
        if chosen is None:
            return ()
        return tuple(
            (change.key, text_of(change.value), origin_words(change.origin))
            for change in chosen.overrides
        )

    def total_of(self, basename: str) -> TotalProduct:
        """Return the total product whose tree holds that product.

        Raises
        ------
        KeyError
            If no tree does.
        """
        for total in self.tree.totals if self.tree else ():
            names = {product.basename for product in ProductTree((total,)).products}
            if basename in names:
                return total
        raise KeyError(basename)

    def conditions_of(self, basename: str) -> tuple[str, ...]:
        """Return the conditions that selected the parameters of a product."""
        chosen = self.parameters.get(basename)
        return tuple(chosen.conditions) if chosen is not None else ()


def _node(product: Product, parent: str) -> Node:
    match product:
        case TotalProduct():
            kind, label = "total", product.detector_key.label
        case FilterProduct():
            kind, label = "filter", product.filter_name.upper()
        case ExposureProduct():
            kind, label = _exposure_kind(product), product.exposure.rootname
    return Node(
        basename=product.basename,
        parent=parent,
        kind=kind,
        label=label,
        files=tuple((str(k), v) for k, v in product_files(product).items()),
        exposures=tuple(exposure.rootname for exposure in product.exposures),
        exptime_s=sum(exposure.exptime_s for exposure in product.exposures),
    )


def _exposure_kind(product: ExposureProduct) -> str:
    return {
        Role.DIRECT: "exposure",
        Role.RAMP: "align only",
        Role.GRISM: "WCS only",
    }[product.role]
