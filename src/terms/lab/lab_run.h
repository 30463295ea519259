/*
 * Runs of the laboratory and their cells, as share/webinfer/lab.schema.json describes them. They
 * are read from a document of unknown origin, or filled by the code that makes a run. A cell is a
 * model at one place, with its outcome and its samples.
 */
#ifndef WI_TERMS_LAB_LAB_RUN_H
#define WI_TERMS_LAB_LAB_RUN_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/params.h"
#include "base/secret.h"
#include "terms/lab/statistics.h"
#include <jansson.h>

#define WI_LAB_VERSION 1 /* of the schema */
#define WI_LAB_CELLS_MAX 10000
#define WI_LAB_SAMPLES_MAX 1000 /* of a cell */
#define WI_LAB_TEXT_MAX 256     /* bytes of a name */
#define WI_LAB_OPTIONS_MAX 4096 /* bytes of `options` */
#define WI_LAB_MS_MAX 1e9       /* longer times (11 days) are invalid */

enum wi_lab_outcome {
    WI_LAB_OK,
    WI_LAB_INEXACT,     /* a wrong answer */
    WI_LAB_UNSUPPORTED, /* the platform cannot compute it: an operator, or another reason */
    WI_LAB_ABSENT,      /* the platform or variant does not exist here */
    WI_LAB_TOO_SLOW,    /* fewer runs than wanted in the time of a cell */
    WI_LAB_CRASHED,
    WI_LAB_FAILED, /* the reason begins with the error's code */
    WI_LAB_NOT_RUN,
    WI_LAB_OUTCOMES
};
enum wi_lab_optimization { WI_LAB_AS_IT_IS, WI_LAB_OPTIMIZED, WI_LAB_OPTIMIZATIONS };
enum wi_lab_clock { WI_LAB_PAGE, WI_LAB_CLIENT, WI_LAB_CLOCKS };
enum wi_lab_yardstick { WI_LAB_BEFORE, WI_LAB_BETWEEN, WI_LAB_AFTER, WI_LAB_YARDSTICKS };
/* "ok" …, "none" …, "page" …, "before" …, and the platforms; each list is ended by NULL. */
extern const char *const wi_lab_outcome_names[], *const wi_lab_optimization_names[],
                                                     *const wi_lab_clock_names[],
                                                         *const wi_lab_yardstick_names[],
                                                             *const wi_lab_platform_names[];

/* Figures of a cell whose model generates text, by the client's clock; below 0: unknown. */
struct wi_lab_text {
    double prompt_tokens, tokens; /* medians per request, of the prompt and of generated tokens */
    double prompt_per_s;          /* tokens of the prompt that are read in a second */
    double generated_per_s;       /* tokens that are generated for a user in a second */
    double first_p50_ms, first_p90_ms; /* from the request to the first token */
    double token_ms;                   /* to generate a token */
    double all_per_s;                  /* tokens that all users together get in a second */
};

/* The names of these figures, in the order of reports. */
#define WI_LAB_TEXT_FIGURES 8
struct wi_lab_text_figure {
    const char *member; /* of a cell's `text`, and in exports */
    const char *title;  /* in reports; NULL: left out there */
    const char *column; /* on a terminal; NULL: left out there */
    size_t offset;      /* in wi_lab_text */
};
extern const struct wi_lab_text_figure wi_lab_text_figures[WI_LAB_TEXT_FIGURES];
double wi_lab_text_value(const struct wi_lab_text *text, const struct wi_lab_text_figure *figure);

/* Texts and JSON are borrowed from `json`. NULL means unknown, as does a number below 0. */
struct wi_lab_cell {
    json_t *json;  /* its document; one reference */
    int64_t index; /* its number, unique in the run */
    const char *model, *hash, *browser, *browser_version, *engine, *engine_version, *precision,
        *reason, *output_hash, *changed;
    int platform;          /* index into wi_lab_platform_names */
    int outcome;           /* enum wi_lab_outcome */
    int clock, yardstick;  /* WI_LAB_CLOCKS, WI_LAB_YARDSTICKS: none */
    int optimization;      /* of onnxruntime; WI_LAB_OPTIMIZATIONS: unknown */
    const json_t *flags;   /* of the browser: an array of strings */
    const json_t *adapter; /* as executed_on.adapter in an answer */
    const json_t *threads; /* a number, or "all" */
    int64_t batch, concurrency;
    int64_t repeats;   /* a sample is the mean of so many runs */
    int64_t disturbed; /* samples that were discarded because another client's job came between */
    int64_t page_bytes, rss_bytes;
    int64_t baseline; /* the index of the cell to compare with; -1: by wi_lab_baseline's rule */
    double load_ms, first_ms; /* of fresh loads; of the first run */
    double error_ratio;       /* of the guard's tolerance */
    int writes;               /* `text` is valid */
    struct wi_lab_text text;
    double *samples; /* owned: `count` times of a run, in milliseconds */
    size_t count;
};

struct wi_lab_run {
    /* Its document without cells and answers; one reference, from which texts are borrowed. */
    json_t *json;
    const char *id;                      /* NULL: the document has none */
    const char *name, *version, *commit; /* `version` and `commit` are webinfer's */
    const char *options; /* the models and options of webinfer bench; NULL: unknown */
    const json_t *machine;
    int64_t seed, began_at, ended_at; /* Unix milliseconds; -1: unknown, or not ended */
    int64_t together;                 /* the most cells that were measured at a time; -1: unknown */
    int simulated, imported;
    int person;                /* sent from a page that somebody lends: imported as well */
    struct wi_lab_cell *cells; /* owned, in ascending order of `index` */
    size_t count;
};

enum wi_lab_extent {
    WI_LAB_PART, /* part of a run: absent members are known already or come later */
    WI_LAB_WHOLE /* a whole document: version, id, name and begin are required */
};
/* Reads a document (borrowed). Members that are derived from others (`noisy`, `answers`, `summary`
 * and `speedup`) are not trusted and not read. WI_OK, or with `error` a code of wi_params_read;
 * `run` holds nothing then. */
enum wi_code wi_lab_run_read(struct wi_lab_run *run, const json_t *document,
    enum wi_lab_extent extent, struct wi_error *error);
void wi_lab_run_clear(struct wi_lab_run *run);
extern const struct wi_param wi_lab_run_params[], wi_lab_cell_params[];

/* The stored form of a run and of a cell: compact JSON with the members in order, without cells,
 * index, samples, and anything derived from samples. The caller frees it. */
char *wi_lab_run_head(const struct wi_lab_run *run);
char *wi_lab_cell_head(const struct wi_lab_cell *cell);
/* Turns such heads back into documents, without the closing brace, for a run (`ended_at` 0: it has
 * not ended) and for a cell. */
void wi_lab_put_run(struct wi_buffer *out, const char *head, int64_t ended_at, int noisy);
void wi_lab_put_cell(
    struct wi_buffer *out, unsigned index, const char *head, const double *samples, size_t count);

/* The samples of a cell, resampled. The caller clears them. */
struct wi_lab_sample wi_lab_sample_of(const struct wi_lab_run *run, const struct wi_lab_cell *cell);
/* Whether the cell's results come from simulated nodes. */
int wi_lab_is_simulated(const struct wi_lab_run *run, const struct wi_lab_cell *cell);
/* The cell's name, the same in each run: "digits chrome/webgpu fp32 threads=1 batch=1 concurrency=1
 * page". Unknown parts are left out. */
void wi_lab_put_name(struct wi_buffer *out, const struct wi_lab_cell *cell);

#endif
