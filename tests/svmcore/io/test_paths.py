"""Paths as a user gives them."""

from pathlib import Path

from svmcore.io.paths import absolute_path


def test_relative_path_with_a_folder_above_is_made_plain(tmp_path, monkeypatch):
    there = tmp_path / "a visit's folder"
    elsewhere = tmp_path / "elsewhere"
    there.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert absolute_path("../a visit's folder") == there.resolve()
    assert absolute_path("here.lst") == Path.cwd() / "here.lst"


def test_link_keeps_its_name(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    assert absolute_path(link) == link
