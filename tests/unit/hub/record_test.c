/* Records of what has arrived, in a real folder: whole or none, also on a full disk. */
#include "../test.h"

#include "../files.h"
#include "hub/record.h"
#include <fcntl.h>
#include <unistd.h>

#define PATH "x.gguf.ranges"
#define MIB (UINT64_C(1) << 20)

struct fixture {
    char root[64];
    int folder;
    struct wi_hub_file file;
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    f->folder = open_root(f->root, "record");
    f->file = (struct wi_hub_file){.path = "x.gguf", .bytes = 1000 * MIB};
    memset(f->file.hash, 'a', 64);
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

/* Every second MiB, `count` of them from `first` on. */
static void save(const struct fixture *f, uint64_t first, unsigned count)
{
    struct wi_ranges there = {0};
    for (unsigned i = 0; i < count; i++)
        wi_ranges_add(&there, (first + UINT64_C(2) * i) * MIB, (first + UINT64_C(2) * i + 1) * MIB);
    wi_record_save(f->folder, PATH, &f->file, &there);
    wi_ranges_clear(&there);
}

/* Where the first range begins, and how many there are: "first count", or "" for no record. */
static const char *load(const struct fixture *f, const struct wi_hub_file *file)
{
    static char text[64];
    struct wi_ranges there = {0};
    *text = '\0';
    if (wi_record_load(f->folder, PATH, file, &there))
        snprintf(text, sizeof text, "%ju %zu",
            there.count ? (uintmax_t)(there.items[0].first / MIB) : 0, there.count);
    else
        assert_int_equal(there.count, 0);
    wi_ranges_clear(&there);
    return text;
}

/* As where the disk is full: no new file can be written. */
static void fill_disk(const struct fixture *f)
{
    assert_int_equal(mkdirat(f->folder, PATH ".new", 0700), 0);
}

static size_t read_record(const struct fixture *f, char bytes[4096])
{
    int fd = openat(f->folder, PATH, O_RDONLY);
    ssize_t size = read(fd, bytes, 4096);
    close(fd);
    assert_true(size > 0 && size < 4096);
    return (size_t)size;
}

static void what_is_saved_is_loaded(void **state)
{
    const struct fixture *f = *state;
    assert_string_equal(load(f, &f->file), "");
    save(f, 0, 0);
    assert_string_equal(load(f, &f->file), "0 0");
    save(f, 3, 7);
    assert_string_equal(load(f, &f->file), "3 7");
    assert_int_equal(faccessat(f->folder, PATH ".new", F_OK, 0), -1);
}

static void a_record_is_of_one_file(void **state)
{
    const struct fixture *f = *state;
    struct wi_hub_file longer = f->file, other = f->file;
    longer.bytes++;
    other.hash[63] = 'b';
    save(f, 3, 7);
    assert_string_equal(load(f, &longer), "");
    assert_string_equal(load(f, &other), "");
    assert_string_equal(load(f, &f->file), "3 7");
}

static void a_full_disk_has_the_room_of_the_old_one(void **state)
{
    const struct fixture *f = *state;
    save(f, 3, 7);
    fill_disk(f);
    save(f, 5, 60);
    assert_string_equal(load(f, &f->file), "5 60");
    save(f, 4, 2); /* and the end of the longer one stays behind it */
    assert_string_equal(load(f, &f->file), "4 2");
    save(f, 1, 480); /* more than there is room for */
    assert_string_equal(load(f, &f->file), "4 2");
}

static void a_full_disk_without_a_record_stays_so(void **state)
{
    const struct fixture *f = *state;
    fill_disk(f);
    save(f, 3, 7);
    assert_string_equal(load(f, &f->file), "");
}

/* The machine may stop while a record is written over another. */
static void a_record_that_is_cut_is_none_or_the_old_one(void **state)
{
    const struct fixture *f = *state;
    char old[4096], fresh[4096];
    unsigned none = 0;
    save(f, 1, 9);
    size_t size = read_record(f, old);
    save(f, 200, 5);
    size_t fresh_size = read_record(f, fresh);
    assert_true(fresh_size < size);
    for (size_t cut = 0; cut < fresh_size; cut++) {
        memcpy(old, fresh, cut);
        write_file(f->root, PATH, old, size);
        const char *found = load(f, &f->file);
        none += *found == '\0';
        assert_true(*found == '\0' || strcmp(found, "1 9") == 0);
        write_file(f->root, PATH, fresh, cut); /* and one that was too short from the start */
        assert_string_equal(load(f, &f->file), "");
    }
    assert_true(none > 0);
    memcpy(old, fresh, fresh_size);
    write_file(f->root, PATH, old, size);
    assert_string_equal(load(f, &f->file), "200 5");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_saved_is_loaded),
        TEST(a_record_is_of_one_file),
        TEST(a_full_disk_has_the_room_of_the_old_one),
        TEST(a_full_disk_without_a_record_stays_so),
        TEST(a_record_that_is_cut_is_none_or_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
