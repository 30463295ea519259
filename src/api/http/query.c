/* The query of a request, read by a table; see query.h. */
#include "api/http/query.h"

#include "base/net/http.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *name,
    size_t name_size, const char *value, size_t value_size)
{
    json_t *text = json_stringn(value ? value : "", value_size);
    if (json_object_setn_new(context, name, name_size, text ? text : json_null()) == 0)
        return MHD_YES;
    json_object_set_new(context, "query", json_null()); /* the name is no UTF-8 */
    return MHD_NO;
}

static enum wi_code check_text(const json_t *arguments, struct wi_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)arguments, name, value)
    {
        if (!json_is_null(value))
            continue;
        wi_error_set(error, WI_INVALID_FIELD, name, "%.64s is not UTF-8", name);
        return wi_error_expect(error, "UTF-8, percent-encoded");
    }
    return WI_OK;
}

/* Converts a text to a number if the table says that it is one. */
static enum wi_code read_number(
    const struct wi_param *row, json_t *arguments, struct wi_error *error)
{
    const char *text = json_string_value(json_object_get(arguments, row->name));
    uint64_t number;
    if (!text)
        return WI_OK;
    if (wi_parse_length(text, &number) != 0 || number > INT64_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, row->name, "%s cannot be \"%.40s\"", row->name, text);
        return wi_error_expect(error, "%.16g to %.16g", row->min, row->max);
    }
    json_object_set_new(arguments, row->name, json_integer((json_int_t)number));
    return WI_OK;
}

enum wi_code wi_query_read(const struct wi_request *request, const struct wi_param *table,
    enum wi_param_mode mode, void *target, json_t **arguments, struct wi_error *error)
{
    enum wi_code code;
    *arguments = json_object();
    MHD_get_connection_values_n(request->mhd, MHD_GET_ARGUMENT_KIND, add_argument, *arguments);
    if ((code = check_text(*arguments, error)) != WI_OK)
        return code;
    for (const struct wi_param *row = table; row->name; row++)
        if (row->kind == WI_PARAM_INTEGER && (code = read_number(row, *arguments, error)) != WI_OK)
            return code;
    return wi_params_read(table, *arguments, mode, "", target, error);
}

json_t *wi_request_read_query(
    struct wi_request *request, const struct wi_param *table, enum wi_param_mode mode, void *target)
{
    struct wi_error error;
    json_t *arguments;
    if (wi_query_read(request, table, mode, target, &arguments, &error) == WI_OK)
        return arguments;
    json_decref(arguments);
    wi_request_answer_error(request, &error);
    return NULL;
}

/* --- pages ------------------------------------------------------------------------------------ */

const struct wi_param wi_page_params[] = {
    WI_PARAM(wi_page, limit, INTEGER, .min = 1, .max = WI_PAGE_MAX, .help = WI_PAGE_LIMIT_HELP),
    WI_PARAM(
        wi_page, after, STRING, .min = 1, .max = WI_ROUTE_ARGUMENT_MAX, .help = WI_PAGE_AFTER_HELP),
    WI_PARAM_END,
};

enum wi_code wi_page_read(const struct wi_request *request, struct wi_page *page,
    json_t **arguments, struct wi_error *error)
{
    *page = (struct wi_page){.after = ""};
    enum wi_code code =
        wi_query_read(request, wi_page_params, WI_PARAMS_OPEN, page, arguments, error);
    if (code == WI_OK)
        wi_page_settle(page);
    return code;
}

void wi_page_answer(struct wi_request *request, const struct wi_page_rows *rows)
{
    struct wi_buffer out = {0};
    wi_buffer_strings(&out, "{\"", rows->name, "\":[", NULL);
    for (size_t i = 0; i < rows->count && i < rows->limit; i++) {
        wi_buffer_puts(&out, i > 0 ? ",\n" : "\n");
        rows->print(&out, rows->context, i);
    }
    wi_buffer_puts(&out, "],\"next\":");
    if (rows->count > rows->limit) {
        wi_buffer_puts(&out, "\"");
        rows->print_key(&out, rows->context, rows->limit - 1);
        wi_buffer_puts(&out, "\"");
    } else {
        wi_buffer_puts(&out, "null");
    }
    wi_buffer_puts(&out, "}\n");
    wi_request_answer_text(request, 200, "application/json", &out);
}

const char *wi_page_key(const char *after, int64_t *number)
{
    size_t digits = strspn(after, "0123456789");
    if (digits == 0 || digits > 18)
        return NULL;
    *number = strtoll(after, NULL, 10);
    return after + digits;
}

enum wi_code wi_page_refuse(const char *after, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "after", "\"%.80s\" is no place in the list", after);
    return wi_error_expect(error, "the next of the page before");
}

void wi_page_settle(struct wi_page *page)
{
    page->is_asked = page->limit > 0 || *page->after;
    if (page->limit == 0)
        page->limit = WI_PAGE_DEFAULT;
}
