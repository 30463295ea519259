/* What the commands about runs of the laboratory share. */
#ifndef WI_CLI_LAB_H
#define WI_CLI_LAB_H

#include "cli/cli.h"
#include "terms/lab/run.h"

/* Whether what names a run names a file: it is "-", ends with ".json" or has a slash in it. */
int wi_cli_lab_is_file(const char *name);
/* Whether an id may be asked for; complains if not. */
int wi_cli_lab_check_id(const char *id);
/* Reads the run of a file, or asks the service for the one of that id. With WI_EXIT_OK the caller
 * clears it, else it was complained. */
enum wi_exit wi_cli_lab_load(struct wi_cli *cli, const char *name, struct wi_lab_run *run);
enum wi_exit wi_cli_lab_load_file(const char *path, struct wi_lab_run *run);
/* Shows the run as webinfer results show does, with the same options. */
enum wi_exit wi_cli_lab_show(struct wi_cli *cli, const char *name);
/* Compares two runs as webinfer results compare does, with the same options. */
enum wi_exit wi_cli_lab_compare(
    struct wi_cli *cli, const struct wi_lab_run *before, const struct wi_lab_run *now);
/* Whether --fail-on-regression can be read, which is complained of. */
int wi_cli_lab_check_threshold(const struct wi_cli *cli);
/* Writes a report to the file that the option names, "-" being standard output. WI_EXIT_OK, also
 * where it is not given, or WI_EXIT_USAGE after a complaint. */
enum wi_exit wi_cli_lab_write(
    const struct wi_cli *cli, const char *option, const struct wi_buffer *text);
/* Writes the document of page/src/report for `json` (terms/lab/report.h) to the file of --html; as
 * above.
 */
enum wi_exit wi_cli_lab_write_html(const struct wi_cli *cli, const char *json);

#endif
