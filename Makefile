# Every target sets up .venv when it is missing or older than what it is made from, and only then.
PYTHON ?= python3
BIN := .venv/bin
CORES ?= all
export OMP_WAIT_POLICY := passive

.DEFAULT_GOAL := help
.PHONY: help setup tables paper test test-all test-cluster faults statistics street robustness fuzz lint audit schema experiments lock clean FORCE

help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z.\/%*-]*:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## create .venv with everything that the project needs

.venv/.ready: pyproject.toml envs/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint envs/constraints.txt --editable '.[dev]'
	$(BIN)/python -m beamfusion.ops
	@touch $@

results/%: .venv/.ready FORCE ## render one file, such as results/table3.md, and run what it needs
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) $@

tables: .venv/.ready ## render every table and figure
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES)

robustness: .venv/.ready ## DBA against GPS error and traffic, in results/robustness; hours
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --config tables=config/robustness.yaml

paper: results/paper.pdf ## the paper with every table and figure, where TeX is installed

test: .venv/.ready ## the quick tests
	$(BIN)/pytest -q -n 2 -m 'not slow'

test-all: .venv/.ready lint ## linters and every test; as root, installs TeX, Chromium and Slurm by apt-get where they are missing
	bash tests/install_extras.sh tex browser scans
	MAMBA_SSM_ORACLE=$(CURDIR)/.venv/oracle $(BIN)/pytest -q -n 2 -m 'not cluster'
	$(MAKE) test-cluster

test-cluster: .venv/.ready results/table3.csv ## Table III through sbatch against the local one; installs Slurm by apt-get where it is missing
	bash tests/install_extras.sh slurm
	CLUSTER_SCALE=demo CLUSTER_REFERENCE=$(CURDIR)/results/table3.csv $(BIN)/pytest -q -n 0 tests/cluster

faults: .venv/.ready ## inject every kind of fault, and write the counts into docs/reliability.md
	FAULTS_REPORT=$(CURDIR)/docs/reliability.md $(BIN)/pytest -q -n 0 tests/faults

street: .venv/.ready ## write facts of the simulated street beside the recorded one's into docs/simulation.md; half a minute
	$(BIN)/beamfusion street docs/simulation.md

statistics: .venv/.ready ## simulate how often the tests of significance err, and write docs/statistics.md; about half an hour
	$(BIN)/python -m tests.papermatrix.statistics.write_rates docs/statistics.md

fuzz: .venv/.ready ## change each YAML file and the CSV at random, for 2 minutes each
	FUZZ_SECONDS=120 $(BIN)/pytest -q -n 0 tests/faults/test_fuzzed_input.py

lint: .venv/.ready ## format, lint, types, package boundaries, workflow
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow src/papermatrix/rules examples
	$(BIN)/python workflow/lint.py

audit: .venv/.ready ## look the pinned packages up in the list of known vulnerabilities
	$(BIN)/python envs/audit.py

schema: .venv/.ready ## write the JSON Schemas that editors and checks use
	$(BIN)/beamfusion schema --out config/settings.schema.json
	$(BIN)/papermatrix schema --out config/schema

experiments: .venv/.ready ## write docs/experiments.md from config/
	$(BIN)/papermatrix experiments --out docs/experiments.md

lock: ## pin the newest versions of all that pyproject.toml asks for, in envs/
	$(PYTHON) envs/lock.py

clean: ## remove .venv; results stay
	rm -rf .venv

FORCE:
