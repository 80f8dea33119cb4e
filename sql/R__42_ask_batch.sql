-- Many queries in one signed request to each sidecar. As annex_internal.ask: the owner's rights reach the secret, the
-- caller's rights decide what may be asked. Citus is present: ${citus}

create or replace function annex_internal.nearest_of_each(
    inout ordinals integer[], inout keys text[], inout distances double precision[], inout hashes bigint[],
    key_columns integer, k integer)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
    v_keys text[] := keys;
    v_places bigint[];
begin
    select array_agg(r.ordinal order by r.ordinal, r.rank), array_agg(r.distance order by r.ordinal, r.rank),
        array_agg(r.hash order by r.ordinal, r.rank), array_agg(r.place order by r.ordinal, r.rank)
    into ordinals, distances, hashes, v_places
    from (
        select c.*, row_number() over (partition by c.ordinal order by c.distance, c.place) as rank
        from rows from (
            unnest(nearest_of_each.ordinals), unnest(nearest_of_each.distances), unnest(nearest_of_each.hashes))
            with ordinality c (ordinal, distance, hash, place)) r
    where r.rank <= nearest_of_each.k;
    keys := array(
        select e.element
        from unnest(v_places) with ordinality p (place, rank)
        join unnest(v_keys) with ordinality e (element, place)
            on p.place = (e.place - 1) / nearest_of_each.key_columns + 1
        order by p.rank, e.place);
end
$function$;
comment on function annex_internal.nearest_of_each(
    integer[], text[], double precision[], bigint[], integer, integer) is
    'Of several answers to a batch, one after the other, the k nearest of each query';

create or replace function annex_internal.ask_batch(
    index_id bigint, operation text, queries text, k integer, ef integer, namespace text,
    max_distance double precision, consistency text, timeout_ms integer, row_keys text, filter text,
    out ordinals integer[], out keys text[], out distances double precision[], out hashes bigint[], out failure jsonb)
language plpgsql volatile security definer parallel restricted
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
    v_target regclass;
    v_groups integer[];
    v_sidecars name[];
    v_partitions integer;
    v_filter text;
    v_answer record;
    v_answers integer := 0;
begin
    select * into v_index from memory.vector_indexes v where v.index_id = ask_batch.index_id;
    v_target := to_regclass(v_index.table_name);
    if v_target is null then
        raise exception 'there is no index %', ask_batch.index_id using errcode = 'undefined_object';
    end if;
    perform annex_internal.check_may_select(v_target, v_index.key_columns || v_index.column_name);
    if filter is not null then
        v_filter := annex_internal.filter_request(v_index, v_target, filter);
        if v_filter is null then
            failure := annex_internal.filter_left();
            return;
        end if;
    end if;

    v_groups := annex_internal.groups(v_target, namespace, v_index.namespace_routes);
    select array_agg('annex_' || g order by g) into v_sidecars
    from unnest(v_groups) g
    where exists (select from pg_foreign_server where srvname = 'annex_' || g);
    if cardinality(v_sidecars) is distinct from cardinality(v_groups) then
        failure := annex_internal.sidecars_unknown(v_index, v_groups, v_sidecars);
        return;
    end if;

    v_partitions := annex_internal.partitions_to_ask(v_target);
    ordinals := '{}';
    for v_answer in
        select e.status, e.detail, e.keys::text[], e.distances::double precision[], e.hashes::bigint[]
        from annex_internal.exchange(v_sidecars,
            ',"op":"' || operation || '","index":' || index_id || ',"k":' || k || ',"ef":' || ef
                || ',"consistency":"' || consistency || '"'
                || coalesce(',"namespace":' || to_json(namespace), '')
                || coalesce(',"max_distance":' || to_json(max_distance), '')
                || coalesce(',"keys":' || row_keys, '')
                || coalesce(v_filter, '')
                || ',"queries":' || queries || '}',
            timeout_ms) e
    loop
        if v_answer.status <> 'ok' then
            failure := v_answer.detail;
            return;
        end if;
        if (v_answer.detail ->> 'shards')::integer < v_partitions then
            failure := annex_internal.partitions_missing(v_index);
            return;
        end if;
        ordinals := ordinals || array(
            select c.ordinal::integer
            from jsonb_array_elements_text(v_answer.detail -> 'counts') with ordinality c (rows, ordinal)
            cross join lateral generate_series(1, c.rows::integer)
            order by c.ordinal);
        keys := keys || v_answer.keys;
        distances := distances || v_answer.distances;
        hashes := hashes || v_answer.hashes;
        v_answers := v_answers + 1;
    end loop;
    if v_answers > 1 then
        select n.ordinals, n.keys, n.distances, n.hashes into ordinals, keys, distances, hashes
        from annex_internal.nearest_of_each(
            ordinals, keys, distances, hashes, cardinality(v_index.key_columns), k) n;
    end if;
end
$function$;
comment on function annex_internal.ask_batch(
    bigint, text, text, integer, integer, text, double precision, text, integer, text, text) is
    'As annex_internal.ask for a JSON array of queries: the answers one after the other, each nearest first, with the number of its query';
