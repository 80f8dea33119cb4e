-- After the migrations: the sidecar's role, and where the sidecar is. Can be run again.
\set ON_ERROR_STOP on
\getenv password ANNEX_DATABASE_PASSWORD
\getenv secret ANNEX_SECRET
select 'create role annex_sidecar login replication'
where not exists (select from pg_roles where rolname = 'annex_sidecar') \gexec
alter role annex_sidecar password :'password';
select annex.grant_sidecar('annex_sidecar');
select * from annex.setup(:'secret', '[{"group": 0, "host": "sidecar", "port": 7432}]');
