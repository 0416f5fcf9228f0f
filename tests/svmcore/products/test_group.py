"""Products from accepted exposures."""

import pytest

from svmcore.filtering import judge_exposures
from svmcore.model.names import FileKind
from svmcore.model.verdict import Override, Role
from svmcore.products import group_products, processing_order, product_files


def tree_of(exposures, overrides=(), **options):
    return group_products(exposures, judge_exposures(exposures, overrides), **options)


def test_one_total_per_detector_and_one_product_per_filter(exposure_with):
    tree = tree_of(
        [
            exposure_with("wfc3_ir", 1, EXPTIME=500.0),
            exposure_with("wfc3_uvis", 2, EXPTIME=20.0),
            exposure_with("wfc3_ir", 3, FILTER="F110W", EXPTIME=300.0),
            exposure_with("wfc3_ir", 4, EXPTIME=400.0),
        ]
    )
    assert [total.detector_key.label for total in tree.totals] == [
        "WFC3/UVIS",
        "WFC3/IR",
    ]
    infrared = tree.totals[1]
    assert [p.filter_name for p in infrared.filters] == ["f110w", "f160w"]
    assert [m.exposure.exptime_s for m in infrared.members] == [300.0, 400.0, 500.0]
    assert [m.is_only_of_filter for m in infrared.members] == [True, False, False]
    assert infrared.basename == "hst_11665_06_wfc3_ir_total_ib4606"
    assert (
        infrared.filters[1].drizzle_name == "hst_11665_06_wfc3_ir_f160w_ib4606_drz.fits"
    )


def test_order_is_exposure_time_then_sensitivity(exposure_with):
    exposures = [
        exposure_with(number=1, EXPTIME=10.0, PHOTFLAM=None),
        exposure_with(number=2, EXPTIME=10.0, PHOTFLAM=1e-20),
        exposure_with(number=3, EXPTIME=10.0, PHOTFLAM=3e-20),
        exposure_with(number=4, EXPTIME=5.0, PHOTFLAM=1e-21),
    ]
    names = [exposure.rootname[6:8] for exposure in processing_order(exposures)]
    assert names == ["04", "03", "02", "01"]


def test_rejected_exposures_are_in_no_product(exposure_with):
    tree = tree_of([exposure_with(number=1), exposure_with(number=2, MTFLAG="T")])
    assert [e.rootname for e in tree.totals[0].exposures] == ["ib460601q"]
    assert tree.left_out == ()


def test_nothing_accepted_gives_an_empty_tree(exposure_with):
    assert tree_of([exposure_with(MTFLAG="T")]).products == ()


def test_an_override_brings_an_exposure_back(exposure_with):
    override = Override("ib460602q", accepted=True, reason="looks fine")
    exposures = [exposure_with(number=1), exposure_with(number=2, MTFLAG="T")]
    assert len(tree_of(exposures, (override,)).totals[0].members) == 2


def test_ramp_and_grism_are_set_apart(exposure_with):
    tree = tree_of(
        [
            exposure_with("acs_wfc", 1),
            exposure_with("acs_wfc", 2, FILTER1="CLEAR1L", FILTER2="FR914M"),
            exposure_with("acs_wfc", 3, FILTER1="G800L", OBSTYPE="SPECTROSCOPIC"),
        ]
    )
    (total,) = tree.totals
    assert [m.role for m in total.all_members] == [Role.DIRECT, Role.RAMP, Role.GRISM]
    assert [m.exposure.rootname for m in total.aligned_members] == [
        "jb460601q",
        "jb460602q",
    ]
    files = [set(product_files(member)) for member in total.all_members]
    assert FileKind.DRIZZLE in files[0]
    assert files[1] == {FileKind.CALIBRATED, FileKind.HEADERLET, FileKind.TRAILER}
    assert files[2] == {FileKind.CALIBRATED, FileKind.TRAILER}


def test_a_detector_with_grism_only_drizzles_nothing(exposure_with):
    tree = tree_of([exposure_with(FILTER="G141", OBSTYPE="SPECTROSCOPIC")])
    (total,) = tree.totals
    assert total.filters == ()
    assert len(total.grisms) == 1
    assert set(product_files(total)) == {FileKind.TRAILER}


def test_flt_beside_flc_is_left_out_unless_preferred(exposure_with):
    exposures = [
        exposure_with("acs_wfc", 1, suffix="flc"),
        exposure_with("acs_wfc", 2, suffix="flt"),
        exposure_with("acs_wfc", 3, suffix="flt", FILTER1="F814W"),
    ]
    tree = tree_of(exposures)
    by_filter = {p.filter_name: p for p in tree.totals[0].filters}
    assert [e.suffix for e in by_filter["f606w"].exposures] == ["flc"]
    assert by_filter["f606w"].suffix == "drc"
    assert by_filter["f814w"].suffix == "drz"
    (left,) = tree.left_out
    assert left.rootname == "jb460602q"
    assert "ACS/WFC F606W also has FLC files" in left.sentence
    assert "prefer_flt to True" in left.sentence

    tree = tree_of(exposures, prefer_flt=True)
    by_filter = {p.filter_name: p for p in tree.totals[0].filters}
    assert [e.suffix for e in by_filter["f606w"].exposures] == ["flt"]
    assert tree.left_out[0].rootname == "jb460601q"
    assert "prefer_flt to False" in tree.left_out[0].sentence


def test_twin_files_of_one_exposure_are_used_once(exposure_with):
    pair = [exposure_with("acs_wfc", 1, suffix=suffix) for suffix in ("flt", "flc")]
    tree = tree_of(pair)
    assert [e.suffix for e in tree.totals[0].exposures] == ["flc"]
    assert "its FLC file is used instead" in tree.left_out[0].sentence
    tree = tree_of(pair, prefer_flt=True)
    assert [e.suffix for e in tree.totals[0].exposures] == ["flt"]
    assert "its FLT file is used instead" in tree.left_out[0].sentence


def test_products_of_mixed_visits_are_named_after_their_first_exposure(exposure_with):
    tree = tree_of(
        [
            exposure_with("acs_hrc", rootname="j8bt06nyq", PROPOSID=9019, EXPTIME=1.0),
            exposure_with("acs_hrc", rootname="j8bt05njq", PROPOSID=9019, EXPTIME=2.0),
            exposure_with(
                "acs_hrc",
                rootname="j8bt05nkq",
                PROPOSID=9019,
                EXPTIME=3.0,
                FILTER1="F555W",
            ),
        ]
    )
    assert [product.basename for product in tree.products] == [
        "hst_9019_06_acs_hrc_total_j8bt06",
        "hst_9019_06_acs_hrc_f606w_j8bt06",
        "hst_9019_06_acs_hrc_f606w_j8bt06ny",
        "hst_9019_05_acs_hrc_f606w_j8bt05nj",
        "hst_9019_05_acs_hrc_f555w_j8bt05",
        "hst_9019_05_acs_hrc_f555w_j8bt05nk",
    ]


def test_names_of_the_files_of_each_product(exposure_with):
    tree = tree_of([exposure_with("wfc3_uvis", rootname="ib4606c5q", suffix="flc")])
    total, filtered, single = tree.products
    assert list(product_files(single).values()) == [
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_flc.fits",
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_hlet.fits",
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_drc.fits",
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_drc.jpg",
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_drc_thumb.jpg",
        "hst_11665_06_wfc3_uvis_f555w_ib4606c5_trl.txt",
    ]
    assert list(product_files(filtered).values()) == [
        "hst_11665_06_wfc3_uvis_f555w_ib4606_drc.fits",
        "hst_11665_06_wfc3_uvis_f555w_ib4606_point-cat.ecsv",
        "hst_11665_06_wfc3_uvis_f555w_ib4606_segment-cat.ecsv",
        "hst_11665_06_wfc3_uvis_f555w_ib4606_drc.jpg",
        "hst_11665_06_wfc3_uvis_f555w_ib4606_drc_thumb.jpg",
        "hst_11665_06_wfc3_uvis_f555w_ib4606_trl.txt",
    ]
    assert product_files(total)[FileKind.DRIZZLE] == total.drizzle_name
    assert total.color_preview_name(["f814w", "f555w"]) == (
        "hst_11665_06_wfc3_uvis_total_ib4606_f814w-f555w_drc.jpg"
    )


def test_verdicts_must_belong_to_the_exposures(exposure_with):
    exposures = [exposure_with(number=1), exposure_with(number=2)]
    with pytest.raises(ValueError, match="in the same order"):
        group_products(exposures, judge_exposures(exposures)[::-1])


def test_a_total_product_is_named_after_the_first_of_all(exposure_with):
    tree = tree_of(
        [
            exposure_with("acs_wfc", rootname="jb4607aaq", EXPTIME=9.0, suffix="flc"),
            exposure_with(
                "acs_wfc", rootname="jb4606aaq", EXPTIME=5.0, FILTER2="FR914M"
            ),
        ]
    )
    (total,) = tree.totals
    assert total.basename == "hst_11665_06_acs_wfc_total_jb4606"
    assert total.filters[0].basename == "hst_11665_07_acs_wfc_f606w_jb4607"
