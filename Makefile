PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml examples/*/pyproject.toml))
PACKAGES := platypose $(wildcard plugins/*/platypose_* examples/*/platypose_*)

# mkdocs-material and mkdocs announce their successors at every build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help install demo test check docs wheels clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

install: .venv/installed ## make .venv with everything in it, editable

.venv/installed: constraints.txt pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt hatchling editables
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e '.[dev,train]' $(PLUGINS:%=-e ./%)
	touch $@

demo: install ## lift the example, a person balancing before one camera, into out/demo
	rm -rf out/demo
	$(BIN)/platypose lift examples/data/balancing.safetensors --energy heatmap --samples 50 --seed 0 --out out/demo
	@ls -1 out/demo

test: install ## run every test
	$(BIN)/pytest

check: install ## lint, formatting, types, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict $(PACKAGES)
	$(BIN)/lint-imports

docs: install ## build the site into site
	$(BIN)/mkdocs build --strict

wheels: install ## build a wheel of every distribution into dist
	rm -rf dist
	$(BIN)/pip wheel -q --no-deps --no-build-isolation --wheel-dir dist . $(PLUGINS:%=./%)

clean: ## remove everything that the other targets make
	rm -rf .venv build dist out site .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
