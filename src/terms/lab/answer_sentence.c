/* The answer about a model as a sentence; see answer.h. */
#include "terms/lab/answer.h"

#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define WASM 0 /* in wi_lab_platform_names */

/* The rows of one model. */
struct span {
    const struct wi_lab_answer_row *rows;
    size_t count;
};

static const char *browser_title(const char *kind)
{
    static const char *const titles[][2] = {
        {"chrome", "Chromium"}, {"edge", "Edge"}, {"firefox", "Firefox"}, {"safari", "WebKit"}};
    for (size_t i = 0; kind && i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], kind) == 0)
            return titles[i][1];
    return kind ? kind : "other nodes";
}

static const char *platform_title(const struct wi_lab_cell *cell)
{
    static const char *const titles[][2] = {
        {"wasm", "WASM"}, {"webgpu", "WebGPU"}, {"webnn", "WebNN"}, {"webgl", "WebGL"}};
    const char *name = wi_lab_platform_names[cell->platform];
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], name) == 0)
            return titles[i][1];
    return name;
}

static int is_ok(const struct wi_lab_answer_row *row)
{
    return row->cell->outcome == WI_LAB_OK;
}

/* Whether it runs there in some way, such as by the page's clock alone, and no answer was wrong. */
static int does_run(const struct wi_lab_answer_row *row)
{
    return row->best && row->cell->outcome != WI_LAB_INEXACT;
}

static void put_joined(struct wi_buffer *out, const struct wi_strings *words)
{
    for (size_t i = 0; i < words->count; i++)
        wi_buffer_strings(out,
            i == 0                 ? ""
            : i + 1 < words->count ? ", "
                                   : " and ",
            words->items[i], NULL);
}

/* --- where it runs ---------------------------------------------------------------------------- */

/* "Chromium 156": the version up to its first point. Nodes that are no browser have none. */
static char *name_browser(const struct wi_lab_cell *cell)
{
    const char *version = cell->browser && cell->browser_version ? cell->browser_version : "";
    return wi_sprintf("%s%s%.*s", browser_title(cell->browser), *version ? " " : "",
        (int)strcspn(version, "."), version);
}

static void put_where(struct wi_buffer *out, const struct span *span)
{
    struct wi_strings names = {0};
    for (size_t i = 0; i < span->count; i++) {
        char *name = does_run(&span->rows[i]) ? name_browser(span->rows[i].best->cell) : NULL;
        if (name && !wi_strings_contain(&names, name))
            wi_strings_add(&names, name);
        free(name);
    }
    wi_buffer_strings(
        out, span->rows[0].cell->model, names.count ? " runs in " : " runs nowhere here", NULL);
    put_joined(out, &names);
    wi_strings_clear(&names);
}

static int has_precisions(const struct span *span)
{
    for (size_t i = 1; i < span->count; i++)
        if (span->rows[i].precision && span->rows[0].precision &&
            strcmp(span->rows[i].precision, span->rows[0].precision) != 0)
            return 1;
    return 0;
}

/* A software adapter and simulated nodes are never the fastest. */
static void put_fastest(struct wi_buffer *out, const struct span *span)
{
    const struct wi_lab_answer_row *row = &span->rows[0];
    if (!is_ok(row) || row->is_software || row->is_simulated)
        return;
    wi_buffer_puts(out, "; fastest: ");
    wi_lab_put_place(out, row->cell);
    if (has_precisions(span) && row->precision)
        wi_buffer_strings(out, " ", row->precision, NULL);
    wi_buffer_puts(out, ", ");
    wi_lab_put_ms(out, row->best->summary.median);
    wi_buffer_puts(out, " ms");
}

/* --- other platforms than WASM ---------------------------------------------------------------- */

/* Whether an earlier row, which is the better one, has the platform, too. */
static int was_told(const struct span *span, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (span->rows[i].wasm && span->rows[i].cell->platform == span->rows[at].cell->platform)
            return 1;
    return 0;
}

static void put_against_wasm(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    const struct wi_lab_interval *times = &row->than_wasm;
    int is_as_fast = wi_lab_is_as_fast(times);
    wi_buffer_strings(out, "; ", platform_title(row->cell), " is ", NULL);
    wi_lab_put_words(out, times);
    wi_buffer_puts(out, is_as_fast ? " as WASM" : " than WASM");
    if (!row->is_software)
        wi_buffer_strings(out, " in ", browser_title(row->cell->browser), NULL);
    else if (!is_as_fast && times->value < 1)
        wi_buffer_puts(out, " here because the adapter is software");
    else
        wi_buffer_puts(out, " here although the adapter is software");
}

static void put_platforms(struct wi_buffer *out, const struct span *span)
{
    for (size_t i = 0; i < span->count; i++)
        if (is_ok(&span->rows[i]) && span->rows[i].wasm && !was_told(span, i))
            put_against_wasm(out, &span->rows[i]);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

static void put_trouble(struct wi_buffer *out, const struct wi_lab_answer_row *row)
{
    static const char *const words[WI_LAB_OUTCOMES] = {[WI_LAB_INEXACT] = " answers wrongly",
        [WI_LAB_TOO_SLOW] = " is too slow",
        [WI_LAB_CRASHED] = " crashes",
        [WI_LAB_FAILED] = " fails"};
    const char *said = words[row->cell->outcome];
    if (!said)
        return;
    wi_buffer_puts(out, "; ");
    wi_lab_put_place(out, row->cell);
    if (row->precision)
        wi_buffer_strings(out, " ", row->precision, NULL);
    wi_buffer_strings(out, said, does_run(row) ? " in some cells" : "", NULL);
    if (row->cell->outcome == WI_LAB_INEXACT && row->error_ratio > 1) {
        wi_buffer_puts(out, " by ");
        wi_lab_put_error(out, row->error_ratio);
        wi_buffer_puts(out, " times the allowed error");
    }
    if (row->cell->outcome == WI_LAB_INEXACT && row->changed)
        wi_buffer_strings(out, " (", row->changed, ")", NULL);
}

/* "no WebNN, not on WebGL": what the browser lacks, and where it cannot compute the model. */
static char *name_missing(const struct span *span, const char *browser)
{
    struct wi_buffer text = {0};
    int is_gone = 0, has_more = 0; /* WASM is absent, which each browser has; others are there */
    for (size_t i = 0; i < span->count; i++) {
        const struct wi_lab_cell *cell = span->rows[i].cell;
        if (!wi_text_equal(cell->browser, browser))
            continue;
        is_gone |= cell->outcome == WI_LAB_ABSENT && cell->platform == WASM;
        has_more |= cell->outcome != WI_LAB_ABSENT;
        const char *word = cell->outcome == WI_LAB_ABSENT        ? "no "
                           : cell->outcome == WI_LAB_UNSUPPORTED ? "not on "
                           : cell->outcome == WI_LAB_NOT_RUN     ? "not tried on "
                                                                 : NULL;
        if (word)
            wi_buffer_strings(&text, text.size ? ", " : "", word, platform_title(cell), NULL);
    }
    if (is_gone && !has_more) {
        text.size = 0;
        wi_buffer_puts(&text, "not available");
    }
    return wi_buffer_take(&text);
}

/* The browsers from `at` on that lack the same as that one. */
static void name_alike(struct wi_strings *names, const struct wi_strings *browsers,
    const struct wi_strings *lacks, size_t at)
{
    for (size_t i = at; i < browsers->count; i++)
        if (strcmp(lacks->items[i], lacks->items[at]) == 0)
            wi_strings_add(names, browsers->items[i]);
}

static int is_first(const struct wi_strings *list, size_t at)
{
    size_t first = 0;
    while (strcmp(list->items[first], list->items[at]) != 0)
        first++;
    return first == at;
}

/* Browsers that lack the same are told of together. */
static void put_missing(struct wi_buffer *out, const struct span *span)
{
    struct wi_strings browsers = {0}, lacks = {0}; /* what each of them lacks, "" if nothing */
    for (size_t i = 0; i < span->count; i++) {
        const char *browser = span->rows[i].cell->browser;
        if (wi_strings_contain(&browsers, browser_title(browser)))
            continue;
        wi_strings_add(&browsers, browser_title(browser));
        wi_strings_add_owned(&lacks, name_missing(span, browser));
    }
    for (size_t i = 0; i < browsers.count; i++) {
        struct wi_strings names = {0};
        if (!*lacks.items[i] || !is_first(&lacks, i))
            continue;
        name_alike(&names, &browsers, &lacks, i);
        wi_buffer_puts(out, "; ");
        put_joined(out, &names);
        wi_buffer_strings(out, ": ", lacks.items[i], NULL);
        wi_strings_clear(&names);
    }
    wi_strings_clear(&browsers);
    wi_strings_clear(&lacks);
}

void wi_lab_put_sentence(struct wi_buffer *out, const struct wi_lab_answer *answer, size_t from)
{
    struct span span = {&answer->rows[from], wi_lab_answer_span(answer, from)};
    put_where(out, &span);
    put_fastest(out, &span);
    put_platforms(out, &span);
    for (size_t i = 0; i < span.count; i++)
        put_trouble(out, &span.rows[i]);
    put_missing(out, &span);
    if (span.rows[0].is_simulated)
        wi_buffer_puts(out, "; simulated times are made up");
    wi_buffer_puts(out, ".");
}
