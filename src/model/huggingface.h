/*
 * What the settings of a Hugging Face folder say of its model: its type, the tasks that it can do,
 * how much it reads at a time. The files are hostile: each is bounded, and what is wrong names its
 * file and member. The forms are those of the transformers library (config.json,
 * tokenizer_config.json, preprocessor_config.json, generation_config.json) and of
 * sentence-transformers (modules.json, 1_Pooling/config.json).
 */
#ifndef WI_MODEL_HUGGINGFACE_H
#define WI_MODEL_HUGGINGFACE_H

#include "base/error.h"
#include "model/task.h"
#include "model/type.h"

#define WI_HUGGINGFACE_MAX (16 << 20) /* bytes of a file of settings; tokenizers are not read */

/* Plain: no memory of its own. */
struct wi_huggingface {
    char model_type[64];       /* of config.json; "" where it has none */
    char architecture[96];     /* its first; likewise */
    enum wi_model_type type;   /* UNKNOWN where the settings do not tell */
    struct wi_task_list tasks; /* that it can do, the usual one first */
    uint64_t context;          /* tokens that it reads at a time; 0: not said */
    uint64_t vocabulary;       /* tokens; 0: not said */
    unsigned labels;           /* of its classes; 0: none are named */
    int has_template;          /* of conversations */
    int has_generation_config;
    char pooling[16]; /* of 1_Pooling: "mean", "cls", "last", "max"; "" where there is none */
};

/* Gives the text of a file of the folder, of at most WI_HUGGINGFACE_MAX bytes, the callee's to
 * free; NULL where there is none, or with `error` set where it cannot be read. */
typedef char *wi_huggingface_file_fn(
    void *context, const char *name, size_t *size, struct wi_error *error);

/* Reads them. WI_OK, or WI_MODEL_INVALID with the file as its field. */
enum wi_code wi_huggingface_read(wi_huggingface_file_fn *read_file, void *context,
    struct wi_huggingface *info, struct wi_error *error);

#endif
