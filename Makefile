# Everything a person types. Paths are relative, so a checkout may lie in a folder with spaces in its name.
# `make PYTHON=/path/to/python3.13 ...` chooses the interpreter that .venv is made with.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo status logs stop reset test soak check bench contracts requirements bootstrap runtime
export PYTHON

VENV_PYTHON := .venv/bin/python
BEKLIJF := $(VENV_PYTHON) -m beklijf

help: ## say what make can do
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 22

demo: runtime ## start everything here, without Docker, and push the study's cohort, prove its printed numbers; safe to repeat
	@$(BEKLIJF) demo

status: runtime ## which processes run, on which port, and what they lack
	@$(BEKLIJF) status

logs: runtime ## the last lines of every process's log
	@$(BEKLIJF) logs

stop: runtime ## stop everything; the data stays
	@$(BEKLIJF) down

reset: runtime ## stop everything and delete its data
	@$(BEKLIJF) reset --yes

test: ## make check, then all tests on a real PostgreSQL and a real broker
	@failed=0; \
	$(MAKE) --no-print-directory check || failed=1; \
	$(VENV_PYTHON) -m pytest tests --ignore=tests/tidy $(PYTEST) || failed=1; \
	if [ $$failed = 1 ]; then echo "make test: something failed, see above"; fi; \
	exit $$failed

soak: bootstrap ## the tests that take an hour: many schedules of kills, long absences
	@$(VENV_PYTHON) -m pytest tests -m soak $(PYTEST)

check: bootstrap ## lint, types, import rules, tidy tests; goes on after a failure and counts
	@failed=0; \
	try() { says=$$1; shift; printf '== %s\n' "$$says"; "$$@" || { failed=$$((failed + 1)); printf '== %s: FAILED\n' "$$says"; }; }; \
	try 'ruff check' $(VENV_PYTHON) -m ruff check --quiet; \
	try 'ruff format' $(VENV_PYTHON) -m ruff format --check --quiet; \
	try 'types (mypy --strict)' $(VENV_PYTHON) -m mypy; \
	try 'import rules' .venv/bin/lint-imports --no-cache; \
	try 'generated contracts' $(VENV_PYTHON) -m beklijf_shared.documents --check; \
	try 'tidy tests' $(VENV_PYTHON) -m pytest -q tests/tidy; \
	printf 'make check: %s of 6 failed\n' $$failed; \
	[ $$failed = 0 ]

bench: bootstrap ## measure, in one run, against pgbench on the same machine
	@$(VENV_PYTHON) -m tests.bench

contracts: bootstrap ## write the generated contracts anew: schemas, AsyncAPI, OpenAPI, the flow diagram
	@$(VENV_PYTHON) -m beklijf_shared.documents

# Needs uv. Pins with hashes and without addresses, for every platform and Python from 3.11 up.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11
SERVER := --extra intake --extra scoring --extra cohorts --extra reporting --extra operator

requirements: ## choose the pins anew from pyproject.toml (needs uv)
	@$(COMPILE) pyproject.toml deploy/requirements/build.in $(SERVER) --extra local --output-file deploy/requirements/runtime.txt
	@$(COMPILE) pyproject.toml deploy/requirements/build.in $(SERVER) \
	  --constraint deploy/requirements/runtime.txt --output-file deploy/requirements/server.txt
	@$(COMPILE) pyproject.toml deploy/requirements/build.in --extra dev \
	  --constraint deploy/requirements/runtime.txt --output-file deploy/requirements/dev.txt

bootstrap: ## make .venv with everything for tests
	@deploy/bootstrap dev

runtime:
	@deploy/bootstrap runtime
