/* How a model is used from the command line, by what the daemon says of it. */
#ifndef WI_CLI_USAGE_H
#define WI_CLI_USAGE_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

/* What comes of a text alone. */
enum wi_usage {
    WI_USAGE_NONE, /* the model takes none, or more than that */
    WI_USAGE_CHAT,
    WI_USAGE_WRITE, /* another text, in parts */
    WI_USAGE_EMBED,
    WI_USAGE_READ /* what is found in it: labels, words */
};
enum wi_usage wi_usage_of_text(const json_t *model);

/* Appends the command that runs it, "webinfer infer NAME --image FILE". 0, or -1 where nothing is
 * known of that. `name` is the model's, checked. */
int wi_usage_print(struct wi_buffer *out, const char *name, const json_t *model);
/* The same as a sentence for a person, with what to ask where nothing is known. */
void wi_usage_explain(FILE *out, const char *name, const json_t *model);

#endif
