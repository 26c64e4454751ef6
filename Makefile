# SPDX-License-Identifier: MIT
# Everything a person or a build needs, on a machine that has Python 3.11 or newer, git and make.
# `make demo` shows what this is; `make test` checks all of it; `make help` names the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint check format bench examples lock clean

help:  ## Name the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(READY)  ## Create .venv with the pinned versions of constraints.txt

# Debian ships Python without the module that makes environments; root may add it, others are told how.
$(BIN)/uv: | constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -qq -y python3-venv </dev/null; \
	  else echo "$(PYTHON) cannot make environments; install python3-venv" >&2; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv

# The jail is made by bubblewrap, and what runs in it is written in bash, Python and Perl. Root on Debian may add them.
.PHONY: jail
jail:
	@for need in bwrap ip perl setpriv; do command -v $$need >/dev/null || missing=yes; done; \
	test -x /usr/bin/python3 || missing=yes; test -z "$$missing" || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -qq -y bubblewrap iproute2 perl python3 util-linux </dev/null >/dev/null; \
	  else echo "install bubblewrap, iproute2, perl, python3 and util-linux: the jails of the tests are made of them" >&2; exit 1; fi; }

# The engines that carry one order to a fleet, unpacked and not installed: an installed one would begin to serve this machine.
# With them runc, which the drill is held against. The stamp names what is there, so that a longer list is fetched again.
ENGINES := $(VENV)/engines
PACKAGES := nats-server etcd-server runc
FETCHED := $(ENGINES)/.ready-$(subst $() $(),-,$(PACKAGES))
$(FETCHED): | $(BIN)/uv
	@mkdir -p $(ENGINES) && cd $(ENGINES) && { command -v dpkg-deb >/dev/null \
	  && { apt-get download -qq $(PACKAGES) 2>/dev/null || { apt-get update -qq && apt-get download -qq $(PACKAGES); }; } \
	  && for package in *.deb; do dpkg-deb -x $$package . && rm $$package || exit 1; done; } \
	  || echo "nats-server, etcd and runc are not to be had by apt-get: put them on PATH, or their tests are skipped" >&2
	@touch $@

# Written last, so that its presence means that the environment is whole.
$(READY): pyproject.toml constraints.txt | jail $(BIN)/uv $(FETCHED)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt --group dev -e '.[all]'
	@touch $@

demo: $(READY)  ## Test four organisms in a real sandbox; scan and tell stories of more; stop one that will not be stopped
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

# Both halves run even where the first fails, and pytest comes last, so that its summary ends the output.
test: $(READY)  ## Check style, types, rooms and behaviour
	@status=0; $(MAKE) --no-print-directory lint || status=$$?; $(BIN)/pytest || status=$$?; exit $$status

lint: $(READY)  ## Check style, types and the rooms' imports
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/inspect-evals-lint --preset single-eval --all --output-format markdown | head -n 2 && $(BIN)/inspect-evals-lint --preset single-eval --all >/dev/null

check: test  ## The same as test

format: $(READY)  ## Rewrite the code in the house format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY)  ## Measure speed and memory on the transcripts at OFFSWITCH_DATA
	$(BIN)/python bench/scan_speed.py
	$(BIN)/python bench/scan_memory.py

examples: $(READY)  ## Record examples/ and the printed blocks of the pages again
	$(BIN)/python examples/record.py examples
	$(BIN)/python examples/readme.py

lock: $(READY)  ## Choose the newest allowed versions again and write constraints.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --group dev \
	  --no-header --no-annotate --no-emit-index-url --output-file constraints.txt pyproject.toml

clean:  ## Remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
