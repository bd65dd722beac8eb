# Everything anyone has to know is in these five commands; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One stamp: set up again only when what is installed has changed.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "httptask needs Python 3.11 or newer, found " + sys.version.split()[0] + "; name one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)  ## the whole way once, unattended: import, search, prepare, validate, test request, run
	@exec $(BIN)/python -m httptask.testing.demo

# Tests hold our requests against the real curl's; a machine with nothing but Python, make and git has none.
.PHONY: curl
curl:
	@command -v curl >/dev/null || { echo "installing curl, which tests run ..."; \
		apt-get install --yes --quiet=2 curl >/dev/null 2>&1 \
		|| { apt-get update --quiet=2 && apt-get install --yes --quiet=2 curl >/dev/null; } \
		|| { echo "make test runs the real curl and could not install it; install it yourself"; exit 1; }; }

test: $(READY) curl  ## run every test
	@$(BIN)/python -m pytest $(ARGS)

lint: $(READY)  ## ruff, mypy strict, and the floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(READY)  ## print the figures, with what they are compared to
	@$(BIN)/python tests/bench/bench.py
