# Needs Python 3.11 or newer and nothing else: no root, no compiler, no server, no Node.
# Another Python than the newest found: make run PYTHON=/path/to/python3

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --no-input --disable-pip-version-check
# Wheels only, so that no machine needs a compiler; hashes, so that a file is the one we tried; no
# dependencies, for a lock names them all, and pip would look for newer ones of those with extras.
LOCKED := $(INSTALL) --require-hashes --no-deps --only-binary :all:
PYTEST := $(BIN)/python -m pytest
PYTEST_ARGS ?=
NEEDS_NO_SERVER := -m "not servers and not slow" -n auto
UV := uv==0.13.9
UPGRADE ?=

.PHONY: help run test check lint lock wheel dev clean

help:
	@echo "make run    install and start Trueup on http://127.0.0.1:8080"
	@echo "make test   every test that needs no server"
	@echo "make check  style, types, boundaries, and the quick tests"
	@echo "make lock   resolve the dependencies again (UPGRADE=--upgrade for newer ones)"
	@echo "make wheel  build dist/trueup-*.whl"
	@echo "make clean  remove .venv, dist and caches; never var/"

run: $(VENV)/run.stamp $(VENV)/editable.stamp
	@echo "Bringing the database up to date"
	@$(BIN)/trueup migrate
	@echo "Starting Trueup"
	@exec $(BIN)/trueup serve

test: dev
	@echo "Running the tests that need no server"
	@$(PYTEST) $(NEEDS_NO_SERVER) $(PYTEST_ARGS)

check: lint
	@echo "Running the quick tests"
	@$(PYTEST) $(NEEDS_NO_SERVER) $(PYTEST_ARGS) $(wildcard tests/unit tests/store tests/api)

lint: dev
	@echo "Checking style"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { \
	  echo "Some files are not formatted: $(BIN)/ruff format ." >&2; exit 1; }
	@echo "Checking types"
	@$(BIN)/mypy
	@echo "Checking boundaries"
	@said=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$said" >&2; exit 1; }

dev: $(VENV)/dev.stamp $(VENV)/editable.stamp

wheel: dev
	@echo "Building the wheel"
	@rm -rf dist
	@said=$$($(BIN)/python -m build --no-isolation --outdir dist . 2>&1) || { \
	  echo "$$said" >&2; exit 1; }
	@ls dist/*.whl

lock: $(BIN)/python
	@echo "Resolving the dependencies for Python 3.11 and newer"
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(BIN)/python -m venv "$$tools" && \
	"$$tools/bin/python" -m pip install -qq --no-input --disable-pip-version-check $(UV) && \
	resolve() { UV_CUSTOM_COMPILE_COMMAND="make lock" "$$tools/bin/uv" pip compile --quiet \
	  --no-config --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links $(UPGRADE) "$$@" pyproject.toml; } && \
	resolve --output-file requirements.lock >/dev/null && \
	resolve --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock >/dev/null

clean:
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@chosen=; for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	    >/dev/null 2>&1; then chosen=$$candidate; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo "Trueup needs Python 3.11 or newer with its venv module, and found" \
	    "$$(python3 --version 2>/dev/null || echo no Python)." \
	    "Install one (on Debian: apt install python3 python3-venv)," \
	    "or name one: make run PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$chosen" --version)"; \
	"$$chosen" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	@echo "Installing what Trueup needs (only when requirements.lock changed)"
	@$(LOCKED) -r requirements.lock
	@touch $@

# The development lock holds the runtime one, pin for pin.
$(VENV)/dev.stamp: requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "Installing what the tests need (only when a lock changed)"
	@$(LOCKED) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

$(VENV)/editable.stamp: pyproject.toml | $(BIN)/python
	@$(INSTALL) --no-deps -e .
	@touch $@
