-- From the arguments of a search to a request: the index, the checks, the settings, and whether an index may
-- answer at all. Invoker functions that pin no search_path and qualify each name, because they run with a caller's
-- filter. Citus is present: ${citus}

create or replace function annex_internal.find_index(target regtype, column_name name) returns memory.vector_indexes
language plpgsql stable parallel restricted
as $function$
declare
    -- A table's row type has the table's name.
    v_name text := (pg_catalog.pg_identify_object('pg_catalog.pg_type'::pg_catalog.regclass, target, 0)).identity;
    v_index memory.vector_indexes;
begin
    select v.* into v_index from memory.vector_indexes v
    where v.table_name = v_name and v.column_name = find_index.column_name;
    if not found then
        perform annex_internal.explain_no_index(target, column_name);
    end if;
    return v_index;
end
$function$;
comment on function annex_internal.find_index(regtype, name) is 'The index of a table''s column, or an error that says what there is';

drop function if exists annex_internal.explain_no_index(text, name);

create or replace function annex_internal.explain_no_index(target regtype, column_name name) returns void
language plpgsql stable parallel restricted
as $function$
declare
    v_table text;
begin
    select pg_catalog.format('%I.%I', n.nspname, c.relname) into v_table
    from pg_catalog.pg_type t
    join pg_catalog.pg_class c on c.oid = t.typrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where t.oid = target;
    if v_table is null then
        raise exception 'target has type %, which is not the row type of a table', target
            using errcode = 'wrong_object_type', hint = 'Name the table as in: annex.search(null::docs, ''embedding'', …).';
    end if;
    if not exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = pg_catalog.to_regclass(v_table) and a.attname = column_name
                and a.attnum > 0 and not a.attisdropped) then
        raise exception 'column "%" of table % does not exist', column_name, v_table
            using errcode = 'undefined_column',
                hint = coalesce('Indexed columns of the table: ' || (
                    select pg_catalog.string_agg(v.column_name, ', ') from memory.vector_indexes v
                    where v.table_name = v_table) || '.', 'The table has no index.');
    end if;
    raise exception 'column "%" of table % has no index', column_name, v_table
        using errcode = 'undefined_object',
            hint = pg_catalog.format('Create one: select annex.create_index(%L, %L);', v_table, column_name);
end
$function$;
comment on function annex_internal.explain_no_index(regtype, name) is
    'Raises the error for a type that is no table''s, and for a column without an index';

create or replace function annex_internal.fixed_dimension(index memory.vector_indexes) returns integer
language plpgsql stable parallel safe
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
begin
    if index.options ? 'dimension' then
        return index.dimension;
    end if;
    return coalesce(
        (select annex_internal.type_dimension(a.atttypid, a.atttypmod) from pg_catalog.pg_attribute a
            where a.attrelid = v_target and a.attname = index.column_name),
        case when annex_internal.is_distributed(v_target)
                or exists (select from pg_catalog.pg_class c where c.oid = v_target and c.relkind = 'p')
            then index.dimension else 0 end);
end
$function$;
comment on function annex_internal.fixed_dimension(memory.vector_indexes) is
    'The dimension of all vectors of an index: the option''s, the column type''s, or of a table in several relations that of its first row when the index was created; 0 where the rows that there are decide';

create or replace function annex_internal.check_dimension(expected integer, query real[]) returns void
language plpgsql immutable parallel safe
as $function$
begin
    if expected <> 0 and pg_catalog.cardinality(query) <> expected then
        raise exception 'expected % dimensions, not %', expected, pg_catalog.cardinality(query)
            using errcode = 'data_exception', hint = 'Query with a vector from the model that made the column''s vectors; where these have another dimension '
                    'than they had, drop and create the index.';
    end if;
end
$function$;
comment on function annex_internal.check_dimension(integer, real[]) is 'Raises the error for a query of another dimension; 0 takes any';

create or replace function annex_internal.check_row_dimensions(index memory.vector_indexes, query real[]) returns void
language plpgsql volatile parallel restricted
as $function$
declare
    v_dimension integer := annex_internal.fixed_dimension(index);
    v_of_row text := annex_internal.dimension_sql(index.metric, pg_catalog.quote_ident(index.column_name));
    v_exists boolean;
begin
    if v_dimension = 0 then
        execute pg_catalog.format('select %1$s from %2$s where %1$s is not null limit 1', v_of_row, index.table_name)
            into v_dimension;
        if v_dimension <> pg_catalog.cardinality(query) then
            execute pg_catalog.format('select exists (select from %2$s where %1$s = pg_catalog.cardinality($1))',
                v_of_row, index.table_name) into v_exists using query;
            if v_exists then
                return;
            end if;
        end if;
    end if;
    perform annex_internal.check_dimension(v_dimension, query);
end
$function$;
comment on function annex_internal.check_row_dimensions(memory.vector_indexes, real[]) is
    'Raises the error for a query of another dimension than the index has or, where that is not fixed, any row has';

create or replace function annex_internal.check_query(
    index memory.vector_indexes, query real[], k integer, namespace text, max_distance double precision)
returns text
language plpgsql stable parallel safe
as $function$
declare
    v_text text;
begin
    if k is null or k not between 1 and 10000 then
        raise exception 'k is %, allowed are 1 to 10000', coalesce(k::text, 'NULL')
            using errcode = 'invalid_parameter_value', hint = 'k is the number of rows wanted.';
    end if;
    if query is null then
        raise exception 'query is NULL'
            using errcode = 'null_value_not_allowed', hint = 'Give a vector as an array of real numbers.';
    end if;
    if pg_catalog.array_ndims(query) is distinct from 1 then
        raise exception 'query has % dimensions as an array, expected 1', coalesce(pg_catalog.array_ndims(query), 0)
            using errcode = 'invalid_text_representation', hint = 'A vector is a flat array of real numbers.';
    end if;
    if index.dimension <> 0 and pg_catalog.cardinality(query) <> index.dimension then
        perform annex_internal.check_dimension(annex_internal.fixed_dimension(index), query);
    end if;
    if pg_catalog.array_lower(query, 1) <> 1 then
        query := query[:];
    end if;
    v_text := query::text;
    -- NaN, NULL and Infinity are the only elements with a capital letter in their text.
    if pg_catalog.strpos(v_text, 'N') > 0 or pg_catalog.strpos(v_text, 'I') > 0 then
        perform annex_internal.explain_bad_element(query);
    end if;
    if annex_internal.is_of_bits(index.metric) and v_text !~ '^\{[01](,[01])*\}$' then
        raise exception 'element % of the query is not a bit',
                (select pg_catalog.min(e.place)
                from pg_catalog.unnest(query) with ordinality e (element, place)
                where e.element::text not in ('0', '1'))
            using errcode = 'invalid_text_representation',
                hint = 'The column has bits: give an array of 0 and 1, or annex.bits(b''1011'').';
    end if;
    if index.metric = 'cosine' and v_text !~ '[1-9]' then
        raise exception 'a zero vector has no cosine distance'
            using errcode = 'invalid_text_representation',
                hint = pg_catalog.format('All %s elements of the query are 0.', pg_catalog.cardinality(query));
    end if;
    if max_distance = 'NaN' then
        raise exception 'max_distance is not a number'
            using errcode = 'invalid_parameter_value', hint = 'Give a distance, or NULL for no limit.';
    end if;
    if namespace is not null and index.namespace_column is null then
        raise exception 'index "%" has no namespace column', index.index_name
            using errcode = 'invalid_parameter_value',
                hint = 'Create it with namespace_column => …, or use filter.';
    end if;
    return pg_catalog.replace(pg_catalog.replace(v_text, '{', '['), '}', ']');
end
$function$;
comment on function annex_internal.check_query(memory.vector_indexes, real[], integer, text, double precision) is
    'Checks the arguments of a search; gives the query vector as JSON';

create or replace function annex_internal.explain_bad_element(query real[]) returns void
language plpgsql immutable parallel safe
as $function$
declare
    v_place bigint;
    v_element real;
begin
    select e.place, e.element into v_place, v_element
    from pg_catalog.unnest(query) with ordinality e (element, place)
    where e.element is null or e.element in ('NaN', 'Infinity', '-Infinity')
    order by e.place limit 1;
    raise exception 'element % of the query vector is %', v_place, coalesce(v_element::text, 'NULL')
        using errcode = 'invalid_text_representation', hint = 'Every element must be a finite number.';
end
$function$;
comment on function annex_internal.explain_bad_element(real[]) is 'Raises the error for a query vector with NaN, infinity or NULL in it';

create or replace function annex_internal.call_settings(
    inout ef_search integer, inout consistency text, out timeout_ms integer, out fallback text)
language plpgsql stable parallel restricted
as $function$
declare
    v_text text;
begin
    -- After set local and commit a setting is '', not NULL; a wrong value is accepted by SET. So: checked here.
    if ef_search is null then
        v_text := nullif(pg_catalog.current_setting('annex.ef_search', true), '');
        if v_text !~ '^\d{1,9}$' then
            raise exception 'annex.ef_search is "%", expected a number', v_text
                using errcode = 'invalid_parameter_value', hint = 'Allowed are 1 to 10000, for example 100.';
        end if;
        ef_search := coalesce(v_text::integer, 100);
    end if;
    if ef_search not between 1 and 10000 then
        raise exception 'ef_search is %, allowed are 1 to 10000', ef_search
            using errcode = 'invalid_parameter_value', hint = 'More finds more of the true neighbours and takes longer; 100 is the default.';
    end if;

    consistency := pg_catalog.lower(coalesce(
        consistency, nullif(pg_catalog.current_setting('annex.consistency', true), ''), 'strong'));
    if consistency not in ('strong', 'bounded', 'eventual') then
        raise exception 'unknown consistency "%"', consistency
            using errcode = 'invalid_parameter_value', hint = 'Use strong, bounded or eventual.';
    end if;

    v_text := coalesce(nullif(pg_catalog.current_setting('annex.consistency_timeout', true), ''), '5000');
    if v_text !~ '^\d{1,7} ?(ms|s|min)?$' then
        raise exception 'annex.consistency_timeout is "%", expected a time', v_text
            using errcode = 'invalid_parameter_value', hint = 'For example 500ms or 5s; a number alone is milliseconds.';
    end if;
    timeout_ms := case
        when v_text like '%ms' then pg_catalog.rtrim(v_text, 'ms ')::integer
        when v_text like '%min' then pg_catalog.rtrim(v_text, 'min ')::bigint * 60000
        when v_text like '%s' then pg_catalog.rtrim(v_text, 's ')::bigint * 1000
        else v_text::integer end;
    if timeout_ms not between 1 and 600000 then
        raise exception 'annex.consistency_timeout is %, allowed are 1 ms to 10 min', v_text
            using errcode = 'invalid_parameter_value', hint = 'For example 5s.';
    end if;

    fallback := pg_catalog.lower(coalesce(nullif(pg_catalog.current_setting('annex.fallback', true), ''), 'exact'));
    if fallback not in ('exact', 'error') then
        raise exception 'unknown annex.fallback "%"', fallback
            using errcode = 'invalid_parameter_value', hint = 'Use exact or error.';
    end if;
end
$function$;
comment on function annex_internal.call_settings(integer, text) is 'The settings of a search: argument, session setting, default, in this order; checked';

create or replace function annex_internal.has_written() returns boolean
language sql stable parallel restricted
return pg_catalog.pg_current_xact_id_if_assigned() is not null;
comment on function annex_internal.has_written() is 'Whether this backend''s transaction has written; on Citus pushed to the workers, in a where clause';

create or replace function annex_internal.has_written_to(target regclass) returns boolean
language plpgsql volatile parallel restricted
as $function$
begin
    if pg_catalog.current_setting('track_counts') = 'off' then
        return true;
    end if;
    -- Counts include earlier transactions that are not reported yet: then exact SQL answers without need.
    return exists (
        select from (
            select target as relation
            union all
            select t.relid from pg_catalog.pg_partition_tree(target) t) r
        where pg_catalog.pg_stat_get_xact_tuples_inserted(r.relation)
            + pg_catalog.pg_stat_get_xact_tuples_updated(r.relation)
            + pg_catalog.pg_stat_get_xact_tuples_deleted(r.relation) > 0);
end
$function$;
comment on function annex_internal.has_written_to(regclass) is
    'Whether a transaction that has written wrote rows of this table or of its partitions';

create or replace function annex_internal.check_nested() returns void
language plpgsql volatile parallel restricted
as $function$
begin
    if pg_catalog.current_setting('transaction_read_only') = 'off'
            and annex_internal.in_distributed_transaction() then
        raise exception 'annex.search runs inside a task of a worker, in a transaction block that may have written'
            using errcode = 'feature_not_supported',
                hint = 'Citus has pushed the join to a worker, which cannot see what the transaction has written on others. Search in a statement of its own, outside a transaction block, in a read-only one, or with consistency => ''eventual''.';
    end if;
end
$function$;
comment on function annex_internal.check_nested() is
    'On a worker of Citus: refuses inside a distributed transaction, whose writes on other nodes cannot be seen from here';

create or replace function annex_internal.in_distributed_transaction() returns boolean
language plpgsql stable parallel restricted
as $function$
begin
    if not annex_internal.is_citus() then
        return false;
    end if;
    return (select t.transaction_number <> 0 from pg_catalog.get_current_transaction_id() t);
end
$function$;
comment on function annex_internal.in_distributed_transaction() is
    'Whether this transaction has asked or written distributed tables before; clocks do not tell, they move with each protocol message';

create or replace function annex_internal.must_be_exact(
    index memory.vector_indexes, namespace text, may_have_written boolean)
returns boolean
language plpgsql volatile parallel restricted
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_written boolean;
begin
    -- The index is newer than the snapshot of such a transaction.
    if pg_catalog.current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        return true;
    end if;
    if not annex_internal.is_distributed(v_target) then
        return pg_catalog.pg_current_xact_id_if_assigned() is not null and annex_internal.has_written_to(v_target);
    end if;
    if pg_catalog.current_setting('application_name') like 'citus\_internal%' then
        perform annex_internal.check_nested();
    elsif not may_have_written then
        return false;
    end if;
    -- The coordinator does not know what its transaction wrote on the workers, so they are asked. A shard that
    -- was not written to answers without looking at its rows.
    if namespace is not null and index.namespace_routes then
        execute pg_catalog.format('select true from %s where %s and annex_internal.has_written() limit 1',
            index.table_name, annex_internal.namespace_condition(index, '$1')) into v_written using namespace;
    else
        execute pg_catalog.format('select true from %s where annex_internal.has_written() limit 1',
            index.table_name) into v_written;
    end if;
    return coalesce(v_written, false);
end
$function$;
comment on function annex_internal.must_be_exact(memory.vector_indexes, text, boolean) is
    'Whether only SQL can answer: an old snapshot, or rows that this transaction has written itself';

create or replace function annex_internal.report_failure(failure jsonb, fallback text) returns void
language plpgsql volatile parallel restricted
as $function$
declare
    v_state text := coalesce(failure ->> 'sqlstate', 'XX000');
begin
    -- What is wrong with the request, and a wait that ran out, are errors; the fallback is for sidecars that
    -- are down or may not serve.
    if fallback = 'error' or v_state ~ '^(22|0A|57014|42601|42501)' then
        raise exception '%', failure ->> 'message'
            using errcode = v_state, hint = coalesce(failure ->> 'hint', '');
    end if;
    raise warning 'exact SQL answers instead of the index: %', failure ->> 'message'
        using errcode = case when v_state = '00000' then '01000' else v_state end,
            hint = coalesce(failure ->> 'hint', '');
end
$function$;
comment on function annex_internal.report_failure(jsonb, text) is
    'Raises the error of a sidecar, or the warning that exact SQL answers';

create or replace function annex_internal.check_may_fetch(target regclass) returns void
language plpgsql stable parallel restricted
as $function$
begin
    if not pg_catalog.has_table_privilege(target, 'select') and exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = target and a.attnum > 0 and not a.attisdropped
                and not pg_catalog.has_column_privilege(target, a.attnum, 'select')) then
        raise exception 'permission denied for table %', target
            using errcode = 'insufficient_privilege',
                hint = pg_catalog.format('annex.search returns whole rows: GRANT SELECT ON %s TO %I;',
                    annex_internal.qualified_name(target), current_user);
    end if;
end
$function$;
comment on function annex_internal.check_may_fetch(regclass) is 'Raises an error unless the caller may read every column of the table';

create or replace function annex_internal.prepare_search(
    index memory.vector_indexes, may_have_written boolean, filter text,
    inout namespace text, inout ef_search integer, inout consistency text,
    out timeout_ms integer, out fallback text, out must_be_exact boolean)
language plpgsql volatile parallel restricted
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
begin
    select c.* into ef_search, consistency, timeout_ms, fallback
    from annex_internal.call_settings(ef_search, consistency) c;
    perform annex_internal.check_may_fetch(v_target);
    if namespace is not null then
        namespace := annex_internal.namespace_text(index, namespace);
    end if;
    if filter is not null then
        perform annex_internal.check_filter(index, filter);
    end if;
    -- By what is so now, and by what the snapshot shows.
    must_be_exact := pg_catalog.row_security_active(v_target)
        or coalesce((select c.relrowsecurity from pg_catalog.pg_class c where c.oid = v_target), true);
    if must_be_exact then
        -- Twice asked: of the rights that the rows are fetched with, and of those that a sidecar is asked with,
        -- which differ inside a definer function of somebody's own. And not for each search: what is called here
        -- and, with another search_path, by the functions that ask is planned anew each time.
        must_be_exact := annex_internal.is_closed_by_policies(index, v_target)
            or coalesce(index.options ->> 'row_security', 'exact') = 'exact' and pg_catalog.row_security_active(v_target);
    end if;
    if not must_be_exact and consistency <> 'eventual' then
        must_be_exact := annex_internal.must_be_exact(index, namespace, may_have_written);
    end if;
end
$function$;
comment on function annex_internal.prepare_search(memory.vector_indexes, boolean, text, text, integer, text) is
    'What annex.search and annex.search_batch do first: settings, spelling of the namespace, check of the filter, and whether only SQL can answer';
