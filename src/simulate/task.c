/*
 * What a simulated node says of texts, pictures and sounds: answers of the right form that say
 * nothing, always the same for the same input.
 */
#include "simulate/simulate.h"

#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES 16

/* A grey picture of one pixel, and a WAV file of one sample. */
static const unsigned char png[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00,
    0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
    0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9c, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00,
    0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
static const unsigned char wav[] = {0x52, 0x49, 0x46, 0x46, 0x26, 0x00, 0x00, 0x00, 0x57, 0x41,
    0x56, 0x45, 0x66, 0x6d, 0x74, 0x20, 0x10, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x80, 0x3e,
    0x00, 0x00, 0x00, 0x7d, 0x00, 0x00, 0x02, 0x00, 0x10, 0x00, 0x64, 0x61, 0x74, 0x61, 0x02, 0x00,
    0x00, 0x00, 0x00, 0x00};

/* --- tensors ---------------------------------------------------------------------------------- */

static void add_tensor(struct sim_answer *answer, const char *name, enum wi_datatype type,
    int64_t rows, int64_t columns, const void *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size);
    if (!blob)
        return;
    wi_blob_append(blob, bytes, size);
    *wi_tensors_add(&answer->outputs) = (struct wi_tensor){.name = wi_strdup(name),
        .datatype = type,
        .rank = columns ? 2 : 1,
        .dims = {rows, columns},
        .blob = blob,
        .size = size};
}

static void add_file(
    struct sim_answer *answer, const char *name, const unsigned char *bytes, size_t size)
{
    add_tensor(answer, name, WI_UINT8, (int64_t)size, 0, bytes, size);
}

/* --- what is said of one thing ---------------------------------------------------------------- */

/* Each label half as probable as the one before. */
static json_t *label(const json_t *names)
{
    static const char *const usual[] = {"yes", "no"};
    size_t count = names ? json_array_size(names) : 2;
    json_t *labels = json_array();
    double probability = 0.5;
    for (size_t i = 0; i < count; i++, probability /= 2)
        json_array_append_new(
            labels, json_pack("{s:s, s:I, s:f}", "label",
                        names ? json_string_value(json_array_get(names, i)) : usual[i], "index",
                        (json_int_t)i, "probability", probability));
    return json_pack("{s:o}", "labels", labels);
}

/* Whatever begins with a capital is a name. */
static json_t *find_names(const char *text)
{
    json_t *entities = json_array();
    for (const char *at = text; *at; at++) {
        size_t length = strcspn(at, " \t\r\n.,;:!?");
        if (isupper((unsigned char)*at) && (at == text || isspace((unsigned char)at[-1])))
            json_array_append_new(entities,
                json_pack("{s:s, s:f, s:I, s:I, s:o}", "entity", "NAME", "score", 1.0, "start",
                    (json_int_t)(at - text), "end", (json_int_t)(at - text + (int)length), "word",
                    json_stringn(at, length)));
    }
    return json_pack("{s:o}", "entities", entities);
}

static json_t *answer_with(const char *text)
{
    size_t length = strcspn(text, " ");
    return json_pack("{s:[{s:o, s:f, s:i, s:I}]}", "answers", "answer", json_stringn(text, length),
        "score", 1.0, "start", 0, "end", (json_int_t)length);
}

static json_t *say_of(enum wi_task_kind task, const json_t *input, const char *text)
{
    const char *context = json_string_value(json_object_get(input, "context"));
    switch (task) {
    case WI_TASK_TOKEN_CLASSIFICATION:
        return find_names(text);
    case WI_TASK_FILL_MASK:
        return json_pack("{s:[{s:i, s:s, s:s, s:f, s:s, s:s}]}", "fills", "token", 1, "token_text",
            "word", "token_str", "word", "probability", 1.0, "text", text, "sequence", text);
    case WI_TASK_QUESTION_ANSWERING:
    case WI_TASK_DOCUMENT_QUESTION:
        return answer_with(context ? context : "simulated");
    case WI_TASK_OBJECT_DETECTION:
        return json_pack("{s:[{s:s, s:f, s:{s:i, s:i, s:i, s:i}}]}", "boxes", "label", "thing",
            "score", 1.0, "box", "xmin", 0, "ymin", 0, "xmax", 1, "ymax", 1);
    default:
        return label(json_object_get(input, "labels"));
    }
}

/* --- all together ----------------------------------------------------------------------------- */

static void say_of_each(enum wi_task_kind task, const json_t *input, struct sim_answer *answer)
{
    const json_t *texts = json_object_get(input, "texts"), *text;
    size_t i, count = json_array_size(texts);
    if (!texts)
        count = json_array_size(texts = json_object_get(input, "pairs"));
    if (count <= 1) {
        const char *only = json_string_value(json_array_get(texts, 0));
        answer->result = say_of(task, input, only ? only : "");
        return;
    }
    json_t *results = json_array();
    json_array_foreach(texts, i, text)
    {
        const char *one = json_string_value(text);
        json_array_append_new(results, say_of(task, input, one ? one : ""));
    }
    answer->result = json_pack("{s:o}", "results", results);
}

enum wi_task_kind sim_task_kind(const struct sim_task *task)
{
    return wi_task_of_name(json_string_value(json_object_get(task->data, "task")), 0);
}

void sim_task_answer(const struct sim_task *task, struct sim_answer *answer)
{
    static const float zeros[FEATURES];
    enum wi_task_kind kind = sim_task_kind(task);
    const json_t *input = json_object_get(task->data, "input");
    switch (kind) {
    case WI_TASK_IMAGE_SEGMENTATION:
        add_file(answer, "mask_0", png, sizeof png);
        answer->result = json_pack(
            "{s:[{s:s, s:f, s:s}]}", "segments", "label", "thing", "score", 1.0, "mask", "mask_0");
        break;
    case WI_TASK_DEPTH_ESTIMATION:
        add_file(answer, "depth", png, sizeof png);
        add_tensor(answer, "predicted_depth", WI_FP32, 1, 1, zeros, sizeof *zeros);
        answer->result = json_pack("{s:i, s:i}", "width", 1, "height", 1);
        break;
    case WI_TASK_IMAGE_FEATURES:
        add_tensor(answer, "embeddings", WI_FP32, 1, FEATURES, zeros, sizeof zeros);
        break;
    case WI_TASK_TEXT_TO_SPEECH:
        add_file(answer, "audio", wav, sizeof wav);
        answer->result = json_pack("{s:i, s:f}", "sampling_rate", 16000, "duration", 1 / 16000.0);
        break;
    case WI_TASK_SPEECH_RECOGNITION:
        answer->result = json_pack("{s:s, s:f}", "text", "simulated", "duration", 0.0);
        break;
    default:
        say_of_each(kind, input, answer);
    }
}
