/* The beginning of a run: its body is read, large JSON on a thread. */
#include "work/run/run_private.h"

#include "base/memory.h"

/* JSON above this is parsed off the loop: 64 KiB take 0.5 to 2.5 ms, by how small its values are,
 * and 3.8 ms where they are no JSON, which jansson then reads again to say why. */
#define INLINE_JSON_MAX (64 * 1024)
/* Likewise forms, of which only the ends of the parts are looked for. */
#define INLINE_FORM_MAX (2 * 1024 * 1024)

enum wi_code wi_run_check_browser(
    const struct wi_run_deps *deps, const char *kind, struct wi_error *error)
{
    const struct wi_config *config = deps->config;
    if (!kind || wi_config_find_browser(config, kind) || wi_pool_has_kind(deps->pool, kind))
        return WI_OK;
    struct wi_buffer kinds = {0};
    for (size_t i = 0; i < config->browser_count; i++)
        wi_buffer_printf(&kinds, "%s%s", i ? ", " : "", config->browsers[i].kind);
    wi_error_set(error, WI_INVALID_FIELD, "browser", "\"%s\" is not a kind of browser here", kind);
    wi_error_allow(error, "%s", kinds.text ? kinds.text : "");
    wi_buffer_clear(&kinds);
    return WI_INVALID_FIELD;
}

/* What the table of parameters cannot say: whether this client may send it. A kind of browser that
 * a relay names may have gone since, which is for routing to say. */
static enum wi_code check_read(const struct wi_run *run, struct wi_error *error)
{
    const struct wi_inference *asked = run->infer.asked;
    const struct wi_run_owner *owner = &run->owner;
    if (!asked->relayed.is)
        return run->request.kind == WI_RUN_STORED
                   ? WI_OK
                   : wi_run_check_browser(run->deps, asked->browser, error);
    if (owner->on_relayed)
        return owner->on_relayed(owner->context, error);
    wi_error_set(error, WI_INVALID_FIELD, "relay",
        "relay is only for POST /v1/infer without an Idempotency-Key");
    return wi_error_expect(error, "no relay");
}

static void on_read(struct wi_run *run, struct wi_error *error)
{
    wi_blob_unref(run->request.body); /* binary tensors keep it */
    run->request.body = NULL;
    if (run->code != WI_OK || check_read(run, error) != WI_OK)
        wi_run_end(run, NULL, error);
    else
        wi_run_find_model(run);
}

static enum wi_code run_parse(struct wi_run *run, struct wi_budget *budget, struct wi_error *error)
{
    const struct wi_run_request *request = &run->request;
    return wi_dialect_parse(
        request->dialect, &run->infer, request->body, request->json_size, budget, error);
}

static void parse_off_loop(void *data)
{
    struct wi_run *run = data;
    run->code = run_parse(run, NULL, run->late);
}

/* What parsing needed is free again; what was converted stays charged. */
static void on_parsed(void *data, int cancelled)
{
    struct wi_run *run = data;
    if (!wi_run_is_back(run))
        return;
    const struct wi_run_deps *deps = run->deps;
    int works = wi_run_begin_work(run), binary = run->request.body->size > run->request.json_size;
    uint64_t converted =
        run->infer.beside + (binary ? 0 : wi_tensors_bytes(&run->infer.asked->tensors));
    if (run->owner.charge(run->owner.context, converted) != 0 && run->code == WI_OK)
        run->code = wi_error_set(run->late, WI_MEMORY_BUDGET, NULL,
            "there is no memory for these tensors now; try again later");
    on_read(run, run->late);
    wi_run_rest(deps, works);
}

static int is_long(const struct wi_run_request *request)
{
    return request->kind == WI_RUN_STORED || request->json_size > INLINE_JSON_MAX ||
           (request->json_size == 0 && request->body->size > INLINE_FORM_MAX);
}

void wi_run_begin(struct wi_run *run)
{
    struct wi_error error;
    if (wi_run_is_asked(run)) {
        wi_run_submit(run);
    } else if (!is_long(&run->request)) {
        run->code = run_parse(run, run->deps->budget, &error);
        on_read(run, &error);
    } else if (run->owner.charge(run->owner.context, run->request.parse_cost) == 0) {
        wi_run_move(run, WI_RUN_EVENT_READ);
        run->late = wi_alloc(sizeof *run->late);
        run->work = wi_work_queue_start(run->deps->heavy, 0, parse_off_loop, on_parsed, run);
    } else {
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "there is no memory to read this JSON now; try again later, or send the tensors in "
            "binary");
        wi_run_end(run, NULL, &error);
    }
}
