/* The body of POST /v1/infer from the command line, except for its inputs. */
#include "cli/commands/infer.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* The longest of the server's defaults; the server knows which one applies. */
#define TIMEOUT_DEFAULT_MS 600000
#define TIMEOUT_MAX_MS 3600000

/* KEY=VALUE, where VALUE is JSON or else a string. */
static enum wi_code add_option(json_t *options, const char *argument, struct wi_error *error)
{
    const char *equals = strchr(argument, '=');
    if (!equals || equals == argument)
        return wi_cli_refuse(error, "--option needs KEY=VALUE, not \"%.100s\"", argument);
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (!value || json_is_string(value) || json_is_null(value)) {
        json_decref(value);
        value = json_string(equals + 1);
    }
    char *key = wi_strndup(argument, (size_t)(equals - argument));
    int failed = json_object_set_new(options, key, value) != 0;
    free(key);
    return failed ? wi_cli_refuse(error, "the option \"%.100s\" is not UTF-8", argument) : WI_OK;
}

static enum wi_code set_model_options(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    const char *argument;
    enum wi_code code = WI_OK;

    if (!wi_argument_given(arguments, "option"))
        return WI_OK;
    json_t *options = json_object();
    json_object_set_new(request, "options", options);
    for (size_t i = 0; code == WI_OK && (argument = wi_argument_at(arguments, "option", i)); i++)
        code = add_option(options, argument, error);
    return code;
}

static enum wi_code set_stream(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    const char *other = wi_argument_given(arguments, "output")   ? "output"
                        : wi_argument_given(arguments, "detach") ? "detach"
                                                                 : NULL;

    if (!wi_argument_given(arguments, "stream"))
        return WI_OK;
    if (other)
        return wi_cli_refuse(error,
            "--stream and --%s cannot be combined: a stream is shown as it arrives, and is not "
            "kept",
            other);
    json_object_set_new(request, "stream", json_true());
    return WI_OK;
}

static enum wi_code set_options(
    json_t *request, const struct wi_arguments *arguments, long *timeout_ms, struct wi_error *error)
{
    static const char *const words[] = {"task", "platform", "browser", "node", "precision"};
    const char *timeout = wi_argument(arguments, "timeout");
    const char *priority = wi_argument(arguments, "priority");
    int64_t ms = TIMEOUT_DEFAULT_MS;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (wi_argument_given(arguments, words[i]))
            json_object_set_new(request, words[i], json_string(wi_argument(arguments, words[i])));
    if (wi_argument_given(arguments, "no-fallback"))
        json_object_set_new(request, "fallback", json_false());
    if (priority) {
        if (strlen(priority) != 1 || *priority < '0' || *priority > '9')
            return wi_cli_refuse(error, "--priority needs one digit, 0 to 9");
        json_object_set_new(request, "priority", json_integer(*priority - '0'));
    }
    if (timeout && (wi_parse_duration(timeout, &ms) != 0 || ms < 1 || ms > TIMEOUT_MAX_MS))
        return wi_cli_refuse(error,
            "--timeout needs a duration from 1ms to 1h such as 500ms, 30s or 5m, not \"%.40s\"",
            timeout);
    if (timeout)
        json_object_set_new(request, "timeout_ms", json_integer(ms));
    else if (json_is_integer(json_object_get(request, "timeout_ms")))
        ms = json_integer_value(json_object_get(request, "timeout_ms"));
    *timeout_ms = (long)(ms < 1 || ms > TIMEOUT_MAX_MS ? TIMEOUT_DEFAULT_MS : ms);
    if (wi_argument_given(arguments, "output"))
        json_object_set_new(request, "parameters", json_pack("{s:b}", "binary_data_output", 1));
    return WI_OK;
}

enum wi_code wi_cli_infer_choices(
    json_t *request, const struct wi_arguments *arguments, long *timeout_ms, struct wi_error *error)
{
    enum wi_code code = set_options(request, arguments, timeout_ms, error);

    return code == WI_OK ? set_model_options(request, arguments, error) : code;
}

void wi_cli_infer_carry(struct wi_rest_request *request, const struct wi_buffer *body)
{
    request->body = body->text;
    request->body_size = body->size;
    request->timeout_ms += WI_CLI_TRAVEL_MS;
}

enum wi_code wi_cli_infer_request(const struct wi_arguments *arguments, json_t *asked,
    struct wi_buffer *body, size_t *json_size, long *timeout_ms, struct wi_error *error)
{
    json_t *request = json_object();
    struct wi_buffer tail = {0};
    json_t *inputs = wi_cli_infer_inputs(arguments, request, &tail, error);
    enum wi_code code = inputs ? WI_OK : error->code;

    if (code == WI_OK) {
        json_object_set_new(request, "inputs", inputs);
        code = wi_cli_infer_choices(request, arguments, timeout_ms, error);
    }
    if (code == WI_OK)
        code = set_stream(request, arguments, error);
    if (code == WI_OK) {
        json_object_update(request, asked);
        wi_buffer_json(body, request);
        *json_size = tail.size || wi_argument_given(arguments, "tensor") ? body->size : 0;
        if (tail.size)
            wi_buffer_add(body, tail.text, tail.size);
    }
    wi_buffer_clear(&tail);
    json_decref(request);
    return code;
}
