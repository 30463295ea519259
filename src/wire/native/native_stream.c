/*
 * The events of a stream in the native dialect (webinfer-api(7), "Streams"): a line with the
 * event's name, for parts one with their number, and one with JSON, which has no line ends.
 */
#include "wire/native/native.h"

#include "wire/problem.h"
#include <math.h>

void wi_native_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    wi_problem_write(out, error, request_id);
}

void wi_native_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
}

/* Text with a length, which may hold a NUL. */
static void stream_add_text(struct wi_buffer *out, const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    if (string)
        wi_buffer_json(out, string);
    else
        wi_buffer_json_string(out, text); /* bytes that are not UTF-8 become U+FFFD */
    json_decref(string);
}

void wi_native_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    wi_buffer_puts(out, "id: ");
    wi_buffer_integer(out, (int64_t)part->seq);
    wi_buffer_puts(out, "\nevent: part\ndata: {\"seq\":");
    wi_buffer_integer(out, (int64_t)part->seq);
    wi_buffer_puts(out, ",\"index\":");
    wi_buffer_integer(out, part->index);
    if (part->text) {
        wi_buffer_puts(out, ",\"text\":");
        stream_add_text(out, part->text, part->text_length);
    }
    if (part->tokens) {
        wi_buffer_puts(out, ",\"tokens\":");
        wi_buffer_json(out, part->tokens);
    }
    if (part->result) {
        wi_buffer_puts(out, ",\"result\":");
        wi_buffer_json(out, part->result);
    }
    wi_buffer_puts(out, "}\n\n");
}

static void add_number(struct wi_buffer *out, const char *name, double value)
{
    if (isfinite(value))
        wi_buffer_printf(out, ",\"%s\":%.15g", name, value);
}

void wi_native_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_buffer_puts(out, "event: progress\ndata: {\"phase\":");
    wi_buffer_json_string(out, progress->phase);
    if (progress->has_bytes)
        wi_buffer_printf(out, ",\"loaded_bytes\":%llu,\"total_bytes\":%llu",
            (unsigned long long)progress->loaded_bytes, (unsigned long long)progress->total_bytes);
    if (progress->has_count) {
        add_number(out, "done", progress->done);
        add_number(out, "total", progress->total);
    }
    if (position > 0)
        wi_buffer_printf(out, ",\"queue_position\":%u", position);
    wi_buffer_puts(out, "}\n\n");
}

void wi_native_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_buffer_puts(out, "event: error\ndata: ");
    wi_problem_write(out, error, request_id); /* one line, with its end */
    wi_buffer_puts(out, "\n");
}
