/*
 * Messages to nodes. Heads are printed straight into their buffer: task_request is on the hot path
 * of every inference, and building a JSON tree for it would cost more than sending it.
 */
#include "bridge/outgoing.h"
#include "base/clock.h"
#include "bridge/link.h"
#include <math.h>
#include <string.h>

static void begin(struct wi_buffer *out, struct wi_bridge *bridge, int binary, const char *type)
{
    wi_frame_begin(out, binary, type, ++bridge->sequence);
}

/* Ends and queues a message without tensors. A link that cannot take it is stuck or closing; its
 * heartbeat ends it, so there is nothing to report here. */
static void send_text(struct wi_node *node, struct wi_buffer *out)
{
    wi_frame_end(out, 0);
    if (node->link)
        wi_link_send(node->link, wi_message_new(0, out, NULL));
    else
        wi_buffer_clear(out);
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

/* Names are of characters that need no escaping in a URL or in JSON (wi_model_check_name). */
static void add_model(struct wi_buffer *out, const struct wi_model *model)
{
    const char *name = model->name, *hash = model->hash, *type = wi_model_type_name(model->type);
    wi_buffer_strings(out, "{\"name\":\"", name, "\",\"hash\":\"", hash, "\"", NULL);
    if (type)
        wi_buffer_strings(out, ",\"type\":\"", type, "\"", NULL);
    if (!model->builtin) {
        wi_buffer_strings(
            out, ",\"url\":\"/models/", name, "/", hash, "/model.onnx\",\"bytes\":", NULL);
        wi_buffer_integer(out, model->size);
    }
    if (!model->builtin && model->spec_text)
        wi_buffer_strings(out, ",\"spec_url\":\"/models/", name, "/", hash, "/model.json\"", NULL);
    wi_buffer_puts(out, "}");
}

struct wi_message *wi_make_bye(struct wi_bridge *bridge, const char *code, const char *reason)
{
    struct wi_buffer out = {0};
    begin(&out, bridge, 0, "bye");
    wi_buffer_puts(&out, ",\"data\":{\"code\":");
    wi_buffer_json_string(&out, code);
    wi_buffer_puts(&out, ",\"reason\":");
    wi_buffer_json_string(&out, reason);
    wi_buffer_puts(&out, "}");
    wi_frame_end(&out, 0);
    return wi_message_new(0, &out, NULL);
}

static int threads_of(const struct wi_node *node)
{
    const struct wi_bridge_events *events = &node->bridge->events;

    return events->threads ? events->threads(events->context, &node->info) : 1;
}

void wi_send_welcome(struct wi_node *node, int resumed, const json_t *cancel)
{
    const struct wi_bridge_settings *settings = &node->bridge->settings;
    char resume[WI_TOKEN_SIZE], credential[WI_TOKEN_SIZE];
    struct wi_buffer out = {0};
    wi_renewed_new(&node->resume, resume);
    wi_renewed_new(&node->credential, credential);
    begin(&out, node->bridge, 0, "welcome");
    wi_buffer_printf(&out,
        ",\"data\":{\"node\":\"%s\",\"resume_token\":\"%s\",\"resumed\":%s,"
        "\"heartbeat_interval_ms\":%lld,\"heartbeat_misses\":%lld,\"resume_grace_ms\":%lld,"
        "\"max_frame_bytes\":%llu,\"model_credential\":\"%s.%s\",\"threads\":%d,"
        "\"model_budget_bytes\":%llu,\"cancel\":",
        node->info.id, resume, resumed ? "true" : "false", (long long)settings->heartbeat_interval,
        (long long)settings->heartbeat_misses, (long long)settings->resume_grace,
        (unsigned long long)node->bridge->links.max_frame, node->info.id, credential,
        threads_of(node), (unsigned long long)settings->model_budget);
    if (cancel)
        wi_buffer_json(&out, cancel);
    else
        wi_buffer_puts(&out, "[]");
    wi_buffer_puts(&out, "}");
    send_text(node, &out);
    explicit_bzero(resume, sizeof resume);
    explicit_bzero(credential, sizeof credential);
}

void wi_send_heartbeat(struct wi_node *node)
{
    struct wi_buffer out = {0};
    begin(&out, node->bridge, 0, "heartbeat");
    node->heartbeat_id = node->bridge->sequence;
    node->heartbeat_sent = wi_now_ms();
    wi_buffer_printf(
        &out, ",\"data\":{\"seq\":%llu}", (unsigned long long)++node->heartbeat_sequence);
    send_text(node, &out);
}

void wi_send_acks(struct wi_node *node)
{
    struct wi_buffer out = {0};
    if (!node->acks.count)
        return;
    begin(&out, node->bridge, 0, "task_ack");
    wi_buffer_puts(&out, ",\"data\":{\"attempt_ids\":");
    add_strings(&out, &node->acks);
    wi_buffer_puts(&out, "}");
    wi_strings_clear(&node->acks);
    node->ack_bytes = 0;
    send_text(node, &out);
}

void wi_send_cancel(struct wi_node *node, const char *attempt_id, const char *reason)
{
    struct wi_buffer out = {0};
    begin(&out, node->bridge, 0, "task_cancel");
    wi_buffer_puts(&out, ",\"data\":{\"attempt_id\":");
    wi_buffer_json_string(&out, attempt_id);
    wi_buffer_puts(&out, ",\"reason\":");
    wi_buffer_json_string(&out, reason);
    wi_buffer_puts(&out, "}");
    send_text(node, &out);
}

void wi_send_model_load(struct wi_node *node, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count)
{
    struct wi_buffer out = {0};
    begin(&out, node->bridge, 0, "model_load");
    wi_buffer_puts(&out, ",\"model_name\":");
    wi_buffer_json_string(&out, model->name);
    if (platform_count)
        wi_buffer_printf(&out, ",\"platform\":\"%s\"", wi_platform_names[platforms[0]]);
    wi_buffer_puts(&out, ",\"options\":{},\"data\":{\"model\":");
    add_model(&out, model);
    wi_buffer_puts(&out, ",\"platforms\":");
    add_platforms(&out, platforms, platform_count);
    wi_buffer_puts(&out, "}");
    send_text(node, &out);
}

void wi_send_model_unload(struct wi_node *node, const char *model_name)
{
    struct wi_buffer out = {0};
    begin(&out, node->bridge, 0, "model_unload");
    wi_buffer_puts(&out, ",\"model_name\":");
    wi_buffer_json_string(&out, model_name);
    wi_buffer_puts(&out, ",\"options\":{},\"data\":{\"name\":");
    wi_buffer_json_string(&out, model_name);
    wi_buffer_puts(&out, "}");
    send_text(node, &out);
}

/* Members that say what their absence says are left out: each costs both sides time. */
static void add_task(struct wi_buffer *out, const struct wi_node *node, const struct wi_task *task)
{
    static const struct wi_tensors none = {0};
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
    wi_buffer_puts(out, ",\"data\":{\"attempt_id\":");
    wi_buffer_json_string(out, task->attempt_id);
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
    wi_buffer_puts(out, ",\"deadline_ms\":");
    wi_buffer_integer(out, task->deadline_ms > 0 ? (int64_t)task->deadline_ms : 0);
    if (task->usual_ms > 0) {
        wi_buffer_puts(out, ",\"usual_ms\":");
        wi_buffer_integer(out, (int64_t)ceil(task->usual_ms));
    }
    wi_buffer_puts(out, ",");
    wi_frame_tensors(out, task->tensors ? task->tensors : &none);
    if (task->input) {
        wi_buffer_puts(out, ",\"input\":");
        wi_buffer_json(out, task->input);
    }
    if (node->acks.count) {
        wi_buffer_puts(out, ",\"acknowledged\":");
        add_strings(out, &node->acks);
    }
    wi_buffer_puts(out, "}");
}

/* The head of a task_request, whole; the bytes of its JSON. */
static size_t print_task(
    struct wi_buffer *out, struct wi_node *node, const struct wi_task *task, int binary)
{
    begin(out, node->bridge, binary, "task_request");
    add_task(out, node, task);
    return wi_frame_end(out, binary);
}

/* What a node would have to refuse, by closing its connection, is refused here. */
static enum wi_code check_size(
    const struct wi_node *node, size_t json, size_t whole, struct wi_error *error)
{
    uint64_t most = node->bridge->links.max_frame;
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

enum wi_code wi_send_task_request(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error)
{
    int binary = task->tensors && task->tensors->count > 0;
    struct wi_buffer out = {0};
    size_t json = print_task(&out, node, task, binary);
    if (json > WI_FRAME_HEAD_MAX && node->acks.count) { /* which may go by themselves */
        wi_buffer_clear(&out);
        wi_send_acks(node);
        json = print_task(&out, node, task, binary);
    }
    size_t whole = out.size + (binary ? wi_frame_section(task->tensors) : 0);
    enum wi_code code = check_size(node, json, whole, error);
    if (code != WI_OK) {
        wi_buffer_clear(&out);
        return code;
    }
    if (wi_link_send(node->link, wi_message_new(binary, &out, task->tensors)))
        return WI_NODE_BUSY;
    wi_strings_clear(&node->acks);
    node->ack_bytes = 0;
    return WI_OK;
}
