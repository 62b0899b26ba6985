# Two words are enough:
#
#   make demo     a live feed loses its access token and comes back; no account needed
#   make check    everything that must hold before a change is taken in
#
# Both set up .venv themselves, the first time and whenever pyproject.toml changes. Needed: git, make, bash and a
# Python >= 3.11 (choose one with PYTHON=...).

BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo check style types layers test docs scenarios format clean

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.for-use
	@$(BIN)/kitefeed run --emulator --demo

check: style types layers test docs

# Each of these says one thing; `check` is all of them.

style: .venv/.for-work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.for-work
	$(BIN)/mypy

layers: .venv/.for-work
	$(BIN)/lint-imports

test: .venv/.for-work
	$(BIN)/pytest

# Generated pages are the same as what the program would write today.
docs: .venv/.for-work
	$(BIN)/python -m kitefeed_cli.console.catalogue --check
	$(BIN)/python tools/states.py --check

# Every shipped scenario on both stages: the virtual clock, then real sockets.
scenarios: .venv/.for-work
	$(BIN)/kitefeed simulate
	$(BIN)/kitefeed simulate --stage emulator

# Not part of `check`: it changes files.
format: .venv/.for-work
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m kitefeed_cli.console.catalogue
	$(BIN)/python tools/states.py

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist

# A stamp for each purpose. What is installed for work does for use as well.
.venv/.for-use: pyproject.toml tools/venv.sh
	@test .venv/.for-work -nt pyproject.toml || tools/venv.sh
	@touch $@

.venv/.for-work: pyproject.toml tools/venv.sh
	@tools/venv.sh dev
	@touch $@
