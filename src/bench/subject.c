/* The requests to a model, and the answers that it has to give; see subject.h. */
#include "bench/subject.h"

#include "base/memory.h"
#include "base/text.h"

#include "cli/events.h"
#include "cli/text_table.h"
#include "terms/tensor/compare.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)64 << 20)
#define CHANGED_SIZE 200 /* of the member `changed`, below the limit of lab.schema.json */

void wi_bench_subject_clear(struct wi_bench_subject *subject)
{
    for (size_t i = 0; i < subject->count; i++) {
        json_decref(subject->asks[i].request);
        json_decref(subject->asks[i].result);
        wi_tensors_clear(&subject->asks[i].reference);
    }
    free(subject->asks);
    free(subject->name);
    free(subject->title);
    *subject = (struct wi_bench_subject){0};
}

int wi_bench_is_telling(const struct wi_cli *cli)
{
    return wi_argument_given(&cli->arguments, "verbose");
}

void wi_bench_tell(const struct wi_cli *cli, const char *format, ...)
{
    va_list arguments;
    if (!wi_bench_is_telling(cli))
        return;
    fputs(isatty(STDERR_FILENO) ? "\r\033[K  " : "  ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* The inputs of --input, as webinfer infer takes them. */
static enum wi_exit read_request(const struct wi_cli *cli, json_t **request)
{
    struct wi_error error = {0};
    size_t size;
    char *text = wi_cli_read_file(wi_argument(&cli->arguments, "input"), INPUT_MAX, &size, &error);
    json_t *read = text ? json_loadb(text, size, 0, NULL) : NULL;
    free(text);
    if (text && !read)
        wi_error_set(&error, WI_BAD_JSON, "",
            "--input is the file of a JSON document: the inputs, "
            "or an object with inputs and options");
    if (!read)
        return wi_cli_complain(&error);
    *request =
        json_object_get(read, "inputs") ? json_incref(read) : json_pack("{s:O}", "inputs", read);
    json_decref(read);
    return WI_EXIT_OK;
}

static enum wi_exit ask_request(const struct wi_cli *cli, const char *model, json_t **request)
{
    static const char *const members[] = {"inputs", "options", "task"};
    struct wi_rest_answer answer;
    wi_bench_exchange(cli,
        &(struct wi_rest_request){.path = "/v1/models/*/sample",
            .name = model,
            .method = "POST",
            .timeout_ms = WI_BENCH_ASK_MS},
        &answer);
    json_t *sample;
    enum wi_exit result = wi_cli_take(cli, &answer, &sample);
    *request = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        wi_bench_take(*request, members[i], sample);
    json_decref(sample);
    return result;
}

/* A tensor with its data repeated `batch` times; NULL if it has no first dimension or is not a
 * tensor. */
static json_t *repeat_tensor(const json_t *tensor, long batch)
{
    json_t *shape = json_deep_copy(json_object_get(tensor, "shape"));
    json_t *data = json_object_get(tensor, "data"), *all = json_array(), *copy = NULL;
    if (json_array_size(shape) > 0 && json_is_array(data)) {
        json_int_t rows = json_integer_value(json_array_get(shape, 0));
        json_array_set_new(shape, 0, json_integer(rows * batch));
        for (long i = 0; i < batch; i++)
            json_array_extend(all, data);
        copy = json_copy((json_t *)tensor);
        json_object_set(copy, "shape", shape);
        json_object_set(copy, "data", all);
    }
    json_decref(shape);
    json_decref(all);
    return copy;
}

/* A new reference; NULL if the inputs are not tensors that can be repeated. */
static json_t *repeat_request(const json_t *request, long batch)
{
    const json_t *inputs = json_object_get(request, "inputs");
    json_t *all = json_array(), *copy = json_copy((json_t *)request);
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        json_t *repeated = repeat_tensor(json_array_get(inputs, i), batch);
        if (repeated)
            json_array_append_new(all, repeated);
    }
    int failed = json_array_size(all) == 0 || json_array_size(all) != json_array_size(inputs);
    json_object_set_new(copy, "inputs", all);
    if (!failed)
        return copy;
    json_decref(copy);
    return NULL;
}

enum wi_exit wi_bench_sample(const struct wi_cli *cli, const struct wi_bench_choice *choice,
    struct wi_bench_subject *subject)
{
    json_t *request = NULL;
    enum wi_exit result = wi_argument_given(&cli->arguments, "input")
                              ? read_request(cli, &request)
                              : ask_request(cli, subject->name, &request);
    subject->asks = wi_alloc((choice->batches.count + 1) * sizeof *subject->asks);
    for (size_t i = 0; i < choice->batches.count && result == WI_EXIT_OK; i++) {
        long batch = choice->batches.items[i];
        json_t *repeated = batch == 1 ? json_incref(request) : repeat_request(request, batch);
        if (repeated)
            subject->asks[subject->count++] =
                (struct wi_bench_ask){.batch = batch, .request = repeated};
    }
    json_decref(request);
    return result;
}

const struct wi_bench_ask *wi_bench_ask_of(const struct wi_bench_subject *subject, long batch)
{
    for (size_t i = 0; i < subject->count; i++)
        if (subject->asks[i].batch == batch)
            return &subject->asks[i];
    return NULL;
}

void wi_bench_take(json_t *document, const char *member, const json_t *from)
{
    json_t *value = json_object_get(from, member);
    int is_empty = json_is_string(value) && json_string_length(value) == 0;
    if (value && !json_is_null(value) && !is_empty)
        json_object_set(document, member, value);
}

/* The tensors of an answer; none if it has none whose numbers can be compared. */
static void read_outputs(const json_t *answer, struct wi_tensors *outputs)
{
    struct wi_error error;
    if (wi_tensors_from_json(
            outputs, json_object_get(answer, "outputs"), NULL, 0, NULL, "outputs", &error) != WI_OK)
        wi_tensors_clear(outputs);
}

/* The text that answers give for people: the best label, or what was written. */
static const char *said_by(const json_t *result, const char **what)
{
    const json_t *labels = json_object_get(result, "labels");
    *what = labels ? "the label" : "the text";
    return labels ? wi_json_text(json_array_get(labels, 0), "label") : wi_json_text(result, "text");
}

/* Stores which label or text came in the place of the expected one. The prompts of a model that
 * writes differ from the second request on, and so do its answers. */
static void take_said(
    struct wi_bench_cell *cell, const struct wi_bench_ask *ask, const json_t *answer)
{
    const char *what, *wanted = said_by(ask->result, &what);
    const char *said = said_by(json_object_get(answer, "result"), &what);
    if (cell->clock != WI_LAB_CLIENT || cell->writes || !wanted || !said ||
        strcmp(wanted, said) == 0)
        return;
    char *whole = wi_sprintf("%s is \"%s\", not \"%s\"", what, said, wanted), cut[CHANGED_SIZE];
    json_object_set_new(
        cell->document, "changed", json_string(wi_text_copy(cut, sizeof cut, whole)));
    free(whole);
}

/* Compares the tensors: 0, or -1 and the cell has ended. */
static int judge_outputs(
    const struct wi_bench_ask *ask, struct wi_bench_cell *cell, const json_t *answer)
{
    const char *precision = wi_json_text(cell->document, "precision");
    char changed[CHANGED_SIZE];
    struct wi_comparison comparison;
    struct wi_tensors outputs = {0};
    read_outputs(answer, &outputs);
    wi_compare(&ask->reference, &outputs, wi_tolerance_of_graph(precision), &comparison);
    wi_compare_choices(&ask->reference, &outputs, changed, sizeof changed);
    wi_tensors_clear(&outputs);
    if (isfinite(comparison.ratio))
        json_object_set_new(cell->document, "error_ratio",
            json_real(fmax(comparison.ratio, wi_json_number(cell->document, "error_ratio"))));
    if (*changed)
        json_object_set_new(cell->document, "changed", json_string(changed));
    if (comparison.same || comparison.open)
        return 0;
    wi_bench_cell_end(cell, WI_LAB_INEXACT, comparison.detail);
    return -1;
}

int wi_bench_judge(
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, const json_t *answer)
{
    const struct wi_bench_ask *ask = wi_bench_ask_of(subject, cell->batch);
    if (strcmp(cell->platform, "simulated") == 0)
        return 0; /* such nodes make their answers up */
    take_said(cell, ask, answer);
    return ask->reference.count > 0 ? judge_outputs(ask, cell, answer) : 0;
}

/* Sends one request on WASM, in `precision` if it is not NULL. */
static enum wi_bench_end refer_once(const struct wi_cli *cli,
    const struct wi_bench_subject *subject, struct wi_bench_ask *ask, const char *precision)
{
    json_t *request = json_copy(ask->request);
    struct wi_rest_answer answer;
    json_object_update_new(request,
        json_pack("{s:s, s:s, s:b, s:i, s:s*}", "model_name", subject->name, "platform", "wasm",
            "fallback", 0, "timeout_ms", WI_BENCH_LOAD_MS, "precision", precision));
    wi_bench_exchange(cli,
        &(struct wi_rest_request){.path = "/v1/infer",
            .json = request,
            .timeout_ms = WI_BENCH_LOAD_MS + WI_BENCH_ASK_MS,
            .is_cancelled = wi_cli_is_interrupted},
        &answer);
    json_t *value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    wi_bench_tell(cli, "%s on wasm%s%s, the reference for others: POST /v1/infer: %ld",
        subject->name, precision ? " in " : "", precision ? precision : "", answer.status);
    if (answer.status == 200) {
        read_outputs(value, &ask->reference);
        json_decref(ask->result);
        ask->result = json_incref(json_object_get(value, "result"));
    }
    enum wi_bench_end end = wi_bench_end_of(&answer);
    json_decref(value);
    wi_rest_answer_clear(&answer);
    return end;
}

enum wi_bench_end wi_bench_refer(const struct wi_cli *cli, struct wi_bench_subject *subject)
{
    static const char *const precisions[] = {"fp32", NULL};
    enum wi_bench_end end = WI_BENCH_DONE;
    for (size_t i = 0; i < subject->count && end == WI_BENCH_DONE; i++) {
        struct wi_bench_ask *ask = &subject->asks[i];
        for (size_t p = 0; p < 2 && end == WI_BENCH_DONE && !ask->is_referred; p++) {
            end = refer_once(cli, subject, ask, precisions[p]);
            ask->is_referred = end == WI_BENCH_DONE && (ask->reference.count > 0 || p == 1);
        }
    }
    return end;
}
