/*
 * Checks JSON input against a static table before any logic sees it. The table has the allowed
 * fields, their types and limits, and the struct member that takes each value. Used for REST bodies
 * and for messages of the node protocol.
 */
#ifndef WI_BASE_PARAMS_H
#define WI_BASE_PARAMS_H

#include "base/error.h"
#include <jansson.h>
#include <stddef.h>

enum wi_param_kind {
    WI_PARAM_STRING,  /* const char *, borrowed from the JSON value; min/max bound its bytes */
    WI_PARAM_INTEGER, /* int64_t */
    WI_PARAM_NUMBER,  /* double (an integer is fine too) */
    WI_PARAM_BOOL,    /* int */
    WI_PARAM_ENUM,    /* int: the index into `names` */
    WI_PARAM_OBJECT,  /* json_t *, borrowed */
    WI_PARAM_ARRAY,   /* json_t *, borrowed; min/max bound its length */
    WI_PARAM_ANY      /* json_t *, borrowed; not null */
};

struct wi_param {
    const char *name;
    enum wi_param_kind kind;
    size_t offset; /* of the member that takes the value */
    int required;
    double min, max;          /* both 0: no limit */
    const char *const *names; /* for WI_PARAM_ENUM, ended by NULL */
    const char *help;         /* for people, in whole sentences; NULL: the name is enough */
    const char *form;         /* for the description, if `kind` is not enough: a type as in
                                 wire/describe/schema.h; NULL: any value of the kind */
};

/* A row for a member of `struct type`. The member's name is the field's; AS takes another one.
 * Arguments after the kind initialise members of the row: WI_PARAM(wanted, node, STRING, .min = 1,
 * .max = 31). END is the last row. */
#define WI_PARAM_AS(title, type, member, kind_, ...)                                               \
    {                                                                                              \
        .name = (title), .kind = WI_PARAM_##kind_, .offset = offsetof(struct type, member),        \
        ##__VA_ARGS__                                                                              \
    }
#define WI_PARAM(type, member, kind_, ...) WI_PARAM_AS(#member, type, member, kind_, ##__VA_ARGS__)
#define WI_PARAM_END                                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Whether fields outside the table are an error (REST) or ignored (node protocol). */
enum wi_param_mode { WI_PARAMS_STRICT, WI_PARAMS_OPEN };

/* Reads `object` (borrowed; must outlive what is borrowed from it) into `target` by `table` (ended
 * by a row without a name). Members whose fields are absent or null keep their values, so
 * initialise `target` with the defaults. `where` prefixes the field's path in errors ("inputs[2].")
 * and may be "". WI_OK or, with `error` filled, WI_INVALID_FIELD, WI_MISSING_FIELD or
 * WI_UNKNOWN_FIELD. */
enum wi_code wi_params_read(const struct wi_param *table, const json_t *object,
    enum wi_param_mode mode, const char *where, void *target, struct wi_error *error);

/* The row of that name, or NULL. */
const struct wi_param *wi_params_find(const struct wi_param *table, const char *name);

/* Whether a list has that text among its values; NULL has none. */
int wi_json_has_text(const json_t *list, const char *text);

/* The type of a value for error texts: "an object", "a string" …. */
const char *wi_json_type_name(const json_t *value);

#endif
