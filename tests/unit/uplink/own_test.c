/* What the own daemon is asked, and what its answers mean for the lines and the program. */
#include "played.h"

static struct {
    uv_loop_t loop;
    struct wi_uplink_options options;
    struct wi_uplink_run run;
    struct wi_uplink_line lines[WI_UPLINK_KINDS_MAX];
    size_t opened, described, given_back, settled, watched, left;
    char capabilities[600]; /* the last that were announced */
} test;

/* --- the lines and models, played --- */

struct wi_uplink_models {
    int unused;
};
static struct wi_uplink_models models;

static void capabilities_take(char *capabilities)
{
    snprintf(test.capabilities, sizeof test.capabilities, "%s", capabilities);
    free(capabilities);
}

void wi_uplink_line_new(struct wi_uplink_borrower *borrower, const char *kind, char *capabilities)
{
    capabilities_take(capabilities);
    struct wi_uplink_line *line = &test.lines[test.opened++];
    line->run = borrower->run;
    line->borrower = borrower;
    line->worker = &played.worker;
    strcpy(line->kind, kind);
    line->next = borrower->run->lines;
    borrower->run->lines = line;
}

void wi_uplink_line_end(struct wi_uplink_line *line, const char *reason)
{
}

void wi_uplink_line_describe(struct wi_uplink_line *line, char *capabilities)
{
    test.described++;
    capabilities_take(capabilities);
}

void wi_uplink_give_back(struct wi_worker_task *task)
{
    test.given_back++;
}

void wi_uplink_settle(struct wi_worker_task *task)
{
    test.settled++;
}

struct wi_uplink_models *wi_uplink_models_new(struct wi_uplink_run *run)
{
    return &models;
}

void wi_uplink_models_free(struct wi_uplink_models *unused)
{
}

void wi_uplink_models_watch(struct wi_uplink_models *unused)
{
    test.watched++;
}

void wi_uplink_models_leave(struct wi_uplink_models *unused)
{
    test.left++;
}

/* --- the daemon, played --- */

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    const struct wi_join_link link = {.host = "big:8471"};
    test.options = (struct wi_uplink_options){.url = "http://here", .slots = 64};
    test.run.options = &test.options;
    test.run.loop = &test.loop;
    wi_uplink_borrower_new(&test.run, NULL, "http://big:8471", &link);
    test.run.own = wi_uplink_own_new(&test.run);
    return 0;
}

static int tear_down(void **state)
{
    wi_uplink_own_free(test.run.own);
    wi_uplink_borrower_end(test.run.borrowers, "the end");
    forget_played();
    uv_run(&test.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&test.loop);
}

FIXTURE(set_up, tear_down)

static void turn(const char *path)
{
    int before = asked.count;
    while (asked.count == before)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_string_equal(asked.path, path);
}

static void begin(void)
{
    give_answer(404, "{\"code\":\"model_not_found\"}");
}

#define NODE "{\"browser\":\"chrome\",\"session\":\"s\",\"engines\":{\"ort\":{\"slots\":2}}}"

static void look(const char *nodes, const char *kinds)
{
    char text[1000];
    turn("/v1/nodes?limit=1000");
    snprintf(text, sizeof text, "{\"nodes\":[%s]}", nodes);
    give_answer(200, text);
    assert_string_equal(asked.path, "/v1/status");
    snprintf(text, sizeof text, "{\"session_limit\":8,\"kinds\":{%s}}", kinds);
    give_answer(200, text);
}

static void assert_ended(enum wi_exit exit, const char *said)
{
    assert_int_equal(played.ended, 1);
    assert_int_equal(played.exit, exit);
    if (!strstr(played.told, said))
        fail_msg("%s", played.told);
}

/* --- the first question --- */

TEST(the_rank_is_asked_for_first)
{
    assert_string_equal(asked.path, "/v1/infer");
    assert_non_null(strstr(asked.request.body, "\"relay\":{}"));
    begin();
    turn("/v1/nodes?limit=1000");
    assert_int_equal(played.ended, 0);
}

TEST(a_token_of_another_rank_ends_the_program)
{
    give_answer(403, "{\"code\":\"rank\"}");
    assert_ended(WI_EXIT_UNAUTHORIZED, "http://here refuses the token: it needs one of rank relay");
}

TEST(a_token_that_is_not_known_ends_the_program)
{
    give_answer(401, "{\"code\":\"unauthorized\"}");
    assert_ended(WI_EXIT_UNAUTHORIZED, "refuses the token");
}

TEST(an_old_daemon_is_told_from_none)
{
    give_answer(400, "{\"code\":\"unknown_field\"}");
    assert_ended(WI_EXIT_FAILED, "too old to lend its browsers; upgrade it");
}

TEST(no_answer_at_first_ends_the_program)
{
    give_answer(0, "");
    assert_ended(WI_EXIT_NO_SERVER, "no webinfer daemon answers at http://here: no connection");
}

TEST(another_server_is_no_daemon)
{
    give_answer(404, "<html>not found</html>");
    assert_ended(WI_EXIT_NO_SERVER, "it answers with something else");
}

/* --- looks --- */

TEST(a_kind_with_a_node_is_lent)
{
    begin();
    look(NODE "," NODE, "\"chrome\":{\"max\":3,\"installed\":true},"
                        "\"firefox\":{\"max\":3,\"installed\":true}");
    assert_int_equal(test.opened, 1); /* what a firefox can is not known yet */
    assert_string_equal(test.lines[0].kind, "chrome");
    assert_ptr_equal(test.run.lines, &test.lines[0]);
    assert_non_null(strstr(test.capabilities, "\"slots\":6"));
    assert_int_equal(test.watched, 1);
    assert_false(played.worker.paused);
    look(NODE, "");
    assert_int_equal(test.opened, 1);
    assert_int_equal(test.described, 1);
    assert_non_null(strstr(test.capabilities, "\"slots\":2"));
}

/* As many as there are, since none of them is lent otherwise. */
TEST(nodes_are_read_page_by_page)
{
    begin();
    turn("/v1/nodes?limit=1000");
    give_answer(200, "{\"nodes\":[" NODE "," NODE "],\"next\":\"node 2\"}");
    assert_string_equal(asked.path, "/v1/nodes?limit=1000&after=node%202");
    give_answer(200, "{\"nodes\":[" NODE "],\"next\":null}");
    assert_string_equal(asked.path, "/v1/status");
    give_answer(200, "{\"kinds\":{}}");
    assert_non_null(strstr(test.capabilities, "\"slots\":6"));
    turn("/v1/nodes?limit=1000"); /* those of this look only */
    give_answer(200, "{\"nodes\":[" NODE "],\"next\":\"a\"}");
    give_answer(200, "{\"nodes\":[],\"next\":\"a\"}");
    assert_string_equal(asked.path, "/v1/status");
    give_answer(200, "{\"kinds\":{}}");
    assert_non_null(strstr(test.capabilities, "\"slots\":2"));
    turn("/v1/nodes?limit=1000");
    give_answer(200, "{\"nodes\":[" NODE "],\"next\":\"a\"}");
    give_answer(0, "");
    assert_true(test.run.is_lost);
}

TEST(a_kind_is_lent_before_it_runs_and_each_loss_of_all_is_told_once)
{
    static const char bare[] = "http://here has no browser to lend now; ";
    begin();
    look("", "\"chrome\":{\"max\":3,\"installed\":true}");
    assert_int_equal(test.opened, 0);
    assert_memory_equal(played.told, bare, strlen(bare));
    played.told[0] = '\0';
    look("", "");
    look("", "\"chrome\":{\"max\":3,\"installed\":true,\"abilities\":"
             "{\"engines\":{\"ort\":{\"slots\":1}}}}");
    assert_int_equal(test.opened, 1);
    assert_non_null(strstr(test.capabilities, "\"slots\":3"));
    assert_string_equal(played.told, "");
    look("", "");
    assert_memory_equal(played.told, bare, strlen(bare));
    played.told[0] = '\0';
    look("", "");
    assert_string_equal(played.told, "");
}

TEST(slots_are_limited_by_the_option)
{
    test.options.slots = 1;
    begin();
    look(NODE "," NODE, "");
    assert_non_null(strstr(test.capabilities, "\"slots\":2"));
}

/* Its nodes may all be busy with a restart while the daemon can start others. */
TEST(a_kind_that_can_have_no_node_is_paused)
{
    begin();
    look(NODE, "");
    look("", "\"chrome\":{\"max\":1,\"installed\":true}");
    assert_false(played.worker.paused);
    assert_string_equal(played.told, "");
    look("", "\"chrome\":{\"max\":1,\"installed\":true,\"breaker\":\"open\"}");
    assert_true(played.worker.paused);
    assert_non_null(strstr(played.told, "nothing is lent"));
    assert_int_equal(test.described, 0);
    look(NODE, "");
    assert_false(played.worker.paused);
}

/* A node that has joined the daemon calls its kind as it likes. */
TEST(there_is_an_end_to_kinds)
{
    struct wi_buffer nodes = {0};
    for (int i = 0; i < WI_UPLINK_KINDS_MAX + 2; i++)
        wi_buffer_printf(
            &nodes, "%s{\"browser\":\"k%d\",\"engines\":{}}", i ? "," : "{\"nodes\":[", i);
    wi_buffer_puts(&nodes, "]}");
    begin();
    turn("/v1/nodes?limit=1000");
    give_answer(200, nodes.text);
    give_answer(200, "{\"kinds\":{}}");
    wi_buffer_clear(&nodes);
    assert_int_equal(test.opened, WI_UPLINK_KINDS_MAX);
    assert_non_null(strstr(played.told, "only 64 kinds of browsers are lent to http://big:8471"));
}

/* --- losses --- */

TEST(a_lost_daemon_is_told_once_and_its_tasks_are_given_back)
{
    struct wi_worker_task task = {0};
    begin();
    look(NODE, "");
    played.task = &task;
    for (size_t i = 1; i <= 2; i++) {
        played.told[0] = '\0';
        turn("/v1/nodes?limit=1000");
        give_answer(0, "");
        assert_int_equal(test.given_back, i);
        assert_int_equal(test.left, i);
        assert_true(played.worker.paused);
        assert_true(test.run.is_lost);
        assert_string_equal(played.told,
            i == 1 ? "http://here does not answer: no connection; nothing is lent until it does"
                   : "");
    }
    look(NODE, "");
    assert_string_equal(played.told, "http://here answers again");
    assert_false(test.run.is_lost);
    assert_false(played.worker.paused);
    assert_int_equal(played.ended, 0);
}

/* Its tasks go on: for instance, they themselves have used up its connections. */
TEST(a_busy_daemon_is_not_lost)
{
    static const int statuses[] = {503, 429};
    struct wi_worker_task task = {0};
    begin();
    look(NODE, "");
    played.task = &task;
    for (size_t i = 0; i < 2; i++) {
        turn("/v1/nodes?limit=1000");
        give_answer(statuses[i], "{\"code\":\"too_many_connections\"}");
        assert_int_equal(test.given_back, 0);
        assert_true(played.worker.paused);
        assert_false(test.run.is_lost);
        look(NODE, "");
        assert_false(played.worker.paused);
    }
    turn("/v1/nodes?limit=1000");
    give_answer(503, "a proxy says so");
    assert_int_equal(test.given_back, 1);
}

TEST(a_revoked_token_ends_the_program)
{
    begin();
    look(NODE, "");
    turn("/v1/nodes?limit=1000");
    give_answer(401, "{\"code\":\"unauthorized\"}");
    assert_ended(WI_EXIT_UNAUTHORIZED, "http://here refuses the token");
}

TEST(a_status_that_is_none_is_a_loss)
{
    begin();
    look(NODE, "");
    turn("/v1/nodes?limit=1000");
    give_answer(200, "{\"nodes\":[]}");
    give_answer(200, "{\"kinds\":7}");
    assert_true(test.run.is_lost);
}

/* Until it is known better, nothing new is taken. */
TEST(a_doubt_is_looked_into_at_once)
{
    begin();
    look(NODE, "");
    test.run.doubt(test.run.own);
    assert_true(played.worker.paused);
    look(NODE, "");
    assert_false(played.worker.paused);
}

TEST(a_doubt_during_a_look_has_another_one_follow_at_once)
{
    begin();
    turn("/v1/nodes?limit=1000");
    uint64_t looks = test.run.looks;
    test.run.doubt(test.run.own); /* the answer that comes may be older */
    give_answer(200, "{\"nodes\":[" NODE "]}");
    give_answer(200, "{\"kinds\":{}}");
    uv_run(&test.loop, UV_RUN_NOWAIT); /* without any wait */
    assert_int_equal(test.run.looks, looks + 1);
}

/* Nothing is paused meanwhile: a client can ask for what nobody has. */
TEST(a_look_that_is_asked_for_begins_at_once_and_settles_tasks)
{
    struct wi_worker_task task = {0};
    begin();
    look(NODE, "");
    played.task = &task;
    uint64_t looks = test.run.looks;
    test.run.look(test.run.own);
    assert_false(played.worker.paused);
    uv_run(&test.loop, UV_RUN_NOWAIT); /* without any wait */
    assert_int_equal(test.run.looks, looks + 1);
    assert_int_equal(test.settled, 0);
    test.run.look(test.run.own); /* that one may be too old */
    assert_int_equal(test.run.looks, looks + 1);
    give_answer(200, "{\"nodes\":[" NODE "]}");
    give_answer(200, "{\"kinds\":{}}");
    assert_int_equal(test.settled, 1);
    uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_int_equal(test.run.looks, looks + 2);
}
