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
    drop publication annex_data;
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

create or replace function annex.setup(secret text, sidecars jsonb default null)
returns table (sidecar name, host text, port text)
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.multi_shard_modify_mode to 'sequential'
as $function$
declare
    v_sidecars jsonb;
    v_index memory.vector_indexes;
begin
    perform annex_internal.require_coordinator('annex.setup');
    if sidecars is null and annex_internal.is_copy() then
        raise exception 'this database is a copy of the one that annex.setup was called in'
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'Name the sidecars of this one, so that it does not ask those of the original.';
    end if;
    v_sidecars := coalesce(sidecars, annex_internal.default_sidecars());
    if secret is null and annex_internal.stored_secret() is null then
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
    perform annex_internal.require_one_sslmode(v_sidecars);

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
comment on function annex.setup(text, jsonb) is
    'Tells every node where the sidecars are and how to sign requests to them; again after nodes, addresses or the secret have changed. NULL keeps the secret, or the addresses.';

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

create or replace function annex.grant_sidecar(role_name name) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_table text;
begin
    perform annex_internal.require_coordinator('annex.grant_sidecar');
    execute format('grant execute on function annex.local_shards(), annex.publish(oid[]), annex.unpublish() to %I', role_name);
    for v_table in select table_name from memory.vector_indexes where to_regclass(table_name) is not null loop
        execute format('grant select on %s to %I', v_table, role_name);
    end loop;
end
$function$;
comment on function annex.grant_sidecar(name) is
    'Grants a role with the attribute REPLICATION what a sidecar needs: its duties, and SELECT on the indexed tables, later ones included';

revoke execute on function annex_internal.setup_node(text, jsonb), annex_internal.is_copy(),
    annex_internal.set_server_option(name, name, text), annex_internal.drop_restored_publication(), annex_internal.stored_secret(), annex_internal.on_workers(text), annex_internal.teardown_node(), annex.setup(text, jsonb), annex.teardown(),
    annex.grant_sidecar(name)
from public;
