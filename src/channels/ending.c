/* What channels tell of a request that has ended; see channels.h. */
#include "channels/channels.h"

#include "channels/gathering.h"
#include "terms/job/job_store.h"
#include "terms/tensor/number.h"
#include "wire/native/native.h"
#include <string.h>

#define LABEL_CHARACTERS 80

static const char vectors_name[] = "embeddings";

/* --- vectors --------------------------------------------------------------------------------- */

/* A tensor of one dimension is one row. */
static int is_vectors(const struct wi_tensor *tensor)
{
    int64_t width = tensor->rank > 0 ? tensor->dims[tensor->rank - 1] : 0;
    int64_t rows = tensor->rank == 2 ? tensor->dims[0] : 1;
    return strcmp(tensor->name, vectors_name) == 0 && tensor->datatype == WI_FP32 &&
           (tensor->rank == 1 || tensor->rank == 2) && rows > 0 && width > 0 &&
           width <= WI_VECTOR_MAX;
}

static const struct wi_tensors *outputs_of(const struct wi_run_ending *ending)
{
    int is_public = ending->outcome && ending->asked && ending->asked->publish;
    return is_public ? ending->outcome->outputs : NULL;
}

int wi_ending_vectors(const struct wi_run_ending *ending, struct wi_tensor *vectors)
{
    const struct wi_tensors *outputs = outputs_of(ending);
    const struct wi_tensor *found = outputs ? wi_tensors_find(outputs, vectors_name) : NULL;
    if (!found || !is_vectors(found))
        return 0;
    *vectors = *found;
    if (found->rank == 1) {
        vectors->rank = 2;
        vectors->dims[1] = found->dims[0];
        vectors->dims[0] = 1;
    }
    return 1;
}

/* Bytes of the first characters of UTF-8. */
static size_t label_size(const char *text)
{
    size_t size = 0;
    for (unsigned characters = 0; text[size]; size++) {
        int begins = ((unsigned char)text[size] & 0xc0) != 0x80;
        if (begins && characters++ == LABEL_CHARACTERS)
            break;
    }
    return size;
}

const char *wi_ending_label(const struct wi_run_ending *ending, size_t row, char *out)
{
    const json_t *texts = json_object_get(ending->asked->input, "texts");
    const char *text = json_string_value(json_array_get(texts, row));
    if (!text)
        return NULL;
    size_t size = label_size(text);
    memcpy(out, text, size);
    out[size] = '\0';
    return out;
}

/* --- the result of a job: printing stops where it has more than WI_RESULT_MAX bytes ----------- */

/* A single vector is also part of its job's result. */
static void print_vector(struct wi_buffer *out, const struct wi_tensor *vectors)
{
    const unsigned char *bytes = wi_tensor_bytes(vectors);
    char number[WI_NUMBER_SIZE];
    wi_buffer_puts(out, ",\"vector\":[");
    for (int64_t i = 0; i < vectors->dims[1] && out->size <= WI_RESULT_MAX; i++) {
        float value;
        memcpy(&value, bytes + (size_t)i * sizeof value, sizeof value);
        wi_buffer_puts(out, i ? "," : "");
        wi_buffer_add(out, number, wi_print_float(number, value));
    }
    wi_buffer_puts(out, "]");
}

/* The tensors that have a form in JSON; vectors have a channel of their own. */
static void print_outputs(struct wi_buffer *out, const struct wi_tensors *outputs)
{
    int some = 0;
    wi_buffer_puts(out, "\"outputs\":[");
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *tensor = &outputs->items[i];
        if (is_vectors(tensor) || wi_datatype_needs_binary(tensor->datatype))
            continue;
        wi_buffer_puts(out, some++ ? "," : "");
        wi_tensor_to_json_within(out, tensor, WI_RESULT_MAX);
    }
    wi_buffer_puts(out, "]");
}

/* Whether `left` bytes may be enough for it as JSON: each of its parts takes a few of them. */
static int may_fit(const json_t *value, size_t *left)
{
    const char *name;
    json_t *part;
    size_t index, least = 1 + (json_is_string(value) ? json_string_length(value) : 0);
    if (least > *left)
        return 0;
    *left -= least;
    json_object_foreach((json_t *)value, name, part)
    {
        size_t named = strlen(name);
        if (named > *left)
            return 0;
        *left -= named;
        if (!may_fit(part, left))
            return 0;
    }
    json_array_foreach(value, index, part)
    {
        if (!may_fit(part, left))
            return 0;
    }
    return 1;
}

/* The other members of the answer's result. */
static void print_members(struct wi_buffer *out, const json_t *result)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)result, name, value)
    {
        if (strcmp(name, "outputs") == 0 || strcmp(name, "vector") == 0)
            continue;
        wi_buffer_puts(out, ",");
        wi_buffer_json_string(out, name);
        wi_buffer_puts(out, ":");
        wi_buffer_json(out, value);
    }
}

static void print_result(
    struct wi_buffer *out, const struct wi_run_ending *ending, const struct wi_tensors *outputs)
{
    struct wi_tensor vectors;
    struct wi_buffer result = {0};
    size_t left = WI_RESULT_MAX;
    wi_buffer_puts(&result, "{");
    print_outputs(&result, outputs);
    if (wi_ending_vectors(ending, &vectors) && vectors.dims[0] == 1)
        print_vector(&result, &vectors);
    int fits = may_fit(ending->outcome->result, &left);
    if (fits)
        print_members(&result, ending->outcome->result);
    wi_buffer_puts(&result, "}");
    wi_buffer_puts(out, ",\"result\":");
    wi_buffer_puts(out, fits && result.size <= WI_RESULT_MAX ? result.text : "null");
    wi_buffer_clear(&result);
}

static const char *status_of(const struct wi_run_ending *ending)
{
    return wi_record_state_names[ending->code == WI_OK          ? WI_RECORD_DONE
                                 : ending->code == WI_CANCELLED ? WI_RECORD_CANCELLED
                                                                : WI_RECORD_FAILED];
}

void wi_ending_print(const struct wi_run_ending *ending, struct wi_buffer *out)
{
    const struct wi_tensors *outputs = outputs_of(ending);
    wi_buffer_puts(out, "{\"id\":");
    wi_buffer_json_string(out, ending->id);
    wi_buffer_puts(out, ",\"model_name\":");
    if (ending->model_name)
        wi_buffer_json_string(out, ending->model_name);
    else
        wi_buffer_puts(out, "null");
    wi_buffer_strings(out, ",\"status\":\"", status_of(ending), "\",\"performance\":", NULL);
    if (ending->outcome) {
        wi_native_add_performance(out, ending->asked, ending->outcome, ending->asked->stream);
    } else {
        wi_buffer_puts(out, "{\"total_ms\":");
        wi_buffer_ms(out, ending->total_ms);
        wi_buffer_puts(out, "}");
    }
    if (outputs)
        print_result(out, ending, outputs);
    wi_buffer_puts(out, "}");
}
