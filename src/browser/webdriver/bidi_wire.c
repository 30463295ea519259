/* Commands and events of WebDriver BiDi; see bidi_wire.h. */
#include "browser/webdriver/bidi_wire.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/params.h"
#include "browser/webdriver/private.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* No answer that we use is larger than a few KiB; errors carry a stack trace. Console messages of a
 * page may be of any size. */
#define MESSAGE_MAX (256 * 1024)

struct wi_command {
    struct wi_wire *wire;
    struct wi_command *next;
    json_int_t id;
    const char *verb;
    double timeout_ms;
    struct wi_timer *deadline;
    wi_wire_fn *on_answer;
    void *context;
};

struct wi_wire {
    uv_loop_t *loop;
    struct wi_wire_events events;
    struct wi_websocket *socket; /* NULL when it is over */
    struct wi_command *commands; /* without an answer yet */
    json_int_t last_id;
    unsigned nonsense;      /* messages dropped */
    struct wi_timer *over;  /* fails the remaining commands, one at a time */
    struct wi_error reason; /* why it is over */
};

/* --- commands -------------------------------------------------------------------------------- */

void wi_command_cancel(struct wi_command *command)
{
    if (!command)
        return;
    LL_DELETE(command->wire->commands, command);
    wi_timer_free(command->deadline);
    free(command);
}

/* The end of a command: it is removed before its callback, which may close the wire. */
static void command_answer(
    struct wi_command *command, const json_t *result, const struct wi_error *error)
{
    wi_wire_fn *on_answer = command->on_answer;
    void *context = command->context;

    wi_command_cancel(command);
    on_answer(context, result, error);
}

static void on_deadline(void *context)
{
    struct wi_command *command = context;
    struct wi_error error;
    unsigned nonsense = command->wire->nonsense;

    wi_error_set(&error, WI_UNAVAILABLE, "", "%s: no answer over BiDi within %.1f s", command->verb,
        command->timeout_ms / 1000);
    if (nonsense > 0)
        wi_error_set(&error, WI_UNAVAILABLE, "",
            "%s: no answer over BiDi within %.1f s; %u messages made no sense", command->verb,
            command->timeout_ms / 1000, nonsense);
    command_answer(command, NULL, &error);
}

struct wi_command *wi_wire_send(struct wi_wire *wire, const char *verb, const char *method,
    json_t *params, uint64_t timeout_ms, wi_wire_fn *on_answer, void *context)
{
    struct wi_command *command = wi_alloc(sizeof *command);
    json_t *message =
        json_pack("{s:I, s:s, s:o}", "id", ++wire->last_id, "method", method, "params", params);
    char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    command->wire = wire;
    command->id = wire->last_id;
    command->verb = verb;
    command->timeout_ms = (double)timeout_ms;
    command->on_answer = on_answer;
    command->context = context;
    command->deadline = wi_timer_new(wire->loop, on_deadline, command);
    LL_PREPEND(wire->commands, command);
    if (wire->socket)
        wi_websocket_send(wire->socket, text, strlen(text));
    if (wire->socket)
        wi_timer_wait(command->deadline, timeout_ms);
    else
        wi_timer_start(wire->over, 0, 0);
    free(text);
    return command;
}

/* --- what comes in --------------------------------------------------------------------------- */

struct incoming {
    const char *type;
    json_t *id;
    const char *method;
    json_t *params, *result;
};

static const struct wi_param incoming_table[] = {
    WI_PARAM(incoming, type, STRING, .required = 1),
    WI_PARAM(incoming, id, ANY),
    WI_PARAM(incoming, method, STRING),
    WI_PARAM(incoming, params, OBJECT),
    WI_PARAM(incoming, result, OBJECT),
    WI_PARAM_END,
};

/* -1 if the message is invalid; otherwise its receiver has been called. */
static int take_message(struct wi_wire *wire, const json_t *root)
{
    struct incoming message = {0};
    struct wi_error error;

    if (!json_is_object(root) ||
        wi_params_read(incoming_table, root, WI_PARAMS_OPEN, "", &message, NULL) != WI_OK)
        return -1;
    if (strcmp(message.type, "event") == 0 && message.method && message.params) {
        wire->events.on_event(wire->events.context, message.method, message.params);
        return 0;
    }
    /* An id that is no integer counts as 0, which no command has. */
    struct wi_command *command;
    LL_SEARCH_SCALAR(wire->commands, command, id, json_integer_value(message.id));
    int failed = strcmp(message.type, "error") == 0 &&
                 wi_driver_read_error(command ? command->verb : "BiDi", root, &error) != WI_OK;
    if (!failed && !(strcmp(message.type, "success") == 0 && message.result))
        return -1;
    if (command)
        command_answer(command, failed ? NULL : message.result, failed ? &error : NULL);
    else
        wi_debug("webdriver", NULL, "dropped a BiDi answer to no command that waits%s%s",
            failed ? ": " : "", failed ? error.detail : "");
    return 0;
}

static void on_message(void *context, const char *text, size_t size)
{
    struct wi_wire *wire = context;
    /* A page may write any character to its console. */
    json_t *root = json_loadb(text, size, JSON_ALLOW_NUL, NULL);

    if (take_message(wire, root) != 0) {
        wire->nonsense++;
        wi_debug(
            "webdriver", NULL, "dropped a BiDi message of %zu bytes that makes no sense", size);
    }
    json_decref(root);
}

static void on_skipped(void *context, size_t size)
{
    struct wi_wire *wire = context;

    wire->nonsense++;
    wi_debug(
        "webdriver", NULL, "dropped a BiDi message of %zu bytes: more than %d", size, MESSAGE_MAX);
}

/* --- the wire -------------------------------------------------------------------------------- */

static void on_closed(void *context, const char *why)
{
    struct wi_wire *wire = context;

    wi_error_set(&wire->reason, WI_UNAVAILABLE, "", "BiDi: %s", why);
    wi_websocket_free(wire->socket);
    wire->socket = NULL;
    wi_timer_start(wire->over, 0, 0);
}

/* Each command fails in a turn of its own, as its callback may close the wire. */
static void on_over(void *context)
{
    struct wi_wire *wire = context;
    struct wi_error error;

    if (wire->commands) {
        wi_timer_start(wire->over, 0, 0);
        wi_error_set(
            &error, WI_UNAVAILABLE, "", "%s: %.400s", wire->commands->verb, wire->reason.detail);
        command_answer(wire->commands, NULL, &error);
    } else if (wire->events.on_over) {
        void (*told)(void *, const struct wi_error *) = wire->events.on_over;
        wire->events.on_over = NULL;
        error = wire->reason;
        told(wire->events.context, &error);
    }
}

struct wi_wire *wi_wire_open(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_wire_events *events)
{
    struct wi_wire *wire = wi_alloc(sizeof *wire);
    const struct wi_websocket_events socket_events = {wire, on_message, on_skipped, on_closed};

    wire->loop = loop;
    wire->events = *events;
    wire->over = wi_timer_new(loop, on_over, wire);
    wire->socket = wi_websocket_open(loop, lws, outlet, url, MESSAGE_MAX, &socket_events);
    return wire;
}

void wi_wire_close(struct wi_wire *wire)
{
    if (!wire)
        return;
    while (wire->commands)
        wi_command_cancel(wire->commands);
    wi_websocket_free(wire->socket);
    wi_timer_free(wire->over);
    free(wire);
}
