/* How to use a model from the command line, according to the daemon's description of it. */
#ifndef WI_CLI_USAGE_H
#define WI_CLI_USAGE_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

/* What the model does with a text alone. */
enum wi_usage {
    WI_USAGE_NONE, /* the model takes no text, or more than a text */
    WI_USAGE_CHAT,
    WI_USAGE_WRITE, /* another text, in parts */
    WI_USAGE_EMBED,
    WI_USAGE_READ /* what the model finds in it: labels, words */
};
enum wi_usage wi_usage_of_text(const json_t *model);

/* Appends the command that runs the model, "webinfer infer NAME --image FILE". 0, or -1 if that is
 * unknown. `name` is the model's, checked. */
int wi_usage_print(struct wi_buffer *out, const char *name, const json_t *model);
/* The same as a sentence for people; if the command is unknown, it names the command that tells
 * more. */
void wi_usage_explain(FILE *out, const char *name, const json_t *model);

#endif
