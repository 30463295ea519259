/* Walks of DAGs that are made by hand: what is asked for, which files and leaves come out, and what
 * is refused. */
#include "../../../test.h"
#include "blocks.h"

#include "base/memory.h"
#include "base/table.h"
#include "models/share/content/walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLENTY (UINT64_C(1) << 40)

/* --- a store of blocks ------------------------------------------------------------------------ */

struct stored {
    struct wi_cid cid;
    struct wi_buffer block;
    unsigned asked; /* how often */
    UT_hash_handle hh;
};

struct fixture {
    struct stored *blocks;
    struct wi_walk *walk;
    struct wi_error error;
    char told[4096]; /* bytes of files that lie in blocks that were read, as "file@at:bytes " */
    size_t told_bytes;
    size_t told_calls;
};

static int set_up(void **state)
{
    *state = wi_alloc(sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct stored *stored, *next;
    HASH_ITER(hh, fixture->blocks, stored, next)
    {
        HASH_DELETE(hh, fixture->blocks, stored);
        wi_buffer_clear(&stored->block);
        free(stored);
    }
    wi_walk_free(fixture->walk);
    free(fixture);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct stored *find(struct fixture *fixture, const struct wi_cid *cid)
{
    struct stored *stored;
    HASH_FIND(hh, fixture->blocks, cid, sizeof *cid, stored);
    return stored;
}

static struct wi_cid store(
    struct fixture *fixture, enum wi_codec codec, const void *bytes, size_t size)
{
    struct stored *stored = wi_alloc(sizeof *stored);
    wi_cid_of(codec, bytes, size, &stored->cid);
    struct wi_cid cid = stored->cid;
    if (find(fixture, &cid)) {
        free(stored);
        return cid;
    }
    wi_buffer_add(&stored->block, bytes, size);
    HASH_ADD(hh, fixture->blocks, cid, sizeof stored->cid, stored);
    return cid;
}

static struct wi_cid store_raw(struct fixture *fixture, const char *text)
{
    return store(fixture, WI_CODEC_RAW, text, strlen(text));
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Stores the node, which is empty then. */
static struct wi_cid store_node(
    struct fixture *fixture, struct node *node, unsigned type, const char *data)
{
    struct wi_buffer block = {0};
    make(node, type, data, &block);
    struct wi_cid cid = store(fixture, WI_CODEC_DAG_PB, block.text, block.size);
    wi_buffer_clear(&block);
    return cid;
}

static struct wi_cid store_leaf(struct fixture *fixture, const char *data)
{
    return store_node(fixture, &(struct node){0}, A_FILE, data);
}

/* A node of `count` links to the same block of `bytes` each. */
static struct wi_cid store_many(
    struct fixture *fixture, const struct wi_cid *to, uint64_t bytes, size_t count)
{
    struct node node = {0};
    for (size_t i = 0; i < count; i++)
        put(&node, to, "", bytes);
    return store_node(fixture, &node, A_FILE, NULL);
}

/* --- walking ---------------------------------------------------------------------------------- */

static void take_bytes(
    void *context, size_t file, uint64_t at, const unsigned char *bytes, size_t size)
{
    struct fixture *fixture = context;
    size_t used = strlen(fixture->told);
    fixture->told_bytes += size;
    fixture->told_calls++;
    snprintf(fixture->told + used, sizeof fixture->told - used, "%zu@%u:%.*s ", file, (unsigned)at,
        (int)size, (const char *)bytes);
}

static void begin(struct fixture *fixture, const struct wi_cid *root, const char *path)
{
    wi_walk_free(fixture->walk);
    fixture->walk = wi_walk_new(root, path, PLENTY);
    fixture->told[0] = '\0';
    wi_walk_on_bytes(fixture->walk, take_bytes, fixture);
}

/* Gives what is asked for until nothing is. */
static enum wi_code feed(struct fixture *fixture)
{
    struct wi_cid cid;
    enum wi_code code = WI_OK;
    while (code == WI_OK && wi_walk_wanted(fixture->walk, &cid)) {
        struct stored *stored = find(fixture, &cid);
        assert_non_null(stored);
        stored->asked++;
        code = wi_walk_give(fixture->walk, &cid, (const unsigned char *)stored->block.text,
            stored->block.size, &fixture->error);
    }
    assert_true(code != WI_OK || wi_walk_is_done(fixture->walk));
    return code;
}

static enum wi_code list(struct fixture *fixture, const struct wi_cid *root, const char *path)
{
    begin(fixture, root, path);
    return feed(fixture);
}

/* Lists, descends into all files, and feeds. */
static enum wi_code read_all(struct fixture *fixture, const struct wi_cid *root)
{
    enum wi_code code = list(fixture, root, NULL);
    size_t count = 0;
    if (code == WI_OK)
        wi_walk_files(fixture->walk, &count);
    for (size_t i = 0; i < count && code == WI_OK; i++)
        code = wi_walk_descend(fixture->walk, i, &fixture->error);
    return code == WI_OK ? feed(fixture) : code;
}

static void assert_refused(struct fixture *fixture, enum wi_code got, const char *why)
{
    assert_int_equal(got, WI_HUB_FAILED);
    if (!strstr(fixture->error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", fixture->error.detail, why);
}

/* The files as "path:bytes ". */
static void assert_files(struct fixture *fixture, const char *expected)
{
    char got[1024] = "";
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(fixture->walk, &count);
    for (size_t i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s:%u ", files[i].path,
            (unsigned)files[i].bytes);
    assert_string_equal(got, expected);
}

/* The leaves of a file as "at:content ". */
static void assert_leaves(struct fixture *fixture, size_t file, const char *expected)
{
    char got[1024] = "";
    size_t count;
    const struct wi_walk_file *files = wi_walk_files(fixture->walk, &count);
    for (size_t i = 0; i < files[file].leaf_count; i++) {
        const struct wi_leaf *leaf = &files[file].leaves[i];
        struct stored *stored = find(fixture, &leaf->cid);
        assert_int_equal(stored->block.size, leaf->bytes);
        snprintf(got + strlen(got), sizeof got - strlen(got), "%u:%.*s ", (unsigned)leaf->at,
            (int)leaf->bytes, stored->block.text);
    }
    assert_string_equal(got, expected);
}

/* --- what is read ----------------------------------------------------------------------------- */

TEST(a_raw_block_is_a_file_of_one_leaf)
{
    struct fixture *fixture = *state;
    struct wi_cid root = store_raw(fixture, "abc");
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, ":3 ");
    assert_leaves(fixture, 0, "0:abc ");
    assert_true(wi_cid_equal(wi_walk_cid(fixture->walk), &root));
    assert_int_equal(wi_walk_descend(fixture->walk, 0, NULL), WI_OK);
    assert_leaves(fixture, 0, "0:abc ");
}

TEST(an_empty_file_has_no_leaf)
{
    struct fixture *fixture = *state;
    struct node folder = {0};
    struct wi_cid empty = store_raw(fixture, ""), v0 = store_leaf(fixture, NULL);
    put(&folder, &empty, "a", 0);
    put(&folder, &v0, "b", 8);
    struct wi_cid root = store_node(fixture, &folder, DIRECTORY, NULL);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, "a:0 b:0 ");
    assert_leaves(fixture, 0, "");
    assert_leaves(fixture, 1, "");
    assert_string_equal(fixture->told, "");
    assert_int_equal(find(fixture, &empty)->asked, 0);
}

TEST(folders_are_listed_by_path_and_names_that_no_model_can_have_are_left_out)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid x = store_raw(fixture, "x"), yy = store_raw(fixture, "yy");
    put(&node, &x, "HEAD", 1);
    struct wi_cid hidden = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &yy, "z.onnx", 2);
    put(&node, &x, "with space", 1);
    struct wi_cid below = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &hidden, ".git", 1);
    put(&node, &hidden, "a b", 1);
    put(&node, &yy, "b-model.onnx", 2);
    put(&node, &below, "b", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_files(fixture, "b-model.onnx:2 b/z.onnx:2 ");
    assert_int_equal(find(fixture, &hidden)->asked, 0);
    assert_int_equal(find(fixture, &yy)->asked, 0);
    assert_true(wi_cid_equal(wi_walk_cid(fixture->walk), &root));
}

TEST(a_path_leads_to_what_is_read)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid x = store_raw(fixture, "x");
    put(&node, &x, "m.onnx", 1);
    struct wi_cid inner = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &inner, "in ner", 1);
    struct wi_cid outer = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &outer, "outer", 1);
    put(&node, &inner, "beside", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(list(fixture, &root, "outer/in ner"), WI_OK);
    assert_files(fixture, "m.onnx:1 ");
    assert_true(wi_cid_equal(wi_walk_cid(fixture->walk), &inner));
    assert_int_equal(list(fixture, &root, "/beside//m.onnx/"), WI_OK);
    assert_files(fixture, ":1 ");
    assert_true(wi_cid_equal(wi_walk_cid(fixture->walk), &x));
    assert_int_equal(list(fixture, &root, "outer/none"), WI_HUB_NOT_FOUND);
    assert_non_null(strstr(fixture->error.detail, "outer/none"));
    assert_int_equal(list(fixture, &root, "beside/m.onnx/more"), WI_HUB_NOT_FOUND);
    assert_int_equal(list(fixture, &x, "more"), WI_HUB_NOT_FOUND);
}

TEST(a_tree_of_raw_leaves_of_differing_sizes_is_read_in_order)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid a = store_raw(fixture, "a"), bb = store_raw(fixture, "bb"),
                  ccc = store_raw(fixture, "ccc");
    put(&node, &a, "", 1);
    put(&node, &bb, "", 2);
    struct wi_cid left = store_node(fixture, &node, A_FILE, NULL);
    put(&node, &ccc, "", 3);
    put(&node, &a, "", 1);
    struct wi_cid right = store_node(fixture, &node, A_FILE, NULL);
    put(&node, &left, "", 3);
    put(&node, &bb, "", 2); /* a leaf beside inner nodes, as in a trickle tree */
    put(&node, &right, "", 4);
    put(&node, &left, "", 3);
    struct wi_cid root = store_node(fixture, &node, A_FILE, NULL);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, ":12 ");
    assert_leaves(fixture, 0, "0:a 1:bb 3:bb 5:ccc 8:a 9:a 10:bb ");
    assert_int_equal(find(fixture, &left)->asked, 1);
    assert_int_equal(find(fixture, &root)->asked, 1);
}

TEST(dag_pb_leaves_and_data_beside_links_are_told)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid leaf = store_leaf(fixture, "leaf"), raw = store_raw(fixture, "raw");
    put(&node, &leaf, "", 4);
    put(&node, &raw, "", 3);
    put(&node, &leaf, "", 4);
    struct wi_cid file = store_node(fixture, &node, A_FILE, "data");
    struct wi_cid small = store_node(fixture, &node, RAW, "old");
    put(&node, &file, "f", 1);
    put(&node, &leaf, "l", 1);
    put(&node, &small, "s", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, "f:15 l:4 s:3 ");
    assert_leaves(fixture, 0, "8:raw ");
    assert_leaves(fixture, 1, "");
    assert_string_equal(fixture->told, "0@0:data 0@4:leaf 0@11:leaf 1@0:leaf 2@0:old ");
    assert_int_equal(find(fixture, &file)->asked, 1);
    assert_int_equal(find(fixture, &leaf)->asked, 2); /* its length, then its bytes */
}

TEST(identities_are_read_in_place)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_buffer block = {0};
    struct wi_cid raw = store_raw(fixture, "raw");
    make(&node, A_FILE, "tiny", &block);
    put_identity(&node, WI_CODEC_RAW, "{}", 2, "", 2);
    put(&node, &raw, "", 3);
    put_identity(&node, WI_CODEC_DAG_PB, block.text, block.size, "", 4);
    struct wi_cid file = store_node(fixture, &node, A_FILE, NULL);
    put(&node, &file, "a", 1);
    put_identity(&node, WI_CODEC_RAW, "{}", 2, "b", 2);
    put_identity(&node, WI_CODEC_DAG_PB, block.text, block.size, "c", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    wi_buffer_clear(&block);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, "a:9 b:2 c:4 ");
    assert_leaves(fixture, 0, "2:raw ");
    assert_string_equal(fixture->told, "0@0:{} 0@5:tiny 1@0:{} 2@0:tiny ");
    assert_int_equal(list(fixture, &root, "b"), WI_OK);
    assert_files(fixture, ":2 ");
}

TEST(a_folder_may_be_an_identity_on_the_path)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_buffer block = {0};
    struct wi_cid raw = store_raw(fixture, "raw");
    put(&node, &raw, "m", 3);
    make(&node, DIRECTORY, NULL, &block);
    put_identity(&node, WI_CODEC_DAG_PB, block.text, block.size, "d", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    wi_buffer_clear(&block);
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_files(fixture, "d/m:3 ");
    assert_int_equal(list(fixture, &root, "d/m"), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, NULL), WI_OK);
    assert_leaves(fixture, 0, "0:raw ");
}

TEST(equal_folders_are_read_once_wherever_they_lie)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid x = store_raw(fixture, "x");
    put(&node, &x, "x", 1);
    struct wi_cid same = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &same, "same", 1);
    struct wi_cid above = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &above, "a", 1);
    put(&node, &same, "b", 1);
    put(&node, &same, "c", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    put(&node, &above, "a", 1);
    put(&node, &root, "r", 1);
    root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_files(fixture, "a/same/x:1 r/a/same/x:1 r/b/x:1 r/c/x:1 ");
    assert_int_equal(find(fixture, &same)->asked, 1);
    assert_int_equal(find(fixture, &above)->asked, 1);
}

TEST(a_raw_file_without_a_length_is_asked_for)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid x = store_raw(fixture, "xyz");
    put(&node, &x, "x", 0);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_files(fixture, "x:3 ");
    assert_leaves(fixture, 0, "0:xyz ");
    assert_int_equal(find(fixture, &x)->asked, 1);
}

/* --- asking and giving ------------------------------------------------------------------------ */

static enum wi_code give(struct fixture *fixture, const struct wi_cid *cid)
{
    struct stored *stored = find(fixture, cid);
    return wi_walk_give(fixture->walk, cid, (const unsigned char *)stored->block.text,
        stored->block.size, &fixture->error);
}

TEST(blocks_come_in_any_order_and_more_than_once)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid parts[4], asked[4], cid;
    char text[2] = "a";
    for (int i = 0; i < 4; i++, text[0]++) {
        struct wi_cid leaf = store_raw(fixture, text);
        parts[i] = store_many(fixture, &leaf, 1, 2);
        put(&node, &parts[i], "", 2);
    }
    struct wi_cid root = store_node(fixture, &node, A_FILE, NULL);
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, &fixture->error), WI_OK);
    for (int i = 0; i < 4; i++) {
        assert_true(wi_walk_wanted(fixture->walk, &asked[i]));
        assert_true(wi_cid_equal(&asked[i], &parts[i])); /* in the order of the file */
    }
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    assert_false(wi_walk_is_done(fixture->walk));
    for (int i = 3; i >= 0; i--) {
        assert_int_equal(give(fixture, &asked[i]), WI_OK);
        assert_int_equal(give(fixture, &asked[i]), WI_OK);
        wi_walk_return(fixture->walk, &asked[i]);
    }
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    assert_true(wi_walk_is_done(fixture->walk));
    assert_leaves(fixture, 0, "0:a 1:a 2:b 3:b 4:c 5:c 6:d 7:d ");
}

TEST(what_was_returned_is_asked_for_again)
{
    struct fixture *fixture = *state;
    struct wi_cid root = store_raw(fixture, "abc"), cid;
    begin(fixture, &root, NULL);
    wi_walk_return(fixture->walk, &root); /* not asked for yet */
    assert_true(wi_walk_wanted(fixture->walk, &cid));
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    wi_walk_return(fixture->walk, &root);
    wi_walk_return(fixture->walk, &root);
    assert_true(wi_walk_wanted(fixture->walk, &cid));
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    wi_walk_return(fixture->walk, &root);
    assert_int_equal(give(fixture, &root), WI_OK); /* late */
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    assert_true(wi_walk_is_done(fixture->walk));
}

TEST(another_block_is_as_if_none_had_come)
{
    struct fixture *fixture = *state;
    struct wi_cid root = store_raw(fixture, "abc"), cid;
    begin(fixture, &root, NULL);
    assert_true(wi_walk_wanted(fixture->walk, &cid));
    assert_int_equal(
        wi_walk_give(fixture->walk, &cid, (const unsigned char *)"abd", 3, &fixture->error),
        WI_DOWNLOAD_CORRUPT);
    unsigned char *large = wi_alloc(WI_BLOCK_MAX + 1);
    assert_int_equal(
        wi_walk_give(fixture->walk, &cid, large, WI_BLOCK_MAX + 1, NULL), WI_DOWNLOAD_CORRUPT);
    free(large);
    assert_false(wi_walk_is_done(fixture->walk));
    assert_int_equal(give(fixture, &root), WI_OK);
    assert_true(wi_walk_is_done(fixture->walk));
}

TEST(a_dag_pb_leaf_is_read_depth_first_so_that_few_blocks_wait)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid cid, leaf[4], inner[2];
    leaf[0] = store_leaf(fixture, "a");
    leaf[1] = store_leaf(fixture, "b");
    leaf[2] = store_leaf(fixture, "c");
    leaf[3] = store_leaf(fixture, "d");
    for (int i = 0; i < 2; i++) {
        put(&node, &leaf[2 * i], "", 1);
        put(&node, &leaf[2 * i + 1], "", 1);
        inner[i] = store_node(fixture, &node, A_FILE, NULL);
    }
    put(&node, &inner[0], "", 2);
    put(&node, &inner[1], "", 2);
    struct wi_cid root = store_node(fixture, &node, A_FILE, NULL);
    const struct wi_cid *expected[] = {
        &inner[0], &leaf[0], &leaf[1], &inner[1], &leaf[2], &leaf[3]};
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, &fixture->error), WI_OK);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(wi_walk_wanted(fixture->walk, &cid));
        assert_true(wi_cid_equal(&cid, expected[i]));
        assert_int_equal(give(fixture, &cid), WI_OK);
    }
    assert_true(wi_walk_is_done(fixture->walk));
    assert_string_equal(fixture->told, "0@0:a 0@1:b 0@2:c 0@3:d ");
}

TEST(only_files_that_are_descended_into_are_read)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid x = store_raw(fixture, "x"), cid;
    struct wi_cid inner = store_many(fixture, &x, 1, 3);
    struct wi_cid tree = store_many(fixture, &inner, 3, 2);
    put(&node, &tree, "t", 1);
    put(&node, &x, "x", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(list(fixture, &root, NULL), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 1, NULL), WI_OK);
    assert_false(wi_walk_wanted(fixture->walk, &cid));
    assert_leaves(fixture, 0, "");
    assert_leaves(fixture, 1, "0:x ");
    assert_int_equal(find(fixture, &inner)->asked, 0);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, NULL), WI_OK);
    assert_int_equal(feed(fixture), WI_OK);
    assert_leaves(fixture, 0, "0:x 1:x 2:x 3:x 4:x 5:x ");
    assert_int_equal(find(fixture, &tree)->asked, 1);
}

/* --- what is refused -------------------------------------------------------------------------- */

TEST(more_bytes_than_there_is_room_for_are_refused_before_leaves_are_read)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid leaf = store_leaf(fixture, "1234567890");
    struct wi_cid file = store_many(fixture, &leaf, 10, 2);
    put(&node, &file, "a", 1);
    put(&node, &file, "b", 1);
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    fixture->walk = wi_walk_new(&root, NULL, 39);
    assert_int_equal(feed(fixture), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, &fixture->error), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 1, &fixture->error), WI_NO_ROOM);
    assert_non_null(strstr(fixture->error.detail, "20"));
    assert_non_null(strstr(fixture->error.detail, "39"));
    assert_int_equal(find(fixture, &leaf)->asked, 0);
}

/* Two levels of 1,001 links: 1,002,001 leaves. */
TEST(a_million_links_to_one_block_are_refused)
{
    struct fixture *fixture = *state;
    struct wi_cid raw = store_raw(fixture, "x"), leaf = store_leaf(fixture, "x");
    struct wi_cid inner = store_many(fixture, &raw, 1, 1001);
    struct wi_cid root = store_many(fixture, &inner, 1001, 1001);
    assert_refused(fixture, read_all(fixture, &root), "more than 1000000 blocks");
    assert_int_equal(find(fixture, &inner)->asked, 1);
    inner = store_many(fixture, &leaf, 1, 1300);
    root = store_many(fixture, &inner, 1300, 1000);
    assert_refused(fixture, read_all(fixture, &root), "more than 1250000 blocks");
    assert_int_equal(find(fixture, &leaf)->asked, 0);
}

TEST(links_to_one_block_short_of_a_million_are_read_once)
{
    struct fixture *fixture = *state;
    struct wi_cid raw = store_raw(fixture, "x"), leaf = store_leaf(fixture, "x");
    struct wi_cid inner = store_many(fixture, &raw, 1, 1000);
    struct wi_cid root = store_many(fixture, &inner, 1000, 1000);
    size_t count;
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_int_equal(wi_walk_files(fixture->walk, &count)->leaf_count, 1000000);
    assert_int_equal(find(fixture, &raw)->asked, 0);
    inner = store_many(fixture, &leaf, 1, 1000);
    root = store_many(fixture, &inner, 1000, 1000);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_int_equal(fixture->told_calls, 1000000);
    assert_int_equal(find(fixture, &leaf)->asked, 1);
}

/* No leaf is below, so that no count of leaves ends it: 2^60 places. */
TEST(a_tree_of_nothing_that_doubles_at_each_level_is_refused)
{
    struct fixture *fixture = *state;
    struct wi_cid file = store_leaf(fixture, NULL);
    for (int i = 0; i < 60; i++)
        file = store_many(fixture, &file, 0, 2);
    assert_refused(fixture, read_all(fixture, &file), "more than 1250000 blocks");
    struct node node = {0};
    struct wi_cid folder = store_node(fixture, &node, DIRECTORY, NULL);
    for (int i = 0; i < 60; i++) {
        put(&node, &folder, "a", 1);
        put(&node, &folder, "b", 1);
        folder = store_node(fixture, &node, DIRECTORY, NULL);
    }
    assert_refused(fixture, list(fixture, &folder, NULL), "more than 10000 files and folders");
}

static struct wi_cid store_chain(struct fixture *fixture, struct wi_cid leaf, int levels)
{
    while (levels-- > 0)
        leaf = store_many(fixture, &leaf, 1, 1);
    return leaf;
}

TEST(what_is_deeper_than_64_blocks_is_refused)
{
    struct fixture *fixture = *state;
    struct wi_cid raw = store_raw(fixture, "x"), leaf = store_leaf(fixture, "x");
    struct wi_cid root = store_chain(fixture, raw, 63);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    assert_leaves(fixture, 0, "0:x ");
    root = store_chain(fixture, raw, 64);
    assert_refused(fixture, read_all(fixture, &root), "deeper than 64");
    root = store_chain(fixture, leaf, 64);
    assert_refused(fixture, read_all(fixture, &root), "deeper than 64");
    struct node node = {0};
    for (int i = 0; i < 64; i++) {
        put(&node, &raw, "f", 1);
        raw = store_node(fixture, &node, DIRECTORY, NULL);
    }
    assert_refused(fixture, list(fixture, &raw, NULL), "deeper than 64");
}

TEST(sizes_that_do_not_add_up_are_refused)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid raw = store_raw(fixture, "x"), leaf = store_leaf(fixture, "xy");
    struct wi_cid root = store_many(fixture, &leaf, 3, 2);
    assert_refused(fixture, read_all(fixture, &root), "it has 2 bytes of a file");
    struct wi_cid inner = store_many(fixture, &raw, 1, 2);
    root = store_many(fixture, &inner, 3, 1);
    assert_refused(fixture, read_all(fixture, &root), "what links to it says 3");
    root = store_many(fixture, &raw, 0, 1);
    assert_refused(fixture, read_all(fixture, &root), "it is not empty");
    put(&node, &raw, "", WI_BLOCK_MAX + 1);
    root = store_node(fixture, &node, A_FILE, NULL);
    assert_refused(fixture, read_all(fixture, &root), "4194305 bytes");
    put(&node, &raw, "f", UINT64_MAX);
    root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_int_equal(read_all(fixture, &root), WI_NO_ROOM);
}

TEST(kinds_of_blocks_that_are_not_read_are_named)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid root = store_node(fixture, &node, HAMT, NULL);
    assert_refused(fixture, list(fixture, &root, NULL), "HAMT");
    struct wi_cid link = store_node(fixture, &node, SYMLINK, "../x");
    put(&node, &link, "l", 1);
    root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_refused(fixture, list(fixture, &root, NULL), "symbolic link");
    struct wi_cid folder = store_node(fixture, &node, DIRECTORY, NULL);
    root = store_many(fixture, &folder, 0, 1);
    assert_refused(fixture, read_all(fixture, &root), "folder, and is below a file");
    root = store(fixture, WI_CODEC_DAG_PB, "junk", 4);
    assert_refused(fixture, list(fixture, &root, NULL), "byte");
}

TEST(names_that_lead_out_or_are_there_twice_refuse_the_whole)
{
    static const char *const bad[] = {"..", ".", "", "/etc/passwd", "a/../../b", "a/b"};
    struct fixture *fixture = *state;
    struct wi_cid raw = store_raw(fixture, "x"), root;
    struct node node = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(&node, &raw, bad[i], 1);
        root = store_node(fixture, &node, DIRECTORY, NULL);
        assert_int_equal(list(fixture, &root, NULL), WI_HUB_FAILED);
        assert_int_equal(list(fixture, &root, bad[i]), WI_HUB_FAILED);
    }
    put(&node, &raw, "b", 1);
    put(&node, &raw, "a", 1);
    put(&node, &raw, "b", 1);
    root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_refused(fixture, list(fixture, &root, NULL), "twice");
}

/* Of a folder the costly part is counted, too, wherever it is linked to. */
TEST(a_large_folder_that_is_linked_to_often_is_refused)
{
    struct fixture *fixture = *state;
    struct node node = {0};
    struct wi_cid raw = store_raw(fixture, "x");
    char name[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, ".hidden%d", i);
        put(&node, &raw, name, 1);
    }
    struct wi_cid large = store_node(fixture, &node, DIRECTORY, NULL);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        put(&node, &large, name, 1);
    }
    struct wi_cid root = store_node(fixture, &node, DIRECTORY, NULL);
    assert_refused(fixture, list(fixture, &root, NULL), "its folders have more than 67108864");
}

/* 17 nodes of almost 4 MiB. */
TEST(more_inner_nodes_than_are_kept_are_refused)
{
    struct fixture *fixture = *state;
    struct node node = {0}, top = {0};
    char *data = wi_alloc((4u << 20) - 100);
    memset(data, 'x', (4u << 20) - 101);
    for (int i = 0; i < 17; i++) {
        data[0] = (char)('a' + i);
        struct wi_cid leaf = store_raw(fixture, "x");
        put(&node, &leaf, "", 1);
        struct wi_cid inner = store_node(fixture, &node, A_FILE, data);
        put(&top, &inner, "", strlen(data) + 1);
    }
    struct wi_cid root = store_node(fixture, &top, A_FILE, NULL);
    free(data);
    assert_refused(fixture, read_all(fixture, &root), "inner nodes have more than 67108864");
}

/* Files' roots that are more than is kept at first are asked for once more. */
TEST(roots_of_files_are_not_all_kept)
{
    struct fixture *fixture = *state;
    struct node node = {0}, folder = {0};
    struct wi_cid roots[4], leaf = store_raw(fixture, "x");
    char *data = wi_alloc((3u << 20) + 1), name[16];
    memset(data, 'x', 3u << 20);
    for (int i = 0; i < 4; i++) {
        data[0] = (char)('a' + i);
        put(&node, &leaf, "", 1);
        roots[i] = store_node(fixture, &node, A_FILE, data);
        snprintf(name, sizeof name, "%d", i);
        put(&folder, &roots[i], name, 1);
    }
    free(data);
    struct wi_cid root = store_node(fixture, &folder, DIRECTORY, NULL);
    assert_int_equal(read_all(fixture, &root), WI_OK);
    for (unsigned i = 0; i < 4; i++) {
        assert_leaves(fixture, i, "3145728:x ");
        assert_int_equal(find(fixture, &roots[i])->asked, i < 2 ? 1 : 2);
    }
    assert_int_equal(fixture->told_bytes, 4 * (3u << 20));
}

TEST(bytes_outside_raw_blocks_are_refused_where_nobody_takes_them)
{
    struct fixture *fixture = *state;
    struct wi_cid root = store_leaf(fixture, "leaf");
    fixture->walk = wi_walk_new(&root, NULL, PLENTY);
    assert_int_equal(feed(fixture), WI_OK);
    assert_int_equal(wi_walk_descend(fixture->walk, 0, &fixture->error), WI_OK);
    assert_refused(fixture, feed(fixture), "in blocks other than raw ones");
}
