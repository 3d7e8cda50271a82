# The two commands that matter are `make run` and `make test`; both set everything up first and skip what is done.
PYTHON ?= python3
BIN := .venv/bin

# Two test processes share the cores; torch must not start a team of threads in each. They start programs by the dozen,
# which must not compile every module anew.
CHECK_ENV := PYTHONDONTWRITEBYTECODE= QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1}

# Continuous integration runs a test that failed once more, on its shared machine; nobody else does.
PYTEST_OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-stress test-ways lint format bench bench-peers setup clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## set up and open the app on the example Spiral
	@$(PYTHON) .ci/setup.py run

test: lint ## set up, then lint, check types and import contracts, and run all tests offscreen
	$(CHECK_ENV) $(BIN)/pytest -n 2 --dist worksteal $(PYTEST_OPTIONS)

STRESS := worker,turns
FILES := tests/gui tests/engine/test_session*.py
test-stress: setup ## the tests with bad luck: STRESS=worker,turns,eager,busy FILES=...
	$(CHECK_ENV) $(BIN)/pytest -n 4 -p tests.helpers.stress --stress $(STRESS) --timeout 600 $(FILES)

CASES := 1000
test-ways: setup ## random trainings in all ways that steps are made: CASES=1000
	CHAINRULE_CASES=$(CASES) $(CHECK_ENV) $(BIN)/pytest -n 2 --timeout 600 tests/engine/test_training_ways.py

lint: setup ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup ## put the code in order as far as that is automatic
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## run the benchmarks and print their figures
	QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(BIN)/python -m tests.bench --run

PEERS := build/peers
bench-peers: setup ## the canvas beside other node editors, which are installed into build/ for the occasion
	$(BIN)/pip install --quiet --no-deps --target $(PEERS) NodeGraphQt==0.6.44 OdenGraphQt==0.7.4 qtpynodeeditor==0.3.3 \
		Qt.py==2.0.7 QtPy==2.4.3 packaging
	PYTHONPATH=$(PEERS) $(BIN)/python -m tests.bench.bench_peers

setup: ## virtual environment, dependencies and Qt's system libraries
	@$(PYTHON) .ci/setup.py

clean: ## remove caches and builds
	rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment too
	rm -rf .venv
