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
        else
            raise exception 'unknown metric "%"', metric
                using errcode = 'invalid_parameter_value', hint = 'Use cosine, l2, ip or l1.';
    end case;
end
$function$;
comment on function annex.distance(text, real[], real[]) is
    'Exact distance of two vectors: cosine (1 - cos, NULL for a zero vector), l2, ip (negative inner product), l1';
