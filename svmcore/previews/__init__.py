"""Previews: drizzled images as grey and colour pictures."""

from svmcore.previews.color import channel_weights, color_balance, render_color
from svmcore.previews.gaps import GAP_REACH, fill_small_gaps
from svmcore.previews.stretch import Limits, render_gray, robust_limits
from svmcore.previews.wavelength import order_red_to_blue

__all__ = [
    "GAP_REACH",
    "Limits",
    "channel_weights",
    "color_balance",
    "fill_small_gaps",
    "order_red_to_blue",
    "render_color",
    "render_gray",
    "robust_limits",
]
