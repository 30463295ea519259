/*
 * The common part of the protocols: the list of calls under way, the session's id and its
 * capabilities, and the text of an error.
 */
#include "browser/webdriver/webdriver.h"

#include "base/memory.h"
#include "base/params.h"
#include "browser/webdriver/private.h"
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SESSION_ID_MAX 256

static struct wi_driver_call *call_new(
    struct wi_driver *driver, const char *verb, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = wi_alloc(driver->verbs->call_size);

    call->driver = driver;
    call->verb = verb;
    call->on_done = on_done;
    call->context = context;
    LL_PREPEND(driver->calls, call);
    return call;
}

void wi_driver_cancel(struct wi_driver_call *call)
{
    if (!call)
        return;
    LL_DELETE(call->driver->calls, call);
    call->driver->verbs->let_go(call);
    free(call);
}

void wi_driver_done(struct wi_driver_call *call, const struct wi_error *error)
{
    wi_driver_fn *on_done = call->on_done;
    void *context = call->context;
    struct wi_error copy;

    if (error)
        copy = *error;
    wi_driver_cancel(call);
    on_done(context, error ? &copy : NULL);
}

struct wi_driver_call *wi_driver_wait_ready(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "status", on_done, context);

    driver->verbs->wait_ready(call, timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_ask_grid(struct wi_driver *driver, const char *browser,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    assert(driver->verbs->ask_grid);
    struct wi_driver_call *call = call_new(driver, "status", on_done, context);

    driver->verbs->ask_grid(call, browser, timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_new_session(struct wi_driver *driver, json_t *capabilities,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "new session", on_done, context);

    driver->verbs->new_session(call, capabilities, timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_navigate(struct wi_driver *driver, const char *url,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "navigate", on_done, context);

    driver->verbs->navigate(call, url, timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_check_page(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "check page", on_done, context);

    driver->verbs->check_page(call, timeout_ms);
    return call;
}

struct wi_driver_call *wi_driver_delete_session(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context)
{
    struct wi_driver_call *call = call_new(driver, "delete session", on_done, context);

    driver->verbs->delete_session(call, timeout_ms);
    return call;
}

void wi_driver_free(struct wi_driver *driver)
{
    if (!driver)
        return;
    while (driver->calls)
        wi_driver_cancel(driver->calls);
    wi_driver_forget_session(driver);
    json_decref(driver->capabilities);
    driver->verbs->free(driver);
}

const char *wi_driver_session_id(const struct wi_driver *driver)
{
    return driver->session_id;
}

const json_t *wi_driver_capabilities(const struct wi_driver *driver)
{
    return driver->capabilities;
}

const struct wi_grid *wi_driver_grid(const struct wi_driver *driver)
{
    return driver->is_grid ? &driver->grid : NULL;
}

struct new_session {
    const char *session_id;
    json_t *capabilities;
};

static const struct wi_param new_session_table[] = {
    WI_PARAM_AS("sessionId", new_session, session_id, STRING, .required = 1, .min = 1,
        .max = SESSION_ID_MAX),
    WI_PARAM(new_session, capabilities, OBJECT, .required = 1),
    WI_PARAM_END,
};

/* The id becomes part of URLs; drivers make UUIDs or hex. */
static int is_session_id(const char *id)
{
    for (; *id; id++)
        if (!isalnum((unsigned char)*id) && !strchr("-_.", *id))
            return 0;
    return 1;
}

enum wi_code wi_driver_take_session(
    struct wi_driver *driver, const json_t *value, struct wi_error *error)
{
    struct new_session made = {NULL, NULL};
    struct wi_error why;

    if (!json_is_object(value))
        return wi_error_set(
            error, WI_INTERNAL, "", "new session: the driver's answer holds no object");
    if (wi_params_read(new_session_table, value, WI_PARAMS_OPEN, "", &made, &why) != WI_OK)
        return wi_error_set(error, WI_INTERNAL, "",
            "new session: the driver's answer makes no sense: %.300s", why.detail);
    if (!is_session_id(made.session_id))
        return wi_error_set(error, WI_INTERNAL, "",
            "new session: the driver's session id holds characters that no id has");
    wi_driver_forget_session(driver);
    driver->session_id = wi_strdup(made.session_id);
    json_decref(driver->capabilities);
    driver->capabilities = json_incref(made.capabilities);
    return WI_OK;
}

void wi_driver_forget_session(struct wi_driver *driver)
{
    free(driver->session_id);
    driver->session_id = NULL;
}

struct driver_error {
    const char *error;
    const char *message;
};

static const struct wi_param error_table[] = {
    WI_PARAM(driver_error, error, STRING, .required = 1),
    WI_PARAM(driver_error, message, STRING),
    WI_PARAM_END,
};

enum wi_code wi_driver_read_error(const char *verb, const json_t *value, struct wi_error *error)
{
    struct driver_error said = {NULL, ""};

    if (!json_is_object(value) ||
        wi_params_read(error_table, value, WI_PARAMS_OPEN, "", &said, NULL) != WI_OK)
        return WI_OK;
    size_t length = strcspn(said.message, "\n"); /* the rest is the driver's stack trace */
    return wi_error_set(error,
        strcmp(said.error, "invalid session id") == 0 ? WI_SESSION_NOT_FOUND : WI_INTERNAL, "",
        "%s: the driver says: %.80s: %.*s", verb, said.error, (int)(length < 300 ? length : 300),
        said.message);
}
