/* An answer for people: the labels or the first numbers, what really ran, and how long it took. */
#include "cli/infer.h"

#include "base/memory.h"
#include "cli/npy.h"
#include "cli/table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How many numbers of an output are shown. */
#define SHOWN 8

static void put_labels(struct wi_buffer *out, const json_t *labels)
{
    static const struct wi_column columns[] = {
        {"LABEL", "label", NULL}, {"PROBABILITY", "_percent", NULL}, {0}};
    json_t *rows = json_array();
    const json_t *label;
    size_t i;

    json_array_foreach(labels, i, label)
    {
        json_t *row = json_copy((json_t *)label);
        double probability = json_number_value(json_object_get(label, "probability"));
        json_object_set_new(row, "_percent", json_sprintf("%.2f %%", 100 * probability));
        json_array_append_new(rows, row);
    }
    wi_table(out, columns, rows);
    json_decref(rows);
}

static void put_output(struct wi_buffer *out, const json_t *output)
{
    const json_t *data = json_object_get(output, "data");
    size_t count = json_array_size(data);

    wi_table_cell(out, json_object_get(output, "name"), NULL);
    wi_buffer_puts(out, " ");
    wi_table_cell(out, json_object_get(output, "datatype"), NULL);
    wi_buffer_puts(out, "[");
    if (json_array_size(json_object_get(output, "shape")))
        wi_table_cell(out, json_object_get(output, "shape"), NULL);
    wi_buffer_puts(out, "]");
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        wi_buffer_puts(out, i ? ", " : " = ");
        wi_table_cell(out, json_array_get(data, i), NULL);
    }
    if (count > SHOWN)
        wi_buffer_printf(out, ", … %zu more", count - SHOWN);
    wi_buffer_puts(out, "\n");
}

static void put_value(
    struct wi_buffer *out, const char *label, const json_t *object, const char *path)
{
    wi_buffer_puts(out, label);
    wi_table_cell(out, wi_json_at(object, path), NULL);
}

static void put_executed_on(struct wi_buffer *out, const json_t *executed)
{
    const json_t *adapter = json_object_get(executed, "adapter");
    const json_t *fallback;
    size_t i;

    put_value(out, "ran on: ", executed, "browser");
    put_value(out, " ", executed, "browser_version");
    put_value(out, ", ", executed, "platform");
    put_value(out, ", engine ", executed, "engine");
    put_value(out, ", node ", executed, "node");
    wi_buffer_puts(out, "\n");
    if (json_is_object(adapter)) {
        put_value(out, "adapter: ", adapter, "vendor");
        put_value(out, " ", adapter, "architecture");
        put_value(out, ", ", adapter, "description");
        wi_buffer_puts(
            out, json_is_true(json_object_get(adapter, "is_fallback")) ? " (software)\n" : "\n");
    }
    json_array_foreach(json_object_get(executed, "fallbacks"), i, fallback)
    {
        put_value(out, "not on ", fallback, "platform");
        put_value(out, ": ", fallback, "reason");
        wi_buffer_puts(out, "\n");
    }
}

void wi_cli_infer_print(struct wi_buffer *out, const json_t *answer)
{
    const json_t *labels = wi_json_at(answer, "result.labels");
    const json_t *performance = json_object_get(answer, "performance");
    const json_t *output;
    size_t i;

    if (json_array_size(labels)) {
        put_labels(out, labels);
    } else {
        json_array_foreach(json_object_get(answer, "outputs"), i, output)
        {
            put_output(out, output);
        }
    }
    put_executed_on(out, json_object_get(answer, "executed_on"));
    put_value(out, "time: queue ", performance, "queue_ms");
    put_value(out, ", load ", performance, "load_ms");
    put_value(out, ", inference ", performance, "inference_ms");
    put_value(out, ", total ", performance, "total_ms");
    put_value(out, " ms; attempts: ", performance, "attempts");
    wi_buffer_puts(out, "\n");
}

/* A file name from an output's name: what could be a path or hide a file becomes "_". */
static char *file_name(const char *directory, const char *name)
{
    char *path = wi_sprintf("%s/%s.npy", directory, name);
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
    enum wi_code code =
        wi_npy_write_header(&header, tensor->datatype, tensor->dims, tensor->rank, error);
    FILE *file;
    int failed;

    if (code != WI_OK)
        return code;
    file = fopen(path, "we");
    failed = !file || fwrite(header.text, 1, header.size, file) != header.size ||
             fwrite(wi_tensor_bytes(tensor), 1, tensor->size, file) != tensor->size;
    if (file && fclose(file) != 0)
        failed = 1;
    if (failed)
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be written: %s", path, strerror(errno));
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
        char *path = file_name(directory, tensor->name);
        if (wi_strings_contain(&written, path))
            code = wi_error_set(
                error, WI_BAD_REQUEST, "", "Two outputs would both be saved as %s", path);
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

enum wi_code wi_cli_infer_save(const json_t *answer, const struct wi_buffer *body, size_t json_size,
    const char *directory, struct wi_buffer *out, struct wi_error *error)
{
    struct wi_tensors tensors = {0};
    struct wi_blob *blob = wi_blob_new(NULL, body->size + 1);
    enum wi_code code = WI_MEMORY_BUDGET;

    if (!blob || wi_blob_append(blob, body->text, body->size) != 0) {
        wi_error_set(error, code, "", "There is not enough memory for the answer");
        goto out;
    }
    code = wi_tensors_from_json(
        &tensors, json_object_get(answer, "outputs"), blob, json_size, NULL, "outputs", error);
    if (code != WI_OK)
        goto out;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be made: %s", directory, strerror(errno));
        goto out;
    }
    code = save_all(&tensors, directory, out, error);
out:
    wi_tensors_clear(&tensors);
    wi_blob_unref(blob);
    return code;
}
