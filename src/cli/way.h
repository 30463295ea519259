/* How a model is used from the command line, by what the daemon says of it. */
#ifndef WI_CLI_WAY_H
#define WI_CLI_WAY_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdio.h>

/* What comes of a text alone. */
enum wi_way {
    WI_WAY_NONE, /* the model takes none, or more than that */
    WI_WAY_CHAT,
    WI_WAY_WRITE, /* another text, in parts */
    WI_WAY_EMBED,
    WI_WAY_READ /* what is found in it: labels, words */
};
enum wi_way wi_way_of_text(const json_t *model);

/* Appends the command that runs it, "webinfer infer NAME --image FILE". 0, or -1 where nothing is
 * known of that. `name` is the model's, checked. */
int wi_way_print(struct wi_buffer *out, const char *name, const json_t *model);
/* The same as a sentence for a person, with what to ask where nothing is known. */
void wi_way_explain(FILE *out, const char *name, const json_t *model);

#endif
