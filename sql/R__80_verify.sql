-- annex.verify: has every sidecar of an index compare its rows with the table's, as of one position of the log, while
-- writes go on. The sidecars do it by themselves; here they are asked how far they are until they have done it, and
-- end it when nobody asks any more. Citus is present: ${citus}

create or replace function annex_internal.ask_comparison(
    sidecars name[], index_id bigint, job text, repair boolean, patience_ms integer)
returns table (sidecar name, status text, detail jsonb)
language plpgsql volatile rows 2
as $function$
begin
    return query select e.sidecar, e.status, e.detail
        from annex_internal.exchange(sidecars,
            ',"op":"verify","index":' || index_id || ',"job":' || to_json(job) || ',"repair":' || repair
                || ',"patience_ms":' || patience_ms || '}',
            patience_ms + 10000, even_if_silent => true) e;
end
$function$;
comment on function annex_internal.ask_comparison(name[], bigint, text, boolean, integer) is
    'Begins a comparison in these sidecars, or asks how far it is';

create or replace function annex_internal.key_json(index memory.vector_indexes, key jsonb) returns jsonb
language sql immutable
return (
    select jsonb_object_agg(c.name, k.value)
    from unnest(index.key_columns) with ordinality c (name, place)
    join jsonb_array_elements(key) with ordinality k (value, place) using (place));
comment on function annex_internal.key_json(memory.vector_indexes, jsonb) is 'A key as sidecars give it, by the names of its columns';

create or replace function annex_internal.groups_with_rows(target regclass) returns integer[]
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if not annex_internal.is_citus() then
        return '{0}';
    end if;
    -- A reference table is on every node, and indexed where there is a sidecar.
    return coalesce(
        (select array_agg(distinct p.groupid)
            from pg_dist_shard s join pg_dist_placement p using (shardid) join pg_dist_partition d using (logicalrelid)
            where s.logicalrelid = target and p.shardstate = 1
                and (d.repmodel <> 't' or exists (select from pg_foreign_server where srvname = 'annex_' || p.groupid))),
        (select array[groupid] from pg_dist_local_group));
end
$function$;
comment on function annex_internal.groups_with_rows(regclass) is
    'Groups with rows of a table: those whose sidecars have an index of them';

create or replace function annex.verify(
    index_name text, repair boolean default true, timeout interval default '1 hour')
returns table (
    sidecar name, relation text, as_of pg_lsn, table_rows bigint, index_rows bigint, changing bigint,
    different bigint, repaired bigint, rebuilding boolean, differences jsonb)
language plpgsql volatile security definer parallel unsafe rows 10
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes := annex_internal.index_by_name(index_name);
    v_job text := gen_random_uuid()::text;
    v_deadline timestamptz := clock_timestamp() + timeout;
    v_groups integer[];
    v_waiting name[];
    v_known name[];
    v_answer record;
    v_failure jsonb;
    v_told timestamptz := clock_timestamp();
begin
    if timeout is null or timeout <= interval '0' then
        raise exception 'timeout is %', coalesce(timeout::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = 'Give a time, for example interval ''10 minutes''.';
    end if;
    perform annex_internal.require_coordinator('annex.verify');
    perform annex_internal.check_owner(v_index);
    -- A snapshot waits for every open transaction that has written: also for this one.
    if pg_current_xact_id_if_assigned() is not null then
        raise exception 'annex.verify cannot wait in a transaction that has written'
            using errcode = 'active_sql_transaction', hint = 'Commit first.';
    end if;
    v_groups := annex_internal.groups_with_rows(to_regclass(v_index.table_name));
    v_waiting := array(select 'annex_' || g from unnest(v_groups) g order by g);
    v_known := array(select s.srvname from pg_foreign_server s where s.srvname = any (v_waiting));
    if cardinality(v_known) <> cardinality(v_waiting) then
        raise exception '%', annex_internal.sidecars_unknown(v_index, v_groups, v_known) ->> 'message'
            using errcode = 'object_not_in_prerequisite_state', hint = 'Call annex.setup with all sidecars.';
    end if;

    while cardinality(v_waiting) > 0 loop
        for v_answer in
            select * from annex_internal.ask_comparison(v_waiting, v_index.index_id, v_job, coalesce(repair, true), 500)
        loop
            if v_answer.status <> 'ok' then
                v_failure := annex_internal.failure_of(v_answer.status, v_answer.detail, null, v_index.index_id);
                raise exception '%: %', v_answer.sidecar, v_failure ->> 'message'
                    using errcode = v_failure ->> 'sqlstate', hint = coalesce(v_failure ->> 'hint', '');
            end if;
            if not (v_answer.detail ->> 'done')::boolean then
                if clock_timestamp() > v_told + interval '5 s' then
                    raise notice '%: %, % of about % rows', v_answer.sidecar,
                        coalesce(v_answer.detail ->> 'waits_for', v_answer.detail ->> 'phase'),
                        v_answer.detail ->> 'rows', v_answer.detail ->> 'expected_rows';
                end if;
                continue;
            end if;
            v_waiting := array_remove(v_waiting, v_answer.sidecar);
            return query
                select v_answer.sidecar, s ->> 'relation', (s ->> 'position')::pg_lsn, (s ->> 'table_rows')::bigint,
                    (s ->> 'index_rows')::bigint, (s ->> 'changing')::bigint, (s ->> 'different')::bigint,
                    (s ->> 'repaired')::bigint, (s ->> 'rebuilding')::boolean,
                    (select coalesce(jsonb_agg(jsonb_build_object(
                            'kind', d -> 'kind', 'key', annex_internal.key_json(v_index, d -> 'key')) order by place), '[]')
                        from jsonb_array_elements(s -> 'differences') with ordinality e (d, place))
                from jsonb_array_elements(v_answer.detail -> 'shards') s;
        end loop;
        if clock_timestamp() > v_told + interval '5 s' then
            v_told := clock_timestamp();
        end if;
        if cardinality(v_waiting) > 0 and clock_timestamp() >= v_deadline then
            raise exception 'index "%" was not compared within %: % still at it', index_name, timeout,
                array_to_string(v_waiting, ', ')
                using errcode = 'query_canceled',
                    hint = 'See annex.index_progress for what it waits for, and give it more time.';
        end if;
    end loop;
end
$function$;
comment on function annex.verify(text, boolean, interval) is
    'Compares an index with its table as of one position while writes go on: a row for each relation, with the rows that differ (missing, extra, other vector, other columns) and how many were repaired. Rows that are written meanwhile (changing) are compared one by one, as of a later position. Needs the table''s owner; not in a transaction that has written.';

revoke execute on function annex_internal.ask_comparison(name[], bigint, text, boolean, integer) from public;
