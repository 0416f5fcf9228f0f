"""Damaged pollers and files: an error of ours or a right result, nothing else."""

import json
import random

import pytest

from svmcore.errors import SvmError
from svmcore.filtering import judge_exposures
from svmcore.io.products import products_to_json
from svmcore.io.visit import read_visit
from svmcore.model.names import parse_name
from svmcore.products import group_products

ROWS = (
    "ib460601q_flt.fits,11665,B46,06,100.0,F160W,IR,/archive/ib460601q_flt.fits",
    "ib460602q_flt.fits,11665,B46,06,100.0,F160W,IR,/archive/ib460602q_flt.fits",
    "jb460603q_flt.fits,11665,B46,06,100.0,F606W;CLEAR2L,WFC,/a/jb460603q_flt.fits",
)
SCRAPS = [
    "",
    ",",
    "\x00",
    "\n",
    "NaN",
    "-1",
    "1e400",
    "../../etc/passwd",
    "é",
    "#",
    "'",
]


@pytest.fixture
def visit_folder(write_exposure, tmp_path):
    write_exposure(tmp_path, "wfc3_ir", 1)
    write_exposure(tmp_path, "wfc3_ir", 2, EXPTIME=50.0)
    write_exposure(tmp_path, "acs_wfc", 3)
    return tmp_path


def mutated_text(text, dice):
    characters = list(text)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(characters))
        length = dice.choice([0, 1, 1, 5, 30])
        characters[start : start + length] = list(dice.choice(SCRAPS))
    return "".join(characters)


def mutated_header(content, dice):
    """Change some bytes of the headers, mostly within values of cards."""
    changed = bytearray(content)
    cards = [i for i in range(0, len(content), 80) if content[i + 8 : i + 10] == b"= "]
    for _ in range(dice.randint(1, 4)):
        card = dice.choice(cards)
        kind = dice.randrange(4)
        if kind == 0:  # another value
            value = dice.choice([b"T", b"-1", b"1E400", b"'x y/z'", b"", b"nan", b"'"])
            changed[card + 10 : card + 80] = value.rjust(20).ljust(70)
        elif kind == 1:  # a keyword lost
            changed[card : card + 8] = b"GONE    "
        elif kind == 2:  # any byte
            changed[card + dice.randrange(80)] = dice.randrange(256)
        else:  # cut
            del changed[dice.randrange(1, len(changed)) :]
            break
    return bytes(changed)


def check(source, folder):
    """The visit is read into a right tree, or refused with an error of ours."""
    refusal = None
    try:
        visit = read_visit(source, data_folder=folder)
    except SvmError as error:
        refusal = error
    if refusal is not None:
        assert refusal.subject
        assert refusal.problem
        return
    verdicts = judge_exposures(visit.exposures)
    tree = group_products(visit.exposures, verdicts)
    for product in tree.products:
        assert parse_name(product.basename) is not None
    json.dumps(products_to_json(visit, verdicts, tree), allow_nan=False)
    accepted = sum(verdict.accepted for verdict in verdicts)
    used = {e.rootname for total in tree.totals for e in total.exposures}
    extra = sum(len(total.ramps) + len(total.grisms) for total in tree.totals)
    assert len(used) + extra + len(tree.left_out) == accepted


@pytest.mark.parametrize("seed", range(30))
def test_mutated_pollers(visit_folder, seed):
    dice = random.Random(seed)
    poller = visit_folder / "visit.out"
    poller.write_text(mutated_text("\n".join(ROWS) + "\n", dice))
    check(poller, visit_folder)


@pytest.mark.parametrize("seed", range(30))
def test_mutated_headers(visit_folder, seed):
    dice = random.Random(seed)
    path = dice.choice(sorted(visit_folder.glob("*.fits")))
    path.write_bytes(mutated_header(path.read_bytes(), dice))
    check(visit_folder, visit_folder)
