# The two commands: `make demo` shows the product, `make test` proves it; both set up what is missing first.
# Set-up is remembered by stamps that live inside what they vouch for: remove .venv and it is made anew.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules

PORT ?= 8080
DICOM_PORT ?= 11112
DATA ?= demo-data
PASSWORD ?= consult-demo
DICOM ?=

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
PYTEST := $(PYTHON) -m pytest
export PATH := $(CURDIR)/$(BIN):$(PATH)
PAGES := consult/web/static/.built
SOURCES := $(shell find frontend/src frontend/public frontend/*.ts frontend/*.json frontend/index.html \
	-type f -not -name '*.test.ts' 2>/dev/null)

.PHONY: help setup demo test check bench test-long generate lock \
	check-style check-types check-pyright check-imports check-generated check-frontend check-unit

help:
	@echo "make demo        set up, build the pages, show the demonstration (PORT, DICOM_PORT, DATA, PASSWORD, DICOM)"
	@echo "make test        set up, then every check and test"
	@echo "make setup       set up alone            make check       the fast checks, under 3 minutes"
	@echo "make bench       the benchmarks          make test-long   the long modes of the tests"
	@echo "make generate    write generated files   make lock        resolve the dependencies anew"

# ---- set-up ----

$(VENV)/.made:
	@echo "[setup] Python environment in $(VENV)"
	@ops/setup/environment $(VENV)
	@touch $@

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "[setup] Python packages"
	@ops/setup/install $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.run
	@echo "[setup] Python packages of checks and tests"
	@ops/setup/install $(VENV) requirements-dev.lock
	@touch $@

$(VENV)/.node: | $(VENV)/.made
	@ops/setup/node $(VENV)
	@touch $@

frontend/node_modules/.made: frontend/package-lock.json | $(VENV)/.node
	@echo "[setup] packages of the pages (npm ci)"
	@cd frontend && for try in 1 2 3; do \
		npm ci --no-audit --no-fund --prefer-offline --loglevel=error && exit 0; echo "[setup] npm ci again"; \
	done; exit 1
	@touch $@

$(PAGES): frontend/node_modules/.made $(SOURCES)
	@echo "[setup] building the pages"
	@cd frontend && npm run --silent build -- --logLevel=error
	@touch $@

.setup/debian-run: ops/setup/debian ops/setup/debian-run.txt
	@ops/setup/debian run
	@mkdir -p .setup && touch $@

.setup/debian-test: ops/setup/debian ops/setup/debian-test.txt | .setup/debian-run
	@ops/setup/debian test
	@mkdir -p .setup && touch $@

setup: .setup/debian-test $(VENV)/.dev frontend/node_modules/.made $(PAGES)

# ---- the demonstration ----

demo: .setup/debian-run $(VENV)/.run $(PAGES)
	@echo "[demo] every account's password and PIN: $(PASSWORD)"
	@exec $(BIN)/consult demo --port $(PORT) --dicom-port $(DICOM_PORT) --data "$(DATA)" --password "$(PASSWORD)" \
		$(if $(DICOM),--dicom "$(DICOM)")

# ---- checks and tests ----

check-style: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && echo "[check] style"

check-types: $(VENV)/.dev
	@$(BIN)/mypy --no-error-summary && echo "[check] types (mypy)"

check-pyright: $(VENV)/.dev frontend/node_modules/.made
	@frontend/node_modules/.bin/pyright > .setup/pyright.log || { cat .setup/pyright.log; exit 1; }
	@echo "[check] types (pyright)"

check-imports: $(VENV)/.dev
	@$(BIN)/lint-imports --no-logo > .setup/imports.log || { cat .setup/imports.log; exit 1; }
	@echo "[check] floors"

check-generated: $(VENV)/.dev frontend/node_modules/.made
	@$(BIN)/consult generate --check && echo "[check] generated files"

check-frontend: frontend/node_modules/.made
	@cd frontend && npm run --silent check && echo "[check] pages"

check-unit: $(VENV)/.dev
	@$(PYTEST) --engine sqlite -m "not slow and not browser and not journey"

# A file of tests stays in one process, the browser's files come last in each (tests/conftest.py).
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder

STATIC := check-style check-types check-pyright check-imports check-generated check-frontend

# Types and style on one core while the tests run on the other.
check: setup
	@$(MAKE) --keep-going --output-sync=target $(STATIC) & static=$$!; \
	$(MAKE) check-unit || failed=1; wait $$static || failed=1; exit $${failed:-0}

test: setup
	@$(MAKE) --keep-going -j2 --output-sync=target $(STATIC)
	@$(PYTEST) --engine both $(SPREAD)

test-long: setup
	@$(PYTEST) --engine both --long

bench: setup
	@$(PYTHON) -m tests.bench

# ---- for those who change it ----

generate: $(VENV)/.dev frontend/node_modules/.made
	@$(BIN)/consult generate

lock:
	uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements-dev.lock
	uv pip compile -q pyproject.toml --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements-dev.lock -o requirements.lock
