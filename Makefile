# `make run` draws a picture from a fresh checkout: it needs Python 3.11 or newer with pip, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EDITOR := web/editor
FAST := not slow and not benchmark
ENGINE := tests/unit/engine tests/unit/contracts tests/semantics tests/unit/nodes/test_flow.py tests/unit/nodes/test_embedding.py tests/docs
ADDRESS := http://127.0.0.1:8188

# A failed recipe leaves no stamp behind, so the next run tries again.
.DELETE_ON_ERROR:
.PHONY: help setup run serve test check large bench benchmarks parity semantics docs conformance compatibility fuzz faults soak nasty diskfull browser clients editor editor-slow editor-check clean

help:
	@echo "make run     draw the first picture into output/"
	@echo "make serve   open the editor at $(ADDRESS)"
	@echo "make test    run the fast tests"
	@echo "make check   lint, types, import rules"
	@echo "make large   draw with checkpoints as large as SD 1.5, SD 2 and SDXL; takes 16 GB of memory and minutes"
	@echo "make parity  compare numbers with an independent implementation"
	@echo "make bench   print benchmark figures; make benchmarks writes them into docs"
	@echo "make docs    draw anew what the bundled model draws in docs"
	@echo "make semantics  print the rules of execution and their tests"
	@echo "make conformance  test the protocol; print its lines, routes and messages with their tests"
	@echo "make compatibility  compare the nodes with ComfyUI's; print which are equal, different or absent, and why"
	@echo "make fuzz    call every route in thousands of ways and compare the answers with /openapi.json"
	@echo "make faults  kill worker and server at 100 random instants; nothing may be lost, doubled or different"
	@echo "make soak    run 2,000 jobs in a row and see whether anything grows"
	@echo "make nasty   run nodes that crash, hang or take all memory, and see what clients notice"
	@echo "make diskfull  let the disk below a server run full; needs root, to mount a small one"
	@echo "make browser try the editor, and ComfyUI's front end, unmodified, in the system's Chromium"
	@echo "make clients run a workflow through clients that others wrote for ComfyUI"
	@echo "make editor  check, test and build the editor into web/static; needs Node.js 20 or newer"
	@echo "make editor-slow  do 10,000 edits by chance in workflows with subgraphs, undo and redo them all"
	@echo "make editor-check  see whether web/static was built from the editor's sources as they are"
	@echo "make setup   install what development needs"
	@echo "make clean   remove the environment and caches; pictures stay"

run: $(VENV)/installed
	@$(BIN)/wireloom run --out output
	@echo
	@echo "The picture lies in $(CURDIR)/output/wireloom/"
	@echo "Draw another:   $(BIN)/wireloom run --out output --text \"a cat on a green background\" --seed 7"
	@echo "Open the editor: make serve, then $(ADDRESS)"

serve: $(VENV)/installed
	@$(BIN)/wireloom serve

setup: $(VENV)/developing

test: $(VENV)/developing
	@# Two at a time, whose threads must not burn the cores as they wait; those of the engine with their coverage, which
	@# makes all of them slower; then those whose last one looks at all others.
	OMP_WAIT_POLICY=passive $(BIN)/pytest -n 2 --dist loadfile -m "$(FAST)" $(addprefix --ignore ,tests/conformance $(ENGINE))
	OMP_WAIT_POLICY=passive $(BIN)/pytest -n 2 --dist loadfile -m "$(FAST)" $(ENGINE) \
		--cov=engine --cov-report=term-missing:skip-covered --cov-fail-under=95
	$(BIN)/pytest -m "$(FAST)" tests/conformance

check: $(VENV)/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

large: $(VENV)/developing
	$(BIN)/pytest -s -m large --durations 0 tests/workflows

parity: $(VENV)/developing
	$(BIN)/pytest -q -m parity tests/parity --tables

bench: $(VENV)/developing
	$(BIN)/pytest -m benchmark -s tests/benchmarks

benchmarks: $(VENV)/developing
	$(BIN)/pytest -m benchmark -s tests/benchmarks --write

docs: $(VENV)/developing
	$(BIN)/python -m tests.docs.tour
	$(BIN)/python -m tests.docs.gallery
	$(BIN)/python -m tests.docs.samples_sheet
	$(BIN)/python -m tests.docs.guidance_sheet
	$(BIN)/python -m tests.docs.contact_sheet
	$(BIN)/python -m tests.support.sampler_sheet docs/pictures/samplers.webp

semantics: $(VENV)/developing
	@$(BIN)/python -m tests.semantics.report

conformance: $(VENV)/developing
	@$(BIN)/pytest -q tests/conformance --protocol

compatibility: $(VENV)/developing
	@$(BIN)/python -m tests.support.core_nodes

fuzz: $(VENV)/developing
	@FUZZ_EXAMPLES=25 $(BIN)/pytest -q tests/fuzz

faults: $(VENV)/developing
	@$(BIN)/python -m tests.faults --kills 100

soak: $(VENV)/developing
	@$(BIN)/python -m tests.endurance.soak --plot docs/pictures/soak.svg

nasty: $(VENV)/developing
	@$(BIN)/python -m tests.endurance.nasty

diskfull: $(VENV)/developing
	@$(BIN)/python -m tests.endurance.diskfull

browser: $(VENV)/browsing
	$(BIN)/pytest -m browser -n 2 --dist loadfile tests/browser

clients: $(VENV)/developing
	@$(BIN)/python -m tests.clients.run

editor: $(EDITOR)/node_modules/.installed
	npm --prefix $(EDITOR) run check
	npm --prefix $(EDITOR) test
	npm --prefix $(EDITOR) run build

editor-slow: $(EDITOR)/node_modules/.installed
	cd $(EDITOR) && OPERATIONS=10000 npx vitest run src/graph/subgraphs.test.ts

editor-check: $(VENV)/developing
	$(BIN)/pytest -q tests/unit/web/test_editor_bundle.py

clean:
	rm -rf $(VENV) $(EDITOR)/node_modules .clients .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "wireloom needs Python 3.11 or newer; name one with make PYTHON=python3.11" >&2; exit 1; }
	@# Some systems ship venv without ensurepip: then the system's pip brings one.
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(EDITOR)/node_modules/.installed: $(EDITOR)/package-lock.json
	npm --prefix $(EDITOR) ci --no-audit --no-fund
	@touch $@

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing wireloom into $(VENV): some minutes, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@# What pip does for packages that it copies: else the first start compiles, and each one where Python may not write.
	@$(BIN)/python -m compileall -q -x node_modules engine nodes web
	@touch $@

$(VENV)/developing: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/browsing: $(VENV)/developing
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[comfy]"
	@touch $@
