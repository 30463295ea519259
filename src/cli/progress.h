/* How far something is, shown on standard error: a bar on a terminal, lines otherwise. */
#ifndef WI_CLI_PROGRESS_H
#define WI_CLI_PROGRESS_H

#include "cli/cli.h"
#include <jansson.h>

/* Begin with wi_cli_progress_begin. Those with a _ are its own. */
struct wi_cli_progress {
    int terminal; /* standard error is one */
    int _drawn;   /* a bar stands there */
    char _state[32];
    double _told; /* the share that the last line told of */
};

struct wi_cli_progress wi_cli_progress_begin(void);
/* `state` is an object as wi_bar_line takes. Without a terminal there is a line when its state
 * changes, and now and then between. */
void wi_cli_progress_show(struct wi_cli_progress *progress, const json_t *state);
/* How wide a line on standard error may be. */
unsigned wi_cli_progress_columns(void);
/* Removes the bar, if there is one: something else is about to be said. */
void wi_cli_progress_end(struct wi_cli_progress *progress);

/* What the daemon does by itself, followed to its end. */
struct wi_cli_follow {
    struct wi_cli *cli;
    int lines;                  /* its events are printed, and its progress is not shown */
    const char *stopped, *lost; /* as of wi_cli_stream_broken */
    /* Of each event, once it was shown. */
    void (*on_event)(void *context, const char *name, const json_t *value);
    void *context;
};
/* Sends a request that asks for events. ^C ends the following alone. */
enum wi_exit wi_cli_follow(const struct wi_cli_follow *follow, struct wi_rest_request *request);

#endif
