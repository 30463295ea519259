/* The listener beside a classic session: connect, find the window, subscribe, then only events. */
#include "webdriver/listener.h"

#include "base/memory.h"
#include "webdriver/bidi_wire.h"
#include "webdriver/notes.h"
#include <stdio.h>
#include <stdlib.h>

/* For each step; the session waits for it. */
#define COMMAND_MS 3000

struct wi_listening {
    struct wi_wire *wire; /* NULL when it is over */
    struct wi_notes notes;
    wi_listening_fn *on_settled; /* NULL once it was called */
    void *context;
};

/* The last thing done in a callback: the listener may be freed inside. */
static void settle(struct wi_listening *listening)
{
    wi_listening_fn *on_settled = listening->on_settled;

    listening->on_settled = NULL;
    if (on_settled)
        on_settled(listening->context);
}

static void give_up(struct wi_listening *listening, const struct wi_error *why)
{
    char note[sizeof why->detail + 64];

    wi_wire_close(listening->wire);
    listening->wire = NULL;
    snprintf(note, sizeof note, "its console is not heard: %s", why->detail);
    listening->notes.events.on_note(listening->notes.events.context, WI_LOG_DEBUG, note);
    settle(listening);
}

static void on_subscribed(void *context, const json_t *result, const struct wi_error *error)
{
    if (error)
        give_up(context, error);
    else
        settle(context);
}

static void on_tree(void *context, const json_t *result, const struct wi_error *error)
{
    struct wi_listening *listening = context;
    struct wi_error wrong;

    if (result && wi_notes_take_window(&listening->notes, result, &wrong) == WI_OK)
        wi_wire_send(listening->wire, "subscribe", "session.subscribe",
            wi_notes_subscription(&listening->notes), COMMAND_MS, on_subscribed, listening);
    else
        give_up(listening, error ? error : &wrong);
}

static void on_event(void *context, const char *method, const json_t *params)
{
    struct wi_listening *listening = context;

    wi_notes_take(&listening->notes, method, params);
}

static void on_over(void *context, const struct wi_error *why)
{
    give_up(context, why);
}

struct wi_listening *wi_listening_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events,
    wi_listening_fn *on_settled, void *context)
{
    struct wi_listening *listening = wi_alloc(sizeof *listening);
    const struct wi_wire_events wire_events = {listening, on_event, on_over};

    listening->notes.events = *events;
    listening->on_settled = on_settled;
    listening->context = context;
    listening->wire = wi_wire_open(loop, lws, outlet, url, &wire_events);
    wi_wire_send(listening->wire, "windows", "browsingContext.getTree",
        json_pack("{s:i}", "maxDepth", 0), COMMAND_MS, on_tree, listening);
    return listening;
}

void wi_listening_free(struct wi_listening *listening)
{
    if (!listening)
        return;
    wi_wire_close(listening->wire);
    wi_notes_clear(&listening->notes);
    free(listening);
}
