"""A wrong value of a parameter is refused, however it is given, before a run."""

import json
import math
from pathlib import Path

import pytest

from svmcore.cli.main import main
from svmcore.errors import ParameterError
from svmcore.io.parameters import read_parameters
from svmcore.model.decisions import ParameterChange
from svmcore.parameters import DECLARATIONS
from svmcore.pipeline.prepare import decide, prepare_visit
from svmcore.simulation.config import VisitConfig
from svmcore.simulation.visit import write_visit

CONFIG = VisitConfig(
    instrument="wfc3/uvis",
    filters=("F606W",),
    chip_shape=(64, 64),
    exposures=2,
    has_rejected=False,
    seed=5,
)
ROWS = {
    row.key: row
    for row in DECLARATIONS
    if row.step == "astrodrizzle" and not row.is_inert
}
MISTYPED = {
    "bool": ["perhaps", 1],
    "int": ["many", 1.5, True],
    "float": ["wide", True],
    "str": [7, True],
    "scale": ["heavy", True],
    "number text": ["much", True],
    "bits": ["bad", -1, 65536, 1.5],
    "pair": ["3.5", "3.5 3.0 2.5", "a b", 3.5],
}


def _wrong_values(row):
    """Return values of a wrong type, out of range, and that are no choice."""
    wrong = list(MISTYPED[row.type])
    if row.choices:
        wrong.append("round")
    if row.type in ("int", "float"):
        wrong += [math.inf, math.nan]
        wrong += [] if row.minimum is None else [row.minimum - 1]
        wrong += [] if row.maximum is None else [row.maximum + 1]
    if row.type == "pair" and row.minimum is not None:
        wrong.append(f"{row.minimum - 1} 1.0")
    if not row.is_nullable:
        wrong.append(None)
    return wrong


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    return write_visit(tmp_path_factory.mktemp("visit"), CONFIG)


@pytest.fixture(scope="module")
def prepared(visit):
    return prepare_visit(visit.exposure_list)


def _is_explained(message, row, value):
    """Whether a message says which parameter, what was found and expected."""
    words = (row.key, "expected", row.rule)
    shown = ascii(value)
    return all(word in message for word in words) and shown in message


def test_every_parameter_has_wrong_values_of_its_own():
    numbers = [row for row in ROWS.values() if row.type in ("int", "float")]
    assert len(ROWS) > 60
    assert sum(bool(row.choices) for row in ROWS.values()) >= 8
    assert sum(row.minimum is not None for row in numbers) > 20


@pytest.mark.parametrize("key", ROWS)
def test_set_by_hand(key, prepared):
    row = ROWS[key]
    for value in _wrong_values(row):
        change = ParameterChange("*", "astrodrizzle", key, value)
        with pytest.raises(ParameterError) as refused:
            decide(prepared.visit, prepared.decisions.with_parameter(change))
        assert _is_explained(str(refused.value), row, value)


@pytest.mark.parametrize("key", ROWS)
def test_in_a_parameter_file(key, prepared, tmp_path):
    row = ROWS[key]
    (total,) = prepared.tree.totals
    compact = {"format": "svm parameters", "version": 1}
    place = {"product": "*", "step": "astrodrizzle", "key": key}
    for value in _wrong_values(row):
        for name, document in (
            (
                "custom",
                {total.basename: {"parameters": {"astrodrizzle": {key: value}}}},
            ),
            ("step", {"astrodrizzle": {key: value}}),
            ("compact", {**compact, "changes": [{**place, "value": value}]}),
        ):
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(document))
            with pytest.raises(ParameterError) as refused:
                read_parameters(path, prepared.tree)
            message = str(refused.value)
            assert path.name in message
            # JSON has no number that is not finite: the file itself is refused.
            if not isinstance(value, float) or math.isfinite(value):
                assert _is_explained(message, row, value)


def _as_word(value):
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("key", ROWS)
def test_on_the_command_line(key, visit, tmp_path, capsys):
    row, output = ROWS[key], tmp_path / "out"
    value = _wrong_values(row)[-1 if row.is_nullable else -2]
    words = ["drizzle", str(visit.exposure_list), "-o", str(output)]
    assert main([*words, "--set", f"{key}={_as_word(value)}"]) == 1
    message = " ".join(capsys.readouterr().err.split())
    assert key in message
    assert "expected" in message
    assert "Traceback" not in message
    assert not output.exists()
    assert not list(Path.cwd().iterdir())
