"""Decisions go to JSON and come back the same."""

import json
from dataclasses import replace

import pytest

from svmcore.errors import InputError
from svmcore.io.decisions import (
    decisions_from_json,
    decisions_to_json,
    read_decisions,
    write_decisions,
)
from svmcore.model.decisions import (
    AlignmentDecisions,
    Decisions,
    ExcludedRegion,
    ManualOffset,
    ParameterChange,
)
from svmcore.model.verdict import Override

FULL = Decisions(
    overrides=(Override("ib4606c5q", accepted=False, reason="trailed"),),
    parameters=(
        ParameterChange("*", "astrodrizzle", "final_pixfrac", 0.8, reason="sharper"),
        ParameterChange("hst_1", "alignment", "run_align.mosaic_fit_list", ["a"]),
    ),
    alignment={
        "wfc3_ir": AlignmentDecisions(
            excluded_matches=frozenset({"b", "a"}),
            kept_apriori=frozenset({"ib4606c6q"}),
            excluded_regions=(ExcludedRegion(5.0, -72.0, 3.0),),
            manual_offsets=(ManualOffset("ib4606c5q", 120.0, -30.0),),
            reference_exposure="ib4606c5q",
        )
    },
    prefer_flt=True,
    carry_fit_to_grism=True,
)


def test_every_decision_survives_the_file(tmp_path):
    path = tmp_path / "decisions.json"
    write_decisions(path, FULL)
    assert read_decisions(path) == FULL


def test_equal_decisions_give_equal_text():
    shuffled = replace(
        FULL,
        alignment={
            "wfc3_ir": replace(
                FULL.alignment["wfc3_ir"], excluded_matches=frozenset(["a", "b"])
            )
        },
    )
    texts = [json.dumps(decisions_to_json(d)) for d in (FULL, shuffled)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format": "other"}, "expected 'svm decisions' version 1"),
        ({"version": 2}, "version 2"),
        ({"overides": []}, "unknown name 'overides'"),
        ({"overrides": {}}, "overrides: is dict, expected list"),
        ({"overrides": [{"rootname": "a", "accepted": 1}]}, "is int, expected bool"),
        ({"overrides": [{"rootname": "a"}]}, r"overrides\[0\].accepted: is missing"),
        ({"overrides": ["a"]}, r"overrides\[0\]: is str, expected dict"),
        ({"prefer_flt": "yes"}, "prefer_flt: is str, expected bool"),
        ({"alignment": {"wfc3_ir": 3}}, "wfc3_ir: is int, expected dict"),
        ({"alignment": {"wfc3_ir": {"kept_apriori": [1]}}}, "is int, expected str"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_document_is_refused_with_its_place(change, match):
    document = {**decisions_to_json(FULL), **change}
    with pytest.raises(InputError, match=match):
        decisions_from_json(document)


def test_missing_and_broken_files_say_so(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_decisions(tmp_path / "none.json")
    for text in ("{", "[" * 100_000):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(InputError, match="is not JSON"):
            read_decisions(tmp_path / "broken.json")


def test_matches_are_excluded_and_readmitted():
    without = Decisions().exclude_matches("wfc3_ir", ["a", "b"])
    assert without.alignment_of("wfc3_ir").excluded_matches == {"a", "b"}
    back = without.readmit_matches("wfc3_ir", ["a"])
    assert back.alignment_of("wfc3_ir").excluded_matches == {"b"}
