"""Classes of astrometric solutions."""

import pytest

from svmcore.inputs import classify_wcsname


@pytest.mark.parametrize(
    ("name", "kind", "catalog"),
    [
        ("", "none", ""),
        ("OPUS", "none", ""),
        ("IDC_0461802ej", "distortion only", ""),
        ("IDC_0461802ej-GSC240", "a priori", "GSC240"),
        ("IDC_0461802ej-HSC30", "a priori", "HSC30"),
        ("IDC_w3m18525i-GAIAeDR3", "a priori", "GAIAeDR3"),
        ("IDC_w3m18525i-FIT_REL_GAIAeDR3", "a posteriori", "GAIAeDR3"),
        ("IDC_w3m18525i-FIT_IMG_GAIADR2", "a posteriori", "GAIADR2"),
        ("IDC_w3m18525i-FIT_EVM_GSC242", "a posteriori", "GSC242"),
        ("IDC_w3m18525i-FIT_SVM_NONE", "a posteriori", "NONE"),
        ("IDC_w3m18525i-FIT-SVM-GAIADR2", "other", ""),
        ("TWEAK_2", "other", ""),
        ("IDC_w3m18525i-TWEAK", "other", ""),
    ],
)
def test_class_of_a_solution(name, kind, catalog):
    found = classify_wcsname(name)
    assert (found.kind, found.catalog) == (kind, catalog)
