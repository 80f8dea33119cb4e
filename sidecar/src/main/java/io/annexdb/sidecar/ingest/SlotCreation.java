package io.annexdb.sidecar.ingest;

import io.annexdb.sidecar.model.IndexActivity;
import io.annexdb.sidecar.replication.MainSlot;
import io.annexdb.sidecar.replication.SourceSettings;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.SQLException;
import java.util.Set;
import java.util.function.Consumer;

/** Makes the sidecar's slot when the first index appears, or anew after a gap. */
final class SlotCreation implements SlowJob {
    private static final Logger LOG = LoggerFactory.getLogger(SlotCreation.class);

    private final MainSlot slot;
    private final String name;
    private final Set<Long> indexes;
    private final Consumer<MainSlot.Created> created;

    /** The consumer gets the new slot in the jobs' thread. */
    SlotCreation(SourceSettings settings, Set<Long> indexes, Consumer<MainSlot.Created> created) {
        this.slot = new MainSlot(settings);
        this.name = settings.slotName();
        this.indexes = Set.copyOf(indexes);
        this.created = created;
    }

    @Override
    public void run() throws SQLException {
        MainSlot.Created made = slot.recreate();
        LOG.info("Created slot {} at {}", name, made.consistentPoint());
        created.accept(made);
    }

    @Override
    public int slotProcessId() {
        return slot.processId();
    }

    @Override
    public Set<Long> indexes() {
        return indexes;
    }

    @Override
    public IndexActivity activity(long indexId, @Nullable String waitsFor) {
        return new IndexActivity("creating the slot", 0, waitsFor);
    }

    @Override
    public String subject() {
        return "Creation of slot " + name;
    }

    @Override
    public void cancel() {
        slot.close();
    }
}
