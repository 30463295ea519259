/* Finds the files of the model at a path, which webinfer add sends. Blocks. */
#ifndef WI_CLI_COMMANDS_ADD_FILES_H
#define WI_CLI_COMMANDS_ADD_FILES_H

#include "base/error.h"
#include "cli/commands/add_car.h"

/* Zero-initialise; free with wi_add_files_clear. */
struct wi_add_files {
    char *folder;           /* the folder of the files, or the CAR that has them */
    struct wi_add_car *car; /* NULL: the files are in a folder */
    char *named;            /* the file in it that the user has named; NULL: the folder itself */
    char *graph; /* the file in it that is model.onnx in the model; NULL: there is none */
    char *name;  /* a name for the model; "" if its path gives none */
    /* Sorted by path in the model, with length and identity; the hashes are not filled in yet. */
    struct wi_manifest list;
};

/* A file .onnx comes with the files in which its graph keeps tensors, model.json of the same folder
 * and the labels that this names. One part of a split .gguf comes with the other parts, a folder
 * with the files that its format needs, and a .car as the folder or the file in it. WI_OK, or
 * `error` says what is wrong, for example that the graph cannot be read. */
enum wi_code wi_add_files_find(
    const char *path, struct wi_add_files *files, struct wi_error *error);
/* Opens one of the files for reading. Links are followed. Root follows only links within the
 * folder, apart from the named file, because root may read files that the maker of a link may not.
 * -1 with `error`, also if the file has been replaced since it was found. */
int wi_add_files_open(
    const struct wi_add_files *files, const struct wi_model_file *file, struct wi_error *error);
/* Reads bytes of the file that is open as `fd`, like pread(2). */
ssize_t wi_add_files_read(const struct wi_add_files *files, const struct wi_model_file *file,
    int fd, void *bytes, size_t size, uint64_t at);
void wi_add_files_clear(struct wi_add_files *files);

#endif
