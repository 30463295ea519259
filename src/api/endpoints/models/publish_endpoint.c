/*
 * POST /v1/models/NAME/publish and POST /v1/models/NAME/unpublish: a model gets a CID, under which
 * others can have it, and loses that again. The answer is the CID, with the events on the way to it
 * if they are wanted, or the whole model as a CAR. A client that leaves ends its publishing, which
 * goes on for others who wait for the same.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/published.h"

#include "api/http/step.h"
#include "base/memory.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>

static int has_blocks(struct wi_request *request)
{
    if (!request->api->deps.blocks)
        wi_request_answer_refusal(
            request, WI_NOT_IMPLEMENTED, NULL, "this daemon publishes no models");
    return request->api->deps.blocks != NULL;
}

/* --- what is said ----------------------------------------------------------------------------- */

static json_t *files_json(const struct wi_pin *pin)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pin->count; i++) {
        const struct wi_pin_file *file = &pin->files[i];
        char cid[WI_CID_TEXT];
        wi_cid_print(&file->cid, cid);
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:s, s:s}", "path", file->path, "bytes",
                      (json_int_t)file->bytes, "sha256", file->sha256, "cid", cid));
    }
    return list;
}

static json_t *published_json(const struct wi_api *api, const struct wi_pin *pin)
{
    return wi_form_json(
        "Published", pin->cid_text, pin->model, pin->bytes, files_json(pin), wi_api_is_served(api));
}

/* --- publishing ------------------------------------------------------------------------------- */

struct publisher {
    struct wi_api *api;
    struct wi_progress_answer *answer;
    struct wi_publishing *publishing; /* NULL once it is over */
    int car;                          /* the answer is to be one */
    char *name;
};

static void free_publisher(void *work)
{
    struct publisher *publisher = work;
    wi_blockstore_cancel(publisher->publishing);
    free(publisher->name);
    free(publisher);
}

static void on_progress(void *context, const struct wi_publish_progress *progress)
{
    const struct publisher *publisher = context;
    wi_progress_answer_step(
        publisher->answer, wi_form_json("PublishProgress", publisher->name, "hashing", "hashing",
                               progress->done, progress->total));
}

static void answer_car(struct wi_request *request, const struct wi_pin *pin)
{
    uint64_t bytes;
    struct wi_block_reading *reading =
        wi_blockstore_read(request->api->deps.blocks, &pin->cid, 1, WI_SCOPE_ALL, &bytes);
    if (reading)
        wi_api_answer_car(request, reading, bytes, pin->cid_text);
    else
        wi_request_answer_refusal(request, WI_CONFLICT, "model_name",
            "the files of %.160s have changed since it was published; publish it again",
            pin->model);
}

static void on_published(void *context, const struct wi_pin *pin, const struct wi_error *error)
{
    struct publisher *publisher = context;
    publisher->publishing = NULL;
    if (!pin)
        wi_progress_answer_fail(publisher->answer, error);
    else if (publisher->car)
        answer_car(wi_progress_answer_leave(publisher->answer), pin);
    else
        wi_progress_answer_done(publisher->answer, published_json(publisher->api, pin));
    free_publisher(publisher);
}

static void publisher_start(struct wi_request *request, void *work, struct wi_model *model)
{
    struct publisher *publisher = wi_alloc(sizeof *publisher);
    publisher->api = request->api;
    publisher->name = wi_strdup(model->name);
    publisher->car = wi_media_type_named(request->headers.accept, WI_CAR_TYPE);
    publisher->publishing = wi_blockstore_publish(
        request->api->deps.blocks, model, on_progress, on_published, publisher);
    publisher->answer = wi_progress_answer_new(
        request, !publisher->car && wi_api_stream_is_accepted(request), free_publisher, publisher);
}

void wi_handle_model_publish(struct wi_request *request)
{
    if (has_blocks(request))
        wi_request_find_model(request, request->argument, publisher_start, NULL, NULL);
}

/* --- and no more ------------------------------------------------------------------------------ */

/* A published model need not be here any more: it is known by its name alone, or by an alias. */
void wi_handle_model_unpublish(struct wi_request *request)
{
    struct wi_error error;
    if (!has_blocks(request))
        return;
    const struct wi_alias *alias =
        wi_aliases_find(wi_repository_aliases(request->api->deps.repository), request->argument);
    const char *name = alias ? alias->model : request->argument;
    char cid[WI_CID_TEXT];
    if (wi_blockstore_unpublish(request->api->deps.blocks, name, cid, &error) == WI_OK)
        wi_request_answer_json(
            request, 200, wi_form_json("Removed", name, "unpublished", -1, json_pack("[s]", cid)));
    else
        wi_request_answer_error(request, &error);
}
