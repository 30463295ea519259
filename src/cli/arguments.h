/* Parses the command line by the table of verbs and options. */
#ifndef WI_CLI_ARGUMENTS_H
#define WI_CLI_ARGUMENTS_H

#include "cli/options.h"

struct wi_argument {
    const struct wi_flag *option;
    const char *value; /* NULL for a flag */
};

/* The parsed command line; strings are borrowed from argv. */
struct wi_arguments {
    const struct wi_verb *verb;
    int verb_at;       /* the place in argv of the verb's last word */
    const char *group; /* the first of a verb's two words, if the second is missing */
    const char *positionals[WI_POSITIONALS_MAX];
    unsigned positional_count;
    struct wi_argument *items;
    size_t count;
};

/* WI_OK or, with `error` filled, WI_BAD_REQUEST. Options may stand anywhere; "--" ends them.
 * Free with wi_arguments_clear, also after an error. */
enum wi_code wi_arguments_parse(
    struct wi_arguments *arguments, int argc, char **argv, struct wi_error *error);
void wi_arguments_clear(struct wi_arguments *arguments);
/* The last value given, or NULL. */
const char *wi_argument(const struct wi_arguments *arguments, const char *name);
/* The value of the `index`-th use, or NULL when there are no more. */
const char *wi_argument_at(const struct wi_arguments *arguments, const char *name, size_t index);
int wi_argument_given(const struct wi_arguments *arguments, const char *name);
/* Sets an option of the verb to that value (borrowed; NULL for a flag), unless the command line
 * gives it. */
void wi_argument_default(struct wi_arguments *arguments, const char *name, const char *value);

#endif
