# sqldojo's workshop. `make help` lists what it does. It needs Python 3.11 or later, and npm for `make lint`.

VENV   := .venv
PY     := $(VENV)/bin/python
BUF    := node_modules/.bin/buf
# The first Python on the path that is new enough; make PYTHON=... names another one.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; done; echo python3)
INSTALL = PYTHONWARNINGS=ignore $(PY) -m pip --disable-pip-version-check -qq install --constraint constraints.txt

.PHONY: help demo test lint style types arrows contract bench proto wheel replicas chaos soak wirefuzz lock links \
        setup setup-train train-smoke clean distclean FORCE
.NOTPARALLEL:

help: ## Lists these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: $(VENV)/.ready-server ## Plays two episodes and a benchmark on screen
	@$(VENV)/bin/sqldojo demo

test: $(VENV)/.ready-dev ## Runs the tests
	@$(PY) -m pytest

lint: style types arrows contract ## Runs every check that runs no code

style: $(VENV)/.ready-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.ready-dev links
	MYPYPATH=build/links $(PY) -m mypy -p sqldojo
	$(PY) -m mypy tools benchmarks

arrows: $(VENV)/.ready-dev links
	PYTHONPATH=build/links $(VENV)/bin/lint-imports

contract: $(VENV)/.ready-dev $(BUF)
	$(BUF) lint
	$(PY) tools/check_breaking.py

bench: $(VENV)/.ready-dev ## Measures what README and docs/performance.md state in ten minutes; fails when an aim is missed
	@$(PY) -m benchmarks --check

proto: $(VENV)/.ready-dev ## Generates the contract's stubs
	@$(PY) tools/generate_stubs.py

wheel: $(VENV)/.ready-dev ## Builds the wheel with the default bank in it, and tries it
	@rm -rf dist
	@$(PY) tools/build_wheel.py dist
	@$(PY) tools/check_wheel.py dist/*.whl

replicas: $(VENV)/.ready-dev ## Kills servers behind HAProxy on one PostgreSQL while 1,000 episodes are played
	@PYTHONPATH=tests/support $(PY) -m chaos replica_kills

chaos: $(VENV)/.ready-dev ## Tries every fault for a while, and counts steps lost, doubled and wrong
	@PYTHONPATH=tests/support $(PY) -m chaos

soak: $(VENV)/.ready-dev ## Plays for an hour, and prints what the server's processes hold meanwhile
	@PYTHONPATH=tests/support $(PY) -m soak

wirefuzz: $(VENV)/.ready-dev ## Sends a server 50,000 bad messages, and connections that speak no gRPC
	@PYTHONPATH=tests/support $(PY) -m wirefuzz

train-smoke: $(VENV)/.ready-train ## Trains a tiny model for two steps
	@$(PY) -m sqldojo.trainer.smoke

lock: $(VENV)/.ready-train ## Pins what is installed now in constraints.txt
	@mkdir -p build
	@$(PY) tools/pin_versions.py > build/constraints.txt && mv build/constraints.txt constraints.txt

# --- what the above stands on ---

setup: $(VENV)/.ready-dev ## Makes .venv with everything but [train]
	@:

setup-train: $(VENV)/.ready-train ## Adds [train]: torch, transformers, trl
	@:

# A virtual environment that is broken, too old or moved is made anew.
ifneq ($(wildcard $(VENV)),)
ifneq ($(shell $(PYTHON) tools/make_venv.py $(VENV) --fault),)
$(VENV)/pyvenv.cfg: FORCE
endif
endif

$(VENV)/pyvenv.cfg:
	@$(PYTHON) tools/make_venv.py $(VENV)

# setuptools first: with it here, building sqldojo fetches nothing that is not pinned.
$(VENV)/.ready-server: pyproject.toml constraints.txt $(VENV)/pyvenv.cfg
	@echo "Installing sqldojo in $(VENV); the first time takes about a minute."
	@$(INSTALL) setuptools
	@$(INSTALL) --no-build-isolation --editable '.[server]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt $(VENV)/pyvenv.cfg
	@echo "Installing sqldojo and its tools in $(VENV); the first time takes about a minute."
	@$(INSTALL) setuptools
	@$(INSTALL) --no-build-isolation --editable '.[server,postgres,plots,dev]'
	@touch $(VENV)/.ready-server $@

# torch by itself and to the digit: a looser request may bring gigabytes of GPU libraries.
$(VENV)/.ready-train: $(VENV)/.ready-dev
	@echo "Installing torch, transformers and trl in $(VENV); the first time takes some minutes."
	@$(INSTALL) torch==2.13.0
	@$(INSTALL) --no-build-isolation --editable '.[server,postgres,plots,parquet,dev,train]'
	@touch $@

$(BUF): package.json package-lock.json
	@command -v npm >/dev/null || { echo "make lint needs buf, which comes by npm: install Node.js with npm." >&2; exit 1; }
	@npm ci --loglevel=error
	@touch $@

links: $(VENV)/.ready-dev
	@$(PY) tools/link_packages.py

clean: ## Removes what was built; keeps .venv and node_modules
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## Removes everything that git does not keep
	@rm -rf $(VENV) node_modules
