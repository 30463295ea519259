/* Which files belong to the model at a path, as webinfer add sends them. Blocks. */
#ifndef WI_CLI_COMMANDS_ADD_FILES_H
#define WI_CLI_COMMANDS_ADD_FILES_H

#include "base/error.h"
#include "cli/commands/add_car.h"

/* Zero-initialise; free with wi_add_files_clear. */
struct wi_add_files {
    char *folder;           /* where they lie: the CAR itself, where they lie in one */
    struct wi_add_car *car; /* NULL: they lie in a folder */
    char *named;            /* the file in it that somebody has named; NULL: the folder itself */
    char *graph; /* the file in it that is model.onnx in the model; NULL: there is none */
    char *name;  /* what the model may be called; "" where nothing can be made of its path */
    /* Sorted by their paths in the model, with length and identity; the hashes are still to be
     * filled. */
    struct wi_manifest list;
};

/* A file .onnx comes with the files that its graph keeps tensors in, model.json beside it and the
 * labels that this names; one part of a split .gguf with the others; a folder with what its format
 * wants; a .car as the folder or the file that it has in it. WI_OK, or `error` says what is wrong;
 * a graph that cannot be read is found here. */
enum wi_code wi_add_files_find(
    const char *path, struct wi_add_files *files, struct wi_error *error);
/* Opens one of them for reading. Links are followed; by root, who may read what whoever made the
 * links may not, only to what lies in the folder, but for the file that was named. -1 with `error`,
 * also where it is not the file any more that was found. */
int wi_add_files_open(
    const struct wi_add_files *files, const struct wi_model_file *file, struct wi_error *error);
/* Reads bytes of the file that was opened as `fd`, as pread(2). */
ssize_t wi_add_files_read(const struct wi_add_files *files, const struct wi_model_file *file,
    int fd, void *bytes, size_t size, uint64_t at);
void wi_add_files_clear(struct wi_add_files *files);

#endif
