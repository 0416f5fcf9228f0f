"""Show, explain, compare and write the parameters of a visit's products.

svm params VISIT [-o FILE] lists what selected the parameters of each product,
or writes them all to a file that HAP reads too. svm params show PRODUCT prints
every value with its origin, svm params diff A B what differs between two files
or products, svm params explain NAME what a parameter does.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from svmcore.cli.options import (
    add_decision_options,
    read_options,
    visit_source,
    with_parameter_options,
)
from svmcore.cli.params_text import (
    declaration_to_json,
    described,
    difference_lines,
    difference_to_json,
    explanation_lines,
    markdown_lines,
    parameter_lines,
    set_to_json,
)
from svmcore.errors import InputError, ParameterError
from svmcore.io.parameters import (
    read_entries,
    read_parameters,
    write_compact_file,
    write_custom_file,
)
from svmcore.io.visit import read_visit
from svmcore.model.decisions import Decisions
from svmcore.model.product import ProductTree
from svmcore.parameters import (
    Difference,
    ParameterSet,
    check_changes,
    compare_selections,
    compare_sets,
    find_declaration,
    search_declarations,
    select_all,
)
from svmcore.parameters.compare import compare_entries
from svmcore.parameters.schema import check_step, nearest
from svmcore.pipeline.prepare import decide

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show, explain, compare and write parameters"

_PRESENT_FOLDER = "."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``svm params``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = (
        "svm params VISIT [-o FILE] [--compact]\n"
        "       svm params show PRODUCT [--visit VISIT] [--step STEP] [--changed]\n"
        "       svm params diff A B [--visit VISIT]\n"
        "       svm params explain [NAME] [--markdown]"
    )
    parser.add_argument(
        "words",
        metavar="VISIT | show | diff | explain",
        nargs="+",
        help="a visit (write ./show if it is called so), or what to do and with what",
    )
    parser.add_argument(
        "--visit",
        dest="of_visit",
        metavar="VISIT",
        help="visit of the products of show and diff; the present folder by default",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with the exposures"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write a parameter file"
    )
    parser.add_argument(
        "--compact",
        action="store_true",
        help="write only what differs from the shipped values, with its origin",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the file if it exists"
    )
    parser.add_argument("--step", metavar="STEP", help="show one step only")
    parser.add_argument(
        "--changed", action="store_true", help="show changed values only"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--markdown", action="store_true", help="explain in tables of Markdown"
    )
    parser.add_argument(
        "--product",
        action="append",
        metavar="NAME",
        help="product or scope that --set is for; may be repeated",
    )
    add_decision_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what the first word says.

    Returns
    -------
    int
        0; 2 if words are missing.
    """
    action = _ACTIONS.get(arguments.words[0])
    if action is None:
        arguments.visit = arguments.words
        return _template(arguments, console)
    arguments.visit = [arguments.of_visit or _PRESENT_FOLDER]
    words = arguments.words[1:]
    if not action.least <= len(words) <= action.most:
        errors = Console(stderr=True)
        errors.print(f"svm params {arguments.words[0]}: {action.usage}", markup=False)
        return 2
    return action.function(words, arguments, console)


def _print(console: Console, line: str | Text) -> None:
    text = line if isinstance(line, Text) else Text(line)
    console.print(text, soft_wrap=True, highlight=False)


@dataclass(frozen=True, slots=True)
class _Selected:
    tree: ProductTree
    decisions: Decisions
    sets: Mapping[str, ParameterSet]


def _select(arguments: argparse.Namespace, console: Console) -> _Selected:
    """Return every parameter of the visit, with all that the options change."""
    decisions = read_options(arguments)
    tree = _tree(arguments, decisions)
    if arguments.parameters is not None:
        for note in read_parameters(arguments.parameters, tree).notes:
            _print(console, Text(f"note: {note}", style="yellow"))
    decisions = with_parameter_options(decisions, arguments, tree)
    check_changes(decisions.parameters, tree)
    return _Selected(tree, decisions, select_all(tree, decisions.parameters))


def _tree(arguments: argparse.Namespace, decisions: Decisions) -> ProductTree:
    source = visit_source(arguments)
    try:
        visit = read_visit(source, data_folder=arguments.data)
    except InputError as error:
        if source != _PRESENT_FOLDER:
            raise
        raise InputError(
            f"{error.subject} (the present folder)",
            error.problem,
            "Name the visit by --visit VISIT.",
        ) from error
    return decide(visit, decisions).tree


def _template(arguments: argparse.Namespace, console: Console) -> int:
    selected = _select(arguments, console)
    if arguments.output is None:
        if arguments.json:
            document = {n: set_to_json(s) for n, s in selected.sets.items()}
            _print(console, json.dumps(document, indent=2))
            return 0
        for line in described(selected.sets):
            _print(console, line)
        return 0
    if arguments.compact:
        write_compact_file(
            arguments.output,
            selected.tree,
            selected.decisions.parameters,
            overwrite=arguments.overwrite,
        )
    else:
        write_custom_file(
            arguments.output,
            selected.tree,
            selected.sets,
            overwrite=arguments.overwrite,
        )
    _print(console, f"wrote {arguments.output}")
    return 0


def _found(sets: Mapping[str, ParameterSet], name: str) -> ParameterSet:
    if name not in sets:
        raise ParameterError(
            name,
            "no product of the visit has that name",
            nearest(name, sets) or f"The products are {', '.join(sets)}.",
        )
    return sets[name]


def _show(words: list[str], arguments: argparse.Namespace, console: Console) -> int:
    if arguments.step is not None:
        check_step(arguments.step)
    if len(words) == 2:
        arguments.visit = words[:1]
    found = _found(_select(arguments, console).sets, words[-1])
    if arguments.json:
        _print(console, json.dumps(set_to_json(found), indent=2))
        return 0
    for line in parameter_lines(
        found, step=arguments.step, changed_only=arguments.changed
    ):
        _print(console, line)
    return 0


def _diff(words: list[str], arguments: argparse.Namespace, console: Console) -> int:
    paths = [Path(word) for word in words]
    for path in paths:
        if path.suffix == ".json" and not path.is_file():
            read_entries(path)  # raises: a file is meant, not a product
    if all(path.is_file() for path in paths) and arguments.of_visit is None:
        differences = compare_entries(read_entries(paths[0]), read_entries(paths[1]))
    else:
        differences = _diff_in_visit(words, arguments, console)
    if arguments.json:
        rows = [difference_to_json(row) for row in differences]
        _print(console, json.dumps(rows, indent=2))
        return 0
    for line in difference_lines(differences):
        _print(console, line)
    return 0


def _diff_in_visit(
    words: list[str], arguments: argparse.Namespace, console: Console
) -> tuple[Difference, ...]:
    """Compare two files as this visit reads them, or two of its products."""
    selected = _select(arguments, console)
    sides: list[Mapping[str, ParameterSet]] = []
    for word in words:
        if Path(word).is_file():
            changes = read_parameters(Path(word), selected.tree).changes
            sides.append(select_all(selected.tree, changes))
        else:
            sides.append({word: _found(selected.sets, word)})
    first, second = sides
    if all(
        len(side) == 1 and word in side for side, word in zip(sides, words, strict=True)
    ):
        return compare_sets(first[words[0]], second[words[1]])
    return compare_selections(first, second)


def _explain(words: list[str], arguments: argparse.Namespace, console: Console) -> int:
    name = " ".join(words)
    step, _, key = name.rpartition(":")
    if step:
        check_step(step)
    rows = [d for d in search_declarations(key) if d.step == (step or d.step)]
    if not rows:
        find_declaration(key, step=step or None)  # raises, with a suggestion
    if arguments.json:
        _print(console, json.dumps([declaration_to_json(d) for d in rows], indent=2))
        return 0
    if arguments.markdown:
        lines: Iterable[str | Text] = markdown_lines(rows)
    else:
        lines = explanation_lines(rows, in_full=len(rows) <= 5)
    for line in lines:
        _print(console, line)
    return 0


@dataclass(frozen=True, slots=True)
class _Action:
    function: Callable[[list[str], argparse.Namespace, Console], int]
    least: int
    most: int
    usage: str


_ACTIONS = {
    "show": _Action(_show, 1, 2, "give a product, or a visit and a product"),
    "diff": _Action(_diff, 2, 2, "give two files, or two products and --visit"),
    "explain": _Action(_explain, 0, 99, "give a name or words"),
}
