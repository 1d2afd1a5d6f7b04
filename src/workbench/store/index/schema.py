"""Create the tables of `.workbench/index.db` with sqlite-utils. All their content is derived from files.

Only the indexer imports this module, not the screen: sqlite-utils takes 0.1 s to load.
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
    """Create the table with one row per conversation. Numbers are not reused: facets may outlive their row."""
    db.execute(
        "CREATE TABLE conversations (number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " kind TEXT, id TEXT, ref TEXT, rank INTEGER, title TEXT, agent TEXT, state TEXT, outcome TEXT,"
        " time REAL, turns INTEGER, steps INTEGER, annotations INTEGER, tags TEXT,"
        " risk_signals TEXT, risk_score REAL,"
        " recording TEXT, sample_key INTEGER, error TEXT, size INTEGER, changed INTEGER, hash TEXT, read INTEGER)"
    )
    db.table("conversations").create_index(["ref"], unique=True)
    db.table("conversations").create_index(["recording"])
    for order in ("rank, time DESC", "time DESC", "risk_score DESC, time DESC", "steps DESC", "sample_key, rank"):
        name = order.replace(", ", "_").replace(" DESC", "")
        db.execute(f"CREATE INDEX by_{name} ON conversations ({order}, number)")


@tables()
def facets(db: Database) -> None:
    """Create the table of the values that filters find."""
    db.execute(
        "CREATE TABLE facets (filter TEXT, value TEXT COLLATE NOCASE, number INTEGER,"
        " PRIMARY KEY (filter, value, number)) WITHOUT ROWID"
    )


@tables()
def words(db: Database) -> None:
    """Create the full-text tables, without the texts: prefixes of single words, fast at every key; phrases."""
    tokenize = "tokenize = 'unicode61 remove_diacritics 2'"
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5"
        f" (text, content = '', detail = none, prefix = '1 2 3 4 5 6', {tokenize})"
    )
    db.execute(f"CREATE VIRTUAL TABLE phrases USING fts5 (text, content = '', prefix = '1', {tokenize})")


@tables()
def metadata(db: Database) -> None:
    """Create the table of the state of the index itself."""
    db.table("metadata").create({"name": str, "value": int}, pk="name")


def open_or_rebuild(path: Path) -> str:
    """Create the index if there is none; rebuild one of another version or a damaged one.

    Returns a note about a rebuild, or "". Raises OSError or sqlite3.Error if it cannot be written.
    """
    files.private_file(path)
    try:
        _migrate(path)
        return ""
    except ValueError as error:
        delete(path)
        _migrate(files.private_file(path))
        return f"the index was {error} and is rebuilt"


def delete(path: Path) -> None:
    """Delete the files of the index."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _migrate(path: Path) -> None:
    """Create the tables of an empty index. Raises ValueError for one of another version or a damaged one."""
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
        raise ValueError("damaged") from None
    finally:
        connection.close()
