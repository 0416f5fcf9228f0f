"""What the store does when the file system does not play along."""

import shutil

import pytest

from svmcore.errors import StoreError
from svmcore.io.store import Store, has_results


def made_result(store, key="k"):
    scratch = store.new_scratch()
    (scratch / "a.txt").write_text("a")
    return store.commit(key, scratch, digest="d", outputs=())


def test_a_result_is_found_again(tmp_path):
    assert not has_results(tmp_path)
    ref = made_result(Store(tmp_path))
    assert Store(tmp_path).lookup("k") == ref
    assert has_results(tmp_path)


def test_a_result_cut_short_is_made_again(tmp_path):
    ref = made_result(Store(tmp_path))
    (ref.folder / "a.txt").write_text("")
    assert Store(tmp_path).lookup("k") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}'])
def test_a_damaged_record_counts_as_no_result(tmp_path, content):
    made_result(Store(tmp_path))
    (tmp_path / ".svm" / "records" / "k.json").write_text(content)
    assert Store(tmp_path).lookup("k") is None


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": [1, null, "x"]}'])
def test_a_damaged_memory_of_digests_is_forgotten(tmp_path, content):
    store = Store(tmp_path)
    (tmp_path / ".svm" / "files.json").write_text(content)
    assert store.read_file_digests() == {}


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with (
        Store(tmp_path).locked(),
        pytest.raises(StoreError, match=r"another run .* Wait until it ends"),
        Store(tmp_path).locked(),
    ):
        pass


def test_a_lock_that_cannot_be_written_is_named(tmp_path):
    store = Store(tmp_path)
    (tmp_path / ".svm" / "lock").mkdir()
    with (
        pytest.raises(StoreError, match=r"lock: cannot be written .*has room"),
        store.locked(),
    ):
        pass


def test_scratch_that_cannot_be_made_is_named(tmp_path):
    store = Store(tmp_path)
    shutil.rmtree(tmp_path / ".svm" / "scratch")
    with pytest.raises(StoreError, match=r"scratch.*: cannot be written"):
        store.new_scratch()


def test_a_file_that_its_task_did_not_write_is_named(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(StoreError, match=r"x\.fits: was not written"):
        store.commit("k", store.new_scratch(), digest="d", outputs=("x.fits",))


def test_an_output_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="cannot be used as output folder"):
            Store(output)
