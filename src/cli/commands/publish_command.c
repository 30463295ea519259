/*
 * webinfer publish and webinfer unpublish: give a model a CID and print it, or write the model to
 * one file for a machine without a network.
 */
#include "cli/commands/commands.h"

#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/save.h"
#include "cli/text_table.h"
#include "terms/format/model.h"
#include "terms/model/cid.h"
#include <stdio.h>
#include <string.h>

#define PUBLISH "/v1/models/*/publish"

/* `*published` gets the final answer of the server, a new reference or NULL. */
static enum wi_exit model_publish(struct wi_cli *cli, const char *name, json_t **published)
{
    const struct wi_cli_follow follow = {
        .cli = cli, .stopped = "it is not published", .lost = "", .done = published};
    struct wi_rest_request request = {
        .path = PUBLISH, .name = name, .method = "POST", .accept = "text/event-stream"};

    return wi_cli_follow(&follow, &request);
}

static void put_address(FILE *out, const json_t *published)
{
    const char *cid = wi_json_text(published, "cid");

    fputs("ipfs://", out);
    wi_plain_print(out, cid ? cid : "?");
    fputc('\n', out);
}

static void address_say(const struct wi_cli *cli, json_t *published, int is_written)
{
    if (cli->json)
        wi_plain_put_json(json_incref(published));
    else
        put_address(stdout, published);
    if (!is_written && json_is_false(json_object_get(published, "served")))
        fputs("webinfer: this daemon does not serve it yet: set serve = published in the section "
              "[content] of its configuration\n",
            stderr);
}

/* A name without a variant means the first, and says nothing of the others. */
static void variants_say(const struct wi_cli *cli, const json_t *published)
{
    const char *name = wi_json_text(published, "name"), *chosen, *before = "";
    struct wi_buffer line = {0};
    size_t i;

    if (!name || wi_model_check_name(name, NULL) != WI_OK || wi_model_name_variant(name))
        return;
    json_t *model = wi_cli_get(cli, "/v1/models/*", name);
    const json_t *variant, *variants = json_object_get(model, "variants");
    chosen = wi_json_text(model, "variant");
    json_array_foreach(variants, i, variant)
    {
        const char *other = wi_json_text(variant, "name");
        if (!chosen || !other || strcmp(other, chosen) == 0)
            continue;
        wi_buffer_strings(&line, before, name, ":", other, NULL);
        before = ", ";
    }
    if (line.size > 0) {
        fputs("webinfer: these are only the files of the variant ", stderr);
        wi_plain_print(stderr, chosen);
        fputs("; to publish another variant, name it: ", stderr);
        wi_plain_print(stderr, line.text);
        fputc('\n', stderr);
    }
    wi_buffer_clear(&line);
    json_decref(model);
}

static enum wi_exit write_car(struct wi_cli *cli, struct wi_save *save, const char *name)
{
    struct wi_rest_request request = {
        .path = PUBLISH, .name = name, .method = "POST", .accept = WI_CAR_TYPE};
    struct wi_error error = {0};
    enum wi_exit result = wi_save_answer(save, cli, &request);

    if (result == WI_EXIT_OK && wi_save_end(save, &error) != WI_OK)
        return wi_cli_complain(&error);
    return result;
}

static enum wi_exit publish_to_file(
    struct wi_cli *cli, const char *name, const char *target, json_t **published)
{
    struct wi_save save;
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (wi_save_begin(&save, target, 0, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = model_publish(cli, name, published);
    if (result == WI_EXIT_OK)
        result = write_car(cli, &save, name);
    wi_save_drop(&save);
    return result;
}

static enum wi_code arguments_check(
    const struct wi_cli *cli, const char *name, struct wi_error *error)
{
    const char *car = wi_argument(&cli->arguments, "car");

    if (car && strcmp(car, "-") == 0 && cli->json)
        return wi_cli_refuse(
            error, "--json and --car - both want standard output; give --car a file");
    return wi_model_check_name(name, error);
}

enum wi_exit wi_cli_publish(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0], *car = wi_argument(&cli->arguments, "car");
    struct wi_error error = {0};
    json_t *published = NULL;

    if (arguments_check(cli, name, &error) != WI_OK)
        return wi_cli_complain(&error);
    enum wi_exit result =
        car ? publish_to_file(cli, name, car, &published) : model_publish(cli, name, &published);
    if (result == WI_EXIT_OK && car && strcmp(car, "-") == 0)
        put_address(stderr, published); /* the file went to standard output */
    else if (result == WI_EXIT_OK)
        address_say(cli, published, car != NULL);
    if (result == WI_EXIT_OK)
        variants_say(cli, published);
    json_decref(published);
    return result;
}

enum wi_exit wi_cli_unpublish(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_error error = {0};
    struct wi_rest_request request = {
        .path = "/v1/models/*/unpublish", .name = name, .method = "POST"};

    if (wi_model_check_name(name, &error) != WI_OK)
        return wi_cli_complain(&error);
    return wi_cli_order_say(cli, &request, stdout,
        "{name}: no longer published; its address was ipfs://{unpublished}\n");
}
