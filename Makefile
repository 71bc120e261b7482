# make setup | quickstart | check | docs | audit | pins | packages | bench | mutants
# make test | test-studies | test-services | test-browser | test-ci | test-all
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
TOGETHER := --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: audit packages pins setup quickstart test test-studies test-services test-browser test-computing test-waiting test-ci test-all debian object-storage trackers kernels check docs mutants bench format clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

quickstart: setup
	$(BIN)/musebar study launch quickstart
	$(BIN)/musebar recommend fiddle --study quickstart
	$(BIN)/musebar recommend chorale --study quickstart
	$(BIN)/musebar report build quickstart

test: setup
	$(PYTEST) $(TOGETHER)

test-studies: setup
	$(PYTEST) $(TOGETHER) -m 'studies and not slow'

test-services: setup debian object-storage
	MUSEBAR_REQUIRE_SERVICES=1 $(PYTEST) -m 'services and not slow'

test-browser: setup debian
	MUSEBAR_REQUIRE_SERVICES=1 $(PYTEST) -m 'browser and not slow'

# the four above, two at a time: while a test waits for a service or a browser, another computes
test-ci: setup debian object-storage
	$(MAKE) --jobs 2 test-computing test-waiting

test-computing: setup
	$(PYTEST) $(TOGETHER) -m 'not (slow or services or browser)'

test-waiting: setup debian object-storage
	MUSEBAR_REQUIRE_SERVICES=1 $(PYTEST) -m '(services or browser) and not slow'

test-all: setup debian object-storage trackers kernels
	MUSEBAR_REQUIRE_SERVICES=1 $(BIN)/python -m pytest -m ''

debian:
	sh tests/install-debian-packages

# moto's S3 server needs other versions of libraries than the product has: its own environment
object-storage: .venv-moto/bin/moto_server

.venv-moto/bin/moto_server:
	$(PYTHON) -m venv .venv-moto
	.venv-moto/bin/python -m pip install --quiet --disable-pip-version-check 'moto[server]==5.2.5'

# what the tests of MLflow and W&B need; MLflow's server has its own environment, as moto's
trackers: setup .venv-mlflow/bin/mlflow
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mlflow,wandb]' -c constraints.txt

# the kernels of a GPU run in Triton's interpreter here; torch's builds for CUDA bring Triton along
kernels: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'triton==3.6.0'

.venv-mlflow/bin/mlflow:
	$(PYTHON) -m venv .venv-mlflow
	.venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check 'mlflow>=3.1'

# how many planted faults the tests notice, in the files that differ from main; others: ARGS=FOLDER
mutants: setup
	$(BIN)/python -m tests.mutants $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docs/clusters/Dockerfile
	$(MAKE) docs audit

# dangerous code, and known vulnerabilities of the pinned packages where somebody can be asked
audit: setup
	$(BIN)/bandit --quiet --severity-level medium -c pyproject.toml -r musebar musebar_core search_spaces study reports
	$(BIN)/python .ci/audit

# whether the pinned versions go together on the Python that PYTHON names
pins:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed '.[dev]' -c constraints.txt

# wheel and sdist, in dist/
packages: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --outdir dist .

# the site, in site/: a link that leads nowhere is an error
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: setup
	$(BIN)/python -m benchmarks

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-moto .venv-mlflow build dist site *.egg-info
