-- What does not change when a table or column is renamed, so that the catalog can follow. Numbers of the
-- coordinator: on other nodes a table has another OID.
alter table memory.vector_indexes
    add column table_oid oid,
    add column column_number smallint,
    add column namespace_number smallint,
    add column key_numbers smallint[];

comment on column memory.vector_indexes.table_oid is 'The table on the coordinator, by which it is known again under another name; NULL where nobody has looked yet';
comment on column memory.vector_indexes.column_number is 'Number of the vector column in it';
comment on column memory.vector_indexes.namespace_number is 'Number of the namespace column, if there is one';
comment on column memory.vector_indexes.key_numbers is 'Numbers of the key columns';
