# Two commands are enough:  make run  and  make test.  Both make .venv first, if it is not there.
# Another Python:  make run PYTHON=/path/to/python3.12

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := mmtutor tests benchmarks data docs notebooks/source setup.py conftest.py
OPENCV5 := build/opencv5
OLDEST := build/oldest
OTHER := build/python

# plain `make` installs and says what else there is
.DEFAULT_GOAL := install
.PHONY: help install run site site-test test quick test-opencv5 lab sync notebooks evidence messages lint claims bench format clean
.PHONY: bounds fuzz audit test-elsewhere test-oldest test-python

define other_versions
	$(1)/bin/python -m pytest -n 2 --dist loadfile -m "not slow" tests mmtutor --ignore tests/guards
	$(1)/bin/mmtutor run 01 02 03 04 05
	@$(1)/bin/python -c "import sys, importlib.metadata as m; print(f'Python {sys.version.split()[0]}: tests and 5 chapters passed on {len(list(m.distributions()))} packages')"
endef

help:  ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(STAMP)  ## Execute the whole series; its pages in build/site
	$(BIN)/mmtutor run

site: $(STAMP)  ## The course's site, from the stored outputs, in build/site
	$(BIN)/mmtutor site

site-test: $(STAMP)  ## The site in a real browser, if there is a Chromium
	$(BIN)/python -m pytest tests/site

test: $(STAMP)  ## Unit tests, doctests, and every notebook compared with its stored outputs
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval

quick: $(STAMP)  ## Unit tests and doctests that are not slow; no notebooks
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

fuzz: $(STAMP)  ## Every public function given junk, 1,000 new cases each (make test: the same 30)
	$(BIN)/python -m pytest tests/fuzz --fuzz 1000

test-elsewhere: $(STAMP)  ## Tests and notebooks as on an old processor, in odd places; ONLY="name ..." for some
	$(BIN)/python tests/elsewhere.py $(if $(ONLY),--only $(ONLY) --) -n 2 --dist loadfile $(or $(TESTS),--nbval)

test-oldest: $(STAMP)  ## Package tests and chapters 01 to 05 with the lowest versions that pyproject.toml admits
	@test -x build/uv/bin/uv || $(BIN)/python -m pip install --quiet --target build/uv uv
	build/uv/bin/uv venv --quiet --clear --python $(BIN)/python $(OLDEST)
	build/uv/bin/uv pip install --quiet --python $(OLDEST)/bin/python --resolution lowest-direct -e '.[all]'
	$(call other_versions,$(OLDEST))

test-python: ## The same with another Python and the tested versions: PYTHON=/path/to/python3.13
	$(PYTHON) -m venv --clear $(OTHER)
	$(OTHER)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	$(call other_versions,$(OTHER))

audit: $(STAMP)  ## Known vulnerabilities of the tested versions; skipped without a network
	@test -d build/audit || $(BIN)/python -m pip install --quiet --target build/audit pip-audit || rm -rf build/audit
	@PYTHONPATH=build/audit $(BIN)/python tests/audit.py

lab: $(STAMP)  ## Open JupyterLab at chapter 00
	$(BIN)/mmtutor lab

sync: $(STAMP)  ## Write the table, the map and the links of the chapters from course.toml
	$(BIN)/mmtutor sync

notebooks: sync  ## Re-execute what changed in notebooks/source and store the outputs
	$(BIN)/mmtutor run --store --changed

# Their second argument is what an exercise expects, which is marked where modules are loaded.
messages: $(STAMP)  ## Collect the package's messages for translators, and compile what they wrote
	$(BIN)/pybabel extract -F pyproject.toml -k exercise:2 -k judged:2 --sort-by-file --add-location=file -o locale/mmtutor.pot mmtutor
	$(BIN)/pybabel update --ignore-pot-creation-date -N -d locale -D mmtutor -i locale/mmtutor.pot
	$(BIN)/pybabel compile -d locale -D mmtutor

evidence: $(STAMP)  ## Make the tables of experiments that take minutes, where they are stale
	$(BIN)/mmtutor evidence

# An hour and more; what it makes is shown in docs/bounds.md, and a second call goes on where the first ended.
bounds: $(STAMP)  ## How far the asserted bounds of chapters with networks lie, over twenty draws; ONLY="07 ..." for some
	$(BIN)/python tests/bounds.py $(ONLY)

lint: $(STAMP)  ## Check style, formatting, types and who imports whom
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/mypy

claims: $(STAMP)  ## List causes and comparisons by chapter, with what asserts each, for a review
	@$(BIN)/python tests/guards/claims.py

format: $(STAMP)  ## Mend what lint can mend by itself
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# OpenCV 5 dropped classes that OpenCV 4 has; the image tests must pass on both.
test-opencv5: $(STAMP)  ## The image tests again, on OpenCV 5
	@test -d $(OPENCV5)/cv2 || $(BIN)/python -m pip install --quiet --no-deps --target $(OPENCV5) 'opencv-python>=5,<6'
	PYTHONPATH=$(OPENCV5) $(BIN)/python -c "import cv2; print('OpenCV', cv2.__version__); assert cv2.__version__.startswith('5.')"
	PYTHONPATH=$(OPENCV5) $(BIN)/python -m pytest tests/test_image.py mmtutor/image.py

# Wants a quiet machine; each writes its page, benchmarks/NAME.md, and all run, also after a failure.
BENCHMARKS := import_time rules fusions shares features networks growth series
bench: $(STAMP)  ## Measure beside rivals, some twenty minutes; the pages in benchmarks/ say how
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@failed=; for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || failed="$$failed $$name"; done; \
	test -z "$$failed" || { echo "Over a limit:$$failed"; exit 1; }

install: $(STAMP)  ## Make .venv and install everything into it (also plain `make`)
	@echo "Ready. Next: make run, make test, or make lab."

$(STAMP): pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "mmtutor needs Python 3.11 or newer; '$(PYTHON)' is `$(PYTHON) --version 2>/dev/null || echo not there`."; \
	  echo "Install one, or name it: make $(or $(MAKECMDGOALS),run) PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/pip || { echo "Making $(VENV) ..."; rm -rf $(VENV); $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; }
	@echo "Installing mmtutor and what it needs (about 3 GB, some minutes; only this once) ..."
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

clean:  ## Remove what was built (not .venv, not downloaded data)
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	find mmtutor tests notebooks -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf
