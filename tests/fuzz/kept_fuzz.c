/*
 * Any bytes as what an earlier daemon has written down of its pulls. The first byte chooses: the
 * request of one under way, or the source of one that is done. What is accepted can be trusted:
 * names are names, paths stay inside, hashes are hashes; and written down again it is the same.
 */
#include "base/file.h"
#include "models/arrive/hub/pull_plan.h"
#include "plant.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wi_config *config(void)
{
    static struct wi_config *loaded;
    struct wi_problems problems = {0};
    if (!loaded)
        loaded = wi_config_load(NULL, &problems);
    assert(loaded);
    return loaded;
}

static void read_request(const char *text)
{
    struct wi_pull_order order = {0}, again = {0};
    struct wi_error error = {0};
    if (wi_pull_order_read(&order, text, config(), &error) != WI_OK) {
        assert(error.detail[0] && !order.name);
        return;
    }
    WI_PLANT(!order.parsed.is_content && strlen(order.name) > 8); /* in no seed */
    assert(wi_model_check_name(order.name, NULL) == WI_OK && !strchr(order.name, ':'));
    assert(strncmp(order.name, "builtin/", 8) != 0 && order.files.count <= WI_PULL_PATTERNS_MAX);
    char *printed = wi_pull_order_print(&order);
    enum wi_code code = wi_pull_order_read(&again, printed, config(), &error);
    assert(code == WI_OK && strcmp(order.id, again.id) == 0);
    (void)code;
    free(printed);
    wi_pull_order_clear(&again);
    wi_pull_order_clear(&order);
}

static void check_files(const struct wi_source *source)
{
    assert(source->count <= WI_MODEL_FILES_MAX);
    for (size_t i = 0; i < source->count; i++) {
        const struct wi_source_file *file = &source->files[i];
        size_t length = strlen(file->hash);
        assert(wi_file_path_ok(file->path) && file->bytes <= INT64_MAX && !file->here);
        assert(length == 40 || length == 64);
        assert(strspn(file->hash, "0123456789abcdef") == length);
        (void)length;
    }
}

static void read_source(const char *text, size_t size)
{
    struct wi_source source = {0}, again = {0};
    if (wi_source_parse(text, size, &source) != 0) {
        assert(source.count == 0 && !source.files && !source.hub);
        return;
    }
    check_files(&source);
    char *printed = wi_source_print(&source);
    int result = wi_source_parse(printed, strlen(printed), &again);
    assert(result == 0 && again.count == source.count && again.pulled_at == source.pulled_at);
    (void)result;
    char *twice = wi_source_print(&again);
    assert(strcmp(printed, twice) == 0);
    free(twice);
    free(printed);
    wi_source_clear(&again);
    wi_source_clear(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = wi_strndup((const char *)data + 1, size - 1);
    if (data[0] % 2 == 0)
        read_request(text);
    else
        read_source((const char *)data + 1, size - 1);
    free(text);
    return 0;
}
