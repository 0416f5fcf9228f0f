"""The style sheet as a widget, for panels made of plain ipywidgets."""

import ipywidgets as widgets

from svmwidgets.figures.esm import read_theme

__all__ = ["ThemeStyle"]


class ThemeStyle(widgets.HTML):
    """An empty element that brings the style sheet into the page.

    Put one at the top of the dashboard. Our own figures bring the sheet
    themselves; boxes, buttons and text fields need this, and take the look from
    the classes ``svm-app`` (root), ``svm-panel``, ``svm-card``, ``svm-toolbar``,
    ``svm-primary``, ``svm-quiet``, ``svm-danger``, ``svm-numbers``,
    ``svm-banner`` and ``svm-form``, which ``theme.css`` explains.
    """

    def __init__(self) -> None:
        super().__init__(value=f"<style>{read_theme()}</style>")
        self.layout.display = "none"
        self.layout.height = "0"
