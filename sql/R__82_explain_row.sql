-- annex.explain_row: why a row is not in an answer. It looks at the row as the caller sees it, then computes what the
-- answer should be from the table, then asks the index: the first thing in that order that keeps the row out is the
-- reason. An invoker function that pins no search_path and qualifies each name, because it runs with a caller's filter.
-- Citus is present: ${citus}

create or replace function annex_internal.key_condition(index memory.vector_indexes, key jsonb, prefix text) returns text
language plpgsql stable parallel restricted
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_condition text;
begin
    if pg_catalog.jsonb_typeof(key) <> 'object' and pg_catalog.cardinality(index.key_columns) = 1 then
        key := pg_catalog.jsonb_build_object(index.key_columns[1], key);
    end if;
    if pg_catalog.jsonb_typeof(key) is distinct from 'object' or exists (
            select from pg_catalog.unnest(index.key_columns) c where coalesce(key ->> c::text, '') = '' and key -> c::text is distinct from '""')
            then
        raise exception 'key is %, expected the columns %', coalesce(key::text, 'NULL'),
                pg_catalog.array_to_string(index.key_columns, ', ')
            using errcode = 'invalid_parameter_value',
                hint = pg_catalog.format('For example %s.', (
                    select pg_catalog.jsonb_object_agg(c, '…') from pg_catalog.unnest(index.key_columns) c));
    end if;
    select pg_catalog.string_agg(pg_catalog.format('%s%I = %L::%s', prefix, k.name, key ->> k.name::text,
        pg_catalog.format_type(annex_internal.base_type(a.atttypid), -1)), ' and ' order by k.place)
    into v_condition
    from pg_catalog.unnest(index.key_columns) with ordinality k (name, place)
    join pg_catalog.pg_attribute a on a.attrelid = v_target and a.attname = k.name;
    return v_condition;
end
$function$;
comment on function annex_internal.key_condition(memory.vector_indexes, jsonb, text) is
    'SQL for "the row has this key", given as a JSON object of the key''s columns, or as the only one''s value';

create or replace function annex_internal.not_indexed(index memory.vector_indexes, vector real[], dimension integer) returns text
language plpgsql immutable parallel safe
as $function$
begin
    if vector is null then
        return 'the vector is NULL';
    end if;
    if pg_catalog.array_ndims(vector) > 1 then
        return pg_catalog.format('the value is an array of %s dimensions, a vector has one', pg_catalog.array_ndims(vector));
    end if;
    if pg_catalog.cardinality(vector) <> dimension then
        return pg_catalog.format('the vector has %s dimensions, the query has %s', pg_catalog.cardinality(vector), dimension);
    end if;
    if vector && '{NaN,Infinity,-Infinity}' or pg_catalog.array_position(vector, null) is not null then
        return 'the vector has an element that is no finite number';
    end if;
    if index.metric = 'cosine' and vector <@ '{0}' then
        return 'a zero vector has no cosine distance';
    end if;
    return null;
end
$function$;
comment on function annex_internal.not_indexed(memory.vector_indexes, real[], integer) is
    'Why no index has such a vector; NULL if it may have';

create or replace function annex_internal.exact_rank(
    index memory.vector_indexes, key jsonb, query real[], namespace text, filter text,
    out rank bigint, out distance double precision)
language plpgsql volatile parallel restricted
as $function$
declare
    v_alias text := (select pg_catalog.quote_ident(c.relname) from pg_catalog.pg_class c
        where c.oid = pg_catalog.to_regclass(index.table_name));
    v_vector text := pg_catalog.format('%s.%I', v_alias, index.column_name);
    v_distance text := pg_catalog.format('case when %s = pg_catalog.cardinality($1) then %s end',
        annex_internal.dimension_sql(index.metric, v_vector), annex_internal.distance_sql(index.metric, v_vector, '$1'));
    v_keys text := (select pg_catalog.string_agg(pg_catalog.format('%s.%I', v_alias, c), ', ' order by place)
        from pg_catalog.unnest(index.key_columns) with ordinality u (c, place));
    v_row text;
begin
    execute pg_catalog.format('select %s, pg_catalog.format(%L, %s) from %s as %s where %s',
        v_distance,
        (select pg_catalog.string_agg('%L::' || pg_catalog.format_type(annex_internal.base_type(a.atttypid), -1), ', ' order by k.place)
            from pg_catalog.unnest(index.key_columns) with ordinality k (name, place)
            join pg_catalog.pg_attribute a on a.attrelid = pg_catalog.to_regclass(index.table_name) and a.attname = k.name),
        v_keys, index.table_name, v_alias, annex_internal.key_condition(index, key, v_alias || '.'))
        into distance, v_row using query;
    execute pg_catalog.format(
        E'select 1 + pg_catalog.count(*) from %1$s as %2$s where %3$s and (%4$s\n) and (%5$s < $2 or %5$s = $2 and row(%6$s) < row(%7$s))',
        index.table_name, v_alias,
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, '$3') end,
        coalesce(filter, 'true'), v_distance, v_keys, v_row)
        into rank using query, distance, namespace;
end
$function$;
comment on function annex_internal.exact_rank(memory.vector_indexes, jsonb, real[], text, text) is
    'A row''s exact distance, and which place it has among all rows of the namespace that match: every vector is looked at';

create or replace function annex_internal.place_in_answer(
    index memory.vector_indexes, key jsonb, query real[], k integer, namespace text, filter text,
    max_distance double precision, ef_search integer, consistency text) returns bigint
language plpgsql volatile parallel restricted
as $function$
declare
    v_place bigint;
begin
    execute pg_catalog.format(
        'select s.place from annex.search(null::%s, %L, $1, $2, $3, $4, $5, $6, $7) with ordinality s (hit, distance, place) where %s',
        index.table_name, index.column_name, annex_internal.key_condition(index, key, '(s.hit).'))
        into v_place using query, k, namespace, filter, max_distance, ef_search, consistency;
    return v_place;
end
$function$;
comment on function annex_internal.place_in_answer(
    memory.vector_indexes, jsonb, real[], integer, text, text, double precision, integer, text) is
    'Which place a row has in the answer of annex.search, or NULL';

create or replace function annex_internal.positions_of(index memory.vector_indexes, namespace text)
returns table (sidecar name, applied pg_lsn, flushed pg_lsn)
language plpgsql volatile parallel unsafe
as $function$
declare
    v_groups integer[] := annex_internal.groups(pg_catalog.to_regclass(index.table_name), namespace, index.namespace_routes);
begin
    return query select s.sidecar, (s.detail ->> 'applied')::pg_lsn,
            -- What the sidecar has heard of may be old; where its server is this one, the server says it.
            greatest((s.detail ->> 'flush')::pg_lsn,
                case when not annex_internal.is_citus() and not pg_catalog.pg_is_in_recovery()
                    then pg_catalog.pg_current_wal_flush_lsn() end)
        from annex_internal.ask_status(false) s
        where annex_internal.group_of(s.sidecar) = any (v_groups) and s.status = 'ok'
        order by 2 limit 1;
end
$function$;
comment on function annex_internal.positions_of(memory.vector_indexes, text) is
    'Of the sidecars that may have a row, the one that is furthest behind: what it has applied, and what its server has flushed';

create or replace function annex.explain_row(
    index_name text, key jsonb, query real[], k integer default 10, namespace text default null,
    filter text default null, max_distance double precision default null, ef_search integer default null,
    consistency text default null)
returns table (
    reason text, message text, place bigint, rank bigint, distance double precision, ef_search_needed integer,
    applied pg_lsn, flushed pg_lsn)
language plpgsql volatile parallel unsafe rows 1
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    v_index memory.vector_indexes := annex_internal.index_by_name(index_name);
    v_target regclass := pg_catalog.to_regclass(v_index.table_name);
    v_alias text := (select pg_catalog.quote_ident(c.relname) from pg_catalog.pg_class c where c.oid = v_target);
    v_query text := annex_internal.check_query(v_index, query, k, namespace, max_distance);
    v_condition text;
    v_call record;
    v_row record;
    v_keys text;
    v_answer record;
    v_ef integer;
begin
    perform annex_internal.check_row_dimensions(v_index, query);
    select * into v_call from annex_internal.prepare_search(v_index, false, filter, namespace, ef_search, consistency);
    namespace := v_call.namespace;
    if not v_index.key_columns <@ annex_internal.current_columns(v_target) then
        reason := 'index not servable';
        message := annex_internal.failure_of_table(v_index.index_id) ->> 'message';
        return next;
        return;
    end if;
    v_condition := annex_internal.key_condition(v_index, key, v_alias || '.');

    execute pg_catalog.format(
        E'select %s as vector, %s as hash, %s as in_namespace, (%s\n) as matches, pg_catalog.json_build_array(pg_catalog.json_build_array(%s))::text as keys, %s as namespace from %s as %s where %s',
        case when annex_internal.is_of_bits(v_index.metric) then pg_catalog.format('annex.bits(%s.%I)', v_alias, v_index.column_name)
            else pg_catalog.format('%s.%I::real[]', v_alias, v_index.column_name) end,
        annex_internal.hash_sql(v_index.metric, pg_catalog.format('%s.%I', v_alias, v_index.column_name)),
        case when namespace is null then 'true' else annex_internal.namespace_condition(v_index, '$1') end,
        coalesce(filter, 'true'),
        (select pg_catalog.string_agg(annex_internal.key_text(pg_catalog.format('%s.%I', v_alias, c.name),
                annex_internal.base_type(a.atttypid)), ', ' order by c.place)
            from pg_catalog.unnest(v_index.key_columns) with ordinality c (name, place)
            join pg_catalog.pg_attribute a on a.attrelid = v_target and a.attname = c.name),
        case when v_index.namespace_column is null then 'null::text'
            else pg_catalog.format('%s.%I::text', v_alias, v_index.namespace_column) end,
        v_index.table_name, v_alias, v_condition) into v_row using namespace;
    if v_row.keys is null then
        if pg_catalog.row_security_active(v_target) then
            reason := 'not visible';
            message := 'you see no row of this key: there is none, or row-level security hides it';
        else
            reason := 'no row';
            message := 'the table has no row of this key, as this statement sees it';
        end if;
        return next;
        return;
    end if;

    message := annex_internal.not_indexed(v_index, v_row.vector, pg_catalog.cardinality(query));
    if message is not null then
        reason := 'not indexed';
        return next;
        return;
    end if;
    select r.rank, r.distance into rank, distance
    from annex_internal.exact_rank(v_index, key, query, namespace, filter) r;
    if not coalesce(v_row.in_namespace, false) then
        reason := 'other namespace';
        message := pg_catalog.format('the row is in namespace %s', coalesce(pg_catalog.quote_literal(v_row.namespace), 'NULL'));
        rank := null;
        return next;
        return;
    end if;
    if not coalesce(v_row.matches, false) then
        reason := 'filtered';
        message := pg_catalog.format('the filter is %s for the row', coalesce(v_row.matches::text, 'NULL'));
        rank := null;
        return next;
        return;
    end if;
    if distance > max_distance then
        reason := 'too far';
        message := pg_catalog.format('its distance is %s, max_distance is %s', distance, max_distance);
        return next;
        return;
    end if;
    if rank > k then
        reason := 'beyond k';
        message := pg_catalog.format('the row has rank %s among those that match, k is %s', rank, k);
        return next;
        return;
    end if;

    place := annex_internal.place_in_answer(v_index, key, query, k, namespace, filter, max_distance,
        v_call.ef_search, v_call.consistency);
    if place is not null then
        reason := 'found';
        message := pg_catalog.format('the row is in the answer, at place %s', place);
        return next;
        return;
    end if;

    select p.applied, p.flushed into applied, flushed from annex_internal.positions_of(v_index, v_row.namespace) p;
    select * into v_answer from annex_internal.ask(v_index.index_id, 'rank', v_query, 1, v_call.ef_search,
        v_row.namespace, null, 'eventual', v_call.timeout_ms, v_row.keys, null);
    if v_answer.failure is not null then
        reason := 'index not servable';
        message := v_answer.failure ->> 'message';
        return next;
        return;
    end if;
    if v_answer.hashes[1] is distinct from v_row.hash then
        if applied < flushed then
            reason := 'not applied yet';
            message := pg_catalog.format('the sidecar has applied the log up to %s of %s and %s', applied, flushed,
                case when v_answer.hashes[1] is null then 'does not have the row' else 'has an earlier vector of the row' end);
        else
            reason := 'missing in index';
            message := pg_catalog.format('the sidecar has applied all of the log and %s: select * from annex.verify(%L) repairs it',
                case when v_answer.hashes[1] is null then 'does not have the row' else 'has another vector of the row' end,
                index_name);
        end if;
        return next;
        return;
    end if;

    reason := 'recall miss';
    v_ef := greatest(v_call.ef_search, k);
    while v_ef < 10000 and ef_search_needed is null loop
        v_ef := least(2 * v_ef, 10000);
        if annex_internal.place_in_answer(v_index, key, query, k, namespace, filter, max_distance, v_ef,
                v_call.consistency) is not null then
            ef_search_needed := v_ef;
        end if;
    end loop;
    message := case when ef_search_needed is null
        then pg_catalog.format('the row should be at place %s; the index does not find it with any ef_search', rank)
        else pg_catalog.format('the row should be at place %s; the index finds it with ef_search => %s instead of %s',
            rank, ef_search_needed, v_call.ef_search) end;
    return next;
end
$function$;
comment on function annex.explain_row(
    text, jsonb, real[], integer, text, text, double precision, integer, text) is
    'Why a row is not in the answer of annex.search with the same arguments: no row, not visible, not indexed, other namespace, filtered, too far, beyond k, index not servable, not applied yet, missing in index, recall miss; or found. With its exact rank and distance, for which every vector of the table is looked at.';
