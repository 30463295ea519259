/* How stored jobs end where something is in the way: a full disk, a cancelling that comes at a bad
 * moment, attempts that are used up, memory that is not there. */
#include "stored.h"

#include "api/endpoints/endpoints.h"
#include "owners/durable/private.h"
#include <signal.h>
#include <sys/resource.h>

/* --- a writer that has to wait, and a disk that is full --------------------------------------- */

static enum wi_code wait_at_gate(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    uv_sem_wait(data);
    return WI_OK;
}

static void passed(void *data, const struct wi_error *failure)
{
}

static void turn(int times)
{
    for (int i = 0; i < times; i++)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

/* Files can grow no more: what is to be written fails in the system, as on a full disk. */
static void fill_disk(struct rlimit *old)
{
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, old);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, old->rlim_max});
}

static struct client *start_infer(const char *key)
{
    struct client *client = connect_client();
    char head[200];
    snprintf(head, sizeof head,
        "Content-Type: application/json\r\nContent-Length: %zu\r\nIdempotency-Key: %s\r\n",
        strlen(ECHO_REQUEST), key);
    send_head(client, "POST", "/v1/infer", head);
    send_text(client, ECHO_REQUEST);
    return client;
}

static struct client *start_job(void)
{
    struct client *client = connect_client();
    post(client, "/v1/jobs", ECHO_REQUEST, strlen(ECHO_REQUEST));
    return client;
}

static void expect_answer(struct client *client, int status, const char *words)
{
    until(answered(client));
    assert_int_equal(status_of(client), status);
    if (!strstr(client->text, words))
        fail_msg("\"%s\" is not in %s", words, client->text);
    free_client(client);
}

/* Whether the document at `path` speaks of the database. */
static int warns(const char *path)
{
    json_t *json;
    assert_int_equal(ask("GET", path, "", &json), 200);
    char *text = json_dumps(json_object_get(json, "warnings"), JSON_ENCODE_ANY);
    int found = text && strstr(text, "the database cannot be written") != NULL;
    free(text);
    json_decref(json);
    return found;
}

FIXTURE(set_up_stored, tear_down_stored)

/* Nobody gets an answer that another request with its key would not get: it might be lost yet. */
TEST(an_answer_that_cannot_be_stored_is_kept_back_until_it_can)
{
    struct rlimit old;
    struct client *client = start_infer("full");
    double limit;
    until(fixture->has_job);
    assert_false(warns("/readyz"));
    fill_disk(&old);
    finish_job(WI_OK);
    expect_answer(client, 507, "storage_failed");
    expect_answer(start_infer("full"), 507, "the same Idempotency-Key");
    expect_answer(start_job(), 507, "the job is not accepted");
    assert_true(warns("/readyz"));
    assert_true(warns("/v1/status"));
    setrlimit(RLIMIT_FSIZE, &old);
    limit = wi_now_ms() + 20000; /* it is tried every five seconds */
    while (stored("done") < 1 && wi_now_ms() < limit)
        turn(1);
    expect_answer(start_infer("full"), 200, "Idempotency-Replayed: true");
    assert_int_equal(fixture->submitted, 1);
}

/* Leaves so many bytes of the budget; gives how many were taken for that. */
static uint64_t leave(uint64_t bytes)
{
    uint64_t taken = fixture->budget.limit - fixture->budget.used - bytes;
    wi_budget_force(&fixture->budget, taken);
    return taken;
}

/* As start_infer, with a deadline. */
static struct client *start_short(const char *key)
{
    static const char body[] =
        "{\"model_name\":\"builtin/echo\",\"timeout_ms\":300,\"inputs\":[{\"name\":\"x\","
        "\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}";
    struct client *client = connect_client();
    char head[200];
    snprintf(head, sizeof head,
        "Content-Type: application/json\r\nContent-Length: %zu\r\nIdempotency-Key: %s\r\n",
        strlen(body), key);
    send_head(client, "POST", "/v1/infer", head);
    send_text(client, body);
    return client;
}

TEST(what_nobody_had_memory_for_ends_by_its_deadline_and_frees_its_key)
{
    uint64_t taken = leave(1 << 20);
    for (int i = 0; i < 2; i++) {
        struct client *client = start_short("late");
        until(answered(client));
        assert_null(strstr(client->text, "Idempotency-Replayed"));
        expect_answer(client, 504, "deadline_exceeded");
    }
    assert_int_equal(fixture->submitted, 0);
    wi_budget_give(&fixture->budget, taken);
}

TEST(what_could_not_even_begin_is_answered_though_its_end_cannot_be_stored)
{
    struct rlimit old;
    uint64_t taken = leave(1 << 20);
    struct client *client = start_short("full");
    until(stored("queued") == 1);
    fill_disk(&old);
    expect_answer(client, 507, "storage_failed");
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(fixture->submitted, 0);
    wi_budget_give(&fixture->budget, taken);
}

/* --- cancelling ------------------------------------------------------------------------------- */

static struct client *start_delete(const char *id)
{
    struct client *client = connect_client();
    char path[128];
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    send_head(client, "DELETE", path, "");
    return client;
}

TEST(a_cancel_holds_though_the_run_has_just_been_put_back)
{
    char id[WI_ID_SIZE];
    uv_sem_t gate;
    uv_sem_init(&gate, 0);
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    wi_db_submit(db, wait_at_gate, passed, &gate);
    struct client *client = start_delete(id);
    turn(20); /* the order waits at the gate */
    finish_job(WI_UNAVAILABLE);
    uv_sem_post(&gate);
    expect_answer(client, 200, "cancelled");
    check_end(id, "cancelled");
    assert_int_equal(fixture->submitted, 1);
    assert_int_equal(stored("queued"), 0);
    uv_sem_destroy(&gate);
}

TEST(a_cancel_holds_though_the_daemon_ends)
{
    char id[WI_ID_SIZE];
    struct wi_record_cancel op = {.finish.state = WI_RECORD_CANCELLED};
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    snprintf(op.finish.id, sizeof op.finish.id, "%s", id);
    wi_db_submit(db, wi_row_cancel, passed, &op);
    stop_server();
    close_database();
    open_database();
    start_server();
    check_end(id, "cancelled");
    assert_int_equal(fixture->submitted, 1);
}

TEST(nobody_waits_for_long_until_a_run_is_cancelled)
{
    char id[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    fixture->stubborn = 1;
    expect_answer(start_delete(id), 202, "\"state\":\"cancelling\"");
    finish_job(WI_CANCELLED);
    check_end(id, "cancelled");
}

/* --- attempts and memory ---------------------------------------------------------------------- */

TEST(a_job_whose_attempts_are_used_up_is_not_run_again)
{
    char id[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    finish_job(WI_ATTEMPTS_EXHAUSTED);
    json_t *json = end_of(id), *error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(json, "state")), "failed");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "attempts_exhausted");
    assert_int_equal(json_integer_value(json_object_get(error, "attempts")), 4);
    json_decref(json);
    assert_int_equal(stored("queued"), 0);
    assert_int_equal(fixture->submitted, 1);
}

/* What a run that goes on without success has met, without a look at the log. */
TEST(a_job_that_is_tried_again_says_so)
{
    char id[WI_ID_SIZE], path[128];
    json_t *json;
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    fixture->attempts = 3;
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "attempts")), 3);
    assert_string_equal(json_string_value(json_object_get(json, "problem")), "its node went");
    json_decref(json);
    finish_job(WI_OK);
    json = end_of(id);
    assert_null(json_object_get(json, "problem"));
    json_decref(json);
}

/* Where the room for it ends, the text is cut at a character's end. */
TEST(a_long_problem_stays_text)
{
    static const char last[] = "\u00e9";
    char id[WI_ID_SIZE], path[128], problem[sizeof((struct wi_durable_now *)0)->problem + 8];
    size_t whole = sizeof((struct wi_durable_now *)0)->problem - sizeof last + 1;
    json_t *json;
    memset(problem, 'x', whole);
    memcpy(problem + whole, last, sizeof last);
    fixture->attempts = 1;
    fixture->problem = problem;
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    problem[whole] = '\0';
    assert_string_equal(json_string_value(json_object_get(json, "problem")), problem);
    json_decref(json);
    finish_job(WI_OK);
    check_end(id, "done");
}

/* The limit to how often a job is sent holds over all its runs. */
TEST(attempts_are_counted_on_in_the_next_run)
{
    char id[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    assert_int_equal(fixture->spec.earlier, 0);
    finish_job(WI_SHUTTING_DOWN);
    stop_server();
    close_database();
    open_database();
    start_server();
    until(fixture->has_job);
    assert_int_equal(fixture->spec.earlier, 4);
    finish_job(WI_OK);
    check_end(id, "done");
}

/* A problem is what a run has met that is tried again later; that the daemon ends is none. */
TEST(a_daemon_that_ends_is_no_problem_of_its_jobs)
{
    char id[WI_ID_SIZE], path[128];
    json_t *json;
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    finish_job(WI_SHUTTING_DOWN);
    stop_server();
    close_database();
    open_database();
    fixture->admit = WI_QUEUE_FULL; /* it stays where it is */
    start_server();
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "queued");
    assert_null(json_object_get(json, "problem"));
    json_decref(json);
}

static const struct wi_durable *stored_jobs(void)
{
    const struct wi_api *api = (struct wi_api *)fixture->server; /* its first member */
    return api->endpoints->durable;
}

/* Without the tick that looks for what is due. */
TEST(the_end_of_one_makes_room_for_the_next)
{
    char first[WI_ID_SIZE], second[WI_ID_SIZE];
    fixture->config.pool.max_queue = 1; /* one at a time */
    assert_int_equal(store("", ECHO_REQUEST, first), 202);
    until(fixture->has_job);
    assert_int_equal(store("", ECHO_REQUEST, second), 202);
    wi_timer_stop(stored_jobs()->timer);
    finish_job(WI_OK);
    until(fixture->has_job);
    finish_job(WI_OK);
    check_end(second, "done");
    assert_int_equal(fixture->submitted, 2);
}

TEST(an_answer_waits_for_the_memory_to_print_it)
{
    char id[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    uint64_t taken = leave(0);
    finish_job(WI_OK);
    assert_true(fixture->budget.used <= fixture->budget.limit);
    turn(20);
    assert_int_equal(stored("running"), 1);
    wi_budget_give(&fixture->budget, taken);
    check_end(id, "done");
}

/* A job under way that is laid aside while another one is played. */
struct parked {
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
};

static struct parked park(void)
{
    struct parked parked = {fixture->spec, fixture->on_done, fixture->context};
    fixture->has_job = 0;
    memset(&fixture->spec, 0, sizeof fixture->spec);
    return parked;
}

static void take_up(const struct parked *parked)
{
    assert_false(fixture->has_job);
    fixture->has_job = 1;
    fixture->spec = parked->spec;
    fixture->on_done = parked->on_done;
    fixture->context = parked->context;
}

static int says(const char *id, const char *words)
{
    char path[128];
    json_t *json;
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    const char *problem = json_string_value(json_object_get(json, "problem"));
    int found = problem && strstr(problem, words) != NULL;
    json_decref(json);
    return found;
}

/* Where so much memory is used that none is taken while another one runs. */
TEST(those_that_fit_are_taken_together)
{
    char ids[2][WI_ID_SIZE], path[128];
    uint64_t taken = leave(1 << 20), most = fixture->budget.limit / 10 * 6;
    for (int i = 0; i < 2; i++)
        assert_int_equal(store("", ECHO_REQUEST, ids[i]), 202);
    assert_int_equal(stored("queued"), 2);
    fixture->admit = WI_UNAVAILABLE; /* so they go back */
    wi_budget_give(&fixture->budget, taken - most);
    until(stored_jobs()->taken > 0);
    assert_int_equal(stored_jobs()->taken, 2);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v1/jobs/%s", ids[i]);
        assert_in_range(ask("DELETE", path, "", NULL), 200, 204);
        check_end(ids[i], "cancelled");
    }
    wi_budget_give(&fixture->budget, most);
}

/* Otherwise each would wait for what the others hold. */
TEST(of_answers_that_wait_for_memory_the_oldest_stays)
{
    char first[WI_ID_SIZE], second[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, first), 202);
    until(fixture->has_job);
    struct parked parked = park();
    assert_int_equal(store("", ECHO_REQUEST, second), 202);
    until(fixture->has_job);
    uint64_t taken = leave(0);
    finish_job(WI_OK);
    take_up(&parked);
    finish_job(WI_OK);
    until(says(second, "no memory to print"));
    wi_budget_give(&fixture->budget, taken);
    check_end(first, "done");
    until(fixture->has_job);
    finish_job(WI_OK);
    check_end(second, "done");
    assert_int_equal(fixture->submitted, 3);
}

TEST(an_answer_that_can_never_be_printed_is_refused)
{
    char id[WI_ID_SIZE];
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    uint64_t limit = fixture->budget.limit;
    fixture->budget.limit = 51; /* two numbers may take 52 bytes */
    finish_job(WI_OK);
    fixture->budget.limit = limit;
    json_t *json = end_of(id), *error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "answer_too_large");
    assert_int_equal(json_integer_value(json_object_get(error, "status")), 413);
    json_decref(json);
}
