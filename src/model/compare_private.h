/* What the files that compare answers share; nobody else includes it. */
#ifndef WI_MODEL_COMPARE_PRIVATE_H
#define WI_MODEL_COMPARE_PRIVATE_H

#include "model/compare.h"

/* Few bits may differ by so much more. */
#define WI_COMPARE_LOOSE 5
/* No score is held to less than that. */
#define WI_COMPARE_SMALLEST 1e-6
/* Boxes with less than that are in no list, where this is asked for. */
#define WI_COMPARE_BOX_FLOOR 0.05
/* Entries of a list that are looked at; more leave it open. */
#define WI_COMPARE_ROWS_MAX 256

/* A real number may differ by a share of itself and of the largest of its tensor, but by `smallest`
 * at least. */
struct wi_margin {
    double relative, of_largest, smallest;
};

/* compare_note.c */

/* How far a score may lie from `reference`, where `largest` is the largest of its list. */
double wi_compare_tolerance(double reference, double largest, int loose);
/* Notes an error in tolerances, if it is the worst so far. */
__attribute__((format(printf, 3, 4))) void wi_compare_note(
    struct wi_comparison *out, double ratio, const char *format, ...);
/* Nothing can be said of some of it. */
__attribute__((format(printf, 2, 3))) void wi_compare_leave_open(
    struct wi_comparison *out, const char *format, ...);

/* compare.c: the tensor of that name, NULL if there is none; its place in the list is `guess` most
 * often. */
const struct wi_tensor *wi_compare_find(
    const struct wi_tensors *list, const char *name, size_t guess);
/* compare.c: wi_compare with another margin. */
void wi_compare_within(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_margin *margin, struct wi_comparison *out);
/* compare_rows.c: labels, words, boxes and the like. */
void wi_compare_rows(enum wi_task_kind task, const json_t *reference, const json_t *got, int loose,
    struct wi_comparison *out);
/* compare_sound.c: WAV files named "audio"; `of_largest` as in struct wi_margin. */
void wi_compare_sounds(const struct wi_tensors *reference, const struct wi_tensors *got,
    double of_largest, struct wi_comparison *out);
/* compare_segments.c: segments of a picture, with their masks. */
void wi_compare_segments(const struct wi_compared *reference, const struct wi_compared *got,
    int loose, struct wi_comparison *out);
/* compare_writing.c: text by its log-probabilities. -1 if one of them has none. */
int wi_compare_writing(
    const json_t *reference, const json_t *got, int loose, struct wi_comparison *out);

#endif
