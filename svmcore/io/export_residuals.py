"""The residuals of an alignment as a figure, a text and a table."""

from pathlib import Path
from typing import Any

from astropy.table import Column, Table

from svmcore.io.atomic import write_atomically, write_text
from svmcore.io.residual_figure import residual_figure
from svmcore.model.fit import FitTerms, GroupFit, MatchTable

__all__ = ["residual_text", "write_residual_report"]


def write_residual_report(
    fit: GroupFit, *, figure: Path, text: Path, table: Path
) -> None:
    """Write the residuals of an alignment as figure, text and table.

    Parameters
    ----------
    fit : GroupFit
        The alignment.
    figure, text, table : Path
        Files to write (PNG, TXT, ECSV). Their folder must exist.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    with write_atomically(figure) as temporary:
        residual_figure(fit).savefig(temporary, dpi=110)
    write_text(text, residual_text(fit))
    with write_atomically(table) as temporary:
        _match_table(fit.matches).write(temporary, format="ascii.ecsv", overwrite=True)


def residual_text(fit: GroupFit) -> str:
    """Return the numbers of an alignment as plain text."""
    against = f"to {fit.catalog}" if fit.catalog else "of the exposures to each other"
    lines = [f"Alignment of {fit.detector} {against}", "", fit.quality.sentence]
    if fit.absolute is not None:
        terms = fit.absolute
        lines += [
            f"Reference positions at epoch {fit.catalog_epoch_yr:.3f}",
            f"Motion of the group: {_motion(terms)}",
        ]
    lines += ["", *(f"! {warning}" for warning in fit.warnings)]
    lines += [
        "",
        (
            "exposure   state    geometry   ref links   east mas  north mas  "
            "rot deg    scale ppm  rms ra  rms dec  rel ra  rel dec  q"
        ),
    ]
    for each in fit.exposures:
        terms = each.terms
        lines.append(
            f"{each.rootname:10s} {each.state:8s} {terms.fitgeom:8s} "
            f"{each.n_reference:5d} {each.n_links:5d} {terms.shift_east_mas:10.2f} "
            f"{terms.shift_north_mas:10.2f} {terms.rotation_deg:10.6f} "
            f"{terms.scale_ppm:9.2f} {each.rms_ra_mas:7.2f} {each.rms_dec_mas:8.2f} "
            f"{each.relative_rms_ra_mas:7.2f} {each.relative_rms_dec_mas:8.2f} "
            f"{each.quality.fit_qual:2d}"
        )
    lines += ["", *(f"{e.rootname}: {e.quality.sentence}" for e in fit.exposures)]
    lines += ["", *fit.history, ""]
    return "\n".join(lines)


def _motion(terms: FitTerms) -> str:
    """Return the terms in words; those that the geometry leaves out, so named."""
    fitted = {
        "shift": (),
        "rshift": ("rotation",),
        "rscale": ("rotation", "scale"),
        "general": ("rotation", "scale", "skew"),
    }[terms.fitgeom]
    values = {
        "rotation": f"{terms.rotation_deg:.6f} +- {terms.rotation_error_deg:.6f} deg",
        "scale": f"{terms.scale_ppm:.2f} +- {terms.scale_error_ppm:.2f} ppm",
        "skew": f"{terms.skew_deg:.6f} deg",
    }
    shift = (
        f"east {terms.shift_east_mas:.2f}, north {terms.shift_north_mas:.2f} "
        f"+- {terms.shift_error_mas:.2f} mas"
    )
    may_be = {
        "rotation": f" (+- {terms.rotation_error_deg:.6f} deg)",
        "scale": f" (+- {terms.scale_error_ppm:.2f} ppm)",
        "skew": "",
    }
    rest = (
        f"{name} {value if name in fitted else f'not fitted{may_be[name]}'}"
        for name, value in values.items()
    )
    places = (
        f"positions +- {terms.position_error_mas:.2f} mas with what the distortion "
        "tables leave"
    )
    return "; ".join((shift, *rest, places))


def _match_table(matches: MatchTable) -> Table:
    """Return all matches as a table with units."""
    columns: dict[str, tuple[Any, str | None]] = {
        "identifier": (matches.identifier, None),
        "rootname": (matches.rootname, None),
        "extver": (matches.extver, None),
        "x": (matches.xy[:, 0], "pix"),
        "y": (matches.xy[:, 1], "pix"),
        "ra": (matches.ra_deg, "deg"),
        "dec": (matches.dec_deg, "deg"),
        "target_ra": (matches.target_ra_deg, "deg"),
        "target_dec": (matches.target_dec_deg, "deg"),
        "residual_east": (matches.residual_mas[:, 0], "mas"),
        "residual_north": (matches.residual_mas[:, 1], "mas"),
        "before_east": (matches.before_mas[:, 0], "mas"),
        "before_north": (matches.before_mas[:, 1], "mas"),
        "sigma": (matches.sigma_mas, "mas"),
        "mag": (matches.mag, "mag"),
        "is_reference": (matches.is_reference, None),
        "is_used": (matches.is_used, None),
        "why_not": (matches.why_not, None),
    }
    return Table(
        {name: Column(values, unit=unit) for name, (values, unit) in columns.items()}
    )
