-- What there is, how far it is, and a function to wait for it. Citus is present: ${citus}

create or replace function annex_internal.ask_status(refresh boolean)
returns table (sidecar name, status text, detail jsonb)
language plpgsql volatile security definer parallel unsafe rows 2
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_sidecars name[] := array(
        select srvname from pg_foreign_server where srvname ~ '^annex_\d+$' order by substr(srvname, 7)::integer);
begin
    if cardinality(v_sidecars) > 0 then
        return query select e.sidecar, e.status, e.detail
            from annex_internal.exchange(v_sidecars,
                ',"op":"status","refresh":' || refresh || '}', 2000, even_if_silent => true) e;
    end if;
end
$function$;
comment on function annex_internal.ask_status(boolean) is 'Asks every sidecar for its state; refresh makes it read the catalog first';

create or replace function annex_internal.retained_bytes(sidecar name) returns bigint
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if annex_internal.is_citus() then
        if (select groupid from pg_dist_local_group) <> annex_internal.group_of(sidecar) then
            return null;
        end if;
    end if;
    return (
        select max(pg_wal_lsn_diff(
            case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.restart_lsn))
        from pg_replication_slots s
        where s.slot_name like 'annex\_%' and s.database = current_database() and not s.temporary);
end
$function$;
comment on function annex_internal.retained_bytes(name) is
    'Write-ahead log that this server keeps for a sidecar; NULL where that is another server';

create or replace function annex_internal.keep_advice(keep_bytes_max bigint) returns text
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_burst bigint := pg_size_bytes(current_setting('max_wal_size'));
begin
    -- Twice what a checkpoint lets grow, and room for an outage of minutes.
    return case
        when keep_bytes_max = -1 then format(
            'max_slot_wal_keep_size is -1: while a sidecar is down, write-ahead log is kept for it until the disk is full. Choose a limit that the disk has room for, for example %s',
            pg_size_pretty(greatest(2 * v_burst, pg_size_bytes('16 GB'))))
        when keep_bytes_max < v_burst then format(
            'max_slot_wal_keep_size is %s, less than max_wal_size, %s: an ordinary load can cost the slot, and then all tables are copied again. Choose at least %s',
            pg_size_pretty(keep_bytes_max), pg_size_pretty(v_burst), pg_size_pretty(2 * v_burst)) end;
end
$function$;
comment on function annex_internal.keep_advice(bigint) is
    'What to change about a max_slot_wal_keep_size of so many bytes (-1: none); NULL if nothing';

create or replace view annex.indexes as
select v.index_name, v.table_name, v.column_name, v.metric, v.method, v.namespace_column, v.key_columns,
    v.dimension, v.m, v.ef_construction, v.options, v.created_at, v.index_id, v.quantization,
    -- The catalog keeps a column that was dropped, by its number, lest one that comes under its name be taken for it.
    array(select i.name from unnest(v.include, v.include_numbers) with ordinality i (name, number, place)
        where not exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = v.table_oid and a.attnum = i.number and a.attisdropped)
        order by i.place) as include
from memory.vector_indexes v;
comment on view annex.indexes is
    'The indexes that there are. dimension is the one given, or found when the index was created; annex.index_status has that of its rows';

create or replace view annex.sidecar_status as
select s.sidecar,
    (select substr(o, 6) from pg_catalog.pg_foreign_server f, unnest(f.srvoptions) o
        where f.srvname = s.sidecar and o like 'host=%') as host,
    (select substr(o, 6) from pg_catalog.pg_foreign_server f, unnest(f.srvoptions) o
        where f.srvname = s.sidecar and o like 'port=%') as port,
    s.status = 'ok' as reachable,
    s.detail ->> 'name' as name,
    s.detail ->> 'version' as version,
    s.detail ->> 'slot' as slot,
    (s.detail ->> 'streaming')::boolean as streaming,
    (s.detail ->> 'applied')::pg_lsn as applied,
    (s.detail ->> 'durable')::pg_lsn as durable,
    (s.detail ->> 'flush')::pg_lsn as flush,
    (s.detail ->> 'lag_bytes')::bigint as lag_bytes,
    (s.detail ->> 'uptime_s')::bigint as uptime_s,
    coalesce(s.detail ->> 'error', case when s.status <> 'ok' then s.detail ->> 'message' end) as error,
    round((s.detail ->> 'lag_seconds')::numeric, 3) as lag_seconds,
    -- Of a sidecar that does not answer this server knows the slot, if it is the one that is followed.
    coalesce(nullif((s.detail ->> 'retained_bytes')::bigint, -1), annex_internal.retained_bytes(s.sidecar)) as retained_bytes,
    nullif((s.detail ->> 'safe_bytes')::bigint, -1) as safe_bytes,
    nullif(s.detail ->> 'wal_status', '') as wal_status,
    annex_internal.keep_advice(coalesce((s.detail ->> 'keep_bytes_max')::bigint,
        case when not annex_internal.is_citus() then annex_internal.keep_bytes_max() end)) as advice
from annex_internal.ask_status(false) s;
comment on view annex.sidecar_status is
    'The sidecars: whether they answer, how far they have followed their worker in bytes and seconds, how much write-ahead log their slots hold back, how much more may be written before they can be lost (NULL without a limit), and what to change about that';

create or replace function annex_internal.obstacle(index_id bigint) returns text
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_index memory.vector_indexes;
    v_target regclass;
    v_columns name[];
    v_key name[];
begin
    select * into v_index from memory.vector_indexes v where v.index_id = obstacle.index_id;
    v_target := to_regclass(v_index.table_name);
    v_columns := annex_internal.current_columns(v_target);
    v_key := annex_internal.replica_identity(v_target);
    return case
        when v_target is null then format('table %s is gone; drop the index', v_index.table_name)
        when not v_index.column_name = any (v_columns) then
            format('column "%s" of %s is gone; drop the index', v_index.column_name, v_index.table_name)
        when v_index.namespace_column is not null and not v_index.namespace_column = any (v_columns) then
            format('namespace column "%s" of %s is gone; drop the index and create it again',
                v_index.namespace_column, v_index.table_name)
        when not v_index.key_columns <@ v_columns then
            format('key column "%s" of %s is gone; drop the index and create it again',
                (select c from unnest(v_index.key_columns) c where c <> all (v_columns) limit 1), v_index.table_name)
        when v_key is null then
            format('%s has no usable key any more; give it the primary key (%s), or drop the index',
                v_index.table_name, array_to_string(v_index.key_columns, ', '))
        when v_key <> v_index.key_columns then
            format('the key of %s is (%s) now, the index has (%s); drop it and create it again', v_index.table_name,
                array_to_string(v_key, ', '), array_to_string(v_index.key_columns, ', '))
    end;
end
$function$;
comment on function annex_internal.obstacle(bigint) is
    'Why no sidecar can have the index, as its table is now; NULL when nothing stands in the way';

create or replace view annex.index_status as
with answers as materialized (
    select s.sidecar, s.status, s.detail from annex_internal.ask_status(false) s
), parts as (
    select (i ->> 'index')::bigint as index_id, i ->> 'state' as state,
        (i ->> 'shards')::bigint as shards, (i ->> 'ready_shards')::bigint as ready_shards,
        (i ->> 'rows')::bigint as rows, (i ->> 'skipped')::bigint as skipped, (i ->> 'fresh')::bigint as fresh,
        (i ->> 'tombstones')::bigint as tombstones, (i ->> 'dimension')::integer as dimension,
        (i ->> 'memory_bytes')::bigint as memory_bytes, (i ->> 'file_bytes')::bigint as file_bytes,
        (i ->> 'loaded_rows')::bigint as loaded_rows, (i ->> 'expected_rows')::bigint as expected_rows,
        (a.detail ->> 'lag_bytes')::bigint as lag_bytes, i ->> 'message' as message,
        (a.detail ->> 'lag_seconds')::numeric as lag_seconds, i ->> 'phase' as phase,
        (i ->> 'rows_per_second')::bigint as rows_per_second
    from answers a cross join lateral jsonb_array_elements(a.detail -> 'indexes') i
    where a.status = 'ok'
)
select v.index_id, v.index_name, v.table_name, v.column_name,
    case
        when exists (select from answers a where a.status <> 'ok') then 'unreachable'
        when bool_or(p.state = 'failed') or count(p.index_id) = 0 and annex_internal.obstacle(v.index_id) is not null
            then 'failed'
        when count(p.index_id) = 0 then 'waiting'
        when bool_and(p.state = 'ready') then 'ready'
        else 'loading'
    end as state,
    sum(p.shards)::bigint as shards, sum(p.ready_shards)::bigint as ready_shards, sum(p.rows)::bigint as rows,
    sum(p.skipped)::bigint as skipped, sum(p.fresh)::bigint as fresh, sum(p.tombstones)::bigint as tombstones,
    max(p.dimension) as dimension, sum(p.memory_bytes)::bigint as memory_bytes, sum(p.file_bytes)::bigint as file_bytes,
    sum(p.loaded_rows)::bigint as loaded_rows, sum(p.expected_rows)::bigint as expected_rows,
    max(p.lag_bytes) as lag_bytes,
    coalesce(string_agg(distinct p.message, '; '),
        (select string_agg(a.detail ->> 'message', '; ') from answers a where a.status <> 'ok'),
        annex_internal.obstacle(v.index_id)) as message,
    round(max(p.lag_seconds), 3) as lag_seconds,
    string_agg(distinct p.phase, '; ') as phase,
    sum(p.rows_per_second)::bigint as rows_per_second
from memory.vector_indexes v
left join parts p on p.index_id = v.index_id
group by v.index_id;
comment on view annex.index_status is
    'Every index over all sidecars: state (ready, loading, waiting for its sidecar, failed, unreachable), rows, memory, how far behind';

create or replace view annex.index_progress as
select s.index_name, s.state, s.loaded_rows, s.expected_rows,
    case
        when s.state = 'ready' then 100
        when s.expected_rows > 0 then least(99, round(100.0 * s.loaded_rows / s.expected_rows))
        else 0
    end::integer as percent,
    -- What the sidecars do for it now; where there are several, all of what they do.
    coalesce(s.phase, s.state) as phase,
    s.rows_per_second,
    case when s.state <> 'ready' and s.rows_per_second > 0 and s.expected_rows > s.loaded_rows
        then justify_interval(make_interval(secs => ceil((s.expected_rows - s.loaded_rows)::numeric / s.rows_per_second)))
    end as eta,
    case when s.phase <> 'ready' or s.state <> 'ready' then s.message end as waits_for
from annex.index_status s;
comment on view annex.index_progress is
    'How far the load of every index is: phase, rows of about how many, per cent, rows a second, how long it will still take, and which transactions it waits for (with pid or name, and age). Shows comparisons by annex.verify, too';

create or replace function annex.wait_for_index(name text, timeout interval default '1 hour') returns void
language plpgsql volatile
as $function$
declare
    v_index memory.vector_indexes;
    v_deadline timestamptz := pg_catalog.clock_timestamp() + timeout;
    v_pause double precision := 0.02;
    v_expected integer[];
    v_targets jsonb := '{}';
    v_ready boolean;
    v_state text;
    v_seen text;
    v_waits text;
    v_skipped text;
    v_notice_at timestamptz := pg_catalog.clock_timestamp() + interval '2 s';
    v_sidecar record;
    v_part jsonb;
    v_failure jsonb;
    v_missing integer[];
begin
    if timeout is null or timeout <= interval '0' then
        raise exception 'timeout is %', coalesce(timeout::text, 'NULL') using errcode = 'invalid_parameter_value';
    end if;
    -- The load begins with a snapshot that waits for every open transaction that has written: also for this one.
    if pg_catalog.pg_current_xact_id_if_assigned() is not null then
        raise exception 'annex.wait_for_index cannot wait in a transaction that has written'
            using errcode = 'active_sql_transaction',
                hint = 'Commit first. With Flyway: create the index in one migration and wait in the next.';
    end if;
    v_index := annex_internal.index_by_name(name);

    loop
        v_expected := annex_internal.groups(pg_catalog.to_regclass(v_index.table_name), null, false);
        v_ready := true;
        v_seen := '';
        v_waits := null;
        v_skipped := null;
        v_missing := v_expected;
        for v_sidecar in select * from annex_internal.ask_status(true) loop
            if annex_internal.group_of(v_sidecar.sidecar) <> all (v_expected) then
                continue;
            end if;
            v_missing := pg_catalog.array_remove(v_missing, annex_internal.group_of(v_sidecar.sidecar));
            -- In a restored copy no sidecar is asked before annex.setup.
            if v_sidecar.status = 'down' and v_sidecar.detail ->> 'sqlstate' = '55000' then
                raise exception '%', v_sidecar.detail ->> 'message'
                    using errcode = 'object_not_in_prerequisite_state', hint = v_sidecar.detail ->> 'hint';
            end if;
            if v_sidecar.status <> 'ok' then
                v_ready := false;
                v_seen := pg_catalog.concat_ws('; ', nullif(v_seen, ''), v_sidecar.detail ->> 'message');
                continue;
            end if;
            select i into v_part from pg_catalog.jsonb_array_elements(v_sidecar.detail -> 'indexes') i
            where (i ->> 'index')::bigint = v_index.index_id;
            -- Nothing comes of waiting for a sidecar that cannot follow the table.
            v_failure := case when v_part is null then annex_internal.failure_of_table(v_index.index_id) end;
            if v_failure is not null then
                perform annex_internal.report_failure(v_failure, 'error');
            end if;
            if v_part ->> 'state' = 'failed' then
                raise exception 'index "%" has failed on %: %', name, v_sidecar.sidecar, v_part ->> 'message'
                    using errcode = case when v_part ->> 'message' like '%bytes of index memory%' then 'insufficient_resources'
                            else 'object_not_in_prerequisite_state' end,
                        hint = 'See annex.index_status, and the log of the sidecar.';
            end if;
            -- Caught up: what was flushed when the index was first seen ready here is applied.
            if v_part ->> 'state' = 'ready' and (v_sidecar.detail ->> 'streaming')::boolean
                    and not v_targets ? v_sidecar.sidecar then
                v_targets := v_targets || pg_catalog.jsonb_build_object(v_sidecar.sidecar, v_sidecar.detail ->> 'flush');
            end if;
            if not (v_sidecar.detail ->> 'streaming')::boolean or v_part ->> 'state' is distinct from 'ready'
                    or (v_part ->> 'ready_shards')::integer < (v_part ->> 'shards')::integer
                    or (v_sidecar.detail ->> 'applied')::pg_lsn < (v_targets ->> v_sidecar.sidecar::text)::pg_lsn then
                v_ready := false;
                v_seen := pg_catalog.concat_ws('; ', nullif(v_seen, ''), pg_catalog.format(
                    '%s: %s%s, %s of %s shards ready, %s of about %s rows loaded, %s bytes behind%s',
                    v_sidecar.sidecar,
                    case when (v_sidecar.detail ->> 'streaming')::boolean then '' else 'not streaming, ' end, coalesce(v_part ->> 'state', 'not seen by the sidecar yet'),
                    coalesce(v_part ->> 'ready_shards', '0'), coalesce(v_part ->> 'shards', '0'),
                    coalesce(v_part ->> 'loaded_rows', '0'), coalesce(v_part ->> 'expected_rows', '0'),
                    v_sidecar.detail ->> 'lag_bytes',
                    ', ' || (v_part ->> 'message')));
                v_waits := pg_catalog.concat_ws('; ', v_waits, v_part ->> 'message');
            elsif (v_part ->> 'skipped')::bigint > 0 then
                v_skipped := pg_catalog.concat_ws('; ', v_skipped, v_part ->> 'message');
            end if;
        end loop;
        -- Nothing comes of waiting for a sidecar that nobody has named.
        if pg_catalog.cardinality(v_missing) > 0 then
            raise exception 'index "%" waits for sidecars that are not set up: groups %', name, v_missing
                using errcode = 'object_not_in_prerequisite_state',
                    hint = 'Call annex.setup, which tells this database where its sidecars are.';
        end if;
        if v_ready then
            if v_skipped is not null then
                raise warning 'index "%": %', name, v_skipped
                    using hint = 'annex.index_status goes on to count them; annex.explain_row says what is wrong with one of them.';
            end if;
            return;
        end if;
        if v_waits <> '' and pg_catalog.clock_timestamp() >= v_notice_at then
            raise notice 'index "%": %', name, v_waits;
            v_notice_at := pg_catalog.clock_timestamp() + interval '5 s';
        end if;
        if pg_catalog.clock_timestamp() >= v_deadline then
            raise exception 'index "%" is not ready after %: %', name, timeout, v_seen
                using errcode = 'query_canceled',
                    hint = case when v_waits <> ''
                        then 'End the transactions that are waited for (rollback prepared, pg_terminate_backend), or wait longer.'
                        else 'See annex.index_progress and annex.sidecar_status, and wait longer if the load goes on.' end;
        end if;
        perform pg_catalog.pg_sleep(least(v_pause,
            greatest(0.001, extract(epoch from v_deadline - pg_catalog.clock_timestamp()))));
        v_pause := least(1, v_pause * 1.5);
    end loop;
end
$function$;
comment on function annex.wait_for_index(text, interval) is
    'Returns when the index is loaded everywhere and has caught up with what was committed when it was, with a warning when rows were skipped; an error with the figures when the timeout ends, and a notice each five seconds when it waits for other transactions. Not in a transaction that has written.';

grant select on annex.indexes, annex.sidecar_status, annex.index_status, annex.index_progress to public;
