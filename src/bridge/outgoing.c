/*
 * Messages to nodes. Heads are printed straight into their buffer: task_request is on the hot path
 * of every inference, and building a JSON tree for it would cost more than sending it.
 */
#include "bridge/outgoing.h"
#include "bridge/features.h"
#include <math.h>
#include <string.h>

static struct wi_message *end_text(struct wi_buffer *out)
{
    wi_frame_end(out, 0);
    return wi_message_new(0, out, NULL);
}

/* One value behind what is written before it, such as the name of a member. */
static void add_text(struct wi_buffer *out, const char *before, const char *text)
{
    wi_buffer_puts(out, before);
    wi_buffer_json_string(out, text);
}

/* Of characters that need no escaping. */
static void add_word(struct wi_buffer *out, const char *before, const char *word)
{
    wi_buffer_strings(out, before, "\"", word, "\"", NULL);
}

static void add_integer(struct wi_buffer *out, const char *before, int64_t number)
{
    wi_buffer_puts(out, before);
    wi_buffer_integer(out, number);
}

static void add_json(struct wi_buffer *out, const char *before, const json_t *value)
{
    wi_buffer_puts(out, before);
    wi_buffer_json(out, value);
}

static void add_strings(struct wi_buffer *out, const struct wi_strings *list)
{
    wi_buffer_puts(out, "[");
    for (size_t i = 0; list && i < list->count; i++)
        add_text(out, i ? "," : "", list->items[i]);
    wi_buffer_puts(out, "]");
}

static void add_platforms(struct wi_buffer *out, const enum wi_platform *platforms, size_t count)
{
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < count; i++)
        add_word(out, i ? "," : "", wi_platform_names[platforms[i]]);
    wi_buffer_puts(out, "]");
}

/* The path of a file that the bridge serves (http/files.c). Names and paths are of characters that
 * need no escaping in a URL or in JSON (wi_model_check_name, wi_file_path_ok). */
static void add_url(
    struct wi_buffer *out, const char *before, const struct wi_model *model, const char *path)
{
    wi_buffer_strings(
        out, before, "\"/models/", model->name, "/", model->hash, "/", path, "\"", NULL);
}

static void add_file(
    struct wi_buffer *out, const struct wi_model *model, const struct wi_model_file *file)
{
    add_word(out, "{\"path\":", file->path);
    add_integer(out, ",\"bytes\":", (int64_t)file->bytes);
    add_word(out, ",\"hash\":", file->hash);
    add_url(out, ",\"url\":", model, file->path);
    wi_buffer_puts(out, "}");
}

static void add_model(struct wi_buffer *out, const struct wi_model *model)
{
    const char *type = wi_model_type_name(model->type);
    add_word(out, "{\"name\":", model->name);
    add_word(out, ",\"hash\":", model->hash);
    add_word(out, ",\"engine\":", wi_engine_names[model->engine]);
    if (type)
        add_word(out, ",\"type\":", type);
    if (model->facts.spec.text)
        add_url(out, ",\"spec_url\":", model, WI_SPEC_FILE);
    wi_buffer_puts(out, ",\"files\":[");
    for (size_t i = 0; i < model->manifest.count; i++) {
        wi_buffer_puts(out, i ? "," : "");
        add_file(out, model, &model->manifest.files[i]);
    }
    wi_buffer_puts(out, "]}");
}

struct wi_message *wi_make_capability_query(uint64_t sequence, const struct wi_feature *features)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "capability_query", sequence);
    for (const struct wi_feature *feature = features; feature->name; feature++)
        wi_buffer_strings(&out, feature == features ? ",\"data\":{\"features\":[\"" : ",\"",
            feature->name, "\"", NULL);
    wi_buffer_puts(&out, "]}");
    return end_text(&out);
}

struct wi_message *wi_make_bye(uint64_t sequence, const char *code, const char *reason)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "bye", sequence);
    add_text(&out, ",\"data\":{\"code\":", code);
    add_text(&out, ",\"reason\":", reason);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

static void add_resumed(struct wi_buffer *out, const struct wi_resumed *resumed)
{
    if (!resumed)
        return;
    add_json(out, ",\"next\":", resumed->next);
    add_json(out, ",\"credit\":", resumed->credit);
    add_json(out, ",\"data\":", resumed->data);
}

static void add_model_terms(struct wi_buffer *out, const struct wi_model_terms *models)
{
    wi_buffer_printf(out,
        ",\"language_models\":{\"context\":%lld,\"slots\":%lld,\"idle_unload_ms\":%lld,"
        "\"warmup\":%s,\"threads\":%d}",
        (long long)models->context, (long long)models->slots, (long long)models->idle_unload,
        models->warmup ? "true" : "false", models->threads);
}

struct wi_message *wi_make_welcome(uint64_t sequence, const struct wi_welcome *welcome)
{
    const struct wi_resumed *resumed = welcome->resumed;
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "welcome", sequence);
    wi_buffer_printf(&out,
        ",\"data\":{\"node\":\"%s\",\"resume_token\":\"%s\",\"resumed\":%s,"
        "\"joined\":%s,\"heartbeat_interval_ms\":%lld,\"heartbeat_misses\":%lld,"
        "\"resume_grace_ms\":%lld,\"max_frame_bytes\":%llu,\"model_credential\":\"%s.%s\","
        "\"max_answer_bytes\":%llu,\"initial_credit\":{\"parts\":%d,\"bytes\":%d},"
        "\"threads\":%d,\"model_budget_bytes\":%llu,\"cancel\":",
        welcome->node, welcome->resume_token, resumed ? "true" : "false",
        welcome->joined ? "true" : "false", (long long)welcome->heartbeat_interval,
        (long long)welcome->heartbeat_misses, (long long)welcome->resume_grace,
        (unsigned long long)welcome->max_frame, welcome->node, welcome->credential,
        (unsigned long long)welcome->max_answer, WI_CREDIT_PARTS, WI_CREDIT_BYTES, welcome->threads,
        (unsigned long long)welcome->model_budget);
    if (resumed)
        wi_buffer_json(&out, resumed->cancel);
    else
        wi_buffer_puts(&out, "[]");
    add_resumed(&out, resumed);
    add_model_terms(&out, welcome->models);
    if (welcome->tuning)
        add_json(&out, ",\"tuning\":", welcome->tuning);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_tuning(uint64_t sequence, const json_t *list)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "tuning", sequence);
    add_json(&out, ",\"data\":{\"tuning\":", list);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_tune(
    uint64_t sequence, const struct wi_kernel *kernel, const char *size_class)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "tune", sequence);
    add_text(&out, ",\"data\":{\"kernel\":", kernel->name);
    add_text(&out, ",\"size_class\":", size_class);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_settings(
    uint64_t sequence, int threads, const struct wi_model_terms *models)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "settings", sequence);
    wi_buffer_printf(&out, ",\"data\":{\"threads\":%d", threads);
    add_model_terms(&out, models);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_heartbeat(uint64_t sequence, uint64_t count)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "heartbeat", sequence);
    wi_buffer_printf(&out, ",\"data\":{\"seq\":%llu}", (unsigned long long)count);
    return end_text(&out);
}

struct wi_message *wi_make_acks(
    uint64_t sequence, const struct wi_strings *attempt_ids, const json_t *parts)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "task_ack", sequence);
    wi_buffer_puts(&out, ",\"data\":{\"attempt_ids\":");
    add_strings(&out, attempt_ids);
    if (parts)
        add_json(&out, ",\"parts\":", parts);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

/* Of a message about one attempt; its data is open. */
static void begin_about(
    struct wi_buffer *out, const char *type, uint64_t sequence, const char *attempt_id)
{
    wi_frame_begin(out, 0, type, sequence);
    add_text(out, ",\"data\":{\"attempt_id\":", attempt_id);
}

struct wi_message *wi_make_cancel(uint64_t sequence, const char *attempt_id, const char *reason)
{
    struct wi_buffer out = {0};
    begin_about(&out, "task_cancel", sequence, attempt_id);
    add_text(&out, ",\"reason\":", reason);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_credit(
    uint64_t sequence, const char *attempt_id, const struct wi_credit *credit)
{
    struct wi_buffer out = {0};
    begin_about(&out, "task_credit", sequence, attempt_id);
    wi_buffer_printf(&out, ",\"parts\":%llu,\"bytes\":%llu}", (unsigned long long)credit->parts,
        (unsigned long long)credit->bytes);
    return end_text(&out);
}

struct wi_message *wi_make_data_credit(
    uint64_t sequence, const char *attempt_id, uint64_t data_bytes)
{
    struct wi_buffer out = {0};
    begin_about(&out, "task_credit", sequence, attempt_id);
    wi_buffer_printf(&out, ",\"data_bytes\":%llu}", (unsigned long long)data_bytes);
    return end_text(&out);
}

/* What a token of a prompt took, if that is known. */
static void add_prompt_ms(struct wi_buffer *out, double prompt_ms)
{
    if (prompt_ms > 0)
        wi_buffer_printf(out, ",\"prompt_ms\":%.6g", prompt_ms);
}

/* Its data is open. */
static void begin_load(struct wi_buffer *out, uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count)
{
    wi_frame_begin(out, 0, "model_load", sequence);
    add_word(out, ",\"model_name\":", model->name);
    if (platform_count)
        add_word(out, ",\"platform\":", wi_platform_names[platforms[0]]);
    wi_buffer_puts(out, ",\"options\":{},\"data\":{\"model\":");
    add_model(out, model);
    wi_buffer_puts(out, ",\"platforms\":");
    add_platforms(out, platforms, platform_count);
}

struct wi_message *wi_make_model_load(uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms)
{
    struct wi_buffer out = {0};
    begin_load(&out, sequence, model, platforms, platform_count);
    add_prompt_ms(&out, prompt_ms);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_kernels_load(uint64_t sequence, const struct wi_model *model,
    enum wi_platform platform, const struct wi_strings *kernels)
{
    struct wi_buffer out = {0};
    begin_load(&out, sequence, model, &platform, 1);
    wi_buffer_puts(&out, ",\"kernels\":");
    add_strings(&out, kernels);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_model_unload(uint64_t sequence, const char *model_name)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "model_unload", sequence);
    add_text(&out, ",\"model_name\":", model_name);
    add_text(&out, ",\"options\":{},\"data\":{\"name\":", model_name);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

static void add_envelope(struct wi_buffer *out, const struct wi_task *task)
{
    const struct wi_inference *asked = task->asked;
    add_word(out, ",\"model_name\":", asked->model->name);
    if (task->platform_count)
        add_word(out, ",\"platform\":", wi_platform_names[task->platforms[0]]);
    if (asked->options)
        add_json(out, ",\"options\":", asked->options);
    else
        wi_buffer_puts(out, ",\"options\":{}");
}

/* What is to be run, where, and what is wanted of it. */
static void add_order(struct wi_buffer *out, const struct wi_task *task)
{
    const struct wi_inference *asked = task->asked;
    add_text(out, ",\"job_id\":", task->job_id);
    wi_buffer_puts(out, ",\"model\":");
    add_model(out, asked->model);
    wi_buffer_puts(out, ",\"platforms\":");
    add_platforms(out, task->platforms, task->platform_count);
    if (!asked->fallback)
        wi_buffer_puts(out, ",\"fallback\":false");
    if (asked->precision)
        add_text(out, ",\"precision\":", asked->precision);
    if (asked->outputs.count) {
        wi_buffer_puts(out, ",\"outputs\":");
        add_strings(out, &asked->outputs);
    }
    if (asked->stream)
        wi_buffer_puts(out, ",\"stream\":true");
}

static void add_times(struct wi_buffer *out, const struct wi_task *task)
{
    add_integer(out, ",\"deadline_ms\":", task->deadline_ms > 0 ? (int64_t)task->deadline_ms : 0);
    if (task->usual_ms > 0)
        add_integer(out, ",\"usual_ms\":", (int64_t)ceil(task->usual_ms));
    add_prompt_ms(out, task->prompt_ms);
}

static void add_benchmark(struct wi_buffer *out, const struct wi_benchmark *benchmark)
{
    static const char *const threads[] = {
        [WI_THREADS_ONE] = ",\"threads\":1", [WI_THREADS_ALL] = ",\"threads\":\"all\""};
    wi_buffer_printf(out,
        ",\"task_type\":\"benchmark\",\"benchmark\":{\"runs\":%u,\"warmup\":%u%s%s}",
        benchmark->runs, benchmark->warmup,
        benchmark->threads == WI_THREADS_USUAL ? "" : threads[benchmark->threads],
        benchmark->as_it_is ? ",\"optimization\":\"none\"" : "");
}

/* What only tasks that are no tensors in and out have. */
static void add_kind(struct wi_buffer *out, const struct wi_task *task)
{
    if (task->asked->benchmark.runs)
        add_benchmark(out, &task->asked->benchmark);
    else if (wi_inference_computes(task->asked))
        wi_buffer_puts(out, ",\"task_type\":\"compute\"");
    if (task->asked->kernel)
        add_word(out, ",\"kernel\":", task->asked->kernel->name);
    if (task->asked->program) {
        wi_buffer_puts(out, ",\"program\":");
        wi_program_add(out, task->asked->program);
    }
    if (task->asked->task != WI_TASK_NONE)
        add_word(out, ",\"task\":", wi_task_name(task->asked->task));
    if (task->owner)
        add_word(out, ",\"owner\":", task->owner);
    if (task->alone)
        wi_buffer_puts(out, ",\"alone\":true");
    if (task->asked->raw)
        wi_buffer_puts(out, ",\"raw\":true");
    if (task->is_short)
        wi_buffer_puts(out, ",\"short\":true");
}

/* All but the tensors. Members that say what their absence says are left out: each costs both sides
 * time. */
static void add_task(struct wi_buffer *out, const struct wi_task *task,
    const struct wi_layout *layout, const struct wi_strings *acks)
{
    add_envelope(out, task);
    add_text(out, ",\"data\":{\"attempt_id\":", task->attempt_id);
    add_order(out, task);
    add_times(out, task);
    add_kind(out, task);
    wi_layout_add(out, layout, task);
    if (acks->count) {
        wi_buffer_puts(out, ",\"acknowledged\":");
        add_strings(out, acks);
    }
}

static size_t end_task(struct wi_buffer *out, int binary)
{
    wi_buffer_puts(out, "}");
    return wi_frame_end(out, binary);
}

/* What a node would have to refuse, by closing its connection, is refused here. */
static struct wi_message *refuse_size(struct wi_buffer *out, size_t json, struct wi_error *error)
{
    wi_buffer_clear(out);
    wi_error_set(error, WI_INPUT_INVALID, "inputs",
        "names, shapes and options make %zu bytes of JSON in the message to a node, which may have "
        "%d: send fewer tensors, shorter names or smaller options",
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
    add_task(&out, task, layout, acks);
    if (binary)
        wi_buffer_puts(&out, ",");
    size_t before = out.size;
    if (binary)
        wi_frame_tensors(&out, tensors);
    size_t json = end_task(&out, binary);
    fit->in_pieces = binary && out.size + wi_frame_section(tensors) > fit->max_frame;
    if (fit->in_pieces) {
        wi_frame_make_text(&out, before);
        wi_frame_outline(&out, tensors);
        json = end_task(&out, 0);
    }
    if (json > WI_FRAME_HEAD_MAX)
        return refuse_size(&out, json, error);
    int is_whole = binary && !fit->in_pieces;
    return wi_message_new(is_whole, &out, is_whole ? tensors : NULL);
}
