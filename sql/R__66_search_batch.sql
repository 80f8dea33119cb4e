-- annex.search_batch: many queries in one round trip. It checks as annex.search does, asks once for all queries,
-- fetches the rows of all answers with one statement, and asks again for those queries only that lack rows. What a
-- query then needs besides, it gets by annex.search. Invoker functions that pin no search_path and qualify each name,
-- because they run with a caller's filter. Citus is present: ${citus}

create or replace function annex_internal.query_of(queries real[], ordinal integer) returns real[]
language sql immutable parallel safe
return array(
    select e.element from pg_catalog.unnest(queries[ordinal:ordinal]) with ordinality e (element, place) order by e.place);
comment on function annex_internal.query_of(real[], integer) is 'One query of a batch';

create or replace function annex_internal.explain_bad_query(index memory.vector_indexes, queries real[]) returns void
language plpgsql immutable parallel safe
as $function$
declare
    v_dimension integer := pg_catalog.array_length(queries, 2);
    v_place bigint;
    v_element real;
begin
    select e.place - 1, e.element into v_place, v_element
    from pg_catalog.unnest(queries) with ordinality e (element, place)
    where e.element is null or e.element in ('NaN', 'Infinity', '-Infinity')
        or annex_internal.is_of_bits(index.metric) and e.element::text not in ('0', '1')
    order by e.place limit 1;
    if v_place is not null then
        raise exception 'element % of query % is %', v_place % v_dimension + 1, v_place / v_dimension + 1,
                coalesce(v_element::text, 'NULL')
            using errcode = 'invalid_text_representation',
                hint = case when annex_internal.is_of_bits(index.metric)
                    then 'The column has bits: give arrays of 0 and 1.'
                    else 'Every element must be a finite number.' end;
    end if;
end
$function$;
comment on function annex_internal.explain_bad_query(memory.vector_indexes, real[]) is
    'Raises the error for a batch with NaN, infinity, NULL or, for bits, another number than 0 and 1 in it';

create or replace function annex_internal.check_queries(
    index memory.vector_indexes, queries real[], k integer, namespace text, max_distance double precision)
returns real[]
language plpgsql immutable parallel safe
as $function$
declare
    c_queries_max constant integer := 1000;
    -- What fits into one message to a sidecar, in whatever digits.
    c_elements_max constant integer := 500000;
    c_rows_max constant integer := 100000;
    v_queries bigint := pg_catalog.array_length(queries, 1);
    v_dimension integer := pg_catalog.array_length(queries, 2);
    v_zero integer;
begin
    if queries is null then
        raise exception 'queries is NULL'
            using errcode = 'null_value_not_allowed', hint = 'Give an array of vectors.';
    end if;
    if pg_catalog.cardinality(queries) = 0 then
        raise exception 'queries is empty'
            using errcode = 'invalid_parameter_value', hint = 'Give at least one vector.';
    end if;
    if pg_catalog.array_ndims(queries) <> 2 then
        raise exception 'queries has % as an array, expected 2', case pg_catalog.array_ndims(queries) when 1
                then '1 dimension' else pg_catalog.array_ndims(queries) || ' dimensions' end
            using errcode = 'invalid_text_representation',
                hint = 'Give an array of vectors, as in array[$1, $2]. For one query there is annex.search.';
    end if;
    if v_queries > c_queries_max then
        raise exception 'the batch has % queries, allowed are %', v_queries, c_queries_max
            using errcode = 'invalid_parameter_value', hint = 'Give them in several batches.';
    end if;
    if v_queries * v_dimension > c_elements_max then
        raise exception '% queries of % dimensions have % elements, allowed are % in a batch',
                v_queries, v_dimension, v_queries * v_dimension, c_elements_max
            using errcode = 'invalid_parameter_value',
                hint = pg_catalog.format('Give at most %s of them at once.', c_elements_max / v_dimension);
    end if;
    if v_queries * k > c_rows_max then
        raise exception '% queries with k = % ask for % rows, allowed are % in a batch',
                v_queries, k, v_queries * k, c_rows_max
            using errcode = 'invalid_parameter_value', hint = 'Give fewer queries at once, or lower k.';
    end if;
    if pg_catalog.array_lower(queries, 1) <> 1 or pg_catalog.array_lower(queries, 2) <> 1 then
        queries := queries[:][:];
    end if;
    -- The array's binary form says in its eighth byte whether there may be a NULL in it.
    if pg_catalog.get_byte(pg_catalog.array_send(queries), 7) = 1
            or queries && '{NaN,Infinity,-Infinity}'
            or annex_internal.is_of_bits(index.metric) and not queries <@ '{0,1}' then
        perform annex_internal.explain_bad_query(index, queries);
    end if;
    if index.metric = 'cosine' then
        select i into v_zero from pg_catalog.generate_series(1, v_queries::integer) i
        where queries[i:i] <@ '{0}' order by i limit 1;
        if v_zero is not null then
            raise exception 'query % is a zero vector, which has no cosine distance', v_zero
                using errcode = 'invalid_text_representation',
                    hint = pg_catalog.format('All %s elements of it are 0.', v_dimension);
        end if;
    end if;
    perform annex_internal.check_query(index, annex_internal.query_of(queries, 1), k, namespace, max_distance);
    return queries;
end
$function$;
comment on function annex_internal.check_queries(memory.vector_indexes, real[], integer, text, double precision) is
    'Checks the arguments of a batch; gives the queries, numbered from 1';

create or replace function annex_internal.queries_json(queries real[], ordinals integer[]) returns text
language plpgsql immutable parallel safe
as $function$
begin
    if pg_catalog.cardinality(ordinals) < pg_catalog.array_length(queries, 1) then
        return (
            select '[' || pg_catalog.string_agg(pg_catalog.replace(pg_catalog.replace(
                queries[o:o]::text, '{{', '['), '}}', ']'), ',' order by place) || ']'
            from pg_catalog.unnest(ordinals) with ordinality u (o, place));
    end if;
    return pg_catalog.replace(pg_catalog.replace(queries::text, '{', '['), '}', ']');
end
$function$;
comment on function annex_internal.queries_json(real[], integer[]) is 'Some queries of a batch, in ascending order, as JSON';

create or replace function annex_internal.ask_in_parts(
    index memory.vector_indexes, operation text, queries real[], asked_for integer[], k integer, ef integer,
    namespace text, max_distance double precision, consistency text, timeout_ms integer, row_keys text, filter text,
    out ordinals integer[], out keys text[], out distances double precision[], out hashes bigint[], out failure jsonb)
language plpgsql volatile parallel restricted
as $function$
declare
    -- Rows that a sidecar gives at once.
    c_rows_max constant integer := 100000;
    v_size integer := greatest(1, c_rows_max / k);
    v_part integer[];
    v_answer record;
begin
    for v_first in 1 .. pg_catalog.cardinality(asked_for) by v_size loop
        v_part := asked_for[v_first : v_first + v_size - 1];
        select * into v_answer from annex_internal.ask_batch(index.index_id, operation,
            annex_internal.queries_json(queries, v_part), k, ef, namespace, max_distance, consistency, timeout_ms,
            row_keys, filter);
        if v_answer.failure is not null then
            failure := v_answer.failure;
            return;
        end if;
        ordinals := ordinals || array(
            select v_part[o] from pg_catalog.unnest(v_answer.ordinals) with ordinality u (o, place) order by place);
        keys := keys || v_answer.keys;
        distances := distances || v_answer.distances;
        hashes := hashes || v_answer.hashes;
    end loop;
end
$function$;
comment on function annex_internal.ask_in_parts(
    memory.vector_indexes, text, real[], integer[], integer, integer, text, double precision, text, integer, text, text) is
    'Asks the sidecars for some queries of a batch, by as few requests as the limit on rows allows: mostly one';

create or replace function annex_internal.candidates_of_each(
    index memory.vector_indexes, queries real[], asked_for integer[], wanted integer, namespace text, filter text,
    max_distance double precision, ef_search integer, consistency text, timeout_ms integer, k integer,
    out ordinals integer[], out keys text[], out distances double precision[], out hashes bigint[],
    out asked integer, out failure jsonb)
language plpgsql volatile parallel restricted
as $function$
declare
    c_chunk constant integer := 10000;
    c_rows_max constant integer := 100000;
    -- Beyond so many neighbours for one answer, PostgreSQL names the matching rows and the sidecar ranks those.
    c_examined_max constant integer := greatest(2000, 8 * k);
    v_answer record;
    v_chunk record;
begin
    asked := wanted;
    if filter is not null and wanted <= c_rows_max and annex_internal.may_filter_inside(index) then
        select * into v_answer from annex_internal.ask_in_parts(index, 'search_batch', queries, asked_for, asked,
            ef_search, namespace, max_distance, consistency, timeout_ms, null, filter);
        if v_answer.failure ->> 'sqlstate' is distinct from '0A000' then
            ordinals := v_answer.ordinals;
            keys := v_answer.keys;
            distances := v_answer.distances;
            hashes := v_answer.hashes;
            failure := v_answer.failure;
            return;
        end if;
    end if;
    if filter is not null then
        asked := 4 * wanted + 40;
        if not annex_internal.is_distributed(pg_catalog.to_regclass(index.table_name)) then
            asked := least(2147483647, greatest(2 * wanted, 1.5 * wanted
                * greatest(annex_internal.estimate(index, namespace, 'true'), 1)
                / greatest(annex_internal.estimate(index, namespace, filter), 0.5)));
        end if;
    end if;
    if asked <= c_examined_max then
        select a.ordinals, a.keys, a.distances, a.hashes, a.failure into ordinals, keys, distances, hashes, failure
        from annex_internal.ask_in_parts(index, 'search_batch', queries, asked_for, asked, ef_search, namespace,
            max_distance, consistency, timeout_ms, null, null) a;
        return;
    end if;

    asked := least(wanted, c_rows_max);
    for v_chunk in execute annex_internal.matching_keys_sql(index, namespace, filter, c_chunk) using namespace loop
        select * into v_answer from annex_internal.ask_in_parts(index, 'rank_batch', queries, asked_for, asked,
            ef_search, namespace, max_distance, consistency, timeout_ms, v_chunk.keys, null);
        if v_answer.failure is not null then
            failure := v_answer.failure;
            return;
        end if;
        select n.ordinals, n.keys, n.distances, n.hashes into ordinals, keys, distances, hashes
        from annex_internal.nearest_of_each(ordinals || v_answer.ordinals, keys || v_answer.keys,
            distances || v_answer.distances, hashes || v_answer.hashes,
            pg_catalog.cardinality(index.key_columns), asked) n;
    end loop;
    if asked = c_rows_max then
        asked := asked + 1;
    end if;
end
$function$;
comment on function annex_internal.candidates_of_each(
    memory.vector_indexes, real[], integer[], integer, text, text, double precision, integer, text, integer, integer) is
    'As annex_internal.candidates for some queries of a batch, the filter still to be applied; a query with fewer answers than asked has no others';

create or replace function annex_internal.fetch_of_each(
    target anyelement, index memory.vector_indexes, ordinals integer[], keys text[], distances double precision[],
    hashes bigint[], asked integer, k integer, filter text, with_vector boolean,
    out fetched integer[], out hits anyarray, out hit_distances double precision[], out stale integer[],
    out lacking integer[])
language plpgsql volatile parallel restricted
as $function$
#variable_conflict use_variable
declare
    v_n integer := pg_catalog.cardinality(index.key_columns);
    v_alias name := (select relname from pg_catalog.pg_class where oid = pg_catalog.to_regclass(index.table_name));
    v_ordered text := (
        select pg_catalog.string_agg(pg_catalog.format('%I.%I', v_alias, c), ', ' order by place)
        from pg_catalog.unnest(index.key_columns) with ordinality u (c, place));
    v_source record;
    v_candidates text[] := annex_internal.row_keys(keys, v_n);
    v_rows text[];
    v_row_hashes bigint[];
begin
    select * into v_source from annex_internal.keyed_source(index);
    -- Each row once, however many queries it answers; in the order of keys, for ties.
    execute pg_catalog.format(
        E'select pg_catalog.array_agg(row(%1$s)::%2$s order by %3$s), pg_catalog.array_agg(%4$s order by %3$s), '
        'pg_catalog.array_agg(%5$s order by %3$s) from %6$s and (%7$s\n)',
        annex_internal.column_list(index, v_alias, with_vector), index.table_name, v_ordered, v_source.row_key,
        annex_internal.hash_sql(index.metric, pg_catalog.format('%I.%I', v_alias, index.column_name)), v_source.source,
        coalesce(filter, 'true'))
        into hits, v_rows, v_row_hashes using array(
            select e.element
            from (
                select pg_catalog.min(c.place) as place
                from pg_catalog.unnest(v_candidates) with ordinality c (row_key, place) group by c.row_key) d
            join pg_catalog.unnest(keys) with ordinality e (element, place) on d.place = (e.place - 1) / v_n + 1
            order by e.place);

    select coalesce(pg_catalog.array_agg(s.ordinal) filter (where s.is_stale), '{}'),
        coalesce(pg_catalog.array_agg(s.ordinal) filter (where not s.is_stale and s.rows < k and s.answers >= asked), '{}')
    into stale, lacking
    from (
        select c.ordinal, pg_catalog.count(*) as answers, pg_catalog.count(f.row_key) as rows,
            pg_catalog.bool_or(f.row_key is not null and f.hash is distinct from c.hash) as is_stale
        from rows from (
            pg_catalog.unnest(ordinals), pg_catalog.unnest(hashes), pg_catalog.unnest(v_candidates))
            c (ordinal, hash, row_key)
        left join rows from (pg_catalog.unnest(v_rows), pg_catalog.unnest(v_row_hashes)) f (row_key, hash)
            using (row_key)
        group by c.ordinal) s;

    -- In the list of columns unnest gives rows whole. Subscripts would each walk through the array from its beginning.
    select pg_catalog.array_agg(r.ordinal order by r.ordinal, r.rank),
        pg_catalog.array_agg(r.hit order by r.ordinal, r.rank),
        pg_catalog.array_agg(r.distance order by r.ordinal, r.rank)
    into fetched, hits, hit_distances
    from (
        select c.ordinal, c.distance, f.hit,
            pg_catalog.row_number() over (partition by c.ordinal order by c.distance, f.place) as rank
        from rows from (
            pg_catalog.unnest(ordinals), pg_catalog.unnest(distances), pg_catalog.unnest(v_candidates))
            c (ordinal, distance, row_key)
        join (
            select pg_catalog.unnest(hits) as hit, pg_catalog.unnest(v_rows) as row_key,
                pg_catalog.generate_subscripts(v_rows, 1) as place) f using (row_key)
        where c.ordinal <> all (stale || lacking)) r
    where r.rank <= k;
end
$function$;
comment on function annex_internal.fetch_of_each(
    anyelement, memory.vector_indexes, integer[], text[], double precision[], bigint[], integer, integer, text, boolean) is
    'The rows of the queries'' candidates that match and may be seen, k for each; which queries lack rows that there may be, and which have one with another vector than the index had';

create or replace function annex_internal.search_round(
    target anyelement, index memory.vector_indexes, queries real[], asked_for integer[], wanted integer, k integer,
    namespace text, filter text, max_distance double precision, ef_search integer, consistency text,
    timeout_ms integer, fallback text, with_vector boolean)
returns table (ordinal integer, place integer, hit anyelement, distance double precision)
language plpgsql volatile parallel restricted
as $function$
#variable_conflict use_variable
declare
    v_failure jsonb;
    v_found record;
    v_rows record;
begin
    if index.fetch_columns <> annex_internal.current_columns(pg_catalog.to_regclass(index.table_name)) then
        v_failure := annex_internal.failure_of_table(index.index_id);
    end if;
    if v_failure is null then
        select * into v_found from annex_internal.candidates_of_each(index, queries, asked_for, wanted, namespace, filter,
            max_distance, ef_search, consistency, timeout_ms, k);
        v_failure := v_found.failure;
    end if;
    if v_failure is not null then
        perform annex_internal.report_failure(v_failure, fallback);
        return query select * from annex_internal.exact_of_each(
            target, index, queries, asked_for, k, namespace, filter, max_distance, with_vector);
        return;
    end if;
    if coalesce(pg_catalog.cardinality(v_found.ordinals), 0) = 0 then
        return;
    end if;
    select * into v_rows from annex_internal.fetch_of_each(target, index, v_found.ordinals, v_found.keys,
        v_found.distances, v_found.hashes, v_found.asked, k, filter, with_vector);
    if v_rows.hits is not null then
        place := 0;
        foreach hit in array v_rows.hits loop
            place := place + 1;
            ordinal := v_rows.fetched[place];
            distance := v_rows.hit_distances[place];
            return next;
        end loop;
    end if;
    if pg_catalog.cardinality(v_rows.lacking) > 0 then
        return query select * from annex_internal.search_round(target, index, queries,
            array(select o from pg_catalog.unnest(v_rows.lacking) o order by o), 4 * wanted, k, namespace, filter,
            max_distance, ef_search, consistency, timeout_ms, fallback, with_vector);
    end if;
    foreach ordinal in array v_rows.stale loop
        return query select ordinal, s.place::integer, s.hit, s.distance
            from annex.search(target, index.column_name, annex_internal.query_of(queries, ordinal), k, namespace,
                filter, max_distance, ef_search, consistency, with_vector)
            with ordinality s (hit, distance, place);
    end loop;
end
$function$;
comment on function annex_internal.search_round(
    anyelement, memory.vector_indexes, real[], integer[], integer, integer, text, text, double precision, integer, text,
    integer, text, boolean) is
    'Answers some queries of a batch; those that lack rows by a round with more candidates, and those whose rows change meanwhile alone';

create or replace function annex_internal.exact_of_each(
    target anyelement, index memory.vector_indexes, queries real[], asked_for integer[], k integer, namespace text,
    filter text, max_distance double precision, with_vector boolean)
returns table (ordinal integer, place integer, hit anyelement, distance double precision)
language plpgsql volatile parallel restricted
as $function$
#variable_conflict use_variable
begin
    foreach ordinal in array asked_for loop
        return query select ordinal, e.place::integer, e.hit, e.distance
            from annex_internal.exact(target, index, annex_internal.query_of(queries, ordinal), k, namespace, filter,
                max_distance, with_vector)
            with ordinality e (hit, distance, place);
    end loop;
end
$function$;
comment on function annex_internal.exact_of_each(
    anyelement, memory.vector_indexes, real[], integer[], integer, text, text, double precision, boolean) is
    'The answers of a batch from the table alone';

create or replace function annex.search_batch(
    target anyelement, column_name name, queries real[], k integer default 10, namespace text default null,
    filter text default null, max_distance double precision default null, ef_search integer default null,
    consistency text default null, with_vector boolean default false)
returns table (ordinal integer, hit anyelement, distance double precision)
-- A parallel query may not prepare a statement, nor start a subtransaction before PostgreSQL 17.
language plpgsql volatile parallel unsafe rows 100
set citus.allow_nested_distributed_execution to on
as $function$
#variable_conflict use_variable
declare
    -- First of all, because what follows reads a distributed table itself.
    v_may_have_written boolean := annex_internal.in_distributed_transaction();
    v_index memory.vector_indexes := annex_internal.find_index(pg_catalog.pg_typeof(target), column_name);
    v_queries real[] := annex_internal.check_queries(v_index, queries, k, namespace, max_distance);
    v_all integer[] := array(select pg_catalog.generate_series(1, pg_catalog.array_length(queries, 1)));
    v_call record;
begin
    select * into v_call from annex_internal.prepare_search(
        v_index, v_may_have_written, filter, namespace, ef_search, consistency);
    if v_call.must_be_exact then
        return query select e.ordinal, e.hit, e.distance
            from annex_internal.exact_of_each(
                target, v_index, v_queries, v_all, k, v_call.namespace, filter, max_distance, with_vector) e;
        return;
    end if;
    return query select r.ordinal, r.hit, r.distance
        from annex_internal.search_round(target, v_index, v_queries, v_all, k, k, v_call.namespace, filter, max_distance,
            v_call.ef_search, v_call.consistency, v_call.timeout_ms, v_call.fallback, with_vector) r
        order by r.ordinal, r.place;
end
$function$;
comment on function annex.search_batch(
    anyelement, name, real[], integer, text, text, double precision, integer, text, boolean) is
    'annex.search for up to 1,000 queries in one round trip: select ordinal, (hit).*, distance from annex.search_batch(null::docs, ''embedding'', array[$1, $2]). ordinal is the number of the query, from 1; rows come by ordinal, then nearest first.';
