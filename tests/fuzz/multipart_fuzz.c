/*
 * Fuzzes forms, and pictures and sounds alone: the first line is the Content-Type, the rest the
 * body. Every part that is read lies within the body, behind the one before, and has a name. What
 * becomes a request of the native dialect is one with that file, whatever else it says.
 */
#include "plant.h"
#include "wire/dialect.h"
#include "wire/multipart.h"
#include "wire/upload.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct wi_multipart *form, const uint8_t *body, size_t size)
{
    const unsigned char *least = body;
    for (size_t i = 0; i < form->count; i++) {
        const struct wi_multipart_part *part = &form->parts[i];
        if (!*part->name || part->bytes < least || part->bytes > body + size ||
            part->size > (size_t)(body + size - part->bytes))
            abort();
        if (!wi_multipart_find(form, part->name))
            abort();
        least = part->bytes + part->size;
        WI_PLANT(strcmp(part->name, "image") == 0 && !part->is_file); /* no seed has it */
    }
}

static enum wi_code upload_body(
    struct wi_upload *upload, const char *type, const struct wi_blob *body, struct wi_error *error)
{
    const char *name = wi_upload_file_name(type);
    return name ? wi_upload_add_file(upload, name, body->bytes, body->size, error)
                : wi_upload_add_parts(upload, type, body->bytes, body->size, error);
}

static void check_request(struct wi_blob *body, size_t json_size)
{
    struct wi_infer infer = {0};
    struct wi_error error = {0};
    if (json_size >= body->size || memchr(body->bytes, '\0', json_size))
        abort();
    if (wi_dialect_parse(&wi_dialect_native, &infer, body, json_size, NULL, &error) == WI_OK &&
        (infer.asked->tensors.count != 1 || infer.asked->tensors.items[0].offset != json_size ||
            infer.asked->tensors.items[0].size != body->size - json_size))
        abort();
    wi_infer_clear(&infer);
}

static void check_upload(const char *type, const uint8_t *bytes, size_t size)
{
    struct wi_upload upload = {0};
    struct wi_error error = {0};
    struct wi_blob *body = wi_blob_new(NULL, size);
    size_t json_size;
    wi_blob_append(body, bytes, size);
    if (upload_body(&upload, type, body, &error) == WI_OK &&
        wi_upload_finish(&upload, body, &json_size, &error) == WI_OK)
        check_request(body, json_size);
    else if (error.code == WI_OK || !*error.detail)
        abort();
    wi_upload_clear(&upload);
    wi_blob_unref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size);
    if (!line)
        return 0;
    static struct wi_multipart form;
    struct wi_error error = {0};
    char *type = strndup((const char *)data, (size_t)(line - data));
    size_t rest = size - (size_t)(line + 1 - data);
    uint8_t *body = malloc(rest ? rest : 1);
    memcpy(body, line + 1, rest);
    if (wi_multipart_read(&form, type, body, rest, &error) == WI_OK)
        check(&form, body, rest);
    else if (error.code != WI_BAD_FRAMING || !*error.detail)
        abort();
    check_upload(type, body, rest);
    free(body);
    free(type);
    return 0;
}
