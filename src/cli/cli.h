/* The context of every command: its arguments, and how it reaches the daemon. */
#ifndef WI_CLI_CLI_H
#define WI_CLI_CLI_H

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/rest.h"
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct wi_own_program; /* cli/own/own_program.h */

struct wi_cli {
    struct wi_arguments arguments;
    struct wi_rest rest;
    int json; /* print the server's JSON as it came */
    /* Borrowed: the server, if this command has started it; NULL or WI_OWN_NOBODY: it has not. */
    const struct wi_own_program *own;
};

/* Prints `error` for people to standard error, with what is expected or allowed. Returns
 * WI_EXIT_USAGE. */
enum wi_exit wi_cli_complain(const struct wi_error *error);
/* Prints "webinfer: " and the text as a line of standard error, and returns `exit`. */
__attribute__((format(printf, 2, 3))) enum wi_exit wi_cli_fail(
    enum wi_exit exit, const char *format, ...);
/* Reads a file ("-" is standard input) of at most `max` bytes. The caller frees; NULL with `error`
 * filled. The bytes are followed by a NUL that is not counted. */
char *wi_cli_read_file(const char *path, size_t max, size_t *size, struct wi_error *error);
/* The folder above this program's own that has `file`, such as the checkout in which it was built;
 * NULL: there is none. The caller frees. */
char *wi_cli_find_above(const char *file);
/* The program `name` in the folder of this program, else `name` itself, for PATH. The caller frees.
 */
char *wi_cli_find_beside(const char *name);
/* GETs `path` and prints the answer: as it came with --json, else through `print`. */
enum wi_exit wi_cli_show(struct wi_cli *cli, const char *path,
    void (*print)(const struct wi_cli *cli, const json_t *answer));
/* GETs a path quietly, with `name` (may be NULL) in it: the answer's JSON object, or NULL. */
json_t *wi_cli_get(const struct wi_cli *cli, const char *path, const char *name);
/* Sends the request, with its `name` in its path and its `json` as its body. The caller clears the
 * answer. */
void wi_cli_send(
    const struct wi_cli *cli, const struct wi_rest_request *request, struct wi_rest_answer *answer);
/* After an exchange: as wi_cli_check, and `*value` gets the answer's JSON, a new reference or NULL.
 * Clears the answer. */
enum wi_exit wi_cli_take(const struct wi_cli *cli, struct wi_rest_answer *answer, json_t **value);
/* Both: sends the request, and reads its answer. */
enum wi_exit wi_cli_exchange(
    const struct wi_cli *cli, const struct wi_rest_request *request, json_t **value);
/* Sends a request whose answer does not matter, and returns its status. */
long wi_cli_tell(const struct wi_cli *cli, const struct wi_rest_request *request);
/* An exchange with a small answer: with --json the answer is printed as it came, else `*value` (may
 * be NULL) gets it, a new reference or NULL. */
enum wi_exit wi_cli_order(
    const struct wi_cli *cli, const struct wi_rest_request *request, json_t **value);
/* The same for an order whose outcome is a sentence: without --json, `said` is filled from the
 * answer as by wi_table_fill, and printed on `out`. It fails if `said` names members and the
 * answer is no JSON object. */
enum wi_exit wi_cli_order_say(
    const struct wi_cli *cli, const struct wi_rest_request *request, FILE *out, const char *said);
/* Whether `id` (may be NULL) can be an id, which a path holds as it is: letters, digits, '.', '_'
 * and '-', but neither "." nor "..", which would change the path. */
int wi_cli_is_id(const char *id);
/* The position that a member of an answer says, as a number or its digits: 0, or -1 if there is
 * none. */
int wi_cli_read_position(
    const struct wi_rest_answer *answer, const char *member, uint64_t *position);
/* Asks the daemon about the model `name`, which takes as long as reading and hashing its files. The
 * caller clears the answer. */
void wi_cli_ask_model(const struct wi_cli *cli, const char *name, struct wi_rest_answer *answer);
/* After an exchange: prints the error of a problem document or a missing answer and returns the
 * exit status; WI_EXIT_OK if the answer is good. */
enum wi_exit wi_cli_check(const struct wi_cli *cli, const struct wi_rest_answer *answer);

#endif
