/*
 * Messages to nodes. Heads are printed straight into their buffer: task_request is on the hot path
 * of every inference, and building a JSON tree for it would cost more than sending it. Messages
 * with many members have a table with a row for each.
 */
#include "nodes/bridge/outgoing.h"

#include "base/buffer.h"
#include "nodes/bridge/features.h"
#include "nodes/bridge/private.h"
#include "terms/task/task_table.h"
#include <string.h>

static void begin_text(struct wi_buffer *out, const char *type, uint64_t sequence)
{
    wi_frame_begin(out, 0, type, sequence);
    wi_buffer_puts(out, ",\"data\":{");
}

static struct wi_message *end_text(struct wi_buffer *out)
{
    wi_buffer_puts(out, "}");
    wi_frame_end(out, 0);
    return wi_message_new(0, out, NULL);
}

/* --- of a few values -------------------------------------------------------------------------- */

/* Each has some of these. */
struct few {
    const char *attempt_id, *reply_to, *code, *reason, *kernel, *size_class, *nonce, *run;
    const json_t *tuning;
};

static const struct wi_json_row few_members[] = {
    WI_JSON_ROW(few, attempt_id, TEXT),
    WI_JSON_ROW(few, reply_to, TEXT),
    WI_JSON_ROW(few, code, TEXT),
    WI_JSON_ROW(few, reason, TEXT),
    WI_JSON_ROW(few, kernel, TEXT),
    WI_JSON_ROW(few, size_class, TEXT),
    WI_JSON_ROW(few, nonce, TEXT),
    WI_JSON_ROW(few, run, TEXT),
    WI_JSON_ROW(few, tuning, VALUE),
    WI_JSON_ROW_END,
};

/* Its data is open. */
static void begin_few(
    struct wi_buffer *out, const char *type, uint64_t sequence, const struct few *few)
{
    begin_text(out, type, sequence);
    wi_json_rows_add(out, few_members, few);
}

static struct wi_message *make_few(const char *type, uint64_t sequence, const struct few *few)
{
    struct wi_buffer out = {0};
    begin_few(&out, type, sequence, few);
    return end_text(&out);
}

struct wi_message *wi_make_bye(uint64_t sequence, const char *code, const char *reason)
{
    return make_few("bye", sequence, &(struct few){.code = code, .reason = reason});
}

struct wi_message *wi_make_device_challenge(uint64_t sequence, const char *nonce)
{
    return make_few("device_challenge", sequence, &(struct few){.nonce = nonce});
}

struct wi_message *wi_make_tuning(uint64_t sequence, const json_t *list)
{
    return make_few("tuning", sequence, &(struct few){.tuning = list});
}

struct wi_message *wi_make_tune(
    uint64_t sequence, const struct wi_kernel *kernel, const char *size_class)
{
    return make_few(
        "tune", sequence, &(struct few){.kernel = kernel->name, .size_class = size_class});
}

struct wi_message *wi_make_cancel(uint64_t sequence, const char *attempt_id, const char *reason)
{
    return make_few(
        "task_cancel", sequence, &(struct few){.attempt_id = attempt_id, .reason = reason});
}

struct wi_message *wi_make_result_kept(
    uint64_t sequence, const char *reply_to, const char *run, const struct wi_error *failure)
{
    return make_few("result_kept", sequence,
        &(struct few){.reply_to = reply_to,
            .run = run,
            .code = failure ? wi_code_name(failure->code) : NULL,
            .reason = failure ? failure->detail : NULL});
}

static const struct wi_json_row heartbeat_members[] = {
    WI_JSON_ROW(wi_heartbeat, seq, INTEGER),
    WI_JSON_ROW(wi_heartbeat, rtt_ms, NUMBER),
    WI_JSON_ROW(wi_heartbeat, answered, INTEGER, .always = 1),
    WI_JSON_ROW(wi_heartbeat, failed, INTEGER, .always = 1),
    WI_JSON_ROW(wi_heartbeat, task_ms_p50, NUMBER),
    WI_JSON_ROW(wi_heartbeat, heartbeats_lost, INTEGER, .always = 1),
    WI_JSON_ROW_END,
};

struct wi_message *wi_make_heartbeat(uint64_t sequence, const struct wi_heartbeat *heartbeat)
{
    struct wi_buffer out = {0};
    begin_text(&out, "heartbeat", sequence);
    wi_json_rows_add(&out, heartbeat_members, heartbeat);
    return end_text(&out);
}

struct wi_message *wi_make_acks(
    uint64_t sequence, const struct wi_strings *attempt_ids, const json_t *parts)
{
    struct wi_buffer out = {0};
    begin_text(&out, "task_ack", sequence);
    wi_buffer_puts(&out, "\"attempt_ids\":");
    wi_json_strings_add(&out, attempt_ids);
    if (parts) {
        wi_buffer_puts(&out, ",\"parts\":");
        wi_buffer_json(&out, parts);
    }
    return end_text(&out);
}

struct wi_message *wi_make_credit(
    uint64_t sequence, const char *attempt_id, const struct wi_credit *credit)
{
    struct wi_buffer out = {0};
    begin_few(&out, "task_credit", sequence, &(struct few){.attempt_id = attempt_id});
    wi_buffer_printf(&out, ",\"parts\":%llu,\"bytes\":%llu", (unsigned long long)credit->parts,
        (unsigned long long)credit->bytes);
    return end_text(&out);
}

struct wi_message *wi_make_data_credit(
    uint64_t sequence, const char *attempt_id, uint64_t data_bytes)
{
    struct wi_buffer out = {0};
    begin_few(&out, "task_credit", sequence, &(struct few){.attempt_id = attempt_id});
    wi_buffer_printf(&out, ",\"data_bytes\":%llu", (unsigned long long)data_bytes);
    return end_text(&out);
}

/* --- about the node --------------------------------------------------------------------------- */

struct wi_message *wi_make_capability_query(uint64_t sequence, const struct wi_feature *features)
{
    struct wi_buffer out = {0};
    begin_text(&out, "capability_query", sequence);
    for (const struct wi_feature *feature = features; feature && feature->name; feature++)
        wi_buffer_strings(
            &out, feature == features ? "\"features\":[\"" : ",\"", feature->name, "\"", NULL);
    wi_buffer_puts(&out, features ? "]" : "");
    return end_text(&out);
}

static const struct wi_json_row resumed_members[] = {
    WI_JSON_ROW(wi_resumed, cancel, VALUE),
    WI_JSON_ROW(wi_resumed, next, VALUE),
    WI_JSON_ROW(wi_resumed, credit, VALUE),
    WI_JSON_ROW(wi_resumed, data, VALUE),
    WI_JSON_ROW_END,
};

static void add_model_terms(struct wi_buffer *out, const struct wi_model_terms *models)
{
    wi_buffer_printf(out,
        ",\"language_models\":{\"context\":%lld,\"slots\":%lld,\"idle_unload_ms\":%lld,"
        "\"warmup\":%s,\"flash_attention\":%s,\"threads\":%d}",
        (long long)models->context, (long long)models->slots, (long long)models->idle_unload,
        models->warmup ? "true" : "false", models->flash_attention ? "true" : "false",
        models->threads);
}

/* An origin of the configuration has no character that JSON escapes. */
static void add_endpoints(struct wi_buffer *out, const struct wi_strings *siblings)
{
    for (size_t i = 0; i < siblings->count; i++)
        wi_buffer_strings(out, i == 0 ? ",\"endpoints\":[\"" : "\",\"", siblings->items[i], NULL);
    wi_buffer_puts(out, siblings->count > 0 ? "\"]" : "");
}

/* The problem is a text of ours. */
static void add_device(struct wi_buffer *out, const struct wi_welcome *welcome)
{
    wi_buffer_puts(out, ",\"device\":{\"remembered\":");
    wi_buffer_puts(out, welcome->is_remembered ? "true" : "false");
    if (!welcome->is_remembered && welcome->device_problem)
        wi_buffer_strings(out, ",\"reason\":\"", welcome->device_problem, "\"", NULL);
    wi_buffer_puts(out, "}");
}

static void add_ticket(struct wi_buffer *out, const char *ticket)
{
    wi_buffer_strings(out, "\"peers\":{\"ticket\":", ticket, "}", NULL);
}

struct wi_message *wi_make_welcome(uint64_t sequence, const struct wi_welcome *welcome)
{
    const struct wi_bridge_settings *settings = welcome->settings;
    const struct wi_resumed *resumed = welcome->resumed;
    struct wi_buffer out = {0};
    begin_text(&out, "welcome", sequence);
    wi_buffer_printf(&out,
        "\"node\":\"%s\",\"resume_token\":\"%s\",\"resumed\":%s,"
        "\"joined\":%s,\"heartbeat_interval_ms\":%lld,\"heartbeat_misses\":%lld,"
        "\"resume_grace_ms\":%lld,\"max_frame_bytes\":%llu,\"model_credential\":\"%s.%s\","
        "\"max_answer_bytes\":%llu,\"initial_credit\":{\"parts\":%d,\"bytes\":%d},"
        "\"threads\":%d,\"model_budget_bytes\":%llu",
        welcome->node, welcome->resume_token, resumed ? "true" : "false",
        welcome->joined ? "true" : "false", (long long)settings->heartbeat_interval,
        (long long)settings->heartbeat_misses, (long long)settings->resume_grace,
        (unsigned long long)welcome->max_frame, welcome->node, welcome->credential,
        (unsigned long long)settings->max_answer, WI_CREDIT_PARTS, WI_CREDIT_BYTES,
        welcome->threads, (unsigned long long)settings->model_budget);
    if (welcome->relay)
        wi_buffer_puts(&out, ",\"relay\":true");
    if (welcome->shareable)
        wi_buffer_puts(&out, ",\"shareable\":true");
    if (welcome->siblings)
        add_endpoints(&out, welcome->siblings);
    if (welcome->ticket) {
        wi_buffer_puts(&out, ",");
        add_ticket(&out, welcome->ticket);
    }
    if (welcome->device)
        add_device(&out, welcome);
    if (resumed)
        wi_json_rows_add(&out, resumed_members, resumed);
    else
        wi_buffer_puts(&out, ",\"cancel\":[]");
    add_model_terms(&out, &settings->models);
    if (welcome->tuning) {
        wi_buffer_puts(&out, ",\"tuning\":");
        wi_buffer_json(&out, welcome->tuning);
    }
    return end_text(&out);
}

struct wi_message *wi_make_settings(
    uint64_t sequence, int threads, const struct wi_model_terms *models)
{
    struct wi_buffer out = {0};
    begin_text(&out, "settings", sequence);
    wi_buffer_printf(&out, "\"threads\":%d", threads);
    add_model_terms(&out, models);
    return end_text(&out);
}

struct wi_message *wi_make_ticket(uint64_t sequence, const char *ticket)
{
    struct wi_buffer out = {0};
    begin_text(&out, "settings", sequence);
    add_ticket(&out, ticket);
    return end_text(&out);
}

/* --- models ---------------------------------------------------------------------------------- */

static const struct wi_json_row file_members[] = {
    WI_JSON_ROW(wi_model_file, path, WORD),
    WI_JSON_ROW(wi_model_file, bytes, INTEGER, .always = 1),
    WI_JSON_ROW(wi_model_file, hash, CHARS, .always = 1),
    WI_JSON_ROW_END,
};

static const struct wi_json_row model_members[] = {
    WI_JSON_ROW(wi_model, name, WORD),
    WI_JSON_ROW(wi_model, hash, CHARS, .always = 1),
    WI_JSON_ROW(wi_model, engine, ENUM, .names = wi_engine_names),
    WI_JSON_ROW(wi_model, type, ENUM, .names = wi_model_type_names, .first = WI_TYPE_UNKNOWN + 1),
    WI_JSON_ROW_END,
};

/* The path of a file that the bridge serves (http/serve_files.c) but for the file's own, as
 * strings. Names and paths are of characters that need no escaping in a URL or in JSON
 * (wi_model_check_name, wi_file_path_ok). */
#define MODEL_URL(model) "/models/", (model)->name, "/", (model)->hash, "/"

static void model_add(struct wi_buffer *out, const char *before, const struct wi_model *model)
{
    wi_buffer_strings(out, before, "{", NULL);
    wi_json_rows_add(out, model_members, model);
    if (model->facts.spec.text)
        wi_buffer_strings(out, ",\"spec_url\":\"", MODEL_URL(model), WI_SPEC_FILE "\"", NULL);
    wi_buffer_puts(out, ",\"files\":[");
    for (size_t i = 0; i < model->manifest.count; i++) {
        const struct wi_model_file *file = &model->manifest.files[i];
        wi_buffer_puts(out, i ? ",{" : "{");
        wi_json_rows_add(out, file_members, file);
        wi_buffer_strings(out, ",\"url\":\"", MODEL_URL(model), file->path, "\"}", NULL);
    }
    wi_buffer_puts(out, "]}");
}

/* Behind the head of the message: what it is about, and where that is to be first. */
static void add_target(
    struct wi_buffer *out, const char *model_name, const enum wi_platform *platforms, size_t count)
{
    wi_buffer_strings(out, ",\"model_name\":\"", model_name, "\"", NULL);
    if (count)
        wi_buffer_strings(out, ",\"platform\":\"", wi_platform_names[platforms[0]], "\"", NULL);
}

struct load {
    enum wi_platform platforms[WI_PLATFORM_COUNT];
    size_t platform_count;
    double prompt_ms;
    struct wi_strings kernels; /* borrowed */
};

static const struct wi_json_row load_members[] = {
    WI_JSON_ROW(load, platforms, ENUMS, .always = 1, .names = wi_platform_names,
        .count = offsetof(struct load, platform_count)),
    WI_JSON_ROW(load, prompt_ms, NUMBER),
    WI_JSON_ROW(load, kernels, STRINGS),
    WI_JSON_ROW_END,
};

static struct wi_message *make_load(
    uint64_t sequence, const struct wi_model *model, const struct load *load)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "model_load", sequence);
    add_target(&out, model->name, load->platforms, load->platform_count);
    model_add(&out, ",\"options\":{},\"data\":{\"model\":", model);
    wi_json_rows_add(&out, load_members, load);
    return end_text(&out);
}

struct wi_message *wi_make_model_load(uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms)
{
    struct load load = {.platform_count = platform_count, .prompt_ms = prompt_ms};
    memcpy(load.platforms, platforms, platform_count * sizeof *platforms);
    return make_load(sequence, model, &load);
}

struct wi_message *wi_make_kernels_load(uint64_t sequence, const struct wi_model *model,
    enum wi_platform platform, const struct wi_strings *kernels)
{
    return make_load(sequence, model,
        &(struct load){.platforms = {platform}, .platform_count = 1, .kernels = *kernels});
}

struct wi_message *wi_make_model_unload(uint64_t sequence, const char *model_name)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "model_unload", sequence);
    add_target(&out, model_name, NULL, 0);
    wi_buffer_strings(&out, ",\"options\":{},\"data\":{\"name\":\"", model_name, "\"", NULL);
    return end_text(&out);
}

/* --- tasks ----------------------------------------------------------------------------------- */

/* A member of the task, and one of what is asked. */
#define TASK(member, kind, ...) WI_JSON_ROW(wi_task, member, kind, ##__VA_ARGS__)
#define ASKED(member, kind, ...)                                                                   \
    WI_JSON_ROW_OF(wi_task, asked, wi_inference, member, kind, ##__VA_ARGS__)

static const struct wi_json_row id_members[] = {
    TASK(attempt_id, TEXT),
    TASK(job_id, TEXT),
    WI_JSON_ROW_END,
};

/* Where it is to be run, what is wanted of it, and how long it may take. */
static const struct wi_json_row order_members[] = {
    TASK(platforms, ENUMS, .always = 1, .names = wi_platform_names,
        .count = offsetof(struct wi_task, platform_count)),
    ASKED(fallback, FALSE),
    ASKED(precision, TEXT),
    ASKED(outputs, STRINGS),
    ASKED(stream, TRUE),
    TASK(deadline_ms, FLOOR, .always = 1),
    TASK(usual_ms, CEILING),
    TASK(prompt_ms, NUMBER),
    WI_JSON_ROW_END,
};

/* The operation on the input, and how it may share the engine with others. */
static const struct wi_json_row manner_members[] = {
    ASKED(task, ENUM, .names = &wi_tasks[WI_TASK_NONE + 1].name, .stride = sizeof *wi_tasks,
        .first = WI_TASK_NONE + 1),
    TASK(owner, WORD),
    TASK(alone, TRUE),
    ASKED(raw, TRUE),
    WI_JSON_ROW_AS("short", wi_task, is_short, TRUE),
    WI_JSON_ROW_END,
};

static void add_benchmark(struct wi_buffer *out, const struct wi_benchmark *benchmark)
{
    static const char *const threads[] = {
        [WI_THREADS_ONE] = ",\"threads\":1", [WI_THREADS_ALL] = ",\"threads\":\"all\""};
    wi_buffer_printf(out,
        ",\"task_type\":\"benchmark\",\"benchmark\":{\"runs\":%u,\"warmup\":%u%s%s%s}",
        benchmark->runs, benchmark->warmup,
        benchmark->threads == WI_THREADS_USUAL ? "" : threads[benchmark->threads],
        benchmark->as_it_is ? ",\"optimization\":\"none\"" : "",
        benchmark->profile ? ",\"profile\":true" : "");
}

/* What only requests have that are not for tensors in and out of a model's graph. */
static void add_kind(struct wi_buffer *out, const struct wi_inference *asked)
{
    if (asked->benchmark.runs)
        add_benchmark(out, &asked->benchmark);
    else if (wi_inference_computes(asked))
        wi_buffer_puts(out, ",\"task_type\":\"compute\"");
    if (asked->kernel)
        wi_buffer_strings(out, ",\"kernel\":\"", asked->kernel->name, "\"", NULL);
    if (asked->program) {
        wi_buffer_puts(out, ",\"program\":");
        wi_program_add(out, asked->program);
    }
}

/* What the daemon behind a relay needs to treat the request as this one does. */
static void add_lent(struct wi_buffer *out, const struct wi_inference *asked)
{
    wi_buffer_printf(out, ",\"priority\":%d", asked->priority);
    if (asked->has_type)
        wi_json_member_add(out, "model_type", wi_model_type_name(asked->type));
}

/* Adds everything except the tensors and the acknowledgements. Members that mean the same when
 * absent are left out: they cost both sides time. */
static void add_task(
    struct wi_buffer *out, const struct wi_task *task, const struct wi_layout *layout)
{
    const struct wi_inference *asked = task->asked;
    add_target(out, asked->model->name, task->platforms, task->platform_count);
    wi_buffer_puts(out, ",\"options\":");
    if (asked->options)
        wi_buffer_json(out, asked->options);
    else
        wi_buffer_puts(out, "{}");
    wi_buffer_puts(out, ",\"data\":{");
    wi_json_rows_add(out, id_members, task);
    model_add(out, ",\"model\":", asked->model);
    wi_json_rows_add(out, order_members, task);
    add_kind(out, asked);
    wi_json_rows_add(out, manner_members, task);
    if (task->is_lent)
        add_lent(out, asked);
    wi_layout_add(out, layout, task);
}

/* JSON of an acknowledgement, at most: each byte may be escaped. */
#define ACK_JSON_MAX (6 * WI_FRAME_ID_MAX + 3)

/* Acknowledgements that leave no room for the task do not go with it. */
static int add_acks(struct wi_buffer *out, const struct wi_strings *acks)
{
    if (!acks->count || out->size + acks->count * ACK_JSON_MAX > WI_FRAME_HEAD_MAX)
        return 0;
    wi_buffer_puts(out, ",\"acknowledged\":");
    wi_json_strings_add(out, acks);
    return 1;
}

static size_t end_task(
    struct wi_buffer *out, int binary, const struct wi_strings *acks, struct wi_fit *fit)
{
    fit->acknowledges = add_acks(out, acks);
    wi_buffer_puts(out, "}");
    return wi_frame_end(out, binary);
}

/* What a node would have to refuse, by closing its connection, is refused here. */
static struct wi_message *refuse_size(struct wi_buffer *out, size_t json, struct wi_error *error)
{
    wi_buffer_clear(out);
    wi_error_set(error, WI_INPUT_INVALID, "inputs",
        "names, shapes and options take %zu bytes of JSON in the message to a node; at most %d are "
        "allowed: send fewer tensors, shorter names or smaller options",
        json, WI_FRAME_HEAD_MAX);
    wi_error_expect(error, "at most %d bytes", WI_FRAME_HEAD_MAX);
    return NULL;
}

struct wi_message *wi_make_task_request(uint64_t sequence, const struct wi_task *task,
    const struct wi_layout *layout, const struct wi_strings *acks, struct wi_fit *fit,
    struct wi_error *error)
{
    const struct wi_tensors *tensors = layout->tensors;
    int binary = tensors && tensors->count > 0;
    struct wi_buffer out = {0};
    wi_frame_begin(&out, binary, "task_request", sequence);
    add_task(&out, task, layout);
    if (binary)
        wi_buffer_puts(&out, ",");
    size_t before = out.size;
    if (binary)
        wi_frame_tensors(&out, tensors);
    size_t json = end_task(&out, binary, acks, fit);
    fit->in_pieces = binary && out.size + wi_frame_section(tensors) > fit->max_frame;
    if (fit->in_pieces) {
        wi_frame_make_text(&out, before);
        wi_frame_outline(&out, tensors);
        json = end_task(&out, 0, acks, fit);
    }
    if (json > WI_FRAME_HEAD_MAX)
        return refuse_size(&out, json, error);
    int is_whole = binary && !fit->in_pieces;
    return wi_message_new(is_whole, &out, is_whole ? tensors : NULL);
}
