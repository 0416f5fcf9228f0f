"""Reference catalogs from services: the archive's catalog search, and Gaia's."""

import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import requests
from astropy import units as u
from astropy.io import ascii as ascii_tables
from astropy.table import Table

from svmcore.errors import ReferenceCatalogError
from svmcore.io import gaia_archive
from svmcore.io.atomic import write_text
from svmcore.io.reference_table import catalog_from_table
from svmcore.model.fit import ReferenceCatalog
from svmcore.model.reference import ReferenceChoice

__all__ = ["SkyRegion", "query_catalog"]

_TIMEOUT_S = (10.0, 60.0)  # to connect, to read
_ATTEMPTS = 3
_PAUSE_S = 1.0
# Position errors that the service gives in other units than mas.
_ARCSEC_ERRORS = ("PS1DR2", "PS1BEST")


@dataclass(frozen=True, slots=True)
class SkyRegion:
    """A circle on the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre, ICRS [deg].
    radius_deg : float
        Radius [deg].
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float


def query_catalog(
    name: str, region: SkyRegion, choice: ReferenceChoice
) -> ReferenceCatalog:
    """Return the stars of one catalog in a region.

    Parameters
    ----------
    name : str
        Catalog as in `svmcore.model.reference.SERVICE_CATALOGS`.
    region : SkyRegion
        Where.
    choice : ReferenceChoice
        Address of the service, cache, whether the network may be used.

    Returns
    -------
    ReferenceCatalog
        Stars at the epochs that their rows state.

    Raises
    ------
    ReferenceCatalogError
        If the catalog is out of reach, answers nonsense, or holds no star.

    Notes
    -----
    The service can move stars to an epoch itself, but does not say for which
    of them it did. It is not asked to: proper motions are applied here, from
    the epoch in each row.
    """
    cached = _cache_file(name, region, choice)
    text = _read_cache(cached)
    if text is None:
        if choice.is_offline:
            raise ReferenceCatalogError(
                name,
                "is not in the cache, and the network may not be used",
                "Run once with the network, or give a catalog file.",
            )
        fetch = _fetch_gaia if name == "GAIA-ARCHIVE" else _fetch_service
        text = fetch(name, region, choice.service_url)
        catalog = _parse(name, text)  # only a good answer is kept
        if cached is not None:
            write_text(cached, text)
        return catalog
    return _parse(name, text)


def _cache_file(name: str, region: SkyRegion, choice: ReferenceChoice) -> Path | None:
    if choice.cache is None:
        return None
    place = f"{region.ra_deg:.5f} {region.dec_deg:.5f} {region.radius_deg:.4f}"
    digest = hashlib.sha256(f"{choice.service_url} {place}".encode()).hexdigest()[:16]
    return choice.cache / f"{name.lower()}_{digest}.csv"


def _read_cache(path: Path | None) -> str | None:
    if path is None or not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _fetch_service(name: str, region: SkyRegion, url: str) -> str:
    """Return the service's answer; see the protocol of CatalogSearch.aspx."""
    parameters = {
        "RA": f"{region.ra_deg:.6f}",
        "DEC": f"{region.dec_deg:.6f}",
        "SR": f"{region.radius_deg:.6f}",
        "FORMAT": "CSV",
        "CAT": name,
        "MINDET": "5",
    }
    address = f"{url.rstrip('/')}/vo/CatalogSearch.aspx"

    def ask() -> str:
        answer = requests.get(
            address,
            params=parameters,
            headers={"Content-Type": "text/csv"},
            timeout=_TIMEOUT_S,
        )
        answer.raise_for_status()
        text: str = answer.text
        return text

    return _with_retries(f"{name} at {url}", ask)


def _with_retries(subject: str, ask: Callable[[], str]) -> str:
    problem: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_S * 2 ** (attempt - 1))
        try:
            return ask()
        except requests.RequestException as error:
            problem = error
            response = getattr(error, "response", None)
            if response is not None and response.status_code < 500:
                break  # asking again will not help
            if isinstance(error, requests.exceptions.InvalidSchema):
                break
    raise ReferenceCatalogError(
        subject,
        f"cannot be reached after {attempt + 1} attempts ({_short(problem)})",
        "Check the network and the address, give a catalog file, or none.",
    ) from problem


def _short(problem: Exception | None) -> str:
    """Return the kind of a failure; its text repeats addresses at length."""
    match problem:
        case requests.Timeout():
            return "no answer in time"
        case requests.ConnectionError():
            return "no connection"
        case requests.HTTPError() if problem.response is not None:
            return f"status {problem.response.status_code}"
        case requests.exceptions.InvalidSchema() | requests.HTTPError():
            return f"no usable answer: {str(problem).strip()[:200]}"
        case _:
            return type(problem).__name__


def _fetch_gaia(name: str, region: SkyRegion, url: str) -> str:
    """Return the Gaia archive's answer, as the service would have put it."""
    del url

    def ask() -> str:
        return _as_service_text(
            gaia_archive.fetch_gaia(
                region.ra_deg,
                region.dec_deg,
                region.radius_deg,
                url=gaia_archive.GAIA_URL,
            )
        )

    try:
        return _with_retries("the Gaia archive", ask)
    except ImportError as error:
        raise ReferenceCatalogError(
            name, f"astroquery cannot be imported ({error})", "Install astroquery."
        ) from error


def _as_service_text(table: Table) -> str:
    rows = io.StringIO()
    ascii_tables.write(table, rows, format="csv")
    return f"## Number of sources: {len(table)}\r\n" + rows.getvalue()


def _parse(name: str, text: str) -> ReferenceCatalog:
    """Return the catalog in an answer: a line with the count, then CSV."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].startswith("Error"):
        raise ReferenceCatalogError(
            name,
            f"the service answers with an error ({lines[0] if lines else 'empty'})",
            "Try another catalog.",
        )
    body = lines[1:] if not _is_header(lines[0]) else lines
    if len(body) < 2:
        raise ReferenceCatalogError(
            name, "the service knows no star in the field", "Try another catalog."
        )
    try:
        table = ascii_tables.read(body, format="csv", fill_values=[("", "0")])
    except (ascii_tables.InconsistentTableError, ValueError) as error:
        raise ReferenceCatalogError(
            name, f"the answer is no table ({error})", "Try another catalog."
        ) from error
    if name in _ARCSEC_ERRORS:
        for column in ("raMeanErr", "decMeanErr"):
            if column in table.colnames:
                table[column].unit = u.arcsec
    official = "GAIADR3" if name == "GAIA-ARCHIVE" else name
    found = catalog_from_table(table, name=official, source=f"service catalog {name}")
    return replace(found, ra_deg=np.mod(found.ra_deg, 360.0))


def _is_header(line: str) -> bool:
    names = {word.strip().lower() for word in line.split(",")}
    return {"ra", "dec"} <= names
