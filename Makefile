# make run    set everything up and open the workbench on the sample agent
# make test   set everything up and run the linter, the type checker and the tests
# make bench  run the benchmarks; each prints its figure and the minimum

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint bench clean

run: .venv/ready
	@exec $(BIN)/workbench

test: lint
	@echo "running the tests: this takes some minutes"
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready
	@for each in bench/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Workbench needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up .venv, once: this takes half a minute or so"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --upgrade pip
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch .venv/ready

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
