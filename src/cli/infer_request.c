/*
 * The body of POST /v1/infer from the command line. A picture goes as base64 in JSON; tensors go
 * in binary behind the JSON (KServe's binary tensor extension), so that no number is reprinted.
 */
#include "cli/infer.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/npy.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* The server's own default limit of a body, max_body; its 413 names the real one. */
#define FILE_MAX ((size_t)256 << 20)
/* The server answers within the request's own limit; this much more is for the way. */
#define TRAVEL_MS 10000
/* The longest of the server's defaults: it knows which is meant. */
#define TIMEOUT_DEFAULT_MS 600000
#define TIMEOUT_MAX_MS 3600000

static json_t *read_image(const char *path, struct wi_error *error)
{
    size_t size;
    char *bytes = wi_cli_read_file(path, FILE_MAX, &size, error);
    unsigned char *text;
    json_t *inputs;

    if (!bytes)
        return NULL;
    text = wi_realloc_array(NULL, size / 3 + 1, 4 + 1);
    EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)size);
    inputs = json_pack("{s:s}", "image", (const char *)text);
    free(text);
    free(bytes);
    return inputs;
}

/* One NAME=FILE: its description for the JSON; its elements go behind `tail`. */
static json_t *read_tensor(const char *argument, struct wi_buffer *tail, struct wi_error *error)
{
    const char *equals = strchr(argument, '=');
    struct wi_npy array;
    struct wi_error problem = {0};
    size_t size;
    char *bytes;
    json_t *tensor = NULL, *shape;

    if (!equals || equals == argument || !equals[1]) {
        wi_error_set(error, WI_BAD_REQUEST, "", "--tensor takes NAME=FILE, not \"%s\"", argument);
        return NULL;
    }
    bytes = wi_cli_read_file(equals + 1, FILE_MAX, &size, error);
    if (!bytes)
        return NULL;
    if (wi_npy_read((const unsigned char *)bytes, size, &array, &problem) != WI_OK) {
        wi_error_set(error, problem.code, "", "%s: %.400s", equals + 1, problem.detail);
        wi_error_allow(error, "%s", problem.allowed);
    } else {
        shape = json_array();
        for (unsigned i = 0; i < array.rank; i++)
            json_array_append_new(shape, json_integer(array.dims[i]));
        tensor = json_pack("{s:s%, s:s, s:o, s:{s:I}}", "name", argument,
            (size_t)(equals - argument), "datatype", wi_datatype_name(array.datatype), "shape",
            shape, "parameters", "binary_data_size", (json_int_t)array.size);
        if (tensor)
            wi_buffer_add(tail, bytes + array.offset, array.size);
        else
            wi_error_set(error, WI_BAD_REQUEST, "", "The tensor's name is not UTF-8");
    }
    free(bytes);
    return tensor;
}

static json_t *read_tensors(
    const struct wi_arguments *arguments, struct wi_buffer *tail, struct wi_error *error)
{
    json_t *inputs = json_array();
    const char *argument;

    for (size_t i = 0; (argument = wi_argument_at(arguments, "tensor", i)); i++) {
        json_t *tensor = read_tensor(argument, tail, error);
        if (!tensor) {
            json_decref(inputs);
            return NULL;
        }
        json_array_append_new(inputs, tensor);
    }
    return inputs;
}

/* The file's value is the request's "inputs", or a whole request that has some. */
static json_t *read_json(const char *path, json_t *request, struct wi_error *error)
{
    size_t size;
    char *text = wi_cli_read_file(path, FILE_MAX, &size, error);
    json_error_t place;
    json_t *value, *inputs;

    if (!text)
        return NULL;
    value = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &place);
    free(text);
    if (!value) {
        wi_error_set(
            error, WI_BAD_REQUEST, "", "%s, line %d: %.200s", path, place.line, place.text);
        return NULL;
    }
    inputs = json_object_get(value, "inputs");
    if (!inputs)
        return value;
    json_incref(inputs);
    json_object_update(request, value);
    json_decref(value);
    return inputs;
}

static json_t *read_inputs(const struct wi_arguments *arguments, json_t *request,
    struct wi_buffer *tail, struct wi_error *error)
{
    const char *image = wi_argument(arguments, "image");
    const char *option = wi_argument(arguments, "inputs");
    const char *argument = arguments->positional_count > 1 ? arguments->positionals[1] : NULL;
    const char *file = option ? option : argument;
    int tensors = wi_argument_given(arguments, "tensor");

    if (!image && !option && !argument && !tensors && wi_argument_given(arguments, "option"))
        return json_array(); /* a model may take its options alone */
    if (!!image + !!option + !!argument + tensors != 1) {
        wi_error_set(error, WI_BAD_REQUEST, "",
            "The model's input comes from either --image, --tensor or a JSON file; give one of "
            "them");
        return NULL;
    }
    if (image)
        return read_image(image, error);
    return tensors ? read_tensors(arguments, tail, error) : read_json(file, request, error);
}

static void set_string(json_t *request, const struct wi_arguments *arguments, const char *option)
{
    const char *value = wi_argument(arguments, option);

    if (value)
        json_object_set_new(request, option, json_string(value));
}

/* KEY=VALUE, where VALUE is JSON, and what is none is a string. */
static enum wi_code add_option(json_t *options, const char *argument, struct wi_error *error)
{
    const char *equals = strchr(argument, '=');
    if (!equals || equals == argument)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "--option takes KEY=VALUE, not \"%.100s\"", argument);
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (!value || json_is_string(value) || json_is_null(value)) {
        json_decref(value);
        value = json_string(equals + 1);
    }
    char *key = wi_strndup(argument, (size_t)(equals - argument));
    int failed = json_object_set_new(options, key, value) != 0;
    free(key);
    return failed ? wi_error_set(
                        error, WI_BAD_REQUEST, "", "The option \"%.100s\" is not UTF-8", argument)
                  : WI_OK;
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
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "--stream and --%s do not go together: a stream is shown as it comes, and then gone",
            other);
    json_object_set_new(request, "stream", json_true());
    return WI_OK;
}

static enum wi_code set_options(
    json_t *request, const struct wi_arguments *arguments, long *timeout_ms, struct wi_error *error)
{
    const char *timeout = wi_argument(arguments, "timeout");
    const char *priority = wi_argument(arguments, "priority");
    int64_t ms = TIMEOUT_DEFAULT_MS;

    set_string(request, arguments, "platform");
    set_string(request, arguments, "browser");
    set_string(request, arguments, "node");
    set_string(request, arguments, "precision");
    if (wi_argument_given(arguments, "no-fallback"))
        json_object_set_new(request, "fallback", json_false());
    if (priority) {
        if (strlen(priority) != 1 || *priority < '0' || *priority > '9')
            return wi_error_set(error, WI_BAD_REQUEST, "", "--priority is one digit, 0 to 9");
        json_object_set_new(request, "priority", json_integer(*priority - '0'));
    }
    if (timeout && (wi_parse_duration(timeout, &ms) != 0 || ms < 1 || ms > TIMEOUT_MAX_MS))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "--timeout is a duration from 1ms to 1h such as 500ms, 30s or 5m, not \"%.40s\"",
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
    request->timeout_ms += TRAVEL_MS;
}

enum wi_code wi_cli_infer_request(const struct wi_arguments *arguments, struct wi_buffer *body,
    size_t *json_size, long *timeout_ms, struct wi_error *error)
{
    json_t *request = json_object();
    struct wi_buffer tail = {0};
    json_t *inputs = read_inputs(arguments, request, &tail, error);
    enum wi_code code = inputs ? WI_OK : error->code;

    if (code == WI_OK) {
        json_object_set_new(request, "inputs", inputs);
        code = wi_cli_infer_choices(request, arguments, timeout_ms, error);
    }
    if (code == WI_OK)
        code = set_stream(request, arguments, error);
    if (code == WI_OK &&
        json_object_set_new(request, "model_name", json_string(arguments->positionals[0])) != 0)
        code = wi_error_set(error, WI_BAD_REQUEST, "", "The model's name is not UTF-8");
    if (code == WI_OK) {
        wi_buffer_json(body, request);
        *json_size = wi_argument_given(arguments, "tensor") ? body->size : 0;
        if (tail.size)
            wi_buffer_add(body, tail.text, tail.size);
    }
    wi_buffer_clear(&tail);
    json_decref(request);
    return code;
}
