-- create_index and drop_index write the catalog, which the sidecars follow, and generate the function that
-- fetches an index's rows. Definer functions, because neither is writable for others; who may is who owns the
-- table. Citus is present: ${citus}

create or replace function annex.create_index(
    target regclass, column_name name, name text default null, metric text default 'cosine',
    method text default 'auto', namespace_column name default null, include name[] default '{}',
    options jsonb default '{}')
returns text
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
as $function$
declare
    v_column pg_attribute;
    v_index memory.vector_indexes;
    v_distribution name;
    v_unknown text;
    v_other text;
    v_role name;
begin
    if target is null or column_name is null then
        raise exception 'target and column_name are needed'
            using errcode = 'null_value_not_allowed', hint = 'For example: select annex.create_index(''docs'', ''embedding'');';
    end if;
    perform annex_internal.require_coordinator('annex.create_index');
    perform annex_internal.drop_restored_publication();
    perform annex_internal.check_table(target);
    v_column := annex_internal.check_vector_column(target, column_name);
    v_index.key_columns := annex_internal.check_key(target);

    v_index.metric := annex_internal.check_metric(metric, v_column);
    v_index.method := lower(method);
    if coalesce(v_index.method not in ('auto', 'hnsw', 'flat', 'ivfpq'), true) then
        raise exception 'unknown method "%"', method
            using errcode = 'invalid_parameter_value', hint = 'Use auto, hnsw, flat or ivfpq.';
    end if;
    v_index.include := coalesce(include, '{}');
    v_index.include_numbers := annex_internal.check_include(target, v_index.include);
    options := coalesce(options, '{}');
    if jsonb_typeof(options) <> 'object' then
        raise exception 'options are not a JSON object: %', options
            using errcode = 'invalid_parameter_value', hint = 'For example {"m": 16, "ef_construction": 200}.';
    end if;
    select string_agg(o, ', ') into v_unknown
    from jsonb_object_keys(options) o where o not in ('m', 'ef_construction', 'dimension', 'quantization', 'vectors', 'nlist', 'nprobe', 'nbits',
        'row_security');
    if v_unknown is not null then
        raise exception 'unknown option: %', v_unknown
            using errcode = 'invalid_parameter_value', hint = 'There are m, ef_construction, dimension, quantization, vectors, nlist, nprobe, nbits and row_security.';
    end if;
    v_index.quantization := lower(coalesce(options ->> 'quantization', 'auto'));
    if v_index.quantization not in ('auto', 'none', 'sq8', 'rabitq', 'pq') then
        raise exception 'unknown quantization "%"', options ->> 'quantization'
            using errcode = 'invalid_parameter_value', hint = 'Use auto, none, sq8, rabitq or pq.';
    end if;
    if coalesce(options ->> 'vectors', 'memory') not in ('memory', 'mapped') then
        raise exception 'unknown storage of vectors "%"', options ->> 'vectors'
            using errcode = 'invalid_parameter_value', hint = 'Use memory or mapped.';
    end if;
    perform annex_internal.check_row_security(options);
    if v_index.quantization in ('sq8', 'rabitq', 'pq') and v_index.metric not in ('cosine', 'l2', 'ip') then
        raise exception 'quantization % is not for metric %', v_index.quantization, v_index.metric
            using errcode = 'feature_not_supported', hint = 'Use auto or none with this metric.';
    end if;
    v_index.options := options;
    v_index.ef_construction := annex_internal.option_integer(options, 'ef_construction', 8, 2000, 200);
    v_index.dimension := annex_internal.option_integer(options, 'dimension', 1,
        case when annex_internal.is_of_bits(v_index.metric) then 64000 else 16000 end,
        annex_internal.dimension_of(target, v_column));
    perform annex_internal.check_list_options(v_index, options);
    v_index.m := case when v_index.method = 'ivfpq'
        then annex_internal.option_integer(options, 'm', 1, coalesce(nullif(least(v_index.dimension, 2000), 0), 2000), 0)
        else annex_internal.option_integer(options, 'm', 4, 100, 16) end;

    v_distribution := annex_internal.distribution_column(target);
    v_index.namespace_column := coalesce(namespace_column,
        case when array[v_distribution] <> v_index.key_columns then v_distribution end);
    v_index.namespace_routes := coalesce(v_index.namespace_column = v_distribution, false);
    if v_index.namespace_column is not null and not exists (
            select from pg_attribute a
            where a.attrelid = target and a.attname = v_index.namespace_column and a.attnum > 0
                and not a.attisdropped) then
        raise exception 'column "%" of table "%" does not exist', v_index.namespace_column, target
            using errcode = 'undefined_column',
                hint = 'Its columns are: ' || array_to_string(annex_internal.current_columns(target), ', ') || '.';
    end if;
    if not (
            select annex_internal.is_key_type(a.atttypid) from pg_attribute a
            where a.attrelid = target and a.attname = v_index.namespace_column) then
        raise exception 'namespace column "%" has type %', v_index.namespace_column,
                (select format_type(a.atttypid, a.atttypmod) from pg_attribute a
                where a.attrelid = target and a.attname = v_index.namespace_column)
            using errcode = 'feature_not_supported',
                hint = 'Namespaces may be smallint, integer, bigint, oid, text, varchar, char, name, uuid, boolean, date, timestamp or timestamptz.';
    end if;

    perform annex_internal.check_wal_level();
    v_index.table_name := annex_internal.qualified_name(target);
    v_index.column_name := column_name;
    v_index.index_name := coalesce(name,
        (select relname from pg_class where oid = target) || '_' || column_name);
    perform pg_advisory_xact_lock(hashtextextended('annex.create_index', 0));
    select v.index_name into v_other from memory.vector_indexes v
    where v.table_name = v_index.table_name and v.column_name = v_index.column_name;
    if v_other is not null then
        raise exception 'column "%" of table % has an index already: "%"', column_name, v_index.table_name, v_other
            using errcode = 'duplicate_object',
                hint = format('A column has one index. To create it with other options, first: select annex.drop_index(%L);', v_other);
    end if;
    select v.table_name || ', column ' || quote_ident(v.column_name) into v_other from memory.vector_indexes v
    where v.index_name = v_index.index_name;
    if v_other is not null then
        raise exception 'index "%" already exists', v_index.index_name
            using errcode = 'duplicate_object',
                hint = format('It is that of %s. Give this one another name, with name => …, or drop the other: select annex.drop_index(%L);',
                    v_other, v_index.index_name);
    end if;

    v_index.index_id := nextval('memory.vector_index_id');
    v_index.fetch_columns := annex_internal.current_columns(target);
    v_index.created_at := now();
    insert into memory.vector_indexes (
        index_id, index_name, table_name, column_name, metric, method, namespace_column, namespace_routes,
        key_columns, dimension, m, ef_construction, quantization, options, fetch_columns, created_at, include,
        include_numbers)
    values (
        v_index.index_id, v_index.index_name, v_index.table_name, v_index.column_name, v_index.metric,
        v_index.method, v_index.namespace_column, v_index.namespace_routes, v_index.key_columns,
        v_index.dimension, v_index.m, v_index.ef_construction, v_index.quantization, v_index.options, v_index.fetch_columns,
        v_index.created_at, v_index.include, v_index.include_numbers);
    perform annex_internal.note_numbers(v_index.index_id);
    perform annex_internal.generate_fetch(v_index.index_id);

    for v_role in
        select a.grantee::regrole::name
        from pg_proc p, aclexplode(p.proacl) a
        where p.oid = 'annex.local_shards()'::regprocedure and a.grantee not in (0, p.proowner)
    loop
        perform annex_internal.grant_table(target, v_role);
    end loop;
    return v_index.index_name;
end
$function$;
comment on function annex.create_index(regclass, name, text, text, text, name, name[], jsonb) is
    'Creates an index on a vector column: the sidecars load it as soon as the transaction commits; see annex.wait_for_index. Returns its name.';

create or replace function annex.alter_index(name text, options jsonb) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
    v_fixed text;
begin
    perform annex_internal.require_coordinator('annex.alter_index');
    v_index := annex_internal.index_by_name(name);
    perform annex_internal.check_owner(v_index);
    if options is null or jsonb_typeof(options) <> 'object' then
        raise exception 'options are not a JSON object: %', coalesce(options::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = 'For example {"row_security": "index"}.';
    end if;
    select string_agg(o, ', ') into v_fixed from jsonb_object_keys(options) o where o <> 'row_security';
    if v_fixed is not null then
        raise exception 'not to be altered: %', v_fixed
            using errcode = 'feature_not_supported',
                hint = 'Only row_security can be altered. For another option drop the index and create it again.';
    end if;
    perform annex_internal.check_row_security(options);
    options := v_index.options || options;
    update memory.vector_indexes v set options = alter_index.options where v.index_id = v_index.index_id;
end
$function$;
comment on function annex.alter_index(text, jsonb) is
    'Changes options of an index that do not need it to be built again: row_security. Needs the table''s owner.';

create or replace function annex_internal.remove_index(name text) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
set client_min_messages to warning
as $function$
declare
    v_index_id bigint;
begin
    perform annex_internal.drop_restored_publication();
    delete from memory.vector_indexes v where v.index_name = name returning index_id into v_index_id;
    execute format('drop function if exists annex_internal.%I(anyelement, text[], double precision[], bigint[], text, boolean)',
        'fetch_' || v_index_id);
end
$function$;
comment on function annex_internal.remove_index(text) is 'Takes an index out of the catalog, with its fetch function';

create or replace function annex.drop_index(name text) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
begin
    perform annex_internal.require_coordinator('annex.drop_index');
    v_index := annex_internal.index_by_name(name);
    perform annex_internal.check_owner(v_index);
    perform annex_internal.remove_index(name);
end
$function$;
comment on function annex.drop_index(text) is
    'Drops an index; the sidecars delete their files, and with the last one their slot, once the transaction commits';

create or replace function annex_internal.index_by_name(name text) returns memory.vector_indexes
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
begin
    select * into v_index from memory.vector_indexes v where v.index_name = name;
    if not found then
        raise exception 'index "%" does not exist', name
            using errcode = 'undefined_object', hint = coalesce(
                (select 'There are: ' || string_agg(v.index_name, ', ' order by v.index_name) || '.'
                    from memory.vector_indexes v),
                'There is none yet: annex.create_index makes one.');
    end if;
    return v_index;
end
$function$;
comment on function annex_internal.index_by_name(text) is 'The catalog row of an index, or an error with the names that there are';

create or replace function annex_internal.follow_drops() returns event_trigger
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_name text;
begin
    if to_regclass('memory.vector_indexes') is null then
        return;
    end if;
    for v_name in
        select v.index_name
        from pg_event_trigger_dropped_objects() d
        join memory.vector_indexes v on v.table_name = format('%I.%I', d.address_names[1], d.address_names[2])
        where d.object_type in ('table', 'foreign table')
            or d.object_type = 'table column' and d.address_names[3] = v.column_name
    loop
        perform annex_internal.remove_index(v_name);
    end loop;
end
$function$;
comment on function annex_internal.follow_drops() is 'Drops the indexes of dropped tables and columns';

create or replace function annex_internal.note_numbers(index_id bigint) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
    v_table oid;
    v_numbers jsonb;
begin
    select * into v_index from memory.vector_indexes v where v.index_id = note_numbers.index_id;
    v_table := to_regclass(v_index.table_name);
    v_numbers := (
        select jsonb_object_agg(a.attname, a.attnum) from pg_attribute a
        where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped);
    -- Values, not expressions: Citus would leave those to each node.
    v_index.key_numbers := array(
        select (v_numbers ->> k::text)::smallint from unnest(v_index.key_columns) with ordinality u (k, place) order by place);
    v_index.column_number := (v_numbers ->> v_index.column_name::text)::smallint;
    v_index.namespace_number := (v_numbers ->> v_index.namespace_column::text)::smallint;
    update memory.vector_indexes v
    set table_oid = v_table, column_number = v_index.column_number, namespace_number = v_index.namespace_number,
        key_numbers = v_index.key_numbers
    where v.index_id = note_numbers.index_id;
end
$function$;
comment on function annex_internal.note_numbers(bigint) is 'Notes by which numbers the table and columns of an index are known, whatever they are called';

create or replace function annex_internal.column_names(target oid, numbers smallint[]) returns name[]
language sql stable parallel safe
return array(
    select a.attname from unnest(numbers) with ordinality u (number, place)
    join pg_catalog.pg_attribute a on a.attrelid = target and a.attnum = u.number and not a.attisdropped
    order by place);
comment on function annex_internal.column_names(oid, smallint[]) is 'What columns are called now; those that were dropped are left out';

create or replace function annex.follow_names() returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set client_min_messages to warning
as $function$
declare
    v_old memory.vector_indexes;
    v_new memory.vector_indexes;
begin
    -- On Citus only the coordinator could, and there a trigger would come in between what is altered where.
    if to_regclass('memory.vector_indexes') is null or to_regclass('annex_internal.node') is null
            or annex_internal.is_citus() or annex_internal.is_copy() then
        return;
    end if;
    for v_old in select * from memory.vector_indexes v where v.table_oid is not null loop
        v_new := v_old;
        v_new.table_name := annex_internal.qualified_name(v_old.table_oid);
        if v_new.table_name is null then
            -- Another table has come under its name.
            if to_regclass(v_old.table_name) is not null then
                perform annex_internal.note_numbers(v_old.index_id);
            end if;
            continue;
        end if;
        v_new.column_name := (annex_internal.column_names(v_old.table_oid, array[v_old.column_number]))[1];
        if v_new.column_name is null then
            perform annex_internal.remove_index(v_old.index_name);
            continue;
        end if;
        v_new.key_columns := annex_internal.column_names(v_old.table_oid, v_old.key_numbers);
        v_new.namespace_column := coalesce(
            (annex_internal.column_names(v_old.table_oid, array[v_old.namespace_number]))[1], v_old.namespace_column);
        v_new.include := array(
            select coalesce((annex_internal.column_names(v_old.table_oid, array[v_old.include_numbers[place]]))[1], c)
            from unnest(v_old.include) with ordinality u (c, place) order by place);
        -- A key column that was dropped took the key along: that is no renaming.
        if cardinality(v_new.key_columns) = cardinality(v_old.key_columns) and v_new is distinct from v_old then
            update memory.vector_indexes v
            set table_name = v_new.table_name, column_name = v_new.column_name, key_columns = v_new.key_columns,
                namespace_column = v_new.namespace_column, include = v_new.include
            where v.index_id = v_old.index_id;
            perform annex_internal.generate_fetch(v_old.index_id);
        end if;
    end loop;
end
$function$;
comment on function annex.follow_names() is
    'For sidecars, and called by an event trigger: the catalog follows tables and columns that were renamed, and drops the indexes of columns that are gone. Not on Citus.';

create or replace function annex_internal.withdraw_keyless(relation regclass) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
as $function$
begin
    -- A published table without a replica identity refuses its owner's updates and deletes.
    if annex_internal.replica_identity(relation) is not null or not exists (
            select from pg_publication p join pg_publication_rel r on r.prpubid = p.oid
            where p.pubname = 'annex_data' and r.prrelid = relation) then
        return;
    end if;
    perform set_config('annex_internal.publishing', 'on', true);
    execute format('alter publication annex_data drop table %s', annex_internal.qualified_name(relation));
    perform set_config('annex_internal.publishing', '', true);
    if not annex_internal.is_citus() then
        perform annex_internal.distrust(v.index_id) from memory.vector_indexes v
        where to_regclass(v.table_name) = relation or to_regclass(v.table_name) = pg_partition_root(relation);
    end if;
end
$function$;
comment on function annex_internal.withdraw_keyless(regclass) is
    'Takes a table that has lost its key out of the publication at once: its index ends, its updates do not fail';

create or replace function annex_internal.follow_changes() returns event_trigger
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
    if to_regclass('memory.vector_indexes') is null then
        return;
    end if;
    begin
        perform annex.follow_names();
    exception when others then
        -- Not the altering of a table should fail for that; the sidecar's audit tries again.
        raise warning 'annex: the index catalog does not follow yet: %', sqlerrm;
    end;
    perform annex_internal.withdraw_keyless(d.objid) from pg_event_trigger_ddl_commands() d
    join pg_class c on c.oid = d.objid and c.relkind = 'r'
    where d.classid = 'pg_class'::regclass;
    perform annex_internal.generate_fetch(v.index_id)
    from pg_event_trigger_ddl_commands() d
    join memory.vector_indexes v on to_regclass(v.table_name) = d.objid
    where d.classid = 'pg_class'::regclass
        and annex_internal.current_columns(d.objid) is distinct from v.fetch_columns;
end
$function$;
comment on function annex_internal.follow_changes() is 'Follows renamed tables and columns, withdraws tables without a key, and writes the fetch functions of altered tables anew';

create or replace function annex_internal.distrust(index_id bigint) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_new_id bigint := nextval('memory.vector_index_id');
begin
    -- Under another number the index is one that no sidecar serves, from the commit of this transaction until what
    -- they have of it, which they know by the number it had first, has been compared with the table.
    update memory.vector_indexes v set index_id = v_new_id, origin_id = coalesce(v.origin_id, v.index_id)
    where v.index_id = distrust.index_id;
    perform annex_internal.generate_fetch(v_new_id);
    execute format('drop function if exists annex_internal.%I(anyelement, text[], double precision[], bigint[], text, boolean)',
        'fetch_' || distrust.index_id);
end
$function$;
comment on function annex_internal.distrust(bigint) is 'Has the rows of an index compared with the table, and not answer before';
do $former_name$
begin
    if to_regprocedure('annex_internal.load_anew(bigint)') is not null then
        drop function annex_internal.load_anew(bigint);
    end if;
end
$former_name$;

create or replace function annex_internal.follow_rewrites() returns event_trigger
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set client_min_messages to warning
as $function$
declare
    v_target regclass := pg_event_trigger_table_rewrite_oid();
begin
    -- The shards of a distributed table are rewritten on their workers: there the sidecars notice it.
    if to_regclass('memory.vector_indexes') is null or annex_internal.is_distributed(v_target) then
        return;
    end if;
    -- A rewrite may change every key and vector, and the stream of changes tells of none.
    perform annex_internal.distrust(v.index_id) from memory.vector_indexes v
    where to_regclass(v.table_name) = v_target or to_regclass(v.table_name) = pg_partition_root(v_target);
end
$function$;
comment on function annex_internal.follow_rewrites() is 'Has the indexes of rewritten tables compared with them';

create or replace function annex_internal.follow_publications() returns event_trigger
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set client_min_messages to warning
as $function$
declare
    v_altered boolean;
begin
    if current_setting('annex_internal.publishing', true) = 'on'
            or to_regclass('memory.vector_indexes') is null or annex_internal.is_citus() then
        return;
    end if;
    if tg_event = 'sql_drop' then
        -- A relation that leaves with its table is no matter of the publication.
        v_altered := exists (
            select from pg_event_trigger_dropped_objects() d
            where d.original and (
                d.object_type = 'publication' and d.object_identity = 'annex_data'
                or d.object_type like 'publication %' and d.object_identity like '% in publication annex_data'));
    else
        v_altered := exists (
            select from pg_event_trigger_ddl_commands() d
            where d.object_identity = 'annex_data' and d.object_type = 'publication'
                or d.object_identity like '% in publication annex_data');
    end if;
    -- Changes may be withheld from now on, and the stream says nothing of it.
    if v_altered then
        perform annex_internal.distrust(v.index_id) from memory.vector_indexes v;
    end if;
end
$function$;
comment on function annex_internal.follow_publications() is
    'Has all indexes compared with their tables when somebody else has altered the publication of the sidecars';

do $triggers$
begin
    -- Only a superuser may have event triggers. Without them the catalog keeps the row of a dropped table until
    -- annex.drop_index, the rows of an altered table are fetched with a plan made each time until annex.setup is
    -- called again, and what is renamed, rewritten, withdrawn or without a key is noticed by the sidecar's audit; so they are on Citus, where such a trigger sees no distributed table while one is altered.
    if (select rolsuper from pg_roles where rolname = current_user) then
        drop event trigger if exists annex_follow_drops;
        create event trigger annex_follow_drops on sql_drop execute function annex_internal.follow_drops();
        comment on event trigger annex_follow_drops is 'Annex: drops the indexes of dropped tables and columns';
        drop event trigger if exists annex_follow_changes;
        create event trigger annex_follow_changes on ddl_command_end when tag in ('ALTER TABLE', 'ALTER SCHEMA')
            execute function annex_internal.follow_changes();
        comment on event trigger annex_follow_changes is 'Annex: follows renamed and altered tables';
        drop event trigger if exists annex_follow_rewrites;
        create event trigger annex_follow_rewrites on table_rewrite execute function annex_internal.follow_rewrites();
        comment on event trigger annex_follow_rewrites is 'Annex: has the indexes of rewritten tables compared with them';
        drop event trigger if exists annex_follow_publications;
        create event trigger annex_follow_publications on ddl_command_end
            when tag in ('CREATE PUBLICATION', 'ALTER PUBLICATION')
            execute function annex_internal.follow_publications();
        comment on event trigger annex_follow_publications is 'Annex: notices when its publication is altered';
        drop event trigger if exists annex_follow_publications_dropped;
        create event trigger annex_follow_publications_dropped on sql_drop
            when tag in ('DROP PUBLICATION', 'ALTER PUBLICATION')
            execute function annex_internal.follow_publications();
        comment on event trigger annex_follow_publications_dropped is 'Annex: notices when its publication is dropped';
    end if;
end
$triggers$;

-- The generator may have changed, and Citus may have been enabled: write the fetch functions anew.
do $fetch_functions$
begin
    perform annex_internal.note_numbers(index_id) from memory.vector_indexes where table_oid is null;
    perform annex_internal.generate_fetch(index_id) from memory.vector_indexes;
end
$fetch_functions$;

revoke execute on function annex_internal.generate_fetch(bigint), annex_internal.distrust(bigint), annex_internal.note_numbers(bigint), annex_internal.withdraw_keyless(regclass), annex_internal.remove_index(text), annex.follow_names() from public;
