/*
 * A request while it is read and checked, and what its client wants to be told of the end. What it
 * asks for is wire/inference.h's. A dialect (wire/dialect.h) reads it from bytes.
 */
#ifndef WI_WIRE_INFER_H
#define WI_WIRE_INFER_H

#include "base/error.h"
#include "base/memory.h"
#include "terms/task/table.h"
#include "wire/inference.h"
#include "wire/picture.h"

/* A request and the form that it came in. Everything is owned; free with wi_infer_clear. */
struct wi_infer {
    struct wi_inference *asked; /* a reference; changed until wi_infer_settle, and not after it */
    char *model_name;           /* as the client calls it */
    char *version;              /* the one that it means; NULL: whichever there is */
    int has_type;
    int has_timeout; /* else asked->timeout_ms is 0 until it is settled */
    int resumable;   /* a stream whose client may leave and come back */
    int is_file;     /* the answer is no JSON */
    int or_rewrites; /* a model that does not go on with a text may turn it into another */
    struct wi_picture picture;   /* of forms with one; of several the largest: */
    size_t largest;              /* which of the tensors it is */
    enum wi_form form;           /* of the inputs: see wire/text.h */
    size_t longest_text;         /* bytes, of those in a list */
    size_t texts;                /* how many these are */
    size_t beside;               /* bytes that the extras hold until the model is known */
    void *extras;                /* the dialect's own: in which form the client wants the answer */
    void (*free_extras)(void *); /* NULL where there are none */
    const char *options_where;   /* before their names in errors; NULL: "options." */
    int plain_pictures;          /* those in messages may be base64 without an address around it */
    int lenient;                 /* what is not known is passed over … */
    struct wi_strings ignored;   /* … and named here */
};
/* What stands before the names of options in errors. */
static inline const char *wi_infer_options_where(const struct wi_infer *infer)
{
    return infer->options_where ? infer->options_where : "options.";
}
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
/* Completes what was checked against its model: brings the input and the options into the form that
 * nodes get, gives what is drawn at random a seed, and foresees the tokens. From now on it is not
 * changed any more. Borrowed from `infer`. */
const struct wi_inference *wi_infer_settle(struct wi_infer *infer, struct wi_model *model);

/* "auto", "fp32" …, ended by NULL. */
extern const char *const wi_infer_precision_names[];
/* What wi_inference has of the one at that place of these names (-1: not given); the caller's. */
char *wi_infer_take_precision(int named);
/* "auto" or a platform's name. WI_OK or WI_INVALID_FIELD with the list. */
enum wi_code wi_infer_read_platform(
    const char *name, int *has_platform, enum wi_platform *platform, struct wi_error *error);

#endif
