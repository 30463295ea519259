/* The trees of files and folders: CIDs that Helia computed for the same, and what a tree consists
 * of. */
#include "../../../test.h"

#include "base/memory.h"
#include "models/share/content/dag.h"
#include "models/share/content/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

static void assert_cid(const struct wi_tree_root *root, const char *expected)
{
    char text[WI_CID_TEXT];
    wi_cid_print(&root->cid, text);
    assert_string_equal(text, expected);
}

/* So many bytes of the same value; whole leaves of them are hashed once. */
static void leaves_of(uint64_t bytes, int value, struct wi_leaves *leaves)
{
    size_t whole = (size_t)(bytes / MIB), rest = (size_t)(bytes % MIB);
    unsigned char *leaf = wi_alloc(MIB), hash[WI_HASH_SIZE];
    memset(leaf, value, MIB);
    leaves->bytes = bytes;
    leaves->count = whole + (rest > 0 || whole == 0);
    leaves->hashes = wi_realloc_array(NULL, leaves->count, WI_HASH_SIZE);
    wi_hash(leaf, MIB, hash);
    for (size_t i = 0; i < whole; i++)
        memcpy(leaves->hashes[i], hash, WI_HASH_SIZE);
    if (leaves->count > whole)
        wi_hash(leaf, rest, leaves->hashes[whole]);
    free(leaf);
}

static struct wi_tree_root tree_of(uint64_t bytes, int value, wi_tree_node_fn *each, void *context)
{
    struct wi_leaves leaves = {0};
    struct wi_tree_root root;
    leaves_of(bytes, value, &leaves);
    wi_tree_of_file(&leaves, each, context, &root);
    wi_leaves_clear(&leaves);
    assert_int_equal(root.bytes, bytes);
    return root;
}

static struct wi_tree_root tree_of_text(const char *text)
{
    struct wi_leaf_hasher *hasher = wi_leaf_hasher_new();
    struct wi_leaves leaves = {0};
    struct wi_tree_root root;
    wi_leaf_hasher_add(hasher, text, strlen(text));
    wi_leaf_hasher_end(hasher, &leaves);
    wi_leaf_hasher_free(hasher);
    wi_tree_of_file(&leaves, NULL, NULL, &root);
    wi_leaves_clear(&leaves);
    return root;
}

static void assert_file(uint64_t bytes, const char *expected)
{
    struct wi_tree_root root = tree_of(bytes, 0, NULL, NULL);
    assert_cid(&root, expected);
}

/* --- nodes ------------------------------------------------------------------------------------ */

struct seen {
    size_t count;
    uint64_t bytes;        /* of all of them */
    struct wi_buffer last; /* the block */
};

static void keep_last(
    void *context, const struct wi_cid *cid, const unsigned char *block, size_t size)
{
    struct seen *seen = context;
    struct wi_cid expected;
    wi_cid_of(WI_CODEC_DAG_PB, block, size, &expected);
    assert_true(wi_cid_equal(cid, &expected));
    seen->count++;
    seen->bytes += size;
    wi_buffer_clear(&seen->last);
    wi_buffer_add(&seen->last, block, size);
}

/* --- files ------------------------------------------------------------------------------------ */

TEST(files_have_the_cids_that_helia_gives)
{
    assert_file(0, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    assert_file(1, "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu");
    assert_file(MIB, "bafkreibq4fevl27rgurgnxbp7adh42aqiyd6ouflxhj3gzmcxcxzbh6lla");
    assert_file(MIB + 1, "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq");
    assert_file(1024 * MIB, "bafybeibqawkaltgjfdebq4no6nmfcvkcw7k52xqzclkwfmrkn6oxw7srmy");
    assert_file(1024 * MIB + 1, "bafybeigx4uyebjbq65346xh6cjrt6yshbdudzudhnqecwbzvymslxj7gje");
}

TEST(all_leaves_of_a_file_have_the_same_depth)
{
    struct seen seen = {0};
    struct wi_dag_node node;
    struct wi_tree_root root = tree_of(1024 * MIB + 1, 0, keep_last, &seen);
    /* Two nodes of leaves, the second of which has one, and their parent. */
    assert_int_equal(seen.count, 3);
    assert_int_equal(root.tsize, root.bytes + seen.bytes);
    assert_int_equal(
        wi_dag_read(WI_CODEC_DAG_PB, (unsigned char *)seen.last.text, seen.last.size, &node, NULL),
        WI_OK);
    assert_int_equal(node.count, 2);
    assert_int_equal(node.bytes, root.bytes);
    assert_int_equal(node.links[0].bytes, 1024 * MIB);
    assert_int_equal(node.links[1].to.codec, WI_CODEC_DAG_PB);
    assert_int_equal(node.links[1].bytes, 1);
    wi_dag_clear(&node);
    wi_buffer_clear(&seen.last);
}

TEST(a_large_file_has_three_levels)
{
    struct seen seen = {0};
    struct wi_tree_root root = tree_of((1024 * 1024 + 1) * MIB, 0, keep_last, &seen);
    assert_int_equal(seen.count, 1025 + 2 + 1);
    assert_int_equal(root.tsize, root.bytes + seen.bytes);
    wi_buffer_clear(&seen.last);
}

TEST(a_single_leaf_is_the_file)
{
    struct seen seen = {0};
    struct wi_tree_root root = tree_of(MIB, 0, keep_last, &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(root.cid.codec, WI_CODEC_RAW);
    assert_int_equal(root.tsize, MIB);
    root = tree_of(0, 0, keep_last, &seen);
    assert_int_equal(root.tsize, 0);
}

/* --- folders ---------------------------------------------------------------------------------- */

TEST(folders_have_the_cids_that_helia_gives)
{
    const struct wi_tree_file model[] = {
        {"empty.txt", tree_of_text("")},
        {"model.json", tree_of_text("{}\n")},
        {"model.onnx", tree_of(3 * MIB + 5, 7, NULL, NULL)},
        {"onnx/model.onnx", tree_of_text("abc")},
    };
    const struct wi_tree_file letters[] = {
        {"Z", tree_of_text("z")}, {"a/x", tree_of_text("x")}, {"b", tree_of_text("b")}};
    struct wi_tree_root root;
    assert_int_equal(wi_tree_of_folder(model, 4, NULL, NULL, &root, NULL), WI_OK);
    assert_cid(&root, "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu");
    assert_int_equal(root.bytes, 0);
    assert_int_equal(wi_tree_of_folder(letters, 3, NULL, NULL, &root, NULL), WI_OK);
    assert_cid(&root, "bafybeifnd754mto6tpaf4qlzsgarhgg3rfnf4pvc5dewovbv7r34hrdf2m");
}

TEST(a_folder_is_sorted_by_names_not_by_paths)
{
    /* By path "a-b" is before "a/x". */
    const struct wi_tree_file files[] = {
        {"a-b", tree_of_text("y")}, {"a/x", tree_of_text("x")}, {"a0", tree_of_text("z")}};
    struct seen seen = {0};
    struct wi_tree_root root;
    struct wi_dag_node node;
    assert_int_equal(wi_tree_of_folder(files, 3, keep_last, &seen, &root, NULL), WI_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(root.tsize, seen.bytes + 3);
    assert_int_equal(
        wi_dag_read(WI_CODEC_DAG_PB, (unsigned char *)seen.last.text, seen.last.size, &node, NULL),
        WI_OK);
    assert_int_equal(node.count, 3);
    assert_memory_equal(node.links[0].name, "a", 1);
    assert_memory_equal(node.links[1].name, "a-b", 3);
    assert_memory_equal(node.links[2].name, "a0", 2);
    wi_dag_clear(&node);
    wi_buffer_clear(&seen.last);
}

/* A link of a name of 96 bytes takes 38 + 98 + 2 bytes, and 3 for its length; Data takes 4. */
TEST(a_folder_that_would_be_a_hamt_is_refused)
{
    enum { FILES = 1859, NAME = 96, LONGER = 22 };
    struct wi_tree_file *files = wi_alloc(FILES * sizeof *files);
    char(*paths)[8 + NAME + LONGER] = wi_alloc(FILES * sizeof *paths);
    struct wi_tree_root leaf = tree_of_text("a"), root;
    struct wi_error error;
    struct seen seen = {0};
    for (size_t i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof *paths, "onnx/%0*zu", NAME, i);
        files[i] = (struct wi_tree_file){paths[i], leaf};
    }
    /* With 21 bytes more the block has 2^18 bytes, which Helia does not part. */
    for (size_t i = 0; i < LONGER - 1; i++)
        strcat(paths[FILES - 1], "x");
    assert_int_equal(wi_tree_of_folder(files, FILES, keep_last, &seen, &root, &error), WI_OK);
    assert_int_equal(root.tsize, seen.bytes + FILES);
    assert_true(seen.bytes > WI_FOLDER_BLOCK_MAX);
    assert_int_equal(seen.bytes - seen.last.size, WI_FOLDER_BLOCK_MAX);
    strcat(paths[FILES - 1], "x");
    assert_int_equal(wi_tree_of_folder(files, FILES, NULL, NULL, &root, &error), WI_MODEL_INVALID);
    assert_non_null(
        strstr(error.detail, "the folder \"/onnx/\" has 1859 entries, which take 262145 bytes"));
    assert_non_null(strstr(error.detail, "at most 262144"));
    wi_buffer_clear(&seen.last);
    free(paths);
    free(files);
}

/* --- leaves ----------------------------------------------------------------------------------- */

TEST(leaves_do_not_depend_on_the_pieces)
{
    static const size_t pieces[] = {1000, 4096, 65537, MIB - 1, MIB, 3 * MIB};
    size_t size = 2 * MIB + 70000;
    unsigned char *bytes = wi_alloc(size), expected[3][WI_HASH_SIZE];
    struct wi_leaf_hasher *hasher = wi_leaf_hasher_new();
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < 3; i++)
        wi_hash(bytes + i * MIB, i < 2 ? MIB : 70000, expected[i]);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct wi_leaves leaves = {0};
        for (size_t at = 0; at < size; at += pieces[i])
            wi_leaf_hasher_add(hasher, bytes + at, size - at < pieces[i] ? size - at : pieces[i]);
        wi_leaf_hasher_end(hasher, &leaves); /* another file begins */
        assert_int_equal(leaves.count, 3);
        assert_int_equal(leaves.bytes, size);
        assert_memory_equal(leaves.hashes, expected, sizeof expected);
        wi_leaves_clear(&leaves);
        assert_null(leaves.hashes);
    }
    wi_leaf_hasher_free(hasher);
    free(bytes);
}

TEST(the_last_leaf_is_what_is_left)
{
    static const struct {
        uint64_t bytes;
        size_t leaves;
    } files[] = {{0, 1}, {1, 1}, {MIB - 1, 1}, {MIB, 1}, {MIB + 1, 2}, {2 * MIB, 2}};
    unsigned char *zeros = wi_alloc(2 * MIB);
    struct wi_leaf_hasher *hasher = wi_leaf_hasher_new();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct wi_leaves leaves = {0}, expected = {0};
        wi_leaf_hasher_add(hasher, zeros, files[i].bytes);
        wi_leaf_hasher_end(hasher, &leaves);
        leaves_of(files[i].bytes, 0, &expected);
        assert_int_equal(leaves.count, files[i].leaves);
        assert_int_equal(leaves.bytes, files[i].bytes);
        assert_memory_equal(leaves.hashes, expected.hashes, leaves.count * WI_HASH_SIZE);
        wi_leaves_clear(&leaves);
        wi_leaves_clear(&expected);
    }
    wi_leaf_hasher_add(hasher, zeros, MIB + 1); /* and never ends */
    wi_leaf_hasher_free(hasher);
    wi_leaf_hasher_free(NULL);
    free(zeros);
}
