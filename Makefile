# One command each. Every target sets up what it needs: Python 3.11+, git and make are enough.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo console pictures test test-browser test-unit test-full mutants faults \
	faults-cluster bench run check format migration contract audit lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv with the locked packages, and find or install RabbitMQ
	@python -m dev.provide_rabbitmq

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m dev.make_venv $(VENV)
	@touch $@

demo: setup ## Send example events through real servers and show where each one went
	@python -m dev.demo

console: setup ## Open the operators' console on what `make demo` sends, until Ctrl-C
	@python -m dev.console_demo

pictures: setup ## Take the README's pictures of the console, with chromium
	@python -m dev.pictures

test: setup ## Run the tests against real servers, in three processes: they mostly wait
	@python -m pytest tests --numprocesses 3 --no-loadscope-reorder

test-browser: setup ## Walk through the console with chromium, which it installs where it can
	@python -m dev.provide_chromium
	@python -m pytest tests/console/test_in_chromium.py -m ""

test-unit: $(INSTALLED) ## Run the tests that need no server, in under a minute
	@python -m pytest tests --without-servers --numprocesses 2

mutants: $(INSTALLED) ## Change single tokens of the worker and print which changes no unit test notices
	@python -m dev.mutants

test-full: setup ## All tests, also the long ones and those that need npm, chromium, promtool or buildah
	@python -m pytest tests -m "" --hypothesis-profile thorough

faults: setup ## Break servers and workers on purpose, in full, and print the harm done
	@python -m pytest tests/faults -m "" --full

faults-cluster: setup ## The same for RabbitMQ on three nodes and PostgreSQL with a standby
	@python -m pytest tests/cluster -m "" --full

run: setup ## Keep a worker in the foreground, on servers of its own, until Ctrl-C
	@python -m dev.with_servers --show-urls -- \
		sh -c 'inventory-worker migrate && exec inventory-worker run'

bench: setup ## Measure against what people would write otherwise (21 minutes and the catalog)
	@python -m benchmarks

check: $(INSTALLED) ## Check format, lint, types, the layers, and that migrations match the models
	@python -m dev.check

format: $(INSTALLED) ## Format the code and fix what lint can fix by itself
	ruff format .
	ruff check --fix .

migration: $(INSTALLED) ## Write the next migration from the changed models: make migration NAME=add_colour
	@python -m dev.new_migration "$$NAME"

contract: $(INSTALLED) ## Make again what is made from contract/asyncapi.yaml
	@python -m dev.contract

audit: $(INSTALLED) ## Look the locked packages up among the known vulnerabilities (needs the internet)
	@command -v pip-audit >/dev/null || python -m pip install --quiet pip-audit
	pip-audit --disable-pip --require-hashes -r requirements.txt

EXPORT := uv pip compile --universal --python-version 3.11 --generate-hashes --extra console --extra otel \
	--no-emit-index-url --no-header --no-annotate -q pyproject.toml

lock: ## Export the locked requirements from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "uv is needed: pip install uv"; exit 1; }
	$(EXPORT) -o requirements.txt
	$(EXPORT) --group dev -o requirements-dev.txt

clean: ## Remove what the other commands made here
	@if [ -e $(INSTALLED) ]; then python -m dev.clear_abandoned_runs; fi
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@rmdir .dev/runs .dev 2>/dev/null || true
	find . -name __pycache__ -prune -exec rm -rf {} +
