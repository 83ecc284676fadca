-- Dead letters by what their payload says, and erasure of an account or a user.

ALTER TABLE dead_letters ADD COLUMN account_id TEXT;
ALTER TABLE dead_letters ADD COLUMN user_id TEXT;
ALTER TABLE dead_letters ADD COLUMN event_type TEXT;

-- Most payloads are JSON; what is not says nothing about itself.
UPDATE dead_letters
SET account_id = CAST(payload AS TEXT) ->> '$.accountId',
    user_id    = CAST(payload AS TEXT) ->> '$.userId',
    event_type = CAST(payload AS TEXT) ->> '$.eventType'
WHERE CASE WHEN json_valid(CAST(payload AS TEXT)) THEN json_type(CAST(payload AS TEXT)) = 'object' ELSE false END;

CREATE INDEX dead_letters_account ON dead_letters (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX dead_letters_user ON dead_letters (user_id) WHERE user_id IS NOT NULL;

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
