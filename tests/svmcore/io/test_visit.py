"""Visits from pollers, lists, folders and paths."""

import gzip
import os

import numpy as np
import pytest
from astropy.io import fits

from svmcore.errors import InputError
from svmcore.filtering import judge_exposures
from svmcore.inputs import parse_listing, split_file_name
from svmcore.io.visit import read_exposure, read_visit
from svmcore.model.product import FilterProduct, TotalProduct
from svmcore.products import group_products


def poller_row(file, **changes):
    row = {
        "name": file.name,
        "proposal": "11665",
        "program": file.name[1:4].upper(),
        "obset": file.name[4:6],
        "exptime": "100.0",
        "filters": "F160W",
        "detector": "IR",
        "path": str(file),
    }
    return ",".join((row | changes).values())


def write_list(folder, *lines, name="visit.out"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def names_of(visit):
    return [exposure.rootname for exposure in visit.exposures]


@pytest.fixture
def files(write_exposure, tmp_path):
    return [write_exposure(tmp_path, number=number) for number in (1, 2, 3)]


def test_plain_list_beside_its_files(files, tmp_path):
    visit = read_visit(write_list(tmp_path, *[path.name for path in files]))
    assert names_of(visit) == ["ib460601q", "ib460602q", "ib460603q"]
    assert visit.name == "visit"
    assert visit.faults == visit.notes == ()


def test_poller_with_files_in_another_folder(files, tmp_path):
    (tmp_path / "lists").mkdir()
    rows = [poller_row(path, path="nowhere") for path in files]
    poller = write_list(tmp_path / "lists", *rows)
    visit = read_visit(str(poller), data_folder=tmp_path)
    assert len(visit.exposures) == 3
    with pytest.raises(InputError, match="was not found"):
        read_visit(poller)


def test_poller_with_files_at_their_own_paths(files, tmp_path):
    (tmp_path / "lists").mkdir()
    poller = write_list(tmp_path / "lists", *[poller_row(path) for path in files])
    assert len(read_visit(poller).exposures) == 3


def test_poller_path_relative_to_the_data_folder(write_exposure, tmp_path):
    (tmp_path / "cache" / "ib46").mkdir(parents=True)
    path = write_exposure(tmp_path / "cache" / "ib46")
    poller = write_list(tmp_path, poller_row(path, path=f"ib46/{path.name}"))
    visit = read_visit(poller, data_folder=tmp_path / "cache")
    assert visit.exposures[0].path == path


def test_given_folder_wins_over_the_list_s_own(write_exposure, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_exposure(tmp_path, EXPTIME=1.0)
    path = write_exposure(other, EXPTIME=2.0)
    visit = read_visit(write_list(tmp_path, path.name), data_folder=other)
    assert visit.exposures[0].exptime_s == 2.0


def test_aperture_column_replaces_the_header_s(write_exposure, tmp_path):
    path = write_exposure(tmp_path, "wfpc2_pc", APERTURE="WFALL")
    visit = read_visit(write_list(tmp_path, f"{path.name}, PC1-FIX;F160BN15"))
    assert visit.exposures[0].aperture == "PC1-FIX;F160BN15"


def test_folder_with_both_kinds_and_earlier_products(write_exposure, tmp_path):
    write_exposure(tmp_path, "acs_wfc", 1, suffix="flc")
    write_exposure(tmp_path, "acs_wfc", 2)
    copy = write_exposure(tmp_path, "acs_wfc", 3)
    copy.rename(tmp_path / "hst_11665_06_acs_wfc_f606w_jb460603_flt.fits")
    (tmp_path / "notes.txt").write_text("x")
    visit = read_visit(tmp_path)
    assert names_of(visit) == ["jb460601q", "jb460602q"]
    assert visit.name == tmp_path.name
    assert "earlier processing" in visit.notes[0].text


def test_paths_in_a_python_list(files):
    visit = read_visit(files)
    assert len(visit.exposures) == 3
    assert visit.name == "ib4606"
    assert len(read_visit([str(files[0])]).exposures) == 1


def test_one_exposure_is_a_visit(files):
    assert names_of(read_visit(files[1])) == ["ib460602q"]


@pytest.mark.parametrize(
    "listed",
    ["ib460601q", "IB460601Q", "ib460601q_flt", "IB460601Q_FLT.FITS", "IB460601Q_FLT"],
)
def test_names_are_found_however_they_are_spelled(files, tmp_path, listed):
    (tmp_path / "lists").mkdir()
    for row in (listed, poller_row(files[0], name=listed)):
        source = write_list(tmp_path / "lists", row)
        assert names_of(read_visit(source, data_folder=tmp_path)) == ["ib460601q"]
    (tmp_path / "packed").mkdir()
    packed = tmp_path / "packed" / (files[0].name + ".gz")
    packed.write_bytes(gzip.compress(files[0].read_bytes()))
    assert names_of(read_visit(write_list(tmp_path / "packed", listed)))


def test_one_exposure_in_two_spellings_is_a_fault(files, tmp_path):
    visit = read_visit(write_list(tmp_path, "ib460601q", files[0].name))
    (fault,) = visit.faults
    assert "already is" in fault.problem


def test_of_a_rootname_the_flc_file_is_read(write_exposure, tmp_path):
    write_exposure(tmp_path, "acs_wfc", suffix="flt")
    write_exposure(tmp_path, "acs_wfc", suffix="flc")
    visit = read_visit(write_list(tmp_path, "jb460601q"))
    assert [exposure.suffix for exposure in visit.exposures] == ["flc"]


def test_gzipped_file_stands_in_for_the_plain_one(files, tmp_path):
    packed = files[0].with_name(files[0].name + ".gz")
    packed.write_bytes(gzip.compress(files[0].read_bytes()))
    plain = read_exposure(files[0])
    files[0].unlink()
    visit = read_visit(write_list(tmp_path, files[0].name))
    assert visit.exposures[0].chips == plain.chips
    assert visit.exposures[0].keywords == plain.keywords


def test_missing_file_is_a_fault_and_the_others_load(files, tmp_path):
    source = write_list(tmp_path, files[0].name, "ib4606zzq_flt.fits", files[1].name)
    visit = read_visit(source)
    assert len(visit.exposures) == 2
    (fault,) = visit.faults
    assert fault.is_missing
    assert fault.subject == "visit.out, line 2"
    assert "ib4606zzq_flt.fits was not found in" in fault.problem


def test_a_link_to_a_file_that_is_gone_is_a_fault_of_its_folder(files, tmp_path):
    (tmp_path / "ib4606zzq_flt.fits").symlink_to(tmp_path / "gone")
    visit = read_visit(tmp_path)
    (fault,) = visit.faults
    assert "ib4606zzq_flt.fits was not found in" in fault.problem


def test_a_missing_file_can_be_retrieved(files, tmp_path):
    asked = []

    def retrieve(name):
        asked.append(name)
        return files[0]

    source = write_list(tmp_path / "..", name=f"{tmp_path.name}.lst")
    source.write_text(files[0].name)
    assert names_of(read_visit(source, retrieve=retrieve)) == ["ib460601q"]
    assert asked == [files[0].name]
    source.unlink()


@pytest.mark.parametrize("name", ["ERR", "DQ"])
def test_planes_of_another_shape_than_the_image_are_refused(
    write_exposure, tmp_path, name
):
    path = write_exposure(tmp_path)
    with fits.open(path) as units:
        planes = [unit.copy() for unit in units if unit.name != name]
        planes.append(fits.ImageHDU(np.zeros((3, 2), np.int16), name=name, ver=1))
    fits.HDUList(planes).writeto(path, overwrite=True)
    with pytest.raises(InputError, match=rf"{name},1 has the shape \(3, 2\), expected"):
        read_exposure(path)


def test_a_broken_file_is_a_fault_with_its_line(files, tmp_path):
    files[1].write_bytes(files[1].read_bytes()[:10_000])
    visit = read_visit(write_list(tmp_path, "# visit", *[path.name for path in files]))
    (fault,) = visit.faults
    assert fault.subject == "visit.out, line 3"
    assert "is cut short" in fault.problem
    assert files[1].name in fault.problem
    assert not fault.is_missing


def test_one_exposure_under_two_names_is_a_fault(files, tmp_path):
    copy = tmp_path / "copy_flt.fits"
    copy.write_bytes(files[0].read_bytes())
    visit = read_visit([files[0], copy])
    assert "is exposure ib460601q, which ib460601q_flt.fits already is" in str(
        visit.faults[0]
    )


def test_a_row_that_contradicts_the_header_is_noted(files, tmp_path):
    visit = read_visit(write_list(tmp_path, poller_row(files[0], exptime="99.0")))
    (note,) = visit.notes
    assert note.subject == "visit.out, line 1"
    assert "exposure time 99 s, the file has 100 s" in note.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "names no exposure"),
        (b"# nothing\n\n", "names no exposure"),
        (b"a,b,c\n", "line 1: has 3 columns, expected 1, 2 or 8"),
        (b"ib4606010_asn.fits\n", "ib4606010_asn.fits was not found"),
        (b"\xff\xfe\x00bad", "is not a text file"),
        (b"x" * 5000, "cannot be looked for .File name too long"),
        (b"x_flt.fits\n" * 400_000, "is too large to be a list"),
        (
            b"a_flt.fits\nb_flt.fits\n",
            "none of 2 listed exposures can be used; the fir",
        ),
    ],
    ids=[
        "empty",
        "comment",
        "columns",
        "asn",
        "binary",
        "long",
        "large",
        "all missing",
    ],
)
def test_a_list_without_any_usable_exposure_is_an_error(tmp_path, content, words):
    path = tmp_path / "visit.lst"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_visit(path)
    assert "visit.lst" in str(caught.value)


def test_a_path_to_another_exposure_is_a_fault(files, tmp_path):
    row = poller_row(files[0], name="ib4606zzq_flt.fits")
    visit = read_visit(write_list(tmp_path, row, poller_row(files[1])))
    assert names_of(visit) == ["ib460602q"]
    assert "names ib4606zzq_flt.fits, but its path leads to ib460601q" in str(
        visit.faults[0]
    )


def test_the_data_folder_must_be_one(files, tmp_path):
    with pytest.raises(InputError, match="nowhere: is not a folder"):
        read_visit(tmp_path, data_folder=tmp_path / "nowhere")


def _kind_of(row):
    known = {"WFC": "acs_wfc", "IR": "wfc3_ir", "UVIS": "wfc3_uvis"}
    return known[row.detector]


@pytest.mark.parametrize(
    ("name", "basenames"),
    [
        (
            "acs_97e_06_input.out",
            [
                "hst_10374_06_acs_wfc_total_j97e06",
                "hst_10374_06_acs_wfc_f606w_j97e06",
                "hst_10374_06_acs_wfc_f814w_j97e06",
                "hst_10374_06_acs_wfc_f625w_j97e06",
                "hst_10374_06_acs_wfc_f775w_j97e06",
                "hst_10374_06_acs_wfc_f555w_j97e06",
                "hst_10374_06_acs_wfc_f850lp_j97e06",
            ],
        ),
        (
            "wfc3_byt_50_input.out",
            [
                "hst_13023_50_wfc3_ir_total_ibyt50",
                "hst_13023_50_wfc3_ir_f140w_ibyt50",
                "hst_13023_50_wfc3_uvis_total_ibyt50",
                "hst_13023_50_wfc3_uvis_f606w_ibyt50",
            ],
        ),
    ],
)
def test_products_of_real_pollers(
    shared_data, write_exposure, tmp_path, name, basenames
):
    poller = shared_data / "poller" / name
    for row in parse_listing(poller.read_text(), subject=name).rows:
        filters = dict(zip(("FILTER1", "FILTER2"), row.filters, strict=False))
        is_acs = row.detector == "WFC"
        is_grism = row.filters[0].startswith("G")
        stem, suffix = split_file_name(row.file_name)
        write_exposure(
            tmp_path,
            _kind_of(row),
            rootname=stem,
            suffix=suffix,
            EXPTIME=row.exptime_s,
            PROPOSID=int(row.proposal_id),
            OBSTYPE="SPECTROSCOPIC" if is_grism else "IMAGING",
            **(filters if is_acs else {"FILTER": row.filters[0]}),
        )
    visit = read_visit(poller, data_folder=tmp_path)
    assert visit.faults == visit.notes == ()
    tree = group_products(visit.exposures, judge_exposures(visit.exposures))
    combined = [
        product.basename
        for product in tree.products
        if isinstance(product, (TotalProduct, FilterProduct))
    ]
    assert combined == basenames
    grisms = [member.filter_name for total in tree.totals for member in total.grisms]
    assert grisms == (["g800l"] * 2 + ["g800l-f814w"] * 4 if "acs" in name else [])


def test_no_list_and_no_files(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_visit(tmp_path / "visit.lst")
    with pytest.raises(InputError, match="names no exposure"):
        read_visit(tmp_path)
    with pytest.raises(InputError, match="names no exposure"):
        read_visit([])


def test_what_is_no_regular_file_is_not_read(tmp_path):
    pipe = tmp_path / "ib460601q_flt.fits"
    os.mkfifo(pipe)  # opening it would wait for ever
    with pytest.raises(InputError, match="was not found"):
        read_visit([pipe])
    pipe = tmp_path / "visit.lst"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="is not a regular file"):
        read_visit(pipe)


def test_inputs_are_left_as_they_are(files, tmp_path):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    read_visit(tmp_path)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in files} == before
    assert len(list(tmp_path.iterdir())) == 3


def test_real_exposures(shared_data):
    visit = read_visit(shared_data / "hrc_47tuc" / "visit.lst")
    assert names_of(visit) == ["j8bt06nyq", "j8bt06o6q", "j8bt05njq"]
    assert [e.filter_name for e in visit.exposures] == ["f606w", "f606w", "f555w"]
    assert "2 visits (9019 visit 05, 9019 visit 06)" in visit.notes[0].text


def test_real_headers_before_and_after_processing(shared_data):
    visit = read_visit(shared_data / "headers")
    kinds = [(e.rootname, e.suffix, e.detector_key.label) for e in visit.exposures]
    assert kinds == [
        ("ib4606c5q", "flc", "WFC3/UVIS"),
        ("ib4606cpq", "flt", "WFC3/IR"),
        ("ib4606c6q", "flc", "WFC3/UVIS"),
    ]
    assert visit.exposures[2].chips[0].wcs_class.name.endswith("FIT_SVM_GAIAeDR3")
    assert len(visit.faults) == 1  # the IR exposure is there twice
