-- What a dump cannot carry from one server to another; restore.sh runs it as migrator.
\set ON_ERROR_STOP on
BEGIN;
-- Transaction ids belong to the server that gave them. One that this server has not reached yet would hide its row from
-- readers that follow in the order of commits until it has: make it a very old one.
DO $$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT c.table_name, c.column_name
        FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.udt_name = 'xid8' AND t.table_type = 'BASE TABLE'
    LOOP
        EXECUTE format('UPDATE public.%1$I SET %2$I = ''3'' WHERE %2$I >= pg_current_xact_id()', place.table_name, place.column_name);
    END LOOP;
END
$$;
-- As in init.sql.
REVOKE INSERT, UPDATE, DELETE ON public._sqlx_migrations FROM api, worker;
COMMIT;
ANALYZE;
