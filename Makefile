# The habits of this project. Everything happens in .venv, which is made here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
ARGS ?=

.PHONY: lab test check bench lock demo clean
.DEFAULT_GOAL := lab

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

# The demo visit is written once; delete the folder to have it made again.
$(DEMO)/visit.lst: | $(VENV)/.installed
	$(BIN)/svm demo $(DEMO)

# The dashboard on the demo visit. ARGS=--no-browser or BROWSER=… as JupyterLab takes them.
lab: $(VENV)/.installed $(DEMO)/visit.lst
	$(BIN)/svm lab $(DEMO) $(ARGS)

# All tests: library, dashboard, notebooks, browser.
test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(ARGS)
	$(BIN)/python -m pytest -p no:cacheprovider --nbval-lax notebooks -o addopts= -o filterwarnings=

check: $(VENV)/.installed-test
	$(BIN)/ruff format --check svmcore svmwidgets tests benchmarks
	$(BIN)/ruff check svmcore svmwidgets tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

# ARGS='--peer PYTHON' names an environment with drizzlepac, to be timed beside.
bench: $(VENV)/.installed-test
	$(BIN)/python benchmarks/run.py $(ARGS)

# The demo visit through the command line, headless.
demo: $(VENV)/.installed $(DEMO)/visit.lst
	$(BIN)/svm run $(DEMO) --output $(DEMO)/products --reference $(DEMO)/gaia.ecsv $(ARGS)

# Newest versions that agree, tested here and written down exactly.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check '.[test]'
	build/lock/bin/python -m pip freeze --exclude svmcore | grep -v '^-e' > constraints.txt
	rm -rf build/lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
