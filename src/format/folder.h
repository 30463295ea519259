/* What lies in a model's folder. Reads folders only, and opens no file; blocks. */
#ifndef WI_FORMAT_FOLDER_H
#define WI_FORMAT_FOLDER_H

#include "format/variants.h"

/* Zero-initialise; free with wi_folder_clear. */
struct wi_folder {
    enum wi_model_format format;
    struct wi_folder_file *files; /* those that the format wants, sorted; of onnx none */
    size_t count;
    struct wi_strings folders; /* that were read, by their path inside it; "." is itself */
    int too_many;              /* there are more than WI_MANIFEST_MAX; the others are left out */
};

/* Which format the folder at `path` has, by the presence of a few files: 0, or -1 with errno ENOENT
 * if it is no model's, and with another one if it could not be looked at. */
int wi_folder_format(const char *path, enum wi_model_format *format);
/* The same, and its files. */
int wi_folder_read(const char *path, struct wi_folder *folder);
void wi_folder_clear(struct wi_folder *folder);

#endif
