/* A stored run as a document: printed on the thread that reads the database, and perhaps read back
 * on another one. */
#ifndef WI_API_ENDPOINTS_LAB_LAB_DOCUMENT_H
#define WI_API_ENDPOINTS_LAB_LAB_DOCUMENT_H

#include "base/buffer.h"
#include "settings/store/results.h"
#include "terms/lab/lab_run.h"

/* Zero-initialise; clear the text. */
struct wi_lab_document {
    struct wi_buffer text;
    size_t cells; /* that are printed */
};
void wi_lab_document_begin(struct wi_lab_document *document, const struct wi_result *result);
void wi_lab_document_add(struct wi_lab_document *document, const struct wi_result_cell *cell);
void wi_lab_document_end(struct wi_lab_document *document);
/* Ends it and reads it as a run, which the caller clears: 1, or 0 if it is none, although what is
 * stored was checked when it came. */
int wi_lab_document_read(struct wi_lab_document *document, struct wi_lab_run *run);

#endif
