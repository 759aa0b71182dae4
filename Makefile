# The one entry point for people and CI. A target that needs the environment makes it first, in .venv.

PYTHON ?= $(shell python3.11 --version >/dev/null 2>&1 && echo python3.11 || echo python3)
UI_HOST ?= 127.0.0.1
UI_PORT ?= 3000

BIN := .venv/bin
READY := .venv/.ready
EXTRAS := ui,production,kubernetes,alerts,xlsx,telemetry,test,dev
DEMO := $(CURDIR)/.demo
PEERS := .venv-bench
# One for each core: what a test waits for is a process that needs a core, too.
TEST_PROCESSES ?= $(shell getconf _NPROCESSORS_ONLN)
PYTEST := $(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist worksteal
BQEMULATOR := .venv-bqemulator

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export DAGSTER_DISABLE_TELEMETRY := 1
# Somebody's own Dagster instance is none of our business.
unexport DAGSTER_HOME

.DEFAULT_GOAL := help
.PHONY: help demo ui test test-slow test-busy test-ui bqemulator soak mutants lint format bench bench-leases bench-startup bench-grading bench-analysis docs wheel constraints clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY)  ## make a season of games, consolidate it under contention, compare the result with the expectation
	@$(BIN)/nba-consolidation demo

ui: $(READY) $(DEMO)/dagster_home/dagster.yaml  ## open Dagster on the demo, at UI_HOST and UI_PORT
	@DAGSTER_HOME=$(DEMO)/dagster_home NBA_CONSOLIDATION_HOME=$(DEMO) \
	  NBA_CONSOLIDATION_FIRST_DATE=$$(cat $(DEMO)/made-by-nba-consolidation-demo) \
	  $(BIN)/dagster dev -w workspace.yaml --host $(UI_HOST) --port $(UI_PORT)

test: $(READY) $(BQEMULATOR)/.ready  ## run the tests, but for the slow ones and the soak: five to ten minutes
	@$(PYTEST) -m "not slow and not soak"

test-slow: $(READY) $(BQEMULATOR)/.ready  ## run the slow tests: all browser walks, storms and emulator statements
	@$(PYTEST) -m "slow and not soak"

test-busy: $(READY) $(BQEMULATOR)/.ready  ## run the tests three times, each in another order, beside eight busy processes
	@trap 'kill $$busy' EXIT; for _ in 1 2 3 4 5 6 7 8; do $(BIN)/python -c 'while True: pass' & busy="$$busy $$!"; done; \
	  for _ in 1 2 3; do $(MAKE) --no-print-directory test || exit 1; done

test-ui: $(READY)  ## look at Dagster in a real browser; keeps pictures with PICTURES=docs/images
	@$(BIN)/pytest nba_consolidation_tests/ui $(if $(PICTURES),--pictures $(PICTURES))

bqemulator: $(BQEMULATOR)/.ready  ## install the BigQuery emulator that the tests start

soak: $(READY)  ## run the long tests, which look for what is rare; SOAK_MINUTES=60 for an hour of storms
	@$(BIN)/pytest -m soak

mutants: $(READY) $(BQEMULATOR)/.ready  ## put faults into a copy of the code, one at a time: a test must fail for each (MUTANTS="leases --processes 1")
	@$(BIN)/python -m nba_consolidation_tests.mutants $(MUTANTS)

lint: $(READY)  ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)  ## fix style and format, where that can be done safely
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) $(PEERS)/.ready bench-leases  ## measure: the leases, then our path beside its limit and other ways to do the job (BENCH="--repeat 3")
	@$(BIN)/python -m benchmarks.consolidation $(BENCH)

bench-leases: $(READY)  ## measure: what leases cost, beside the predecessor's lock (BENCH_LEASES="--repeat 500")
	@$(BIN)/python -m benchmarks.leases $(BENCH_LEASES)

bench-startup: $(READY)  ## measure: how long commands and the code location take to start, beside the libraries that they need
	@$(BIN)/python -m benchmarks.startup $(BENCH_STARTUP)

bench-analysis: $(READY)  ## measure: calibrations, players, strategies and the report of a season, beside bare aggregations
	@$(BIN)/python -m benchmarks.analysis
	@$(BIN)/python -m benchmarks.calibration_choice
	@$(BIN)/python -m benchmarks.player_rules

bench-grading: $(READY)  ## measure: grading, repair and analysis, beside the bare join, dedup and aggregation, and pandas
	@$(BIN)/python -m benchmarks.repair
	@$(BIN)/python -m benchmarks.grading
	@$(BIN)/python -m benchmarks.performance

docs: $(READY)  ## write docs/tables.md and docs/settings.md from what is declared
	@$(BIN)/python -m nba_consolidation.reference_pages

wheel: $(READY)  ## build the wheel into dist/
	@rm -rf build dist
	@$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

constraints:  ## resolve the newest versions within setup.cfg's ranges into constraints.txt
	@echo "Resolving in .venv-constraints; this takes minutes"
	@$(PYTHON) -m venv --clear .venv-constraints
	@.venv-constraints/bin/pip install --quiet --upgrade pip
	@.venv-constraints/bin/pip install --quiet --editable '.[$(EXTRAS)]'
	@{ echo "# The exact versions that are tested, of everything that all extras of setup.cfg install."; \
	   echo "# To renew: make constraints. It resolves the newest versions within the ranges of setup.cfg."; \
	   .venv-constraints/bin/pip freeze --all --exclude-editable --exclude pip; } > constraints.txt
	@rm -rf .venv-constraints

clean:  ## remove all that is made here: environments, caches, builds, the demo
	rm -rf .venv .venv-* .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once, and brought up to date when what it is made from changes.
$(READY): setup.cfg constraints.txt
	@echo "Setting up .venv with the versions of constraints.txt (a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --constraint constraints.txt setuptools
	@$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

# Peers of the benchmark whose dependencies clash with ours. Without them the benchmark runs, and says who is missing.
$(PEERS)/.ready: benchmarks/requirements.txt
	@echo "Setting up $(PEERS) with the versions of benchmarks/requirements.txt (a minute)"
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/pip install --quiet --requirement benchmarks/requirements.txt \
	  && touch $@ || echo "Not all peers could be installed: the benchmark runs without them"

# The BigQuery emulator of the tests, whose pins clash with ours. Without it those tests are skipped, and say why.
$(BQEMULATOR)/.ready: nba_consolidation_tests/bigquery/requirements.txt
	@echo "Setting up $(BQEMULATOR), the BigQuery emulator of the tests (a minute)"
	@$(PYTHON) -m venv --clear $(BQEMULATOR)
	@$(BQEMULATOR)/bin/pip install --quiet --requirement nba_consolidation_tests/bigquery/requirements.txt \
	  && touch $@ || echo "bqemulator could not be installed: the tests of BigQuery are skipped"

# The demo brings the Dagster instance that `make ui` opens.
$(DEMO)/dagster_home/dagster.yaml:
	@$(MAKE) demo
