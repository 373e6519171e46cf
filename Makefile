# Two commands matter: `make demo` and `make test`. Both set themselves up and are fast the second time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without bytecode every start pays for compiling again.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

.PHONY: help demo test check bench lock clean setup setup-dev debian

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup  ## Investigate the incident that ships with COMPASS and print the result
	@$(BIN)/compass demo

test: setup-dev debian  ## Everything CI checks: lint, types, layers, documentation, all tests
	@$(BIN)/python tools/check.py

check: setup-dev  ## Lint, types, layers and documentation only (no tests)
	@$(BIN)/python tools/check.py --no-tests

bench: setup-dev $(VENV)/.bench  ## Measure speed, growth and memory, and write docs/benchmarks.md (many minutes; by hand)
	@$(BIN)/python -m benchmarks --markdown docs/benchmarks.md

lock:  ## Resolve the dependencies again (needs uv); commit the result
	@tools/lock.sh

clean:  ## Remove what these commands made
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

setup: $(VENV)/.runtime
setup-dev: $(VENV)/.dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "COMPASS needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 demo" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Setting up COMPASS (once) ..."
	@$(PIP) -r requirements/runtime.txt -r requirements/build.txt
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Setting up the development tools (once) ..."
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt requirements/bench-build.txt $(VENV)/.dev
	@$(PIP) -r requirements/bench-build.txt
	@$(PIP) --no-build-isolation -r requirements/bench.txt
	@touch $@

debian:
	@tools/debian-packages.sh
