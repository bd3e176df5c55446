# Needs Python 3.11 or newer and make; everything else is set up in .venv on first use.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python
# The first Python that is new enough and really runs; PYTHON=... overrides it.
PYTHON ?= $(shell for python in $(CANDIDATES); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$python"; break; }; done)
STORY ?= us-china-2022

.PHONY: help
help: ## Show this help
	@echo "Steadyline: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: watch
watch: $(VENV)/.installed ## Replay real history, show what lapsed, and open the watch page on it (STORY=... for another story)
	@$(BIN)/steadyline replay $(STORY) || { code=$$?; [ $$code -eq 1 ] || exit $$code; }
	@$(BIN)/steadyline watch $(STORY)

# Tests wait for servers more than they reckon: one more of them at a time than there are cores.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))

# Whoever develops has the tests in another order each time; continuous integration asks the same questions in the same one.
ORDER := $(if $(CI),--randomly-seed=1)

.PHONY: test
test: check ## Everything: style, types, import rules, all tests (WORKERS=... at a time)
	$(BIN)/pytest -q -n $(WORKERS) $(ORDER) -m 'not alone'
	$(BIN)/pytest -q -m alone tests/live

.PHONY: check
check: $(VENV)/.developing ## Style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fmt
fmt: $(VENV)/.developing ## Lay out the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench
bench: $(VENV)/.developing ## Measure speed and memory
	@if [ -d tests/benchmarks ]; then $(BIN)/python -m tests.benchmarks; else echo "there are no benchmarks yet"; fi

.PHONY: chaos
chaos: $(VENV)/.developing ## Let faults happen to the real stack (SEED=1 ROUNDS=4), and see whether they left a trace
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(JOBS),--jobs $(JOBS))

.PHONY: faults
faults: $(VENV)/.developing ## Run the tests of workers that die and brokers that are away ten times in a row (ROUNDS=10)
	@for round in $$(seq $(or $(ROUNDS),10)); do echo "round $$round"; STEADYLINE_FAULTS=1 $(BIN)/pytest -q -n $(WORKERS) tests/live/test_faults_*.py || exit 1; done

.PHONY: picture
picture: $(VENV)/.installed ## Draw docs/us-china-2022.svg afresh
	@$(BIN)/steadyline replay us-china-2022 --svg docs/us-china-2022.svg >/dev/null || [ $$? -eq 1 ]

FUZZERS := decode navigational notam structured
FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: $(VENV)/.developing ## Throw nonsense at every reader for a minute each (FUZZ_SECONDS=...)
	@for reader in $(FUZZERS); do echo "$$reader:"; \
		$(BIN)/python -m "tests.fuzz.fuzz_$$reader" -max_total_time=$(FUZZ_SECONDS) -verbosity=0 || exit 1; done

LOCKS := deploy/requirements.lock deploy/build.lock
# For every Python and system that is supported; no name of an index stands in it, whoever installs says from where.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
	--custom-compile-command 'make lock'

.PHONY: lock
lock: $(VENV)/.releasing ## Lock what the image is made of, with hashes, at the newest versions
	$(LOCK) pyproject.toml --output-file deploy/requirements.lock
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) - --output-file deploy/build.lock

.PHONY: audit
audit: $(VENV)/.releasing ## Ask for known faults of what is locked; fails where nobody can be asked
	@for lock in $(LOCKS); do echo "$$lock:"; \
		$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement "$$lock" || exit 1; done

.PHONY: sbom
sbom: $(VENV)/.releasing ## Write dist/steadyline.cdx.json: what is locked, with licences (CycloneDX)
	@rm -rf build/locked && $(BIN)/python -m venv --without-pip build/locked && mkdir -p dist
	@$(BIN)/python -m pip --python build/locked install --quiet --require-hashes --requirement deploy/requirements.lock
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file dist/steadyline.cdx.json build/locked/bin/python
	@rm -rf build/locked && echo "dist/steadyline.cdx.json"

.PHONY: clean
clean: ## Remove what make has set up
	rm -rf $(VENV) build/locked .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Steadyline needs Python 3.11 or newer; looked for: $(CANDIDATES)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is too old: Steadyline needs Python 3.11 or newer" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Could not make $(VENV); on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

# Dependency groups need pip 25.1; what a venv brings along is often older.
$(VENV)/.pip: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.pip
	@echo "Installing Steadyline into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.developing: pyproject.toml $(VENV)/.pip
	@echo "Installing Steadyline and its development tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@ $(VENV)/.installed

$(VENV)/.releasing: pyproject.toml $(VENV)/.pip
	@echo "Installing what releases are made with into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group release
	@touch $@
