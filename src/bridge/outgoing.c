/*
 * Messages to nodes. Heads are printed straight into their buffer: task_request is on the hot path
 * of every inference, and building a JSON tree for it would cost more than sending it.
 */
#include "bridge/outgoing.h"
#include <math.h>
#include <string.h>

static struct wi_message *end_text(struct wi_buffer *out)
{
    wi_frame_end(out, 0);
    return wi_message_new(0, out, NULL);
}

static void add_strings(struct wi_buffer *out, const struct wi_strings *list)
{
    wi_buffer_puts(out, "[");
    for (size_t i = 0; list && i < list->count; i++) {
        if (i)
            wi_buffer_puts(out, ",");
        wi_buffer_json_string(out, list->items[i]);
    }
    wi_buffer_puts(out, "]");
}

static void add_platforms(struct wi_buffer *out, const enum wi_platform *platforms, size_t count)
{
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < count; i++)
        wi_buffer_strings(out, i ? ",\"" : "\"", wi_platform_names[platforms[i]], "\"", NULL);
    wi_buffer_puts(out, "]");
}

/* The path of a file that the bridge serves (files.c). Names and paths are of characters that need
 * no escaping in a URL or in JSON (wi_model_check_name, wi_manifest_path_ok). */
static void add_url(struct wi_buffer *out, const struct wi_model *model, const char *path)
{
    wi_buffer_strings(out, "\"/models/", model->name, "/", model->hash, "/", path, "\"", NULL);
}

static void add_file(
    struct wi_buffer *out, const struct wi_model *model, const struct wi_model_file *file)
{
    wi_buffer_strings(out, "{\"path\":\"", file->path, "\",\"bytes\":", NULL);
    wi_buffer_integer(out, (int64_t)file->bytes);
    wi_buffer_strings(out, ",\"hash\":\"", file->hash, "\",\"url\":", NULL);
    add_url(out, model, file->path);
    wi_buffer_puts(out, "}");
}

/* `url` and `bytes` are of the graph alone, for nodes that know models of one file only. */
static void add_model(struct wi_buffer *out, const struct wi_model *model)
{
    const char *type = wi_model_type_name(model->type);
    const struct wi_model_file *graph = wi_manifest_find(&model->manifest, "model.onnx");
    wi_buffer_strings(out, "{\"name\":\"", model->name, "\",\"hash\":\"", model->hash, "\"", NULL);
    if (type)
        wi_buffer_strings(out, ",\"type\":\"", type, "\"", NULL);
    if (!wi_engine_is_unnamed(model->engine))
        wi_buffer_strings(out, ",\"engine\":\"", wi_engine_names[model->engine], "\"", NULL);
    if (graph) {
        wi_buffer_puts(out, ",\"url\":");
        add_url(out, model, graph->path);
        wi_buffer_puts(out, ",\"bytes\":");
        wi_buffer_integer(out, (int64_t)graph->bytes);
    }
    if (model->spec_text) {
        wi_buffer_puts(out, ",\"spec_url\":");
        add_url(out, model, WI_SPEC_FILE);
    }
    for (size_t i = 0; i < model->manifest.count; i++) {
        wi_buffer_puts(out, i == 0 ? ",\"files\":[" : ",");
        add_file(out, model, &model->manifest.files[i]);
    }
    wi_buffer_puts(out, model->manifest.count ? "]}" : "}");
}

struct wi_message *wi_make_bye(uint64_t sequence, const char *code, const char *reason)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "bye", sequence);
    wi_buffer_puts(&out, ",\"data\":{\"code\":");
    wi_buffer_json_string(&out, code);
    wi_buffer_puts(&out, ",\"reason\":");
    wi_buffer_json_string(&out, reason);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

static void add_streams(struct wi_buffer *out, const struct wi_resumed *resumed)
{
    wi_buffer_printf(
        out, ",\"initial_credit\":{\"parts\":%d,\"bytes\":%d}", WI_CREDIT_PARTS, WI_CREDIT_BYTES);
    if (!resumed)
        return;
    wi_buffer_puts(out, ",\"next\":");
    wi_buffer_json(out, resumed->next);
    wi_buffer_puts(out, ",\"credit\":");
    wi_buffer_json(out, resumed->credit);
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
        "\"threads\":%d,\"model_budget_bytes\":%llu,\"cancel\":",
        welcome->node, welcome->resume_token, resumed ? "true" : "false",
        welcome->joined ? "true" : "false", (long long)welcome->heartbeat_interval,
        (long long)welcome->heartbeat_misses, (long long)welcome->resume_grace,
        (unsigned long long)welcome->max_frame, welcome->node, welcome->credential,
        welcome->threads, (unsigned long long)welcome->model_budget);
    if (resumed)
        wi_buffer_json(&out, resumed->cancel);
    else
        wi_buffer_puts(&out, "[]");
    add_model_terms(&out, welcome->models);
    if (welcome->max_answer)
        wi_buffer_printf(
            &out, ",\"max_answer_bytes\":%llu", (unsigned long long)welcome->max_answer);
    if (welcome->data) {
        wi_buffer_puts(&out, ",\"data\":");
        wi_buffer_json(&out, welcome->data);
    }
    if (welcome->parts)
        add_streams(&out, resumed);
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
    if (parts) {
        wi_buffer_puts(&out, ",\"parts\":");
        wi_buffer_json(&out, parts);
    }
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

/* Of a message about one attempt; its data is open. */
static void begin_about(
    struct wi_buffer *out, const char *type, uint64_t sequence, const char *attempt_id)
{
    wi_frame_begin(out, 0, type, sequence);
    wi_buffer_puts(out, ",\"data\":{\"attempt_id\":");
    wi_buffer_json_string(out, attempt_id);
}

struct wi_message *wi_make_cancel(uint64_t sequence, const char *attempt_id, const char *reason)
{
    struct wi_buffer out = {0};
    begin_about(&out, "task_cancel", sequence, attempt_id);
    wi_buffer_puts(&out, ",\"reason\":");
    wi_buffer_json_string(&out, reason);
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

struct wi_message *wi_make_model_load(uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "model_load", sequence);
    wi_buffer_puts(&out, ",\"model_name\":");
    wi_buffer_json_string(&out, model->name);
    if (platform_count)
        wi_buffer_printf(&out, ",\"platform\":\"%s\"", wi_platform_names[platforms[0]]);
    wi_buffer_puts(&out, ",\"options\":{},\"data\":{\"model\":");
    add_model(&out, model);
    wi_buffer_puts(&out, ",\"platforms\":");
    add_platforms(&out, platforms, platform_count);
    add_prompt_ms(&out, prompt_ms);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

struct wi_message *wi_make_model_unload(uint64_t sequence, const char *model_name)
{
    struct wi_buffer out = {0};
    wi_frame_begin(&out, 0, "model_unload", sequence);
    wi_buffer_puts(&out, ",\"model_name\":");
    wi_buffer_json_string(&out, model_name);
    wi_buffer_puts(&out, ",\"options\":{},\"data\":{\"name\":");
    wi_buffer_json_string(&out, model_name);
    wi_buffer_puts(&out, "}");
    return end_text(&out);
}

/* The places of text and tokens, which are the last of the task's tensors, in this order. */
static void add_places(
    struct wi_buffer *out, const struct wi_continuation *from, const struct wi_tensors *tensors)
{
    size_t tokens = tensors->count - (from->tokens != NULL);
    if (from->text)
        wi_buffer_printf(out, ",\"text\":{\"tensor\":%zu}", tokens - 1);
    if (from->tokens)
        wi_buffer_printf(out, ",\"tokens\":{\"tensor\":%zu}", tokens);
}

static void add_words(struct wi_buffer *out, const struct wi_continuation *from)
{
    if (from->text) {
        json_t *text = json_stringn(from->text, from->text_length);
        wi_buffer_puts(out, ",\"text\":");
        wi_buffer_json(out, text);
        json_decref(text);
    }
    if (from->tokens) {
        wi_buffer_puts(out, ",\"tokens\":");
        wi_buffer_json(out, from->tokens);
    }
}

static void add_continuation(
    struct wi_buffer *out, const struct wi_continuation *from, const struct wi_tensors *tensors)
{
    wi_buffer_puts(out, ",\"continue\":{\"seq\":");
    wi_buffer_integer(out, (int64_t)from->seq);
    if (from->in_tensors)
        add_places(out, from, tensors);
    else
        add_words(out, from);
    if (from->answers) {
        wi_buffer_puts(out, ",\"answers\":");
        wi_buffer_json(out, from->answers);
    }
    wi_buffer_puts(out, "}");
}

/* Of a long one the place, behind which come the tensors of a continuation, if there are any. */
static void add_input(struct wi_buffer *out, const struct wi_task *task)
{
    const struct wi_continuation *from = task->from;
    int behind = from && from->in_tensors ? (from->text != NULL) + (from->tokens != NULL) : 0;
    wi_buffer_puts(out, ",\"input\":");
    if (task->input_in_tensor)
        wi_buffer_printf(
            out, "{\"json\":{\"tensor\":%zu}}", task->tensors->count - 1 - (size_t)behind);
    else
        wi_buffer_json(out, task->input);
}

static void add_envelope(struct wi_buffer *out, const struct wi_task *task)
{
    wi_buffer_puts(out, ",\"model_name\":");
    wi_buffer_json_string(out, task->model->name);
    if (task->platform_count)
        wi_buffer_strings(
            out, ",\"platform\":\"", wi_platform_names[task->platforms[0]], "\"", NULL);
    wi_buffer_puts(out, ",\"options\":");
    if (task->options)
        wi_buffer_json(out, task->options);
    else
        wi_buffer_puts(out, "{}");
}

/* What is to be run, where, and what is wanted of it. */
static void add_order(struct wi_buffer *out, const struct wi_task *task)
{
    wi_buffer_puts(out, ",\"job_id\":");
    wi_buffer_json_string(out, task->job_id);
    wi_buffer_puts(out, ",\"model\":");
    add_model(out, task->model);
    wi_buffer_puts(out, ",\"platforms\":");
    add_platforms(out, task->platforms, task->platform_count);
    if (!task->fallback)
        wi_buffer_puts(out, ",\"fallback\":false");
    if (task->precision) {
        wi_buffer_puts(out, ",\"precision\":");
        wi_buffer_json_string(out, task->precision);
    }
    if (task->outputs && task->outputs->count) {
        wi_buffer_puts(out, ",\"outputs\":");
        add_strings(out, task->outputs);
    }
    if (task->stream)
        wi_buffer_puts(out, ",\"stream\":true");
    if (task->from)
        add_continuation(out, task->from, task->tensors);
}

static void add_times(struct wi_buffer *out, const struct wi_task *task)
{
    wi_buffer_puts(out, ",\"deadline_ms\":");
    wi_buffer_integer(out, task->deadline_ms > 0 ? (int64_t)task->deadline_ms : 0);
    if (task->usual_ms > 0) {
        wi_buffer_puts(out, ",\"usual_ms\":");
        wi_buffer_integer(out, (int64_t)ceil(task->usual_ms));
    }
    add_prompt_ms(out, task->prompt_ms);
}

/* What only tasks that are no tensors in and out have. */
static void add_kind(struct wi_buffer *out, const struct wi_task *task)
{
    if (task->task != WI_TASK_NONE)
        wi_buffer_strings(out, ",\"task\":\"", wi_task_name(task->task), "\"", NULL);
    if (task->owner)
        wi_buffer_strings(out, ",\"owner\":\"", task->owner, "\"", NULL);
    if (task->alone)
        wi_buffer_puts(out, ",\"alone\":true");
    if (task->raw)
        wi_buffer_puts(out, ",\"raw\":true");
    if (task->is_short)
        wi_buffer_puts(out, ",\"short\":true");
    if (task->input)
        add_input(out, task);
}

/* Members that say what their absence says are left out: each costs both sides time. */
static void add_task(
    struct wi_buffer *out, const struct wi_task *task, const struct wi_strings *acks, int outline)
{
    static const struct wi_tensors none = {0};
    add_envelope(out, task);
    wi_buffer_puts(out, ",\"data\":{\"attempt_id\":");
    wi_buffer_json_string(out, task->attempt_id);
    add_order(out, task);
    add_times(out, task);
    wi_buffer_puts(out, ",");
    if (outline)
        wi_frame_outline(out, task->tensors);
    else
        wi_frame_tensors(out, task->tensors ? task->tensors : &none);
    add_kind(out, task);
    if (acks && acks->count) {
        wi_buffer_puts(out, ",\"acknowledged\":");
        add_strings(out, acks);
    }
    wi_buffer_puts(out, "}");
}

enum form { FORM_TEXT, FORM_BINARY, FORM_OUTLINE };

/* The head of a task_request, whole; the bytes of its JSON. */
static size_t print_task(struct wi_buffer *out, uint64_t sequence, const struct wi_task *task,
    const struct wi_strings *acks, enum form form)
{
    wi_buffer_clear(out);
    wi_frame_begin(out, form == FORM_BINARY, "task_request", sequence);
    add_task(out, task, acks, form == FORM_OUTLINE);
    return wi_frame_end(out, form == FORM_BINARY);
}

/* What a node would have to refuse, by closing its connection, is refused here. */
static enum wi_code check_size(
    const struct wi_task *task, size_t json, size_t whole, uint64_t most, struct wi_error *error)
{
    if (json > WI_FRAME_HEAD_MAX && task->from)
        return wi_error_set(error, WI_STREAM_INTERRUPTED, NULL,
            "the stream cannot go on at another node: with what it has sent so far the message to "
            "it would have %zu bytes of JSON, and may have %d",
            json, WI_FRAME_HEAD_MAX);
    if (json > WI_FRAME_HEAD_MAX && task->task != WI_TASK_NONE) {
        wi_error_set(error, WI_BODY_TOO_LARGE, "inputs",
            "the text and the options make %zu bytes of JSON in the message to a node, which may "
            "have %d: send less text",
            json, WI_FRAME_HEAD_MAX);
        wi_error_expect(error, "at most %d bytes", WI_FRAME_HEAD_MAX);
        return WI_BODY_TOO_LARGE;
    }
    if (json > WI_FRAME_HEAD_MAX) {
        wi_error_set(error, WI_INPUT_INVALID, "inputs",
            "names, shapes and options make %zu bytes of JSON in the message to a node, which may "
            "have %d: send fewer tensors, shorter names or smaller options",
            json, WI_FRAME_HEAD_MAX);
        wi_error_expect(error, "at most %d bytes", WI_FRAME_HEAD_MAX);
        return WI_INPUT_INVALID;
    }
    if (whole <= most)
        return WI_OK;
    wi_error_set(error, WI_BODY_TOO_LARGE, "inputs",
        "the inputs make a message of %zu bytes to a node, which may have %llu ([api] max_body and "
        "1 MiB): send smaller inputs, or raise max_body",
        whole, (unsigned long long)most);
    wi_error_expect(error, "at most %llu bytes", (unsigned long long)most);
    return WI_BODY_TOO_LARGE;
}

struct wi_message *wi_make_task_request(uint64_t sequence, const struct wi_task *task,
    const struct wi_strings *acks, struct wi_fit *fit, struct wi_error *error)
{
    enum form form = task->tensors && task->tensors->count > 0 ? FORM_BINARY : FORM_TEXT;
    struct wi_buffer out = {0};
    size_t section = form == FORM_BINARY ? wi_frame_section(task->tensors) : 0;
    size_t json = print_task(&out, sequence, task, acks, form);
    fit->pieces = fit->pieces && form == FORM_BINARY && out.size + section > fit->max_frame;
    if (fit->pieces) {
        form = FORM_OUTLINE;
        section = 0;
        json = print_task(&out, sequence, task, acks, form);
    }
    fit->left_out = json > WI_FRAME_HEAD_MAX && acks->count;
    if (fit->left_out)
        json = print_task(&out, sequence, task, NULL, form);
    size_t whole = form == FORM_BINARY ? out.size + section : 0;
    if (check_size(task, json, whole, fit->max_frame, error) != WI_OK) {
        wi_buffer_clear(&out);
        return NULL;
    }
    return wi_message_new(form == FORM_BINARY, &out, form == FORM_BINARY ? task->tensors : NULL);
}
