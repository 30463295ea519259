/*
 * THE table of the formats of models. A format is a row, in a file of its own (…_format.c): by
 * which files it is told, which variants they make, what they say, what they take in a page, what
 * runs them, and which files are wanted from a hub. Nobody else needs to know formats by name.
 *
 *   onnx         model.onnx, which is "fp32" where there are others beside it, told by the end of
 *                the file's name (model_q4.onnx: "q4"): a graph each, with what it names
 *   huggingface  config.json and onnx/….onnx. A variant is a dtype, told by the end of the file's
 *                name (onnx/model_q4.onnx: "q4"; none: "fp32"): its files of onnx/, and those
 *                outside of it, which all variants have in common
 *   gguf         ….gguf. A variant is a file, or a set that is split (…-00001-of-00003.gguf), named
 *                for its quantisation (tiny-Q4_K_M.gguf: "Q4_K_M"), together with the mmproj….gguf
 *                beside it
 */
#ifndef WI_MODELS_CATALOG_FORMAT_FORMAT_H
#define WI_MODELS_CATALOG_FORMAT_FORMAT_H

#include "models/catalog/format/engine.h"
#include "models/catalog/format/gguf_memory.h"
#include "models/catalog/format/huggingface.h"
#include "models/catalog/format/onnx.h"
#include "models/catalog/format/spec.h"
#include "models/catalog/format/variants.h"
#include "models/catalog/format/view.h"
#include "terms/task/task.h"
#include <stdatomic.h>

enum wi_model_format { WI_FORMAT_ONNX, WI_FORMAT_GGUF, WI_FORMAT_HUGGINGFACE, WI_FORMAT_COUNT };

/* What the files of a model say. Zero-initialise; free with wi_facts_clear. */
struct wi_facts {
    enum wi_model_type type;   /* UNKNOWN where they do not tell */
    struct wi_task_list tasks; /* that it can do, the usual one first; empty: not told */
    uint64_t context;          /* tokens that it reads at a time; 0: not told */
    uint64_t vocabulary;       /* tokens that there are; likewise */
    struct wi_spec spec;       /* of `onnx`: model.json, checked */
    /* Of `onnx`; of `huggingface` what the operators of all its graphs say, and nothing else. */
    struct wi_onnx_signature signature;
    struct wi_huggingface huggingface;
    struct wi_gguf_info gguf;     /* of all its files together */
    struct wi_gguf_memory memory; /* of `gguf`: what it will take in a page */
};
void wi_facts_move(struct wi_facts *to, struct wi_facts *from); /* `from` becomes empty */
void wi_facts_clear(struct wi_facts *facts);

/* One reading of a model. All but the facts and the error is borrowed. */
struct wi_format_reading {
    const struct wi_view *view;
    const char *name;                 /* the model's: some tell what they are there alone */
    const struct wi_variant *variant; /* whose files are read; NULL where the format has none */
    const atomic_int *stop;           /* once it is set the reading fails; NULL: it never is */
    /* Counts a file among the model's: those that nodes may fetch, and that its hash is over.
     * `keep`: it has no version, so it is to stay open while nodes fetch it. WI_OK, and its
     * length; or as wi_view's open. */
    enum wi_code (*take)(struct wi_format_reading *reading, const char *path,
        enum wi_view_reach reach, int keep, uint64_t *bytes);
    struct wi_facts facts;
    struct wi_error error;
};

/* All functions but detect, wants, find_variants, read and show may be NULL: there is nothing of
 * the kind. */
struct wi_format {
    const char *name;     /* "onnx": as answers have it */
    const char *platform; /* as KServe's clients know it */
    enum wi_engine engine;
    int does_tasks;        /* its models are asked for tasks, others with tensors */
    int gguf_options;      /* tasks have the options of their `gguf_options` */
    int fixed_context;     /* a request can ask for no other context than the model's */
    int reads_words;       /* whatever its models read is somebody's words */
    const char *tokenizer; /* the file that it is in; NULL: with the weights */
    const char *names;     /* the file that may name others, of any names; NULL: there is none */
    unsigned depth;        /* so many folders deep its files may lie */

    /* Whether a model is of this format: 1, 0, or -1 with errno where that cannot be told. */
    int (*detect)(const struct wi_view *view);
    /* Whether a file belongs to models of this format at all, by its path: weights, tables and
     * settings; never pickles, scripts or pictures. */
    int (*wants)(const char *path);
    /* For people: by what a model of it is told ("a .gguf file"), and how the names of all that may
     * be brought for it end, ended by NULL. */
    const char *told_by, *const *ends;
    /* Of files that are sorted by path and wanted, the preferred first. A set that is not whole is
     * left out. */
    void (*find_variants)(
        const struct wi_view_file *files, size_t count, struct wi_variants *variants);
    /* WI_OK, or the reading's error. What is wrong with the heads of files is said before all their
     * bytes are looked at. */
    enum wi_code (*read)(struct wi_format_reading *reading);

    /* What a model takes in a page that has so much. */
    void (*plan)(struct wi_facts *facts, const struct wi_gguf_limits *limits);
    /* WI_OK, or WI_MODEL_TOO_LARGE with the figures where the model `name` does not fit. */
    enum wi_code (*check_memory)(
        const struct wi_facts *facts, const char *name, struct wi_error *error);
    /* What the model's numbers have by its own files; NULL where nothing says it. */
    const char *(*precision)(const struct wi_facts *facts, const char *variant);
    int (*needs_f16)(const char *variant); /* it computes in 16-bit floats, as not every GPU can */
    const char *(*family)(const struct wi_facts *facts); /* "llama"; may be "" */
    /* Adds what the operator should know of the model `name`. */
    void (*warn)(const struct wi_facts *facts, const char *name, struct wi_strings *warnings);
    /* Adds what answers tell of a model. */
    void (*show)(const struct wi_facts *facts, const char *variant, json_t *out);

    /* --- what is taken from a hub ------------------------------------------------------------- */

    int is_flat; /* files of a repository's folders come to lie in the model's own */
    /* Whether `path` is not taken where `other` is there. */
    int (*yields)(const char *path, const char *other);
    /* Variants, ended by NULL: the first that fits, else the largest. NULL: the first of all. */
    const char *const *preferred;
};
extern const struct wi_format *const wi_formats[]; /* by enum wi_model_format */
extern const struct wi_format wi_format_onnx, wi_format_gguf, wi_format_huggingface;

/* The order in which a hub's offers are taken: a repository with an onnx folder has its tokenizer
 * too. */
extern const enum wi_model_format wi_formats_offered[WI_FORMAT_COUNT];

/* Which format a model has: 0, or -1 with errno ENOENT if it is no model, and with another one if
 * it could not be looked at. */
int wi_format_detect(const struct wi_view *view, enum wi_model_format *format);
/* Whether a file may be brought for a model of any format, by its path: never pickles or scripts.
 */
int wi_format_may_have(const char *path);
/* Whether the file `path` may name others, of any names, that belong to its model. */
int wi_format_may_name(const char *path);
/* The variants of `files`, each with its files sorted. */
void wi_format_find_variants(enum wi_model_format format, const struct wi_view_file *files,
    size_t count, struct wi_variants *variants);

#endif
