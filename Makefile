# Everything runs in .venv, which is made when first needed. `make help` tells what there is.
PYTHON ?= $(firstword $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python; done))
VENV := .venv
PY := $(VENV)/bin/python
LINK := build/collections/ansible_collections/antmedia/s3_recording
REQUIREMENTS := $(wildcard requirements/*.txt) meta/ee-requirements.txt
# Named after what is in it, so that an unchanged environment costs nothing and a checkout of an old state works.
STAMP := $(VENV)/.installed-$(shell cat $(REQUIREMENTS) | cksum | tr ' ' -)
STAGES ?=
AMS ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo test unit lint sanity integration e2e sweep files policies format matrix bench certify build docs release clean

help:  ## this list
	@sed -n 's/^\([a-z0-9 ]*\):.*  ## \(.*\)/\1\t\2/p' Makefile | expand -t 34

venv: $(STAMP) $(LINK)  ## the virtual environment, if something is missing in it

$(STAMP): $(REQUIREMENTS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3 python3-venv" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@rm -f $(VENV)/.installed-*
	@touch $@

# Ansible finds a collection by its path alone.
$(LINK):
	mkdir -p $(@D)
	ln -sfn ../../../.. $@

demo: venv  ## the whole collection on stand-ins; AMS=real for a real Ant Media Server
	$(PY) -m demo.run $(if $(AMS),--ams $(AMS))

test: venv  ## all checks and tests; STAGES="lint unit" for some of them
	$(PY) tests/run.py $(STAGES)

unit lint sanity integration e2e: venv  ## this stage of the tests alone
	$(PY) tests/run.py $@

files: venv  ## docs/FILES.md, from the docstrings of all files
	$(PY) -m tests.harness.generate_file_index

policies: venv  ## docs/policies, from tests/harness/generate_policies.py
	$(PY) -m tests.harness.generate_policies

sweep: venv  ## secrets, injections and kills in whole, of which the tests run a sample; takes an hour or so; CASES=expression for some
	SWEEP=all $(PY) -m pytest -q -n 2 tests/sweep $(if $(CASES),-k "$(CASES)")

format: venv  ## lays out the Python files
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

matrix: venv  ## the tests on every ansible-core and Python that this machine has; ONLY=2.17 for one
	$(PY) -m tests.matrix $(ONLY)

bench: venv  ## what the servers play costs, as ratios, and slices of it; takes some minutes
	$(PY) tests/bench/run.py
	$(PY) -m tests.bench.slices

build: venv  ## the collection's tarball, in build/
	$(PY) -m tests.certify --only-build

certify: venv  ## what Galaxy and Automation Hub ask: the tarball, its import, its use
	$(PY) -m tests.certify
	$(PY) -m tests.matrix --only sanity

docs: venv  ## the documentation as a site, in build/docs
	$(PY) -m tests.docs_site

release: venv  ## publishes TAG on Galaxy, with the token in GALAXY_TOKEN; DRY=1 checks and builds alone
	$(PY) -m tests.release $(if $(DRY),--dry-run) "$(TAG)"

clean:  ## removes what was made, but not the virtual environment
	rm -rf build .cache tests/output .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
