# `make run` and `make test` do everything from a clean clone; a second time they start at once.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test lint docs benchmarks weights clean

run: $(VENV)/.installed
	$(BIN)/labrun projects/gray_scott.yaml

test: $(VENV)/.installed-dev
	$(BIN)/pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-dev
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

benchmarks: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/gray_scott_kernel.py
	$(BIN)/python benchmarks/persistent_exclusion_kernel.py
	$(BIN)/python benchmarks/persistent_exclusion_clusters.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/workers.py
	$(BIN)/python benchmarks/workers.py --simulator persistent_exclusion
	$(BIN)/python benchmarks/snapshots_streaming.py
	$(BIN)/python benchmarks/bigger_than_memory.py
	$(BIN)/python benchmarks/reionization.py
	$(BIN)/python benchmarks/slices.py
	$(BIN)/python benchmarks/network_rendering.py
	$(BIN)/python benchmarks/pix2pix_step.py
	$(BIN)/python benchmarks/classification.py
	$(BIN)/python benchmarks/comparisons.py
	$(BIN)/python benchmarks/interval_coverage.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/list_plugins.py
	$(BIN)/python benchmarks/plan_accuracy.py --size small
	$(BIN)/python benchmarks/live_page.py
	$(BIN)/python benchmarks/dask_kills.py
	$(BIN)/python -m benchmarks.kills
	$(BIN)/python -m benchmarks.damage
	$(BIN)/python -m benchmarks.adaptive percolation
	$(BIN)/python -m benchmarks.adaptive_kills
	$(BIN)/python -m benchmarks.programs
	$(BIN)/python -m benchmarks.program_kills
	$(BIN)/labrun projects/gray_scott.yaml
	$(BIN)/python benchmarks/report_page.py runs/gray_scott/report.html

# The networks that come with pattern_cnn, trained anew: see the README beside them.
PRETRAINED = plugins/models/labrun_pattern_cnn/pretrained
TRAINED = runs/gray_scott_second_pass/models

weights: $(VENV)/.installed
	$(BIN)/labrun projects/gray_scott_second_pass.yaml --only cnn --only second_pass
	for pair in "cnn:first_pass" "second_pass:second_pass"; do \
	  mkdir -p "$(PRETRAINED)/gray_scott_$${pair#*:}"; \
	  for file in model.json examples.json history.csv model.weights.h5; do \
	    cp -f "$(TRAINED)/$${pair%:*}[seed=0]/$$file" "$(PRETRAINED)/gray_scott_$${pair#*:}/"; done; done

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "labrun needs Python 3.11 or newer; try make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) runs
