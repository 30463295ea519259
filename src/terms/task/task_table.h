/*
 * THE table of tasks, and the table of the forms of input. A task is a row of the first: all
 * differences between tasks are data there, and all code reads them there. The forms are those of
 * webinfer-inputs(7).
 */
#ifndef WI_TERMS_TASK_TASK_TABLE_H
#define WI_TERMS_TASK_TASK_TABLE_H

#include "terms/task/task.h"

/* The forms in which clients send inputs; with the model they decide the task. From WI_FORM_PICTURE
 * on, an input has one tensor, the bytes of a file, and perhaps other members. */
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
    WI_FORM_SOUND_LABELS,     /* {"audio", "labels"} */
    WI_FORM_MADE              /* not sent by clients: a node's input, made here (wire/probe.h) */
};
#define WI_FORM(name) (1u << WI_FORM_##name)

/* The `input` that a node gets. A picture or a sound is the bytes of its file, in the tensor that
 * {"tensor": index, "media_type"} names. */
enum wi_task_input {
    WI_TAKES_TENSORS,          /* none */
    WI_TAKES_MESSAGES,         /* {"messages": […]} */
    WI_TAKES_PROMPT,           /* {"prompt": string} */
    WI_TAKES_PROMPTS,          /* the same, or {"prompts": [string…]} */
    WI_TAKES_TEXT,             /* {"text": string} */
    WI_TAKES_TO_READ,          /* the same with "add_special", or {"messages": […]} */
    WI_TAKES_TEXTS,            /* {"texts": [string…]} */
    WI_TAKES_PAIRS,            /* the same, or {"pairs": [[string, string]…]} */
    WI_TAKES_QUERY,            /* {"query": string, "documents": [string…]} */
    WI_TAKES_QUESTION,         /* {"question": string, "context": string} */
    WI_TAKES_LABELS,           /* {"texts": [string…], "labels": [string…]} */
    WI_TAKES_PICTURE,          /* {"image"} */
    WI_TAKES_PICTURE_LABELS,   /* {"image", "labels": [string…]} */
    WI_TAKES_PICTURE_QUESTION, /* {"image", "question": string} */
    WI_TAKES_PICTURE_PROMPT,   /* {"image", "prompt"?: string} */
    WI_TAKES_SOUND,            /* {"audio"} */
    WI_TAKES_SOUND_LABELS,     /* {"audio", "labels": [string…]} */
    WI_TAKES_COUNT
};

struct wi_task_input_row {
    const char *words; /* the input in words, for errors */
    unsigned forms;    /* the forms (enum wi_form) that it can be made of */
    /* The members that a string and a list become. Without `of_string`, a string becomes a list of
     * one. NULL for both: the input already has that form. */
    const char *of_string, *of_list;
    const char *command, *arguments; /* an example for the client program */
    /* A sample input as JSON, without the picture or the sound; "$TEXT" is replaced by some
     * sentences to be read or continued. NULL: no sample can represent clients' inputs. */
    const char *probe;
};
extern const struct wi_task_input_row wi_task_inputs[WI_TAKES_COUNT];

/* An output, a tensor of an answer. */
enum wi_output_kind {
    WI_OUTPUT_ROWS,   /* FP32, a row for each of several inputs */
    WI_OUTPUT_MATRIX, /* FP32, rows and columns */
    WI_OUTPUT_PNG,    /* UINT8, the bytes of a file, also for WI_OUTPUT_WAV */
    WI_OUTPUT_WAV
};
struct wi_task_output {
    const char *name; /* a name that ends with "_" means several outputs, numbered from 0 */
    enum wi_output_kind kind;
};
#define WI_TASK_OUTPUTS 2
/* The task's output of that name, or NULL. */
const struct wi_task_output *wi_task_output(enum wi_task_kind task, const char *name);

/* An answer to a task that is to be checked: see answer.c. */
struct wi_task_answer {
    size_t count; /* the number of results that it must have */
    int in_parts;
    const json_t *result;
    const struct wi_tensors *outputs;
};

typedef enum wi_code wi_answer_check_fn(
    const struct wi_task_answer *answer, struct wi_error *error);

/* The members of objects in answers, in the notation of src/wire/describe/: "?" marks one that may
 * be absent or null. */
#define WI_LABEL_MEMBERS "label string, probability number, index? integer"
#define WI_ENTITY_MEMBERS "entity string, score number, start integer, end integer, word string"
#define WI_FILL_MEMBERS                                                                            \
    "token integer, token_text string, token_str string, probability number, text string, "        \
    "sequence string"
#define WI_ANSWER_MEMBERS "answer string, score number, start? integer|null, end? integer|null"
#define WI_BOX_MEMBERS                                                                             \
    "label string, score number, "                                                                 \
    "box (xmin number, ymin number, xmax number, ymax number)"
#define WI_SEGMENT_MEMBERS "label string, score? number|null, mask string"
#define WI_SPOKEN_MEMBERS "start? number|null, end? number|null, text string"
#define WI_SPOKEN_DETAILS                                                                          \
    "seek? integer, tokens? [integer], temperature? number, avg_logprob? number, "                 \
    "compression_ratio? number, no_speech_prob? number"

struct wi_task_row {
    const char *name;
    const char *aliases[2];   /* other names that clients use, mostly the Hugging Face hub's; if two
                                 tasks have the same one, the form of the input decides */
    enum wi_task_input takes; /* the form in which a node gets the input */
    unsigned types;         /* 1u << type of the models that can do it, as far as the type tells */
    unsigned usual;         /* forms of input that mean this task if nothing else names one */
    int generates, samples; /* it generates text, perhaps in parts; it samples */
    const char *outputs;    /* the names of its outputs, in words; NULL: none */
    struct wi_task_output tensors[WI_TASK_OUTPUTS];
    /* Options, ended by a row without a name, for models in folders and for those in GGUF files;
     * NULL: such models cannot do it. */
    const struct wi_param *options, *gguf_options;
    /* The form of the result for one input: the list in it and the members of the list's objects,
     * or a function that checks it. NULL for all: the result may be absent. */
    const char *list, *members;
    wi_answer_check_fn *check;
    int is_one;                              /* there is one result for all inputs */
    const char *sample;                      /* a valid result for one input, as JSON */
    const char *command, *arguments, *probe; /* in place of those of its input */
};
extern const struct wi_task_row wi_tasks[WI_TASK_COUNT];

#endif
