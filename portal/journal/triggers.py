"""The database itself refuses to change the journal, whoever asks.

A migration that creates these tables, or rebuilds them, runs `statements(dialect)` after it:
SQLite drops the triggers of a table with the table.
"""

_REFUSED = "le journal ne se modifie pas"


def _sqlite(table: str, verb: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    )


def _postgresql(
    table: str, verbs: str, level: str, name: str, function: str = "journal_refuse"
) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} "
        f"FOR EACH {level} EXECUTE FUNCTION {function}()"
    )


_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM journal_entry)"
_RAISE = f"RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation'"
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {_RAISE}; END $$"
)
_NEXT_FUNCTION = (
    "CREATE OR REPLACE FUNCTION journal_next_only() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN IF NEW.seq = {_NEXT} "
    f"THEN RETURN NEW; END IF; {_RAISE}; END $$"
)

# INSERT OR REPLACE deletes a row without firing DELETE triggers: it is stopped before it does.
_NEXT_ONLY = (
    "WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal_entry) "
    "OR EXISTS (SELECT 1 FROM journal_entry WHERE sha256 = NEW.sha256) "
)
_NEW_ONLY = "WHEN EXISTS (SELECT 1 FROM journal_details WHERE seq = NEW.seq) "

# Details may be deleted (the right to erasure), never rewritten.
TRIGGERS: dict[str, dict[str, tuple[str, ...]]] = {
    "sqlite": {
        "journal_entry": (
            _sqlite("journal_entry", "UPDATE"),
            _sqlite("journal_entry", "DELETE"),
            _sqlite("journal_entry", "INSERT", _NEXT_ONLY),
        ),
        "journal_details": (
            _sqlite("journal_details", "UPDATE"),
            _sqlite("journal_details", "INSERT", _NEW_ONLY),
        ),
    },
    "postgresql": {
        "journal_entry": (
            _FUNCTION,
            _postgresql("journal_entry", "UPDATE OR DELETE", "ROW", "frozen"),
            _postgresql("journal_entry", "TRUNCATE", "STATEMENT", "kept"),
            _NEXT_FUNCTION,
            _postgresql("journal_entry", "INSERT", "ROW", "next", "journal_next_only"),
        ),
        "journal_details": (
            _FUNCTION,
            _postgresql("journal_details", "UPDATE", "ROW", "frozen"),
        ),
    },
}


# What those statements leave when the tables are dropped.
FUNCTIONS = {"sqlite": (), "postgresql": ("journal_refuse", "journal_next_only")}


def statements(dialect: str) -> tuple[str, ...]:
    """The SQL to run once both tables exist; `dialect` is "sqlite" or "postgresql"."""
    by_table = TRIGGERS[dialect]
    return by_table["journal_entry"] + by_table["journal_details"]
