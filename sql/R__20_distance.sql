-- Exact distances in double precision: what the sidecar's answers are measured against, and what answers when
-- no sidecar may. Citus is present: ${citus}

create or replace function annex.distance(metric text, a real[], b real[]) returns double precision
language plpgsql immutable strict parallel safe
as $function$
begin
    if cardinality(a) <> cardinality(b) then
        raise exception 'expected % dimensions, not %', cardinality(a), cardinality(b)
            using errcode = 'data_exception', hint = 'Both vectors must come from the same model.';
    end if;
    case metric
        when 'cosine' then
            return (
                -- Rounding may leave a cosine a little outside -1 to 1; NaN has to stay NaN.
                select case when cosine = 'NaN' then cosine else 1 - greatest(-1, least(1, cosine)) end
                from (
                    select sum(x * y) / sqrt(sum(x * x) * sum(y * y))
                    from (select x::double precision, y::double precision from unnest(a, b) u (x, y)) u
                    having sum(x * x) * sum(y * y) > 0) c (cosine));
        when 'l2' then
            return (
                select coalesce(sqrt(sum(d * d)), 0)
                from (select x::double precision - y::double precision from unnest(a, b) u (x, y)) u (d));
        when 'ip' then
            return (
                select coalesce(-sum(x::double precision * y::double precision), 0) from unnest(a, b) u (x, y));
        when 'l1' then
            return (
                select coalesce(sum(abs(x::double precision - y::double precision)), 0)
                from unnest(a, b) u (x, y));
        when 'hamming', 'jaccard' then
            raise exception 'metric % is one of bits', metric
                using errcode = 'datatype_mismatch', hint = 'Use annex.bit_distance.';
        else
            raise exception 'unknown metric "%"', metric
                using errcode = 'invalid_parameter_value', hint = 'Use cosine, l2, ip or l1.';
    end case;
end
$function$;
comment on function annex.distance(text, real[], real[]) is
    'Exact distance of two vectors: cosine (1 - cos, NULL for a zero vector), l2, ip (negative inner product), l1';

-- Of another name than annex.distance: with two functions of one name, a call with untyped literals would be
-- ambiguous. For the same reason annex.search has no form for bits.
create or replace function annex.bit_distance(metric text, a bit varying, b bit varying) returns double precision
language plpgsql immutable strict parallel safe
as $function$
begin
    if length(a) <> length(b) then
        raise exception 'expected % dimensions, not %', length(a), length(b)
            using errcode = 'data_exception', hint = 'Both vectors must have the same number of bits.';
    end if;
    case metric
        when 'hamming' then
            return bit_count(a # b);
        when 'jaccard' then
            return case when bit_count(a & b) = 0 then 1
                else 1 - bit_count(a & b) / bit_count(a | b)::double precision end;
        else
            raise exception 'metric "%" is not one of bits', metric
                using errcode = 'invalid_parameter_value', hint = 'Use hamming or jaccard.';
    end case;
end
$function$;
comment on function annex.bit_distance(text, bit varying, bit varying) is
    'Exact distance of two bit strings: hamming (bits that differ), jaccard (1 - common ones / ones of either; 1 without common ones)';

create or replace function annex.bits(vector bit varying) returns real[]
language sql immutable strict parallel safe
return string_to_array(vector::text, null)::real[];
comment on function annex.bits(bit varying) is
    'A bit string as the query of annex.search: annex.search(null::prints, ''code'', annex.bits(b''1011''))';

create or replace function annex_internal.to_bits(vector real[]) returns bit varying
language plpgsql immutable strict parallel safe
as $function$
begin
    return array_to_string(vector, '')::bit varying;
end
$function$;
comment on function annex_internal.to_bits(real[]) is 'The opposite of annex.bits; every element is 0 or 1';

create or replace function annex_internal.is_of_bits(metric text) returns boolean
language sql immutable parallel safe
return metric in ('hamming', 'jaccard');
comment on function annex_internal.is_of_bits(text) is 'Whether the metric is one of bits, and not of numbers';

create or replace function annex_internal.distance_sql(metric text, vector_sql text, query_sql text) returns text
language sql immutable parallel safe
return case when annex_internal.is_of_bits(metric)
    then pg_catalog.format('annex.bit_distance(%L, %s, annex_internal.to_bits(%s))', metric, vector_sql, query_sql)
    else pg_catalog.format('annex.distance(%L, %s::real[], %s)', metric, vector_sql, query_sql) end;
comment on function annex_internal.distance_sql(text, text, text) is
    'SQL for the distance of a column''s value from a query that is a real[]';

create or replace function annex_internal.dimension_sql(metric text, vector_sql text) returns text
language sql immutable parallel safe
return pg_catalog.format(case when annex_internal.is_of_bits(metric) then 'pg_catalog.length(%1$s)'
    -- One inside the other: array_position fails for arrays of arrays.
    else 'case when pg_catalog.array_ndims(%1$s::real[]) = 1 then '
        'case when pg_catalog.array_position(%1$s::real[], null) is null then pg_catalog.cardinality(%1$s::real[]) end end' end,
    vector_sql);
comment on function annex_internal.dimension_sql(text, text) is
    'SQL for the number of elements of a column''s value; NULL for an array that is no vector, of arrays or with a NULL in it';

create or replace function annex_internal.hash_sql(metric text, vector_sql text) returns text
language sql immutable parallel safe
return pg_catalog.format(case when annex_internal.is_of_bits(metric)
    then 'pg_catalog.hashtextextended(%s::text, 0)' else 'pg_catalog.hash_array_extended(%s::real[], 0)' end, vector_sql);
comment on function annex_internal.hash_sql(text, text) is
    'SQL for the hash by which a column''s value is recognised as the indexed one; PostgreSQL has none of bits, so of their text';
