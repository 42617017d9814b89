# Everything a fresh machine with Python 3.11, make and git needs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format slow clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## Make .venv with pinned versions

# torch first and alone: asked for together with others, pip may choose a build with gigabytes of CUDA.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Enogu needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(STAMP)  ## Train a LoRA on drawn pictures and draw with it; opens nothing, needs no GPU
	$(BIN)/enogu demo demo

test: $(STAMP)  ## Run every check: format, lint, types, docs, tests
	scripts/check

check: test

slow: $(STAMP)  ## Run the tests with real-size models (6 GiB of memory and more)
	$(BIN)/python -m pytest -m slow

format: $(STAMP)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what set-up and demo made
	rm -rf $(VENV) demo demo-drawings demo-regularisation
