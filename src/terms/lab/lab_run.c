/* Runs and cells as documents: reading documents of unknown origin, and writing them. */
#include "terms/lab/lab_run.h"

#include "base/memory.h"
#include "terms/tensor/number.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX WI_LAB_TEXT_MAX
#define REASON_MAX 512
#define FLAGS_MAX 64
#define COUNT_MAX 9007199254740991.0 /* 2^53 - 1: the largest exact integer in JSON */

const char *const wi_lab_outcome_names[] = {
    "ok", "inexact", "unsupported", "absent", "too slow", "crashed", "failed", "not run", NULL};
const char *const wi_lab_optimization_names[] = {"none", "all", NULL};
const char *const wi_lab_clock_names[] = {"page", "client", NULL};
const char *const wi_lab_yardstick_names[] = {"before", "between", "after", NULL};
const char *const wi_lab_platform_names[] = {
    "wasm", "webgpu", "webnn", "webgl", "native", "auto", "simulated", NULL};
#define SIMULATED 6

/* --- the members of a document --------------------------------------------------------------- */

/* The members of a document, before they become a run. */
struct reading {
    struct wi_lab_run run;
    int64_t version;
    json_t *machine, *webinfer, *cells, *ignored;
};

#define RUN(member, kind, min_, max_, help_)                                                       \
    WI_PARAM_AS(#member, reading, run.member, kind, .min = (min_), .max = (max_), .help = (help_))
const struct wi_param wi_lab_run_params[] = {
    WI_PARAM(reading, version, INTEGER, .help = "The version of the schema, 1."),
    RUN(id, STRING, 1, WI_ID_SIZE - 1,
        "Letters, digits, '-', '_' and '.'. The id of an existing run adds cells to that run."),
    RUN(name, STRING, 1, TEXT_MAX, "A human-readable name; required for a new run."),
    RUN(seed, INTEGER, 0, COUNT_MAX, "The seed of the random order of the cells."),
    RUN(began_at, INTEGER, 0, COUNT_MAX,
        "When the run began, in milliseconds since 1970; required for a new run."),
    RUN(ended_at, INTEGER, 0, COUNT_MAX,
        "When the run ended. After that, the run accepts no more cells."),
    WI_PARAM(reading, webinfer, OBJECT, .help = "The version of webinfer that made the run.",
        .form = "(version? string|null, commit? string|null)"),
    WI_PARAM(reading, machine, OBJECT, .help = "The machine on which the run was made.",
        .form = "(cores? integer|null, memory_bytes? integer|null, kernel? string|null)"),
    WI_PARAM_AS("noisy", reading, ignored, ANY,
        .help = "Computed by the service; a value that is sent is ignored."),
    WI_PARAM_AS("answers", reading, ignored, ANY,
        .help = "Computed from the cells by the client; a value that is sent is ignored."),
    RUN(options, STRING, 1, WI_LAB_OPTIONS_MAX,
        "The models and options with which webinfer bench began the run."),
    RUN(together, INTEGER, 1, COUNT_MAX, "The largest number of cells measured at the same time."),
    RUN(simulated, BOOL, 0, 0, "Whether the run's nodes only simulate computation."),
    RUN(imported, BOOL, 0, 0, "Whether the run was imported."),
    RUN(person, BOOL, 0, 0, "Whether a person sent the run from a page that they lend."),
    WI_PARAM(reading, cells, ARRAY, .max = WI_LAB_CELLS_MAX,
        .help = "Each index is accepted once; sending the same cell again has no effect.",
        .form = "[LabCell]"),
    WI_PARAM_END,
};
#undef RUN

struct reading_cell {
    struct wi_lab_cell cell;
    json_t *flags, *adapter, *threads, *text, *samples, *ignored;
};

#define CELL(member, kind, min_, max_, help_)                                                      \
    WI_PARAM_AS(                                                                                   \
        #member, reading_cell, cell.member, kind, .min = (min_), .max = (max_), .help = (help_))
#define TEXT(member, help) CELL(member, STRING, 1, TEXT_MAX, help)
#define COUNT(member, least, help) CELL(member, INTEGER, least, COUNT_MAX, help)
#define JSON(title, member, kind, max_, form_, help_)                                              \
    WI_PARAM_AS(title, reading_cell, member, kind, .max = (max_), .form = (form_), .help = (help_))
#define NAME(member, names_, required_)                                                            \
    WI_PARAM_AS(                                                                                   \
        #member, reading_cell, cell.member, ENUM, .names = (names_), .required = (required_))
const struct wi_param wi_lab_cell_params[] = {
    CELL(index, INTEGER, 0, WI_LAB_CELLS_MAX - 1,
        "The cell's number in the run; by default, its position in the list."),
    WI_PARAM_AS(
        "model", reading_cell, cell.model, STRING, .required = 1, .min = 1, .max = TEXT_MAX),
    TEXT(hash, "SHA-256 of the model."),
    TEXT(browser, "The kind of browser, such as chrome."),
    TEXT(browser_version, NULL),
    JSON("flags", flags, ARRAY, FLAGS_MAX, "[string]",
        "The browser's switches and preferences that depend on a setting, as in GET /v1/status."),
    NAME(platform, wi_lab_platform_names, 1),
    JSON("adapter", adapter, OBJECT, 0, "Adapter|null", NULL),
    TEXT(engine, NULL),
    TEXT(engine_version, NULL),
    TEXT(precision, NULL),
    JSON("threads", threads, ANY, 0, "integer|'all'|null", "The number of threads on WASM."),
    NAME(optimization, wi_lab_optimization_names, 0),
    COUNT(batch, 1, NULL),
    COUNT(concurrency, 1, "The number of simultaneous requests."),
    NAME(outcome, wi_lab_outcome_names, 1),
    CELL(reason, STRING, 0, REASON_MAX,
        "Why the outcome is not ok; for a failed cell, the error's code comes first."),
    NAME(clock, wi_lab_clock_names, 0),
    CELL(load_ms, NUMBER, 0, WI_LAB_MS_MAX, "The median time to load the model."),
    CELL(first_ms, NUMBER, 0, WI_LAB_MS_MAX, "The time of the first run after a load."),
    JSON("samples_ms", samples, ARRAY, WI_LAB_SAMPLES_MAX, "[number]",
        "The times of single runs, in the order in which they were measured."),
    COUNT(repeats, 1, "Each sample is the mean of this many runs."),
    COUNT(disturbed, 0,
        "The number of samples that were discarded because other work interrupted them."),
    COUNT(page_bytes, 0, "The memory that the page has counted."),
    COUNT(rss_bytes, 0, "The browser's maximum resident memory."),
    CELL(error_ratio, NUMBER, 0, 1e300,
        "The answer's error against WASM in FP32, as a multiple of the allowed error."),
    TEXT(changed,
        "How the answer differs from that of WASM in FP32, apart from numbers: another label, or "
        "another text."),
    TEXT(output_hash, "SHA-256 of the answer."),
    CELL(baseline, INTEGER, 0, WI_LAB_CELLS_MAX - 1,
        "The index of the cell to which speedup is relative; by default, the cell for WASM with "
        "one thread in the same browser."),
    NAME(yardstick, wi_lab_yardstick_names, 0),
    JSON("text", text, OBJECT, 0,
        "(prompt_tokens? number, tokens? number, prompt_per_s? number, generated_per_s? number, "
        "first_p50_ms? number, first_p90_ms? number, token_ms? number, all_per_s? number)|null",
        "For a model that generates text: the tokens of a request, the speeds of reading and "
        "generating them, and the time to the first token, all measured by the client's clock."),
    JSON("summary", ignored, ANY, 0, NULL,
        "Computed by the service; a value that is sent is ignored."),
    JSON("speedup", ignored, ANY, 0, NULL,
        "Computed by the service; a value that is sent is ignored."),
    WI_PARAM_END,
};
#undef CELL
#undef TEXT
#undef COUNT
#undef JSON
#undef NAME

#define FIGURE(member, title, column)                                                              \
    {                                                                                              \
#member, title, column, offsetof(struct wi_lab_text, member)                               \
    }
const struct wi_lab_text_figure wi_lab_text_figures[WI_LAB_TEXT_FIGURES] = {
    FIGURE(prompt_tokens, NULL, NULL),
    FIGURE(tokens, NULL, NULL),
    FIGURE(prompt_per_s, "prompt tokens/s", "PROMPT/S"),
    FIGURE(first_p50_ms, "first token ms", "FIRST"),
    FIGURE(first_p90_ms, "p90 ms", "P90"),
    FIGURE(token_ms, "ms a token", "MS/TOKEN"),
    FIGURE(generated_per_s, "tokens/s of a user", "TOKENS/S"),
    FIGURE(all_per_s, "of all", "OF ALL"),
};
#undef FIGURE

double wi_lab_text_value(const struct wi_lab_text *text, const struct wi_lab_text_figure *figure)
{
    double value;
    memcpy(&value, (const char *)text + figure->offset, sizeof value);
    return value;
}

struct who {
    const char *version, *commit;
};
static const struct wi_param who_params[] = {
    WI_PARAM(who, version, STRING, .max = TEXT_MAX),
    WI_PARAM(who, commit, STRING, .max = TEXT_MAX),
    WI_PARAM_END,
};

struct machine {
    int64_t cores, memory_bytes;
    const char *kernel;
};
static const struct wi_param machine_params[] = {
    WI_PARAM(machine, cores, INTEGER, .min = 1, .max = 1e6),
    WI_PARAM(machine, memory_bytes, INTEGER, .min = 1, .max = COUNT_MAX),
    WI_PARAM(machine, kernel, STRING, .max = TEXT_MAX),
    WI_PARAM_END,
};

struct adapter {
    const char *vendor, *architecture, *description;
    int is_fallback;
};
static const struct wi_param adapter_params[] = {
    WI_PARAM(adapter, vendor, STRING, .max = TEXT_MAX),
    WI_PARAM(adapter, architecture, STRING, .max = TEXT_MAX),
    WI_PARAM(adapter, description, STRING, .max = TEXT_MAX),
    WI_PARAM(adapter, is_fallback, BOOL),
    WI_PARAM_END,
};

/* --- reading a cell -------------------------------------------------------------------------- */

/* "cells[7]." and "cells[7].samples_ms[3]". */
static enum wi_code run_refuse(struct wi_error *error, const char *where, const char *member,
    size_t item, const char *expected)
{
    char *field = item == SIZE_MAX ? wi_sprintf("%s%s", where, member)
                                   : wi_sprintf("%s%s[%zu]", where, member, item);
    wi_error_set(error, WI_INVALID_FIELD, field, "%s is not what it has to be", field);
    wi_error_expect(error, "%s", expected);
    free(field);
    return WI_INVALID_FIELD;
}

static enum wi_code read_samples(
    struct wi_lab_cell *cell, const json_t *samples, const char *where, struct wi_error *error)
{
    cell->count = json_array_size(samples);
    cell->samples = wi_realloc_array(NULL, cell->count + 1, sizeof *cell->samples);
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *sample = json_array_get(samples, i);
        double ms = json_number_value(sample);
        if (!json_is_number(sample) || !(ms >= 0 && ms <= WI_LAB_MS_MAX))
            return run_refuse(error, where, "samples_ms", i, "a time in milliseconds, 0 to 1e9");
        cell->samples[i] = ms;
    }
    return WI_OK;
}

static enum wi_code check_flags(const json_t *flags, const char *where, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(flags); i++) {
        const json_t *flag = json_array_get(flags, i);
        if (!json_is_string(flag) || json_string_length(flag) > TEXT_MAX)
            return run_refuse(error, where, "flags", i, "a text of at most 256 bytes");
    }
    return WI_OK;
}

static enum wi_code check_threads(const json_t *threads, const char *where, struct wi_error *error)
{
    const char *text = json_string_value(threads);
    json_int_t number = json_integer_value(threads);
    int good = !threads || (text && strcmp(text, "all") == 0) || (number >= 1 && number <= 4096);
    return good ? WI_OK : run_refuse(error, where, "threads", SIZE_MAX, "1 to 4096, or \"all\"");
}

/* Reads an object in a cell. */
static enum wi_code read_within(const struct wi_param *params, const json_t *object,
    const char *where, const char *name, void *target, struct wi_error *error)
{
    char *inside = wi_sprintf("%s%s.", where, name);
    enum wi_code code = wi_params_read(params, object, WI_PARAMS_STRICT, inside, target, error);
    free(inside);
    return code;
}

static enum wi_code cell_read_text(
    struct wi_lab_cell *cell, const json_t *text, const char *where, struct wi_error *error)
{
    cell->text = (struct wi_lab_text){-1, -1, -1, -1, -1, -1, -1, -1};
    cell->writes = text != NULL;
    if (!text)
        return WI_OK;
    struct wi_param params[WI_LAB_TEXT_FIGURES + 1] = {0};
    for (size_t i = 0; i < WI_LAB_TEXT_FIGURES; i++)
        params[i] = (struct wi_param){.name = wi_lab_text_figures[i].member,
            .kind = WI_PARAM_NUMBER,
            .offset = wi_lab_text_figures[i].offset,
            .max = WI_LAB_MS_MAX};
    return read_within(params, text, where, "text", &cell->text, error);
}

static enum wi_code check_outcome(
    const struct wi_lab_cell *cell, const char *where, struct wi_error *error)
{
    if (cell->outcome == WI_LAB_OK && cell->count == 0)
        return run_refuse(
            error, where, "samples_ms", SIZE_MAX, "a time at least, of a cell that is ok");
    if (cell->yardstick < WI_LAB_YARDSTICKS && cell->browser == NULL)
        return run_refuse(error, where, "browser", SIZE_MAX, "the kind of browser, of a yardstick");
    return WI_OK;
}

static enum wi_code read_cell(struct wi_lab_cell *cell, json_t *document, size_t place,
    const char *where, struct wi_error *error)
{
    struct reading_cell reading = {.cell = {.index = (int64_t)place,
                                       .clock = WI_LAB_CLOCKS,
                                       .optimization = WI_LAB_OPTIMIZATIONS,
                                       .yardstick = WI_LAB_YARDSTICKS,
                                       .batch = -1,
                                       .concurrency = -1,
                                       .repeats = -1,
                                       .disturbed = -1,
                                       .page_bytes = -1,
                                       .rss_bytes = -1,
                                       .baseline = -1,
                                       .load_ms = -1,
                                       .first_ms = -1,
                                       .error_ratio = -1}};
    enum wi_code code =
        wi_params_read(wi_lab_cell_params, document, WI_PARAMS_STRICT, where, &reading, error);
    *cell = reading.cell;
    cell->json = json_incref(document);
    cell->flags = reading.flags;
    cell->adapter = reading.adapter;
    cell->threads = reading.threads;
    if (code == WI_OK)
        code = check_flags(cell->flags, where, error);
    if (code == WI_OK)
        code = check_threads(cell->threads, where, error);
    if (code == WI_OK && cell->adapter)
        code = read_within(
            adapter_params, cell->adapter, where, "adapter", &(struct adapter){0}, error);
    if (code == WI_OK)
        code = cell_read_text(cell, reading.text, where, error);
    if (code == WI_OK)
        code = read_samples(cell, reading.samples, where, error);
    return code == WI_OK ? check_outcome(cell, where, error) : code;
}

/* --- reading a run --------------------------------------------------------------------------- */

static int by_index(const void *a, const void *b)
{
    const struct wi_lab_cell *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static enum wi_code read_cells(struct wi_lab_run *run, const json_t *cells, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    json_t *document;
    size_t i;
    run->cells = wi_realloc_array(NULL, json_array_size(cells) + 1, sizeof *run->cells);
    json_array_foreach(cells, i, document)
    {
        char where[32];
        snprintf(where, sizeof where, "cells[%zu].", i);
        if ((code = read_cell(&run->cells[run->count++], document, i, where, error)) != WI_OK)
            return code;
    }
    qsort(run->cells, run->count, sizeof *run->cells, by_index);
    for (i = 1; i < run->count; i++)
        if (run->cells[i].index == run->cells[i - 1].index)
            return wi_error_set(error, WI_INVALID_FIELD, "cells",
                "two cells have the index %lld; each has one of its own",
                (long long)run->cells[i].index);
    return WI_OK;
}

static enum wi_code check_version(
    int64_t version, enum wi_lab_extent extent, struct wi_error *error)
{
    if (version == WI_LAB_VERSION || (version < 0 && extent == WI_LAB_PART))
        return WI_OK;
    if (version < 0)
        return wi_error_set(error, WI_MISSING_FIELD, "version",
            "version is missing: the version of the schema, %d", WI_LAB_VERSION);
    wi_error_set(error, WI_INVALID_FIELD, "version", "version %lld of the schema is not known here",
        (long long)version);
    return wi_error_expect(error, "%d", WI_LAB_VERSION);
}

static enum wi_code check_whole(const struct wi_lab_run *run, struct wi_error *error)
{
    const char *missing = !run->id            ? "id"
                          : !run->name        ? "name"
                          : run->began_at < 0 ? "began_at"
                                              : NULL;
    if (missing)
        return wi_error_set(error, WI_MISSING_FIELD, missing, "%s is missing", missing);
    return WI_OK;
}

static enum wi_code check_id(const char *id, struct wi_error *error)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    int is_step = id && (strcmp(id, ".") == 0 || strcmp(id, "..") == 0); /* in a path */
    if (!id || (!is_step && id[strspn(id, allowed)] == '\0'))
        return WI_OK;
    return run_refuse(
        error, "", "id", SIZE_MAX, "letters, digits, '-', '_' and '.', but neither . nor ..");
}

/* The members of a run that are objects themselves. */
static enum wi_code read_inside(struct reading *reading, struct wi_error *error)
{
    struct who who = {0};
    struct machine machine = {0};
    enum wi_code code = WI_OK;
    if (reading->webinfer)
        code = wi_params_read(
            who_params, reading->webinfer, WI_PARAMS_STRICT, "webinfer.", &who, error);
    if (code == WI_OK && reading->machine)
        code = wi_params_read(
            machine_params, reading->machine, WI_PARAMS_STRICT, "machine.", &machine, error);
    reading->run.machine = reading->machine;
    reading->run.version = who.version;
    reading->run.commit = who.commit;
    return code;
}

enum wi_code wi_lab_run_read(struct wi_lab_run *run, const json_t *document,
    enum wi_lab_extent extent, struct wi_error *error)
{
    struct reading reading = {
        .run = {.seed = -1, .began_at = -1, .ended_at = -1, .together = -1}, .version = -1};
    enum wi_code code =
        wi_params_read(wi_lab_run_params, document, WI_PARAMS_STRICT, "", &reading, error);
    if (code == WI_OK)
        code = check_version(reading.version, extent, error);
    if (code == WI_OK)
        code = check_id(reading.run.id, error);
    if (code == WI_OK)
        code = read_inside(&reading, error);
    *run = reading.run;
    if (code == WI_OK && extent == WI_LAB_WHOLE)
        code = check_whole(run, error);
    if (code == WI_OK)
        code = read_cells(run, reading.cells, error);
    run->json = json_copy((json_t *)document);
    json_object_del(run->json, "cells");
    json_object_del(run->json, "answers");
    if (code != WI_OK)
        wi_lab_run_clear(run);
    return code;
}

void wi_lab_run_clear(struct wi_lab_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        json_decref(run->cells[i].json);
        free(run->cells[i].samples);
    }
    free(run->cells);
    json_decref(run->json);
    *run = (struct wi_lab_run){0};
}

/* --- writing --------------------------------------------------------------------------------- */

/* Dumps and frees a copy of a document, without those members and without null members. */
static char *dump_without(json_t *copy, const char *const *members)
{
    json_t *value;
    const char *key;
    void *next;
    for (; *members; members++)
        json_object_del(copy, *members);
    json_object_foreach_safe(copy, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(copy, key);
    }
    char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(copy);
    return text;
}

char *wi_lab_run_head(const struct wi_lab_run *run)
{
    static const char *const left_out[] = {"ended_at", "noisy", "version", NULL};
    json_t *copy = json_copy(run->json);
    json_object_set_new(copy, "simulated", json_boolean(run->simulated));
    json_object_set_new(copy, "imported", json_boolean(run->imported));
    return dump_without(copy, left_out);
}

char *wi_lab_cell_head(const struct wi_lab_cell *cell)
{
    static const char *const left_out[] = {"index", "samples_ms", "summary", "speedup", NULL};
    return dump_without(json_copy(cell->json), left_out);
}

/* Adds the members from an object's text, after a comma. */
static void put_members(struct wi_buffer *out, const char *head)
{
    size_t size = strlen(head);
    if (size <= 2)
        return;
    wi_buffer_puts(out, ",");
    wi_buffer_add(out, head + 1, size - 2);
}

void wi_lab_put_run(struct wi_buffer *out, const char *head, int64_t ended_at, int noisy)
{
    wi_buffer_printf(out, "{\"version\":%d", WI_LAB_VERSION);
    put_members(out, head);
    if (ended_at > 0)
        wi_buffer_printf(out, ",\"ended_at\":%lld", (long long)ended_at);
    wi_buffer_strings(out, ",\"noisy\":", noisy ? "true" : "false", NULL);
}

void wi_lab_put_cell(
    struct wi_buffer *out, unsigned index, const char *head, const double *samples, size_t count)
{
    wi_buffer_printf(out, "{\"index\":%u", index);
    put_members(out, head);
    wi_buffer_puts(out, ",\"samples_ms\":[");
    for (size_t i = 0; i < count; i++) {
        wi_buffer_puts(out, i ? "," : "");
        wi_number_add(out, samples[i]);
    }
    wi_buffer_puts(out, "]");
}

/* --- the name of a cell ---------------------------------------------------------------------- */

struct wi_lab_sample wi_lab_sample_of(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    struct wi_lab_sample sample;
    struct wi_pcg32 generator;
    wi_pcg32_of_cell(&generator, run->id ? run->id : "", (unsigned)cell->index);
    wi_lab_sample_make(&sample, cell->samples, cell->count, &generator);
    return sample;
}

int wi_lab_is_simulated(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return run->simulated || cell->platform == SIMULATED;
}

static void put_count(struct wi_buffer *out, const char *name, int64_t count)
{
    if (count >= 0)
        wi_buffer_printf(out, " %s=%lld", name, (long long)count);
}

void wi_lab_put_name(struct wi_buffer *out, const struct wi_lab_cell *cell)
{
    wi_buffer_strings(out, cell->model, " ", cell->browser ? cell->browser : "",
        cell->browser ? "/" : "", wi_lab_platform_names[cell->platform], NULL);
    if (cell->precision)
        wi_buffer_strings(out, " ", cell->precision, NULL);
    if (json_is_string(cell->threads))
        wi_buffer_puts(out, " threads=all");
    else
        put_count(out, "threads", cell->threads ? json_integer_value(cell->threads) : -1);
    if (cell->optimization < WI_LAB_OPTIMIZATIONS)
        wi_buffer_strings(
            out, " optimization=", wi_lab_optimization_names[cell->optimization], NULL);
    put_count(out, "batch", cell->batch);
    put_count(out, "concurrency", cell->concurrency);
    if (cell->clock < WI_LAB_CLOCKS)
        wi_buffer_strings(out, " ", wi_lab_clock_names[cell->clock], NULL);
    if (cell->yardstick < WI_LAB_YARDSTICKS)
        wi_buffer_strings(out, " yardstick=", wi_lab_yardstick_names[cell->yardstick], NULL);
}
