-- What a table must be to be indexed, and how its keys become text. Citus is present: ${citus}

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
    -- to_char gives a year before 1 without its era, and NULL for infinity.
    when 'date'::regtype then format(
        'coalesce(pg_catalog.to_char(%1$s, ''YYYY-MM-DD'') || pg_catalog.replace(pg_catalog.to_char(%1$s, '' BC''), '' AD'', ''''), %1$s::text)',
        column_sql)
    when 'timestamp'::regtype then format(
        'coalesce(pg_catalog.rtrim(pg_catalog.rtrim(pg_catalog.to_char(%1$s, ''YYYY-MM-DD HH24:MI:SS.US''), ''0''), ''.'')'
        ' || pg_catalog.replace(pg_catalog.to_char(%1$s, '' BC''), '' AD'', ''''), %1$s::text)',
        column_sql)
    when 'timestamptz'::regtype then format(
        'coalesce(pg_catalog.rtrim(pg_catalog.rtrim(pg_catalog.to_char(%1$s, ''YYYY-MM-DD HH24:MI:SS.US''), ''0''), ''.'')'
        ' || ''+00'' || pg_catalog.replace(pg_catalog.to_char(%1$s, '' BC''), '' AD'', ''''), %1$s::text)',
        format('(%s at time zone ''UTC'')', column_sql))
    else column_sql || '::text'
end;
comment on function annex_internal.key_text(text, oid) is
    'SQL for the text of a key column as sidecars write it: no setting of the session changes it';

create or replace function annex_internal.is_key_type(type_id oid) returns boolean
language sql stable parallel safe
return annex_internal.base_type(type_id) = any (array[
    'smallint', 'integer', 'bigint', 'oid', 'text', 'varchar', 'bpchar', 'name', 'uuid', 'boolean',
    'date', 'timestamp', 'timestamptz']::regtype[]);
comment on function annex_internal.is_key_type(oid) is 'Whether sidecars can read a key or a namespace of the type';

create or replace function annex_internal.qualified_name(target regclass) returns text
language sql stable parallel safe
return (
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target);
comment on function annex_internal.qualified_name(regclass) is 'Schema-qualified and quoted, as the catalog has it';

create or replace function annex_internal.current_columns(target regclass) returns name[]
language plpgsql stable parallel safe
as $function$
begin
    -- PL/pgSQL keeps the plan; an SQL function would plan anew for each search.
    return (
        select pg_catalog.array_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a where a.attrelid = target and a.attnum > 0 and not a.attisdropped);
end
$function$;
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
            and not annex_internal.is_key_type(a.atttypid)
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
            using errcode = 'datatype_mismatch', hint = 'Vectors may be real[], bit or bit varying, or vector or halfvec of pgvector.';
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

create or replace function annex_internal.check_metric(metric text, vector_column pg_attribute) returns text
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_metric text := lower(metric);
    v_bits boolean := annex_internal.vector_type(vector_column.atttypid) = 'bit';
begin
    if coalesce(v_metric not in ('cosine', 'l2', 'ip', 'l1', 'hamming', 'jaccard'), true) then
        raise exception 'unknown metric "%"', metric
            using errcode = 'invalid_parameter_value', hint = 'Use cosine, l2, ip or l1, and for bits hamming or jaccard.';
    end if;
    if annex_internal.is_of_bits(v_metric) <> v_bits then
        raise exception 'metric % is not for column "%" of type %', v_metric, vector_column.attname,
                format_type(vector_column.atttypid, vector_column.atttypmod)
            using errcode = 'datatype_mismatch', hint = case when v_bits
                then 'Bits have the metrics hamming and jaccard.'
                else 'Use cosine, l2, ip or l1; hamming and jaccard are for columns of type bit.' end;
    end if;
    return v_metric;
end
$function$;
comment on function annex_internal.check_metric(text, pg_attribute) is
    'The metric in lower case, or an error that says why it is none of the column''s';

create or replace function annex_internal.check_include(target regclass, include name[]) returns smallint[]
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_name name;
    v_column pg_attribute;
    v_numbers smallint[] := '{}';
begin
    if cardinality(include) > 32 then
        raise exception '% columns are to be included, allowed are 32', cardinality(include)
            using errcode = 'program_limit_exceeded', hint = 'Include those that searches filter by.';
    end if;
    foreach v_name in array coalesce(include, '{}') loop
        select * into v_column from pg_attribute a
        where a.attrelid = target and a.attname = v_name and a.attnum > 0 and not a.attisdropped;
        if not found then
            raise exception 'column "%" of table "%" does not exist', v_name, target
                using errcode = 'undefined_column',
                    hint = 'Its columns are: ' || array_to_string(annex_internal.current_columns(target), ', ') || '.';
        end if;
        if v_column.attnum = any (v_numbers) then
            raise exception 'column "%" is included twice', v_name
                using errcode = 'duplicate_column', hint = 'Name it once.';
        end if;
        if v_column.attgenerated <> '' then
            raise exception 'included column "%" is generated', v_name
                using errcode = 'feature_not_supported',
                    hint = 'Generated columns are not in the stream of changes. Filters on them run in PostgreSQL.';
        end if;
        if annex_internal.attribute_type(v_column) is null then
            raise exception 'included column "%" has type %', v_name,
                    format_type(v_column.atttypid, v_column.atttypmod)
                using errcode = 'feature_not_supported',
                    hint = 'Included may be smallint, integer, bigint, real, double precision, numeric, text, varchar, char and name of a deterministic collation, boolean, date, timestamp, timestamptz, uuid, and arrays of integers or texts. Filters on others run in PostgreSQL.';
        end if;
        v_numbers := v_numbers || v_column.attnum;
    end loop;
    return v_numbers;
end
$function$;
comment on function annex_internal.check_include(regclass, name[]) is
    'The numbers of the columns to include, or an error that says why one cannot be';

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

create or replace function annex_internal.dimension_of(target regclass, vector_column pg_attribute) returns integer
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_dimension integer;
begin
    v_dimension := annex_internal.type_dimension(vector_column.atttypid, vector_column.atttypmod);
    if v_dimension is not null then
        return v_dimension;
    end if;
    execute format('select %s from %s where %I is not null limit 1',
        case annex_internal.vector_type(vector_column.atttypid)
            when 'bit' then format('length(%I)', vector_column.attname)
            else format('cardinality(%I::real[])', vector_column.attname) end,
        annex_internal.qualified_name(target), vector_column.attname) into v_dimension;
    return coalesce(v_dimension, 0);
end
$function$;
comment on function annex_internal.dimension_of(regclass, pg_attribute) is
    'Elements of a column''s vectors, by its type or its first row; 0 if neither tells';

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
            using errcode = 'invalid_parameter_value', hint = case when otherwise = 0 then 'Leave it out, and it is chosen for you.'
                else format('Leave it out for %s.', otherwise) end;
    end if;
    return options ->> option;
end
$function$;
comment on function annex_internal.option_integer(jsonb, text, integer, integer, integer) is 'An integer out of the options, checked';

create or replace function annex_internal.check_list_options(index memory.vector_indexes, options jsonb) returns void
language plpgsql immutable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_lists integer := annex_internal.option_integer(options, 'nlist', 1, 65536, 0);
    v_probes integer := annex_internal.option_integer(options, 'nprobe', 1, 65536, 0);
    v_bits integer := annex_internal.option_integer(options, 'nbits', 4, 8, 4);
    v_given text := (select string_agg(o, ', ') from jsonb_object_keys(options) o where o in ('nlist', 'nprobe', 'nbits'));
begin
    if index.method <> 'ivfpq' then
        if v_given is not null then
            raise exception 'not an option of method %: %', index.method, v_given
                using errcode = 'invalid_parameter_value', hint = 'Only method ivfpq has lists.';
        end if;
        return;
    end if;
    if index.metric not in ('cosine', 'l2', 'ip') then
        raise exception 'method ivfpq is not for metric %', index.metric
            using errcode = 'feature_not_supported', hint = 'Use auto, hnsw or flat with this metric.';
    end if;
    if index.quantization not in ('auto', 'pq') then
        raise exception 'quantization % is not for method ivfpq', index.quantization
            using errcode = 'feature_not_supported', hint = 'Leave it out: ivfpq has product codes of its own.';
    end if;
    if v_bits not in (4, 8) then
        raise exception 'option nbits is %, allowed are 4 and 8', v_bits
            using errcode = 'invalid_parameter_value', hint = 'Leave it out for 4, which is much faster.';
    end if;
    if v_lists > 0 and v_probes > v_lists then
        raise exception 'option nprobe is %, but there are % lists', v_probes, v_lists
            using errcode = 'invalid_parameter_value', hint = 'Lower nprobe, or raise nlist.';
    end if;
end
$function$;
comment on function annex_internal.check_list_options(memory.vector_indexes, jsonb) is
    'Raises an error for options of method ivfpq that do not go together, or with another method';

create or replace function annex_internal.check_row_security(options jsonb) returns void
language plpgsql immutable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if coalesce(options ->> 'row_security', 'exact') not in ('exact', 'index') then
        raise exception 'unknown row_security "%"', options ->> 'row_security'
            using errcode = 'invalid_parameter_value',
                hint = 'Use exact: roles under row-level security get exact SQL; or index: they may ask the index.';
    end if;
end
$function$;
comment on function annex_internal.check_row_security(jsonb) is 'Raises an error for an unknown value of the option row_security';

create or replace function annex_internal.check_owner(index memory.vector_indexes) returns void
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    -- The index of a table that is gone is anybody's to drop.
    if not coalesce(
            pg_has_role(annex_internal.effective_role(),
                (select relowner from pg_class where oid = to_regclass(index.table_name)), 'usage'),
            true) then
        raise exception 'must be owner of table %', index.table_name
            using errcode = 'insufficient_privilege', hint = 'Its owner creates, alters and drops its indexes.';
    end if;
end
$function$;
comment on function annex_internal.check_owner(memory.vector_indexes) is
    'Raises an error unless the session''s role owns the indexed table';
