/* What a person has measured: what is kept, what the page is told, and what is refused. */
#include "fixture.h"

#include "../../made_up_clock.h"
#include "base/clock.h"
#include "nodes/bridge/person_result.h"
#include "settings/store/results.h"

static struct wi_db *db;
static char store[64];

static int set_up_empty(void **state)
{
    struct wi_error error;
    assert_int_equal(set_up(state), 0);
    const struct fixture *fixture = *state;
    make_root(store, "results");
    db = wi_db_open((uv_loop_t *)&fixture->loop, store, &error);
    if (!db)
        fail_msg("%s", error.detail);
    return 0;
}

static int set_up_keeper(void **state)
{
    assert_int_equal(set_up_empty(state), 0);
    wi_bridge_remember(((struct fixture *)*state)->bridge, db);
    return 0;
}

static int tear_down_keeper(void **state)
{
    wi_db_close(db);
    int result = tear_down(state);
    wi_db_free(db);
    remove_root(store);
    return result;
}

FIXTURE(set_up_keeper, tear_down_keeper)

#define OK_WASM                                                                                    \
    "{\"platform\":\"wasm\",\"outcome\":\"ok\",\"samples_ms\":[4.5,3,3.25],\"more\":\"x\"}"
#define OK_WEBGPU "{\"platform\":\"webgpu\",\"outcome\":\"inexact\",\"samples_ms\":[1]}"
#define RESULT(cells) "{\"test\":\"matmul 256\",\"cells\":[" cells "]}"
#define GOOD RESULT(OK_WASM "," OK_WEBGPU ",{\"platform\":\"webnn\",\"outcome\":\"absent\"}")

static void invite(struct fixture *fixture, size_t nodes, char token[WI_TOKEN_SIZE])
{
    const struct wi_join_terms terms = {.nodes = nodes, .ttl_ms = 60000};
    char id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(wi_bridge_invite(fixture->bridge, &terms, id, token, &error), WI_OK);
}

static struct client join_as(struct fixture *fixture, const char *token)
{
    struct client client = open_socket(fixture);
    char who[128];
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    return client;
}

/* The page of a person. */
static struct client join_by_link(struct fixture *fixture)
{
    char token[WI_TOKEN_SIZE];
    invite(fixture, 1, token);
    return join_as(fixture, token);
}

/* What the page is told of its result, which must reply to it: the id of the run, or a code. */
static const char *told(struct client *client, const char *field)
{
    static char text[512];
    json_t *kept = hear(client, "result_kept");
    assert_string_equal(text_of(kept, "reply_to"), "n-1");
    const char *value = text_of(kept, field);
    if (!value)
        fail_msg("it is told %s", text_of(kept, "run") ? "a run" : text_of(kept, "reason"));
    snprintf(text, sizeof text, "%s", value);
    assert_int_equal(text_of(kept, "run") != NULL, text_of(kept, "code") == NULL);
    json_decref(kept);
    return text;
}

/* --- the database ----------------------------------------------------------------------------- */

struct looking {
    wi_db_work_fn *work;
    void *op;
    int done;
};

static enum wi_code work_look(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    const struct looking *looking = data;
    return looking->work(sqlite, looking->op, error);
}

static void on_read_back(void *data, const struct wi_error *failure)
{
    struct looking *looking = data;
    assert_null(failure);
    looking->done = 1;
}

static void look(struct fixture *fixture, wi_db_work_fn *work, void *op)
{
    struct looking looking = {work, op, 0};
    wi_db_look(db, work_look, on_read_back, &looking);
    while (!looking.done)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

/* The number of runs that are kept. */
static size_t kept(struct fixture *fixture)
{
    struct wi_result_list list = {.limit = 2000};
    look(fixture, wi_result_list, &list);
    size_t count = list.count;
    wi_result_list_clear(&list);
    return count;
}

static void print_cell(void *context, const struct wi_result_cell *cell)
{
    struct wi_buffer *out = context;
    wi_buffer_printf(out, "%s", cell->head);
    for (size_t i = 0; i < cell->count; i++)
        wi_buffer_printf(out, " %g", cell->samples[i]);
    wi_buffer_puts(out, "\n");
}

/* --- what is kept ----------------------------------------------------------------------------- */

#define PLACE "\"browser\":\"chromium\",\"browser_version\":\"156.0.1.2\",\"clock\":\"page\","
#define TEST_NAME "\"model\":\"device test matmul 256\","

TEST(a_result_becomes_a_run_that_is_marked_as_a_persons)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    struct wi_result_look run = {0};
    struct wi_buffer cells = {0};
    say(&client, "result", GOOD);
    snprintf(run.id, sizeof run.id, "%s", told(&client, "run"));
    look(fixture, wi_result_look, &run);
    assert_true(run.found && run.result.ended_at > 0 && run.result.cells == 3);
    json_t *head = json_loads(run.result.head, 0, NULL);
    assert_true(json_is_true(json_object_get(head, "person")));
    assert_true(json_is_true(json_object_get(head, "imported")));
    assert_string_equal(json_string_value(json_object_get(head, "name")), "a lent device");
    const json_t *machine = json_object_get(head, "machine");
    assert_int_equal(json_integer_value(json_object_get(machine, "cores")), 4);
    assert_int_equal(json_integer_value(json_object_get(machine, "memory_bytes")), 8LL << 30);
    json_decref(head);
    struct wi_result_read read = {run.result.number, print_cell, &cells};
    look(fixture, wi_result_read, &read);
    assert_string_equal(cells.text,
        "{" PLACE TEST_NAME
        "\"outcome\":\"ok\",\"platform\":\"wasm\",\"precision\":\"fp32\"} 4.5 3 3.25\n"
        "{\"adapter\":{\"architecture\":\"swiftshader\",\"description\":\"sw \",\"is_fallback\":"
        "true,\"vendor\":\"google\"}," PLACE TEST_NAME
        "\"outcome\":\"inexact\",\"platform\":\"webgpu\",\"precision\":\"fp32\"} 1\n"
        "{" PLACE TEST_NAME
        "\"outcome\":\"absent\",\"platform\":\"webnn\",\"precision\":\"fp32\"}\n");
    wi_buffer_clear(&cells);
    wi_result_clear(&run.result);
    client_close(&client);
}

TEST(it_is_kept_although_its_page_is_gone)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    say(&client, "result", GOOD);
    say(&client, "bye", "{}");
    while (fixture->downs == 0)
        client_turn(&client);
    while (kept(fixture) == 0)
        client_turn(&client);
    client_close(&client);
}

/* --- how often -------------------------------------------------------------------------------- */

/* Lets awake time pass, in which the node is heard. */
static void pass(struct client *client, int minutes)
{
    for (int steps = minutes * 60000 / 900 + 1; steps > 0; steps--) {
        clock_skip(900);
        (void)wi_awake_ms(); /* the service looks at its clock, as its loop does */
        say(client, "heartbeat", "{\"seq\":1}");
        client_turn(client);
    }
}

TEST(a_page_may_send_one_in_ten_minutes_in_which_the_service_was_awake)
{
    struct fixture *fixture = *state;
    wi_awake_begin();
    struct client client = join_by_link(fixture);
    say(&client, "result", GOOD);
    (void)told(&client, "run");
    say(&client, "result", GOOD);
    assert_string_equal(told(&client, "code"), "client_share_used");
    clock_skip(3600000); /* the service stood still */
    say(&client, "result", GOOD);
    assert_non_null(strstr(told(&client, "reason"), "one result in 10 minutes; send the next"));
    pass(&client, 9);
    say(&client, "result", GOOD);
    assert_string_equal(told(&client, "code"), "client_share_used");
    pass(&client, 1);
    say(&client, "result", GOOD);
    (void)told(&client, "run");
    assert_int_equal(kept(fixture), 2);
    client_close(&client);
}

TEST(all_pages_together_may_send_so_many)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE];
    invite(fixture, 1, token);
    for (int i = 0; i <= WI_PERSON_RESULTS_MAX; i++) {
        struct client client = join_as(fixture, token);
        int downs = fixture->downs;
        say(&client, "result", RESULT(OK_WASM));
        if (i < WI_PERSON_RESULTS_MAX)
            (void)told(&client, "run");
        else
            assert_non_null(strstr(told(&client, "reason"), "many pages have sent results"));
        say(&client, "bye", "{}");
        while (fixture->downs == downs)
            client_turn(&client);
        client_close(&client);
    }
    assert_int_equal(kept(fixture), WI_PERSON_RESULTS_MAX);
}

/* --- what is refused -------------------------------------------------------------------------- */

TEST(a_browser_of_ours_sends_none)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    say(&client, "result", GOOD);
    assert_string_equal(told(&client, "code"), "rank");
    assert_int_equal(kept(fixture), 0);
    client_close(&client);
}

TEST_IN(without_a_database_none_is_kept, set_up_empty, tear_down_keeper)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    say(&client, "result", GOOD);
    assert_string_equal(told(&client, "code"), "unavailable");
    client_close(&client);
}

/* A page of a sibling may be newer. */
TEST(a_test_that_is_not_known_is_refused_and_does_not_count)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    say(&client, "result", "{\"test\":\"sort 9\",\"cells\":[" OK_WASM "]}");
    assert_string_equal(told(&client, "code"), "not_found");
    say(&client, "result", RESULT(OK_WASM));
    (void)told(&client, "run");
    assert_int_equal(kept(fixture), 1);
    client_close(&client);
}

#define CELL(members) RESULT("{" members "}")
#define WASM "\"platform\":\"wasm\","

TEST(what_is_malformed_is_named)
{
    static const struct {
        const char *data, *field;
        enum wi_code code;
    } wrong[] = {
        {"{}", "data.test", WI_MISSING_FIELD},
        {"{\"test\":\"matmul 256\"}", "data.cells", WI_MISSING_FIELD},
        {"{\"test\":7,\"cells\":[" OK_WASM "]}", "data.test", WI_INVALID_FIELD},
        {"{\"test\":\"\",\"cells\":[" OK_WASM "]}", "data.test", WI_INVALID_FIELD},
        {"{\"test\":\"matmul 256\",\"cells\":{}}", "data.cells", WI_INVALID_FIELD},
        {RESULT(""), "data.cells", WI_INVALID_FIELD},
        {RESULT("{},{},{},{},{},{},{}"), "data.cells", WI_INVALID_FIELD},
        {RESULT("7"), "data.cells[0]", WI_INVALID_FIELD},
        {CELL("\"platform\":\"wasm\""), "data.cells[0].outcome", WI_MISSING_FIELD},
        {CELL("\"outcome\":\"ok\""), "data.cells[0].platform", WI_MISSING_FIELD},
        {CELL("\"platform\":\"cuda\",\"outcome\":\"ok\""), "data.cells[0].platform",
            WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"fast\""), "data.cells[0].outcome", WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"ok\""), "cells[0].samples_ms", WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"ok\",\"samples_ms\":[]"), "cells[0].samples_ms",
            WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"ok\",\"samples_ms\":1"), "data.cells[0].samples_ms",
            WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"ok\",\"samples_ms\":[\"1\"]"), "cells[0].samples_ms[0]",
            WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"failed\",\"samples_ms\":[1,-1]"), "cells[0].samples_ms[1]",
            WI_INVALID_FIELD},
        {CELL(WASM "\"outcome\":\"ok\",\"samples_ms\":[1e300]"), "cells[0].samples_ms[0]",
            WI_INVALID_FIELD},
        {RESULT(OK_WASM "," OK_WEBGPU "," OK_WASM), "data.cells[2].platform", WI_INVALID_FIELD},
    };
    static const struct wi_node_info info = {.kind = "chromium"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wi_lab_run run;
        struct wi_error error;
        json_t *data = json_loads(wrong[i].data, 0, NULL);
        assert_non_null(data);
        assert_int_equal(wi_person_result_read(&run, data, &info, 1, &error), wrong[i].code);
        assert_string_equal(error.field, wrong[i].field);
        assert_true(error.detail[0] && !run.json && !run.cells);
        json_decref(data);
    }
}

TEST(what_is_malformed_ends_the_connection)
{
    struct fixture *fixture = *state;
    struct client client = join_by_link(fixture);
    say(&client, "result", CELL(WASM "\"outcome\":\"fast\""));
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(kept(fixture), 0);
    client_close(&client);
}

/* With so many samples, or with one and a long text. */
static char *long_result(int samples)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out,
        "{\"test\":\"matmul 256\",\"cells\":[{\"platform\":\"wasm\",\"outcome\":\"ok\","
        "\"samples_ms\":[1");
    for (int i = 1; i < samples; i++)
        wi_buffer_puts(&out, ",1");
    wi_buffer_puts(&out, "]");
    if (samples == 1)
        wi_buffer_printf(&out, ",\"x\":\"%0*d\"", (int)WI_PERSON_RESULT_BYTES, 0);
    wi_buffer_puts(&out, "}]}");
    return out.text;
}

TEST(what_is_too_long_ends_the_connection)
{
    static const int samples[] = {1, WI_PERSON_RESULT_SAMPLES + 1};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        struct client client = join_by_link(fixture);
        char *data = long_result(samples[i]);
        say(&client, "result", data);
        assert_int_equal(hear_close(&client), 1008);
        client_close(&client);
        free(data);
    }
    struct client client = join_by_link(fixture);
    char *data = long_result(WI_PERSON_RESULT_SAMPLES);
    say(&client, "result", data);
    (void)told(&client, "run");
    assert_int_equal(kept(fixture), 1);
    client_close(&client);
    free(data);
}
