/*
 * Runs of the laboratory and their cells, as share/webinfer/lab.schema.json has them: read from a
 * document that anybody may have written, or filled by who makes a run. A cell is a model at one
 * place, with its outcome and its samples.
 */
#ifndef WI_TERMS_LAB_RUN_H
#define WI_TERMS_LAB_RUN_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/params.h"
#include "base/secret.h"
#include "terms/lab/statistics.h"
#include <jansson.h>

#define WI_LAB_VERSION 1 /* of the schema */
#define WI_LAB_CELLS_MAX 10000
#define WI_LAB_SAMPLES_MAX 1000 /* of a cell */
#define WI_LAB_MS_MAX 1e9       /* a time longer than 11 days is none */

enum wi_lab_outcome {
    WI_LAB_OK,
    WI_LAB_INEXACT,     /* an answer, and a wrong one */
    WI_LAB_UNSUPPORTED, /* the platform cannot compute it: an operator, or another reason */
    WI_LAB_ABSENT,      /* there is no such platform or variant here */
    WI_LAB_TOO_SLOW,    /* fewer runs than count, in the time of a cell */
    WI_LAB_CRASHED,
    WI_LAB_FAILED, /* the reason begins with the error's code */
    WI_LAB_NOT_RUN,
    WI_LAB_OUTCOMES
};
enum wi_lab_optimization { WI_LAB_AS_IT_IS, WI_LAB_OPTIMIZED, WI_LAB_OPTIMIZATIONS };
enum wi_lab_clock { WI_LAB_PAGE, WI_LAB_CLIENT, WI_LAB_CLOCKS };
enum wi_lab_yardstick { WI_LAB_BEFORE, WI_LAB_BETWEEN, WI_LAB_AFTER, WI_LAB_YARDSTICKS };
/* "ok" …, "none" …, "page" …, "before" … and the platforms; each ended by NULL. */
extern const char *const wi_lab_outcome_names[], *const wi_lab_optimization_names[],
                                                     *const wi_lab_clock_names[],
                                                         *const wi_lab_yardstick_names[],
                                                             *const wi_lab_platform_names[];

/* Of a cell whose model writes, by the client's clock; below 0: not known. */
struct wi_lab_text {
    double prompt_tokens, tokens;      /* of a request, the medians; the latter are those it made */
    double prompt_per_s;               /* of the prompt that are read in a second */
    double generated_per_s;            /* that are made for a user in a second */
    double first_p50_ms, first_p90_ms; /* from the request to its first token */
    double token_ms;                   /* to make a token */
    double all_per_s;                  /* that all users together get in a second */
};

/* What each of them is called, in the order in which reports have them. */
#define WI_LAB_TEXT_FIGURES 8
struct wi_lab_text_figure {
    const char *member; /* of a cell's `text`, and in exports */
    const char *title;  /* in reports; NULL: these leave it out */
    const char *column; /* likewise, on a terminal */
    size_t offset;      /* in wi_lab_text */
};
extern const struct wi_lab_text_figure wi_lab_text_figures[WI_LAB_TEXT_FIGURES];
double wi_lab_text_value(const struct wi_lab_text *text, const struct wi_lab_text_figure *figure);

/* Texts and JSON are borrowed from `json`; NULL is not known, and so is a number below 0. */
struct wi_lab_cell {
    json_t *json;  /* its document: a reference */
    int64_t index; /* its number in the run: never that of another cell */
    const char *model, *hash, *browser, *browser_version, *engine, *engine_version, *precision,
        *reason, *output_hash;
    int platform;          /* index into wi_lab_platform_names */
    int outcome;           /* enum wi_lab_outcome */
    int clock, yardstick;  /* WI_LAB_CLOCKS, WI_LAB_YARDSTICKS: none */
    int optimization;      /* of onnxruntime; WI_LAB_OPTIMIZATIONS: nobody says it */
    const json_t *flags;   /* of the browser: an array of strings */
    const json_t *adapter; /* as executed_on.adapter of an answer */
    const json_t *threads; /* a number, or "all" */
    int64_t batch, concurrency;
    int64_t repeats;   /* so many runs a sample is the mean of */
    int64_t disturbed; /* samples that were thrown away, since another's job came between */
    int64_t page_bytes, rss_bytes;
    int64_t baseline;         /* the index of the cell that it is compared with; -1: by the rule */
    double load_ms, first_ms; /* of fresh loads, and of the first run */
    double error_ratio;       /* of the guard's tolerance */
    int writes;               /* `text` says something */
    struct wi_lab_text text;
    double *samples; /* owned: `count` times of one run in milliseconds */
    size_t count;
};

struct wi_lab_run {
    json_t *json;   /* its document without cells: a reference, from which texts are borrowed */
    const char *id; /* NULL where the document has none */
    const char *name, *version, *commit; /* the latter two of webinfer */
    const json_t *machine;
    int64_t seed, began_at, ended_at; /* Unix milliseconds; -1: not known, or not ended */
    int64_t together; /* cells that were measured at a time, at most; -1: not known */
    int simulated, imported;
    struct wi_lab_cell *cells; /* owned, in ascending order of their indexes */
    size_t count;
};

enum wi_lab_extent {
    WI_LAB_PART, /* of a run: what is absent is known already, or comes later */
    WI_LAB_WHOLE /* a document of its own: it says its version and who it is */
};
/* Reads a document (borrowed). What follows from samples, `noisy`, `summary` and `speedup`, is not
 * believed and not read. WI_OK, or with `error` a code of wi_params_read; `run` holds nothing then.
 */
enum wi_code wi_lab_run_read(struct wi_lab_run *run, const json_t *document,
    enum wi_lab_extent extent, struct wi_error *error);
void wi_lab_run_clear(struct wi_lab_run *run);
extern const struct wi_param wi_lab_run_params[], wi_lab_cell_params[];

/* What is kept of a run and of a cell, as compact JSON with its members in order: without cells,
 * index and samples, and without what follows from samples. */
char *wi_lab_run_head(const struct wi_lab_run *run);
char *wi_lab_cell_head(const struct wi_lab_cell *cell);
/* Writes such heads as documents again, but for the last brace: of a run (`ended_at` 0: it goes on)
 * and of a cell. */
void wi_lab_put_run(struct wi_buffer *out, const char *head, int64_t ended_at, int noisy);
void wi_lab_put_cell(
    struct wi_buffer *out, unsigned index, const char *head, const double *samples, size_t count);

/* Whether what the cell says was made up by simulated nodes. */
int wi_lab_is_simulated(const struct wi_lab_run *run, const struct wi_lab_cell *cell);
/* "digits chrome/webgpu fp32 threads=1 batch=1 concurrency=1 page": which cell it is, the same in
 * each run. What is not known is left out. */
void wi_lab_put_name(struct wi_buffer *out, const struct wi_lab_cell *cell);

#endif
