/* The dialect of OpenAI's Responses. */
#include "wire/responses/responses.h"

#include "wire/openai/openai.h"

static void responses_print_error(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "{\"error\":");
    wi_openai_error(out, error, "input");
    wi_buffer_puts(out, "}\n");
}

const struct wi_dialect wi_dialect_openai_responses = {.name = "openai.responses",
    .error_type = "application/json",
    .error_form = "OpenaiError",
    .error_code = "error.code",
    .task = WI_TASK_CHAT,
    .status = wi_openai_status,
    .params = wi_responses_params,
    .frame = wi_parameters_frame,
    .parse = wi_responses_parse,
    .check = wi_responses_check,
    .check_stream = wi_openai_check_stream,
    .print = wi_responses_print,
    .print_error = responses_print_error,
    .stream_begin = wi_responses_stream_begin,
    .stream_part = wi_responses_stream_part,
    .stream_progress = wi_openai_stream_progress,
    .stream_done = wi_responses_stream_done,
    .stream_error = wi_responses_stream_error};
