# Two commands for a stranger: `make demo` and `make test`. Each does all the set-up it needs; nothing is installed globally.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/bin
LOCKS := requirements/runtime.lock requirements/dev.lock
# pytest-xdist: one process per core, each with its own database.
PROCESSES ?= auto
.DEFAULT_GOAL := help
.PHONY: help demo up test check format bench screenshots browser-deps lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

$(VENV)/made:
	@sh deploy/make-venv.sh $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/made requirements/runtime.lock pyproject.toml
	@echo "Installing what the product needs (pinned by hash) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.lock
	@echo "Installing what checks and tests need (pinned by hash) ..."
	@# Bytecode is made where it is used: one package here has 17,000 modules, of which the tests load a few hundred.
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-compile -r requirements/dev.lock
	@touch $@

demo: $(VENV)/runtime ## the whole product against a simulated Microsoft
	@$(RUN)/tenantry demo

up: $(VENV)/runtime ## the product on this machine (settings: docs/operator/settings.md)
	@$(RUN)/tenantry up

test: $(VENV)/dev ## every test; browser tests too where chromium is found
	@$(PY) -m pytest -n $(PROCESSES) --dist loadgroup $(ARGS)

check: $(VENV)/dev ## style, types, layers, migrations
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@TENANTRY_DATA_DIR=build/check $(RUN)/mypy
	@TENANTRY_DATA_DIR=build/check $(RUN)/lint-imports --no-cache
	@TENANTRY_DATA_DIR=build/check $(PY) -m tests.lint.migrations

format: $(VENV)/dev ## write every file in the house style
	@$(RUN)/ruff check --fix --quiet . || true
	@$(RUN)/ruff format --quiet .

bench: $(VENV)/dev ## measure; prints and writes bench/results/*.json
	@$(PY) -m bench.run $(ARGS)

screenshots: $(VENV)/dev ## every screen in light, dark and 390 px, to docs/screens/
	@$(PY) -m tests.browser.screenshots

browser-deps: ## Debian's chromium and fonts for the browser tests (asks for root)
	@sh deploy/browser-deps.sh

lock: $(VENV)/dev ## pin requirements anew, with hashes and without index addresses
	@$(RUN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/runtime.in -o requirements/runtime.lock
	@$(RUN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/dev.in -o requirements/dev.lock

clean: ## remove what was made here (the data in var/ stays)
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
