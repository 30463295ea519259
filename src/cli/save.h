/* Saves an answer as a file, which is written whole or not at all. */
#ifndef WI_CLI_SAVE_H
#define WI_CLI_SAVE_H

#include "cli/cli.h"
#include <signal.h>
#include <stdio.h>

/* The file is written under another name in the same folder, and then renamed. Until wi_save_drop,
 * SIGINT, SIGTERM and SIGHUP end the exchange and not the program, so that no unfinished file is
 * left. */
struct wi_save {
    const char *path; /* borrowed; "-" is standard output, which gets the bytes as they come */
    FILE *out;
    char *temporary; /* its name until the end; NULL for standard output */
    struct sigaction _before[3];
};

/* `mode`: its permissions; 0: those of new files. Call wi_save_drop in either case. */
enum wi_code wi_save_begin(
    struct wi_save *save, const char *path, mode_t mode, struct wi_error *error);
/* Sends the request, shows progress, and prints errors. After WI_EXIT_OK the whole answer is in the
 * file. */
enum wi_exit wi_save_answer(
    struct wi_save *save, struct wi_cli *cli, const struct wi_rest_request *request);
/* Writes the file to the disk and replaces a file of that name. */
enum wi_code wi_save_end(struct wi_save *save, struct wi_error *error);
/* The last call. Removes a file that was not finished. */
void wi_save_drop(struct wi_save *save);

#endif
