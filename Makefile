# Everything a developer or an operator types. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

#: Recorded answers and labelled texts, where they lie beside the project.
CORPUS := $(abspath ../shared)
ifneq ($(and $(wildcard $(CORPUS)/data/.),$(wildcard $(CORPUS)/payloads/.)),)
export EARSHOT_CORPUS ?= $(CORPUS)
endif
export PYTHON

BIN := .venv-test/bin
#: More words for pytest, as in `make check ARGS="-k incident"`.
ARGS ?=

.PHONY: help env run test check bench bench-collect bench-store bench-analysis chaos fuzz test-env train-env train-test static image-check lock schema screenshots lighthouse dst clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

env: ## Make .venv from requirements/run.txt, with .venv/bin/earshot
	@tools/environment.sh .venv requirements/run.txt

run: env ## Start everything with the demo brand on 127.0.0.1:8000
	@exec .venv/bin/earshot up --demo

# The recipe is one shell, so that what one step found is there for the next.
test: test-env static ## Run everything CI runs, in an environment of its own
	@tools/mail_host.sh && \
	EARSHOT_CHROMIUM=$$(tools/browser.sh) && \
	EARSHOT_FEED_SUITE=$$(tools/feed_suite.sh) && \
	export EARSHOT_CHROMIUM EARSHOT_FEED_SUITE && \
	exec $(BIN)/python -m pytest $(ARGS)

check: test-env static ## Run the linters, the type check, the import contracts and the fast tests
	@exec $(BIN)/python -m pytest -q -m "not browser and not slow and not corpus" $(ARGS)

test-env:
	@tools/environment.sh .venv-test requirements/test.txt

train-env:
	@tools/environment.sh .venv-train requirements/train.txt requirements/train-cpu.txt requirements/train-cuda.txt

train-test: train-env ## Run the tests that need torch and transformers
	@exec .venv-train/bin/python -m pytest -q tests/analysis/test_hub.py tests/analysis/test_hub_folder.py tests/analysis/test_training.py $(ARGS)

bench-analysis: train-env ## Measure the analyser beside transformers, snownlp, VADER and pythainlp
	@exec .venv-train/bin/python -m tests.benchmarks.analysis $(ARGS)

static: test-env
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

dst: test-env ## Prove the on-call rules on every night of any zone on which clocks are changed
	@exec $(BIN)/python -m tests.alerts.dst

bench: test-env ## Measure the budgets and print them in a table (ARGS="start store latency" picks)
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-store: test-env ## Load a million mentions and time every question of pages and lists (ARGS="--mentions 10000000")
	$(BIN)/python -m tests.benchmarks.store_scale $(ARGS)

bench-collect: test-env ## Measure what polling ten thousand feeds costs
	$(BIN)/python -m tests.benchmarks collect

chaos: test-env ## Kill workers and stop Postgres under load, 200 times and more, and count what is lost (ARGS="--seed 2")
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: test-env ## Feed every reader what coverage leads to, for ten minutes (ARGS="--minutes 60 feed mail")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
	  --require-hashes --requirement requirements/fuzz.txt || echo "There is no atheris for this Python: by chance" >&2
	@exec $(BIN)/python -m tests.fuzz $(ARGS)

image-check: test-env ## Lint the Dockerfile and carry out its steps in Debian folders (as root)
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m tools.image_check

lock: ## Write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	tools/lock.sh $(ARGS)

#: Where the pictures go.
PICTURES ?= build/screenshots

screenshots: test-env ## Take pictures of every page into build/screenshots (PICTURES=folder)
	@EARSHOT_CHROMIUM=$$(tools/browser.sh) && export EARSHOT_CHROMIUM && \
	exec $(BIN)/python -m tests.service.web.screenshots $(PICTURES) $(ARGS)

lighthouse: test-env ## Ask Lighthouse (npm) about every page, on a phone and a desktop (ARGS="--only mentions")
	@npm install --silent --no-save --no-audit --no-fund --prefix build/lighthouse lighthouse@12.8.2 && \
	EARSHOT_CHROMIUM=$$(tools/browser.sh) && export EARSHOT_CHROMIUM && \
	exec $(BIN)/python -m tests.service.web.lighthouse $(ARGS)

schema: test-env ## Write service/store/schema.sql anew from the migrations
	$(BIN)/python -m service.store.schema

clean: ## Remove what was built; your data stays
	rm -rf .venv .venv-test .venv-train build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
