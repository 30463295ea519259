/* webinfer ps, load and unload: list, load and unload models in nodes. webinfer rm and gc: remove
 * models from the store. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

#include "base/clock.h"
#include "cli/pages.h"
#include "terms/format/model.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Loading a large model may take minutes; a user can stop the wait with ^C. */
#define LOAD_MAX_MS (30.0 * 60 * 1000)
#define LOOK_EVERY_MS 250

/* How full the caches of a language model's slots are. */
static void put_cache(struct wi_buffer *out, const json_t *slots)
{
    double room = wi_json_number(slots, "count") * wi_json_number(slots, "context");

    if (room > 0)
        wi_buffer_printf(out, "%.0f %%", 100 * wi_json_number(slots, "cached_tokens") / room);
}

enum wi_exit wi_cli_ps(struct wi_cli *cli)
{
    static const struct wi_column columns[] = {{"MODEL", "name", NULL}, {"STATE", "state", NULL},
        {"MEMORY", "{bytes:1M}", NULL}, {"SLOTS", "{slots.busy} of {slots.count}", NULL},
        {"CACHE", "slots", put_cache}, {"PLATFORM", "platform", NULL},
        {"BROWSER", "_of.browser", NULL}, {"NODE", "_of.id", NULL}, {"ERROR", "error", NULL}, {0}};
    struct wi_pages pages = {.cli = cli, .path = "/v1/nodes", .member = "nodes", .inner = "models"};

    return wi_pages_table(&pages, columns, "No node has loaded a model.");
}

/* POSTs the options to the path, of the model; returns the nodes that were told, or NULL with the
 * exit status. */
static json_t *nodes_tell(const struct wi_cli *cli, const char *path, enum wi_exit *result)
{
    json_t *order = json_pack("{s:s*, s:s*}", "node", wi_argument(&cli->arguments, "node"),
        "platform", wi_argument(&cli->arguments, "platform"));
    json_t *value;

    *result = wi_cli_exchange(cli,
        &(struct wi_rest_request){
            .path = path, .name = cli->arguments.positionals[0], .json = order, .method = "POST"},
        &value);
    json_t *told = json_incref(json_object_get(value, "nodes"));
    json_decref(value);
    return told;
}

/* The outcome for a node whose outcome was `before` (NULL: none yet). "loaded", "failed" and
 * "unloaded" (which means unloaded before it was loaded) are final, whatever other clients do
 * afterwards. `model` is the node's report of the model; NULL: none. */
static const char *come_to(const char *before, const json_t *model)
{
    const char *state = wi_json_text(model, "state");

    if (before && strcmp(before, "loading") != 0)
        return before;
    if (wi_json_is(model, "state", "loaded") || wi_json_is(model, "state", "failed") ||
        wi_json_is(model, "state", "loading"))
        return state;
    return before ? "unloaded" : NULL;
}

static int rank_of(const json_t *model)
{
    return wi_json_is(model, "state", "loaded") ? 2 : wi_json_is(model, "state", "loading") ? 1 : 0;
}

/* The node's report of the model of that name, of the platform on which it has come furthest. A
 * page that cannot load the model on one platform tries the next. NULL: none. Borrowed. */
static const json_t *model_in(const json_t *node, const char *name)
{
    const json_t *model, *found = NULL;
    size_t i;

    json_array_foreach(json_object_get(node, "models"), i, model)
    {
        if (wi_json_is(model, "name", name) && (!found || rank_of(model) > rank_of(found)))
            found = model;
    }
    return found;
}

/* The current reports of nodes about the model, {ID: model}. */
static json_t *find_models(const struct wi_cli *cli)
{
    struct wi_pages pages = {.cli = cli, .path = "/v1/nodes", .member = "nodes", .quiet = 1};
    json_t *models = json_object();
    const json_t *node;

    while ((node = wi_pages_row(&pages))) {
        const char *id = wi_json_text(node, "id");
        const json_t *model = model_in(node, cli->arguments.positionals[0]);
        if (id && model)
            json_object_set(models, id, (json_t *)model);
    }
    wi_pages_close(&pages);
    return models;
}

/* Looks once at the nodes: counts those of `told` that are done, and the failed ones among these.
 * `outcomes` has the outcome of each. */
static void nodes_look(
    const struct wi_cli *cli, const json_t *told, json_t *outcomes, size_t *done, size_t *failed)
{
    json_t *models = find_models(cli);
    const json_t *id;
    size_t i;

    *done = *failed = 0;
    json_array_foreach(told, i, id)
    {
        const char *node = json_string_value(id);
        const char *outcome = come_to(
            json_string_value(json_object_get(outcomes, node)), json_object_get(models, node));
        if (!outcome)
            continue;
        json_object_set_new(outcomes, node, json_string(outcome));
        *done += strcmp(outcome, "loading") != 0;
        *failed += strcmp(outcome, "failed") == 0 || strcmp(outcome, "unloaded") == 0;
    }
    json_decref(models);
}

static enum wi_exit wait_until_loaded(const struct wi_cli *cli, const json_t *told)
{
    size_t count = json_array_size(told), done, failed;
    double end = wi_now_ms() + LOAD_MAX_MS;
    json_t *outcomes = json_object();

    do {
        nodes_look(cli, told, outcomes, &done, &failed);
        if (done == count)
            break;
        poll(NULL, 0, LOOK_EVERY_MS);
    } while (wi_now_ms() < end);
    json_decref(outcomes);
    if (done == count && failed == 0) {
        printf("%s is loaded in %zu node%s\n", cli->arguments.positionals[0], count,
            count == 1 ? "" : "s");
        return WI_EXIT_OK;
    }
    return wi_cli_fail(WI_EXIT_FAILED, "%zu of %zu nodes %s; webinfer ps says more",
        failed ? failed : count - done, count,
        failed ? "could not load it" : "have not loaded it yet");
}

enum wi_exit wi_cli_load(struct wi_cli *cli)
{
    enum wi_exit result;
    json_t *told = nodes_tell(cli, "/v1/models/*/load", &result);

    if (told && wi_argument_given(&cli->arguments, "no-wait"))
        printf("%zu nodes are loading %s\n", json_array_size(told), cli->arguments.positionals[0]);
    else if (told)
        result = wait_until_loaded(cli, told);
    json_decref(told);
    return result;
}

enum wi_exit wi_cli_unload(struct wi_cli *cli)
{
    enum wi_exit result;
    json_t *told = nodes_tell(cli, "/v1/models/*/unload", &result);

    if (told)
        printf("%zu nodes unloaded %s\n", json_array_size(told), cli->arguments.positionals[0]);
    json_decref(told);
    return result;
}

#define REMOVE_MS 600000 /* large files on a slow disk */

/* Prints the freed bytes after `what`, unless JSON is requested. */
static enum wi_exit removal_ask(
    struct wi_cli *cli, struct wi_rest_request *request, const char *what)
{
    json_t *value = NULL;

    request->timeout_ms = REMOVE_MS;
    enum wi_exit result = wi_cli_order(cli, request, &value);
    if (value) {
        printf("%s: ", what);
        wi_table_say(
            json_object_get(value, "freed_bytes") ? "{freed_bytes:B} freed\n" : "nothing freed\n",
            value);
        json_decref(value);
    }
    return result;
}

static enum wi_exit remove_model(struct wi_cli *cli, const char *name)
{
    int force = wi_argument_given(&cli->arguments, "force");
    struct wi_rest_request request = {.path = force ? "/v1/models/*?force=true" : "/v1/models/*",
        .name = name,
        .method = "DELETE"};

    return removal_ask(cli, &request, name);
}

/* A model that cannot be removed does not stop the others; an invalid name stops all. */
enum wi_exit wi_cli_rm(struct wi_cli *cli)
{
    const struct wi_arguments *arguments = &cli->arguments;
    enum wi_exit result = WI_EXIT_OK, removed;
    struct wi_error error = {0};

    for (unsigned i = 0; i < arguments->positional_count; i++) {
        if (wi_model_check_name(arguments->positionals[i], &error) == WI_OK)
            continue;
        return wi_cli_complain(&error);
    }
    for (unsigned i = 0; i < arguments->positional_count && result != WI_EXIT_NO_SERVER; i++) {
        removed = remove_model(cli, arguments->positionals[i]);
        result = removed != WI_EXIT_OK ? removed : result;
    }
    return result;
}

enum wi_exit wi_cli_gc(struct wi_cli *cli)
{
    struct wi_rest_request request = {
        .path = "/v1/models/gc", .method = "POST", .body = "", .body_size = 0};

    return removal_ask(cli, &request, "unneeded files");
}
