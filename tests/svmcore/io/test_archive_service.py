"""The catalog service: protocol, failures, cache, offline use."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from svmcore.errors import ReferenceCatalogError
from svmcore.io import archive_service
from svmcore.io.archive_service import SkyRegion, query_catalog
from svmcore.model.reference import ReferenceChoice

REGION = SkyRegion(150.0, 2.0, 0.05)
ROWS = (
    "ra,ra_error,dec,dec_error,pmra,pmra_error,pmdec,pmdec_error,mag,objID,epoch\r\n"
    "150.01,0.2,2.01,0.3,1.5,0.1,-2.5,0.1,16.1,s1,2016.0\r\n"
    "150.02,0.2,2.02,0.3,,,,,17.1,s2,2016.0"
)
GOOD = "## Number of sources: 2\r\n" + ROWS


@pytest.fixture
def service(monkeypatch):
    """Serve answers from a list, one per request; remember the requests."""
    monkeypatch.setattr(archive_service, "_PAUSE_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.path)
            status, text = server.answers.pop(0) if server.answers else (200, GOOD)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.requests = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def choice(service, **kwargs):
    return ReferenceChoice(services=("GAIAeDR3",), service_url=service.url, **kwargs)


def test_asks_by_the_protocol(service):
    found = query_catalog("GAIAeDR3", REGION, choice(service))
    assert len(found) == 2
    assert found.name == "GAIAeDR3"
    assert found.ra_error_mas == pytest.approx([0.2, 0.2])
    asked = urlparse(service.requests[0])
    assert asked.path == "/vo/CatalogSearch.aspx"
    words = parse_qs(asked.query)
    assert words["CAT"] == ["GAIAeDR3"]
    assert words["FORMAT"] == ["CSV"]
    assert float(words["RA"][0]) == 150.0
    assert float(words["SR"][0]) == 0.05
    assert "EPOCH" not in words  # motions are applied here, not there


def test_a_passing_failure_is_asked_again(service):
    service.answers = [(503, "busy"), (500, "busy")]
    assert len(query_catalog("GAIAeDR3", REGION, choice(service))) == 2
    assert len(service.requests) == 3


def test_a_lasting_failure_says_what_to_do(service):
    service.answers = [(503, "busy")] * 9
    with pytest.raises(ReferenceCatalogError, match=r"3 attempts.*catalog file"):
        query_catalog("GAIAeDR3", REGION, choice(service))


def test_a_wrong_address_is_not_asked_again(service):
    service.answers = [(404, "no")] * 9
    with pytest.raises(ReferenceCatalogError, match="1 attempts"):
        query_catalog("GAIAeDR3", REGION, choice(service))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Error: no such catalog", "answers with an error"),
        ("", "answers with an error"),
        ("## Number of sources: 0\r\nra,dec\r\n", "no star"),
        ("## n\r\nra,dec,epoch\r\nx,y,z\r\n", "not numeric"),
    ],
    ids=["error", "empty", "no rows", "nonsense"],
)
def test_a_useless_answer_is_refused_and_not_kept(service, tmp_path, text, match):
    service.answers = [(200, text)]
    with pytest.raises(ReferenceCatalogError, match=match):
        query_catalog("2MASS", REGION, choice(service, cache=tmp_path))
    assert not list(tmp_path.iterdir())


def test_answers_are_kept_and_used_offline(service, tmp_path):
    first = query_catalog("GAIAeDR3", REGION, choice(service, cache=tmp_path))
    offline = choice(service, cache=tmp_path, is_offline=True)
    again = query_catalog("GAIAeDR3", REGION, offline)
    assert len(service.requests) == 1
    assert again.ra_deg.tolist() == first.ra_deg.tolist()
    with pytest.raises(ReferenceCatalogError, match="not in the cache"):
        query_catalog("2MASS", REGION, offline)


def test_panstarrs_errors_are_in_arcseconds(service):
    text = (
        "## 1\r\nra,raMeanErr,dec,decMeanErr,mag,objid,epochMean\r\n"
        "150.01,0.012,2.0,0.012,18.0,7,56000.0\r\n"
    )
    service.answers = [(200, text)]
    found = query_catalog("PS1DR2", REGION, choice(service))
    assert found.ra_error_mas == pytest.approx([12.0])
    assert found.epoch_yr == pytest.approx([2012.197], abs=0.01)
