"""Parameter files in every form, read and written."""

import copy
import json
import random

import pytest

from svmcore.errors import ParameterError
from svmcore.io.parameters import (
    read_entries,
    read_parameter_file,
    read_parameters,
    write_compact_file,
    write_custom_file,
)
from svmcore.model.decisions import ParameterChange
from svmcore.parameters import select_all
from svmcore.parameters.overrides import is_same_value

TOTAL = "hst_11665_06_wfc3_ir_total_ib4606"
FILTER = "hst_11665_06_wfc3_ir_f160w_ib4606"
EXPOSURE = "hst_11665_06_wfc3_ir_f160w_ib460600"
QUALITY = "quality control"
CI = "ci filter.aperture"


@pytest.fixture(scope="module")
def tree(make_tree):
    return make_tree({"wfc3_ir": {"F160W": 2}})


@pytest.fixture
def write(tmp_path):
    """Write a document and return its path."""

    def write(document):
        path = tmp_path / "mine.json"
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def template(tree, tmp_path_factory):
    """The complete file with the shipped values, as a document."""
    path = tmp_path_factory.mktemp("template") / "all.json"
    write_custom_file(path, tree, select_all(tree))
    return json.loads(path.read_text(encoding="utf-8"))


def value(sets, product, step, key):
    return sets[product].value(step, key)


CHANGES = (
    ParameterChange(
        "*", "astrodrizzle", "final_pixfrac", 0.7, "me", "test", "2026-01-01"
    ),
    ParameterChange("filter", "astrodrizzle", "driz_cr_snr", "6.0 5.0"),
    ParameterChange("f160w", "astrodrizzle", "final_bits", "16"),
    ParameterChange(
        TOTAL, "alignment", "run_align.mosaic_fit_list", ["match_2dhist_fit"]
    ),
    ParameterChange(
        "*", "alignment", "run_align.mosaic_fitgeom_list", {"general": 25, "rscale": 12}
    ),
    ParameterChange("*", "catalog generation", "sourcex.nlevels", 32),
    ParameterChange(FILTER, QUALITY, f"{CI}.ci_upper_limit", 2.5),
)


def test_a_complete_file_replays(tree, tmp_path):
    sets = select_all(tree, CHANGES)
    path = tmp_path / "custom.json"
    write_custom_file(path, tree, sets)
    again = select_all(tree, read_parameter_file(path, tree))
    assert {n: s.sections for n, s in again.items()} == {
        n: s.sections for n, s in sets.items()
    }
    assert again[FILTER].origin("astrodrizzle", "final_bits").source == "custom.json"


def test_a_complete_file_has_both_sections_complete_and_equal(tree, tmp_path):
    path = tmp_path / "custom.json"
    write_custom_file(path, tree, select_all(tree, CHANGES))
    document = json.loads(path.read_text(encoding="utf-8"))
    assert list(document) == [TOTAL, FILTER, EXPOSURE, EXPOSURE.replace("00", "01")]
    for block in document.values():
        assert list(block) == ["parameters", "default_values"]
        assert block["parameters"] == block["default_values"]
        assert len(block["parameters"]["astrodrizzle"]) == 97
    limits = document[FILTER]["parameters"][QUALITY]["ci filter"]["aperture"]
    assert limits["lookup_ci_limits_from_table"] is False
    assert (limits["ci_lower_limit"], limits["ci_upper_limit"]) == (0.5, 2.5)


def test_a_compact_file_replays_with_its_origins(tree, tmp_path):
    path = tmp_path / "compact.json"
    write_compact_file(path, tree, CHANGES, written="2026-01-02T03:04:05Z")
    assert read_parameter_file(path, tree) == CHANGES
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["written"] == "2026-01-02T03:04:05Z"
    assert document["changes"][0]["origin"] == {
        "who": "me",
        "when": "2026-01-01",
        "why": "test",
    }
    assert document["changes"][0]["default"] == 1.0


def test_a_compact_file_holds_only_what_differs(tree, tmp_path):
    path = tmp_path / "compact.json"
    same = ParameterChange("*", "astrodrizzle", "final_pixfrac", 1.0)
    write_compact_file(path, tree, [same])
    assert json.loads(path.read_text(encoding="utf-8"))["changes"] == []
    write_compact_file(path, tree, [CHANGES[0], same], overwrite=True)
    assert len(read_parameter_file(path, tree)) == 2  # the second takes the first back


@pytest.mark.parametrize("kind", ["custom", "compact"])
def test_equal_parameters_give_equal_bytes(kind, tree, tmp_path):
    for name in ("a.json", "b.json"):
        if kind == "custom":
            write_custom_file(tmp_path / name, tree, select_all(tree, CHANGES))
        else:
            write_compact_file(tmp_path / name, tree, CHANGES)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_an_existing_file_is_kept_unless_told(tree, tmp_path):
    path = tmp_path / "custom.json"
    path.write_text("precious", encoding="utf-8")
    for write_file in (
        lambda: write_custom_file(path, tree, select_all(tree)),
        lambda: write_compact_file(path, tree, CHANGES),
    ):
        with pytest.raises(ParameterError, match="exists already"):
            write_file()
    assert path.read_text(encoding="utf-8") == "precious"
    write_custom_file(path, tree, select_all(tree), overwrite=True)
    assert read_parameter_file(path, tree) == ()


def test_an_incomplete_selection_is_not_written(tree, tmp_path):
    with pytest.raises(ParameterError, match="has no parameters"):
        write_custom_file(tmp_path / "custom.json", tree, {})
    assert not list(tmp_path.iterdir())


def test_ramp_filters_are_in_the_file_though_nothing_selected_them(make_tree, tmp_path):
    tree = make_tree({"acs_wfc": {"F606W": 1, "FR647M": 2}})
    sets = select_all(tree)
    path = tmp_path / "custom.json"
    ramp = "hst_11665_06_acs_wfc_fr647m_jb4606"
    write_custom_file(path, tree, {n: s for n, s in sets.items() if n != ramp})
    assert ramp in json.loads(path.read_text(encoding="utf-8"))
    assert read_parameter_file(path, tree) == ()


def test_a_change_that_has_no_effect_is_noted(tree, write):
    found = read_parameters(write({"runfile": "my.log", "final_pixfrac": 0.5}), tree)
    assert len(found.changes) == 2
    assert found.notes == (
        (
            "mine.json → astrodrizzle → runfile changes nothing: "
            "every product writes its own trailer file"
        ),
    )


def test_a_product_of_a_rejected_exposure_is_passed_over(
    make_tree, template, tree, write
):
    fewer = make_tree({"wfc3_ir": {"F160W": 1}})
    document = copy.deepcopy(template)
    found = read_parameters(write(document), fewer)
    missing = EXPOSURE.replace("00", "01")
    assert f"mine.json → {missing}: the visit has no such product" in found.notes
    document[EXPOSURE.replace("00", "07")] = document.pop(missing)
    with pytest.raises(ParameterError, match=f"Did you mean {missing}"):
        read_parameters(write(document), tree)


def test_parameters_wins_over_default_values_and_a_note_says_so(tree, template, write):
    document = copy.deepcopy(template)
    document[FILTER]["parameters"]["astrodrizzle"]["final_pixfrac"] = 0.5
    document[FILTER]["default_values"]["astrodrizzle"]["final_pixfrac"] = 0.6
    found = read_parameters(write(document), tree)
    assert [(c.product, c.value) for c in found.changes] == [(FILTER, 0.5)]
    assert found.notes == (
        (
            f"mine.json → {FILTER}: parameters and default_values differ in 1 "
            "(final_pixfrac); parameters is used"
        ),
    )


def test_default_values_alone_are_used_and_a_note_says_so(tree, template, write):
    document = copy.deepcopy(template)
    for block in document.values():
        del block["parameters"]
    document[TOTAL]["default_values"]["astrodrizzle"]["final_bits"] = 32
    found = read_parameters(write(document), tree)
    assert [(c.product, c.value) for c in found.changes] == [(TOTAL, "32")]
    assert "only default_values is there" in found.notes[0]


def test_a_limit_edited_beside_the_look_up_is_meant(tree, template, write):
    document = copy.deepcopy(template)
    block = document[FILTER]["parameters"][QUALITY]["ci filter"]["aperture"]
    assert block["lookup_ci_limits_from_table"] is True
    block["ci_upper_limit"] = 2.5
    sets = select_all(tree, read_parameter_file(write(document), tree))
    assert value(sets, FILTER, QUALITY, f"{CI}.ci_upper_limit") == 2.5
    assert value(sets, FILTER, QUALITY, f"{CI}.lookup_ci_limits_from_table") is False


def test_a_general_limit_beside_the_look_up_is_no_edit(tree, write):
    shipped = {
        "lookup_ci_limits_from_table": True,
        "ci_lower_limit": 0.25,
        "ci_upper_limit": 0.55,
    }
    assert read_parameter_file(write({"ci filter": {"aperture": shipped}}), tree) == ()
    del shipped["lookup_ci_limits_from_table"]
    found = read_parameter_file(write({"ci filter": {"aperture": shipped}}), tree)
    assert [c.value for c in found] == [0.25, 0.55]


FORMS = {
    "product, sections": {
        FILTER: {"parameters": {"astrodrizzle": {"final_pixfrac": 0.5}}}
    },
    "product, steps": {FILTER: {"astrodrizzle": {"final_pixfrac": 0.5}}},
    "product, titles": {
        FILTER: {
            "astrodrizzle": {
                "STEP 7: DRIZZLE FINAL COMBINED IMAGE": {"final_pixfrac": 0.5}
            }
        }
    },
    "product, other titles": {
        FILTER: {"astrodrizzle": {"whatever": {"it is": {"final_pixfrac": 0.5}}}}
    },
    "product, parameters by name": {FILTER: {"final_pixfrac": 0.5}},
    "steps": {"astrodrizzle": {"final_pixfrac": 0.5}},
    "sections": {"parameters": {"astrodrizzle": {"final_pixfrac": 0.5}}},
    "titles": {"STEP 7: DRIZZLE FINAL COMBINED IMAGE": {"final_pixfrac": 0.5}},
    "parameters by name": {"final_pixfrac": 0.5},
    "parameters with steps": {"astrodrizzle:final_pixfrac": 0.5},
    "scope": {"wfc3_ir filter": {"final_pixfrac": 0.5}},
}


@pytest.mark.parametrize("document", FORMS.values(), ids=FORMS)
def test_every_form_is_understood(document, tree, write):
    sets = select_all(tree, read_parameter_file(write(document), tree))
    assert value(sets, FILTER, "astrodrizzle", "final_pixfrac") == 0.5
    changed = [override for found in sets.values() for override in found.overrides]
    assert {override.key for override in changed} == {"final_pixfrac"}
    has_product = FILTER in document or "wfc3_ir filter" in document
    assert len(changed) == (1 if has_product else 4)


@pytest.mark.parametrize(
    ("document", "step", "key", "expected"),
    [
        (
            {"match_relative_fit": {"searchrad": 99}},
            "alignment",
            "match_relative_fit.searchrad",
            99,
        ),
        (
            {"alignment": {"match_relative_fit.searchrad": 99}},
            "alignment",
            "match_relative_fit.searchrad",
            99,
        ),
        ({"nsigma": 4, "sourcex": {"nlevels": 8}}, "catalog generation", "nsigma", 4),
        (
            {"catalog generation": {"nlevels": 8}},
            "catalog generation",
            "sourcex.nlevels",
            8,
        ),
        (
            {"run_align": {"mosaic_fitgeom_list": {"shift": 3}}},
            "alignment",
            "run_align.mosaic_fitgeom_list",
            {"shift": 3},
        ),
        (
            {"mosaic_fitgeom_list": {"shift": 3}},
            "alignment",
            "run_align.mosaic_fitgeom_list",
            {"shift": 3},
        ),
        (
            {"ci filter": {"segment": {"bthresh": 6}}},
            QUALITY,
            "ci filter.segment.bthresh",
            6,
        ),
    ],
)
def test_partial_files_of_every_step(document, step, key, expected, tree, write):
    sets = select_all(tree, read_parameter_file(write(document), tree))
    assert value(sets, TOTAL, step, key) == expected


@pytest.mark.parametrize("names", [("*", FILTER), (FILTER, "*")])
def test_a_product_by_name_wins_over_a_scope_in_any_order(names, tree, write):
    values = {"*": {"final_pixfrac": 0.5}, FILTER: {"final_pixfrac": 0.7}}
    document = {name: values[name] for name in names}
    sets = select_all(tree, read_parameter_file(write(document), tree))
    assert value(sets, FILTER, "astrodrizzle", "final_pixfrac") == 0.7


def test_a_product_can_take_back_what_the_file_sets_for_all(tree, write):
    document = {"*": {"final_pixfrac": 0.5}, FILTER: {"final_pixfrac": 1.0}}
    sets = select_all(tree, read_parameter_file(write(document), tree))
    assert value(sets, FILTER, "astrodrizzle", "final_pixfrac") == 1.0
    assert value(sets, TOTAL, "astrodrizzle", "final_pixfrac") == 0.5


WRONG = {
    "misspelled parameter": (
        {FILTER: {"parameters": {"astrodrizzle": {"final_pixfrak": 1}}}},
        (
            f"mine.json → {FILTER} → parameters → astrodrizzle → final_pixfrak: "
            "unknown parameter. Did you mean final_pixfrac"
        ),
    ),
    "misspelled in a section": (
        {"alignment": {"match_relative_fit": {"serchrad": 1}}},
        (
            "alignment → match_relative_fit.serchrad: unknown parameter. "
            "Did you mean match_relative_fit.searchrad"
        ),
    ),
    "wrong section": (
        {"alignment": {"run_align": {"box_size": 9}}},
        "There is generate_source_catalogs.box_size",
    ),
    "misspelled step": (
        {"astrodrizle": {"final_pixfrac": 1}},
        "Did you mean astrodrizzle",
    ),
    "misspelled step of a product": (
        {FILTER: {"parameters": {"alignement": {"general": {}}}}},
        "unknown step or section. Did you mean alignment",
    ),
    "misspelled product": (
        {FILTER.replace("f160w", "f165w"): {"final_pixfrac": 1}},
        f"Did you mean {FILTER}",
    ),
    "misspelled section": (
        {FILTER: {"parameters": {}, "default_value": {}}},
        "Did you mean default_values",
    ),
    "several parameters": ({"bthresh": 5}, "stands for 2 parameters"),
    "type": ({"final_pixfrac": "0.5"}, "found '0.5', expected a number"),
    "range": ({"final_pixfrac": 5}, "from 0.01 to 1.0"),
    "choice": ({"final_kernel": "squar"}, "expected a text among square"),
    "null": ({"final_pixfrac": None}, "found None, expected a number"),
    "table for a value": ({"astrodrizzle": {"final_pixfrac": {}}}, "expected a number"),
    "value for a table": ({"astrodrizzle": 3}, "found int, expected a table"),
    "value for a product": ({FILTER: 3}, "found int, expected a table of steps"),
    "value for sections": (
        {FILTER: {"parameters": []}},
        "found list, expected a table",
    ),
    "other detector": ({"swarm filter": {"cuts_list": [1.0]}}, ""),
    "list": ([1, 2], "holds a list, not a table"),
    "no JSON": ("{", "is not JSON"),
    "NaN": ('{"final_fillval": NaN}', "NaN is no number"),
    "twice": ('{"final_pixfrac": 1, "final_pixfrac": 0.5}', "is given twice"),
    "another file": ({"format": "svm decisions"}, "is a file of 'svm decisions'"),
    "deep": ("[" * 100000 + "]" * 100000, "is nested too deeply"),
    "line break in a name": (
        {"final\npixfrac": 1},
        "final\\npixfrac: unknown parameter",
    ),
    "half a character": ({"\ud800": 1}, "\\ud800: unknown parameter"),
    "line break in a value": ({"gnkeyword": "a\nb"}, "found 'a\\nb', expected a text"),
    "long name": ({"x" * 5000: 1}, "x…: unknown parameter"),
    "order": ({"aperture_1": 3.0}, ""),
}


@pytest.mark.parametrize(("document", "words"), WRONG.values(), ids=WRONG)
def test_wrong_files_are_refused_in_one_line(document, words, make_tree, write):
    tree = make_tree({"wfc3_ir": {"F160W": 2}, "acs_wfc": {"F606W": 1}})
    with pytest.raises(ParameterError) as caught:
        select_all(tree, read_parameter_file(write(document), tree))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "mine.json" in str(caught.value)


COMPACT = {
    "format": "svm parameters",
    "version": 1,
    "changes": [
        {
            "product": "*",
            "step": "astrodrizzle",
            "key": "final_pixfrac",
            "value": 0.5,
            "origin": {"who": "me", "when": "", "why": ""},
        }
    ],
}


def _compact(**facts):
    document = copy.deepcopy(COMPACT)
    document["changes"][0].update(facts)
    return document


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**COMPACT, "version": 2}, "found 2, expected 1"),
        ({**COMPACT, "changes": {}}, "found dict, expected a list"),
        ({**COMPACT, "changes": [3]}, "changes[0]: found int, expected a table"),
        ({**COMPACT, "change": []}, "Did you mean changes"),
        (_compact(product="f165w"), "Did you mean f160w"),
        (_compact(product=3), "found int, expected a text"),
        (_compact(key="final_pixfrak"), "Did you mean final_pixfrac"),
        (_compact(key=None), "changes[0] → key: is missing"),
        (_compact(value=7), "from 0.01 to 1.0"),
        (_compact(origin="me"), "found str, expected a table"),
        (_compact(origin={"whoo": "me"}), "Did you mean who"),
        (_compact(colour="red"), "unknown name"),
    ],
)
def test_wrong_compact_files_are_refused(document, words, tree, write):
    assert len(read_parameter_file(write(COMPACT), tree)) == 1
    with pytest.raises(ParameterError) as caught:
        read_parameter_file(write(document), tree)
    assert words in str(caught.value)


def test_a_compact_row_needs_a_value(tree, write):
    document = copy.deepcopy(COMPACT)
    del document["changes"][0]["value"]
    with pytest.raises(ParameterError, match="value: is missing"):
        read_parameter_file(write(document), tree)


def test_files_that_cannot_be_read(tree, tmp_path):
    with pytest.raises(ParameterError, match="cannot be read"):
        read_parameter_file(tmp_path / "none.json", tree)
    with pytest.raises(ParameterError, match="cannot be read"):
        read_parameter_file(tmp_path, tree)
    path = tmp_path / "latin.json"
    path.write_bytes(b'{"runfile": "\xe4"}')
    with pytest.raises(ParameterError, match="is not UTF-8"):
        read_parameter_file(path, tree)


def test_a_byte_order_mark_is_no_obstacle(tree, tmp_path):
    path = tmp_path / "marked.json"
    path.write_text('{"final_pixfrac": 0.5}', encoding="utf-8-sig")
    assert len(read_parameter_file(path, tree)) == 1


def test_values_can_be_read_without_a_visit(template, write):
    rows = read_entries(write(template))
    assert len(rows) == 4 * 211
    assert [row.value for row in read_entries(write(COMPACT))] == [0.5]
    assert rows[0].product == TOTAL


STRANGE = (
    *(None, True, False, 0, 1, -1, 0.5, 1e308, 10**30, "", "x", "16", "3.5 3.0"),
    *([], [1], ["a"], {}, {"a": 1}, [[1]], "\u0663", "1e999"),
)


def _places(node, above=()):
    for key in node if isinstance(node, dict) else ():
        yield (*above, key)
        yield from _places(node[key], (*above, key))


def _mutate_document(document, chance):
    """Change, rename, remove or move one place of a document."""
    place = chance.choice(list(_places(document)))
    node = document
    for key in place[:-1]:
        node = node[key]
    match chance.randrange(4):
        case 0:
            node[place[-1]] = copy.deepcopy(chance.choice(STRANGE))
        case 1:
            name = list(place[-1])
            name[chance.randrange(len(name))] = chance.choice("xX_. ")
            node["".join(name)] = node.pop(place[-1])
        case 2:
            del node[place[-1]]
        case 3:
            document[place[-1]] = copy.deepcopy(node[place[-1]])
    return json.dumps(document)


def _mutate_text(document, chance):
    """Remove, double or replace a few characters of the file itself."""
    text = json.dumps(document)
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(text))
        end = start + chance.randrange(1, 12)
        new = chance.choice(["", text[start:end] * 2, "\0", '"', "{", "}", ",", "1e9"])
        text = text[:start] + new + text[end:]
    return text


def _given_values(document):
    """Yield product, step, dotted path and value of complete products."""
    for product, block in document.items():
        if product not in (TOTAL, FILTER, EXPOSURE) or not isinstance(block, dict):
            continue
        section = block.get("parameters", block.get("default_values", {}))
        for step, table in section.items():
            for path in _places(table):
                node = table
                for key in path:
                    node = node[key]
                if not isinstance(node, dict):
                    yield product, step, ".".join(path), node


@pytest.mark.parametrize("mutate", [_mutate_document, _mutate_text])
def test_mutated_files_are_refused_or_meant(mutate, tree, template, write):
    chance = random.Random(20121108)
    refused = []
    small = {FILTER: template[FILTER]}
    for _ in range(200):
        text = mutate(copy.deepcopy(small), chance)
        path = write(text)
        try:
            sets = select_all(tree, read_parameter_file(path, tree))
        except ParameterError as error:
            refused.append(str(error))
            continue
        for product, step, key, given in _given_values(json.loads(text)):
            section = sets[product].section(step)
            if key in section:
                row = section[key]
                limit = key.endswith(("ci_lower_limit", "ci_upper_limit"))
                assert limit or is_same_value(row, given) or row == str(given), key
    assert 20 < len(refused) < 200
    assert all("\n" not in text and "mine.json" in text for text in refused)


def test_a_strange_table_is_refused_without_a_visit_too(write):
    with pytest.raises(ParameterError, match="unknown product, step or section"):
        read_entries(write({FILTER: {"final_pixfrac": 0.5}}))
