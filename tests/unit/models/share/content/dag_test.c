/* Blocks of files and folders: what is read of them, what is refused, and that what is written is
 * what is read. */
#include "../../../test.h"
#include "blocks.h"

#include "base/memory.h"
#include "models/share/content/dag.h"
#include <stdlib.h>
#include <string.h>

/* --- blocks by hand --------------------------------------------------------------------------- */

static struct wi_cid cid_of(const char *content)
{
    struct wi_cid cid;
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)content, strlen(content), &cid);
    return cid;
}

static void put_hash(struct wi_buffer *link, const char *content)
{
    unsigned char bytes[WI_CID_BYTES];
    struct wi_cid cid = cid_of(content);
    wi_cid_write(&cid, bytes);
    put_bytes(link, HASH, bytes, sizeof bytes);
}

static void put_named(struct wi_buffer *block, const char *content, const char *name, size_t size)
{
    struct wi_buffer link = {0};
    put_hash(&link, content);
    put_bytes(&link, NAME, name, size);
    put_number(&link, TSIZE, strlen(content));
    put_message(block, LINK, &link);
}

static void put_link(struct wi_buffer *block, const char *content, const char *name)
{
    put_named(block, content, name, strlen(name));
}

static void put_data(struct wi_buffer *block, unsigned type)
{
    struct wi_buffer data = {0};
    put_number(&data, TYPE, type);
    put_message(block, DATA, &data);
}

static enum wi_code read_block(
    const struct wi_buffer *block, struct wi_dag_node *node, struct wi_error *error)
{
    return wi_dag_read(
        WI_CODEC_DAG_PB, (const unsigned char *)block->text, block->size, node, error);
}

/* Frees the block. */
static void assert_refused(struct wi_buffer *block, const char *why)
{
    struct wi_dag_node node;
    struct wi_error error = {0};
    assert_int_equal(read_block(block, &node, &error), WI_HUB_FAILED);
    if (!strstr(error.detail, why))
        fail_msg("%s", error.detail);
    assert_null(node.links);
    wi_buffer_clear(block);
}

static void assert_read(const struct wi_buffer *block, struct wi_dag_node *node)
{
    struct wi_error error;
    if (read_block(block, node, &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static void assert_link(const struct wi_dag_link *link, const char *content, const char *name)
{
    struct wi_cid cid = cid_of(content);
    assert_null(link->to.identity);
    assert_true(wi_cid_equal(&link->to.cid, &cid));
    assert_int_equal(link->tsize, strlen(content));
    assert_int_equal(link->name_size, name ? strlen(name) : 0);
    if (name)
        assert_memory_equal(link->name, name, strlen(name));
    else
        assert_null(link->name);
}

/* --- files ------------------------------------------------------------------------------------ */

TEST(a_raw_block_is_a_file)
{
    struct wi_dag_node node;
    assert_int_equal(
        wi_dag_read(WI_CODEC_RAW, (const unsigned char *)"abc", 3, &node, NULL), WI_OK);
    assert_int_equal(node.kind, WI_DAG_FILE);
    assert_int_equal(node.bytes, 3);
    assert_int_equal(node.data_size, 3);
    assert_memory_equal(node.data, "abc", 3);
    assert_int_equal(node.count, 0);
    wi_dag_clear(&node);
}

/* Data of "ab", behind which come links of "cde" and "f". */
static void put_file_data(struct wi_buffer *block, int packed, int filesize)
{
    struct wi_buffer data = {0};
    put_number(&data, TYPE, A_FILE);
    put_bytes(&data, BYTES, "ab", 2);
    if (filesize)
        put_number(&data, FILESIZE, 6);
    if (packed) {
        put_bytes(&data, BLOCKSIZES, "\3\1", 2);
    } else {
        put_number(&data, BLOCKSIZES, 3);
        put_number(&data, BLOCKSIZES, 1);
    }
    put_message(block, DATA, &data);
}

static void put_file_links(struct wi_buffer *block)
{
    put_link(block, "cde", "");
    put_link(block, "f", "a name that means nothing");
}

static void assert_file(struct wi_buffer *block)
{
    struct wi_dag_node node;
    assert_read(block, &node);
    assert_int_equal(node.kind, WI_DAG_FILE);
    assert_int_equal(node.bytes, 6);
    assert_int_equal(node.data_size, 2);
    assert_memory_equal(node.data, "ab", 2);
    assert_int_equal(node.count, 2);
    assert_link(&node.links[0], "cde", NULL);
    assert_link(&node.links[1], "f", NULL);
    assert_int_equal(node.links[0].bytes, 3);
    assert_int_equal(node.links[1].bytes, 1);
    wi_dag_clear(&node);
    wi_buffer_clear(block);
}

TEST(links_and_data_come_in_either_order)
{
    for (int form = 0; form < 4; form++) {
        struct wi_buffer before = {0}, behind = {0};
        put_file_links(&before);
        put_file_data(&before, form & 1, form & 2);
        assert_file(&before);
        put_file_data(&behind, form & 1, form & 2);
        put_file_links(&behind);
        assert_file(&behind);
    }
}

TEST(unknown_fields_are_skipped)
{
    struct wi_buffer block = {0}, link = {0}, data = {0};
    struct wi_dag_node node;
    put_number(&link, 9, 5);
    put_hash(&link, "abc"); /* it has neither name nor size */
    put_message(&block, LINK, &link);
    put_bytes(&block, 7, "?", 1);
    put_number(&data, 7, 0644); /* a mode */
    put_bytes(&data, 8, "", 0);
    put_number(&data, BLOCKSIZES, 3);
    put_number(&data, TYPE, A_FILE);
    put_message(&block, DATA, &data);
    assert_read(&block, &node);
    assert_int_equal(node.count, 1);
    assert_int_equal(node.bytes, 3);
    assert_int_equal(node.links[0].tsize, 0);
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

TEST(leaves_of_old_files_are_of_type_raw)
{
    struct wi_buffer block = {0}, data = {0};
    struct wi_dag_node node;
    put_number(&data, TYPE, RAW);
    put_bytes(&data, BYTES, "abc", 3);
    put_number(&data, FILESIZE, 3);
    put_message(&block, DATA, &data);
    assert_read(&block, &node);
    assert_int_equal(node.kind, WI_DAG_FILE);
    assert_int_equal(node.bytes, 3);
    assert_memory_equal(node.data, "abc", 3);
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

TEST(identities_are_linked_to)
{
    static const unsigned char identity[] = {1, WI_CODEC_RAW, 0, 2, 'h', 'i'};
    struct wi_buffer block = {0}, link = {0}, data = {0};
    struct wi_dag_node node;
    put_bytes(&link, HASH, identity, sizeof identity);
    put_message(&block, LINK, &link);
    put_number(&data, TYPE, A_FILE);
    put_number(&data, BLOCKSIZES, 2);
    put_message(&block, DATA, &data);
    assert_read(&block, &node);
    assert_int_equal(node.links[0].to.identity_size, 2);
    assert_memory_equal(node.links[0].to.identity, "hi", 2);
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

/* A file of one link whose sizes are these. */
static struct wi_buffer sized(uint64_t filesize, const uint64_t *blocksizes, size_t count)
{
    struct wi_buffer block = {0}, data = {0};
    put_link(&block, "abc", "");
    put_number(&data, TYPE, A_FILE);
    put_number(&data, FILESIZE, filesize);
    for (size_t i = 0; i < count; i++)
        put_number(&data, BLOCKSIZES, blocksizes[i]);
    put_message(&block, DATA, &data);
    return block;
}

TEST(sizes_have_to_add_up)
{
    struct wi_buffer block = sized(4, (uint64_t[]){3}, 1);
    assert_refused(&block, "not the sum");
    block = sized(0, NULL, 0);
    assert_refused(&block, "as many sizes");
    block = sized(3, (uint64_t[]){2, 1}, 2);
    assert_refused(&block, "as many sizes");

    struct wi_buffer data = {0};
    put_link(&block, "abc", "");
    put_number(&data, TYPE, A_FILE);
    put_bytes(&data, BYTES, "a", 1);
    put_number(&data, BLOCKSIZES, UINT64_MAX);
    put_message(&block, DATA, &data);
    assert_refused(&block, "more than 64 bits");
}

/* --- folders ---------------------------------------------------------------------------------- */

TEST(a_folder_has_names)
{
    struct wi_buffer block = {0};
    struct wi_dag_node node;
    put_link(&block, "z", "b"); /* in an order of their own */
    put_link(&block, "x", "a");
    put_link(&block, "yy", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.onnx");
    put_data(&block, DIRECTORY);
    assert_read(&block, &node);
    assert_int_equal(node.kind, WI_DAG_FOLDER);
    assert_int_equal(node.bytes, 0);
    assert_int_equal(node.count, 3);
    assert_link(&node.links[0], "z", "b");
    assert_link(&node.links[1], "x", "a");
    assert_link(&node.links[2], "yy", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.onnx");
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
    put_data(&block, DIRECTORY);
    assert_read(&block, &node);
    assert_int_equal(node.count, 0);
    wi_buffer_clear(&block);
}

static void assert_name_refused(const char *name, size_t size, const char *why)
{
    struct wi_buffer block = {0};
    put_link(&block, "a", "a");
    put_named(&block, "b", name, size);
    put_data(&block, DIRECTORY);
    assert_refused(&block, why);
}

TEST(names_that_lead_elsewhere_are_refused)
{
    char longest[257];
    memset(longest, 'n', sizeof longest);
    assert_name_refused("", 0, "empty");
    assert_name_refused(".", 1, "\"..\"");
    assert_name_refused("..", 2, "\"..\"");
    assert_name_refused("b/c", 3, "\"/\"");
    assert_name_refused("/", 1, "\"/\"");
    assert_name_refused("b\0c", 3, "NUL");
    assert_name_refused("b\0", 2, "NUL");
    assert_name_refused("\xff", 1, "not UTF-8");
    assert_name_refused("b\xe2\x82", 3, "not UTF-8"); /* cut */
    assert_name_refused("\xc0\xae", 2, "not UTF-8");  /* "." in two bytes */
    assert_name_refused(longest, 256, "255 bytes");
    assert_name_refused("a", 1, "twice in the folder");

    struct wi_buffer block = {0}, link = {0};
    put_hash(&link, "abc");
    put_message(&block, LINK, &link);
    put_data(&block, DIRECTORY);
    assert_refused(&block, "empty");
}

TEST(a_name_is_found_twice_in_any_order)
{
    struct wi_buffer block = {0};
    struct wi_dag_node node;
    put_link(&block, "1", "ab");
    put_link(&block, "2", "a");
    put_link(&block, "3", "abc");
    put_data(&block, DIRECTORY);
    assert_read(&block, &node);
    wi_dag_clear(&node);
    put_link(&block, "4", "ab");
    assert_refused(&block, "twice in the folder");
}

/* --- what is refused -------------------------------------------------------------------------- */

TEST(other_kinds_are_refused_by_their_names)
{
    static const struct {
        unsigned type;
        const char *name;
    } kinds[] = {{METADATA, "metadata"}, {SYMLINK, "symbolic link"}, {HAMT, "HAMT directory"},
        {6, "unknown type"}, {1000, "unknown type"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct wi_buffer block = {0};
        put_data(&block, kinds[i].type);
        assert_refused(&block, kinds[i].name);
    }
}

TEST(what_is_no_node_is_refused)
{
    struct wi_buffer block = {0}, link = {0};
    assert_refused(&block, "no UnixFS");
    put_link(&block, "a", "a");
    assert_refused(&block, "no UnixFS");
    put_bytes(&block, DATA, "", 0);
    assert_refused(&block, "no type");
    put_data(&block, A_FILE);
    put_data(&block, A_FILE);
    assert_refused(&block, "there twice");
    put_number(&block, DATA, 1);
    assert_refused(&block, "another wire type");
    put_number(&block, LINK, 1);
    assert_refused(&block, "another wire type");
    wi_buffer_puts(&block, "\x0a\x7f");
    assert_refused(&block, "longer than what contains it");
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "no CID");
}

TEST(links_that_are_no_links_are_refused)
{
    struct wi_buffer block = {0}, link = {0};
    put_hash(&link, "a");
    put_hash(&link, "a");
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "there twice");
    put_bytes(&link, HASH, "\1\x55\0\1hi", 6); /* something behind the CID */
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "a link's CID");
    put_bytes(&link, HASH, "\1\x71\0\2hi", 6); /* DAG-CBOR */
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "a link's CID");
    put_number(&link, NAME, 1);
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "another wire type");
    put_bytes(&link, TSIZE, "a", 1);
    put_message(&block, LINK, &link);
    put_data(&block, A_FILE);
    assert_refused(&block, "another wire type");
}

TEST(unixfs_of_other_wire_types_is_refused)
{
    for (unsigned field = TYPE; field <= BLOCKSIZES; field++) {
        struct wi_buffer block = {0}, data = {0};
        put_varint(&data, field << 3 | WI_WIRE_FIXED32);
        wi_buffer_add(&data, "\0\0\0\0", 4);
        put_message(&block, DATA, &data);
        assert_refused(&block, "another wire type");
    }
    struct wi_buffer block = {0}, data = {0};
    put_number(&data, TYPE, A_FILE);
    put_bytes(&data, BLOCKSIZES, "\x80", 1);
    put_message(&block, DATA, &data);
    assert_refused(&block, "cut off");
}

TEST(blocks_and_their_links_are_bounded)
{
    static const unsigned char identity[] = {1, WI_CODEC_RAW, 0, 0};
    struct wi_buffer block = {0}, link = {0};
    struct wi_dag_node node;
    struct wi_error error;
    unsigned char *large = wi_alloc(WI_BLOCK_MAX + 1);
    assert_int_equal(wi_dag_read(WI_CODEC_RAW, large, WI_BLOCK_MAX, &node, NULL), WI_OK);
    assert_int_equal(
        wi_dag_read(WI_CODEC_RAW, large, WI_BLOCK_MAX + 1, &node, &error), WI_HUB_FAILED);
    assert_non_null(strstr(error.detail, "at most 4194304"));
    free(large);
    put_bytes(&link, HASH, identity, sizeof identity);
    for (unsigned i = 0; i <= WI_DAG_LINKS_MAX; i++)
        put_bytes(&block, LINK, link.text, link.size);
    wi_buffer_clear(&link);
    put_data(&block, A_FILE);
    assert_refused(&block, "too many links");
}

TEST(a_cut_block_is_refused_wherever_it_is_cut)
{
    struct wi_buffer block = {0};
    struct wi_dag_node node;
    put_file_links(&block);
    put_file_data(&block, 0, 1);
    for (size_t size = 0; size < block.size; size++) {
        /* Of its own, so that a read behind its end is seen. */
        unsigned char *cut = wi_alloc(size > 0 ? size : 1);
        memcpy(cut, block.text, size);
        assert_int_equal(wi_dag_read(WI_CODEC_DAG_PB, cut, size, &node, NULL), WI_HUB_FAILED);
        free(cut);
    }
    wi_buffer_clear(&block);
}

/* --- writing ---------------------------------------------------------------------------------- */

TEST(a_written_file_is_read)
{
    const struct wi_dag_child children[] = {
        {cid_of("cde"), NULL, 3, 1u << 20}, {cid_of("f"), NULL, 1, 300}};
    struct wi_buffer block = {0};
    struct wi_dag_node node;
    wi_dag_write_file(&block, children, 2);
    assert_read(&block, &node);
    assert_int_equal(node.kind, WI_DAG_FILE);
    assert_int_equal(node.data_size, 0);
    assert_int_equal(node.bytes, (1u << 20) + 300);
    assert_link(&node.links[0], "cde", NULL);
    assert_link(&node.links[1], "f", NULL);
    assert_int_equal(node.links[0].bytes, 1u << 20);
    assert_int_equal(node.links[1].bytes, 300);
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

TEST(a_written_folder_is_read)
{
    const struct wi_dag_child children[] = {{cid_of("x"), "a", 1, 0}, {cid_of("yy"), "b", 2, 0}};
    struct wi_buffer block = {0};
    struct wi_dag_node node;
    wi_dag_write_folder(&block, children, 2);
    assert_read(&block, &node);
    assert_int_equal(node.kind, WI_DAG_FOLDER);
    assert_link(&node.links[0], "x", "a");
    assert_link(&node.links[1], "yy", "b");
    wi_dag_clear(&node);
    wi_buffer_clear(&block);
}

/* What the whole IPFS network knows as the empty folder. */
TEST(the_empty_folder_has_the_cid_that_everybody_knows)
{
    struct wi_buffer block = {0};
    struct wi_cid cid, known;
    wi_dag_write_folder(&block, NULL, 0);
    wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)block.text, block.size, &cid);
    assert_int_equal(
        wi_cid_parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", NULL, &known, NULL), WI_OK);
    assert_true(wi_cid_equal(&cid, &known));
    wi_buffer_clear(&block);
}
