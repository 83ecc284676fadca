-- Roles and rights of an SSPP database. Run it as an administrator in the database itself; as often as you like:
--
--   API_PASSWORD=… WORKER_PASSWORD=… MIGRATOR_PASSWORD=… READONLY_PASSWORD=… psql -f init.sql "$ADMIN_URL"
--
-- A second run sets the passwords anew, which is how they are rotated. The tables are not made here but by the
-- migrations in sspp-core/crates/postgres/migrations, which `sspp-api migrate` runs as migrator (see migrate.sh).
--
--   migrator   owns the tables; the only one that may change their shape. An API that migrates at start (SSPP_MIGRATE) is this one
--   worker     reads and writes rows
--   api        reads and writes rows, too: it replays, erases and imports
--   readonly   reads; dashboards and backups
\set ON_ERROR_STOP on
\getenv api_password API_PASSWORD
\getenv worker_password WORKER_PASSWORD
\getenv migrator_password MIGRATOR_PASSWORD
\getenv readonly_password READONLY_PASSWORD
\if :{?api_password}
\else
  \warn 'init.sql: API_PASSWORD is not set'
  SELECT 1 / 0 AS "set API_PASSWORD";
\endif
\if :{?worker_password}
\else
  \warn 'init.sql: WORKER_PASSWORD is not set'
  SELECT 1 / 0 AS "set WORKER_PASSWORD";
\endif
\if :{?migrator_password}
\else
  \warn 'init.sql: MIGRATOR_PASSWORD is not set'
  SELECT 1 / 0 AS "set MIGRATOR_PASSWORD";
\endif
\if :{?readonly_password}
\else
  \warn 'init.sql: READONLY_PASSWORD is not set'
  SELECT 1 / 0 AS "set READONLY_PASSWORD";
\endif

BEGIN;
-- Passwords must not appear in the server's log, even if it logs statements. Only a superuser may set this.
SELECT set_config(setting, value, true)
FROM (VALUES ('log_statement', 'none'), ('log_min_error_statement', 'panic'), ('log_min_duration_statement', '-1')) AS quiet (setting, value)
WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \g /dev/null
SET LOCAL password_encryption = 'scram-sha-256';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['api', 'worker', 'migrator', 'readonly'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE api      LOGIN CONNECTION LIMIT 200 PASSWORD :'api_password';
ALTER ROLE worker   LOGIN CONNECTION LIMIT 200 PASSWORD :'worker_password';
ALTER ROLE migrator LOGIN CONNECTION LIMIT 200 PASSWORD :'migrator_password';
ALTER ROLE readonly LOGIN CONNECTION LIMIT 20  PASSWORD :'readonly_password';
ALTER ROLE readonly SET default_transaction_read_only = on;
-- The administrator of a managed database is no superuser, and acts as migrator only as a member.
SELECT format('GRANT migrator TO %I', current_user) WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec

-- Only these four, and the owner, may connect.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO api, worker, migrator, readonly', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO api, worker, readonly;
GRANT USAGE, CREATE ON SCHEMA public TO migrator;

-- The list of migrations, as sqlx makes it. It is here because rights by default, below, would let everyone write to it.
CREATE TABLE IF NOT EXISTS public._sqlx_migrations (
    version        bigint      PRIMARY KEY,
    description    text        NOT NULL,
    installed_on   timestamptz NOT NULL DEFAULT now(),
    success        boolean     NOT NULL,
    checksum       bytea       NOT NULL,
    execution_time bigint      NOT NULL
);
ALTER TABLE public._sqlx_migrations OWNER TO migrator;

-- What there is, and what migrations will make.
SET LOCAL ROLE migrator;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO api, worker, readonly;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO readonly;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO api, worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO api, worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO readonly;
REVOKE INSERT, UPDATE, DELETE ON public._sqlx_migrations FROM api, worker;
RESET ROLE;
COMMIT;
