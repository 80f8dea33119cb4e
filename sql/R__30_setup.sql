-- annex.setup makes every node able to ask the sidecars: a foreign server per group names the sidecars'
-- addresses, a user mapping of the definer role holds the secret for the login, and a table of the node holds
-- the keys by which requests are signed. None of the three is propagated by Citus (or may be), so each node
-- gets its own. Citus is present: ${citus}

create or replace function annex_internal.effective_role() returns name
language sql stable parallel restricted
return case current_setting('role') when 'none' then session_user else current_setting('role')::name end;
comment on function annex_internal.effective_role() is
    'Inside a definer function: the role that the session acts as, after set role';

create or replace function annex_internal.padded_key(secret text, pad integer) returns bytea
language plpgsql immutable strict parallel safe
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_key bytea := convert_to(secret, 'UTF8');
begin
    if octet_length(v_key) > 64 then
        v_key := sha256(v_key);
    end if;
    v_key := v_key || decode(repeat('00', 64 - octet_length(v_key)), 'hex');
    for i in 0 .. 63 loop
        v_key := set_byte(v_key, i, get_byte(v_key, i) # pad);
    end loop;
    return v_key;
end
$function$;
comment on function annex_internal.padded_key(text, integer) is
    'A key of HMAC-SHA256 with its inner (54) or outer (92) pad applied (RFC 2104)';

create or replace function annex_internal.set_server_option(server name, option name, value text) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_is_set boolean := exists (
        select from pg_foreign_server s, pg_options_to_table(s.srvoptions) o
        where s.srvname = server and o.option_name = option);
begin
    if value is not null then
        execute format('alter server %I options (%s %I %L)', server,
            case when v_is_set then 'set' else 'add' end, option, value);
    elsif v_is_set then
        execute format('alter server %I options (drop %I)', server, option);
    end if;
end
$function$;
comment on function annex_internal.set_server_option(name, name, text) is
    'Adds, changes or, with NULL, drops an option of a foreign server';

create or replace function annex_internal.setup_node(secret text, sidecars jsonb) returns text
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
set client_min_messages to warning
as $function$
declare
    v_group record;
    v_server name;
begin
    create table if not exists annex_internal.node (
        only_row          boolean primary key default true check (only_row),
        inner_key         bytea not null,
        outer_key         bytea not null,
        system_identifier bigint not null,
        database_oid      oid not null
    );
    comment on table annex_internal.node is
        'Of this node: the keys that sign requests, and which database annex.setup was called in';
    revoke all on annex_internal.node from public;

    for v_group in
        select (s ->> 'group')::integer as id, string_agg(s ->> 'host', ',' order by place) as hosts,
            string_agg(coalesce(s ->> 'port', '7432'), ',' order by place) as ports,
            min(s ->> 'sslmode') as sslmode, min(s ->> 'sslrootcert') as sslrootcert
        from jsonb_array_elements(sidecars) with ordinality e (s, place) group by 1
    loop
        v_server := 'annex_' || v_group.id;
        if not exists (select from pg_foreign_server where srvname = v_server) then
            execute format(
                'create server %I foreign data wrapper dblink_fdw options (host %L, port %L, dbname %L, '
                'connect_timeout %L, tcp_user_timeout %L, gssencmode %L, fallback_application_name %L)',
                v_server, v_group.hosts, v_group.ports, 'annex', '2', '5000', 'disable', 'annex.search');
            execute format('comment on server %I is %L', v_server,
                'Annex: the sidecars of group ' || v_group.id);
        else
            execute format('alter server %I options (set host %L, set port %L)',
                v_server, v_group.hosts, v_group.ports);
        end if;
        perform annex_internal.set_server_option(v_server, 'sslmode', v_group.sslmode);
        perform annex_internal.set_server_option(v_server, 'sslrootcert', v_group.sslrootcert);
        if not exists (
                select from pg_user_mappings where srvname = v_server and usename = current_user) then
            -- Where only the addresses change, no secret is at hand: it is taken from another mapping.
            execute format('create user mapping for current_user server %I options (user %L, password %L)',
                v_server, 'annex', coalesce(secret, annex_internal.stored_secret()));
        elsif secret is not null then
            execute format('alter user mapping for current_user server %I options (set password %L)',
                v_server, secret);
        end if;
    end loop;

    for v_server in
        select srvname from pg_foreign_server
        where srvname ~ '^annex_\d+$' and substr(srvname, 7)::integer not in (
            select (s ->> 'group')::integer from jsonb_array_elements(sidecars) s)
    loop
        execute format('drop server %I cascade', v_server);
    end loop;

    perform annex_internal.drop_restored_publication();
    -- In a copy every table has another number.
    if annex_internal.is_copy() and not annex_internal.is_citus() then
        perform annex_internal.note_numbers(v.index_id) from memory.vector_indexes v;
    end if;
    insert into annex_internal.node as n (inner_key, outer_key, system_identifier, database_oid)
    select annex_internal.padded_key(k.secret, 54), annex_internal.padded_key(k.secret, 92),
        c.system_identifier, d.oid
    from (select coalesce(setup_node.secret, annex_internal.stored_secret())) k (secret),
        pg_control_system() c, pg_database d
    where d.datname = current_database()
    on conflict (only_row) do update set
        inner_key = excluded.inner_key, outer_key = excluded.outer_key,
        system_identifier = excluded.system_identifier, database_oid = excluded.database_oid;
    return current_database();
end
$function$;
comment on function annex_internal.setup_node(text, jsonb) is 'The part of annex.setup that each node does for itself';

create or replace function annex_internal.stored_secret() returns text
language sql stable security definer
set search_path to pg_catalog, pg_temp
as $function$
    select substr(o, length('password=') + 1)
    from pg_user_mappings m, unnest(m.umoptions) o
    where m.srvname ~ '^annex_\d+$' and m.usename = current_user and o like 'password=%'
    limit 1
$function$;
comment on function annex_internal.stored_secret() is 'The secret that an earlier annex.setup has stored on this node';

create or replace function annex_internal.on_workers(command text) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_failure record;
begin
    if not annex_internal.is_citus() then
        return;
    end if;
    select * into v_failure from run_command_on_workers(command) w where not w.success limit 1;
    if found then
        raise exception 'worker %:% answered: %', v_failure.nodename, v_failure.nodeport, v_failure.result
            using errcode = 'external_routine_exception',
                hint = 'Nodes are set up one by one; call the function again when the worker can.';
    end if;
end
$function$;
comment on function annex_internal.on_workers(text) is 'Runs a command on every worker of Citus; an error of one is an error';

create or replace function annex_internal.require_coordinator(action text) returns void
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if not annex_internal.is_citus() then
        return;
    end if;
    if (select groupid from pg_dist_local_group) <> 0 then
        raise exception '% is not possible on a worker', action
            using errcode = 'object_not_in_prerequisite_state', hint = 'Connect to the coordinator.';
    end if;
end
$function$;
comment on function annex_internal.require_coordinator(text) is 'Raises an error on a worker of Citus';

create or replace function annex_internal.known_sidecars() returns jsonb
language sql stable
set search_path to pg_catalog, pg_temp
as $function$
    select coalesce(
        jsonb_agg(jsonb_build_object('group', substr(s.srvname, 7)::integer, 'host', a.host, 'port', a.port)
            || coalesce(
                (select jsonb_object_agg(o.option_name, o.option_value) from pg_options_to_table(s.srvoptions) o
                where o.option_name in ('sslmode', 'sslrootcert')), '{}')
            order by s.srvname, a.place), '[]')
    from pg_foreign_server s
    cross join lateral unnest(
        (select string_to_array(substr(o, 6), ',') from unnest(s.srvoptions) o where o like 'host=%'),
        (select string_to_array(substr(o, 6), ',') from unnest(s.srvoptions) o where o like 'port=%'))
        with ordinality a (host, port, place)
    where s.srvname ~ '^annex_\d+$'
$function$;
comment on function annex_internal.known_sidecars() is 'The addresses that an earlier annex.setup was given, in the form that it takes';

create or replace function annex_internal.default_sidecars() returns jsonb
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_known jsonb := annex_internal.known_sidecars();
begin
    if not annex_internal.is_citus() then
        return case when v_known = '[]' then '[{"group": 0, "host": "127.0.0.1", "port": 7432}]' else v_known end;
    end if;
    return v_known || (
        select coalesce(jsonb_agg(jsonb_build_object('group', n.groupid, 'host', n.nodename, 'port', 7432)), '[]')
        from pg_dist_node n
        where n.noderole = 'primary' and n.isactive
            and exists (select from pg_dist_placement p where p.groupid = n.groupid)
            and not exists (
                select from jsonb_array_elements(v_known) k where (k ->> 'group')::integer = n.groupid));
end
$function$;
comment on function annex_internal.default_sidecars() is
    'The sidecars known already, and for each other primary that has shards one on port 7432 of its host';

create or replace function annex_internal.is_copy() returns boolean
language plpgsql stable
set search_path to pg_catalog, pg_temp
as $function$
begin
    if to_regclass('annex_internal.node') is null then
        return false;
    end if;
    return exists (
        select from annex_internal.node n, pg_control_system() c, pg_database d
        where d.datname = current_database()
            and (n.system_identifier, n.database_oid) <> (c.system_identifier, d.oid));
end
$function$;
comment on function annex_internal.is_copy() is
    'Whether this database was restored from a dump of the one that annex.setup was called in';

create or replace function annex_internal.drop_restored_publication() returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
set lock_timeout to '100ms'
as $function$
begin
    -- A slot says that a sidecar follows this database already: then the publication is that sidecar's.
    if not annex_internal.is_copy()
            or current_setting('transaction_read_only')::boolean
            or not exists (select from pg_publication where pubname = 'annex_data')
            or exists (
                select from pg_replication_slots s
                where s.slot_name like 'annex\_%' and s.database = current_database()) then
        return;
    end if;
    perform set_config('annex_internal.publishing', 'on', true);
    drop publication annex_data;
    perform set_config('annex_internal.publishing', '', true);
exception
    -- Another session drops it, or it was restored for another owner. A search must not fail for that; the next
    -- call tries again.
    when lock_not_available or undefined_object or insufficient_privilege then
        null;
end
$function$;
comment on function annex_internal.drop_restored_publication() is
    'In a restored copy: drops the publication that the dump brought along and no sidecar uses';

create or replace function annex_internal.require_one_sslmode(sidecars jsonb) returns void
language plpgsql immutable
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_group record;
begin
    for v_group in
        select s ->> 'group' as id, min(s ->> 'sslmode') as sslmode,
            count(distinct (s ->> 'sslmode', s ->> 'sslrootcert')) as kinds
        from jsonb_array_elements(sidecars) s group by 1
    loop
        if v_group.sslmode not in ('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full') then
            raise exception 'sslmode "%" of group % is none of libpq''s', v_group.sslmode, v_group.id
                using errcode = 'invalid_parameter_value',
                    hint = 'Give disable, prefer, require, verify-ca or verify-full.';
        end if;
        if v_group.kinds > 1 then
            raise exception 'sidecars of group % differ in sslmode or sslrootcert', v_group.id
                using errcode = 'invalid_parameter_value',
                    hint = 'One connection string serves all sidecars of a group: give each the same.';
        end if;
    end loop;
end
$function$;
comment on function annex_internal.require_one_sslmode(jsonb) is
    'Raises an error unless the sidecars of each group are reached with one sslmode that libpq knows';

create or replace function annex_internal.role_exists(name name) returns boolean
language sql stable
return exists (select from pg_catalog.pg_roles r where r.rolname = name);
comment on function annex_internal.role_exists(name) is 'Whether there is a role of that name';

create or replace function annex.role_statements(sidecar_role name default 'annex_sidecar')
returns table (statement text, purpose text, done boolean)
language plpgsql stable security definer rows 20
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_exists boolean := annex_internal.role_exists(sidecar_role);
    v_function regprocedure;
    v_table text;
    v_schema name;
begin
    if exists (select from pg_roles r where r.rolname = sidecar_role and r.rolsuper) then
        raise exception 'role "%" is a superuser, and a sidecar needs no such rights', sidecar_role
            using errcode = 'invalid_parameter_value', hint = 'Name another role; it is created if there is none.';
    end if;
    return query select format('create role %I login replication', sidecar_role),
        'connects, and reads the stream of changes; give it a password', v_exists;
    return query select format('alter role %I login replication', sidecar_role),
        'the same, for a role that is there',
        exists (select from pg_roles r where r.rolname = sidecar_role and r.rolcanlogin and r.rolreplication);
    return query select format('grant connect on database %I to %I', current_database(), sidecar_role),
        'connects', v_exists and has_database_privilege(sidecar_role, current_database(), 'connect');
    return query select format('grant usage on schema annex to %I', sidecar_role),
        'calls the functions below', v_exists and has_schema_privilege(sidecar_role, 'annex', 'usage');
    foreach v_function in array array[
        'annex.local_shards()', 'annex.publish(oid[])', 'annex.unpublish()']::regprocedure[] loop
        return query select format('grant execute on function %s to %I', v_function, sidecar_role),
            'reads which tables to index, and publishes them',
            v_exists and has_function_privilege(sidecar_role, v_function, 'execute');
    end loop;
    for v_table in select v.table_name from memory.vector_indexes v where to_regclass(v.table_name) is not null order by 1 loop
        v_schema := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = to_regclass(v_table));
        return query select format('grant usage on schema %I to %I', v_schema, sidecar_role),
            'copies ' || v_table, v_exists and has_schema_privilege(sidecar_role, v_schema, 'usage');
        return query select format('grant select on %s to %I', v_table, sidecar_role),
            'copies ' || v_table, v_exists and has_table_privilege(sidecar_role, v_table, 'select');
    end loop;
    return query select format('grant pg_read_all_stats to %I', sidecar_role),
        'says since when the transactions run that a first copy waits for',
        v_exists and pg_has_role(sidecar_role, 'pg_read_all_stats', 'usage');
    if annex_internal.is_citus() then
        return query select format('grant pg_read_all_settings to %I', sidecar_role),
            'reads settings of Citus',
            v_exists and pg_has_role(sidecar_role, 'pg_read_all_settings', 'usage');
    end if;
end
$function$;
comment on function annex.role_statements(name) is
    'The statements that give a sidecar''s role what it needs and no more, what each is for, and whether it has been done; annex.setup with sidecar_role runs those that have not';

create or replace function annex_internal.apply_role(sidecar_role name, dry_run boolean) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_row record;
    v_creates boolean := not annex_internal.role_exists(sidecar_role);
begin
    for v_row in select * from annex.role_statements(sidecar_role) loop
        -- Either of the first two.
        if v_row.done or v_creates and v_row.statement like 'alter role %' then
            continue;
        end if;
        raise notice '%;', v_row.statement using detail = v_row.purpose;
        if not dry_run then
            execute v_row.statement;
        end if;
    end loop;
end
$function$;
comment on function annex_internal.apply_role(name, boolean) is
    'Prints and runs the statements of annex.role_statements that have not been run';

create or replace function annex_internal.keep_bytes_max() returns bigint
language sql stable
return (
    select case when s.setting::bigint < 0 then -1 else s.setting::bigint * 1048576 end
    from pg_catalog.pg_settings s where s.name = 'max_slot_wal_keep_size');
comment on function annex_internal.keep_bytes_max() is 'max_slot_wal_keep_size of this server in bytes; -1 for none';

create or replace function annex_internal.warn_of_retention() returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_node record;
begin
    if not annex_internal.is_citus() then
        select 'this server' as node, annex_internal.keep_advice(annex_internal.keep_bytes_max()) as advice into v_node;
    else
        select format('worker %s:%s', w.nodename, w.nodeport) as node,
            annex_internal.keep_advice(w.result::bigint) as advice
        into v_node
        from run_command_on_workers('select annex_internal.keep_bytes_max()') w
        where w.success and annex_internal.keep_advice(w.result::bigint) is not null limit 1;
    end if;
    if v_node.advice is not null then
        raise warning '%: %', v_node.node, v_node.advice
            using errcode = '01000', hint = 'Alert on annex_slot_retained_bytes; see annex.sidecar_status.';
    end if;
end
$function$;
comment on function annex_internal.warn_of_retention() is
    'Warns where a slot may hold back write-ahead log without end, or be lost too soon';

-- It has more arguments now.
drop function if exists annex.setup(text, jsonb);

create or replace function annex.setup(
    secret text, sidecars jsonb default null, sidecar_role name default null, dry_run boolean default false)
returns table (sidecar name, host text, port text)
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
as $function$
declare
    v_sidecars jsonb;
    v_port text;
    v_index memory.vector_indexes;
begin
    perform annex_internal.require_coordinator('annex.setup');
    if sidecars is null and annex_internal.is_copy() then
        raise exception 'this database is a copy of the one that annex.setup was called in'
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'Name the sidecars of this one, so that it does not ask those of the original.';
    end if;
    v_sidecars := coalesce(sidecars, annex_internal.default_sidecars());
    if secret is null and not dry_run and annex_internal.stored_secret() is null then
        raise exception 'no secret is given, and none is stored'
            using errcode = 'null_value_not_allowed',
                hint = 'Call annex.setup with the secret that the sidecars are configured with.';
    end if;
    if secret !~ '^[ -~]{16,}$' then
        raise exception 'the secret has % characters, expected at least 16, printable and ASCII', length(secret)
            using errcode = 'invalid_parameter_value', hint = 'For example the output of: openssl rand -hex 24';
    end if;
    if jsonb_typeof(v_sidecars) <> 'array' or exists (
            select from jsonb_array_elements(v_sidecars) s
            where jsonb_typeof(s) <> 'object'
                or coalesce(s ->> 'group' !~ '^\d{1,9}$', true)
                or coalesce(s ->> 'host' !~ '^[^\s,]+$', true)
                or coalesce(s ->> 'port' !~ '^\d{1,5}$', false)) then
        raise exception 'sidecars are not a list of groups, hosts and ports: %', v_sidecars
            using errcode = 'invalid_parameter_value',
                hint = 'For example: [{"group": 0, "host": "127.0.0.1", "port": 7432}].';
    end if;
    select s ->> 'port' into v_port from jsonb_array_elements(v_sidecars) s
    where (s ->> 'port')::integer not between 1 and 65535;
    if v_port is not null then
        raise exception 'port is %, allowed are 1 to 65535', v_port
            using errcode = 'invalid_parameter_value',
                hint = 'Give the port that the sidecar listens on, by its option listen.port; 7432 if that is not set.';
    end if;
    perform annex_internal.require_one_sslmode(v_sidecars);
    if sidecar_role is not null then
        perform annex_internal.apply_role(sidecar_role, dry_run);
    end if;
    perform annex_internal.warn_of_retention();
    if dry_run then
        return query
            select ('annex_' || (s ->> 'group'))::name, s ->> 'host', coalesce(s ->> 'port', '7432')
            from jsonb_array_elements(v_sidecars) s;
        return;
    end if;

    perform annex_internal.setup_node(secret, v_sidecars);
    perform annex_internal.on_workers(
        format('select annex_internal.setup_node(%L, %L)', coalesce(secret, annex_internal.stored_secret()), v_sidecars));
    -- A table may have been altered or distributed since its index was created.
    -- Or dropped, where no event trigger has told.
    for v_index in select * from memory.vector_indexes loop
        if v_index.column_name = any (annex_internal.current_columns(to_regclass(v_index.table_name))) then
            perform annex_internal.generate_fetch(v_index.index_id);
        else
            perform annex_internal.remove_index(v_index.index_name);
        end if;
    end loop;

    return query
        select s.srvname,
            (select substr(o, 6) from unnest(s.srvoptions) o where o like 'host=%'),
            (select substr(o, 6) from unnest(s.srvoptions) o where o like 'port=%')
        from pg_foreign_server s where s.srvname ~ '^annex_\d+$' order by substr(s.srvname, 7)::integer;
end
$function$;
comment on function annex.setup(text, jsonb, name, boolean) is
    'Tells every node where the sidecars are and how to sign requests to them; again after nodes, addresses or the secret have changed. NULL keeps the secret, or the addresses. With sidecar_role the role that the sidecars connect as gets what it needs, each statement printed as a notice; dry_run prints and changes nothing.';

create or replace function annex_internal.teardown_node() returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
set client_min_messages to warning
as $function$
declare
    v_name name;
begin
    perform annex.unpublish();
    for v_name in select srvname from pg_foreign_server where srvname ~ '^annex_\d+$' loop
        execute format('drop server %I cascade', v_name);
    end loop;
    drop table if exists annex_internal.node;
    -- A slot in use belongs to a running sidecar, which drops it when it sees that no index is left.
    perform pg_drop_replication_slot(s.slot_name)
    from pg_replication_slots s
    where s.slot_name like 'annex\_%' and s.database = current_database() and not s.active;
end
$function$;
comment on function annex_internal.teardown_node() is 'The part of annex.teardown that each node does for itself';

create or replace function annex.teardown() returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
as $function$
declare
    v_name text;
begin
    perform annex_internal.require_coordinator('annex.teardown');
    for v_name in select index_name from memory.vector_indexes loop
        perform annex_internal.remove_index(v_name);
    end loop;
    perform annex_internal.teardown_node();
    perform annex_internal.on_workers('select annex_internal.teardown_node()');
end
$function$;
comment on function annex.teardown() is
    'Drops every index, and on every node the publication, the slots and what annex.setup has made; tables stay. Running sidecars drop their slots themselves.';

create or replace function annex_internal.grant_table(target regclass, role_name name) returns void
language plpgsql
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_schema name := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target);
begin
    if not has_schema_privilege(role_name, v_schema, 'usage') then
        execute format('grant usage on schema %I to %I', v_schema, role_name);
    end if;
    execute format('grant select on %s to %I', annex_internal.qualified_name(target), role_name);
end
$function$;
comment on function annex_internal.grant_table(regclass, name) is 'Lets a sidecar''s role read a table, in whatever schema it is';

create or replace function annex.grant_sidecar(role_name name) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_table text;
begin
    perform annex_internal.require_coordinator('annex.grant_sidecar');
    execute format('grant execute on function annex.local_shards(), annex.publish(oid[]), annex.unpublish(), annex.follow_names() to %I', role_name);
    for v_table in select table_name from memory.vector_indexes where to_regclass(table_name) is not null loop
        perform annex_internal.grant_table(to_regclass(v_table), role_name);
    end loop;
end
$function$;
comment on function annex.grant_sidecar(name) is
    'Grants a role with the attribute REPLICATION what a sidecar needs: its duties, and SELECT on the indexed tables, later ones included';

revoke execute on function annex_internal.setup_node(text, jsonb), annex_internal.is_copy(),
    annex_internal.set_server_option(name, name, text), annex_internal.drop_restored_publication(), annex_internal.stored_secret(), annex_internal.on_workers(text), annex_internal.teardown_node(), annex.setup(text, jsonb, name, boolean), annex.teardown(),
    annex.grant_sidecar(name), annex.role_statements(name)
from public;
