"""An HTML tree: total, filter and exposure products, or anything nested."""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from svmwidgets.figures.esm import bundle_script, read_theme

__all__ = ["Tree", "tree_node"]


def tree_node(
    key: str,
    label: str,
    *,
    parent: str = "",
    kind: str = "",
    note: str = "",
    badges: Sequence[Mapping[str, str]] = (),
    tooltip: str = "",
    is_code: bool = True,
) -> dict[str, Any]:
    """Return the description of a tree node.

    Parameters
    ----------
    key : str
        Unique key.
    label : str
        Main text, for example a file name.
    parent : str, optional
        Key of the parent; empty for a root. Parents come before children.
    kind : str, optional
        Word before the label, for example ``total``, ``filter``, ``exposure``.
    note : str, optional
        Quiet text at the right.
    badges : sequence of dict, optional
        Made by `svmwidgets.figures.badge`.
    tooltip : str, optional
        Shown on hover.
    is_code : bool, optional
        Set the label in the monospaced font.
    """
    return {
        "key": key,
        "label": label,
        "parent": parent,
        "kind": kind,
        "note": note,
        "badges": [dict(one) for one in badges],
        "tooltip": tooltip,
        "is_code": is_code,
    }


class Tree(anywidget.AnyWidget):
    """Nested nodes with badges; one is selected.

    Parameters
    ----------
    nodes : sequence of dict
        Made by `tree_node`.
    **traits
        Start values of the traits below.

    Notes
    -----
    Keys: up and down move and select, right opens, left closes or goes to the
    parent, home and end. Observe `selected`.
    """

    _esm = bundle_script("tree")
    _css = read_theme()

    nodes = traitlets.List(help="Nodes, parents before children").tag(sync=True)
    selected = traitlets.Unicode("", help="Key of the selected node").tag(sync=True)
    closed = traitlets.List(help="Keys of nodes whose children are hidden").tag(
        sync=True
    )
    height = traitlets.Unicode("", help="Largest CSS height, then it scrolls").tag(
        sync=True
    )
    label = traitlets.Unicode("Tree", help="Name for screen readers").tag(sync=True)

    def __init__(self, nodes: Sequence[Mapping[str, Any]] = (), **traits: Any) -> None:
        super().__init__(nodes=[dict(one) for one in nodes], **traits)
