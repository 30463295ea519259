/* webinfer generate and webinfer embed: send text to a model and print the result. */
#include "cli/commands/text_command.h"
#include "cli/commands/commands.h"

#include "base/memory.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server takes no more text in one request. */
#define TEXT_MAX ((size_t)4 << 20)

/* A request for POST /v1/infer, without the time that it takes to the server and back: a new
 * reference, or NULL with `error` filled. Takes over `inputs`, also on failure. */
static json_t *text_request(
    const struct wi_arguments *arguments, json_t *inputs, long *timeout_ms, struct wi_error *error)
{
    json_t *request = json_object();

    json_object_set_new(request, "inputs", inputs);
    if (wi_cli_infer_choices(request, arguments, timeout_ms, error) == WI_OK &&
        json_object_set_new(request, "model_name", json_string(arguments->positionals[0])) == 0)
        return request;
    if (error->code == WI_OK)
        wi_cli_refuse(error, "the model's name is not UTF-8");
    json_decref(request);
    return NULL;
}

enum wi_exit wi_text_stream(const struct wi_live *live, json_t *inputs)
{
    struct wi_rest_request request = {.path = "/v1/infer"};
    struct wi_error error = {0};

    request.json = text_request(&live->cli->arguments, inputs, &request.timeout_ms, &error);
    if (!request.json)
        return wi_cli_complain(&error);
    request.timeout_ms += WI_CLI_TRAVEL_MS;
    json_object_set_new(request.json, "stream", json_true());
    return wi_cli_live(live, &request);
}

static void put_number(
    struct wi_buffer *out, const char *format, const json_t *answer, const char *path, double unit)
{
    double value = json_number_value(wi_json_at(answer, path));

    if (value > 0)
        wi_buffer_printf(out, format, value / unit);
}

void wi_text_describe(struct wi_buffer *out, const json_t *answer)
{
    wi_table_fill(out, "<{result.usage.completion_tokens} tokens>", answer);
    put_number(out, ", %.1f tokens/s", answer, "result.timings.predicted_per_second", 1);
    put_number(out, ", the first after %.2f s", answer, "performance.first_part_ms", 1000);
    wi_table_fill(out, "<; prompt of {result.usage.prompt_tokens} tokens>", answer);
    put_number(out, ", %.0f known", answer, "result.usage.cached_tokens", 1);
    wi_table_fill(out,
        "<; {executed_on.browser}>< {executed_on.browser_version}><, {executed_on.platform}>"
        "<, {executed_on.quantization}>{executed_on.simulated?, simulated}\n",
        answer);
}

/* The words of the command line, or with "-" standard input. */
static char *read_text(const char *word, struct wi_error *error)
{
    size_t size;
    char *text =
        strcmp(word, "-") == 0 ? wi_cli_read_file("-", TEXT_MAX, &size, error) : wi_strdup(word);

    if (text && strcmp(word, "-") == 0 && memchr(text, '\0', size)) {
        wi_cli_refuse(error, "the text contains a NUL byte");
        free(text);
        return NULL;
    }
    return text;
}

static json_t *to_json(const char *text, struct wi_error *error)
{
    json_t *value = json_string(text);

    if (!value)
        wi_cli_refuse(error, "the text is not UTF-8");
    return value;
}

static enum wi_exit ask_about(
    struct wi_cli *cli, void (*describe)(struct wi_buffer *out, const json_t *answer))
{
    struct wi_error error = {0};
    char *text = read_text(cli->arguments.positionals[1], &error);
    json_t *inputs = text ? to_json(text, &error) : NULL;

    free(text);
    if (!inputs)
        return wi_cli_complain(&error);
    return wi_text_stream(&(struct wi_live){.cli = cli, .describe = describe}, inputs);
}

enum wi_exit wi_cli_generate(struct wi_cli *cli)
{
    return ask_about(cli, wi_text_describe);
}

enum wi_exit wi_cli_read(struct wi_cli *cli)
{
    return ask_about(cli, NULL);
}

/* Standard input has a text on each line. */
static void add_lines(json_t *texts, struct wi_error *error)
{
    char *all = read_text("-", error), *line, *rest = all;

    while ((line = strsep(&rest, "\n"))) {
        if (*line && json_array_append_new(texts, to_json(line, error)) != 0)
            break;
    }
    free(all);
}

static json_t *read_texts(const struct wi_arguments *arguments, struct wi_error *error)
{
    json_t *texts = json_array();

    for (unsigned i = 1; i < arguments->positional_count && error->code == WI_OK; i++) {
        if (strcmp(arguments->positionals[i], "-") == 0)
            add_lines(texts, error);
        else
            json_array_append_new(texts, to_json(arguments->positionals[i], error));
    }
    if (error->code == WI_OK && json_array_size(texts) == 0)
        wi_cli_refuse(error, "there is no text on standard input");
    if (error->code == WI_OK)
        return texts;
    json_decref(texts);
    return NULL;
}

/* One line for each text: its vector as a list of JSON. */
static enum wi_exit print_vectors(const json_t *answer)
{
    const json_t *output = json_array_get(json_object_get(answer, "outputs"), 0);
    const json_t *data = json_object_get(output, "data");
    json_int_t rows = json_integer_value(json_array_get(json_object_get(output, "shape"), 0));
    json_int_t size = json_integer_value(json_array_get(json_object_get(output, "shape"), 1));

    if (rows < 1 || size < 1 || (size_t)rows > json_array_size(data) / (size_t)size)
        return wi_cli_fail(WI_EXIT_FAILED, "the answer has no vectors");
    for (json_int_t row = 0; row < rows; row++) {
        struct wi_buffer line = {0};
        for (json_int_t i = 0; i < size; i++) /* nine digits identify every FP32 value */
            wi_buffer_printf(&line, "%s%.9g", i ? "," : "[",
                json_number_value(json_array_get(data, (size_t)(row * size + i))));
        wi_buffer_puts(&line, "]\n");
        wi_plain_flush(stdout, &line);
    }
    return WI_EXIT_OK;
}

enum wi_exit wi_cli_embed(struct wi_cli *cli)
{
    struct wi_error error = {0};
    struct wi_rest_request request = {.path = "/v1/infer"};
    json_t *texts = read_texts(&cli->arguments, &error), *value = NULL;

    if (texts)
        request.json = text_request(&cli->arguments, texts, &request.timeout_ms, &error);
    if (!request.json)
        return wi_cli_complain(&error);
    request.timeout_ms += WI_CLI_TRAVEL_MS;
    enum wi_exit result = wi_cli_order(cli, &request, &value);
    if (result == WI_EXIT_OK && !cli->json)
        result = print_vectors(value);
    json_decref(value);
    return result;
}
