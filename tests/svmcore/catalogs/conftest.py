import pytest

from svmcore.catalogs import catalog_settings
from svmcore.model.detector import DetectorKey
from svmcore.parameters.defaults import default_section


@pytest.fixture
def settings_for():
    """Make the typed defaults of a detector, with changes by dotted name."""

    def make(instrument="acs", detector="wfc", **changes):
        key = DetectorKey(instrument, detector)
        generation = default_section(key, "catalog generation", ())
        quality = default_section(key, "quality control", ())
        values = {name.replace("__", "."): value for name, value in changes.items()}
        return catalog_settings(generation.with_values(values), quality)

    return make
