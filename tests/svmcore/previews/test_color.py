import numpy as np
import pytest

from svmcore.previews.color import channel_weights, color_balance, render_color
from svmcore.previews.stretch import NO_DATA_LEVEL, robust_limits
from svmcore.previews.wavelength import order_red_to_blue


@pytest.mark.parametrize("n_filters", range(2, 9))
def test_channels_share_filters_from_red_to_blue(n_filters):
    weights = channel_weights(n_filters)
    assert weights.sum(axis=1) == pytest.approx(np.ones(3))
    assert weights[0].argmax() == 0
    assert weights[2].argmax() == n_filters - 1


def test_one_filter_has_no_colour():
    with pytest.raises(ValueError, match="at least 2"):
        channel_weights(1)


@pytest.mark.parametrize(
    ("filters", "detector", "order"),
    [
        (("f110w", "f160w"), "ir", ("f160w", "f110w")),
        (("f098m", "f105w", "f140w"), "ir", ("f140w", "f105w", "f098m")),
        (("f555w", "f814w", "f350lp"), "uvis", ("f814w", "f350lp", "f555w")),
        (("f606w-pol0v", "f435w"), "wfc", ("f606w-pol0v", "f435w")),
        (("f1042m", "f300w"), "pc", ("f1042m", "f300w")),
        (("clear", "f850lp", "f435w"), "hrc", ("f850lp", "clear", "f435w")),
    ],
)
def test_filters_are_ordered_by_wavelength(filters, detector, order):
    assert order_red_to_blue(filters, detector) == order


def _scene(shape=(60, 60)):
    rng = np.random.default_rng(2)
    return [rng.normal(1.0, 0.01, shape).astype("f4") for _ in range(2)]


def _render(images):
    limits = [robust_limits(image[np.isfinite(image)]) for image in images]
    return render_color(images, limits=limits, balance=np.ones(2))


def test_red_sources_are_red_and_blue_ones_blue():
    red, blue = _scene()
    red[20:24, 20:24] += 0.3
    blue[40:44, 40:44] += 0.3
    pixels = _render([red, blue]).astype(int)
    assert pixels[21, 21, 0] > pixels[21, 21, 2] + 60
    assert pixels[41, 41, 2] > pixels[41, 41, 0] + 60


def test_bright_cores_are_white_whatever_their_profile():
    red, blue = _scene()
    red[30, 30] += 500.0
    blue[30, 30] += 400.0
    assert _render([red, blue])[30, 30].min() > 245


def test_where_one_filter_has_no_data_the_other_stands_in():
    red, blue = _scene()
    red[:10] = np.nan
    red[:5, :5] = blue[:5, :5] = np.nan
    pixels = _render([red, blue])
    assert np.all(pixels[:5, :5] == NO_DATA_LEVEL)
    assert np.ptp(pixels[7, 30].astype(int)) <= 1


def test_typical_sources_become_white():
    rng = np.random.default_rng(3)
    brightness = rng.lognormal(3.0, 1.0, 500)
    samples = [rng.normal(1.0, 0.1, 5000) for _ in range(2)]
    samples[0][:500] += 3.0 * brightness
    samples[1][:500] += brightness
    limits = [robust_limits(sample) for sample in samples]
    balance = color_balance(samples, limits)
    assert balance[1] / balance[0] == pytest.approx(3.0, rel=0.05)
    assert balance.prod() == pytest.approx(1.0)


def test_without_bright_sources_the_noise_is_balanced():
    rng = np.random.default_rng(4)
    samples = [rng.normal(0, sigma, 5000) for sigma in (1.0, 4.0)]
    limits = [robust_limits(sample) for sample in samples]
    balance = color_balance(samples, limits)
    assert balance[0] / balance[1] == pytest.approx(4.0, rel=0.1)
