# Every target builds what it needs; `make install` is the only one that downloads.
PYTHON ?= python3
BIN := .venv/bin
DEMO_DIR ?= var/demo

# Prefect's own telemetry and version checks: off, so that everything works with no internet.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

# The locks name every package, so there is nothing to resolve.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: install develop demo ui test chaos signals attack fuzz fuzz-api load bench-lists alerts look lint types format \
	audit lock clean

# What runs campaigns, and nothing else: for production, and for a first look.
install: .venv/installed

# The test tools on top.
develop: .venv/developing

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	$(PIP_INSTALL) --no-build-isolation --editable .
	touch .venv/installed

.venv/developing: .venv/installed requirements-dev.txt
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	touch .venv/developing

demo: install
	$(BIN)/campaign demo --out $(DEMO_DIR)

ui: install
	$(BIN)/campaign ui

# A file of tests stays with one process, and so do the servers that its tests share. Many tests wait for a server,
# so there is one process more than most machines have cores.
test: develop lint types
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile

# The rule of syntax against email-validator on ten million mutated texts: half an hour or so.
fuzz: develop
	FUZZ_STRINGS=10000000 $(BIN)/python -m pytest tests/lists/test_syntax.py -k "mutated_texts_get_the_verdict"

# Requests made up from the API's own description: some minutes.
fuzz-api: develop
	API_EXAMPLES=500 $(BIN)/python -m pytest tests/api/test_describing.py -k no_request

# The API under wrk, which has to be on the PATH, and killed under load; figures: benchmarks/README.md.
load: develop
	$(BIN)/python benchmarks/api_load.py

# Figures and what they mean: benchmarks/README.md.
bench-lists: develop
	$(BIN)/python benchmarks/list_cleaning.py

# Some minutes: 200 kills of bare senders and collectors, half on each database, and 5 of the flow.
# CHAOS_SEED=SEED plays one round again.
chaos: develop
	$(BIN)/python tests/chaos --kills 100 --flow-kills 5

# SIGTERM and SIGINT to live commands, their groups and their children; some minutes.
signals: develop
	SIGNALS=1 $(BIN)/python -m pytest tests/test_signals.py tests/api/test_terminating.py

# Attacks live processes, on loopback, for some minutes and ten at the most; ATTACK="bodies kills": those alone.
# A small disk that is full needs root, PostgreSQL its wheel, a shifted clock a C compiler: else these are left out.
attack: develop
	$(BIN)/python tests/attack $(ATTACK)

lint: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: develop
	$(BIN)/mypy

format: develop
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Looks at every page in a real browser, some minutes; needs Chromium. Photographs: var/look.
look: develop
	$(BIN)/python tests/look

# WEBHOOK=https://... or EMAIL="mailtos://...": where alerts about campaigns go; see docs/operating.md. The shell
# gets them as variables: an address may hold what a shell would take for its own.
# Many shells have one's own address in EMAIL, which is not meant.
ALERT_EMAIL = $(if $(findstring command,$(origin EMAIL))$(findstring ://,$(EMAIL)),$(EMAIL))
alerts: install
	$(if $(WEBHOOK)$(ALERT_EMAIL),,$(error Where to? make alerts WEBHOOK=https://..., or EMAIL="mailtos://..."))
	$(if $(WEBHOOK),$(BIN)/python automations/create.py webhook "$$WEBHOOK")
	$(if $(ALERT_EMAIL),$(BIN)/python automations/create.py email "$$EMAIL")

# Known weaknesses of what is installed, and its licences. Exit code 3: the database was not reached, and nothing
# is known; see docs/operating.md.
audit: develop
	$(BIN)/python tests/audit

# Needs uv on the PATH. The files hold names, versions and hashes, never where they came from. The second one holds
# what the first one does not, in versions that go with it.
COMPILE = uv pip compile pyproject.toml --extra install --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --quiet
lock:
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-all.tmp
	echo "--requirement requirements.txt" > requirements-dev.txt
	awk 'NR == FNR { if (/^[^ ]/) there[$$1] = 1; next } /^[^ ]/ { new = !($$1 in there) } new' \
		requirements.txt requirements-all.tmp >> requirements-dev.txt
	rm requirements-all.tmp

clean:
	rm -rf .venv var build *.egg-info
