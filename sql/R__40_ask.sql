-- The only code that talks to sidecars. Its owner's rights reach the secret; the caller's rights decide what
-- may be asked. Requests are signed and so are answers: a dblink connection has a name that every user of the
-- session can take over, so it is never believed. Send and get only, because dblink(conn, sql) can be neither
-- cancelled nor given a deadline. Functions that only these definer functions may call pin no search_path of their
-- own: changing it costs more than they do. Citus is present: ${citus}

do $type$
begin
    if to_regtype('annex_internal.answer') is null then
        create type annex_internal.answer as (keys text[], distances double precision[], hashes bigint[]);
    end if;
    comment on type annex_internal.answer is 'Neighbours from one sidecar: key columns'' texts row by row, distances, hashes of the vectors';
end
$type$;

create or replace function annex_internal.group_of(sidecar name) returns integer
language sql immutable parallel safe
return pg_catalog.substr(sidecar, 7)::integer;
comment on function annex_internal.group_of(name) is 'The group that a sidecar''s server is named after';

create or replace function annex_internal.signature(message text) returns text
language plpgsql stable
as $function$
begin
    return (
        select encode(sha256(n.outer_key || sha256(n.inner_key || convert_to(message, 'UTF8'))), 'hex')
        from annex_internal.node n);
end
$function$;
comment on function annex_internal.signature(text) is 'HMAC-SHA256 of a message under the secret, as lower-case hex';

create or replace function annex_internal.is_followed(sidecar name) returns boolean
language plpgsql stable
as $function$
begin
    if annex_internal.is_citus() then
        if (select groupid from pg_dist_local_group) <> annex_internal.group_of(sidecar) then
            return true;
        end if;
    end if;
    return exists (
        select from pg_replication_slots s
        where s.slot_name like 'annex\_%' and s.database = current_database() and s.active);
end
$function$;
comment on function annex_internal.is_followed(name) is
    'Whether a sidecar follows this node. A stopped process still accepts connections and never answers, and from PostgreSQL 16 on dblink waits for it without a timeout; but its slot is let go within 3 s.';

create or replace function annex_internal.send(
    sidecar name, statement text, needs_stream boolean, out sent boolean, out problem text)
language plpgsql
as $function$
declare
    v_began timestamptz;
begin
    sent := false;
    if sidecar = any (${dblink}.dblink_get_connections()) then
        if ${dblink}.dblink_send_query(sidecar, statement) = 1 then
            sent := true;
            return;
        end if;
        -- Stale, or with the answer of a cancelled query still on its way.
        perform ${dblink}.dblink_disconnect(sidecar);
    end if;
    if annex_internal.is_copy() then
        perform annex_internal.drop_restored_publication();
        problem := 'annex.setup was called in another database, of which this one is a copy';
        return;
    end if;
    if needs_stream and not annex_internal.is_followed(sidecar) then
        problem := 'it does not follow this server: no slot of a sidecar is in use';
        return;
    end if;
    v_began := clock_timestamp();
    begin
        perform ${dblink}.dblink_connect(sidecar, sidecar);
        sent := ${dblink}.dblink_send_query(sidecar, statement) = 1;
        if not sent then
            problem := ${dblink}.dblink_error_message(sidecar);
        end if;
    exception when others then
        -- libpq's own words are in the detail; its second line asks whether the server is running.
        get stacked diagnostics problem = pg_exception_detail;
        problem := coalesce(nullif(split_part(problem, E'\n', 1), ''), sqlerrm);
    end;
    if not sent and clock_timestamp() - v_began > interval '200 ms' then
        perform set_config('annex_internal.' || sidecar || '_down_until',
            (extract(epoch from clock_timestamp()) + 5)::text, false);
    end if;
end
$function$;
comment on function annex_internal.send(name, text, boolean) is
    'Sends a statement over the kept connection to a sidecar, or over a new one; never from a restored copy, whose stored addresses are the original''s';

create or replace function annex_internal.exchange(
    sidecars name[], request text, timeout_ms integer, even_if_silent boolean default false,
    is_retry boolean default false)
returns table (sidecar name, status text, detail jsonb, distances text, keys text, hashes text)
language plpgsql rows 2
set search_path to pg_catalog, pg_temp
set client_min_messages to error
as $function$
declare
    v_nonce text := replace(gen_random_uuid()::text, '-', '');
    v_payload text := '{"nonce":"' || v_nonce || '","user":' || to_json(annex_internal.effective_role()::text)
        || ',"expires":' || (extract(epoch from clock_timestamp()) * 1000)::bigint + 30000 + timeout_ms
        || ',"timeout_ms":' || timeout_ms || request;
    v_statement text;
    v_began timestamptz := clock_timestamp();
    v_deadline timestamptz := v_began + (timeout_ms + 500) * interval '1 ms';
    v_sidecar name;
    v_waiting name[] := '{}';
    v_stale name[] := '{}';
    v_problems jsonb := '{}';
    v_send record;
    v_answer record;
    v_signature text;
begin
    if to_regclass('annex_internal.node') is null then
        raise exception 'annex.setup has not been called'
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'Call annex.setup with the secret that the sidecars are configured with.';
    end if;
    v_signature := annex_internal.signature(v_payload);
    v_statement := 'select annex.request(''' || replace(v_payload, '''', '''''') || ''', ''' || v_signature || ''')';

    foreach v_sidecar in array sidecars loop
        if not even_if_silent and clock_timestamp() < to_timestamp(nullif(
                current_setting('annex_internal.' || v_sidecar || '_down_until', true), '')::double precision) then
            v_problems := v_problems || jsonb_build_object(v_sidecar, 'it did not answer within the last 5 s');
            continue;
        end if;
        v_send := annex_internal.send(v_sidecar, v_statement, not even_if_silent);
        if v_send.sent then
            v_waiting := v_waiting || v_sidecar;
        else
            v_problems := v_problems || jsonb_build_object(v_sidecar, v_send.problem);
        end if;
    end loop;

    foreach v_sidecar in array v_waiting loop
        while ${dblink}.dblink_is_busy(v_sidecar) = 1 and clock_timestamp() < v_deadline loop
            -- A search takes about as long as a turn of the scheduler, so the first millisecond spins.
            if clock_timestamp() - v_began > interval '1 ms' then
                perform pg_sleep(0.0005);
            end if;
        end loop;
        if clock_timestamp() >= v_deadline and ${dblink}.dblink_is_busy(v_sidecar) = 1 then
            -- Closing ends the request on the other side. A cancel would be a second connection to a sidecar that
            -- may not answer, and dblink waits for that one, too.
            perform ${dblink}.dblink_disconnect(v_sidecar);
            perform set_config('annex_internal.' || v_sidecar || '_down_until',
                (extract(epoch from clock_timestamp()) + 5)::text, false);
            v_problems := v_problems || jsonb_build_object(v_sidecar, format(
                'it did not answer within %s ms',
                round(extract(epoch from clock_timestamp() - v_began) * 1000)));
            continue;
        end if;

        v_answer := annex_internal.receive(v_sidecar, v_nonce);
        if v_answer.status is null then
            perform ${dblink}.dblink_disconnect(v_sidecar);
            if is_retry then
                v_problems := v_problems || jsonb_build_object(v_sidecar, coalesce(v_answer.problem, 'no answer'));
            else
                v_stale := v_stale || v_sidecar;
            end if;
            continue;
        end if;
        sidecar := v_sidecar;
        status := v_answer.status;
        detail := v_answer.detail::jsonb;
        distances := v_answer.distances;
        keys := v_answer.keys;
        hashes := v_answer.hashes;
        return next;
    end loop;

    if cardinality(v_stale) > 0 then
        -- A connection that was closed while it was idle, or held the answer to another request: once more, on a
        -- new connection and as a new request, because a sidecar answers each only once.
        return query select * from annex_internal.exchange(v_stale, request, timeout_ms, even_if_silent, true);
    end if;
    if v_problems = '{}' then
        return;
    end if;
    return query
        select p.key::name, 'down', jsonb_build_object(
            'sqlstate', case
                when p.value like '%authentication failed%' then '28P01'
                when p.value like '%signature%' then '28000'
                when p.value like '%is a copy%' then '55000'
                else '08006' end,
            'message', 'sidecar ' || p.key || ': ' || p.value,
            'hint', case
                when p.value like '%authentication failed%' or p.value like '%signature%'
                    then 'Call annex.setup with the secret that the sidecar is configured with.'
                when p.value like '%is a copy%' then 'Call annex.setup here, with sidecars of its own.'
                else 'Start the sidecar, or correct its address with annex.setup.' end),
            null, null, null
        from jsonb_each_text(v_problems) p;
end
$function$;
comment on function annex_internal.exchange(name[], text, integer, boolean, boolean) is
    'Asks several sidecars at once, each over its kept connection, and waits until the deadline; one row per sidecar';

create or replace function annex_internal.receive(
    sidecar name, nonce text,
    out status text, out detail text, out distances text, out keys text, out hashes text, out problem text)
language plpgsql
as $function$
declare
    v_row record;
begin
    select * into v_row from ${dblink}.dblink_get_result(sidecar, false)
        as a (nonce text, status text, detail text, distances text, keys text, hashes text, signature text);
    if not found then
        problem := nullif(nullif(${dblink}.dblink_error_message(sidecar), 'OK'), '');
        return;
    end if;
    -- Drained to the empty result, so that the connection can be used again.
    perform from ${dblink}.dblink_get_result(sidecar, false)
        as a (nonce text, status text, detail text, distances text, keys text, hashes text, signature text);
    if v_row.nonce is distinct from receive.nonce then
        problem := 'it answered another request';
    elsif v_row.signature is distinct from annex_internal.signature(
            concat_ws(E'\n', v_row.nonce, v_row.status, v_row.detail, v_row.distances, v_row.keys, v_row.hashes)) then
        problem := 'the signature of its answer is wrong';
    else
        status := v_row.status;
        detail := v_row.detail;
        distances := v_row.distances;
        keys := v_row.keys;
        hashes := v_row.hashes;
    end if;
end
$function$;
comment on function annex_internal.receive(name, text) is
    'Takes the answer to a request from a connection; no status if there is none to be believed';

create or replace function annex_internal.groups(target regclass, namespace text, by_namespace boolean)
returns integer[]
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_groups integer[];
    v_local integer;
begin
    if not annex_internal.is_citus() then
        return '{0}';
    end if;
    select groupid into v_local from pg_dist_local_group;
    if by_namespace and namespace is not null then
        select array_agg(p.groupid) into v_groups
        from pg_dist_placement p
        where p.shardid = get_shard_id_for_distribution_column(target, namespace) and p.shardstate = 1;
        return v_groups;
    end if;
    select array_agg(distinct p.groupid) into v_groups
    from pg_dist_shard s join pg_dist_placement p using (shardid)
    where s.logicalrelid = target and p.shardstate = 1;
    if v_groups is null then
        return array[v_local];
    end if;
    if (select repmodel from pg_dist_partition where logicalrelid = target) = 't' then
        -- A reference table is the same everywhere: the sidecar beside this node, else any.
        select array[g] into v_groups from unnest(v_groups) g
        where exists (select from pg_foreign_server where srvname = 'annex_' || g)
        order by g <> v_local, g limit 1;
        v_groups := coalesce(v_groups, array[v_local]);
    end if;
    return v_groups;
end
$function$;
comment on function annex_internal.groups(regclass, text, boolean) is
    'Groups whose sidecars have to be asked: of one namespace''s shard, of all shards, or one of a reference table';

create or replace function annex_internal.check_may_select(target regclass, columns name[]) returns void
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_role name := annex_internal.effective_role();
begin
    if has_table_privilege(v_role, target, 'select') then
        return;
    end if;
    if exists (
            select from unnest(columns) c join pg_attribute a on a.attrelid = target and a.attname = c and not a.attisdropped
            where not has_column_privilege(v_role, target, a.attnum, 'select')) then
        raise exception 'permission denied for table %', target
            using errcode = 'insufficient_privilege',
                hint = format('Role %1$I needs: GRANT SELECT (%2$s) ON %3$s TO %1$I; and for annex.search, which returns whole rows: GRANT SELECT ON %3$s TO %1$I;',
                    v_role, (select string_agg(quote_ident(c), ', ') from unnest(columns) c),
                    annex_internal.qualified_name(target));
    end if;
end
$function$;
comment on function annex_internal.check_may_select(regclass, name[]) is
    'Raises an error unless the session''s role may read these columns';

create or replace function annex_internal.partitions_to_ask(target regclass) returns integer
language plpgsql stable
as $function$
declare
    v_partitions oid[];
begin
    if not exists (select from pg_class c where c.oid = target and c.relkind = 'p')
            or annex_internal.is_distributed(target) then
        return 1;
    end if;
    select array_agg(t.relid::oid) into v_partitions from pg_partition_tree(target) t where t.isleaf;
    -- A sidecar publishes first and drops what is gone before that: while a new partition takes the place of an
    -- old one, either the publication lacks it or the sidecar has one too few.
    if exists (
            select from unnest(v_partitions) p
            where not exists (
                select from pg_publication_rel r join pg_publication b on b.oid = r.prpubid
                where b.pubname = 'annex_data' and r.prrelid = p)) then
        return 2147483647;
    end if;
    return coalesce(cardinality(v_partitions), 0);
end
$function$;
comment on function annex_internal.partitions_to_ask(regclass) is
    'Partitions with rows that a sidecar has to have; more than there can be while one is not even published';

create or replace function annex_internal.policies_apply(target regclass, role name) returns boolean
language plpgsql stable
as $function$
begin
    if not (select c.relrowsecurity from pg_catalog.pg_class c where c.oid = target) then
        return false;
    end if;
    return coalesce((
        select not r.rolsuper and not r.rolbypassrls
            and (c.relforcerowsecurity or not pg_catalog.pg_has_role(role, c.relowner, 'usage'))
        from pg_catalog.pg_class c, pg_catalog.pg_roles r where c.oid = target and r.rolname = role), true);
end
$function$;
comment on function annex_internal.policies_apply(regclass, name) is
    'Whether row-level security hides rows of the table from the role';

create or replace function annex_internal.is_closed_by_policies(index memory.vector_indexes, target regclass)
returns boolean
language plpgsql stable
as $function$
begin
    -- Each search comes here: what most tables have not is asked first.
    if not (select c.relrowsecurity from pg_catalog.pg_class c where c.oid = target) then
        return false;
    end if;
    return coalesce(index.options ->> 'row_security', 'exact') = 'exact'
        and annex_internal.policies_apply(target, annex_internal.effective_role());
end
$function$;
comment on function annex_internal.is_closed_by_policies(memory.vector_indexes, regclass) is
    'Whether the index may not be asked by the session''s role, because row-level security hides rows from it and the table''s owner has not opted for the index';

create or replace function annex_internal.filter_request(
    index memory.vector_indexes, target regclass, filter text) returns text
language plpgsql stable
as $function$
declare
    v_role name := annex_internal.effective_role();
    v_columns json;
begin
    -- Which rows a sidecar finds tells what is in them.
    if annex_internal.policies_apply(target, v_role)
            or not has_table_privilege(v_role, target, 'select') and exists (
                select from unnest(index.include) c
                join pg_attribute a on a.attrelid = target and a.attname = c and not a.attisdropped
                where not has_column_privilege(v_role, target, a.attnum, 'select')) then
        return null;
    end if;
    select json_object_agg(a.attname, annex_internal.attribute_type(a)) into v_columns
    from unnest(index.include, index.include_numbers) i (name, number)
    join pg_attribute a on a.attrelid = target and a.attnum = i.number and a.attname = i.name
        and not a.attisdropped
    where annex_internal.attribute_type(a) is not null;
    return ',"filter":' || to_json(filter) || ',"include":' || v_columns
        || case when lower(current_setting('TimeZone')) in ('utc', 'etc/utc', 'gmt', 'etc/gmt', 'uct', 'zulu')
            then ',"utc":true' else '' end;
end
$function$;
comment on function annex_internal.filter_request(memory.vector_indexes, regclass, text) is
    'A filter as a sidecar takes it, with the columns that it may use; NULL where the session''s role may not see every value of them';

create or replace function annex_internal.sidecars_unknown(
    index memory.vector_indexes, groups integer[], sidecars name[]) returns jsonb
language plpgsql immutable
as $function$
begin
    return jsonb_build_object(
        'sqlstate', '55000',
        'message', format('index "%s" lies on groups %s, and only of %s a sidecar is known',
            index.index_name, groups, coalesce(sidecars, '{}')),
        'hint', 'Call annex.setup with all sidecars.');
end
$function$;
comment on function annex_internal.sidecars_unknown(memory.vector_indexes, integer[], name[]) is
    'The failure of a request that some groups have no sidecar for';

create or replace function annex_internal.partitions_missing(index memory.vector_indexes) returns jsonb
language plpgsql immutable
as $function$
begin
    return jsonb_build_object(
        'sqlstate', '55000',
        'message', format('index "%s" does not have all partitions of %s yet', index.index_name, index.table_name),
        'hint', 'A new partition is loaded within seconds, or as long as it takes to copy it; see annex.index_status.');
end
$function$;
comment on function annex_internal.partitions_missing(memory.vector_indexes) is
    'The failure of a request to a sidecar that lacks a partition';

create or replace function annex_internal.filter_left() returns jsonb
language sql immutable
return jsonb_build_object(
    'sqlstate', '0A000', 'message', 'the filter is left to PostgreSQL',
    'hint', 'A sidecar filters by columns of which the role may see every value.');
comment on function annex_internal.filter_left() is 'The failure of a request whose filter no sidecar may evaluate';

create or replace function annex_internal.prepare(
    index_id bigint, operation text, k integer, ef integer, namespace text, max_distance double precision,
    consistency text, row_keys text, filter text,
    out request text, out sidecars name[], out partitions integer, out key_columns integer, out failure jsonb)
language plpgsql
as $function$
declare
    v_index memory.vector_indexes;
    v_target regclass;
    v_groups integer[];
    v_group integer;
    v_filter text;
begin
    select * into v_index from memory.vector_indexes v where v.index_id = prepare.index_id;
    v_target := to_regclass(v_index.table_name);
    if v_target is null then
        raise exception 'there is no index %', index_id using errcode = 'undefined_object';
    end if;
    perform annex_internal.check_may_select(v_target, v_index.key_columns || v_index.column_name);
    if annex_internal.is_closed_by_policies(v_index, v_target) then
        raise exception 'row-level security of table % applies to role %', v_target, annex_internal.effective_role()
            using errcode = 'insufficient_privilege',
                hint = 'A sidecar knows no policies. annex.search answers such a role from the table; its owner may decide otherwise by the index''s option row_security.';
    end if;
    if filter is not null then
        v_filter := annex_internal.filter_request(v_index, v_target, filter);
        if v_filter is null then
            failure := annex_internal.filter_left();
            return;
        end if;
    end if;

    v_groups := annex_internal.groups(v_target, namespace, v_index.namespace_routes);
    foreach v_group in array coalesce(v_groups, '{}') loop
        if exists (select from pg_foreign_server where srvname = 'annex_' || v_group) then
            sidecars := sidecars || ('annex_' || v_group)::name;
        end if;
    end loop;
    if cardinality(sidecars) is distinct from cardinality(v_groups) then
        failure := annex_internal.sidecars_unknown(v_index, v_groups, sidecars);
        return;
    end if;

    partitions := annex_internal.partitions_to_ask(v_target);
    key_columns := cardinality(v_index.key_columns);
    request := ',"op":"' || operation || '","index":' || index_id || ',"k":' || k || ',"ef":' || ef
        || ',"consistency":"' || consistency || '"'
        || coalesce(',"namespace":' || to_json(namespace), '')
        || coalesce(',"max_distance":' || to_json(max_distance), '')
        || coalesce(',"keys":' || row_keys, '')
        || coalesce(v_filter, '');
end
$function$;
comment on function annex_internal.prepare(
    bigint, text, integer, integer, text, double precision, text, text, text) is
    'Which sidecars to ask for an index, if the session''s role may read it, and the request but for its queries; or a failure';

create or replace function annex_internal.failure_of_table(index_id bigint) returns jsonb
language plpgsql stable
as $function$
declare
    v_name text := (select v.index_name from memory.vector_indexes v where v.index_id = failure_of_table.index_id);
    v_obstacle text[];
begin
    if v_name is null then
        return null;
    end if;
    -- Without an obstacle NULL. The second part says what to do.
    v_obstacle := pg_catalog.regexp_match(annex_internal.obstacle(index_id), '^(.*); (.*)$');
    return case when v_obstacle is not null then pg_catalog.jsonb_build_object(
        'sqlstate', '55000',
        'message', pg_catalog.format('index "%s" is out of service: %s', v_name, v_obstacle[1]),
        'hint', pg_catalog.upper(pg_catalog.left(v_obstacle[2], 1)) || pg_catalog.substr(v_obstacle[2], 2) || '.') end;
end
$function$;
comment on function annex_internal.failure_of_table(bigint) is
    'The failure of a request to an index whose table has been altered so that no sidecar can follow it; NULL when nothing stands in the way';

create or replace function annex_internal.failure_of(
    status text, detail jsonb, partitions integer, index_id bigint) returns jsonb
language plpgsql stable
as $function$
begin
    if status <> 'ok' then
        -- A sidecar does not have the index of a table that it cannot follow, and knows no more than that.
        if detail ->> 'sqlstate' in ('55000', '42704') then
            detail := coalesce(annex_internal.failure_of_table(index_id), detail);
        end if;
        if detail ->> 'sqlstate' = '42704' then
            -- It speaks of a number, which is nobody's name of the index.
            detail := detail || coalesce((
                select jsonb_build_object(
                    'message', format('the sidecar does not have index "%s" of %s yet', v.index_name, v.table_name),
                    'hint', 'It looks at the catalog each second; see annex.index_status, or wait with annex.wait_for_index.')
                from memory.vector_indexes v where v.index_id = failure_of.index_id), jsonb_build_object(
                    'message', 'the index was dropped or altered while it was asked', 'hint', 'Search again.'));
        end if;
        return detail;
    end if;
    if (detail ->> 'shards')::integer < partitions then
        return (
            select annex_internal.partitions_missing(v) from memory.vector_indexes v
            where v.index_id = failure_of.index_id);
    end if;
    return null;
end
$function$;
comment on function annex_internal.failure_of(text, jsonb, integer, bigint) is
    'Why a sidecar''s answer may not be taken; NULL if it may';

create or replace function annex_internal.ask(
    index_id bigint, operation text, query text, k integer, ef integer, namespace text,
    max_distance double precision, consistency text, timeout_ms integer, row_keys text, filter text default null,
    out keys text[], out distances double precision[], out hashes bigint[], out failure jsonb)
language plpgsql volatile security definer parallel restricted
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_prepared record;
    v_answers annex_internal.answer[] := '{}';
    v_answer record;
begin
    v_prepared := annex_internal.prepare(
        index_id, operation, k, ef, namespace, max_distance, consistency, row_keys, filter);
    failure := v_prepared.failure;
    if failure is not null then
        return;
    end if;
    for v_answer in
        select * from annex_internal.exchange(
            v_prepared.sidecars, v_prepared.request || ',"query":' || query || '}', timeout_ms)
    loop
        failure := annex_internal.failure_of(v_answer.status, v_answer.detail, v_prepared.partitions, index_id);
        if failure is not null then
            return;
        end if;
        keys := v_answer.keys;
        distances := v_answer.distances;
        hashes := v_answer.hashes;
        if cardinality(v_prepared.sidecars) > 1 then
            v_answers := v_answers || row(keys, distances, hashes)::annex_internal.answer;
        end if;
    end loop;
    if cardinality(v_answers) > 1 then
        select m.keys, m.distances, m.hashes into keys, distances, hashes
        from annex_internal.merge(v_answers, v_prepared.key_columns, k) m;
    end if;
end
$function$;
comment on function annex_internal.ask(
    bigint, text, text, integer, integer, text, double precision, text, integer, text, text) is
    'Asks the sidecars that an index lies on, if the session''s role may read it: keys row by row, nearest first, or a failure';

create or replace function annex_internal.merge(answers annex_internal.answer[], key_columns integer, k integer)
returns annex_internal.answer
language sql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $function$
    with neighbors as (
        select a.place as sidecar, n.place, n.distance, n.hash,
            row_number() over (order by n.distance, a.place, n.place) as rank
        from unnest(answers) with ordinality a (keys, distances, hashes, place)
        cross join lateral unnest(a.distances, a.hashes) with ordinality n (distance, hash, place)
        order by n.distance, a.place, n.place
        limit merge.k)
    select row(
        (select array_agg(key.text order by n.rank, key.place)
            from neighbors n
            join (
                select a.place as sidecar, (t.place - 1) / key_columns + 1 as row_place, t.place, t.text
                from unnest(answers) with ordinality a (keys, distances, hashes, place)
                cross join lateral unnest(a.keys) with ordinality t (text, place)) key
                on key.sidecar = n.sidecar and key.row_place = n.place),
        (select array_agg(n.distance order by n.rank) from neighbors n),
        (select array_agg(n.hash order by n.rank) from neighbors n))::annex_internal.answer
$function$;
comment on function annex_internal.merge(annex_internal.answer[], integer, integer) is
    'The k nearest of several sidecars'' neighbours';

revoke execute on function annex_internal.signature(text), annex_internal.send(name, text, boolean),
    annex_internal.is_followed(name), annex_internal.exchange(name[], text, integer, boolean, boolean),
    annex_internal.receive(name, text), annex_internal.partitions_to_ask(regclass),
    annex_internal.filter_request(memory.vector_indexes, regclass, text),
    annex_internal.prepare(bigint, text, integer, integer, text, double precision, text, text, text)
from public;
