/* webinfer show: the details of a model. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

#include "base/memory.h"
#include "terms/format/model.h"
#include "terms/model/reference.h"
#include <stdlib.h>
#include <string.h>

/* "512 MB of 2.1 GB: 300 MB weights, 40 MB for each of 4 conversations of 2048 tokens" */
static void put_memory(struct wi_buffer *out, const json_t *memory)
{
    wi_table_fill(out,
        "{total:B} of {limit:B} that a page has: {weights:B} of weights, {kv_per_slot:B} for each "
        "of {slots} conversations of {context} tokens{fits?|; it does not fit}",
        memory);
}

static void put_source(struct wi_buffer *out, const json_t *source)
{
    const char *repository = wi_json_text(source, "repository");

    wi_table_fill(out,
        repository && wi_hub_reference_is_content(repository)
            ? "{repository}, CID {commit}"
            : "{repository} of {hub}, commit {commit}",
        source);
}

/* "chat/finch:q4 as ipfs://bafy…, version 2" */
static void put_pins(struct wi_buffer *out, const json_t *published)
{
    wi_table_join(out, "; ",
        "{name} as ipfs://{cid}<, version {version}>"
        "{stale?, stale: its files have changed since, and are not served}",
        published);
}

/* Prints where the model would run, and what is known of each place. */
static void put_places(struct wi_cli *cli, const char *name)
{
    static const struct wi_column columns[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"PLATFORM", "platform", NULL},
        {"MEASURED", "measured", NULL}, {"RUN", "{run_ms} ms", NULL},
        {"LOAD", "{load_ms} ms", NULL}, {"VERDICT", "verdict", NULL}, {0}};
    json_t *answer = wi_cli_get(cli, "/v1/hardware?model_name=*", name);

    wi_table_print("\n", columns, json_object_get(answer, "options"), NULL);
    json_decref(answer);
}

/* Prints the variants that were made here, each with its measurements. */
static void put_variants(struct wi_buffer *out, const json_t *variants)
{
    const json_t *variant;
    size_t i;

    json_array_foreach(variants, i, variant)
    {
        const json_t *made = json_object_get(variant, "made");

        wi_table_fill(out, i ? "; {name}, {bytes:B}" : "{name}, {bytes:B}", variant);
        if (!made)
            continue;
        wi_buffer_puts(out, ", made here: ");
        wi_cli_put_made(out, made);
    }
}

/* Settings of the model's folder that are ignored. */
static void put_ignored(struct wi_buffer *out, const json_t *ignored)
{
    wi_table_join(out, "; ", "{member}< {value}> of {file}: {reason}", ignored);
}

void wi_cli_put_capture(struct wi_buffer *out, const json_t *capture)
{
    const json_t *possible = json_object_get(capture, "possible");

    if (!capture)
        return;
    wi_buffer_puts(out, json_is_true(possible)    ? "possible"
                        : json_is_false(possible) ? "not possible"
                                                  : "not known");
    wi_table_fill(
        out, "{fixed_sizes? with fixed sizes of the inputs; with free ones not|}", capture);
    wi_table_fill(out, "<: node {node}>< ({operator})>", capture);
    wi_table_fill(out, "<: {reason}>", capture);
}

/* "not possible: node a (Det): … (by tables, not tried)" */
static void put_capture_known(struct wi_buffer *out, const json_t *capture)
{
    wi_cli_put_capture(out, capture);
    if (wi_json_is(capture, "known_by", "trial"))
        wi_table_fill(out, " (tried in {browser}< {browser_version}>)", capture);
    else if (capture)
        wi_buffer_puts(out, " (by tables, not tried)");
}

static void print_model(const struct wi_cli *cli, const json_t *model)
{
    static const struct wi_column lines[] = {{"model", "name", NULL}, {"title", "title", NULL},
        {"type", "type", NULL}, {"format", "format", NULL}, {"architecture", "architecture", NULL},
        {"parameters", "parameters", NULL}, {"quantization", "quantization", NULL},
        {"context", "{context_length} tokens", NULL}, {"chat", "chat", NULL},
        {"tasks", "tasks", NULL}, {"labels", "labels", NULL},
        {"ignored", "ignored_settings", put_ignored},
        {"inputs", "inputs[{name} {datatype}[{shape}]]", NULL},
        {"outputs", "outputs[{name} {datatype}[{shape}]]", NULL},
        {"size", "{bytes:B} ({bytes} bytes)", NULL}, {"hash", "hash", NULL},
        {"variant", "variant", NULL}, {"variants", "variants", put_variants},
        {"pulled from", "source", put_source}, {"published", "published", put_pins},
        {"memory", "memory", put_memory}, {"graph capture", "graph_capture", put_capture_known},
        {"warnings", "warnings", NULL}, {"pulling", "pulling", wi_cli_put_pull}, {0}};
    static const struct wi_column files[] = {
        {"FILE", "path", NULL}, {"SIZE", "{bytes:B}", NULL}, {"SHA-256", "hash", NULL}, {0}};

    wi_table_lines(lines, model);
    wi_table_print("\n", files, json_object_get(model, "files"), NULL);
}

enum wi_exit wi_cli_show_model(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_error error = {0};
    char *path;
    enum wi_exit result;

    if (wi_model_check_name(name, &error) != WI_OK)
        return wi_cli_complain(&error);
    path = wi_sprintf("/v1/models/%s", name);
    result = wi_cli_show(cli, path, print_model);
    if (result == WI_EXIT_OK && !cli->json)
        put_places(cli, name);
    free(path);
    return result;
}
