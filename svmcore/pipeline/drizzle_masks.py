"""Tasks before the final step: grids, static pixels, sky, model, cosmic rays."""

from pathlib import Path

from svmcore.drizzling.grid import build_grid
from svmcore.io.alignment import read_aligned_wcs
from svmcore.io.drizzle_results import Grids, write_grids
from svmcore.io.images import read_reference_grid
from svmcore.io.wcs import read_chip_wcs
from svmcore.model.grid import MosaicGrid
from svmcore.pipeline.drizzle_payloads import Frames, GridsPayload, Member
from svmcore.pipeline.drizzle_products import without_distortion
from svmcore.pipeline.tasks import TaskCall

__all__ = ["build_grids"]


def build_grids(call: TaskCall) -> None:
    """Find the grids of all products of a detector, from the aligned WCS."""
    payload: GridsPayload = call.payload
    solutions = {
        solution.rootname: solution
        for solution in read_aligned_wcs(call.inputs["fit"][0])
    }
    chips = {
        member.rootname: [
            wcs if payload.coeffs else without_distortion(wcs)
            for wcs in read_chip_wcs(
                member.path, aligned=solutions[member.rootname]
            ).values()
        ]
        for member in payload.total.members
    }

    def chips_of(members: tuple[Member, ...]) -> list[object]:
        return [wcs for member in members for wcs in chips[member.rootname]]

    common = _final_grid(payload.total, chips_of(payload.total.members), None)
    products = {payload.total.basename: common}
    separate = {}
    for frames in payload.others:
        mine = chips_of(frames.members)
        products[frames.basename] = (
            common if frames.follows_total else _final_grid(frames, mine, common)
        )
        separate[frames.basename] = build_grid(
            mine, frames.separate, reference=_reference(frames.separate_refimage)
        )
    used = {member.rootname for member in payload.total.members}
    write_grids(
        call.folder,
        Grids(products, separate, {r: s for r, s in solutions.items() if r in used}),
    )


def _final_grid(
    frames: Frames, chips: list[object], common: MosaicGrid | None
) -> MosaicGrid:
    """Return a product's grid: that of the detector, changed as asked for."""
    reference = _reference(frames.refimage) or common
    return build_grid(chips, frames.final, reference=reference)


def _reference(path: Path | None) -> MosaicGrid | None:
    return None if path is None else read_reference_grid(path)
