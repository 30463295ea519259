/*
 * Other names for models, from the configuration ([aliases] NAME = MODEL[:VARIANT]). An alias takes
 * precedence over a model of the same name, and leads to a model, never to another alias.
 */
#ifndef WI_SETTINGS_CONFIG_ALIAS_H
#define WI_SETTINGS_CONFIG_ALIAS_H

#include "base/error.h"
#include "terms/model_name.h"
#include <stddef.h>

#define WI_ALIASES_MAX 1000

struct wi_alias {
    char *name;  /* "NAME" or "OWNER/NAME" */
    char *model; /* the same, perhaps with ":VARIANT" */
    char *file;  /* where it is given … */
    unsigned line;
};

/* Sorted by name. Zero-initialise; free with wi_aliases_clear. */
struct wi_aliases {
    struct wi_alias *items;
    size_t count;
};

/* WI_OK, or WI_INVALID_FIELD with the problem: one of the two names is invalid, or there is one
 * alias too many. All texts are copied. */
enum wi_code wi_aliases_add(struct wi_aliases *aliases, const char *name, const char *model,
    const char *file, unsigned line, struct wi_error *error);
/* NULL if there is none. */
const struct wi_alias *wi_aliases_find(const struct wi_aliases *aliases, const char *name);
/* WI_OK if a new model may have this name: a valid one without a variant that is not the name of a
 * built-in model, of an alias (`aliases` NULL: none is known) or of content. Else WI_INVALID_FIELD
 * or WI_CONFLICT of `field`. */
enum wi_code wi_aliases_allow(
    const struct wi_aliases *aliases, const char *name, const char *field, struct wi_error *error);
/* WI_OK if some model may have this name in the store: as above, and also names of content. */
enum wi_code wi_name_allow(const char *name, const char *field, struct wi_error *error);
/* The first alias that leads to another one; NULL if all lead to models. */
const struct wi_alias *wi_aliases_chained(const struct wi_aliases *aliases);
/* Resolves `name`, a valid name of a model: writes the model of the alias to `out`, or returns
 * `name` itself. A variant may follow the name of an alias that leads to no variant itself. */
const char *wi_aliases_resolve(
    const struct wi_aliases *aliases, const char *name, char out[WI_MODEL_NAME_MAX + 1]);
void wi_aliases_copy(struct wi_aliases *to, const struct wi_aliases *from); /* `to` is empty */
void wi_aliases_clear(struct wi_aliases *aliases);

#endif
