# make demo    the example cover becomes out/demo/cover.mp4, through a real ComfyUI on this machine
# make test    all tests
# make chaos   200 covers through two servers that are killed, stopped and cut off
# make calibrate  covers are made from a seed and what core/lettering/calibration.py holds is fitted to them again
# make lint    ruff and pyright
# make clean   forget the environment
# Each does all the set-up it needs; the environment is made once and re-used.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
READY := .venv/.ready
# As many workers as tests/conftest.py says.
SPREAD := --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: demo test chaos calibrate lint format clean

demo: $(READY)
	$(BIN)/coverloop render assets/cover.png --out out/demo --force
	@echo "Watch it: out/demo/cover.mp4"

test: $(READY)
	$(BIN)/python -m pytest $(SPREAD)

chaos: $(READY)
	$(BIN)/python tests/chaos.py

calibrate: $(READY)
	$(BIN)/python benchmarks/covers.py --out out/calibrate --count 60 --seed 1
	$(BIN)/python scripts/fit_strokes.py out/calibrate

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv out

$(READY): scripts/setup.py constraints.txt pyproject.toml
	$(PYTHON) scripts/setup.py .venv
