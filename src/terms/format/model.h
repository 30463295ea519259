/*
 * A model as requests hold it: an immutable snapshot of one version. It stays valid, and servable
 * while its files stay open (terms/model/manifest.h), when the files on disk are
 * replaced. Snapshots are reference-counted; the repository of models makes them.
 */
#ifndef WI_TERMS_FORMAT_MODEL_H
#define WI_TERMS_FORMAT_MODEL_H

#include "base/error.h"
#include "terms/format/format.h"
#include "terms/kernel/builtin.h"
#include "terms/kernel/kernel_model.h"
#include "terms/model/manifest.h"
#include "terms/model/origin.h"
#include "terms/model_name.h"
#include "terms/task/type.h"
#include <jansson.h>

struct wi_repository;
struct wi_model {
    char *name;    /* as in requests: "NAME" or "OWNER/NAME", possibly with ":VARIANT" */
    char *variant; /* this one's; NULL if the format has none */
    struct wi_variants variants; /* all of the model */
    enum wi_model_format format; /* not of builtin/… */
    char hash[WI_MANIFEST_HEX];  /* of the manifest; for `kernels` see below; "" for `builtin` */
    enum wi_model_type type;
    enum wi_engine engine; /* the engine that runs it on any node */
    /* Which of the built-in models that compute nothing: trusted, never measured, taking no time;
     * else WI_BUILTIN_NONE. */
    enum wi_builtin builtin;
    /* For builtin/… over kernels: the kernel model. Its hash is the SHA-256 of "builtin", NUL, its
     * name there, NUL, WI_KERNELS_VERSION. It is checked, measured and loaded like a model with
     * files. Else NULL. */
    const struct wi_kernel_model *kernels;
    char *folder;                /* of the files; NULL for builtin/… */
    unsigned version;            /* of a pulled model; else 0 */
    struct wi_source source;     /* of a pulled model */
    struct wi_manifest manifest; /* empty for builtin/… */
    struct wi_facts facts;       /* for `builtin` none; for `kernels` the signature */
    unsigned _references, _idle; /* all references; those of wi_model_ref_idle */
    void (*_free)(struct wi_model *model);
    struct wi_repository *_repository; /* NULL once the repository is gone */
};

struct wi_model *wi_model_ref(struct wi_model *model);
void wi_model_unref(struct wi_model *model); /* NULL is fine */
/* A reference that keeps the files servable but does not count as use: the model may be removed. */
struct wi_model *wi_model_ref_idle(struct wi_model *model);
void wi_model_unref_idle(struct wi_model *model); /* NULL is fine */
/* Whether it is one of builtin/…: part of the daemon, without files. */
int wi_model_is_built_in(const struct wi_model *model);

/* WI_OK, or WI_MODEL_TOO_LARGE with the figures for a model that fits no page. */
enum wi_code wi_model_check_engine(const struct wi_model *model, struct wi_error *error);
/* The precision of the model's numbers by its own files, whatever a page reports: the dtype of a
 * folder, the quantisation of a GGUF file, the precision of a graph; NULL if the files do not
 * tell. */
const char *wi_model_precision(const struct wi_model *model);
/* Adds warnings for its operator: weights that are slow in browsers, memory that is short. */
void wi_model_warnings(const struct wi_model *model, struct wi_strings *warnings);
/* A descriptor of a file of the manifest if the file is still the one that was hashed, else -1.
 * With `*owned` the caller closes it. Does not wait for the disk, as far as files on it can be
 * opened without waiting. */
int wi_model_open_file(const struct wi_model *model, const struct wi_model_file *file, int *owned);

/* Checks the options of a request without a task: WI_OK or, with `error` filled, WI_MISSING_FIELD,
 * WI_INVALID_FIELD or WI_UNKNOWN_FIELD. `options` is an object, or NULL: none are given; `where` is
 * put before their names in errors. */
enum wi_code wi_model_check_options(
    const struct wi_model *model, const json_t *options, const char *where, struct wi_error *error);

#endif
