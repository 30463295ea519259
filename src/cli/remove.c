/* webinfer rm and webinfer gc: what is to leave the daemon's store. */
#include "cli/bar.h"
#include "cli/cli.h"

#include "base/memory.h"
#include "cli/plain.h"
#include "model/model.h"
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 600000 /* large files on a slow disk */

/* Prints what was freed behind `what`, unless the JSON is wanted. */
static enum wi_exit ask(struct wi_cli *cli, struct wi_rest_request *request, const char *what)
{
    struct wi_buffer freed = {0};
    struct wi_rest_answer answer;
    enum wi_exit result;
    json_t *value;

    request->timeout_ms = TIMEOUT_MS;
    wi_rest_exchange(&cli->rest, request, &answer);
    result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK && cli->json) {
        wi_plain_json(stdout, answer.body.text, answer.body.size);
    } else if (result == WI_EXIT_OK) {
        value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
        wi_bar_size(&freed, json_object_get(value, "freed_bytes"));
        printf("%s: %s freed\n", what, freed.text ? freed.text : "nothing");
        wi_buffer_clear(&freed);
        json_decref(value);
    }
    wi_rest_answer_clear(&answer);
    return result;
}

enum wi_exit wi_cli_rm(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    int force = wi_argument_given(&cli->arguments, "force");
    char *path = wi_sprintf("/v1/models/%s%s", name, force ? "?force=true" : "");
    struct wi_rest_request request = {.path = path, .method = "DELETE"};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (wi_model_check_name(name, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = ask(cli, &request, name);
    free(path);
    return result;
}

enum wi_exit wi_cli_gc(struct wi_cli *cli)
{
    struct wi_rest_request request = {
        .path = "/v1/models/gc", .method = "POST", .body = "", .body_size = 0};

    return ask(cli, &request, "what nobody needs");
}
