"""The report of a run as one HTML page that needs no other file."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["report_page"]

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--good:#2a7d46;--bad:#b3372f;
--warn:#9a6700}
@media(prefers-color-scheme:dark){:root{--good:#63c384;--bad:#f08a80;--warn:#d9a93f}}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top}th{font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font-size:.9em;overflow-wrap:anywhere}.good{color:var(--good)}.bad{color:var(--bad)}
.warn{color:var(--warn)}.quiet{opacity:.7}p{margin:.3rem 0}
.pictures{display:flex;flex-wrap:wrap;gap:1rem}.pictures figure{margin:0;width:16rem}
.pictures img{max-width:100%;display:block;border:1px solid var(--line)}
figcaption{font-size:.85rem;overflow-wrap:anywhere}
"""


def _cell(value: Any, *, is_number: bool = False) -> str:
    kind = ' class="n"' if is_number else ""
    return f"<td{kind}>{value}</td>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: str) -> str:
    """Table of cells that are HTML already; `numbers` has ``n`` per number column."""
    marks = [mark == "n" for mark in numbers]
    top = "".join(
        f"<th{' class=' + chr(34) + 'n' + chr(34) if is_number else ''}>{head}</th>"
        for head, is_number in zip(heads, marks, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(_cell(c, is_number=n) for c, n in zip(row, marks, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _pair(first: float | None, second: float | None) -> str:
    return f"{_number(first, 2)}, {_number(second, 2)}"


def _verdict_cell(exposure: Mapping[str, Any]) -> str:
    if "accepted" not in exposure:
        return '<span class="quiet">not judged</span>'
    if not exposure["accepted"]:
        return '<span class="bad">rejected</span>'
    has_caveat = bool(exposure["caveats"] or exposure["notes"])
    kind = "warn" if has_caveat else "good"
    return f'<span class="{kind}">accepted,&nbsp;{escape(exposure["role"])}</span>'


def _why_cell(exposure: Mapping[str, Any]) -> str:
    lines = [
        f"<p><code>{escape(str(r['keyword']))} = {escape(str(r['value']))}</code> "
        f"{escape(r['sentence'])}</p>"
        for r in (*exposure.get("reasons", ()), *exposure.get("caveats", ()))
    ]
    lines += [
        f"<p>{escape(n['subject'])}: {escape(n['text'])}</p>" for n in exposure["notes"]
    ]
    if exposure.get("override"):
        lines.append(f"<p>By hand: {escape(exposure['override']['reason'])}</p>")
    return "".join(lines)


def _exposures(summary: Mapping[str, Any]) -> str:
    rows = [
        (
            f"<code>{escape(e['rootname'])}</code>",
            escape(e["detector"]),
            escape(e["filter"]),
            _number(e["exptime_s"], 1),
            _verdict_cell(e),
            _why_cell(e),
        )
        for e in summary["exposures"]
    ]
    heads = ("Exposure", "Detector", "Filter", "Time [s]", "Verdict", "Why")
    faults = "".join(
        f'<p class="bad">{escape(f["subject"])}: {escape(f["problem"])}. '
        f"{escape(f['remedy'])}</p>"
        for f in summary["faults"]
    )
    left = "".join(
        f'<p class="warn">Left out: <code>{escape(each["rootname"])}</code>: '
        f"{escape(each['sentence'])}</p>"
        for each in summary["left_out"]
    )
    return f"<h2>Exposures</h2>{_table(heads, rows, '---n--')}{faults}{left}"


def _fit_rows(fit: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for row in fit["exposures"]:
        terms = row["terms"]
        rotation = terms["rotation_deg"]
        yield (
            f"<code>{escape(row['rootname'])}</code>",
            escape(row["state"]),
            str(row["n_reference"]),
            str(row["n_links"]),
            _number(terms["shift_east_mas"], 1),
            _number(terms["shift_north_mas"], 1),
            _number(None if rotation is None else rotation * 3600.0, 2),
            _pair(row["rms_ra_mas"], row["rms_dec_mas"]),
            _pair(row["relative_rms_ra_mas"], row["relative_rms_dec_mas"]),
            f"{row['quality']['fit_qual']}: {escape(row['quality']['sentence'])}",
        )


_TIES = {"absolute": "tied to", "relative": "exposures to each other only"}


def _alignment(summary: Mapping[str, Any]) -> str:
    if not summary["alignment"]:
        return ""
    parts = ["<h2>Alignment</h2>"]
    heads = [
        "Exposure",
        "State",
        "Stars",
        "Links",
        "East&nbsp;[mas]",
        "North&nbsp;[mas]",
        "Roll&nbsp;[arcsec]",
        "Rms&nbsp;RA,&nbsp;Dec&nbsp;[mas]",
        "Relative&nbsp;[mas]",
        "Quality",
    ]
    for fit in summary["alignment"]:
        tie = _TIES.get(fit["kind"], "WCS as it came")
        catalog = escape(fit["catalog"]) if fit["kind"] == "absolute" else ""
        kind = "good" if fit["quality"]["fit_qual"] < 5 else "bad"
        parts.append(
            f"<p><b>{escape(fit['detector'])}</b>: {tie} {catalog}. "
            f'<span class="{kind}">{escape(fit["quality"]["sentence"])}</span></p>'
        )
        parts += [f'<p class="warn">{escape(text)}</p>' for text in fit["warnings"]]
        parts.append(_table(heads, _fit_rows(fit), "--nnnnnnn-"))
    return "".join(parts)


def _product_row(product: Mapping[str, Any]) -> tuple[str, ...]:
    ny, nx = product["shape"]
    sources = ", ".join(
        f"{c['n_rows']}&nbsp;{'point' if 'point' in c['name'] else 'segment'}"
        for c in product["catalogs"]
    )
    name = product["drizzled"]
    if name is None:
        state = "bad" if product["kind"] != "calibrated only" else "quiet"
        text = "not made" if state == "bad" else "aligned, not drizzled"
        link = (
            f"<code>{escape(product['basename'])}</code> "
            f'<span class="{state}">{text}</span>'
        )
        return (link, product["kind"], *("",) * 7)
    return (
        f'<a href="{escape(name)}"><code>{escape(name)}</code></a>',
        product["kind"],
        f"{nx}&nbsp;×&nbsp;{ny}",
        _number(product["pixel_scale_arcsec"], 4),
        _number(product["exptime_s"], 1),
        _number(product["covered_percent"], 1),
        f"{product['sky']:.4g}",
        f"{product['noise']:.3g}",
        sources,
    )


def _products(summary: Mapping[str, Any]) -> str:
    heads = [
        "Product",
        "Kind",
        "Size",
        "Scale&nbsp;[″]",
        "Time&nbsp;[s]",
        "Covered&nbsp;[%]",
        "Sky",
        "Noise",
        "Sources",
    ]
    rows = [_product_row(product) for product in summary["products"]]
    return f"<h2>Products</h2>{_table(heads, rows, '--nnnnnn-')}"


def _pictures(thumbnails: Mapping[str, tuple[str, bytes]]) -> str:
    figures = [
        f'<figure><a href="{escape(full)}"><img alt="{escape(full)}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(content).decode()}"></a>'
        f"<figcaption>{escape(full)}</figcaption></figure>"
        for full, content in thumbnails.values()
    ]
    if not figures:
        return ""
    return f'<h2>Previews</h2><div class="pictures">{"".join(figures)}</div>'


def _changes(summary: Mapping[str, Any]) -> str:
    changes = summary["changed_parameters"]
    if not changes:
        return "<h2>Parameters</h2><p>All parameters are at their defaults.</p>"
    rows = [
        (
            f"<code>{escape(c['product'])}</code>",
            escape(c["step"]),
            f"<code>{escape(c['key'])}</code>",
            f"<code>{escape(str(c['value']))}</code>",
            f"<code>{escape(str(c['default']))}</code>",
            escape(" ".join((c["origin"], c["reason"])).strip()),
        )
        for c in changes
    ]
    heads = ("Product", "Step", "Parameter", "Value", "Default", "Set by")
    return f"<h2>Parameters changed</h2>{_table(heads, rows, '------')}"


def _problems(summary: Mapping[str, Any]) -> str:
    if not summary["problems"]:
        return ""
    lines = "".join(
        f'<p class="bad">{escape(p["step"])}, {escape(p["subject"])}: '
        f"{escape(p['state'])}. {escape(p['message'])}</p>"
        for p in summary["problems"]
    )
    return f"<h2>Problems</h2>{lines}"


def report_page(
    summary: Mapping[str, Any], thumbnails: Mapping[str, tuple[str, bytes]]
) -> str:
    """Return the report as an HTML page.

    Parameters
    ----------
    summary : Mapping
        Report from `visit_summary`.
    thumbnails : Mapping of str to (str, bytes)
        Name of the full-size preview and content of the small one, by the
        small one's name, in the order in which they are shown.

    Returns
    -------
    str
        A page with all styles and pictures inside; only links to products
        and full-size previews lead to files beside it.
    """
    title = escape(f"Visit {summary['visit']}")
    versions = ", ".join(f"{name} {v}" for name, v in summary["versions"].items())
    body = "".join(
        part(summary)
        for part in (_problems, _exposures, _products, _alignment, _changes)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="quiet">{escape(versions)}</p>'
        f"{body}{_pictures(thumbnails)}</body></html>\n"
    )
