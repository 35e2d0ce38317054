# One word per verb; the continuous integration uses the same words.
.PHONY: setup update check test demo bench golden clean
SHELL := /bin/bash
.DELETE_ON_ERROR:

PY := .venv/bin/python
UV := $(shell command -v uv || echo build/uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# Hubs are never asked; everything works from local files.
export HF_HUB_OFFLINE := 1

setup: .venv/ready  ## build .venv from requirements.lock, and see to the OpenGL libraries

.venv/ready: requirements.lock | $(UV) opengl
	$(UV) venv --quiet --clear --python '>=3.11' .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --quiet requirements.lock
	touch $@

build/uv/bin/uv:
	@python3 -m pip --version >/dev/null 2>&1 || { echo "error: python3 has no pip; run: sudo apt-get install python3-pip" >&2; exit 1; }
	python3 -m pip install --quiet --target build/uv uv

.PHONY: opengl
opengl:
	@if ldconfig -p | grep -q 'libEGL\.so\.1' && ldconfig -p | grep -qE 'libGL\.so\.1|libOpenGL\.so\.0'; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as=; else as='sudo -n'; fi; \
	if $$as true 2>/dev/null && command -v apt-get >/dev/null; then \
		$$as apt-get update -qq && $$as apt-get install -qq -y --no-install-recommends libegl1 libgl1; \
	else \
		echo "note: without OpenGL libraries rendering takes several times as long; run: sudo apt-get install libegl1 libgl1" >&2; \
	fi

update: | $(UV)  ## renew requirements.lock
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--quiet --no-emit-index-url --custom-compile-command 'make update' --output-file requirements.lock

check: setup  ## format, lint, types, fast tests
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy
	$(PY) -m pytest -q -m 'not slow'

test: setup  ## all tests
	$(PY) -m pytest -q

demo: setup  ## the whole way on the sealed world, in minutes on a CPU
	$(PY) -m eval.demo

bench: setup  ## speed and memory, as ratios against a baseline of the same run
	$(PY) -m tests.bench.run
	$(PY) -m tests.bench.rendering
	$(PY) -m tests.bench.adaptation
	$(PY) -m tests.bench.feature_cost
	$(PY) -m tests.bench.enclosure
	$(PY) -m tests.bench.evaluation

golden: setup  ## make the golden files again and show what changed
	$(PY) -m tests.golden.make
	git --no-pager diff --stat -- tests/golden

clean:  ## remove what the commands above have made
	rm -rf .venv build runs renders
