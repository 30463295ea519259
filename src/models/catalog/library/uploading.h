/*
 * Uploads as clients' requests drive them: the steps of each, on the one thread that reads and
 * writes the files of all uploads, and in the queue of changes of the store. The functions that
 * other rooms call are in models/models.h.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_UPLOADING_H
#define WI_MODELS_CATALOG_LIBRARY_UPLOADING_H

#include "models/catalog/library/versions_work.h"

/* All is borrowed and must outlive this. From now on collects abandoned uploads, once an hour. */
struct wi_uploads *wi_uploads_new(
    uv_loop_t *loop, struct wi_repository *repository, struct wi_versions_work *versions);
/* No callback is called any more; what runs on the thread frees itself later. NULL is fine. */
void wi_uploads_free(struct wi_uploads *uploads);

#endif
