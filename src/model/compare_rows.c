/*
 * Comparing lists of labels, words, spans and boxes: entries that say the same are paired, and
 * their scores compared; what is left over has to be what a list may well leave out.
 */
#include "model/compare_private.h"

#include <math.h>

/* Between two labels that are equally likely neither has more. */
#define TIE 0.5
/* A side of a box, in pixels, which are whole. */
#define SIDE 2.0

#define KEYS_MAX 3
static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};

/* What the entries of a list are. */
struct form {
    const char *list, *score;
    const char *label;          /* what the model chose; NULL where that is a place */
    const char *keys[KEYS_MAX]; /* what it is about */
    int has_box, ties;          /* about such a place too; each place has but one label */
    int is_cut;   /* to so many entries, of which the last tells what others have less than */
    double floor; /* else: what scores less is not in the list */
};

static const struct form labels = {
    .list = "labels", .score = "probability", .label = "label", .is_cut = 1};
static const struct form fills = {
    .list = "fills", .score = "probability", .keys = {"token"}, .is_cut = 1};
static const struct form entities = {
    .list = "entities", .score = "score", .label = "entity", .keys = {"start", "end"}, .ties = 1};
static const struct form answers = {
    .list = "answers", .score = "score", .keys = {"start", "end", "answer"}, .is_cut = 1};
static const struct form boxes = {.list = "boxes",
    .score = "score",
    .label = "label",
    .has_box = 1,
    .ties = 1,
    .floor = WI_COMPARE_BOX_FLOOR};

static const struct form *form_of(enum wi_task_kind task)
{
    switch (task) {
    case WI_TASK_TOKEN_CLASSIFICATION:
        return &entities;
    case WI_TASK_FILL_MASK:
        return &fills;
    case WI_TASK_QUESTION_ANSWERING:
        return &answers;
    case WI_TASK_OBJECT_DETECTION:
        return &boxes;
    default:
        return &labels;
    }
}

/* One of the two lists. */
struct side {
    const json_t *rows;
    size_t count;
    double least, sum; /* of their scores */
    unsigned char paired[WI_COMPARE_ROWS_MAX];
};

struct pairing {
    const struct form *form;
    struct side wanted, had;
    double largest; /* score that WASM gives */
    int loose;
    struct wi_comparison *out;
};

static double score_of(const struct form *form, const json_t *row)
{
    return json_number_value(json_object_get(row, form->score));
}

static double tolerance_of(const struct pairing *pairing, double score)
{
    return wi_compare_tolerance(score, pairing->largest, pairing->loose);
}

static void fill_side(struct side *side, const struct form *form, const json_t *result)
{
    side->rows = json_object_get(result, form->list);
    side->count = json_array_size(side->rows);
    side->least = (double)INFINITY;
    for (size_t i = 0; i < side->count; i++) {
        double score = score_of(form, json_array_get(side->rows, i));
        side->least = fmin(side->least, score);
        side->sum += score;
    }
}

/* --- pairs ------------------------------------------------------------------------------------ */

static int same_member(const json_t *one, const json_t *other, const char *name)
{
    const json_t *a = json_object_get(one, name), *b = json_object_get(other, name);
    return (!a && !b) || json_equal(a, b);
}

static int same_keys(const struct form *form, const json_t *one, const json_t *other)
{
    for (size_t i = 0; i < KEYS_MAX && form->keys[i]; i++)
        if (!same_member(one, other, form->keys[i]))
            return 0;
    return 1;
}

/* How far the worst side is off, in tolerances. */
static double box_error(const struct pairing *pairing, const json_t *one, const json_t *other)
{
    double worst = 0;
    if (!pairing->form->has_box)
        return 0;
    const json_t *a = json_object_get(one, "box"), *b = json_object_get(other, "box");
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        worst = fmax(worst, fabs(json_number_value(json_object_get(a, sides[i])) -
                                 json_number_value(json_object_get(b, sides[i]))));
    return worst / (SIDE * (pairing->loose ? WI_COMPARE_LOOSE : 1));
}

/* The nearest entry that says the same, or, `tied`, something else of the same place; -1: none. */
static int find_partner(const struct pairing *pairing, const json_t *row, int tied)
{
    const struct form *form = pairing->form;
    double nearest = 1;
    int found = -1;
    for (size_t i = 0; i < pairing->had.count; i++) {
        const json_t *other = json_array_get(pairing->had.rows, i);
        if (pairing->had.paired[i] || !same_keys(form, row, other) ||
            (!tied && form->label && !same_member(row, other, form->label)))
            continue;
        double error = box_error(pairing, row, other);
        if (error < nearest || (error <= 1 && found < 0)) {
            nearest = error;
            found = (int)i;
        }
    }
    return found;
}

static void compare_pair(struct pairing *pairing, size_t at, int partner)
{
    const struct form *form = pairing->form;
    const json_t *row = json_array_get(pairing->wanted.rows, at);
    const json_t *other = json_array_get(pairing->had.rows, (size_t)partner);
    double want = score_of(form, row), have = score_of(form, other);
    pairing->wanted.paired[at] = pairing->had.paired[partner] = 1;
    wi_compare_note(pairing->out, fabs(have - want) / tolerance_of(pairing, want),
        "%s[%zu].%s: %.9g where WASM gives %.9g", form->list, at, form->score, have, want);
    wi_compare_note(pairing->out, box_error(pairing, row, other),
        "%s[%zu].box is not where WASM has it", form->list, at);
}

/* Whether the labels of two entries of one place may have changed their order. */
static int is_tie(const struct pairing *pairing, const json_t *row, const json_t *other)
{
    double want = score_of(pairing->form, row), have = score_of(pairing->form, other);
    double tolerance = tolerance_of(pairing, want);
    return fabs(want - have) <= tolerance && fmax(want, have) <= TIE + tolerance;
}

static void pair_rows(struct pairing *pairing)
{
    for (size_t i = 0; i < pairing->wanted.count; i++) {
        int partner = find_partner(pairing, json_array_get(pairing->wanted.rows, i), 0);
        if (partner >= 0)
            compare_pair(pairing, i, partner);
    }
    for (size_t i = 0; pairing->form->ties && i < pairing->wanted.count; i++) {
        const json_t *row = json_array_get(pairing->wanted.rows, i);
        int partner = pairing->wanted.paired[i] ? -1 : find_partner(pairing, row, 1);
        if (partner >= 0 &&
            is_tie(pairing, row, json_array_get(pairing->had.rows, (size_t)partner)))
            pairing->wanted.paired[i] = pairing->had.paired[partner] = 1;
    }
}

/* --- what is left over ------------------------------------------------------------------------ */

/* What scores less need not be in the list. Probabilities of things of which one is so leave the
 * others no more than the rest. */
static double cut_of(const struct form *form, const struct side *side)
{
    if (!form->is_cut || side->count == 0)
        return form->floor;
    return side->sum <= 1 ? fmin(side->least, 1 - side->sum) : side->least;
}

/* What has no partner in `other` must be what that may leave out: nearly at its end. */
static void compare_rest(
    struct pairing *pairing, const struct side *side, const struct side *other, const char *who)
{
    const struct form *form = pairing->form;
    double cut = cut_of(form, other);
    for (size_t i = 0; i < side->count; i++) {
        const json_t *row = json_array_get(side->rows, i);
        if (side->paired[i])
            continue;
        double score = score_of(form, row);
        wi_compare_note(pairing->out, fmax(score - cut, 0) / tolerance_of(pairing, score),
            "%s[%zu] is there %s, with %.9g", form->list, i, who, score);
    }
}

void wi_compare_rows(enum wi_task_kind task, const json_t *reference, const json_t *got, int loose,
    struct wi_comparison *out)
{
    struct pairing pairing = {.form = form_of(task), .loose = loose, .out = out};
    fill_side(&pairing.wanted, pairing.form, reference);
    fill_side(&pairing.had, pairing.form, got);
    if (pairing.wanted.count == 0 && pairing.had.count == 0) {
        wi_compare_leave_open(out, "%s is empty", pairing.form->list);
        return;
    }
    if (fmax((double)pairing.wanted.count, (double)pairing.had.count) > WI_COMPARE_ROWS_MAX) {
        wi_compare_leave_open(out, "%s is too long to compare", pairing.form->list);
        return;
    }
    for (size_t i = 0; i < pairing.wanted.count; i++)
        pairing.largest = fmax(
            pairing.largest, fabs(score_of(pairing.form, json_array_get(pairing.wanted.rows, i))));
    pair_rows(&pairing);
    compare_rest(&pairing, &pairing.wanted, &pairing.had, "by WASM alone");
    compare_rest(&pairing, &pairing.had, &pairing.wanted, "without WASM");
}
