-- Twenty signals of five accounts to look at, for development only. As often as you like: what is there is left alone.
--
--   psql -v environment=dev -f seed.sql "$DATABASE_URL"          as worker or migrator, after the migrations
--
-- They are what the default model makes of these events, to the last digit: scores are in 0.0001, and the digests are those
-- of the event and of the model, so that every one of them explains itself.
\set ON_ERROR_STOP on
\if :{?environment}
\else
  \set environment ''
\endif
SELECT :'environment' <> 'dev' AS refused \gset
\if :refused
  \warn 'seed.sql: this is for development only: say so with -v environment=dev'
  SELECT 1 / 0 AS "not a development database";
\endif

BEGIN;
INSERT INTO models (digest, name, version, document)
VALUES (decode('df7ee5dc2aa4bd8445f2d05f3b687930511dcd2c9ccfc45329dc4e196e8d7f67', 'hex'), 'default', 1,
    $model${"account":{"groups":{"engagement":{"cap":30,"half_life_days":14},"intent":{"cap":60,"half_life_days":30},"outreach":{"cap":10,"half_life_days":7}},"max":100,"points":30},"description":"The predecessor's constants","events":{"call_made":{"base":0.5,"group":"outreach","signal_type":"outreach"},"demo_completed":{"base":0.9,"group":"intent","signal_type":"high_intent"},"email_clicked":{"base":0.6,"group":"engagement","signal_type":"high_engagement"},"email_opened":{"base":0.3,"group":"engagement","signal_type":"engagement"},"email_sent":{"base":0.1,"group":"outreach","signal_type":"outreach"},"meeting_booked":{"base":0.8,"group":"intent","signal_type":"intent"}},"modifiers":[{"add":0.1,"id":"quick_response","reason":"answered within 24 hours","when":"truthy(metadata.responseTimeHours) && num(metadata.responseTimeHours) < 24.0"},{"add":0.15,"id":"repeated_interaction","reason":"more than 3 interactions","when":"truthy(metadata.interactionCount) && num(metadata.interactionCount) > 3.0"}],"name":"default","signal":{"max":1,"min":0},"tiers":[{"enter":85,"leave":80,"name":"very_hot"},{"enter":70,"leave":65,"name":"hot"},{"enter":50,"leave":45,"name":"warm"},{"enter":0,"leave":0,"name":"cold"}],"version":1}$model$)
ON CONFLICT (digest) DO NOTHING;

-- Signals and the figures over them, in one statement: a figure counts only what was added.
WITH event (event_id, account_id, user_id, event_type, signal_type, score, timestamp, content, metadata) AS (VALUES
    ('c35bef0c-bade-5ace-95f8-e30efffaa1a9', 'acme', 'ada', 'email_sent', 'outreach', 1000, '2026-01-05T09:00:00Z', 'bb5677d95001662639a27f99b3c15fe48f0d62e76911df70e0214ac11c185868', '{}'),
    ('bb8f56d7-f3bd-57e5-bf0f-34c055544945', 'acme', 'ada', 'email_opened', 'engagement', 4000, '2026-01-06T09:01:00Z', '469deb22ba564515deecbd5b20b61e77e8e3f6f5c3c360f65c3215de99f3d974', '{"responseTimeHours": 3}'),
    ('55d5fdd7-e8a6-5abd-9681-d73dec2e5b6b', 'acme', 'ada', 'email_clicked', 'high_engagement', 7500, '2026-01-07T09:02:00Z', '9cf8fab458a7ea71f0a9d1d2ebcc11914b7b77d7ad3e7f938d9194be5ffd246d', '{"interactionCount": 6}'),
    ('39632fe5-1ba9-5412-87d3-99da9f476e82', 'acme', 'ada', 'meeting_booked', 'intent', 9000, '2026-01-08T09:03:00Z', '2eb209c96357fd437a92ec054bfd19a3c792282e697584228f66ad283649d5e9', '{"responseTimeHours": 5}'),
    ('599f6c1a-4583-559a-b477-5df3ec2544ee', 'acme', 'ada', 'call_made', 'outreach', 5000, '2026-01-09T09:04:00Z', 'ed5407195a6a3aa7284b1b5d9ee5473d8a0194684af566b423d248ee4fd01005', '{}'),
    ('bfd55cca-4108-52f3-b251-a184b9849259', 'acme', 'ada', 'demo_completed', 'high_intent', 10000, '2026-01-10T09:05:00Z', '7171115b38e9b2e2b36ced0006fd9dd33351b6fb598f8c4bff32c20a01de2273', '{"responseTimeHours": 7, "interactionCount": 9}'),
    ('a2cdbb45-7eb1-5a5a-bdb2-1efba0524060', 'globex', 'gus', 'email_sent', 'outreach', 1000, '2026-01-11T09:00:00Z', '37525a9bcb548ab3b71c00aa7c0fe18b5209ab02d0aa844c30772794e025e8e0', '{}'),
    ('baf6663c-008e-5209-9079-fb86d5313a3d', 'globex', 'gus', 'email_opened', 'engagement', 4000, '2026-01-12T09:01:00Z', 'cd2dcd488383db6a599ea1bdbc1b5bf6c6e3a3517ca6ff30f318de0e0b56fb18', '{"responseTimeHours": 3}'),
    ('385ada35-a152-528a-9fa2-efe9be9c817f', 'globex', 'gus', 'email_clicked', 'high_engagement', 7500, '2026-01-13T09:02:00Z', '39d6317753e46456f295d7383d00fb91469f13a5973f9d9cd2a625f0d9df02a9', '{"interactionCount": 6}'),
    ('cf6bd6cd-d4e1-5660-b9ea-3d6a822cb0df', 'globex', 'gus', 'meeting_booked', 'intent', 9000, '2026-01-14T09:03:00Z', '3b4066f072c9115cbc694868a758526bb6e2e95c0c6c6bc16aca6dccbf4ec899', '{"responseTimeHours": 5}'),
    ('3ffe65a6-3f96-5a4c-a711-d8f17e597b6b', 'initech', 'ines', 'email_sent', 'outreach', 1000, '2026-01-15T09:00:00Z', 'd455ecb7749922a8c209410bd1c9e67f6eea83d2e8f2723b8ca6de961871a744', '{}'),
    ('2a15b4da-6ee2-5fb4-b964-5a461b748f93', 'initech', 'ines', 'email_opened', 'engagement', 4000, '2026-01-16T09:01:00Z', '0f40415df1919c2b74a717e2409a3b2593c5bf8fd9aba583b773d7758f34d904', '{"responseTimeHours": 3}'),
    ('6d1ea63d-59b7-5d85-ad24-bd793758353a', 'initech', 'ines', 'email_clicked', 'high_engagement', 7500, '2026-01-17T09:02:00Z', '3febd656cdc7ec2e9ecca04a9b7ccf5f7ff552c3fd02261b46cd27b5bdbafd87', '{"interactionCount": 6}'),
    ('d299d307-0d81-5cf8-b346-17701f249942', 'umbrella', 'uma', 'email_sent', 'outreach', 1000, '2026-01-18T09:00:00Z', 'f86ea5a85121d0053fc208005b3db01bcde7063657a8725f5e4c5bdd6715eaef', '{}'),
    ('92e08fb8-8671-5e92-a9a9-d19b4fac9818', 'umbrella', 'uma', 'email_opened', 'engagement', 4000, '2026-01-19T09:01:00Z', '88db5e122a32c0e2066d0653f172b0bfd2e12981db336c299a39737a977f94ea', '{"responseTimeHours": 3}'),
    ('76428d04-668d-5c34-a347-eb7e838dcd41', 'umbrella', 'uma', 'email_clicked', 'high_engagement', 7500, '2026-01-20T09:02:00Z', 'cbb9c9b8033cb053cf89f045e425b175f75f6ed8159dc24d2e92592e8a0d3631', '{"interactionCount": 6}'),
    ('ff4ff41c-a9c0-5543-bbb8-43942d1880a6', 'umbrella', 'uma', 'meeting_booked', 'intent', 9000, '2026-01-21T09:03:00Z', '0d3c0a5fd2107874a6ec3a9949b8653f008dd4b4b293ebd9f8eabffa45b398c3', '{"responseTimeHours": 5}'),
    ('0d852723-233c-5532-b964-2d86c3bcce56', 'umbrella', 'uma', 'call_made', 'outreach', 5000, '2026-01-22T09:04:00Z', '79b28fa082f6fa12550d9234e586b23320e30fbb8928faa70f48cbe748ba62b5', '{}'),
    ('6a9af55b-8bee-5fed-9cda-02abb20c6e6e', 'hooli', 'hana', 'email_sent', 'outreach', 1000, '2026-01-23T09:00:00Z', '0c22b62668289db64770eaef98e6539f1cb3512827342414005b090706724cc0', '{}'),
    ('580088f6-caa9-5a9a-a1db-6a034f7b372b', 'hooli', 'hana', 'email_opened', 'engagement', 4000, '2026-01-24T09:01:00Z', '6d0373f1acefe6567a31242c7b96aefd7e1fe62be426a4e6f0b9c88587760015', '{"responseTimeHours": 3}')
),
added AS (
    INSERT INTO signals (event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at,
        content, model, metadata, external_id)
    SELECT event_id::uuid, account_id, user_id, event_type, signal_type, score, timestamp::timestamptz, now(), now(),
        decode(content, 'hex'), decode('df7ee5dc2aa4bd8445f2d05f3b687930511dcd2c9ccfc45329dc4e196e8d7f67', 'hex'),
        metadata::json, event_id
    FROM event
    ORDER BY timestamp
    ON CONFLICT (event_id) DO NOTHING
    RETURNING account_id, user_id, event_type, signal_type, score
),
accounts AS (
    INSERT INTO account_tallies AS t (account_id, signals)
    SELECT account_id, count(*) FROM added GROUP BY account_id
    ON CONFLICT (account_id) DO UPDATE SET signals = t.signals + excluded.signals
    RETURNING account_id, signals
),
users AS (
    INSERT INTO user_tallies AS t (user_id, signals)
    SELECT user_id, count(*) FROM added GROUP BY user_id
    ON CONFLICT (user_id) DO UPDATE SET signals = t.signals + excluded.signals
    RETURNING user_id, signals
),
types AS (
    INSERT INTO type_tallies AS t (event_type, signal_type, slot, signals, score)
    SELECT event_type, signal_type, 0, count(*), sum(score) FROM added GROUP BY event_type, signal_type
    ON CONFLICT (event_type, signal_type, slot)
    DO UPDATE SET signals = t.signals + excluded.signals, score = t.score + excluded.score
    RETURNING 1
)
UPDATE totals SET
    -- New is who has no more than what was just added.
    accounts = totals.accounts + (SELECT count(*) FROM accounts WHERE signals = (SELECT count(*) FROM added WHERE added.account_id = accounts.account_id)),
    users = totals.users + (SELECT count(*) FROM users WHERE signals = (SELECT count(*) FROM added WHERE added.user_id = users.user_id))
WHERE slot = 0 AND (SELECT count(*) FROM types) > 0;
COMMIT;
