# Everything runs from a clean clone with Python 3.11.4 or newer, git and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO_READY := .venv/.demo-ready
# Set in many a container: each program would compile every module anew, the cloud's for 6 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-containers check format environment lock clean

# Where everything is installed, that will do.
demo: $(if $(wildcard $(READY)),environment,$(DEMO_READY))
	$(BIN)/wharf demo $(DEMO)

# As many workers as there are cores, and one more: tests/conftest.py counts them.
test: environment
	$(BIN)/python -m pytest -n auto --dist loadfile $(TEST)

# Needs Docker (with BuildKit) or podman, and pulls two base images unless they are there;
# .ci/engine brings an engine and makes them. Without one every test is skipped, with the reason.
test-containers: environment
	$(BIN)/python -m pytest -n auto --dist loadfile $(or $(TEST),tests/containers)

# The committed state machine in a second interpreter, which shares no code with the laptop's:
# every path in both, three minutes. Its environment is its own.
SECOND := .second-interpreter
.PHONY: test-second-interpreter lock-second-interpreter
test-second-interpreter: environment $(SECOND)/.ready
	WHARF_MINISTACK_PYTHON=$(CURDIR)/$(SECOND)/bin/python $(BIN)/python -m pytest tests/second_interpreter $(TEST)

$(SECOND)/.ready: .ci/second-interpreter/requirements.txt
	$(PYTHON) -m venv --clear $(SECOND)
	$(SECOND)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

lock-second-interpreter: environment
	$(BIN)/python -m uv pip compile .ci/second-interpreter/requirements.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file .ci/second-interpreter/requirements.txt

# What other programs say of the template and its policies, a finding needs a reason; and a second
# judge of IAM requests. A minute, in an environment of their own. POLICIES=--write writes docs/policies.md.
POLICY_TOOLS := .policies
.PHONY: test-policies lock-policies
test-policies: environment $(POLICY_TOOLS)/.ready
	$(BIN)/python app.py
	$(BIN)/python -m tests.policies $(POLICIES)
	$(BIN)/python -m pytest -q tests/policies

$(POLICY_TOOLS)/.ready: .ci/policies/requirements.txt
	$(PYTHON) -m venv --clear $(POLICY_TOOLS)
	$(POLICY_TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

lock-policies: environment
	$(BIN)/python -m uv pip compile .ci/policies/requirements.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file .ci/policies/requirements.txt

# The site of docs/, in .docs/site. A warning is an error: a page outside the navigation, a link to a
# page, heading or file that is not there. Its environment is its own.
DOCS := .docs
.PHONY: docs lock-docs
docs: $(DOCS)/.ready
	$(DOCS)/bin/sphinx-build --nitpicky --fail-on-warning --keep-going --quiet --jobs auto -d $(DOCS)/cache docs $(DOCS)/site
	@echo "docs: $(DOCS)/site/index.html"

$(DOCS)/.ready: .ci/docs/requirements.txt
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r $<
	@touch $@

lock-docs: environment
	$(BIN)/python -m uv pip compile .ci/docs/requirements.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file .ci/docs/requirements.txt

# moto's own tests, of the version that is pinned, against a cloud of ours: what fails here stands
# with its reason in tests/moto_suite/differences.toml. MOTO="s3 iam" runs those services;
# MOTO="--stock s3" asks moto as it is shipped. Ten minutes.
MOTO_SUITE := .moto-suite
.PHONY: test-moto
test-moto: environment $(MOTO_SUITE)/.ready
	$(BIN)/python -m tests.moto_suite $(MOTO)

$(MOTO_SUITE)/.ready: .ci/moto-suite/source.txt .ci/moto-suite/requirements.txt
	rm -rf $(MOTO_SUITE)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-binary :all: --no-deps --no-build-isolation --require-hashes --dest $(MOTO_SUITE) -r .ci/moto-suite/source.txt
	tar --extract --gzip --file $(MOTO_SUITE)/moto-*.tar.gz --directory $(MOTO_SUITE) --strip-components 1 --wildcards '*/tests' '*/pyproject.toml'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --target $(MOTO_SUITE)/site -r .ci/moto-suite/requirements.txt
	@touch $@

check: environment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m statemachine check
	$(BIN)/statelint statemachine/release.asl.json
	$(BIN)/python app.py
	$(BIN)/cfn-lint cdk.out/*.template.json
	$(BIN)/hadolint $(shell git ls-files '*Dockerfile')

# Our server beside its peers: two cores, wrk, about 20 minutes; the peers' packages go to .bench/.
# BENCH=--quick takes 3 minutes, BENCH=--write writes docs/serving-benchmark.md.
.PHONY: bench-serving
bench-serving: environment
	$(BIN)/python -m tests.bench.serving $(BENCH)

# The start of the laptop's cloud, in wall and CPU seconds.
.PHONY: bench-start
bench-start: environment
	$(BIN)/python -m tests.bench.laptop_start

format: environment
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

environment: $(READY)

# installed LOCK: what the lock names, which is everything, and this checkout.
define installed
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 4) and "Modelwharf needs Python 3.11.4 or newer, this is " + sys.version.split()[0] + "; set PYTHON=/path/to/python3")'
	@echo "environment: downloads and installs $$(grep -c == $(1)) packages into .venv: once, a minute or two, and nothing is printed meanwhile"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "environment: ready; the first run of each program compiles it, and takes a few seconds longer"
	@touch $@
endef

$(READY): requirements.lock pyproject.toml
	$(call installed,requirements.lock)

$(DEMO_READY): requirements-demo.lock pyproject.toml
	$(call installed,requirements-demo.lock)

# Resolves for every Python from 3.11 on (before 3.11.4 tarfile has no filters); the files name no
# index. The demo's lock is a part of the whole one.
LOCKED := $(BIN)/python -m uv pip compile pyproject.toml --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-header --quiet
lock: environment
	$(LOCKED) --all-extras --group dev --output-file requirements.lock
	$(LOCKED) --extra laptop --group demo --constraint requirements.lock \
	  --excludes requirements-demo.excludes --output-file requirements-demo.lock

# The package as people install it; the same checkout gives the same bytes.
.PHONY: wheel
wheel: environment
	rm -rf build
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m uv build --quiet --wheel --no-build-isolation --out-dir dist .
	rm -rf build

# VERSION=0.2.0: checks the tree, pyproject.toml and CHANGELOG.md, makes the wheel and then the tag.
.PHONY: release
release: environment
	@$(BIN)/python .ci/release.py "$(VERSION)"

clean:
	-$(BIN)/wharf down
	rm -rf .venv $(SECOND) $(POLICY_TOOLS) $(DOCS) $(MOTO_SUITE) .wharf cdk.out build dist .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Requests to the server that are wrong in every way we know, and right ones whose answers are
# known: N of them, to servers of both kinds. 100 to 300 a second; a few hundred are in `make test`.
.PHONY: fuzz
fuzz: environment
	$(BIN)/python -m tests.fuzz $(or $(N),100000) $(FUZZ)

# Pushes good and bad for MINUTES while functions, events and the cloud itself are killed, then a
# verdict. The same SEED draws the same events, at the same times as far as the machine is as quick.
.PHONY: chaos
chaos: environment
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(CHAOS)

# Web pages of other origins in a real Chromium (Debian's, or the one that WHARF_CHROMIUM names).
.PHONY: test-browser
test-browser: environment
	$(BIN)/python -m pytest tests/browser $(TEST)

# AWS CLI 1 and 2, boto3 and SageMaker's SDK 2 and 3, with the network cut: nothing may leave.
# Needs root, or a kernel that lets users have namespaces.
.PHONY: test-clients
test-clients: environment
	.ci/clients $(TEST)

# N rows of random pipelines: the server refuses whatever the library refuses. 100,000 take a
# processor ten minutes; REFUSALS="--seed 7" asks the same rows again.
.PHONY: fuzz-refusals
fuzz-refusals: environment
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.refusals $(or $(N),100000) $(REFUSALS)
