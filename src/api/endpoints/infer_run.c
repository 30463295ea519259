/* Shared by requests for inferences: makes a run of the body, and sends the printed answer. */
#include "api/endpoints/infer.h"

#include "api/endpoints/endpoints.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>

/* --- the run of a body ------------------------------------------------------------------------ */

/* The memory that a byte of JSON may take as a tree, for JSON whose cost was not reckoned while it
 * came: only the head of a binary body, which is at most 1 MiB. */
#define TREE_PER_BYTE 44

static enum wi_code find_frame(
    const struct wi_request *request, size_t *json_size, struct wi_error *error)
{
    size_t size = request->body ? request->body->size : 0;
    return request->dialect->frame(
        request->headers.content_type, request->headers.inference_length, size, json_size, error);
}

static uint64_t parse_cost(const struct wi_request *request, size_t json_size)
{
    if (json_size == 0) /* a form, of which next to nothing is copied */
        return 0;
    uint64_t tree = request->headers.inference_length ? (uint64_t)json_size * TREE_PER_BYTE
                                                      : request->json_cost;
    return tree + 2 * (uint64_t)json_size; /* the strings, and what they are converted into */
}

uint64_t wi_infer_measure(const struct wi_request *request, size_t *json_size)
{
    struct wi_error error;
    if (find_frame(request, json_size, &error) != WI_OK)
        *json_size = request->body ? request->body->size : 0;
    return parse_cost(request, *json_size);
}

struct wi_run *wi_infer_run(struct wi_request *request, enum wi_run_kind kind,
    const struct wi_run_owner *owner, struct wi_error *error)
{
    const struct wi_dialect *dialect = request->dialect;
    struct wi_run_request asked = {.kind = kind,
        .dialect = dialect,
        .body = request->body,
        .lenient = dialect != &wi_dialect_native &&
                   request->api->deps.config->api.unknown_parameters == WI_UNKNOWN_IGNORE,
        .model = *request->argument ? request->argument : NULL,
        .version = *request->second ? request->second : NULL,
        .client = wi_request_client(request),
        .accepted_at = request->read};
    int is_form = (request->route->flags & WI_ROUTE_FORM) != 0;
    enum wi_code code = find_frame(request, &asked.json_size, error);
    request->body = NULL;
    if (code == WI_OK && (!asked.body || (asked.json_size == 0 && !is_form)))
        code = wi_error_set(
            error, WI_BAD_JSON, NULL, "there is no %s in the body", is_form ? "form" : "JSON");
    if (code != WI_OK) {
        wi_blob_unref(asked.body);
        return NULL;
    }
    asked.parse_cost = parse_cost(request, asked.json_size);
    return wi_run_new(&request->api->endpoints->runs, &asked, owner);
}

int wi_infer_charge(void *context, uint64_t bytes)
{
    struct wi_request *const *request = context;
    return wi_request_reserve(*request, (size_t)bytes);
}

void wi_infer_rest(void *context)
{
    struct wi_api *api = context;
    wi_spending_end(&api->spending);
}

/* --- the answer, as it was printed ------------------------------------------------------------ */

/* Bytes of binary tensors, which may as well be copied when they are so few: a list of slices
 * costs the client a second read. */
#define COPY_MAX (16 * 1024)

/* The figures that a language model's answer reports. Without parts the time of the first token was
 * not seen; it is then the total less the time that the tokens after it took. */
static struct wi_text_figures figures_of(const struct wi_outcome *outcome)
{
    const struct wi_text_account *account = &outcome->account;
    int is_timed = account->timed && account->generated > 0;
    double first_ms = outcome->first_part_ms > 0 ? outcome->first_part_ms
                      : is_timed                 ? outcome->total_ms - account->made_ms
                                                 : 0;
    return (struct wi_text_figures){.first_token_s = first_ms / 1000,
        .per_token_s = account->made > 0 ? account->made_ms / account->made / 1000 : 0,
        .prompt = account->prompt,
        .cached = account->cached,
        .generated = account->generated};
}

/* Its page had the model, or loaded it first. */
static void note_page(struct wi_page_cache *pages, const struct wi_outcome *outcome)
{
    if (outcome->model_bytes == 0)
        return; /* built in */
    if (outcome->warm) {
        pages->hits++;
        pages->saved_bytes += outcome->model_bytes;
    } else {
        pages->misses++;
        pages->loaded_bytes += outcome->model_bytes;
    }
}

/* A joined node calls its browser what it likes: one of them could fill all the series. */
static const char *browser_of(const struct wi_outcome *outcome)
{
    if (outcome->joined)
        return "joined";
    return outcome->browser ? outcome->browser : "unknown";
}

uint64_t wi_infer_count(void *context, const struct wi_outcome *outcome)
{
    struct wi_api *api = context;
    const char *told = json_string_value(json_object_get(outcome->executed_on, "platform"));
    struct wi_history_request ended = {.model = outcome->model_name,
        .browser = browser_of(outcome),
        .platform = told ? told : "none",
        .total_s = outcome->total_ms / 1000,
        .queue_s = outcome->queue_ms / 1000};
    note_page(&api->endpoints->pages, outcome);
    wi_metrics_inference(api->metrics, ended.model, ended.browser, ended.platform, ended.queue_s,
        outcome->load_ms / 1000, outcome->inference_ms / 1000);
    wi_metrics_answered(api->metrics, ended.model, outcome->model_version, ended.total_s,
        ended.queue_s, outcome->inference_ms / 1000);
    if (outcome->account.counted) {
        struct wi_text_figures figures = figures_of(outcome);
        wi_metrics_text(api->metrics, ended.model, ended.browser, ended.platform, &figures);
        wi_text_load_know(api->endpoints->text_load, ended.model);
        ended.prompt = figures.prompt;
        ended.generated = figures.generated;
    }
    return wi_history_add(api->history, wi_now_ms(), &ended);
}

uint64_t wi_infer_count_failure(void *context, const struct wi_run_failure *failure)
{
    const struct wi_api *api = context;
    const struct wi_model *model = failure->model;
    const struct wi_job_place *place = failure->place;
    const struct wi_history_request ended = {.model = model->name,
        .browser = !*place->browser ? NULL
                   : place->joined  ? "joined"
                                    : place->browser,
        .platform = wi_platform_names[place->platform],
        .failed = 1};
    wi_metrics_failed(api->metrics, model->name, model->version, failure->total_ms / 1000);
    return wi_history_add(api->history, wi_now_ms(), &ended);
}

void wi_infer_count_stored(
    void *context, uint64_t counted_as, uint64_t bytes_in, uint64_t bytes_out)
{
    const struct wi_api *api = context;
    wi_history_add_bytes(api->history, wi_now_ms(), counted_as, bytes_in, bytes_out);
}

/* --- sending --------------------------------------------------------------------------------- */

static void free_printing(void *context)
{
    wi_printing_free(context);
}

/* The JSON, then the binary tensors back to back; a file is such a tensor alone. Takes the printing
 * over. */
static void send_binary(struct wi_request *request, struct wi_printing *printing)
{
    int is_file = printing->media_type != NULL;
    const char *type = is_file ? printing->media_type : "application/octet-stream";
    size_t count = printing->slice_count, head = printing->text.size, bytes = 0;
    const struct wi_slice *slices = printing->slices;
    char length[WI_DIGITS_SIZE];
    for (size_t i = 1; i < count; i++)
        bytes += slices[i].size;
    if (bytes <= COPY_MAX) {
        for (size_t i = 1; i < count; i++)
            wi_buffer_add(&printing->text, slices[i].bytes, slices[i].size);
        wi_request_answer_text(request, 200, type, &printing->text);
        wi_printing_free(printing);
    } else {
        struct MHD_IoVec *list = wi_realloc_array(NULL, count, sizeof *list);
        for (size_t i = 0; i < count; i++)
            list[i] = (struct MHD_IoVec){slices[i].bytes, slices[i].size};
        wi_request_answer_slices(request, 200, type, list, count, free_printing, printing);
        free(list);
    }
    if (!is_file)
        wi_request_add_header(request, "Inference-Header-Content-Length", wi_digits(length, head));
}

void wi_infer_send(struct wi_request *request, struct wi_printing *printing)
{
    if (wi_printing_has_binary(printing)) {
        send_binary(request, printing);
        return;
    }
    const char *type = printing->media_type ? printing->media_type : "application/json";
    wi_request_answer_text(request, 200, type, &printing->text);
    wi_printing_free(printing);
}
