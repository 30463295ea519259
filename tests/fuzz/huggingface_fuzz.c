/* Any bytes as the settings of a folder: config.json up to a NUL, then tokenizer_config.json, then
 * 1_Pooling/config.json. What is said of them keeps its limits. */
#include "format/huggingface.h"
#include "plant.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    const char *texts[3];
    size_t sizes[3];
};
static const char *const names[] = {
    "config.json", "tokenizer_config.json", "1_Pooling/config.json", "tokenizer.json"};

static char *read_text(void *context, const char *path, size_t *size, struct wi_error *error)
{
    const struct files *files = context;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(path, names[i]) != 0)
            continue;
        *size = files->sizes[i];
        return wi_strndup(files->texts[i] ? files->texts[i] : "", files->sizes[i]);
    }
    wi_error_set(error, WI_MODEL_INVALID, path, "there is no %s", path);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct files files = {0};
    struct wi_strings list = {0};
    struct wi_huggingface info;
    struct wi_error error = {0};
    for (size_t i = 0; i < 3 && size > 0; i++) {
        const uint8_t *end = memchr(data, 0, size);
        files.texts[i] = (const char *)data;
        files.sizes[i] = end ? (size_t)(end - data) : size;
        data += files.sizes[i] + (end != NULL);
        size -= files.sizes[i] + (end != NULL);
    }
    for (size_t i = 0; i < 4; i++)
        if (i == 0 || i == 3 || files.sizes[i] > 0) /* without the others it is a folder, too */
            wi_strings_add(&list, names[i]);
    struct wi_huggingface_folder folder = {
        .name = "m", .files = &list, .read = read_text, .context = &files};
    if (wi_huggingface_read(&folder, &info, &error) == WI_OK) {
        WI_PLANT(info.labels == 3);
        assert(info.tasks.count <= WI_TASK_COUNT && info.type < WI_TYPE_COUNT);
        assert(strlen(info.model_type) < sizeof info.model_type);
        for (size_t i = 0; i < info.tasks.count; i++)
            assert(wi_task_name(info.tasks.items[i]));
    } else {
        assert(error.code == WI_MODEL_INVALID && error.field[0] && error.detail[0]);
    }
    wi_strings_clear(&list);
    return 0;
}
