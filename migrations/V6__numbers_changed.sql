-- An index whose rows may not be the table's gets another number, under which no sidecar serves it. What the sidecars
-- have of it they find by the number that it had first.
alter table memory.vector_indexes add column origin_id bigint;

comment on column memory.vector_indexes.origin_id is 'The number that the index had first; NULL where it has it still';
