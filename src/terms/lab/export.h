/*
 * A run in the formats of other programs. Each function appends to `out` and escapes text that came
 * from outside.
 */
#ifndef WI_TERMS_LAB_EXPORT_H
#define WI_TERMS_LAB_EXPORT_H

#include "terms/lab/figures.h"

/* A document as share/webinfer/lab.schema.json describes it, with summaries and speed-ups. */
void wi_lab_put_json(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* The medians in `earlier` of the cells of `run` that are ok in both, matched by name and hash, as
 * {"id", "began_at", "commit", "noisy", "medians": {INDEX: MS}} with the indexes of `run`. */
void wi_lab_put_earlier(
    struct wi_buffer *out, const struct wi_lab_run *run, const struct wi_lab_run *earlier);
/* A line of JSON for each cell, as in that document. Its member `run` is the run without its
 * cells. */
void wi_lab_put_ndjson(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* RFC 4180: a row of titles, then a row for each cell. No field can be taken for a formula by a
 * spreadsheet. */
void wi_lab_put_csv(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* Bencher's metric format: the median of each ok cell, with its interval, as `latency` in
 * nanoseconds (https://bencher.dev/docs/reference/bencher-metric-format/). */
void wi_lab_put_bmf(struct wi_buffer *out, const struct wi_lab_figures *figures);

#endif
