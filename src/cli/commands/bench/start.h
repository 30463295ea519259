/* A daemon for one command: webinferd --private, which ends with its standard input. */
#ifndef WI_CLI_COMMANDS_BENCH_START_H
#define WI_CLI_COMMANDS_BENCH_START_H

#include "base/error.h"
#include "base/memory.h"
#include <sys/types.h>

/* Zero-initialise; end with wi_own_daemon_end, also after an error. */
struct wi_own_daemon {
    char *url; /* of its API */
    pid_t pid; /* 0: there is none */
    int input; /* its standard input */
};
/* Starts the one that lies beside this program, else that of PATH, and waits until it serves.
 * `settings` are SECTION.KEY=VALUE, in the place of what its configuration says. WI_OK, or
 * WI_UNAVAILABLE with the last that it said. */
enum wi_code wi_own_daemon_start(
    struct wi_own_daemon *daemon, const struct wi_strings *settings, struct wi_error *error);
/* Ends it, and waits until it has gone with its browsers. */
void wi_own_daemon_end(struct wi_own_daemon *daemon);

#endif
