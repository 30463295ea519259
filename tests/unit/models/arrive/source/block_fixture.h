/* A fetch of blocks with an HTTP client that is played here: a test says what each gateway answers.
 * For use in one test file each: everything is static. */
#ifndef WI_TESTS_UNIT_SOURCE_BLOCK_FIXTURE_H
#define WI_TESTS_UNIT_SOURCE_BLOCK_FIXTURE_H

#include "../../../test.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "models/arrive/source/block_fetch.h"
#include "models/arrive/source/retry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLOCKS_MAX 250 /* a block's bytes are all its number and one */
#define GATEWAYS_MAX 10
#define PIECE (256u << 10)
#define NO_LENGTH SIZE_MAX

/* --- the gateways ----------------------------------------------------------------------------- */

/* What a gateway answers. All but the first are of every request. */
struct answer {
    int status;             /* 0: nothing at all; 200 unless it is said */
    const char *type;       /* its Content-Type; else that of a block */
    const char *headers[4]; /* further ones: name, value, … */
    int wrong;              /* the bytes of another block */
    size_t size;            /* of the body; 0: the block's */
    size_t length;          /* in Content-Length; 0: the size; NO_LENGTH: none */
    size_t sends;           /* of the body, and then nothing more comes; 0: all of it */
    int held;               /* nothing comes until it is let go */
    enum wi_http_end end;   /* how it ends, WI_HTTP_ANSWERED mostly */
};

struct gateway {
    char name[24], url[40];
    struct answer answer;
    const struct answer *first; /* of so many requests; then `answer` */
    size_t first_count;
    size_t asked, in_flight, most;  /* most: in flight at the same time */
    char url_asked[200], token[96]; /* of the last request, as are: */
    int private, plain;
    int led; /* requests that came where others had been led */
};

struct wi_http_call {
    struct wi_http_call *next;
    struct gateway *gateway;
    struct answer answer;
    size_t block, sent;
    char length[32], location[80], range[80];
    wi_http_head_fn *on_head;
    wi_http_data_fn *on_data;
    wi_http_fn *on_answer;
    void *context;
    struct wi_timer *timer;
    int began;
};

static struct {
    uv_loop_t loop;
    struct gateway gateways[GATEWAYS_MAX];
    size_t gateway_count;
    struct wi_http_call *calls;
    size_t asked[BLOCKS_MAX]; /* how often, by block */
    size_t cancelled;
    struct wi_sources *sources;
    /* The owner. */
    struct wi_block_fetch *fetch;
    struct wi_cid cids[BLOCKS_MAX];
    size_t sizes[BLOCKS_MAX];
    size_t count, next, got, kept;
    int unknown;    /* it does not say how long blocks are */
    int never_ends; /* it says that there may be more */
    size_t at_once; /* it wants so many at a time; 0: all */
    int given[BLOCKS_MAX];
    enum wi_code keep_code;
    uv_sem_t *keep_waits; /* NULL: it does not */
    unsigned keeping;     /* calls of it that have begun */
    int failed, closed;
    struct wi_error error;
    struct wi_block_order order;
} test;

uint64_t wi_retry_pause(unsigned first_ms, unsigned failed)
{
    assert_int_equal(first_ms, 500);
    assert_true(failed > 0);
    return 1;
}

static size_t body_of(const struct wi_http_call *call)
{
    if (call->answer.status != 200 && call->answer.status != 206)
        return 10;
    return call->answer.size ? call->answer.size : test.sizes[call->block];
}

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    const struct answer *answer = &call->answer;
    for (size_t i = 0; i < 4 && answer->headers[i]; i += 2)
        if (strcasecmp(answer->headers[i], name) == 0)
            return answer->headers[i + 1];
    if (strcasecmp(name, "content-range") == 0)
        return call->range[0] ? call->range : NULL;
    if (strcasecmp(name, "content-type") == 0)
        return answer->type ? answer->type : "application/vnd.ipld.raw";
    if (strcasecmp(name, "content-length") == 0 && answer->length != NO_LENGTH)
        return call->length;
    return NULL;
}

static void drop_call(struct wi_http_call *call)
{
    struct wi_http_call **link = &test.calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    call->gateway->in_flight--;
    wi_timer_free(call->timer);
    free(call);
}

static void end_call(struct wi_http_call *call, enum wi_http_end end)
{
    const struct wi_http_answer answer = {
        .status = end == WI_HTTP_ANSWERED ? call->answer.status : 0,
        .end = end,
        .failure = end == WI_HTTP_ANSWERED ? NULL : "the line was cut",
        .body = "",
        .call = call};
    call->on_answer(call->context, &answer);
    drop_call(call);
}

/* A piece in each turn. */
static void send_piece(struct wi_http_call *call)
{
    static char bytes[PIECE];
    size_t size = body_of(call), most = call->answer.sends ? call->answer.sends : size;
    size_t piece = most - call->sent < PIECE ? most - call->sent : PIECE;
    memset(bytes, call->answer.wrong ? 0 : (int)call->block + 1, piece);
    switch (piece > 0 ? call->on_data(call->context, bytes, piece) : WI_HTTP_TAKEN) {
    case WI_HTTP_PAUSE:
        return;
    case WI_HTTP_END:
        end_call(call, WI_HTTP_STOPPED);
        return;
    case WI_HTTP_TAKEN:
        call->sent += piece;
    }
    if (call->sent == size || (call->sent == most && call->answer.end != WI_HTTP_ANSWERED))
        end_call(call, call->answer.end);
    else if (call->sent < most)
        wi_timer_start(call->timer, 0, 0);
}

static void on_network(void *context)
{
    struct wi_http_call *call = context;
    if (call->answer.status == 0) {
        end_call(call, call->answer.end);
        return;
    }
    if (!call->began && call->on_head(call->context, call, call->answer.status) != 0) {
        end_call(call, WI_HTTP_STOPPED);
        return;
    }
    call->began = 1;
    send_piece(call);
}

static struct gateway *gateway_of(const char *url)
{
    for (size_t i = 0; i < test.gateway_count; i++)
        if (strncmp(url, test.gateways[i].url, strlen(test.gateways[i].url)) == 0)
            return &test.gateways[i];
    fail_msg("nobody is at %s", url);
    return NULL;
}

/* Where the block lies in the file of which all of them are. */
static uint64_t place_of(size_t block)
{
    uint64_t at = 0;
    for (size_t i = 0; i < block; i++)
        at += test.sizes[i];
    return at;
}

/* Of a range of that file. */
static size_t block_at(const char *header)
{
    unsigned long long first, last;
    assert_int_equal(sscanf(header, "Range: bytes=%llu-%llu", &first, &last), 2);
    for (size_t i = 0; i < test.count; i++)
        if (place_of(i) == first) {
            assert_int_equal(last, first + test.sizes[i] - 1);
            return i;
        }
    fail_msg("%s was not wanted", header);
    return 0;
}

static size_t block_of(const char *url)
{
    const char *cid = strstr(url, "/ipfs/");
    char text[WI_CID_TEXT];
    assert_non_null(cid);
    for (size_t i = 0; i < test.count; i++) {
        wi_cid_print(&test.cids[i], text);
        if (strncmp(cid + 6, text, strlen(text)) == 0) {
            assert_string_equal(cid + 6 + strlen(text), "?format=raw");
            return i;
        }
    }
    fail_msg("%s was not wanted", url);
    return 0;
}

static void note_request(struct gateway *gateway, const struct wi_http_request *request)
{
    assert_string_equal(request->method, "GET");
    assert_true(request->outside);
    if (!strstr(request->url, "/file"))
        assert_string_equal(request->headers[0], "Accept: application/vnd.ipld.raw");
    gateway->led += strstr(request->url, "/file/led") != NULL;
    snprintf(gateway->token, sizeof gateway->token, "%s",
        request->headers[1] ? request->headers[1] : "");
    snprintf(gateway->url_asked, sizeof gateway->url_asked, "%s", request->url);
    gateway->private = request->allow_private;
    gateway->plain = request->allow_plain;
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    struct gateway *gateway = gateway_of(request->url);
    note_request(gateway, request);
    *call = (struct wi_http_call){.next = test.calls,
        .gateway = gateway,
        .answer = gateway->asked < gateway->first_count ? gateway->first[gateway->asked]
                                                        : gateway->answer,
        .block =
            strstr(request->url, "/file") ? block_at(request->headers[0]) : block_of(request->url),
        .on_head = request->on_head,
        .on_data = request->on_data,
        .on_answer = on_answer,
        .context = context,
        .timer = wi_timer_new(&test.loop, on_network, call)};
    snprintf(call->length, sizeof call->length, "%zu",
        call->answer.length ? call->answer.length : body_of(call));
    if (call->answer.status == 206)
        snprintf(call->range, sizeof call->range, "bytes %llu-%llu/*",
            (unsigned long long)place_of(call->block),
            (unsigned long long)(place_of(call->block) + test.sizes[call->block] - 1));
    test.calls = call;
    test.asked[call->block]++;
    gateway->asked++;
    gateway->most = ++gateway->in_flight > gateway->most ? gateway->in_flight : gateway->most;
    if (!call->answer.held)
        wi_timer_start(call->timer, 0, 0);
    return call;
}

void wi_http_cancel(struct wi_http_call *call)
{
    if (!call)
        return;
    test.cancelled++;
    drop_call(call);
}

void wi_http_resume(struct wi_http_call *call)
{
    wi_timer_start(call->timer, 0, 0);
}

/* What is held at the gateway comes now, all of it. */
static inline void let_go(struct gateway *gateway)
{
    for (struct wi_http_call *call = test.calls; call; call = call->next)
        if (call->gateway == gateway) {
            call->answer.sends = 0;
            wi_timer_start(call->timer, 0, 0);
        }
}

/* --- the owner -------------------------------------------------------------------------------- */

static enum wi_block_next next_block(void *context, struct wi_block_want *want)
{
    assert_ptr_equal(context, &test);
    assert_false(test.failed || test.closed);
    if (test.next == test.count && !test.never_ends)
        return WI_BLOCK_NONE;
    if (test.next == test.count || (test.at_once && test.next - test.got >= test.at_once))
        return WI_BLOCK_LATER;
    *want = (struct wi_block_want){.cid = test.cids[test.next],
        .bytes = test.unknown ? 0 : (uint32_t)test.sizes[test.next],
        .at = place_of(test.next),
        .tag = test.next};
    test.next++;
    return WI_BLOCK_NEXT;
}

static enum wi_code keep_block(void *context, struct wi_block *block, struct wi_error *error)
{
    __atomic_add_fetch(&test.keeping, 1, __ATOMIC_RELAXED);
    if (test.keep_waits)
        uv_sem_wait(test.keep_waits);
    assert_int_equal(block->size, test.sizes[block->want.tag]);
    __atomic_add_fetch(&test.kept, 1, __ATOMIC_RELAXED);
    return test.keep_code == WI_OK ? WI_OK : wi_error_set(error, test.keep_code, "", "full");
}

static void on_block(void *context, struct wi_block *block)
{
    size_t index = (size_t)block->want.tag;
    assert_false(test.failed || test.closed);
    assert_int_equal(test.given[index]++, 0);
    assert_int_equal(block->size, test.sizes[index]);
    for (size_t i = 0; i < block->size; i += block->size / 7 + 1)
        assert_int_equal(block->bytes[i], index + 1);
    test.got++;
    if (index % 2) { /* every other is taken */
        free(block->bytes);
        block->bytes = NULL;
    }
    if (test.at_once)
        wi_block_fetch_wake(test.fetch);
}

static void on_failed(void *context, const struct wi_error *error)
{
    assert_int_equal(test.failed++, 0);
    test.error = *error;
}

static void on_closed(void *context)
{
    assert_int_equal(test.closed++, 0);
}

/* --- a fetch ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    test.sources = wi_sources_new();
    return 0;
}

static int tear_down(void **state)
{
    wi_sources_free(test.sources);
    if (test.fetch && !test.closed)
        return -1; /* the test has failed */
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&test.loop), 0);
    assert_null(test.calls);
    return 0;
}

/* So many blocks of so many bytes each. */
static inline void have_blocks(size_t count, size_t size)
{
    unsigned char *bytes = wi_alloc(size + 1);
    test.count = count;
    for (size_t i = 0; i < count; i++) {
        memset(bytes, (int)i + 1, size);
        test.sizes[i] = size;
        wi_cid_of(WI_CODEC_RAW, bytes, size, &test.cids[i]);
    }
    free(bytes);
}

static inline void have_gateways(size_t count)
{
    struct wi_block_source_row rows[GATEWAYS_MAX] = {0};
    test.gateway_count = count;
    for (size_t i = 0; i < count; i++) {
        struct gateway *gateway = &test.gateways[i];
        *gateway = (struct gateway){.answer = {.status = 200}};
        snprintf(gateway->name, sizeof gateway->name, "g%zu", i);
        snprintf(gateway->url, sizeof gateway->url, "https://g%zu.example", i);
        rows[i] = (struct wi_block_source_row){.name = gateway->name, .url = gateway->url};
    }
    wi_sources_set(test.sources, rows, count);
}

static inline void start_with(struct wi_block_source *const *sources, size_t count)
{
    test.order.sources = sources;
    test.order.source_count = count;
    test.order.what = "ipfs://root";
    test.order.next = next_block;
    test.order.keep = keep_block;
    test.order.on_block = on_block;
    test.order.on_failed = on_failed;
    test.order.context = &test;
    test.fetch = wi_block_fetch_new(&test.loop, NULL, &test.order);
}

static inline void start(void)
{
    struct wi_block_source *sources[GATEWAYS_MAX];
    for (size_t i = 0; i < wi_sources_count(test.sources); i++)
        sources[i] = wi_sources_at(test.sources, i);
    start_with(sources, wi_sources_count(test.sources));
}

static inline void turn(void)
{
    uv_run(&test.loop, UV_RUN_ONCE);
}

static inline void run_until_got(size_t count)
{
    while (test.got < count && !test.failed)
        turn();
}

static inline void close_fetch(void)
{
    wi_block_fetch_close(test.fetch, on_closed, &test);
    assert_int_equal(test.closed, 0);
    assert_null(test.calls);
    while (!test.closed)
        turn();
}

static inline void fetch_all(void)
{
    start();
    run_until_got(test.count);
    assert_string_equal(test.error.detail, "");
    assert_int_equal(test.got, test.count);
}

/* The fetch fails like this. */
static inline void expect_failure(enum wi_code code, const char *words)
{
    start();
    run_until_got(test.count);
    assert_true(test.failed);
    if (test.error.code != code || !strstr(test.error.detail, words))
        fail_msg("%s: %s", wi_code_name(test.error.code), test.error.detail);
    close_fetch();
}

static inline struct wi_block_share in_fetch(size_t gateway)
{
    struct wi_block_share source;
    assert_int_equal(wi_block_fetch_share(test.fetch, gateway, &source), 0);
    return source;
}

static inline struct wi_block_source_info info_of(size_t gateway)
{
    struct wi_block_source_info info = wi_block_source_look(wi_sources_at(test.sources, gateway));
    return info;
}

/* As if it had just begun; what is known of sources stays. */
static inline void again(void)
{
    test.next = test.got = test.kept = 0;
    test.failed = test.closed = 0;
    memset(test.given, 0, sizeof test.given);
    memset(test.asked, 0, sizeof test.asked);
    for (size_t i = 0; i < test.gateway_count; i++)
        test.gateways[i].asked = 0;
}

#endif
