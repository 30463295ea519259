/* What a server says, for people: tables with columns as wide as their widest cell, and sentences.
 */
#ifndef WI_CLI_TABLE_H
#define WI_CLI_TABLE_H

#include "base/buffer.h"
#include <jansson.h>
#include <stddef.h>

/* Appends what a value looks like; NULL where there is none. */
typedef void wi_put_fn(struct wi_buffer *out, const json_t *value);

/* A column shows what lies at `path` ("adapter.vendor"; "" is all of it) in each object, "-" where
 * nothing is put. */
struct wi_column {
    const char *title;
    const char *path;
    wi_put_fn *put; /* NULL: wi_table_cell */
};

/* `rows` is an array of objects. `columns` ends with a row without a title. */
void wi_table(struct wi_buffer *out, const struct wi_column *columns, const json_t *rows);

#define WI_SHEET_COLUMNS 16
/* A table that comes part by part: its titles are before the first rows, and a column is as wide as
 * the widest cell up to then. Set the first member, the others to 0. */
struct wi_sheet {
    const struct wi_column *columns; /* borrowed; at most WI_SHEET_COLUMNS */
    int has_titles;                  /* they are there */
    int widths[WI_SHEET_COLUMNS];
};
/* Public for tests. */
void wi_sheet(struct wi_buffer *out, struct wi_sheet *sheet, const json_t *rows);
/* Such rows on standard output; of no rows nothing. */
void wi_sheet_print(struct wi_sheet *sheet, const json_t *rows);
/* Behind the last rows: where there were none, `none`. */
void wi_sheet_end(const struct wi_sheet *sheet, const char *none);
/* The same on standard output behind `before`; where there are no rows `none` in the place of the
 * table, and with NULL nothing at all. */
void wi_table_print(
    const char *before, const struct wi_column *columns, const json_t *rows, const char *none);
/* A line "title  value" on standard output for each of the columns that `object` has. */
void wi_table_lines(const struct wi_column *columns, const json_t *object);
/* One value as such a cell shows it; control characters are replaced. */
wi_put_fn wi_table_cell;
wi_put_fn wi_table_ms;      /* a number of milliseconds */
wi_put_fn wi_table_adapter; /* a GPU: "google swiftshader (software)"; nothing, of what is none */
/* `text` with the cell of what lies at "path" in `object` in the place of each "{path}". */
void wi_table_fill(struct wi_buffer *out, const char *text, const json_t *object);
/* The same on standard output. */
void wi_table_say(const char *text, const json_t *object);
/* How many columns of a terminal a text takes. */
int wi_table_width(const char *text);
/* What lies at "a.b.c" in `object`; borrowed, NULL if nothing does. */
const json_t *wi_json_at(const json_t *object, const char *path);

#endif
