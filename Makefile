SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

# Containers often set it. Each of the tests' many processes would then compile recado and its own tests again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test check coverage generate lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/.runtime: requirements.lock service/build.lock pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock -r service/build.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# A PostgreSQL server is a package of the development's.
STORE_READY = $(if $(filter postgres,$(STORE)),$(VENV)/.ready,$(VENV)/.runtime)
STORE_OPTION = $(if $(filter postgres,$(STORE)),--postgres)
demo: $(STORE_READY) ## Demonstrate recado: quote orders, survive an outage (under a minute; STORE=postgres)
	@$(BIN)/recado demo $(STORE_OPTION)

run: $(STORE_READY) ## Run the demo and keep service and simulator running, for curl (STORE=postgres)
	@$(BIN)/recado demo --keep $(STORE_OPTION)

check: $(VENV)/.ready ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check ## Lint, type-check and run all tests that need no cluster
	$(BIN)/pytest -n 3 --dist loadgroup

# Other processes are not measured: tests that only start some are left out.
NOT_COVERING := chart cluster crash dashboards loadtests
coverage: $(VENV)/.ready ## Run the tests that run the package in their process; print the lines and branches that they miss
	$(BIN)/pytest -n 2 --dist loadgroup $(addprefix --ignore=tests/,$(NOT_COVERING)) \
		--cov=recado --cov-branch --cov-report=term-missing:skip-covered

generate: $(VENV)/.ready ## Generate settings' pages, dashboards, rules, the chart's README and golden files
	@$(BIN)/python -m recado.settings_docs
	@$(BIN)/python -m recado.queue.diagram
	@$(BIN)/python -m recado.events.documentation
	@$(BIN)/python -m dashboards.build
	@$(BIN)/python charts/generate.py

lock: ## Update the pinned dependencies (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra cluster --extra postgres pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock
	printf 'locust\nmatplotlib\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate -c requirements-dev.lock - -o loadtests/requirements.lock

clean: ## Remove everything that other targets created
	rm -rf $(VENV) .coverage data build .pytest_cache .mypy_cache .ruff_cache

.PHONY: bench
bench: $(VENV)/.ready ## Run the benchmarks and their baselines: a table for docs/performance.md (MEASURE=path adds other projects)
	@$(BIN)/python -m loadtests.bench $(if $(MEASURE),--measure $(MEASURE)) $(ARGS)

.PHONY: image cluster-test
DOCKER ?= docker
image: ## Build the images recado:dev and recado-loadtest:dev (or with DOCKER=podman)
	$(DOCKER) build -f service/Dockerfile --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg VERSION=$$(PYTHONPATH=service $(PYTHON) -c 'import recado; print(recado.__version__)') -t recado:dev .
	$(DOCKER) build -t recado-loadtest:dev loadtests

cluster-test: $(VENV)/.ready ## Install, break and repair recado on the cluster of KUBECONFIG (RECADO_TEST_IMAGE, ..._LOADTEST_IMAGE, ..._POSTGRES_IMAGE)
	$(BIN)/pytest tests/cluster -m cluster -v -s

.PHONY: loadtest
loadtest: $(VENV)/.ready ## Load a local service with customers, duplicates, statuses and attackers, and verify it (40 s)
	@$(BIN)/python -m loadtests.local $(ARGS)

.PHONY: dashboards dashboards-preview drill
dashboards: $(VENV)/.ready ## Generate dashboards, rules and their docs
	@$(BIN)/python -m dashboards.build

dashboards-preview: $(VENV)/.ready ## Draw every dashboard as a PNG in build/preview (needs prometheus)
	@$(BIN)/python -m tests.telemetry.preview build/preview

drill: $(VENV)/.ready ## Inject each fault; check that its alert fires and clears (15 minutes; ONLY="token outage" for some)
	@$(BIN)/python -m tests.telemetry.drill $(ONLY)

.PHONY: agreement
agreement: $(VENV)/.ready ## Compare report, metrics and a count by hand over 10,000 conversations (2 minutes)
	@$(BIN)/python -m tests.report.agreement 10000

.PHONY: walks
walks: $(VENV)/.ready ## Walk through holds and opt-outs five times as far as the tests: a year of outreach (1 minute)
	@RECADO_TEST_LENGTH=5 $(BIN)/pytest -q -n 2 --dist loadgroup tests/http/test_handoff_walk.py tests/http/test_outreach_walk.py

.PHONY: crash chaos fuzz
crash: $(VENV)/.ready ## Kill web and drain 360 times under load; check that no reply and no event is lost and each yes is one order (6 minutes)
	@$(BIN)/python -m loadtests.chaos.crash --kills 110
	@$(BIN)/python -m loadtests.chaos.crash --kills 110 --no-statuses
	@$(BIN)/python -m loadtests.chaos.crash --kills 110 --talks --per-second 8
	@$(BIN)/python -m loadtests.chaos.endpoint --kills 30

chaos: $(VENV)/.ready ## Inject faults of power, disks, clocks, processes and Meta: a table (root; FAULTS="full_disk" for some)
	@$(BIN)/python -m loadtests.chaos $(FAULTS)

fuzz: $(VENV)/.ready ## Fuzz every parser of untrusted input with a million inputs (2 minutes)
	@$(BIN)/python -m loadtests.chaos.fuzz
