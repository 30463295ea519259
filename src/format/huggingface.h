/*
 * What the settings of a Hugging Face folder say of its model: its type, the tasks that it can do,
 * how much it reads at a time. The files are hostile: each is bounded, and what is wrong names its
 * file and member. The forms are those of the transformers library (config.json,
 * tokenizer_config.json) and of sentence-transformers (1_Pooling/config.json); the tasks are those
 * that the page does with such an architecture.
 */
#ifndef WI_FORMAT_HUGGINGFACE_H
#define WI_FORMAT_HUGGINGFACE_H

#include "base/error.h"
#include "base/memory.h"
#include "format/view.h"
#include "task/task.h"
#include "task/type.h"

/* A WebAssembly heap; and how many times the bytes of an ONNX file one holds once it is loaded: the
 * file, its initializers and what kernels make of them (measured: 102 to 117 MB of 33.5). Weights
 * in files of their own go to the device or stay as they are. */
#define WI_HUGGINGFACE_HEAP_MAX (UINT64_C(4) << 30)
#define WI_HUGGINGFACE_GRAPH_FACTOR 3.2

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
    char pooling[16]; /* of 1_Pooling: "mean", "cls", "last", "max"; "" where there is none */
};

/* Borrowed. */
struct wi_huggingface_folder {
    const char *name;               /* the model's: some tell what they are there alone */
    const struct wi_strings *files; /* paths inside the folder */
    const struct wi_view *view;
};

/* Reads them. WI_OK, or WI_MODEL_INVALID with the file as its field. `info` need not be cleared. */
enum wi_code wi_huggingface_read(const struct wi_huggingface_folder *folder,
    struct wi_huggingface *info, struct wi_error *error);

#endif
