/*
 * The answer to where a model runs, how fast and how exactly: the cells of a run as a row for each
 * model, browser, platform and precision, and a sentence about each model. Pure.
 */
#ifndef WI_TERMS_LAB_ANSWER_H
#define WI_TERMS_LAB_ANSWER_H

#include "terms/lab/figures.h"

/* All pointers are borrowed from the run and its figures. */
struct wi_lab_answer_row {
    size_t model;                   /* models have numbers in the order of the run */
    const struct wi_lab_cell *cell; /* the gravest one: the row's outcome and reason are its own */
    const struct wi_lab_figure *best; /* the ok cell whose times count; NULL: there is none */
    const struct wi_lab_figure *wasm; /* that of WASM in the same browser; NULL: none compares */
    struct wi_lab_interval than_wasm; /* times as fast as `wasm` */
    const char *precision;            /* NULL: unknown */
    const char *changed;              /* of an answer, apart from numbers; NULL: nothing is known */
    int is_software;                  /* its adapter is no GPU */
    int is_simulated;                 /* its times are made up */
    int writes;                       /* its model writes text */
    double error_ratio;               /* the largest one, of the guard's tolerance; -1: unknown */
    int64_t memory_bytes;             /* the most resident memory of its browser; -1: unknown */
    double load_ms, first_ms;         /* below 0: unknown */
};

struct wi_lab_answer {
    const struct wi_lab_figures *figures; /* borrowed */
    /* Owned. The rows of each model come together, with the row first that one would choose: ok on
     * hardware, the fastest first; ok on a software adapter; simulated; then other outcomes. */
    struct wi_lab_answer_row *rows;
    size_t count;
};
/* Neither yardsticks nor cells of `auto`, which are places of other cells, have rows. Free with
 * wi_lab_answer_clear. */
void wi_lab_answer_make(struct wi_lab_answer *answer, const struct wi_lab_figures *figures);
void wi_lab_answer_clear(struct wi_lab_answer *answer);
/* The rows of the model of row `from`: their number, at least one. */
size_t wi_lab_answer_span(const struct wi_lab_answer *answer, size_t from);

/* "chrome/webgpu", or without a browser "native". */
void wi_lab_put_place(struct wi_buffer *out, const struct wi_lab_cell *cell);
/* Whether the interval contains 1. */
int wi_lab_is_as_fast(const struct wi_lab_interval *times);
/* "1.9 × faster", "50 × slower", or "as fast". */
void wi_lab_put_words(struct wi_buffer *out, const struct wi_lab_interval *times);
/* "0.024", "0.241", "1350": milliseconds with three digits, or two below 0.1, or as many as are
 * before the point. */
void wi_lab_put_ms(struct wi_buffer *out, double ms);
/* "0.43", "<0.01", "455": an error as a multiple of the allowed one. */
void wi_lab_put_error(struct wi_buffer *out, double ratio);
/* How exact the row is: its error, or of a model that writes "same text" or "another text"; nothing
 * if that is unknown. */
void wi_lab_put_exactness(struct wi_buffer *out, const struct wi_lab_answer_row *row);
/* The sentence about the model of row `from`: where it runs, where it is fastest, what another
 * platform than WASM is good for, which answers are wrong, and what is missing. */
void wi_lab_put_sentence(struct wi_buffer *out, const struct wi_lab_answer *answer, size_t from);
/* What to do about a cell that is not ok; NULL: it is. */
const char *wi_lab_remedy(const struct wi_lab_cell *cell);

#endif
