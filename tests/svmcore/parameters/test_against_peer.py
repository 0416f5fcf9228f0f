"""Equality with drizzlepac, where a Python that has it is given.

Set ``SVM_PEER_PYTHON`` to the Python of an environment with drizzlepac 3.11.
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from svmcore.io.parameters import read_parameters, write_custom_file
from svmcore.model.decisions import ParameterChange
from svmcore.model.product import ProductTree
from svmcore.parameters import select_all
from svmcore.parameters.documents import custom_document

PEER = os.environ.get("SVM_PEER_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PEER, reason="SVM_PEER_PYTHON names no Python with drizzlepac"
)

BEFORE, AFTER = 56239.1, 56239.2  # either side of 2012-11-08T02:59:15

DIRECT = {
    "acs_hrc": ("F606W", "F475W"),
    "acs_sbc": ("F115LP;N/A;F115LP", "F122M;N/A;F122M", "F140LP;N/A;F140LP"),
    "acs_wfc": ("F606W;CLEAR2L", "CLEAR1L;F435W", "CLEAR1L;F892N"),
    "wfc3_ir": ("F160W", "F110W"),
    "wfc3_uvis": ("F606W", "F555W", "F280N"),
    "wfpc2_pc": ("F555W", "F850LP"),
}
MIXED = {
    "ramp beside one direct exposure": {"acs_wfc": {"CLEAR1L;FR647M": 1, "F606W": 1}},
    "ramp and polarizer": {"acs_wfc": {"POL0V;F606W": 2, "CLEAR1L;FR647M": 3}},
    "quads": {"wfc3_uvis": {"FQ889N": 1, "FQ937N": 6, "F606W": 1}},
    "grism": {"wfc3_ir": {"F110W": 1, "G141": 4, "F160W": 2}},
    "prism": {"acs_sbc": {"F140LP;N/A;F140LP": 1, "PR130L;N/A;PR130L": 3}},
    "two detectors": {"wfc3_uvis": {"F606W": 2}, "wfc3_ir": {"F160W": 5}},
}


def _facts(exposure_product):
    exposure = exposure_product.exposure
    return {
        "instrument": exposure.detector_key.instrument,
        "detector": exposure.detector_key.detector,
        "filters": exposure_product.filter_name,
        "mjdutc": exposure.start_mjd,
        "is_singleton": exposure_product.is_only_of_filter,
        "product_basename": exposure_product.basename,
        "drizzle_filename": exposure_product.drizzle_name,
    }


def _stand_in(total):
    """Describe a total product as drizzlepac groups it, ramps among the rest."""
    members = sorted(total.aligned_members, key=lambda m: m.exposure.exptime_s)
    groups = {}
    for member in members:
        groups.setdefault(member.filter_name, []).append(member)
    stem = total.basename.partition("_total_")[0]
    filters = [
        {
            "filters": name,
            "members": [member.basename for member in group],
            "product_basename": f"{stem}_{name}_{group[0].exposure.ipppss}",
            "drizzle_filename": f"{stem}_{name}_{group[0].exposure.ipppss}_drz.fits",
        }
        for name, group in groups.items()
    ]
    return {
        "instrument": total.detector_key.instrument,
        "detector": total.detector_key.detector,
        "product_basename": total.basename,
        "drizzle_filename": total.drizzle_name,
        "filters": filters,
        "exposures": [_facts(member) for group in groups.values() for member in group],
    }


@pytest.fixture
def ask_peer(tmp_path):
    """Return a function that lets drizzlepac select or read parameters."""

    def ask(trees, **request):
        totals = [_stand_in(total) for tree in trees for total in tree.totals]
        (tmp_path / "request.json").write_text(
            json.dumps({"totals": totals, **request})
        )
        script = Path(__file__).with_name("peer_reader.py")
        subprocess.run(
            [PEER, script, tmp_path / "request.json", tmp_path / "answer.json"],
            check=True,
            capture_output=True,
            cwd=tmp_path,
        )
        return json.loads((tmp_path / "answer.json").read_text())

    return ask


def _as_text(value):
    return json.dumps(value, sort_keys=False)


def _renamed(tree, visit):
    """Give a tree another visit code, so that many can be asked for at once."""
    totals = []
    for total in tree.totals:
        code = replace(total.visit, obset_id=visit)
        rename = lambda m, c=code: replace(m, visit=c)  # noqa: E731
        totals.append(
            replace(
                total,
                visit=code,
                filters=tuple(
                    replace(f, visit=code, members=tuple(map(rename, f.members)))
                    for f in total.filters
                ),
                ramps=tuple(map(rename, total.ramps)),
                grisms=tuple(map(rename, total.grisms)),
            )
        )
    return ProductTree(tuple(totals))


def _every_case(make_tree):
    trees = []
    for slug, filters in DIRECT.items():
        for mjd in (BEFORE, AFTER):
            trees += [
                make_tree({slug: {name: count}}, mjd=mjd)
                for name in filters
                for count in (1, 2, 3, 4, 5, 6, 9)
            ]
            trees.append(make_tree({slug: dict.fromkeys(filters, 1)}, mjd=mjd))
    trees += [make_tree(case) for case in MIXED.values()]
    return [_renamed(tree, f"{index:03d}") for index, tree in enumerate(trees)]


def test_every_detector_condition_and_product_has_drizzlepacs_values(
    make_tree, ask_peer
):
    trees = _every_case(make_tree)
    answer = ask_peer(trees)
    seen, wrong = set(), []
    for tree in trees:
        sets = select_all(tree)
        document = custom_document(tree, sets)
        for name, block in document.items():
            theirs = answer.pop(name)
            seen.update(theirs["conditions"])
            ours = block["parameters"]
            if _as_text(ours) != _as_text(theirs["steps"]):
                wrong.append((name, theirs["conditions"]))
            elif name in sets and list(sets[name].conditions) != theirs["conditions"]:
                wrong.append((name, theirs["conditions"], sets[name].conditions))
    assert not wrong
    assert not answer, "drizzlepac has products that the file does not list"
    assert len(seen) == 22  # every condition but the two for grism filters


@pytest.fixture
def whole_tree(make_tree):
    """Two exposures in every filter of every detector."""
    return make_tree({slug: dict.fromkeys(names, 2) for slug, names in DIRECT.items()})


def test_the_template_has_the_bytes_of_drizzlepacs_own(whole_tree, ask_peer, tmp_path):
    ask_peer([whole_tree], write=str(tmp_path / "theirs.json"))
    write_custom_file(tmp_path / "ours.json", whole_tree, select_all(whole_tree))
    ours = (tmp_path / "ours.json").read_bytes()
    assert ours == (tmp_path / "theirs.json").read_bytes()


def test_what_drizzlepac_writes_changes_nothing(whole_tree, ask_peer, tmp_path):
    path = tmp_path / "theirs.json"
    ask_peer([whole_tree], write=str(path))
    found = read_parameters(path, whole_tree)
    assert found.changes == ()
    assert found.notes == ()


CHANGES = (
    ("*", "alignment", "match_relative_fit.searchrad", 77.5),
    ("*", "alignment", "run_align.mosaic_fitgeom_list", {"general": 9, "rscale": 4}),
    ("filter", "astrodrizzle", "final_pixfrac", 0.75),
    ("*", "astrodrizzle", "driz_cr_snr", [6, 5.5]),
    ("total", "astrodrizzle", "final_bits", 80),
    ("*", "catalog generation", "sourcex.segm_nsigma", 4.25),
    ("*", "quality control", "ci filter.aperture.ci_upper_limit", 9.5),
    ("filter", "quality control", "ci filter.segment.bthresh", 7),
)


@pytest.mark.parametrize(
    "use_defaults", [True, False], ids=["default_values", "parameters"]
)
def test_drizzlepac_reads_changed_values_as_we_set_them(
    use_defaults, whole_tree, ask_peer, tmp_path
):
    sets = select_all(whole_tree, [ParameterChange(*change) for change in CHANGES])
    write_custom_file(tmp_path / "ours.json", whole_tree, sets)
    answer = ask_peer(
        [whole_tree], read=str(tmp_path / "ours.json"), use_defaults=use_defaults
    )
    for name, block in custom_document(whole_tree, sets).items():
        assert answer[name]["steps"] == block["parameters"]
    for total in whole_tree.totals:
        for product in (total, *total.filters, *total.members):
            _check_changed(answer[product.basename]["steps"])
        for product in total.filters:
            steps = answer[product.basename]["steps"]
            assert steps["astrodrizzle"]["final_pixfrac"] == 0.75
            limits = steps["quality control"]["ci filter"]
            assert limits["segment"]["bthresh"] == 7
        steps = answer[total.basename]["steps"]
        assert steps["astrodrizzle"]["final_bits"] == "80"


def _check_changed(steps):
    alignment = steps["alignment"]
    assert alignment["match_relative_fit"]["searchrad"] == 77.5
    geometries = alignment["run_align"]["mosaic_fitgeom_list"]
    assert list(geometries.items()) == [("general", 9), ("rscale", 4)]
    assert steps["astrodrizzle"]["driz_cr_snr"] == "6.0 5.5"
    assert steps["catalog generation"]["sourcex"]["segm_nsigma"] == 4.25
    limits = steps["quality control"]["ci filter"]["aperture"]
    assert limits["ci_upper_limit"] == 9.5
    assert limits["lookup_ci_limits_from_table"] is False
