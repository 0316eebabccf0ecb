SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo run test check generate lock clean

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

demo: $(VENV)/.runtime ## Show the main job: orders in, quotes out, an outage survived (under a minute)
	@$(BIN)/recado demo

run: $(VENV)/.runtime ## Leave service and simulator running, to be tried with curl
	@$(BIN)/recado demo --keep

check: $(VENV)/.ready ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check ## Lint, type-check and run every test that needs no cluster
	$(BIN)/pytest

generate: $(VENV)/.ready ## Write all that is generated again: settings' pages, dashboards and rules, the chart's README and golden files
	@$(BIN)/python -m recado.settings_docs
	@$(BIN)/python -m dashboards.build
	@$(BIN)/python charts/generate.py

lock: ## Pin every dependency again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra cluster pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock
	printf 'locust\nmatplotlib\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate -c requirements-dev.lock - -o loadtests/requirements.lock

clean: ## Remove what the other targets made
	rm -rf $(VENV) data build .pytest_cache .mypy_cache .ruff_cache

.PHONY: bench
bench: $(VENV)/.ready ## Measure everything beside floors: a table for docs/performance.md (MEASURE=path adds peers)
	@$(BIN)/python -m loadtests.bench $(if $(MEASURE),--measure $(MEASURE)) $(ARGS)

.PHONY: image cluster-test
DOCKER ?= docker
image: ## Build the images recado:dev and recado-loadtest:dev (DOCKER=podman works too)
	$(DOCKER) build -f service/Dockerfile --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg VERSION=$$(PYTHONPATH=service $(PYTHON) -c 'import recado; print(recado.__version__)') -t recado:dev .
	$(DOCKER) build -t recado-loadtest:dev loadtests

cluster-test: $(VENV)/.ready ## Install, break and mend recado on the cluster of KUBECONFIG (RECADO_TEST_IMAGE, RECADO_TEST_LOADTEST_IMAGE)
	$(BIN)/pytest tests/cluster -m cluster -v -s

.PHONY: loadtest
loadtest: $(VENV)/.ready ## Customers, redeliveries, statuses and attackers against a local service, verified (40 s)
	@$(BIN)/python -m loadtests.local $(ARGS)

.PHONY: dashboards dashboards-preview drill
dashboards: $(VENV)/.ready ## Write dashboards, rules and their docs again
	@$(BIN)/python -m dashboards.build

dashboards-preview: $(VENV)/.ready ## Draw every board from a real Prometheus, as PNGs in build/preview (needs prometheus)
	@$(BIN)/python -m tests.telemetry.preview build/preview

drill: $(VENV)/.ready ## Inject every fault, see its alert fire and clear (15 minutes; ONLY="token outage" for some)
	@$(BIN)/python -m tests.telemetry.drill $(ONLY)

.PHONY: crash chaos fuzz
crash: $(VENV)/.ready ## Kill web and drain 220 times under load, with and without Meta's statuses; nobody may be lost (2 minutes)
	@$(BIN)/python -m loadtests.chaos.crash --kills 110
	@$(BIN)/python -m loadtests.chaos.crash --kills 110 --no-statuses

chaos: $(VENV)/.ready ## Power cuts, full, slow and read-only disks, clocks, restarts, Meta at its worst: a table (root; FAULTS="full_disk" for some)
	@$(BIN)/python -m loadtests.chaos $(FAULTS)

fuzz: $(VENV)/.ready ## A million mutated inputs for all that reads what others write (2 minutes)
	@$(BIN)/python -m loadtests.chaos.fuzz
