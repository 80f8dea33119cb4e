-- annex.search and annex.nearest: check, ask, fetch. Invoker functions, so that every row comes through the
-- caller's own privileges, policies and snapshot; for that reason they pin no search_path (a filter is the
-- caller's SQL) and qualify each name. Citus is present: ${citus}

do $type$
begin
    if to_regtype('annex_internal.found') is null then
        create type annex_internal.found as (
            keys text[], distances double precision[], hashes bigint[], exhausted boolean, failure jsonb);
    end if;
    comment on type annex_internal.found is 'Candidates, nearest first: key columns'' texts row by row; exhausted if there are no others';
end
$type$;

create or replace function annex_internal.find_index(target regtype, column_name name) returns memory.vector_indexes
language plpgsql stable parallel restricted
as $function$
declare
    v_table text;
    v_index memory.vector_indexes;
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
    select * into v_index from memory.vector_indexes v
    where v.table_name = v_table and v.column_name = find_index.column_name;
    if not found then
        perform annex_internal.explain_no_index(v_table, column_name);
    end if;
    return v_index;
end
$function$;
comment on function annex_internal.find_index(regtype, name) is 'The index of a table''s column, or an error that says what there is';

create or replace function annex_internal.explain_no_index(table_name text, column_name name) returns void
language plpgsql stable parallel restricted
as $function$
begin
    if not exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = pg_catalog.to_regclass(table_name) and a.attname = column_name
                and a.attnum > 0 and not a.attisdropped) then
        raise exception 'column "%" of table % does not exist', column_name, table_name
            using errcode = 'undefined_column',
                hint = coalesce('Indexed columns of the table: ' || (
                    select pg_catalog.string_agg(v.column_name, ', ') from memory.vector_indexes v
                    where v.table_name = explain_no_index.table_name) || '.', 'The table has no index.');
    end if;
    raise exception 'column "%" of table % has no index', column_name, table_name
        using errcode = 'undefined_object',
            hint = pg_catalog.format('Create one: select annex.create_index(%L, %L);', table_name, column_name);
end
$function$;
comment on function annex_internal.explain_no_index(text, name) is 'Raises the error for a column without an index';

create or replace function annex_internal.check_query(
    index memory.vector_indexes, query real[], k integer, namespace text, max_distance double precision)
returns text
language plpgsql immutable parallel safe
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
        raise exception 'expected % dimensions, not %', index.dimension, pg_catalog.cardinality(query)
            using errcode = 'data_exception', hint = 'Query with a vector from the model that made the column''s vectors.';
    end if;
    if pg_catalog.array_lower(query, 1) <> 1 then
        query := query[:];
    end if;
    v_text := query::text;
    -- NaN, NULL and Infinity are the only elements with a capital letter in their text.
    if pg_catalog.strpos(v_text, 'N') > 0 or pg_catalog.strpos(v_text, 'I') > 0 then
        perform annex_internal.explain_bad_element(query);
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

create or replace function annex_internal.must_be_exact(index memory.vector_indexes, namespace text, called_in text)
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
    elsif pg_catalog.now() = pg_catalog.statement_timestamp()
            and called_in not like E'%\n%\n%'
            and pg_catalog.strpos(pg_catalog.rtrim(pg_catalog.current_query(), E' \n\t;'), ';') = 0 then
        -- The only statement of its transaction so far, and called by nothing that may have written before.
        return false;
    end if;
    -- The coordinator does not know what its transaction wrote on the workers, so they are asked. A shard that
    -- was not written to answers without looking at its rows.
    if namespace is not null and index.namespace_routes then
        execute pg_catalog.format('select true from %s where %I = $1 and annex_internal.has_written() limit 1',
            index.table_name, index.namespace_column) into v_written using namespace;
    else
        execute pg_catalog.format('select true from %s where annex_internal.has_written() limit 1',
            index.table_name) into v_written;
    end if;
    return coalesce(v_written, false);
end
$function$;
comment on function annex_internal.must_be_exact(memory.vector_indexes, text, text) is
    'Whether only SQL can answer: an old snapshot, or rows that this transaction has written itself';

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
            and (select t.transaction_number <> 0 from pg_catalog.get_current_transaction_id() t) then
        raise exception 'annex.search runs inside a task of a worker, in a transaction block that may have written'
            using errcode = 'feature_not_supported',
                hint = 'Citus has pushed the join to a worker, which cannot see what the transaction has written on others. Search in a statement of its own, outside a transaction block, in a read-only one, or with consistency => ''eventual''.';
    end if;
end
$function$;
comment on function annex_internal.check_nested() is
    'On a worker of Citus: refuses inside a distributed transaction, whose writes on other nodes cannot be seen from here';

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

create or replace function annex_internal.row_keys(keys text[], n integer) returns text[]
language sql immutable parallel safe
return case when n = 1 then array(select array[e]::text from pg_catalog.unnest(keys) e)
    else array(
        select pg_catalog.array_agg(e order by place)::text
        from pg_catalog.unnest(keys) with ordinality k (e, place)
        group by (place - 1) / n order by (place - 1) / n) end;
comment on function annex_internal.row_keys(text[], integer) is 'Keys that stand row by row as one text per row, to be compared';

create or replace function annex_internal.keyed_source(index memory.vector_indexes, out source text, out row_key text)
language plpgsql stable parallel restricted
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_alias text := (select pg_catalog.quote_ident(c.relname) from pg_catalog.pg_class c where c.oid = v_target);
    v_arrays text[];
begin
    select pg_catalog.array_agg(pg_catalog.format('annex_internal.every_nth($1, %s, %s)::%s[]',
            pg_catalog.cardinality(index.key_columns), k.place,
            pg_catalog.format_type(annex_internal.base_type(a.atttypid), null)) order by k.place),
        'array[' || pg_catalog.string_agg(annex_internal.key_text(
            pg_catalog.format('%s.%I', v_alias, k.name), annex_internal.base_type(a.atttypid)), ', ' order by k.place)
            || ']::text'
    into v_arrays, row_key
    from pg_catalog.unnest(index.key_columns) with ordinality k (name, place)
    join pg_catalog.pg_attribute a on a.attrelid = v_target and a.attname = k.name;
    if annex_internal.is_distributed(v_target) then
        select pg_catalog.format('%s as %s where %s', index.table_name, v_alias, pg_catalog.string_agg(
            pg_catalog.format('%s.%I = any (%s)', v_alias, k.name, v_arrays[k.place]), ' and '))
        into source
        from pg_catalog.unnest(index.key_columns) with ordinality k (name, place);
    else
        select pg_catalog.format('rows from (%s) annex_keys (%s) join %s as %s on %s where true',
            (select pg_catalog.string_agg('pg_catalog.unnest(' || a || ')', ', ' order by place)
                from pg_catalog.unnest(v_arrays) with ordinality u (a, place)), pg_catalog.string_agg('annex_key_' || k.place, ', ' order by k.place),
            index.table_name, v_alias,
            pg_catalog.string_agg(pg_catalog.format('%s.%I = annex_key_%s', v_alias, k.name, k.place), ' and '))
        into source
        from pg_catalog.unnest(index.key_columns) with ordinality k (name, place);
    end if;
end
$function$;
comment on function annex_internal.keyed_source(memory.vector_indexes) is
    'SQL after FROM for the rows whose keys are in $1, under the table''s own name, and an expression for their key''s text';

create or replace function annex_internal.namespace_condition(index memory.vector_indexes, parameter text) returns text
language sql stable parallel restricted
return (
    select pg_catalog.format('%I.%I = %s::%s', c.relname, a.attname, parameter,
        pg_catalog.format_type(annex_internal.base_type(a.atttypid), null))
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = index.namespace_column
    where c.oid = pg_catalog.to_regclass(index.table_name));
comment on function annex_internal.namespace_condition(memory.vector_indexes, text) is 'SQL for "the row is in the namespace"';

create or replace function annex_internal.check_filter(index memory.vector_indexes, filter text) returns void
language plpgsql volatile parallel restricted
as $function$
declare
    v_name text := 'annex_filter_' || pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '');
    v_parameters regtype[];
    v_state text;
    v_message text;
    v_hint text;
begin
    -- Where a filter stands in parentheses, "true) union all … (" would leave them. Where it parses as one
    -- element of an array as well, every bracket that it opens it also closes. PREPARE parses, and plans nothing.
    begin
        execute pg_catalog.format(E'prepare %I as select from %s as %I where (array[%s\n])[1]', v_name,
            index.table_name, (select relname from pg_catalog.pg_class where oid = pg_catalog.to_regclass(index.table_name)), filter);
        select parameter_types into v_parameters from pg_catalog.pg_prepared_statements where name = v_name;
        execute pg_catalog.format('deallocate %I', v_name);
        execute pg_catalog.format(E'prepare %I as select from %s as %I where (%s\n)', v_name,
            index.table_name, (select relname from pg_catalog.pg_class where oid = pg_catalog.to_regclass(index.table_name)), filter);
        execute pg_catalog.format('deallocate %I', v_name);
    exception
        when syntax_error_or_access_rule_violation or feature_not_supported or data_exception then
            get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_hint = pg_exception_hint;
            raise exception 'filter is not a condition on the columns of %: %', index.table_name, v_message
                using errcode = v_state, hint = coalesce(nullif(v_hint, ''),
                    'A filter is one boolean expression, as after WHERE, for example: category = ''noun'' and created_at > now() - interval ''7 days''.');
    end;
    if pg_catalog.cardinality(v_parameters) > 0 then
        raise exception 'filter has parameters' using errcode = 'undefined_parameter',
            hint = 'Write values as literals, with quote_literal() or format(%L).';
    end if;
end
$function$;
comment on function annex_internal.check_filter(memory.vector_indexes, text) is
    'Refuses a filter that is not one boolean expression over one row of the table';

create or replace function annex_internal.pick(given annex_internal.found, n integer, row_keys text[])
returns annex_internal.found
language plpgsql immutable parallel safe
as $function$
declare
    v_keys text[] := given.keys;
begin
    select pg_catalog.array_agg(c.distance order by c.place), pg_catalog.array_agg(c.hash order by c.place),
        pg_catalog.array_agg(c.place order by c.place)
    into given.distances, given.hashes, given.keys
    from rows from (
        pg_catalog.unnest(annex_internal.row_keys(v_keys, n)), pg_catalog.unnest(given.distances),
        pg_catalog.unnest(given.hashes)) with ordinality c (row_key, distance, hash, place)
    join pg_catalog.unnest(pick.row_keys) p (row_key) using (row_key);
    given.keys := array(
        select v_keys[(place::integer - 1) * n + i]
        from pg_catalog.unnest(given.keys) p (place) cross join pg_catalog.generate_series(1, n) i
        order by place::integer, i);
    return given;
end
$function$;
comment on function annex_internal.pick(annex_internal.found, integer, text[]) is 'Those candidates whose keys are listed, in their order';

create or replace function annex_internal.estimate(index memory.vector_indexes, namespace text, filter text) returns double precision
language plpgsql volatile parallel restricted
as $function$
declare
    v_plan json;
begin
    execute pg_catalog.format(E'explain (format json) select from %s as %I where %s and (%s\n)', index.table_name,
        (select relname from pg_catalog.pg_class where oid = pg_catalog.to_regclass(index.table_name)),
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, pg_catalog.quote_literal(namespace)) end,
        filter) into v_plan;
    return v_plan -> 0 -> 'Plan' ->> 'Plan Rows';
end
$function$;
comment on function annex_internal.estimate(memory.vector_indexes, text, text) is 'Rows that the planner expects to match';

create or replace function annex_internal.candidates(
    index memory.vector_indexes, query text, wanted integer, namespace text, filter text,
    max_distance double precision, ef_search integer, consistency text, timeout_ms integer, k integer)
returns annex_internal.found
language plpgsql volatile parallel restricted
as $function$
declare
    -- Beyond so many neighbours for one answer, PostgreSQL names the matching rows and the sidecar ranks those.
    c_examined_max constant integer := greatest(2000, 8 * k);
    v_found annex_internal.found;
    v_batch integer := wanted;
    v_all double precision;
    v_matching double precision;
    v_source record;
    v_passing text[];
begin
    if filter is not null then
        v_batch := 4 * wanted + 40;
        if not annex_internal.is_distributed(pg_catalog.to_regclass(index.table_name)) then
            v_matching := annex_internal.estimate(index, namespace, filter);
            v_all := greatest(annex_internal.estimate(index, namespace, 'true'), 1);
            v_batch := least(2147483647, greatest(2 * wanted, 1.5 * wanted * v_all / greatest(v_matching, 0.5)));
        end if;
        select * into v_source from annex_internal.keyed_source(index);
    end if;

    while v_batch <= c_examined_max loop
        select a.keys, a.distances, a.hashes, a.failure, coalesce(pg_catalog.cardinality(a.distances), 0) < v_batch
        into v_found.keys, v_found.distances, v_found.hashes, v_found.failure, v_found.exhausted
        from annex_internal.ask(index.index_id, 'search', query, v_batch, ef_search, namespace, max_distance,
            consistency, timeout_ms, null) a;
        if filter is null or v_found.failure is not null then
            return v_found;
        end if;
        execute pg_catalog.format(E'select pg_catalog.array_agg(%s) from %s and (%s\n)', v_source.row_key, v_source.source, filter)
            into v_passing using v_found.keys;
        if coalesce(pg_catalog.cardinality(v_passing), 0) >= wanted or v_found.exhausted then
            return annex_internal.pick(v_found, pg_catalog.cardinality(index.key_columns), v_passing);
        end if;
        v_batch := greatest(4 * v_batch,
            least(c_examined_max + 1, 1.3 * v_batch * wanted / greatest(pg_catalog.cardinality(v_passing), 0.5)));
    end loop;
    return annex_internal.rank_matching(index, query, wanted, namespace, filter, max_distance, ef_search,
        consistency, timeout_ms);
end
$function$;
comment on function annex_internal.candidates(
    memory.vector_indexes, text, integer, text, text, double precision, integer, text, integer, integer) is
    'At least so many nearest rows that match the filter, or all: neighbours in growing batches, filtered here, or the matching rows ranked by the sidecar';

create or replace function annex_internal.rank_matching(
    index memory.vector_indexes, query text, wanted integer, namespace text, filter text,
    max_distance double precision, ef_search integer, consistency text, timeout_ms integer)
returns annex_internal.found
language plpgsql volatile parallel restricted
as $function$
declare
    -- Keys of one request; so many are ranked within a few milliseconds and bound the memory here.
    c_chunk constant integer := 10000;
    c_rank_max constant integer := 100000;
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_asked integer := least(wanted, c_rank_max);
    v_answers annex_internal.answer[] := '{}';
    v_answer record;
    v_found annex_internal.found;
    v_texts text;
    v_chunk record;
begin
    select pg_catalog.string_agg(annex_internal.key_text(
        pg_catalog.format('%I.%I', (select relname from pg_catalog.pg_class where oid = v_target), k.name),
        annex_internal.base_type(a.atttypid)), ', ' order by k.place)
    into v_texts
    from pg_catalog.unnest(index.key_columns) with ordinality k (name, place)
    join pg_catalog.pg_attribute a on a.attrelid = v_target and a.attname = k.name;
    for v_chunk in execute pg_catalog.format(
        $statement$select '[' || pg_catalog.string_agg(row_key, ',') || ']' as keys
        from (
            select pg_catalog.json_build_array(%s)::text as row_key, (pg_catalog.row_number() over () - 1) / %s as chunk
            from %s as %I where %s and (%s
            )) matching
        group by chunk$statement$,
        v_texts, c_chunk, index.table_name, (select relname from pg_catalog.pg_class where oid = v_target),
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, '$1') end,
        coalesce(filter, 'true')) using namespace
    loop
        select * into v_answer from annex_internal.ask(index.index_id, 'rank', query, v_asked, ef_search, namespace,
            max_distance, consistency, timeout_ms, v_chunk.keys);
        if v_answer.failure is not null then
            v_found.failure := v_answer.failure;
            return v_found;
        end if;
        v_answers := v_answers
            || row(v_answer.keys, v_answer.distances, v_answer.hashes)::annex_internal.answer;
        if pg_catalog.cardinality(v_answers) > 1 then
            v_answers := array[annex_internal.merge(v_answers, pg_catalog.cardinality(index.key_columns), v_asked)];
        end if;
    end loop;
    v_found.keys := coalesce(v_answers[1].keys, '{}');
    v_found.distances := coalesce(v_answers[1].distances, '{}');
    v_found.hashes := coalesce(v_answers[1].hashes, '{}');
    v_found.exhausted := pg_catalog.cardinality(v_found.distances) < v_asked or v_asked = c_rank_max;
    return v_found;
end
$function$;
comment on function annex_internal.rank_matching(
    memory.vector_indexes, text, integer, text, text, double precision, integer, text, integer) is
    'PostgreSQL names the rows that match and may be seen, the sidecar ranks exactly those';

create or replace function annex_internal.rank_again(
    index memory.vector_indexes, query real[], given annex_internal.found, max_distance double precision)
returns annex_internal.found
language plpgsql volatile parallel restricted
as $function$
declare
    v_n integer := pg_catalog.cardinality(index.key_columns);
    v_bound double precision := case when given.exhausted then coalesce(max_distance, 'Infinity')
        else given.distances[pg_catalog.cardinality(given.distances)] end;
    v_source record;
    v_now record;
    v_keys text[];
begin
    select * into v_source from annex_internal.keyed_source(index);
    execute pg_catalog.format(
        'select pg_catalog.array_agg(%1$s) as row_keys, '
        'pg_catalog.array_agg(annex.distance(%3$L, %4$I::real[], $2)) as distances, '
        'pg_catalog.array_agg(pg_catalog.hash_array_extended(%4$I::real[], 0)) as hashes '
        'from %2$s and pg_catalog.cardinality(%4$I::real[]) = pg_catalog.cardinality($2)',
        v_source.row_key, v_source.source, index.metric, index.column_name)
        into v_now using given.keys, query;
    given := annex_internal.pick(given, v_n, v_now.row_keys);
    v_keys := given.keys;
    select pg_catalog.array_agg(c.place order by n.distance, c.place), pg_catalog.array_agg(n.distance order by n.distance, c.place),
        pg_catalog.array_agg(n.hash order by n.distance, c.place)
    into given.keys, given.distances, given.hashes
    from pg_catalog.unnest(annex_internal.row_keys(v_keys, v_n)) with ordinality c (row_key, place)
    join rows from (
        pg_catalog.unnest(v_now.row_keys), pg_catalog.unnest(v_now.distances),
        pg_catalog.unnest(v_now.hashes)) n (row_key, distance, hash) using (row_key)
    -- A row that has moved away: between it and the last candidate there may be rows that were not asked for.
    where n.distance <= v_bound;
    given.keys := array(
        select v_keys[(place::integer - 1) * v_n + i]
        from pg_catalog.unnest(given.keys) with ordinality p (place, rank) cross join pg_catalog.generate_series(1, v_n) i
        order by rank, i);
    return given;
end
$function$;
comment on function annex_internal.rank_again(memory.vector_indexes, real[], annex_internal.found, double precision) is
    'Candidates with the exact distances of the vectors that the table holds now';

create or replace function annex_internal.exact(
    target anyelement, index memory.vector_indexes, query real[], k integer, namespace text, filter text,
    max_distance double precision, with_vector boolean)
returns table (hit anyelement, distance double precision)
language plpgsql volatile parallel restricted rows 10
as $function$
#variable_conflict use_variable
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_alias text := (select pg_catalog.quote_ident(relname) from pg_catalog.pg_class where oid = v_target);
    v_columns text := (
        select pg_catalog.string_agg(case when c = index.column_name and not with_vector then 'null'
            else pg_catalog.format('%s.%I', v_alias, c) end, ', ' order by place)
        from pg_catalog.unnest(annex_internal.current_columns(v_target)) with ordinality u (c, place));
    v_dimension integer;
    v_row record;
begin
    if index.dimension = 0 then
        execute pg_catalog.format('select pg_catalog.cardinality(%1$I::real[]) from %2$s where %1$I is not null limit 1',
            index.column_name, index.table_name) into v_dimension;
        if v_dimension <> pg_catalog.cardinality(query) then
            raise exception 'expected % dimensions, not %', v_dimension, pg_catalog.cardinality(query)
                using errcode = 'data_exception',
                    hint = 'Query with a vector from the model that made the column''s vectors.';
        end if;
    end if;
    -- Rows that an index would not have (another dimension, zero under cosine, NaN, infinity) have no distance
    -- or an infinite one, and come last.
    for v_row in execute pg_catalog.format(
        $statement$select row(%1$s)::%2$s as hit, annex.distance(%3$L, %4$s.%5$I::real[], $1) as distance
        from %2$s as %4$s
        where %6$s and pg_catalog.cardinality(%4$s.%5$I::real[]) = pg_catalog.cardinality($1) and (%7$s
        )
        order by 2, %8$s limit $2$statement$,
        v_columns, index.table_name, index.metric, v_alias, index.column_name,
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, '$3') end,
        coalesce(filter, 'true'),
        (select pg_catalog.string_agg(pg_catalog.format('%s.%I', v_alias, c), ', ' order by place)
            from pg_catalog.unnest(index.key_columns) with ordinality u (c, place))) using query, k, namespace
    loop
        exit when v_row.distance is null or v_row.distance > coalesce(max_distance, 1.7e308);
        hit := v_row.hit;
        distance := v_row.distance;
        return next;
    end loop;
end
$function$;
comment on function annex_internal.exact(
    anyelement, memory.vector_indexes, real[], integer, text, text, double precision, boolean) is
    'The answer of annex.search from the table alone: every vector is looked at';

create or replace function annex.search(
    target anyelement, column_name name, query real[], k integer default 10, namespace text default null,
    filter text default null, max_distance double precision default null, ef_search integer default null,
    consistency text default null, with_vector boolean default false)
returns table (hit anyelement, distance double precision)
language plpgsql volatile parallel restricted rows 10
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    v_index memory.vector_indexes := annex_internal.find_index(pg_catalog.pg_typeof(target), column_name);
    v_query text := annex_internal.check_query(v_index, query, k, namespace, max_distance);
    v_call record;
    v_found annex_internal.found;
    v_rows record;
    v_wanted integer := k;
    v_stack text;
    v_place integer := 0;
begin
    select * into v_call from annex_internal.call_settings(ef_search, consistency);
    if filter is not null then
        perform annex_internal.check_filter(v_index, filter);
    end if;
    if v_call.consistency <> 'eventual' then
        get diagnostics v_stack = pg_context;
        if annex_internal.must_be_exact(v_index, namespace, v_stack) then
            return query select * from annex_internal.exact(
                target, v_index, query, k, namespace, filter, max_distance, with_vector);
            return;
        end if;
    end if;

    if v_index.fetch_columns <> annex_internal.current_columns(pg_catalog.to_regclass(v_index.table_name)) then
        perform annex_internal.report_failure(pg_catalog.jsonb_build_object(
            'sqlstate', '55000', 'message', pg_catalog.format('table %s has been altered', v_index.table_name),
            'hint', 'Have a superuser call annex.setup(null), which writes the fetch function anew.'), v_call.fallback);
        return query select * from annex_internal.exact(
            target, v_index, query, k, namespace, filter, max_distance, with_vector);
        return;
    end if;

    loop
        v_found := annex_internal.candidates(v_index, v_query, v_wanted, namespace, filter, max_distance,
            v_call.ef_search, v_call.consistency, v_call.timeout_ms, k);
        if v_found.failure is not null then
            perform annex_internal.report_failure(v_found.failure, v_call.fallback);
            return query select * from annex_internal.exact(
                target, v_index, query, k, namespace, filter, max_distance, with_vector);
            return;
        end if;
        execute 'select * from annex_internal.fetch_' || v_index.index_id || '($1, $2, $3, $4, $5, $6)' into v_rows
            using target, v_found.keys, v_found.distances, v_found.hashes, namespace, with_vector;
        if v_rows.stale then
            v_found := annex_internal.rank_again(v_index, query, v_found, max_distance);
            execute 'select * from annex_internal.fetch_' || v_index.index_id || '($1, $2, $3, $4, $5, $6)' into v_rows
                using target, v_found.keys, v_found.distances, v_found.hashes, namespace, with_vector;
        end if;
        exit when v_found.exhausted or coalesce(pg_catalog.cardinality(v_rows.hits), 0) >= k;
        v_wanted := v_wanted * 4;
    end loop;

    if v_rows.hits is not null then
        foreach hit in array v_rows.hits loop
            v_place := v_place + 1;
            exit when v_place > k;
            distance := v_rows.hit_distances[v_place];
            return next;
        end loop;
    end if;
end
$function$;
comment on function annex.search(
    anyelement, name, real[], integer, text, text, double precision, integer, text, boolean) is
    'The k rows whose vectors are nearest to the query, nearest first, ties by key: select (hit).*, distance from annex.search(null::docs, ''embedding'', $1). filter is an SQL condition on the table''s columns; the vector column is NULL unless with_vector.';

create or replace function annex.nearest(
    index_name text, query real[], k integer default 10, namespace text default null, filter text default null,
    max_distance double precision default null, ef_search integer default null, consistency text default null)
returns table (key jsonb, distance double precision)
language plpgsql volatile parallel restricted rows 10
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    v_index memory.vector_indexes := annex_internal.index_by_name(index_name);
begin
    return query execute pg_catalog.format(
        'select pg_catalog.jsonb_build_object(%s), s.distance from annex.search(null::%s, %L, $1, $2, $3, $4, $5, $6, $7) s',
        (select pg_catalog.string_agg(pg_catalog.format('%L, (s.hit).%I', c, c), ', ' order by place)
            from pg_catalog.unnest(v_index.key_columns) with ordinality u (c, place)),
        v_index.table_name, v_index.column_name)
        using query, k, namespace, filter, max_distance, ef_search, consistency;
end
$function$;
comment on function annex.nearest(text, real[], integer, text, text, double precision, integer, text) is
    'The keys of the k nearest rows of an index, as JSON objects, under the same rights as annex.search';
