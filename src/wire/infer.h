/*
 * A request while it is read and checked, with the form of answer that its client wants.
 * wire/inference.h has the request itself. A dialect (wire/dialect.h) reads it from bytes.
 */
#ifndef WI_WIRE_INFER_H
#define WI_WIRE_INFER_H

#include "base/error.h"
#include "base/memory.h"
#include "terms/task/task_table.h"
#include "wire/inference.h"
#include "wire/picture.h"

struct wi_dialect;

/* A request and its form. Everything is owned unless stated otherwise; free with wi_infer_clear. */
struct wi_infer {
    const struct wi_dialect *dialect; /* that reads it */
    /* Only while it is read, borrowed: the body, whose first `json_size` bytes are JSON, and the
     * budget that is charged for conversions (NULL: nothing is charged). */
    struct wi_blob *body;
    size_t json_size;
    struct wi_budget *budget;
    struct wi_inference *asked; /* a reference; changed until wi_infer_settle, and not after it */
    char *model_name;           /* as the client calls it */
    char *version;              /* the requested one; NULL: any */
    char *model_hash;           /* its content must be this, by the relay that sent it; NULL: any */
    int has_timeout;            /* if 0, asked->timeout_ms is 0 until it is settled */
    int resumable;              /* a stream whose client may leave and come back */
    int is_file;                /* the answer is not JSON */
    int or_rewrites;            /* a model that does not continue a text may convert it */
    struct wi_picture picture;  /* of forms with one; the largest of several: */
    size_t largest;             /* which of the tensors it is */
    enum wi_form form;          /* of the inputs: see wire/text.h */
    size_t longest_text;        /* bytes, of those in a list */
    size_t texts;               /* how many these are */
    size_t beside;              /* bytes that the extras hold until the model is known */
    void *extras;               /* the dialect's own: the form of answer that the client wants */
    void (*free_extras)(void *); /* NULL if there are none */
    const char *options_where;   /* before their names in errors; NULL: "options." */
    int plain_pictures;          /* those in messages may be base64 without an address around it */
    int lenient;                 /* unknown members are skipped … */
    struct wi_strings ignored;   /* … and listed here */
};
/* The prefix of the names of options in errors. */
static inline const char *wi_infer_options_where(const struct wi_infer *infer)
{
    return infer->options_where ? infer->options_where : "options.";
}
void wi_infer_clear(struct wi_infer *infer);

/* Notes that a lenient reader has skipped the value at that path. At most this many are named;
 * every character that a name cannot have becomes "?". */
#define WI_INFER_IGNORED 16
void wi_infer_pass_over(struct wi_infer *infer, const char *path);

/* The time limit of the whole for a model of that type: the requested one, or the default. */
double wi_infer_timeout_ms(const struct wi_infer *infer, enum wi_model_type type);
/* WI_OK, or WI_BODY_TOO_LARGE for options that are too large to be checked, which happens on the
 * loop. `json_size` is the size of the JSON that had them. Drops options that are refused. */
enum wi_code wi_infer_check_options(
    struct wi_infer *infer, size_t json_size, struct wi_error *error);
/* Completes a request that was checked against its model: converts the input and the options to the
 * form that nodes get, gives random draws a seed, and estimates the tokens. After this it does not
 * change. Borrowed from `infer`. */
const struct wi_inference *wi_infer_settle(struct wi_infer *infer, struct wi_model *model);

/* "auto", "fp32" …, ended by NULL. */
extern const char *const wi_infer_precision_names[];
/* The value in wi_inference for the name at that index (-1: not given); owned by the caller. */
char *wi_infer_take_precision(int named);
/* "auto" or a platform's name. WI_OK or WI_INVALID_FIELD with the list. */
enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error);

#endif
