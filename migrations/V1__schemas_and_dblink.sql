-- Three schemas: annex holds what people call, annex_internal what those functions call, memory the tables.
do $schemas$
declare
    v_schema name;
begin
    -- Asked instead of "if not exists", which would warn each time: Flyway has made the schema of its history.
    foreach v_schema in array array['annex', 'annex_internal', 'memory']::name[] loop
        if to_regnamespace(v_schema) is null then
            execute format('create schema %I', v_schema);
        end if;
    end loop;
end
$schemas$;

comment on schema annex is 'Annex: vector search beside PostgreSQL; the functions and views to use';
comment on schema annex_internal is 'Annex: what the functions of schema annex are made of; nothing here is meant to be called';
comment on schema memory is 'Annex: index catalog and ready-made tables for agent memory and retrieval';

do $dblink$
begin
    if not exists (select from pg_extension where extname = 'dblink') then
        create extension dblink with schema ${dblink};
    end if;
end
$dblink$;

grant usage on schema annex, annex_internal, memory to public;
