/* The commands, which are rows of cli/verbs.c, and the functions that they share. */
#ifndef WI_CLI_COMMANDS_COMMANDS_H
#define WI_CLI_COMMANDS_COMMANDS_H

#include "cli/cli.h"

struct wi_add_files;

wi_verb_fn wi_cli_status, wi_cli_open, wi_cli_hardware, wi_cli_matrix, wi_cli_doctor;
wi_verb_fn wi_cli_list, wi_cli_show_model, wi_cli_add, wi_cli_pull, wi_cli_quantize;
wi_verb_fn wi_cli_publish, wi_cli_unpublish, wi_cli_sources, wi_cli_cluster;
wi_verb_fn wi_cli_ps, wi_cli_load, wi_cli_unload, wi_cli_rm, wi_cli_gc;
wi_verb_fn wi_cli_infer, wi_cli_compute, wi_cli_run, wi_cli_chat, wi_cli_generate, wi_cli_embed;
wi_verb_fn wi_cli_transcribe;
wi_verb_fn wi_cli_jobs_list, wi_cli_jobs_show, wi_cli_jobs_wait, wi_cli_jobs_cancel;
wi_verb_fn wi_cli_results_list, wi_cli_results_show, wi_cli_results_compare;
wi_verb_fn wi_cli_results_export, wi_cli_results_import, wi_cli_results_rm;
wi_verb_fn wi_cli_results_history;
wi_verb_fn wi_cli_profile, wi_cli_check_model;
wi_verb_fn wi_cli_backup, wi_cli_restore;
wi_verb_fn wi_cli_nodes, wi_cli_forgive, wi_cli_verify, wi_cli_token_new, wi_cli_token_join;
wi_verb_fn wi_cli_devices_list, wi_cli_devices_rm;
wi_verb_fn wi_cli_watch;

/* webinfer chat with a model that was checked before, and a single question to it. */
enum wi_exit wi_cli_talk(struct wi_cli *cli);
enum wi_exit wi_cli_ask(struct wi_cli *cli, const char *question);
/* Sends a text to a model that finds something in it, and shows the result as webinfer infer
 * does. */
enum wi_exit wi_cli_read(struct wi_cli *cli);
/* webinfer transcribe --live. */
enum wi_exit wi_cli_listen(struct wi_cli *cli);
/* webinfer nodes --limited, and the printing of webinfer nodes --quarantined. */
enum wi_exit wi_cli_show_limited(const struct wi_cli *cli);
void wi_cli_print_quarantined(const struct wi_cli *cli, const json_t *answer);
/* The measurements of a variant that was made here (Made in webinfer-models(7)), in several
 * lines. */
void wi_cli_put_made(struct wi_buffer *out, const json_t *made);
/* Whether a model's runs can be recorded on WebGPU, and what prevents it: GraphCapture in
 * webinfer-models(7), or a profile's `capture`. */
void wi_cli_put_capture(struct wi_buffer *out, const json_t *capture);
/* Hashes the files, sends those that the daemon lacks (webinfer-api(7), uploads), and has them
 * published as `name` (checked), with `replace` even if there is a model of that name. With
 * `hashed` the name is that followed by a part that follows from the files' hashes; it goes to
 * `*hashed`, which the caller frees, also after a failure. Prints errors by itself, and removes an
 * upload that does not become a model. With WI_EXIT_OK `answer` is the model; the caller clears it
 * in any case. A SIGINT, SIGTERM or SIGHUP that is blocked and pending ends it. */
enum wi_exit wi_add_send(struct wi_cli *cli, struct wi_add_files *files, const char *name,
    char **hashed, int replace, struct wi_rest_answer *answer);
/* Has the daemon pull `reference` with the options --as, --hub, --file and --precision, and shows
 * the progress until the end: bars on a terminal, lines otherwise, on standard error; with `events`
 * each event as a line of JSON on standard output. `*name` gets the model's name at the daemon; the
 * caller frees it, also after a failure. */
enum wi_exit wi_cli_pull_model(struct wi_cli *cli, const char *reference, int events, char **name);
/* The name for requests to the model that was pulled as `name` from `reference`: with its variant.
 * The caller frees it. */
char *wi_cli_pulled_name(const char *reference, const char *name);
/* The name under which a pull of `reference` begins, according to --as; the caller frees it. WI_OK,
 * or the error of a CID. */
enum wi_code wi_cli_begun_name(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error);
/* How far a pull is, or why it failed. */
void wi_cli_put_pull(struct wi_buffer *out, const json_t *pull);

#endif
