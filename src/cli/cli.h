/* What every command gets: its arguments, and how it asks the daemon. */
#ifndef WI_CLI_CLI_H
#define WI_CLI_CLI_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/arguments.h"
#include "cli/rest.h"
#include <jansson.h>
#include <stdint.h>

struct wi_own_program; /* bench/start.h */

struct wi_cli {
    struct wi_arguments arguments;
    struct wi_rest rest;
    int json; /* print the server's JSON as it came */
    /* Borrowed: the server, where this command has started it; NULL, or nobody: it has not. */
    const struct wi_own_program *own;
};

/* Prints `error` as people read it, with what is expected or allowed, to standard error. */
void wi_cli_complain(const struct wi_error *error);
/* Reads a file ("-" is standard input) of at most `max` bytes. The caller frees; NULL with `error`
 * filled. The bytes are followed by a NUL that is not counted. */
char *wi_cli_read_file(const char *path, size_t max, size_t *size, struct wi_error *error);
/* The folder above this program's own that has `file`, such as the checkout in whose build it was
 * made; NULL: there is none. The caller frees. */
char *wi_cli_find_above(const char *file);
/* GETs `path` and prints the answer: as it came with --json, else through `print`. */
enum wi_exit wi_cli_show(struct wi_cli *cli, const char *path,
    void (*print)(const struct wi_cli *cli, const json_t *answer));
/* GETs `path` quietly: the answer's JSON object, or NULL. */
json_t *wi_cli_get(const struct wi_cli *cli, const char *path);
/* An exchange with a small answer: with --json it is printed as it came, else `*value` (may be
 * NULL) gets it, a new reference or NULL. */
enum wi_exit wi_cli_order(
    const struct wi_cli *cli, const struct wi_rest_request *request, json_t **value);
/* Asks what the daemon has of the model `name`; that takes as long as reading and hashing its
 * files. The caller clears the answer. */
void wi_cli_ask_model(const struct wi_cli *cli, const char *name, struct wi_rest_answer *answer);
/* After an exchange: complains about a problem document or a missing answer and says with what to
 * exit; WI_EXIT_OK where the answer is a good one. */
enum wi_exit wi_cli_check(const struct wi_cli *cli, const struct wi_rest_answer *answer);

#endif
