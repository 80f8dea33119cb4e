-- Codes, further metrics and methods, and columns that sidecars keep to filter by.
alter table memory.vector_indexes
    add column quantization text not null default 'auto'
        check (quantization in ('auto', 'none', 'sq8', 'rabitq', 'pq')),
    add column include name[] not null default '{}',
    add column include_numbers smallint[] not null default '{}';

alter table memory.vector_indexes drop constraint vector_indexes_metric_check;
alter table memory.vector_indexes add constraint vector_indexes_metric_check
    check (metric in ('cosine', 'l2', 'ip', 'l1', 'hamming', 'jaccard'));

alter table memory.vector_indexes drop constraint vector_indexes_method_check;
alter table memory.vector_indexes add constraint vector_indexes_method_check
    check (method in ('auto', 'hnsw', 'flat', 'ivfpq'));

alter table memory.vector_indexes drop constraint vector_indexes_m_check;
alter table memory.vector_indexes add constraint vector_indexes_m_check check (m between 0 and 2000);

alter table memory.vector_indexes drop constraint vector_indexes_dimension_check;
alter table memory.vector_indexes add constraint vector_indexes_dimension_check check (dimension between 0 and 64000);

comment on column memory.vector_indexes.m is 'Links per node of the graph (Malkov and Yashunin, arXiv 1603.09320); with method ivfpq segments of a code, 0 where the sidecar chooses';
comment on column memory.vector_indexes.quantization is 'Codes by which candidates are found, before exact distances decide';
comment on column memory.vector_indexes.include is 'Columns that the sidecars keep, to filter by them inside the search';
comment on column memory.vector_indexes.include_numbers is
    'Their numbers in the table: a column that was dropped and added again is another one';

-- It returns more columns now; annex.setup grants it again.
drop function if exists annex.local_shards();

-- It takes a filter now.
drop function if exists annex_internal.ask(
    bigint, text, text, integer, integer, text, double precision, text, integer, text);
