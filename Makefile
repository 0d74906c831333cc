# Everything is done through these targets; `make` alone lists them.
# Nothing but GNU make and Python ≥ 3.11 is asked of the machine.

PORT ?= 8000
# The first Python of this machine that is recent enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes
FLASK := $(BIN)/python -m flask --app wsgi
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

.PHONY: help run test check bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make run    le portail de démonstration sur http://127.0.0.1:$(PORT) (PORT=… pour changer)"
	@echo "make test   toute la suite de tests"
	@echo "make check  mise en forme, règles de style et types"
	@echo "make bench  les mesures de vitesse (bench/README.md garde les dernières)"
	@echo "make lock   refait requirements*.txt à partir de requirements*.in (demande uv)"
	@echo "make clean  enlève l’environnement et les données de démonstration"

# A file of its own says that the installation went to its end: a second run starts at once.
.venv/installed: requirements.txt
	$(call venv)
	@echo "Installation des bibliothèques (une minute environ, la première fois)…"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt
	$(call venv)
	@echo "Installation des bibliothèques et des outils de test…"
	@$(PIP) -r requirements-dev.txt
	@touch $@

.venv/installed-bench: requirements-bench.txt
	$(call venv)
	@echo "Installation de ce à quoi les mesures comparent le portail…"
	@$(PIP) -r requirements-bench.txt
	@touch $@

define venv
	@test -n "$(PYTHON)" || { echo "Il faut Python 3.11 ou plus récent : aucun n’a été trouvé."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { \
		echo "L’environnement .venv n’a pas pu être créé. Sur Debian : apt install python3-venv"; exit 1; }
endef

run: export PORTAL_DEMO := 1
run: export PORTAL_BASE_URL := http://127.0.0.1:$(PORT)
run: export PORT := $(PORT)
run: .venv/installed
	@$(FLASK) db upgrade
	@$(FLASK) demonstration
	@exec $(FLASK) serve

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: .venv/installed-dev
	@tests/install-browser.sh
	@tests/install-proxies.sh
	$(BIN)/python -m pytest -n 2 $(if $(filter off,$(PORTAL_TEST_BROWSER)),--ignore=tests/browser)
	@tests/on-postgresql.sh

bench: .venv/installed-bench
	@for name in documents pages lists acts send seal reading startup clone; do echo "== $$name" && $(BIN)/python -m bench.$$name || exit 1; done

lock:
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) --constraint requirements.txt requirements-dev.in -o requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt requirements-bench.in -o requirements-bench.txt

clean:
	rm -rf .venv var .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
