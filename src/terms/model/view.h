/*
 * The files of a model, by their paths inside it, independent of where they are stored: all that a
 * format's reader sees of them. There are views of a folder on disk
 * (terms/format/folder.h), of the list of a hub (models/arrive/hub/choose.c), and of
 * anything else that names files.
 */
#ifndef WI_TERMS_MODEL_VIEW_H
#define WI_TERMS_MODEL_VIEW_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

#define WI_MODEL_FILES_MAX 1000 /* files of one model */

/* The formats of models: terms/format/format.h. */
enum wi_model_format { WI_FORMAT_ONNX, WI_FORMAT_GGUF, WI_FORMAT_HUGGINGFACE, WI_FORMAT_COUNT };

/* A file, by its path inside the model. */
struct wi_view_file {
    char *path;
    uint64_t bytes;
};

/* How far a link may lead. */
enum wi_view_reach {
    WI_VIEW_MODEL, /* to the model's own files: for paths that a file from outside names */
    WI_VIEW_STORE  /* to other models' as well: for links that the model's owner has made */
};

/* The first member of a provider's own struct. A provider of names alone has no `open`. All
 * functions may block. */
struct wi_view {
    /* Whether there is a file, or something that cannot be looked at: opening it tells why. */
    int (*has)(const struct wi_view *view, const char *path);
    /* Whether `is` is true for a file directly in `folder`, "" for the model itself: 1, 0, or -1
     * with errno if the folder cannot be read. A missing folder has no files. */
    int (*any)(const struct wi_view *view, const char *folder, int (*is)(const char *path));
    /* Opens a regular file for reading; the caller closes it. Sets its length. -1 with `error`:
     * WI_MODEL_NOT_FOUND, WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
    int (*open)(const struct wi_view *view, const char *path, enum wi_view_reach reach,
        uint64_t *bytes, struct wi_error *error);
};

/* Whether a file is directly in `folder`, "" for the model itself, by their paths. */
int wi_view_is_in(const char *path, const char *folder);

/* A whole small file as text, followed by a NUL, which the caller frees; NULL with `error`. */
char *wi_view_read(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    size_t max, size_t *size, struct wi_error *error);

/* --- files that are not the weights they should be ----------------------------------------- */

/* Bytes of the file's beginning that are enough. */
#define WI_GUESS_BYTES 23

#define WI_GUESS_POINTER                                                                           \
    "it is a pointer of Git LFS, not the file itself; run \"git lfs pull\" where it was cloned, "  \
    "or bring the model with webinfer pull"

int wi_guess_is_pointer(const unsigned char *head, size_t size);
/* A sentence about a usual mistake: a pointer of Git LFS, a web page, JSON, another program's
 * model, an empty file; NULL if it looks like none of them. */
const char *wi_guess_text(const unsigned char *head, size_t size);

#define WI_GGUF_MAGIC_BYTES 4
/* Whether a file claims to be GGUF, by its first bytes. */
int wi_gguf_is(const unsigned char *head, size_t size);

#endif
