/*
 * The forms of `inputs` in the native dialect: a list of tensors, a picture, a sound, or text.
 */
#include "wire/native/native.h"

#include "base/params.h"
#include "wire/media.h"
#include "wire/text.h"
#include <stdio.h>
#include <string.h>

/* --- pictures and sounds ---------------------------------------------------------------------- */

static enum wi_code sound_take(struct wi_infer *infer, const struct wi_native_file *file,
    struct wi_sound *sound, struct wi_error *error)
{
    return sound ? wi_media_take_sound(infer, file->blob, file->at, file->size, sound, error)
                 : wi_media_take_picture(infer, file->blob, file->at, file->size, error);
}

/* A picture, or with `sound` a sound, in base64. */
static enum wi_code read_base64(struct wi_infer *infer, const json_t *text, const char *field,
    struct wi_sound *sound, struct wi_error *error)
{
    struct wi_blob *blob;
    const char *string = json_string_value(text);
    size_t length = json_string_length(text);
    enum wi_code code = sound
                            ? wi_sound_decode(string, length, infer->budget, &blob, error)
                            : wi_picture_decode(string, length, field, infer->budget, &blob, error);
    if (code == WI_OK)
        code = sound_take(infer, &(struct wi_native_file){blob, 0, blob->size}, sound, error);
    wi_blob_unref(blob);
    return code;
}

/* {"binary_data_size"}: all bytes that follow the JSON. */
static enum wi_code read_behind(struct wi_infer *infer, const json_t *value, const char *field,
    const struct wi_native_file *file, struct wi_sound *sound, struct wi_error *error)
{
    static const struct wi_param table[] = {{.name = "binary_data_size",
                                                .kind = WI_PARAM_INTEGER,
                                                .required = 1,
                                                .min = 1,
                                                .max = 1e15},
        {0}};
    size_t there = file->size;
    char where[40];
    int64_t size = 0;
    snprintf(where, sizeof where, "%s.", field);
    enum wi_code code = wi_params_read(table, value, WI_PARAMS_STRICT, where, &size, error);
    if (code != WI_OK)
        return code;
    if ((uint64_t)size != there) {
        return wi_error_set(error, WI_BAD_FRAMING, field,
            "%s has %lld bytes, but %zu follow the JSON", field, (long long)size, there);
    }
    return sound_take(infer, file, sound, error);
}

static int text_begins(const json_t *text, const char *start)
{
    return strncasecmp(json_string_value(text), start, strlen(start)) == 0;
}

static enum wi_code read_string(struct wi_infer *infer, json_t *text, struct wi_error *error)
{
    struct wi_sound sound = {0};
    if (text_begins(text, "data:image/"))
        return read_base64(infer, text, "inputs", NULL, error);
    if (text_begins(text, "data:audio/"))
        return read_base64(infer, text, "inputs", &sound, error);
    return wi_text_read_string(infer, text, "inputs", error);
}

/* --- objects ---------------------------------------------------------------------------------- */

struct object {
    json_t *messages, *query, *documents, *text, *text_pair, *texts, *pairs, *question, *context,
        *labels, *prompt, *image, *audio;
    int64_t sampling_rate, channels;
    int format; /* -1: none */
};

#define ROW(member) WI_PARAM(object, member, ANY)
static const char *const formats[] = {"f32le", "s16le", NULL};
static const struct wi_param object_table[] = {
    ROW(messages),
    ROW(query),
    ROW(documents),
    ROW(text),
    ROW(text_pair),
    ROW(texts),
    ROW(pairs),
    ROW(question),
    ROW(context),
    ROW(labels),
    ROW(prompt),
    ROW(image),
    ROW(audio),
    WI_PARAM(object, sampling_rate, INTEGER, .min = WI_SOUND_RATE_MIN, .max = WI_SOUND_RATE_MAX),
    WI_PARAM(object, channels, INTEGER, .min = 1, .max = WI_SOUND_CHANNELS_MAX),
    WI_PARAM(object, format, ENUM, .names = formats),
    WI_PARAM_END,
};

enum {
    MESSAGES = 1 << 0,
    QUERY = 1 << 1,
    DOCUMENTS = 1 << 2,
    TEXT = 1 << 3,
    TEXT_PAIR = 1 << 4,
    TEXTS = 1 << 5,
    PAIRS = 1 << 6,
    QUESTION = 1 << 7,
    CONTEXT = 1 << 8,
    LABELS = 1 << 9,
    PROMPT = 1 << 10,
    IMAGE = 1 << 11,
    AUDIO = 1 << 12
};

/* The members present among the table's first ones, in its order. */
static unsigned members_of(const struct object *object)
{
    unsigned members = 0;
    for (unsigned i = 0; object_table[i].kind == WI_PARAM_ANY; i++) {
        json_t *const *value = (const void *)((const char *)object + object_table[i].offset);
        members |= *value ? 1u << i : 0;
    }
    return members;
}

/* Members that belong together. */
static const unsigned things[] = {MESSAGES, QUERY | DOCUMENTS, TEXT, TEXT | TEXT_PAIR, TEXTS, PAIRS,
    QUESTION | CONTEXT, TEXT | LABELS, TEXTS | LABELS, IMAGE, IMAGE | LABELS, IMAGE | QUESTION,
    IMAGE | PROMPT, AUDIO, AUDIO | LABELS};

/* WI_OK, or the error for a missing or superfluous member. */
static enum wi_code check_members(unsigned members, struct wi_error *error)
{
    char field[64];
    size_t i = 0, count = sizeof things / sizeof *things;
    for (i = 0; i < count; i++)
        if (things[i] == members)
            return WI_OK;
    for (i = 0; i < count && (!members || (things[i] & members) != members);)
        i++;
    if (i == count) {
        wi_error_set(error, WI_INVALID_FIELD, "inputs", "%s",
            members ? "inputs has members that do not go together"
                    : "inputs has none of the members that say what it is");
        return wi_error_expect(error,
            "{\"messages\"}, {\"query\", \"documents\"}, {\"text\", \"text_pair\"}, {\"pairs\"}, "
            "{\"question\", \"context\"}, {\"text\" or \"texts\", \"labels\"}, or {\"image\"} or "
            "{\"audio\"}, which may have \"labels\"");
    }
    const char *missing = object_table[__builtin_ctz(things[i] & ~members)].name;
    snprintf(field, sizeof field, "inputs.%s", missing);
    return wi_error_set(error, WI_INVALID_FIELD, field,
        "%s is missing; the other members of inputs need it", field);
}

static enum wi_code read_pair(
    struct wi_infer *infer, const struct object *object, struct wi_error *error)
{
    json_t *pairs = json_pack("[[O, O]]", object->text, object->text_pair);
    enum wi_code code = wi_text_read_pairs(infer, pairs, "inputs", error);
    json_decref(pairs);
    return code;
}

static enum wi_code object_read_text(
    struct wi_infer *infer, unsigned members, const struct object *object, struct wi_error *error)
{
    switch (members) {
    case MESSAGES:
        return wi_text_read_messages(infer, object->messages, "inputs.messages", error);
    case QUERY | DOCUMENTS:
        return wi_text_read_query(
            infer, object->query, object->documents, "inputs.query", "inputs.documents", error);
    case TEXT:
        return wi_text_read_string(infer, object->text, "inputs.text", error);
    case TEXT | TEXT_PAIR:
        return read_pair(infer, object, error);
    case TEXTS:
        return wi_text_read_list(infer, object->texts, "inputs.texts", error);
    case PAIRS:
        return wi_text_read_pairs(infer, object->pairs, "inputs.pairs", error);
    case QUESTION | CONTEXT:
        return wi_text_read_question(infer, object->question, object->context, "inputs", error);
    case TEXT | LABELS:
        return wi_text_read_labels(
            infer, object->text, object->labels, "inputs.text", "inputs.labels", error);
    default:
        return wi_text_read_labels(
            infer, object->texts, object->labels, "inputs.texts", "inputs.labels", error);
    }
}

static enum wi_code object_read_file(struct wi_infer *infer, const struct object *object,
    const struct wi_native_file *file, struct wi_error *error)
{
    struct wi_sound raw = {.format = object->format < 0 ? NULL : formats[object->format],
        .sampling_rate = object->sampling_rate,
        .channels = object->channels};
    struct wi_sound *sound = object->audio ? &raw : NULL;
    const json_t *value = sound ? object->audio : object->image;
    const char *field = sound ? "inputs.audio" : "inputs.image";
    if (json_is_string(value))
        return read_base64(infer, value, field, sound, error);
    if (json_is_object(value))
        return read_behind(infer, value, field, file, sound, error);
    wi_error_set(error, WI_INVALID_FIELD, field, "%s must be a string", field);
    return wi_error_expect(error, "a %s in base64, a data URI, or {\"binary_data_size\"}",
        sound ? "sound" : "picture");
}

/* Further members with a file that was read. */
static enum wi_code read_beside(
    struct wi_infer *infer, const struct object *object, struct wi_error *error)
{
    if (object->labels)
        return wi_text_read_beside(infer, "labels", object->labels, "inputs.labels", error);
    if (object->question)
        return wi_text_read_beside(infer, "question", object->question, "inputs.question", error);
    if (object->prompt)
        return wi_text_read_beside(infer, "prompt", object->prompt, "inputs.prompt", error);
    return WI_OK;
}

/* Members that apply only to raw samples. */
static enum wi_code check_sampled(
    unsigned members, const struct object *object, struct wi_error *error)
{
    const char *word = object->format >= 0     ? "format"
                       : object->sampling_rate ? "sampling_rate"
                       : object->channels      ? "channels"
                                               : NULL;
    char field[64];
    if (!word || (members & AUDIO && object->format >= 0))
        return WI_OK;
    snprintf(field, sizeof field, "inputs.%s", word);
    return wi_error_set(error, WI_INVALID_FIELD, field,
        "%s is for raw samples: {\"audio\", \"format\", \"sampling_rate\"}", field);
}

enum wi_code wi_native_read_object(struct wi_infer *infer, const json_t *inputs,
    const struct wi_native_file *file, struct wi_error *error)
{
    struct object object = {.format = -1};
    enum wi_code code =
        wi_params_read(object_table, inputs, WI_PARAMS_STRICT, "inputs.", &object, error);
    unsigned members = members_of(&object);
    if (code != WI_OK || (code = check_sampled(members, &object, error)) != WI_OK ||
        (code = check_members(members, error)) != WI_OK)
        return code;
    if (!(members & (IMAGE | AUDIO)))
        return object_read_text(infer, members, &object, error);
    code = object_read_file(infer, &object, file, error);
    return code == WI_OK ? read_beside(infer, &object, error) : code;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* The list of messages that other APIs have in the place of tensors. */
static enum wi_code refuse_messages(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "inputs",
        "inputs is a list of messages, which is no list of tensors");
    return wi_error_expect(error, "{\"messages\": [{\"role\", \"content\"}]}");
}

enum wi_code wi_native_read_inputs(struct wi_infer *infer, json_t *inputs, struct wi_error *error)
{
    enum wi_code code;
    struct wi_blob *body = infer->body;
    struct wi_tensors *tensors = &infer->asked->tensors;
    const struct wi_native_file behind = {body, infer->json_size, body->size - infer->json_size};
    if (json_object_get(json_array_get(inputs, 0), "role"))
        return refuse_messages(error);
    if (json_is_array(inputs) && !json_is_string(json_array_get(inputs, 0)))
        return wi_tensors_from_json(
            tensors, inputs, body, infer->json_size, infer->budget, "inputs", error);
    if (json_is_array(inputs)) {
        code = wi_text_read_list(infer, inputs, "inputs", error);
    } else if (json_is_string(inputs)) {
        code = read_string(infer, inputs, error);
    } else if (json_is_object(inputs)) {
        code = wi_native_read_object(infer, inputs, &behind, error);
    } else {
        code = wi_error_set(error, WI_INVALID_FIELD, "inputs", "inputs has the wrong type");
        wi_error_expect(error, "a list of tensors, a picture: {\"image\":\"<base64>\"}, or text: a "
                               "string, a list of strings, {\"messages\": [...]}");
    }
    if (code == WI_OK && behind.size > 0 && (tensors->count == 0 || tensors->items[0].blob != body))
        return wi_error_set(error, WI_BAD_FRAMING, "inputs",
            "%zu bytes follow the JSON, but no tensor claims them", behind.size);
    return code;
}
