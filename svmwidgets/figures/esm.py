"""The browser modules of the figures, joined into one text per widget.

A widget sends its script as one text, and a script made from a text cannot
import its neighbours. So each widget's entry module is joined with the modules
that it imports. The modules themselves stay ordinary ES modules, which ``node``
can test.
"""

import re
from functools import cache
from pathlib import Path

__all__ = ["bundle_script", "read_theme"]

_SCRIPTS = Path(__file__).parent / "js"
_THEME = Path(__file__).parents[1] / "theme.css"
_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def bundle_script(entry: str) -> str:
    """Return one ES module: the entry module and all that it imports.

    Parameters
    ----------
    entry : str
        Name of a module in ``svmwidgets/figures/js``, without ``.js``.

    Returns
    -------
    str
        The imported modules, each once and before its first use, then the
        entry module with its default export.

    Notes
    -----
    All modules share one scope in the result, so a top-level name must be
    unique among the modules.
    """
    texts: dict[str, str] = {}

    def visit(name: str) -> None:
        if name in texts:
            return
        source = (_SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
        texts[name] = ""
        for imported in _IMPORT.findall(source):
            visit(imported)
        del texts[name]  # so that it follows what it imports
        texts[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    visit(entry)
    return "\n".join(texts.values())


@cache
def read_theme() -> str:
    """Return the style sheet of the dashboard and of every figure."""
    return _THEME.read_text(encoding="utf-8")
