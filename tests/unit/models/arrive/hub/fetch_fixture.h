/* A fetch into a real folder, with an HTTP client that is played here: a test says what each
 * request is answered. For use in one test file each: everything is static. */
#ifndef WI_TESTS_UNIT_HUB_FETCH_FIXTURE_H
#define WI_TESTS_UNIT_HUB_FETCH_FIXTURE_H

#include "../../../test.h"

#include "../../../files.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "models/arrive/hub/fetch.h"
#include "models/arrive/source/retry.h"
#include <strings.h>
#include <sys/file.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define HUB "https://hub.example"
#define ELSEWHERE "https://store.example"
#define REPLIES_MAX 32
#define GAIN 65536u /* bytes after which a failure counts as the first again */

/* --- the HTTP client -------------------------------------------------------------------------- */

struct reply {
    int status;             /* 0: no answer at all */
    const char *headers[4]; /* name, value, … */
    const char *body;       /* NULL: the file's bytes from `from` on */
    size_t from, size;      /* so many are sent; 0: all of them */
    enum wi_http_end end;   /* WI_HTTP_ANSWERED if all was taken */
    int held;               /* nothing comes at all */
};

struct wi_http_call {
    const struct reply *reply;
    wi_http_head_fn *on_head;
    wi_http_data_fn *on_data;
    wi_http_fn *on_answer;
    void *context;
    struct wi_timer *timer;
    size_t sent;
    int began;
};

struct request {
    char url[256], range[64];
    int with_token, allow_private;
    uint64_t stall_ms;
};

static struct {
    uv_loop_t loop;
    char root[64];
    struct wi_hub hub;
    struct wi_hub_tree tree;
    struct wi_fetch *fetch;
    struct wi_buffer content;
    const struct reply *replies; /* one for each request; the last for all that follow */
    size_t reply_count;
    struct request requests[REPLIES_MAX];
    size_t asked, open, cancelled;
    unsigned pauses, failed_before, first_ms; /* what the last pause was asked for */
    int ended, pieces;
    struct wi_fetch_progress progress, last;
    char retrying[512];
    struct wi_error error;
    struct wi_limit *limit;
} test;

uint64_t wi_retry_pause(unsigned first_ms, unsigned failed)
{
    test.pauses++;
    test.first_ms = first_ms;
    test.failed_before = failed;
    return 0;
}

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    for (size_t i = 0; i < 4 && call->reply->headers[i]; i += 2)
        if (strcasecmp(call->reply->headers[i], name) == 0)
            return call->reply->headers[i + 1];
    return NULL;
}

static void end_call(struct wi_http_call *call, enum wi_http_end end)
{
    wi_http_fn *on_answer = call->on_answer;
    struct wi_http_answer answer = {.status = end == WI_HTTP_ANSWERED ? call->reply->status : 0,
        .end = end,
        .failure = end == WI_HTTP_BROKEN ? "the line was cut" : NULL,
        .body = "",
        .call = call};
    test.open--;
    on_answer(call->context, &answer);
    wi_timer_free(call->timer);
    free(call);
}

/* What comes over the network next: the head, then a piece of at most 300,000 bytes in each turn.
 */
static void on_network(void *context)
{
    struct wi_http_call *call = context;
    const struct reply *reply = call->reply;
    const char *body = reply->body ? reply->body : test.content.text + reply->from;
    size_t size = reply->body ? strlen(body) : test.content.size - reply->from, piece;
    if (reply->size)
        size = reply->size;
    if (!call->began && reply->status == 0) {
        end_call(call, reply->end);
        return;
    }
    if (!call->began && call->on_head(call->context, call, reply->status) != 0) {
        end_call(call, WI_HTTP_STOPPED);
        return;
    }
    call->began = 1;
    piece = size - call->sent < 300000 ? size - call->sent : 300000;
    if (piece > 0) {
        switch (call->on_data(call->context, body + call->sent, piece)) {
        case WI_HTTP_PAUSE:
            return; /* until it is resumed */
        case WI_HTTP_END:
            end_call(call, WI_HTTP_STOPPED);
            return;
        case WI_HTTP_TAKEN:
            test.pieces++;
            call->sent += piece;
        }
    }
    if (call->sent == size)
        end_call(call, reply->end);
    else
        wi_timer_start(call->timer, 0, 0);
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    struct request *seen = &test.requests[test.asked % REPLIES_MAX];
    size_t last = test.reply_count - 1;
    *call = (struct wi_http_call){.reply = &test.replies[test.asked < last ? test.asked : last],
        .on_head = request->on_head,
        .on_data = request->on_data,
        .on_answer = on_answer,
        .context = context,
        .timer = wi_timer_new(&test.loop, on_network, call)};
    *seen =
        (struct request){.allow_private = request->allow_private, .stall_ms = request->stall_ms};
    assert_string_equal(request->method, "GET");
    assert_true(request->outside);
    snprintf(seen->url, sizeof seen->url, "%s", request->url);
    for (const char *const *line = request->headers; *line; line++) {
        if (strncmp(*line, "Range: ", 7) == 0)
            snprintf(seen->range, sizeof seen->range, "%s", *line + 7);
        seen->with_token |= strcmp(*line, "Authorization: Bearer hf_x") == 0;
    }
    test.asked++;
    test.open++;
    if (!call->reply->held)
        wi_timer_start(call->timer, 0, 0);
    return call;
}

void wi_http_cancel(struct wi_http_call *call)
{
    if (!call)
        return;
    test.open--;
    test.cancelled++;
    wi_timer_free(call->timer);
    free(call);
}

void wi_http_resume(struct wi_http_call *call)
{
    wi_timer_start(call->timer, 0, 0);
}

/* --- a fetch ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    make_root(test.root, "fetch");
    test.hub = (struct wi_hub){.name = "hub", .url = HUB, .token = "hf_x"};
    test.tree.commit = wi_strdup(COMMIT);
    return 0;
}

static int tear_down(void **state)
{
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&test.loop), 0);
    assert_int_equal(test.open, 0);
    wi_hub_tree_clear(&test.tree);
    wi_buffer_clear(&test.content);
    remove_root(test.root);
    return 0;
}

/* The hub has one more file of that name; all of them have the same content. */
static void have(const char *path)
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_hub_file file = {.bytes = test.content.size};
    wi_hash(test.content.text, test.content.size, hash);
    wi_hash_hex(hash, file.hash);
    wi_hub_tree_add(&test.tree, &file, path);
}

static void fill(size_t size)
{
    for (size_t i = 0; i < size; i++)
        wi_buffer_add(&test.content, &(char){(char)('a' + i * 7 % 26)}, 1);
}

static void on_progress(void *context, const struct wi_fetch_progress *progress)
{
    test.progress = *progress;
    snprintf(
        test.retrying, sizeof test.retrying, "%s", progress->retrying ? progress->retrying : "");
}

static void on_end(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    test.ended++;
    test.fetch = NULL;
    test.last = *progress;
    if (error)
        test.error = *error;
}

static void start(const struct reply *replies, size_t count, struct wi_hub_tree *measured)
{
    const struct wi_fetch_order order = {.hub = &test.hub,
        .repository = "org/name",
        .files = &test.tree,
        .folder = test.root,
        .limit = test.limit,
        .measured = measured};
    test.replies = replies;
    test.reply_count = count;
    test.fetch = wi_fetch_start(&test.loop, NULL, &order, on_progress, on_end, NULL);
    assert_int_equal(test.ended, 0);
}

static void run_to_end(void)
{
    while (!test.ended)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_int_equal(test.ended, 1);
}

#define FETCH(...)                                                                                 \
    do {                                                                                           \
        static const struct reply rows[] = {__VA_ARGS__};                                          \
        start(rows, sizeof rows / sizeof *rows, NULL);                                             \
        run_to_end();                                                                              \
    } while (0)

static void expect_file(const char *path)
{
    char *where = path_to(test.root, path), *text = wi_alloc(test.content.size + 1);
    FILE *file = fopen(where, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, test.content.size + 1, file), test.content.size);
    assert_memory_equal(text, test.content.text, test.content.size);
    fclose(file);
    free(text);
    free(where);
}

static void expect_whole(void)
{
    assert_string_equal(test.error.detail, "");
    assert_int_equal(test.last.done, test.content.size);
    assert_int_equal(test.last.total, test.content.size);
    assert_int_equal(test.last.files_done, 1);
    assert_null(test.last.retrying);
    expect_file("model.gguf");
}

static void expect_failure(enum wi_code code, const char *words)
{
    assert_int_equal(test.error.code, code);
    if (!strstr(test.error.detail, words))
        fail_msg("%s", test.error.detail);
    char *path = path_to(test.root, "model.gguf");
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
}

#endif
