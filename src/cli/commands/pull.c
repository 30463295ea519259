/*
 * webinfer pull: has the daemon pull a model from a hub, and shows the progress. The pull belongs
 * to the daemon and continues when this command ends.
 */
#include "cli/commands/commands.h"

#include "base/memory.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include "terms/format/model.h"
#include "terms/model/reference.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* " from lan (3.0 MB), ipfs (1.1 MB)", if there were several */
static void add_sources(struct wi_buffer *text, const json_t *sources)
{
    if (json_array_size(sources) < 2)
        return;
    wi_buffer_puts(text, " from ");
    wi_table_join(text, ", ", "{name} ({bytes:B})", sources);
}

/* "chat/finch: 12.3 MB in 2 files, 4.1 MB fetched in 3 s" */
static void put_done(const json_t *pull)
{
    struct wi_buffer text = {0};

    wi_table_fill(&text,
        "{name}: {total_bytes:B} in {files} files, {fetched_bytes:B} fetched in {seconds:s}", pull);
    add_sources(&text, json_object_get(pull, "sources"));
    fprintf(stderr, "%s\n", text.text);
    wi_buffer_clear(&text);
}

static json_t *make_requested(const struct wi_arguments *arguments, const char *reference)
{
    static const char *const words[] = {"as", "hub", "precision"};
    json_t *requested = json_object(), *files = json_array();
    const char *value;

    json_object_set_new(requested, "model", json_string(reference));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((value = wi_argument(arguments, words[i])))
            json_object_set_new(requested, words[i], json_string(value));
    for (size_t i = 0; (value = wi_argument_at(arguments, "file", i)); i++)
        json_array_append_new(files, json_string(value));
    if (json_array_size(files) > 0)
        json_object_set(requested, "files", files);
    json_decref(files);
    return requested;
}

enum wi_exit wi_cli_pull_model(struct wi_cli *cli, const char *reference, int events, char **name)
{
    json_t *done = NULL;
    const struct wi_cli_follow follow = {.cli = cli,
        .lines = events,
        .stopped = "the daemon continues the pull; the same command shows it again, and webinfer "
                   "pull --cancel MODEL stops it",
        .lost = "\n  the pull continues when the daemon is started again",
        .done = &done};
    struct wi_rest_request request = {
        .path = "/v1/models/pull", .json = make_requested(&cli->arguments, reference)};
    enum wi_exit result;

    json_object_set_new(request.json, "stream", json_true());
    result = wi_cli_follow(&follow, &request);
    if (done && !events)
        put_done(done);
    *name = wi_strdup(wi_json_text(done, "name"));
    json_decref(done);
    return result;
}

char *wi_cli_pulled_name(const char *reference, const char *name)
{
    const char *scheme = wi_hub_reference_is_content(reference) ? strstr(reference, "//") : NULL;
    size_t whole = strcspn(reference, "@"), before = scheme ? (size_t)(scheme - reference) : 0;
    const char *variant = memchr(reference + before, ':', whole - before);

    if (!variant)
        return wi_strdup(name);
    return wi_sprintf("%s%.*s", name, (int)(reference + whole - variant), variant);
}

static enum wi_exit pull_begin(struct wi_cli *cli, const char *reference)
{
    struct wi_rest_request request = {
        .path = "/v1/models/pull", .json = make_requested(&cli->arguments, reference)};

    return wi_cli_order_say(cli, &request, stderr,
        "The daemon is pulling the model; webinfer show shows the progress.\n");
}

enum wi_code wi_cli_begun_name(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error)
{
    const char *as = wi_argument(&cli->arguments, "as");
    struct wi_hub_reference parsed = {0};
    enum wi_code code = WI_OK;

    *name = NULL;
    if (wi_hub_reference_is_content(reference))
        code = wi_hub_reference_parse_content(reference, &parsed, error);
    if (code == WI_OK)
        *name = as                  ? wi_strdup(as)
                : parsed.is_content ? wi_hub_reference_name(&parsed)
                                    : wi_strndup(reference, wi_hub_reference_base(reference));
    wi_hub_reference_clear(&parsed);
    return code;
}

/* A running pull is known by the name under which it was begun. */
static enum wi_exit pull_cancel(struct wi_cli *cli, const char *reference)
{
    struct wi_rest_request request = {.path = "/v1/models/*/cancel", .method = "POST"};
    struct wi_error error = {0};
    char *name;
    enum wi_code code = wi_cli_begun_name(cli, reference, &name, &error);
    enum wi_exit result;

    request.name = name;
    if (code != WI_OK || wi_model_check_name(name, &error) != WI_OK)
        result = wi_cli_complain(&error);
    else
        result = wi_cli_order_say(cli, &request, stderr,
            "The pull was cancelled, and the files that it had fetched were removed.\n");
    free(name);
    return result;
}

enum wi_exit wi_cli_pull(struct wi_cli *cli)
{
    const char *reference = cli->arguments.positionals[0];
    char *name = NULL;
    enum wi_exit result;

    if (wi_argument_given(&cli->arguments, "cancel"))
        return pull_cancel(cli, reference);
    if (wi_argument_given(&cli->arguments, "detach"))
        return pull_begin(cli, reference);
    result = wi_cli_pull_model(cli, reference, cli->json, &name);
    free(name);
    return result;
}
