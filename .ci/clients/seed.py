"""Puts a dead letter into a data file, one that a later edit makes whole: its payload cannot be read."""

import sqlite3
import sys
import time
import uuid

id = uuid.uuid4().bytes
now = int(time.time() * 1_000_000)
with sqlite3.connect(sys.argv[1], timeout=10) as data:
    data.execute(
        "INSERT INTO dead_letters (id, event_id, payload, reason, detail, attempts, enqueued_at, died_at) VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
        (id, id, b"not an envelope", "undecodable", "the payload is not an envelope", now, now),
    )
    data.execute("UPDATE totals SET dead_letters = dead_letters + 1")
