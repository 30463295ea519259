/* Server-sent events taken apart as they come, in whatever pieces; and answers that are such. */
#ifndef WI_CLI_EVENTS_H
#define WI_CLI_EVENTS_H

#include "cli/cli.h"
#include <signal.h>
#include <stddef.h>

/* One event; `name` is "message" where it has none, `data` has its length and ends with a NUL. */
typedef void wi_cli_event_fn(void *context, const char *name, const char *data, size_t length);

/* Zero-initialise but for the callback; free with wi_cli_events_clear. */
struct wi_cli_events {
    wi_cli_event_fn *on_event;
    void *context;
    struct wi_buffer id;                        /* of the last complete event that has one */
    struct wi_buffer line, name, data, next_id; /* of what is not complete yet */
    int has_data;
    int after_cr; /* an LF that comes now belongs to the line before */
};
/* 0, or -1 where an event is larger than any of ours. */
int wi_cli_events_take(struct wi_cli_events *events, const char *bytes, size_t size);
void wi_cli_events_clear(struct wi_cli_events *events);

/* An answer that comes as events until "done" or "error", which is complained of here. Those with a
 * _ are its own. */
struct wi_cli_stream {
    struct wi_cli *cli;
    int lines;        /* each event is printed as a line of JSON */
    int stops;        /* ^C ends it, and not the program */
    int needs_output; /* it ends where standard output takes no more */
    /* `value` is borrowed, NULL where the data is no JSON. */
    void (*on_event)(void *context, const char *name, const json_t *value);
    /* Something is about to be said of an error or a break. */
    void (*on_end)(void *context);
    /* It ended without saying how; what to exit with. */
    enum wi_exit (*on_break)(void *context, const struct wi_rest_answer *answer);
    void *context;
    struct wi_cli_events _events;
    enum wi_exit _result;
    int _over;
};
enum wi_exit wi_cli_stream(struct wi_cli_stream *stream, struct wi_rest_request *request);
/* For on_break, of what the daemon does by itself: complains, and returns what to exit with.
 * `stopped` says what becomes of it after ^C, and `lost`, behind the failure or "", when the daemon
 * is lost. */
enum wi_exit wi_cli_stream_broken(const struct wi_cli *cli, const struct wi_rest_answer *answer,
    const char *stopped, const char *lost);
/* Prints an event as a line of JSON. `value` is its data as JSON, NULL where that is none. */
void wi_cli_event_print(const char *name, const json_t *value, const char *data, size_t length);
/* Complains of an event that tells of an error: what to exit with. */
enum wi_exit wi_cli_event_complain(
    struct wi_cli *cli, const json_t *problem, const char *data, size_t length);
/* From now on this signal, mostly that of ^C, ends what `stops`, and nothing else; `*before` (may
 * be NULL) is what to set again. */
void wi_cli_catch(int signal, struct sigaction *before);
/* How often ^C has come since, or since the last stream began. */
int wi_cli_is_interrupted(void);

#endif
