/*
 * The client's verbs and options: one table that the parser, --help, the completion of command
 * lines and the list in webinfer(1) are all made from.
 */
#ifndef WI_CLI_OPTIONS_H
#define WI_CLI_OPTIONS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include <stddef.h>

/* The exit status of the program; documented in webinfer(1). */
enum wi_exit {
    WI_EXIT_OK = 0,
    WI_EXIT_FAILED = 1,       /* the server answered with an error, or a check failed */
    WI_EXIT_USAGE = 2,        /* wrong arguments, or a local file that cannot be used */
    WI_EXIT_NO_SERVER = 3,    /* no server answered */
    WI_EXIT_UNAUTHORIZED = 4, /* no or a wrong token, or not allowed from here */
    WI_EXIT_CANNOT_TELL = 5,  /* two runs cannot be compared */
};

/* Sets in `error` what is wrong with the command line or with a local file, as by printf, and gives
 * WI_BAD_REQUEST. */
#define wi_cli_refuse(error, ...) wi_error_set(error, WI_BAD_REQUEST, "", __VA_ARGS__)

/* The completions that a shell offers for a value. */
enum wi_complete {
    WI_COMPLETE_NONE,
    WI_COMPLETE_FILE,
    WI_COMPLETE_NAMED_FILE, /* NAME=FILE: a file behind the "=" */
    WI_COMPLETE_DIRECTORY,
    WI_COMPLETE_WORDS,
    WI_COMPLETE_OPTION, /* NAME=VALUE of a request's options: of the task in `words`, or of all */
    WI_COMPLETE_MODEL,  /* the names of the daemon's models */
    WI_COMPLETE_VERB,   /* the words of another verb */
};

struct wi_flag {
    const char *name;     /* without the dashes */
    const char *argument; /* its name in the help; NULL for a flag */
    int repeatable;
    enum wi_complete complete;
    const char *words; /* for WI_COMPLETE_WORDS, separated by spaces; for others see above */
    const char *help;  /* one sentence without its full stop */
};

#define WI_POSITIONALS_MAX 65   /* of a verb; no less than the words of its name */
#define WI_POSITIONALS_TABLED 2 /* in the table; the last is for all further ones */

struct wi_cli;
typedef enum wi_exit wi_verb_fn(struct wi_cli *cli);

struct wi_verb {
    const char *name;      /* one or two words */
    const char *arguments; /* as in the help, e.g. "MODEL"; "" for none */
    unsigned min, max;     /* how many positional arguments it takes */
    enum wi_complete complete[WI_POSITIONALS_TABLED]; /* of its positional arguments */
    const char *help;
    const struct wi_flag *options; /* ended by a row without a name; NULL for none */
    wi_verb_fn *run;               /* NULL: the program webinfer-NAME runs it */
};

extern const struct wi_flag wi_cli_global_options[];
extern const struct wi_verb wi_cli_verbs[]; /* ended by a row without a name */

/* Another name, known from other programs: "ls" for a verb, "h" for a global option ("-h"). */
struct wi_other_name {
    const char *other, *name;
};
extern const struct wi_other_name wi_cli_other_verbs[], wi_cli_letters[]; /* ended by NULL */
/* The other name of `name` in that table, or NULL. */
const char *wi_cli_other_name(const struct wi_other_name *table, const char *name);

/* The verb that the first one or two of `words` name (ended by NULL or two long), or NULL. */
const struct wi_verb *wi_cli_find_verb(const char *const *words);
/* The verbs of a group by their whole names, or with `group` NULL the first words of all. */
void wi_cli_list_verbs(const char *group, struct wi_strings *names);
/* The option of that name: a global one, or one of `verb` (may be NULL); NULL if there is none. */
const struct wi_flag *wi_cli_find_option(
    const struct wi_verb *verb, const char *name, size_t length);
/* The option for the single letter "-X"; NULL: none. */
const struct wi_flag *wi_cli_find_letter(const char *word);
/* Whether `word` is the first of the two words of some verbs. */
int wi_cli_is_group(const char *word);
/* Sets in `error` that `words` (as above, may be empty) name no verb, which verb may have been
 * meant and which ones exist; returns WI_BAD_REQUEST. */
enum wi_code wi_cli_no_verb(struct wi_error *error, const char *const *words);

/* Runs the command line and returns the exit status (enum wi_exit). `own` runs the verb in the
 * place of its row; NULL: the row's function runs it, or the program webinfer-VERB where the row
 * has none. */
int wi_cli_main(int argc, char **argv, wi_verb_fn *own);

#endif
