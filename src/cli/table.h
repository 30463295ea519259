/* Tables for people: columns as wide as their widest cell. */
#ifndef WI_CLI_TABLE_H
#define WI_CLI_TABLE_H

#include "base/buffer.h"
#include <jansson.h>
#include <stddef.h>

/* A column shows what lies at `path` ("adapter.vendor") in each object, "-" where there is none. */
struct wi_column {
    const char *title;
    const char *path;
    const char *unit; /* put behind numbers, e.g. " ms"; NULL for none */
};

/* `rows` is an array of objects. `columns` ends with a row without a title. */
void wi_table(struct wi_buffer *out, const struct wi_column *columns, const json_t *rows);
/* One value as such a cell shows it; control characters are replaced. */
void wi_table_cell(struct wi_buffer *out, const json_t *value, const char *unit);
/* What lies at "a.b.c" in `object`; borrowed, NULL if nothing does. */
const json_t *wi_json_at(const json_t *object, const char *path);

#endif
