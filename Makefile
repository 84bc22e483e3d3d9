# `make demo` and `make test` set up all they need; see README.md.
PYTHON ?= python3
export PYTHON
LAB = PYTHONPATH=tests .venv/bin/python -m fleetlab

.PHONY: help setup demo test check unit lab bench lab-up lab-status lab-down lock docs

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## the virtual environment and the system packages
	@scripts/setup

demo: setup ## deploy a whole site on five blank servers
	@scripts/demo

test: setup check unit lab ## all tests, on a lab of their own that is removed

check: setup ## formatting, lint, types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

unit: setup ## tests without a lab
	.venv/bin/pytest tests/unit tests/ssh -n 2 --dist loadgroup

lab: setup ## tests on blank servers in containers
	.venv/bin/pytest tests/lab -p no:xdist --durations=25

bench: setup ## side by side with peers; writes docs/benchmarks.md
	@scripts/bench

lab-up: setup ## five blank servers, left up
	$(LAB) up

lab-status: setup ## what of the lab is up
	$(LAB) status

lab-down: setup ## remove the lab; its images stay cached
	$(LAB) down

lock: ## write the requirements files anew
	scripts/lock

docs: setup ## write the generated pages anew
	.venv/bin/python -m dcov.cli.reference >docs/cli.md
	.venv/bin/python -m dcov.reference
