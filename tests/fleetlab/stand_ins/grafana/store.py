"""What is kept between starts: one SQLite file in the data folder, as Grafana's own."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    uid TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, uid)
);
"""
Thing = dict[str, Any]


class Store:
    """Things of some kinds, each with a uid; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "grafana.db", check_same_thread=False)
        self._db.executescript(SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep what is done in the block, or nothing of it."""
        with self._lock, self._db:
            yield

    def get(self, kind: str, uid: str) -> Thing | None:
        """Return one thing, its `id` included."""
        with self._lock:
            row = self._db.execute(
                "SELECT id, body FROM thing WHERE kind = ? AND uid = ?", (kind, uid)
            ).fetchone()
        return None if row is None else {**json.loads(row[1]), "id": row[0]}

    def all(self, kind: str) -> list[Thing]:
        """Return all of a kind, in the order they were made."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, body FROM thing WHERE kind = ? ORDER BY id", (kind,)
            ).fetchall()
        return [{**json.loads(body), "id": number} for number, body in rows]

    def put(self, kind: str, uid: str, thing: Thing) -> Thing:
        """Create or replace, and return it with its id."""
        body = json.dumps({key: value for key, value in thing.items() if key != "id"})
        with self._lock, self._db:
            self._db.execute(
                "INSERT INTO thing (kind, uid, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, uid) DO UPDATE SET body = excluded.body",
                (kind, uid, body),
            )
        found = self.get(kind, uid)
        assert found is not None
        return found

    def delete(self, kind: str, uid: str) -> bool:
        """Return whether there was one."""
        with self._lock, self._db:
            return (
                self._db.execute(
                    "DELETE FROM thing WHERE kind = ? AND uid = ?", (kind, uid)
                ).rowcount
                > 0
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()
