#!/usr/bin/env bash
# The tests that speak of the database, once more on PostgreSQL: migrations, stories in the pages,
# who may open what, attacks, races and faults of real processes, properties, backups. They start a
# server of their own, on a socket in a temporary folder, and end it. Installs PostgreSQL where that
# can be done without a question; elsewhere says so and leaves these tests out.
# PORTAL_TEST_POSTGRESQL=off leaves them out on purpose.
#
# Left out, since nothing in them changes with the database: papers and their rules, uploads,
# readers of agreements, the directory of companies, what a page says beside these stories, browsers;
# of the faults, slow people and mail servers (no request of theirs waits for a row) and the service
# that starts the others (on SQLite by nature). Tests that speak of the SQLite file skip themselves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

is_there() { command -v initdb >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; }

if [ "${PORTAL_TEST_POSTGRESQL:-}" = off ]; then
    echo "PORTAL_TEST_POSTGRESQL=off : les tests sur PostgreSQL sont laissés de côté."
    exit 0
fi
if ! is_there && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installation de postgresql pour les tests…"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { apt-get update && apt-get install --yes --no-install-recommends postgresql; } >"$log" 2>&1 || tail -n 15 "$log" >&2
    rm -f "$log"
fi
if ! is_there; then
    echo "PostgreSQL n’a pas pu être installé ici : les tests sur PostgreSQL sont laissés de côté."
    echo "Sur Debian ou Ubuntu : sudo apt-get install postgresql"
    exit 0
fi

echo "Les tests de la base de données, sur PostgreSQL :"
PORTAL_TEST_DATABASE=postgresql exec .venv/bin/python -m pytest -n 2 \
    tests/house/test_migrations.py tests/house/test_databases.py tests/web/test_story_*.py \
    tests/web/test_access_matrix.py tests/web/test_conflicts.py tests/web/test_lists.py tests/web/test_long_lists.py \
    tests/web/test_login.py tests/security tests/races tests/property tests/safekeeping \
    tests/faults/test_story_web.py tests/faults/test_story_worker.py \
    tests/faults/test_story_disk.py "$@"
