/* A task as the body of POST /v1/infer: JSON, and behind it tensors that are not copied. */
#include "uplink/uplink.h"

#include <math.h>
#include <string.h>

#define TIMEOUT_MAX_MS 3600000

/* A member of the task as it is. */
static void add_same(struct wi_buffer *out, const json_t *data, const char *name)
{
    const json_t *value = json_object_get(data, name);
    if (!value)
        return;
    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    wi_buffer_json(out, value);
}

static void add_times(struct wi_buffer *out, const json_t *data)
{
    json_int_t ms = json_integer_value(json_object_get(data, "deadline_ms"));
    ms = ms < 1 ? 1 : ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : ms;
    wi_buffer_puts(out, ",\"timeout_ms\":");
    wi_buffer_integer(out, ms);
    if (!json_is_true(json_object_get(data, "stream"))) {
        wi_buffer_puts(out, ",\"parameters\":{\"binary_data_output\":true}");
        return;
    }
    /* The borrowing daemon measures the silence, by what its client allows. */
    wi_buffer_puts(out, ",\"stream\":true,\"stall_timeout_ms\":");
    wi_buffer_integer(out, ms);
}

static void add_options(struct wi_buffer *out, const struct wi_worker_request *request)
{
    const json_t *special = json_object_get(json_object_get(request->data, "input"), "add_special");
    json_t *options = request->options ? json_copy(request->options) : json_object();
    if (special)
        json_object_set(options, "add_special", (json_t *)special);
    if (json_object_size(options) > 0) {
        wi_buffer_puts(out, ",\"options\":");
        wi_buffer_json(out, options);
    }
    json_decref(options);
}

/* --- where a stream goes on ------------------------------------------------------------------- */

static void add_tokens(struct wi_buffer *out, const struct wi_tensor *tensor)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    wi_buffer_puts(out, ",\"tokens\":[");
    for (size_t i = 0; i + sizeof(int64_t) <= tensor->size; i += sizeof(int64_t)) {
        uint64_t token;
        memcpy(&token, bytes + i, sizeof token);
        wi_buffer_puts(out, i ? "," : "");
        wi_buffer_integer(out, (int64_t)le64toh(token));
    }
    wi_buffer_puts(out, "]");
}

static void add_continue(struct wi_buffer *out, const struct wi_worker_request *request)
{
    const json_t *from = json_object_get(request->data, "continue");
    if (!from)
        return;
    const struct wi_tensor *text = wi_uplink_tensor_at(request, json_object_get(from, "text"));
    const struct wi_tensor *tokens = wi_uplink_tensor_at(request, json_object_get(from, "tokens"));
    wi_buffer_puts(out, ",\"continue\":{\"seq\":");
    wi_buffer_integer(out, json_integer_value(json_object_get(from, "seq")));
    if (text) {
        wi_buffer_puts(out, ",\"text\":");
        wi_buffer_json_text(out, (const char *)wi_tensor_bytes(text), text->size);
    }
    if (tokens)
        add_tokens(out, tokens);
    add_same(out, from, "answers");
    wi_buffer_puts(out, "}");
}

/* --- the whole -------------------------------------------------------------------------------- */

static void add_relay(struct wi_buffer *out, const struct wi_worker_request *request)
{
    const json_t *model = json_object_get(request->data, "model");
    struct wi_buffer members = {0};
    wi_json_member_add(&members, "model_hash", json_string_value(json_object_get(model, "hash")));
    if (json_array_size(json_object_get(request->data, "platforms")) > 0)
        add_same(&members, request->data, "platforms");
    add_same(&members, request->data, "owner");
    add_same(&members, request->data, "raw");
    add_continue(&members, request);
    wi_buffer_strings(out, ",\"relay\":{", members.size ? members.text + 1 : "", "}}", NULL);
    wi_buffer_clear(&members);
}

enum wi_code wi_uplink_request_make(struct wi_uplink_body *body, const struct wi_worker_task *task,
    const struct wi_worker_request *request, const char *name, const char *kind,
    struct wi_error *error)
{
    static const char *const same[] = {
        "task", "model_type", "outputs", "precision", "fallback", "priority"};
    struct wi_buffer *out = &body->head;
    *body = (struct wi_uplink_body){0};
    wi_buffer_puts(out, "{\"model_name\":");
    wi_buffer_json_string(out, name);
    wi_buffer_puts(out, ",\"browser\":");
    wi_buffer_json_string(out, kind);
    wi_buffer_puts(out, ",\"id\":");
    wi_buffer_json_string(out, task->id);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        add_same(out, request->data, same[i]);
    add_times(out, request->data);
    add_options(out, request);
    enum wi_code code = wi_uplink_inputs_add(out, &body->tensors, request, error);
    if (code != WI_OK)
        return code;
    add_relay(out, request);
    body->size = out->size + wi_tensors_bytes(&body->tensors);
    return WI_OK;
}

void wi_uplink_body_clear(struct wi_uplink_body *body)
{
    wi_buffer_clear(&body->head);
    wi_tensors_clear(&body->tensors);
}

/* The bytes of one segment that lie behind `position`, which moves to that segment's own. */
static size_t segment_copy(
    const void *bytes, size_t size, uint64_t *position, char *out, size_t room)
{
    if (*position >= size) {
        *position -= size;
        return 0;
    }
    size_t left = size - (size_t)*position, taken = left < room ? left : room;
    if (taken)
        memcpy(out, (const char *)bytes + *position, taken);
    *position = 0;
    return taken;
}

size_t wi_uplink_body_copy(
    const struct wi_uplink_body *body, uint64_t position, char *out, size_t room)
{
    size_t copied = segment_copy(body->head.text, body->head.size, &position, out, room);
    for (size_t i = 0; i < body->tensors.count && copied < room; i++) {
        const struct wi_tensor *tensor = &body->tensors.items[i];
        copied += segment_copy(
            wi_tensor_bytes(tensor), tensor->size, &position, out + copied, room - copied);
    }
    return copied;
}
