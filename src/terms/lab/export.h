/*
 * A run as others read it. Each of these appends to `out`; what came from outside is text in all of
 * them.
 */
#ifndef WI_TERMS_LAB_EXPORT_H
#define WI_TERMS_LAB_EXPORT_H

#include "terms/lab/figures.h"

/* A document of share/webinfer/lab.schema.json, with summaries and speed-ups. */
void wi_lab_put_json(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* What `earlier` has of the cells of `run` that are ok in both, by name and hash alike, as
 * {"id", "began_at", "commit", "noisy", "medians": {INDEX: MS}} with the indexes of `run`. */
void wi_lab_put_earlier(
    struct wi_buffer *out, const struct wi_lab_run *run, const struct wi_lab_run *earlier);
/* A line of JSON for each cell, as in that document, with the run, without its cells, as `run`. */
void wi_lab_put_ndjson(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* RFC 4180: a row of titles, then one for each cell. A spreadsheet takes no field as a formula. */
void wi_lab_put_csv(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* Bencher's metric format: the median of each cell that is ok, with its interval, as `latency` in
 * nanoseconds (https://bencher.dev/docs/reference/bencher-metric-format/). */
void wi_lab_put_bmf(struct wi_buffer *out, const struct wi_lab_figures *figures);

#endif
