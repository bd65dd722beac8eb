# Everything anyone has to know is in these five commands; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ELEMENT := plugin/httptask/designer/element

.DEFAULT_GOAL := help
.PHONY: help demo designer test lint bench

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One stamp: set up again only when what is installed has changed.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "httptask needs Python 3.11 or newer, found " + sys.version.split()[0] + "; name one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -rf .mypy_cache  # it remembers which libraries were missing
	@touch $@

demo: $(READY)  ## the whole way once, unattended: import, search, prepare, validate, test request, run
	@exec $(BIN)/python -m httptask.testing.demo

designer: $(READY)  ## the page: search an API, fill in its form, test the request, save the task; Ctrl+C stops it
	@exec $(BIN)/httptask designer --demo

# Tests run the real curl, and the page in a real browser; a machine with nothing but Python, make and git has neither.
TOOLS := curl chromium npm
.PHONY: tools
tools:
	@for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	test -z "$$missing" || { echo "installing$$missing, which tests run ..."; \
		apt-get install --yes --quiet=2 --no-install-recommends $$missing >/dev/null 2>&1 \
		|| { apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends $$missing >/dev/null; } \
		|| { echo "make test needs$$missing and could not install it; install it yourself"; exit 1; }; }

# What the page's element is built from: tests build it again, and borrow axe.
$(ELEMENT)/node_modules/.ready: $(ELEMENT)/package-lock.json | tools
	@echo "setting up $(ELEMENT)/node_modules ..."
	@cd $(ELEMENT) && npm ci --silent
	@touch $@

test: $(READY) tools $(ELEMENT)/node_modules/.ready  ## run every test
	@$(BIN)/python -m pytest $(ARGS)

lint: $(READY)  ## ruff, mypy strict, and the floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(READY)  ## print the figures, with what they are compared to
	@$(BIN)/python tests/bench/bench.py
