# Everything is set up in .venv by the first target that needs it: Python 3.11 or newer and make will do.
PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
TRACKERS := .venv-trackers
BIN := $(VENV)/bin
# The checkout's own data/ and queries/ must not be importable by their bare names.
export PYTHONSAFEPATH := 1
# Tests start the program some hundred times; where nothing may be kept, each start compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := -m pip install --quiet --disable-pip-version-check
# What tests alone need is large, and they import little of it: that is compiled as it is imported.
PIP_LATER := $(PIP) --no-compile

.PHONY: help demo test trackers imports writers check bench monkey screenshot keys clean

help:
	@echo "make demo        open the shipped sweep in the terminal"
	@echo "make test        run all tests"
	@echo "make trackers    test the imports with the trackers themselves, and logging from 64 processes"
	@echo "make monkey      100 monkeys with 1,000 keys each at the screen, 10 of them at a terminal, on two sweeps (hours)"
	@echo "make check       ruff, mypy and the import contracts"
	@echo "make bench       measure speed and memory against peers: docs/benchmarks.md (20 minutes; SIZES=3e3 for less)"
	@echo "make screenshot  draw the pictures of docs/ again"
	@echo "make keys        write docs/keys.md again, from the bindings"
	@echo "make clean       remove the environment and what was built"

$(VENV)/base: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("ablate-tui needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once, a minute or two) …" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) -c constraints.txt -e . >&2
	@touch $@

$(VENV)/test: $(VENV)/base
	@$(BIN)/python $(PIP_LATER) -c constraints.txt -e '.[test]' >&2
	@touch $@

$(VENV)/check: $(VENV)/test
	@$(BIN)/python $(PIP_LATER) -c constraints.txt -e '.[test,check]' >&2
	@touch $@

demo: $(VENV)/base
	@$(BIN)/ablate-tui demo

test: $(VENV)/test
	$(BIN)/python -m pytest -n auto $(ARGS)

monkey: $(VENV)/test
	ABLATE_TUI_MONKEYS=$(or $(SEEDS),100) $(BIN)/python -m pytest -n auto tests/tui/test_monkey.py $(ARGS)

# an environment of its own: MLflow wants an older pyarrow than the newest
$(TRACKERS)/made: pyproject.toml constraints.txt tests/trackers/tools.txt
	@echo "Setting up $(TRACKERS) (once, two minutes) …" >&2
	@test -x $(TRACKERS)/bin/python || $(PYTHON) -m venv $(TRACKERS)
	@grep -v '^pyarrow==' constraints.txt >$(TRACKERS)/constraints.txt
	@$(TRACKERS)/bin/python $(PIP_LATER) -c $(TRACKERS)/constraints.txt \
	  -r tests/trackers/tools.txt -e '.[test,mlflow,optuna,tensorboard,wandb,hydra,postgresql]' >&2
	@touch $@

trackers: imports writers

imports: $(TRACKERS)/made
	$(TRACKERS)/bin/python -m pytest -n auto tests/trackers $(ARGS)

writers: $(TRACKERS)/made
	ABLATE_TUI_WRITERS=64x200 $(TRACKERS)/bin/python -m pytest tests/data/test_log.py -k many -o timeout=900

check: $(VENV)/check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# a peer that can't be installed is left out, and the page says so
$(PEERS)/made: benchmarks/peers.txt constraints.txt
	@echo "Setting up $(PEERS) (once, a minute or two) …" >&2
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python $(PIP) -c constraints.txt -r $< >&2 \
	  || sed -n 's/^\([a-z_]*==[0-9.]*\).*/\1/p' $< | xargs -n 1 $(PEERS)/bin/python $(PIP) \
	  -c constraints.txt -c $< >&2 || true
	@touch $@

bench: $(VENV)/test $(PEERS)/made
	$(BIN)/python benchmarks/run.py --peers $(PEERS)/bin $(if $(SIZES),--sizes $(SIZES)) $(if $(PARTS),--parts $(PARTS))

screenshot: $(VENV)/test
	$(BIN)/python docs/screenshot.py

keys: $(VENV)/base
	$(BIN)/python docs/keys.py

clean:
	rm -rf $(VENV) $(PEERS) $(TRACKERS) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
