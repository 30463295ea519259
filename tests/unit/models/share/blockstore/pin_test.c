/* Files of the store that somebody else wrote: pins and lists of leaves are read with distrust. */
#include "fixture.h"

#include "models/share/blockstore/leaves.h"
#include "models/share/blockstore/pin.h"
#include <unistd.h>

FIXTURE(set_up, tear_down)

#define CID "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* --- pins ------------------------------------------------------------------------------------- */

#define FILE_JSON(path)                                                                            \
    "{\"path\": \"" path "\", \"bytes\": 0, \"sha256\": \"" SHA256 "\", \"cid\": \"" CID           \
    "\", \"seen\": [1, 1, 2, 3, 4, 5]}"
#define PIN_JSON(model, origin, files)                                                             \
    "{\"cid\": \"" CID "\", \"model\": \"" model "\", \"hash\": \"" SHA256                         \
    "\", \"version\": 0, \"origin\": \"" origin "\", \"published_at\": 5, \"files\": [" files "]}"

static int parse(const char *text)
{
    struct wi_pin pin = {0};
    int result = wi_pin_parse(text, strlen(text), &pin);
    wi_pin_clear(&pin);
    return result;
}

TEST(a_pin_is_read_as_it_was_printed)
{
    const char *text = PIN_JSON("org/name:q4", "webinfer-1", FILE_JSON("a") "," FILE_JSON("b/c"));
    struct wi_pin pin = {0};
    (void)state;
    assert_int_equal(wi_pin_parse(text, strlen(text), &pin), 0);
    assert_string_equal(pin.model, "org/name:q4");
    assert_string_equal(pin.cid_text, CID);
    assert_int_equal(pin.published_at, 5);
    assert_int_equal(pin.files[1].seen.inode, 1);
    assert_int_equal(pin.files[1].seen.links, 1);
    assert_int_equal(pin.files[1].seen.modified.tv_nsec, 3);
    assert_int_equal(pin.files[1].seen.changed.tv_nsec, 5);
    char *printed = wi_pin_print(&pin), *again;
    wi_pin_clear(&pin);
    assert_int_equal(wi_pin_parse(printed, strlen(printed), &pin), 0);
    again = wi_pin_print(&pin);
    assert_string_equal(printed, again);
    wi_pin_clear(&pin);
    free(printed);
    free(again);
}

TEST(pins_that_are_not_well_formed_are_refused)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        PIN_JSON("name", "id", ""),
        PIN_JSON("../name", "id", FILE_JSON("a")),
        PIN_JSON("name", "", FILE_JSON("a")),
        PIN_JSON("name", "Id", FILE_JSON("a")),
        PIN_JSON("name", "id-that-is-longer-than-any-that-a-daemon-has", FILE_JSON("a")),
        PIN_JSON("name", "id", FILE_JSON("../a")),
        PIN_JSON("name", "id", FILE_JSON("/a")),
        PIN_JSON("name", "id", FILE_JSON(".a")),
        PIN_JSON("name", "id", FILE_JSON("")),
        PIN_JSON("name", "id", FILE_JSON("b") "," FILE_JSON("a")),
        PIN_JSON("name", "id", FILE_JSON("a") "," FILE_JSON("a")),
        PIN_JSON("name", "id", FILE_JSON("a") "," FILE_JSON("a-b") "," FILE_JSON("a/b")),
        PIN_JSON("name", "id", "1"),
        PIN_JSON("name\", \"model\": \"name", "id", FILE_JSON("a")),
        PIN_JSON("name", "id", FILE_JSON("a")) "x",
    };
    assert_int_equal(parse(PIN_JSON("name", "id", FILE_JSON("a"))), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse(bad[i]) != -1)
            fail_msg("taken: %s", bad[i]);
    }
}

/* With one text of a good one in the place of another. */
static int parse_with(const char *from, const char *to)
{
    const char *text = PIN_JSON("name", "id", FILE_JSON("a")), *at = strstr(text, from);
    assert_non_null(at);
    char *changed = wi_sprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    int result = parse(changed);
    free(changed);
    return result;
}

TEST(values_of_pins_are_bounded)
{
    (void)state;
    assert_int_equal(parse_with("\"version\": 0", "\"version\": 7"), 0);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": -1"), -1);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": 4294967297"), -1);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": \"1\""), -1);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": 0, \"kind\": \"copy\""), 0);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": 0, \"kind\": \"loan\""), -1);
    assert_int_equal(parse_with("\"version\": 0", "\"version\": 0, \"kind\": 1"), -1);
    assert_int_equal(parse_with("\"published_at\": 5", "\"published_at\": -5"), -1);
    assert_int_equal(parse_with("\"bytes\": 0", "\"bytes\": -1"), -1);
    assert_int_equal(parse_with("\"bytes\": 0", "\"bytes\": 1e3"), -1);
    assert_int_equal(parse_with("\"seen\": [1, 1, 2, 3, 4, 5]", "\"seen\": [1, 2, 3]"), -1);
    assert_int_equal(parse_with(CID, "bafkqaaa"), -1);
    assert_int_equal(parse_with(CID, "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"), -1);
    assert_int_equal(parse_with(SHA256, "e3b0"), -1);
    assert_int_equal(parse_with("b855\", \"version", "B855\", \"version"), -1);
}

TEST(what_is_no_pin_does_no_harm)
{
    struct fixture *f = *state;
    put(f, "name", "a", "content", 7);
    struct published published = publish_good(f, make_model(f, "name", FILES("a")));
    stop(f);
    write_text(f->directory, ".content/pins/" SHA256, PIN_JSON("other", "id", FILE_JSON("a")));
    write_text(f->directory, ".content/pins/empty", "");
    write_text(f->directory, ".content/pins/folder/x", "{}");
    char *large = path_to(f->directory, ".content/pins/large");
    char *link = path_to(f->directory, ".content/pins/link");
    write_text(f->directory, ".content/pins/large", "{");
    assert_int_equal(truncate(large, WI_PIN_MAX + 1), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    free(large);
    free(link);
    start(f);
    assert_null(wi_blockstore_pin(f->blocks, "other")); /* under a name of another */
    wait_for_block(f, &published.cid, 1);
}

/* Puts `to` into the pin, in the place of `from`. */
static void falsify(struct fixture *f, const char *from, const char *to)
{
    char *command =
        wi_sprintf("sed -i 's/%s/%s/' '%s'/.content/pins/[0-9a-f]*", from, to, f->directory);
    assert_int_equal(system(command), 0);
    free(command);
}

TEST(a_pin_whose_files_have_another_cid_goes)
{
    struct fixture *f = *state;
    struct wi_cid cid;
    struct wi_error error;
    put(f, "name", "a", "content", 7);
    struct published published = publish_good(f, make_model(f, "name", FILES("a")));
    const char *other = "bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu";
    stop(f);
    falsify(f, published.cid_text, other);
    start(f);
    while (wi_blockstore_pin(f->blocks, "name"))
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(wi_cid_parse(other, "cid", &cid, &error), WI_OK);
    assert_false(has(f, &cid));
    assert_false(has(f, &published.cid));
}

/* --- leaves ----------------------------------------------------------------------------------- */

static int open_leaves(struct fixture *f)
{
    char *path = wi_sprintf("%s/.content/leaves", f->directory);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    free(path);
    return folder;
}

/* The leaves of what follows, as they are kept. */
static struct wi_leaves keep_leaves(struct fixture *f, int *folder, char sha256[WI_HASH_HEX_SIZE])
{
    struct wi_leaves leaves = {0};
    fill(f, "name", "a", 3, 2 * WI_LEAF_BYTES + 1);
    publish_good(f, make_model(f, "name", FILES("a")));
    const struct wi_pin_file *file = &wi_blockstore_pin(f->blocks, "name")->files[0];
    memcpy(sha256, file->sha256, WI_HASH_HEX_SIZE);
    *folder = open_leaves(f);
    assert_int_equal(wi_leaves_read(*folder, sha256, file->bytes, &leaves), 0);
    assert_int_equal(leaves.count, 3);
    assert_int_equal(leaves.bytes, 2 * WI_LEAF_BYTES + 1);
    return leaves;
}

TEST(leaves_are_of_their_file_and_no_other)
{
    struct fixture *f = *state;
    char sha256[WI_HASH_HEX_SIZE];
    int folder;
    struct wi_leaves leaves = keep_leaves(f, &folder, sha256), none = {0};
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes - 1, &none), -1);
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes + 1, &none), -1);
    assert_int_equal(wi_leaves_read(folder, sha256, UINT64_MAX, &none), -1);
    assert_int_equal(wi_leaves_read(folder, SHA256, leaves.bytes, &none), -1);
    char *from = wi_sprintf("sha256-%s", sha256);
    assert_int_equal(renameat(folder, from, folder, "sha256-" SHA256), 0);
    assert_int_equal(wi_leaves_read(folder, SHA256, leaves.bytes, &none), -1);
    assert_null(none.hashes);
    free(from);
    close(folder);
    wi_leaves_clear(&leaves);
}

struct told {
    int count;
    char sha256[WI_HASH_HEX_SIZE];
    size_t leaves;
};

static int take_leaves(void *context, const char *sha256, const struct wi_leaves *leaves)
{
    struct told *told = context;
    told->count++;
    snprintf(told->sha256, sizeof told->sha256, "%s", sha256);
    told->leaves = leaves->count;
    return 0;
}

static int wants_none(const void *context, const char *sha256)
{
    (void)context, (void)sha256;
    return 0;
}

/* The store's files are called by their SHA-256, too. */
TEST(leaves_stay_for_as_long_as_their_file_is_a_blob)
{
    struct fixture *f = *state;
    char sha256[WI_HASH_HEX_SIZE];
    int folder;
    struct wi_leaves leaves = keep_leaves(f, &folder, sha256), again = {0};
    struct told told = {0};
    char *blob = wi_sprintf(".blobs/sha256-%s", sha256);
    wi_leaves_each(f->directory, take_leaves, &told); /* there are no blobs at all */
    assert_int_equal(told.count, 0);
    assert_int_equal(wi_leaves_open_file(f->directory, sha256), -1);
    fill(f, ".blobs", "sha256-" SHA256, 3, 1); /* of which no leaves are kept */
    fill(f, ".blobs", blob + strlen(".blobs/"), 3, 2 * WI_LEAF_BYTES + 1);
    wi_leaves_each(f->directory, take_leaves, &told);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.sha256, sha256);
    assert_int_equal(told.leaves, 3);
    int fd = wi_leaves_open_file(f->directory, sha256);
    assert_true(fd >= 0);
    close(fd);
    wi_leaves_sweep(f->directory, 1, wants_none, NULL);
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes, &again), 0);
    char *path = path_to(f->directory, blob);
    assert_int_equal(unlink(path), 0);
    wi_leaves_sweep(f->directory, 1, wants_none, NULL);
    wi_leaves_clear(&again);
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes, &again), -1);
    free(path);
    free(blob);
    close(folder);
    wi_leaves_clear(&leaves);
}

TEST(a_flipped_or_cut_list_of_leaves_is_refused)
{
    struct fixture *f = *state;
    char sha256[WI_HASH_HEX_SIZE], *name;
    int folder;
    struct wi_leaves leaves = keep_leaves(f, &folder, sha256), none = {0};
    name = wi_sprintf("sha256-%s", sha256);
    int fd = openat(folder, name, O_RDWR | O_CLOEXEC);
    struct stat status;
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    for (off_t at = 0; at < status.st_size; at++) {
        unsigned char byte, other;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        other = byte ^ 1;
        assert_int_equal(pwrite(fd, &other, 1, at), 1);
        if (wi_leaves_read(folder, sha256, leaves.bytes, &none) != -1)
            fail_msg("taken with another byte at %lld", (long long)at);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes, &none), 0);
    wi_leaves_clear(&none);
    for (off_t size = status.st_size + 1; size >= 0; size--) {
        if (size == status.st_size)
            continue;
        assert_int_equal(ftruncate(fd, size), 0);
        assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes, &none), -1);
    }
    close(fd);
    close(folder);
    free(name);
    wi_leaves_clear(&leaves);
}

TEST(false_leaves_are_computed_again)
{
    struct fixture *f = *state;
    char sha256[WI_HASH_HEX_SIZE];
    int folder;
    struct wi_leaves leaves = keep_leaves(f, &folder, sha256), read = {0};
    const struct wi_cid cid = wi_blockstore_pin(f->blocks, "name")->cid;
    stop(f);
    char *name = wi_sprintf(".content/leaves/sha256-%s", sha256);
    write_text(f->directory, name, "wileaves");
    free(name);
    start(f);
    wait_for_block(f, &cid, 1);
    assert_int_equal(wi_leaves_read(folder, sha256, leaves.bytes, &read), 0);
    assert_memory_equal(read.hashes, leaves.hashes, 3 * WI_HASH_SIZE);
    wi_leaves_clear(&read);
    wi_leaves_clear(&leaves);
    close(folder);
}

TEST(a_computation_ends_when_it_is_to)
{
    struct fixture *f = *state;
    struct wi_leaves leaves = {0};
    char sha256[WI_HASH_HEX_SIZE], *path;
    atomic_int stop = 1;
    atomic_ullong done = 0;
    fill(f, "name", "a", 3, WI_LEAF_BYTES);
    path = path_to(f->directory, "name/a");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    assert_int_equal(wi_leaves_compute(fd, WI_LEAF_BYTES, &stop, &done, &leaves, sha256), -1);
    assert_int_equal(errno, ECANCELED);
    assert_true(done < WI_LEAF_BYTES);
    assert_int_equal(wi_leaves_compute(fd, WI_LEAF_BYTES + 1, NULL, NULL, &leaves, sha256), -1);
    assert_int_equal(errno, 0); /* it is shorter */
    assert_int_equal(wi_leaves_compute(fd, 3, NULL, NULL, &leaves, sha256), 0);
    assert_int_equal(leaves.bytes, 3);
    wi_leaves_clear(&leaves);
    close(fd);
}
