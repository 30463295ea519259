/*
 * The option table and the operations on one option. The reader, --print-config, the sample file,
 * the man page and the check of a reload all use this table.
 */
#ifndef WI_SETTINGS_CONFIG_CONFIG_OPTIONS_H
#define WI_SETTINGS_CONFIG_CONFIG_OPTIONS_H

#include "settings/config/config.h"
#include <stddef.h>

/* The sections that may occur several times, as [browser.NAME] and [hub.NAME]. */
#define WI_SECTION_BROWSER "browser"
#define WI_SECTION_HUB "hub"
/* The longest NAME. */
#define WI_SECTION_NAME_MAX 31
/* The section whose keys are names that the operator chooses. */
#define WI_SECTION_ALIASES "aliases"
/* The longest of them: the part of a key that inih passes on. */
#define WI_ALIAS_NAME_MAX 48
/* The numbers that gpu_device may have: more GPUs are not looked at (browser/gpus.h). */
#define WI_GPUS_MAX 32

enum wi_option_kind {
    WI_OPTION_STRING,   /* char *; empty is NULL */
    WI_OPTION_PATH,     /* char *, absolute; $STATE_DIRECTORY and $DATADIR may begin it */
    WI_OPTION_ADDRESS,  /* char *, see base/net/address.h */
    WI_OPTION_LISTENER, /* the same; "no" is NULL */
    WI_OPTION_URL,      /* char *, http or https, without a slash at its end */
    WI_OPTION_LIST,     /* struct wi_strings, separated by commas; the key may be repeated */
    WI_OPTION_LINES,    /* struct wi_strings, one item per line; the key may be repeated */
    WI_OPTION_ROUTES,   /* struct wi_strings of KIND or KIND/PLATFORM, separated by commas; ditto */
    WI_OPTION_BOOL,     /* int */
    WI_OPTION_ENUM,     /* int or an enum: the index into `names` */
    WI_OPTION_CHOICE,   /* the same, or the number of `names` + N - min: a whole number N */
    WI_OPTION_INTEGER,  /* int64_t, or uint64_t where min >= 0 */
    WI_OPTION_SIZE,     /* uint64_t bytes */
    WI_OPTION_DURATION, /* int64_t milliseconds */
    WI_OPTION_PERCENT,  /* double, 0 to 1; written as 0 % to 100 % */
};

struct wi_setting {
    const char *section;
    const char *key;
    enum wi_option_kind kind;
    size_t offset;    /* into struct wi_config; of repeated sections into wi_config_browser … */
    int64_t min, max; /* of the value; for strings and lists min 1: not empty */
    const char *const *names; /* of an ENUM, or what a LIST may hold; ended by NULL */
    const char *default_text;
    const char *help; /* sentences; one form for the sample file and the man page */
    int reloadable;   /* takes effect on SIGHUP */
};

struct wi_section {
    const char *name;
    const char *help;
    const char *free_key, *free_value; /* of a section without keys of its own: their forms */
    const char *sample; /* of a section that may occur several times: a NAME for it */
};

/* The source of a value; a value without one is the default. */
struct wi_config_origin {
    const struct wi_setting *option;
    size_t instance; /* of a section that may occur several times: the index */
    char *file;
    unsigned line;
};

extern const struct wi_setting wi_options[];  /* by section; ended by a row without a key */
extern const struct wi_section wi_sections[]; /* in the order of printing; ended likewise */

const struct wi_setting *wi_option_find(const char *section, const char *key); /* or NULL */
int wi_option_is_list(const struct wi_setting *option);

/* Sets the option in `base` from text; with `append` a list grows instead of being replaced. 0, or
 * -1 if the text is not allowed. */
int wi_option_set(const struct wi_setting *option, void *base, const char *text, int append);
void wi_option_clear(const struct wi_setting *option, void *base); /* frees its contents */
/* The allowed values, for people: "a duration from 1s to 1h, such as 30s". */
void wi_option_allowed(const struct wi_setting *option, char *out, size_t size);
/* The value as text that wi_option_set reads; items of a list are separated by newlines. The
 * caller frees it. */
char *wi_option_format(const struct wi_setting *option, const void *base);
/* A placeholder for the man page: "duration", "ADDRESS:PORT", "yes | no". */
void wi_option_placeholder(const struct wi_setting *option, char *out, size_t size);

/* The folder of the page and of the other built data: in a build tree below the program's own
 * folder, in an installed one below its parent, wherever that was moved to, else the configured
 * place of installation. The caller frees it. */
char *wi_config_data_directory(void);

#endif
