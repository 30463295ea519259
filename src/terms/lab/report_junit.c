/* Reports as JUnit writes them, for what shows tests; and the document for people, whose template
 * is built with the page. */
#include "terms/lab/report.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* XML 1.0 allows only three control characters. */
void wi_lab_put_xml(struct wi_buffer *out, const char *text)
{
    static const char *const names[] = {
        ['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\''] = "&apos;"};
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < sizeof names / sizeof *names && names[c])
            wi_buffer_puts(out, names[c]);
        else
            wi_buffer_add(out, c < ' ' || c == 0x7f ? " " : text, 1);
    }
}

static void put_attribute(struct wi_buffer *out, const char *name, const char *value)
{
    wi_buffer_strings(out, " ", name, "=\"", NULL);
    wi_lab_put_xml(out, value);
    wi_buffer_puts(out, "\"");
}

enum state { PASSED, FAILED, SKIPPED, STATES };

/* The cases of a suite, while they are counted. */
struct suite {
    struct wi_buffer cases;
    size_t counts[STATES];
};

/* A test case with the outcome `said` and its reason. */
static void add_case(struct suite *suite, const struct wi_lab_cell *cell, double ms,
    enum state state, const char *said, const char *reason)
{
    struct wi_buffer *out = &suite->cases, name = {0};
    const char *element = state == FAILED ? "failure" : "skipped";
    suite->counts[state]++;
    wi_lab_put_name(&name, cell);
    wi_buffer_puts(out, "  <testcase");
    put_attribute(out, "classname", cell->model);
    put_attribute(out, "name", name.text);
    wi_buffer_printf(out, " time=\"%.9f\"", ms / 1000);
    if (state == PASSED) {
        wi_buffer_puts(out, "/>\n");
    } else {
        struct wi_buffer message = {0};
        wi_buffer_strings(&message, said, reason ? ": " : "", reason ? reason : "", NULL);
        wi_buffer_strings(out, ">\n    <", element, NULL);
        put_attribute(out, "message", message.text);
        wi_buffer_puts(out, "/>\n  </testcase>\n");
        wi_buffer_clear(&message);
    }
    wi_buffer_clear(&name);
}

static void put_suite(struct wi_buffer *out, struct suite *suite, const struct wi_lab_run *run)
{
    const size_t *counts = suite->counts;
    char time[WI_TIME_SIZE];
    wi_buffer_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite");
    put_attribute(out, "name", run->name ? run->name : "webinfer");
    wi_buffer_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
        counts[PASSED] + counts[FAILED] + counts[SKIPPED], counts[FAILED], counts[SKIPPED]);
    if (run->began_at >= 0) {
        wi_format_time(run->began_at, time);
        put_attribute(out, "timestamp", time);
    }
    wi_buffer_puts(out, ">\n");
    if (suite->cases.size > 0)
        wi_buffer_add(out, suite->cases.text, suite->cases.size);
    wi_buffer_puts(out, " </testsuite>\n</testsuites>\n");
    wi_buffer_clear(&suite->cases);
}

static enum state state_of(const struct wi_lab_cell *cell)
{
    switch (cell->outcome) {
    case WI_LAB_OK:
        return PASSED;
    case WI_LAB_INEXACT:
    case WI_LAB_CRASHED:
    case WI_LAB_FAILED:
        return FAILED;
    default:
        return SKIPPED;
    }
}

static void add_cell(
    struct suite *suite, const struct wi_lab_run *run, const struct wi_lab_figure *row)
{
    const struct wi_lab_cell *cell = row->cell;
    struct wi_buffer said = {0};
    wi_buffer_strings(&said, wi_lab_outcome_names[cell->outcome],
        wi_lab_is_simulated(run, cell) ? ", simulated" : "", NULL);
    add_case(suite, cell, row->summary.median, state_of(cell), said.text, cell->reason);
    wi_buffer_clear(&said);
}

void wi_lab_put_junit(struct wi_buffer *out, const struct wi_lab_figures *figures)
{
    struct suite suite = {0};
    size_t count;
    const struct wi_lab_figure **rows = wi_lab_worst_first(figures, &count);
    for (size_t i = 0; i < count; i++)
        add_cell(&suite, figures->run, rows[i]);
    free(rows);
    put_suite(out, &suite, figures->run);
}

/* A cell of a comparison. Differences in time count only if the comparison can judge times. */
static void add_difference(struct suite *suite, const struct wi_lab_difference *difference,
    enum wi_lab_judgement judgement)
{
    const struct wi_lab_cell *cell = difference->now ? difference->now : difference->before;
    struct wi_buffer said = {0};
    enum state state = difference->change == WI_LAB_GONE ? SKIPPED : state_of(cell);
    wi_buffer_puts(&said, wi_lab_change_names[difference->change]);
    if (difference->is_timed)
        wi_buffer_printf(&said, ", %.3g times the time before (%.3g to %.3g, p %.2g)",
            difference->ratio.value, difference->ratio.low, difference->ratio.high, difference->p);
    if (difference->change == WI_LAB_BROKEN)
        state = FAILED;
    if (difference->change == WI_LAB_SLOWER)
        state = judgement == WI_LAB_CANNOT_TELL ? SKIPPED : FAILED;
    if (difference->change == WI_LAB_UNCLEAR)
        state = SKIPPED;
    double ms = cell->count > 0 ? wi_lab_median_of(cell->samples, cell->count) : 0;
    add_case(suite, wi_lab_difference_cell(difference), ms, state, said.text, difference->reason);
    wi_buffer_clear(&said);
}

void wi_lab_put_junit_comparison(struct wi_buffer *out, const struct wi_lab_comparison *comparison)
{
    struct suite suite = {0};
    for (size_t i = 0; i < comparison->count; i++)
        add_difference(&suite, &comparison->differences[i], comparison->judgement);
    put_suite(out, &suite, comparison->now);
}

/* The place of the mark, if it is there once; else NULL. */
static const char *find_once(const char *text, const char *mark)
{
    const char *found = strstr(text, mark);
    return found && !strstr(found + 1, mark) ? found : NULL;
}

int wi_lab_put_html(
    struct wi_buffer *out, const char *template_text, const char *answer, const char *json)
{
    const char *first = find_once(template_text, WI_LAB_ANSWER_MARK);
    const char *second = find_once(template_text, WI_LAB_HTML_MARK);
    if (!first || !second || second < first)
        return -1;
    wi_buffer_add(out, template_text, (size_t)(first - template_text));
    wi_buffer_puts(out, answer);
    first += strlen(WI_LAB_ANSWER_MARK);
    wi_buffer_add(out, first, (size_t)(second - first));
    for (const char *text = json; *text; text++) /* so that no tag ends the script around it */
        *text == '<' ? wi_buffer_puts(out, "\\u003c") : wi_buffer_add(out, text, 1);
    wi_buffer_puts(out, second + strlen(WI_LAB_HTML_MARK));
    return 0;
}
