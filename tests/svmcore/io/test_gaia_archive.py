"""The Gaia archive through astroquery, against a server that plays its part."""

import gzip
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, Table

from svmcore.errors import ReferenceCatalogError
from svmcore.io import archive_service, gaia_archive
from svmcore.io.archive_service import SkyRegion, query_catalog
from svmcore.model.reference import ReferenceChoice

REGION = SkyRegion(84.6762, -69.1009, 0.03)


def answer(count=3):
    """Return what the archive sends: a gzipped VOTable, motions may be missing."""
    rng = np.random.default_rng(1)
    no_motion = np.arange(count) == 1
    table = Table(
        {
            "source_id": 4657000000000000000 + np.arange(count),
            "ra": (84.67 + 0.001 * np.arange(count)) * u.deg,
            "ra_error": rng.uniform(0.02, 0.5, count).astype(np.float32) * u.mas,
            "dec": (-69.1 + 0.001 * np.arange(count)) * u.deg,
            "dec_error": rng.uniform(0.02, 0.5, count).astype(np.float32) * u.mas,
            "phot_g_mean_mag": np.linspace(15, 20, count).astype(np.float32) * u.mag,
            "ref_epoch": np.full(count, 2016.0) * u.yr,
            "ruwe": np.ones(count, dtype=np.float32),
        }
    )
    for name in ("pmra", "pmdec", "pmra_error", "pmdec_error"):
        table[name] = MaskedColumn(
            rng.normal(1.0, 0.2, count), mask=no_motion, unit=u.mas / u.yr
        )
    text = io.BytesIO()
    table.write(text, format="votable")
    return gzip.compress(text.getvalue())


@pytest.fixture
def archive(monkeypatch):
    """Serve jobs as the archive does; remember the queries."""

    class Handler(BaseHTTPRequestHandler):
        def _send(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode())
            server.queries.append(form["QUERY"][0])
            if server.refusals:
                self._send(server.refusals.pop(0), b"busy")
                return
            self._send(303, Location=f"{server.url}/async/77")

        def do_GET(self):
            time.sleep(server.delay)
            if self.path.endswith("/phase"):
                phase = server.phases.pop(0) if server.phases else "COMPLETED"
                self._send(200, phase.encode())
            elif self.path.endswith("/error"):
                self._send(200, b"ADQL was not understood")
            else:
                self._send(200, server.body, Content_Encoding="gzip")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.queries, server.refusals, server.phases = [], [], []
    server.delay, server.body = 0.0, answer()
    server.url = f"http://127.0.0.1:{server.server_port}/tap-server/tap"
    monkeypatch.setattr(gaia_archive, "GAIA_URL", server.url)
    monkeypatch.setattr(gaia_archive, "_PAUSE_S", 0.01)
    monkeypatch.setattr(archive_service, "_PAUSE_S", 0.01)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(**kwargs):
    choice = ReferenceChoice(services=("GAIA-ARCHIVE",), **kwargs)
    return query_catalog("GAIA-ARCHIVE", REGION, choice)


def test_stars_come_with_errors_motions_and_epoch(archive):
    archive.phases = ["QUEUED", "EXECUTING"]
    found = ask()
    assert found.name == "GAIADR3"
    assert found.identifier[2] == "4657000000000000002"
    assert found.ra_deg == pytest.approx([84.67, 84.671, 84.672])
    assert np.isfinite(found.pm_ra_mas_yr).tolist() == [True, False, True]
    assert found.epoch_yr.tolist() == [2016.0] * 3
    assert "84.67620000, -69.10090000, 0.03000000" in archive.queries[0]
    assert "gaiadr3.gaia_source" in archive.queries[0]


def test_answers_are_kept_and_used_offline(archive, tmp_path):
    first = ask(cache=tmp_path)
    again = ask(cache=tmp_path, is_offline=True)
    assert len(archive.queries) == 1
    assert again.ra_deg.tolist() == first.ra_deg.tolist()


def test_a_passing_failure_is_asked_again(archive):
    archive.refusals = [503, 500]
    assert len(ask()) == 3
    assert len(archive.queries) == 3


def test_a_silent_archive_is_given_up(archive, monkeypatch):
    monkeypatch.setattr(gaia_archive, "_TIMEOUT_S", 0.05)
    archive.delay = 0.3
    with pytest.raises(ReferenceCatalogError, match="no answer in time"):
        ask()
    assert len(archive.queries) == 3


def test_a_job_without_end_is_given_up(archive, monkeypatch):
    monkeypatch.setattr(gaia_archive, "_JOB_S", 0.1)
    archive.phases = ["EXECUTING"] * 1000
    with pytest.raises(ReferenceCatalogError, match="no answer in time"):
        ask()


def test_nobody_at_the_address(monkeypatch):
    monkeypatch.setattr(gaia_archive, "GAIA_URL", "http://127.0.0.1:9/tap-server/tap")
    monkeypatch.setattr(archive_service, "_PAUSE_S", 0.01)
    with pytest.raises(ReferenceCatalogError, match="no connection"):
        ask()


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (gzip.compress(b"<html>maintenance</html>"), "no usable answer"),
        (gzip.compress(b""), "no usable answer"),
        (answer(0), "no star in the field"),
    ],
    ids=["page", "nothing", "no rows"],
)
def test_a_useless_answer_is_refused_and_not_kept(archive, tmp_path, body, match):
    archive.body = body
    with pytest.raises(ReferenceCatalogError, match=match):
        ask(cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_failed_job_tells_the_archives_reason(archive):
    archive.phases = ["ERROR"] * 9
    with pytest.raises(ReferenceCatalogError, match="not understood"):
        ask()
