/* A file that arrives in pieces, in a real folder: what counts as being there already. */
#include "../test.h"

#include "../files.h"
#include "base/descriptors.h"
#include "base/secret.h"
#include "hub/part.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

struct fixture {
    char root[64];
    int folder;
};

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

static struct wi_part *open_part(const struct fixture *f, const char *content)
{
    struct wi_hub_file file = file_of(content);
    struct wi_error error;
    struct wi_part *part = wi_part_open(f->folder, &file, &error);
    if (!part)
        fail_msg("%s", error.detail);
    return part;
}

static void write_part(struct wi_part *part, uint64_t at, const char *bytes)
{
    struct wi_error error;
    assert_int_equal(wi_part_write(part, at, bytes, strlen(bytes), &error), WI_OK);
    assert_int_equal(wi_part_catch_up(part, UINT64_MAX, &error), 0);
}

static void fetch(const struct fixture *f, const char *content)
{
    struct wi_error error;
    struct wi_part *part = open_part(f, content);
    assert_false(wi_part_is_done(part));
    write_part(part, 0, content);
    assert_int_equal(wi_part_finish(part, &error), WI_OK);
    wi_part_close(part);
}

/* What was fetched stays, whichever of the steps finds no descriptor, and is known afterwards. */
static void a_shortage_of_descriptors_loses_nothing(void **state)
{
    const struct fixture *f = *state;
    struct wi_hub_file whole = file_of("whole"), half = file_of("four and more");
    struct rlimit before;
    struct wi_error error;
    half.path = "half";
    fetch(f, "whole");
    struct wi_part *part = wi_part_open(f->folder, &half, &error);
    write_part(part, 0, "four");
    wi_part_save(part);
    wi_part_close(part);
    getrlimit(RLIMIT_NOFILE, &before);
    for (int n = 0; n < 4; n++) {
        struct rlimit limit = before;
        limit.rlim_cur = (rlim_t)(wi_descriptors_next() + n);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct wi_part *done = wi_part_open(f->folder, &whole, &error);
        struct wi_part *begun = wi_part_open(f->folder, &half, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(n > 0 || (!done && !begun));
        assert_true(n < 3 || (done && begun));
        assert_true(!done || wi_part_is_done(done));
        assert_true(!begun || wi_ranges_bytes(wi_part_ranges(begun)) == 4);
        wi_part_close(done);
        wi_part_close(begun);
    }
}

static void a_file_that_is_whole_is_not_begun_again(void **state)
{
    const struct fixture *f = *state;
    fetch(f, "{\"a\": 1}");
    struct wi_part *part = open_part(f, "{\"a\": 1}");
    assert_true(wi_part_is_done(part));
    wi_part_close(part);
    fetch(f, ""); /* another one, of no bytes */
    part = open_part(f, "");
    assert_true(wi_part_is_done(part));
    wi_part_close(part);
}

/* The branch has moved on since the file was fetched: same path, same length, other bytes. */
static void a_file_of_another_commit_is_not_taken_for_it(void **state)
{
    const struct fixture *f = *state;
    fetch(f, "{\"a\": 1}");
    fetch(f, "{\"a\": 2}");
    struct wi_part *part = open_part(f, "{\"a\": 2}");
    assert_true(wi_part_is_done(part));
    wi_part_close(part);
}

static void a_file_of_unknown_origin_is_not_taken_for_it(void **state)
{
    const struct fixture *f = *state;
    write_text(f->root, "sub/config.json", "{\"a\": 1}");
    fetch(f, "{\"a\": 1}");
    write_text(f->root, "sub/config.json.ranges", "8 what is this\n");
    fetch(f, "{\"a\": 1}");
}

static void what_has_arrived_is_known_the_next_time(void **state)
{
    const struct fixture *f = *state;
    struct wi_error error;
    struct wi_part *part = open_part(f, "{\"a\": 1}");
    write_part(part, 4, "\": 1");
    wi_part_close(part);
    part = open_part(f, "{\"a\": 1}");
    assert_int_equal(wi_ranges_bytes(wi_part_ranges(part)), 4);
    write_part(part, 0, "{\"a");
    write_part(part, 3, "\": 1}");
    assert_int_equal(wi_part_finish(part, &error), WI_OK);
    wi_part_close(part);
}

/* The disk is full by then: nothing new can be written beside it. */
static void a_file_that_is_whole_is_known_on_a_full_disk_too(void **state)
{
    const struct fixture *f = *state;
    struct wi_error error;
    struct wi_part *part = open_part(f, "{\"a\": 1}");
    write_part(part, 0, "{\"a\"");
    wi_part_save(part);
    assert_int_equal(mkdirat(f->folder, "sub/config.json.ranges.new", 0700), 0);
    write_part(part, 4, ": 1}");
    assert_int_equal(wi_part_finish(part, &error), WI_OK);
    wi_part_close(part);
    part = open_part(f, "{\"a\": 1}");
    assert_true(wi_part_is_done(part));
    wi_part_close(part);
}

static void what_never_began_leaves_nothing(void **state)
{
    const struct fixture *f = *state;
    wi_part_close(open_part(f, "{\"a\": 1}"));
    assert_int_equal(faccessat(f->folder, "sub/config.json.part", F_OK, 0), -1);
    assert_int_equal(faccessat(f->folder, "sub/config.json.ranges", F_OK, 0), -1);
}

static void wrong_bytes_get_no_name(void **state)
{
    const struct fixture *f = *state;
    struct wi_error error;
    struct wi_part *part = open_part(f, "{\"a\": 1}");
    write_part(part, 0, "{\"a\": 2}");
    assert_int_equal(wi_part_finish(part, &error), WI_DOWNLOAD_CORRUPT);
    assert_int_equal(wi_ranges_bytes(wi_part_ranges(part)), 0);
    wi_part_close(part);
    assert_int_equal(faccessat(f->folder, "sub/config.json", F_OK, 0), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shortage_of_descriptors_loses_nothing),
        TEST(a_file_that_is_whole_is_not_begun_again),
        TEST(a_file_of_another_commit_is_not_taken_for_it),
        TEST(a_file_of_unknown_origin_is_not_taken_for_it),
        TEST(what_has_arrived_is_known_the_next_time),
        TEST(a_file_that_is_whole_is_known_on_a_full_disk_too),
        TEST(what_never_began_leaves_nothing),
        TEST(wrong_bytes_get_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
