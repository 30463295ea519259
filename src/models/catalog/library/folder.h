/* What lies in a model's folder on disk, and the view of it that readers of formats take. Blocks.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_FOLDER_H
#define WI_MODELS_CATALOG_LIBRARY_FOLDER_H

#include "models/catalog/format/format.h"

/* Zero-initialise; free with wi_folder_clear. */
struct wi_folder {
    enum wi_model_format format;
    struct wi_view_file *files; /* those that the format wants, sorted */
    size_t count;
    struct wi_strings folders; /* that were read, by their path inside it; "." is itself */
    int too_many;              /* there are more than WI_MODEL_FILES_MAX; the others are left out */
};

/* A view of it; all is borrowed. */
struct wi_folder_view {
    struct wi_view view;
    const char *store, *path; /* how far links may lead (WI_VIEW_STORE), and the folder itself */
};
struct wi_folder_view wi_folder_view(const char *store, const char *path);

/* Which format the folder at `path` has, by the presence of a few files: 0, or -1 with errno ENOENT
 * if it is no model's, and with another one if it could not be looked at. */
int wi_folder_format(const char *path, enum wi_model_format *format);
/* The same, and its files. */
int wi_folder_read(const char *path, struct wi_folder *folder);
/* Likewise of a folder whose format is known, whether or not a file in it tells that. */
int wi_folder_read_as(const char *path, enum wi_model_format format, struct wi_folder *folder);
void wi_folder_clear(struct wi_folder *folder);

#endif
