"""Source lists and fits on disk: results of the alignment tasks."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from svmcore.io.arrays import read_npz, write_npz
from svmcore.io.raw import read_json, write_json
from svmcore.model.fit import (
    ExposureFit,
    FitQuality,
    FitTerms,
    GroupFit,
    MatchTable,
    ReferenceCatalog,
    SourceList,
)
from svmcore.model.wcs import AlignedChip, AlignedWcs

__all__ = [
    "find_positions",
    "read_aligned_wcs",
    "read_exposure_fits",
    "read_group_fit",
    "read_reference_stars",
    "read_source_list",
    "read_source_lists",
    "write_group_fit",
    "write_positions_key",
    "write_reference_stars",
    "write_source_list",
    "write_source_lists",
]

_SOURCES = "sources.npz"
_FIT, _WCS, _MATCHES = "fit.json", "wcs.json", "matches.npz"
_REFERENCE, _REFINED = "reference.npz", "refined.npz"
_POSITIONS = "positions.json"


def read_source_list(folder: Path) -> SourceList:
    """Return the sources of one exposure.

    Parameters
    ----------
    folder : Path
        Result of the task ``detect sources``.

    Raises
    ------
    StoreError
        If the result is missing or damaged.
    """
    return _source_list(read_npz(folder / _SOURCES))


def write_source_list(folder: Path, sources: SourceList) -> None:
    """Write the sources of one exposure."""
    write_npz(folder / _SOURCES, _source_arrays(sources))


def write_source_lists(folder: Path, lists: tuple[SourceList, ...]) -> None:
    """Write the refined sources of all exposures of a detector."""
    arrays: dict[str, NDArray[Any]] = {}
    for sources in lists:
        for name, array in _source_arrays(sources).items():
            arrays[f"{sources.rootname}.{name}"] = array
    write_npz(folder / _REFINED, arrays)


def read_source_lists(folder: Path) -> dict[str, SourceList]:
    """Return the refined sources of all exposures, by rootname.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.
    """
    arrays = read_npz(folder / _REFINED)
    roots = sorted({name.split(".")[0] for name in arrays})
    return {
        root: _source_list(
            {
                name.split(".", 1)[1]: array
                for name, array in arrays.items()
                if name.startswith(f"{root}.")
            }
        )
        for root in roots
    }


def write_positions_key(folder: Path, key: str) -> None:
    """Write what the refined sources of a detector depend on.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.
    key : str
        Digest of the sources that were found and of how they were refined.
    """
    write_json(folder / _POSITIONS, {"key": key})


def find_positions(results: Path, key: str) -> Path | None:
    """Return a result with refined sources of that key, whatever it is fitted to.

    Parameters
    ----------
    results : Path
        Folder that holds the results of all tasks.
    key : str
        As given to `write_positions_key`.

    Returns
    -------
    Path or None
        Folder of the newest such result.
    """
    found = [
        path
        for path in results.glob(f"*/{_POSITIONS}")
        if read_json(path)["key"] == key
    ]
    newest = max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
    return None if newest is None else newest.parent


def _source_arrays(sources: SourceList) -> dict[str, NDArray[Any]]:
    return {
        "rootname": np.array(sources.rootname),
        "extver": sources.extver,
        "xy": sources.xy,
        "xy_error": sources.xy_error,
        "flux": sources.flux,
        "peak": sources.peak,
        "roughness": sources.roughness,
        "is_saturated": sources.is_saturated,
    }


def _source_list(arrays: Mapping[str, NDArray[Any]]) -> SourceList:
    return SourceList(
        rootname=str(arrays["rootname"]),
        **{name: array for name, array in arrays.items() if name != "rootname"},
    )


def write_reference_stars(folder: Path, catalog: ReferenceCatalog) -> None:
    """Write the reference stars that a fit used."""
    arrays = {name: np.asarray(getattr(catalog, name)) for name in catalog.__slots__}
    write_npz(folder / _REFERENCE, arrays)


def read_reference_stars(folder: Path) -> ReferenceCatalog | None:
    """Return the reference stars that a fit used; None if it had none.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.
    """
    if not (folder / _REFERENCE).is_file():
        return None
    arrays = read_npz(folder / _REFERENCE)
    name, source = str(arrays.pop("name")), str(arrays.pop("source"))
    return ReferenceCatalog(name=name, source=source, **arrays)


def write_group_fit(folder: Path, fit: GroupFit) -> None:
    """Write the alignment of a detector: fit, matches, solutions."""
    apart = ("matches", "wcs", "exposures", "quality", "absolute", "set_aside")
    record = {name: getattr(fit, name) for name in fit.__slots__ if name not in apart}
    record["exposures"] = [asdict(each) for each in fit.exposures]
    record["quality"] = asdict(fit.quality)
    record["absolute"] = None if fit.absolute is None else asdict(fit.absolute)
    write_json(folder / _FIT, record)
    write_npz(
        folder / _MATCHES,
        {name: getattr(fit.matches, name) for name in fit.matches.__slots__},
    )
    write_json(
        folder / _WCS,
        {
            "solutions": [asdict(wcs) for wcs in fit.wcs],
            "set_aside": [asdict(wcs) for wcs in fit.set_aside],
        },
    )


def read_group_fit(folder: Path) -> GroupFit:
    """Return the alignment of a detector.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.

    Raises
    ------
    StoreError
        If the result is missing or damaged.
    """
    record = read_json(folder / _FIT)
    exposures = _exposure_fits(record)
    absolute = record["absolute"]
    return GroupFit(
        **{
            **record,
            "exposures": exposures,
            "absolute": None if absolute is None else FitTerms(**absolute),
            "quality": FitQuality(**record["quality"]),
            "warnings": tuple(record["warnings"]),
            "history": tuple(record["history"]),
        },
        wcs=read_aligned_wcs(folder),
        set_aside=_solutions(read_json(folder / _WCS)["set_aside"]),
        matches=MatchTable(**read_npz(folder / _MATCHES)),
    )


def read_exposure_fits(folder: Path) -> tuple[dict[str, ExposureFit], str]:
    """Return the fits whose solutions are in use, and the reference catalog.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.

    Returns
    -------
    fits : dict of str to ExposureFit
        By rootname, without those whose solution is set aside.
    catalog : str
        Name of the reference catalog; empty without one.

    Raises
    ------
    StoreError
        If the result is missing or damaged.
    """
    record = read_json(folder / _FIT)
    aside = {one.rootname for one in _solutions(read_json(folder / _WCS)["set_aside"])}
    fits = _exposure_fits(record)
    return (
        {one.rootname: one for one in fits if one.rootname not in aside},
        str(record["catalog"]),
    )


def _exposure_fits(record: Mapping[str, Any]) -> tuple[ExposureFit, ...]:
    return tuple(
        ExposureFit(
            **{
                **row,
                "terms": FitTerms(**row["terms"]),
                "quality": FitQuality(**row["quality"]),
            }
        )
        for row in record["exposures"]
    )


def read_aligned_wcs(folder: Path) -> tuple[AlignedWcs, ...]:
    """Return the solution of every exposure of a detector.

    Parameters
    ----------
    folder : Path
        Result of the task ``fit alignment``.
    """
    return _solutions(read_json(folder / _WCS)["solutions"])


def _solutions(rows: list[dict[str, Any]]) -> tuple[AlignedWcs, ...]:
    return tuple(
        AlignedWcs(
            row["rootname"],
            row["name"],
            tuple(
                AlignedChip(
                    chip["extver"],
                    (chip["crval_deg"][0], chip["crval_deg"][1]),
                    (
                        (chip["cd_deg"][0][0], chip["cd_deg"][0][1]),
                        (chip["cd_deg"][1][0], chip["cd_deg"][1][1]),
                    ),
                )
                for chip in row["chips"]
            ),
        )
        for row in rows
    )
