/*
 * The forms of JSON documents as rows of text, and as JSON Schema: for requests and answers in the
 * API's description, and lists in its manual.
 *
 * A type is written as
 *   string, integer, number, boolean, null   what JSON has
 *   any                  the form JsonValue
 *   object               an object whose members, by any names, are of the form JsonValue
 *   Name                 another form of the tables
 *   'word'               that string and no other
 *   [T], {T}             a list of T; an object whose members, by any names, are T
 *   (a T, b? U)          an object of these members; a last one, * T, stands for further ones
 *   T|U                  one of several
 */
#ifndef WI_WIRE_DESCRIBE_SCHEMA_H
#define WI_WIRE_DESCRIBE_SCHEMA_H

#include "base/params.h"
#include <jansson.h>

/* A member of a form; one whose name ends with "?" may be absent. */
struct wi_member {
    const char *name, *type;
    const char *help; /* in whole sentences; NULL: the name says it */
};

/* A form: an object with exactly `count` members and those of the form `also`; or the object that a
 * table of parameters reads; or, with neither, a value of the type `is`. */
struct wi_schema {
    const char *name, *help;
    const struct wi_member *members;
    size_t count;
    const char *also;
    const struct wi_param *params;
    const char *is;
};

/* A form of these members; OF has other parts of the struct before them: (.also = "Head"). */
#define WI_OBJECT(form, ...) WI_OBJECT_OF(form, (.also = NULL), __VA_ARGS__)
#ifdef __cppcheck__ /* it cannot expand a macro without its brackets */
#define WI_OBJECT_OF(form, others, ...)                                                            \
    {                                                                                              \
        .name = form                                                                               \
    }
#else
#define WI_OBJECT_OF(form, others, ...)                                                            \
    {                                                                                              \
        .name = form, .members = (const struct wi_member[]){__VA_ARGS__},                          \
        .count = sizeof((const struct wi_member[]){__VA_ARGS__}) / sizeof(struct wi_member),       \
        WI_OBJECT_BARE others                                                                      \
    }
#endif
#define WI_OBJECT_BARE(...) __VA_ARGS__

/* The JSON Schema of a type; a form's name becomes a reference into #/components/schemas. Owned by
 * the caller. */
json_t *wi_type_json(const char *type);
/* The schema of a form; `forms`, ended by a row without a name, has the form in `also`. */
json_t *wi_schema_json(const struct wi_schema *form, const struct wi_schema *forms);
/* The schema of the object that a table of parameters reads. */
json_t *wi_params_json(const struct wi_param *table);
/* The row of that name, or NULL. */
const struct wi_schema *wi_schema_find(
    const struct wi_schema *forms, const char *name, size_t length);

#endif
