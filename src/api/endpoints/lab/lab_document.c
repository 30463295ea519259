/* Stored runs as documents; see lab_document.h. */
#include "api/endpoints/lab/lab_document.h"

void wi_lab_document_begin(struct wi_lab_document *document, const struct wi_result *result)
{
    wi_lab_put_run(&document->text, result->head, result->ended_at, result->noisy);
    wi_buffer_puts(&document->text, ",\"cells\":[");
}

void wi_lab_document_add(struct wi_lab_document *document, const struct wi_result_cell *cell)
{
    wi_buffer_puts(&document->text, document->cells++ ? ",\n" : "\n");
    wi_lab_put_cell(&document->text, cell->index, cell->head, cell->samples, cell->count);
    wi_buffer_puts(&document->text, "}");
}

void wi_lab_document_end(struct wi_lab_document *document)
{
    wi_buffer_puts(&document->text, "]}\n");
}

int wi_lab_document_read(struct wi_lab_document *document, struct wi_lab_run *run)
{
    struct wi_error error;
    wi_lab_document_end(document);
    json_t *read = json_loadb(document->text.text, document->text.size, 0, NULL);
    int good = read && wi_lab_run_read(run, read, WI_LAB_WHOLE, &error) == WI_OK;
    json_decref(read);
    return good;
}
