/*
 * THE table of the formats of models. A format is a row, in a file of its own (…_format.c): how it
 * is recognised by its files, which variants they make, what the files tell, how much memory they
 * take in a page, which engine runs them, and which files are fetched from a hub. No other code
 * needs to know formats by name.
 *
 *   onnx         model.onnx. A variant is a graph with the files that it names; the end of the
 *                graph's name is the variant (model_q4.onnx: "q4"). If there are several,
 *                model.onnx is "fp32".
 *   huggingface  config.json and onnx/….onnx. A variant is a dtype, which is the end of the file's
 *                name (onnx/model_q4.onnx: "q4"; none: "fp32"): its files of onnx/, and those
 *                outside of it, which all variants have in common.
 *   gguf         ….gguf. A variant is a file, or a split set (…-00001-of-00003.gguf), named for its
 *                quantisation (tiny-Q4_K_M.gguf: "Q4_K_M"), together with the mmproj….gguf in the
 *                same folder.
 */
#ifndef WI_TERMS_FORMAT_FORMAT_H
#define WI_TERMS_FORMAT_FORMAT_H

#include "terms/format/gguf_memory.h"
#include "terms/format/huggingface.h"
#include "terms/format/onnx.h"
#include "terms/format/onnx_capture.h"
#include "terms/format/spec.h"
#include "terms/model/engine.h"
#include "terms/model/variants.h"
#include "terms/model/view.h"
#include "terms/task/task.h"
#include <stdatomic.h>

/* What the files of a model tell. Zero-initialise; free with wi_facts_clear. */
struct wi_facts {
    enum wi_model_type type;   /* UNKNOWN if they do not tell */
    struct wi_task_list tasks; /* that it can do, the default first; empty: not told */
    uint64_t context;          /* tokens that it reads at a time; 0: not told */
    uint64_t vocabulary;       /* tokens that there are; likewise */
    struct wi_spec spec;       /* of `onnx`: model.json, checked */
    /* For `onnx`; for `huggingface` only what the operators of all its graphs tell. */
    struct wi_onnx_signature signature;
    struct wi_onnx_capture capture; /* of `onnx`; else unread */
    struct wi_huggingface huggingface;
    struct wi_gguf_info gguf;     /* of all its files together */
    struct wi_gguf_memory memory; /* for `gguf`: its memory in a page */
};
void wi_facts_clear(struct wi_facts *facts);

/* One reading of a model. All but the facts and the error is borrowed. */
struct wi_format_reading {
    const struct wi_view *view;
    const char *name;                 /* the model's; for some it alone tells what they are */
    const struct wi_variant *variant; /* whose files are read; NULL if the format has none */
    const atomic_int *stop;           /* once it is set the reading fails; NULL: it never is */
    /* Adds a file to the model's files: those that nodes may fetch, and that its hash covers.
     * `keep`: the file has no version, so it stays open while nodes fetch it. WI_OK and its length,
     * or an error of wi_view's open. */
    enum wi_code (*take)(struct wi_format_reading *reading, const char *path,
        enum wi_view_reach reach, int keep, uint64_t *bytes);
    struct wi_facts facts;
    struct wi_error error;
};

/* All functions but detect, wants, find_variants, read and show may be NULL if the format has
 * nothing of the kind. */
struct wi_format {
    const char *name;     /* "onnx": as in answers */
    const char *platform; /* as KServe clients know it */
    enum wi_engine engine;
    int does_tasks;        /* its models are asked for tasks, not with tensors */
    int gguf_options;      /* tasks have the options of their `gguf_options` */
    int fixed_context;     /* a request cannot ask for a context other than the model's */
    int reads_words;       /* all inputs of its models are words of users */
    const char *tokenizer; /* the file that has it; NULL: it is with the weights */
    const char *names;     /* the file that may name other files, freely named; NULL: none */
    unsigned depth;        /* greatest depth of folders for its files */

    /* Whether a model is of this format: 1, 0, or -1 with errno if that cannot be found out. */
    int (*detect)(const struct wi_view *view);
    /* Whether a file belongs to models of this format at all, by its path: weights, tables and
     * settings; never pickles, scripts or pictures. */
    int (*wants)(const char *path);
    /* For people: what a model of the format is recognised by ("a .gguf file"), and the possible
     * endings of the names of its files, ended by NULL. */
    const char *told_by, *const *ends;
    /* Finds the variants in files that are sorted by path and wanted; the preferred one first. An
     * incomplete set is left out. */
    void (*find_variants)(
        const struct wi_view_file *files, size_t count, struct wi_variants *variants);
    /* WI_OK, or the reading's error. Errors in the heads of files are reported before all their
     * bytes are looked at. */
    enum wi_code (*read)(struct wi_format_reading *reading);

    /* Plans the memory of a model in a page with these limits. */
    void (*plan)(struct wi_facts *facts, const struct wi_gguf_limits *limits);
    /* WI_OK, or WI_MODEL_TOO_LARGE with the figures if the model `name` does not fit. */
    enum wi_code (*check_memory)(
        const struct wi_facts *facts, const char *name, struct wi_error *error);
    /* The precision of the model's numbers according to its files; NULL if they do not tell. */
    const char *(*precision)(const struct wi_facts *facts, const char *variant);
    /* it computes in 16-bit floats, which not every GPU can */
    int (*needs_f16)(const char *variant);
    size_t family; /* the offset in the facts of its name, "llama" or ""; 0: it has none */
    /* Adds warnings for the operator about the model `name`. */
    void (*warn)(const struct wi_facts *facts, const char *name, struct wi_strings *warnings);
    /* Adds what answers show of a model. */
    void (*show)(const struct wi_facts *facts, const char *variant, json_t *out);

    /* --- what is taken from a hub ------------------------------------------------------------- */

    int is_flat; /* files of a repository's folders are put into the model's own */
    /* Whether `path` is not fetched if `other` exists. */
    int (*yields)(const char *path, const char *other);
    /* Variants, ended by NULL: the first that fits is chosen, else the largest. NULL: the first of
     * all. */
    const char *const *preferred;
};
extern const struct wi_format *const wi_formats[]; /* by enum wi_model_format */
extern const struct wi_format wi_format_onnx, wi_format_gguf, wi_format_huggingface;

/* The order in which the formats of a hub's repository are tried: one with an onnx folder has its
 * tokenizer too. */
extern const enum wi_model_format wi_formats_offered[WI_FORMAT_COUNT];

/* Finds the format of a model: 0, or -1 with errno: ENOENT if it is no model, another one if it
 * could not be looked at. */
int wi_format_detect(const struct wi_view *view, enum wi_model_format *format);
/* Whether a file may be fetched for a model of any format, by its path: never pickles or
 * scripts. */
int wi_format_may_have(const char *path);
/* Whether the file `path` may name other files, freely named, that belong to its model. */
int wi_format_may_name(const char *path);
/* The variants of `files`, each with its files sorted. */
void wi_format_find_variants(enum wi_model_format format, const struct wi_view_file *files,
    size_t count, struct wi_variants *variants);

#endif
