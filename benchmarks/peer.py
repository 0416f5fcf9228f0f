"""drizzlepac on a simulated visit, with the visit's own reference catalog.

Its catalog service is played by a small server on this machine, which answers
any query with the stars of ``gaia.ecsv``.
"""

import http.server
import os
import resource
import shutil
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

import numpy as np
from astropy.table import Table

COLUMNS = "ra,ra_error,dec,dec_error,pmra,pmra_error,pmdec,pmdec_error,mag,objID,epoch"


def catalog_text(path: Path, epoch_yr: float) -> bytes:
    """Stars as the service sends them: positions already moved to the epoch."""
    stars = Table.read(path)
    years = epoch_yr - np.asarray(stars["ref_epoch"], float)
    declination = np.deg2rad(np.asarray(stars["dec"], float))
    for name in ("pmra", "pmdec", "pmra_error", "pmdec_error"):
        # The service moves a star without known motion nowhere.
        stars[name] = np.nan_to_num(np.asarray(stars[name], float))
    rows = [f"# Number of sources: {len(stars)}", COLUMNS]
    for star, year, angle in zip(stars, years, declination, strict=True):
        right_ascension = star["ra"] + star["pmra"] * year / 3.6e6 / np.cos(angle)
        rows.append(
            f"{right_ascension:.10f},{star['ra_error']},"
            f"{star['dec'] + star['pmdec'] * year / 3.6e6:.10f},{star['dec_error']},"
            f"{star['pmra']},{star['pmra_error']},{star['pmdec']},"
            f"{star['pmdec_error']},{star['phot_g_mean_mag']},{star['source_id']},"
            f"{epoch_yr}"
        )
    return ("\r\n".join(rows) + "\r\n").encode()


def serve(path: Path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            content = catalog_text(path, float(query.get("EPOCH", ["2016.0"])[0]))
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run_peer(python: str, visit: Path, output: Path) -> dict:
    """Run ``runsinglehap`` on copies of the visit's files and return its cost."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for path in visit.glob("*_fl?.fits"):
        shutil.copy(path, output)
    (poller,) = visit.glob("*_input.out")
    shutil.copy(poller, output)
    server = serve(visit / "gaia.ecsv")
    environment = {
        **os.environ,
        "ASTROMETRIC_CATALOG_URL": f"http://127.0.0.1:{server.server_port}",
        "no_proxy": "127.0.0.1",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter()
    subprocess.run(
        [str(Path(python).parent / "runsinglehap"), poller.name],
        cwd=output,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.shutdown()
    for path in output.glob("*_fl?.fits"):
        if not path.name.startswith("hst_"):
            path.unlink()  # the inputs: only what came of them is scored
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": after.ru_maxrss / 1024,
    }
