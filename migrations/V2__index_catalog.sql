-- The index catalog. Every node of a Citus cluster has it, so that each sidecar reads it beside its own
-- worker and a function that Citus runs on a worker finds it there: tables are known by name, since their
-- OIDs differ from node to node.
create sequence memory.vector_index_id;

create table memory.vector_indexes (
    index_id         bigint primary key,
    index_name       text not null unique,
    table_name       text not null,
    column_name      name not null,
    metric           text not null check (metric in ('cosine', 'l2', 'ip', 'l1')),
    method           text not null check (method in ('auto', 'hnsw', 'flat')),
    namespace_column name,
    namespace_routes boolean not null default false,
    key_columns      name[] not null check (cardinality(key_columns) > 0),
    dimension        integer not null default 0 check (dimension between 0 and 16000),
    m                integer not null default 16 check (m between 4 and 100),
    ef_construction  integer not null default 200 check (ef_construction between 8 and 2000),
    options          jsonb not null default '{}',
    fetch_columns    name[] not null,
    created_at       timestamptz not null default now()
);

create index vector_indexes_table on memory.vector_indexes (table_name, column_name);

comment on sequence memory.vector_index_id is 'Numbers of indexes; a number is never given twice, so a recreated index is another one';
comment on table memory.vector_indexes is 'The index catalog: one row per index, written by annex.create_index and annex.drop_index';
comment on column memory.vector_indexes.table_name is 'Schema-qualified and quoted, the same on every node';
comment on column memory.vector_indexes.namespace_column is 'Column whose text is the namespace of a row, if there is one';
comment on column memory.vector_indexes.namespace_routes is 'Whether the namespace column is the distribution column, so that a namespace lies in one shard';
comment on column memory.vector_indexes.key_columns is 'Columns of the replica identity, in key order';
comment on column memory.vector_indexes.dimension is 'Elements of every vector; 0 where it was not known when the index was created';
comment on column memory.vector_indexes.m is 'Links per node of the graph (Malkov and Yashunin, arXiv 1603.09320)';
comment on column memory.vector_indexes.ef_construction is 'Candidates looked at when a node is linked';
comment on column memory.vector_indexes.fetch_columns is 'Columns of the table when the fetch function was generated; other columns now mean that it is bypassed';

grant select on memory.vector_indexes to public;
