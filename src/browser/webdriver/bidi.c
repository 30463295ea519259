/*
 * The verbs over BiDi. A verb is one command, or several in sequence, within one deadline. The
 * first verb opens the connection, and tries again as often as needed until the browser has
 * answered.
 */
#include "browser/webdriver/webdriver.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "browser/webdriver/bidi_wire.h"
#include "browser/webdriver/notes.h"
#include "browser/webdriver/private.h"
#include <stdlib.h>

#define RETRY_MS 50
/* One question to a browser that accepts connections but does not answer. */
#define STATUS_MS 2000

struct bidi {
    struct wi_driver driver;
    uv_loop_t *loop;
    struct lws_context *lws;
    const struct wi_outlet *outlet;
    char *url;
    struct wi_wire *wire; /* NULL: not connected */
    struct wi_notes notes;
};

struct bidi_call {
    struct wi_driver_call call;
    struct wi_command *command; /* under way */
    double deadline;
    struct wi_timer *again; /* wait_ready only */
};

static struct bidi *driver_of(const struct bidi_call *call)
{
    return (struct bidi *)call->call.driver;
}

/* --- the connection -------------------------------------------------------------------------- */

static void on_event(void *context, const char *method, const json_t *params)
{
    struct bidi *driver = context;

    wi_notes_take(&driver->notes, method, params);
}

static void on_over(void *context, const struct wi_error *why)
{
    struct bidi *driver = context;

    /* A session ends with its connection: the dead wire stays, and fails every later command.
     * Before there is a session, wait_ready connects again. */
    if (driver->driver.session_id) {
        driver->notes.events.on_gone(driver->notes.events.context, why);
    } else {
        wi_wire_close(driver->wire);
        driver->wire = NULL;
    }
}

static struct wi_wire *bidi_connect(struct bidi *driver)
{
    const struct wi_wire_events events = {driver, on_event, on_over};

    if (!driver->wire)
        driver->wire =
            wi_wire_open(driver->loop, driver->lws, driver->outlet, driver->url, &events);
    return driver->wire;
}

/* --- commands -------------------------------------------------------------------------------- */

static uint64_t time_left(const struct bidi_call *call)
{
    double left = call->deadline - wi_awake_ms();

    return left < 1 ? 1 : (uint64_t)left;
}

static struct bidi_call *bidi_begin(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct bidi_call *call = (struct bidi_call *)base;

    call->deadline = wi_awake_ms() + (double)timeout_ms;
    return call;
}

static void bidi_command(
    struct bidi_call *call, const char *method, json_t *params, wi_wire_fn *next)
{
    call->command = wi_wire_send(bidi_connect(driver_of(call)), call->call.verb, method, params,
        time_left(call), next, call);
}

/* The last command of a verb. */
static void on_last(void *context, const json_t *result, const struct wi_error *error)
{
    struct bidi_call *call = context;

    call->command = NULL;
    wi_driver_done(&call->call, error);
}

static void bidi_let_go(struct wi_driver_call *base)
{
    struct bidi_call *call = (struct bidi_call *)base;

    wi_command_cancel(call->command);
    wi_timer_free(call->again);
}

/* --- session.status -------------------------------------------------------------------------- */

static void on_status(void *context, const json_t *result, const struct wi_error *error)
{
    struct bidi_call *call = context;
    struct wi_error not_ready;
    const char *message = json_string_value(json_object_get(result, "message"));

    call->command = NULL;
    if (result && json_is_true(json_object_get(result, "ready"))) {
        wi_driver_done(&call->call, NULL);
    } else if (call->deadline - wi_awake_ms() > RETRY_MS) {
        wi_timer_start(call->again, RETRY_MS, 0);
    } else {
        wi_error_set(&not_ready, WI_UNAVAILABLE, "", "status: the browser is not ready: %.200s",
            message ? message : "it does not say why");
        wi_driver_done(&call->call, error ? error : &not_ready);
    }
}

static void ask_status(void *context)
{
    struct bidi_call *call = context;
    uint64_t left = time_left(call);

    call->command = wi_wire_send(bidi_connect(driver_of(call)), call->call.verb, "session.status",
        json_object(), left < STATUS_MS ? left : STATUS_MS, on_status, call);
}

static void wait_ready(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct bidi_call *call = bidi_begin(base, timeout_ms);

    call->again = wi_timer_new(driver_of(call)->loop, ask_status, call);
    ask_status(call);
}

/* --- session.new, browsingContext.getTree, session.subscribe --------------------------------- */

static void on_tree(void *context, const json_t *result, const struct wi_error *error)
{
    struct bidi_call *call = context;
    struct bidi *driver = driver_of(call);
    struct wi_error wrong;

    call->command = NULL;
    if (result && wi_notes_take_window(&driver->notes, result, &wrong) == WI_OK)
        bidi_command(call, "session.subscribe", wi_notes_subscription(&driver->notes), on_last);
    else
        wi_driver_done(&call->call, error ? error : &wrong);
}

static void on_session(void *context, const json_t *result, const struct wi_error *error)
{
    struct bidi_call *call = context;
    struct wi_error wrong;

    call->command = NULL;
    if (result && wi_driver_take_session(call->call.driver, result, &wrong) == WI_OK)
        bidi_command(call, "browsingContext.getTree", json_pack("{s:i}", "maxDepth", 0), on_tree);
    else
        wi_driver_done(&call->call, error ? error : &wrong);
}

static void new_session(struct wi_driver_call *base, json_t *capabilities, uint64_t timeout_ms)
{
    struct bidi_call *call = bidi_begin(base, timeout_ms);
    json_t *params = capabilities ? json_pack("{s:o}", "capabilities", capabilities)
                                  : json_pack("{s:{}}", "capabilities");

    bidi_command(call, "session.new", params, on_session);
}

/* --- verbs of a session ---------------------------------------------------------------------- */

static const char *window_of(const struct bidi_call *call)
{
    const char *window = driver_of(call)->notes.window;

    return window ? window : ""; /* "no such frame" is the answer */
}

static void bidi_navigate(struct wi_driver_call *base, const char *url, uint64_t timeout_ms)
{
    struct bidi_call *call = bidi_begin(base, timeout_ms);

    /* Without waiting for all resources: only the welcome of its node counts. */
    bidi_command(call, "browsingContext.navigate",
        json_pack("{s:s, s:s, s:s}", "context", window_of(call), "url", url, "wait", "interactive"),
        on_last);
}

/* The list of windows still contains a page that has crashed, with its address; only its own answer
 * shows that it lives. */
static void check_page(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct bidi_call *call = bidi_begin(base, timeout_ms);

    bidi_command(call, "script.evaluate",
        json_pack("{s:s, s:{s:s}, s:b}", "expression", "0", "target", "context", window_of(call),
            "awaitPromise", 0),
        on_last);
}

static void on_deleted(void *context, const json_t *result, const struct wi_error *error)
{
    struct bidi_call *call = context;

    if (!error)
        wi_driver_forget_session(call->call.driver);
    on_last(context, result, error);
}

static void delete_session(struct wi_driver_call *base, uint64_t timeout_ms)
{
    struct bidi_call *call = bidi_begin(base, timeout_ms);

    bidi_command(call, "browser.close", json_object(), on_deleted);
}

/* --- the driver ------------------------------------------------------------------------------ */

static void free_bidi(struct wi_driver *base)
{
    struct bidi *driver = (struct bidi *)base;

    wi_wire_close(driver->wire);
    wi_notes_clear(&driver->notes);
    free(driver->url);
    free(driver);
}

static const struct wi_driver_verbs verbs = {
    .call_size = sizeof(struct bidi_call),
    .wait_ready = wait_ready,
    .new_session = new_session,
    .navigate = bidi_navigate,
    .check_page = check_page,
    .delete_session = delete_session,
    .let_go = bidi_let_go,
    .free = free_bidi,
};

struct wi_driver *wi_bidi_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events)
{
    struct bidi *driver = wi_alloc(sizeof *driver);

    driver->driver.verbs = &verbs;
    driver->loop = loop;
    driver->lws = lws;
    driver->outlet = outlet;
    driver->url = wi_sprintf("%s/session", url);
    driver->notes.events = *events;
    return &driver->driver;
}
