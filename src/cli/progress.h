/* Shows progress on standard error: a bar on a terminal, lines otherwise. */
#ifndef WI_CLI_PROGRESS_H
#define WI_CLI_PROGRESS_H

#include "cli/cli.h"
#include <jansson.h>

/* Begin with wi_cli_progress_begin. Members that begin with _ are internal. */
struct wi_cli_progress {
    int terminal; /* standard error is one */
    int _drawn;   /* a bar is shown */
    char _state[32];
    double _told; /* the share that the last line showed */
};

struct wi_cli_progress wi_cli_progress_begin(void);
/* `state` is an object for wi_bar_line. Without a terminal a line is printed when the state
 * changes, and from time to time in between. */
void wi_cli_progress_show(struct wi_cli_progress *progress, const json_t *state);
/* Shows a line instead of a bar, for a terminal. */
void wi_cli_progress_put(struct wi_cli_progress *progress, const char *line);
/* How wide a line on standard error may be. */
unsigned wi_cli_progress_columns(void);
/* Removes the bar, if there is one, before other output. */
void wi_cli_progress_end(struct wi_cli_progress *progress);

/* Work of the daemon, followed to its end. */
struct wi_cli_follow {
    struct wi_cli *cli;
    int lines;           /* its events are printed instead of a bar */
    const char *stopped; /* what happens to the work after ^C */
    const char *lost;    /* printed after the failure if the daemon is lost; may be "" */
    const char *text;    /* the progress on a terminal, for wi_table_fill; NULL: a bar */
    json_t **done;       /* as in wi_cli_stream */
};
/* Sends a request for events. ^C ends only the following, not the work; an error is printed. */
enum wi_exit wi_cli_follow(const struct wi_cli_follow *follow, struct wi_rest_request *request);

#endif
