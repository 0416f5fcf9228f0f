"""What a list says against what the headers say, and what a visit mixes."""

import math
from collections.abc import Sequence

from svmcore.inputs.listing import ListingRow
from svmcore.model.exposure import Exposure, Note
from svmcore.model.names import filter_string

__all__ = ["compare_with_header", "visit_notes"]

# The archive's pollers round exposure times to the microsecond; IR headers carry
# as many digits. A millisecond is far below any step of HST exposure times.
_EXPTIME_TOLERANCE_S = 1e-3


def compare_with_header(
    row: ListingRow, exposure: Exposure, *, place: str
) -> tuple[Note, ...]:
    """Return a note for each column of a row that contradicts the header.

    Parameters
    ----------
    row : ListingRow
        Row of a list.
    exposure : Exposure
        The exposure that it names.
    place : str
        List and line, for the notes.

    Returns
    -------
    tuple of Note
        Empty if they agree. The header's value is the one that is used.
    """
    is_wfpc2 = exposure.detector_key.instrument == "wfpc2"
    detector = exposure.detector_key.detector.upper()
    pairs = [
        ("proposal", row.proposal_id, exposure.proposal_id),
        ("program", row.program_id, exposure.program_id),
        ("visit", row.obset_id, exposure.obset_id),
        ("detector", "" if is_wfpc2 else row.detector, detector),
    ]
    if row.filters and filter_string(row.filters) != exposure.filter_name:
        pairs.append(("filters", ";".join(row.filters), ";".join(exposure.filters)))
    if row.exptime_s is not None and not math.isclose(
        row.exptime_s,
        exposure.exptime_s,
        rel_tol=0.0,
        abs_tol=_EXPTIME_TOLERANCE_S,
    ):
        pairs.append(
            ("exposure time", f"{row.exptime_s:.6g} s", f"{exposure.exptime_s:.6g} s")
        )
    return tuple(
        Note(
            place,
            f"{row.file_name}: the list gives {column} {listed}, the file has {held}; "
            "the file's value is used",
        )
        for column, listed, held in pairs
        if listed and listed != held
    )


def visit_notes(exposures: Sequence[Exposure]) -> tuple[Note, ...]:
    """Return notes on what does not look like one visit.

    Parameters
    ----------
    exposures : sequence of Exposure
        Every readable exposure.

    Returns
    -------
    tuple of Note
        On several proposals, visits or instruments, and on exposures that are
        there both with and without CTE correction.
    """
    notes = []
    visits = sorted({(e.proposal_id, e.obset_id) for e in exposures})
    if len(visits) > 1:
        listed = ", ".join(f"{proposal} visit {obset}" for proposal, obset in visits)
        notes.append(
            Note(
                "visit",
                f"the exposures come from {len(visits)} visits ({listed}); filter and "
                "total products are named after their first exposure",
            )
        )
    instruments = sorted({e.detector_key.instrument.upper() for e in exposures})
    if len(instruments) > 1:
        notes.append(
            Note(
                "visit",
                f"the exposures come from several instruments "
                f"({', '.join(instruments)}); each detector is processed by itself",
            )
        )
    both = sorted(
        {e.rootname for e in exposures if e.suffix == "flt"}
        & {e.rootname for e in exposures if e.suffix == "flc"}
    )
    if both:
        notes.append(
            Note(
                "visit",
                f"both FLT and FLC are listed of {', '.join(both)}; "
                "one of the two is left out",
            )
        )
    return tuple(notes)
