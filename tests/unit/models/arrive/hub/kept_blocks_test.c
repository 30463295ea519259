/* Blocks that are kept beside the files of a pull. */
#include "../../../test.h"

#include "../../../files.h"
#include "models/arrive/hub/kept_blocks.h"

struct fixture {
    char root[64];
    int folder;
    struct wi_kept_blocks *kept;
};

static int set_up(void **state)
{
    struct fixture *f = *state = calloc(1, sizeof *f);
    f->folder = open_root(f->root, "kept");
    f->kept = wi_kept_blocks_new();
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_kept_blocks_release(f->kept);
    close_root(f->root, f->folder);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

/* The block `text`, of which the file has the bytes from `hole_at` on. */
static struct wi_cid add(
    struct fixture *f, const char *text, const char *path, uint32_t hole_at, uint32_t hole_size)
{
    struct wi_kept_block block = {
        .path = path, .at = 1000, .hole_at = hole_at, .hole_size = hole_size};
    char *bytes = strdup(text);
    wi_cid_of(WI_CODEC_DAG_PB, (const unsigned char *)text, strlen(text), &block.cid);
    memmove(bytes + hole_at, bytes + hole_at + hole_size, strlen(text) - hole_at - hole_size);
    block.bytes = (unsigned char *)bytes;
    block.size = strlen(text) - hole_size;
    wi_kept_blocks_add(f->kept, &block);
    free(bytes);
    return block.cid;
}

static void write_all(struct fixture *f)
{
    size_t size;
    unsigned char *bytes = wi_kept_blocks_take(f->kept, &size);
    assert_non_null(bytes);
    assert_int_equal(wi_kept_blocks_write(f->folder, bytes, size), 0);
    free(bytes);
    assert_null(wi_kept_blocks_take(f->kept, &size));
}

/* As after a kill. */
static void load(struct fixture *f)
{
    wi_kept_blocks_release(f->kept);
    f->kept = wi_kept_blocks_new();
    wi_kept_blocks_load(f->kept, f->folder);
}

static void expect(const struct fixture *f, const struct wi_cid *cid, const char *text)
{
    const struct wi_kept_block *block = wi_kept_blocks_find(f->kept, cid);
    if (!text) {
        assert_null(block);
        return;
    }
    assert_non_null(block);
    assert_int_equal(block->size, strlen(text));
    assert_memory_equal(block->bytes, text, block->size);
}

TEST(has_what_was_kept_over_a_kill)
{
    struct fixture *f = *state;
    struct wi_cid whole = add(f, "folder", NULL, 0, 0);
    struct wi_cid leaf = add(f, "<<bytes>", "a/model.gguf", 2, 5);
    expect(f, &whole, "folder");
    expect(f, &leaf, "<<>");
    write_all(f);
    struct wi_cid later = add(f, "later", NULL, 0, 0);
    write_all(f);
    load(f);
    expect(f, &whole, "folder");
    expect(f, &later, "later");
    expect(f, &leaf, "<<>");
    const struct wi_kept_block *block = wi_kept_blocks_find(f->kept, &leaf);
    assert_string_equal(block->path, "a/model.gguf");
    assert_int_equal(block->at, 1000);
    assert_int_equal(block->hole_at, 2);
    assert_int_equal(block->hole_size, 5);
    assert_null(wi_kept_blocks_find(f->kept, &whole)->path);
}

TEST(is_asked_for_again_once_it_was_wrong)
{
    struct fixture *f = *state;
    struct wi_cid cid = add(f, "folder", NULL, 0, 0);
    wi_kept_blocks_forget(f->kept, &cid);
    expect(f, &cid, NULL);
    wi_kept_blocks_load(f->kept, f->folder); /* there is nothing */
    expect(f, &cid, NULL);
}

/* Whatever lies there, it ends before what is not whole, and goes on from there. */
TEST(reads_up_to_what_is_cut)
{
    struct fixture *f = *state;
    char *path = wi_sprintf("%s/.blocks", f->root);
    struct wi_cid first = add(f, "first", NULL, 0, 0);
    write_all(f);
    struct wi_cid second = add(f, "second", "x", 1, 2);
    write_all(f);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    for (off_t size = status.st_size - 1; size >= 0; size--) {
        assert_int_equal(truncate(path, size), 0);
        load(f);
        expect(f, &second, NULL);
        if (size == status.st_size - 1) {
            expect(f, &first, "first");
            struct wi_cid third = add(f, "third", NULL, 0, 0);
            write_all(f);
            load(f);
            expect(f, &first, "first");
            expect(f, &third, "third");
        }
    }
    free(path);
}

TEST(believes_no_length)
{
    struct fixture *f = *state;
    struct wi_cid cid = add(f, "first", "path", 1, 2);
    size_t size;
    unsigned char *good = wi_kept_blocks_take(f->kept, &size), *bad = malloc(size);
    for (size_t at = 0; at < size; at++) {
        memcpy(bad, good, size);
        bad[at] = 0xff;
        unlinkat(f->folder, ".blocks", 0);
        assert_int_equal(wi_kept_blocks_write(f->folder, bad, size), 0);
        load(f); /* whatever it is then, it is within bounds */
        const struct wi_kept_block *block = wi_kept_blocks_find(f->kept, &cid);
        if (block)
            assert_true(block->hole_at <= block->size && block->size <= WI_BLOCK_MAX);
    }
    free(good);
    free(bad);
}
