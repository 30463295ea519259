/*
 * One model read from the store's folder on a worker thread: opened without leaving the store,
 * hashed, its graph's signature and its model.json read. No shared state: what goes in and comes
 * out is the load's own.
 */
#ifndef WI_MODEL_LOAD_H
#define WI_MODEL_LOAD_H

#include "base/error.h"
#include "model/onnx.h"
#include "model/spec.h"
#include <stdatomic.h>
#include <sys/stat.h>

/* What tells a changed file from an unchanged one. All zero: there is none. */
struct wi_file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

/* A model's files as they were at one look. */
struct wi_load_files {
    struct wi_file_identity model, spec, labels;
};

struct wi_load {
    char *directory; /* the store */
    char *name;      /* checked: see wi_model_check_name */
    atomic_int stop; /* set from outside to end a long hashing early */
    /* Results. */
    enum wi_code code; /* WI_OK, or `error` is filled: WI_MODEL_NOT_FOUND, WI_MODEL_INVALID,
                          WI_UNAVAILABLE */
    struct wi_error error;
    struct wi_load_files files; /* as read; all zero where that is not certain */
    int fd;                     /* model.onnx; -1 if it failed */
    off_t size;
    char hash[65];
    struct wi_onnx_signature signature;
    struct wi_spec spec; /* spec.labels_file also after a failure */
};

/* Looks at the files by their paths. `labels_file` may be NULL. 0, or -1 with
 * errno if model.onnx cannot be looked at. */
int wi_load_look(
    const char *directory, const char *name, const char *labels_file, struct wi_load_files *files);

struct wi_load *wi_load_new(const char *directory, const char *name);
/* Fills the results; blocks. */
void wi_load_run(struct wi_load *load);
void wi_load_free(struct wi_load *load); /* and whatever results were not taken */

#endif
