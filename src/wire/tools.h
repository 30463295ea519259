/* Functions that a model may call, in the form of other formats, and of the option `tools`. */
#ifndef WI_WIRE_TOOLS_H
#define WI_WIRE_TOOLS_H

#include "wire/infer.h"
#include <jansson.h>

/* The form of functions in a format. */
struct wi_tool_form {
    const char *kind;   /* the type of a function; tools of other kinds are left out */
    int may_be_untyped; /* one without a type is a function, too */
    const char *schema; /* its arguments' */
};

/* The functions in `list`, a list or NULL (borrowed), which was in the request as "tools", become
 * the option of that name. WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_tools_read(struct wi_infer *infer, const json_t *list,
    const struct wi_tool_form *form, struct wi_error *error);
/* The value of the option `tool_choice` that names one of them; `name` is borrowed. */
json_t *wi_tools_choice(json_t *name);

#endif
