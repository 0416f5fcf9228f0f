"""Trailers, manifest and report of a run."""

import json
from pathlib import Path

from svmcore.io.atomic import write_text
from svmcore.io.record_facts import ProductFacts, read_product_facts
from svmcore.io.record_manifest import manifest_names
from svmcore.io.record_page import report_page
from svmcore.io.record_summary import visit_summary
from svmcore.io.record_trailer import trailer_text
from svmcore.model.product import FilterProduct, TotalProduct
from svmcore.model.record import VisitRecord

__all__ = ["report_names", "write_records"]


def report_names(record: VisitRecord) -> tuple[str, str]:
    """Return the file names of the report: page and JSON."""
    return f"{record.stem}_report.html", f"{record.stem}_report.json"


def write_records(output: Path, record: VisitRecord) -> tuple[Path, ...]:
    """Write the trailers, the manifest and the report of a run.

    Parameters
    ----------
    output : Path
        Folder with the products, which are read for their sizes.
    record : VisitRecord
        What is known about the run.

    Returns
    -------
    tuple of Path
        Files written: one trailer per product, the manifest, the report as
        HTML page and as JSON. The manifest names only files that are there.

    Raises
    ------
    StoreError
        If a file cannot be written.

    Notes
    -----
    Equal records and products give equal bytes.
    """
    facts = {
        product.basename: read_product_facts(output, product)
        for product in record.tree.products
    }
    trailers = _write_trailers(output, record, facts)
    manifest = output / record.manifest_name
    names = manifest_names(record.tree)
    there = [name for name in names if (output / name).is_file()]
    write_text(manifest, "".join(f"{name}\n" for name in there))
    return (*trailers, manifest, *_write_report(output, record, facts))


def _write_trailers(
    output: Path, record: VisitRecord, facts: dict[str, ProductFacts]
) -> list[Path]:
    written = []
    for product in record.tree.products:
        path = output / product.trailer_name
        write_text(path, trailer_text(product, record, facts[product.basename]))
        written.append(path)
    return written


def _write_report(
    output: Path, record: VisitRecord, facts: dict[str, ProductFacts]
) -> tuple[Path, Path]:
    page_name, json_name = report_names(record)
    summary = visit_summary(record, facts)
    text = json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(output / json_name, f"{text}\n")
    page = report_page(summary, _read_thumbnails(output, record))
    write_text(output / page_name, page)
    return output / page_name, output / json_name


def _read_thumbnails(output: Path, record: VisitRecord) -> dict[str, tuple[str, bytes]]:
    """Small previews of totals, in colour too, and of filters, that are there."""
    names: list[tuple[str, str]] = []
    for total in record.tree.totals:
        names += _color_names(output, total)
        products: tuple[FilterProduct | TotalProduct, ...] = (total, *total.filters)
        names += [(each.thumbnail_name, each.preview_name) for each in products]
    return {
        small: (full, (output / small).read_bytes())
        for small, full in names
        if (output / small).is_file()
    }


def _color_names(output: Path, total: TotalProduct) -> list[tuple[str, str]]:
    """Colour previews are found by their names: the order of filters is theirs."""
    start, end = f"{total.basename}_", f"_{total.suffix}_thumb.jpg"
    found = sorted(
        path.name
        for path in output.glob(f"*{end}")
        if path.name.startswith(start) and path.name != total.thumbnail_name
    )
    return [(name, name.replace("_thumb.jpg", ".jpg")) for name in found]
