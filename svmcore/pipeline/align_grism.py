"""What becomes of a fit in a visit with grism exposures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from svmcore.alignment.common_wcs import (
    PREFERRED_NAMES,
    WcsChange,
    carry_fit,
    choose_common_name,
    typical_distance,
)
from svmcore.alignment.plane import TangentPlane
from svmcore.alignment.wcsname import fit_wcs_name
from svmcore.io.solutions import read_solutions
from svmcore.io.wcs import as_aligned, read_chip_wcs
from svmcore.model.fit import GroupFit
from svmcore.model.wcs import AlignedWcs

__all__ = ["settle_grisms"]


def settle_grisms(
    fit: GroupFit,
    direct: Mapping[str, Path],
    grisms: Mapping[str, Path],
    *,
    carry_fit_to_grism: bool,
) -> GroupFit:
    """Return the fit with the solutions that all exposures end on.

    Parameters
    ----------
    fit : GroupFit
        Fit of the direct exposures.
    direct, grisms : Mapping of str to Path
        Exposures by rootname.
    carry_fit_to_grism : bool
        Whether the fit is kept and carried over to the grism exposures.
        Otherwise all exposures are set to the best solution that all of them
        hold, and the fit is only archived.
    """
    if not grisms:
        return fit
    present = {root: _present(root, path) for root, path in grisms.items()}
    if not direct:
        return replace(fit, wcs=tuple(present.values()))
    paths = {**direct, **grisms}
    offers = {root: read_solutions(path) for root, path in paths.items()}
    name = choose_common_name([tuple(offer) for offer in offers.values()])
    if not name:
        sentence = (
            "No solution of the kinds "
            f"{' or '.join(PREFERRED_NAMES)} is common to all direct and grism "
            "exposures: the grism exposures keep the WCS that they came with."
        )
        return replace(
            fit,
            wcs=(*fit.wcs, *present.values()),
            warnings=(*fit.warnings, sentence),
        )
    common = {
        root: replace(offer[name], rootname=root) for root, offer in offers.items()
    }
    changes, plane = _changes(fit.wcs, common, paths)
    if carry_fit_to_grism and fit.kind == "absolute":
        return _carried(fit, common, grisms, changes, plane)
    cost = typical_distance(changes, plane)
    sentence = (
        f"Grism exposures are in the visit: all exposures are set to {name}, the best "
        f"solution that all of them hold, {cost:.0f} mas from the fit, which is only "
        "archived. The choice to carry the fit to the grism exposures keeps it."
    )
    return replace(
        fit,
        wcs=tuple(common.values()),
        set_aside=fit.wcs,
        warnings=(*fit.warnings, sentence),
    )


def _present(rootname: str, path: Path) -> AlignedWcs:
    chips = read_chip_wcs(path)
    first = next(iter(chips.values()))
    return as_aligned(rootname, str(first.wcs.name), chips)


def _changes(
    fitted: Sequence[AlignedWcs],
    common: Mapping[str, AlignedWcs],
    paths: Mapping[str, Path],
) -> tuple[list[WcsChange], TangentPlane]:
    """Return the change from the common solution to the fit of direct exposures."""
    changes = [
        WcsChange(
            read_chip_wcs(paths[each.rootname], aligned=common[each.rootname]),
            read_chip_wcs(paths[each.rootname], aligned=each),
        )
        for each in fitted
    ]
    centres = [
        (float(wcs.wcs.crval[0]), float(wcs.wcs.crval[1]))
        for change in changes
        for wcs in change.after.values()
    ]
    return changes, TangentPlane.around(centres)


def _carried(
    fit: GroupFit,
    common: Mapping[str, AlignedWcs],
    grisms: Mapping[str, Path],
    changes: Sequence[WcsChange],
    plane: TangentPlane,
) -> GroupFit:
    states = {each.rootname: each.state for each in fit.exposures}
    fitted = [
        change
        for change, wcs in zip(changes, fit.wcs, strict=True)
        if states.get(wcs.rootname) == "fitted"
    ]
    targets = {
        root: read_chip_wcs(path, aligned=common[root]) for root, path in grisms.items()
    }
    any_common = next(iter(common.values())).name
    name = fit_wcs_name(any_common, "", fit.catalog)
    moved = carry_fit(fitted or changes, targets, plane, name)
    sentence = (
        f"The fit to {fit.catalog} is carried over to {len(moved)} grism exposures, "
        "which share its guide stars but cannot check it."
    )
    return replace(fit, wcs=(*fit.wcs, *moved), warnings=(*fit.warnings, sentence))
