/*
 * A model as requests hold it: an immutable snapshot of one version, which stays valid and servable
 * (while its files stay open: see models/catalog/library/manifest.h) when files on disk are
 * replaced. Snapshots are counted; models/catalog/library/repository.h makes them.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_MODEL_H
#define WI_MODELS_CATALOG_LIBRARY_MODEL_H

#include "base/error.h"
#include "models/catalog/format/format.h"
#include "models/catalog/library/manifest.h"
#include "models/catalog/library/source.h"
#include "terms/kernel/builtin.h"
#include "terms/kernel/model.h"
#include "terms/model_name.h"
#include "terms/task/type.h"
#include <jansson.h>

struct wi_repository;
struct wi_model {
    char *name;    /* as it is asked for: "NAME", "OWNER/NAME" or one of them with ":VARIANT" */
    char *variant; /* which one this is; NULL where the format has none */
    struct wi_variants variants; /* that there are */
    enum wi_model_format format; /* not of builtin/… */
    char hash[WI_MANIFEST_HEX];  /* of the manifest; of `kernels` see below; "" for `builtin` */
    enum wi_model_type type;
    enum wi_engine engine;   /* what runs it, wherever it runs */
    enum wi_builtin builtin; /* which one of those that compute nothing: trusted, never measured,
                                free of time; else WI_BUILTIN_NONE */
    /* Of builtin/… over kernels: which, and its hash is SHA-256 of "builtin", NUL, its name there,
     * NUL, WI_KERNELS_VERSION. It is checked, measured and loaded as one of files is. Else NULL. */
    const struct wi_kernel_model *kernels;
    char *folder;     /* where the files lie; NULL for builtin/… */
    unsigned version; /* of a model that was pulled (models/catalog/library/versions.h); else 0 */
    struct wi_source source;           /* of one that was pulled */
    struct wi_manifest manifest;       /* empty for builtin/… */
    struct wi_facts facts;             /* of `builtin` none; of `kernels` the signature */
    unsigned _references, _idle;       /* all of them; those of wi_model_ref_idle */
    struct wi_repository *_repository; /* NULL once it is gone */
};

struct wi_model *wi_model_ref(struct wi_model *model);
void wi_model_unref(struct wi_model *model); /* NULL is fine */
/* A reference that keeps the files servable and is no use of the model: it may be removed. */
struct wi_model *wi_model_ref_idle(struct wi_model *model);
void wi_model_unref_idle(struct wi_model *model); /* NULL is fine */
/* Whether it is one of builtin/…: part of the daemon, without files. */
int wi_model_is_built_in(const struct wi_model *model);
/* Notes that a request begins to use the model: see wi_repository_used_at. */
void wi_model_use(struct wi_model *model);

/* WI_OK, or WI_MODEL_TOO_LARGE with the figures for one that fits no page. */
enum wi_code wi_model_check_engine(const struct wi_model *model, struct wi_error *error);
/* What the model's numbers have by its own files, whatever a page says of itself: the dtype of a
 * folder, the quantisation of a GGUF file, what a graph computes in; NULL where nothing says it. */
const char *wi_model_precision(const struct wi_model *model);
/* Adds what its operator should know: weights that are slow in browsers, memory that is short. */
void wi_model_warnings(const struct wi_model *model, struct wi_strings *warnings);
/* A descriptor of a file of the manifest, if that is still what was hashed, else -1. With `*owned`
 * the caller closes it. Does not wait for the disk, as far as a folder on it can be opened so. */
int wi_model_open_file(const struct wi_model *model, const struct wi_model_file *file, int *owned);

/* The options of a request without a task: WI_OK or, with `error` filled, WI_MISSING_FIELD,
 * WI_INVALID_FIELD or WI_UNKNOWN_FIELD. `options` is an object, or NULL: none are given; `where`
 * stands before their names in errors. */
enum wi_code wi_model_check_options(
    const struct wi_model *model, const json_t *options, const char *where, struct wi_error *error);

#endif
