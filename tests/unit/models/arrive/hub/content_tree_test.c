/* What a walk has found, as a list of files. */
#include "../../../test.h"

#include "models/arrive/hub/content_tree.h"
#include "models/share/content/tree.h"
#include <stdlib.h>
#include <string.h>

/* Blocks by their CIDs. */
static struct {
    struct wi_cid cid;
    unsigned char *bytes;
    size_t size;
} blocks[32];
static size_t count;

static void keep(void *context, const struct wi_cid *cid, const unsigned char *block, size_t size)
{
    (void)context;
    blocks[count].cid = *cid;
    blocks[count].bytes = memcpy(malloc(size + 1), block, size);
    blocks[count++].size = size;
}

static int drop_blocks(void **state)
{
    (void)state;
    while (count > 0)
        free(blocks[--count].bytes);
    return 0;
}

FIXTURE(drop_blocks, drop_blocks)

/* A file of so many equal bytes, whose leaves are kept too. */
static struct wi_tree_root make_file(size_t size, char byte)
{
    struct wi_leaf_hasher *hasher = wi_leaf_hasher_new();
    struct wi_leaves leaves = {0};
    struct wi_tree_root root;
    unsigned char *bytes = malloc(size + 1);
    memset(bytes, byte, size);
    wi_leaf_hasher_add(hasher, bytes, size);
    wi_leaf_hasher_end(hasher, &leaves);
    wi_leaf_hasher_free(hasher);
    wi_tree_of_file(&leaves, keep, NULL, &root);
    if (leaves.count == 1)
        keep(NULL, &root.cid, bytes, size);
    wi_leaves_clear(&leaves);
    free(bytes);
    return root;
}

static struct wi_walk *walk_to_end(const struct wi_cid *root, const char *path)
{
    struct wi_walk *walk = wi_walk_new(root, path, UINT64_MAX);
    struct wi_error error;
    struct wi_cid cid;
    while (wi_walk_wanted(walk, &cid)) {
        size_t i = 0;
        while (i < count && !wi_cid_equal(&blocks[i].cid, &cid))
            i++;
        assert_true(i < count);
        if (wi_walk_give(walk, &cid, blocks[i].bytes, blocks[i].size, &error) != WI_OK)
            fail_msg("%s", error.detail);
    }
    assert_true(wi_walk_is_done(walk));
    return walk;
}

TEST(lists_a_folder)
{
    struct wi_tree_file files[] = {{"a/model.onnx", make_file(2u << 20, 7)},
        {"a/model.onnx_data", make_file(5, 7)}, {"run.py", make_file(3, 1)}};
    struct wi_tree_root root;
    struct wi_error error;
    char text[WI_CID_TEXT], hex[WI_HASH_HEX_SIZE];
    assert_int_equal(wi_tree_of_folder(files, 3, keep, NULL, &root, &error), WI_OK);
    struct wi_walk *walk = walk_to_end(&root.cid, NULL);
    struct wi_hub_tree tree = {0};
    assert_false(wi_content_is_file(walk));
    assert_int_equal(wi_content_tree(walk, NULL, &tree, &error), WI_OK);
    wi_cid_print(&root.cid, text);
    assert_string_equal(tree.commit, text);
    assert_int_equal(tree.count, 3);
    assert_int_equal(tree.bytes, (2u << 20) + 8);
    assert_string_equal(tree.files[0].path, "a/model.onnx");
    assert_string_equal(tree.files[0].remote, "a/model.onnx");
    wi_cid_print(&files[0].root.cid, text);
    assert_int_equal(tree.files[0].digest, WI_HUB_CID);
    assert_string_equal(tree.files[0].hash, text);
    wi_hash_hex(files[1].root.cid.hash, hex);
    assert_int_equal(tree.files[1].digest, WI_HUB_SHA256);
    assert_string_equal(tree.files[1].hash, hex);
    assert_int_equal(tree.files[1].bytes, 5);
    assert_int_equal(wi_content_find(walk, "run.py"), 2);
    assert_int_equal(wi_content_find(walk, "a/model.onnx"), 0);
    assert_true(wi_content_find(walk, "model.onnx") == SIZE_MAX);
    wi_hub_tree_clear(&tree);
    wi_walk_free(walk);
}

TEST(lists_what_a_path_leads_to)
{
    struct wi_tree_file files[] = {{"a/model.onnx", make_file(5, 7)}, {"b", make_file(3, 1)}};
    struct wi_tree_root root;
    struct wi_error error;
    assert_int_equal(wi_tree_of_folder(files, 2, keep, NULL, &root, &error), WI_OK);
    struct wi_walk *walk = walk_to_end(&root.cid, "a");
    struct wi_hub_tree tree = {0};
    assert_int_equal(wi_content_tree(walk, NULL, &tree, &error), WI_OK);
    assert_int_equal(tree.count, 1);
    assert_string_equal(tree.files[0].path, "model.onnx");
    wi_hub_tree_clear(&tree);
    wi_walk_free(walk);
}

TEST(names_a_single_file_by_how_it_begins)
{
    struct wi_tree_root root = make_file(3, 1);
    struct wi_error error;
    struct wi_walk *walk = walk_to_end(&root.cid, "");
    struct wi_hub_tree tree = {0};
    assert_true(wi_content_is_file(walk));
    assert_int_equal(wi_content_tree(walk, "model.gguf", &tree, &error), WI_OK);
    assert_int_equal(tree.count, 1);
    assert_string_equal(tree.files[0].path, "model.gguf");
    assert_string_equal(tree.files[0].remote, "");
    assert_int_equal(wi_content_find(walk, ""), 0);
    wi_hub_tree_clear(&tree);
    wi_walk_free(walk);
    assert_string_equal(wi_content_file_name((const unsigned char *)"GGUF\3", 5), "model.gguf");
    assert_string_equal(wi_content_file_name((const unsigned char *)"GGU", 3), "model.onnx");
    assert_string_equal(wi_content_file_name(NULL, 0), "model.onnx");
}
