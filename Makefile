# One vocabulary for people, hooks and CI. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help install lock run reproduce test check format viz docs notebooks bench clean

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
UV     := $(shell command -v uv 2>/dev/null)
# the pip that Python brings, or a version of it; uv is used instead where it is installed
PIP    ?= bundled
ENV    ?= base
JOBS   ?= auto

help:  ## list the vocabulary
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(f"Python 3.11, 3.12 or 3.13 is needed, found %d.%d. Set PYTHON=python3.11, for example." % v if not (3, 11) <= v < (3, 14) else 0)'
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(PYTHON) -m venv $(VENV)
ifneq ($(PIP),bundled)
	$(BIN)/python -m pip install --quiet pip==$(PIP)
endif
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
endif
	@touch $@

install: $(STAMP)  ## create the environment from the lock
# an older pip resolves name[extra] anew where the lock has the bare name: extras stay
LOCKING := pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-package trip-duration --no-annotate --no-header -q
lock:  ## resolve the locks again, that of the service within the other (needs uv)
	$(UV) $(LOCKING) pyproject.toml --extra dev -o requirements.lock
	$(UV) $(LOCKING) --group serving --constraints requirements.lock -o deploy/requirements.lock
run: $(STAMP)  ## the main job: kedro run on the embedded default (ENV=tlc for real months)
	$(BIN)/kedro run --env $(ENV)
reproduce: $(STAMP)  ## make a run again and compare it bit by bit (RUN=id or manifest)
	@$(if $(RUN),,$(error give the run: make reproduce RUN=<MLflow run id, or path of a run_manifest.json>))
	$(BIN)/python -m trip_duration reproduce $(RUN)
test: $(STAMP)  ## all tests in parallel, with branch coverage (JOBS=0 for one process)
	$(BIN)/pytest -n $(JOBS) --maxprocesses 8 --dist worksteal --cov --cov-report=term --cov-fail-under=95
check: $(STAMP)  ## lint, format, types, architecture
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
format: $(STAMP)  ## rewrite the sources in the house's form
	$(BIN)/ruff check --fix --unsafe-fixes src tests
	$(BIN)/ruff format src tests
viz: $(STAMP)  ## explore the graph in the browser
	$(BIN)/kedro viz run --env $(ENV)
docs: $(STAMP)  ## write the generated parts of the documentation
	$(BIN)/python -m trip_duration docs
notebooks: $(STAMP)  ## open the notebooks
	$(BIN)/kedro jupyter lab --env $(ENV) notebooks
bench: $(STAMP)  ## measure against the same work in a plain script
	$(BIN)/python -m tests.benchmarks
clean:  ## remove everything that runs and checks have written
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov .viz build dist mlruns
	find data -mindepth 1 ! -name README.md -delete
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -exec rm -rf {} +
