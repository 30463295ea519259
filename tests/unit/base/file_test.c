/* Files that are written whole, or not at all. */
#include "../test.h"

#include "../files.h"
#include "base/file.h"

static void check_file(int folder, const char *name, const char *text, mode_t mode)
{
    char got[64];
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof got), strlen(text));
    assert_memory_equal(got, text, strlen(text));
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, mode);
    close(fd);
}

static int is_missing(int folder, const char *name)
{
    return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

TEST(a_file_is_written_where_there_is_none)
{
    char root[64];
    int folder = open_root(root, "file");
    assert_int_equal(wi_file_write(folder, "one", "first", 5, 0600), 0);
    check_file(folder, "one", "first", 0600);
    assert_int_equal(wi_file_write(folder, "one", "second", 6, 0600), -1);
    assert_int_equal(errno, EEXIST);
    check_file(folder, "one", "first", 0600);
    close_root(root, folder);
}

TEST(a_file_is_replaced)
{
    char root[64];
    int folder = open_root(root, "file");
    assert_int_equal(wi_file_write(folder, "one.new", "cut", 3, 0600), 0);
    assert_int_equal(wi_file_replace(folder, "one", "first", 5, 0600), 0);
    assert_int_equal(wi_file_replace(folder, "one", "", 0, 0600), 0);
    check_file(folder, "one", "", 0600);
    assert_true(is_missing(folder, "one.new"));
    close_root(root, folder);
}

TEST(a_link_is_replaced_and_not_followed)
{
    char root[64];
    int folder = open_root(root, "file");
    assert_int_equal(wi_file_write(folder, "other", "kept", 4, 0600), 0);
    assert_int_equal(symlinkat("other", folder, "one"), 0);
    assert_int_equal(symlinkat("other", folder, "one.new"), 0);
    assert_int_equal(wi_file_write(folder, "one", "first", 5, 0600), -1);
    assert_int_equal(wi_file_replace(folder, "one", "first", 5, 0400), 0);
    check_file(folder, "one", "first", 0400);
    check_file(folder, "other", "kept", 0600);
    close_root(root, folder);
}

TEST(a_folder_is_not_replaced)
{
    char root[64];
    int folder = open_root(root, "file");
    assert_int_equal(mkdirat(folder, "one", 0700), 0);
    assert_int_equal(wi_file_replace(folder, "one", "first", 5, 0600), -1);
    assert_int_equal(errno, EISDIR);
    close_root(root, folder);
}
