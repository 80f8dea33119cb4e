-- annex.search and annex.nearest: check, ask, fetch. Invoker functions, so that every row comes through the
-- caller's own privileges, policies and snapshot; for that reason they pin no search_path (a filter is the
-- caller's SQL) and qualify each name. Citus is present: ${citus}

create or replace function annex_internal.column_list(
    index memory.vector_indexes, alias text, with_vector boolean) returns text
language sql stable parallel restricted
return (
    select pg_catalog.string_agg(case when c = index.column_name and not with_vector then 'null'
        else pg_catalog.format('%I.%I', alias, c) end, ', ' order by place)
    from pg_catalog.unnest(annex_internal.current_columns(pg_catalog.to_regclass(index.table_name)))
        with ordinality u (c, place));
comment on function annex_internal.column_list(memory.vector_indexes, text, boolean) is
    'The columns that a hit is made of, as they are now';

create or replace function annex_internal.fetch_altered(
    target anyelement, index memory.vector_indexes, keys text[], distances double precision[], hashes bigint[],
    with_vector boolean, out hits anyarray, out hit_distances double precision[], out stale boolean)
language plpgsql volatile parallel restricted
as $function$
#variable_conflict use_variable
declare
    v_n integer := pg_catalog.cardinality(index.key_columns);
    v_source record;
    v_row_keys text[];
    v_row_hashes bigint[];
begin
    select * into v_source from annex_internal.keyed_source(index);
    execute pg_catalog.format(
        'select pg_catalog.array_agg(row(%s)::%s), pg_catalog.array_agg(%s), '
        'pg_catalog.array_agg(%s) from %s',
        annex_internal.column_list(index,
            (select relname from pg_catalog.pg_class where oid = pg_catalog.to_regclass(index.table_name)), with_vector),
        index.table_name, v_source.row_key,
        annex_internal.hash_sql(index.metric, pg_catalog.quote_ident(index.column_name)), v_source.source)
        into hits, v_row_keys, v_row_hashes using keys;
    select pg_catalog.array_agg(hits[f.place::integer] order by c.distance, c.place),
        pg_catalog.array_agg(c.distance order by c.distance, c.place),
        coalesce(pg_catalog.bool_or(f.hash is distinct from c.hash), false)
    into hits, hit_distances, stale
    from rows from (
        pg_catalog.unnest(annex_internal.row_keys(keys, v_n)), pg_catalog.unnest(distances),
        pg_catalog.unnest(hashes)) with ordinality c (row_key, distance, hash, place)
    join rows from (pg_catalog.unnest(v_row_keys), pg_catalog.unnest(v_row_hashes))
        with ordinality f (row_key, hash, place) using (row_key);
end
$function$;
comment on function annex_internal.fetch_altered(
    anyelement, memory.vector_indexes, text[], double precision[], bigint[], boolean) is
    'As the fetch function of an index, for a table that has been altered since that was generated: planned anew each time. On Citus an event trigger of ALTER TABLE cannot read the catalog, so annex.setup generates it.';

create or replace function annex_internal.exact(
    target anyelement, index memory.vector_indexes, query real[], k integer, namespace text, filter text,
    max_distance double precision, with_vector boolean)
returns table (hit anyelement, distance double precision)
language plpgsql volatile parallel restricted rows 10
as $function$
#variable_conflict use_variable
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_alias text := (select pg_catalog.quote_ident(relname) from pg_catalog.pg_class where oid = v_target);
    v_vector text := pg_catalog.format('%s.%I', v_alias, index.column_name);
    v_row record;
begin
    perform annex_internal.check_row_dimensions(index, query);
    -- Rows that an index would not have (another dimension, zero under cosine, NaN, infinity) have no distance
    -- or an infinite one, and come last.
    for v_row in execute pg_catalog.format(
        $statement$select row(%1$s)::%2$s as hit, %3$s as distance
        from %2$s as %4$s
        where %6$s and %5$s = pg_catalog.cardinality($1) and (%7$s
        )
        order by 2, %8$s limit $2$statement$,
        annex_internal.column_list(index, (select relname from pg_catalog.pg_class where oid = v_target), with_vector),
        index.table_name, annex_internal.distance_sql(index.metric, v_vector, '$1'), v_alias,
        annex_internal.dimension_sql(index.metric, v_vector),
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, '$3') end,
        coalesce(filter, 'true'),
        -- A key column that is gone orders nothing.
        coalesce((select pg_catalog.string_agg(pg_catalog.format('%s.%I', v_alias, c), ', ' order by place)
            from pg_catalog.unnest(index.key_columns) with ordinality u (c, place)
            where c = any (annex_internal.current_columns(v_target))), '2')) using query, k, namespace
    loop
        exit when v_row.distance is null or v_row.distance > coalesce(max_distance, 1.7e308);
        hit := v_row.hit;
        distance := v_row.distance;
        return next;
    end loop;
end
$function$;
comment on function annex_internal.exact(
    anyelement, memory.vector_indexes, real[], integer, text, text, double precision, boolean) is
    'The answer of annex.search from the table alone: every vector is looked at';

create or replace function annex.search(
    target anyelement, column_name name, query real[], k integer default 10, namespace text default null,
    filter text default null, max_distance double precision default null, ef_search integer default null,
    consistency text default null, with_vector boolean default false)
returns table (hit anyelement, distance double precision)
-- A parallel query may not prepare a statement, nor start a subtransaction before PostgreSQL 17.
language plpgsql volatile parallel unsafe rows 10
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    -- First of all, because what follows reads a distributed table itself.
    v_may_have_written boolean := annex_internal.in_distributed_transaction();
    v_index memory.vector_indexes := annex_internal.find_index(pg_catalog.pg_typeof(target), column_name);
    v_query text := annex_internal.check_query(v_index, query, k, namespace, max_distance);
    v_call record;
    v_altered boolean := v_index.fetch_columns
        <> annex_internal.current_columns(pg_catalog.to_regclass(v_index.table_name));
    v_failure jsonb;
    v_found annex_internal.found;
    v_rows record;
    v_wanted integer := k;
    v_place integer := 0;
begin
    v_call := annex_internal.prepare_search(
        v_index, v_may_have_written, filter, namespace, ef_search, consistency);
    namespace := v_call.namespace;
    if v_call.must_be_exact then
        return query select * from annex_internal.exact(
            target, v_index, query, k, namespace, filter, max_distance, with_vector);
        return;
    end if;

    v_failure := case when v_altered then annex_internal.failure_of_table(v_index.index_id) end;
    if v_failure is not null then
        perform annex_internal.report_failure(v_failure, v_call.fallback);
        return query select * from annex_internal.exact(
            target, v_index, query, k, namespace, filter, max_distance, with_vector);
        return;
    end if;

    loop
        v_found := annex_internal.candidates(v_index, v_query, v_wanted, namespace, filter, max_distance,
            v_call.ef_search, v_call.consistency, v_call.timeout_ms, k);
        if v_found.failure is not null then
            perform annex_internal.report_failure(v_found.failure, v_call.fallback);
            return query select * from annex_internal.exact(
                target, v_index, query, k, namespace, filter, max_distance, with_vector);
            return;
        end if;
        for v_turn in 1 .. 3 loop
            if v_altered then
                select * into v_rows from annex_internal.fetch_altered(
                    target, v_index, v_found.keys, v_found.distances, v_found.hashes, with_vector);
            else
                execute 'select * from annex_internal.fetch_' || v_index.index_id || '($1, $2, $3, $4, $5, $6)'
                into v_rows
                using target, v_found.keys, v_found.distances, v_found.hashes, namespace, with_vector;
            end if;
            exit when not v_rows.stale;
            -- The rows are newer than the answer: their distances have to be those of the vectors that they have now.
            v_found := annex_internal.rank_again(v_index, query, v_found, max_distance);
        end loop;
        if v_rows.stale then
            -- They change faster than they can be fetched after each other; one statement sees one moment.
            return query select * from annex_internal.exact(
                target, v_index, query, k, namespace, filter, max_distance, with_vector);
            return;
        end if;
        exit when v_found.exhausted or coalesce(pg_catalog.cardinality(v_rows.hits), 0) >= k;
        v_wanted := v_wanted * 4;
    end loop;

    if v_rows.hits is not null then
        foreach hit in array v_rows.hits loop
            v_place := v_place + 1;
            exit when v_place > k;
            distance := v_rows.hit_distances[v_place];
            return next;
        end loop;
    end if;
end
$function$;
comment on function annex.search(
    anyelement, name, real[], integer, text, text, double precision, integer, text, boolean) is
    'The k rows whose vectors are nearest to the query, nearest first, ties by key: select (hit).*, distance from annex.search(null::docs, ''embedding'', $1). filter is an SQL condition on the table''s columns; the vector column is NULL unless with_vector.';

create or replace function annex.nearest(
    index_name text, query real[], k integer default 10, namespace text default null, filter text default null,
    max_distance double precision default null, ef_search integer default null, consistency text default null)
returns table (key jsonb, distance double precision)
-- A parallel query may not prepare a statement, nor start a subtransaction before PostgreSQL 17.
language plpgsql volatile parallel unsafe rows 10
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    v_index memory.vector_indexes := annex_internal.index_by_name(index_name);
begin
    -- Exact SQL would find the rows, but what they were known by is gone.
    if not v_index.key_columns <@ annex_internal.current_columns(pg_catalog.to_regclass(v_index.table_name)) then
        perform annex_internal.report_failure(annex_internal.failure_of_table(v_index.index_id), 'error');
    end if;
    return query execute pg_catalog.format(
        'select pg_catalog.jsonb_build_object(%s), s.distance from annex.search(null::%s, %L, $1, $2, $3, $4, $5, $6, $7) s',
        (select pg_catalog.string_agg(pg_catalog.format('%L, (s.hit).%I', c, c), ', ' order by place)
            from pg_catalog.unnest(v_index.key_columns) with ordinality u (c, place)),
        v_index.table_name, v_index.column_name)
        using query, k, namespace, filter, max_distance, ef_search, consistency;
end
$function$;
comment on function annex.nearest(text, real[], integer, text, text, double precision, integer, text) is
    'The keys of the k nearest rows of an index, as JSON objects, under the same rights as annex.search';
