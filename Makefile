# Everything a user runs: `make demo` shows the product, `make test` proves it. Both set up .venv by themselves.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Extra words for pip, e.g. to take torch from an index of CPU builds (see "A CPU torch" in README.md).
PIP_ARGS ?=

.PHONY: demo test slow lint check coverage docs bench clean plan

demo: plan $(VENV)/.train
	@$(BIN)/lanista demo

plan:
	@$(PYTHON) lanista/bootstrap.py $(VENV)

# A process per core, a file of tests at a time; each with one thread for torch, or they wait for each other.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

test: $(VENV)/.dev
	$(PYTEST)

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow --timeout 3600

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

coverage: $(VENV)/.dev
	$(PYTEST) --cov=lanista --cov-report=term:skip-covered

docs: $(VENV)/.dev
	@rm -rf build/docs && mkdir -p build/docs && cp -rL lanista build/docs/lanista && touch build/docs/lanista/agents/__init__.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "build/site/index.html"

bench: $(VENV)/.dev
	@for script in benchmarks/*_speed.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# A mark per set of extras, renewed when pyproject.toml changes. The build leaves a copy of the entry points in the folder,
# which would stand before the installed ones once it is old.
$(VENV)/.train: $(VENV)/.base
	$(BIN)/python -m pip install $(PIP_ARGS) -e ".[train]" && rm -rf lanista.egg-info
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install $(PIP_ARGS) -e ".[all]" && rm -rf lanista.egg-info
	@touch $@ $(VENV)/.train

$(VENV)/.base: pyproject.toml
	@$(PYTHON) lanista/bootstrap.py --check
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
