-- Every index has a function of its own that fetches rows with a static plan. It runs as the caller, and names
-- the table in its body only, so that it never stands in the way of DROP TABLE. Citus is present: ${citus}

create or replace function annex_internal.every_nth(elements text[], n integer, first integer) returns text[]
language plpgsql immutable parallel safe
as $function$
begin
    if n = 1 then
        return elements;
    end if;
    -- Not by subscripts: each would walk through the array from its beginning.
    return array(
        select e from pg_catalog.unnest(elements) with ordinality u (e, place)
        where (place - first) % n = 0 order by place);
end
$function$;
comment on function annex_internal.every_nth(text[], integer, integer) is 'One key column''s texts out of keys that stand row by row';

create or replace function annex_internal.row_keys(keys text[], n integer) returns text[]
language plpgsql immutable parallel safe
as $function$
begin
    if n = 1 then
        return array(select array[e]::text from pg_catalog.unnest(keys) e);
    end if;
    return array(
        select pg_catalog.array_agg(e order by place)::text
        from pg_catalog.unnest(keys) with ordinality k (e, place)
        group by (place - 1) / n order by (place - 1) / n);
end
$function$;
comment on function annex_internal.row_keys(text[], integer) is 'Keys that stand row by row as one text per row, to be compared';

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
    v_current name[];
    v_routes boolean;
    v_column record;
    v_key record;
    v_namespace_type text;
    v_hash text;
    v_loop text;
    v_body text;
begin
    select * into v_index from memory.vector_indexes v where v.index_id = generate_fetch.index_id;
    v_target := to_regclass(v_index.table_name);
    v_distribution := annex_internal.distribution_column(v_target);
    if v_target is null or not v_index.key_columns <@ annex_internal.current_columns(v_target) then
        return;
    end if;
    -- Values, not expressions: Citus would leave those to each node, where the table may not be altered yet.
    v_current := annex_internal.current_columns(v_target);
    v_routes := coalesce(v_index.namespace_column = v_distribution, false);
    if v_index.fetch_columns <> v_current or v_index.namespace_routes <> v_routes then
        v_index.fetch_columns := v_current;
        v_index.namespace_routes := v_routes;
        update memory.vector_indexes v set fetch_columns = v_current, namespace_routes = v_routes
        where v.index_id = v_index.index_id;
    end if;

    v_hash := annex_internal.hash_sql(v_index.metric, format('t.%I', v_index.column_name));

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
            format_type(annex_internal.base_type(a.atttypid), -1) as type
        from unnest(v_index.key_columns) with ordinality k (name, place)
        join pg_attribute a on a.attrelid = v_target and a.attname = k.name) k;

    if not annex_internal.is_distributed(v_target) then
        v_body := format($body$
declare
    %1$s
begin
    select pg_catalog.array_agg(row(%2$s)::%3$s order by c.distance, %4$s),
        pg_catalog.array_agg(c.distance order by c.distance, %4$s),
        coalesce(pg_catalog.bool_or(%5$s is distinct from c.hash), false)
    into hits, hit_distances, stale
    from rows from (%6$s, pg_catalog.unnest(distances), pg_catalog.unnest(hashes)) c (%7$s, distance, hash)
    join %3$s t on %8$s;
end
$body$,
            v_key.arrays, v_column.listed, v_index.table_name, v_key.ordered, v_hash, v_key.unnested,
            v_key.names, v_key.joined);
    else
        -- Citus takes no join with a function: the keys go in as arrays, and pairs are checked here. One namespace
        -- is one shard: its equality sends the query there without further planning.
        v_loop := format($body$
    for r in
        select %1$s, array[%2$s]::text as annex_key, %3$s as annex_hash
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
            v_column.numbered, v_key.texts, v_hash, v_index.table_name, v_key.ordered, v_column.read);
        select format_type(annex_internal.base_type(a.atttypid), -1) into v_namespace_type
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
