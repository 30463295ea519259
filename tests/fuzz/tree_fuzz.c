/*
 * Any bytes as what a hub says of a repository. The first byte chooses: a page of the JSON tree,
 * SHA256SUMS or the revision. What is accepted can be trusted: paths stay inside, hashes are
 * hashes, and what is chosen of it is of the tree, bounded, and of the kinds that are fetched.
 */
#include "base/file.h"
#include "models/arrive/hub/choose.h"
#include "plant.h"
#include "terms/format/format.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(const struct wi_hub_file *file)
{
    size_t digits = file->digest == WI_HUB_SHA256 ? 64 : 40;
    assert(wi_file_path_ok(file->path) && wi_file_path_ok(file->remote));
    assert(strlen(file->hash) == digits && strspn(file->hash, "0123456789abcdef") == digits);
    assert(file->bytes == WI_HUB_BYTES_UNKNOWN || file->bytes <= WI_HUB_FILE_MAX);
    (void)digits;
}

static void check_tree(const struct wi_hub_tree *tree)
{
    assert(tree->count <= WI_HUB_FILES_MAX);
    for (size_t i = 0; i < tree->count; i++) {
        check_file(&tree->files[i]);
        assert(i == 0 || strcmp(tree->files[i - 1].path, tree->files[i].path) < 0);
        assert(wi_hub_tree_find(tree, tree->files[i].path) == &tree->files[i]);
    }
}

static void check_choice(const struct wi_hub_tree *tree, const struct wi_hub_want *want)
{
    struct wi_hub_tree chosen = {0};
    struct wi_error error = {0};
    char *variant;
    enum wi_code code = wi_hub_choose(tree, want, &chosen, &variant, &error);
    assert(code == WI_OK ? chosen.count > 0 : chosen.count == 0 && error.detail[0] && !variant);
    assert(chosen.count <= WI_MODEL_FILES_MAX);
    check_tree(&chosen);
    for (size_t i = 0; i < chosen.count; i++)
        assert(wi_format_may_have(chosen.files[i].path) &&
               wi_hub_tree_find(tree, chosen.files[i].remote));
    (void)code;
    free(variant);
    wi_hub_tree_clear(&chosen);
}

static void choose(const struct wi_hub_tree *tree)
{
    static char *patterns[] = {(char *)"*.json", (char *)"*o*l*"};
    const struct wi_strings files = {patterns, 2};
    const struct wi_hub_want wants[] = {{.memory = 1 << 30}, {.variant = "Q8_0"},
        {.precision = "int8", .memory = 1 << 20}, {.files = &files}};
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++)
        check_choice(tree, &wants[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_hub_tree tree = {0};
    struct wi_error error = {0};
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    enum wi_code code = data[0] % 3 == 0 ? wi_hub_tree_read_page(&tree, text, size - 1, &error)
                        : data[0] % 3 == 1
                            ? wi_hub_tree_read_sums(&tree, text, size - 1, &error)
                            : wi_hub_tree_read_revision(&tree, text, size - 1, &error);
    if (code == WI_OK)
        code = wi_hub_tree_finish(&tree, &error);
    if (code == WI_OK) {
        WI_PLANT(tree.count == 1);
        check_tree(&tree);
        choose(&tree);
    } else {
        assert(error.detail[0]);
    }
    wi_hub_tree_clear(&tree);
    return 0;
}
