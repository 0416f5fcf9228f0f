"""The forms in which parameter files come: what a document says, row by row."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from svmcore.errors import ParameterError
from svmcore.parameters.declaration import Declaration
from svmcore.parameters.overrides import is_same_value
from svmcore.parameters.places import place
from svmcore.parameters.schema import (
    DECLARATIONS,
    STEPS,
    declaration,
    declarations_of,
    find_declaration,
    nearest,
)

__all__ = ["Entry", "read_forms"]

JsonValue = Any
_USED, _UNUSED = "parameters", "default_values"
_BASENAME = re.compile(r"hst_\w+_\w+_(acs|wfc3|wfpc2)_\w+_[\w-]+_\w{6,8}")
_TITLES = frozenset(d.title for d in DECLARATIONS) | {
    d.title.partition(".")[0] for d in DECLARATIONS
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that a file gives.

    Parameters
    ----------
    product : str
        Basename or scope; ``*`` for every product.
    step, key : str
        Parameter.
    value : object
        Checked value in canonical form.
    """

    product: str
    step: str
    key: str
    value: JsonValue


def read_forms(
    document: Mapping[str, JsonValue],
    *,
    subject: str,
    products: frozenset[str] | None,
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return every value of a parameter document, whatever its form.

    Parameters
    ----------
    document : Mapping
        What the file holds: products with sections ``parameters`` and
        ``default_values``, products with steps, steps, sections of a step, or
        parameters by name.
    subject : str
        Name of the file, for messages.
    products : frozenset of str or None
        Words that scopes may use; None to take any table of steps for a
        product.

    Returns
    -------
    entries : tuple of Entry
        Values in the order of the file.
    notes : tuple of str
        Remarks on what was used and what was not.

    Raises
    ------
    ParameterError
        If a name is unknown or a value is not allowed.

    Notes
    -----
    Where a product has both sections, ``parameters`` is used: that is where
    people edit. HAP's own pipeline reads ``default_values``.
    """
    reader = _Reader(subject, products)
    return tuple(reader.read(document)), tuple(reader.notes)


class _Reader:
    """Walks through one document; gathers remarks on the way."""

    def __init__(self, subject: str, products: frozenset[str] | None) -> None:
        self.subject = subject
        self.products = products
        self.notes: list[str] = []

    def read(self, document: Mapping[str, JsonValue]) -> Iterator[Entry]:
        if document.keys() & {_USED, _UNUSED}:
            yield from self._block("*", document, self.subject)
            return
        for name, value in document.items():
            where = place(self.subject, name)
            if name in STEPS:
                yield from self._step("*", name, value, where)
            elif self._is_scope(name, value):
                yield from self._block(name, value, where)
            elif isinstance(value, Mapping) and name not in _TITLES | _COUNTS:
                if not self._is_of_another_exposure(name, document):
                    raise self._unknown(name, where)
                self.notes.append(f"{where}: the visit has no such product")
            else:
                yield from self._loose("*", {name: value}, self.subject)

    def _is_scope(self, name: str, value: JsonValue) -> bool:
        if self.products is not None:
            words = name.split()
            return bool(words) and set(words) <= self.products
        inner = {*STEPS, _USED, _UNUSED}
        return isinstance(value, Mapping) and bool(value.keys() & inner)

    def _is_of_another_exposure(
        self, name: str, document: Mapping[str, JsonValue]
    ) -> bool:
        """Return whether a product is left over rather than misspelled.

        A file made before an exposure was rejected lists that exposure beside
        those that are still there.
        """
        names = [word for word in self.products or () if _BASENAME.fullmatch(word)]
        if not names or not _BASENAME.fullmatch(name):
            return False
        (closest,) = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        return closest in document

    def _unknown(self, name: str, where: str) -> ParameterError:
        known = [*STEPS, *sorted(_TITLES), *sorted(self.products or ())]
        return ParameterError(
            where,
            "unknown product, step or section",
            nearest(name, known)
            or "svm products lists the products of a visit, svm params explain "
            "the steps and parameters.",
        )

    def _block(self, scope: str, block: JsonValue, where: str) -> Iterator[Entry]:
        """Read what a file says about one product."""
        self._check_table(block, where, "steps")
        if not block.keys() & {_USED, _UNUSED}:
            yield from self._steps(scope, block, where)
            return
        if strange := [name for name in block if name not in (_USED, _UNUSED)]:
            raise ParameterError(
                place(where, strange[0]),
                f"unknown section beside {_USED} and {_UNUSED}",
                nearest(strange[0], (_USED, _UNUSED)) or "Move or remove it.",
            )
        sections = {
            name: tuple(self._section(scope, block[name], place(where, name)))
            for name in (_USED, _UNUSED)
            if name in block
        }
        if len(sections) == 1:
            (name,) = sections
            if name == _UNUSED:
                self.notes.append(f"{where}: only {_UNUSED} is there, so it is used")
            yield from sections[name]
            return
        self._compare(sections[_USED], sections[_UNUSED], where)
        yield from sections[_USED]

    def _section(self, scope: str, section: JsonValue, where: str) -> Iterator[Entry]:
        self._check_table(section, where, "steps")
        yield from self._steps(scope, section, where)

    def _compare(
        self, used: tuple[Entry, ...], unused: tuple[Entry, ...], where: str
    ) -> None:
        values = {(e.step, e.key): e.value for e in used}
        others = {(e.step, e.key): e.value for e in unused}
        names = [
            key
            for step, key in {**values, **others}
            if (step, key) not in values
            or (step, key) not in others
            or not is_same_value(values[step, key], others[step, key])
        ]
        if names:
            shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            self.notes.append(
                f"{where}: {_USED} and {_UNUSED} differ in {len(names)} "
                f"({shown}); {_USED} is used"
            )

    def _steps(
        self, scope: str, table: Mapping[str, JsonValue], above: str
    ) -> Iterator[Entry]:
        for name, value in table.items():
            where = place(above, name)
            if name in STEPS:
                yield from self._step(scope, name, value, where)
            elif isinstance(value, Mapping) and name not in _TITLES | _COUNTS:
                raise ParameterError(
                    where,
                    "unknown step or section",
                    nearest(name, [*STEPS, *sorted(_TITLES)])
                    or f"The steps are {', '.join(STEPS)}.",
                )
            else:
                yield from self._loose(scope, {name: value}, above)

    def _step(
        self, scope: str, step: str, table: JsonValue, where: str
    ) -> Iterator[Entry]:
        self._check_table(table, where, "parameters")
        for path, value in _leaves(table, step):
            row = self._find(path, step, where)
            yield self._entry(scope, row, value, place(where, ".".join(path)))

    def _loose(
        self, scope: str, table: Mapping[str, JsonValue], where: str
    ) -> Iterator[Entry]:
        """Read parameters that stand outside any step."""
        for path, value in _leaves(table, None):
            row = self._find(path, None, where)
            yield self._entry(scope, row, value, place(where, ".".join(path)))

    def _find(self, path: tuple[str, ...], step: str | None, above: str) -> Declaration:
        if len(path) == 1 and step is None and ":" in path[0]:
            step, _, name = path[0].rpartition(":")
            path = (name,)
        found = _lookup(path, step)
        if found is not None:
            return found
        where = above.removesuffix(f" → {step}")
        if len(path) == 1:
            return find_declaration(path[0], step=step, subject=where)
        if step is not None:
            return declaration(step, ".".join(path), subject=where)
        return find_declaration(".".join(path), subject=above)

    @staticmethod
    def _entry(scope: str, row: Declaration, value: JsonValue, where: str) -> Entry:
        return Entry(scope, row.step, row.key, row.canonical(value, subject=where))

    @staticmethod
    def _check_table(value: JsonValue, where: str, content: str) -> None:
        if not isinstance(value, Mapping):
            raise ParameterError(
                where,
                f"found {type(value).__name__}, expected a table of {content}",
                'Write { "name": value } here.',
            )


_COUNTS = frozenset(d.name for d in DECLARATIONS if d.type == "counts")


def _lookup(path: tuple[str, ...], step: str | None) -> Declaration | None:
    """Return the parameter with a path; AstroDrizzle's titles do not count."""
    dotted = ".".join(path)
    steps = (step,) if step in STEPS else STEPS
    for name in steps:
        rows = declarations_of(name)
        if dotted in rows:
            return rows[dotted]
    titles_only = step == "astrodrizzle" or all(part in _TITLES for part in path[:-1])
    if "astrodrizzle" in steps and titles_only and len(path) > 1:
        return declarations_of("astrodrizzle").get(path[-1])
    return None


def _leaves(
    table: Mapping[str, JsonValue], step: str | None, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    for name, value in table.items():
        path = (*above, name)
        if not isinstance(value, Mapping):
            yield path, value
            continue
        row = _lookup(path, step)
        if row is not None or name in _COUNTS:
            yield path, value
        else:
            yield from _leaves(value, step, path)
