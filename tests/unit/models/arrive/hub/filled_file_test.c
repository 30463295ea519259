/* A file whose leaves are known, filled in any order in a real folder: what counts as being there,
 * and what of a killed one is believed. */
#include "../../../test.h"

#include "../../../files.h"
#include "failing_disk.h"
#include "models/arrive/hub/filled_file.h"
#include <uv.h>

#define LEAVES 12
#define LEAF 70000u /* no multiple of a page */
#define LAST 123u
#define BYTES ((LEAVES - 1) * LEAF + LAST)
#define ALL UINT64_MAX

struct fixture {
    char root[64];
    int folder;
    unsigned char content[BYTES];
    char hex[WI_HASH_HEX_SIZE];
    struct wi_leaf leaves[LEAVES];
    struct wi_filled_plan plan;
    struct wi_filled *file;
};

static void make_leaves(struct fixture *f)
{
    unsigned char hash[WI_HASH_SIZE];
    for (size_t i = 0; i < BYTES; i++)
        f->content[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t i = 0; i < LEAVES; i++) {
        struct wi_leaf *leaf = &f->leaves[i];
        leaf->at = i * LEAF;
        leaf->bytes = i + 1 < LEAVES ? LEAF : LAST;
        wi_cid_of(WI_CODEC_RAW, f->content + leaf->at, leaf->bytes, &leaf->cid);
    }
    wi_hash(f->content, BYTES, hash);
    wi_hash_hex(hash, f->hex);
    f->plan = (struct wi_filled_plan){
        .path = "onnx/model.onnx", .bytes = BYTES, .leaves = f->leaves, .count = LEAVES};
    memset(f->plan.cid.hash, 0xab, WI_HASH_SIZE);
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    f->folder = open_root(f->root, "leaf");
    make_leaves(f);
    disk_fails = 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_filled_close(f->file);
    close_root(f->root, f->folder);
    free(f);
    return 0;
}

static void open_file(struct fixture *f)
{
    struct wi_error error = {0};
    int more = 1;
    wi_filled_close(f->file);
    f->file = wi_filled_open(f->folder, &f->plan, &error);
    assert_non_null(f->file);
    while (more > 0)
        more = wi_filled_read_back(f->file, 100000, &error);
    assert_int_equal(more, 0);
}

static void add(struct fixture *f, size_t leaf)
{
    struct wi_error error = {0};
    assert_int_equal(wi_filled_add(f->file, leaf, f->content + f->leaves[leaf].at, &error), WI_OK);
}

static void finish(struct fixture *f)
{
    struct wi_error error = {0};
    int more = 1;
    assert_int_equal(wi_filled_bytes(f->file), BYTES);
    while (more > 0)
        more = wi_filled_hash(f->file, 100000, &error);
    assert_int_equal(more, 0);
    assert_int_equal(wi_filled_finish(f->file, &error), WI_OK);
}

/* What lies in the folder of the file, but for the file itself. */
static int has_part(const struct fixture *f)
{
    char *part = wi_sprintf("%s/onnx/.model.onnx.abababab", f->root);
    int there = access(part, F_OK) == 0;
    free(part);
    return there;
}

static void write_at(const struct fixture *f, const char *name, uint64_t at, const char *bytes)
{
    char *path = wi_sprintf("%s/onnx/%s", f->root, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), (off_t)at), strlen(bytes));
    close(fd);
    free(path);
}

static void expect_whole(struct fixture *f)
{
    static unsigned char found[BYTES + 1];
    char *path = wi_sprintf("%s/onnx/model.onnx", f->root), hex[WI_HASH_HEX_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, found, sizeof found), BYTES);
    close(fd);
    free(path);
    assert_memory_equal(found, f->content, BYTES);
    assert_false(has_part(f));
    assert_true(wi_filled_is_done(f->file));
    wi_filled_sha256(f->file, hex);
    assert_string_equal(hex, f->hex);
}

FIXTURE(set_up, tear_down)

TEST(leaves_come_in_their_order)
{
    struct fixture *f = *state;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    finish(f);
    expect_whole(f);
}

TEST(or_in_any_other)
{
    struct fixture *f = *state;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++) {
        assert_false(wi_filled_has(f->file, i * 7 % LEAVES));
        add(f, i * 7 % LEAVES);
        add(f, i * 7 % LEAVES); /* once more does no harm */
        assert_true(wi_filled_has(f->file, i * 7 % LEAVES));
        assert_false(wi_filled_is_done(f->file));
    }
    finish(f);
    expect_whole(f);
}

/* What came in no order is read again for its hash: it has to be there still. */
TEST(a_file_that_was_cut_meanwhile_gets_no_name)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    char *part = wi_sprintf("%s/onnx/.model.onnx.abababab", f->root);
    int more = 1;
    open_file(f);
    for (size_t i = 1; i < LEAVES; i++)
        add(f, i);
    assert_int_equal(truncate(part, 5 * LEAF), 0);
    if (wi_filled_add(f->file, 0, f->content, &error) != WI_OK)
        more = -1;
    while (more > 0)
        more = wi_filled_hash(f->file, 100000, &error);
    assert_int_equal(more, -1);
    assert_int_equal(error.code, WI_STORAGE_FAILED);
    assert_false(wi_filled_is_done(f->file));
    free(part);
}

/* As the fetch keeps blocks. */
struct half {
    struct fixture *f;
    size_t from;
};

static void add_half(void *context)
{
    const struct half *half = context;
    for (size_t i = half->from; i < LEAVES; i += 2)
        add(half->f, i);
}

TEST(two_threads_may_add)
{
    struct fixture *f = *state;
    for (size_t round = 0; round < 20; round++) {
        struct half halves[] = {{f, 0}, {f, 1}};
        uv_thread_t threads[2];
        char *path = wi_sprintf("%s/onnx/model.onnx", f->root);
        unlink(path);
        free(path);
        open_file(f);
        for (size_t i = 0; i < 2; i++)
            uv_thread_create(&threads[i], add_half, &halves[i]);
        for (size_t i = 0; i < 2; i++)
            uv_thread_join(&threads[i]);
        finish(f);
        expect_whole(f);
    }
}

TEST(what_was_killed_goes_on_with_what_is_right)
{
    struct fixture *f = *state;
    open_file(f);
    add(f, 0);
    add(f, 3);
    add(f, LEAVES - 1);
    open_file(f);
    assert_int_equal(wi_filled_bytes(f->file), 2 * LEAF + LAST);
    for (size_t i = 0; i < LEAVES; i++)
        assert_int_equal(wi_filled_has(f->file, i), i == 0 || i == 3 || i == LEAVES - 1);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, LEAVES - 1 - i);
    finish(f);
    expect_whole(f);
}

TEST(a_byte_that_has_changed_costs_its_leaf)
{
    struct fixture *f = *state;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    write_at(f, ".model.onnx.abababab", 4 * LEAF + 10, "x");
    open_file(f);
    assert_int_equal(wi_filled_bytes(f->file), BYTES - LEAF);
    assert_false(wi_filled_has(f->file, 4));
    add(f, 4);
    finish(f);
    expect_whole(f);
}

TEST(a_file_with_its_name_is_verified_and_left)
{
    struct fixture *f = *state;
    leaves_come_in_their_order(state);
    open_file(f);
    expect_whole(f);
    write_at(f, "model.onnx", 5 * LEAF, "x");
    open_file(f);
    assert_false(wi_filled_is_done(f->file));
    assert_int_equal(wi_filled_bytes(f->file), 0);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    finish(f);
    expect_whole(f);
}

/* Whoever lays something there makes us fetch, and nothing else. */
TEST(what_lies_in_its_place_is_not_believed)
{
    struct fixture *f = *state;
    char *path = wi_sprintf("%s/onnx", f->root), *part;
    assert_int_equal(mkdir(path, 0700), 0);
    part = wi_sprintf("%s/.model.onnx.abababab", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, BYTES + 1), 0); /* longer than it can be */
    close(fd);
    open_file(f);
    assert_int_equal(wi_filled_bytes(f->file), 0);
    wi_filled_close(f->file);
    assert_int_equal(access(part, F_OK), -1); /* nothing is left of nothing */
    assert_int_equal(symlink("/etc/hostname", part), 0);
    struct wi_error error = {0};
    f->file = wi_filled_open(f->folder, &f->plan, &error);
    assert_null(f->file);
    assert_int_equal(error.code, WI_STORAGE_FAILED);
    assert_non_null(strstr(error.detail, "onnx/model.onnx cannot be made"));
    free(part);
    free(path);
}

TEST(bytes_of_no_leaf_fill_the_gaps)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    struct wi_leaf few[] = {f->leaves[1], f->leaves[2], f->leaves[5]};
    f->plan.leaves = few;
    f->plan.count = 3;
    for (int round = 0; round < 2; round++) { /* those of a round before are not believed */
        open_file(f);
        assert_int_equal(wi_filled_bytes(f->file), round ? LEAF : 0);
        assert_int_equal(wi_filled_add(f->file, 1, f->content + f->leaves[2].at, &error), WI_OK);
        for (uint64_t at = 0, size; at < BYTES; at += size) {
            size = at == 0 ? LEAF : 1000;
            int leaf = (at >= LEAF && at < 3 * LEAF) || (at >= 5 * LEAF && at < 6 * LEAF);
            size = BYTES - at < size ? BYTES - at : size;
            if (!leaf)
                assert_int_equal(wi_filled_put(f->file, at, f->content + at, size, &error), WI_OK);
        }
    }
    assert_int_equal(wi_filled_bytes(f->file), BYTES - 2 * LEAF);
    assert_int_equal(wi_filled_add(f->file, 2, f->content + 5 * LEAF, &error), WI_OK);
    assert_int_equal(wi_filled_add(f->file, 0, f->content + LEAF, &error), WI_OK);
    finish(f);
    expect_whole(f);
}

TEST(an_empty_file_is_a_leaf_of_nothing)
{
    struct fixture *f = *state;
    struct wi_leaf leaf = {0};
    char hex[WI_HASH_HEX_SIZE];
    struct wi_error error = {0};
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"", 0, &leaf.cid);
    f->plan.bytes = 0;
    f->plan.leaves = &leaf;
    f->plan.count = 1;
    open_file(f);
    assert_true(wi_filled_has(f->file, 0));
    assert_int_equal(wi_filled_hash(f->file, ALL, &error), 0);
    assert_int_equal(wi_filled_finish(f->file, &error), WI_OK);
    wi_filled_sha256(f->file, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    open_file(f);
    assert_true(wi_filled_is_done(f->file));
}

TEST(bytes_that_do_not_reach_the_disk_are_dropped)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    disk_fails = 1;
    assert_int_equal(wi_filled_hash(f->file, ALL, &error), 0);
    assert_int_equal(wi_filled_finish(f->file, &error), WI_STORAGE_FAILED);
    assert_false(has_part(f));
    disk_fails = 0;
    open_file(f);
    assert_int_equal(wi_filled_bytes(f->file), 0);
}

/* --- of a file whose SHA-256 is known --------------------------------------------------------- */

static int is_there(const struct fixture *f, const char *path)
{
    return faccessat(f->folder, path, F_OK, 0) == 0;
}

/* Where it lies as a part of that. */
static int has_part_of(const struct fixture *f, const char *hex)
{
    char *path = wi_sprintf("onnx/.model.onnx.%.8s", hex);
    int there = is_there(f, path);
    free(path);
    return there;
}

TEST(the_right_whole_is_as_any)
{
    struct fixture *f = *state;
    f->plan.hash = f->hex;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    assert_true(has_part_of(f, f->hex));
    finish(f);
    expect_whole(f);
    open_file(f);
    assert_true(wi_filled_is_done(f->file));
}

TEST(leaves_that_contradict_the_whole_leave_nothing)
{
    static const char other[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct fixture *f = *state;
    struct wi_error error = {0};
    f->plan.hash = other;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    assert_int_equal(wi_filled_hash(f->file, ALL, &error), 0);
    assert_int_equal(wi_filled_finish(f->file, &error), WI_DOWNLOAD_CORRUPT);
    assert_non_null(strstr(error.detail, f->hex));
    assert_non_null(strstr(error.detail, other));
    assert_false(has_part_of(f, other) || is_there(f, "onnx/model.onnx"));
}

TEST(a_file_with_its_name_and_other_bytes_than_it_must_have_goes)
{
    struct fixture *f = *state;
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    finish(f);
    f->plan.hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    open_file(f);
    assert_false(wi_filled_is_done(f->file) || is_there(f, "onnx/model.onnx"));
}

/* As a hub's file, whose bytes come in their order. */
static uint64_t bytes_of_part(const struct fixture *f)
{
    struct wi_hub_file row = {.path = "onnx/model.onnx", .bytes = BYTES};
    struct wi_error error = {0};
    strcpy(row.hash, f->hex);
    struct wi_filled *part = wi_filled_open_row(f->folder, &row, &error);
    assert_non_null(part);
    assert_int_equal(wi_filled_read_back(part, ALL, &error), 0);
    uint64_t bytes = wi_filled_bytes(part);
    if (bytes > 0) {
        assert_int_equal(wi_filled_append(part, f->content + bytes, BYTES - bytes, &error), WI_OK);
        assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    }
    wi_filled_close(part);
    return bytes;
}

TEST(what_is_left_is_gone_on_with_in_order)
{
    struct fixture *f = *state;
    f->plan.hash = f->hex;
    open_file(f);
    add(f, 0);
    add(f, 1);
    add(f, 3);
    wi_filled_leave(f->file);
    wi_filled_close(f->file);
    f->file = NULL;
    assert_int_equal(bytes_of_part(f), 2 * LEAF);
    open_file(f);
    assert_true(wi_filled_is_done(f->file));
}

TEST(where_there_is_no_beginning_nothing_is_left)
{
    struct fixture *f = *state;
    f->plan.hash = f->hex;
    open_file(f);
    add(f, 3);
    wi_filled_leave(f->file);
    wi_filled_close(f->file);
    f->file = NULL;
    assert_false(has_part_of(f, f->hex));
}

/* Nobody has closed it: what lies behind the gap is there and does not count, nor does what may not
 * reach to it. */
TEST(after_a_kill_what_lies_behind_a_gap_does_not_count)
{
    struct fixture *f = *state;
    f->plan.hash = f->hex;
    open_file(f);
    add(f, 0);
    add(f, LEAVES - 1);
    assert_int_equal(bytes_of_part(f), 0);
}

TEST(what_came_in_order_counts_by_its_leaves)
{
    struct fixture *f = *state;
    struct wi_hub_file row = {.path = "onnx/model.onnx", .bytes = BYTES};
    struct wi_error error = {0};
    strcpy(row.hash, f->hex);
    struct wi_filled *part = wi_filled_open_row(f->folder, &row, &error);
    assert_int_equal(wi_filled_read_back(part, ALL, &error), 0);
    assert_int_equal(wi_filled_append(part, f->content, 2 * LEAF + 5, &error), WI_OK);
    wi_filled_close(part);
    f->plan.hash = f->hex;
    open_file(f);
    assert_int_equal(wi_filled_bytes(f->file), 2 * LEAF);
}

/* --- leaves that are told later --------------------------------------------------------------- */

#define PUT 3 /* what would be this leaf are bytes of none */

static void open_unknown(struct fixture *f)
{
    f->plan.unknown = 1;
    f->plan.leaves = NULL;
    f->plan.count = 0;
    open_file(f);
}

static void put(struct fixture *f, int there)
{
    struct wi_error error = {0};
    const struct wi_leaf *leaf = &f->leaves[PUT];
    uint32_t half = leaf->bytes / 2;
    assert_int_equal(wi_filled_put(f->file, leaf->at + half,
                         there ? NULL : f->content + leaf->at + half, leaf->bytes - half, &error),
        WI_OK);
    assert_int_equal(
        wi_filled_put(f->file, leaf->at, there ? NULL : f->content + leaf->at, half, &error),
        WI_OK);
}

/* All leaves but that one. */
static void know(struct fixture *f, struct wi_leaf leaves[LEAVES - 1])
{
    struct wi_error error = {0};
    for (size_t i = 0; i + 1 < LEAVES; i++)
        leaves[i] = f->leaves[i < PUT ? i : i + 1];
    wi_filled_know(f->file, leaves, LEAVES - 1);
    assert_int_equal(wi_filled_read_back(f->file, ALL, &error), 0);
}

static void add_others(struct fixture *f)
{
    struct wi_error error = {0};
    for (size_t i = 0; i + 1 < LEAVES; i++) {
        const struct wi_leaf *leaf = &f->leaves[i < PUT ? i : i + 1];
        assert_int_equal(wi_filled_add(f->file, i, f->content + leaf->at, &error), WI_OK);
    }
}

TEST(leaves_may_be_told_after_other_bytes)
{
    struct fixture *f = *state;
    struct wi_leaf leaves[LEAVES - 1];
    open_unknown(f);
    put(f, 0);
    assert_int_equal(wi_filled_bytes(f->file), LEAF);
    know(f, leaves);
    add_others(f);
    finish(f);
    expect_whole(f);
}

TEST(bytes_that_were_put_can_be_had_again_after_a_kill)
{
    struct fixture *f = *state;
    struct wi_leaf leaves[LEAVES - 1];
    unsigned char *bytes = wi_alloc(LEAF);
    open_unknown(f);
    put(f, 0);
    know(f, leaves);
    add_others(f);
    open_unknown(f);
    assert_int_equal(wi_filled_bytes(f->file), 0);
    assert_int_equal(wi_filled_read(f->file, f->leaves[PUT].at, bytes, LEAF), 0);
    assert_memory_equal(bytes, f->content + f->leaves[PUT].at, LEAF);
    assert_int_equal(wi_filled_read(f->file, BYTES - 1, bytes, 2), -1);
    put(f, 1);
    know(f, leaves);
    finish(f); /* nothing was added */
    expect_whole(f);
    free(bytes);
}

static ino_t inode_of(const struct fixture *f, const char *name)
{
    char *path = wi_sprintf("%s/onnx/%s", f->root, name);
    struct stat status;
    ino_t inode = stat(path, &status) == 0 ? status.st_ino : 0;
    free(path);
    return inode;
}

TEST(one_with_a_name_is_gone_on_with_only_if_nobody_else_has_it)
{
    struct fixture *f = *state;
    char *name = wi_sprintf("%s/onnx/model.onnx", f->root);
    char *other = wi_sprintf("%s/onnx/other", f->root);
    open_file(f);
    for (size_t i = 0; i < LEAVES; i++)
        add(f, i);
    finish(f);
    ino_t own = inode_of(f, "model.onnx");
    open_unknown(f);
    assert_int_equal(inode_of(f, ".model.onnx.abababab"), own);
    assert_int_equal(inode_of(f, "model.onnx"), 0);
    wi_filled_close(f->file);
    f->file = NULL;
    char *part = wi_sprintf("%s/onnx/.model.onnx.abababab", f->root);
    assert_int_equal(rename(part, name), 0);
    assert_int_equal(link(name, other), 0);
    open_unknown(f);
    assert_int_equal(inode_of(f, "other"), own);
    assert_int_equal(inode_of(f, "model.onnx"), 0);
    assert_int_not_equal(inode_of(f, ".model.onnx.abababab"), own);
    free(part);
    free(name);
    free(other);
}
