/* Lays out JSON rows as text columns. Control characters of a server's answers do not reach the
 * terminal. */
#include "cli/text_table.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/plain.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

const json_t *wi_json_at(const json_t *object, const char *path)
{
    while (object && *path) {
        char key[64];
        size_t length = strcspn(path, ".");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        object = json_object_get(object, key);
        path += length + (path[length] == '.');
    }
    return object;
}

const char *wi_json_text(const json_t *object, const char *path)
{
    return json_string_value(wi_json_at(object, path));
}

double wi_json_number(const json_t *object, const char *path)
{
    return json_number_value(wi_json_at(object, path));
}

int wi_json_is(const json_t *object, const char *path, const char *text)
{
    const char *value = wi_json_text(object, path);

    return value && text && strcmp(value, text) == 0;
}

const json_t *wi_json_find(const json_t *rows, const char *path, const char *text)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (wi_json_is(row, path, text))
            return row;
    }
    return NULL;
}

static void put_text(struct wi_buffer *out, const char *text)
{
    wi_plain(out, text, strlen(text), "");
}

void wi_table_cell(struct wi_buffer *out, const json_t *value)
{
    if (!value || json_is_null(value)) {
        wi_buffer_puts(out, "-");
    } else if (json_is_string(value)) {
        put_text(out, *json_string_value(value) ? json_string_value(value) : "-");
    } else if (json_is_boolean(value)) {
        wi_buffer_puts(out, json_is_true(value) ? "yes" : "no");
    } else if (json_is_integer(value)) {
        wi_buffer_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        wi_buffer_printf(
            out, fabs(json_real_value(value)) < 1e4 ? "%.4g" : "%.0f", json_real_value(value));
    } else if (json_is_array(value)) {
        if (json_array_size(value) == 0)
            wi_buffer_puts(out, "-");
        for (size_t i = 0; i < json_array_size(value); i++) {
            wi_buffer_puts(out, i ? ", " : "");
            wi_table_cell(out, json_array_get(value, i));
        }
    } else {
        char *text = json_dumps(value, JSON_COMPACT);
        put_text(out, text ? text : "?");
        free(text);
    }
}

void wi_table_adapter_names(
    struct wi_buffer *out, const json_t *adapter, const char *before, const char *nameless)
{
    const char *const parts[][2] = {
        {"vendor", " "}, {"architecture", " "}, {"description", before}};
    size_t begin = out->size;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const json_t *name = json_object_get(adapter, parts[i][0]);
        if (json_string_length(name) == 0)
            continue;
        wi_buffer_puts(out, out->size > begin ? parts[i][1] : "");
        wi_table_cell(out, name);
    }
    if (out->size == begin)
        wi_buffer_puts(out, nameless);
}

void wi_table_adapter(struct wi_buffer *out, const json_t *adapter)
{
    if (!json_is_object(adapter))
        return;
    wi_table_adapter_names(out, adapter, " ", "without a name");
    wi_table_fill(out, "{is_fallback? (software)}", adapter);
}

void wi_table_bytes(struct wi_buffer *out, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    wi_buffer_printf(out, bytes < 99.95 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

void wi_table_seconds(struct wi_buffer *out, double seconds)
{
    long left = seconds < 1e6 ? lround(ceil(seconds)) : 1000000;

    if (left < 60)
        wi_buffer_printf(out, "%ld s", left);
    else if (left < 3600)
        wi_buffer_printf(out, "%ld min %ld s", left / 60, left % 60);
    else
        wi_buffer_printf(out, "%ld h %ld min", left / 3600, left % 3600 / 60);
}

/* Whether the object has each member that the first `length` bytes of the text name. */
static int has_members(const char *text, size_t length, const json_t *object)
{
    const char *end = text + length;

    while ((text = memchr(text, '{', (size_t)(end - text)))) {
        char *path = wi_strndup(text + 1, strcspn(text + 1, ":?}"));
        const json_t *value = wi_json_at(object, path);
        free(path);
        if (!value || json_is_null(value))
            return 0;
        text++;
    }
    return 1;
}

static void fill_time(struct wi_buffer *out, json_int_t ms)
{
    char text[32] = "";
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;

    if (localtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    wi_buffer_puts(out, text);
}

static void fill_utc(struct wi_buffer *out, json_int_t ms, int length)
{
    char text[WI_TIME_SIZE];

    wi_format_time(ms, text);
    wi_buffer_printf(out, "%.*sZ", length, text);
}

/* Appends a number in one of the forms of wi_table_fill. */
static void fill_number(struct wi_buffer *out, const char *form, const json_t *number)
{
    double value = json_number_value(number);
    char *unit;
    int digits = (int)strtol(form, &unit, 10);

    if (*unit == 'B')
        wi_table_bytes(out, value);
    else if (*unit == 's')
        wi_table_seconds(out, value);
    else if (*unit == 't')
        fill_time(out, json_integer_value(number));
    else if (*unit == 'z')
        fill_utc(out, json_integer_value(number), digits);
    else if (*unit == '%')
        wi_buffer_printf(out, "%.*f %%", digits, 100 * value);
    else if (*unit == 'M')
        wi_buffer_printf(out, "%.*f MiB", digits, value / (1 << 20));
    else
        wi_buffer_printf(out, *unit == 'f' ? "%.*f" : "%.*g", digits, value);
}

/* Appends the first part of "yes|no" for true, the second one for false. */
static void fill_choice(struct wi_buffer *out, const char *choice, const json_t *value)
{
    size_t length = strcspn(choice, "|");

    if (json_is_true(value))
        wi_buffer_add(out, choice, length);
    else if (json_is_false(value) && choice[length])
        wi_buffer_puts(out, choice + length + 1);
}

/* Appends the value for "path}", "path:1f}" or "path?yes|no}"; returns the text after it. */
static const char *fill_member(struct wi_buffer *out, const char *text, const json_t *object)
{
    char *path = wi_strndup(text, strcspn(text, "}")), *form = strpbrk(path, ":?");
    int is_choice = form && *form == '?';
    size_t length = strlen(path);

    if (form)
        *form++ = '\0';
    const json_t *value = wi_json_at(object, path);
    if (is_choice)
        fill_choice(out, form, value);
    else if (form && *form && json_is_number(value))
        fill_number(out, form, value);
    else
        wi_table_cell(out, value);
    free(path);
    return text + length + (text[length] == '}');
}

void wi_table_fill(struct wi_buffer *out, const char *text, const json_t *object)
{
    while (*text) {
        size_t plain = strcspn(text, "{<>");
        wi_buffer_add(out, text, plain);
        text += plain;
        if (*text == '{')
            text = fill_member(out, text + 1, object);
        else if (*text == '<' && !has_members(text, strcspn(text, ">"), object))
            text += strcspn(text, ">");
        else if (*text)
            text++;
    }
}

void wi_table_join(
    struct wi_buffer *out, const char *between, const char *text, const json_t *items)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        wi_buffer_puts(out, i ? between : "");
        wi_table_fill(out, text, json_array_get(items, i));
    }
}

void wi_table_say(const char *text, const json_t *object)
{
    struct wi_buffer filled = {0};

    wi_table_fill(&filled, text, object);
    wi_plain_flush(stdout, &filled);
}

/* Returns whether the object has what the column shows. The text of `put` may hold text from a
 * server, so control characters are replaced here. */
static int put_column(struct wi_buffer *out, const struct wi_column *column, const json_t *object)
{
    size_t length = strcspn(column->path, "[{");
    const char *inside = column->path + length;
    char *path = wi_strndup(column->path, length);
    const json_t *value = wi_json_at(object, path);
    int has = *inside == '{' ? has_members(inside, strlen(inside), object)
                             : value && !json_is_null(value);
    struct wi_buffer text = {0};

    if (*inside == '[') {
        char *item = wi_strndup(inside + 1, strlen(inside) - 2);
        wi_table_join(&text, ", ", item, value);
        free(item);
    } else if (!*inside) {
        (column->put ? column->put : wi_table_cell)(&text, value);
    } else if (has) {
        wi_table_fill(&text, column->path, object);
    }
    put_text(out, text.size ? text.text : "-");
    wi_buffer_clear(&text);
    free(path);
    return has;
}

/* Columns on a terminal: two for wide characters, none for combining marks; one for each character
 * that the locale does not know. */
int wi_table_width(const char *text)
{
    mbstate_t state = {0};
    wchar_t character;
    size_t length, left = strlen(text);
    int width = 0, columns;

    for (; left > 0; text += length, left -= length) {
        length = mbrtowc(&character, text, left, &state);
        if (length == 0 || length > left) { /* no character of this locale */
            memset(&state, 0, sizeof state);
            columns = ((unsigned char)*text & 0xc0) != 0x80;
            length = 1;
        } else {
            columns = wcwidth(character);
        }
        width += columns > 0 ? columns : 0;
    }
    return width;
}

static void put_cell(struct wi_buffer *out, const char *text, int width, int last)
{
    wi_buffer_puts(out, text);
    if (!last)
        wi_buffer_printf(out, "%*s", width - wi_table_width(text) + 2, "");
}

static size_t columns_count(const struct wi_column *columns)
{
    size_t count = 0;

    while (columns[count].title)
        count++;
    return count;
}

static void column_widen(int *width, const char *text)
{
    int wanted = wi_table_width(text);

    if (wanted > *width)
        *width = wanted;
}

/* `widths` of the columns only grow. */
static void put_rows(struct wi_buffer *out, const struct wi_column *columns, int *widths,
    int with_titles, const json_t *rows)
{
    size_t count = columns_count(columns), lines = json_array_size(rows);
    struct wi_buffer *cells = wi_alloc((lines * count + 1) * sizeof *cells);

    for (size_t c = 0; c < count; c++) {
        column_widen(&widths[c], columns[c].title);
        for (size_t line = 0; line < lines; line++) {
            struct wi_buffer *cell = &cells[line * count + c];
            put_column(cell, &columns[c], json_array_get(rows, line));
            column_widen(&widths[c], cell->text);
        }
    }
    for (size_t c = 0; c < count && with_titles; c++) {
        put_cell(out, columns[c].title, widths[c], c + 1 == count);
        wi_buffer_puts(out, c + 1 == count ? "\n" : "");
    }
    for (size_t i = 0; i < lines * count; i++) {
        put_cell(out, cells[i].text, widths[i % count], (i + 1) % count == 0);
        wi_buffer_puts(out, (i + 1) % count == 0 ? "\n" : "");
        wi_buffer_clear(&cells[i]);
    }
    free(cells);
}

void wi_table(struct wi_buffer *out, const struct wi_column *columns, const json_t *rows)
{
    int *widths = wi_alloc((columns_count(columns) + 1) * sizeof *widths);

    put_rows(out, columns, widths, 1, rows);
    free(widths);
}

void wi_sheet(struct wi_buffer *out, struct wi_sheet *sheet, const json_t *rows)
{
    assert(columns_count(sheet->columns) <= WI_SHEET_COLUMNS);
    put_rows(out, sheet->columns, sheet->widths, !sheet->has_titles, rows);
    sheet->has_titles = 1;
}

void wi_sheet_print(struct wi_sheet *sheet, const json_t *rows)
{
    struct wi_buffer text = {0};

    if (json_array_size(rows) == 0)
        return;
    wi_sheet(&text, sheet, rows);
    wi_plain_flush(stdout, &text);
}

void wi_sheet_end(const struct wi_sheet *sheet, const char *none)
{
    if (!sheet->has_titles)
        puts(none);
}

void wi_table_print(
    const char *before, const struct wi_column *columns, const json_t *rows, const char *none)
{
    struct wi_buffer text = {0};

    if (json_array_size(rows) > 0)
        wi_table(&text, columns, rows);
    else if (none)
        wi_buffer_strings(&text, none, "\n", NULL);
    if (text.size > 0)
        printf("%s%s", before, text.text);
    wi_buffer_clear(&text);
}

void wi_table_lines(const struct wi_column *columns, const json_t *object)
{
    for (; columns->title; columns++) {
        struct wi_buffer cell = {0};
        if (put_column(&cell, columns, object))
            printf("%-14s %s\n", columns->title, cell.text);
        wi_buffer_clear(&cell);
    }
}
