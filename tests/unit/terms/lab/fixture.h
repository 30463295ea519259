/* Runs out of text, and samples that are drawn with a seed. */
#ifndef WI_TESTS_LAB_FIXTURE_H
#define WI_TESTS_LAB_FIXTURE_H

#include "../../test.h"

#include "base/memory.h"
#include "terms/lab/lab_run.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Evenly drawn, 0 to 1 without both ends. */
static inline double even(struct wi_pcg32 *generator)
{
    return (wi_pcg32_next(generator) + 0.5) / 4294967296.0;
}

/* A time as benchmarks have them: a median of `ms`, a spread of 3 %, and a tail above. */
static inline double time_of(struct wi_pcg32 *generator, double ms)
{
    double normal = sqrt(-2 * log(even(generator))) * cos(6.283185307179586 * even(generator));
    return ms * exp(0.03 * normal) * (even(generator) < 0.05 ? 1.5 : 1);
}

/* The run that a text is, in which ' stands for ". */
static inline void read_run(struct wi_lab_run *run, const char *text)
{
    char *quoted = wi_strdup(text);
    struct wi_error error;
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *document = json_loads(quoted, 0, NULL);
    assert_non_null(document);
    if (wi_lab_run_read(run, document, WI_LAB_WHOLE, &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    json_decref(document);
    free(quoted);
}

/* A cell that is ok, of one model on a browser and a platform. */
static inline json_t *cell_of(const char *model, const char *browser, const char *platform)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:[]}", "model", model,
        "browser", browser, "platform", platform, "precision", "fp32", "threads", 1, "batch", 1,
        "concurrency", 1, "clock", "page", "outcome", "ok", "samples_ms");
}

static inline void add_sample(json_t *cell, double ms)
{
    json_array_append_new(json_object_get(cell, "samples_ms"), json_real(ms));
}

/* An empty run. */
static inline json_t *document_of(const char *id)
{
    return json_pack("{s:i, s:s, s:s, s:I, s:[]}", "version", 1, "id", id, "name", id, "began_at",
        (json_int_t)1, "cells");
}

static inline void add_cell(json_t *document, json_t *cell)
{
    json_array_append_new(json_object_get(document, "cells"), cell);
}

/* Reads a document and frees it. */
static inline void take_document(struct wi_lab_run *run, json_t *document)
{
    struct wi_error error;
    if (wi_lab_run_read(run, document, WI_LAB_WHOLE, &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    json_decref(document);
}

#endif
