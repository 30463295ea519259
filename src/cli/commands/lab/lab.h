/* Functions that the commands for runs of the laboratory share. */
#ifndef WI_CLI_LAB_H
#define WI_CLI_LAB_H

#include "cli/cli.h"
#include "terms/lab/figures.h"

/* The text as JSON, a new reference; clears the buffer. */
json_t *wi_cli_lab_text(struct wi_buffer *text);
/* The name of a cell, in the same way. */
json_t *wi_cli_lab_name(const struct wi_lab_cell *cell);
/* Whether the name of a run is that of a file: it is "-", ends with ".json", has a slash in it or
 * is a file that exists. */
int wi_cli_lab_is_file(const char *name);
/* Whether the id of a run is valid; prints an error if not. */
int wi_cli_lab_check_id(const char *id);
/* Reads the run from a file, or gets the run of that id from the service. With WI_EXIT_OK the
 * caller clears it; else the error is printed. */
enum wi_exit wi_cli_lab_load(struct wi_cli *cli, const char *name, struct wi_lab_run *run);
enum wi_exit wi_cli_lab_load_file(const char *path, struct wi_lab_run *run);
/* Runs a command on the runs that its arguments name, which asks as wi_own_store_ask says unless
 * all of them are files. */
enum wi_exit wi_cli_lab_ask(struct wi_cli *cli, wi_verb_fn *run);
/* Shows the answer that the run gives, in rows and sentences; with --wide, all cells as webinfer
 * results show does. Its other options have the same effect as there. */
enum wi_exit wi_cli_lab_show(struct wi_cli *cli, const char *name);
/* Writes the document of the run to the file of --html. WI_EXIT_OK, or the exit status once the
 * error is printed. */
enum wi_exit wi_cli_lab_page(struct wi_cli *cli, const char *name);
/* Prints that answer on standard output, with what `between` prints before the sentences. */
void wi_cli_lab_print_answer(
    const struct wi_lab_figures *figures, void (*between)(const struct wi_lab_figures *figures));
/* Compares two runs as webinfer results compare does, with the same options of `cli`, of which the
 * threshold was checked: the run with one name at one service, or in a file, and the run with
 * another name at another service. */
enum wi_exit wi_cli_lab_compare(struct wi_cli *cli, struct wi_cli *before_at, const char *before,
    struct wi_cli *now_at, const char *now);
/* Whether --fail-on-regression is valid; prints an error if not. */
int wi_cli_lab_check_threshold(const struct wi_cli *cli);
/* Writes a report to the file that the option names; "-" is standard output. WI_EXIT_OK, also if
 * the option is not given, or WI_EXIT_USAGE once the error is printed. */
enum wi_exit wi_cli_lab_write(
    const struct wi_cli *cli, const char *option, const struct wi_buffer *text);
/* Writes the document of page/src/report for `json` (terms/lab/report.h) to the file of --html,
 * with the same results. */
enum wi_exit wi_cli_lab_write_html(const struct wi_cli *cli, const char *json);
/* The same with `answer`, which is HTML, before what the script makes of `json`. */
enum wi_exit wi_cli_lab_write_answer(
    const struct wi_cli *cli, const char *answer, const char *json);

#endif
