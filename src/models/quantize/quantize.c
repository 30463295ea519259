/* From a model to the new one: read, planned, written. */
#include "models/quantize/quantize.h"

#include "base/file.h"
#include "models/quantize/halves.h"
#include "models/quantize/integers.h"
#include "terms/model/view.h"

#include <errno.h>
#include <string.h>

#define PREFIX_MAX 16

static int has_prefix(const struct wi_graph *graph, const char *prefix)
{
    size_t length = strlen(prefix);
    for (const struct wi_graph_value *value = graph->values; value; value = value->hh.next)
        if (strncmp(value->name, prefix, length) == 0)
            return 1;
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t k = 0; k < graph->nodes[i].graph_count; k++)
            if (has_prefix(graph->nodes[i].graphs[k], prefix))
                return 1;
    return 0;
}

/* "q/", or with more of them where the source has names that begin so. 0, or -1. */
static int choose_prefix(const struct wi_graph *graph, char prefix[PREFIX_MAX + 2])
{
    for (size_t length = 1; length <= PREFIX_MAX; length++) {
        memset(prefix, 'q', length);
        memcpy(prefix + length, "/", 2);
        if (!has_prefix(graph, prefix))
            return 0;
    }
    return -1;
}

/* Sets the problem, unless it has been set. */
static int say_failed(const struct wi_quantize_output *output)
{
    if (output->plan->problem->code)
        return -1;
    if (output->model->input->problem)
        return wi_plan_invalid(output->plan);
    int is_full = wi_is_full(output->why) || output->why == EFBIG;
    return wi_plan_fail(output->plan, is_full ? "no_room" : "internal",
        "the new model cannot be written: %s", strerror(output->why));
}

static int write_model(struct wi_quantize_output *output, const struct wi_buffer *message)
{
    const struct wi_quantize *quantize = output->quantize;
    if (quantize->write(quantize->sink, 0, message->text, message->size) == 0)
        return 0;
    output->why = errno;
    return -1;
}

/* Writes the planned model. */
static int put_model(struct wi_quantize_plan *plan)
{
    char prefix[PREFIX_MAX + 2];
    struct wi_quantize_output output = {.plan = plan,
        .quantize = plan->quantize,
        .model = plan->model,
        .external = plan->bytes > plan->quantize->inline_max,
        .prefix = prefix,
        .total = plan->source};
    struct wi_buffer message = {0};
    if (choose_prefix(plan->model->graph, prefix) < 0)
        return wi_plan_fail(plan, "model_invalid",
            "names in the model begin with q/, and with up to %d of these letters", PREFIX_MAX);
    int code = (plan->quantize->bits == 16 ? wi_halves_put : wi_integers_put)(&output, &message);
    if (code < 0 || write_model(&output, &message) < 0)
        code = say_failed(&output);
    wi_buffer_clear(&message);
    return code;
}

/* What people put in the place of a model by accident. */
static int check_head(const struct wi_quantize_plan *plan)
{
    unsigned char head[WI_GUESS_BYTES];
    struct wi_protobuf_range range = {0, plan->quantize->input->size};
    if (range.end > sizeof head)
        range.end = sizeof head;
    if (wi_protobuf_copy(plan->quantize->input, &range, head) < 0)
        return wi_plan_fail(plan, "model_invalid", "the file cannot be read");
    const char *text = wi_guess_text(head, (size_t)range.end);
    return text ? wi_plan_fail(plan, "model_invalid", "the file is no ONNX model: %s", text) : 0;
}

int wi_quantize(const struct wi_quantize *quantize, struct wi_quantize_result *result,
    struct wi_quantize_problem *problem)
{
    struct wi_graph_model model = {
        .input = quantize->input, .read = quantize->read, .source = quantize->source};
    struct wi_quantize_plan plan = {
        .model = &model, .quantize = quantize, .result = result, .problem = problem};
    *result = (struct wi_quantize_result){0};
    *problem = (struct wi_quantize_problem){.share = -1};
    if (check_head(&plan) < 0)
        return -1;
    int code = wi_graph_read(&model);
    if (code < 0)
        wi_plan_invalid(&plan);
    else
        code = (quantize->bits == 16 ? wi_halves_plan : wi_plan_make)(&plan);
    if (code == 0)
        code = put_model(&plan);
    wi_plan_clear(&plan);
    wi_graph_clear(&model);
    return code;
}
