/*
 * What two profiles and a trace tell; see profile.h. Times are those of a mean run, so that
 * profiles of different numbers of runs can be compared.
 */
#include "terms/lab/profile.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- two profiles ----------------------------------------------------------------------------- */

/* An operator of both profiles; NULL: it is not there. Borrowed. */
struct pair {
    const json_t *before, *now;
    double before_ms, now_ms;
};

static double profile_number(const json_t *object, const char *member)
{
    return json_number_value(json_object_get(object, member));
}

static const char *profile_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static double mean_ms(const json_t *profile, const json_t *row)
{
    double runs = profile_number(profile, "runs");
    return row && runs > 0 ? profile_number(row, "ms") / runs : 0;
}

/* The row of that operator; with `platform` NULL on any. */
static const json_t *operator_find(
    const json_t *rows, const char *operator_type, const char *platform)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(profile_text(row, "operator"), operator_type) == 0 &&
            (!platform || strcmp(profile_text(row, "platform"), platform) == 0))
            return row;
    }
    return NULL;
}

static int pair_compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    double difference = fabs(b->now_ms - b->before_ms) - fabs(a->now_ms - a->before_ms);
    if (difference != 0)
        return difference > 0 ? 1 : -1;
    return strcmp(profile_text(a->now ? a->now : a->before, "operator"),
        profile_text(b->now ? b->now : b->before, "operator"));
}

/* `others` are the operators of the profile in which the pair has none. */
static const char *change_of(const struct pair *pair, const json_t *others, double run_ms)
{
    const json_t *only = pair->before ? pair->before : pair->now;
    if (!pair->before || !pair->now)
        return operator_find(others, profile_text(only, "operator"), NULL) ? "moved"
               : pair->now                                                 ? "new"
                                                                           : "gone";
    double more = pair->now_ms - pair->before_ms;
    if (fabs(more) <= WI_PROFILE_WEIGHT * run_ms)
        return "alike";
    if (pair->now_ms > pair->before_ms * (1 + WI_PROFILE_THRESHOLD))
        return "slower";
    return pair->before_ms > pair->now_ms * (1 + WI_PROFILE_THRESHOLD) ? "faster" : "alike";
}

static json_t *pair_json(const struct pair *pair, const char *change)
{
    const json_t *row = pair->now ? pair->now : pair->before;
    return json_pack("{s:s, s:s, s:o, s:o, s:f, s:s}", "operator", profile_text(row, "operator"),
        "platform", profile_text(row, "platform"), "before_ms",
        pair->before ? json_real(pair->before_ms) : json_null(), "now_ms",
        pair->now ? json_real(pair->now_ms) : json_null(), "difference_ms",
        pair->now_ms - pair->before_ms, "change", change);
}

static size_t pairs_make(struct pair *pairs, const json_t *before, const json_t *now)
{
    const json_t *old_rows = json_object_get(before, "operators");
    const json_t *new_rows = json_object_get(now, "operators"), *row;
    size_t count = 0, i;
    json_array_foreach(new_rows, i, row)
    {
        const json_t *old =
            operator_find(old_rows, profile_text(row, "operator"), profile_text(row, "platform"));
        pairs[count++] = (struct pair){old, row, mean_ms(before, old), mean_ms(now, row)};
    }
    json_array_foreach(old_rows, i, row)
    {
        if (!operator_find(new_rows, profile_text(row, "operator"), profile_text(row, "platform")))
            pairs[count++] = (struct pair){row, NULL, mean_ms(before, row), 0};
    }
    return count;
}

json_t *wi_profile_compare(const json_t *before, const json_t *now)
{
    const json_t *old_rows = json_object_get(before, "operators");
    const json_t *new_rows = json_object_get(now, "operators");
    size_t room = json_array_size(old_rows) + json_array_size(new_rows) + 1;
    struct pair *pairs = wi_alloc(room * sizeof *pairs);
    size_t count = pairs_make(pairs, before, now);
    double runs = profile_number(before, "runs"), run_ms = profile_number(before, "run_ms");
    json_t *list = json_array();
    if (count > 0)
        qsort(pairs, count, sizeof *pairs, pair_compare);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, pair_json(&pairs[i], change_of(&pairs[i], pairs[i].now ? old_rows : new_rows,
                                           runs > 0 ? run_ms / runs : 0)));
    free(pairs);
    return list;
}

/* --- a trace ---------------------------------------------------------------------------------- */

/* Complete events ("ph": "X") with times in microseconds, and the names of their lines. A node has
 * the mean time of its runs, and begins when it began in the last run, or when the one before it on
 * its line has ended, whichever is later: with means, nodes would overlap otherwise. */
#define PROCESS 1
#define LINES_MAX 8

/* The lines of the platforms, in the order in which they come up. */
struct lines {
    const char *platforms[LINES_MAX]; /* borrowed */
    double free_us[LINES_MAX];        /* from then on */
    size_t count;
};

/* The last line is for all platforms that have none. */
static size_t trace_line(struct lines *lines, const char *platform)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->platforms[i], platform) == 0)
            return i;
    if (lines->count == LINES_MAX)
        return LINES_MAX - 1;
    lines->platforms[lines->count] = platform;
    return lines->count++;
}

static void trace_name_line(json_t *events, size_t line, const char *platform)
{
    json_array_append_new(
        events, json_pack("{s:s, s:s, s:i, s:I, s:{s:s}}", "ph", "M", "name", "thread_name", "pid",
                    PROCESS, "tid", (json_int_t)line, "args", "name", platform));
}

static void trace_add_node(json_t *events, struct lines *lines, const json_t *node, double runs)
{
    const char *name = json_string_value(json_object_get(node, "name"));
    const char *operator_type = json_string_value(json_object_get(node, "operator"));
    const char *platform = json_string_value(json_object_get(node, "platform"));
    double began_us = 1000 * json_number_value(json_object_get(node, "began_ms"));
    double took_us = 1000 * json_number_value(json_object_get(node, "ms")) / runs;
    if (!name || !operator_type || !platform)
        return;
    size_t line = trace_line(lines, platform);
    if (began_us < lines->free_us[line])
        began_us = lines->free_us[line];
    lines->free_us[line] = began_us + took_us;
    json_array_append_new(events,
        json_pack("{s:s, s:s, s:s, s:i, s:I, s:f, s:f, s:{s:s, s:O*, s:O*, s:O*, s:O*}}", "ph", "X",
            "name", *name ? name : operator_type, "cat", operator_type, "pid", PROCESS, "tid",
            (json_int_t)line, "ts", began_us, "dur", took_us, "args", "operator", operator_type,
            "calls", json_object_get(node, "calls"), "shapes", json_object_get(node, "shapes"),
            "copied_bytes", json_object_get(node, "copied_bytes"), "reason",
            json_object_get(node, "reason")));
}

json_t *wi_profile_trace(const json_t *profile, const char *name)
{
    struct lines lines = {0};
    double runs = json_number_value(json_object_get(profile, "runs"));
    json_t *events = json_array(), *node;
    size_t i;
    json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:{s:s}}", "ph", "M", "name",
                                      "process_name", "pid", PROCESS, "args", "name", name));
    json_array_foreach(json_object_get(profile, "nodes"), i, node)
        trace_add_node(events, &lines, node, runs > 0 ? runs : 1);
    for (i = 0; i < lines.count; i++)
        trace_name_line(events, i, lines.platforms[i]);
    return json_pack("{s:o, s:s}", "traceEvents", events, "displayTimeUnit", "ms");
}
