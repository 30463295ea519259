/*
 * webinfer quantize: has the daemon make a variant of a model in fewer bits, and shows its progress
 * and measurements. The work belongs to the daemon and continues when this command ends.
 */
#include "cli/commands/commands.h"

#include "cli/progress.h"
#include "cli/text_table.h"
#include "terms/format/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "largest error 0.012" */
static void put_error(struct wi_buffer *text, const json_t *figures)
{
    wi_table_fill(text,
        json_is_number(json_object_get(figures, "largest_error"))
            ? ", largest error {largest_error:2g}"
            : ", largest error without bound",
        figures);
}

static void put_memory(struct wi_buffer *text, const json_t *place, const char *source_files)
{
    wi_table_fill(text, "<; {memory_bytes:B} in the page>", place);
    if (json_is_integer(json_object_get(place, "memory_bytes")))
        wi_table_fill(text,
            strcmp(source_files, "external") == 0
                ? "<, {source_memory_bytes:B} in fp32 with weights in files apart from the graph>"
                : "<, {source_memory_bytes:B} in fp32 in one file>",
            place);
}

/* "wasm in chrome: 0.8 ms a run, 1.1 ms in fp32; cosine 0.99991, largest error 0.012; 3.1 MB in the
 * page, 12.4 MB in fp32 in one file" */
static void put_place(struct wi_buffer *text, const json_t *place, const char *source_files)
{
    wi_table_fill(text,
        "\n  {platform} in {browser}: {run_ms:3g} ms a run, {source_run_ms:3g} ms in fp32; "
        "cosine {cosine.median:5f}",
        place);
    put_error(text, place);
    put_memory(text, place, source_files);
}

static void put_measured(struct wi_buffer *out, const json_t *measured)
{
    const char *files = wi_json_text(measured, "source_files");
    const json_t *place;
    size_t i;

    wi_table_fill(out,
        "cosine to fp32 {cosine.median:5f} (median), {cosine.least:5f} (worst of {inputs} "
        "inputs)",
        measured);
    put_error(out, measured);
    json_array_foreach(json_object_get(measured, "places"), i, place)
        put_place(out, place, files ? files : "one");
}

void wi_cli_put_made(struct wi_buffer *out, const json_t *made)
{
    const json_t *webgpu = json_object_get(made, "measured_webgpu");

    put_measured(out, json_object_get(made, "measured"));
    if (!webgpu)
        return;
    wi_buffer_puts(out, "\n  its graphs for WebGPU: ");
    put_measured(out, webgpu);
}

/* "digits-vit:q8, in 8 s: cosine to fp32 0.99991 …" */
static void put_done(const json_t *making)
{
    struct wi_buffer text = {0};

    wi_table_fill(&text, "{name}, in {seconds:s}: ", making);
    wi_cli_put_made(&text, json_object_get(making, "made"));
    fprintf(stderr, "%s\n", text.text);
    wi_buffer_clear(&text);
}

static json_t *flag_of(const struct wi_arguments *arguments, const char *option)
{
    return wi_argument_given(arguments, option) ? json_true() : NULL;
}

static enum wi_exit making_watch(struct wi_cli *cli, struct wi_rest_request *request)
{
    json_t *done = NULL;
    const struct wi_cli_follow follow = {.cli = cli,
        .lines = cli->json,
        .stopped = "the daemon continues the work; the same command shows it again, and webinfer "
                   "quantize --cancel MODEL stops it",
        .lost = "\n  the work stops if the daemon stops",
        .done = &done};
    enum wi_exit result = wi_cli_follow(&follow, request);

    if (done && !cli->json)
        put_done(done);
    json_decref(done);
    return result;
}

static enum wi_exit making_begin(struct wi_cli *cli, const char *name)
{
    const struct wi_arguments *arguments = &cli->arguments;
    int waits = !wi_argument_given(arguments, "detach");
    json_t *requested = json_pack("{s:I, s:o*, s:o*, s:o*}", "bits",
        (json_int_t)strtol(wi_argument(arguments, "bits"), NULL, 10), "mixed",
        flag_of(arguments, "mixed"), "force", flag_of(arguments, "force"), "stream",
        waits ? json_true() : NULL);
    struct wi_rest_request request = {
        .path = "/v1/models/*/quantize", .name = name, .json = requested};

    if (waits)
        return making_watch(cli, &request);
    return wi_cli_order_say(cli, &request, stderr,
        "The daemon is making the variant; webinfer list shows the progress.\n");
}

enum wi_exit wi_cli_quantize(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_rest_request cancel = {.path = "/v1/models/*/cancel", .name = name, .method = "POST"};
    struct wi_error error = {0};

    if (wi_model_check_name(name, &error) != WI_OK)
        return wi_cli_complain(&error);
    if (wi_argument_given(&cli->arguments, "cancel"))
        return wi_cli_order_say(
            cli, &cancel, stderr, "The work was stopped, and its unfinished files were removed.\n");
    if (!wi_argument(&cli->arguments, "bits")) {
        wi_error_set(
            &error, WI_MISSING_FIELD, "bits", "give the number of bits: --bits 8, 4 or 16");
        return wi_cli_complain(&error);
    }
    return making_begin(cli, name);
}
