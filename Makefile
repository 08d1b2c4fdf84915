# make run | dev | test | lint | evals | eval-sets | bench | bench-inbox | bench-peers | setup | clean
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PEERS  := .venv-peers
# PyTorch's index of CPU builds: without it pip takes builds with gigabytes of CUDA on Linux.
# Used when it answers within two seconds; set it empty to use pip's own configuration only.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := torch==2.13.0
PORT ?= 8000
# Python compiles what it imports, when it imports it: pip would compile everything there is, for a minute and more.
export PIP_NO_COMPILE := 1

.PHONY: run setup dev test lint evals eval-sets bench bench-inbox bench-peers clean

run: setup
	@$(BIN)/parley index docs --prune
	@$(BIN)/python -m evals.demo  # calibrates the demo, once
	@$(BIN)/parley serve --port $(PORT)

setup: $(VENV)/.made

dev: $(VENV)/.made-dev

$(VENV)/.torch $(PEERS)/.torch: %/.torch:
	@$(PYTHON) -c 'import sys; sys.exit("Parley needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $*
	@if [ -n "$(TORCH_CPU_INDEX)" ] && $*/bin/python -c "import urllib.request as u; u.urlopen('$(TORCH_CPU_INDEX)/torch/', timeout=2)" 2>/dev/null; \
	then echo "PyTorch: CPU build from $(TORCH_CPU_INDEX)"; $*/bin/pip install -q --index-url $(TORCH_CPU_INDEX) $(TORCH); \
	else $*/bin/pip install -q $(TORCH); fi
	@touch $@

$(VENV)/.made: $(VENV)/.torch pyproject.toml constraints.txt
	$(BIN)/pip install -q -c constraints.txt -e .
	@$(BIN)/python -m retrieval.embedders  # exports the embedding model, once
	@touch $@

$(VENV)/.made-dev: $(VENV)/.made
	$(BIN)/pip install -q -c constraints.txt -e .[dev]
	@touch $@

# One process more than processors, since a third of the time goes by in waiting, and at most four: each holds a model and a browser.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
# Fast tests by default. SERVICES=required runs all: PostgreSQL, Redis, a Chroma server, Chromium; what is missing fails.
# A file stays in one process, with the servers that its tests share; the files come in the order of the collection, the longest first.
ifeq ($(SERVICES),required)
CHOSEN := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
else
CHOSEN := -m "not slow and not services and not browser"
endif
export SERVICES

# One thread of arithmetic each: those of several processes wait for each other without rest.
test: dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest $(CHOSEN)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

evals: setup
	$(BIN)/parley eval --report evals.html

# Retrieval on every question set of a folder, in one table: DATA=folder of folders in the BEIR layout.
eval-sets: setup
	$(BIN)/python -m evals.sets "$(DATA)"

bench: dev
	$(BIN)/python -m evals.bench

# The inbox with 10,000 open and 1,000,000 closed conversations: about half an hour to make them, 12 GB. POSTGRES=address of an empty database.
bench-inbox: dev
	$(BIN)/python -m evals.bench.inbox $(if $(POSTGRES),--postgres "$(POSTGRES)")

# Parley beside other programs, which are installed in an environment of their own (about 2 GB).
# DATA=folder: a set in the BEIR layout or a folder of sets, our own questions without it; QUERIES=number; THREADS=number; JSON=file.
bench-peers: setup $(PEERS)/.made
	$(BIN)/python -m evals.peers.bench $(if $(DATA),--data "$(DATA)") $(if $(QUERIES),--queries $(QUERIES)) $(if $(THREADS),--threads $(THREADS)) $(if $(JSON),--json "$(JSON)")

$(PEERS)/.made: $(PEERS)/.torch evals/peers/requirements.txt
	$(PEERS)/bin/pip install -q -r evals/peers/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
