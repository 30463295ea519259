/*
 * The events that matter: the console, uncaught errors and prompts of our page, and the end of its
 * window. A page can write as much as it likes, so the notes are cut and limited.
 */
#include "browser/webdriver/notes.h"

#include "base/clock.h"
#include "base/memory.h"
#include "browser/webdriver/bidi_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_SIZE 512

static const struct wi_rate_rule notes_rule = {.most = 10, .window_ms = 1000};

json_t *wi_notes_subscription(const struct wi_notes *notes)
{
    return json_pack("{s:[s, s, s], s:[s]}", "events", "log.entryAdded",
        "browsingContext.userPromptOpened", "browsingContext.contextDestroyed", "contexts",
        notes->window);
}

enum wi_code wi_notes_take_window(
    struct wi_notes *notes, const json_t *tree, struct wi_error *error)
{
    const json_t *first = json_array_get(json_object_get(tree, "contexts"), 0);
    const char *window = json_string_value(json_object_get(first, "context"));

    if (!window)
        return wi_error_set(
            error, WI_INTERNAL, "", "new session: the browser says that it has no window");
    free(notes->window);
    notes->window = wi_strdup(window);
    return WI_OK;
}

void wi_notes_clear(struct wi_notes *notes)
{
    free(notes->window);
    notes->window = NULL;
}

/* A text of the page, which may contain any character; the part after a NUL is dropped. */
static const char *params_text(const json_t *params, const char *name, const char *without)
{
    const char *text = json_string_value(json_object_get(params, name));

    return text ? text : without;
}

static void notes_tell(
    struct wi_notes *notes, enum wi_level level, const char *type, const char *text)
{
    char note[NOTE_SIZE];

    if (!wi_rate_limit_take(&notes->rate, &notes_rule, wi_now_ms(), NULL))
        return;
    snprintf(note, sizeof note, "%.30s: %s", type, text);
    notes->events.on_note(notes->events.context, level, note);
}

static void take_entry(struct wi_notes *notes, const json_t *params)
{
    int failed = strcmp(params_text(params, "level", "info"), "error") == 0;

    notes_tell(notes, failed ? WI_LOG_WARN : WI_LOG_DEBUG, params_text(params, "type", "console"),
        params_text(params, "text", ""));
}

static void take_prompt(struct wi_notes *notes, const json_t *params)
{
    notes_tell(notes, WI_LOG_WARN, params_text(params, "type", "prompt"),
        params_text(params, "message", ""));
}

static void take_end(struct wi_notes *notes, const json_t *params)
{
    const char *window = params_text(params, "context", "");
    struct wi_error error;

    if (!notes->window || strcmp(window, notes->window) != 0)
        return;
    wi_error_set(&error, WI_UNAVAILABLE, "", "the page's window is gone");
    notes->events.on_gone(notes->events.context, &error);
}

void wi_notes_take(struct wi_notes *notes, const char *method, const json_t *params)
{
    static const struct {
        const char *method;
        void (*take)(struct wi_notes *notes, const json_t *params);
    } rows[] = {
        {"log.entryAdded", take_entry},
        {"browsingContext.userPromptOpened", take_prompt},
        {"browsingContext.contextDestroyed", take_end},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].method, method) == 0) {
            rows[i].take(notes, params);
            return;
        }
}

/* --- next to a session in classic: connect, find the window, subscribe, then only events ----- */

/* For each step; the session waits for it. */
#define COMMAND_MS 3000

struct wi_listening {
    struct wi_wire *wire; /* NULL when it is over */
    struct wi_notes notes;
    wi_listening_fn *on_settled; /* NULL once it was called */
    void *context;
};

/* The last thing done in a callback: the listener may be freed inside. */
static void listening_settle(struct wi_listening *listening)
{
    wi_listening_fn *on_settled = listening->on_settled;

    listening->on_settled = NULL;
    if (on_settled)
        on_settled(listening->context);
}

static void listening_give_up(struct wi_listening *listening, const struct wi_error *why)
{
    char note[sizeof why->detail + 64];

    wi_wire_close(listening->wire);
    listening->wire = NULL;
    snprintf(note, sizeof note, "its console is not heard: %s", why->detail);
    listening->notes.events.on_note(listening->notes.events.context, WI_LOG_DEBUG, note);
    listening_settle(listening);
}

static void on_subscribed(void *context, const json_t *result, const struct wi_error *error)
{
    if (error)
        listening_give_up(context, error);
    else
        listening_settle(context);
}

static void on_tree(void *context, const json_t *result, const struct wi_error *error)
{
    struct wi_listening *listening = context;
    struct wi_error wrong;

    if (result && wi_notes_take_window(&listening->notes, result, &wrong) == WI_OK)
        wi_wire_send(listening->wire, "subscribe", "session.subscribe",
            wi_notes_subscription(&listening->notes), COMMAND_MS, on_subscribed, listening);
    else
        listening_give_up(listening, error ? error : &wrong);
}

static void on_event(void *context, const char *method, const json_t *params)
{
    struct wi_listening *listening = context;

    wi_notes_take(&listening->notes, method, params);
}

static void on_over(void *context, const struct wi_error *why)
{
    listening_give_up(context, why);
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
