/* Checks of answers to tasks, which come from nodes that are not trusted. */
#include "terms/task/private.h"

#include <stdio.h>
#include <string.h>

/* More than so many labels, words or boxes are no answer. */
#define ROWS_MAX 100000

static enum wi_code field_refuse(struct wi_error *error, const char *field, const char *must)
{
    return wi_error_set(error, WI_INFERENCE_FAILED, field, "%s must be %s", field, must);
}

/* --- objects with certain members ------------------------------------------------------------- */

static const char *object_misses(const json_t *object, const char *members);

/* Whether a value is of the type at `type`, which ends with a comma, a bracket or the text. */
static int is_of(const json_t *value, const char *type);

static int is_list_of(const json_t *list, const char *type)
{
    const json_t *value;
    size_t i = 0;
    json_array_foreach(list, i, value)
    {
        if (!is_of(value, type))
            break;
    }
    return json_is_array(list) && i == json_array_size(list);
}

static int is_of(const json_t *value, const char *type)
{
    if (*type == '(')
        return json_is_object(value) && !object_misses(value, type + 1);
    if (*type == '[')
        return is_list_of(value, type + 1);
    if (strncmp(type, "integer", 7) == 0)
        return json_is_integer(value) && json_integer_value(value) >= 0;
    return *type == 'n' ? json_is_number(value) : json_is_string(value);
}

/* The first of the members, such as "label string, index? integer", that an object has not as it
 * must; NULL: it has all. */
static const char *object_misses(const json_t *object, const char *members)
{
    while (*members && *members != ')') {
        char name[32];
        size_t length = strcspn(members, "? ");
        const char *type = strchr(members, ' ') + 1;
        const char *end = *type == '(' ? strchr(type, ')') + 1 : type + strcspn(type, ",)");
        snprintf(name, sizeof name, "%.*s", (int)length, members);
        const json_t *value = json_object_get(object, name);
        if (!value || json_is_null(value) ? members[length] != '?' : !is_of(value, type))
            return members;
        members = end + strspn(end, ", ");
    }
    return NULL;
}

/* `list`, which is called `name`: objects with those members. */
static enum wi_code check_list(
    const json_t *list, const char *name, const char *members, struct wi_error *error)
{
    char field[80];
    snprintf(field, sizeof field, "data.result.%s", name);
    if (!json_is_array(list) || json_array_size(list) > ROWS_MAX)
        return field_refuse(error, field, "a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *missed = object_misses(json_array_get(list, i), members);
        if (missed)
            return wi_error_set(error, WI_INFERENCE_FAILED, field, "%s[%zu] must have %.*s", field,
                i, (int)strcspn(missed, ",(|"), missed);
    }
    return WI_OK;
}

static enum wi_code check_rows(
    const json_t *result, const char *name, const char *members, struct wi_error *error)
{
    return check_list(json_object_get(result, name), name, members, error);
}

/* --- text ------------------------------------------------------------------------------------ */

static enum wi_code check_choice(const json_t *choice, int in_parts, struct wi_error *error)
{
    const json_t *why = json_object_get(choice, "finish_reason");
    if (!in_parts && !json_is_string(json_object_get(choice, "text")))
        return field_refuse(
            error, "data.result", "an object with text, or with choices that have it");
    if (why && !json_is_string(why))
        return field_refuse(error, "data.result.finish_reason", "a string");
    return WI_OK;
}

enum wi_code wi_answer_text(const struct wi_task_answer *answer, struct wi_error *error)
{
    const json_t *choices = json_object_get(answer->result, "choices");
    if (!json_is_object(answer->result))
        return field_refuse(error, "data.result", "an object");
    if (answer->count <= 1)
        return check_choice(answer->result, answer->in_parts, error);
    if (answer->in_parts && !choices)
        return WI_OK;
    if (json_array_size(choices) != answer->count)
        return field_refuse(error, "data.result.choices", "a list with an answer for each of n");
    for (size_t i = 0; i < answer->count; i++) {
        const json_t *choice = json_array_get(choices, i);
        if (json_integer_value(json_object_get(choice, "index")) != (json_int_t)i)
            return field_refuse(error, "data.result.choices", "in the order of their index");
        if (check_choice(choice, answer->in_parts, error) != WI_OK)
            return WI_INFERENCE_FAILED;
    }
    return WI_OK;
}

enum wi_code wi_answer_scores(const struct wi_task_answer *answer, struct wi_error *error)
{
    const json_t *list = json_object_get(answer->result, "scores");
    if (!json_is_array(list) || json_array_size(list) != answer->count)
        return field_refuse(error, "data.result.scores", "a list with a number for each document");
    return is_list_of(list, "number")
               ? WI_OK
               : field_refuse(error, "data.result.scores", "a list of numbers");
}

enum wi_code wi_answer_tokens(const struct wi_task_answer *answer, struct wi_error *error)
{
    return is_list_of(json_object_get(answer->result, "tokens"), "integer")
               ? WI_OK
               : field_refuse(error, "data.result.tokens", "a list of integers");
}

enum wi_code wi_answer_transcript(const struct wi_task_answer *answer, struct wi_error *error)
{
    static const char *const lists[] = {"segments", "words"};
    if (object_misses(answer->result, answer->in_parts ? "text? string" : "text string") ||
        object_misses(answer->result, "language? string, duration? number"))
        return field_refuse(
            error, "data.result", "an object with text, and with duration as a number");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *list = json_object_get(answer->result, lists[i]);
        if (list &&
            check_list(list, lists[i], WI_SPOKEN_MEMBERS ", " WI_SPOKEN_DETAILS, error) != WI_OK)
            return error->code;
    }
    return WI_OK;
}

/* --- lists, by text or with files ------------------------------------------------------------- */

enum wi_code wi_answer_fills(const struct wi_task_answer *answer, struct wi_error *error)
{
    const json_t *masks = json_object_get(answer->result, "masks");
    if (!masks)
        return check_rows(answer->result, "fills", WI_FILL_MEMBERS, error);
    if (!json_is_array(masks) || json_array_size(masks) > ROWS_MAX)
        return field_refuse(error, "data.result.masks", "a list of lists");
    for (size_t i = 0; i < json_array_size(masks); i++) {
        enum wi_code code = check_list(json_array_get(masks, i), "masks", WI_FILL_MEMBERS, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

/* Each names its mask's file. */
enum wi_code wi_answer_segments(const struct wi_task_answer *answer, struct wi_error *error)
{
    const json_t *segments = json_object_get(answer->result, "segments");
    enum wi_code code = check_rows(answer->result, "segments", WI_SEGMENT_MEMBERS, error);
    if (code != WI_OK)
        return code;
    if (json_array_size(segments) > WI_TENSORS_MAX)
        return field_refuse(error, "data.result.segments", "no longer than there may be masks");
    for (size_t i = 0; i < json_array_size(segments); i++) {
        const char *mask = json_string_value(json_object_get(json_array_get(segments, i), "mask"));
        if (!mask || !wi_tensors_find(answer->outputs, mask))
            return field_refuse(error, "data.result.segments", "a list whose masks are all there");
    }
    return WI_OK;
}

enum wi_code wi_answer_speech(const struct wi_task_answer *answer, struct wi_error *error)
{
    return !object_misses(answer->result, "sampling_rate integer, duration number")
               ? WI_OK
               : field_refuse(error, "data.result", "an object with sampling_rate and duration");
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* `rows` 0: any number of them. */
static int is_output(const struct wi_tensor *tensor, enum wi_output_kind kind, size_t rows)
{
    if (kind == WI_OUTPUT_PNG || kind == WI_OUTPUT_WAV)
        return tensor->datatype == WI_UINT8 && tensor->rank == 1 && tensor->dims[0] > 0;
    return tensor->datatype == WI_FP32 && tensor->rank == 2 && tensor->dims[0] > 0 &&
           tensor->dims[1] > 0 &&
           (kind == WI_OUTPUT_MATRIX || rows == 0 || tensor->dims[0] == (int64_t)rows);
}

/* "embeddings, FP32 with 2 rows, …" */
static enum wi_code wrong_outputs(enum wi_task_kind task, size_t count, struct wi_error *error)
{
    static const char *const kinds[] = {[WI_OUTPUT_MATRIX] = "FP32 of rows and columns",
        [WI_OUTPUT_PNG] = "UINT8, the bytes of a PNG file",
        [WI_OUTPUT_WAV] = "UINT8, the bytes of a WAV file"};
    const struct wi_task_output *rows = wi_tasks[task].tensors;
    char text[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < WI_TASK_OUTPUTS && rows[i].name; i++) {
        char each[40] = "FP32 of rows and columns";
        if (rows[i].kind == WI_OUTPUT_ROWS && count > 0)
            snprintf(each, sizeof each, "FP32 of %zu rows", count);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s, %s", i ? "; " : "",
            rows[i].name, rows[i].name[strlen(rows[i].name) - 1] == '_' ? "0 …" : "",
            rows[i].kind == WI_OUTPUT_ROWS ? each : kinds[rows[i].kind]);
    }
    return field_refuse(error, "data.tensors", text);
}

enum wi_code wi_task_check_outputs(
    enum wi_task_kind task, size_t count, const struct wi_tensors *outputs, struct wi_error *error)
{
    if (!wi_tasks[task].outputs)
        return outputs->count == 0 ? WI_OK
                                   : wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
                                         "it has %zu outputs; the task %s has none", outputs->count,
                                         wi_task_name(task));
    for (size_t i = 0; i < outputs->count; i++) {
        const struct wi_tensor *tensor = &outputs->items[i];
        const struct wi_task_output *output = wi_task_output(task, tensor->name);
        if (!output || !is_output(tensor, output->kind, count) ||
            wi_tensors_find(outputs, tensor->name) != tensor)
            return wrong_outputs(task, count, error);
    }
    /* Those of masks are as many as there are segments. */
    return outputs->count > 0 || wi_tasks[task].check == wi_answer_segments
               ? WI_OK
               : wrong_outputs(task, count, error);
}

/* --- all together ----------------------------------------------------------------------------- */

static enum wi_code check_one(
    const struct wi_task_row *row, const struct wi_task_answer *answer, struct wi_error *error)
{
    return row->check ? row->check(answer, error)
                      : check_rows(answer->result, row->list, row->members, error);
}

/* One thing has its result alone, several have `results`. */
static enum wi_code check_results(
    const struct wi_task_row *row, const struct wi_task_answer *answer, struct wi_error *error)
{
    const json_t *results = json_object_get(answer->result, "results");
    if (!json_is_object(answer->result))
        return field_refuse(error, "data.result", "an object");
    if (answer->count == 1 || row->is_one)
        return check_one(row, answer, error);
    if (!json_is_array(results) || json_array_size(results) != answer->count)
        return field_refuse(error, "data.result.results", "a list with a result for each text");
    for (size_t i = 0; i < json_array_size(results); i++) {
        struct wi_task_answer part = *answer;
        part.result = json_array_get(results, i);
        enum wi_code code = check_one(row, &part, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

enum wi_code wi_task_check_answer(enum wi_task_kind task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_task_row *row = &wi_tasks[task];
    const struct wi_task_answer answer = {count, in_parts, result, outputs};
    enum wi_code code = wi_task_check_outputs(task, count, outputs, error);
    return code == WI_OK && (row->check || row->list) ? check_results(row, &answer, error) : code;
}
