/* One making, in the order of its steps; see making.h. */
#include "owners/quantizer/making.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "browser/program.h"
#include "owners/quantizer/quantizer_measure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "webinfer-quantize"
/* The program's limits: memory in addition to twice the graph's bytes, and time in addition to what
 * the slowest disk and core need for them. */
#define MEMORY_BASE ((uint64_t)384 << 20)
#define TIME_BASE_S 120
#define BYTES_PER_S ((uint64_t)1 << 20)

/* The forms of a variant's graphs: one for all platforms, or a separate one for WebGPU as well. */
static const struct form {
    const char *name, *end; /* of the program's option; of the variant's name */
    const char *figures;    /* the member of the notes */
    unsigned platforms;     /* bits 1 << wi_platform, where there are several forms */
} forms[] = {
    {"wasm", "", "measured", ~(1U << WI_WEBGPU)},
    {"webgpu", WI_VARIANT_WEBGPU, "measured_webgpu", 1U << WI_WEBGPU},
};

/* What the program says of each graph, and the notes of all of them. */
static const char *const count_names[] = {"weights", "quantizable", "quantized", "nodes", "kept"};
#define COUNTS (sizeof count_names / sizeof *count_names)

struct wi_making {
    const struct wi_quantizer_deps *deps;
    wi_making_fn *on_change;
    void *context;
    const struct wi_quantisation *kind;
    struct wi_quantizer_want want;
    char *base, *name, *source_name; /* NAME, NAME:q8, and what the fp32 variant is called */
    char id[WI_ID_SIZE];
    enum wi_making_state state;
    struct wi_model *source, *made; /* NULL before they are there */
    struct wi_strings graphs;       /* paths of the source's */
    struct wi_strings common;       /* likewise of the files staged with the new graphs */
    size_t at;                      /* index of the graph under way, form by form */
    size_t form;                    /* the one being measured */
    char *folder;                   /* where it is staged */
    uint64_t pending;
    uint64_t done, before, total; /* bytes of weights; those of the graphs that are done */
    unsigned inputs_done;
    json_int_t counts[COUNTS];
    json_t *notes;
    /* What is under way, of these one at most. */
    struct wi_timer *turn;
    struct wi_repository_lookup *lookup;
    struct wi_versions_task *task;
    struct wi_child *child;
    struct wi_measure *measure;
    int staged;            /* there is, or may be, a staging folder */
    int is_result;         /* of the child: it has said what came of it */
    struct wi_error *said; /* likewise what is wrong; or why it is cancelled */
    struct wi_error error;
    double began_ms, ended_ms;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void making_tell(struct wi_making *making)
{
    making->on_change(making->context, 0);
}

static void drop_staging(struct wi_making *making)
{
    if (making->staged)
        wi_versions_drop_staging(making->deps->versions, making->id, 0, NULL, NULL);
    making->staged = 0;
}

static void making_finish(struct wi_making *making, enum wi_making_state state)
{
    making->state = state;
    making->ended_ms = wi_now_ms();
    making->pending = 0;
    wi_model_unref(making->source);
    wi_model_unref(making->made);
    making->source = making->made = NULL;
    drop_staging(making);
    making->on_change(making->context, 1);
}

static void making_fail(struct wi_making *making, const struct wi_error *error)
{
    making->error = *error;
    wi_info("quantize", making->name, "it is not made: %s", error->detail);
    making_finish(making, WI_MAKING_FAILED);
}

/* --- the source ------------------------------------------------------------------------------- */

static int path_is_graph(const char *path)
{
    return wi_text_ends(path, ".onnx");
}

/* What only the fp32 graphs have: themselves, and weights in files of their own. */
static int is_own(const struct wi_model *source, const char *path)
{
    for (const struct wi_onnx_external *one = source->facts.signature.externals; one;
         one = one->hh.next)
        if (strcmp(one->path, path) == 0)
            return 1;
    return path_is_graph(path) || wi_onnx_is_weights(path);
}

/* Lists the graphs and the files to be staged with the new ones, and sums up the room for all of
 * them. */
static void list_files(struct wi_making *making)
{
    const struct wi_manifest *manifest = &making->source->manifest;
    for (size_t i = 0; i < manifest->count; i++) {
        const struct wi_model_file *file = &manifest->files[i];
        const char *slash = strrchr(file->path, '/');
        if (path_is_graph(file->path))
            wi_strings_add(&making->graphs, file->path);
        if (path_is_graph(file->path) && slash) {
            char *folder = wi_strndup(file->path, (size_t)(slash - file->path) + 1);
            wi_strings_add(&making->common, folder);
            free(folder);
        }
        if (is_own(making->source, file->path)) {
            making->total += file->bytes;
        } else {
            wi_strings_add(&making->common, file->path);
            making->pending += file->bytes;
        }
    }
    making->total *= making->kind->made.forms;
    making->pending += (uint64_t)((double)making->total * making->kind->made.size);
}

/* The source's graph that is under way. */
static const char *graph_of(const struct wi_making *making)
{
    return making->graphs.items[making->at % making->graphs.count];
}

static const struct form *form_of(const struct wi_making *making)
{
    return &forms[making->at / making->graphs.count];
}

static void make_next_graph(struct wi_making *making);

static void on_staged(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_making *making = context;
    making->task = NULL;
    if (error) {
        making_fail(making, error);
        return;
    }
    making->folder = wi_strdup(result->staging.folder);
    make_next_graph(making);
}

static void on_source(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_making *making = context;
    making->lookup = NULL;
    if (error) {
        making_fail(making, error);
        return;
    }
    making->source = wi_model_ref(model);
    list_files(making);
    making->staged = 1;
    making->task = wi_versions_stage_made(making->deps->versions, making->id, making->pending,
        making->source->folder, &making->common, on_staged, making);
}

static void look_for_source(struct wi_making *making, wi_repository_fn *on_model)
{
    struct wi_repository_lookup *lookup =
        wi_repository_find(making->deps->runs.repository, making->source_name, on_model, making);
    if (lookup)
        making->lookup = lookup; /* else it was called, and the making may be gone */
}

static void on_turn(void *context)
{
    look_for_source(context, on_source);
}

/* --- the program ------------------------------------------------------------------------------ */

static void take_progress(struct wi_making *making, const json_t *line)
{
    json_int_t done = json_integer_value(json_object_get(line, "done"));
    uint64_t now = making->before + (done > 0 ? (uint64_t)done : 0);
    if (now > making->total)
        now = making->total;
    if (now == making->done)
        return;
    making->done = now;
    making_tell(making);
}

static void making_take_result(struct wi_making *making, const json_t *result)
{
    making->is_result = 1;
    if (form_of(making) != forms)
        return; /* the same weights once more */
    for (size_t i = 0; i < COUNTS; i++)
        making->counts[i] += json_integer_value(json_object_get(result, count_names[i]));
}

static void take_error(struct wi_making *making, const json_t *said)
{
    const char *code = json_string_value(json_object_get(said, "code"));
    const char *detail = json_string_value(json_object_get(said, "detail"));
    enum wi_code known = code ? wi_code_from_name(code) : WI_INTERNAL;
    if (making->said)
        return;
    making->said = wi_alloc(sizeof *making->said);
    if (known != WI_NOTHING_TO_QUANTIZE && known != WI_MODEL_INVALID && known != WI_NO_ROOM)
        known = WI_INTERNAL;
    char text[300];
    wi_text_printable(text, sizeof text, detail ? detail : "the program does not say why");
    wi_error_set(making->said, known, known == WI_INTERNAL ? NULL : "model_name", "%.160s: %s",
        graph_of(making), text);
}

static void on_line(void *context, const char *text)
{
    struct wi_making *making = context;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(line))
        wi_debug("quantize", making->name, "%s", text);
    else if (json_is_object(json_object_get(line, "result")))
        making_take_result(making, json_object_get(line, "result"));
    else if (json_is_object(json_object_get(line, "error")))
        take_error(making, json_object_get(line, "error"));
    else
        take_progress(making, line);
    json_decref(line);
}

static void read_made(struct wi_making *making);

static void on_end(void *context, int exit_status, int signal)
{
    struct wi_making *making = context;
    struct wi_error error;
    making->child = NULL;
    if (making->said) {
        error = *making->said;
        making_fail(making, &error);
    } else if (exit_status != 0 || signal != 0 || !making->is_result) {
        wi_error_set(&error, WI_INTERNAL, NULL,
            "the program that makes it ended before it was done (%s %d): its memory or its time "
            "was used up, or it was killed",
            signal ? "signal" : "status", signal ? signal : exit_status);
        making_fail(making, &error);
    } else {
        making->before = making->done;
        making->at++;
        make_next_graph(making);
    }
}

static uint64_t bytes_of(const struct wi_making *making)
{
    return wi_manifest_bytes(&making->source->manifest);
}

static enum wi_code start_program(
    struct wi_making *making, const char *target, struct wi_error *error)
{
    const struct wi_child_events events = {.context = making, .on_line = on_line, .on_end = on_end};
    char program[WI_HELPER_PATH_SIZE], bits[16], memory[WI_DIGITS_SIZE], seconds[WI_DIGITS_SIZE];
    char *source = wi_sprintf("%s/%s", making->source->folder, graph_of(making));
    snprintf(bits, sizeof bits, "%d", making->want.bits);
    snprintf(
        memory, sizeof memory, "%llu", (unsigned long long)(MEMORY_BASE + 2 * bytes_of(making)));
    snprintf(seconds, sizeof seconds, "%llu",
        (unsigned long long)(TIME_BASE_S + bytes_of(making) / BYTES_PER_S));
    wi_helper_find(PROGRAM, program);
    const char *const plain[] = {program, "--bits", bits, "--form", form_of(making)->name,
        "--memory", memory, "--time", seconds, source, target, NULL};
    const char *const mixed[] = {program, "--mixed", "--bits", bits, "--memory", memory, "--time",
        seconds, source, target, NULL};
    static const char *const environment[] = {NULL};
    const struct wi_child_options options = {.arguments = making->want.mixed ? mixed : plain,
        .environment = environment,
        .directory = making->folder,
        .subject = making->name};
    making->is_result = 0;
    making->child = wi_child_start(making->deps->children, &options, &events, error);
    free(source);
    return making->child ? WI_OK : error->code;
}

static void make_next_graph(struct wi_making *making)
{
    struct wi_error error;
    if (making->at == making->graphs.count * making->kind->made.forms) {
        read_made(making);
        return;
    }
    char *dtype = wi_sprintf("%s%s", making->kind->name, form_of(making)->end);
    char *path = wi_variant_path(graph_of(making), dtype);
    char *target = wi_sprintf("%s/%s", making->folder, path);
    if (start_program(making, target, &error) != WI_OK)
        making_fail(making, &error);
    free(target);
    free(path);
    free(dtype);
}

/* --- measuring -------------------------------------------------------------------------------- */

static void making_publish(struct wi_making *making);

static void on_step(void *context, unsigned done)
{
    struct wi_making *making = context;
    making->inputs_done = done;
    making_tell(making);
}

static int is_good(const struct wi_making *making, const json_t *figures, struct wi_error *error)
{
    const json_t *cosine = json_object_get(figures, "cosine");
    double median = json_number_value(json_object_get(cosine, "median"));
    if (median >= making->kind->made.least_cosine || making->want.force)
        return 1;
    wi_error_set(error, WI_QUANTIZED_BADLY, "bits",
        "in %d bits it answers too differently: the median of the cosines to fp32 is %.5f, the "
        "least %.5f, of %d inputs, where %.3f is the least allowed; use force to have it anyway",
        making->want.bits, median, json_number_value(json_object_get(cosine, "least")),
        WI_MEASURE_INPUTS, making->kind->made.least_cosine);
    wi_error_expect(error, "a median of at least %.3f", making->kind->made.least_cosine);
    return 0;
}

static json_t *notes_of(const struct wi_making *making)
{
    json_t *counts = json_object();
    for (size_t i = 0; i < COUNTS; i++)
        json_object_set_new(counts, count_names[i], json_integer(making->counts[i]));
    return json_pack("{s:s, s:i, s:b, s:b, s:I, s:o}", "of", making->source->hash, "bits",
        making->want.bits, "mixed", making->want.mixed, "forced", making->want.force, "made_at",
        (json_int_t)(wi_wall_ms() / 1000), "counts", counts);
}

static void on_measured(void *context, const json_t *figures, const struct wi_error *error)
{
    struct wi_making *making = context;
    struct wi_error bad;
    making->measure = NULL;
    if (error) {
        making_fail(making, error);
        return;
    }
    if (!making->notes)
        making->notes = notes_of(making);
    json_object_set(making->notes, forms[making->form].figures, (json_t *)figures);
    if (!is_good(making, figures, &bad))
        making_fail(making, &bad);
    else if (++making->form < making->kind->made.forms)
        read_made(making);
    else
        making_publish(making);
}

static void on_made(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_making *making = context;
    making->lookup = NULL;
    if (error) {
        making_fail(making, error);
        return;
    }
    wi_model_unref(making->made);
    making->made = wi_model_ref(model);
    making->state = WI_MAKING_MEASURING;
    const struct wi_measure_order order = {.runs = &making->deps->runs,
        .bridge = making->deps->bridge,
        .source = making->source,
        .made = making->made,
        .platforms = making->kind->made.forms > 1 ? forms[making->form].platforms : ~0U,
        .on_step = on_step,
        .on_done = on_measured,
        .context = making};
    making->measure = wi_measure_begin(&order);
    making_tell(making);
}

static void read_made(struct wi_making *making)
{
    char *name = wi_sprintf("%s%s", making->name, forms[making->form].end);
    making->pending = 0;
    making->done = making->total;
    making->lookup = wi_repository_read_made(making->deps->runs.repository, name,
        making->source->format, making->folder, on_made, making);
    free(name);
}

/* --- publishing ------------------------------------------------------------------------------- */

static void on_published(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct wi_making *making = context;
    making->task = NULL;
    if (error) {
        making_fail(making, error);
        return;
    }
    making->staged = 0;
    wi_info("quantize", making->name, "it is there, and has been measured");
    making_finish(making, WI_MAKING_DONE);
}

/* What it was made of may have changed since. */
static void on_source_again(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_making *making = context;
    struct wi_error changed;
    making->lookup = NULL;
    if (error || strcmp(model->hash, making->source->hash) != 0) {
        wi_error_set(&changed, WI_CONFLICT, "model_name",
            "the files of %.160s changed while the variant was built; try again", making->base);
        making_fail(making, error ? error : &changed);
        return;
    }
    char *notes = json_dumps(making->notes, JSON_COMPACT);
    making->task = wi_versions_publish_made(making->deps->versions, making->id, making->base,
        making->kind->name, notes, on_published, making);
    free(notes);
}

static void making_publish(struct wi_making *making)
{
    making->state = WI_MAKING_PUBLISHING;
    making_tell(making);
    look_for_source(making, on_source_again);
}

/* --- its life --------------------------------------------------------------------------------- */

struct wi_making *wi_making_new(const struct wi_quantizer_deps *deps, struct wi_model *model,
    const struct wi_quantizer_want *want, wi_making_fn *on_change, void *context)
{
    struct wi_making *making = wi_alloc(sizeof *making);
    making->deps = deps;
    making->on_change = on_change;
    making->context = context;
    making->kind = wi_quantisation_made(want->bits);
    making->want = *want;
    making->base = wi_model_name_without(model->name);
    making->name = wi_model_name_with(making->base, making->kind->name);
    making->source_name =
        model->variant ? wi_model_name_with(making->base, WI_MADE_SOURCE) : wi_strdup(making->base);
    wi_id_new(making->id, WI_MADE_PREFIX);
    making->began_ms = wi_now_ms();
    making->turn = wi_timer_new(deps->runs.loop, on_turn, making);
    wi_timer_start(making->turn, 0, 0);
    return making;
}

static void stop_work(struct wi_making *making)
{
    wi_timer_stop(making->turn);
    wi_repository_cancel(making->lookup);
    wi_versions_cancel(making->task);
    wi_measure_drop(making->measure);
    making->lookup = NULL;
    making->task = NULL;
    making->measure = NULL;
}

void wi_making_cancel(struct wi_making *making, const struct wi_error *why)
{
    struct wi_error error = *why;
    stop_work(making);
    if (!making->child) {
        making_fail(making, &error);
        return;
    }
    free(making->said);
    making->said = wi_alloc(sizeof error);
    *making->said = error;
    wi_child_end(making->child, 0);
}

void wi_making_free(struct wi_making *making)
{
    if (!making)
        return;
    stop_work(making);
    drop_staging(making);
    wi_timer_free(making->turn);
    wi_model_unref(making->source);
    wi_model_unref(making->made);
    wi_strings_clear(&making->graphs);
    wi_strings_clear(&making->common);
    json_decref(making->notes);
    free(making->said);
    free(making->folder);
    free(making->base);
    free(making->name);
    free(making->source_name);
    free(making);
}

struct wi_making_info wi_making_info(const struct wi_making *making)
{
    return (struct wi_making_info){.name = making->name,
        .model = making->base,
        .variant = making->kind->name,
        .want = making->want,
        .state = making->state,
        .done = making->done,
        .total = making->total,
        .graphs_done = making->at,
        .graphs = making->graphs.count * making->kind->made.forms,
        .inputs_done = making->inputs_done,
        .notes = making->notes,
        .began_ms = making->began_ms,
        .ended_ms = making->ended_ms,
        .error = making->state == WI_MAKING_FAILED ? &making->error : NULL,
        .staging = making->id,
        .pending = making->pending,
        .is_running = making->child != NULL};
}
