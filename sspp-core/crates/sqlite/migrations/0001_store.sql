-- The store of one process, in one file.
-- Instants are microseconds since 1970 in UTC; ids of events and digests are raw bytes.

-- "SSPP": a file with tables and another number is another program's, and is left alone.
PRAGMA application_id = 0x53535050;

-- One row. log is the path of the write-ahead log while the file is open, and after a crash: the log is named by the file's path
-- and would not be found by another name. NULL after an orderly end.
CREATE TABLE file_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log TEXT
) STRICT;

INSERT INTO file_state (one, log) VALUES (1, NULL);

-- Always empty: the file can be written when a row can be added and removed again.
CREATE TABLE write_probe (bytes BLOB NOT NULL) STRICT;

-- Scored events.
CREATE TABLE signals (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     BLOB    NOT NULL UNIQUE,
    account_id   TEXT    NOT NULL,
    user_id      TEXT    NOT NULL,
    event_type   TEXT    NOT NULL,
    signal_type  TEXT    NOT NULL,
    score        INTEGER NOT NULL CONSTRAINT signals_score CHECK (score BETWEEN 0 AND 10000000),
    timestamp    INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    processed_at INTEGER NOT NULL,
    content      BLOB    NOT NULL,
    model        BLOB    NOT NULL,
    metadata     TEXT    NOT NULL,
    source       TEXT,
    external_id  TEXT
) STRICT;

-- New rows stand at its end: a page for many signals.
CREATE INDEX signals_processed_at ON signals (processed_at);

-- The indexes by account, user and timestamp hold the signals up to totals.indexed_to; readers scan those after it. New rows would
-- stand anywhere in them: one by one each signal would change a page of the write-ahead log in each. So the writer adds the newest
-- signals window by window, in the order of the index. An account's or a user's signals by timestamp are sorted when they are asked for.
CREATE TABLE by_account (
    account_id   TEXT    NOT NULL,
    processed_at INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    PRIMARY KEY (account_id, processed_at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE by_user (
    user_id      TEXT    NOT NULL,
    processed_at INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    PRIMARY KEY (user_id, processed_at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE by_timestamp (
    timestamp INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    PRIMARY KEY (timestamp, id)
) STRICT, WITHOUT ROWID;

-- Before signals are removed, the indexes are brought up to the last.
CREATE TRIGGER signal_goes AFTER DELETE ON signals BEGIN
    DELETE FROM by_account WHERE account_id = OLD.account_id AND processed_at = OLD.processed_at AND id = OLD.id;
    DELETE FROM by_user WHERE user_id = OLD.user_id AND processed_at = OLD.processed_at AND id = OLD.id;
    DELETE FROM by_timestamp WHERE timestamp = OLD.timestamp AND id = OLD.id;
END;

-- Figures over the signals up to totals.counted_to. The newest are counted in stretches: one by one each would change pages of its own.
CREATE TABLE type_tallies (
    event_type  TEXT    NOT NULL,
    signal_type TEXT    NOT NULL,
    signals     INTEGER NOT NULL,
    score       INTEGER NOT NULL,
    PRIMARY KEY (event_type, signal_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_tallies (
    account_id TEXT    NOT NULL PRIMARY KEY,
    signals    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_tallies (
    user_id TEXT    NOT NULL PRIMARY KEY,
    signals INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row. counted_to is the last signal that the figures include, indexed_to that of the indexes; last_stamp the latest instant at which something was received.
CREATE TABLE totals (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    accounts     INTEGER NOT NULL,
    users        INTEGER NOT NULL,
    dead_letters INTEGER NOT NULL,
    counted_to   INTEGER NOT NULL,
    indexed_to   INTEGER NOT NULL,
    last_stamp   INTEGER NOT NULL
) STRICT;

INSERT INTO totals (one, accounts, users, dead_letters, counted_to, indexed_to, last_stamp) VALUES (1, 0, 0, 0, 0, 0, 0);

-- How many different names there are follows their rows. A row that only changes is no new name.
CREATE TRIGGER account_comes AFTER INSERT ON account_tallies BEGIN UPDATE totals SET accounts = accounts + 1; END;
CREATE TRIGGER account_goes AFTER DELETE ON account_tallies BEGIN UPDATE totals SET accounts = accounts - 1; END;
CREATE TRIGGER user_comes AFTER INSERT ON user_tallies BEGIN UPDATE totals SET users = users + 1; END;
CREATE TRIGGER user_goes AFTER DELETE ON user_tallies BEGIN UPDATE totals SET users = users - 1; END;

-- Events that could not become signals. seq tells which came last.
CREATE TABLE dead_letters (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL UNIQUE,
    event_id    BLOB    NOT NULL,
    content     BLOB,
    payload     BLOB    NOT NULL,
    reason      TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    died_at     INTEGER NOT NULL,
    -- What the payload says, where it says it.
    account_id  TEXT,
    user_id     TEXT,
    event_type  TEXT
) STRICT;

CREATE INDEX dead_letters_died_at ON dead_letters (died_at);
CREATE INDEX dead_letters_account ON dead_letters (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX dead_letters_user ON dead_letters (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE models (
    digest   BLOB    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    document TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose events, received up to an instant, are not kept any more. digest is the SHA-256 of the id and stays; the name is
-- there only until the rows are gone: all that were recorded before the order, up to these numbers.
CREATE TABLE erasures (
    kind   TEXT    NOT NULL CONSTRAINT erasures_kind CHECK (kind IN ('account', 'user')),
    digest BLOB    NOT NULL,
    up_to  INTEGER NOT NULL,
    name   TEXT,
    last_signal INTEGER NOT NULL,
    last_letter INTEGER NOT NULL,
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;
