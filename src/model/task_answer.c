/* What is held against answers to tasks, which come from nodes of anybody. */
#include "model/task.h"

#include <stdio.h>
#include <string.h>

/* More than so many labels, words or boxes are no answer. */
#define ROWS_MAX 100000

static enum wi_code wrong(struct wi_error *error, const char *field, const char *must)
{
    return wi_error_set(error, WI_INFERENCE_FAILED, field, "%s must be %s", field, must);
}

/* --- objects with certain members ------------------------------------------------------------- */

enum kind { TEXT, NUMBER, INDEX, BOX };

/* A member that an object has to have, or, `optional`, may have. */
struct member {
    const char *name;
    enum kind kind;
    int optional;
};

static const struct member label_members[] = {
    {"label", TEXT, 0}, {"probability", NUMBER, 0}, {"index", INDEX, 1}, {0}};
static const struct member entity_members[] = {{"entity", TEXT, 0}, {"score", NUMBER, 0},
    {"start", INDEX, 0}, {"end", INDEX, 0}, {"word", TEXT, 0}, {0}};
static const struct member fill_members[] = {{"token", INDEX, 0}, {"token_text", TEXT, 0},
    {"token_str", TEXT, 0}, {"probability", NUMBER, 0}, {"text", TEXT, 0}, {"sequence", TEXT, 0},
    {0}};
static const struct member answer_members[] = {
    {"answer", TEXT, 0}, {"score", NUMBER, 0}, {"start", INDEX, 1}, {"end", INDEX, 1}, {0}};
static const struct member box_members[] = {
    {"label", TEXT, 0}, {"score", NUMBER, 0}, {"box", BOX, 0}, {0}};
static const struct member segment_members[] = {
    {"label", TEXT, 0}, {"mask", TEXT, 0}, {"score", NUMBER, 1}, {0}};
static const struct member spoken_members[] = {
    {"text", TEXT, 0}, {"start", NUMBER, 1}, {"end", NUMBER, 1}, {0}};

static int is_box(const json_t *value)
{
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    for (size_t i = 0; i < 4; i++)
        if (!json_is_number(json_object_get(value, sides[i])))
            return 0;
    return 1;
}

static int is_kind(const json_t *value, enum kind kind)
{
    switch (kind) {
    case TEXT:
        return json_is_string(value);
    case NUMBER:
        return json_is_number(value);
    case INDEX:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    default:
        return is_box(value);
    }
}

static int has_members(const json_t *object, const struct member *members)
{
    for (; members->name; members++) {
        const json_t *value = json_object_get(object, members->name);
        if (!value || json_is_null(value) ? !members->optional : !is_kind(value, members->kind))
            return 0;
    }
    return json_is_object(object);
}

/* `object`'s member `name`: a list of objects with those members. */
static enum wi_code check_rows(
    const json_t *object, const char *name, const struct member *members, struct wi_error *error)
{
    static const char *const kinds[] = {
        "a string", "a number", "a whole number", "{xmin, ymin, xmax, ymax}"};
    const json_t *list = json_object_get(object, name), *row;
    char field[80];
    size_t i = 0;
    snprintf(field, sizeof field, "data.result.%s", name);
    if (!json_is_array(list) || json_array_size(list) > ROWS_MAX)
        return wrong(error, field, "a list");
    json_array_foreach(list, i, row)
    {
        const struct member *member = members;
        while (member->name && has_members(row, (struct member[]){*member, {0}}))
            member++;
        if (member->name)
            return wi_error_set(error, WI_INFERENCE_FAILED, field, "%s[%zu].%s must be %s", field,
                i, member->name, kinds[member->kind]);
    }
    return WI_OK;
}

/* --- text ------------------------------------------------------------------------------------ */

static enum wi_code check_choice(const json_t *choice, int in_parts, struct wi_error *error)
{
    const json_t *why = json_object_get(choice, "finish_reason");
    if (!in_parts && !json_is_string(json_object_get(choice, "text")))
        return wrong(error, "data.result", "an object with text, or with choices that have it");
    if (why && !json_is_string(why))
        return wrong(error, "data.result.finish_reason", "a string");
    return WI_OK;
}

static enum wi_code check_choices(
    size_t count, int in_parts, const json_t *result, struct wi_error *error)
{
    const json_t *choices = json_object_get(result, "choices");
    if (!json_is_object(result))
        return wrong(error, "data.result", "an object");
    if (count <= 1)
        return check_choice(result, in_parts, error);
    if (in_parts && !choices)
        return WI_OK;
    if (json_array_size(choices) != count)
        return wrong(error, "data.result.choices", "a list with an answer for each of n");
    for (size_t i = 0; i < count; i++) {
        const json_t *choice = json_array_get(choices, i);
        if (json_integer_value(json_object_get(choice, "index")) != (json_int_t)i)
            return wrong(error, "data.result.choices", "in the order of their index");
        if (check_choice(choice, in_parts, error) != WI_OK)
            return WI_INFERENCE_FAILED;
    }
    return WI_OK;
}

static enum wi_code check_numbers(const json_t *list, size_t count, struct wi_error *error)
{
    size_t i;
    const json_t *number;
    if (!json_is_array(list) || json_array_size(list) != count)
        return wrong(error, "data.result.scores", "a list with a number for each document");
    json_array_foreach(list, i, number)
    {
        if (!json_is_number(number))
            return wrong(error, "data.result.scores", "a list of numbers");
    }
    return WI_OK;
}

static enum wi_code check_tokens(const json_t *list, struct wi_error *error)
{
    size_t i;
    const json_t *token;
    if (!json_is_array(list))
        return wrong(error, "data.result.tokens", "a list of integers");
    json_array_foreach(list, i, token)
    {
        if (!json_is_integer(token))
            return wrong(error, "data.result.tokens", "a list of integers");
    }
    return WI_OK;
}

/* --- vectors and files ------------------------------------------------------------------------ */

static const struct wi_tensor *find(const struct wi_tensors *outputs, const char *name)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (strcmp(outputs->items[i].name, name) == 0)
            return &outputs->items[i];
    return NULL;
}

/* The bytes of a file: PNG or WAV. */
static int is_file(const struct wi_tensor *tensor)
{
    return tensor && tensor->datatype == WI_UINT8 && tensor->rank == 1 && tensor->dims[0] > 0;
}

static int is_matrix(const struct wi_tensor *tensor)
{
    return tensor && tensor->datatype == WI_FP32 && tensor->rank == 2 && tensor->dims[0] > 0 &&
           tensor->dims[1] > 0;
}

/* `count` 0: any number of rows. */
static enum wi_code check_vectors(
    size_t count, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *tensor = find(outputs, "embeddings");
    if (outputs->count == 1 && is_matrix(tensor) &&
        (count == 0 || tensor->dims[0] == (int64_t)count))
        return WI_OK;
    if (count == 0)
        return wrong(error, "data.tensors", "one tensor, embeddings, FP32, of rows and columns");
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
        "data.tensors must be one tensor, embeddings, FP32, with a row for each of the %zu texts",
        count);
}

/* Files that a segment's `mask` names. */
static enum wi_code check_masks(const struct wi_tensors *outputs, struct wi_error *error)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (!wi_task_has_output(WI_TASK_IMAGE_SEGMENTATION, outputs->items[i].name) ||
            !is_file(&outputs->items[i]))
            return wrong(error, "data.tensors", "mask_0 …, UINT8, the bytes of PNG files");
    return WI_OK;
}

static enum wi_code check_segments(
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error)
{
    const json_t *segments = json_object_get(result, "segments"), *segment;
    size_t i;
    enum wi_code code = check_rows(result, "segments", segment_members, error);
    if (code != WI_OK)
        return code;
    if (json_array_size(segments) > WI_TENSORS_MAX)
        return wrong(error, "data.result.segments", "no longer than there may be masks");
    json_array_foreach(segments, i, segment)
    {
        if (!find(outputs, json_string_value(json_object_get(segment, "mask"))))
            return wrong(error, "data.result.segments", "a list whose masks are all there");
    }
    return WI_OK;
}

/* One of the two is enough: the other may not have been asked for. */
static enum wi_code check_depth(const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *picture = find(outputs, "depth");
    const struct wi_tensor *numbers = find(outputs, "predicted_depth");
    if (outputs->count == 0 || (picture && !is_file(picture)) || (numbers && !is_matrix(numbers)) ||
        outputs->count != (size_t)(picture != NULL) + (numbers != NULL))
        return wrong(error, "data.tensors",
            "depth, UINT8, the bytes of a PNG file, and predicted_depth, FP32 [height, width]");
    return WI_OK;
}

static enum wi_code check_sound(const struct wi_tensors *outputs, struct wi_error *error)
{
    return outputs->count == 1 && is_file(find(outputs, "audio"))
               ? WI_OK
               : wrong(error, "data.tensors", "one tensor, audio, UINT8, the bytes of a WAV file");
}

static enum wi_code check_speech(const json_t *result, struct wi_error *error)
{
    static const struct member members[] = {
        {"sampling_rate", INDEX, 0}, {"duration", NUMBER, 0}, {0}};
    return has_members(result, members)
               ? WI_OK
               : wrong(error, "data.result", "an object with sampling_rate and duration");
}

/* --- what is said of each text, picture or sound ---------------------------------------------- */

static enum wi_code check_fills(const json_t *result, struct wi_error *error)
{
    const json_t *masks = json_object_get(result, "masks"), *mask;
    size_t i;
    if (!masks)
        return check_rows(result, "fills", fill_members, error);
    if (!json_is_array(masks) || json_array_size(masks) > ROWS_MAX)
        return wrong(error, "data.result.masks", "a list of lists");
    json_array_foreach(masks, i, mask)
    {
        json_t *one = json_pack("{s:O}", "masks", mask);
        enum wi_code code = check_rows(one, "masks", fill_members, error);
        json_decref(one);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

static enum wi_code check_transcript(const json_t *result, int in_parts, struct wi_error *error)
{
    static const struct member whole[] = {
        {"text", TEXT, 0}, {"language", TEXT, 1}, {"duration", NUMBER, 1}, {0}};
    static const struct member rest[] = {
        {"text", TEXT, 1}, {"language", TEXT, 1}, {"duration", NUMBER, 1}, {0}};
    if (!has_members(result, in_parts ? rest : whole))
        return wrong(error, "data.result", "an object with text, and with duration as a number");
    return json_object_get(result, "segments")
               ? check_rows(result, "segments", spoken_members, error)
               : WI_OK;
}

static enum wi_code check_one(
    enum wi_task_kind task, int in_parts, const json_t *result, struct wi_error *error)
{
    switch (task) {
    case WI_TASK_TOKEN_CLASSIFICATION:
        return check_rows(result, "entities", entity_members, error);
    case WI_TASK_FILL_MASK:
        return check_fills(result, error);
    case WI_TASK_QUESTION_ANSWERING:
    case WI_TASK_DOCUMENT_QUESTION:
        return check_rows(result, "answers", answer_members, error);
    case WI_TASK_OBJECT_DETECTION:
        return check_rows(result, "boxes", box_members, error);
    case WI_TASK_SPEECH_RECOGNITION:
        return check_transcript(result, in_parts, error);
    default:
        return check_rows(result, "labels", label_members, error);
    }
}

/* One thing has its result alone, several have `results`. */
static enum wi_code check_results(enum wi_task_kind task, size_t count, int in_parts,
    const json_t *result, struct wi_error *error)
{
    const json_t *results = json_object_get(result, "results"), *one;
    size_t i;
    enum wi_code code = WI_OK;
    if (!json_is_object(result))
        return wrong(error, "data.result", "an object");
    if (count == 1)
        return check_one(task, in_parts, result, error);
    if (!json_is_array(results) || json_array_size(results) != count)
        return wrong(error, "data.result.results", "a list with a result for each text");
    json_array_foreach(results, i, one)
    {
        if ((code = check_one(task, in_parts, one, error)) != WI_OK)
            return code;
    }
    return WI_OK;
}

/* --- all together ----------------------------------------------------------------------------- */

static int has_tensors(enum wi_task_kind task)
{
    return strcmp(wi_task_outputs(task), "none") != 0;
}

enum wi_code wi_task_check_outputs(
    enum wi_task_kind task, size_t count, const struct wi_tensors *outputs, struct wi_error *error)
{
    if (!has_tensors(task))
        return outputs->count == 0 ? WI_OK
                                   : wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                                         "it has %zu outputs; the task %s has none", outputs->count,
                                         wi_task_name(task));
    switch (task) {
    case WI_TASK_EMBED:
        return check_vectors(count, outputs, error);
    case WI_TASK_IMAGE_FEATURES:
        return check_vectors(0, outputs, error);
    case WI_TASK_IMAGE_SEGMENTATION:
        return check_masks(outputs, error);
    case WI_TASK_DEPTH_ESTIMATION:
        return check_depth(outputs, error);
    default:
        return check_sound(outputs, error);
    }
}

enum wi_code wi_task_check_answer(enum wi_task_kind task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error)
{
    enum wi_code code = wi_task_check_outputs(task, count, outputs, error);
    if (code != WI_OK)
        return code;
    if (task == WI_TASK_IMAGE_SEGMENTATION)
        return check_segments(result, outputs, error);
    if (task == WI_TASK_TEXT_TO_SPEECH)
        return check_speech(result, error);
    if (has_tensors(task))
        return WI_OK;
    if (task == WI_TASK_RERANK)
        return check_numbers(json_object_get(result, "scores"), count, error);
    if (task == WI_TASK_TOKENIZE)
        return check_tokens(json_object_get(result, "tokens"), error);
    if (wi_task_samples(task))
        return check_choices(count, in_parts, result, error);
    return check_results(task, count, in_parts, result, error);
}
