/* A file that arrives in pieces, in a real folder: what counts as being there already. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/descriptors.h"
#include "base/hash.h"
#include "failing_disk.h"
#include "models/arrive/hub/filled_file.h"
#include <fcntl.h>
#include <sys/resource.h>

struct fixture {
    char root[64];
    int folder;
};

static void assert_file(const char *root, const char *name, const char *content)
{
    char *path = wi_sprintf("%s/%s", root, name), text[64] = "";
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(content));
    assert_string_equal(text, content);
    close(fd);
    free(path);
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    f->folder = open_root(f->root, "part");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close_root(f->root, f->folder);
    free(f);
    return 0;
}

/* The file of that content, as a hub lists it. */
static struct wi_hub_file file_of(const char *content)
{
    struct wi_hub_file file = {.path = "sub/config.json", .bytes = strlen(content)};
    unsigned char digest[WI_HASH_SIZE];
    wi_hash(content, strlen(content), digest);
    wi_hash_hex(digest, file.hash);
    return file;
}

static struct wi_filled *open_part(const struct fixture *f, const char *content)
{
    struct wi_hub_file file = file_of(content);
    struct wi_error error;
    struct wi_filled *part = wi_filled_open_row(f->folder, &file, &error);
    if (!part)
        fail_msg("%s", error.detail);
    while (wi_filled_read_back(part, 1, &error) > 0) {
        /* a byte at a time */
    }
    return part;
}

static void add(struct wi_filled *part, const char *bytes)
{
    struct wi_error error;
    assert_int_equal(wi_filled_append(part, bytes, strlen(bytes), &error), WI_OK);
}

static void fetch(const struct fixture *f, const char *content)
{
    struct wi_error error;
    struct wi_filled *part = open_part(f, content);
    assert_false(wi_filled_is_done(part));
    add(part, content);
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    assert_true(wi_filled_is_done(part));
    wi_filled_close(part);
}

/* Where the bytes of that content gather. */
static char *place_of(const char *content)
{
    struct wi_hub_file file = file_of(content);
    return wi_sprintf("sub/.config.json.%.8s", file.hash);
}

static int is_there(const struct fixture *f, const char *path)
{
    return faccessat(f->folder, path, F_OK, 0) == 0;
}

FIXTURE(set_up, tear_down)

/* What was fetched stays, whichever of the steps finds no descriptor, and is known afterwards. */
TEST(a_shortage_of_descriptors_loses_nothing)
{
    const struct fixture *f = *state;
    struct wi_hub_file whole = file_of("whole"), half = file_of("four and more");
    struct rlimit before;
    struct wi_error error;
    half.path = "half";
    fetch(f, "whole");
    struct wi_filled *part = wi_filled_open_row(f->folder, &half, &error);
    add(part, "four");
    wi_filled_close(part);
    getrlimit(RLIMIT_NOFILE, &before);
    for (int n = 0; n < 3; n++) {
        struct rlimit limit = before;
        limit.rlim_cur = (rlim_t)(wi_descriptors_next() + n);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct wi_filled *done = wi_filled_open_row(f->folder, &whole, &error);
        struct wi_filled *begun = wi_filled_open_row(f->folder, &half, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(n > 0 || (!done && !begun && error.code == WI_UNAVAILABLE));
        assert_true(n < 2 || (done && begun));
        assert_true(
            !done || (wi_filled_read_back(done, 5, &error) == 0 && wi_filled_is_done(done)));
        assert_true(
            !begun || (wi_filled_read_back(begun, 9, &error) == 0 && wi_filled_bytes(begun) == 4));
        wi_filled_close(done);
        wi_filled_close(begun);
    }
}

TEST(a_file_that_is_whole_is_not_begun_again)
{
    const struct fixture *f = *state;
    fetch(f, "{\"a\": 1}");
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    assert_true(wi_filled_is_done(part));
    wi_filled_close(part);
    fetch(f, ""); /* another one, of no bytes */
    part = open_part(f, "");
    assert_true(wi_filled_is_done(part));
    wi_filled_close(part);
}

/* The branch has moved on since the file was fetched: same path, same length, other bytes. Nor is
 * the old one changed where an earlier version has it, too. */
TEST(a_file_of_another_commit_is_not_taken_for_it)
{
    const struct fixture *f = *state;
    fetch(f, "{\"a\": 1}");
    assert_int_equal(linkat(f->folder, "sub/config.json", f->folder, "version", 0), 0);
    fetch(f, "{\"a\": 2}");
    struct wi_filled *part = open_part(f, "{\"a\": 2}");
    assert_true(wi_filled_is_done(part));
    wi_filled_close(part);
    assert_file(f->root, "version", "{\"a\": 1}");
    assert_file(f->root, "sub/config.json", "{\"a\": 2}");
}

TEST(a_file_of_unknown_origin_counts_by_its_bytes)
{
    const struct fixture *f = *state;
    write_text(f->root, "sub/config.json", "{\"a\": 1}");
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    assert_true(wi_filled_is_done(part));
    wi_filled_close(part);
    write_text(f->root, "sub/config.json", "{\"a\": 2}");
    fetch(f, "{\"a\": 1}");
}

TEST(what_has_arrived_is_known_the_next_time)
{
    const struct fixture *f = *state;
    struct wi_error error;
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    add(part, "{\"a");
    wi_filled_close(part);
    part = open_part(f, "{\"a\": 1}");
    assert_int_equal(wi_filled_bytes(part), 3);
    add(part, "\": 1}");
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    wi_filled_close(part);
}

/* What lies there was changed since it was hashed, or is longer than the file: nothing of it is
 * believed. */
TEST(what_lies_there_is_hashed_again)
{
    const struct fixture *f = *state;
    struct wi_error error;
    char *place = place_of("{\"a\": 1}");
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    add(part, "{\"a\": ");
    wi_filled_close(part);
    write_text(f->root, place, "{\"b\": ");
    part = open_part(f, "{\"a\": 1}");
    add(part, "1}");
    assert_int_equal(wi_filled_finish(part, &error), WI_DOWNLOAD_CORRUPT);
    assert_int_equal(wi_filled_bytes(part), 0);
    wi_filled_close(part);
    write_text(f->root, place, "{\"a\": 1} ");
    part = open_part(f, "{\"a\": 1}");
    assert_int_equal(wi_filled_bytes(part), 0);
    wi_filled_close(part);
    free(place);
}

/* A server that cannot go on sends all of it once more: what was there is void, and gone. */
TEST(beginning_anew_drops_what_was_there)
{
    const struct fixture *f = *state;
    struct wi_error error;
    char *place = place_of("{\"a\": 1}");
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    add(part, "EVIL");
    assert_int_equal(linkat(f->folder, place, f->folder, "elsewhere", 0), 0);
    assert_int_equal(wi_filled_begin_anew(part, &error), WI_OK);
    add(part, "{\"a\": 1}");
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    wi_filled_close(part);
    assert_file(f->root, "sub/config.json", "{\"a\": 1}");
    assert_file(f->root, "elsewhere", "EVIL");
    free(place);
}

TEST(what_never_began_leaves_nothing)
{
    const struct fixture *f = *state;
    char *place = place_of("{\"a\": 1}");
    wi_filled_close(open_part(f, "{\"a\": 1}"));
    assert_false(is_there(f, place));
    free(place);
}

TEST(wrong_bytes_get_no_name)
{
    const struct fixture *f = *state;
    struct wi_error error;
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    add(part, "{\"a\": 2}");
    assert_int_equal(wi_filled_finish(part, &error), WI_DOWNLOAD_CORRUPT);
    assert_int_equal(wi_filled_bytes(part), 0);
    wi_filled_close(part);
    assert_false(is_there(f, "sub/config.json"));
}

/* The kernel says that once, and holds the bytes for written afterwards: they would be taken for
 * those that are on disk. */
TEST(what_did_not_get_to_the_disk_is_not_gone_on_with)
{
    const struct fixture *f = *state;
    struct wi_error error;
    char *place = place_of("{\"a\": 1}");
    struct wi_filled *part = open_part(f, "{\"a\": 1}");
    add(part, "{\"a\": 1}");
    disk_fails = 1;
    assert_int_equal(wi_filled_finish(part, &error), WI_STORAGE_FAILED);
    disk_fails = 0;
    wi_filled_close(part);
    assert_false(is_there(f, place));
    assert_false(is_there(f, "sub/config.json"));
    fetch(f, "{\"a\": 1}");
    free(place);
}

TEST(a_name_may_be_as_long_as_names_can_be)
{
    const struct fixture *f = *state;
    struct wi_hub_file file = file_of("x");
    struct wi_error error;
    char name[256] = "";
    memset(name, 'n', 255);
    file.path = name;
    struct wi_filled *part = wi_filled_open_row(f->folder, &file, &error);
    if (!part)
        fail_msg("%s", error.detail);
    add(part, "x");
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    wi_filled_close(part);
    assert_file(f->root, name, "x");
}

static void expect_leaf(struct wi_filled *part, const char *content)
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_leaves leaves = {0};
    wi_filled_take_leaves(part, &leaves);
    wi_hash(content, strlen(content), hash);
    assert_int_equal(leaves.count, 1);
    assert_int_equal(leaves.bytes, strlen(content));
    assert_memory_equal(leaves.hashes[0], hash, WI_HASH_SIZE);
    wi_leaves_clear(&leaves);
}

/* Whatever comes in between, they are of the bytes that have the name. */
TEST(leaves_are_computed_beside_the_hash)
{
    struct fixture *f = *state;
    struct wi_hub_file file = file_of("some bytes");
    struct wi_error error;
    struct wi_filled *part = open_part(f, "some bytes");
    add(part, "some");
    wi_filled_close(part);
    part = wi_filled_open_row(f->folder, &file, &error);
    wi_filled_compute_leaves(part);
    assert_int_equal(wi_filled_read_back(part, 100, &error), 0);
    add(part, " wrong");
    assert_int_equal(wi_filled_finish(part, &error), WI_DOWNLOAD_CORRUPT);
    add(part, "some bytes");
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    expect_leaf(part, "some bytes");
    wi_filled_close(part);
    part = wi_filled_open_row(f->folder, &file, &error);
    wi_filled_compute_leaves(part);
    assert_int_equal(wi_filled_read_back(part, 100, &error), 0);
    assert_true(wi_filled_is_done(part));
    expect_leaf(part, "some bytes");
    wi_filled_close(part);
}

TEST(or_not_at_all)
{
    struct fixture *f = *state;
    struct wi_error error;
    struct wi_leaves leaves = {0};
    struct wi_filled *part = open_part(f, "some bytes");
    add(part, "some bytes");
    assert_int_equal(wi_filled_finish(part, &error), WI_OK);
    wi_filled_take_leaves(part, &leaves);
    assert_int_equal(leaves.count, 0);
    wi_filled_close(part);
}
