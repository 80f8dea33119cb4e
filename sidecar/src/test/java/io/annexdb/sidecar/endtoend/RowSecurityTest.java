package io.annexdb.sidecar.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/**
 * What a role may learn of rows that row-level security hides from it: nothing, also by calling the
 * functions that ask the sidecar, unless the table's owner has said otherwise.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowSecurityTest {
    private static final String ASK =
            "select keys from annex_internal.ask((select index_id from annex.indexes), 'search',"
                    + " '[1,0]', 3, 10, null, null, 'strong', 5000, null)";
    private static final String ASK_BATCH =
            "select keys from annex_internal.ask_batch((select index_id from annex.indexes),"
                    + " 'search_batch', '[[1,0]]', 3, 10, null, null, 'strong', 5000, null, null)";
    private static final String SEARCH =
            "select (hit).id from annex.search(null::docs, 'embedding', '{1,0}', 3)";
    private static final String BATCH =
            "select (hit).id from annex.search_batch(null::docs, 'embedding', '{{1,0}}', 3)";
    private static final List<String> ALL_NEAREST = List.of("1", "2", "3");
    private static final List<String> OWN_NEAREST = List.of("2", "4", "6");

    private AnnexOnPostgres annex;
    private Session session;

    @BeforeAll
    void load(@TempDir Path directory) throws Exception {
        annex = AnnexOnPostgres.start(directory);
        session = annex.session();
        session.run(
                "create role boss login",
                "create role deputy login in role boss",
                "create role guest login",
                "create role auditor login bypassrls",
                "grant create on schema public to boss",
                "set role boss",
                "create table docs (id int primary key, reader text, embedding real[])",
                "insert into docs select i, case when i % 2 = 0 then 'guest' else 'boss' end,"
                        + " array[cos(i * 0.1), sin(i * 0.1)] from generate_series(1, 30) i",
                "alter table docs enable row level security",
                "create policy own on docs using (reader = current_user)",
                "grant select on docs to guest, auditor",
                "select annex.create_index('docs', 'embedding', method => 'flat')",
                "create function searched_for_you() returns setof int language sql security definer"
                        + " begin atomic "
                        + SEARCH
                        + "; end",
                "reset role",
                "select annex.wait_for_index('docs_embedding', '1 minute')");
    }

    @AfterEach
    void asItWas() throws SQLException {
        session.run(
                "alter table docs no force row level security",
                "select annex.alter_index('docs_embedding', '{\"row_security\": \"exact\"}')");
    }

    @AfterAll
    void close() throws Exception {
        session.close();
        annex.close();
    }

    private long asked() {
        return annex.sidecar().answered("search") + annex.sidecar().answered("search_batch");
    }

    private void assertShutOut(Session role, List<String> visible) throws SQLException {
        long before = asked();
        role.refuses("42501", "row-level security", ASK);
        role.refuses("42501", "row-level security", ASK_BATCH);
        assertEquals(visible, role.rows(SEARCH));
        assertEquals(visible, role.rows(BATCH));
        assertEquals(
                visible.stream().map(id -> "{\"id\": " + id + "}").toList(),
                role.rows("select key from annex.nearest('docs_embedding', '{1,0}', 3)"));
        assertEquals(before, asked(), "the sidecar was asked");
    }

    private void assertServed(Session role) throws SQLException {
        long before = asked();
        assertEquals(List.of("{1,2,3}"), role.rows(ASK));
        assertEquals(List.of("{1,2,3}"), role.rows(ASK_BATCH));
        assertEquals(ALL_NEAREST, role.rows(SEARCH));
        assertEquals(ALL_NEAREST, role.rows(BATCH));
        assertEquals(before + 4, asked());
    }

    @Test
    void aRoleUnderPoliciesLearnsNothing() throws SQLException {
        try (Session guest = annex.session("guest")) {
            assertShutOut(guest, OWN_NEAREST);
            guest.run("set annex.consistency = 'eventual'");
            assertShutOut(guest, OWN_NEAREST);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"boss", "deputy", "auditor", "postgres"})
    void aRoleThatSeesAllRowsIsServedByTheIndex(String name) throws SQLException {
        try (Session role = annex.session(name)) {
            assertServed(role);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"boss", "deputy"})
    void forcedPoliciesHoldForTheOwner(String name) throws SQLException {
        session.run("alter table docs force row level security");
        try (Session role = annex.session(name)) {
            assertShutOut(role, name.equals("boss") ? List.of("1", "3", "5") : List.of());
        }
        try (Session auditor = annex.session("auditor")) {
            assertServed(auditor);
        }
    }

    @Test
    void theRoleIsTheOneThatTheSessionActsAs() throws SQLException {
        try (Session superuser = annex.session()) {
            superuser.run("set role guest");
            assertShutOut(superuser, OWN_NEAREST);
            superuser.run("reset role");
            assertServed(superuser);
        }
    }

    @Test
    void aDefinerFunctionOfTheOwnerShowsWhatTheOwnerSees() throws SQLException {
        try (Session guest = annex.session("guest")) {
            long before = asked();
            assertEquals(ALL_NEAREST, guest.rows("select * from searched_for_you()"));
            assertEquals(before, asked());
        }
    }

    @Test
    void theOwnerMayOptForTheIndex() throws SQLException {
        session.run("select annex.alter_index('docs_embedding', '{\"row_security\": \"index\"}')");
        try (Session guest = annex.session("guest")) {
            long before = asked();
            assertEquals(OWN_NEAREST, guest.rows(SEARCH));
            assertEquals(OWN_NEAREST, guest.rows(BATCH));
            assertTrue(asked() > before, "the sidecar was not asked");
            // What the documentation says may then be learnt.
            assertEquals(List.of("{1,2,3}"), guest.rows(ASK));
        }
    }

    @Test
    void onlyTheOwnerOpts() throws SQLException {
        try (Session guest = annex.session("guest")) {
            guest.refuses(
                    "42501",
                    "must be owner",
                    "select annex.alter_index('docs_embedding', '{\"row_security\": \"index\"}')");
        }
        session.refuses(
                "22023",
                "unknown row_security",
                "select annex.alter_index('docs_embedding', '{\"row_security\": \"off\"}')");
        session.refuses(
                "0A000",
                "not to be altered: m",
                "select annex.alter_index('docs_embedding', '{\"m\": 8}')");
        session.refuses(
                "22023",
                "unknown row_security",
                "select annex.create_index('docs', 'embedding', 'other', options =>"
                        + " '{\"row_security\": \"on\"}')");
    }
}
