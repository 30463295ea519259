/*
 * Reports for people and for what runs tests. Each of these appends to `out`; what came from
 * outside is text in all of them.
 */
#ifndef WI_TERMS_LAB_REPORT_H
#define WI_TERMS_LAB_REPORT_H

#include "terms/lab/compare.h"
#include "terms/lab/figures.h"

#define WI_LAB_MARKDOWN_MAX 60000 /* bytes: a comment of a pull request takes 65,536 characters */

/* The cells as a table, the worst first, as far as there is room. */
void wi_lab_put_markdown(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_markdown_comparison(
    struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* A case for each cell: inexact, crashed and failed fail, and so do slower and broken; what could
 * not be tried, or not be timed, is skipped, with the reason. */
void wi_lab_put_junit(struct wi_buffer *out, const struct wi_lab_figures *figures);
void wi_lab_put_junit_comparison(struct wi_buffer *out, const struct wi_lab_comparison *comparison);

/* A document of its own, out of a template that has WI_LAB_HTML_MARK once, where `json` goes:
 * {"run": …, "history": […]} as wi_lab_put_json and wi_lab_put_earlier write them, or {"matrix": …}
 * as GET /v1/matrix answers it. 0, or -1 for a text that is no such template. */
#define WI_LAB_HTML_MARK "%RUN%"
int wi_lab_put_html(struct wi_buffer *out, const char *template_text, const char *json);

#endif
