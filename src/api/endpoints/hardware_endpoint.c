/* GET /v1/hardware?model_name=…: what would run a model now, on what, and why. */
#include "api/endpoints/hardware_endpoint.h"
#include "api/endpoints/endpoints.h"

#include "api/endpoints/infer.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "api/http/step.h"

#include "base/memory.h"
#include "base/params.h"
#include "terms/format/model.h"
#include "wire/text.h"
#include <stddef.h>
#include <stdlib.h>

/* The query's parameters, read as a request's fields are. */
struct query {
    const char *model_name, *platform, *browser, *node;
    int model_type, precision, fallback; /* model_type, precision: -1 for not given */
};

static const char *const booleans[] = {"false", "true", NULL};

const struct wi_param wi_hardware_params[] = {
    WI_PARAM(query, model_name, STRING, .required = 1, .min = 1, .max = WI_MODEL_NAME_MAX),
    WI_PARAM(query, model_type, ENUM, .names = wi_model_type_names),
    WI_PARAM(query, platform, STRING, .min = 1, .max = 32, .form = "'auto'|Platform"),
    WI_PARAM(query, browser, STRING, .min = 1, .max = 31),
    WI_PARAM(query, node, STRING, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(query, precision, ENUM, .names = wi_infer_precision_names),
    WI_PARAM(query, fallback, ENUM, .names = booleans),
    {0},
};

struct look_up {
    json_t *arguments; /* owns the query's strings */
    struct query query;
    int has_platform;
    enum wi_platform platform;
};

static void free_look_up(void *work)
{
    struct look_up *look_up = work;
    json_decref(look_up->arguments);
    free(look_up);
}

static enum wi_code read_query(
    const struct wi_request *request, struct look_up *look_up, struct wi_error *error)
{
    struct query *query = &look_up->query;
    enum wi_code code;
    if ((code = wi_query_read(request, wi_hardware_params, WI_PARAMS_STRICT, query,
             &look_up->arguments, error)) != WI_OK ||
        (code = wi_model_check_name(query->model_name, error)) != WI_OK ||
        (code = wi_infer_read_platform(
             query->platform, &look_up->has_platform, &look_up->platform, error)) != WI_OK)
        return code;
    return wi_run_check_browser(&request->api->endpoints->runs, query->browser, error);
}

/* Whether the input of the model's usual task is private; what a request will send is not known
 * yet. */
static int is_private(const struct wi_model *model)
{
    const struct wi_task_list *tasks = &model->facts.tasks;
    return wi_formats[model->format]->reads_words ||
           (tasks->count > 0 && wi_task_is_private(tasks->items[0]));
}

struct wi_inference *wi_hardware_ask(struct wi_model *model, enum wi_model_type type)
{
    struct wi_inference *asked = wi_inference_new();
    int reads = wi_text_is_for(model), writes = reads && type != WI_TYPE_TEXT_EMBEDDING;
    asked->model = wi_model_ref(model);
    asked->type = type;
    asked->fallback = 1;
    asked->prompt_tokens = reads ? WI_USUAL_PROMPT_TOKENS : 0;
    asked->answer_tokens = writes ? WI_USUAL_ANSWER_TOKENS : 0;
    return asked;
}

/* The inference that the query asks about; owned by the caller. */
static struct wi_inference *inference_make(const struct look_up *look_up, struct wi_model *model)
{
    const struct query *query = &look_up->query;
    struct wi_inference *asked = wi_hardware_ask(
        model, query->model_type >= 0 ? (enum wi_model_type)(query->model_type + 1) : model->type);
    asked->browser = wi_strdup(query->browser);
    asked->node = wi_strdup(query->node);
    asked->has_platform = look_up->has_platform;
    asked->platform = look_up->platform;
    asked->fallback = query->fallback;
    asked->precision = wi_infer_take_precision(query->precision);
    return asked;
}

json_t *wi_hardware_json(const struct wi_api *api, const struct wi_inference *asked)
{
    const struct wi_demand demand = {.asked = asked,
        .ours_only = wi_demand_keep(api->deps.config->pool.strangers, is_private(asked->model)),
        .lent = 1};
    return wi_pool_hardware_json(api->deps.pool, &demand);
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    const struct look_up *look_up = work;
    struct wi_error error;
    if (wi_model_check_engine(model, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_look_up(work);
        return;
    }
    struct wi_inference *asked = inference_make(look_up, model);
    wi_request_answer_json(request, 200, wi_hardware_json(request->api, asked));
    wi_inference_release(asked);
    free_look_up(work);
}

void wi_handle_hardware(struct wi_request *request)
{
    struct look_up *look_up = wi_alloc(sizeof *look_up);
    struct wi_error error;
    look_up->query =
        (struct query){.platform = "auto", .model_type = -1, .precision = -1, .fallback = 1};
    if (read_query(request, look_up, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_look_up(look_up);
        return;
    }
    wi_request_find_model(request, look_up->query.model_name, on_model, look_up, free_look_up);
}
