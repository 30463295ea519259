/* Lists of files from a small hub on the same loop, which answers as each test says. */
#include "../../../test.h"

#include "../../../loopback.h"
#include "base/buffer.h"
#include "models/arrive/hub/ask.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_list.h"
#include <stdlib.h>
#include <string.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What the hub says to a request that begins so; each once, in this order. */
struct reply {
    const char *request; /* "GET /path" */
    const char *status;  /* "200 OK"; NULL: it says nothing and hangs up */
    const char *headers; /* lines that end in CR LF */
    const char *body;
};

struct fixture {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct wi_http *http;
    struct wi_hub hub;
    char url[64];
    const struct reply *replies; /* ended by a row without a request */
    unsigned used;               /* bits by the index */
    struct wi_buffer log;        /* the first line of each request */
    int with_token;              /* requests that brought one */
    int ended, status;
    struct wi_hub_tree tree;
    struct wi_error error;
};

/* A connection that reads one request. */
struct client {
    uv_tcp_t tcp;
    uv_write_t write;
    struct wi_buffer in, out;
};

static struct fixture *fixture;

/* --- the hub ---------------------------------------------------------------------------------- */

static void free_client(uv_handle_t *handle)
{
    struct client *client = (struct client *)handle;
    wi_buffer_clear(&client->in);
    wi_buffer_clear(&client->out);
    free(client);
}

static void close_client(struct client *client)
{
    if (!uv_is_closing((uv_handle_t *)&client->tcp))
        uv_close((uv_handle_t *)&client->tcp, free_client);
}

static void on_written(uv_write_t *write, int status)
{
    close_client((struct client *)write->handle);
}

static void answer(struct client *client)
{
    const struct reply *reply = fixture->replies;
    unsigned bit = 1;
    size_t length = strcspn(client->in.text, "\r");
    uv_buf_t out;
    wi_buffer_printf(&fixture->log, "%.*s\n", (int)length - 9, client->in.text); /* " HTTP/1.1" */
    fixture->with_token += strcasestr(client->in.text, "authorization: bearer hf_x") != NULL;
    for (; reply->request; reply++, bit <<= 1)
        if (!(fixture->used & bit) &&
            strncmp(client->in.text, reply->request, strlen(reply->request)) == 0)
            break;
    fixture->used |= bit;
    if (!reply->status) {
        close_client(client);
        return;
    }
    const char *body = reply->body ? reply->body : "";
    wi_buffer_printf(&client->out, "HTTP/1.1 %s\r\n%sConnection: close\r\n", reply->status,
        reply->headers ? reply->headers : "");
    if (strncmp(client->in.text, "HEAD", 4) != 0)
        wi_buffer_printf(&client->out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        wi_buffer_puts(&client->out, "\r\n");
    out = uv_buf_init(client->out.text, (unsigned)client->out.size);
    uv_write(&client->write, (uv_stream_t *)&client->tcp, &out, 1, on_written);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    *buffer = uv_buf_init(malloc(suggested), (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct client *client = (struct client *)stream;
    if (count < 0)
        close_client(client);
    else
        wi_buffer_add(&client->in, buffer->base, (size_t)count);
    free(buffer->base);
    if (count > 0 && strstr(client->in.text, "\r\n\r\n")) {
        uv_read_stop(stream);
        answer(client);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct client *client = calloc(1, sizeof *client);
    uv_tcp_init(&fixture->loop, &client->tcp);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&client->tcp), 0);
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
}

static int set_up(void **state)
{
    static struct fixture the;
    memset(&the, 0, sizeof the);
    fixture = &the;
    uv_loop_init(&the.loop);
    snprintf(the.url, sizeof the.url, "http://127.0.0.1:%d",
        listen_on_loopback(&the.loop, &the.listener, on_connection));
    the.hub = (struct wi_hub){.name = wi_strdup("local"), .url = wi_strdup(the.url)};
    the.http = wi_http_new(&the.loop);
    return 0;
}

static void on_walk(uv_handle_t *handle, void *context)
{
    if (handle->type == UV_TCP && handle != (uv_handle_t *)&fixture->listener)
        close_client((struct client *)handle);
}

static int tear_down(void **state)
{
    wi_http_free(fixture->http);
    uv_walk(&fixture->loop, on_walk, NULL);
    uv_close((uv_handle_t *)&fixture->listener, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_hub_clear(&fixture->hub);
    wi_hub_tree_clear(&fixture->tree);
    wi_buffer_clear(&fixture->log);
    return uv_loop_close(&fixture->loop);
}

/* --- asking it -------------------------------------------------------------------------------- */

static void on_tree(void *context, const struct wi_hub_tree *tree, const struct wi_error *error)
{
    assert_true((tree == NULL) != (error == NULL));
    fixture->ended++;
    if (tree)
        wi_hub_tree_copy(&fixture->tree, tree);
    else
        fixture->error = *error;
    uv_stop(&fixture->loop);
}

static struct wi_hub_list *start(const char *reference, const struct reply *replies)
{
    struct wi_hub_reference parsed;
    struct wi_hub_list *list;
    assert_int_equal(wi_hub_reference_parse(
                         reference, &wi_hub_layouts[fixture->hub.layout].rules, &parsed, NULL),
        WI_OK);
    fixture->replies = replies;
    list = wi_hub_list_start(&fixture->loop, fixture->http, &fixture->hub, &parsed, on_tree, NULL);
    wi_hub_reference_clear(&parsed);
    assert_int_equal(fixture->ended, 0);
    return list;
}

static void list(const char *reference, const struct reply *replies)
{
    start(reference, replies);
    while (!fixture->ended)
        uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->ended, 1);
}

static void expect_error(enum wi_code code, const char *detail)
{
    assert_int_equal(fixture->error.code, code);
    if (!strstr(fixture->error.detail, detail))
        fail_msg("\"%s\" instead of \"%s\"", fixture->error.detail, detail);
}

#define REVISION "GET /api/models/o/n/revision/"
#define TREE "GET /api/models/o/n/tree/" COMMIT
#define SHA_IS "{\"sha\":\"" COMMIT "\"}"
#define ONE_FILE(path)                                                                             \
    "[{\"type\":\"file\",\"path\":\"" path "\",\"size\":3,\"oid\":\"" COMMIT "\"}]"

FIXTURE(set_up, tear_down)

TEST(resolves_then_lists_page_by_page)
{
    char link[256];
    snprintf(link, sizeof link,
        "Link: <%s/first>; rel=\"prev\", <%s/api/models/o/n/tree/" COMMIT
        "?cursor=b>; rel=\"next\"\r\n",
        fixture->url, fixture->url);
    const struct reply replies[] = {{REVISION "refs%2Fpr%2F1", "200 OK", NULL, SHA_IS},
        {TREE "?recursive=true", "200 OK", link, ONE_FILE("b.json")},
        {TREE "?cursor=b", "200 OK", "Link: </x>; rel=\"prev\"\r\n", ONE_FILE("a.json")}, {0}};
    fixture->hub.token = wi_strdup("hf_x");
    list("o/n:Q8_0@refs/pr/1", replies);
    assert_string_equal(fixture->tree.commit, COMMIT);
    assert_int_equal(fixture->tree.count, 2);
    assert_string_equal(fixture->tree.files[0].path, "a.json");
    assert_int_equal(fixture->tree.bytes, 6);
    assert_int_equal(fixture->with_token, 3);
}

TEST(asks_for_main_without_a_token_where_there_is_none)
{
    const struct reply replies[] = {
        {REVISION "main", "200 OK", NULL, SHA_IS}, {TREE, "200 OK", NULL, ONE_FILE("a.json")}, {0}};
    list("o/n", replies);
    assert_int_equal(fixture->tree.count, 1);
    assert_int_equal(fixture->with_token, 0);
}

TEST(follows_renamed_repositories_on_the_hub_alone)
{
    const struct reply replies[] = {
        {REVISION, "307 Temporary Redirect", "Location: /api/models/new/n/revision/main\r\n", ""},
        {"GET /api/models/new/n/revision/main", "200 OK", NULL, SHA_IS},
        {TREE, "302 Found", "Location: http://127.0.0.1:9/elsewhere\r\n", ""}, {0}};
    list("o/n", replies);
    expect_error(WI_HUB_FAILED, "redirects the request for o/n elsewhere (302)");
}

TEST(gives_up_on_redirects_in_a_circle)
{
    const struct reply round = {REVISION, "302 Found", "Location: ?again\r\n", ""};
    const struct reply replies[] = {round, round, round, round, round, round, {0}};
    list("o/n", replies);
    expect_error(WI_HUB_FAILED, "elsewhere (302)");
    assert_non_null(strstr(fixture->log.text, "main?again\n"));
}

TEST(refuses_pages_of_another_host)
{
    const struct reply replies[] = {{REVISION, "200 OK", NULL, SHA_IS},
        {TREE, "200 OK", "Link: <http://127.0.0.1:9/more>; rel=\"next\"\r\n", "[]"}, {0}};
    list("o/n", replies);
    expect_error(WI_HUB_FAILED, "continues the files of o/n elsewhere");
}

TEST(says_what_the_hub_refuses)
{
    const struct reply replies[] = {
        {REVISION, "404 Not Found", "X-Error-Code: RevisionNotFound\r\n", ""}, {0}};
    list("o/n@v9", replies);
    expect_error(WI_HUB_NOT_FOUND, "does not have o/n@v9: there is no such revision");
}

TEST(refuses_garbage)
{
    const struct reply replies[] = {
        {REVISION, "200 OK", NULL, SHA_IS}, {TREE, "200 OK", NULL, "<html>"}, {0}};
    list("o/n", replies);
    expect_error(WI_HUB_FAILED, "of the tree: line 1");
}

static void on_answer(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *error)
{
    fixture->ended++;
    fixture->status = answer->status;
    if (error)
        fixture->error = *error;
    uv_stop(&fixture->loop);
}

/* One question, with pauses for a test. */
static void ask_for_it(const char *path, const struct reply *replies)
{
    char *url = wi_sprintf("%s%s", fixture->hub.url, path);
    const struct wi_hub_question question = {"GET", url, "it", 1};
    fixture->replies = replies;
    wi_hub_ask_start(&fixture->loop, fixture->http, &fixture->hub, &question, on_answer, NULL);
    free(url);
    while (!fixture->ended)
        uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

TEST(asks_again_after_a_cut_and_a_stumble)
{
    const struct reply replies[] = {{"GET /a", NULL, NULL, NULL},
        {"GET /a", "502 Bad Gateway", NULL, ""}, {"GET /a", "429 Busy", "Retry-After: 0\r\n", ""},
        {"GET /a", "200 OK", NULL, "x"}, {0}};
    ask_for_it("/a", replies);
    assert_int_equal(fixture->status, 200);
    assert_string_equal(fixture->log.text, "GET /a\nGET /a\nGET /a\nGET /a\n");
}

TEST(gives_up_on_a_hub_that_stays_broken)
{
    const struct reply bad = {"GET /a", "500 Internal Server Error", NULL, ""};
    const struct reply replies[] = {bad, bad, bad, bad, {"GET /a", "200 OK", NULL, "x"}, {0}};
    ask_for_it("/a", replies);
    expect_error(WI_HUB_FAILED, "hub local answers 500 for it");
}

TEST(passes_on_when_to_come_back)
{
    const struct reply replies[] = {
        {REVISION, "429 Too Many Requests", "Retry-After: 600\r\n", ""}, {0}};
    list("o/n", replies);
    expect_error(WI_HUB_BUSY, "has had enough requests");
    assert_int_equal(fixture->error.retry_after_s, 600);
}

TEST(says_that_nobody_answers)
{
    free(fixture->hub.url);
    fixture->hub.url = wi_strdup("http://127.0.0.1:9");
    ask_for_it("/a", (const struct reply[]){{0}});
    expect_error(WI_HUB_FAILED, "hub local (http://127.0.0.1:9) cannot be asked: ");
}

TEST(reads_a_plain_hub_with_the_lengths)
{
    const struct reply replies[] = {
        {"GET /m/SHA256SUMS", "200 OK", NULL,
            SHA256 "  a.gguf\n" SHA256 "  b.gguf\n" SHA256 "  c.json\n" SHA256 "  run.py\n"},
        {"HEAD /m/a.gguf", "200 OK", "Content-Length: 12345678901\r\n", NULL},
        {"HEAD /m/b.gguf", "404 Not Found", NULL, NULL},
        {"HEAD /m/c.json", "200 OK", "Content-Length: 7\r\n", NULL}, {0}};
    fixture->hub.layout = WI_HUB_PLAIN;
    list("m", replies);
    assert_int_equal(fixture->error.code, WI_OK);
    assert_int_equal(fixture->tree.count, 4);
    assert_true(fixture->tree.files[0].bytes == UINT64_C(12345678901));
    assert_true(fixture->tree.files[1].bytes == WI_HUB_BYTES_UNKNOWN);
    assert_int_equal(fixture->tree.files[2].bytes, 7);
    assert_null(strstr(fixture->log.text, "run.py"));
}

TEST(holds_a_plain_hub_to_its_revision)
{
    const struct reply replies[] = {
        {"GET /m/SHA256SUMS", "200 OK", NULL, SHA256 "  a.gguf\n"}, {0}};
    fixture->hub.layout = WI_HUB_PLAIN;
    list("m@" SHA256, replies);
    expect_error(WI_HUB_NOT_FOUND, "m on hub local has changed to another revision");
}

TEST(can_be_cancelled)
{
    struct wi_hub_list *going = start("o/n", (const struct reply[]){{0}});
    wi_hub_list_cancel(going);
    wi_hub_list_cancel(NULL);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_int_equal(fixture->ended, 0);
}
