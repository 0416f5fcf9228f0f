"""The shipped values, against the tables of the description."""

import pytest

from svmcore.model.detector import DETECTORS, DetectorKey
from svmcore.parameters.concentration import concentration_limits
from svmcore.parameters.defaults import (
    default_section,
    default_values,
    has_condition,
    read_table,
)
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.schema import DECLARATIONS, STEPS, declaration, declarations_of

N, T, F = None, True, False

# One row a condition: sky_bits, driz_sep_bits, final_bits, skysub, median,
# combine_type, driz_cr_snr, driz_cr_scale, final_pixfrac, final_fillval,
# final_scale.
NAMES = [
    "sky_bits",
    "driz_sep_bits",
    "final_bits",
    "skysub",
    "median",
    "combine_type",
    "driz_cr_snr",
    "driz_cr_scale",
    "final_pixfrac",
    "final_fillval",
    "final_scale",
]
LOW, MID, HIGH = "1.2 0.7", "1.5 1.2", "3.0 2.4"
S3, S5, S55 = "3.5 3.0", "5.0 4.0", "5.5 3.5"
MIN, MED = "minmed", "median"
ROWS = {
    ("acs_hrc", "any_n1"): (16, 336, 65535, F, F, MIN, S3, MID, 1.0, N, 0.025),
    ("acs_hrc", "acs_hrc_any_n2"): (64, 64, 64, T, T, MIN, S3, MID, 1.0, N, 0.025),
    ("acs_hrc", "acs_hrc_any_n6"): (64, 64, 64, T, T, MED, S3, LOW, 0.8, N, 0.025),
    ("acs_hrc", "single_basic"): (0, 528, 65535, F, F, MED, S5, HIGH, 1.0, N, N),
    ("acs_hrc", "total_basic"): (16, 528, 96, T, F, MED, S5, HIGH, 1.0, 0.0, N),
    ("acs_sbc", "any_n1"): (0, 0, 65535, F, F, MIN, S3, LOW, 1.0, N, N),
    ("acs_sbc", "acs_sbc_any_any"): (0, 0, 0, F, F, MIN, S3, LOW, 1.0, N, 0.025),
    ("acs_sbc", "acs_sbc_blue_n2"): (0, 0, 0, T, F, MIN, S3, LOW, 1.0, N, 0.025),
    ("acs_sbc", "acs_sbc_blue_n6"): (0, 0, 0, T, F, MED, S3, LOW, 0.8, N, 0.025),
    ("acs_sbc", "single_basic"): (0, 528, 65535, F, F, MED, S5, HIGH, 1.0, N, N),
    ("acs_sbc", "total_basic"): (0, 0, 0, F, F, MED, S3, LOW, 1.0, N, 0.025),
    ("acs_wfc", "any_n1"): (16, 336, 65535, F, F, MIN, S3, MID, 1.0, N, N),
    ("acs_wfc", "acs_wfc_any_n2"): (80, 336, 336, T, T, MIN, S3, MID, 1.0, N, N),
    ("acs_wfc", "acs_wfc_any_n6"): (80, 336, 336, T, T, MED, S3, LOW, 0.8, N, N),
    ("acs_wfc", "single_basic"): (0, 528, 65535, F, F, MED, S5, HIGH, 1.0, N, N),
    ("acs_wfc", "total_basic"): (16, 528, 336, T, F, MED, S5, HIGH, 1.0, 0.0, N),
    ("wfc3_ir", "any_n1"): (16, 16, 528, F, F, MIN, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "wfc3_ir_any_n2"): (16, 65535, 528, T, T, MIN, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "wfc3_ir_any_n4"): (16, 528, 528, T, T, MED, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "wfc3_ir_grism_n2"): (16, 65535, 528, T, F, MIN, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "wfc3_ir_grism_n4"): (16, 528, 528, T, F, MED, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "single_basic"): (0, 528, 65535, F, F, MED, S5, HIGH, 1.0, N, N),
    ("wfc3_ir", "total_basic"): (16, 528, 528, T, F, MED, S5, HIGH, 1.0, 0.0, N),
    ("wfc3_uvis", "any_n1"): (80, 336, 65535, F, F, MIN, S3, MID, 1.0, N, N),
    ("wfc3_uvis", "wfc3_uvis_any_post_n2"): (
        *(80, 336, 336, T, T, MIN),
        *(S3, MID, 1.0, N, N),
    ),
    ("wfc3_uvis", "wfc3_uvis_any_post_n6"): (
        *(80, 336, 336, T, T, MED),
        *(S3, LOW, 0.8, N, N),
    ),
    ("wfc3_uvis", "wfc3_uvis_any_pre_n2"): (
        *(96, 352, 352, T, T, MIN),
        *(S3, MID, 1.0, N, N),
    ),
    ("wfc3_uvis", "wfc3_uvis_any_pre_n6"): (
        *(96, 352, 352, T, T, MED),
        *(S3, LOW, 0.8, N, N),
    ),
    ("wfc3_uvis", "single_basic"): (0, 528, 65535, F, F, MED, S5, HIGH, 1.0, N, N),
    ("wfc3_uvis", "total_basic_post"): (16, 528, 336, T, F, MED, S5, HIGH, 1.0, 0.0, N),
    ("wfc3_uvis", "total_basic_pre"): (16, 528, 96, T, F, MED, S5, HIGH, 1.0, 0.0, N),
    ("wfpc2_pc", "any_n1"): (
        *(1024, 1024, 65533, F, F, MIN),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
    ("wfpc2_pc", "wfpc2_pc_any_n2"): (
        *(1024, 1024, 61437, T, T, MIN),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
    ("wfpc2_pc", "wfpc2_pc_any_n3"): (
        *(1024, 1024, 1024, T, T, MIN),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
    ("wfpc2_pc", "wfpc2_pc_any_n4"): (
        *(1024, 1024, 1024, T, T, MED),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
    ("wfpc2_pc", "single_basic"): (
        *(1024, 1024, 65533, F, F, MIN),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
    ("wfpc2_pc", "total_basic"): (
        *(1024, 1024, 1024, T, T, MED),
        *(S55, "2.0 1.5", 1.0, N, N),
    ),
}


def _key(slug):
    return DetectorKey(*slug.split("_"))


@pytest.mark.parametrize(("place", "row"), ROWS.items(), ids=map(" ".join, ROWS))
def test_astrodrizzle_values(place, row):
    slug, condition = place
    section = default_section(_key(slug), "astrodrizzle", [condition])
    expected = dict(zip(NAMES, row, strict=True))
    for name in NAMES[:3]:
        expected[name] = str(expected[name])
    assert {name: section[name] for name in NAMES} == expected


DETECTOR_ORDER = ["acs_hrc", "acs_sbc", "acs_wfc", "wfc3_ir", "wfc3_uvis", "wfpc2_pc"]
BY_DETECTOR = [
    ("alignment", "generate_source_catalogs.box_size", (13, 13, 27, 13, 27, 13)),
    ("alignment", "generate_source_catalogs.classify", (T, F, T, F, T, T)),
    ("alignment", "general.MAX_SOURCES_PER_CHIP", (250, 250, 500, 250, 250, 250)),
    ("alignment", "match_2dhist_fit.searchrad", (250, 250, 400, 250, 400, 250)),
    (
        "alignment",
        "run_align.mosaic_fitgeom_list",
        ({"rscale": 12, "general": 25},) * 6,
    ),
    ("catalog generation", "nsigma", (5, 6, 5, 5, 5, 5)),
    ("catalog generation", "aperture_1", (0.03, 0.07, 0.05, 0.15, 0.05, 0.15)),
    ("catalog generation", "aperture_2", (0.125, 0.125, 0.15, 0.45, 0.15, 0.45)),
    ("catalog generation", "scale", (1.5, 100, 1.5, 1.5, 1.5, 1.5)),
    ("catalog generation", "cr_residual", (0.05, 0, 0.05, 0, 0.05, 0.05)),
    ("catalog generation", "TWEAK_FWHMPSF", (0.073, 0.065, 0.076, 0.14, 0.076, 0.14)),
    ("catalog generation", "sourcex.segm_nsigma", (3, 10, 3, 5, 3, 3)),
    ("catalog generation", "sourcex.rw2d_size", (15, 23, 15, 11, 15, 11)),
    (
        "quality control",
        "ci filter.aperture.ci_lower_limit",
        (0.9, 0.15, 0.9, 0.25, 0.75, 0.25),
    ),
    (
        "quality control",
        "ci filter.segment.ci_upper_limit",
        (1.6, 0.45, 1.23, 0.55, 1.0, 0.55),
    ),
    (
        "quality control",
        "swarm filter.HLA_plate_scale",
        (0.025, 0.03, 0.05, 0.09, 0.03962, 0.09),
    ),
]


@pytest.mark.parametrize(("step", "key", "values"), BY_DETECTOR)
def test_values_by_detector(step, key, values):
    found = [default_section(_key(slug), step, ())[key] for slug in DETECTOR_ORDER]
    assert found == list(values)


def test_every_shipped_value_obeys_its_declaration():
    for row in DECLARATIONS:
        for found in default_values(row.step, row.key):
            assert is_same_value(row.canonical(found.value), found.value), row.path


def test_every_detector_has_every_declared_parameter_but_swarm_lists():
    lists = {"cuts_list", "selfradii_list", "scale_factor_list_orig"}
    for detector in DETECTORS:
        for step in STEPS:
            section = default_section(detector, step, ["filter_basic"])
            missing = set(declarations_of(step)) - set(section)
            assert {declaration(step, key).name for key in missing} <= lists
            assert not set(section) - set(declarations_of(step))


def test_the_last_known_condition_decides():
    key = DetectorKey("acs", "wfc")
    both = default_section(key, "astrodrizzle", ["filter_basic", "acs_wfc_any_n6"])
    assert both == default_section(key, "astrodrizzle", ["acs_wfc_any_n6"])
    assert has_condition(key, "acs_wfc_any_n6")
    assert not has_condition(key, "wfc3_ir_any_n2")


def test_tables_know_no_other_parameters_than_declared():
    table = read_table("astrodrizzle.json")
    for rows in table["conditions"].values():
        for values in rows.values():
            assert set(values) <= set(table["common"])


@pytest.mark.parametrize(
    ("slug", "name", "limits"),
    [
        ("acs_wfc", "f606w", (0.87, 1.25)),
        ("acs_wfc", "f850lp", (0.95, 1.35)),
        ("acs_hrc", "f220w", (0.88, 1.23)),
        ("acs_hrc", "f892n", (1.18, 1.65)),
        ("wfc3_ir", "f098m", (0.41, 0.70)),
        ("wfc3_ir", "f160w", (0.50, 0.84)),
        ("wfc3_uvis", "f218w", (0.70, 0.99)),
        ("wfc3_uvis", "f953n", (0.82, 1.14)),
        ("wfpc2_pc", "f336w", (0.531, 0.862)),
        ("wfpc2_pc", "f1042m", (0.631, 1.024)),
    ],
)
def test_concentration_limits(slug, name, limits):
    found = concentration_limits(_key(slug), name)
    # The description rounds WFPC2 limits to three decimals.
    assert (found.lower, found.upper) == pytest.approx(limits, abs=5.01e-4)
    assert found.lower < found.peak < found.upper


@pytest.mark.parametrize(
    ("slug", "name"),
    [("acs_sbc", "f140lp"), ("acs_wfc", "f606w-pol0v"), ("wfc3_ir", "total")],
)
def test_no_concentration_limits_where_the_table_has_none(slug, name):
    assert concentration_limits(_key(slug), name) is None


def test_the_table_of_concentration_limits_is_complete():
    table = read_table("concentration_limits.json")["detectors"]
    assert {slug: len(rows) for slug, rows in table.items()} == {
        "acs_hrc": 16,
        "acs_wfc": 12,
        "wfc3_ir": 15,
        "wfc3_uvis": 42,
        "wfpc2_pc": 38,
    }
