/*
 * A run in the formats of other programs, and reports for people and for test runners. Each
 * function appends to `out` and escapes text that came from outside.
 */
#ifndef WI_TERMS_LAB_REPORT_H
#define WI_TERMS_LAB_REPORT_H

#include "terms/lab/answer.h"
#include "terms/lab/figures.h"
#include "terms/lab/lab_compare.h"

/* Adds text as XML and HTML have it, also as the value of an attribute. */
void wi_lab_put_xml(struct wi_buffer *out, const char *text);

/* A document as share/webinfer/lab.schema.json describes it, with summaries, speed-ups and
 * answers. */
void wi_lab_put_json(struct wi_buffer *out, const struct wi_lab_figures *figures);
/* The same without answers. */
void wi_lab_put_cells(struct wi_buffer *out, const struct wi_lab_figures *figures);
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

#define WI_LAB_MARKDOWN_MAX 60000 /* bytes: a comment of a pull request takes 65,536 characters */

/* The cells as a table, the worst first, as many as there is room for. */
void wi_lab_put_markdown(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_markdown_comparison(
    struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* A test case for each cell: inexact, crashed and failed cells fail, and so do slower and broken
 * ones. Cells that could not be tried or timed are skipped, with the reason. */
void wi_lab_put_junit(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_junit_comparison(struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* The answer for programs: an array with an object for each model, as the schema describes it. */
void wi_lab_put_answer_json(struct wi_buffer *out, const struct wi_lab_answer *answer);
/* The answer for people, as a part of a document: the run's name, and for each model the sentence
 * and a table. */
void wi_lab_put_answer_html(struct wi_buffer *out, const struct wi_lab_answer *answer);

/* A complete document from a template that contains each mark once. `answer` goes in the place of
 * the first mark: HTML, or "". `json` goes in that of the second: {"run": …, "history": […]} as
 * wi_lab_put_cells and wi_lab_put_earlier write them, or {"matrix": …} as GET /v1/matrix answers
 * it. 0, or -1 if the text is not such a template. */
#define WI_LAB_ANSWER_MARK "%ANSWER%"
#define WI_LAB_HTML_MARK "%RUN%"
int wi_lab_put_html(
    struct wi_buffer *out, const char *template_text, const char *answer, const char *json);

#endif
