-- Which rows may be the answer. Without a filter those are the sidecar's neighbours. With one over included columns
-- the sidecar filters itself. With any other, either neighbours stream in growing batches and are filtered in SQL,
-- or PostgreSQL names the matching rows and the sidecar ranks exactly those: whichever the planner's estimate, and
-- then what was seen, says is less work. In each case the rows are filtered in SQL in the end. Citus is present: ${citus}

do $type$
begin
    if to_regtype('annex_internal.found') is null then
        create type annex_internal.found as (
            keys text[], distances double precision[], hashes bigint[], exhausted boolean, failure jsonb);
    end if;
    comment on type annex_internal.found is 'Candidates, nearest first: key columns'' texts row by row; exhausted if there are no others';
end
$type$;

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
            pg_catalog.format_type(annex_internal.base_type(a.atttypid), -1)) order by k.place),
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
        pg_catalog.format_type(annex_internal.base_type(a.atttypid), -1))
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = index.namespace_column
    where c.oid = pg_catalog.to_regclass(index.table_name));
comment on function annex_internal.namespace_condition(memory.vector_indexes, text) is 'SQL for "the row is in the namespace"';

create or replace function annex_internal.namespace_text(index memory.vector_indexes, namespace text) returns text
language plpgsql stable parallel restricted
as $function$
declare
    v_type oid := (
        select annex_internal.base_type(a.atttypid) from pg_catalog.pg_attribute a
        where a.attrelid = pg_catalog.to_regclass(index.table_name) and a.attname = index.namespace_column);
    v_text text := namespace;
begin
    if v_type is null then
        raise exception 'namespace column "%" of % is gone', index.namespace_column, index.table_name
            using errcode = 'undefined_column', hint = 'Drop the index and create it again, with another namespace_column.';
    end if;
    -- Sidecars compare texts, and a value of another type has more than one: 't' and 'true', '7' and '07'.
    if v_type not in ('text'::pg_catalog.regtype, 'varchar'::pg_catalog.regtype) then
        execute 'select ' || annex_internal.key_text(
            '$1::' || pg_catalog.format_type(v_type, -1), v_type) into v_text using namespace;
    end if;
    return v_text;
end
$function$;
comment on function annex_internal.namespace_text(memory.vector_indexes, text) is
    'A namespace as sidecars write it, whatever spelling of its value was given';

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
    if filter !~ '\S' then
        raise exception 'filter is empty' using errcode = 'syntax_error', hint = 'Give NULL, or no filter, for all rows.';
    end if;
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

create or replace function annex_internal.may_filter_inside(index memory.vector_indexes) returns boolean
language plpgsql stable parallel restricted
as $function$
begin
    -- A sidecar reads a filter as PostgreSQL does by default. What the session has made mean something else,
    -- by a setting, an operator or a type of its own, is left to SQL.
    return pg_catalog.cardinality(index.include) > 0
        and not pg_catalog.row_security_active(pg_catalog.to_regclass(index.table_name))
        and pg_catalog.current_setting('standard_conforming_strings') = 'on'
        and pg_catalog.current_setting('array_nulls') = 'on'
        and pg_catalog.current_setting('server_encoding') = 'UTF8'
        and pg_catalog.strpos(pg_catalog.current_setting('search_path'), 'pg_catalog') <= 1
        and not exists (
            -- Those of extensions and users; on types of PostgreSQL's own.
            select from pg_catalog.pg_operator o
            where o.oid >= 16384 and o.oprleft < 16384 and o.oprright < 16384
                and o.oprname in ('=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '&&', '@>', '<@'))
        and (pg_catalog.pg_my_temp_schema() = 0 or not exists (
            select from pg_catalog.pg_type t
            where t.typnamespace = pg_catalog.pg_my_temp_schema()
                and t.typname in ('date', 'uuid', 'text', 'timestamptz', 'int2', 'int4', 'int8', 'float4', 'float8', 'bool')));
end
$function$;
comment on function annex_internal.may_filter_inside(memory.vector_indexes) is
    'Whether a filter over included columns may mean the same to a sidecar as to this session';

create or replace function annex_internal.filtered_inside(
    index memory.vector_indexes, query text, wanted integer, namespace text, filter text,
    max_distance double precision, ef_search integer, consistency text, timeout_ms integer)
returns annex_internal.found
language plpgsql volatile parallel restricted
as $function$
declare
    -- What a sidecar gives at once.
    c_batch_max constant bigint := 100000;
    v_found annex_internal.found;
    v_batch bigint := wanted;
    v_source record;
    v_passing text[];
begin
    while v_batch <= c_batch_max loop
        select a.keys, a.distances, a.hashes, a.failure, coalesce(pg_catalog.cardinality(a.distances), 0) < v_batch
        into v_found.keys, v_found.distances, v_found.hashes, v_found.failure, v_found.exhausted
        from annex_internal.ask(index.index_id, 'search', query, v_batch::integer, ef_search, namespace,
            max_distance, consistency, timeout_ms, null, filter) a;
        if v_found.failure is not null or coalesce(pg_catalog.cardinality(v_found.distances), 0) = 0 then
            return v_found;
        end if;
        -- Rows may have changed since, and there may be values that the sidecar does not keep.
        select * into v_source from annex_internal.keyed_source(index);
        execute pg_catalog.format(E'select pg_catalog.array_agg(%s) from %s and (%s\n)', v_source.row_key, v_source.source, filter)
            into v_passing using v_found.keys;
        if coalesce(pg_catalog.cardinality(v_passing), 0) = pg_catalog.cardinality(v_found.distances) then
            return v_found;
        end if;
        if coalesce(pg_catalog.cardinality(v_passing), 0) >= wanted or v_found.exhausted then
            return annex_internal.pick(v_found, pg_catalog.cardinality(index.key_columns), v_passing);
        end if;
        v_batch := 4 * v_batch;
    end loop;
    v_found.failure := pg_catalog.jsonb_build_object('sqlstate', '0A000', 'message', 'too many rows have changed');
    return v_found;
end
$function$;
comment on function annex_internal.filtered_inside(
    memory.vector_indexes, text, integer, text, text, double precision, integer, text, integer) is
    'At least so many nearest rows that match, or all: found by the sidecar, whose filter is not believed but repeated on the rows; a failure 0A000 where the sidecar leaves the filter to SQL';

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
        if annex_internal.may_filter_inside(index) then
            v_found := annex_internal.filtered_inside(index, query, wanted, namespace, filter, max_distance,
                ef_search, consistency, timeout_ms);
            if v_found.failure ->> 'sqlstate' is distinct from '0A000' then
                return v_found;
            end if;
        end if;
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
            consistency, timeout_ms, null, null) a;
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

create or replace function annex_internal.matching_keys_sql(
    index memory.vector_indexes, namespace text, filter text, chunk integer) returns text
language plpgsql stable parallel restricted
as $function$
declare
    v_target regclass := pg_catalog.to_regclass(index.table_name);
    v_name name := (select relname from pg_catalog.pg_class where oid = v_target);
    v_texts text;
begin
    select pg_catalog.string_agg(annex_internal.key_text(
        pg_catalog.format('%I.%I', v_name, k.name), annex_internal.base_type(a.atttypid)), ', ' order by k.place)
    into v_texts
    from pg_catalog.unnest(index.key_columns) with ordinality k (name, place)
    join pg_catalog.pg_attribute a on a.attrelid = v_target and a.attname = k.name;
    return pg_catalog.format(
        $statement$select '[' || pg_catalog.string_agg(row_key, ',') || ']' as keys
        from (
            select pg_catalog.json_build_array(%s)::text as row_key, (pg_catalog.row_number() over () - 1) / %s as chunk
            from %s as %I where %s and (%s
            )) matching
        group by chunk$statement$,
        v_texts, chunk, index.table_name, v_name,
        case when namespace is null then 'true' else annex_internal.namespace_condition(index, '$1') end,
        coalesce(filter, 'true'));
end
$function$;
comment on function annex_internal.matching_keys_sql(memory.vector_indexes, text, text, integer) is
    'SQL for the keys of the rows that match and may be seen, as JSON arrays of so many; $1 is the namespace';

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
    v_asked integer := least(wanted, c_rank_max);
    v_answers annex_internal.answer[] := '{}';
    v_answer record;
    v_found annex_internal.found;
    v_chunk record;
begin
    for v_chunk in execute annex_internal.matching_keys_sql(index, namespace, filter, c_chunk) using namespace
    loop
        select * into v_answer from annex_internal.ask(index.index_id, 'rank', query, v_asked, ef_search, namespace,
            max_distance, consistency, timeout_ms, v_chunk.keys, null);
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
    v_vector text := pg_catalog.quote_ident(index.column_name);
    v_source record;
    v_now record;
    v_keys text[];
begin
    select * into v_source from annex_internal.keyed_source(index);
    execute pg_catalog.format(
        'select pg_catalog.array_agg(%1$s) as row_keys, '
        'pg_catalog.array_agg(%3$s) as distances, pg_catalog.array_agg(%4$s) as hashes '
        'from %2$s and %5$s = pg_catalog.cardinality($2)',
        v_source.row_key, v_source.source, annex_internal.distance_sql(index.metric, v_vector, '$2'),
        annex_internal.hash_sql(index.metric, v_vector), annex_internal.dimension_sql(index.metric, v_vector))
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
