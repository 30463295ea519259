/*
 * WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) as messages: commands with a deadline
 * each, and events, over one WebSocket. Incoming data is not trusted: a message that is too large
 * or invalid is dropped and counted; an answer without a command is dropped.
 */
#ifndef WI_BROWSER_WEBDRIVER_BIDI_WIRE_H
#define WI_BROWSER_WEBDRIVER_BIDI_WIRE_H

#include "base/error.h"
#include "base/net/websocket.h"
#include <jansson.h>

struct wi_wire_events {
    void *context;
    /* `params` is an object, borrowed. */
    void (*on_event)(void *context, const char *method, const json_t *params);
    /* The socket is closed, or could not be opened. Every command has failed before; this is the
     * last event. Each callback may close the wire. */
    void (*on_over)(void *context, const struct wi_error *why);
};

struct wi_wire;
/* No callback comes from inside. `outlet` as in base/net/websocket.h. */
struct wi_wire *wi_wire_open(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_wire_events *events);
void wi_wire_close(struct wi_wire *wire); /* cancels all commands; NULL is fine */

/* `result` is the answer's object, borrowed, or NULL with `error` filled: WI_UNAVAILABLE (closed,
 * deadline) or WI_INTERNAL (the other side's own error). Called once, unless cancelled; never from
 * inside wi_wire_send. */
typedef void wi_wire_fn(void *context, const json_t *result, const struct wi_error *error);
struct wi_command;
/* Sends `method` with `params` (takes ownership). `verb` (static) is for messages. Before the wire
 * is open the command waits, which counts towards its deadline. */
struct wi_command *wi_wire_send(struct wi_wire *wire, const char *verb, const char *method,
    json_t *params, uint64_t timeout_ms, wi_wire_fn *on_answer, void *context);
void wi_command_cancel(struct wi_command *command); /* NULL is fine */

#endif
