import pytest

from svmcore.parameters.bits import bit_sum, flags_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (336, 336),
        (-1, -1),
        ("336", 336),
        ("16,64,256", 336),
        (" 16 | 64 ", 80),
        ("16+64", 80),
        ("(16, 64)", 80),
        ("~4096", ~4096),
        ("~(64, 32)", ~96),
        ([16, 64], 80),
        (None, None),
        ("None", None),
        ("INDEF", None),
        ("", None),
    ],
)
def test_bits_are_read_in_all_forms(value, expected):
    assert bit_sum(value) == expected


@pytest.mark.parametrize(
    "value",
    ["bad", "16,63", "16,64+256", "64~", "~", "()", "(16", "-16,64", 1.5, [1.0], True],
)
def test_what_is_no_sum_of_flags_is_refused(value):
    with pytest.raises(ValueError, match=r"flag|power of two"):
        bit_sum(value)


def test_a_sum_comes_apart_into_its_flags():
    assert flags_of("336") == (16, 64, 256)
    assert flags_of("0") == ()
