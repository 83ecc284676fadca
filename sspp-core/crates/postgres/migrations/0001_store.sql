-- The store: signals, figures over them, dead letters and scoring models.
-- Texts that are compared or sorted use the collation "C": the order of their bytes, the same on every server.

-- Scored events. Rows commit out of the order of their ids: a reader that follows forwards stops below
-- pg_snapshot_xmin(pg_current_snapshot()) in xact.
CREATE TABLE signals (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid        NOT NULL CONSTRAINT signals_event_id UNIQUE,
    account_id   text        COLLATE "C" NOT NULL,
    user_id      text        COLLATE "C" NOT NULL,
    event_type   text        COLLATE "C" NOT NULL,
    signal_type  text        COLLATE "C" NOT NULL,
    score        bigint      NOT NULL CONSTRAINT signals_score CHECK (score BETWEEN 0 AND 10000000),
    timestamp    timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    processed_at timestamptz NOT NULL,
    content      bytea       NOT NULL,
    model        bytea       NOT NULL,
    -- Verbatim, and never parsed on the way out: as jsonb it can grow fifty times.
    metadata     json        NOT NULL,
    source       text        COLLATE "C",
    external_id  text        COLLATE "C",
    xact         xid8        NOT NULL DEFAULT pg_current_xact_id()
);

-- Few: each is paid for by every signal.
CREATE INDEX signals_account ON signals (account_id, processed_at, id);
CREATE INDEX signals_user ON signals (user_id, processed_at, id);
CREATE INDEX signals_timestamp ON signals (timestamp, id);
CREATE INDEX signals_processed_at ON signals (processed_at, id);

-- Figures over all signals, changed in the transaction that adds them. Rows that everybody changes are split into 16
-- slots, so that writers rarely wait for each other; readers sum them.
CREATE TABLE type_tallies (
    event_type  text     COLLATE "C" NOT NULL,
    signal_type text     COLLATE "C" NOT NULL,
    slot        smallint NOT NULL,
    signals     bigint   NOT NULL,
    score       bigint   NOT NULL,
    PRIMARY KEY (event_type, signal_type, slot)
) WITH (fillfactor = 50);

CREATE TABLE account_tallies (
    account_id text   COLLATE "C" NOT NULL PRIMARY KEY,
    signals    bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE user_tallies (
    user_id text   COLLATE "C" NOT NULL PRIMARY KEY,
    signals bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE totals (
    slot         smallint PRIMARY KEY,
    accounts     bigint NOT NULL DEFAULT 0,
    users        bigint NOT NULL DEFAULT 0,
    dead_letters bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

INSERT INTO totals (slot) SELECT generate_series(0, 15);

-- Events that could not become signals. seq tells which came last.
CREATE TABLE dead_letters (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid        NOT NULL CONSTRAINT dead_letters_id UNIQUE,
    event_id    uuid        NOT NULL,
    content     bytea,
    payload     bytea       NOT NULL,
    reason      text        COLLATE "C" NOT NULL,
    detail      text        NOT NULL,
    attempts    bigint      NOT NULL,
    enqueued_at timestamptz NOT NULL,
    died_at     timestamptz NOT NULL,
    -- What the payload says, where it says it.
    account_id  text        COLLATE "C",
    user_id     text        COLLATE "C",
    event_type  text        COLLATE "C"
);

CREATE INDEX dead_letters_died_at ON dead_letters (died_at);
CREATE INDEX dead_letters_account ON dead_letters (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX dead_letters_user ON dead_letters (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE models (
    digest   bytea  PRIMARY KEY,
    name     text   NOT NULL,
    version  bigint NOT NULL,
    document text   NOT NULL
);

-- Whose events, received up to an instant, are not kept any more. digest is the SHA-256 of the id and stays; the name is
-- there only until the rows are gone: all that were recorded before the order, up to these numbers.
CREATE TABLE erasures (
    kind     text        COLLATE "C" NOT NULL CONSTRAINT erasures_kind CHECK (kind IN ('account', 'user')),
    digest   bytea       NOT NULL,
    up_to    timestamptz NOT NULL,
    name     text        COLLATE "C",
    last_signal bigint   NOT NULL,
    last_letter bigint   NOT NULL,
    PRIMARY KEY (kind, digest)
);

-- An event that is received now is stamped after the last of these.
CREATE INDEX erasures_up_to ON erasures (up_to);
CREATE INDEX erasures_open ON erasures (up_to) WHERE name IS NOT NULL;
