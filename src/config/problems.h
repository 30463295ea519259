/* All that is wrong with a configuration, so that a file is mended in one go. */
#ifndef WI_CONFIG_PROBLEMS_H
#define WI_CONFIG_PROBLEMS_H

#include "base/error.h"
#include <stddef.h>

/* How many are kept; a file that is no configuration has one in every line. */
#define WI_PROBLEMS_MAX 50

/* Zero-initialise; clear with wi_problems_clear. */
struct wi_problems {
    struct wi_error *items; /* in the order of the file, then what concerns more than one line */
    size_t count;
    size_t more; /* how many there are beyond those */
};

/* A fresh one for the caller to fill, borrowed until the next is added; NULL, which the functions
 * of base/error.h take, where there are too many to keep. */
struct wi_error *wi_problems_add(struct wi_problems *problems);
/* Whether one of them is that of this field ("api.listen"). */
int wi_problems_has(const struct wi_problems *problems, const char *field);
/* One line for each, and one for how many are not told. */
void wi_problems_say(const struct wi_problems *problems,
    void (*say)(void *context, const char *line), void *context);
void wi_problems_clear(struct wi_problems *problems);

#endif
