/* The trees of files and folders: CIDs that Helia computed for the same, and what a tree consists
 * of. */
#include "../test.h"

#include "base/memory.h"
#include "content/dag.h"
#include "content/tree.h"
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
