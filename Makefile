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
.PHONY: help demo check style types layers test stages docs explored teeth scenarios explore explore-fine mutants swarm-year swarm-20-years bench soak format clean

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.for-use
	@$(BIN)/kitefeed run --emulator --demo

check: style types layers test stages docs explored swarm-year teeth

# Each of these says one thing; `check` is all of them.

style: .venv/.for-work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.for-work
	$(BIN)/mypy

layers: .venv/.for-work
	$(BIN)/lint-imports

# Three at once keep two cores busy, for most tests wait most of the time; one that is done takes work from the others.
# A bare `pytest` runs one at a time, which is quicker for a file or two.
test: .venv/.for-work
	$(BIN)/pytest --numprocesses 3 --dist worksteal

# Generated pages are the same as what the program would write today.
docs: .venv/.for-work
	$(BIN)/python -m kitefeed_cli.console.catalogue --check
	$(BIN)/python tools/states.py --check
	$(BIN)/python tools/faults.py --check
	$(BIN)/python tools/scenarios.py --check

# The six stories that everything else grew from, over real sockets. They mostly wait: 40 seconds.
STORIES := expired-token login-after-expiry normal-operation no-token-at-start flaky-wifi forbidden-but-token-fine
stages: .venv/.for-work
	$(BIN)/kitefeed simulate --stage emulator $(STORIES)

# Every order of events again: docs/guarantees.md says what was found. A minute and a half on two cores.
explored: .venv/.for-work
	$(BIN)/python tools/explore.py --check

# A quick few of the mutants.
teeth: .venv/.for-work
	$(BIN)/python tests/mutants/run.py --quick

# Every shipped scenario on both stages: the virtual clock, then real sockets.
scenarios: .venv/.for-work
	$(BIN)/kitefeed simulate
	$(BIN)/kitefeed simulate --stage emulator

# The same, and writes docs/guarantees.md.
explore: .venv/.for-work
	$(BIN)/python tools/explore.py

# On a finer grid, for the night.
explore-fine: .venv/.for-work
	nice $(BIN)/python tools/explore.py --fine

# The proof has teeth: one-line faults of the policy, and what kills each.
mutants: .venv/.for-work
	$(BIN)/python tests/mutants/run.py

# A year of random trading days in a minute; twenty of them in a quarter of an hour.
swarm-year: .venv/.for-work
	$(BIN)/kitefeed simulate --swarm --days 250 --seed 1

swarm-20-years: .venv/.for-work
	nice $(BIN)/kitefeed simulate --swarm --days 5000 --seed 20

# Side by side with the official client; writes docs/benchmarks.md. About seven minutes on a quiet machine.
bench: .venv/.for-work
	$(BIN)/python -m benchmarks

# The feed against a local Kite that drops it every minute, every tick accounted for; writes docs/soak.md and its plot.
HOURS := 0.5
soak: .venv/.for-work
	nice $(BIN)/python -m benchmarks.soak --hours $(HOURS)

# Not part of `check`: it changes files.
format: .venv/.for-work
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m kitefeed_cli.console.catalogue
	$(BIN)/python tools/states.py
	$(BIN)/python tools/faults.py
	$(BIN)/python tools/scenarios.py

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist

# A stamp for each purpose. What is installed for work does for use as well.
.venv/.for-use: pyproject.toml tools/venv.sh
	@test .venv/.for-work -nt pyproject.toml || tools/venv.sh
	@touch $@

.venv/.for-work: pyproject.toml tools/venv.sh
	@tools/venv.sh dev
	@touch $@
