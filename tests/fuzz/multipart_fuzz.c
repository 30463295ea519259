/*
 * Fuzzes multipart/form-data: the first line is the Content-Type, the rest the body. Every part
 * that is read lies within the body, behind the one before, and has a name.
 */
#include "plant.h"
#include "wire/multipart.h"
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
    free(body);
    free(type);
    return 0;
}
