/*
 * WebDriver's classic dialect: verbs as rows of method, path and body, all through one exchange
 * function. The driver is not trusted: its answers are bounded and read by a table.
 */
#include "webdriver/classic.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/params.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* No answer that we use is larger than a few KiB; errors carry a stack trace. */
#define ANSWER_MAX (256 * 1024)
#define SESSION_ID_MAX 256
#define POLL_FIRST_MS 20
#define POLL_MAX_MS 500
/* One question to a driver that accepts but does not answer. */
#define POLL_ANSWER_MS 2000

struct wi_driver {
    struct wi_http *http;
    uv_loop_t *loop;
    char *url;
    char *session_id;
    json_t *capabilities;
    struct wi_driver_call *calls; /* under way */
};

struct wi_driver_call {
    struct wi_driver *driver;
    struct wi_driver_call *next;
    struct wi_http_call *http_call;
    /* What to do with a good answer's value: WI_OK, or an error filled. May be NULL. */
    enum wi_code (*on_value)(struct wi_driver_call *call, json_t *value, struct wi_error *error);
    const char *verb; /* for messages */
    wi_driver_fn *on_done;
    void *context;
    /* Only wi_driver_wait_ready asks again. */
    struct wi_timer *again;
    double deadline;
    uint64_t pause_ms;
    struct wi_error last;
};

/* --- calls ----------------------------------------------------------------------------------- */

static struct wi_driver_call *call_new(
    struct wi_driver *driver, const char *verb, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = wi_alloc(sizeof(*call));

    call->driver = driver;
    call->verb = verb;
    call->on_done = on_done;
    call->context = context;
    call->next = driver->calls;
    driver->calls = call;
    return call;
}

void wi_driver_cancel(struct wi_driver_call *call)
{
    struct wi_driver_call **link;

    if (!call)
        return;
    for (link = &call->driver->calls; *link != call;)
        link = &(*link)->next;
    *link = call->next;
    wi_http_cancel(call->http_call);
    wi_timer_free(call->again);
    free(call);
}

/* The end of a call: it is gone before its callback, which may free the driver. */
static void call_done(struct wi_driver_call *call, const struct wi_error *error)
{
    wi_driver_fn *on_done = call->on_done;
    void *context = call->context;
    struct wi_error copy;

    if (error)
        copy = *error;
    call->http_call = NULL;
    wi_driver_cancel(call);
    on_done(context, error ? &copy : NULL);
}

/* --- answers --------------------------------------------------------------------------------- */

struct answer {
    json_t *value;
};

static const struct wi_param answer_table[] = {
    {"value", WI_PARAM_ANY, offsetof(struct answer, value), 0, 0, 0, NULL},
    {NULL, 0, 0, 0, 0, 0, NULL},
};

struct driver_error {
    const char *error;
    const char *message;
};

/* https://www.w3.org/TR/webdriver2/#errors */
static const struct wi_param error_table[] = {
    {"error", WI_PARAM_STRING, offsetof(struct driver_error, error), 1, 0, 0, NULL},
    {"message", WI_PARAM_STRING, offsetof(struct driver_error, message), 0, 0, 0, NULL},
    {NULL, 0, 0, 0, 0, 0, NULL},
};

static enum wi_code read_error(
    const char *verb, int status, const json_t *value, struct wi_error *error)
{
    struct driver_error said = {NULL, ""};
    size_t length;

    if (!json_is_object(value) ||
        wi_params_read(error_table, value, WI_PARAMS_OPEN, "value.", &said, NULL) != WI_OK)
        return wi_error_set(error, WI_INTERNAL, "",
            "%s: the driver answered HTTP %d without saying why", verb, status);
    length = strcspn(said.message, "\n"); /* the rest is the driver's stack trace */
    return wi_error_set(error, WI_INTERNAL, "", "%s: the driver says: %.80s: %.*s", verb,
        said.error, (int)(length < 300 ? length : 300), said.message);
}

/* Checks the exchange and hands out `value` (NULL where it is null or absent), borrowed from
 * `*root`, which the caller frees. */
static enum wi_code read_answer(const char *verb, const struct wi_http_answer *http, json_t **root,
    json_t **value, struct wi_error *error)
{
    struct answer answer = {NULL};
    json_error_t parse_error;

    *root = NULL;
    *value = NULL;
    if (http->failure)
        return wi_error_set(
            error, WI_UNAVAILABLE, "", "%s: no answer from the driver: %s", verb, http->failure);
    *root = json_loadb(http->body, http->body_size, JSON_REJECT_DUPLICATES, &parse_error);
    if (!json_is_object(*root) || !json_object_get(*root, "value"))
        return wi_error_set(error, WI_INTERNAL, "",
            "%s: the driver's answer (HTTP %d, %zu bytes) is no JSON object with \"value\"", verb,
            http->status, http->body_size);
    if (wi_params_read(answer_table, *root, WI_PARAMS_OPEN, "", &answer, error) != WI_OK)
        return WI_INTERNAL;
    *value = answer.value;
    return http->status == 200 ? WI_OK : read_error(verb, http->status, *value, error);
}

/* --- exchanges ------------------------------------------------------------------------------- */

static void on_answer(void *context, const struct wi_http_answer *http)
{
    struct wi_driver_call *call = context;
    struct wi_error error = {0};
    json_t *root, *value;
    enum wi_code code = read_answer(call->verb, http, &root, &value, &error);

    call->http_call = NULL;
    if (code == WI_OK && call->on_value)
        code = call->on_value(call, value, &error);
    json_decref(root);
    call_done(call, code == WI_OK ? NULL : &error);
}

/* Starts the call's exchange at URL/PATH with `body` (consumed; NULL for none). */
static void exchange(struct wi_driver_call *call, const char *method, const char *path,
    json_t *body, uint64_t timeout_ms, wi_http_fn *callback)
{
    char *url = wi_sprintf("%s%s", call->driver->url, path);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct wi_http_request request = {
        .method = method,
        .url = url,
        .body = text,
        .body_size = text ? strlen(text) : 0,
        .content_type = text ? "application/json; charset=utf-8" : NULL,
        .timeout_ms = timeout_ms,
        .max_answer = ANSWER_MAX,
    };

    call->http_call = wi_http_start(call->driver->http, &request, callback, call);
    json_decref(body);
    free(text);
    free(url);
}

/* --- the driver ------------------------------------------------------------------------------ */

struct wi_driver *wi_driver_new(struct wi_http *http, uv_loop_t *loop, const char *url)
{
    struct wi_driver *driver = wi_alloc(sizeof(*driver));
    size_t length = strlen(url);

    driver->http = http;
    driver->loop = loop;
    while (length > 0 && url[length - 1] == '/')
        length--;
    driver->url = wi_strndup(url, length);
    return driver;
}

void wi_driver_free(struct wi_driver *driver)
{
    if (!driver)
        return;
    while (driver->calls)
        wi_driver_cancel(driver->calls);
    json_decref(driver->capabilities);
    free(driver->session_id);
    free(driver->url);
    free(driver);
}

const char *wi_driver_session_id(const struct wi_driver *driver)
{
    return driver->session_id;
}

const json_t *wi_driver_capabilities(const struct wi_driver *driver)
{
    return driver->capabilities;
}

/* --- GET /status ----------------------------------------------------------------------------- */

struct status {
    int ready;
    const char *message;
};

static const struct wi_param status_table[] = {
    {"ready", WI_PARAM_BOOL, offsetof(struct status, ready), 1, 0, 0, NULL},
    {"message", WI_PARAM_STRING, offsetof(struct status, message), 0, 0, 0, NULL},
    {NULL, 0, 0, 0, 0, 0, NULL},
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
    struct wi_driver_call *call = context;
    double left = call->deadline - wi_now_ms();
    json_t *root, *value;
    enum wi_code code = read_answer(call->verb, http, &root, &value, &call->last);

    call->http_call = NULL;
    if (code == WI_OK)
        code = read_status(value, &call->last);
    json_decref(root);
    if (code == WI_OK || left <= (double)call->pause_ms) {
        call_done(call, code == WI_OK ? NULL : &call->last);
        return;
    }
    wi_timer_start(call->again, call->pause_ms, 0);
    call->pause_ms = call->pause_ms * 2 < POLL_MAX_MS ? call->pause_ms * 2 : POLL_MAX_MS;
}

static void ask_status(void *context)
{
    struct wi_driver_call *call = context;
    double left = call->deadline - wi_now_ms();
    uint64_t timeout = left < 1 ? 1 : left < POLL_ANSWER_MS ? (uint64_t)left : POLL_ANSWER_MS;

    exchange(call, "GET", "/status", NULL, timeout, on_status);
}

struct wi_driver_call *wi_driver_wait_ready(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "status", on_done, context);

    call->again = wi_timer_new(driver->loop, ask_status, call);
    call->deadline = wi_now_ms() + (double)timeout_ms;
    call->pause_ms = POLL_FIRST_MS;
    ask_status(call);
    return call;
}

/* --- POST /session --------------------------------------------------------------------------- */

struct new_session {
    const char *session_id;
    json_t *capabilities;
};

static const struct wi_param new_session_table[] = {
    {"sessionId", WI_PARAM_STRING, offsetof(struct new_session, session_id), 1, 1, SESSION_ID_MAX,
        NULL},
    {"capabilities", WI_PARAM_OBJECT, offsetof(struct new_session, capabilities), 1, 0, 0, NULL},
    {NULL, 0, 0, 0, 0, 0, NULL},
};

/* The id becomes part of URLs; drivers make UUIDs or hex. */
static int is_session_id(const char *id)
{
    for (; *id; id++)
        if (!isalnum((unsigned char)*id) && !strchr("-_.", *id))
            return 0;
    return 1;
}

static enum wi_code take_session(struct wi_driver_call *call, json_t *value, struct wi_error *error)
{
    struct wi_driver *driver = call->driver;
    struct new_session made = {NULL, NULL};
    struct wi_error why;

    if (!json_is_object(value))
        return wi_error_set(
            error, WI_INTERNAL, "", "new session: the driver's answer has no object as \"value\"");
    if (wi_params_read(new_session_table, value, WI_PARAMS_OPEN, "value.", &made, &why) != WI_OK)
        return wi_error_set(error, WI_INTERNAL, "",
            "new session: the driver's answer makes no sense: %.300s", why.detail);
    if (!is_session_id(made.session_id))
        return wi_error_set(error, WI_INTERNAL, "",
            "new session: the driver's session id holds characters that no id has");
    free(driver->session_id);
    driver->session_id = wi_strdup(made.session_id);
    json_decref(driver->capabilities);
    driver->capabilities = json_incref(made.capabilities);
    return WI_OK;
}

struct wi_driver_call *wi_driver_new_session(struct wi_driver *driver, json_t *capabilities,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "new session", on_done, context);

    call->on_value = take_session;
    exchange(call, "POST", "/session", json_pack("{s:o}", "capabilities", capabilities), timeout_ms,
        on_answer);
    return call;
}

/* --- verbs of a session ---------------------------------------------------------------------- */

static void session_exchange(struct wi_driver_call *call, const char *method, const char *verb,
    json_t *body, uint64_t timeout_ms)
{
    const char *id = call->driver->session_id;
    /* Without a session the driver's "invalid session id" is the answer. */
    char *path = wi_sprintf("/session/%s%s", id ? id : "none", verb);

    exchange(call, method, path, body, timeout_ms, on_answer);
    free(path);
}

struct wi_driver_call *wi_driver_navigate(struct wi_driver *driver, const char *url,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "navigate", on_done, context);

    session_exchange(call, "POST", "/url", json_pack("{s:s}", "url", url), timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_check_page(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "check page", on_done, context);

    session_exchange(call, "GET", "/url", NULL, timeout_ms);
    return call;
}

static enum wi_code forget_session(
    struct wi_driver_call *call, json_t *value, struct wi_error *error)
{
    free(call->driver->session_id);
    call->driver->session_id = NULL;
    return WI_OK;
}

struct wi_driver_call *wi_driver_delete_session(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "delete session", on_done, context);

    call->on_value = forget_session;
    session_exchange(call, "DELETE", "", NULL, timeout_ms);
    return call;
}
