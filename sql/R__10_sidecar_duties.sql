-- What a sidecar asks of its own node: which relations it indexes, and a publication of exactly those.
-- Definer functions, so that its role needs REPLICATION, SELECT and EXECUTE, and nothing else.
-- Citus is present: ${citus}

create or replace function annex_internal.is_citus() returns boolean
language sql stable parallel safe
return to_regclass('pg_catalog.pg_dist_partition') is not null;
comment on function annex_internal.is_citus() is 'Whether this database has the Citus extension';

create or replace function annex_internal.is_distributed(target regclass) returns boolean
language plpgsql stable parallel safe
as $function$
begin
    -- Two statements, because the second does not parse where Citus is not.
    if not annex_internal.is_citus() then
        return false;
    end if;
    return exists (select from pg_catalog.pg_dist_partition p where p.logicalrelid = target);
end
$function$;
comment on function annex_internal.is_distributed(regclass) is 'Whether Citus knows the table: distributed, or on every node';

create or replace function annex_internal.leaf_relations(target regclass) returns setof regclass
language plpgsql stable parallel restricted rows 10
set search_path to pg_catalog, pg_temp
set citus.override_table_visibility to off
as $function$
declare
    v_leaf regclass;
    v_shard text;
begin
    for v_leaf in
        select c.oid::regclass from pg_class c where c.oid = target and c.relkind = 'r'
        union all
        select t.relid from pg_class c, pg_partition_tree(target) t
        where c.oid = target and c.relkind = 'p' and t.isleaf
    loop
        if not annex_internal.is_distributed(v_leaf) then
            return next v_leaf;
            continue;
        end if;
        for v_shard in
            select shard_name(s.logicalrelid, s.shardid)
            from pg_dist_shard s
            join pg_dist_placement p using (shardid)
            join pg_dist_local_group g on g.groupid = p.groupid
            where s.logicalrelid = v_leaf and p.shardstate = 1
            order by s.shardid
        loop
            -- shard_name qualifies names outside public only; a shard may be gone in the middle of a move.
            if coalesce(to_regclass(v_shard), to_regclass('public.' || v_shard)) is not null then
                return next coalesce(to_regclass(v_shard), to_regclass('public.' || v_shard));
            end if;
        end loop;
    end loop;
end
$function$;
comment on function annex_internal.leaf_relations(regclass) is
    'The relations on this node that hold the rows of a table: itself, its leaf partitions, or its shards';

create or replace function annex_internal.vector_type(type_id oid) returns text
language sql stable parallel safe
return (
    select case
        when t.oid = 'real[]'::regtype then 'real[]'
        when t.oid in ('bit'::regtype, 'varbit'::regtype) then 'bit'
        when t.typname in ('vector', 'halfvec') and exists (
            select from pg_depend d
            join pg_extension e on e.oid = d.refobjid and e.extname = 'vector'
            where d.classid = 'pg_type'::regclass and d.objid = t.oid
                and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
            then t.typname::text
    end
    from pg_type t where t.oid = type_id);
comment on function annex_internal.vector_type(oid) is
    'real[], bit (also for bit varying), or vector or halfvec of pgvector; NULL for a type that cannot be indexed';

create or replace function annex_internal.type_dimension(type_id oid, modifier integer) returns integer
language sql immutable parallel safe
-- The length of real[] and of bit varying is at most a limit.
return case when modifier > 0 and type_id not in ('real[]'::regtype, 'varbit'::regtype) then modifier end;
comment on function annex_internal.type_dimension(oid, integer) is
    'Elements of a vector column''s values, where its type says so; else NULL';

create or replace function annex_internal.attribute_type(attribute pg_attribute) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $function$
declare
    v_type name := (
        select t.typname from pg_type t
        where t.oid = annex_internal.base_type(attribute.atttypid) and t.typnamespace = 'pg_catalog'::regnamespace);
    v_digits integer;
    v_scale integer;
    v_collation pg_collation;
begin
    if attribute.attgenerated <> '' or coalesce(v_type not in (
            'bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', 'bpchar', 'name',
            'date', 'timestamp', 'timestamptz', 'uuid', '_int2', '_int4', '_int8', '_text', '_varchar'), true) then
        return null;
    end if;
    if v_type = 'numeric' and attribute.atttypid = 'numeric'::regtype and attribute.atttypmod > 4 then
        v_digits := ((attribute.atttypmod - 4) >> 16) & 65535;
        v_scale := (((attribute.atttypmod - 4) & 2047) # 1024) - 1024;
        if v_digits <= 18 and v_scale between 0 and 18 then
            return 'numeric/' || v_scale;
        end if;
    end if;
    if attribute.attcollation <> 0 then
        select * into v_collation from pg_collation c where c.oid = attribute.attcollation;
        if not v_collation.collisdeterministic then
            return null;
        end if;
        -- Letters in the order of their bytes: what a sidecar can compare.
        if v_type not like '\_%' and (
                v_collation.collprovider = 'b'
                or v_collation.collprovider = 'c' and v_collation.collcollate in ('C', 'POSIX')
                or v_collation.collprovider = 'd' and exists (
                    select from pg_database d
                    where d.datname = current_database() and (
                        d.datlocprovider = 'b'
                        or d.datlocprovider = 'c' and d.datcollate in ('C', 'POSIX')))) then
            return v_type || '/C';
        end if;
    end if;
    return v_type;
end
$function$;
comment on function annex_internal.attribute_type(pg_attribute) is
    'How a sidecar reads an included column: the type''s name, with /C for a text that is ordered by bytes and / and the scale for a numeric that fits a bigint; NULL for a column that cannot be included';

create or replace function annex_internal.replica_identity(relation regclass) returns name[]
language sql stable parallel safe
return (
    select array_agg(a.attname order by k.place)
    from pg_class c
    join pg_index i on i.indrelid = c.oid and i.indisvalid and i.indimmediate
        and case c.relreplident
            when 'd' then i.indisprimary
            when 'f' then i.indisprimary
            when 'i' then i.indisreplident
            else false
        end
    cross join lateral unnest(i.indkey) with ordinality k (attnum, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where c.oid = relation and k.place <= i.indnkeyatts);
comment on function annex_internal.replica_identity(regclass) is
    'Key columns by which an update or delete names its row in the stream; NULL where there are none';

create or replace function annex.local_shards()
returns table (
    index_id bigint, index_name text, table_name text, column_name text, column_type text, metric text,
    method text, key_columns text[], namespace_column text, dimension integer, m integer,
    ef_construction integer, quantization text, vectors text, nlist integer, nprobe integer, nbits integer, relation_oid oid,
    relation text, include text[], include_types text[], include_numbers integer[])
language sql stable security definer parallel restricted rows 10
set search_path to pg_catalog, pg_temp
set citus.override_table_visibility to off
as $function$
    select v.index_id, v.index_name, v.table_name, v.column_name::text, annex_internal.vector_type(a.atttypid),
        v.metric, v.method, v.key_columns::text[], v.namespace_column::text,
        -- One relation alone can take another dimension when it has no row left; several have to agree.
        case when v.options ? 'dimension' then v.dimension
            else coalesce(annex_internal.type_dimension(a.atttypid, a.atttypmod),
                case when c.oid = to_regclass(v.table_name) then 0 else v.dimension end) end,
        v.m,
        v.ef_construction, v.quantization, coalesce(v.options ->> 'vectors', 'memory'), coalesce((v.options ->> 'nlist')::integer, 0),
        coalesce((v.options ->> 'nprobe')::integer, 0), coalesce((v.options ->> 'nbits')::integer, 0), c.oid, format('%I.%I', n.nspname, c.relname),
        i.names, i.types, i.numbers
    from memory.vector_indexes v
    cross join lateral annex_internal.leaf_relations(to_regclass(v.table_name)) leaf
    join pg_class c on c.oid = leaf
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = v.column_name and not a.attisdropped
    -- An included column that is gone leaves its filters to SQL.
    cross join lateral (
        select coalesce(array_agg(ia.attname::text order by u.place), '{}') as names,
            coalesce(array_agg(annex_internal.attribute_type(ia) order by u.place), '{}') as types,
            coalesce(array_agg(ia.attnum::integer order by u.place), '{}') as numbers
        from unnest(v.include) with ordinality u (name, place)
        join pg_attribute ia on ia.attrelid = c.oid and ia.attname = u.name and ia.attnum > 0
            and not ia.attisdropped
        where annex_internal.attribute_type(ia) is not null) i
    where annex_internal.vector_type(a.atttypid) is not null
        -- A dropped namespace column or another key: the index cannot follow the table any more.
        and (v.namespace_column is null or exists (
            select from pg_attribute ns
            where ns.attrelid = c.oid and ns.attname = v.namespace_column and not ns.attisdropped))
        and annex_internal.replica_identity(c.oid) = v.key_columns
    order by v.index_id, c.oid
$function$;
comment on function annex.local_shards() is
    'For sidecars: the relations of every index on this node, one row per index and leaf relation';

create or replace function annex.index_origin(index_id bigint) returns bigint
language sql stable security definer parallel safe
set search_path to pg_catalog, pg_temp
as $function$
    select coalesce(v.origin_id, v.index_id) from memory.vector_indexes v where v.index_id = index_origin.index_id
$function$;
comment on function annex.index_origin(bigint) is
    'For sidecars: the number that an index had first, by which they know what they have of it';

create or replace function annex.publish(relation_oids oid[]) returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
set citus.override_table_visibility to off
set lock_timeout to '2s'
as $function$
declare
    v_wanted oid[] := array(select distinct r from unnest(relation_oids) r order by r);
    v_published oid[] := array(
        select r.prrelid from pg_publication p join pg_publication_rel r on r.prpubid = p.oid
        where p.pubname = 'annex_data' order by r.prrelid);
    v_exists boolean := exists (select from pg_publication where pubname = 'annex_data');
    v_unknown text;
    v_removed text;
    v_tables text;
begin
    if cardinality(v_wanted) = 0 then
        perform annex.unpublish();
        return;
    end if;

    select string_agg(o::text, ', ') into v_unknown
    from unnest(v_wanted) o where not exists (select from pg_class c where c.oid = o and c.relkind = 'r');
    if v_unknown is not null then
        raise exception 'cannot publish relations that are no tables of this node: %', v_unknown
            using errcode = 'undefined_table', hint = 'Read annex.local_shards() again.';
    end if;
    select string_agg(o::regclass::text, ', ') into v_unknown
    from unnest(v_wanted) o where annex_internal.replica_identity(o) is null;
    if v_unknown is not null then
        raise exception 'cannot publish tables without a usable replica identity: %', v_unknown
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'Their updates and deletes would fail. Give them a primary key.';
    end if;

    -- What else it says is somebody else's doing, and would withhold changes.
    if v_exists and exists (
            select from pg_publication p
            where p.pubname = 'annex_data' and (
                not (p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate)
                or p.puballtables or p.pubviaroot
                or exists (select from pg_publication_namespace n where n.pnpubid = p.oid)
                or exists (
                    select from pg_publication_rel r
                    where r.prpubid = p.oid and (r.prqual is not null or r.prattrs is not null)))) then
        perform annex.unpublish();
        v_exists := false;
        v_published := '{}';
    end if;
    select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid)
            filter (where c.oid <> all (v_published)),
        string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid)
            filter (where c.oid <> all (v_wanted))
    into v_tables, v_removed
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any (v_wanted || v_published);
    perform set_config('annex_internal.publishing', 'on', true);
    if not v_exists then
        execute 'create publication annex_data for table ' || v_tables;
        comment on publication annex_data is 'Annex: tables and shards that the sidecar of this node indexes';
    else
        -- Not set table, which would wait for a lock of each table that is in it already.
        if v_removed is not null then
            execute 'alter publication annex_data drop table ' || v_removed;
        end if;
        if v_tables is not null then
            execute 'alter publication annex_data add table ' || v_tables;
        end if;
    end if;
    perform set_config('annex_internal.publishing', '', true);
end
$function$;
comment on function annex.publish(oid[]) is
    'For sidecars: makes publication annex_data of this node hold exactly these leaf relations';

create or replace function annex.unpublish() returns void
language plpgsql security definer
set search_path to pg_catalog, pg_temp
set citus.enable_ddl_propagation to off
set lock_timeout to '2s'
as $function$
begin
    if exists (select from pg_publication where pubname = 'annex_data') then
        perform set_config('annex_internal.publishing', 'on', true);
        drop publication annex_data;
        perform set_config('annex_internal.publishing', '', true);
    end if;
end
$function$;
comment on function annex.unpublish() is 'For sidecars: drops publication annex_data of this node';

revoke execute on function annex.local_shards(), annex.publish(oid[]), annex.unpublish() from public;
