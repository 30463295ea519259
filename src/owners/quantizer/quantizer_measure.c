/*
 * One measurement: place by place, and at each place input by input; see quantizer_measure.h. The
 * new variant runs first: a page whose memory has grown for the larger model would load the smaller
 * one into the free part of that memory, and report that it takes next to nothing.
 */
#include "owners/quantizer/quantizer_measure.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "owners/quantizer/quantizer_inputs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one run: the first loads the model. */
#define RUN_MS 300000.0
#define PLACE_RUN_MS 60000.0
/* Clients go first: a run that found no room is asked again after a pause, for so long. */
#define AGAIN_MS 500
#define PATIENCE_MS 300000.0
/* After so long the other places are done with what they have. */
#define PLACES_MS 20000.0

struct side {
    struct wi_model *model;
    double run_ms[WI_MEASURE_INPUTS];
    struct wi_tensors outputs; /* of the input under way */
};

/* Where it is measured: the first on WASM in any browser, the others on a node each. */
struct place {
    char node[WI_ID_SIZE]; /* that has run it, or is to; "" any */
    char browser[32], version[64];
    enum wi_platform platform;
};

struct wi_measure {
    struct wi_measure_order order;
    struct wi_inputs *inputs;
    struct place places[WI_MEASURE_PLACES_MAX];
    size_t place_count, at; /* the one under way */
    struct side source, made, *due;
    struct wi_run *run;
    struct wi_timer *next; /* the next run, always from the loop itself */
    double patient_until, places_until;
    unsigned done; /* inputs, at this place */
    double cosines[WI_MEASURE_INPUTS];
    double largest_error;
    json_t *figures; /* those of the first place, once it is done */
};

static struct place *measure_place(struct wi_measure *measure)
{
    return &measure->places[measure->at];
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

/* Choices made step by step diverge after the first difference, so only numbers that the graphs
 * gave are compared. */
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
static int measure_compare(struct wi_measure *measure)
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

static int numbers_compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static double numbers_median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, numbers_compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* What a page says that the model takes in it. */
static json_int_t memory_of(const struct wi_measure *measure, const struct side *side)
{
    const struct wi_model *model = side->model;
    struct wi_node_state state;
    if (wi_bridge_node_state(measure->order.bridge, measure->places[measure->at].node, &state) != 0)
        return 0;
    for (size_t i = 0; i < json_array_size(state.models); i++) {
        const json_t *one = json_array_get(state.models, i);
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

/* How much it differs, at this place. */
static json_t *difference_of(struct wi_measure *measure)
{
    double middle = numbers_median(measure->cosines, measure->done), error = measure->largest_error;
    return json_pack("{s:i, s:{s:f, s:f, s:f}, s:o}", "inputs", (int)measure->done, "cosine",
        "median", middle, "p5", measure->cosines[measure->done / 20], "least", measure->cosines[0],
        "largest_error", isfinite(error) ? json_real(error) : json_null());
}

static json_t *figures_of_place(struct wi_measure *measure, const json_t *difference)
{
    const struct place *place = measure_place(measure);
    struct side *source = &measure->source, *made = &measure->made;
    json_t *figures = json_pack("{s:s, s:s, s:s, s:f, s:f}", "browser", place->browser,
        "browser_version", place->version, "platform", wi_platform_names[place->platform], "run_ms",
        numbers_median(made->run_ms, measure->done), "source_run_ms",
        numbers_median(source->run_ms, measure->done));
    add_memory(figures, "memory_bytes", memory_of(measure, made));
    add_memory(figures, "source_memory_bytes", memory_of(measure, source));
    json_object_update_missing(figures, (json_t *)difference);
    return figures;
}

static void add_figures(struct wi_measure *measure)
{
    json_t *difference = difference_of(measure);
    json_t *place = figures_of_place(measure, difference);
    if (measure->figures) {
        json_array_append_new(json_object_get(measure->figures, "places"), place);
        json_decref(difference);
        return;
    }
    size_t samples = wi_inputs_samples(measure->inputs);
    int external = measure->source.model->facts.signature.externals != NULL;
    measure->figures = difference;
    json_object_set_new(difference, "samples",
        json_integer(samples < measure->done ? (json_int_t)samples : measure->done));
    json_object_set_new(difference, "source_files", json_string(external ? "external" : "one"));
    json_object_set_new(difference, "places", json_pack("[o]", place));
}

/* --- places ----------------------------------------------------------------------------------- */

static int place_is_listed(
    const struct wi_measure *measure, const char *kind, enum wi_platform platform)
{
    for (size_t i = 0; i < measure->place_count; i++)
        if (measure->places[i].platform == platform &&
            strcmp(measure->places[i].browser, kind) == 0)
            return 1;
    return 0;
}

static void add_place(
    struct wi_measure *measure, const struct wi_node_info *node, enum wi_platform platform)
{
    if (measure->place_count == WI_MEASURE_PLACES_MAX || !node->platforms[platform].available ||
        place_is_listed(measure, node->kind, platform))
        return;
    struct place *place = &measure->places[measure->place_count++];
    *place = (struct place){.platform = platform};
    wi_text_copy(place->node, sizeof place->node, node->id);
    wi_text_copy(place->browser, sizeof place->browser, node->kind);
}

/* Of a browser of ours that has nothing to do, those that run these graphs. */
static void add_places(void *context, const struct wi_node_info *node)
{
    struct wi_measure *measure = context;
    enum wi_engine engine = measure->source.model->engine;
    unsigned platforms = measure->order.platforms & wi_engines[engine].platforms;
    struct wi_node_state state;
    if (!*node->session || !node->engines[engine].available ||
        wi_bridge_node_state(measure->order.bridge, node->id, &state) != 0 || !state.connected ||
        state.attempts > 0)
        return;
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (platforms & 1U << i)
            add_place(measure, node, (enum wi_platform)i);
}

/* Whether this place has had its inputs. */
static int is_done(const struct wi_measure *measure)
{
    return measure->at == 0
               ? measure->done == WI_MEASURE_INPUTS
               : measure->done == WI_MEASURE_PLACE_INPUTS || wi_now_ms() > measure->places_until;
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
    wi_inputs_free(measure->inputs);
    wi_timer_free(measure->next);
    free_side(&measure->source);
    free_side(&measure->made);
    json_decref(measure->figures);
    free(measure);
}

static void measure_end(struct wi_measure *measure, const struct wi_error *error)
{
    struct wi_measure_order order = measure->order;
    struct wi_error copy = error ? *error : (struct wi_error){0};
    json_t *figures = error ? NULL : json_incref(measure->figures);
    wi_measure_drop(measure);
    order.on_done(order.context, figures, error ? &copy : NULL);
    json_decref(figures);
}

static void clear_input(struct wi_measure *measure)
{
    wi_tensors_clear(&measure->source.outputs);
    wi_tensors_clear(&measure->made.outputs);
    measure->due = &measure->made;
}

static void next_place(struct wi_measure *measure)
{
    if (measure->at == 0) {
        measure->places_until = wi_now_ms() + PLACES_MS;
        wi_bridge_each(measure->order.bridge, add_places, measure);
    }
    clear_input(measure);
    measure->at++;
    measure->done = 0;
    measure->largest_error = 0;
    if (measure->at >= measure->place_count || wi_now_ms() > measure->places_until)
        measure_end(measure, NULL);
    else
        wi_timer_start(measure->next, 0, 0);
}

/* At another place than the first that is no more than a line of the log. */
static void measure_fail(struct wi_measure *measure, const struct wi_error *error)
{
    const struct place *place = measure_place(measure);
    if (measure->at == 0) {
        measure_end(measure, error);
        return;
    }
    wi_debug("quantize", measure->made.model->name, "not measured on %s in %s: %s",
        wi_platform_names[place->platform], place->browser, error->detail);
    next_place(measure);
}

static void end_input(struct wi_measure *measure)
{
    struct wi_error error;
    if (measure_compare(measure) != 0) {
        wi_error_set(&error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "its graphs have no numeric outputs to compare");
        measure_fail(measure, &error);
        return;
    }
    clear_input(measure);
    measure->done++;
    if (measure->at == 0)
        measure->order.on_step(measure->order.context, measure->done);
    if (is_done(measure)) {
        add_figures(measure);
        next_place(measure);
    } else {
        wi_timer_start(measure->next, 0, 0);
    }
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_measure *measure = context;
    struct place *place = measure_place(measure);
    wi_tensors_clear(&measure->due->outputs);
    wi_tensors_share(&measure->due->outputs, outcome->outputs);
    measure->due->run_ms[measure->done] = outcome->inference_ms;
    wi_text_copy(place->node, sizeof place->node, outcome->node);
    wi_text_copy(place->browser, sizeof place->browser, outcome->browser);
    wi_text_copy(place->version, sizeof place->version, outcome->browser_version);
}

/* Whether the only cause was that there was no browser, or no room besides the clients' work. */
static int error_passes(const struct wi_measure *measure, const struct wi_error *error)
{
    return measure->at == 0 && wi_now_ms() < measure->patient_until &&
           (error->attempts == 0 || error->code == WI_UNAVAILABLE) &&
           wi_code_status(error->code) >= 429 && error->code != WI_SHUTTING_DOWN;
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_measure *measure = context;
    measure->run = NULL;
    if (error && error_passes(measure, error)) {
        wi_timer_start(measure->next, AGAIN_MS, 0);
    } else if (error) {
        measure_fail(measure, error);
    } else if (measure->due == &measure->made) {
        measure->due = &measure->source;
        wi_timer_start(measure->next, 0, 0);
    } else {
        end_input(measure);
    }
}

static void put_in_place(const struct wi_measure *measure, struct wi_inference *asked)
{
    const struct place *place = &measure->places[measure->at];
    asked->has_platform = 1;
    asked->platform = place->platform;
    asked->fallback = 0;
    asked->lessens = 1; /* a page that has no memory for it is not tried again and again */
    asked->timeout_ms = measure->at == 0 ? RUN_MS : PLACE_RUN_MS;
    if (measure->at > 0)
        asked->node = wi_strdup(place->node);
    asked->raw = asked->task != WI_TASK_NONE;
}

static void on_next(void *context)
{
    struct wi_measure *measure = context;
    const struct wi_run_owner owner = {
        .context = measure, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_error error;
    struct wi_inference *asked =
        wi_inputs_make(measure->inputs, measure->due->model, measure->done, &error);
    if (!asked) {
        measure_fail(measure, &error);
        return;
    }
    put_in_place(measure, asked);
    const struct wi_run_request request = {
        .kind = WI_RUN_SHADOW, .asked = asked, .ours_only = 1, .accepted_at = wi_now_ms()};
    measure->run = wi_run_new(measure->order.runs, &request, &owner);
    wi_run_begin(measure->run);
}

static void on_inputs(void *context)
{
    struct wi_measure *measure = context;
    wi_timer_start(measure->next, 0, 0);
}

struct wi_measure *wi_measure_begin(const struct wi_measure_order *order)
{
    struct wi_measure *measure = wi_alloc(sizeof *measure);
    measure->order = *order;
    measure->source.model = wi_model_ref(order->source);
    measure->made.model = wi_model_ref(order->made);
    measure->due = &measure->made;
    measure->places[0].platform = WI_WASM;
    measure->place_count = 1;
    measure->patient_until = wi_now_ms() + PATIENCE_MS;
    measure->next = wi_timer_new(order->runs->loop, on_next, measure);
    measure->inputs = wi_inputs_new(order->runs, measure->source.model, on_inputs, measure);
    return measure;
}
