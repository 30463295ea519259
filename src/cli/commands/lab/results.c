/* webinfer results list, show, export, rm: the runs that the service stores. */
#include "cli/commands/commands.h"
#include "cli/commands/lab/lab.h"
#include "cli/own/own_store.h"
#include "cli/pages.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "terms/lab/report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 20 /* earlier runs in a report */

/* Notes on a run that come before its figures. */
static void put_notes(struct wi_buffer *out, const json_t *run)
{
    static const struct {
        const char *member, *note;
    } notes[] = {{"simulated", "simulated"}, {"imported", "imported"}, {"person", "a person's"},
        {"noisy", "noisy"}};

    if (!json_object_get(run, "ended_at"))
        wi_buffer_puts(out, "not ended");
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (json_is_true(json_object_get(run, notes[i].member)))
            wi_buffer_strings(out, out->size ? ", " : "", notes[i].note, NULL);
}

static enum wi_exit runs_list(struct wi_cli *cli)
{
    static const struct wi_column columns[] = {{"RUN", "id", NULL}, {"NAME", "name", NULL},
        {"BEGAN", "{began_at:19z}", NULL}, {"COMMIT", "webinfer.commit", NULL},
        {"CELLS", "cell_count", NULL}, {"NOTES", "", put_notes}, {0}};
    const char *model = wi_argument(&cli->arguments, "model");
    struct wi_buffer path = {0};

    wi_buffer_puts(&path, "/v1/results");
    wi_rest_add_argument(&path, '?', "model", model);
    struct wi_pages pages = {.cli = cli, .path = path.text, .member = "results"};
    enum wi_exit result = WI_EXIT_USAGE;
    if (wi_pages_read_most(&pages) == 0)
        result = wi_pages_table(&pages, columns,
            model ? "There are no runs with this model; webinfer bench MODEL adds one."
                  : "There are no runs; webinfer bench or webinfer results import FILE adds one.");
    if (result == WI_EXIT_OK && pages.has_more && !cli->json)
        puts("There are older ones: --limit shows more.");
    wi_buffer_clear(&path);
    return result;
}

enum wi_exit wi_cli_results_list(struct wi_cli *cli)
{
    return wi_own_store_ask(cli, runs_list);
}

static json_t *notes_of(const struct wi_lab_run *run, const struct wi_lab_figure *row)
{
    const struct wi_lab_cell *cell = row->cell;
    struct wi_buffer text = {0};

    if (wi_lab_is_simulated(run, cell))
        wi_buffer_puts(&text, "simulated ");
    if (cell->adapter && json_is_true(json_object_get(cell->adapter, "is_fallback")))
        wi_buffer_puts(&text, "software adapter ");
    if (row->summary.bimodal)
        wi_buffer_puts(&text, "bimodal ");
    if (cell->reason)
        wi_buffer_puts(&text, cell->reason);
    return wi_cli_lab_text(&text);
}

static json_t *row_of(const struct wi_lab_run *run, const struct wi_lab_figure *row)
{
    const struct wi_lab_summary *summary = &row->summary;
    json_t *out = json_pack("{s:o, s:I, s:s, s:o}", "cell", wi_cli_lab_name(row->cell), "index",
        (json_int_t)row->cell->index, "outcome", wi_lab_outcome_names[row->cell->outcome], "notes",
        notes_of(run, row));

    if (summary->n > 0)
        json_object_update_new(out, json_pack("{s:I, s:f, s:f, s:o}", "n", (json_int_t)summary->n,
                                        "median", summary->median, "p90", summary->p90, "interval",
                                        json_sprintf("%.4g to %.4g", summary->low, summary->high)));
    if (row->baseline)
        json_object_set_new(out, "speedup",
            json_sprintf("%.3g (%.3g to %.3g) of %lld", row->speedup.value, row->speedup.low,
                row->speedup.high, (long long)row->baseline->index));
    return out;
}

static void print_head(const struct wi_lab_figures *figures)
{
    static const struct wi_column columns[] = {{"run", "id", NULL}, {"name", "name", NULL},
        {"began", "{began_at:19z}", NULL}, {"ended", "{ended_at:19z}", NULL},
        {"webinfer", "webinfer.version", NULL}, {"commit", "webinfer.commit", NULL},
        {"machine", "machine", NULL}, {"at a time", "together", NULL},
        {"notes", "notes", put_notes}, {0}};
    json_t *head = json_copy(figures->run->json), *notes = json_copy(figures->run->json);

    json_object_set_new(notes, "noisy", json_boolean(figures->noisy));
    json_object_set_new(head, "notes", notes);
    wi_table_lines(columns, head);
    json_decref(head);
}

static void print_cells(const struct wi_lab_figures *figures)
{
    static const struct wi_column columns[] = {{"#", "index", NULL}, {"CELL", "cell", NULL},
        {"OUTCOME", "outcome", NULL}, {"N", "n", NULL}, {"MEDIAN", "{median} ms", NULL},
        {"95 %", "interval", NULL}, {"P90", "{p90} ms", NULL}, {"SPEED-UP", "speedup", NULL},
        {"NOTES", "notes", NULL}, {0}};
    size_t count;
    const struct wi_lab_figure **rows = wi_lab_worst_first(figures, &count);
    json_t *table = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(table, row_of(figures->run, rows[i]));
    wi_table_print("\n", columns, table, "It has no cells yet.");
    json_decref(table);
    free(rows);
}

static json_t *text_row_of(const struct wi_lab_cell *cell)
{
    json_t *out =
        json_pack("{s:o, s:I}", "cell", wi_cli_lab_name(cell), "index", (json_int_t)cell->index);

    for (size_t i = 0; i < WI_LAB_TEXT_FIGURES; i++) {
        const struct wi_lab_text_figure *figure = &wi_lab_text_figures[i];
        double value = wi_lab_text_value(&cell->text, figure);
        if (value >= 0)
            json_object_set_new(out, figure->member, json_sprintf("%.4g", value));
    }
    return out;
}

/* For models that write text: tokens per second of each user, and of all users together. */
static void print_texts(const struct wi_lab_figures *figures)
{
    struct wi_column columns[WI_LAB_TEXT_FIGURES + 3] = {
        {"#", "index", NULL}, {"CELL", "cell", NULL}};
    json_t *table = json_array();

    for (size_t i = 0, at = 2; i < WI_LAB_TEXT_FIGURES; i++)
        if (wi_lab_text_figures[i].column)
            columns[at++] = (struct wi_column){
                wi_lab_text_figures[i].column, wi_lab_text_figures[i].member, NULL};
    for (size_t i = 0; i < figures->count; i++)
        if (figures->rows[i].cell->writes)
            json_array_append_new(table, text_row_of(figures->rows[i].cell));
    if (json_array_size(table) > 0)
        wi_table_print("\n", columns, table, "");
    json_decref(table);
}

/* Appends a run of the service in the form of wi_lab_put_earlier; nothing if it is gone. */
static void put_earlier(
    const struct wi_cli *cli, struct wi_buffer *out, const struct wi_lab_run *run, const char *id)
{
    json_t *document = wi_cli_get(cli, "/v1/results/*", id);
    struct wi_lab_run earlier;
    struct wi_error error;

    if (document && wi_lab_run_read(&earlier, document, WI_LAB_WHOLE, &error) == WI_OK) {
        wi_buffer_puts(out, out->size ? "," : "");
        wi_lab_put_earlier(out, run, &earlier);
        wi_lab_run_clear(&earlier);
    }
    json_decref(document);
}

/* Whether it began before this run, is simulated if and only if this one is, and was measured here:
 * an imported run may be of another machine. */
static int is_earlier(const json_t *row, const struct wi_lab_run *run)
{
    return wi_json_text(row, "id") &&
           json_integer_value(json_object_get(row, "began_at")) < run->began_at &&
           json_is_true(json_object_get(row, "simulated")) == run->simulated &&
           !json_is_true(json_object_get(row, "imported"));
}

static void put_history(
    const struct wi_cli *cli, struct wi_buffer *out, const struct wi_lab_run *run)
{
    struct wi_pages pages = {.cli = cli, .path = "/v1/results", .member = "results", .quiet = 1};
    const json_t *row;
    size_t count = 0;

    while (count < HISTORY_MAX && (row = wi_pages_row(&pages)))
        if (is_earlier(row, run) && ++count)
            put_earlier(cli, out, run, wi_json_text(row, "id"));
    wi_pages_close(&pages);
}

/* Writes the document, with the cells of earlier runs if the run is one of the service. */
static enum wi_exit write_html(
    const struct wi_cli *cli, const char *name, const struct wi_lab_figures *figures)
{
    struct wi_buffer json = {0}, history = {0}, html = {0};
    struct wi_lab_answer answer;

    wi_lab_answer_make(&answer, figures);
    wi_lab_put_answer_html(&html, &answer);
    wi_lab_answer_clear(&answer);
    wi_buffer_puts(&json, "{\"run\":");
    wi_lab_put_cells(&json, figures);
    if (!wi_cli_lab_is_file(name) && !figures->run->imported)
        put_history(cli, &history, figures->run);
    wi_buffer_strings(&json, ",\"history\":[", history.size ? history.text : "", "]}", NULL);
    wi_buffer_clear(&history);
    enum wi_exit result = wi_cli_lab_write_answer(cli, html.text, json.text);
    wi_buffer_clear(&json);
    wi_buffer_clear(&html);
    return result;
}

/* A writer that needs the figures alone: of a format, or of the report of an option. */
struct format {
    const char *name;
    void (*put)(struct wi_buffer *out, const struct wi_lab_figures *figures);
};
static const struct format reports[] = {
    {"markdown", wi_lab_put_markdown}, {"junit", wi_lab_put_junit}, {0}};
static const struct format formats[] = {{"ndjson", wi_lab_put_ndjson}, {"csv", wi_lab_put_csv},
    {"json", wi_lab_put_json}, {"bmf", wi_lab_put_bmf}, {0}};

/* Writes those that are requested; `*is_any` says whether any is. */
static enum wi_exit write_reports(
    const struct wi_cli *cli, const char *name, const struct wi_lab_figures *figures, int *is_any)
{
    enum wi_exit result = WI_EXIT_OK;

    *is_any = wi_argument_given(&cli->arguments, "html");
    if (*is_any)
        result = write_html(cli, name, figures);
    for (const struct format *report = reports; report->name && result == WI_EXIT_OK; report++) {
        struct wi_buffer text = {0};
        if (!wi_argument_given(&cli->arguments, report->name))
            continue;
        *is_any = 1;
        report->put(&text, figures);
        result = wi_cli_lab_write(cli, report->name, &text);
        wi_buffer_clear(&text);
    }
    return result;
}

static void print_run(const struct wi_lab_figures *figures)
{
    print_head(figures);
    print_cells(figures);
    print_texts(figures);
}

static void print_answer(const struct wi_lab_figures *figures)
{
    wi_cli_lab_print_answer(figures, print_texts);
}

/* Writes the reports that are requested, or else prints the run with --json, or by `print`. */
static enum wi_exit show_run(
    struct wi_cli *cli, const char *name, void (*print)(const struct wi_lab_figures *figures))
{
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    struct wi_buffer text = {0};
    int is_written;
    enum wi_exit result = wi_cli_lab_load(cli, name, &run);

    if (result != WI_EXIT_OK)
        return result;
    wi_lab_figures_make(&figures, &run);
    result = write_reports(cli, name, &figures, &is_written);
    if (!is_written && cli->json) {
        wi_lab_put_json(&text, &figures);
        fputs(text.text, stdout);
    } else if (!is_written) {
        print(&figures);
    }
    wi_buffer_clear(&text);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
    return result;
}

enum wi_exit wi_cli_lab_show(struct wi_cli *cli, const char *name)
{
    int is_wide = wi_argument_given(&cli->arguments, "wide");

    return show_run(cli, name, is_wide ? print_run : print_answer);
}

enum wi_exit wi_cli_lab_page(struct wi_cli *cli, const char *name)
{
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    enum wi_exit result = wi_cli_lab_load(cli, name, &run);

    if (result != WI_EXIT_OK)
        return result;
    wi_lab_figures_make(&figures, &run);
    result = write_html(cli, name, &figures);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
    return result;
}

static enum wi_exit run_show(struct wi_cli *cli)
{
    return show_run(cli, cli->arguments.positionals[0], print_run);
}

enum wi_exit wi_cli_results_show(struct wi_cli *cli)
{
    return wi_cli_lab_ask(cli, run_show);
}

/* The format of that name, the first one for NULL; NULL once the error is printed. */
static const struct format *find_format(const char *name)
{
    for (const struct format *format = formats; format->name; format++)
        if (!name || strcmp(format->name, name) == 0)
            return format;
    fprintf(
        stderr, "webinfer: there is no format \"%s\"\n  allowed: ndjson, csv, json, bmf\n", name);
    return NULL;
}

static enum wi_exit run_export(struct wi_cli *cli)
{
    const struct format *format = find_format(wi_argument(&cli->arguments, "format"));
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    struct wi_buffer text = {0};
    enum wi_exit result =
        format ? wi_cli_lab_load(cli, cli->arguments.positionals[0], &run) : WI_EXIT_USAGE;

    if (result != WI_EXIT_OK)
        return result;
    wi_lab_figures_make(&figures, &run);
    format->put(&text, &figures);
    wi_plain_flush(stdout, &text);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
    return WI_EXIT_OK;
}

enum wi_exit wi_cli_results_export(struct wi_cli *cli)
{
    return wi_cli_lab_ask(cli, run_export);
}

static enum wi_exit run_remove(struct wi_cli *cli)
{
    const char *id = cli->arguments.positionals[0];
    struct wi_rest_request request = {.path = "/v1/results/*", .name = id, .method = "DELETE"};

    return wi_cli_lab_check_id(id) ? wi_cli_order(cli, &request, NULL) : WI_EXIT_USAGE;
}

enum wi_exit wi_cli_results_rm(struct wi_cli *cli)
{
    return wi_own_store_ask(cli, run_remove);
}
