"""One small visit per detector, written once."""

import pytest

from svmcore.simulation import PointingErrors, VisitConfig, write_visit

INSTRUMENTS = ("wfc3/ir", "wfc3/uvis", "acs/wfc", "acs/hrc", "acs/sbc", "wfpc2/pc")

# Enough stars on 300 x 300 pixels of each detector to measure a mean position.
DENSITIES = {
    "wfc3/ir": 900.0,
    "wfc3/uvis": 9000.0,
    "acs/wfc": 6000.0,
    "acs/hrc": 2e4,
    "acs/sbc": 3e4,
    "wfpc2/pc": 3000.0,
}

FILTERS = {
    "wfc3/ir": "F160W",
    "wfc3/uvis": "F555W",
    "acs/wfc": "F606W",
    "acs/hrc": "F814W",
    "acs/sbc": "F140LP",
    "wfpc2/pc": "F555W",
}


def _small_config(instrument, **changes):
    values = {
        "instrument": instrument,
        "filters": (FILTERS[instrument],),
        "exposures": 2,
        "has_rejected": False,
        "chip_shape": (300, 300),
        "density": DENSITIES[instrument],
        "galaxy_density": 0.0,
        "seed": 3,
        "pointing": PointingErrors(visit_offset_mas=(180.0, -90.0)),
    }
    return VisitConfig(**(values | changes))


@pytest.fixture(scope="session")
def small_config():
    """Return a function that gives a detector's small configuration."""
    return _small_config


@pytest.fixture(scope="session")
def visits(tmp_path_factory):
    """Return a function that writes a detector's small visit once."""
    written = {}

    def get(instrument):
        if instrument not in written:
            folder = tmp_path_factory.mktemp(instrument.replace("/", "_"))
            written[instrument] = write_visit(folder, _small_config(instrument))
        return written[instrument]

    return get


@pytest.fixture(params=INSTRUMENTS)
def visit(request, visits):
    """A small visit of each detector in turn."""
    return visits(request.param)
