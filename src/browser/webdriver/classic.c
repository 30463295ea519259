/*
 * WebDriver's classic protocol: verbs as rows of method, path and body, all through one exchange
 * function. The driver is not trusted: its answers are bounded and read with a table.
 */
#include "browser/webdriver/webdriver.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/url.h"
#include "base/params.h"
#include "base/text.h"
#include "browser/webdriver/notes.h"
#include "browser/webdriver/private.h"
#include <stdlib.h>
#include <string.h>

/* No answer that we use is larger than a few KiB; errors carry a stack trace. */
#define ANSWER_MAX (256 * 1024)
/* A Grid's status: some 2.5 KiB for each session that it has, most of it capabilities. */
#define STATUS_MAX (4 * 1024 * 1024)
#define POLL_FIRST_MS 20
#define POLL_MAX_MS 500
/* One question to a driver that accepts connections but does not answer. */
#define POLL_ANSWER_MS 2000

struct classic {
    struct wi_driver driver;
    uv_loop_t *loop;
    struct wi_http *http;
    struct lws_context *lws;
    const struct wi_outlet *outlet;
    char *url;
    struct wi_driver_events events;
    struct wi_listening *listening;     /* NULL: the driver grants none */
    struct wi_driver_call *new_session; /* waits for it to settle */
};

struct classic_call {
    struct wi_driver_call call;
    struct wi_http_call *http_call;
    /* Processes the value of a successful answer: WI_OK, or an error filled. May be NULL. */
    enum wi_code (*on_value)(struct wi_driver *driver, const json_t *value, struct wi_error *error);
    /* Only wait_ready asks again. */
    struct wi_timer *again;
    double deadline;
    uint64_t pause_ms;
    struct wi_error last;
    char browser[64]; /* of ask_grid */
};

static struct classic *driver_of(const struct classic_call *call)
{
    return (struct classic *)call->call.driver;
}

/* --- answers --------------------------------------------------------------------------------- */

/* Checks the exchange and returns `value` (NULL if it is null or absent), borrowed from `*root`,
 * which the caller frees. */
static enum wi_code classic_read_answer(const char *verb, const struct wi_http_answer *http,
    json_t **root, json_t **value, struct wi_error *error)
{
    json_error_t parse_error;

    *root = NULL;
    *value = NULL;
    if (http->failure)
        return wi_error_set(
            error, WI_UNAVAILABLE, "", "%s: no answer from the driver: %s", verb, http->failure);
    *root = json_loadb(http->body, http->body_size, JSON_REJECT_DUPLICATES, &parse_error);
    json_t *member = json_object_get(*root, "value");
    if (!member)
        return wi_error_set(error, WI_INTERNAL, "",
            "%s: the driver's answer (HTTP %d, %zu bytes) is no JSON object with \"value\"", verb,
            http->status, http->body_size);
    *value = json_is_null(member) ? NULL : member;
    if (http->status == 200)
        return WI_OK;
    enum wi_code code = wi_driver_read_error(verb, *value, error);
    if (code != WI_OK)
        return code;
    return wi_error_set(error, WI_INTERNAL, "",
        "%s: the driver answered HTTP %d without saying why", verb, http->status);
}

/* --- exchanges ------------------------------------------------------------------------------- */

static void on_answer(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    struct wi_error error = {0};
    json_t *root, *value;
    enum wi_code code = classic_read_answer(call->call.verb, http, &root, &value, &error);

    call->http_call = NULL;
    if (code == WI_OK && call->on_value)
        code = call->on_value(call->call.driver, value, &error);
    json_decref(root);
    wi_driver_done(&call->call, code == WI_OK ? NULL : &error);
}

/* Starts the call's exchange at BASE/PATH with `body` (consumed; NULL for none). */
static void exchange_at(struct classic_call *call, const char *base, const char *method,
    const char *path, json_t *body, uint64_t timeout_ms, wi_http_fn *callback)
{
    char *url = wi_sprintf("%s%s", base, path);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct wi_http_request request = {
        .method = method,
        .url = url,
        .body = text,
        .body_size = text ? strlen(text) : 0,
        .content_type = text ? "application/json; charset=utf-8" : NULL,
        .timeout_ms = timeout_ms,
        .max_answer = strcmp(path, "/status") == 0 ? STATUS_MAX : ANSWER_MAX,
        .outlet = driver_of(call)->outlet,
    };

    call->http_call = wi_http_start(driver_of(call)->http, &request, callback, call);
    json_decref(body);
    free(text);
    free(url);
}

static void classic_exchange(struct classic_call *call, const char *method, const char *path,
    json_t *body, uint64_t timeout_ms, wi_http_fn *callback)
{
    exchange_at(call, driver_of(call)->url, method, path, body, timeout_ms, callback);
}

static void classic_let_go(struct wi_driver_call *base)
{
    struct classic_call *call = (struct classic_call *)base;

    if (driver_of(call)->new_session == base)
        driver_of(call)->new_session = NULL;
    wi_http_cancel(call->http_call);
    wi_timer_free(call->again);
}

/* --- GET /status ----------------------------------------------------------------------------- */

struct status {
    int ready;
    const char *message;
};

static const struct wi_param status_table[] = {
    WI_PARAM(status, ready, BOOL, .required = 1),
    WI_PARAM(status, message, STRING),
    WI_PARAM_END,
};

static void ask_status(void *context);

static enum wi_code read_status(const json_t *value, struct wi_error *error)
{
    struct status status = {0, ""};

    if (!json_is_object(value) ||
        wi_params_read(status_table, value, WI_PARAMS_OPEN, "value.", &status, NULL) != WI_OK)
        return wi_error_set(
            error, WI_INTERNAL, "", "status: the driver's answer has no boolean \"ready\"");
    if (!status.ready)
        return wi_error_set(
            error, WI_UNAVAILABLE, "", "status: the driver is not ready: %.200s", status.message);
    return WI_OK;
}

static void on_status(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    double left = call->deadline - wi_awake_ms();
    json_t *root, *value;
    enum wi_code code = classic_read_answer(call->call.verb, http, &root, &value, &call->last);

    call->http_call = NULL;
    if (code == WI_OK)
        code = read_status(value, &call->last);
    json_decref(root);
    if (code == WI_OK || left <= (double)call->pause_ms) {
        wi_driver_done(&call->call, code == WI_OK ? NULL : &call->last);
        return;
    }
    wi_timer_start(call->again, call->pause_ms, 0);
    call->pause_ms = call->pause_ms * 2 < POLL_MAX_MS ? call->pause_ms * 2 : POLL_MAX_MS;
}

static void ask_status(void *context)
{
    struct classic_call *call = context;
    double left = call->deadline - wi_awake_ms();
    uint64_t timeout = left < 1 ? 1 : left < POLL_ANSWER_MS ? (uint64_t)left : POLL_ANSWER_MS;

    classic_exchange(call, "GET", "/status", NULL, timeout, on_status);
}

static void wait_ready(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct classic_call *call = (struct classic_call *)base;

    call->again = wi_timer_new(driver_of(call)->loop, ask_status, call);
    call->deadline = wi_awake_ms() + (double)timeout_ms;
    call->pause_ms = POLL_FIRST_MS;
    ask_status(call);
}

/* --- GET /status of a Grid ------------------------------------------------------------------- */

/* No error if it is none. */
static enum wi_code read_grid(
    struct wi_driver *driver, const json_t *value, const char *browser, struct wi_error *error)
{
    const json_t *nodes = json_object_get(value, "nodes");
    const char *id = driver->session_id ? driver->session_id : "";

    driver->is_grid = 0;
    if (!json_is_array(nodes))
        return WI_OK;
    enum wi_code code = wi_grid_read(nodes, browser, id, &driver->grid, error);
    driver->is_grid = code == WI_OK;
    return code;
}

static void on_grid(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    struct wi_error error = {0};
    json_t *root, *value;
    enum wi_code code = classic_read_answer(call->call.verb, http, &root, &value, &error);

    call->http_call = NULL;
    if (code == WI_OK)
        code = read_grid(call->call.driver, value, call->browser, &error);
    json_decref(root);
    wi_driver_done(&call->call, code == WI_OK ? NULL : &error);
}

static void ask_grid(struct wi_driver_call *base, const char *browser, uint64_t timeout_ms)
{
    struct classic_call *call = (struct classic_call *)base;

    wi_text_copy(call->browser, sizeof call->browser, browser);
    classic_exchange(call, "GET", "/status", NULL, timeout_ms, on_grid);
}

/* --- verbs of a session ---------------------------------------------------------------------- */

static void on_listening(void *context)
{
    struct classic *driver = context;
    struct wi_driver_call *call = driver->new_session;

    driver->new_session = NULL;
    if (call)
        wi_driver_done(call, NULL);
}

/* The session counts as created once its console is being read, if possible, from the page's first
 * line on. */
static void on_session(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    struct classic *driver = driver_of(call);
    struct wi_error error = {0};
    json_t *root, *value;
    enum wi_code code = classic_read_answer(call->call.verb, http, &root, &value, &error);
    const char *url = NULL;

    call->http_call = NULL;
    if (code == WI_OK)
        code = wi_driver_take_session(&driver->driver, value, &error);
    json_decref(root);
    if (code == WI_OK)
        url = json_string_value(json_object_get(driver->driver.capabilities, "webSocketUrl"));
    if (!url || !driver->lws || driver->listening) {
        wi_driver_done(&call->call, code == WI_OK ? NULL : &error);
        return;
    }
    driver->new_session = &call->call;
    driver->listening = wi_listening_new(
        driver->loop, driver->lws, driver->outlet, url, &driver->events, on_listening, driver);
}

static void new_session(struct wi_driver_call *base, json_t *capabilities, uint64_t timeout_ms)
{
    classic_exchange((struct classic_call *)base, "POST", "/session",
        json_pack("{s:o}", "capabilities", capabilities), timeout_ms, on_session);
}

static void session_exchange(struct classic_call *call, const char *method, const char *verb,
    json_t *body, uint64_t timeout_ms, wi_http_fn *callback)
{
    const char *id = call->call.driver->session_id;
    /* Without a session the driver's "invalid session id" is the answer. */
    char *path = wi_sprintf("/session/%s%s", id ? id : "none", verb);

    classic_exchange(call, method, path, body, timeout_ms, callback);
    free(path);
}

static void classic_navigate(struct wi_driver_call *base, const char *url, uint64_t timeout_ms)
{
    session_exchange((struct classic_call *)base, "POST", "/url", json_pack("{s:s}", "url", url),
        timeout_ms, on_answer);
}

/* Fails if the page has crashed, and is not answered if its document hangs. */
static void check_page(struct wi_driver_call *base, uint64_t timeout_ms)
{
    session_exchange((struct classic_call *)base, "POST", "/execute/sync",
        json_pack("{s:s, s:[]}", "script", "return 0", "args"), timeout_ms, on_answer);
}

static enum wi_code forget_session(
    struct wi_driver *driver, const json_t *value, struct wi_error *error)
{
    wi_driver_forget_session(driver);
    return WI_OK;
}

/* An address on this machine is meant for those who are there, as the service then is too. */
static int may_go_to(const struct classic *driver, const char *home)
{
    return *home && (!wi_url_is_loopback(home) || wi_url_is_loopback(driver->url));
}

/* Where the node is that has a session of which the hub knows nothing else. */
static void on_home(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    struct wi_driver *driver = call->call.driver;
    double left = call->deadline - wi_awake_ms();
    struct wi_error error;
    json_t *root, *value;

    call->http_call = NULL;
    int is_told = classic_read_answer(call->call.verb, http, &root, &value, &error) == WI_OK &&
                  read_grid(driver, value, "", &error) == WI_OK;
    json_decref(root);
    if (!is_told || !driver->is_grid || left < 1 ||
        !may_go_to(driver_of(call), driver->grid.home)) {
        wi_driver_done(&call->call, &call->last);
        return;
    }
    char *path = wi_sprintf("/session/%s", driver->session_id);
    exchange_at(call, driver->grid.home, "DELETE", path, NULL, (uint64_t)left, on_answer);
    free(path);
}

static void on_deleted(void *context, const struct wi_http_answer *http)
{
    struct classic_call *call = context;
    double left = call->deadline - wi_awake_ms();
    json_t *root, *value;
    enum wi_code code = classic_read_answer(call->call.verb, http, &root, &value, &call->last);

    json_decref(root);
    call->http_call = NULL;
    if (code == WI_SESSION_NOT_FOUND && call->call.driver->session_id && left >= 1) {
        classic_exchange(call, "GET", "/status", NULL, (uint64_t)left, on_home);
        return;
    }
    if (code == WI_OK)
        wi_driver_forget_session(call->call.driver);
    wi_driver_done(&call->call, code == WI_OK ? NULL : &call->last);
}

static void delete_session(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct classic_call *call = (struct classic_call *)base;

    call->on_value = forget_session;
    call->deadline = wi_awake_ms() + (double)timeout_ms;
    session_exchange(call, "DELETE", "", NULL, timeout_ms, on_deleted);
}

/* --- the driver ------------------------------------------------------------------------------ */

static void free_classic(struct wi_driver *base)
{
    struct classic *driver = (struct classic *)base;

    wi_listening_free(driver->listening);
    free(driver->url);
    free(driver);
}

static const struct wi_driver_verbs verbs = {
    .call_size = sizeof(struct classic_call),
    .wait_ready = wait_ready,
    .ask_grid = ask_grid,
    .new_session = new_session,
    .navigate = classic_navigate,
    .check_page = check_page,
    .delete_session = delete_session,
    .let_go = classic_let_go,
    .free = free_classic,
};

struct wi_driver *wi_classic_new(uv_loop_t *loop, struct wi_http *http, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events)
{
    struct classic *driver = wi_alloc(sizeof *driver);
    size_t length = strlen(url);

    driver->driver.verbs = &verbs;
    driver->loop = loop;
    driver->http = http;
    driver->lws = lws;
    driver->outlet = outlet;
    driver->events = *events;
    while (length > 0 && url[length - 1] == '/')
        length--;
    driver->url = wi_strndup(url, length);
    return &driver->driver;
}
