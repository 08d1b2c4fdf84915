# make run | test | test-all | lint | evals | bench | setup | clean
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# PyTorch's index of CPU builds: without it pip takes builds with gigabytes of CUDA on Linux.
# Used when it answers within two seconds; set it empty to use pip's own configuration only.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := torch==2.13.0
PORT ?= 8000

.PHONY: run setup dev test test-all lint evals bench clean

run: setup
	@$(BIN)/parley index docs --prune
	@$(BIN)/parley serve --port $(PORT)

setup: $(VENV)/.made

dev: $(VENV)/.made-dev

$(VENV)/.torch:
	@$(PYTHON) -c 'import sys; sys.exit("Parley needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@if [ -n "$(TORCH_CPU_INDEX)" ] && $(BIN)/python -c "import urllib.request as u; u.urlopen('$(TORCH_CPU_INDEX)/torch/', timeout=2)" 2>/dev/null; \
	then echo "PyTorch: CPU build from $(TORCH_CPU_INDEX)"; $(BIN)/pip install -q --index-url $(TORCH_CPU_INDEX) $(TORCH); \
	else $(BIN)/pip install -q $(TORCH); fi
	@touch $@

$(VENV)/.made: $(VENV)/.torch pyproject.toml constraints.txt
	$(BIN)/pip install -q -c constraints.txt -e .
	@$(BIN)/python -m retrieval.embedders  # exports the embedding model, once
	@touch $@

$(VENV)/.made-dev: $(VENV)/.made
	$(BIN)/pip install -q -c constraints.txt -e .[dev]
	@touch $@

# Fast tests by default. SERVICES=required runs all: PostgreSQL, Redis, a Chroma server, Chromium; what is missing fails.
ifeq ($(SERVICES),required)
CHOSEN := -n 2 --dist loadfile
else
CHOSEN := -m "not slow and not services and not browser"
endif
export SERVICES

test: dev
	$(BIN)/pytest $(CHOSEN)

test-all: dev
	$(BIN)/pytest -n 2 --dist loadfile

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

evals: setup
	$(BIN)/parley eval --report evals.html

bench: dev
	$(BIN)/python -m evals.bench

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
