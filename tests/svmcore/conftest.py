"""Small product trees for tests that need no files."""

from pathlib import Path

import pytest

from svmcore.model.detector import DetectorKey
from svmcore.model.exposure import Exposure
from svmcore.model.verdict import Role, Verdict
from svmcore.products import group_products

_LETTERS = {"acs": "j", "wfc3": "i", "wfpc2": "u"}
_HAS_FLC = {"acs_wfc", "wfc3_uvis"}


def _exposure(key, filters, number, *, mjd, exptime_s):
    suffix = "flc" if key.slug in _HAS_FLC else "flt"
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    code = digits[number // 36] + digits[number % 36]
    rootname = f"{_LETTERS[key.instrument]}b4606{code}q"
    return Exposure(
        path=Path(f"{rootname}_{suffix}.fits"),
        rootname=rootname,
        suffix=suffix,
        detector_key=key,
        filters=tuple(filters.upper().split(";")),
        proposal_id="11665",
        program_id="B46",
        obset_id="06",
        aperture="FULL",
        target_name="ANY",
        exptime_s=exptime_s,
        start_mjd=mjd,
        end_mjd=mjd + exptime_s / 86400.0,
        photflam=1.0e-19,
        pa_v3_deg=0.0,
        chips=(),
        keywords={},
    )


def _role(filters):
    names = filters.lower().split(";")
    if any(name.startswith(("g", "pr")) for name in names):
        return Role.GRISM
    if any(name.startswith(("fr", "fq")) for name in names):
        return Role.RAMP
    return Role.DIRECT


@pytest.fixture(scope="session")
def make_tree():
    """Return a function that makes the products of a visit without files.

    ``make_tree({"wfc3_ir": {"F160W": 3}}, mjd=56000.0)`` is three exposures,
    each a second longer and a hundredth of a day later than the one before.
    """

    def make(detectors, *, mjd=56000.0):
        exposures, verdicts = [], []
        for slug, filters in detectors.items():
            key = DetectorKey(*slug.split("_"))
            for name, count in filters.items():
                for _ in range(count):
                    number = len(exposures)
                    exposures.append(
                        _exposure(
                            key,
                            name,
                            number,
                            mjd=mjd + number * 0.01,
                            exptime_s=100.0 + number,
                        )
                    )
                    verdicts.append(
                        Verdict(exposures[-1].rootname, accepted=True, role=_role(name))
                    )
        return group_products(exposures, verdicts)

    return make
