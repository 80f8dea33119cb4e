-- Times one step of annex.search inside the server, without the client's round trip. Each call of
-- the step gets another vector of the table.
create or replace function pg_temp.measure_step(
    step text, index_name text, target anyelement, k integer, namespace text, repetitions integer)
returns table (p50_us double precision, p95_us double precision)
language plpgsql
as $function$
declare
    v_index memory.vector_indexes;
    v_target regclass;
    v_groups integer[];
    v_query real[];
    v_text text;
    v_began timestamptz;
    v_found record;
    v_ignored record;
    v_times double precision[] := '{}';
begin
    select * into strict v_index from memory.vector_indexes v where v.index_name = measure_step.index_name;
    v_target := to_regclass(v_index.table_name);
    for v_repetition in 1 .. repetitions loop
        select q.query into v_query
        from pg_temp.step_queries q where q.place = v_repetition % (select count(*) from pg_temp.step_queries);
        v_text := annex_internal.check_query(v_index, v_query, k, namespace, null);
        if step = 'fetch the rows' then
            select * into v_found from annex_internal.ask(
                v_index.index_id, 'search', v_text, k, 100, namespace, null, 'strong', 5000, null);
        end if;
        v_began := clock_timestamp();
        case step
            when 'find the index' then
                perform annex_internal.find_index(pg_typeof(target), v_index.column_name);
            when 'check the arguments' then
                perform annex_internal.check_query(v_index, v_query, k, namespace, null);
                perform annex_internal.call_settings(null, null);
                perform annex_internal.must_be_exact(
                    v_index, namespace, annex_internal.in_distributed_transaction());
            when 'route' then
                v_groups := annex_internal.groups(v_target, namespace, v_index.namespace_routes);
            when 'ask the sidecars, eventual' then
                perform annex_internal.ask(
                    v_index.index_id, 'search', v_text, k, 100, namespace, null, 'eventual', 5000, null);
            when 'ask the sidecars, strong' then
                perform annex_internal.ask(
                    v_index.index_id, 'search', v_text, k, 100, namespace, null, 'strong', 5000, null);
            when 'fetch the rows' then
                execute format('select * from annex_internal.fetch_%s($1, $2, $3, $4, $5, false)', v_index.index_id)
                into v_ignored
                using target, v_found.keys, v_found.distances, v_found.hashes, namespace;
            when 'annex.search, whole' then
                perform from annex.search(target, v_index.column_name, v_query, k, namespace);
        end case;
        v_times := v_times || extract(epoch from clock_timestamp() - v_began)::double precision * 1e6;
    end loop;
    return query
        select percentile_cont(0.5) within group (order by t), percentile_cont(0.95) within group (order by t)
        from unnest(v_times) t;
end
$function$;
