/* webinfer compute: lists the kernels, runs one, or runs a file of WGSL, which needs more arguments
 * than its inputs. */
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/commands/infer.h"
#include "cli/text_table.h"
#include "terms/kernel/kernel_program.h"
#include <stdlib.h>
#include <string.h>

static void print_kernels(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"kernel", "name", NULL},
        {"inputs", "inputs[{name}[{shape}]]", NULL}, {"output", "outputs[{name}[{shape}]]", NULL},
        {"what it computes", "help", NULL}, {0}};

    wi_table_print("", columns, json_object_get(answer, "kernels"), NULL);
}

/* Whole numbers from 0, separated by commas, up to `end`; NULL if there is anything else. */
static json_t *read_numbers(const char *text, char end)
{
    json_t *list = json_array();

    while (*text && *text != end) {
        char *rest;
        long long number = *text >= '0' && *text <= '9' ? strtoll(text, &rest, 10) : -1;
        if (number < 0 || (*rest != ',' && *rest != end)) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, json_integer(number));
        text = *rest == ',' ? rest + 1 : rest;
    }
    return list;
}

/* NAME=DATATYPE[SHAPE] as an entry of `outputs`; NULL if it has another form. */
static json_t *read_result(const char *argument)
{
    const char *equals = strchr(argument, '='), *open = equals ? strchr(equals, '[') : NULL;
    size_t length = strlen(argument);

    if (!open || equals == argument || argument[length - 1] != ']')
        return NULL;
    json_t *shape = read_numbers(open + 1, ']');
    return shape ? json_pack("{s:s%, s:s%, s:o}", "name", argument, (size_t)(equals - argument),
                       "datatype", equals + 1, (size_t)(open - equals - 1), "shape", shape)
                 : NULL;
}

static enum wi_code add_results(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    json_t *list = json_array();
    const char *argument;

    json_object_set_new(request, "outputs", list);
    for (size_t i = 0; (argument = wi_argument_at(arguments, "result", i)); i++)
        if (json_array_append_new(list, read_result(argument)) != 0)
            return wi_cli_refuse(error,
                "--result needs NAME=DATATYPE[SHAPE] such as y=FP32[2,3], not \"%.100s\"",
                argument);
    return WI_OK;
}

static enum wi_code add_constants(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    json_t *constants = json_object();
    const char *argument;

    json_object_set_new(request, "constants", constants);
    for (size_t i = 0; (argument = wi_argument_at(arguments, "constant", i)); i++) {
        const char *equals = strchr(argument, '=');
        json_t *value = equals ? json_loads(equals + 1, JSON_DECODE_ANY, NULL) : NULL;
        char *name = wi_strndup(argument, equals ? (size_t)(equals - argument) : 0);
        int is_read = *name && json_is_number(value) &&
                      json_object_set(constants, name, value) == 0; /* -1: it is not UTF-8 */
        json_decref(value);
        free(name);
        if (!is_read)
            return wi_cli_refuse(error, "--constant needs NAME=NUMBER, not \"%.100s\"", argument);
    }
    return WI_OK;
}

/* X, X,Y or X,Y,Z. */
static enum wi_code add_workgroups(json_t *request, const char *argument, struct wi_error *error)
{
    json_t *list = read_numbers(argument, '\0');
    size_t count = json_array_size(list);

    if (count == 0 || count > 3) {
        json_decref(list);
        return wi_cli_refuse(error,
            "--workgroups needs the numbers of workgroups in x, y and z, such as 64 or 8,8,1, not "
            "\"%.100s\"",
            argument);
    }
    while (json_array_size(list) < 3)
        json_array_append_new(list, json_integer(1));
    json_object_set_new(request, "workgroups", list);
    return WI_OK;
}

static enum wi_code add_source(json_t *request, const char *path, struct wi_error *error)
{
    size_t size;
    char *text = wi_cli_read_file(path, WI_PROGRAM_SOURCE_MAX, &size, error);

    if (!text)
        return error->code;
    int failed = json_object_set_new(request, "source", json_stringn(text, size)) != 0;
    free(text);
    return failed ? wi_cli_refuse(error, "%.400s is not UTF-8", path) : WI_OK;
}

static enum wi_code add_program(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    const char *entry = wi_argument(arguments, "entry");
    const char *workgroups = wi_argument(arguments, "workgroups");

    if (!wi_argument_given(arguments, "result") || !workgroups)
        return wi_cli_refuse(error,
            "a WGSL file needs --result NAME=DATATYPE[SHAPE] for each output, and --workgroups "
            "X[,Y[,Z]]");
    enum wi_code code = add_source(request, arguments->positionals[0], error);
    if (code == WI_OK)
        code = add_results(request, arguments, error);
    if (code == WI_OK)
        code = add_workgroups(request, workgroups, error);
    if (code == WI_OK && wi_argument_given(arguments, "constant"))
        code = add_constants(request, arguments, error);
    if (code == WI_OK && entry && json_object_set_new(request, "entry", json_string(entry)) != 0)
        code = wi_cli_refuse(error, "--entry is not UTF-8");
    return code;
}

static enum wi_code make_request(
    json_t *request, const struct wi_arguments *arguments, struct wi_error *error)
{
    const char *name = arguments->positionals[0];

    if (wi_text_ends(name, ".wgsl"))
        return add_program(request, arguments, error);
    if (!wi_argument_given(arguments, "tensor") && !wi_argument_given(arguments, "inputs"))
        return wi_cli_refuse(error,
            "a kernel's tensors come from --tensor NAME=FILE.npy or --inputs FILE.json; \"webinfer "
            "compute\" lists the kernels with their tensors");
    if (json_object_set_new(request, "kernel", json_string(name)) != 0)
        return wi_cli_refuse(error, "the kernel's name is not UTF-8");
    return WI_OK;
}

enum wi_exit wi_cli_compute(struct wi_cli *cli)
{
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_error error = {0};

    if (arguments->positional_count == 0)
        return wi_cli_show(cli, "/v1/kernels", print_kernels);
    json_t *request = json_object();
    enum wi_exit result = WI_EXIT_USAGE;
    if (make_request(request, arguments, &error) == WI_OK)
        result = wi_cli_infer_ask(cli, "/v1/compute", request);
    else
        wi_cli_complain(&error);
    json_decref(request);
    return result;
}
