/* Any bytes as the settings of a folder: config.json up to a NUL, then tokenizer_config.json, then
 * 1_Pooling/config.json. What is said of them keeps its limits. */
#include "plant.h"
#include "terms/format/format.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    struct wi_view view;
    const char *texts[3];
    size_t sizes[3];
};
static const char *const names[] = {
    "config.json", "tokenizer_config.json", "1_Pooling/config.json", "tokenizer.json"};

static int open_text(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    uint64_t *bytes, struct wi_error *error)
{
    const struct files *files = (const struct files *)view;
    (void)reach;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(path, names[i]) != 0)
            continue;
        int fd = memfd_create("text", MFD_CLOEXEC);
        *bytes = files->sizes[i];
        if (fd < 0 || write(fd, files->texts[i], files->sizes[i]) != (ssize_t)files->sizes[i] ||
            lseek(fd, 0, SEEK_SET) != 0)
            abort();
        return fd;
    }
    wi_error_set(error, WI_MODEL_INVALID, path, "there is no %s", path);
    return -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct files files = {.view = {.open = open_text}};
    struct wi_variant variant = {0};
    for (size_t i = 0; i < 3 && size > 0; i++) {
        const uint8_t *end = memchr(data, 0, size);
        files.texts[i] = (const char *)data;
        files.sizes[i] = end ? (size_t)(end - data) : size;
        data += files.sizes[i] + (end != NULL);
        size -= files.sizes[i] + (end != NULL);
    }
    for (size_t i = 0; i < 4; i++)
        if (i == 0 || i == 3 || files.sizes[i] > 0) /* without the others it is a folder, too */
            wi_strings_add(&variant.files, names[i]);
    struct wi_format_reading reading = {.name = "m", .variant = &variant, .view = &files.view};
    const struct wi_facts *facts = &reading.facts;
    if (wi_huggingface_read(&reading) == WI_OK) {
        WI_PLANT(facts->vocabulary < 99); /* in no seed */
        assert(facts->tasks.count <= WI_TASK_COUNT && facts->type < WI_TYPE_COUNT);
        assert(strlen(facts->huggingface.model_type) < sizeof facts->huggingface.model_type);
        for (size_t i = 0; i < facts->tasks.count; i++)
            assert(wi_task_name(facts->tasks.items[i]));
    } else {
        assert(reading.error.code == WI_MODEL_INVALID && reading.error.field[0] &&
               reading.error.detail[0]);
    }
    wi_facts_clear(&reading.facts);
    wi_strings_clear(&variant.files);
    return 0;
}
