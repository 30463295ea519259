/*
 * What the settings of a Hugging Face folder tell about its model: its type, the tasks that it can
 * do, and how much it reads at a time. The files are hostile: each is bounded, and an error names
 * the file and member. The forms are those of the transformers library (config.json,
 * tokenizer_config.json) and of sentence-transformers (1_Pooling/config.json); the tasks are those
 * that the page does with such an architecture.
 */
#ifndef WI_TERMS_FORMAT_HUGGINGFACE_H
#define WI_TERMS_FORMAT_HUGGINGFACE_H

#include "base/error.h"
#include <jansson.h>
#include <stdint.h>

#define WI_HUGGINGFACE_MAX (16 << 20) /* bytes of a file of settings; tokenizers are not read */

/* Zero-initialise; free with wi_huggingface_clear. */
struct wi_huggingface {
    char model_type[64];   /* of config.json; "" if it has none */
    char architecture[96]; /* the first of config.json; likewise */
    unsigned labels;       /* of its classes; 0: none are named */
    int has_template;      /* of conversations */
    char pooling[16];      /* of 1_Pooling: "mean", "cls", "last", "max"; "" if there is none */
    uint64_t graph_bytes;  /* of all ONNX files together */
    uint64_t weight_bytes; /* of weights in separate files */
    /* Settings that are ignored when it runs, by the table of the page
     * (page/src/pipeline/settings/): a list of {"file", "member", "value"?, "reason"}; NULL: there
     * are none. */
    json_t *ignored;
};

void wi_huggingface_clear(struct wi_huggingface *info);

struct wi_format_reading;
/* Reads the settings into the reading's facts, which are empty. WI_OK, or WI_MODEL_INVALID with the
 * file as its field. */
enum wi_code wi_huggingface_read(struct wi_format_reading *reading);

#endif
