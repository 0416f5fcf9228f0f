"""Stars from the Gaia archive itself, asked through astroquery."""

import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests
from astropy.table import Table

__all__ = ["GAIA_URL", "fetch_gaia"]

GAIA_URL = "https://gea.esac.esa.int/tap-server/tap"
_TIMEOUT_S = 60.0  # of each request
_JOB_S = 300.0  # that the archive may take to look for the stars
_PAUSE_S = 0.5
_COLUMNS = (
    "source_id, ra, ra_error, dec, dec_error, pmra, pmra_error, pmdec, pmdec_error, "
    "phot_g_mean_mag, ref_epoch, ruwe"
)
_RUNNING = ("PENDING", "QUEUED", "EXECUTING")


def fetch_gaia(
    ra_deg: float, dec_deg: float, radius_deg: float, *, url: str = GAIA_URL
) -> Table:
    """Return the Gaia DR3 stars in a circle.

    Parameters
    ----------
    ra_deg, dec_deg, radius_deg : float
        Circle, ICRS [deg].
    url : str, optional
        Address of the archive's TAP service.

    Returns
    -------
    astropy.table.Table
        Columns as the archive names them.

    Raises
    ------
    ImportError
        If astroquery is not installed.
    requests.RequestException
        If the archive does not answer, not in time, or not with a table.

    Notes
    -----
    The job is asynchronous: answers to others end after 2000 rows. Importing
    ``astroquery.gaia`` would ask the archive for news, without a time limit,
    so that its TAP client is used directly, with a limit on every request.
    """
    from astroquery.utils.tap.core import TapPlus  # noqa: PLC0415 - slow, rare

    query = (
        f"SELECT {_COLUMNS} FROM gaiadr3.gaia_source "  # noqa: S608 - numbers only
        f"WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', "
        f"{ra_deg:.8f}, {dec_deg:.8f}, {radius_deg:.8f}))"
    )
    try:
        service = TapPlus(url=url, connhandler=_connection(url))
        job = service.launch_job_async(query, background=True)
        _wait_for(job)
        found = job.get_results()
    except TimeoutError as error:
        raise requests.Timeout(str(error)) from error
    except (OSError, HTTPException) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.ConnectionError(str(error)) from error
    except (SystemError, ExpatError, ValueError, IndexError) as error:
        raise requests.exceptions.InvalidSchema(str(error)) from error
    if not isinstance(found, Table):
        raise requests.exceptions.InvalidSchema("the answer holds no table")
    return found


def _wait_for(job: Any) -> None:
    """Return when the archive has finished, or give it up."""
    end = time.monotonic() + _JOB_S
    while str(job.get_phase(update=True)).strip().upper() in _RUNNING:
        if time.monotonic() > end:
            raise requests.Timeout(f"the search took more than {_JOB_S:.0f} s")
        time.sleep(_PAUSE_S)


def _connection(url: str) -> Any:
    """Return astroquery's connection to an address, with a time limit."""
    from astroquery.utils.tap.conn.tapconn import TapConn  # noqa: PLC0415

    parts = urlsplit(url)
    is_https = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_https else 80)
    server, _, tap = parts.path.strip("/").partition("/")
    return TapConn(
        is_https,
        host,
        server_context=server,
        tap_context=tap,
        port=port,
        sslport=port,
        connhandler=_TimedConnections(host, port),
    )


class _TimedConnections:
    """What astroquery asks for connections, each with a time limit."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    def get_connection(
        self, *, ishttps: bool = False, cookie: object = None, verbose: bool = False
    ) -> HTTPConnection:
        """Return a connection, encrypted if asked for."""
        if ishttps or cookie is not None:
            return self.get_connection_secure(verbose)
        return HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)

    def get_connection_secure(self, verbose: bool) -> HTTPSConnection:  # noqa: FBT001
        """Return an encrypted connection."""
        del verbose
        return HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_S)
