/* An answer that becomes a file, which is there whole or not at all. */
#ifndef WI_CLI_SAVE_H
#define WI_CLI_SAVE_H

#include "cli/cli.h"
#include <signal.h>
#include <stdio.h>

/* It is written under another name beside it, and renamed. Until wi_save_drop SIGINT, SIGTERM and
 * SIGHUP end the exchange and not the program, so that nothing is left of what was not finished. */
struct wi_save {
    const char *path; /* borrowed; "-" is standard output, which gets the bytes as they come */
    FILE *out;
    char *temporary; /* its name until the end; NULL of standard output */
    struct sigaction _before[3];
};

/* `mode`: its permissions; 0: those that new files get. wi_save_drop is due either way. */
enum wi_code wi_save_begin(
    struct wi_save *save, const char *path, mode_t mode, struct wi_error *error);
/* Asks, shows how far it is, and complains: after WI_EXIT_OK all of the answer is in the file. */
enum wi_exit wi_save_answer(
    struct wi_save *save, struct wi_cli *cli, const struct wi_rest_request *request);
/* It is on the disk, and takes the place of one of that name. */
enum wi_code wi_save_end(struct wi_save *save, struct wi_error *error);
/* The last call. Nothing is left of a file that did not come to its end. */
void wi_save_drop(struct wi_save *save);

#endif
