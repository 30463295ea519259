/* Manifests and their hash, and the paths that files may have. */
#include "../../test.h"

#include "base/file.h"
#include "base/hash.h"
#include "terms/model/manifest.h"
#include <string.h>

TEST(paths_lead_into_the_folder)
{
    static const char *const good[] = {
        "a", "model.onnx", "onnx/model_q4.onnx_data_1", "1_Pooling/config.json", "a-b@c=d~e,f"};
    static const char *const bad[] = {"", ".", "..", "/", "/a", "a/", "a//b", "./a", "../a",
        "a/../b", "a/.b", "a b", "a\\b", "a%2eb", "a?b", "a#b", "\xc3\xa4", "a\nb", "a\"b"};
    char path[300];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!wi_file_path_ok(good[i]))
            fail_msg("refused \"%s\"", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wi_file_path_ok(bad[i]))
            fail_msg("accepted \"%s\"", bad[i]);
    memset(path, 'a', sizeof path);
    path[255] = '\0';
    assert_true(wi_file_path_ok(path));
    path[255] = 'a';
    path[256] = '\0';
    assert_false(wi_file_path_ok(path));
}

/* A manifest of files that are all `digit`. */
static void add(struct wi_manifest *manifest, const char *path, uint64_t bytes, char digit)
{
    struct wi_model_file *file = wi_manifest_add(manifest, path);
    file->bytes = bytes;
    memset(file->hash, digit, 64);
}

TEST(a_write_shows_whatever_time_is_set)
{
    const struct wi_file_identity one = {
        .device = 1, .inode = 2, .size = 3, .links = 1, .modified = {4, 5}, .changed = {6, 7}};
    struct wi_file_identity other = one;
    assert_true(wi_file_identity_same(&one, &other));
    other.changed.tv_nsec++;
    assert_false(wi_file_identity_same(&one, &other));
    other.links = 2; /* which alone changes it */
    assert_true(wi_file_identity_same(&one, &other));
    assert_true(wi_file_identity_same(&other, &one));
    other.modified.tv_nsec++;
    assert_false(wi_file_identity_same(&one, &other));
    other = one;
    other.size++;
    assert_false(wi_file_identity_same(&one, &other));
}

TEST(the_hash_is_over_sorted_lines)
{
    static const char lines[] =
        "b\0"
        "7\0"
        "1111111111111111111111111111111111111111111111111111111111111111\n"
        "b/c\0"
        "5000000000\0"
        "2222222222222222222222222222222222222222222222222222222222222222\n";
    struct wi_manifest one = {0}, other = {0};
    unsigned char digest[WI_HASH_SIZE];
    char expected[65], hash[65];
    add(&one, "b/c", 5000000000, '2');
    add(&one, "b", 7, '1');
    wi_manifest_sort(&one);
    wi_manifest_hash(&one, hash);
    wi_hash(lines, sizeof lines - 1, digest);
    wi_hash_hex(digest, expected);
    assert_string_equal(hash, expected);
    assert_int_equal(wi_manifest_bytes(&one), 5000000007);
    assert_ptr_equal(wi_manifest_find(&one, "b/c"), &one.files[1]);
    assert_null(wi_manifest_find(&one, "c"));
    assert_null(wi_manifest_find(&other, "c"));
    add(&other, "b", 7, '1');
    add(&other, "b/c", 5000000001, '2');
    wi_manifest_hash(&other, hash);
    assert_string_not_equal(hash, expected);
    wi_manifest_clear(&one);
    wi_manifest_clear(&other);
}
