# Everything here sets up what it needs in .venv by itself, and is quick the second time.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LAKE ?= ./lake

.DEFAULT_GOAL := help
.PHONY: help demo test check lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## one model's whole life on real flights: trained, judged, promoted, served, watched
	$(BIN)/python -m deployments.demo --lake "$(LAKE)"

# In the order of the folders: whole files go to a worker, and the slow ones (e2e, integration) must not come last.
test: $(VENV)/.development ## every test, with the servers that they start
	@sh deployments/system-packages.sh
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.development ## style, strict types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.development ## choose the newest versions that fit together, and pin them
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
		pyproject.toml --extra postgres --extra labels -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
		pyproject.toml --extra postgres --extra labels --group dev -c requirements.txt -o requirements-dev.txt

clean: ## remove what was made here (never a lake)
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# compat: by path, so that a project's own expectations/ does not hide the package of that name from `python -m`.
# Bytecode halves what every command spends on imports; the database template, the start of Prefect's embedded server.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -C editable_mode=compat -e .
	-@$(BIN)/python -m compileall -q -j 0 -x '/(tests|testing)/' $(VENV)/lib tidemill flows tasks expectations deployments >/dev/null 2>&1
	$(BIN)/python -m deployments.engine
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@touch $@
