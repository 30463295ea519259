/*
 * webinfer run: pulls a model if it is not here, and then uses it according to its type. After the
 * name, ":" begins a variant and "@" a revision; --browser and --platform choose the place.
 */
#include "cli/commands/commands.h"
#include "cli/pages.h"

#include "base/memory.h"
#include "cli/plain.h"
#include "cli/usage.h"
#include "terms/format/model.h"
#include "terms/model/reference.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Asks the daemon for the model of that name: `*model` is a new reference, or NULL if there is
 * none. The daemon's message about a missing model goes to `*missing`, owned, unless that is
 * NULL. */
static enum wi_exit model_look(struct wi_cli *cli, const char *name, json_t **model, char **missing)
{
    struct wi_rest_answer answer;
    enum wi_exit result = WI_EXIT_OK;

    *model = NULL;
    wi_cli_ask_model(cli, name, &answer);
    if (answer.status != 404) {
        result = wi_cli_check(cli, &answer);
        *model = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    } else if (missing) {
        json_t *problem = json_loadb(answer.body.text, answer.body.size, 0, NULL);
        *missing = wi_strdup(wi_json_text(problem, "detail"));
        json_decref(problem);
    }
    /* A model that is being pulled for the first time has no other description. */
    if (result == WI_EXIT_OK && !json_object_get(*model, "type") &&
        json_object_get(*model, "pulling")) {
        json_decref(*model);
        *model = NULL;
    }
    wi_rest_answer_clear(&answer);
    return result;
}

/* Whether the row of the list is a model that came by that path and has a name made from its
 * content. */
static int came_by(const json_t *row, const char *repository)
{
    const char *name = wi_json_text(row, "name");
    const char *from = wi_json_text(row, "source.repository");

    return name && from && wi_name_is_content(name) && strcmp(from, repository) == 0;
}

/* The name, as a new string, of a model that is already here and to which a path in content led
 * before, so that the path need not be resolved again. NULL: it is not here, or the reference has
 * no path. */
static char *find_by_path(const struct wi_cli *cli, const char *reference)
{
    struct wi_pages pages = {.cli = cli, .path = "/v1/models", .member = "models", .quiet = 1};
    struct wi_hub_reference parsed = {0};
    int has_path =
        !wi_argument_given(&cli->arguments, "as") && wi_hub_reference_is_content(reference) &&
        wi_hub_reference_parse_content(reference, &parsed, NULL) == WI_OK && *parsed.path;
    const json_t *row;
    char *name = NULL;

    while (has_path && !name && (row = wi_pages_row(&pages)))
        if (came_by(row, parsed.repository))
            name = wi_strdup(wi_json_text(row, "name"));
    wi_pages_close(&pages);
    wi_hub_reference_clear(&parsed);
    return name;
}

/* The model's name here, as far as it is known before the pull: a new string. */
static enum wi_code name_before(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error)
{
    char *begun = find_by_path(cli, reference);
    enum wi_code code = begun ? WI_OK : wi_cli_begun_name(cli, reference, &begun, error);

    *name = code == WI_OK ? wi_cli_pulled_name(reference, begun) : NULL;
    free(begun);
    return code;
}

static enum wi_code check_name(const char *name, struct wi_error *error)
{
    if (wi_model_check_name(name, error) == WI_OK)
        return WI_OK;
    return wi_cli_refuse(error,
        "\"%.200s\" is not a model; write NAME, ORG/NAME, ORG/NAME:VARIANT or ORG/NAME@REVISION",
        name);
}

/* No hub has a repository without a slash in its name, except for hubs that are named. */
static int is_mistyped(const struct wi_cli *cli, const char *reference)
{
    return !strchr(reference, '/') && !wi_argument_given(&cli->arguments, "hub");
}

/* Prints the daemon's message about a model that is not here. */
static enum wi_exit complain_missing(const char *missing)
{
    fputs("webinfer: ", stderr);
    wi_plain_print(stderr, missing);
    fputs("\n  models on a hub are named ORG/NAME; --hub names a hub whose models have "
          "other names\n",
        stderr);
    return WI_EXIT_FAILED;
}

/* Pulls the model if needed; `*name` is its name here, owned. With a revision it is always pulled,
 * because another revision may be here. */
static enum wi_exit model_bring(
    struct wi_cli *cli, const char *reference, char **name, json_t **model)
{
    int revision = strchr(reference, '@') != NULL;
    char *pulled = NULL, *missing = NULL;
    struct wi_error error = {0};
    enum wi_exit result;

    *model = NULL;
    if (name_before(cli, reference, name, &error) != WI_OK)
        return wi_cli_complain(&error);
    /* A plain hub allows longer names; a model with such a name is not here under it. */
    if (!wi_argument_given(&cli->arguments, "hub") && check_name(*name, &error) != WI_OK)
        return wi_cli_complain(&error);
    result = WI_EXIT_OK;
    if (!revision && check_name(*name, &error) == WI_OK)
        result = model_look(cli, *name, model, &missing);
    if (result == WI_EXIT_OK && !*model && missing && is_mistyped(cli, reference))
        result = complain_missing(missing);
    else if (result == WI_EXIT_OK && !*model)
        result = wi_cli_pull_model(cli, reference, 0, &pulled);
    free(missing);
    if (result == WI_EXIT_OK && pulled) {
        free(*name);
        *name = wi_cli_pulled_name(reference, pulled);
        result = check_name(*name, &error) == WI_OK ? model_look(cli, *name, model, NULL)
                                                    : WI_EXIT_FAILED;
    }
    free(pulled);
    return result;
}

static enum wi_exit model_use(struct wi_cli *cli, const char *name, const json_t *model)
{
    const char *text = cli->arguments.positionals[1];
    enum wi_usage usage = wi_usage_of_text(model);

    cli->arguments.positionals[0] = name;
    if (usage == WI_USAGE_CHAT)
        return text ? wi_cli_ask(cli, text) : wi_cli_talk(cli);
    if (text && usage == WI_USAGE_EMBED)
        return wi_cli_embed(cli);
    if (text && usage != WI_USAGE_NONE)
        return usage == WI_USAGE_WRITE ? wi_cli_generate(cli) : wi_cli_read(cli);
    if (text)
        fprintf(stderr, "webinfer: %s does not take text alone\n  ", name);
    wi_usage_explain(stderr, name, model);
    return text ? WI_EXIT_USAGE : WI_EXIT_OK;
}

enum wi_exit wi_cli_run(struct wi_cli *cli)
{
    const char *reference = cli->arguments.positionals[0];
    char *name = NULL;
    json_t *model = NULL;
    enum wi_exit result = model_bring(cli, reference, &name, &model);

    if (result == WI_EXIT_OK && model)
        result = model_use(cli, name, model);
    else if (result == WI_EXIT_OK)
        result = wi_cli_fail(WI_EXIT_FAILED, "the daemon has pulled %s but does not find it", name);
    cli->arguments.positionals[0] = reference;
    json_decref(model);
    free(name);
    return result;
}
