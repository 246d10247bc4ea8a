# Each target works alone on a machine with Python 3.11+, git and make; a second run installs nothing.

PYTHON ?= python3
VENV ?= .venv
# Which torch: auto is cpu on Linux x86-64 without an NVIDIA card, default elsewhere; cpu: PyTorch's
# build for CPUs; cuda: a build with CUDA; default: whatever pip is configured to find.
TORCH ?= auto
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# Before everything else on the PATH, so that dvc.yaml's `python3` is this environment's.
export PATH := $(if $(filter /%,$(VENV)),$(VENV),$(CURDIR)/$(VENV))/bin:$(PATH)

# What make exps shows: the experiment, params, and the headlines of metrics/evaluate.json.
COLUMNS := Experiment$$|corpora$$|(download|spectrogram|split|validate|train|evaluate)[.]|accuracy$$|speaker[.]worst$$|robustness[.]mean$$|rejection[.]auroc$$
# Tools import what the stages share. Relative: experiments run in directories of their own.
export PYTHONPATH := src:tools
# Not the scripts in .venv/bin: they do not survive that the folder is moved.
dvc := python -m dvc

.DEFAULT_GOAL := help
.PHONY: help install install-dev repro report exps compare apply test test-slow coverage lint format check-lock verify \
	processors bench faults folds numbers release release-numbers real personal web serve test-web constraints clean

help:  ## List what can be made
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-17s%s\n", $$1, $$2}' Makefile

##@ The pipeline
repro: $(VENV)/.installed .dvc/config  ## Rebuild whatever is out of date, then print the metrics
	@python tools/under_git.py --tell-dvc
	$(dvc) repro
	@python tools/summary.py

report: $(VENV)/.installed  ## Write metrics/report.html, one page that says it all
	$(dvc) repro report
	@echo metrics/report.html

check-lock: $(VENV)/.installed  ## Say which stage dvc.lock is out of date for, without data or cache
	@python tools/check_lock.py

verify: $(VENV)/.installed  ## Rebuild HEAD from nothing elsewhere; compare every hash and metric
	@python tools/under_git.py
	python tools/verify.py $(ARGS)

processors: $(VENV)/.installed  ## Compare arithmetic with processors that QEMU emulates; minutes
	python tools/processors.py $(ARGS)

##@ Experiments
exps: $(VENV)/.installed  ## Compare the experiments: params that differ, metrics that matter
	@python tools/under_git.py
	$(dvc) exp show --only-changed --drop '^(?!$(COLUMNS))' $(ARGS)

compare: $(VENV)/.installed  ## Compare with another commit: make compare BASE=main
	@test -n "$(BASE)" || { echo 'say with what, for example: make compare BASE=HEAD~1' >&2; exit 2; }
	python src/compare.py "$(BASE)" $(ARGS)

apply: $(VENV)/.installed  ## Bring an experiment here, unless edits would be lost: EXP=name
	@test -n "$(EXP)" || { echo 'say which, for example: make apply EXP=agile-mice' >&2; exit 2; }
	python tools/apply.py "$(EXP)"

folds: $(VENV)/.installed  ## Cross-validate, a DVC experiment a fold; which: make folds ARGS=--help
	python tools/folds.py $(ARGS)

##@ The released model
release: $(VENV)/.installed  ## Train the model for new users; promote it if it is no worse
	python tools/release.py $(ARGS)

numbers: $(VENV)/.installed  ## Train the network that reads numbers, on the corpora of params.yaml; an hour
	cp numbers/stages.yaml numbers/dvc.yaml
	$(dvc) repro numbers/dvc.yaml $(ARGS)

release-numbers: $(VENV)/.installed  ## Train the network that reads numbers, from the released model; an hour
	python tools/release_numbers.py $(ARGS)

real: $(VENV)/.installed  ## Measure the models on real recordings they never heard
	python tools/real.py $(ARGS)

personal: $(VENV)/.installed  ## Adapt it to your voice: make personal ARGS='--recordings DIR'
	python tools/personal.py $(ARGS)

##@ The page in a browser; Node.js 20.19 or newer, with npm
web: $(VENV)/.installed web/node_modules/.installed  ## Build web/dist, a page that listens
	python tools/web_files.py $(ARGS)
	cd web && npm run build

serve: $(VENV)/.installed  ## Serve it on this machine alone, and print the address
	@python tools/serve.py $(ARGS)

test-web:  ## Test it in chromium; skipped, with the reason, where that or npm is missing
	@missing="$$(sh web/tests/missing.sh)"; \
	if [ -z "$$missing" ]; then \
		$(MAKE) --no-print-directory $(VENV)/.installed-dev web ARGS= && cd web && npm run lint && npm test -- $(ARGS); \
	else \
		echo "test-web is skipped: $$missing"; [ -z "$$SPOKEN_DIGITS_REQUIRE_WEB" ]; \
	fi

##@ Development
# Sound is played and heard in real time: nothing beside it. 5: none is chosen by ARGS='-k ...'.
pytest = code=0; \
	python -m pytest -m '$(1) and not sound' --numprocesses auto --dist loadgroup $(ARGS) || code=$$?; \
	case $$code in 0|5) ;; *) exit $$code ;; esac; \
	python -m pytest -m '$(1) and sound' $(ARGS) || { sound=$$?; [ $$sound != 5 ] || exit $$code; exit $$sound; }

test: $(VENV)/.installed-dev  ## Run the tests, without the slow ones
	@$(call pytest,not slow)

test-slow: $(VENV)/.installed-dev  ## Run the slow tests: whole pipelines, remotes, the README
	@$(call pytest,slow)

coverage: $(VENV)/.installed-dev  ## Run the tests, and list the lines that none of them runs
	python -m coverage erase
	python -m coverage run -m pytest -m 'not slow' --numprocesses auto --dist loadgroup -q $(ARGS)
	python -m coverage combine --quiet
	python -m coverage report

faults: $(VENV)/.installed-dev  ## Break the project on purpose; nothing may be lost; 15 minutes
	python tools/faults.py $(ARGS)

lint: $(VENV)/.installed-dev  ## Check style, types, and that dvc.lock matches code and params
	python -m ruff check .
	python -m ruff format --check .
	python -m mypy
	python tools/check_lock.py

format: $(VENV)/.installed-dev  ## Mend what ruff can mend
	python -m ruff check --fix .
	python -m ruff format .

bench: $(VENV)/.installed-bench  ## Measure speed, beside librosa and the floor; minutes
	python benchmarks/speed/bench.py $(ARGS)

##@ The environment; TORCH=cpu, cuda or default says which torch, where detection errs
install: $(VENV)/.installed  ## Create .venv with what the pipeline needs
install-dev: $(VENV)/.installed-dev  ## ... and with what tests and lint need

constraints: $(VENV)/.installed-dev $(VENV)/.installed-bench  ## Write constraints.txt anew from what .venv holds
	{ sed '/^[^#]/,$$d' constraints.txt; python -m pip freeze --all | grep -vE '^(torch|pip|wheel)==' | sort -f; } > .constraints.partial
	mv .constraints.partial constraints.txt

clean:  ## Remove .venv and what tools leave behind; data, models and caches stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dvc_plots web/node_modules web/dist web/public/models
	find . -name __pycache__ -not -path './.dvc/*' -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.txt constraints.txt tools/install.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '$(PYTHON) is not Python 3.11 or newer. Name one that is: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { \
		echo '$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	python tools/install.py --torch "$(TORCH)" --cpu-index "$(TORCH_CPU_INDEX)"
	@echo "$(TORCH)" > $@

# Asked for another torch than the environment was made with: install again.
ifneq ($(filter-out auto $(shell cat "$(VENV)/.installed" 2>/dev/null),$(TORCH)),)
.PHONY: $(VENV)/.installed
endif

web/node_modules/.installed: web/package.json web/package-lock.json
	@command -v npm >/dev/null || { \
		echo 'npm is not there. It comes with Node.js; on Debian 13: apt-get install nodejs npm' >&2; exit 1; }
	cd web && npm ci
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed benchmarks/requirements.txt
	python -m pip install --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-remotes.txt requirements-cluster.txt
	python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
