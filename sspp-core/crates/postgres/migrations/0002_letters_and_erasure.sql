-- Dead letters by what their payload says, and erasure of an account or a user.

ALTER TABLE dead_letters
    ADD COLUMN account_id text COLLATE "C",
    ADD COLUMN user_id    text COLLATE "C",
    ADD COLUMN event_type text COLLATE "C";

-- Most payloads are JSON; what is not says nothing about itself.
DO $$
DECLARE
    letter record;
    said   json;
BEGIN
    FOR letter IN SELECT seq, payload FROM dead_letters LOOP
        BEGIN
            said := convert_from(letter.payload, 'UTF8')::json;
            UPDATE dead_letters
            SET account_id = said ->> 'accountId', user_id = said ->> 'userId', event_type = said ->> 'eventType'
            WHERE seq = letter.seq;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END $$;

CREATE INDEX dead_letters_account ON dead_letters (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX dead_letters_user ON dead_letters (user_id) WHERE user_id IS NOT NULL;

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

CREATE INDEX erasures_open ON erasures (up_to) WHERE name IS NOT NULL;
