"""Drawings: arrays and callbacks in, pictures and events out; no science."""

from svmwidgets.figures.footprint import FootprintFigure, outline
from svmwidgets.figures.frame import MASK_CLASSES, Box, ImageFrame, block_average
from svmwidgets.figures.image import (
    COLOUR_MAPS,
    OVERLAY_COLOURS,
    STRETCHES,
    ImageClick,
    ImageViewer,
)
from svmwidgets.figures.limits import display_limits
from svmwidgets.figures.log import LogPane, ProgressStrip
from svmwidgets.figures.plot import PlotGrid, heat_panel, panel
from svmwidgets.figures.rail import Rail, rail_step
from svmwidgets.figures.residuals import ResidualFigures
from svmwidgets.figures.sky import SkyMapping, fit_sky_mapping, tan_sky_mapping
from svmwidgets.figures.status import STATUS_GLYPHS, STATUS_WORDS, badge, cell
from svmwidgets.figures.table import Table, column
from svmwidgets.figures.theme import ThemeStyle
from svmwidgets.figures.tree import Tree, tree_node

__all__ = [
    "COLOUR_MAPS",
    "MASK_CLASSES",
    "OVERLAY_COLOURS",
    "STATUS_GLYPHS",
    "STATUS_WORDS",
    "STRETCHES",
    "Box",
    "FootprintFigure",
    "ImageClick",
    "ImageFrame",
    "ImageViewer",
    "LogPane",
    "PlotGrid",
    "ProgressStrip",
    "Rail",
    "ResidualFigures",
    "SkyMapping",
    "Table",
    "ThemeStyle",
    "Tree",
    "badge",
    "block_average",
    "cell",
    "column",
    "display_limits",
    "fit_sky_mapping",
    "heat_panel",
    "outline",
    "panel",
    "rail_step",
    "tan_sky_mapping",
    "tree_node",
]
