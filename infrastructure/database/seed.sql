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
    ('bb8f56d7-f3bd-57e5-bf0f-34c055544945', 'acme', 'ada', 'email_opened', 'engagement', 4000, '2026-01-06T09:01:00Z', '884d3395acbc88e1a1a212448d3928f4ccf2c10e1438052d868b5727adb63170', '{"responseTimeHours":3}'),
    ('55d5fdd7-e8a6-5abd-9681-d73dec2e5b6b', 'acme', 'ada', 'email_clicked', 'high_engagement', 7500, '2026-01-07T09:02:00Z', '96684c6a71425d97246aa8841c24148ed15b59fba7dec0529e528f97ca67bbcc', '{"interactionCount":6}'),
    ('39632fe5-1ba9-5412-87d3-99da9f476e82', 'acme', 'ada', 'meeting_booked', 'intent', 9000, '2026-01-08T09:03:00Z', 'add0a6562b42931789da5bad861288e754cd7ba556330df44b8ed6a5b8913422', '{"responseTimeHours":5}'),
    ('599f6c1a-4583-559a-b477-5df3ec2544ee', 'acme', 'ada', 'call_made', 'outreach', 5000, '2026-01-09T09:04:00Z', 'ed5407195a6a3aa7284b1b5d9ee5473d8a0194684af566b423d248ee4fd01005', '{}'),
    ('bfd55cca-4108-52f3-b251-a184b9849259', 'acme', 'ada', 'demo_completed', 'high_intent', 10000, '2026-01-10T09:05:00Z', '6f9c8721d1cee133103efb9339d6466101f76312fd742c82afb1435ceaa1a17f', '{"responseTimeHours":7,"interactionCount":9}'),
    ('a2cdbb45-7eb1-5a5a-bdb2-1efba0524060', 'globex', 'gus', 'email_sent', 'outreach', 1000, '2026-01-11T09:00:00Z', '37525a9bcb548ab3b71c00aa7c0fe18b5209ab02d0aa844c30772794e025e8e0', '{}'),
    ('baf6663c-008e-5209-9079-fb86d5313a3d', 'globex', 'gus', 'email_opened', 'engagement', 4000, '2026-01-12T09:01:00Z', '919ab3013ec67f214e65a0fe8a096fdf952af121eeed7b650e16d63fd8260eed', '{"responseTimeHours":3}'),
    ('385ada35-a152-528a-9fa2-efe9be9c817f', 'globex', 'gus', 'email_clicked', 'high_engagement', 7500, '2026-01-13T09:02:00Z', '3e0b451a36916623ff1f2df21b97e3a5065642a3c10bd81f17e85c6656c4b27b', '{"interactionCount":6}'),
    ('cf6bd6cd-d4e1-5660-b9ea-3d6a822cb0df', 'globex', 'gus', 'meeting_booked', 'intent', 9000, '2026-01-14T09:03:00Z', 'bd61ca854159d553bf5767a360eb5dec3dd6c58f48b254159b4d150c412cb521', '{"responseTimeHours":5}'),
    ('3ffe65a6-3f96-5a4c-a711-d8f17e597b6b', 'initech', 'ines', 'email_sent', 'outreach', 1000, '2026-01-15T09:00:00Z', 'd455ecb7749922a8c209410bd1c9e67f6eea83d2e8f2723b8ca6de961871a744', '{}'),
    ('2a15b4da-6ee2-5fb4-b964-5a461b748f93', 'initech', 'ines', 'email_opened', 'engagement', 4000, '2026-01-16T09:01:00Z', '27866946e1f0edc0914440b000160ddc97904b11a12eb1a52c0461b1833a3dcf', '{"responseTimeHours":3}'),
    ('6d1ea63d-59b7-5d85-ad24-bd793758353a', 'initech', 'ines', 'email_clicked', 'high_engagement', 7500, '2026-01-17T09:02:00Z', 'd0a4d96b1d8207f79aba1beac16fa4c036e25a22779b6012911817dc4dd87e39', '{"interactionCount":6}'),
    ('d299d307-0d81-5cf8-b346-17701f249942', 'umbrella', 'uma', 'email_sent', 'outreach', 1000, '2026-01-18T09:00:00Z', 'f86ea5a85121d0053fc208005b3db01bcde7063657a8725f5e4c5bdd6715eaef', '{}'),
    ('92e08fb8-8671-5e92-a9a9-d19b4fac9818', 'umbrella', 'uma', 'email_opened', 'engagement', 4000, '2026-01-19T09:01:00Z', '09cab5a219ae24d000232dee77b589ed0c70c62af8027bd8eef3ce7c779cb3e8', '{"responseTimeHours":3}'),
    ('76428d04-668d-5c34-a347-eb7e838dcd41', 'umbrella', 'uma', 'email_clicked', 'high_engagement', 7500, '2026-01-20T09:02:00Z', 'a2a2fcf44831876f5e55046a263c53503707c4531cc5c6e207e8c214be2db1d2', '{"interactionCount":6}'),
    ('ff4ff41c-a9c0-5543-bbb8-43942d1880a6', 'umbrella', 'uma', 'meeting_booked', 'intent', 9000, '2026-01-21T09:03:00Z', 'b3a99b376f9827d258309ce6cf1c8718ff3186ec227955fa1f3036f971902954', '{"responseTimeHours":5}'),
    ('0d852723-233c-5532-b964-2d86c3bcce56', 'umbrella', 'uma', 'call_made', 'outreach', 5000, '2026-01-22T09:04:00Z', '79b28fa082f6fa12550d9234e586b23320e30fbb8928faa70f48cbe748ba62b5', '{}'),
    ('6a9af55b-8bee-5fed-9cda-02abb20c6e6e', 'hooli', 'hana', 'email_sent', 'outreach', 1000, '2026-01-23T09:00:00Z', '0c22b62668289db64770eaef98e6539f1cb3512827342414005b090706724cc0', '{}'),
    ('580088f6-caa9-5a9a-a1db-6a034f7b372b', 'hooli', 'hana', 'email_opened', 'engagement', 4000, '2026-01-24T09:01:00Z', 'bd7adcdd280dc8b5917ac75170c784aa4c09f919372608f8bb54371da7f77a81', '{"responseTimeHours":3}')
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
    -- An account is new when it has only what was just added.
    accounts = totals.accounts + (SELECT count(*) FROM accounts WHERE signals = (SELECT count(*) FROM added WHERE added.account_id = accounts.account_id)),
    users = totals.users + (SELECT count(*) FROM users WHERE signals = (SELECT count(*) FROM added WHERE added.user_id = users.user_id))
WHERE slot = 0 AND (SELECT count(*) FROM types) > 0;
COMMIT;
