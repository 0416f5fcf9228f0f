"""The ways of installing agree, and the layers stay in order."""

import re
import subprocess
import sys
import tomllib

import pytest

import svmcore


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def constraints(repository):
    lines = (repository / "constraints.txt").read_text().split()
    return {_plain(line.split("==")[0]): line.split("==")[1] for line in lines}


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(requirements):
    return {_plain(re.split(r"[<>=!~ ;\[]", text)[0]) for text in requirements}


def test_every_requirement_has_an_exact_version(project, constraints):
    wanted = _names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted |= _names(extra)
    assert wanted <= set(constraints)


def test_environment_file_installs_the_same_packages(repository, project):
    text = (repository / "environment.yml").read_text()
    assert "--constraint constraints.txt" in text
    assert "--editable .[test]" in text
    minimum = project["requires-python"]
    assert f"python{minimum}" in text


def test_bqplot_gl_is_absent(constraints):
    # Its mere presence leaves the brush of every plot dead, without an error.
    assert not {"bqplot-gl", "bqplot-image-gl"} & set(constraints)


def test_library_version_is_the_packages(project):
    assert svmcore.__version__ == project["version"]


def test_core_needs_no_widget_library():
    code = (
        "import svmcore, sys; [getattr(svmcore, n) for n in svmcore.__all__]; "
        "assert not {'ipywidgets', 'bqplot', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_alone_is_light():
    code = "import svmcore, sys; assert not {'numpy', 'astropy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
