/* GET /v1/logs: the last lines of the log; see logs.h. */
#include "api/endpoints/watch/logs.h"

#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "api/http/request.h"
#include <stddef.h>

#define LIMIT_DEFAULT 200
#define PART_MAX 64
#define CONTAINS_MAX 200
#define NUMBER_MAX 9007199254740991 /* 2^53 - 1: what a number of JSON can be */

struct query {
    int level;
    const char *part, *contains;
    int64_t before, limit;
};

const struct wi_param wi_logs_params[] = {
    WI_PARAM(query, level, ENUM, .names = wi_level_names,
        .help = "This level or worse; debug by default."),
    WI_PARAM(query, part, STRING, .min = 1, .max = PART_MAX, .help = "Only lines from this part."),
    WI_PARAM(query, contains, STRING, .max = CONTAINS_MAX,
        .help = "Only lines with this text in the message or the subject."),
    WI_PARAM(query, before, INTEGER, .min = 1, .max = NUMBER_MAX,
        .help = "Only lines with a smaller seq."),
    WI_PARAM(query, limit, INTEGER, .min = 1, .max = WI_LOG_LINES,
        .help = "The number of lines; 200 by default."),
    WI_PARAM_END,
};

void wi_handle_logs(struct wi_request *request)
{
    struct query query = {.level = WI_LOG_DEBUG, .limit = LIMIT_DEFAULT};
    struct wi_buffer text = {0};
    struct wi_log_found found;
    json_t *arguments = wi_request_read_query(request, wi_logs_params, WI_PARAMS_STRICT, &query);
    if (!arguments)
        return;
    const struct wi_log_query asked = {.before = (uint64_t)query.before,
        .level = (enum wi_level)query.level,
        .part = query.part,
        .contains = query.contains,
        .limit = (size_t)query.limit};
    wi_buffer_puts(&text, "{\"lines\":[");
    wi_log_read(&asked, &text, &found);
    wi_buffer_printf(&text, "],\"lost\":%llu}\n", (unsigned long long)found.forgotten);
    wi_request_answer_text(request, 200, "application/json", &text);
    json_decref(arguments);
}

uint64_t wi_logs_print_after(
    struct wi_buffer *out, uint64_t after, enum wi_level level, size_t limit)
{
    const struct wi_log_query query = {.after = after, .level = level, .limit = limit};
    struct wi_log_found found;
    size_t begin = out->size;
    wi_buffer_puts(out, "{\"lines\":[");
    wi_log_read(&query, out, &found);
    wi_buffer_printf(
        out, "],\"lost\":%llu}", (unsigned long long)(found.forgotten + found.left_out));
    if (found.count + found.forgotten + found.left_out == 0) {
        out->size = begin;
        out->text[begin] = '\0';
    }
    return found.latest;
}
