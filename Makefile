# Three commands are enough: `make demo`, `make monitor` and `make test`. Each sets the environment up first.
PYTHON ?= python3
VENV ?= .venv
ORACLES ?= .venv-oracles
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
ORACLES_STAMP = $(ORACLES)/.installed
export OMP_NUM_THREADS ?= 2
# tests and benchmarks start many interpreters: each would compile the whole package anew where no bytecode is kept
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo monitor soak chaos guards test fuzz check docs oracles sbom vulnerabilities bench clean

demo: $(STAMP)
	$(BIN)/ecg-facial demo --out runs/demo

# the live monitor with SIMULATED patients; its model is the one that `make demo` trains, and is trained first if missing
monitor: runs/demo/model/bundle.json
	$(BIN)/ecg-facial monitor --demo

runs/demo/model/bundle.json: | $(STAMP)
	@echo "no model in runs/demo yet: simulating people and training one takes some minutes, once"
	$(BIN)/ecg-facial demo --out runs/demo

# one thread per process: more of them than cores wait for each other, and tests of training take three times as long
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# files and tables spelt and damaged at random, 1,000 variants of each kind, and clean methods audited on more data; of
# the former `make test` runs 50
fuzz: $(STAMP)
	ECG_FACIAL_VARIANTS=1000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests/fuzz tests/evaluation/audit/test_audit.py

# the monitor for half an hour in real time, with a camera-like source and an ECG over LSL; figures in docs/reliability.md
soak: runs/demo/model/bundle.json
	$(BIN)/python -c 'import pylsl' 2>/dev/null || $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[live]'
	test -e runs/monitor/SIMULATED.json || $(BIN)/ecg-facial monitor --demo --duration-s 1
	$(BIN)/python benchmarks/monitor_soak.py --minutes 30 --lsl

# the tests of reliability as often as they are asked for: 450 drop-outs, 200 kills of a monitor, 40 of a training, 20 of
# a benchmark, 10 of a Ray worker, 5 of a program with a Ray of its own, and more
chaos: $(STAMP)
	ECG_FACIAL_CHAOS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --timeout 3600 tests/live \
		tests/learning/test_killed_training.py tests/end_to_end/test_other_runs.py tests/runtime/executors/test_ray.py

# what keeps the product reliable is taken away, a line of code at a time: each time a test must fail
guards: $(STAMP)
	$(BIN)/python tools/guards_off.py

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layering.py
	$(MAKE) docs

# web pages in build/docs: the gallery's examples are executed, and a warning is a failure
docs: $(STAMP)
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees docs build/docs

# results beside those of independent libraries; a missing library is a failure here, not a skipped test
oracles: $(ORACLES_STAMP)
	ECG_FACIAL_ORACLES=1 $(ORACLES)/bin/python -m pytest tests/oracles

# a bill of materials of the environment; the tools live in an environment of their own
sbom: $(STAMP) build/safety-tools/.installed
	build/safety-tools/bin/cyclonedx-py environment $(BIN)/python --output-file build/sbom.json

# known vulnerabilities in it; asks a service on the internet
vulnerabilities: $(STAMP) build/safety-tools/.installed
	build/safety-tools/bin/pip-audit --path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

build/safety-tools/.installed:
	$(PYTHON) -m venv build/safety-tools
	build/safety-tools/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0 pip-audit==2.10.1
	touch $@

bench: $(STAMP)
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[simulate,train,dev]'
	touch $@

$(ORACLES_STAMP): pyproject.toml constraints.txt requirements-oracles.txt
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[evaluate,export]' -r requirements-oracles.txt
	touch $@

clean:
	rm -rf $(VENV) $(ORACLES) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
