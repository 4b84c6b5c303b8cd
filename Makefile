PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest -q -n 2 --dist worksteal -rs
export PYTHONDONTWRITEBYTECODE := # the tests start hundreds of processes, each of which would compile all that it imports

.PHONY: demo test check docs nightly fuzz bounds benchmark gpu schema networks editor imported clean

demo: .venv/.installed            ## install, and compile GoogLeNet
	$(BIN)/archspec compile specs/googlenet.yaml

test: .venv/.installed-dev        ## install PyTorch and the tools, and run every test on some of the cases
	HYPOTHESIS_PROFILE=quick $(PYTEST)

check: .venv/.installed-dev       ## what CI runs: style, types, every test on all cases
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

docs: .venv/.installed-dev        ## build the site
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/site
	$(BIN)/python docs/playground/build.py build/site/playground
	@echo "wrote build/site/index.html"

nightly: .venv/.installed-dev     ## 10,000 cases for each op, 10,000 networks; all bundled networks; large specs; imports of libraries' networks
	HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/test_ops_torch.py tests/test_random_networks.py tests/test_clean_source.py
	HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/test_drawing_*.py tests/test_volumes.py
	HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/test_counterparts.py tests/test_networks_torch.py tests/test_emit*.py tests/test_memory_torch.py tests/test_export.py tests/test_import_module.py tests/test_importers.py tests/browser/test_playground_in_browser.py
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[ray]" # too large to install for every check
	HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/test_sweep.py tests/test_fit.py
	HYPOTHESIS_PROFILE=nightly $(PYTEST) tests/test_formatting.py tests/test_flat.py tests/test_new.py
	$(BIN)/python tests/bounds.py
	$(BIN)/python tests/import_survey.py

fuzz: .venv/.installed-dev        ## half an hour of broken specs, and ten minutes of bad surroundings
	$(BIN)/python tests/fuzz.py --minutes 30
	$(BIN)/python tests/fuzz.py --minutes 10 --surroundings

bounds: .venv/.installed-dev      ## the time and memory that commands take with specs as large as the limits allow
	$(BIN)/python tests/bounds.py

benchmark: .venv/.installed-dev   ## speed, as ratios measured side by side
	$(BIN)/python tests/benchmarks/run.py

gpu: .venv/.installed-dev         ## what needs a GPU, measured on one; without one, the part for the CPU
	$(BIN)/python tests/benchmarks/gpu.py

schema: .venv/.installed          ## write the JSON Schema that editors read
	$(BIN)/archspec schema > docs/archspec.schema.json

networks: .venv/.installed-dev    ## write the page on the bundled networks
	$(BIN)/python tests/networks_page.py

editor: .venv/.installed          ## bundle the editor of the page in the browser, of the packages that docs/playground names
	$(BIN)/python docs/playground/build.py --editor archspec/playground/page/codemirror.js

imported: .venv/.installed-dev    ## write the page on imported networks, of what the nightly imports found
	$(BIN)/python tests/imported_page.py

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps timm torchvision # beside a CPU build of PyTorch
	@touch $@
