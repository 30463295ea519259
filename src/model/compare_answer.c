/* Comparing answers to tasks; see compare.h. */
#include "model/compare_private.h"

#include <math.h>
#include <string.h>

/* tests/lib/oracle.mjs reads this table: what the tests let an accelerator differ is what it is
 * for. Weights of four bits count as those of eight: accelerators may round what is multiplied with
 * them to as many (MatMulNBits with accuracy_level 4). */
static const struct wi_tolerance tolerances[] = {
    {"fp32", 5e-3, 0},
    {"fp16", 1e-2, 1},
    {"q8", 3e-2, 1},
    {"q4", 3e-2, 1},
};
#define FINEST 0
#define COARSEST (sizeof tolerances / sizeof *tolerances - 1)
#define DEPTH_FACTOR 2

/* --- findings --------------------------------------------------------------------------------- */

static void settle(struct wi_comparison *out)
{
    if (out->ratio > 1)
        out->open = 0;
    out->same = out->ratio <= 1 && !out->open;
}

/* --- by precision ----------------------------------------------------------------------------- */

/* The row of that name, or `otherwise`. */
static const struct wi_tolerance *find(const char *precision, const struct wi_tolerance *otherwise)
{
    /* GGUF's names for them, and what has as few bits. */
    static const char *const same[][2] = {
        {"F32", "fp32"}, {"F16", "fp16"}, {"BF16", "fp16"}, {"bf16", "fp16"}};
    for (size_t i = 0; precision && i < sizeof same / sizeof *same; i++)
        if (strcmp(precision, same[i][0]) == 0)
            precision = same[i][1];
    for (size_t i = 0; precision && i < sizeof tolerances / sizeof *tolerances; i++)
        if (strcmp(precision, tolerances[i].precision) == 0)
            return &tolerances[i];
    return otherwise;
}

const struct wi_tolerance *wi_tolerance_of(const char *precision)
{
    return find(precision, &tolerances[COARSEST]);
}

const struct wi_tolerance *wi_tolerance_of_graph(const char *precision)
{
    return find(precision, &tolerances[FINEST]);
}

/* --- what the answers hold -------------------------------------------------------------------- */

/* A number for each document. */
static void compare_scores(
    const json_t *reference, const json_t *got, int loose, struct wi_comparison *out)
{
    double largest = 0;
    size_t count = json_array_size(reference);
    if (count == 0 || json_array_size(got) != count) {
        wi_compare_leave_open(out, "there are no scores to compare");
        return;
    }
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(json_number_value(json_array_get(reference, i))));
    for (size_t i = 0; i < count; i++) {
        double want = json_number_value(json_array_get(reference, i));
        double have = json_number_value(json_array_get(got, i));
        wi_compare_note(out, fabs(have - want) / wi_compare_tolerance(want, largest, loose),
            "scores at %zu: %.9g where WASM gives %.9g", i, have, want);
    }
}

/* Text whose tokens nothing is known of. */
static void compare_said(
    const char *reference, const char *got, int loose, struct wi_comparison *out)
{
    if (!reference || !got || !*reference)
        wi_compare_leave_open(out, "there is no text to compare");
    else if (strcmp(reference, got) != 0 && loose)
        wi_compare_leave_open(out, "the texts differ, as those of few bits may");
    else if (strcmp(reference, got) != 0)
        wi_compare_note(out, (double)INFINITY, "the text differs");
}

static const char *text_of(const json_t *result)
{
    return json_string_value(json_object_get(result, "text"));
}

/* An answer to a question about a page, which a model has written. */
static const char *answer_of(const json_t *result)
{
    const json_t *first = json_array_get(json_object_get(result, "answers"), 0);
    return json_string_value(json_object_get(first, "answer"));
}

static void compare_written(
    const json_t *reference, const json_t *got, int loose, struct wi_comparison *out)
{
    if (wi_compare_writing(reference, got, loose, out) != 0)
        compare_said(text_of(reference), text_of(got), loose, out);
}

/* --- all together ----------------------------------------------------------------------------- */

static void compare_results(enum wi_task_kind task, const struct wi_compared *reference,
    const struct wi_compared *got, int loose, struct wi_comparison *out)
{
    const json_t *want = reference->result, *have = got->result;
    if (task == WI_TASK_RERANK) {
        compare_scores(
            json_object_get(want, "scores"), json_object_get(have, "scores"), loose, out);
    } else if (wi_task_samples(task)) {
        compare_written(want, have, loose, out);
    } else if (task == WI_TASK_SPEECH_RECOGNITION) {
        compare_said(text_of(want), text_of(have), loose, out);
    } else if (task == WI_TASK_DOCUMENT_QUESTION) {
        compare_said(answer_of(want), answer_of(have), loose, out);
    } else if (task == WI_TASK_IMAGE_SEGMENTATION) {
        wi_compare_segments(reference, got, loose, out);
    } else {
        wi_compare_rows(task, want, have, loose, out);
    }
}

void wi_compare_answers(enum wi_task_kind task, const struct wi_compared *reference,
    const struct wi_compared *got, const struct wi_tolerance *tolerance, struct wi_comparison *out)
{
    const struct wi_margin margin = {0, DEPTH_FACTOR * tolerance->of_largest, WI_COMPARE_SMALLEST};
    if (task == WI_TASK_EMBED || task == WI_TASK_IMAGE_FEATURES ||
        task == WI_TASK_DEPTH_ESTIMATION) {
        wi_compare_within(reference->outputs, got->outputs, &margin, out);
        return;
    }
    *out = (struct wi_comparison){0};
    if (task == WI_TASK_TEXT_TO_SPEECH)
        wi_compare_sounds(reference->outputs, got->outputs, margin.of_largest, out);
    else
        compare_results(task, reference, got, tolerance->loose, out);
    settle(out);
}
