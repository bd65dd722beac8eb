# Everything anyone has to know is in these five commands; `make` alone lists them.
PYTHON ?= python3
# What is installed: `pinned` is what constraints.txt says, `lowest` the oldest that pyproject.toml claims
# to work with, `newest` what there is today. Every resolution has an environment of its own.
RESOLUTION ?= pinned
CONSTRAINTS_pinned := constraints.txt
CONSTRAINTS_lowest := tests/constraints-lowest.txt
CONSTRAINTS_newest :=
ifeq ($(origin CONSTRAINTS_$(RESOLUTION)),undefined)
$(error RESOLUTION is pinned, lowest or newest, not $(RESOLUTION))
endif
CONSTRAINTS := $(CONSTRAINTS_$(RESOLUTION))
VENV := .venv$(patsubst %,-%,$(filter-out pinned,$(RESOLUTION)))
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ELEMENT := plugin/httptask/designer/element
# In the environment, so that they also hold for what builds a package; pip 25.3 gave that a name of its own.
export PIP_CONSTRAINT := $(CONSTRAINTS)
export PIP_BUILD_CONSTRAINT := $(CONSTRAINTS)
# Tests start hundreds of commands: each would compile the package anew where this is set.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo designer test lint bench

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One stamp: set up again only when what is installed has changed. What is newest is asked every time.
.PHONY: asked
$(READY): pyproject.toml $(or $(CONSTRAINTS),asked)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "httptask needs Python 3.11 or newer, found " + sys.version.split()[0] + "; name one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager --editable '.[dev]'
	@rm -rf .mypy_cache  # it remembers which libraries were missing
	@touch $@

# Take the releases of today into constraints.txt, and the oldest ones claimed into tests/constraints-lowest.txt,
# for every Python and system we support. Run the tests before you commit them.
.PHONY: constraints
UV := .venv-uv/bin/uv
constraints: export PIP_CONSTRAINT :=
constraints:  ## take today's releases into the pins
	@test -x $(UV) || $(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade uv
	@for resolution in highest lowest-direct; do \
		case $$resolution in highest) file=$(CONSTRAINTS_pinned);; *) file=$(CONSTRAINTS_lowest);; esac; \
		.venv-uv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| UV_CUSTOM_COMPILE_COMMAND="make constraints" $(UV) pip compile --quiet --universal --python-version 3.11 --upgrade --all-extras \
			--no-annotate --strip-extras --resolution $$resolution --output-file $$file pyproject.toml - >/dev/null || exit; \
	done

demo: $(READY)  ## the whole way once, unattended: import, search, prepare, validate, test request, run
	@exec $(BIN)/python -m httptask.testing.demo

designer: $(READY)  ## the page: search an API, fill in its form, test the request, save the task; Ctrl+C stops it
	@exec $(BIN)/httptask designer --demo

# Tests run the real curl, a real proxy, a real Redis, and the page in two real browsers; a machine with nothing but Python,
# make and git has none.
TOOLS := curl chromium-headless-shell firefox-esr npm tinyproxy redis-server
# What the pictures of the page are written with.
FONT := /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
.PHONY: tools
tools:
	@for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	test -e $(FONT) || missing="$$missing fonts-dejavu-core"; \
	test -z "$$missing" || { echo "installing$$missing, which tests run ..."; \
		apt-get install --yes --quiet=2 --no-install-recommends $$missing >/dev/null 2>&1 \
		|| { apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends $$missing >/dev/null; } \
		|| { echo "make test needs$$missing and could not install it; install it yourself"; exit 1; }; }

# What the page's element is built from: tests build it again, and borrow axe.
$(ELEMENT)/node_modules/.ready: $(ELEMENT)/package-lock.json | tools
	@echo "setting up $(ELEMENT)/node_modules ..."
	@cd $(ELEMENT) && npm ci --silent
	@touch $@

# One more than there are cores: a third of the time a test waits, for a server, a browser or a clock.
# `worksteal` leaves neighbours to one process, so that what a module shares, like a browser, starts there only.
test: $(READY) tools $(ELEMENT)/node_modules/.ready  ## run every test, on all cores; ARGS="-n 0 -k word" are pytest's own
	@$(BIN)/python -m pytest -n $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --maxprocesses 8 --dist worksteal $(ARGS)

lint: $(READY)  ## ruff, mypy strict, and the floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(READY)  ## print the figures, with what they are compared to
	@$(BIN)/python tests/bench/bench.py
