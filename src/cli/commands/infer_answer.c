/* Prints an answer for people: the labels or the first numbers, the place that ran it, and the
 * time. */
#include "cli/commands/infer.h"

#include "base/memory.h"
#include "cli/npy.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The number of values of an output that are shown. */
#define SHOWN 8

#define PNG_BEGINS "\x89PNG\r\n\x1a\n"
#define HEAD 12 /* bytes by which a file is recognised */

/* The suffix of a file with these first bytes; "npy": they are plain numbers. */
static const char *ending_of_bytes(const unsigned char bytes[HEAD])
{
    if (memcmp(bytes, PNG_BEGINS, sizeof PNG_BEGINS - 1) == 0)
        return "png";
    return memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WAVE", 4) == 0 ? "wav" : "npy";
}

/* The type of a file whose bytes are the numbers of an output; NULL: they are plain numbers. */
static const char *file_in(const json_t *output, const json_t *data)
{
    unsigned char head[HEAD];
    for (size_t i = 0; i < HEAD; i++)
        head[i] = (unsigned char)json_integer_value(json_array_get(data, i));
    const char *ending = ending_of_bytes(head);
    if (!wi_json_is(output, "datatype", "UINT8") || strcmp(ending, "npy") == 0)
        return NULL;
    return strcmp(ending, "png") == 0 ? "a PNG file" : "a WAV file";
}

static void put_output(struct wi_buffer *out, const json_t *output)
{
    const json_t *data = json_object_get(output, "data");
    const char *file = file_in(output, data);
    size_t count = json_array_size(data);

    wi_table_fill(out,
        json_array_size(json_object_get(output, "shape")) ? "{name} {datatype}[{shape}]"
                                                          : "{name} {datatype}[]",
        output);
    if (file) {
        wi_buffer_printf(out, ": %s; --output FILE saves it\n", file);
        return;
    }
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        wi_buffer_puts(out, i ? ", " : " = ");
        wi_table_cell(out, json_array_get(data, i));
    }
    if (count > SHOWN)
        wi_buffer_printf(out, ", … %zu more", count - SHOWN);
    wi_buffer_puts(out, "\n");
}

static void put_executed_on(struct wi_buffer *out, const json_t *executed)
{
    const json_t *adapter = json_object_get(executed, "adapter");
    wi_table_fill(out,
        "ran on: {browser} {browser_version}, {platform}, engine {engine}, node {node}\n",
        executed);
    if (json_is_object(adapter))
        wi_table_fill(out,
            "adapter: {vendor} {architecture}, {description}{is_fallback? (software)}\n", adapter);
    wi_table_join(out, "", "not on {platform}: {reason}\n", json_object_get(executed, "fallbacks"));
}

/* The columns of a list of objects. */
struct form {
    const char *member; /* of the result: the list, which may be empty */
    const char *sign;   /* another member that the result must have; NULL: none */
    struct wi_column columns[6];
};

static const struct form forms[] = {
    {"labels", NULL, {{"LABEL", "label", NULL}, {"PROBABILITY", "{probability:2%}", NULL}, {0}}},
    {"boxes", NULL,
        {{"LABEL", "label", NULL}, {"SCORE", "{score:2%}", NULL},
            {"LEFT, TOP – RIGHT, BOTTOM",
                "{box.xmin:6g}, {box.ymin:6g} – {box.xmax:6g}, {box.ymax:6g}", NULL},
            {0}}},
    {"segments", "text",
        {{"FROM", "{start} s", NULL}, {"TO", "{end} s", NULL}, {"TEXT", "text", NULL}, {0}}},
    {"segments", NULL,
        {{"LABEL", "label", NULL}, {"SCORE", "{score:2%}", NULL}, {"MASK", "mask", NULL}, {0}}},
    {"entities", NULL,
        {{"WORD", "word", NULL}, {"ENTITY", "entity", NULL}, {"SCORE", "{score:2%}", NULL},
            {"FROM", "start", NULL}, {"TO", "end", NULL}, {0}}},
    {"fills", NULL,
        {{"TOKEN", "token_text", NULL}, {"PROBABILITY", "{probability:2%}", NULL},
            {"TEXT", "text", NULL}, {0}}},
    {"answers", NULL, {{"ANSWER", "answer", NULL}, {"SCORE", "{score:2%}", NULL}, {0}}},
};

static int put_form(struct wi_buffer *out, const struct form *form, const json_t *result)
{
    const json_t *list = json_object_get(result, form->member);

    if (!json_is_array(list) || (form->sign && !json_object_get(result, form->sign)))
        return 0;
    wi_table(out, form->columns, list);
    return 1;
}

static int put_forms(struct wi_buffer *out, const json_t *result)
{
    size_t count = sizeof forms / sizeof *forms;

    for (size_t i = 0; i < count; i++)
        if (put_form(out, &forms[i], result))
            return 1;
    return 0;
}

/* Several masks in one text: a table for each. */
static int put_masks(struct wi_buffer *out, const json_t *masks)
{
    for (size_t i = 0; i < json_array_size(masks); i++) {
        json_t *one = json_pack("{s:O}", "fills", json_array_get(masks, i));
        wi_buffer_printf(out, "%smask %zu:\n", i ? "\n" : "", i + 1);
        put_forms(out, one);
        json_decref(one);
    }
    return json_array_size(masks) > 0;
}

static int put_scores(struct wi_buffer *out, const json_t *scores)
{
    for (size_t i = 0; i < json_array_size(scores); i++) {
        wi_buffer_printf(out, "%zu: ", i + 1);
        wi_table_cell(out, json_array_get(scores, i));
        wi_buffer_puts(out, "\n");
    }
    return json_array_size(scores) > 0;
}

static int put_text(struct wi_buffer *out, const json_t *text)
{
    if (!json_is_string(text))
        return 0;
    wi_plain(out, json_string_value(text), json_string_length(text), "\n\t");
    wi_buffer_puts(out, "\n");
    return 1;
}

static int put_one(struct wi_buffer *out, const json_t *result)
{
    int text = put_text(out, json_object_get(result, "text"));

    return put_forms(out, result) || text || put_masks(out, json_object_get(result, "masks")) ||
           put_scores(out, json_object_get(result, "scores"));
}

int wi_cli_result_print(struct wi_buffer *out, const json_t *result)
{
    const json_t *results = json_object_get(result, "results");

    if (!json_array_size(results))
        return put_one(out, result);
    for (size_t i = 0; i < json_array_size(results); i++) {
        wi_buffer_printf(out, "%s%zu:\n", i ? "\n" : "", i + 1);
        put_one(out, json_array_get(results, i));
    }
    return 1;
}

/* "count: 5": what a model without outputs has for an answer. Nothing remains of a
 * text that was streamed: it has been shown. */
static void put_members(struct wi_buffer *out, const json_t *result)
{
    const char *name;
    json_t *value;

    if (json_object_get(result, "finish_reason"))
        return;
    json_object_foreach((json_t *)result, name, value)
    {
        wi_plain(out, name, strlen(name), "");
        wi_buffer_puts(out, ": ");
        wi_table_cell(out, value);
        wi_buffer_puts(out, "\n");
    }
}

void wi_cli_infer_print(struct wi_buffer *out, const json_t *answer)
{
    const json_t *performance = json_object_get(answer, "performance");
    const json_t *result = json_object_get(answer, "result");

    if (!wi_cli_result_print(out, result)) {
        const json_t *list = json_object_get(answer, "outputs");
        for (size_t i = 0; i < json_array_size(list); i++)
            put_output(out, json_array_get(list, i));
        if (json_array_size(list) == 0)
            put_members(out, result);
    }
    put_executed_on(out, json_object_get(answer, "executed_on"));
    wi_table_fill(out,
        "time: queue {queue_ms}, load {load_ms}, inference {inference_ms}, total {total_ms} ms; "
        "attempts: {attempts}\n",
        performance);
}

/* The suffix of the file that an output's bytes are, or that is made from them. */
static const char *ending_of(const struct wi_tensor *tensor)
{
    int may_be_file = tensor->datatype == WI_UINT8 && tensor->rank == 1 && tensor->size >= HEAD;

    return may_be_file ? ending_of_bytes(wi_tensor_bytes(tensor)) : "npy";
}

/* Makes a file name from an output's name: characters that could make a path or hide a file become
 * "_". */
static char *file_name(const char *directory, const char *name, const char *ending)
{
    char *path = wi_sprintf("%s/%s.%s", directory, name, ending);
    char *start = path + strlen(directory) + 1;

    for (char *c = start; *c; c++) {
        int plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' || (*c == '.' && c != start);
        if (!plain)
            *c = '_';
    }
    return path;
}

static enum wi_code save_tensor(
    const struct wi_tensor *tensor, const char *path, struct wi_error *error)
{
    struct wi_buffer header = {0};
    enum wi_code code = WI_OK;
    int failed;

    if (strcmp(ending_of(tensor), "npy") == 0)
        code = wi_npy_write_header(&header, tensor->datatype, tensor->dims, tensor->rank, error);
    if (code != WI_OK)
        return code;
    FILE *file = fopen(path, "we");
    failed = !file || (header.size && fwrite(header.text, 1, header.size, file) != header.size) ||
             fwrite(wi_tensor_bytes(tensor), 1, tensor->size, file) != tensor->size;
    if (file && fclose(file) != 0)
        failed = 1;
    if (failed)
        code = wi_cli_refuse(error, "%s cannot be written: %s", path, strerror(errno));
    wi_buffer_clear(&header);
    return code;
}

static enum wi_code save_all(const struct wi_tensors *tensors, const char *directory,
    struct wi_buffer *out, struct wi_error *error)
{
    struct wi_strings written = {0};
    enum wi_code code = WI_OK;

    for (size_t i = 0; i < tensors->count && code == WI_OK; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        char *path = file_name(directory, tensor->name, ending_of(tensor));
        if (wi_strings_contain(&written, path))
            code = wi_cli_refuse(error, "two outputs would both be saved as %s", path);
        else
            code = save_tensor(tensor, path, error);
        if (code == WI_OK) {
            wi_strings_add(&written, path);
            wi_buffer_printf(out, "saved: %s\n", path);
        }
        free(path);
    }
    wi_strings_clear(&written);
    return code;
}

enum wi_code wi_cli_read_outputs(struct wi_tensors *outputs, const json_t *answer,
    const struct wi_rest_answer *whole, struct wi_error *error)
{
    const struct wi_buffer *body = &whole->body;
    struct wi_blob *blob = wi_blob_new(NULL, body->size + 1);
    enum wi_code code = WI_MEMORY_BUDGET;

    if (!blob || wi_blob_append(blob, body->text, body->size) != 0)
        wi_error_set(error, code, "", "there is not enough memory for the answer");
    else
        code = wi_tensors_from_json(outputs, json_object_get(answer, "outputs"), blob,
            wi_cli_json_size(whole), NULL, "outputs", error);
    wi_blob_unref(blob);
    return code;
}

/* The suffix under which one output is saved; NULL: all are saved, in a folder of that name. */
static const char *ending_asked(const char *path)
{
    static const char *const endings[] = {"wav", "png", "npy"};
    const char *dot = strrchr(path, '.');
    struct stat status;

    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot + 1, endings[i]) == 0)
            return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? NULL : endings[i];
    return NULL;
}

/* Saves the first output with that suffix. */
static enum wi_code save_one(const struct wi_tensors *tensors, const char *path, const char *ending,
    struct wi_buffer *out, struct wi_error *error)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        if (strcmp(ending_of(tensor), ending) != 0)
            continue;
        enum wi_code code = save_tensor(tensor, path, error);
        if (code == WI_OK)
            wi_buffer_printf(out, "saved: %s\n", path);
        return code;
    }
    return wi_cli_refuse(error,
        "no output can be saved as %s; name a folder, in which each output is saved as a file of "
        "its type",
        path);
}

enum wi_code wi_cli_infer_save(const json_t *answer, const struct wi_rest_answer *whole,
    const char *path, struct wi_buffer *out, struct wi_error *error)
{
    struct wi_tensors tensors = {0};
    const char *ending = ending_asked(path);
    enum wi_code code = wi_cli_read_outputs(&tensors, answer, whole, error);

    if (code == WI_OK && ending)
        code = save_one(&tensors, path, ending, out, error);
    else if (code == WI_OK && mkdir(path, 0777) != 0 && errno != EEXIST)
        code = wi_cli_refuse(error, "%s cannot be made: %s", path, strerror(errno));
    else if (code == WI_OK)
        code = save_all(&tensors, path, out, error);
    wi_tensors_clear(&tensors);
    return code;
}

size_t wi_cli_json_size(const struct wi_rest_answer *answer)
{
    return answer->json_size ? answer->json_size : answer->body.size;
}

enum wi_exit wi_cli_infer_put(const struct wi_cli *cli, struct wi_buffer *out, const json_t *answer,
    const struct wi_rest_answer *whole)
{
    const char *path = wi_argument(&cli->arguments, "output");
    struct wi_error error = {0};

    if (!cli->json)
        wi_cli_infer_print(out, answer);
    if (path && wi_cli_infer_save(answer, whole, path, out, &error) != WI_OK)
        return wi_cli_complain(&error);
    return WI_EXIT_OK;
}
