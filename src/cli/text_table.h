/* Shows a server's answers to people: tables with columns as wide as their widest cell, and
 * sentences. */
#ifndef WI_CLI_TEXT_TABLE_H
#define WI_CLI_TEXT_TABLE_H

#include "base/buffer.h"
#include <jansson.h>

/* Appends a value as text; `value` is NULL if there is none. */
typedef void wi_put_fn(struct wi_buffer *out, const json_t *value);

/* A column shows the value at `path` ("adapter.vendor"; "" is the whole object) of each object, or
 * "-" if `put` appends nothing. A path with braces is a text for wi_table_fill, and "-" is shown
 * unless the object has all its members. A path with brackets, "inputs[{name}]", is an array and
 * such a text for each of its items, with ", " between them. */
struct wi_column {
    const char *title;
    const char *path;
    wi_put_fn *put; /* NULL: wi_table_cell */
};

/* `rows` is an array of objects. `columns` ends with a row without a title. */
void wi_table(struct wi_buffer *out, const struct wi_column *columns, const json_t *rows);

#define WI_SHEET_COLUMNS 16
/* A table that is printed in parts: the titles come before the first rows, and a column is as wide
 * as its widest cell so far. Set the first member, the others to 0. */
struct wi_sheet {
    const struct wi_column *columns; /* borrowed; at most WI_SHEET_COLUMNS */
    int has_titles;                  /* the titles are printed */
    int widths[WI_SHEET_COLUMNS];
};
/* Public for tests. */
void wi_sheet(struct wi_buffer *out, struct wi_sheet *sheet, const json_t *rows);
/* Prints such rows on standard output; prints nothing if there are none. */
void wi_sheet_print(struct wi_sheet *sheet, const json_t *rows);
/* Call after the last rows: prints `none` if there were no rows. */
void wi_sheet_end(const struct wi_sheet *sheet, const char *none);
/* Prints a table on standard output after `before`. Without rows it prints `none` instead of the
 * table, or nothing at all if `none` is NULL. */
void wi_table_print(
    const char *before, const struct wi_column *columns, const json_t *rows, const char *none);
/* Prints a line "title value" on standard output for each column that `object` has. */
void wi_table_lines(const struct wi_column *columns, const json_t *object);
/* A value as in a table cell; control characters are replaced. */
wi_put_fn wi_table_cell;
wi_put_fn wi_table_adapter; /* a GPU: "google swiftshader (software)"; nothing if it is none */
/* "950 B", "12.3 MB": powers of ten, as networks and disks are sold. */
void wi_table_bytes(struct wi_buffer *out, double bytes);
/* "8 s", "2 min 5 s", "3 h 10 min". */
void wi_table_seconds(struct wi_buffer *out, double seconds);
/* Its names alone, with `before` between the description and others; `nameless` if it has none. */
void wi_table_adapter_names(
    struct wi_buffer *out, const json_t *adapter, const char *before, const char *nameless);
/* Appends `text`, with each "{path}" replaced by the cell of the value at "path" in `object`, and
 * numbers in these forms:
 *
 *   {path:1f}, {path:3g}   with one decimal; with three digits
 *   {path:0%}, {path:1M}   a share in percent; bytes in MiB; with so many decimals
 *   {path:B}, {path:s}     bytes; seconds
 *   {path:t}               Unix milliseconds as local time, "2026-11-20 12:00:00"
 *   {path:19z}             the same in UTC, so many characters of it: "2026-11-20T12:00:00Z"
 *
 * "{path?yes|no}" becomes "yes" for true and "no" for false; "|no" may be missing. A part between
 * "<" and ">" is left out if a member that it names is missing or null. */
void wi_table_fill(struct wi_buffer *out, const char *text, const json_t *object);
/* The same for each item of an array, with `between` between two of them. */
void wi_table_join(
    struct wi_buffer *out, const char *between, const char *text, const json_t *items);
/* As wi_table_fill, on standard output. */
void wi_table_say(const char *text, const json_t *object);
/* How many columns of a terminal a text takes. */
int wi_table_width(const char *text);
/* The value at "a.b.c" in `object`; borrowed, NULL if there is none. */
const json_t *wi_json_at(const json_t *object, const char *path);
/* Its text, or NULL; its number, or 0; and whether it is that text. */
const char *wi_json_text(const json_t *object, const char *path);
double wi_json_number(const json_t *object, const char *path);
int wi_json_is(const json_t *object, const char *path, const char *text);
/* The first of an array's objects in which that is so; borrowed, NULL if there is none. */
const json_t *wi_json_find(const json_t *rows, const char *path, const char *text);

#endif
