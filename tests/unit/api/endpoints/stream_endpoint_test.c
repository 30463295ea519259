/* Streams to clients: what is sent when, how a client slows its own, leaves, and comes back. */
#include "../fixture.h"

#define ONE "{\"name\":\"x\",\"datatype\":\"INT32\",\"shape\":[1],\"data\":[1]}"
#define STREAM                                                                                     \
    "{\"model_name\":\"builtin/echo\",\"id\":\"mine\",\"inputs\":[" ONE "],"                       \
    "\"stream\":true"
#define EVENTS "Accept: text/event-stream\r\n"

/* --- the node's side ------------------------------------------------------------------------- */

static void give_text(const char *text, size_t length)
{
    const struct wi_part part = {
        .seq = fixture->parts++, .text = text, .text_length = length, .bytes = length};
    fixture->hears.on_part(fixture->context, &fixture->spec, &part);
}

static void give(const char *text)
{
    give_text(text, strlen(text));
}

/* As an engine does it: as long as there is credit. How many it gave. */
static unsigned give_while_allowed(size_t bytes)
{
    char *text = malloc(bytes);
    unsigned count = 0;
    uint64_t sent = fixture->parts * bytes;
    memset(text, 'x', bytes);
    while (fixture->parts < fixture->took.parts + WI_CREDIT_PARTS &&
           sent < fixture->took.bytes + WI_CREDIT_BYTES) {
        give_text(text, bytes);
        sent += bytes;
        count++;
    }
    free(text);
    return count;
}

/* --- the client's side ----------------------------------------------------------------------- */

static struct client *begin(const char *more_fields, const char *more_headers)
{
    struct client *client = connect_client();
    char body[512], headers[256];
    snprintf(body, sizeof body, "%s%s}", STREAM, more_fields);
    snprintf(headers, sizeof headers, "Content-Type: application/json\r\nContent-Length: %zu\r\n%s",
        strlen(body), more_headers);
    send_head(client, "POST", "/v1/infer", headers);
    send_text(client, body);
    return client;
}

static struct client *begin_stream(const char *more_fields)
{
    struct client *client = begin(more_fields, "");
    until(fixture->has_job);
    return client;
}

static struct client *take_up(const char *id, const char *last)
{
    struct client *client = connect_client();
    char path[80], headers[120];
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    snprintf(headers, sizeof headers, EVENTS "%s%s%s", last ? "Last-Event-ID: " : "",
        last ? last : "", last ? "\r\n" : "");
    send_head(client, "GET", path, headers);
    return client;
}

/* What came of the body, without the chunks' frames; the caller frees it. `ended`: so has it. */
static char *body_text(struct client *client, int *ended)
{
    read_more(client);
    char *text = calloc(1, client->size + 1), *at = client->text ? client->text + client->head : "";
    size_t size = 0;
    *ended = 0;
    while (client->head > 0) {
        char *line = strstr(at, "\r\n");
        size_t length = line ? strtoul(at, NULL, 16) : 0;
        size_t left = line ? client->size - (size_t)(line + 2 - client->text) : 0;
        if (line && length == 0)
            *ended = 1;
        if (!line || length == 0)
            break;
        memcpy(text + size, line + 2, length < left ? length : left);
        size += length < left ? length : left;
        if (left < length + 2)
            break;
        at = line + 2 + length + 2;
    }
    return text;
}

static int has(struct client *client, const char *what)
{
    int ended;
    char *text = body_text(client, &ended);
    int found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static int ended(struct client *client)
{
    int result;
    free(body_text(client, &result));
    return result;
}

static void check_head(const struct client *client, const char *id)
{
    char where[80];
    snprintf(where, sizeof where, "\r\nLocation: /v1/jobs/%s\r\n", id);
    assert_int_equal(status_of(client), 200);
    assert_non_null(strcasestr(client->text, "\r\nContent-Type: text/event-stream\r\n"));
    assert_non_null(strcasestr(client->text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strcasestr(client->text, "\r\nX-Request-Id: "));
    assert_non_null(strcasestr(client->text, where));
}

static void leave(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    free_client(client);
}

/* --- what is sent, and when ------------------------------------------------------------------ */

FIXTURE(set_up, tear_down)

TEST(test_parts_and_done)
{
    struct client *client = begin_stream("");
    char id[WI_ID_SIZE];
    int over;
    strcpy(id, fixture->spec.id);
    assert_true(fixture->spec.asked->stream);
    assert_true(
        fixture->spec.asked->timeout_ms == 600000 && fixture->spec.asked->stall_timeout_ms == 0);
    give("one ");
    until(has(client, "\n\n"));
    check_head(client, id);
    give("two \n\"");
    until(has(client, "two"));
    assert_false(ended(client));
    finish_job(WI_OK);
    until(ended(client));
    char *text = body_text(client, &over);
    assert_ptr_equal(strstr(text, "id: 0\nevent: part\ndata: {\"seq\":0,\"index\":0,"
                                  "\"text\":\"one \"}\n\n"
                                  "id: 1\nevent: part\ndata: {\"seq\":1,\"index\":0,"
                                  "\"text\":\"two \\u000a\\\"\"}\n\n"
                                  "event: done\ndata: {\"id\":\"mine\","),
        text);
    json_t *done = json_loads(strstr(text, "data: {\"id\"") + 6, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *times = json_object_get(done, "performance");
    assert_int_equal(json_integer_value(json_object_get(done, "parts")), 2);
    assert_true(json_number_value(json_object_get(times, "first_part_ms")) == 0.75);
    assert_true(json_number_value(json_object_get(times, "waited_for_client_ms")) == 0.5);
    assert_string_equal(text + strlen(text) - 3, "}\n\n");
    json_decref(done);
    free(text);
    /* The connection lives on. */
    client->size = 0;
    send_head(client, "GET", "/healthz", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}

TEST(test_failure_before_anything)
{
    struct client *client = begin_stream("");
    finish_job(WI_ATTEMPTS_EXHAUSTED);
    until(answered(client));
    check_problem(client, 502, "attempts_exhausted");
    free_client(client);
}

TEST(test_done_alone)
{
    struct client *client = begin("", EVENTS);
    until(fixture->has_job);
    finish_job(WI_OK);
    until(ended(client));
    assert_true(has(client, "event: done\ndata: "));
    assert_false(has(client, "event: part"));
    assert_true(has(client, "\"parts\":0,"));
    free_client(client);
}

TEST(test_accept_asks_too)
{
    static const char body[] = "{\"model_name\":\"builtin/echo\",\"inputs\":[]}";
    static const struct {
        const char *accept;
        int stream;
    } rows[] = {{"text/event-stream", 1}, {"text/event-stream, */*;q=0.1", 1},
        {"application/json, text/event-stream", 0}, {"*/*", 0}, {"text/*, application/json", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = connect_client();
        char headers[256];
        snprintf(headers, sizeof headers,
            "Content-Type: application/json\r\nContent-Length: %zu\r\nAccept: %s\r\n",
            sizeof body - 1, rows[i].accept);
        send_head(client, "POST", "/v1/infer", headers);
        send_text(client, body);
        until(fixture->has_job);
        assert_int_equal(fixture->spec.asked->stream, rows[i].stream);
        finish_job(WI_OK);
        until(rows[i].stream ? ended(client) : answered(client));
        assert_int_equal(strcasestr(client->text, "text/event-stream") != NULL, rows[i].stream);
        free_client(client);
    }
}

TEST(test_error_after_a_part)
{
    struct client *client = begin_stream("");
    give("one ");
    until(has(client, "one"));
    finish_job(WI_STREAM_INTERRUPTED);
    until(ended(client));
    assert_true(has(client, "\n\nevent: error\ndata: {\"type\":\"urn:webinfer:error:"
                            "stream_interrupted\","));
    assert_true(has(client, "\"status\":502"));
    assert_false(has(client, "done"));
    free_client(client);
}

/* Nothing comes: after a while the client learns that somebody is there, again and again. */
TEST(test_comments_and_progress)
{
    struct client *client = begin_stream("");
    const struct wi_progress loading = {
        .phase = "loading", .has_bytes = 1, .loaded_bytes = 10, .total_bytes = 20};
    const struct wi_progress prompt = {.phase = "prompt", .has_count = 1, .done = 3, .total = 8.5};
    double began = wi_now_ms();
    until(has(client, ": alive\n\n"));
    assert_true(wi_now_ms() - began >= fixture->deps.times.beat * 0.9);
    assert_int_equal(status_of(client), 200);
    assert_true(
        has(client, "event: progress\ndata: {\"phase\":\"queued\",\"queue_position\":3}\n\n"));
    fixture->hears.on_progress(fixture->context, &fixture->spec, &loading);
    until(has(client, "event: progress\ndata: {\"phase\":\"loading\",\"loaded_bytes\":10,"
                      "\"total_bytes\":20}\n\n"));
    fixture->hears.on_progress(fixture->context, &fixture->spec, &prompt);
    until(
        has(client, "event: progress\ndata: {\"phase\":\"prompt\",\"done\":3,\"total\":8.5}\n\n"));
    give("one ");
    until(has(client, "\"text\":\"one \"}\n\n: alive\n\n"));
    finish_job(WI_OK);
    until(ended(client));
    free_client(client);
}

/* What was so before the first part is not told behind it. */
TEST(test_progress_that_is_past)
{
    struct client *client = begin_stream("");
    const struct wi_progress loading = {.phase = "loading"};
    fixture->hears.on_progress(fixture->context, &fixture->spec, &loading);
    give("one ");
    until(has(client, ": alive\n\n"));
    assert_true(has(client, "one"));
    assert_false(has(client, "loading"));
    finish_job(WI_OK);
    until(ended(client));
    free_client(client);
}

/* The daemon that hands it on counts the silence, and would go elsewhere. */
TEST(test_a_relay_is_told_while_no_node_has_begun)
{
    static const char queued[] = ": alive\n\nevent: progress\ndata: {\"phase\":\"queued\"}\n\n";
    static const char *const relayed[] = {",\"relay\":{}", ""};
    for (size_t i = 0; i < 2; i++) {
        struct client *client = begin_stream(relayed[i]);
        give("one ");
        until(has(client, "one \"}\n\n: alive\n\n"));
        assert_false(has(client, "queued"));
        fixture->held_up = 1;
        if (i == 0)
            until(has(client, queued));
        else
            until(has(client, ": alive\n\n: alive\n\n"));
        assert_int_equal(has(client, "queued"), i == 0);
        fixture->held_up = 0;
        finish_job(WI_OK);
        until(ended(client));
        free_client(client);
    }
}

TEST(test_what_cannot_be_streamed)
{
    static const struct {
        const char *fields, *headers, *field;
    } rows[] = {
        {",\"parameters\":{\"binary_data_output\":true}", "", "parameters.binary_data_output"},
        {",\"outputs\":[\"x\",{\"name\":\"x\",\"parameters\":{\"binary_data\":true}}]", "",
            "outputs[1].parameters.binary_data"},
        {"", EVENTS "Idempotency-Key: k\r\n", "Idempotency-Key"},
        {",\"resumable\":1", "", "resumable"},
        {",\"stall_timeout_ms\":0", "", "stall_timeout_ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = begin(rows[i].fields, rows[i].headers);
        until(answered(client));
        check_problem(client, 400, "invalid_field");
        json_t *problem = body_of(client);
        assert_string_equal(json_string_value(json_object_get(problem, "field")), rows[i].field);
        json_decref(problem);
        free_client(client);
    }
    assert_int_equal(fixture->submitted, 0);
}

TEST(test_http_1_0)
{
    struct client *client = connect_client();
    char head[256];
    static const char body[] = STREAM "}";
    snprintf(head, sizeof head,
        "POST /v1/infer HTTP/1.0\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        wi_server_port(fixture->server), sizeof body - 1);
    send_text(client, head);
    send_text(client, body);
    until(fixture->has_job);
    give("one ");
    finish_job(WI_OK);
    until(closed(client));
    assert_null(strcasestr(client->text, "chunked"));
    assert_non_null(strstr(client->text, "\r\n\r\nid: 0\nevent: part\n"));
    assert_non_null(strstr(client->text, "}\n\nevent: done\ndata: {"));
    free_client(client);
}

/* --- credit ---------------------------------------------------------------------------------- */

#define BIG 60000

static void turn_for_a_while(void)
{
    unsigned begun = fixture->turns;
    until(fixture->turns > begun + 40);
}

/* A client that does not read stops its engine, and nobody else; when it reads, all comes. */
TEST(test_slow_client)
{
    struct client *slow = connect_client();
    int small = 8192;
    unsigned idle = 0;
    setsockopt(slow->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    free_client(slow);
    slow = begin_stream("");
    while (idle < 10) {
        idle = give_while_allowed(BIG) ? 0 : idle + 1;
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    uint64_t given = fixture->parts;
    turn_for_a_while();
    assert_int_equal(give_while_allowed(BIG), 0);
    assert_true(given < 200); /* what the kernel holds on both sides, and two more */
    assert_true(fixture->budget.used < 4 * BIG);
    assert_int_equal(ask("GET", "/healthz", "", NULL), 200);
    while (fixture->parts < given + 20) {
        read_more(slow);
        give_while_allowed(BIG);
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    finish_job(WI_OK);
    until(ended(slow));
    free_client(slow);
}

/* How much of it becomes credit is the job's affair (work/job/parts.h). */
TEST(test_the_job_is_told_what_was_taken)
{
    struct client *client = begin_stream("");
    char last[32];
    while (fixture->parts < 400) {
        give_while_allowed(4);
        read_more(client);
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    snprintf(last, sizeof last, "id: %d\n", 399);
    until(has(client, last));
    assert_true(fixture->took.parts >= 368);
    finish_job(WI_OK);
    until(ended(client));
    free_client(client);
}

TEST(test_send_timeout)
{
    fixture->config.api.send_timeout = 200;
    struct client *client = begin_stream("");
    while (!fixture->abandoned) {
        if (fixture->has_job)
            give_while_allowed(BIG);
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    assert_true(fixture->took.parts > 0);
    free_client(client);
}

/* --- leaving --------------------------------------------------------------------------------- */

TEST(test_leaving_cancels)
{
    /* Before anything was sent, between two parts, and when it does not read. */
    for (int when = 0; when < 3; when++) {
        struct client *client = begin_stream("");
        if (when == 1) {
            give("one ");
            until(has(client, "one"));
        }
        for (unsigned idle = 0; when == 2 && idle < 5;) {
            idle = give_while_allowed(BIG) ? 0 : idle + 1;
            uv_run(&fixture->loop, UV_RUN_ONCE);
        }
        leave(client);
        until(fixture->abandoned == when + 1);
        until(wi_server_busy(fixture->server) == 0);
    }
}

TEST(test_delete_ends_it)
{
    struct client *client = begin_stream("");
    give("one ");
    until(has(client, "one"));
    assert_int_equal(ask("DELETE", "/v1/jobs/mine", "", NULL), 200);
    until(ended(client));
    assert_true(has(client, "event: error\ndata: {\"type\":\"urn:webinfer:error:cancelled\""));
    free_client(client);
}

/* --- coming back ----------------------------------------------------------------------------- */

TEST(test_take_up)
{
    struct client *first = begin_stream(",\"resumable\":true");
    char id[WI_ID_SIZE];
    strcpy(id, fixture->spec.id);
    give("one ");
    give("two ");
    until(has(first, "two"));
    leave(first);
    until(wi_server_busy(fixture->server) == 0);
    give("three ");
    struct client *second = take_up(id, "0");
    until(has(second, "three"));
    check_head(second, id);
    assert_false(has(second, "one"));
    assert_true(has(second, "id: 1\nevent: part\n"));
    give("four ");
    until(has(second, "four"));
    /* From the beginning, and the one before is closed. */
    struct client *third = take_up(id, NULL);
    until(closed(second));
    assert_false(ended(second));
    until(has(third, "four"));
    assert_true(has(third, "one"));
    finish_job(WI_OK);
    until(ended(third));
    assert_true(has(third, "\"parts\":4,"));
    assert_false(has(second, "done"));
    assert_int_equal(fixture->abandoned, 0);
    free_client(second);
    free_client(third);
    /* Its end is kept for a while. */
    struct client *late = take_up(id, "3");
    until(ended(late));
    assert_false(has(late, "event: part"));
    assert_true(has(late, "event: done"));
    free_client(late);
}

TEST(test_grace_passes)
{
    fixture->config.api.stream_grace = 100;
    struct client *client = begin_stream(",\"resumable\":true");
    char id[WI_ID_SIZE];
    strcpy(id, fixture->spec.id);
    give("one ");
    until(has(client, "one"));
    leave(client);
    until(wi_server_busy(fixture->server) == 0);
    assert_int_equal(fixture->abandoned, 0);
    until(fixture->abandoned == 1);
    client = take_up(id, NULL);
    until(answered(client));
    check_problem(client, 404, "job_not_found");
    free_client(client);
}

/* Ends that nobody has fetched do not fill the memory, and the oldest of them go. */
TEST(test_kept_ends_are_few)
{
    char first[WI_ID_SIZE], last[WI_ID_SIZE];
    fixture->budget.limit = 1 << 20;
    for (int i = 0; i < 40; i++) {
        struct client *client = begin_stream(",\"resumable\":true");
        memcpy(i == 0 ? first : last, fixture->spec.id, WI_ID_SIZE);
        give("one ");
        give_while_allowed(4000);
        until(has(client, "one"));
        finish_job(WI_OK);
        until(ended(client));
        free_client(client);
        until(wi_server_busy(fixture->server) == 0);
        assert_true(fixture->budget.used <= fixture->budget.limit / 8);
    }
    struct client *client = take_up(last, NULL);
    until(ended(client));
    free_client(client);
    client = take_up(first, NULL);
    until(answered(client));
    check_problem(client, 404, "job_not_found");
    free_client(client);
}

TEST(test_gone)
{
    fixture->config.api.stream_buffer = 4096;
    struct client *client = begin_stream(",\"resumable\":true");
    char id[WI_ID_SIZE];
    strcpy(id, fixture->spec.id);
    while (fixture->parts < 300) {
        give_while_allowed(100);
        read_more(client);
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    char newest[48], before[32];
    snprintf(newest, sizeof newest, "id: %d\n", (int)fixture->parts - 1);
    snprintf(before, sizeof before, "%d", (int)fixture->parts - 6);
    until(has(client, newest));
    assert_true(fixture->budget.used < 10000);
    static const struct {
        const char *last;
        int status;
        const char *code;
    } rows[] = {{NULL, 410, "stream_gone"}, {"10", 410, "stream_gone"},
        {"100000", 400, "invalid_field"}, {"-1", 400, "invalid_field"},
        {"x", 400, "invalid_field"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *other = take_up(id, rows[i].last);
        until(answered(other));
        check_problem(other, rows[i].status, rows[i].code);
        free_client(other);
    }
    assert_false(closed(client)); /* who could not have it does not end it */
    struct client *other = take_up(id, before);
    until(has(other, newest));
    snprintf(newest, sizeof newest, "id: %s\n", before);
    assert_false(has(other, newest));
    finish_job(WI_OK);
    until(ended(other));
    free_client(other);
    free_client(client);
}

TEST(test_only_resumable_ones)
{
    struct client *client = begin_stream(""), *other;
    char id[WI_ID_SIZE], path[80];
    strcpy(id, fixture->spec.id);
    give("one ");
    until(has(client, "one"));
    other = take_up(id, "0");
    until(answered(other));
    check_problem(other, 410, "stream_gone");
    free_client(other);
    other = take_up("job_none", NULL);
    until(answered(other));
    check_problem(other, 404, "job_not_found");
    free_client(other);
    /* Without events it is a job like any other. */
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_int_equal(ask("GET", path, "", NULL), 200);
    assert_false(closed(client));
    finish_job(WI_OK);
    until(ended(client));
    free_client(client);
}

TEST(test_head)
{
    struct client *client = begin_stream(",\"resumable\":true"), *other = connect_client();
    char path[80];
    give("one ");
    until(has(client, "one"));
    snprintf(path, sizeof path, "/v1/jobs/%s", fixture->spec.id);
    send_head(other, "HEAD", path, EVENTS);
    until(answered(other));
    assert_int_equal(status_of(other), 200);
    assert_non_null(strcasestr(other->text, "Content-Type: text/event-stream"));
    give("two ");
    until(has(client, "two")); /* it was not taken away */
    finish_job(WI_OK);
    until(ended(client));
    free_client(client);
    free_client(other);
}

/* --- the end of the server ------------------------------------------------------------------- */

TEST(test_shutdown)
{
    struct client *client = begin_stream(",\"resumable\":true");
    give("one ");
    until(has(client, "one"));
    wi_server_quiesce(fixture->server);
    give("two ");
    until(has(client, "two")); /* what is under way goes on */
    wi_server_finish(fixture->server);
    assert_false(fixture->has_job);
    until(ended(client));
    assert_true(has(client, "event: error\ndata: {\"type\":\"urn:webinfer:error:shutting_down\""));
    free_client(client);
}

TEST(test_shutdown_while_silent_or_left)
{
    struct client *client = begin_stream("");
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    until(answered(client));
    check_problem(client, 503, "shutting_down");
    assert_int_equal(fixture->abandoned, 1);
    free_client(client);
}

TEST(test_shutdown_while_left)
{
    struct client *client = begin_stream(",\"resumable\":true");
    give("one ");
    until(has(client, "one"));
    leave(client);
    until(wi_server_busy(fixture->server) == 0);
    wi_server_quiesce(fixture->server); /* nobody can come back to it */
    assert_int_equal(fixture->abandoned, 1);
}
