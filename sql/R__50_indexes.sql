-- create_index and drop_index write the catalog, which the sidecars follow, and generate the function that
-- fetches an index's rows. Definer functions, because neither is writable for others; who may is who owns the
-- table. Citus is present: ${citus}

create or replace function annex_internal.base_type(type_id oid) returns oid
language sql stable parallel safe
set search_path to pg_catalog, pg_temp
as $function$
    with recursive base (oid, is_domain) as (
        select t.oid, t.typtype = 'd' from pg_type t where t.oid = type_id
        union all
        select t.typbasetype, b.typtype = 'd'
        from base join pg_type t on t.oid = base.oid and base.is_domain
        join pg_type b on b.oid = t.typbasetype)
    select oid from base where not is_domain
$function$;
comment on function annex_internal.base_type(oid) is 'The type itself, or that under a domain';

create or replace function annex_internal.key_text(column_sql text, type_id oid) returns text
language sql immutable parallel safe
return case type_id
    when 'date'::regtype then format('pg_catalog.to_char(%s, ''YYYY-MM-DD'')', column_sql)
    when 'timestamp'::regtype then format(
        'pg_catalog.rtrim(pg_catalog.rtrim(pg_catalog.to_char(%s, ''YYYY-MM-DD HH24:MI:SS.US''), ''0''), ''.'')', column_sql)
    when 'timestamptz'::regtype then format(
        'pg_catalog.rtrim(pg_catalog.rtrim(pg_catalog.to_char(%s at time zone ''UTC'', ''YYYY-MM-DD HH24:MI:SS.US''), ''0''), ''.'') || ''+00''',
        column_sql)
    else column_sql || '::text'
end;
comment on function annex_internal.key_text(text, oid) is
    'SQL for the text of a key column as sidecars write it: no setting of the session changes it';

create or replace function annex_internal.every_nth(elements text[], n integer, first integer) returns text[]
language sql immutable parallel safe
return case when n = 1 then elements
    else array(select elements[i] from generate_series(first, cardinality(elements), n) i) end;
comment on function annex_internal.every_nth(text[], integer, integer) is 'One key column''s texts out of keys that stand row by row';

create or replace function annex_internal.qualified_name(target regclass) returns text
language sql stable parallel safe
return (
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target);
comment on function annex_internal.qualified_name(regclass) is 'Schema-qualified and quoted, as the catalog has it';

create or replace function annex_internal.current_columns(target regclass) returns name[]
language sql stable parallel safe
return (
    select array_agg(a.attname order by a.attnum)
    from pg_attribute a where a.attrelid = target and a.attnum > 0 and not a.attisdropped);
comment on function annex_internal.current_columns(regclass) is 'The columns that a table has now';

create or replace function annex_internal.check_table(target regclass) returns void
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_class pg_class;
    v_placements bigint;
begin
    select * into v_class from pg_class c where c.oid = target;
    if v_class.relkind not in ('r', 'p') then
        raise exception '"%" is not a table', target
            using errcode = 'wrong_object_type', hint = 'Views and foreign tables have no changes to follow.';
    end if;
    if v_class.relpersistence <> 'p' then
        raise exception 'table "%" is %', target,
                case v_class.relpersistence when 't' then 'temporary' else 'unlogged' end
            using errcode = 'feature_not_supported',
                hint = 'Its changes are not in the write-ahead log, from which the index is kept. Use an ordinary table.';
    end if;
    if exists (select from pg_inherits i where i.inhparent = target) and v_class.relkind = 'r' then
        raise exception 'table "%" has inheritance children', target
            using errcode = 'feature_not_supported', hint = 'Use declarative partitioning, or index the children.';
    end if;
    if v_class.relispartition then
        raise exception 'table "%" is a partition', target
            using errcode = 'feature_not_supported', hint = 'Index the partitioned table.';
    end if;
    if v_class.relrowsecurity is null or v_class.relnamespace = 'pg_catalog'::regnamespace then
        raise exception '"%" is a system catalog', target
            using errcode = 'wrong_object_type', hint = 'Index tables of your own.';
    end if;
    if not pg_has_role(annex_internal.effective_role(), v_class.relowner, 'usage') then
        raise exception 'must be owner of table %', target
            using errcode = 'insufficient_privilege', hint = 'Its owner creates and drops its indexes.';
    end if;
    if annex_internal.is_citus() then
        select max(n) into v_placements
        from (
            select count(*) as n
            from pg_dist_shard s join pg_dist_placement p using (shardid)
            join pg_dist_partition d on d.logicalrelid = s.logicalrelid and d.repmodel <> 't'
            where s.logicalrelid = target and p.shardstate = 1 group by s.shardid) placements;
        if v_placements > 1 then
            raise exception 'the shards of "%" have % placements each', target, v_placements
                using errcode = 'feature_not_supported',
                    hint = 'Statement-based replication of shards is not supported; use a replication factor of 1.';
        end if;
    end if;
end
$function$;
comment on function annex_internal.check_table(regclass) is 'Refuses relations that cannot be indexed, and tables of others';

create or replace function annex_internal.check_key(target regclass) returns name[]
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_key name[] := annex_internal.replica_identity(target);
    v_column record;
begin
    if v_key is null then
        raise exception 'table "%" has no usable key', target
            using errcode = 'object_not_in_prerequisite_state',
                hint = case (select relreplident from pg_class where oid = target)
                    when 'n' then 'Its replica identity is NOTHING: ALTER TABLE … REPLICA IDENTITY DEFAULT.'
                    else 'Add a primary key that is not deferrable; it names the rows in the index.' end;
    end if;
    for v_column in
        select a.attname, format_type(a.atttypid, a.atttypmod) as type
        from pg_attribute a
        where a.attrelid = target and a.attname = any (v_key)
            and annex_internal.base_type(a.atttypid) <> all (array[
                'smallint', 'integer', 'bigint', 'oid', 'text', 'varchar', 'bpchar', 'name', 'uuid', 'boolean',
                'date', 'timestamp', 'timestamptz']::regtype[])
    loop
        raise exception 'key column "%" has type %', v_column.attname, v_column.type
            using errcode = 'feature_not_supported',
                hint = 'Keys may be smallint, integer, bigint, oid, text, varchar, char, name, uuid, boolean, date, timestamp or timestamptz.';
    end loop;
    return v_key;
end
$function$;
comment on function annex_internal.check_key(regclass) is 'The columns that name a row, or an error that says why there are none';

create or replace function annex_internal.check_vector_column(target regclass, column_name name) returns pg_attribute
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_column pg_attribute;
begin
    select * into v_column from pg_attribute a
    where a.attrelid = target and a.attname = column_name and a.attnum > 0 and not a.attisdropped;
    if not found then
        raise exception 'column "%" of table "%" does not exist', column_name, target
            using errcode = 'undefined_column',
                hint = 'Its columns are: ' || array_to_string(annex_internal.current_columns(target), ', ') || '.';
    end if;
    if annex_internal.vector_type(v_column.atttypid) is null then
        raise exception 'column "%" has type %', column_name, format_type(v_column.atttypid, v_column.atttypmod)
            using errcode = 'datatype_mismatch', hint = 'Vectors may be real[], or vector or halfvec of pgvector.';
    end if;
    if v_column.attgenerated <> '' then
        raise exception 'column "%" is generated', column_name
            using errcode = 'feature_not_supported',
                hint = 'Generated columns are not in the stream of changes. Store the vector in an ordinary column.';
    end if;
    return v_column;
end
$function$;
comment on function annex_internal.check_vector_column(regclass, name) is 'The vector column''s catalog row, or an error that says why it cannot be indexed';

create or replace function annex_internal.check_wal_level() returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_node text;
    v_level text;
begin
    if not annex_internal.is_citus() then
        v_node := 'this server';
        v_level := current_setting('wal_level');
    else
        select format('worker %s:%s', w.nodename, w.nodeport), w.result into v_node, v_level
        from run_command_on_workers('show wal_level') w where w.result is distinct from 'logical' limit 1;
    end if;
    if v_level <> 'logical' then
        raise exception 'wal_level of % is %, expected logical', v_node, v_level
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'ALTER SYSTEM SET wal_level = logical, and restart PostgreSQL.';
    end if;
end
$function$;
comment on function annex_internal.check_wal_level() is 'Raises an error where changes cannot be decoded';

create or replace function annex_internal.distribution_column(target regclass) returns name
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if not annex_internal.is_citus() then
        return null;
    end if;
    return (
        select column_to_column_name(logicalrelid, partkey) from pg_dist_partition
        where logicalrelid = target and partmethod = 'h');
end
$function$;
comment on function annex_internal.distribution_column(regclass) is 'The column by which Citus distributes a table, or NULL';

create or replace function annex_internal.option_integer(
    options jsonb, option text, lowest integer, highest integer, otherwise integer) returns integer
language plpgsql immutable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if not options ? option then
        return otherwise;
    end if;
    if options ->> option !~ '^-?\d{1,9}$' or (options ->> option)::integer not between lowest and highest then
        raise exception 'option % is %, allowed are % to %', option, options -> option, lowest, highest
            using errcode = 'invalid_parameter_value', hint = format('Leave it out for %s.', otherwise);
    end if;
    return options ->> option;
end
$function$;
comment on function annex_internal.option_integer(jsonb, text, integer, integer, integer) is 'An integer out of the options, checked';

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
    v_role name;
begin
    if target is null or column_name is null then
        raise exception 'target and column_name are needed'
            using errcode = 'null_value_not_allowed', hint = 'For example: select annex.create_index(''docs'', ''embedding'');';
    end if;
    perform annex_internal.require_coordinator('annex.create_index');
    perform annex_internal.check_table(target);
    v_column := annex_internal.check_vector_column(target, column_name);
    v_index.key_columns := annex_internal.check_key(target);

    v_index.metric := lower(metric);
    if v_index.metric in ('hamming', 'jaccard') then
        raise exception 'metric % is not offered yet', v_index.metric
            using errcode = 'feature_not_supported', hint = 'Use cosine, l2, ip or l1.';
    elsif coalesce(v_index.metric not in ('cosine', 'l2', 'ip', 'l1'), true) then
        raise exception 'unknown metric "%"', metric
            using errcode = 'invalid_parameter_value', hint = 'Use cosine, l2, ip or l1.';
    end if;
    v_index.method := lower(method);
    if v_index.method = 'ivfpq' then
        raise exception 'method ivfpq is not offered yet'
            using errcode = 'feature_not_supported', hint = 'Use auto, hnsw or flat.';
    elsif coalesce(v_index.method not in ('auto', 'hnsw', 'flat'), true) then
        raise exception 'unknown method "%"', method
            using errcode = 'invalid_parameter_value', hint = 'Use auto, hnsw or flat.';
    end if;
    if cardinality(include) > 0 then
        raise exception 'include is not offered yet'
            using errcode = 'feature_not_supported',
                hint = 'Leave it out: filters work on every column, they run in PostgreSQL.';
    end if;
    options := coalesce(options, '{}');
    if jsonb_typeof(options) <> 'object' then
        raise exception 'options are not a JSON object: %', options
            using errcode = 'invalid_parameter_value', hint = 'For example {"m": 16, "ef_construction": 200}.';
    end if;
    select string_agg(o, ', ') into v_unknown
    from jsonb_object_keys(options) o where o not in ('m', 'ef_construction', 'dimension', 'quantization');
    if v_unknown is not null then
        raise exception 'unknown option: %', v_unknown
            using errcode = 'invalid_parameter_value', hint = 'There are m, ef_construction, dimension and quantization.';
    end if;
    if coalesce(options ->> 'quantization', 'none') not in ('none', 'auto') then
        raise exception 'quantization % is not offered yet', options ->> 'quantization'
            using errcode = 'feature_not_supported', hint = 'Use none, or leave it out.';
    end if;
    v_index.options := options;
    v_index.m := annex_internal.option_integer(options, 'm', 4, 100, 16);
    v_index.ef_construction := annex_internal.option_integer(options, 'ef_construction', 8, 2000, 200);
    v_index.dimension := annex_internal.option_integer(options, 'dimension', 1, 16000,
        annex_internal.dimension_of(target, v_column));

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

    perform annex_internal.check_wal_level();
    v_index.table_name := annex_internal.qualified_name(target);
    v_index.column_name := column_name;
    v_index.index_name := coalesce(name,
        (select relname from pg_class where oid = target) || '_' || column_name);
    perform pg_advisory_xact_lock(hashtextextended('annex.create_index', 0));
    if exists (select from memory.vector_indexes v where v.index_name = v_index.index_name) then
        raise exception 'index "%" already exists', v_index.index_name
            using errcode = 'duplicate_object', hint = 'Give another name, or drop it with annex.drop_index.';
    end if;
    if exists (
            select from memory.vector_indexes v
            where v.table_name = v_index.table_name and v.column_name = v_index.column_name) then
        raise exception 'column "%" of table % has an index already', column_name, v_index.table_name
            using errcode = 'duplicate_object', hint = 'Drop it with annex.drop_index; annex.indexes has its name.';
    end if;

    v_index.index_id := nextval('memory.vector_index_id');
    v_index.fetch_columns := annex_internal.current_columns(target);
    v_index.created_at := now();
    insert into memory.vector_indexes (
        index_id, index_name, table_name, column_name, metric, method, namespace_column, namespace_routes,
        key_columns, dimension, m, ef_construction, options, fetch_columns, created_at)
    values (
        v_index.index_id, v_index.index_name, v_index.table_name, v_index.column_name, v_index.metric,
        v_index.method, v_index.namespace_column, v_index.namespace_routes, v_index.key_columns,
        v_index.dimension, v_index.m, v_index.ef_construction, v_index.options, v_index.fetch_columns,
        v_index.created_at);
    perform annex_internal.generate_fetch(v_index.index_id);

    for v_role in
        select a.grantee::regrole::name
        from pg_proc p, aclexplode(p.proacl) a
        where p.oid = 'annex.local_shards()'::regprocedure and a.grantee not in (0, p.proowner)
    loop
        execute format('grant select on %s to %I', v_index.table_name, v_role);
    end loop;
    return v_index.index_name;
end
$function$;
comment on function annex.create_index(regclass, name, text, text, text, name, name[], jsonb) is
    'Creates an index on a vector column: the sidecars load it as soon as the transaction commits; see annex.wait_for_index. Returns its name.';

create or replace function annex_internal.dimension_of(target regclass, vector_column pg_attribute) returns integer
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_dimension integer;
begin
    if annex_internal.vector_type(vector_column.atttypid) <> 'real[]' and vector_column.atttypmod > 0 then
        return vector_column.atttypmod;
    end if;
    execute format('select cardinality(%1$I::real[]) from %2$s where %1$I is not null limit 1',
        vector_column.attname, annex_internal.qualified_name(target)) into v_dimension;
    return coalesce(v_dimension, 0);
end
$function$;
comment on function annex_internal.dimension_of(regclass, pg_attribute) is
    'Elements of a column''s vectors, by its type or its first row; 0 if neither tells';

create or replace function annex_internal.generate_fetch(index_id bigint) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
as $generator$
declare
    v_index memory.vector_indexes;
    v_target regclass;
    v_distribution name;
    v_name text := 'fetch_' || index_id;
    v_column record;
    v_key record;
    v_namespace_type text;
    v_loop text;
    v_body text;
begin
    select * into v_index from memory.vector_indexes v where v.index_id = generate_fetch.index_id;
    v_target := to_regclass(v_index.table_name);
    v_distribution := annex_internal.distribution_column(v_target);
    if v_target is null or not v_index.key_columns <@ annex_internal.current_columns(v_target) then
        return;
    end if;
    update memory.vector_indexes v
    set fetch_columns = annex_internal.current_columns(v_target),
        namespace_routes = coalesce(v_index.namespace_column = v_distribution, false)
    where v.index_id = v_index.index_id
        and (v.fetch_columns, v.namespace_routes) is distinct from
            (annex_internal.current_columns(v_target), coalesce(v_index.namespace_column = v_distribution, false));

    -- Columns, never a whole-row reference: Citus would send that as text, several times slower.
    select string_agg(expression, ', ' order by place) as listed,
        string_agg(expression || ' as c' || place, ', ' order by place) as numbered,
        string_agg('r.c' || place, ', ' order by place) as read
    into v_column
    from (
        select place, case when c = v_index.column_name then format('case when with_vector then t.%I end', c)
            else format('t.%I', c) end as expression
        from unnest(annex_internal.current_columns(v_target)) with ordinality u (c, place)) c;

    select string_agg(format('v_key_%s %s[] := annex_internal.every_nth(keys, %s, %1$s)::%2$s[];', place, type,
            cardinality(v_index.key_columns)), E'\n    ' order by place) as arrays,
        string_agg(format('pg_catalog.unnest(v_key_%s)', place), ', ' order by place) as unnested,
        string_agg('k' || place, ', ' order by place) as names,
        string_agg(format('t.%I = c.k%s', name, place), ' and ' order by place) as joined,
        string_agg(format('t.%I', name), ', ' order by place) as ordered,
        string_agg(annex_internal.key_text(format('t.%I', name), type_id), ', ' order by place) as texts,
        string_agg(format('t.%I = any (v_key_%s)', name, place), ' and ' order by place) as any_of,
        coalesce(string_agg(format('t.%I = any (v_key_%s)', name, place), ' and ' order by place)
            filter (where name <> v_distribution), 'true') as any_in_namespace
    into v_key
    from (
        select k.name, k.place, annex_internal.base_type(a.atttypid) as type_id,
            format_type(annex_internal.base_type(a.atttypid), null) as type
        from unnest(v_index.key_columns) with ordinality k (name, place)
        join pg_attribute a on a.attrelid = v_target and a.attname = k.name) k;

    if not annex_internal.is_distributed(v_target) then
        v_body := format($body$
declare
    %1$s
begin
    select pg_catalog.array_agg(row(%2$s)::%3$s order by c.distance, %4$s),
        pg_catalog.array_agg(c.distance order by c.distance, %4$s),
        coalesce(pg_catalog.bool_or(pg_catalog.hash_array_extended(t.%5$I::real[], 0) is distinct from c.hash), false)
    into hits, hit_distances, stale
    from rows from (%6$s, pg_catalog.unnest(distances), pg_catalog.unnest(hashes)) c (%7$s, distance, hash)
    join %3$s t on %8$s;
end
$body$,
            v_key.arrays, v_column.listed, v_index.table_name, v_key.ordered, v_index.column_name, v_key.unnested,
            v_key.names, v_key.joined);
    else
        -- Citus takes no join with a function: the keys go in as arrays, and pairs are checked here. One namespace
        -- is one shard: its equality sends the query there without further planning.
        v_loop := format($body$
    for r in
        select %1$s, array[%2$s]::text as annex_key, pg_catalog.hash_array_extended(t.%3$I::real[], 0) as annex_hash
        from %4$s t where %%s
        order by %5$s
    loop
        v_place := pg_catalog.array_position(v_row_keys, r.annex_key);
        if v_place is not null then
            hits := pg_catalog.array_append(hits, row(%6$s)::%4$s);
            v_places := v_places || v_place;
            stale := stale or r.annex_hash is distinct from hashes[v_place];
        end if;
    end loop;$body$,
            v_column.numbered, v_key.texts, v_index.column_name, v_index.table_name, v_key.ordered, v_column.read);
        select format_type(annex_internal.base_type(a.atttypid), null) into v_namespace_type
        from pg_attribute a
        where a.attrelid = v_target and a.attname = v_distribution and v_index.namespace_column = v_distribution;
        v_body := format($body$
declare
    %1$s
    %2$s
    v_row_keys text[] := annex_internal.row_keys(keys, %3$s);
    v_places integer[] := '{}';
    v_place integer;
    r record;
begin
    stale := false;
    %4$s
    select pg_catalog.array_agg(hits[i] order by distances[v_places[i]], i),
        pg_catalog.array_agg(distances[v_places[i]] order by distances[v_places[i]], i)
    into hits, hit_distances
    from pg_catalog.generate_series(1, pg_catalog.cardinality(v_places)) i;
end
$body$,
            v_key.arrays, 'v_namespace ' || v_namespace_type || ' := namespace;', cardinality(v_index.key_columns),
            case when v_namespace_type is null then format(v_loop, v_key.any_of)
                else format(E'if namespace is not null then%s\n    else%s\n    end if;',
                    format(v_loop, format('t.%I = v_namespace and %s', v_distribution, v_key.any_in_namespace)),
                    format(v_loop, v_key.any_of)) end);
    end if;
    execute format($create$
create or replace function annex_internal.%I(
    target anyelement, keys text[], distances double precision[], hashes bigint[], namespace text, with_vector boolean,
    out hits anyarray, out hit_distances double precision[], out stale boolean)
language plpgsql volatile parallel restricted
as $body$
#variable_conflict use_variable%s$body$$create$, v_name, v_body);
    execute format(
        'comment on function annex_internal.%I(anyelement, text[], double precision[], bigint[], text, boolean) is %L',
        v_name, format('Fetches rows of index %s by key, under the caller''s rights', v_index.index_name));
end
$generator$;
comment on function annex_internal.generate_fetch(bigint) is
    'Writes the function that fetches the rows of an index with a static plan. It names the table in its body only, so it never stands in the way of DROP TABLE.';

create or replace function annex_internal.remove_index(name text) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
set client_min_messages to warning
as $function$
declare
    v_index_id bigint;
begin
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
    if not coalesce(
            pg_has_role(annex_internal.effective_role(),
                (select relowner from pg_class where oid = to_regclass(v_index.table_name)), 'usage'),
            true) then
        raise exception 'must be owner of table %', v_index.table_name
            using errcode = 'insufficient_privilege', hint = 'Its owner creates and drops its indexes.';
    end if;
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

create or replace function annex_internal.follow_changes() returns event_trigger
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
    if to_regclass('memory.vector_indexes') is null then
        return;
    end if;
    perform annex_internal.generate_fetch(v.index_id)
    from pg_event_trigger_ddl_commands() d
    join memory.vector_indexes v on to_regclass(v.table_name) = d.objid
    where d.classid = 'pg_class'::regclass
        and annex_internal.current_columns(d.objid) is distinct from v.fetch_columns;
end
$function$;
comment on function annex_internal.follow_changes() is 'Writes the fetch functions of altered tables anew';

do $triggers$
begin
    -- Only a superuser may have event triggers. Without them the catalog keeps the row of a dropped table until
    -- annex.drop_index, and an altered table is searched with exact SQL until annex.setup is called again.
    if (select rolsuper from pg_roles where rolname = current_user) then
        drop event trigger if exists annex_follow_drops;
        create event trigger annex_follow_drops on sql_drop execute function annex_internal.follow_drops();
        comment on event trigger annex_follow_drops is 'Annex: drops the indexes of dropped tables and columns';
        drop event trigger if exists annex_follow_changes;
        create event trigger annex_follow_changes on ddl_command_end when tag in ('ALTER TABLE')
            execute function annex_internal.follow_changes();
        comment on event trigger annex_follow_changes is 'Annex: keeps the fetch functions of altered tables';
    end if;
end
$triggers$;

-- The generator may have changed, and Citus may have been enabled: write the fetch functions anew.
do $fetch_functions$
begin
    perform annex_internal.generate_fetch(index_id) from memory.vector_indexes;
end
$fetch_functions$;

revoke execute on function annex_internal.generate_fetch(bigint), annex_internal.remove_index(text) from public;
