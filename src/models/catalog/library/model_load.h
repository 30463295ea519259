/*
 * One model that a worker thread reads from the store's folder: its files are found, read as its
 * format requires, opened without leaving the store, and hashed. It shares no state but the cache
 * of hashes: all inputs and results are the load's own.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_MODEL_LOAD_H
#define WI_MODELS_CATALOG_LIBRARY_MODEL_LOAD_H

#include "base/error.h"
#include "models/catalog/library/hash_cache.h"
#include "models/catalog/library/source.h"
#include "terms/format/format.h"
#include <stdatomic.h>

struct wi_load {
    char *directory;             /* the store */
    char *name;                  /* as in the request; checked by wi_model_check_name */
    char *base;                  /* the same without a variant */
    const char *wanted;          /* the variant in it, or NULL */
    struct wi_hash_cache *cache; /* borrowed; may be NULL */
    char *staged;                /* owned. Its folder, if it has no name yet; NULL: by the name */
    enum wi_model_format as;     /* format of a staged variant made here; else WI_FORMAT_COUNT */
    atomic_int stop;             /* set from outside to end a long reading early */
    /* Results. */
    enum wi_code code; /* WI_OK, or `error` is filled: WI_MODEL_NOT_FOUND, WI_MODEL_INVALID,
                          WI_UNAVAILABLE */
    struct wi_error error;
    struct wi_file_stamps stamps; /* of all that was read; empty if that is not certain */
    /* the model's folder in the store; that of the version if it was pulled */
    char *folder;
    unsigned version;            /* 0: it was not pulled */
    struct wi_source source;     /* of a pulled model, as far as it is written down */
    enum wi_model_format format; /* WI_FORMAT_COUNT: the folder is no model's */
    char *why;                   /* then: why the entry is no model; NULL: it does not exist */
    char *variant;               /* NULL: it has none */
    struct wi_variants variants;
    struct wi_manifest manifest;
    char hash[WI_MANIFEST_HEX];
    struct wi_facts facts;
    int64_t began_at;                   /* Unix seconds */
    struct wi_manifest hashed;          /* files that the cache did not know, not open */
    uint64_t hashed_bytes, known_bytes; /* hashed here; known from the cache */
};

struct wi_load *wi_load_new(const char *directory, const char *name, struct wi_hash_cache *cache);
/* Fills the results; blocks. */
void wi_load_run(struct wi_load *load);
void wi_load_free(struct wi_load *load); /* also frees the results that were not taken */

#endif
