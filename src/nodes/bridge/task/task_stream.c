/* The parts of one attempt; see task_stream.h. */
#include "nodes/bridge/task/task_stream.h"

#include "base/params.h"
#include <string.h>

#define PHASE_MAX 32

/* --- how far it is --------------------------------------------------------------------------- */

void wi_stream_open(struct wi_stream *stream, const struct wi_continuation *from)
{
    uint64_t first = from ? from->seq : 0;
    *stream = (struct wi_stream){.open = 1,
        .first = first,
        .next = first,
        .flow.granted = {.parts = WI_CREDIT_PARTS, .bytes = WI_CREDIT_BYTES}};
}

enum wi_code wi_stream_check_end(
    const struct wi_stream *stream, int64_t parts, struct wi_error *error)
{
    uint64_t said = parts < 0 ? stream->first : (uint64_t)parts;
    if (said == stream->next)
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.parts",
        "data.parts says that there were %llu parts; %llu have come", (unsigned long long)said,
        (unsigned long long)stream->next);
}

/* --- the text of JSON ------------------------------------------------------------------------ */

/* What follows stays inside the text even if it is no JSON. */

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* `at` is its first quote. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : end;
}

static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
        if (depth == 0)
            break;
    }
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    if (at < end && *at == '"')
        return skip_string(at, end);
    if (at < end && (*at == '{' || *at == '['))
        return skip_nested(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at))
        at++;
    return at;
}

const char *wi_stream_member(const char *text, size_t size, const char *key, size_t *length)
{
    const char *end = text + size, *at = skip_space(text, end);
    size_t key_length = strlen(key);
    while (at < end && (*at == '{' || *at == ',')) {
        const char *name = skip_space(at + 1, end);
        if (name == end || *name != '"')
            return NULL;
        const char *after = skip_string(name, end);
        const char *colon = skip_space(after, end);
        const char *value = colon < end ? skip_space(colon + 1, end) : end;
        if (value == end)
            return NULL;
        at = skip_value(value, end);
        if ((size_t)(after - name) == key_length + 2 && memcmp(name + 1, key, key_length) == 0) {
            *length = (size_t)(at - value);
            return value;
        }
        at = skip_space(at, end);
    }
    return NULL;
}

/* --- a part ---------------------------------------------------------------------------------- */

struct read {
    int64_t seq, index;
    const char *text;
    json_t *tokens, *result;
};

static const struct wi_param table[] = {
    WI_PARAM(read, seq, INTEGER, .required = 1, .max = WI_PART_NUMBER_MAX),
    WI_PARAM(read, index, INTEGER, .max = WI_PART_INDEX_MAX),
    WI_PARAM(read, text, STRING, .max = WI_PART_MAX),
    WI_PARAM(read, tokens, ARRAY, .max = WI_PART_TOKENS_MAX),
    WI_PARAM(read, result, OBJECT),
    WI_PARAM_END,
};

static enum wi_code check_tokens(const json_t *tokens, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i);
        if (!json_is_integer(token) || json_integer_value(token) < 0 ||
            json_integer_value(token) > WI_PART_NUMBER_MAX)
            return wi_error_set(error, WI_INVALID_FIELD, "data.tokens",
                "data.tokens[%zu] must be an integer from 0 to %lld", i,
                (long long)WI_PART_NUMBER_MAX);
    }
    return WI_OK;
}

/* As it was written: both sides have to count the same, and numbers have more than one form. */
static size_t result_bytes(const struct wi_frame *frame, const json_t *result)
{
    size_t size, length;
    const char *data = wi_stream_member(frame->json, frame->json_size, "data", &size);
    if (data && wi_stream_member(data, size, "result", &length))
        return length;
    return json_dumpb(result, NULL, 0, JSON_COMPACT);
}

static enum wi_code part_read(
    const struct wi_frame *frame, struct wi_part *part, struct wi_error *error)
{
    struct read read = {0};
    if (wi_params_read(table, frame->data, WI_PARAMS_OPEN, "data.", &read, error) != WI_OK ||
        check_tokens(read.tokens, error) != WI_OK)
        return error->code;
    *part = (struct wi_part){.seq = (uint64_t)read.seq,
        .index = (unsigned)read.index,
        .text = read.text,
        .tokens = read.tokens,
        .result = read.result};
    if (read.text)
        part->text_length = json_string_length(json_object_get(frame->data, "text"));
    part->bytes = part->text_length + (read.result ? result_bytes(frame, read.result) : 0);
    if (part->bytes <= WI_PART_MAX)
        return WI_OK;
    return wi_error_set(error, WI_INVALID_FIELD, "data.result",
        "the text and the result of a part have %zu bytes; at most %d are allowed", part->bytes,
        WI_PART_MAX);
}

enum wi_part_verdict wi_stream_take(struct wi_stream *stream, const struct wi_frame *frame,
    struct wi_part *part, struct wi_error *error)
{
    if (!stream->open) {
        wi_error_set(error, WI_INFERENCE_FAILED, "data.seq",
            "it came in parts, although no stream was asked for");
        return WI_PART_WRONG;
    }
    if (part_read(frame, part, error) != WI_OK)
        return WI_PART_WRONG;
    if (part->seq < stream->next)
        return WI_PART_REPEATED;
    if (part->seq > stream->next) {
        wi_error_set(error, WI_INFERENCE_FAILED, "data.seq", "part %llu came where %llu was due",
            (unsigned long long)part->seq, (unsigned long long)stream->next);
        return WI_PART_WRONG;
    }
    if (!wi_flow_lasts(&stream->flow)) {
        wi_error_set(error, WI_INFERENCE_FAILED, "data.seq",
            "part %llu came beyond the credit of %llu parts and %llu bytes",
            (unsigned long long)part->seq, (unsigned long long)stream->flow.granted.parts,
            (unsigned long long)stream->flow.granted.bytes);
        return WI_PART_WRONG;
    }
    stream->next++;
    wi_flow_add(&stream->flow, part->bytes);
    return WI_PART_DUE;
}

/* --- progress -------------------------------------------------------------------------------- */

static const struct wi_param progress_table[] = {
    WI_PARAM(wi_progress, phase, STRING, .required = 1, .min = 1, .max = PHASE_MAX),
    WI_PARAM(wi_progress, loaded_bytes, INTEGER, .max = WI_PART_NUMBER_MAX),
    WI_PARAM(wi_progress, total_bytes, INTEGER, .max = WI_PART_NUMBER_MAX),
    WI_PARAM(wi_progress, done, NUMBER, .max = 1e15),
    WI_PARAM(wi_progress, total, NUMBER, .max = 1e15),
    WI_PARAM_END,
};

enum wi_code wi_progress_read(
    const json_t *data, struct wi_progress *progress, struct wi_error *error)
{
    const uint64_t absent = UINT64_MAX;
    *progress = (struct wi_progress){
        .loaded_bytes = absent, .total_bytes = absent, .done = -1, .total = -1};
    enum wi_code code =
        wi_params_read(progress_table, data, WI_PARAMS_OPEN, "data.", progress, error);
    progress->has_bytes = progress->loaded_bytes != absent && progress->total_bytes != absent;
    progress->has_count = progress->done >= 0 && progress->total >= 0;
    return code;
}
