/*
 * The answers of a simulated node: tensors as they came or of the right shape, and for tasks
 * answers of the right form, always the same for the same input.
 */
#include "simulate/simulate.h"

#include "base/hash.h"
#include "base/memory.h"
#include "terms/kernel/builtin.h"
#include "terms/task/task_table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSIONS 8
#define DIMENSIONS_MAX 65536

enum wi_task_kind wi_sim_task_kind(const struct wi_worker_request *request)
{
    return wi_task_of_name(json_string_value(json_object_get(request->data, "task")), 0);
}

/* --- what always is the same ----------------------------------------------------------------- */

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
static const float zero;

/* The caller fills in its bytes. */
static struct wi_blob *add_output(struct wi_worker_answer *answer, const char *name,
    enum wi_datatype datatype, int64_t rows, int64_t columns)
{
    struct wi_tensor *tensor = wi_tensors_add(&answer->outputs);
    *tensor = (struct wi_tensor){.name = wi_strdup(name),
        .datatype = datatype,
        .rank = columns ? 2 : 1,
        .dims = {rows, columns},
        .size = (size_t)(columns ? rows * columns : rows) * wi_datatype_size(datatype)};
    tensor->blob = wi_blob_new(NULL, tensor->size);
    if (!tensor->blob)
        abort();
    return tensor->blob;
}

static void add_file(
    struct wi_worker_answer *answer, const char *name, const void *bytes, size_t size)
{
    wi_blob_append(add_output(answer, name, WI_UINT8, (int64_t)size, 0), bytes, size);
}

/* The input of the task; the first if there are several. */
static void add_sample(struct wi_worker_answer *answer, const struct wi_task_output *output)
{
    char name[40];
    snprintf(name, sizeof name, "%s%s", output->name,
        output->name[strlen(output->name) - 1] == '_' ? "0" : "");
    if (output->kind == WI_OUTPUT_PNG)
        add_file(answer, name, png, sizeof png);
    else if (output->kind == WI_OUTPUT_WAV)
        add_file(answer, name, wav, sizeof wav);
    else
        wi_blob_append(add_output(answer, name, WI_FP32, 1, 1), &zero, sizeof zero);
}

/* Each label is half as probable as the one before. */
static json_t *weigh_labels(const json_t *names)
{
    json_t *labels = json_array();
    double probability = 0.5;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *name = json_array_get(names, i);
        json_array_append_new(labels, json_pack("{s:O, s:I, s:f}", "label", name, "index",
                                          (json_int_t)i, "probability", probability));
        probability /= 2;
    }
    return json_pack("{s:o}", "labels", labels);
}

static void answer_sample(const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    enum wi_task_kind task = wi_sim_task_kind(request);
    const struct wi_task_row *row = &wi_tasks[task];
    const json_t *input = json_object_get(request->data, "input");
    const json_t *labels = json_object_get(input, "labels");
    size_t count = wi_task_count(task, input, request->options);
    json_t *result = labels        ? weigh_labels(labels)
                     : row->sample ? json_loads(row->sample, 0, NULL)
                                   : NULL;
    for (size_t i = 0; i < WI_TASK_OUTPUTS && row->tensors[i].name; i++)
        add_sample(answer, &row->tensors[i]);
    if (count > 1) {
        json_t *results = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append(results, result);
        json_decref(result);
        result = json_pack("{s:o}", "results", results);
    }
    answer->result = result;
}

/* --- what is made of the input ---------------------------------------------------------------- */

static json_t *usage_of(size_t words)
{
    return json_pack("{s:I, s:i}", "prompt_tokens", (json_int_t)words, "completion_tokens", 0);
}

static void embed_one(const char *text, size_t dimensions, float *row)
{
    unsigned char hash[WI_HASH_SIZE];
    double square = 0;
    wi_hash(text, strlen(text), hash);
    for (size_t i = 0; i < dimensions; i++) {
        row[i] = (float)hash[i % sizeof hash] - 127.5f + (float)(i / sizeof hash);
        square += (double)row[i] * row[i];
    }
    for (size_t i = 0; i < dimensions; i++)
        row[i] = (float)(row[i] / sqrt(square));
}

static void texts_embed(const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    const json_t *texts = json_object_get(json_object_get(request->data, "input"), "texts"), *text;
    json_int_t wanted = json_integer_value(json_object_get(request->options, "dimensions"));
    size_t dimensions = wanted > 0 && wanted <= DIMENSIONS_MAX ? (size_t)wanted : DIMENSIONS;
    size_t count = json_array_size(texts), words = 0, i;
    struct wi_blob *blob =
        add_output(answer, "embeddings", WI_FP32, (int64_t)count, (int64_t)dimensions);
    json_array_foreach(texts, i, text)
    {
        embed_one(
            json_string_value(text), dimensions, (float *)(void *)blob->bytes + i * dimensions);
        words += wi_sim_text_words(json_string_value(text));
    }
    blob->size = count * dimensions * sizeof(float);
    answer->result = json_pack("{s:o}", "usage", usage_of(words));
}

static json_t *documents_rerank(const json_t *input)
{
    const char *query = json_string_value(json_object_get(input, "query"));
    json_t *scores = json_array();
    size_t words = wi_sim_text_words(query);
    const json_t *list = json_object_get(input, "documents");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        json_array_append_new(scores, json_real(wi_sim_text_score(query, text)));
        words += wi_sim_text_words(text);
    }
    return json_pack("{s:o, s:o}", "scores", scores, "usage", usage_of(words));
}

static json_t *text_tokenize(const json_t *input)
{
    const json_t *messages = json_object_get(input, "messages");
    if (messages)
        return wi_sim_text_read(messages);
    return wi_sim_text_tokens(json_string_value(json_object_get(input, "text")),
        json_is_true(json_object_get(input, "add_special")));
}

/* Takes as long as its stream, whose parts follow each other in that time. */
static void text_speak(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    double token_ms = sim->options->token_ms;
    json_t *parts = wi_sim_text_speak(request, token_ms, 0, &answer->result);
    answer->inference_ms += (double)(json_array_size(parts) - 1) * token_ms;
    json_decref(parts);
}

/* A text that is no continuation, such as one that is heard: a word after the other. */
static void sample_speak(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    answer_sample(request, answer);
    const char *text = json_string_value(json_object_get(answer->result, "text"));
    answer->inference_ms += (double)wi_sim_text_words(text ? text : "") * sim->options->token_ms;
}

static void answer_task(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    const json_t *input = json_object_get(request->data, "input");
    switch (wi_sim_task_kind(request)) {
    case WI_TASK_EMBED:
        texts_embed(request, answer);
        break;
    case WI_TASK_RERANK:
        answer->result = documents_rerank(input);
        break;
    case WI_TASK_TOKENIZE:
        answer->result = json_pack("{s:o}", "tokens", text_tokenize(input));
        break;
    default:
        if (wi_task_samples(wi_sim_task_kind(request)))
            text_speak(sim, request, answer);
        else
            sample_speak(sim, request, answer);
    }
}

/* --- without a task -------------------------------------------------------------------------- */

/* The requested inputs, unchanged. */
static void tensors_echo(
    const json_t *wanted, const struct wi_tensors *inputs, struct wi_tensors *outputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        struct wi_tensors one = {&inputs->items[i], 1};
        if (wi_sim_model_wants(wanted, one.items->name))
            wi_tensors_share(outputs, &one);
    }
}

static void answer_count(const json_t *options, struct wi_worker_answer *answer)
{
    struct wi_count_options read;
    wi_builtin_read_count(options, "options.", &read, &answer->failure);
    answer->result = json_pack("{s:I}", "count", (json_int_t)read.count);
    answer->inference_ms += (double)((read.count - 1) * read.interval_ms);
}

/* --- a benchmark ------------------------------------------------------------------------------ */

/* The clock resolution that a simulated node reports, in milliseconds. */
#define CLOCK_MS 0.001

static void hash_outputs(const struct wi_tensors *outputs, char hex[WI_HASH_HEX_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    for (size_t i = 0; i < outputs->count; i++)
        wi_hasher_add(hasher, wi_tensor_bytes(&outputs->items[i]), outputs->items[i].size);
    wi_hasher_end(hasher, hex);
    wi_hasher_free(hasher);
}

/* As if one operator had taken almost all of each run. */
static json_t *profile_make(json_int_t runs, double run_ms)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:[{s:s, s:s, s:I, s:f}]}", "source", "simulated",
        "platform", "simulated", "clock", "cpu", "runs", runs, "nodes", "name", "simulated",
        "operator", "Simulated", "calls", runs, "ms", 0.9 * run_ms);
}

/* Draws a time for each run that there would be, of which each takes `more_ms` in addition, and
 * answers after their sum. */
static void benchmark_measure(
    struct sim *sim, const json_t *benchmark, double more_ms, struct wi_worker_answer *answer)
{
    json_int_t runs = json_integer_value(json_object_get(benchmark, "runs"));
    json_int_t warmup = json_integer_value(json_object_get(benchmark, "warmup"));
    double first_ms = answer->inference_ms, all_ms = 0, measured_ms = 0;
    json_t *run_ms = json_array();
    char hash[WI_HASH_HEX_SIZE];
    for (json_int_t i = 0; i < warmup + runs; i++) {
        double ms = i == 0 ? first_ms
                           : more_ms + sim->options->latency_ms +
                                 wi_worker_random(&sim->service) * sim->options->jitter_ms;
        all_ms += ms;
        if (i < warmup)
            continue;
        measured_ms += ms;
        json_array_append_new(run_ms, json_real(ms));
    }
    hash_outputs(&answer->outputs, hash);
    json_decref(answer->result);
    answer->inference_ms = all_ms;
    answer->result = json_pack("{s:f, s:o, s:n, s:i, s:n, s:i, s:f, s:[], s:s}", "first_ms",
        first_ms, "run_ms", run_ms, "gpu_ms", "load_ms", 0, "threads", "repeats", 1, "clock_ms",
        CLOCK_MS, "disturbed", "output_hash", hash);
    if (json_is_true(json_object_get(benchmark, "profile")))
        json_object_set_new(answer->result, "profile", profile_make(runs, measured_ms));
}

static void answer_once(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    const json_t *wanted = json_object_get(request->data, "outputs");
    enum wi_builtin builtin = wi_builtin_of_name(request->model);
    if (wi_sim_task_kind(request) != WI_TASK_NONE)
        answer_task(sim, request, answer);
    else if (builtin == WI_BUILTIN_ECHO)
        tensors_echo(wanted, request->inputs, &answer->outputs);
    else if (builtin == WI_BUILTIN_COUNT)
        answer_count(request->options, answer);
    else
        wi_sim_model_outputs(sim, request, &answer->outputs, &answer->failure);
}

void wi_sim_answer(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer)
{
    const json_t *benchmark = json_object_get(request->data, "benchmark");
    double drawn_ms = answer->inference_ms;
    answer_once(sim, request, answer);
    if (benchmark && answer->failure.code == WI_OK)
        benchmark_measure(sim, benchmark, answer->inference_ms - drawn_ms, answer);
}
