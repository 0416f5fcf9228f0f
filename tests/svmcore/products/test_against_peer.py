"""Names equal to drizzlepac's, where a Python that has it is given.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
"""

import json
import os
import subprocess

import pytest

from svmcore.filtering import judge_exposures
from svmcore.io.visit import read_visit
from svmcore.model.product import ProductTree
from svmcore.products import group_products

PEER = os.environ.get("SVM_PEER_PYTHON", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
    ),
]

# drizzlepac copies and renames exposures into its working folder.
ASK = """
import json, logging
from drizzlepac.haputils.poller_utils import interpret_obset_input
_, totals = interpret_obset_input("visit.lst", logging.CRITICAL)
rows = []
for total in totals:
    rows.append([total.product_basename, total.drizzle_filename, total.trl_filename])
    for product in total.fdp_list:
        rows.append(
            [product.product_basename, product.drizzle_filename, product.trl_filename]
        )
    for member in total.edp_list + total.grism_edp_list:
        rows.append(
            [member.product_basename, member.full_filename, member.headerlet_filename]
        )
print("ROWS" + json.dumps(rows))
"""
# What drizzlepac asks of headers although it makes no difference here.
ASKED_FOR = {
    "DATE-OBS": "2011-02-19",
    "APERTURE": "ANY",
    "MODE": "FULL",
    "SCAN_TYP": "N",
    "CHINJECT": "NONE",
}
SPECTRUM = {"OBSTYPE": "SPECTROSCOPIC"}
POLARIZED = {"FILTER1": "POL0V", "FILTER2": "F606W"}
VISITS = {
    "wfc3": [
        ("wfc3_ir", {"EXPTIME": 500.0}),
        ("wfc3_ir", {"EXPTIME": 400.0, "FILTER": "F110W", "PHOTFLAM": 1e-20}),
        ("wfc3_ir", {"EXPTIME": 50.0, "FILTER": "G141", **SPECTRUM}),
        ("wfc3_uvis", {"EXPTIME": 20.0, "suffix": "flc"}),
        ("wfc3_uvis", {"EXPTIME": 10.0}),
        ("wfc3_uvis", {"EXPTIME": 30.0, "FILTER": "F814W"}),
        ("wfc3_uvis", {"EXPTIME": 3.0, "FILTER": "FQ387N", "suffix": "flc"}),
        ("wfc3_ir", {"TARGNAME": "TUNGSTEN"}),
        ("wfc3_ir", {"MTFLAG": "T"}),
        ("wfc3_ir", {"SCAN_TYP": "C"}),
        ("wfc3_ir", {"EXPTIME": 0.0}),
        ("wfc3_ir", {"value": 0.0}),
        ("wfc3_ir", {"EXPTIME": 7.0, "FGSLOCK": "GYRO"}),
        ("wfc3_uvis", {"CHINJECT": "CONT"}),
        ("wfc3_ir", {"DRIZCORR": "OMIT"}),
        ("wfc3_ir", SPECTRUM),
    ],
    "acs": [
        ("acs_wfc", {"FILTER2": "POL0V", "suffix": "flc"}),
        ("acs_wfc", POLARIZED),
        ("acs_wfc", {"FILTER1": "CLEAR1L", "FILTER2": "FR914M"}),
        ("acs_wfc", {"FILTER1": "CLEAR1L", "FILTER2": "CLEAR2L"}),
        ("acs_hrc", {}),
        ("acs_hrc", {"FILTER1": "PR200L", **SPECTRUM}),
        ("acs_sbc", {"EXPTIME": 1.0}),
        ("acs_sbc", {"FILTER1": "BLOCK1"}),
        ("acs_wfc", {"FILTER1": "F814W", "EXPTIME": 2.0, "suffix": "flc"}),
        (
            "acs_wfc",
            {
                "FILTER1": "F814W",
                "EXPTIME": 1.0,
                "suffix": "flc",
                "rootname": "jb4607zzq",
                "PROPOSID": 9029,
            },
        ),
    ],
    "wfpc2": [
        ("wfpc2_pc", {"DETECTOR": "PC"}),
        ("wfpc2_pc", {"DETECTOR": "PC", "FILTNAM1": "F555W", "FILTNAM2": "POLQ"}),
        ("wfpc2_pc", {"DETECTOR": "PC", "FILTNAM1": "FR533N"}),
        ("wfpc2_pc", {"DETECTOR": "PC", "IMAGETYP": "DARK"}),
    ],
}


def _our_rows(folder):
    visit = read_visit(folder / "visit.lst")
    tree = group_products(visit.exposures, judge_exposures(visit.exposures))
    for total in tree.totals:
        combined = [p for p in ProductTree((total,)).products if p in total.filters]
        for product in (total, *combined):
            yield product.basename, product.drizzle_name, product.trailer_name
        for member in total.all_members:
            yield member.basename, member.calibrated_name, member.headerlet_name


@pytest.mark.parametrize("name", VISITS)
def test_names_are_those_of_drizzlepac(name, write_exposure, tmp_path):
    for number, (kind, keywords) in enumerate(VISITS[name], start=1):
        write_exposure(tmp_path, kind, number, **{**ASKED_FOR, **keywords})
    names = sorted(path.name for path in tmp_path.glob("*.fits"))
    (tmp_path / "visit.lst").write_text("\n".join(names) + "\n")
    ours = set(_our_rows(tmp_path))

    answer = subprocess.run(
        [PEER, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (line,) = [row for row in answer.stdout.splitlines() if row.startswith("ROWS")]
    theirs = {tuple(row) for row in json.loads(line.removeprefix("ROWS"))}
    # It makes filter products of ramp and quad filters, and drops them later.
    dropped = {row for row in theirs if {"fr", "fq"} & {row[0].split("_")[5][:2]}}
    combined = {row for row in dropped if len(row[0].split("_")[6]) == 6}
    assert len(combined) == 1
    assert ours == theirs - combined
