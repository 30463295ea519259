/* What every command of the client gets: its arguments and the way to the server. */
#ifndef WI_CLI_CLI_H
#define WI_CLI_CLI_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/options.h"
#include "cli/rest.h"
#include <jansson.h>
#include <stdint.h>

struct wi_own_program; /* cli/commands/bench/start.h */

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
/* How a variant that was made here measured (Made of webinfer-models(7)), in some lines. */
void wi_cli_put_made(struct wi_buffer *out, const json_t *made);
/* A model's inputs or outputs as in its graph, "image FP32[-1, 1, 28, 28]". */
void wi_cli_put_values(struct wi_buffer *out, const json_t *values);
/* The names of its variants, "q8, fp32": the first is what the model's name alone means. */
void wi_cli_put_variants(struct wi_buffer *out, const json_t *variants);
/* After an exchange: complains about a problem document or a missing answer and says with what to
 * exit; WI_EXIT_OK where the answer is a good one. */
enum wi_exit wi_cli_check(const struct wi_cli *cli, const struct wi_rest_answer *answer);

/* The commands, one file each. */
enum wi_exit wi_cli_status(struct wi_cli *cli);
enum wi_exit wi_cli_add(struct wi_cli *cli);
enum wi_exit wi_cli_infer(struct wi_cli *cli);
enum wi_exit wi_cli_compute(struct wi_cli *cli);
enum wi_exit wi_cli_chat(struct wi_cli *cli);
/* The same with a model that was looked at. */
enum wi_exit wi_cli_talk(struct wi_cli *cli);
enum wi_exit wi_cli_generate(struct wi_cli *cli);
enum wi_exit wi_cli_embed(struct wi_cli *cli);
enum wi_exit wi_cli_transcribe(struct wi_cli *cli);
/* The same of a sound while it comes. */
enum wi_exit wi_cli_listen(struct wi_cli *cli);
enum wi_exit wi_cli_ps(struct wi_cli *cli);
enum wi_exit wi_cli_load(struct wi_cli *cli);
enum wi_exit wi_cli_unload(struct wi_cli *cli);
enum wi_exit wi_cli_rm(struct wi_cli *cli);
enum wi_exit wi_cli_gc(struct wi_cli *cli);
enum wi_exit wi_cli_open(struct wi_cli *cli);
enum wi_exit wi_cli_jobs_list(struct wi_cli *cli);
enum wi_exit wi_cli_jobs_show(struct wi_cli *cli);
enum wi_exit wi_cli_jobs_wait(struct wi_cli *cli);
enum wi_exit wi_cli_jobs_cancel(struct wi_cli *cli);
enum wi_exit wi_cli_results_list(struct wi_cli *cli);
enum wi_exit wi_cli_results_show(struct wi_cli *cli);
enum wi_exit wi_cli_results_export(struct wi_cli *cli);
enum wi_exit wi_cli_results_import(struct wi_cli *cli);
enum wi_exit wi_cli_results_rm(struct wi_cli *cli);
enum wi_exit wi_cli_results_compare(struct wi_cli *cli);
enum wi_exit wi_cli_pull(struct wi_cli *cli);
enum wi_exit wi_cli_quantize(struct wi_cli *cli);
enum wi_exit wi_cli_run(struct wi_cli *cli);
enum wi_exit wi_cli_publish(struct wi_cli *cli);
enum wi_exit wi_cli_unpublish(struct wi_cli *cli);
enum wi_exit wi_cli_sources(struct wi_cli *cli);
enum wi_exit wi_cli_bench(struct wi_cli *cli);
enum wi_exit wi_cli_list(struct wi_cli *cli);
enum wi_exit wi_cli_show_model(struct wi_cli *cli);
enum wi_exit wi_cli_models(struct wi_cli *cli);
enum wi_exit wi_cli_nodes(struct wi_cli *cli);
/* Its answer with --quarantined. */
void wi_cli_print_quarantined(const struct wi_cli *cli, const json_t *answer);
enum wi_exit wi_cli_forgive(struct wi_cli *cli);
enum wi_exit wi_cli_hardware(struct wi_cli *cli);
enum wi_exit wi_cli_verify(struct wi_cli *cli);
enum wi_exit wi_cli_doctor(struct wi_cli *cli);
enum wi_exit wi_cli_matrix(struct wi_cli *cli);
enum wi_exit wi_cli_token_new(struct wi_cli *cli);
enum wi_exit wi_cli_token_join(struct wi_cli *cli);

/* --- text.c: what the commands for language models share ------------------------------------ */

/* A request for POST /v1/infer for the model that the first argument names, with what the options
 * say: a new reference, or NULL with `error` filled. `inputs` is taken, also on failure. */
json_t *wi_text_request(
    const struct wi_arguments *arguments, json_t *inputs, long *timeout_ms, struct wi_error *error);
/* One question to a model that chats, and its answer, as in webinfer chat. */
enum wi_exit wi_cli_ask(struct wi_cli *cli, const char *question);
/* A text to a model that finds something in it, which is shown as in webinfer infer. */
enum wi_exit wi_cli_read(struct wi_cli *cli);
/* One line about an answer: how many tokens, how fast, where. */
void wi_text_describe(struct wi_buffer *out, const json_t *answer);

/* --- pull.c: pulling a model for the commands that do --------------------------------------- */

/* Has the daemon pull `reference`, as the options --as, --hub, --file and --precision say, and
 * shows how far that is until it is done: bars on a terminal, lines otherwise, on standard error;
 * with `events` each as a line of JSON on standard output. `*name` gets what it is called there;
 * the caller frees, also after a failure. */
enum wi_exit wi_cli_pull_model(struct wi_cli *cli, const char *reference, int events, char **name);
/* The model's name as it is asked for when it is here: what was pulled as `name` from `reference`,
 * with its variant. The caller frees. */
char *wi_cli_pulled_name(const char *reference, const char *name);
/* What a pull of `reference` is begun under, as --as says; the caller frees it. WI_OK, or what is
 * wrong with a CID. */
enum wi_code wi_cli_begun_name(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error);

/* --- live.c: an answer that is shown as it comes -------------------------------------------- */

/* How it is shown. All borrowed; what is 0 is left out. */
struct wi_live {
    struct wi_cli *cli;
    struct wi_buffer *text; /* gets the text as well */
    int stops;              /* ^C ends the answer without an error */
    void (*describe)(struct wi_buffer *out, const json_t *answer); /* NULL: wi_cli_infer_print */
};

/* Sends a request that asks for a stream. WI_EXIT_OK also where it was stopped. */
enum wi_exit wi_cli_live(const struct wi_live *live, struct wi_rest_request *request);

#endif
