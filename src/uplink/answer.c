/* The answer of POST /v1/infer as that to a task. Its tensors stay where they were received. */
#include "uplink/uplink.h"

#include "base/json_read.h"
#include <stdlib.h>
#include <string.h>

static double answer_time(const json_t *root, const char *name)
{
    double ms = json_number_value(json_object_get(json_object_get(root, "performance"), name));
    return ms > 0 ? ms : 0;
}

static enum wi_code answer_refuse(struct wi_error *error, const char *what)
{
    return wi_error_set(error, WI_INFERENCE_FAILED, NULL, "the lending daemon's answer %s", what);
}

/* What the page reported of itself. Its node is none of the borrowing daemon's, and whether it
 * computes correctly is for each daemon to say. */
static char *executed_on_text(const json_t *root)
{
    const json_t *given = json_object_get(root, "executed_on");
    if (!json_is_object(given))
        return NULL;
    json_t *kept = json_copy((json_t *)given);
    json_object_del(kept, "node");
    json_object_del(kept, "numerics");
    json_object_del(kept, "via");
    char *text = json_dumps(kept, JSON_COMPACT);
    json_decref(kept);
    return text;
}

static enum wi_code outputs_read(
    struct wi_uplink_answer *read, struct wi_blob *blob, size_t json_size, struct wi_error *error)
{
    const json_t *outputs = json_object_get(read->root, "outputs");
    struct wi_error why = {0};
    if (!json_is_array(outputs))
        return answer_refuse(error, "has no outputs");
    if (wi_tensors_from_json(&read->answer.outputs, outputs, json_size < blob->size ? blob : NULL,
            json_size, NULL, "outputs", &why) == WI_OK)
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, NULL,
        "the lending daemon's answer has outputs that cannot be read: %.200s", why.detail);
}

enum wi_code wi_uplink_answer_read(struct wi_uplink_answer *read, struct wi_blob *blob,
    size_t json_size, const char *attempt, struct wi_error *error)
{
    *read = (struct wi_uplink_answer){0};
    if (json_size > blob->size)
        return answer_refuse(error, "is shorter than its JSON");
    read->root = wi_json_read((const char *)blob->bytes, json_size, JSON_ALLOW_NUL, NULL);
    const char *id = json_string_value(json_object_get(read->root, "id"));
    if (!read->root)
        return answer_refuse(error, "is no JSON");
    if (!id || strcmp(id, attempt) != 0)
        return answer_refuse(error, "is that to another request");
    if (!(read->executed_on = executed_on_text(read->root)))
        return answer_refuse(error, "has no executed_on");
    read->answer.executed_on = read->executed_on;
    read->answer.load_ms = answer_time(read->root, "load_ms");
    read->answer.inference_ms = answer_time(read->root, "inference_ms");
    read->answer.result = json_object_get(read->root, "result");
    if (read->answer.result && !json_is_object(read->answer.result))
        return answer_refuse(error, "has a result that is no object");
    return outputs_read(read, blob, json_size, error);
}

void wi_uplink_answer_clear(struct wi_uplink_answer *read)
{
    wi_tensors_clear(&read->answer.outputs);
    json_decref(read->root);
    free(read->executed_on);
    *read = (struct wi_uplink_answer){0};
}
