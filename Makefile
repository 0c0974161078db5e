# Every target builds what it needs; `make install` is the only one that downloads.
PYTHON ?= python3
BIN := .venv/bin
DEMO_DIR ?= var/demo

# Prefect's own telemetry and version checks: off, so that everything works with no internet.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: install demo ui test chaos signals fuzz fuzz-api load bench-lists alerts look lint types format lock clean

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	# The lock names every package, so there is nothing to resolve.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch .venv/installed

demo: install
	$(BIN)/campaign demo --out $(DEMO_DIR)

ui: install
	$(BIN)/campaign ui

# A file of tests stays with one process, and so do the servers that its tests share. Many tests wait for a server,
# so there is one process more than most machines have cores.
test: install lint types
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile

# The rule of syntax against email-validator on ten million mutated texts: half an hour or so.
fuzz: install
	FUZZ_STRINGS=10000000 $(BIN)/python -m pytest tests/lists/test_syntax.py -k "mutated_texts_get_the_verdict"

# Requests made up from the API's own description: some minutes.
fuzz-api: install
	API_EXAMPLES=500 $(BIN)/python -m pytest tests/api/test_describing.py -k no_request

# The API under wrk, which has to be on the PATH, and killed under load; figures: benchmarks/README.md.
load: install
	$(BIN)/python benchmarks/api_load.py

# Figures and what they mean: benchmarks/README.md.
bench-lists: install
	$(BIN)/python benchmarks/list_cleaning.py

# Some minutes: 200 kills of bare senders and collectors, half on each database, and 5 of the flow.
# CHAOS_SEED=SEED plays one round again.
chaos: install
	$(BIN)/python tests/chaos --kills 100 --flow-kills 5

# SIGTERM and SIGINT to live commands, their groups and their children; some minutes.
signals: install
	SIGNALS=1 $(BIN)/python -m pytest tests/test_signals.py tests/api/test_terminating.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Looks at every page in a real browser, some minutes; needs Chromium. Photographs: var/look.
look: install
	$(BIN)/python tests/look

# WEBHOOK=https://... or EMAIL="mailtos://...": where alerts about campaigns go; see docs/operating.md.
alerts: install
	$(if $(WEBHOOK),$(BIN)/python automations/create.py webhook "$(WEBHOOK)")
	$(if $(EMAIL),$(BIN)/python automations/create.py email "$(EMAIL)")

# Needs uv on the PATH. The file holds names, versions and hashes, never where they came from.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet --output-file requirements.txt

clean:
	rm -rf .venv var build *.egg-info
