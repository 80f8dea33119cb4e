-- Distribution of the tables. Citus is present: ${citus}
-- Repeatable, because Citus may be enabled long after the tables were made: the line above then differs and
-- Flyway runs this file again. Tables that are distributed already are left as they are.
do $distribution$
declare
    v_table text;
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    -- Several tables in one transaction: one connection per worker, or the steps would block each other.
    set local citus.multi_shard_modify_mode to 'sequential';

    foreach v_table in array array['vector_indexes', 'metadata', 'sessions'] loop
        if not exists (select from pg_dist_partition where logicalrelid = format('memory.%I', v_table)::regclass) then
            perform create_reference_table(format('memory.%I', v_table)::regclass);
        end if;
    end loop;

    if not exists (select from pg_dist_partition where logicalrelid = 'memory.memory_entries'::regclass) then
        perform create_distributed_table(
            'memory.memory_entries', 'namespace', colocate_with => 'none', shard_count => ${shardCount});
    end if;
    foreach v_table in array array['patterns', 'trajectories', 'graph_nodes', 'graph_edges'] loop
        if not exists (select from pg_dist_partition where logicalrelid = format('memory.%I', v_table)::regclass) then
            perform create_distributed_table(
                format('memory.%I', v_table)::regclass, 'namespace', colocate_with => 'memory.memory_entries');
        end if;
    end loop;
end
$distribution$;
