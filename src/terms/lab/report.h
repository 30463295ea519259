/*
 * Reports for people and for test runners. Each function appends to `out` and escapes text that
 * came from outside.
 */
#ifndef WI_TERMS_LAB_REPORT_H
#define WI_TERMS_LAB_REPORT_H

#include "terms/lab/figures.h"
#include "terms/lab/lab_compare.h"

#define WI_LAB_MARKDOWN_MAX 60000 /* bytes: a comment of a pull request takes 65,536 characters */

/* The cells as a table, the worst first, as many as there is room for. */
void wi_lab_put_markdown(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_markdown_comparison(
    struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* A test case for each cell: inexact, crashed and failed cells fail, and so do slower and broken
 * ones. Cells that could not be tried or timed are skipped, with the reason. */
void wi_lab_put_junit(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_junit_comparison(struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* A complete document from a template that contains WI_LAB_HTML_MARK once, where `json` goes:
 * {"run": …, "history": […]} as wi_lab_put_json and wi_lab_put_earlier write them, or {"matrix": …}
 * as GET /v1/matrix answers it. 0, or -1 if the text is not such a template. */
#define WI_LAB_HTML_MARK "%RUN%"
int wi_lab_put_html(struct wi_buffer *out, const char *template_text, const char *json);

#endif
