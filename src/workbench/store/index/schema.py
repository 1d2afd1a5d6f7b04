"""The tables of `.workbench/index.db`, made and moved along by sqlite-utils. All in them is derived from files.

Imported by whoever writes the index, not by the screen: sqlite-utils takes 0.1 s to load.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from ... import files
from .index import SCHEMA

tables = Migrations("index")


@tables()
def conversations(db: Database) -> None:
    """A row a conversation. Numbers are never used twice: what else is kept by number may outlive its row."""
    db.execute(
        "CREATE TABLE conversations (number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " kind TEXT, id TEXT, ref TEXT, rank INTEGER, title TEXT, agent TEXT, state TEXT, outcome TEXT,"
        " time REAL, turns INTEGER, moves INTEGER, marks INTEGER, tags TEXT, signs TEXT, suspicion REAL,"
        " recording TEXT, lot INTEGER, problem TEXT, size INTEGER, changed INTEGER, hash TEXT, read INTEGER)"
    )
    db.table("conversations").create_index(["ref"], unique=True)
    db.table("conversations").create_index(["recording"])
    for order in ("rank, time DESC", "time DESC", "suspicion DESC, time DESC", "moves DESC", "lot, rank"):
        name = order.replace(", ", "_").replace(" DESC", "")
        db.execute(f"CREATE INDEX by_{name} ON conversations ({order}, number)")


@tables()
def facets(db: Database) -> None:
    """What the filters of a query ask for."""
    db.execute(
        "CREATE TABLE facets (filter TEXT, value TEXT COLLATE NOCASE, number INTEGER,"
        " PRIMARY KEY (filter, value, number)) WITHOUT ROWID"
    )


@tables()
def words(db: Database) -> None:
    """Full text without the text: single words by their beginnings, small and quick at every key; phrases."""
    tokenize = "tokenize = 'unicode61 remove_diacritics 2'"
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5"
        f" (text, content = '', detail = none, prefix = '1 2 3 4 5 6', {tokenize})"
    )
    db.execute(f"CREATE VIRTUAL TABLE phrases USING fts5 (text, content = '', prefix = '1', {tokenize})")


@tables()
def facts(db: Database) -> None:
    db.table("facts").create({"name": str, "value": int}, pk="name")


def open_or_rebuild(path: Path) -> str:
    """Make the index, or move it along; one that is newer or broken is built anew, and that is said.

    Raises OSError and sqlite3.Error where it cannot be written.
    """
    files.private_file(path)
    try:
        _migrate(path)
        return ""
    except ValueError as error:
        delete(path)
        _migrate(files.private_file(path))
        return f"the index was {error} and is built anew"


def delete(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _migrate(path: Path) -> None:
    """Raises ValueError for an index that is newer or broken."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA):  # 0: new, and still empty
            raise ValueError(f"made by {'a newer' if version > SCHEMA else 'an older'} Workbench")
        connection.execute("PRAGMA journal_mode = WAL")
        if version < SCHEMA:
            tables.apply(Database(connection))
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("SELECT max(number) FROM conversations").fetchone()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
            raise
        raise ValueError("broken") from None
    finally:
        connection.close()
