/* Reports in Markdown, for a pull request. Texts from outside are put in code spans, where they
 * cannot be markup, mentions or pictures. */
#include "terms/lab/report.h"

#include "base/text.h"
#include <stdlib.h>

#define MORE_ROOM 200 /* for the line that says how many there are besides */

static void put_code(struct wi_buffer *out, const char *text)
{
    wi_buffer_puts(out, "`");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '|')
            wi_buffer_puts(out, "\\|"); /* else it would end the cell, also in a code span */
        else
            wi_buffer_add(out, c == '`' ? "'" : c < ' ' || c == 0x7f ? " " : text, 1);
    }
    wi_buffer_puts(out, "`");
}

/* `text`, or nothing where there is none. */
static void put_cell(struct wi_buffer *out, const char *text)
{
    if (text && *text)
        put_code(out, text);
    wi_buffer_puts(out, " | ");
}

static void put_name(struct wi_buffer *out, const struct wi_lab_cell *cell)
{
    struct wi_buffer name = {0};
    wi_lab_put_name(&name, cell);
    wi_buffer_puts(out, "| ");
    put_cell(out, name.text);
    wi_buffer_clear(&name);
}

/* Adds a row if there is room for it; 0 if not. */
static int table_add_row(struct wi_buffer *out, struct wi_buffer *row)
{
    int fits = out->size + row->size + MORE_ROOM <= WI_LAB_MARKDOWN_MAX;
    if (fits)
        wi_buffer_add(out, row->text, row->size);
    wi_buffer_clear(row);
    return fits;
}

static void put_more(struct wi_buffer *out, size_t count, size_t shown)
{
    if (shown < count)
        wi_buffer_printf(
            out, "\nand %zu more cells, for which there is no room here\n", count - shown);
}

static void put_facts(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    const struct wi_lab_run *run = figures->run;
    char time[WI_TIME_SIZE];
    wi_buffer_puts(out, "## ");
    put_code(out, run->name ? run->name : "a run");
    wi_buffer_puts(out, "\n\n");
    put_code(out, run->id ? run->id : "-");
    if (run->began_at >= 0) {
        wi_format_time(run->began_at, time);
        wi_buffer_strings(out, ", began ", time, NULL);
    }
    if (run->commit) {
        wi_buffer_puts(out, ", commit ");
        put_code(out, run->commit);
    }
    if (run->together > 1)
        wi_buffer_printf(out, ", up to %lld cells at a time", (long long)run->together);
    wi_buffer_puts(out, "\n\n");
    if (run->simulated)
        wi_buffer_puts(out, "**Simulated**: nodes that compute nothing made these times up.\n\n");
    if (figures->noisy)
        wi_buffer_puts(out, "**Noisy**: the yardstick drifted by more than 10 %.\n\n");
    if (run->person)
        wi_buffer_puts(out, "**A person's**: a page that somebody lends has sent it.\n\n");
    else if (run->imported)
        wi_buffer_puts(out, "**Imported**: it was not measured by this service.\n\n");
    if (run->ended_at < 0)
        wi_buffer_puts(out, "**Not ended**: there may be more cells.\n\n");
}

static void put_outcome(
    struct wi_buffer *out, const struct wi_lab_run *run, const struct wi_lab_figure *row)
{
    const struct wi_lab_cell *cell = row->cell;
    const char *name = wi_lab_outcome_names[cell->outcome];
    int good = cell->outcome == WI_LAB_OK;
    wi_buffer_strings(out, good ? "" : "**", name, good ? "" : "**", NULL);
    if (wi_lab_is_simulated(run, cell))
        wi_buffer_puts(out, ", simulated");
    if (cell->adapter && json_is_true(json_object_get(cell->adapter, "is_fallback")))
        wi_buffer_puts(out, ", software adapter");
    if (row->summary.bimodal)
        wi_buffer_puts(out, ", bimodal");
    wi_buffer_puts(out, " | ");
}

static void put_times(struct wi_buffer *out, const struct wi_lab_figure *row)
{
    const struct wi_lab_summary *summary = &row->summary;
    if (summary->n > 0)
        wi_buffer_printf(out, "%zu | %.4g | %.4g to %.4g | %.4g | ", summary->n, summary->median,
            summary->low, summary->high, summary->p90);
    else
        wi_buffer_puts(out, "0 | | | | ");
    if (row->baseline)
        wi_buffer_printf(out, "%.3g (%.3g to %.3g) of %lld", row->speedup.value, row->speedup.low,
            row->speedup.high, (long long)row->baseline->index);
    wi_buffer_puts(out, " | ");
}

/* The head of their table without a cell, else that one's row. */
static void cell_put_text(struct wi_buffer *out, const struct wi_lab_cell *cell)
{
    for (size_t i = 0; i < WI_LAB_TEXT_FIGURES; i++) {
        const struct wi_lab_text_figure *figure = &wi_lab_text_figures[i];
        double value = cell ? wi_lab_text_value(&cell->text, figure) : -1;
        if (!figure->title)
            continue;
        if (!cell)
            wi_buffer_puts(out, figure->title);
        else if (value >= 0)
            wi_buffer_printf(out, "%.4g", value);
        wi_buffer_puts(out, " | ");
    }
    wi_buffer_puts(out, "\n");
}

/* Models that write, where there are some and there is room. */
static void put_texts(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    int has_head = 0;
    for (size_t i = 0; i < figures->count; i++) {
        const struct wi_lab_cell *cell = figures->rows[i].cell;
        struct wi_buffer row = {0};
        if (!cell->writes)
            continue;
        if (!has_head) {
            wi_buffer_puts(&row, "\n| text | ");
            cell_put_text(&row, NULL);
            wi_buffer_puts(&row, "|---|---|---|---|---|---|---|\n");
        }
        has_head = 1;
        put_name(&row, cell);
        cell_put_text(&row, cell);
        if (!table_add_row(out, &row))
            break;
    }
}

void wi_lab_put_markdown(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    size_t count, shown = 0;
    const struct wi_lab_figure **rows = wi_lab_worst_first(figures, &count);
    put_facts(out, figures);
    wi_buffer_puts(out,
        "| cell | # | outcome | n | median ms | 95 % interval | p90 ms | speed-up | "
        "reason |\n|---|---|---|---|---|---|---|---|---|\n");
    for (; shown < count; shown++) {
        struct wi_buffer row = {0};
        put_name(&row, rows[shown]->cell);
        wi_buffer_printf(&row, "%lld | ", (long long)rows[shown]->cell->index);
        put_outcome(&row, figures->run, rows[shown]);
        put_times(&row, rows[shown]);
        put_cell(&row, rows[shown]->cell->reason);
        wi_buffer_puts(&row, "\n");
        if (!table_add_row(out, &row))
            break;
    }
    put_more(out, count, shown);
    put_texts(out, figures);
    free(rows);
}

static void put_judgement(struct wi_buffer *out, const struct wi_lab_comparison *comparison)
{
    static const char *const titles[] = {"No regression", "Regression", "It cannot be told"};
    wi_buffer_strings(
        out, "## ", titles[comparison->judgement], ": ", comparison->reason, "\n\n", NULL);
    put_code(out, comparison->before->name ? comparison->before->name : "a run");
    wi_buffer_puts(out, " before, ");
    put_code(out, comparison->now->name ? comparison->now->name : "a run");
    wi_buffer_printf(out, " now; a cell is slower beyond %.3g %%", comparison->threshold * 100);
    if (comparison->yardstick > 0)
        wi_buffer_printf(out, "; yardstick %.3g", comparison->yardstick);
    wi_buffer_puts(out, "\n\n");
    if (comparison->now->simulated || comparison->before->simulated)
        wi_buffer_puts(out, "**Simulated**: nodes that compute nothing made these times up.\n\n");
    for (int change = 0; change < WI_LAB_CHANGES; change++)
        if (comparison->counts[change] > 0)
            wi_buffer_printf(
                out, "- %zu %s\n", comparison->counts[change], wi_lab_change_names[change]);
}

static void put_difference(struct wi_buffer *out, const struct wi_lab_difference *difference)
{
    const struct wi_lab_cell *now = difference->now;
    int bad = difference->change <= WI_LAB_SLOWER;
    put_name(out, wi_lab_difference_cell(difference));
    wi_buffer_strings(
        out, bad ? "**" : "", wi_lab_change_names[difference->change], bad ? "** | " : " | ", NULL);
    wi_buffer_strings(out,
        difference->before ? wi_lab_outcome_names[difference->before->outcome] : "", " | ",
        now ? wi_lab_outcome_names[now->outcome] : "", " | ", NULL);
    if (difference->is_timed)
        wi_buffer_printf(out, "%.3g (%.3g to %.3g) | %.2g | ", difference->ratio.value,
            difference->ratio.low, difference->ratio.high, difference->p);
    else
        wi_buffer_puts(out, " | | ");
    put_cell(out, difference->reason);
    wi_buffer_puts(out, "\n");
}

void wi_lab_put_markdown_comparison(
    struct wi_buffer *out, const struct wi_lab_comparison *comparison)
{
    size_t shown = 0;
    put_judgement(out, comparison);
    wi_buffer_puts(out, "\n| cell | change | before | now | time, now over before | p | reason |\n"
                        "|---|---|---|---|---|---|---|\n");
    for (; shown < comparison->count; shown++) {
        struct wi_buffer row = {0};
        put_difference(&row, &comparison->differences[shown]);
        if (!table_add_row(out, &row))
            break;
    }
    put_more(out, comparison->count, shown);
}
