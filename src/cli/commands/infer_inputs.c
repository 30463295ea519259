/*
 * The inputs of a request from the command line. Pictures, sounds and tensors are sent in binary
 * after the JSON (KServe's binary tensor extension), so that nothing is encoded and no number
 * reprinted.
 */
#include "cli/commands/infer.h"

#include "cli/npy.h"
#include <stdlib.h>
#include <string.h>

/* The server's own default limit of a body, max_body; its 413 names the real one. */
#define FILE_MAX ((size_t)256 << 20)

json_t *wi_cli_infer_file(
    const char *name, const char *path, struct wi_buffer *tail, struct wi_error *error)
{
    size_t size;
    char *bytes = wi_cli_read_file(path, FILE_MAX, &size, error);

    if (!bytes)
        return NULL;
    if (size == 0)
        wi_cli_refuse(error, "%.400s is empty", path);
    else
        wi_buffer_add(tail, bytes, size);
    free(bytes);
    return size ? json_pack("{s:{s:I}}", name, "binary_data_size", (json_int_t)size) : NULL;
}

/* Makes the description of one NAME=FILE for the JSON; its elements are appended to `tail`. */
static json_t *read_tensor(const char *argument, struct wi_buffer *tail, struct wi_error *error)
{
    const char *equals = strchr(argument, '=');
    struct wi_npy array;
    struct wi_error problem = {0};
    size_t size;
    json_t *tensor = NULL, *shape;

    if (!equals || equals == argument || !equals[1]) {
        wi_cli_refuse(error, "--tensor needs NAME=FILE, not \"%s\"", argument);
        return NULL;
    }
    char *bytes = wi_cli_read_file(equals + 1, FILE_MAX, &size, error);
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
            wi_cli_refuse(error, "the tensor's name is not UTF-8");
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

/* The file has either the request's "inputs", or a whole request with inputs. */
static json_t *read_json(const char *path, json_t *request, struct wi_error *error)
{
    size_t size;
    char *text = wi_cli_read_file(path, FILE_MAX, &size, error);
    json_error_t place;

    if (!text)
        return NULL;
    json_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &place);
    free(text);
    if (!value) {
        wi_cli_refuse(error, "%s, line %d: %.200s", path, place.line, place.text);
        return NULL;
    }
    json_t *inputs = json_object_get(value, "inputs");
    if (!inputs)
        return value;
    json_incref(inputs);
    json_object_update(request, value);
    json_decref(value);
    return inputs;
}

/* Adds `member` with the option's words, if there are any, to `inputs`: a list, or with `alone` the
 * last word. */
static enum wi_code add_words(json_t *inputs, const struct wi_arguments *arguments,
    const char *option, const char *member, int alone, struct wi_error *error)
{
    json_t *list = json_array();
    const char *word;
    enum wi_code code = WI_OK;

    for (size_t i = 0; code == WI_OK && (word = wi_argument_at(arguments, option, i)); i++)
        if (json_array_append_new(list, json_string(word)) != 0)
            code = wi_cli_refuse(error, "--%s is not UTF-8", option);
    if (code == WI_OK && json_array_size(list) > 0)
        json_object_set(
            inputs, member, alone ? json_array_get(list, json_array_size(list) - 1) : list);
    json_decref(list);
    return code;
}

static json_t *read_texts(const struct wi_arguments *arguments, struct wi_error *error)
{
    json_t *inputs = json_object(), *texts;
    int question = wi_argument_given(arguments, "question");
    int several = wi_argument_at(arguments, "text", 1) != NULL;
    const char *member = question ? "context" : several ? "texts" : "text";

    if (add_words(inputs, arguments, "text", member, !several || question, error) != WI_OK ||
        add_words(inputs, arguments, "pair", "text_pair", 1, error) != WI_OK ||
        add_words(inputs, arguments, "question", "question", 1, error) != WI_OK ||
        add_words(inputs, arguments, "label", "labels", 0, error) != WI_OK) {
        json_decref(inputs);
        return NULL;
    }
    if (json_object_size(inputs) > 1)
        return inputs;
    texts = json_incref(json_object_get(inputs, member));
    json_decref(inputs);
    return texts;
}

static json_t *read_file(const struct wi_arguments *arguments, const char *name,
    struct wi_buffer *tail, struct wi_error *error)
{
    const char *path = wi_argument(arguments, name);
    json_t *inputs = wi_cli_infer_file(name, path, tail, error);

    if (inputs && add_words(inputs, arguments, "question", "question", 1, error) == WI_OK &&
        add_words(inputs, arguments, "label", "labels", 0, error) == WI_OK)
        return inputs;
    json_decref(inputs);
    return NULL;
}

/* The number of given options that name an input. */
static int count_sources(const struct wi_arguments *arguments)
{
    static const char *const options[] = {"image", "audio", "text", "tensor", "inputs"};
    int count = arguments->positional_count > 1;

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        count += wi_argument_given(arguments, options[i]);
    return count;
}

int wi_cli_infer_lacks_input(const struct wi_arguments *arguments)
{
    return count_sources(arguments) == 0 && !wi_argument_given(arguments, "option");
}

/* Options that need a text, a picture or a sound. */
static enum wi_code check_words(const struct wi_arguments *arguments, struct wi_error *error)
{
    int text = wi_argument_given(arguments, "text");
    int file = wi_argument_given(arguments, "image") || wi_argument_given(arguments, "audio");

    if (wi_argument_given(arguments, "pair") && !text)
        return wi_cli_refuse(error, "--pair needs --text with the first text");
    if ((wi_argument_given(arguments, "label") || wi_argument_given(arguments, "question")) &&
        !text && !file)
        return wi_cli_refuse(error, "--label and --question need --text, --image or --audio");
    return WI_OK;
}

json_t *wi_cli_infer_inputs(const struct wi_arguments *arguments, json_t *request,
    struct wi_buffer *tail, struct wi_error *error)
{
    const char *option = wi_argument(arguments, "inputs");
    const char *argument = arguments->positional_count > 1 ? arguments->positionals[1] : NULL;
    int image = wi_argument_given(arguments, "image");
    int audio = wi_argument_given(arguments, "audio");
    int sources = count_sources(arguments);

    if (check_words(arguments, error) != WI_OK)
        return NULL;
    if (sources == 0 &&
        (!wi_cli_infer_lacks_input(arguments) || wi_argument_given(arguments, "result")))
        return json_array(); /* a model may take only options, and WGSL no input */
    if (sources != 1) {
        wi_cli_refuse(error,
            "the model's input comes from either --image, --audio, --text, --tensor or a JSON "
            "file; give one of them");
        return NULL;
    }
    if (image || audio)
        return read_file(arguments, image ? "image" : "audio", tail, error);
    if (wi_argument_given(arguments, "text"))
        return read_texts(arguments, error);
    if (wi_argument_given(arguments, "tensor"))
        return read_tensors(arguments, tail, error);
    return read_json(option ? option : argument, request, error);
}
