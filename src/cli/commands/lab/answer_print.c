/* The answer of a run on a terminal: a table for each model, what is to be said about its rows, and
 * the sentences. All of it fits WIDTH columns, if names of models and browsers are no longer than
 * usual. */
#include "cli/commands/lab/lab.h"

#include "base/text.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include "terms/lab/answer.h"
#include <stdio.h>
#include <string.h>

#define WIDTH 100
#define INDENT 4 /* of the lines of a text after the first one */

/* Adds a text of words as lines; control characters are replaced. */
static void put_lines(struct wi_buffer *out, const char *text)
{
    struct wi_buffer plain = {0};
    char *rest;
    int used = 0;
    wi_plain(&plain, text, strlen(text), "");
    for (char *word = strtok_r(plain.text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int width = wi_table_width(word);
        if (used > INDENT && used + 1 + width > WIDTH) {
            wi_buffer_printf(out, "\n%*s", INDENT, "");
            used = INDENT;
        } else if (used > 0) {
            wi_buffer_puts(out, " ");
            used++;
        }
        wi_buffer_puts(out, word);
        used += width;
    }
    wi_buffer_puts(out, "\n");
    wi_buffer_clear(&plain);
}

/* --- the table -------------------------------------------------------------------------------- */

static void put_where(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    wi_lab_put_place(out, row->cell);
    if (row->precision)
        wi_buffer_strings(out, " ", row->precision, NULL);
}

static json_t *make_ms(double ms)
{
    struct wi_buffer text = {0};
    if (ms >= 0)
        wi_lab_put_ms(&text, ms);
    return wi_cli_lab_text(&text);
}

static json_t *make_interval(const struct wi_lab_summary *summary)
{
    struct wi_buffer text = {0};
    wi_lab_put_ms(&text, summary->low);
    wi_buffer_puts(&text, "-");
    wi_lab_put_ms(&text, summary->high);
    return wi_cli_lab_text(&text);
}

static json_t *make_row(const struct wi_lab_answer_row *row)
{
    struct wi_buffer where = {0}, words = {0}, memory = {0}, error = {0};
    const char *name = wi_lab_outcome_names[row->cell->outcome];
    put_where(&where, row);
    json_t *made = json_pack("{s:o, s:o, s:o, s:o}", "where", wi_cli_lab_text(&where), "outcome",
        row->is_software ? json_sprintf("%s *", name) : json_string(name), "load",
        make_ms(row->load_ms), "first", make_ms(row->first_ms));
    if (row->best)
        json_object_update_new(
            made, json_pack("{s:o, s:o}", "p50", make_ms(row->best->summary.median), "interval",
                      make_interval(&row->best->summary)));
    if (row->wasm) {
        wi_lab_put_words(&words, &row->than_wasm);
        json_object_set_new(made, "words", wi_cli_lab_text(&words));
    }
    if (row->error_ratio >= 0) {
        wi_lab_put_error(&error, row->error_ratio);
        json_object_set_new(made, "error", wi_cli_lab_text(&error));
    }
    if (row->memory_bytes >= 0) {
        wi_table_bytes(&memory, (double)row->memory_bytes);
        json_object_set_new(made, "memory", wi_cli_lab_text(&memory));
    }
    return made;
}

/* --- what is to be said about rows ------------------------------------------------------------ */

static int rows_have_same_end(const struct wi_lab_answer_row *a, const struct wi_lab_answer_row *b)
{
    return a->cell->outcome == b->cell->outcome && !a->changed && !b->changed &&
           wi_text_equal(a->cell->reason, b->cell->reason);
}

/* Whether all rows of its browser, more than one, ended as this one, such as those of a browser
 * that is not there. `*is_first`: it is the first of them. */
static int is_of_browser(
    const struct wi_lab_answer_row *rows, size_t count, size_t at, int *is_first)
{
    size_t others = 0;
    *is_first = 1;
    for (size_t i = 0; i < count; i++) {
        if (i == at || !wi_text_equal(rows[i].cell->browser, rows[at].cell->browser))
            continue;
        if (!rows_have_same_end(&rows[i], &rows[at]))
            return 0;
        *is_first &= i > at;
        others++;
    }
    return rows[at].cell->browser && others > 0;
}

/* "firefox/webgpu fp32: inexact: y at 3: 5 where WASM gives 4; do not use this place": what is not
 * ok, why, and what to do about it. One line tells of a browser where all is alike: "edge: absent".
 */
static void put_remark(
    struct wi_buffer *out, const struct wi_lab_answer_row *rows, size_t count, size_t at)
{
    const struct wi_lab_answer_row *row = &rows[at];
    const char *remedy = wi_lab_remedy(row->cell), *reason = row->cell->reason;
    struct wi_buffer text = {0};
    int is_ok = row->cell->outcome == WI_LAB_OK, is_first;
    int is_all = is_of_browser(rows, count, at, &is_first);
    if ((is_ok && !row->changed) || (is_all && !is_first))
        return;
    if (is_all)
        wi_buffer_puts(&text, row->cell->browser);
    else
        put_where(&text, row);
    if (!is_ok)
        wi_buffer_strings(&text, ": ", wi_lab_outcome_names[row->cell->outcome], NULL);
    if (!is_ok && reason)
        wi_buffer_strings(&text, ": ", reason, NULL);
    if (row->changed)
        wi_buffer_strings(&text, is_ok ? ": " : "; ", row->changed, NULL);
    if (remedy)
        wi_buffer_strings(&text, "; ", remedy, NULL);
    put_lines(out, text.text);
    wi_buffer_clear(&text);
}

/* "* a software adapter, no GPU: google swiftshader": of the first row that has one. */
static void put_software(struct wi_buffer *out, const struct wi_lab_answer_row *rows, size_t count)
{
    struct wi_buffer text = {0};
    size_t at = 0;
    while (at < count && !rows[at].is_software)
        at++;
    if (at == count)
        return;
    wi_buffer_puts(&text, "* a software adapter, no GPU: ");
    wi_table_adapter_names(&text, (rows[at].best ? rows[at].best->cell : rows[at].cell)->adapter,
        " ", "without a name");
    put_lines(out, text.text);
    wi_buffer_clear(&text);
}

/* "auto chose chrome/webgpu", or "auto: failed: internal: why" */
static void put_choice(
    struct wi_buffer *out, const struct wi_lab_figures *figures, const char *model)
{
    for (size_t i = 0; i < figures->count; i++) {
        const struct wi_lab_cell *cell = figures->rows[i].cell;
        struct wi_buffer text = {0};
        if (strcmp(wi_lab_platform_names[cell->platform], "auto") != 0 ||
            strcmp(cell->model, model) != 0 || !cell->reason)
            continue;
        if (cell->outcome == WI_LAB_OK)
            wi_buffer_strings(&text, "auto ", cell->reason, NULL);
        else
            wi_buffer_strings(
                &text, "auto: ", wi_lab_outcome_names[cell->outcome], ": ", cell->reason, NULL);
        put_lines(out, text.text);
        wi_buffer_clear(&text);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static void print_model(const struct wi_lab_answer *answer, size_t from, size_t count)
{
    static const struct wi_column columns[] = {{"WHERE", "where", NULL},
        {"OUTCOME", "outcome", NULL}, {"P50", "p50", NULL}, {"95 %", "interval", NULL},
        {"THAN WASM", "words", NULL}, {"ERROR", "error", NULL}, {"MEMORY", "memory", NULL},
        {"LOAD", "load", NULL}, {"FIRST", "first", NULL}, {0}};
    const struct wi_lab_answer_row *rows = &answer->rows[from];
    json_t *table = json_array();
    struct wi_buffer text = {0};
    for (size_t i = 0; i < count; i++)
        json_array_append_new(table, make_row(&rows[i]));
    wi_plain(&text, rows->cell->model, strlen(rows->cell->model), "");
    printf("%s%s (times in ms; error as a multiple of the allowed one)\n", from > 0 ? "\n" : "",
        text.text);
    text.size = 0;
    wi_table_print("", columns, table, NULL);
    put_software(&text, rows, count);
    for (size_t i = 0; i < count; i++)
        put_remark(&text, rows, count, i);
    put_choice(&text, answer->figures, rows->cell->model);
    wi_plain_flush(stdout, &text);
    json_decref(table);
}

/* What is true of the whole run, and lowers its worth. */
static void put_doubts(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    const struct wi_lab_run *run = figures->run;
    if (figures->noisy)
        put_lines(out, "Noisy: the yardstick's medians differ by more than 10 %, so the machine "
                       "was probably doing other work.");
    if (run->simulated)
        put_lines(out, "Simulated: nodes that compute nothing made these times up.");
    if (run->ended_at < 0)
        put_lines(out, "Not ended: cells are left to be measured.");
}

void wi_cli_lab_print_answer(
    const struct wi_lab_figures *figures, void (*between)(const struct wi_lab_figures *figures))
{
    struct wi_lab_answer answer;
    struct wi_buffer text = {0};
    size_t count;
    wi_lab_answer_make(&answer, figures);
    for (size_t i = 0; i < answer.count; i += count) {
        count = wi_lab_answer_span(&answer, i);
        print_model(&answer, i, count);
    }
    between(figures);
    wi_buffer_puts(&text, answer.count > 0 ? "\n" : "It has no cells yet.\n");
    put_doubts(&text, figures);
    for (size_t i = 0; i < answer.count; i += wi_lab_answer_span(&answer, i)) {
        struct wi_buffer sentence = {0};
        wi_lab_put_sentence(&sentence, &answer, i);
        put_lines(&text, sentence.text);
        wi_buffer_clear(&sentence);
    }
    wi_plain_flush(stdout, &text);
    wi_lab_answer_clear(&answer);
}
