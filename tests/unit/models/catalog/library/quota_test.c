/* What goes when there is no room, and what a store takes. */
#include "../../../test.h"

#include "../../../files.h"
#include "models/catalog/library/quota.h"
#include "models/catalog/library/versions.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const struct wi_quota_row rows[] = {
    {.name = "added", .current = 1, .in_use = 1, .bytes = 100, .used_at = 1},
    {.name = "busy", .version = 1, .current = 1, .in_use = 1, .bytes = 50, .used_at = 2},
    {.name = "old", .version = 1, .current = 1, .bytes = 20, .used_at = 10},
    {.name = "new", .version = 2, .current = 1, .bytes = 30, .used_at = 20},
    {.name = "new", .version = 1, .bytes = 5, .used_at = 15},
};

/* Which go, as "NAME/VERSION ". */
static enum wi_code plan(uint64_t limit, uint64_t needed, char text[100], struct wi_error *error)
{
    struct wi_quota quota = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        wi_quota_add(&quota, &rows[i]);
    enum wi_code code = wi_quota_plan(&quota, limit, needed, error);
    *text = '\0';
    for (size_t i = 0; i < quota.count; i++)
        if (quota.rows[i].evict)
            sprintf(text + strlen(text), "%s/%u ", quota.rows[i].name, quota.rows[i].version);
    wi_quota_clear(&quota);
    return code;
}

TEST(as_little_goes_as_is_needed)
{
    struct wi_error error;
    char text[100];
    assert_int_equal(plan(0, 1u << 30, text, &error), WI_OK);
    assert_string_equal(text, "");
    assert_int_equal(plan(215, 10, text, &error), WI_OK);
    assert_string_equal(text, "");
    assert_int_equal(plan(210, 10, text, &error), WI_OK);
    assert_string_equal(text, "new/1 "); /* an earlier version before any model */
    assert_int_equal(plan(205, 10, text, &error), WI_OK);
    assert_string_equal(text, "new/1 old/1 "); /* the one used longest ago */
    assert_int_equal(plan(160, 10, text, &error), WI_OK);
    assert_string_equal(text, "new/1 old/1 new/2 ");
}

/* An earlier version goes all the same: nobody wants it any more. */
TEST(what_neighbours_lack_goes_last)
{
    static const struct wi_quota_row some[] = {
        {.name = "alone", .version = 1, .current = 1, .bytes = 10, .used_at = 10},
        {.name = "common", .version = 1, .current = 1, .elsewhere = 1, .bytes = 10, .used_at = 30},
        {.name = "known", .version = 1, .current = 1, .elsewhere = 1, .bytes = 10, .used_at = 20},
        {.name = "held", .version = 1, .current = 1, .in_use = 1, .elsewhere = 1, .bytes = 10},
        {.name = "old", .version = 1, .bytes = 10, .used_at = 40},
    };
    static const char *const order[] = {"old", "known", "common", "alone", "held"};
    struct wi_quota quota = {0};
    struct wi_error error;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        wi_quota_add(&quota, &some[i]);
    assert_int_equal(wi_quota_plan(&quota, 50, 20, &error), WI_OK);
    for (size_t i = 0; i < quota.count; i++) {
        assert_string_equal(quota.rows[i].name, order[i]);
        assert_int_equal(quota.rows[i].evict, i < 2);
    }
    wi_quota_clear(&quota);
}

TEST(it_is_said_by_how_much_a_model_does_not_fit)
{
    struct wi_error error;
    char text[100];
    assert_int_equal(plan(155, 10, text, &error), WI_STORAGE_FAILED);
    assert_string_equal(text, "");
    assert_non_null(strstr(error.detail, "has 10 bytes"));
    assert_non_null(strstr(error.detail, "may have 155"));
    assert_non_null(strstr(error.detail, "it has 205, of which 55 could go"));
    assert_non_null(strstr(error.detail, "5 bytes too many"));
    assert_int_equal(plan(100, 200, text, &error), WI_STORAGE_FAILED);
    assert_int_equal(plan(100, UINT64_MAX - 100, text, &error), WI_STORAGE_FAILED);
}

/* --- a real folder ---------------------------------------------------------------------------- */

static void share(const char *directory, const char *old, const char *fresh)
{
    char *from = wi_sprintf("%s/%s", directory, old), *to = wi_sprintf("%s/%s", directory, fresh);
    assert_int_equal(link(from, to), 0);
    free(from);
    free(to);
}

static const struct wi_quota_row *row_of(
    const struct wi_quota *quota, const char *name, unsigned version)
{
    for (size_t i = 0; i < quota->count; i++)
        if (strcmp(quota->rows[i].name, name) == 0 && quota->rows[i].version == version)
            return &quota->rows[i];
    fail_msg("there is no row %s/%u", name, version);
    return NULL;
}

/* A version that can be had again. */
static const char source[] = "{\"hub\": \"hub\", \"pulled_at\": 1, \"files\": []}";

/* Two versions that share a file, a model that was added, and a pull under way. */
static void fill(const char *directory)
{
    char *name = wi_sprintf("%s/org/name", directory);
    write_text(directory, ".versions/org/name/1/model.onnx", "12345");
    write_text(directory, ".versions/org/name/1/labels.txt", "123");
    write_text(directory, ".versions/org/name/2/model.onnx", "1234567");
    share(directory, ".versions/org/name/1/labels.txt", ".versions/org/name/2/labels.txt");
    write_text(directory, ".versions/org/name/1/.source.json", source);
    share(directory, ".versions/org/name/1/.source.json", ".versions/org/name/2/.source.json");
    write_text(directory, "org/added/model.onnx", "1234567890");
    write_text(directory, ".staging/x/files/model.onnx.part", "1234");
    assert_int_equal(symlink("../.versions/org/name/2", name), 0);
    free(name);
}

TEST(a_store_is_measured_and_emptied)
{
    char directory[64];
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    struct wi_strings names = {0};
    struct wi_error error;
    make_root(directory, "quota");
    fill(directory);
    wi_quota_scan(directory, NULL, &use, &quota);
    assert_int_equal(
        row_of(&quota, "org/name", 2)->bytes, 10 + sizeof source - 1); /* with what is shared */
    assert_int_equal(row_of(&quota, "org/name", 1)->bytes, 5);
    assert_int_equal(row_of(&quota, "org", 0)->bytes, 10);
    assert_int_equal(row_of(&quota, "", 0)->bytes, 4);
    assert_int_equal(wi_quota_plan(&quota, 24, 10, &error), WI_OK);
    assert_int_equal(wi_quota_evict(directory, &quota, &names), 5);
    assert_int_equal(names.count, 1);
    assert_string_equal(names.items[0], "org/name");
    size_t held = 0;
    assert_int_equal(
        wi_versions_prune(directory, "org/name", 0, &use, &held), 10 + sizeof source - 1);
    assert_int_equal(wi_versions_current(directory, "org/name"), 0);
    assert_int_equal(wi_quota_check_disk(directory, NULL, 1, &error), WI_OK);
    assert_int_equal(wi_quota_check_disk(directory, NULL, UINT64_MAX, &error), WI_STORAGE_FAILED);
    remove_root(directory);
    wi_strings_clear(&names);
    wi_quota_clear(&quota);
}

static int is_to_go(const struct wi_quota *quota, const char *name, unsigned version)
{
    return row_of(quota, name, version)->evict;
}

/* Two models have a file in common: its bytes are free once both are gone. */
TEST(what_models_share_counts_for_the_one_that_goes_last)
{
    static const char *const folders[] = {".versions/_/first/1", ".versions/_/second/1"};
    char directory[64];
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    struct wi_error error;
    make_root(directory, "quota");
    for (int i = 0; i < 2; i++) {
        char *file = wi_sprintf("%s/.source.json", folders[i]);
        write_text(directory, file, source);
        free(file);
        file = wi_sprintf("%s/%s", directory, i ? "second" : "first");
        assert_int_equal(symlink(folders[i], file), 0);
        free(file);
    }
    write_text(directory, ".versions/_/first/1/model.onnx", "1234567890");
    share(directory, ".versions/_/first/1/model.onnx", ".versions/_/second/1/model.onnx");
    write_text(directory, ".blobs/sha256-unnamed", "123");
    wi_quota_scan(directory, NULL, &use, &quota);
    uint64_t rest = sizeof source - 1;
    assert_int_equal(
        row_of(&quota, "first", 1)->bytes + row_of(&quota, "second", 1)->bytes, 10 + 2 * rest);
    assert_int_equal(wi_quota_plan(&quota, 9, 0, &error), WI_OK);
    assert_true(is_to_go(&quota, "first", 1) && is_to_go(&quota, "second", 1));
    remove_root(directory);
    wi_quota_clear(&quota);
}

/* Nobody can have it again. */
TEST(a_model_without_a_hub_stays_until_it_is_removed)
{
    char directory[64], *link;
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    struct wi_error error;
    make_root(directory, "quota");
    link = wi_sprintf("%s/name", directory);
    write_text(directory, ".versions/_/name/1/model.onnx", "12345");
    write_text(directory, ".versions/_/name/2/model.onnx", "1234567");
    assert_int_equal(symlink(".versions/_/name/2", link), 0);
    wi_quota_scan(directory, NULL, &use, &quota);
    assert_int_equal(wi_quota_plan(&quota, 7, 0, &error), WI_OK);
    assert_true(is_to_go(&quota, "name", 1));
    assert_int_equal(wi_quota_plan(&quota, 6, 0, &error), WI_STORAGE_FAILED);
    remove_root(directory);
    wi_quota_clear(&quota);
    free(link);
}

TEST(what_a_pull_has_so_far_is_not_counted_twice)
{
    char directory[64];
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    struct wi_error error;
    struct statvfs disk;
    make_root(directory, "quota");
    fill(directory);
    write_text(directory, ".staging/y/files/model.onnx.part", "123456");
    wi_quota_scan(directory, "x", &use, &quota);
    assert_int_equal(row_of(&quota, "", 0)->bytes, 6); /* what others have */
    assert_int_equal(statvfs(directory, &disk), 0);
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize - (128u << 20);
    char *path = path_to(directory, ".staging/x/files/reserved");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(fallocate(fd, 0, 0, 256 << 20), 0);
    close(fd);
    assert_int_equal(wi_quota_check_disk(directory, "x", room, &error), WI_OK);
    assert_int_equal(wi_quota_check_disk(directory, "y", room, &error), WI_STORAGE_FAILED);
    free(path);
    remove_root(directory);
    wi_quota_clear(&quota);
}

TEST(a_pull_of_deep_folders_leaves_a_number)
{
    char directory[64];
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    struct wi_error error;
    make_root(directory, "quota");
    fill(directory);
    write_text(directory, ".staging/x/files/a/b/c/d/e/f/g/config.json", "1234567890");
    wi_quota_scan(directory, "x", &use, &quota);
    assert_int_equal(wi_quota_plan(&quota, 100, 10, &error), WI_OK);
    remove_root(directory);
    wi_quota_clear(&quota);
}

TEST(what_is_in_use_is_no_room)
{
    char directory[64];
    struct wi_versions_use use = {0};
    struct wi_quota quota = {0};
    make_root(directory, "quota");
    fill(directory);
    wi_strings_add(&use.names, "org/name");
    wi_quota_scan(directory, NULL, &use, &quota);
    assert_true(row_of(&quota, "org/name", 2)->in_use);
    assert_false(row_of(&quota, "org/name", 1)->in_use);
    assert_true(row_of(&quota, "org", 0)->in_use);
    remove_root(directory);
    wi_versions_use_clear(&use);
    wi_quota_clear(&quota);
}
