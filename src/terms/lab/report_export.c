/* A run as JSON, lines of JSON, a table of fields, and Bencher's metrics. */
#include "terms/lab/report.h"

#include "terms/tensor/number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_IN_MS 1e6
#define FIGURES 6 /* of a median in a curve */

/* --- JSON ------------------------------------------------------------------------------------ */

static void put_member(struct wi_buffer *out, const char *before, double number)
{
    wi_buffer_puts(out, before);
    wi_number_add(out, number);
}

static void put_summary(struct wi_buffer *out, const struct wi_lab_summary *summary)
{
    wi_buffer_printf(out, ",\"summary\":{\"n\":%zu", summary->n);
    put_member(out, ",\"min\":", summary->min);
    put_member(out, ",\"median\":", summary->median);
    put_member(out, ",\"p90\":", summary->p90);
    put_member(out, ",\"low\":", summary->low);
    put_member(out, ",\"high\":", summary->high);
    wi_buffer_strings(out, ",\"bimodal\":", summary->bimodal ? "true" : "false", "}", NULL);
}

static void put_speedup(struct wi_buffer *out, const struct wi_lab_figure *row)
{
    if (row->cell->baseline < 0)
        wi_buffer_printf(out, ",\"baseline\":%lld", (long long)row->baseline->index);
    put_member(out, ",\"speedup\":{\"value\":", row->speedup.value);
    put_member(out, ",\"low\":", row->speedup.low);
    put_member(out, ",\"high\":", row->speedup.high);
    wi_buffer_puts(out, "}");
}

/* The members of a cell, without its last brace. */
static void put_cell(struct wi_buffer *out, const struct wi_lab_figure *row)
{
    const struct wi_lab_cell *cell = row->cell;
    char *head = wi_lab_cell_head(cell);
    wi_lab_put_cell(out, (unsigned)cell->index, head, cell->samples, cell->count);
    free(head);
    if (cell->count > 0)
        put_summary(out, &row->summary);
    if (row->baseline)
        put_speedup(out, row);
}

static void put_run(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    char *head = wi_lab_run_head(figures->run);
    wi_lab_put_run(out, head, figures->run->ended_at, figures->noisy);
    free(head);
}

/* The cells, and the end of the document. */
static void put_cells(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    wi_buffer_puts(out, ",\"cells\":[");
    for (size_t i = 0; i < figures->count; i++) {
        wi_buffer_puts(out, i ? ",\n" : "\n");
        put_cell(out, &figures->rows[i]);
        wi_buffer_puts(out, "}");
    }
    wi_buffer_puts(out, "]}\n");
}

void wi_lab_put_cells(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    put_run(out, figures);
    put_cells(out, figures);
}

void wi_lab_put_json(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    struct wi_lab_answer answer;
    put_run(out, figures);
    wi_lab_answer_make(&answer, figures);
    wi_buffer_puts(out, ",\"answers\":");
    wi_lab_put_answer_json(out, &answer);
    wi_lab_answer_clear(&answer);
    put_cells(out, figures);
}

/* Which cell it is, and of which model; NULL: it has no time of its own. The caller frees. */
static char *cell_key(const struct wi_lab_cell *cell)
{
    struct wi_buffer key = {0};
    if (cell->outcome != WI_LAB_OK || cell->count == 0 || cell->yardstick < WI_LAB_YARDSTICKS)
        return NULL;
    wi_lab_put_name(&key, cell);
    wi_buffer_strings(&key, " ", cell->hash ? cell->hash : "", NULL);
    return key.text;
}

/* The medians of a run by their cells' keys; a new reference. */
static json_t *medians_of(const struct wi_lab_run *run)
{
    json_t *medians = json_object();
    for (size_t i = 0; i < run->count; i++) {
        char *key = cell_key(&run->cells[i]);
        if (key)
            json_object_set_new(medians, key,
                json_real(wi_lab_median_of(run->cells[i].samples, run->cells[i].count)));
        free(key);
    }
    return medians;
}

void wi_lab_put_earlier(
    struct wi_buffer *out, const struct wi_lab_run *run, const struct wi_lab_run *earlier)
{
    json_t *before = medians_of(earlier), *medians = json_object();
    for (size_t i = 0; i < run->count; i++) {
        char index[24], *key = cell_key(&run->cells[i]);
        json_t *median = key ? json_object_get(before, key) : NULL;
        snprintf(index, sizeof index, "%lld", (long long)run->cells[i].index);
        json_object_set(medians, index, median);
        free(key);
    }
    json_t *document = json_pack("{s:s, s:I, s:s?, s:b, s:o}", "id", earlier->id, "began_at",
        (json_int_t)earlier->began_at, "commit", earlier->commit, "noisy", wi_lab_is_noisy(earlier),
        "medians", medians);
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(FIGURES));
    wi_buffer_puts(out, text);
    free(text);
    json_decref(document);
    json_decref(before);
}

void wi_lab_put_ndjson(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    struct wi_buffer run = {0};
    put_run(&run, figures);
    for (size_t i = 0; i < figures->count; i++) {
        put_cell(out, &figures->rows[i]);
        wi_buffer_strings(out, ",\"run\":", run.text, "}}\n", NULL);
    }
    wi_buffer_clear(&run);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* The first characters of text that a spreadsheet would compute; a leading quote makes it text. */
#define FORMULA "=+-@\t\r"

static void put_field(struct wi_buffer *out, const char *text)
{
    if (text == NULL)
        return;
    wi_buffer_puts(out, *text && strchr(FORMULA, *text) ? "\"'" : "\"");
    for (; *text; text++) {
        wi_buffer_add(out, text, 1);
        if (*text == '"')
            wi_buffer_puts(out, "\"");
    }
    wi_buffer_puts(out, "\"");
}

static void put_count(struct wi_buffer *out, int64_t count)
{
    if (count >= 0)
        wi_buffer_integer(out, count);
}

static void csv_put_time(struct wi_buffer *out, double ms)
{
    if (ms >= 0)
        wi_number_add(out, ms);
}

/* A column: its title, and what puts its field, where it has one. */
struct column {
    const char *title; /* NULL: those of texts */
    void (*put)(struct wi_buffer *out, const struct wi_lab_figures *figures,
        const struct wi_lab_figure *row);
};

#define COLUMN(name, statement)                                                                    \
    static void csv_##name(struct wi_buffer *out, const struct wi_lab_figures *figures,            \
        const struct wi_lab_figure *row)                                                           \
    {                                                                                              \
        statement;                                                                                 \
    }
#define RUN(name, statement) COLUMN(name, const struct wi_lab_run *run = figures->run; statement)
#define CELL(name, statement) COLUMN(name, const struct wi_lab_cell *cell = row->cell; statement)
/* Only where there are samples, or a baseline. */
#define SUMMARY(name) COLUMN(name, if (row->summary.n > 0) wi_number_add(out, row->summary.name))
#define SPEEDUP(name, member)                                                                      \
    COLUMN(name, if (row->baseline) wi_number_add(out, row->speedup.member))
#define YES(value) wi_buffer_puts(out, (value) ? "true" : "false")

RUN(run, put_field(out, run->id))
RUN(name, put_field(out, run->name))
RUN(began_at, put_count(out, run->began_at))
RUN(commit, put_field(out, run->commit))
CELL(index, put_count(out, cell->index))
CELL(model, put_field(out, cell->model))
CELL(hash, put_field(out, cell->hash))
CELL(browser, put_field(out, cell->browser))
CELL(browser_version, put_field(out, cell->browser_version))
CELL(platform, put_field(out, wi_lab_platform_names[cell->platform]))
CELL(engine, put_field(out, cell->engine))
CELL(engine_version, put_field(out, cell->engine_version))
CELL(precision, put_field(out, cell->precision))
CELL(threads, if (json_is_string(cell->threads)) put_field(out, "all");
     else put_count(out, cell->threads ? json_integer_value(cell->threads) : -1))
CELL(optimization, put_field(out, wi_lab_optimization_names[cell->optimization]))
CELL(batch, put_count(out, cell->batch))
CELL(concurrency, put_count(out, cell->concurrency))
CELL(clock, put_field(out, wi_lab_clock_names[cell->clock]))
CELL(yardstick, put_field(out, wi_lab_yardstick_names[cell->yardstick]))
CELL(outcome, put_field(out, wi_lab_outcome_names[cell->outcome]))
CELL(reason, put_field(out, cell->reason))
CELL(load_ms, csv_put_time(out, cell->load_ms))
CELL(first_ms, csv_put_time(out, cell->first_ms))
CELL(disturbed, put_count(out, cell->disturbed))
CELL(error_ratio, csv_put_time(out, cell->error_ratio))
CELL(changed, put_field(out, cell->changed))
/* All columns of a model that writes. */
CELL(
    texts, for (size_t i = 0; i < WI_LAB_TEXT_FIGURES; i++) {
        wi_buffer_puts(out, i ? "," : "");
        if (cell->writes)
            csv_put_time(out, wi_lab_text_value(&cell->text, &wi_lab_text_figures[i]));
    })
COLUMN(n, put_count(out, (int64_t)row->summary.n))
SUMMARY(min)
SUMMARY(median)
SUMMARY(low)
SUMMARY(high)
SUMMARY(p90)
COLUMN(bimodal, if (row->summary.n > 0) YES(row->summary.bimodal))
COLUMN(baseline, put_count(out, row->baseline ? row->baseline->index : -1))
SPEEDUP(speedup, value)
SPEEDUP(speedup_low, low)
SPEEDUP(speedup_high, high)
COLUMN(simulated, YES(wi_lab_is_simulated(figures->run, row->cell)))
COLUMN(noisy, YES(figures->noisy))
RUN(imported, YES(run->imported))
RUN(person, YES(run->person))
/* With spaces between. */
CELL(
    samples_ms, for (size_t i = 0; i < cell->count; i++) {
        wi_buffer_puts(out, i ? " " : "");
        wi_number_add(out, cell->samples[i]);
    })

#define TITLE(name)                                                                                \
    {                                                                                              \
#name, csv_##name                                                                          \
    }
static const struct column columns[] = {TITLE(run), TITLE(name), TITLE(began_at), TITLE(commit),
    TITLE(index), TITLE(model), TITLE(hash), TITLE(browser), TITLE(browser_version),
    TITLE(platform), TITLE(engine), TITLE(engine_version), TITLE(precision), TITLE(threads),
    TITLE(optimization), TITLE(batch), TITLE(concurrency), TITLE(clock), TITLE(yardstick),
    TITLE(outcome), TITLE(reason), TITLE(load_ms), TITLE(first_ms), TITLE(disturbed),
    TITLE(error_ratio), {NULL, csv_texts}, TITLE(n), {"min_ms", csv_min}, {"median_ms", csv_median},
    {"low_ms", csv_low}, {"high_ms", csv_high}, {"p90_ms", csv_p90}, TITLE(bimodal),
    TITLE(baseline), TITLE(speedup), TITLE(speedup_low), TITLE(speedup_high), TITLE(simulated),
    TITLE(noisy), TITLE(imported), TITLE(samples_ms), TITLE(person), TITLE(changed)};
#define COLUMNS (sizeof columns / sizeof *columns)

static void put_title(struct wi_buffer *out, const struct column *column)
{
    for (size_t i = 0; i < WI_LAB_TEXT_FIGURES && !column->title; i++)
        wi_buffer_strings(out, i ? "," : "", wi_lab_text_figures[i].member, NULL);
    wi_buffer_puts(out, column->title ? column->title : "");
}

void wi_lab_put_csv(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        wi_buffer_puts(out, i ? "," : "");
        put_title(out, &columns[i]);
    }
    wi_buffer_puts(out, "\r\n");
    for (size_t row = 0; row < figures->count; row++) {
        for (size_t i = 0; i < COLUMNS; i++) {
            wi_buffer_puts(out, i ? "," : "");
            columns[i].put(out, figures, &figures->rows[row]);
        }
        wi_buffer_puts(out, "\r\n");
    }
}

/* --- Bencher --------------------------------------------------------------------------------- */

static void put_latency(struct wi_buffer *out, const struct wi_lab_summary *summary)
{
    put_member(out, ":{\"latency\":{\"value\":", summary->median * NS_IN_MS);
    put_member(out, ",\"lower_value\":", summary->low * NS_IN_MS);
    put_member(out, ",\"upper_value\":", summary->high * NS_IN_MS);
    wi_buffer_puts(out, "}}");
}

void wi_lab_put_bmf(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    json_t *seen = json_object(); /* a name is there once: that of the first */
    wi_buffer_puts(out, "{");
    for (size_t i = 0; i < figures->count; i++) {
        const struct wi_lab_figure *row = &figures->rows[i];
        struct wi_buffer name = {0};
        wi_lab_put_name(&name, row->cell);
        if (row->cell->outcome == WI_LAB_OK && row->cell->yardstick == WI_LAB_YARDSTICKS &&
            !json_object_get(seen, name.text)) {
            wi_buffer_puts(out, json_object_size(seen) ? ",\n" : "\n");
            wi_buffer_json_string(out, name.text);
            put_latency(out, &row->summary);
            json_object_set_new(seen, name.text, json_true());
        }
        wi_buffer_clear(&name);
    }
    json_decref(seen);
    wi_buffer_puts(out, "}\n");
}
