/* Parses server-sent events as they come, in pieces of any size, and handles answers that consist
 * of them. */
#ifndef WI_CLI_EVENTS_H
#define WI_CLI_EVENTS_H

#include "cli/cli.h"
#include <signal.h>
#include <stddef.h>

/* One event; `name` is "message" if it has none, `data` has `length` bytes and ends with a NUL. */
typedef void wi_cli_event_fn(void *context, const char *name, const char *data, size_t length);

/* Zero-initialise but for the callback; free with wi_cli_events_clear. */
struct wi_cli_events {
    wi_cli_event_fn *on_event;
    void *context;
    struct wi_buffer id;                        /* of the last complete event that has one */
    struct wi_buffer line, name, data, next_id; /* of the incomplete event */
    int has_data;
    int after_cr; /* an LF now belongs to the line before */
};
/* 0, or -1 if an event is larger than any that the daemon sends. */
int wi_cli_events_take(struct wi_cli_events *events, const char *bytes, size_t size);
void wi_cli_events_clear(struct wi_cli_events *events);

/* An answer that comes as events until "done" or "error"; an error is printed here. Members that
 * begin with _ are internal. */
struct wi_cli_stream {
    struct wi_cli *cli;
    int lines;        /* each event is printed as a line of JSON */
    int bare;         /* its data alone is */
    int stops;        /* ^C ends it, and not the program */
    int needs_output; /* it ends when standard output takes no more */
    /* `value` is borrowed, NULL if the data is not JSON. */
    void (*on_event)(void *context, const char *name, const json_t *value);
    /* Called before a message about an error or a break. */
    void (*on_end)(void *context);
    /* The events ended without "done" or "error"; returns the exit status. */
    enum wi_exit (*on_break)(void *context, const struct wi_rest_answer *answer);
    void *context;
    json_t **done; /* gets the value of "done", a new reference; NULL: it is not wanted */
    struct wi_cli_events _events;
    enum wi_exit _result;
    int _over;
};
enum wi_exit wi_cli_stream(struct wi_cli_stream *stream, struct wi_rest_request *request);
/* Prints an event as a line of JSON. `value` is its data as JSON, NULL if the data is not JSON. */
void wi_cli_event_print(const char *name, const json_t *value, const char *data, size_t length);
/* Prints the error of an error event, and returns the exit status. */
enum wi_exit wi_cli_event_complain(
    const struct wi_cli *cli, const json_t *problem, const char *data, size_t length);
/* From now on this signal, usually SIGINT, ends only streams with `stops`, and not the program.
 * `*before` (may be NULL) gets the action to restore. */
void wi_cli_catch(int signal, struct sigaction *before);
/* How often ^C has come since then, or since the last stream began. */
int wi_cli_is_interrupted(void);

#endif
