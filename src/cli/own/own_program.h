/* Programs that run for one command and end with their standard input: webinferd --private, and a
 * native node. */
#ifndef WI_CLI_OWN_OWN_PROGRAM_H
#define WI_CLI_OWN_OWN_PROGRAM_H

#include "base/error.h"
#include "base/memory.h"
#include <sys/types.h>

struct wi_own_program {
    pid_t pid; /* 0: there is none */
    int input; /* its standard input */
    int log;   /* what it has written to standard error */
};
#define WI_OWN_NOBODY ((struct wi_own_program){.input = -1, .log = -1})
/* Whether it was started and has ended by itself. */
int wi_own_program_has_ended(const struct wi_own_program *program);
/* Prints on standard error how such a program ended, and its last output. `is_lost`: it no longer
 * answers, so this waits a moment for its end, because the kernel closes a process's sockets before
 * its parent can see that it has ended. */
void wi_own_program_say_end(const struct wi_own_program *program, const char *name, int is_lost);
/* Ends it, and waits until it has gone. */
void wi_own_program_end(struct wi_own_program *program);

/* Zero-initialise; end with wi_own_daemon_end, also after an error. */
struct wi_own_daemon {
    char *url; /* of its API */
    struct wi_own_program program;
};
/* Starts the webinferd in the folder of this program, or else that of PATH, and waits until it
 * serves. `settings` are SECTION.KEY=VALUE and take precedence over its configuration. WI_OK, or
 * WI_UNAVAILABLE with its last output. */
enum wi_code wi_own_daemon_start(
    struct wi_own_daemon *daemon, const struct wi_strings *settings, struct wi_error *error);
/* Ends it, and waits until it has gone with its browsers. */
void wi_own_daemon_end(struct wi_own_daemon *daemon);
/* Starts tools/native-node.mjs of the checkout in which this program was built, and waits until it
 * has joined by `link`. WI_OK, or WI_UNAVAILABLE with its last output. */
enum wi_code wi_own_node_start(
    struct wi_own_program *node, const char *link, struct wi_error *error);

#endif
