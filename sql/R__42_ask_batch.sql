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
    v_prepared record;
    v_answer record;
    v_answers integer := 0;
begin
    select * into v_prepared from annex_internal.prepare(
        index_id, operation, k, ef, namespace, max_distance, consistency, row_keys, filter);
    failure := v_prepared.failure;
    if failure is not null then
        return;
    end if;
    ordinals := '{}';
    for v_answer in
        select e.status, e.detail, e.keys::text[], e.distances::double precision[], e.hashes::bigint[]
        from annex_internal.exchange(
            v_prepared.sidecars, v_prepared.request || ',"queries":' || queries || '}', timeout_ms) e
    loop
        failure := annex_internal.failure_of(v_answer.status, v_answer.detail, v_prepared.partitions, index_id);
        if failure is not null then
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
            ordinals, keys, distances, hashes, v_prepared.key_columns, k) n;
    end if;
end
$function$;
comment on function annex_internal.ask_batch(
    bigint, text, text, integer, integer, text, double precision, text, integer, text, text) is
    'As annex_internal.ask for a JSON array of queries: the answers one after the other, each nearest first, with the number of its query';
