/*
 * POST /api/pull and DELETE /api/delete: models come and go as with /v1/models, told as Ollama's
 * clients read it.
 */
#include "api/model_remove.h"
#include "api/ollama.h"
#include "api/openapi.h"
#include "api/pulls.h"
#include <string.h>

/* --- POST /api/pull -------------------------------------------------------------------------- */

struct pull {
    const char *model, *name;
    int stream;
    json_t *insecure;
};
const struct wi_param wi_ollama_pull_params[] = {
    {.name = "model",
        .kind = WI_PARAM_STRING,
        .offset = offsetof(struct pull, model),
        .min = 1,
        .max = WI_ROUTE_ARGUMENT_MAX - 1,
        .help = "ORG/NAME[:VARIANT[@REVISION]] of the hub that is configured."},
    {.name = "name",
        .kind = WI_PARAM_STRING,
        .offset = offsetof(struct pull, name),
        .min = 1,
        .max = WI_ROUTE_ARGUMENT_MAX - 1,
        .help = "The same, by its older name."},
    WI_PARAM_ROW(pull, stream, WI_PARAM_BOOL, 0, 0, 0),
    {.name = "insecure",
        .kind = WI_PARAM_ANY,
        .offset = offsetof(struct pull, insecure),
        .help = "It changes nothing."},
    WI_PARAM_END,
};

/* Ollama's clients name a hub as a host before the model; there is one here, by configuration. */
static const char *reference_of(const char *name)
{
    static const char *const hosts[] = {"hf.co/", "huggingface.co/"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(name, hosts[i], strlen(hosts[i])) == 0)
            return name + strlen(hosts[i]);
    return name;
}

/* Clients draw a bar for each digest: here it is one for all files, by the commit that they are of.
 */
static void write_line(struct wi_buffer *out, const struct wi_pull_info *info)
{
    const char *digest = info->commit ? info->commit : info->name;
    json_t *line;
    if (info->state == WI_PULL_DONE)
        line = json_pack("{s:s}", "status", "success");
    else if (info->state == WI_PULL_DOWNLOADING)
        line = json_pack("{s:s++, s:s, s:I, s:I}", "status", "pulling ", info->name, "", "digest",
            digest, "total", (json_int_t)info->total, "completed", (json_int_t)info->done);
    else
        line = json_pack("{s:s}", "status",
            info->state == WI_PULL_VERIFYING ? "verifying sha256 digest" : "writing manifest");
    wi_buffer_json(out, line);
    wi_buffer_puts(out, "\n");
    json_decref(line);
}

static void begin_pull(struct wi_request *request, const struct pull *pull, const char *reference)
{
    const struct wi_pull_want want = {.reference = reference_of(reference)};
    struct wi_error error;
    char name[WI_MODEL_NAME_MAX + 1];
    if (wi_pulls_start(request->api->deps.pulls, &want, name, &error) == WI_OK)
        wi_api_pull_tell(request, name, write_line, !pull->stream);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_ollama_pull(struct wi_request *request)
{
    struct pull pull = {.stream = 1};
    char reference[WI_ROUTE_ARGUMENT_MAX];
    json_t *body = wi_api_has_pulls(request) ? wi_request_body_object(request) : NULL;
    if (!body)
        return;
    if (wi_ollama_read_name(request, body, wi_ollama_pull_params, &pull, reference) == 0)
        begin_pull(request, &pull, reference);
    json_decref(body);
}

/* --- DELETE /api/delete ---------------------------------------------------------------------- */

void wi_handle_ollama_delete(struct wi_request *request)
{
    struct {
        const char *model, *name;
    } named = {0};
    json_t *body = wi_request_body_object(request);
    if (!body)
        return;
    if (wi_ollama_read_name(request, body, wi_ollama_name_params, &named, request->argument) == 0)
        wi_api_remove_model(request, 0);
    json_decref(body);
}
