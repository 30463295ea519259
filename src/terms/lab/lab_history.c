/* Cells over successive runs, and the runs with which they became slower; see lab_history.h. */
#include "terms/lab/lab_history.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const wi_lab_blame_names[] = {"machine", "browser", "either", NULL};

/* --- what has changed around a cell ----------------------------------------------------------- */

/* The texts are the caller's; NULL: unknown. */
static char *browser_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return wi_strdup(cell->browser_version);
}

static char *engine_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    if (!cell->engine || !cell->engine_version)
        return wi_strdup(cell->engine ? cell->engine : cell->engine_version);
    return wi_sprintf("%s %s", cell->engine, cell->engine_version);
}

static char *webinfer_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return wi_strdup(run->version);
}

static char *commit_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return wi_strdup(run->commit);
}

static char *model_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return wi_strdup(cell->hash);
}

static char *json_text(const json_t *value)
{
    return value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

static char *adapter_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    const char *name = json_string_value(json_object_get(cell->adapter, "description"));
    return name ? wi_strdup(name) : json_text(cell->adapter);
}

static char *flags_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return json_text(cell->flags);
}

static char *machine_text(const struct wi_lab_run *run, const struct wi_lab_cell *cell)
{
    return json_text(run->machine);
}

static const struct {
    const char *what;
    char *(*text)(const struct wi_lab_run *run, const struct wi_lab_cell *cell);
} surroundings[] = {{"browser", browser_text}, {"engine", engine_text}, {"webinfer", webinfer_text},
    {"commit", commit_text}, {"model", model_text}, {"adapter", adapter_text},
    {"flags", flags_text}, {"machine", machine_text}};
#define SURROUNDINGS (sizeof surroundings / sizeof *surroundings)

/* What is unknown in either run has not changed. */
static void point_note_changes(const struct wi_lab_history *history, struct wi_lab_point *point,
    const struct wi_lab_point *earlier)
{
    point->changed = wi_realloc_array(NULL, SURROUNDINGS, sizeof *point->changed);
    for (size_t i = 0; i < SURROUNDINGS; i++) {
        char *before = surroundings[i].text(&history->runs[earlier->run], earlier->cell);
        char *now = surroundings[i].text(&history->runs[point->run], point->cell);
        if (before && now && strcmp(before, now) != 0) {
            point->changed[point->changed_count++] =
                (struct wi_lab_changed){surroundings[i].what, before, now};
        } else {
            free(before);
            free(now);
        }
    }
}

/* --- levels ----------------------------------------------------------------------------------- */

/* The first run of those in which a cell took the same time. */
struct level {
    const struct wi_lab_point *point;
    double mark; /* of the yardstick in its browser; 0: unknown, or it has none */
    struct wi_lab_sample sample;
};

struct levels {
    const struct wi_lab_history *history;
    const struct wi_lab_series *series;
    struct level *items; /* owned */
    size_t count;
};

static void levels_add(struct levels *levels, const struct wi_lab_point *point, double mark,
    struct wi_lab_sample *sample)
{
    levels->items = wi_grow_array(levels->items, levels->count, sizeof *levels->items);
    levels->items[levels->count++] = (struct level){point, mark, *sample};
    *sample = (struct wi_lab_sample){0}; /* the level has it now */
}

static void levels_clear(struct levels *levels)
{
    for (size_t i = 0; i < levels->count; i++)
        wi_lab_sample_clear(&levels->items[i].sample);
    free(levels->items);
}

/* How many times as long the yardstick takes as at that level; 0: the runs have none in common. A
 * cell without a browser may have run in any. */
static double level_ratio(const struct levels *levels, const struct level *level,
    const struct wi_lab_point *point, double mark)
{
    const struct wi_lab_run *runs = levels->history->runs;
    if (!point->cell->browser)
        return wi_lab_marks_ratio(&runs[level->point->run], &runs[point->run]);
    return level->mark > 0 ? mark / level->mark : 0;
}

/* Why a point cannot be compared with a level, or "". */
static void level_obstacle(const struct levels *levels, const struct level *level,
    const struct wi_lab_point *point, double mark, char *reason, size_t size)
{
    const char *then = level->point->cell->hash, *today = point->cell->hash;
    *reason = '\0';
    if (then && today && strcmp(then, today) != 0) {
        wi_text_copy(reason, size, "the model is another one");
        return;
    }
    if (levels->series->simulated)
        return; /* its times are those of no machine */
    double ratio = level_ratio(levels, level, point, mark);
    if (ratio <= 0)
        wi_text_copy(reason, size, "the runs have no yardstick in common");
    else if (wi_lab_mark_differs(ratio, levels->history->threshold))
        snprintf(reason, size, "the yardstick takes %.3g times as long", ratio);
}

/* The latest level with which the point can be compared; NULL: none, and the point's reason says
 * why not with the last one. */
static const struct level *level_find(
    const struct levels *levels, struct wi_lab_point *point, double mark)
{
    char reason[sizeof point->reason];
    for (size_t i = levels->count; i-- > 0;) {
        const struct level *level = &levels->items[i];
        level_obstacle(levels, level, point, mark, reason, sizeof reason);
        if (!*reason) {
            *point->reason = '\0';
            return level;
        }
        if (i + 1 == levels->count) {
            point->against = level->point->run;
            wi_text_copy(point->reason, sizeof point->reason, reason);
        }
    }
    return NULL;
}

static void point_compare(struct wi_lab_point *point, const struct level *level,
    const struct wi_lab_sample *sample, double threshold)
{
    struct wi_lab_difference difference = {.before = level->point->cell, .now = point->cell};
    wi_lab_difference_time(&difference, &level->sample, sample, threshold);
    point->change = difference.change;
    point->against = level->point->run;
    point->is_timed = 1;
    point->ratio = difference.ratio;
    point->p = difference.p;
    wi_text_copy(point->reason, sizeof point->reason, difference.reason ? difference.reason : "");
}

/* A level of too few samples serves only until there is one of more. */
static int begins_level(const struct wi_lab_point *point, const struct level *level)
{
    return !level || point->change == WI_LAB_SLOWER || point->change == WI_LAB_FASTER ||
           (level->point->cell->count < WI_LAB_SAMPLES_ENOUGH &&
               point->cell->count >= WI_LAB_SAMPLES_ENOUGH);
}

/* Of a point that is ok. */
static void point_judge_time(
    struct levels *levels, struct wi_lab_point *point, const struct wi_lab_point *earlier)
{
    const struct wi_lab_run *run = &levels->history->runs[point->run];
    struct wi_lab_sample sample = wi_lab_sample_of(run, point->cell);
    double mark = wi_lab_mark_of(run, point->cell->browser);
    const struct level *level = level_find(levels, point, mark);
    point->summary = wi_lab_summarise(&sample);
    if (level)
        point_compare(point, level, &sample, levels->history->threshold);
    else
        point->change = levels->count > 0 ? WI_LAB_UNCLEAR : WI_LAB_NEW;
    if (begins_level(point, level))
        levels_add(levels, point, mark, &sample);
    int was_wrong = earlier && earlier->cell->outcome != WI_LAB_OK;
    if (was_wrong && (point->change == WI_LAB_ALIKE || point->change == WI_LAB_NEW))
        point->change = WI_LAB_MENDED;
    wi_lab_sample_clear(&sample);
}

static void point_judge(
    struct levels *levels, struct wi_lab_point *point, const struct wi_lab_point *earlier)
{
    if (earlier)
        point_note_changes(levels->history, point, earlier);
    if (point->cell->outcome == WI_LAB_OK) {
        point_judge_time(levels, point, earlier);
        return;
    }
    point->change = !earlier                              ? WI_LAB_NEW
                    : earlier->cell->outcome == WI_LAB_OK ? WI_LAB_BROKEN
                                                          : WI_LAB_NEITHER;
    if (point->change == WI_LAB_BROKEN)
        point->against = earlier->run;
}

static void series_judge(const struct wi_lab_history *history, struct wi_lab_series *series)
{
    struct levels levels = {.history = history, .series = series};
    for (size_t i = 0; i < series->count; i++)
        point_judge(&levels, &series->points[i], i > 0 ? &series->points[i - 1] : NULL);
    levels_clear(&levels);
}

/* --- which cells are the same ----------------------------------------------------------------- */

/* A series by its name, while the runs are read. */
struct named {
    char *key; /* the name, with a mark if it is simulated */
    size_t series;
    const struct wi_lab_cell *cell; /* that has given the name */
    UT_hash_handle hh;
};

/* Of cells with one name in a run, the first is the one. */
static void point_add(struct wi_lab_series *series, size_t run, const struct wi_lab_cell *cell)
{
    if (series->count > 0 && series->points[series->count - 1].run == run)
        return;
    series->points = wi_grow_array(series->points, series->count, sizeof *series->points);
    series->points[series->count++] =
        (struct wi_lab_point){.run = run, .cell = cell, .against = WI_LAB_NO_RUN};
}

/* Adds a cell that never ran to each series that it may be of; whether there is one. */
static int cell_join(
    struct wi_lab_history *history, struct named *all, size_t run, const struct wi_lab_cell *cell)
{
    int simulated = wi_lab_is_simulated(&history->runs[run], cell), found = 0;
    for (const struct named *named = all; named; named = named->hh.next) {
        struct wi_lab_series *series = &history->series[named->series];
        if (series->simulated != simulated || !wi_lab_may_be(cell, named->cell))
            continue;
        point_add(series, run, cell);
        found = 1;
    }
    return found;
}

/* Whether this series is of an earlier cell that never ran and may be this one. */
static int named_fits(const struct wi_lab_history *history, const struct named *named, size_t run,
    const struct wi_lab_cell *cell)
{
    const struct wi_lab_series *series = &history->series[named->series];
    return series->simulated == wi_lab_is_simulated(&history->runs[run], cell) &&
           series->points[series->count - 1].run < run && wi_lab_may_be(named->cell, cell);
}

/* Takes such a series out, so that it gets another name; NULL: there is none. */
static struct named *named_claim(
    struct wi_lab_history *history, struct named **all, size_t run, const struct wi_lab_cell *cell)
{
    struct named *named = *all;
    while (named && !named_fits(history, named, run, cell))
        named = named->hh.next;
    if (named) {
        HASH_DEL(*all, named);
        free(named->key);
        free(history->series[named->series].name);
    }
    return named;
}

static struct named *named_new(struct wi_lab_history *history, int simulated)
{
    struct named *named = wi_alloc(sizeof *named);
    named->series = history->count;
    *WI_APPEND(history->series, history->count) = (struct wi_lab_series){.simulated = simulated};
    return named;
}

static struct wi_lab_series *series_of(
    struct wi_lab_history *history, struct named **all, size_t run, const struct wi_lab_cell *cell)
{
    int simulated = wi_lab_is_simulated(&history->runs[run], cell);
    struct wi_buffer key = {0}, name = {0};
    struct named *named;
    wi_buffer_puts(&key, simulated ? "simulated " : "");
    wi_lab_put_name(&key, cell);
    HASH_FIND_STR(*all, key.text, named);
    if (named) {
        wi_buffer_clear(&key);
        return &history->series[named->series];
    }
    named = named_claim(history, all, run, cell);
    if (!named)
        named = named_new(history, simulated);
    named->key = wi_buffer_take(&key);
    named->cell = cell;
    HASH_ADD_KEYPTR(hh, *all, named->key, strlen(named->key), named);
    wi_lab_put_name(&name, cell);
    history->series[named->series].name = wi_buffer_take(&name);
    return &history->series[named->series];
}

static void cell_add(
    struct wi_lab_history *history, struct named **all, size_t run, const struct wi_lab_cell *cell)
{
    if (cell->yardstick < WI_LAB_YARDSTICKS || cell->outcome == WI_LAB_NOT_RUN ||
        cell_join(history, *all, run, cell))
        return;
    point_add(series_of(history, all, run, cell), run, cell);
}

static void gather_series(struct wi_lab_history *history)
{
    struct named *all = NULL, *named;
    for (size_t run = 0; run < history->run_count; run++)
        for (size_t i = 0; i < history->runs[run].count; i++)
            cell_add(history, &all, run, &history->runs[run].cells[i]);
    while ((named = WI_TABLE_TAKE(all))) {
        free(named->key);
        free(named);
    }
}

/* --- the machine ------------------------------------------------------------------------------ */

/* Whether the marks of a browser in two runs differ: 1 for slower, -1 for faster, 0 for neither,
 * with `*is_known` 0 if a run has none. */
static int mark_compare(const struct wi_lab_history *history, const char *browser, size_t against,
    size_t run, int *is_known)
{
    double then = wi_lab_mark_of(&history->runs[against], browser);
    double today = wi_lab_mark_of(&history->runs[run], browser);
    *is_known = then > 0 && today > 0;
    if (!*is_known || !wi_lab_mark_differs(today / then, history->threshold))
        return 0;
    return today > then ? 1 : -1;
}

/* Whether all other browsers moved as this one did. */
static enum wi_lab_blame shift_blame(
    const struct wi_lab_history *history, const struct wi_lab_shift *shift)
{
    enum wi_lab_blame blame = WI_LAB_EITHER;
    for (size_t i = 0; i < history->browsers.count; i++) {
        const char *browser = history->browsers.items[i];
        int is_known, way = mark_compare(history, browser, shift->against, shift->run, &is_known);
        if (!is_known || strcmp(browser, shift->browser) == 0)
            continue;
        if (way != (shift->ratio > 1 ? 1 : -1))
            return WI_LAB_BROWSER;
        blame = WI_LAB_MACHINE;
    }
    return blame;
}

/* Each mark is compared with the first one of the speed so far, so that many small steps are found
 * as well. A smaller difference than the threshold is not worth a sentence, even if it forbids to
 * compare times. */
static void browser_follow(struct wi_lab_history *history, const char *browser)
{
    struct wi_lab_shift shift = {.browser = browser};
    double first = 0;
    for (size_t run = 0; run < history->run_count; run++) {
        double mark =
            history->runs[run].simulated ? 0 : wi_lab_mark_of(&history->runs[run], browser);
        int differs =
            mark > 0 && first > 0 && wi_lab_mark_differs(mark / first, 2 * history->threshold);
        if (differs) {
            shift.run = run;
            shift.ratio = mark / first;
            shift.blame = shift_blame(history, &shift);
            *WI_APPEND(history->shifts, history->shift_count) = shift;
        }
        if (mark > 0 && (differs || first <= 0)) {
            first = mark;
            shift.against = run;
        }
    }
}

static int by_run(const void *a, const void *b)
{
    const struct wi_lab_shift *x = a, *y = b;
    return x->run != y->run ? (x->run > y->run) - (x->run < y->run)
                            : strcmp(x->browser, y->browser);
}

static void find_shifts(struct wi_lab_history *history)
{
    for (size_t run = 0; run < history->run_count; run++)
        for (size_t i = 0; i < history->runs[run].count; i++) {
            const struct wi_lab_cell *cell = &history->runs[run].cells[i];
            if (cell->yardstick < WI_LAB_YARDSTICKS &&
                !wi_strings_contain(&history->browsers, cell->browser))
                wi_strings_add(&history->browsers, cell->browser);
        }
    for (size_t i = 0; i < history->browsers.count; i++)
        browser_follow(history, history->browsers.items[i]);
    if (history->shift_count > 0)
        qsort(history->shifts, history->shift_count, sizeof *history->shifts, by_run);
}

/* --- the whole ------------------------------------------------------------------------------- */

void wi_lab_history_make(struct wi_lab_history *history, const struct wi_lab_run *runs,
    size_t run_count, double threshold)
{
    *history =
        (struct wi_lab_history){.runs = runs, .run_count = run_count, .threshold = threshold};
    gather_series(history);
    for (size_t i = 0; i < history->count; i++)
        series_judge(history, &history->series[i]);
    find_shifts(history);
}

static void point_clear(struct wi_lab_point *point)
{
    for (size_t i = 0; i < point->changed_count; i++) {
        free(point->changed[i].before);
        free(point->changed[i].now);
    }
    free(point->changed);
}

void wi_lab_history_clear(struct wi_lab_history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        for (size_t k = 0; k < history->series[i].count; k++)
            point_clear(&history->series[i].points[k]);
        free(history->series[i].points);
        free(history->series[i].name);
    }
    free(history->series);
    free(history->shifts);
    wi_strings_clear(&history->browsers);
    *history = (struct wi_lab_history){0};
}
