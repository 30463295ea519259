/* One measuring: input by input, the source first; see measure.h. */
#include "quantizer/measure.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/probe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one run: the first loads the model. */
#define RUN_MS 300000.0
/* Clients go first: a run that found no room is asked again after a pause, for so long. */
#define AGAIN_MS 500
#define PATIENCE_MS 300000.0
/* What an input may hold. */
#define INPUT_BYTES_MAX ((size_t)64 << 20)

struct side {
    struct wi_model *model;
    double run_ms[WI_MEASURE_INPUTS];
    struct wi_tensors outputs; /* of the input under way */
};

struct wi_measure {
    struct wi_measure_order order;
    struct side source, made, *due;
    struct wi_run *run;
    struct wi_timer *next; /* the next run, always from the loop itself */
    double patient_until;
    unsigned done; /* inputs */
    double cosines[WI_MEASURE_INPUTS];
    double largest_error;
    char browser[32], version[64], node[WI_ID_SIZE];
};

/* --- inputs ----------------------------------------------------------------------------------- */

static struct wi_inference *draw_tensors(
    struct wi_model *model, unsigned number, struct wi_error *error)
{
    const char *name;
    struct wi_inference *asked = wi_inference_new();
    asked->model = wi_model_ref(model);
    asked->type = model->type;
    if (wi_probe_draw(model, number, INPUT_BYTES_MAX, &asked->tensors, &name) == 0)
        return asked;
    wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
        "no input can be made up for %.200s, so that nobody could tell how much it loses", name);
    wi_inference_release(asked);
    return NULL;
}

static struct wi_inference *make_input(
    struct wi_model *model, unsigned number, struct wi_error *error)
{
    const struct wi_task_list *tasks = &model->facts.tasks;
    if (!wi_formats[model->format]->does_tasks)
        return draw_tensors(model, number, error);
    struct wi_inference *asked = NULL;
    for (size_t i = 0; i < tasks->count && !asked; i++)
        asked = wi_probe_vary(model, tasks->items[i], number);
    if (!asked)
        wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "no input stands for what clients ask of it, so that nobody could tell how much it "
            "loses");
    return asked;
}

/* --- figures ---------------------------------------------------------------------------------- */

struct sums {
    double product, one, other; /* of the elements, and of their squares */
    double largest, error;
};

static void add_sums(struct sums *sums, const float *one, const float *other, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double a = one[i], b = other[i];
        sums->product += a * b;
        sums->one += a * a;
        sums->other += b * b;
        sums->largest = fmax(sums->largest, fabs(a));
        sums->error = fmax(sums->error, isfinite(a - b) ? fabs(a - b) : INFINITY);
    }
}

static double cosine_of(const struct sums *sums)
{
    double norms = sqrt(sums->one) * sqrt(sums->other);
    if (sums->one == 0 && sums->other == 0)
        return 1; /* both put out zeros */
    return norms > 0 && isfinite(sums->product) && isfinite(norms) ? sums->product / norms : 0;
}

/* What is chosen step by step is told of anew after the first difference: only numbers that the
 * graphs gave count. */
static int is_compared(const struct wi_tensor *one, const struct wi_tensor *other)
{
    return other && one->datatype == WI_FP32 && other->datatype == WI_FP32 &&
           one->size == other->size && strcmp(one->name, "likely") != 0;
}

static void add_pair(struct sums *sums, const struct wi_tensor *one, const struct wi_tensor *other)
{
    float a[256], b[256];
    for (size_t at = 0; at < one->size; at += sizeof a) {
        size_t size = one->size - at < sizeof a ? one->size - at : sizeof a;
        memcpy(a, wi_tensor_bytes(one) + at, size);
        memcpy(b, wi_tensor_bytes(other) + at, size);
        add_sums(sums, a, b, size / sizeof *a);
    }
}

/* 0, or -1 where there is nothing to compare. */
static int compare(struct wi_measure *measure)
{
    const struct wi_tensors *source = &measure->source.outputs;
    struct sums sums = {0};
    int compared = 0;
    for (size_t i = 0; i < source->count; i++) {
        const struct wi_tensor *one = &source->items[i];
        const struct wi_tensor *other = wi_tensors_find(&measure->made.outputs, one->name);
        if (!is_compared(one, other))
            continue;
        add_pair(&sums, one, other);
        compared = 1;
    }
    measure->cosines[measure->done] = cosine_of(&sums);
    if (sums.error > 0)
        measure->largest_error =
            fmax(measure->largest_error, sums.largest > 0 ? sums.error / sums.largest : INFINITY);
    return compared ? 0 : -1;
}

static int ascending(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Bytes that the model takes in the page that ran it, 0 where that does not say so. */
static json_int_t memory_of(const struct wi_measure *measure, const struct wi_model *model)
{
    struct wi_node_state state;
    const json_t *one;
    size_t i;
    if (wi_bridge_node_state(measure->order.bridge, measure->node, &state) != 0)
        return 0;
    json_array_foreach(state.models, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *hash = json_string_value(json_object_get(one, "hash"));
        if (name && strcmp(name, model->name) == 0 && (!hash || strcmp(hash, model->hash) == 0))
            return json_integer_value(json_object_get(one, "bytes"));
    }
    return 0;
}

static void add_memory(json_t *place, const char *member, json_int_t bytes)
{
    if (bytes > 0)
        json_object_set_new(place, member, json_integer(bytes));
}

static json_t *figures_of(struct wi_measure *measure)
{
    double middle = median(measure->cosines, measure->done), error = measure->largest_error;
    json_t *place = json_pack("{s:s, s:s, s:s, s:f, s:f}", "browser", measure->browser,
        "browser_version", measure->version, "platform", wi_platform_names[WI_WASM], "run_ms",
        median(measure->made.run_ms, measure->done), "source_run_ms",
        median(measure->source.run_ms, measure->done));
    add_memory(place, "memory_bytes", memory_of(measure, measure->made.model));
    add_memory(place, "source_memory_bytes", memory_of(measure, measure->source.model));
    return json_pack("{s:i, s:{s:f, s:f, s:f}, s:o, s:[o]}", "inputs", (int)measure->done, "cosine",
        "median", middle, "p5", measure->cosines[measure->done / 20], "least", measure->cosines[0],
        "largest_error", isfinite(error) ? json_real(error) : json_null(), "places", place);
}

/* --- running ---------------------------------------------------------------------------------- */

static void free_side(struct side *side)
{
    wi_tensors_clear(&side->outputs);
    wi_model_unref(side->model);
}

void wi_measure_drop(struct wi_measure *measure)
{
    if (!measure)
        return;
    wi_run_abandon(measure->run);
    wi_timer_free(measure->next);
    free_side(&measure->source);
    free_side(&measure->made);
    free(measure);
}

static void end(struct wi_measure *measure, const struct wi_error *error)
{
    struct wi_measure_order order = measure->order;
    struct wi_error copy = error ? *error : (struct wi_error){0};
    json_t *figures = error ? NULL : figures_of(measure);
    wi_measure_drop(measure);
    order.on_done(order.context, figures, error ? &copy : NULL);
    json_decref(figures);
}

static void end_input(struct wi_measure *measure)
{
    struct wi_error error;
    if (compare(measure) != 0) {
        wi_error_set(&error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "its graphs put out no numbers that could be compared");
        end(measure, &error);
        return;
    }
    wi_tensors_clear(&measure->source.outputs);
    wi_tensors_clear(&measure->made.outputs);
    measure->due = &measure->source;
    measure->done++;
    measure->order.on_step(measure->order.context, measure->done);
    if (measure->done == WI_MEASURE_INPUTS)
        end(measure, NULL);
    else
        wi_timer_start(measure->next, 0, 0);
}

static void on_sent(void *context, const char *node_id)
{
    (void)context;
    (void)node_id;
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_measure *measure = context;
    wi_tensors_clear(&measure->due->outputs);
    wi_tensors_share(&measure->due->outputs, outcome->outputs);
    measure->due->run_ms[measure->done] = outcome->inference_ms;
    wi_text_copy(measure->node, sizeof measure->node, outcome->node);
    wi_text_copy(measure->browser, sizeof measure->browser, outcome->browser);
    wi_text_copy(measure->version, sizeof measure->version, outcome->browser_version);
}

/* Whether it was only for want of a browser, or of room beside the clients. */
static int passes(const struct wi_measure *measure, const struct wi_error *error)
{
    return wi_now_ms() < measure->patient_until &&
           (error->attempts == 0 || error->code == WI_UNAVAILABLE) &&
           wi_code_status(error->code) >= 429 && error->code != WI_SHUTTING_DOWN;
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_measure *measure = context;
    (void)printing;
    measure->run = NULL;
    if (error && passes(measure, error)) {
        wi_timer_start(measure->next, AGAIN_MS, 0);
    } else if (error) {
        end(measure, error);
    } else if (measure->due == &measure->source) {
        measure->due = &measure->made;
        wi_timer_start(measure->next, 0, 0);
    } else {
        end_input(measure);
    }
}

static void on_next(void *context)
{
    struct wi_measure *measure = context;
    const struct wi_run_owner owner = {
        .context = measure, .on_sent = on_sent, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_error error;
    struct wi_inference *asked = make_input(measure->due->model, measure->done + 1, &error);
    if (!asked) {
        end(measure, &error);
        return;
    }
    asked->has_platform = 1;
    asked->platform = WI_WASM;
    asked->timeout_ms = RUN_MS;
    asked->raw = asked->task != WI_TASK_NONE;
    const struct wi_run_request request = {
        .kind = WI_RUN_SHADOW, .asked = asked, .ours_only = 1, .accepted_at = wi_now_ms()};
    measure->run = wi_run_new(measure->order.runs, &request, &owner);
    wi_run_begin(measure->run);
}

struct wi_measure *wi_measure_begin(const struct wi_measure_order *order)
{
    struct wi_measure *measure = wi_alloc(sizeof *measure);
    measure->order = *order;
    measure->source.model = wi_model_ref(order->source);
    measure->made.model = wi_model_ref(order->made);
    measure->due = &measure->source;
    measure->patient_until = wi_now_ms() + PATIENCE_MS;
    measure->next = wi_timer_new(order->runs->loop, on_next, measure);
    wi_timer_start(measure->next, 0, 0);
    return measure;
}
