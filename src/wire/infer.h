/*
 * What a request asks for, whatever format it came in: a checked value that knows nothing of jobs,
 * nodes or connections. A dialect (wire/dialect.h) reads it from bytes.
 */
#ifndef WI_WIRE_INFER_H
#define WI_WIRE_INFER_H

#include "base/error.h"
#include "base/memory.h"
#include "model/platform.h"
#include "model/task.h"
#include "model/tensor.h"
#include "model/type.h"
#include "wire/picture.h"
#include <jansson.h>

enum wi_binary_choice { WI_BINARY_DEFAULT, WI_BINARY_NO, WI_BINARY_YES };

/* The forms of input, of which the model makes a task. From the picture on there is one tensor, the
 * bytes of a file, which `input` describes, and what is beside it is in `input` too. */
enum wi_form {
    WI_FORM_NONE,             /* tensors */
    WI_FORM_STRING,           /* a string */
    WI_FORM_LIST,             /* a list of strings */
    WI_FORM_MESSAGES,         /* a list of messages */
    WI_FORM_QUERY,            /* {"query", "documents"} */
    WI_FORM_PAIRS,            /* {"pairs"} */
    WI_FORM_QUESTION,         /* {"question", "context"} */
    WI_FORM_LABELS,           /* {"texts", "labels"} */
    WI_FORM_PICTURE,          /* {"image"} */
    WI_FORM_PICTURE_LABELS,   /* {"image", "labels"} */
    WI_FORM_PICTURE_QUESTION, /* {"image", "question"} */
    WI_FORM_PICTURE_PROMPT,   /* {"image", "prompt"} */
    WI_FORM_SOUND,            /* {"audio"} */
    WI_FORM_SOUND_LABELS      /* {"audio", "labels"} */
};

/* In which form OpenAI's clients want what was heard, or a voice. */
enum wi_openai_form {
    WI_OPENAI_JSON, /* {"text"} */
    WI_OPENAI_TEXT,
    WI_OPENAI_SRT,
    WI_OPENAI_VTT,
    WI_OPENAI_VERBOSE, /* JSON with times */
    WI_OPENAI_WAV,
    WI_OPENAI_PCM
};

/* In which form OpenAI's clients want the answer. Owned. */
struct wi_openai_wishes {
    int64_t created;   /* Unix seconds, in the answer and all its chunks */
    int64_t answers;   /* how many */
    int include_usage; /* at the end of a stream */
    int base64;        /* embeddings */
    int64_t top;       /* so many of a ranking; 0: all */
    json_t *documents; /* that a ranking repeats; NULL: none */
    enum wi_openai_form form;
    int words;      /* times of words, not of sentences */
    int or_rewrite; /* a model that does not go on with a text may turn it into another */
};

/* Everything is owned; free with wi_infer_clear. */
struct wi_infer {
    char *model_name, *client_id, *browser, *node, *precision;
    int has_type;
    enum wi_model_type type;
    int has_platform; /* 0: auto */
    enum wi_platform platform;
    int fallback, priority;
    int has_timeout; /* else timeout_ms is 0: see wi_infer_timeout_ms */
    double timeout_ms;
    int stream;              /* the answer may come in parts */
    int resumable;           /* a stream whose client may leave and come back */
    double stall_timeout_ms; /* 0: not said */
    struct wi_tensors tensors;
    struct wi_picture picture;            /* of forms with one; of several the largest: */
    size_t largest;                       /* which of the tensors it is */
    json_t *input;                        /* what is not a tensor, for the page; may be NULL */
    enum wi_form form;                    /* of the inputs: see wire/text.h */
    enum wi_task_kind task;               /* what is to be done; NONE: the model decides */
    size_t text_bytes, longest_text;      /* of all of it, and of the longest text in a list */
    size_t texts;                         /* how many these are */
    struct wi_strings outputs;            /* wanted; empty: all */
    enum wi_binary_choice *output_binary; /* one for each of outputs */
    int binary_output;                    /* for the others */
    json_t *options;                      /* the model's, an object; may be NULL */
    struct wi_openai_wishes wishes;
    const char *options_where; /* before their names in errors; NULL: "options." */
    int lenient;               /* what is not known is passed over … */
    struct wi_strings ignored; /* … and named here */
};
void wi_infer_clear(struct wi_infer *infer);

/* Notes that a lenient reader has passed over what is at that path. So many and no more are named,
 * with every character that is not one of a name as "?". */
#define WI_INFER_IGNORED 16
void wi_infer_pass_over(struct wi_infer *infer, const char *path);

/* How long the whole may take, for a model of that type: what was asked for, or the default. */
double wi_infer_timeout_ms(const struct wi_infer *infer, enum wi_model_type type);
/* WI_OK, or WI_BODY_TOO_LARGE for options that are not worth a look: what they mean is checked on
 * the loop. `json_size` is that of the JSON which they came in. Drops options that are refused. */
enum wi_code wi_infer_check_options(
    struct wi_infer *infer, size_t json_size, struct wi_error *error);
/* A stream: WI_OK, or WI_INVALID_FIELD where something else that is asked for cannot go with it. */
enum wi_code wi_infer_check_stream(const struct wi_infer *infer, struct wi_error *error);

/* Whether the output `name` goes out in binary. */
int wi_infer_wants_binary(const struct wi_infer *infer, const char *name);

extern const char *const wi_infer_precision_names[]; /* "fp32" …, ended by NULL */
/* "auto" or a platform's name. WI_OK or WI_INVALID_FIELD with the list. */
enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error);

#endif
