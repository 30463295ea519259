/* The content of a model's folder on disk, and the view of it for readers of formats. Blocks. */
#ifndef WI_TERMS_FORMAT_FOLDER_H
#define WI_TERMS_FORMAT_FOLDER_H

#include "terms/format/format.h"

/* Zero-initialise; free with wi_folder_clear. */
struct wi_folder {
    enum wi_model_format format;
    struct wi_view_file *files; /* those that the format wants, sorted */
    size_t count;
    /* that were read, by their path in the model's folder; "." is that folder */
    struct wi_strings folders;
    int too_many; /* there are more than WI_MODEL_FILES_MAX; the rest is left out */
};

/* A view of a folder; all is borrowed. */
struct wi_folder_view {
    struct wi_view view;
    const char *store, *path; /* how far links may lead (WI_VIEW_STORE), and the folder itself */
};
struct wi_folder_view wi_folder_view(const char *store, const char *path);

/* Finds the format of the folder at `path`, by the presence of a few files: 0, or -1 with errno:
 * ENOENT if it is no model's, another one if it could not be looked at. */
int wi_folder_format(const char *path, enum wi_model_format *format);
/* The same, and reads the list of its files. */
int wi_folder_read(const char *path, struct wi_folder *folder);
/* The same for a folder whose format is known, even if none of its files tells the format. */
int wi_folder_read_as(const char *path, enum wi_model_format format, struct wi_folder *folder);
void wi_folder_clear(struct wi_folder *folder);

#endif
