/* Versions of pulled models in a real folder: publishing, reuse, removal, kills between the steps,
 * and stores in which somebody has laid traps. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/memory.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GIT_C "cccccccccccccccccccccccccccccccccccccccc"

struct store {
    char root[64];      /* holds the store and what lies outside of it */
    char directory[80]; /* the store */
    struct wi_versions_use use;
    size_t held;
};

static int set_up(void **state)
{
    struct store *store = wi_alloc(sizeof *store);
    make_root_with(store->root, store->directory, "versions", "store");
    *state = store;
    return 0;
}

static int tear_down(void **state)
{
    struct store *store = *state;
    remove_root(store->root);
    wi_versions_use_clear(&store->use);
    free(store);
    return 0;
}

static char *path_in(const struct store *store, const char *path)
{
    return wi_sprintf("%s/%s", store->directory, path);
}

static void expect_file(const struct store *store, const char *path, const char *content)
{
    char *full = path_in(store, path), text[64] = "";
    FILE *file = fopen(full, "r");
    if (!file)
        fail_msg("%s: %s", full, strerror(errno));
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(content));
    fclose(file);
    assert_string_equal(text, content);
    free(full);
}

static int is_there(const struct store *store, const char *path)
{
    char *full = path_in(store, path);
    struct stat status;
    int there = lstat(full, &status) == 0;
    free(full);
    return there;
}

static void open_staging(const struct store *store, const char *id, struct wi_staging *staging)
{
    struct wi_error error;
    if (wi_staging_open(store->directory, id, "{}", staging, &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static struct wi_source new_source(const char *commit)
{
    return (struct wi_source){.hub = wi_strdup("hub"),
        .repository = wi_strdup("org/name"),
        .revision = wi_strdup("main"),
        .commit = wi_strdup(commit),
        .pulled_at = 1700000000};
}

/* A model of one graph and one setting, published as it would be after a pull. */
static enum wi_code pull(const struct store *store, const char *name, const char *graph,
    const char *hash, struct wi_error *error)
{
    struct wi_staging staging = {0};
    struct wi_source source = new_source(hash);
    unsigned number;
    open_staging(store, "one", &staging);
    write_text(staging.folder, "model.onnx", graph);
    write_text(staging.folder, "onnx/labels.txt", "cat");
    write_text(staging.folder, "onnx/labels.txt.state", "of a transfer");
    write_text(staging.folder, "old/model.gguf", "of another commit");
    wi_source_add(&source, "model.onnx", strlen(graph), hash);
    wi_source_add(&source, "onnx/labels.txt", UINT64_MAX, GIT_C);
    enum wi_code code =
        wi_versions_publish(store->directory, name, &staging, &source, NULL, NULL, &number, error);
    wi_source_clear(&source);
    wi_staging_clear(&staging);
    return code;
}

static void pull_well(const struct store *store, const char *name, const char *graph)
{
    char hash[WI_MANIFEST_HEX];
    struct wi_error error;
    strcpy(hash, *graph == 'a' ? SHA_A : SHA_B);
    if (strcmp(graph, "a1") != 0 && strcmp(graph, "b2") != 0)
        hash[0] = graph[1]; /* another content has another hash */
    if (pull(store, name, graph, hash, &error) != WI_OK)
        fail_msg("%s", error.detail);
}

static void expect_versions(const struct store *store, const char *name, const char *expected)
{
    struct wi_versions versions = {0};
    char text[64] = "";
    wi_versions_list(store->directory, name, &versions);
    for (size_t i = 0; i < versions.count; i++)
        sprintf(text + strlen(text), "%u%s ", versions.items[i].number,
            versions.items[i].current ? "*" : "");
    assert_string_equal(text, expected);
    wi_versions_clear(&versions);
}

/* --- publishing ------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(a_name_leads_to_the_latest_version)
{
    struct store *store = *state;
    assert_int_equal(wi_versions_current(store->directory, "org/name"), 0);
    pull_well(store, "org/name", "a1");
    pull_well(store, "org/name", "b2");
    pull_well(store, "top", "a3");
    expect_file(store, "org/name/model.onnx", "b2");
    expect_file(store, "org/name/onnx/labels.txt", "cat");
    expect_file(store, ".versions/org/name/1/model.onnx", "a1");
    assert_false(is_there(store, "org/name/onnx/labels.txt.state"));
    assert_false(is_there(store, "org/name/old"));
    expect_file(store, "top/model.onnx", "a3");
    expect_versions(store, "org/name", "2* 1 ");
    expect_versions(store, "top", "1* ");
    expect_versions(store, "org/other", "");
    assert_false(is_there(store, ".staging/one"));
}

TEST(it_is_written_down_where_a_version_came_from)
{
    struct store *store = *state;
    struct wi_versions versions = {0};
    pull_well(store, "org/name", "a1");
    wi_versions_list(store->directory, "org/name", &versions);
    assert_int_equal(versions.count, 1);
    const struct wi_source *source = &versions.items[0].source;
    assert_string_equal(source->hub, "hub");
    assert_string_equal(source->repository, "org/name");
    assert_string_equal(source->revision, "main");
    assert_string_equal(source->commit, SHA_A);
    assert_null(source->variant);
    assert_int_equal(source->pulled_at, 1700000000);
    assert_int_equal(source->count, 2);
    assert_int_equal(source->files[1].bytes, 3); /* it was not known */
    assert_int_equal(wi_source_bytes(source), 5);
    wi_versions_clear(&versions);
}

/* What is there, in words: two that differ say in what. */
static char *described(const struct store *store, const char *path)
{
    char *full = path_in(store, path), *text;
    struct stat status;
    if (stat(full, &status) != 0)
        text = wi_sprintf("%s: %s", path, strerror(errno));
    else
        text = wi_sprintf("%s: inode %llu, %llu links, %lld bytes, %lld.%09ld", path,
            (unsigned long long)status.st_ino, (unsigned long long)status.st_nlink,
            (long long)status.st_size, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    free(full);
    return text;
}

static void expect_same_file(const struct store *store, const char *a, const char *b)
{
    char *x = path_in(store, a), *y = path_in(store, b);
    struct stat first, second;
    if (stat(x, &first) != 0 || stat(y, &second) != 0 || first.st_ino != second.st_ino)
        fail_msg("%s, but %s", described(store, a), described(store, b));
    free(x);
    free(y);
}

#define BLOB_A ".blobs/sha256-" SHA_A

TEST(a_file_is_kept_once_for_all_models)
{
    struct store *store = *state;
    uint64_t freed;
    int pulled;
    struct wi_error error;
    pull_well(store, "org/name", "a1");
    pull_well(store, "other", "a1");
    expect_same_file(store, "org/name/model.onnx", BLOB_A);
    expect_same_file(store, "other/model.onnx", BLOB_A);
    expect_same_file(store, "other/onnx/labels.txt", "org/name/onnx/labels.txt");
    assert_int_equal(
        wi_versions_remove(store->directory, "org/name", &pulled, &freed, &error), WI_OK);
    wi_versions_prune(store->directory, "org/name", 0, &store->use, &store->held);
    expect_file(store, "other/model.onnx", "a1");
    expect_file(store, BLOB_A, "a1");
    assert_int_equal(wi_versions_remove(store->directory, "other", &pulled, &freed, &error), WI_OK);
    assert_int_equal(
        wi_versions_prune(store->directory, "other", 0, &store->use, &store->held) >= 5, 1);
    if (is_there(store, BLOB_A))
        fail_msg("still there: %s", described(store, BLOB_A));
}

/* Of a kill between the blobs' names and the version's. */
TEST(blobs_that_nothing_names_are_collected)
{
    struct store *store = *state;
    pull_well(store, "org/name", "a1");
    write_text(store->directory, ".blobs/sha256-" SHA_B, "123456");
    write_text(store->directory, ".blobs/.fresh", "1");
    assert_int_equal(wi_versions_gc(store->directory, 2, 0, &store->use, &store->held), 7);
    assert_false(is_there(store, ".blobs/sha256-" SHA_B));
    expect_file(store, BLOB_A, "a1");
}

/* Somebody has written to it: others do not get that. */
TEST(a_blob_that_was_changed_is_replaced)
{
    struct store *store = *state;
    pull_well(store, "org/name", "a1");
    char *path = path_in(store, BLOB_A);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fputs("changed", file);
    fclose(file);
    free(path);
    pull_well(store, "other", "a1");
    expect_file(store, "other/model.onnx", "a1");
    expect_file(store, BLOB_A, "a1");
    expect_file(store, "org/name/model.onnx", "changed");
}

TEST(names_of_others_are_left_alone)
{
    struct store *store = *state;
    struct wi_error error;
    write_text(store->directory, "org/name/model.onnx", "mine");
    write_text(store->directory, "file", "mine");
    assert_int_equal(pull(store, "org/name", "a1", SHA_A, &error), WI_CONFLICT);
    assert_non_null(strstr(error.detail, "was not pulled"));
    assert_int_equal(pull(store, "file", "a1", SHA_A, &error), WI_CONFLICT);
    assert_int_equal(pull(store, "file/name", "a1", SHA_A, &error), WI_CONFLICT);
    assert_int_equal(pull(store, "builtin/echo", "a1", SHA_A, &error), WI_INVALID_FIELD);
    assert_int_equal(pull(store, "../name", "a1", SHA_A, &error), WI_INVALID_FIELD);
    assert_int_equal(pull(store, "name:q8", "a1", SHA_A, &error), WI_INVALID_FIELD);
    expect_file(store, "org/name/model.onnx", "mine");
    expect_file(store, "file", "mine");
    assert_false(is_there(store, ".versions"));
}

/* One folder cannot be a version of one model and the place of another. */
TEST(a_name_alone_and_its_owner_do_not_meet)
{
    struct store *store = *state;
    struct wi_error error;
    pull_well(store, "org", "a1");
    assert_int_equal(pull(store, "org/1", "b2", SHA_B, &error), WI_CONFLICT);
    expect_file(store, "org/model.onnx", "a1");
}

TEST(what_was_not_fetched_is_not_published)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    struct wi_source source = new_source("c");
    struct wi_error error;
    unsigned number;
    pull_well(store, "org/name", "a1");
    open_staging(store, "two", &staging);
    write_text(staging.folder, "model.onnx", "short");
    wi_source_add(&source, "model.onnx", 6, SHA_B);
    assert_int_equal(wi_versions_publish(store->directory, "org/name", &staging, &source, NULL,
                         NULL, &number, &error),
        WI_INTERNAL);
    expect_file(store, "org/name/model.onnx", "a1");
    wi_source_clear(&source);
    wi_staging_clear(&staging);
}

/* --- reuse ------------------------------------------------------------------------------------ */

static uint64_t reuse(const struct store *store, struct wi_staging *staging, const char *hash,
    uint64_t bytes, uint64_t *known)
{
    struct wi_source wanted = {0};
    wi_source_add(&wanted, "deep/graph.onnx", bytes, hash);
    open_staging(store, "again", staging);
    uint64_t saved =
        wi_staging_reuse(store->directory, staging, "org/name", wanted.files, wanted.count);
    *known = wanted.files[0].bytes;
    wi_source_clear(&wanted);
    return saved;
}

TEST(files_of_earlier_versions_are_linked)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    struct stat old, fresh;
    uint64_t known;
    pull_well(store, "org/name", "a1");
    pull_well(store, "org/name", "b2");
    assert_int_equal(reuse(store, &staging, SHA_A, UINT64_MAX, &known), 2);
    assert_int_equal(known, 2);
    char *first = path_in(store, ".versions/org/name/1/model.onnx");
    char *second = path_in(store, ".staging/again/files/deep/graph.onnx");
    assert_int_equal(stat(first, &old), 0);
    assert_int_equal(stat(second, &fresh), 0);
    assert_int_equal(old.st_ino, fresh.st_ino);
    free(first);
    free(second);
    wi_staging_clear(&staging);
}

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

/* A CID names its content, whichever model has it. */
TEST(files_of_other_models_are_linked_by_their_cid)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    struct wi_error error;
    uint64_t known;
    assert_true(wi_source_hash_is_cid(CID));
    assert_false(wi_source_hash_is_cid("ipfs://" CID));
    assert_false(wi_source_hash_is_cid(SHA_A));
    assert_int_equal(pull(store, "other/name", "a1", CID, &error), WI_OK);
    assert_int_equal(reuse(store, &staging, CID, UINT64_MAX, &known), 2);
    wi_staging_clear(&staging);
}

TEST(files_that_have_changed_are_not_reused)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    uint64_t known;
    pull_well(store, "org/name", "a1");
    char *first = path_in(store, ".versions/org/name/1/model.onnx");
    assert_int_equal(utimensat(AT_FDCWD, first, times, 0), 0);
    assert_int_equal(reuse(store, &staging, SHA_A, 2, &known), 0);
    wi_staging_clear(&staging);
    assert_int_equal(reuse(store, &staging, SHA_B, 2, &known), 0);
    free(first);
    wi_staging_clear(&staging);
}

/* --- kills ------------------------------------------------------------------------------------ */

TEST(a_pull_is_found_again)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    struct wi_strings ids = {0};
    struct wi_error error;
    open_staging(store, "one", &staging);
    write_text(staging.folder, "model.onnx.part", "ha");
    wi_staging_clear(&staging);
    char *half = path_in(store, ".staging/half/files"); /* killed before the request was there */
    char *command = wi_sprintf("mkdir -p '%s'", half);
    assert_int_equal(system(command), 0);
    free(command);
    free(half);
    wi_staging_list(store->directory, &ids);
    assert_int_equal(ids.count, 1);
    assert_string_equal(ids.items[0], "one");
    assert_int_equal(wi_staging_open(store->directory, "one", NULL, &staging, &error), WI_OK);
    assert_string_equal(staging.request, "{}");
    expect_file(store, ".staging/one/files/model.onnx.part", "ha");
    wi_versions_gc(store->directory, 2, 0, &store->use, &store->held);
    assert_true(is_there(store, ".staging/one"));
    assert_false(is_there(store, ".staging/half"));
    wi_strings_add(&store->use.stagings, "one");
    wi_versions_gc(store->directory, 2, 1, &store->use, &store->held);
    assert_true(is_there(store, ".staging/one"));
    wi_versions_use_clear(&store->use);
    wi_versions_gc(store->directory, 2, 1, &store->use, &store->held);
    assert_false(is_there(store, ".staging/one"));
    wi_staging_clear(&staging);
    assert_int_equal(
        wi_staging_open(store->directory, "one", NULL, &staging, &error), WI_NOT_FOUND);
    wi_strings_clear(&ids);
}

/* The staging folder as it is when the second version's files have been moved, or are about to be,
 * and the name still leads to the first. */
static void begin_publishing(const struct store *store, int moved)
{
    struct wi_staging staging = {0};
    struct wi_source source = new_source("second");
    struct wi_error error;
    pull_well(store, "org/name", "a1");
    open_staging(store, "cut", &staging);
    write_text(staging.folder, "model.onnx", "b2");
    wi_source_add(&source, "model.onnx", 2, SHA_B);
    int files = open(staging.folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(wi_source_look(files, &source, &error), WI_OK);
    assert_int_equal(wi_source_write(files, &source, &error), WI_OK);
    close(files);
    char *place = path_in(store, ".staging/cut/link");
    assert_int_equal(symlink("../.versions/org/name/2", place), 0);
    char *target = path_in(store, ".versions/org/name/2");
    if (moved)
        assert_int_equal(rename(staging.folder, target), 0);
    free(place);
    free(target);
    wi_source_clear(&source);
    wi_staging_clear(&staging);
}

TEST(a_kill_before_the_files_moved_leaves_the_old_version)
{
    struct store *store = *state;
    struct wi_strings ids = {0};
    begin_publishing(store, 0);
    wi_staging_list(store->directory, &ids);
    assert_int_equal(ids.count, 1); /* the pull goes on */
    expect_file(store, "org/name/model.onnx", "a1");
    expect_file(store, ".staging/cut/files/model.onnx", "b2");
    wi_strings_clear(&ids);
}

TEST(a_kill_after_the_files_moved_is_brought_to_its_end)
{
    struct store *store = *state;
    struct wi_strings ids = {0};
    begin_publishing(store, 1);
    expect_file(store, "org/name/model.onnx", "a1");
    wi_staging_list(store->directory, &ids);
    assert_int_equal(ids.count, 0);
    expect_file(store, "org/name/model.onnx", "b2");
    expect_versions(store, "org/name", "2* 1 ");
    assert_false(is_there(store, ".staging/cut"));
}

TEST(a_kill_before_the_staging_went_changes_nothing)
{
    struct store *store = *state;
    struct wi_strings ids = {0};
    begin_publishing(store, 1);
    wi_staging_list(store->directory, &ids);
    write_text(store->directory, ".staging/cut/request.json", "{}");
    wi_versions_gc(store->directory, 2, 0, &store->use, &store->held);
    expect_versions(store, "org/name", "2* 1 ");
    assert_false(is_there(store, ".staging/cut"));
    wi_strings_clear(&ids);
}

/* The name became somebody's own while the daemon was dead: the version goes, that stays. */
TEST(a_name_that_was_taken_meanwhile_stays)
{
    struct store *store = *state;
    begin_publishing(store, 1);
    char *name = path_in(store, "org/name");
    assert_int_equal(unlink(name), 0);
    free(name);
    write_text(store->directory, "org/name/model.onnx", "mine");
    wi_versions_gc(store->directory, 2, 0, &store->use, &store->held);
    expect_file(store, "org/name/model.onnx", "mine");
    assert_false(is_there(store, ".versions/org"));
}

TEST(an_interrupted_removal_is_ended)
{
    struct store *store = *state;
    write_text(store->directory, ".staging/.gone-0/model.onnx", "four");
    write_text(store->directory, ".staging/.gone-1/model.onnx", "seventh");
    assert_int_equal(wi_versions_gc(store->directory, 2, 0, &store->use, &store->held), 4 + 7);
    assert_false(is_there(store, ".staging/.gone-0"));
    assert_false(is_there(store, ".staging/.gone-1"));
}

/* What it has left behind is in nobody's way. */
TEST(another_removal_goes_on_beside_an_interrupted_one)
{
    struct store *store = *state;
    struct wi_error error;
    uint64_t freed = 0;
    int pulled;
    write_text(store->directory, ".staging/.gone-0/x", "four");
    write_text(store->directory, "mine/model.onnx", "seventh");
    assert_int_equal(wi_versions_remove(store->directory, "mine", &pulled, &freed, &error), WI_OK);
    assert_false(is_there(store, "mine"));
    assert_false(is_there(store, ".staging/.gone-0"));
    assert_false(is_there(store, ".staging/.gone-1"));
}

/* --- removal ---------------------------------------------------------------------------------- */

TEST(some_versions_are_kept)
{
    struct store *store = *state;
    for (int i = 0; i < 4; i++)
        pull_well(store, "org/name", "a1");
    wi_strings_add(&store->use.folders, "");
    free(store->use.folders.items[0]);
    store->use.folders.items[0] = wi_versions_folder(store->directory, "org/name", 1);
    wi_versions_prune(store->directory, "org/name", 2, &store->use, &store->held);
    expect_versions(store, "org/name", "4* 3 1 ");
    assert_int_equal(store->held, 1);
    wi_versions_use_clear(&store->use);
    assert_true(wi_versions_gc(store->directory, 1, 0, &store->use, &store->held) > 0);
    expect_versions(store, "org/name", "4* ");
    expect_file(store, "org/name/model.onnx", "a1");
}

TEST(a_pulled_model_goes_with_its_versions)
{
    struct store *store = *state;
    struct wi_error error;
    uint64_t freed;
    int pulled;
    pull_well(store, "org/name", "a1");
    pull_well(store, "org/name", "b2");
    wi_strings_add(&store->use.folders, "");
    free(store->use.folders.items[0]);
    store->use.folders.items[0] = wi_versions_folder(store->directory, "org/name", 2);
    assert_int_equal(
        wi_versions_remove(store->directory, "org/name", &pulled, &freed, &error), WI_OK);
    assert_true(pulled);
    assert_false(is_there(store, "org"));
    wi_versions_prune(store->directory, "org/name", 0, &store->use, &store->held);
    expect_versions(store, "org/name", "2 "); /* a request holds it */
    wi_versions_use_clear(&store->use);
    wi_versions_gc(store->directory, 2, 0, &store->use, &store->held);
    assert_false(is_there(store, ".versions/org"));
    assert_int_equal(wi_versions_remove(store->directory, "org/name", &pulled, &freed, &error),
        WI_MODEL_NOT_FOUND);
}

TEST(a_model_that_was_added_goes_too)
{
    struct store *store = *state;
    struct wi_error error;
    uint64_t freed;
    int pulled;
    write_text(store->directory, "mine/model.onnx", "1234567");
    write_text(store->directory, "mine/inner/model.onnx", "x");
    write_text(store->directory, "owner/name/model.onnx", "x");
    assert_int_equal(
        wi_versions_remove(store->directory, "mine", &pulled, &freed, &error), WI_CONFLICT);
    assert_non_null(strstr(error.detail, "mine/inner"));
    assert_int_equal(
        wi_versions_remove(store->directory, "mine/inner", &pulled, &freed, &error), WI_OK);
    assert_int_equal(wi_versions_remove(store->directory, "mine", &pulled, &freed, &error), WI_OK);
    assert_false(pulled);
    assert_int_equal(freed, 7);
    assert_int_equal(
        wi_versions_remove(store->directory, "owner", &pulled, &freed, &error), WI_MODEL_NOT_FOUND);
    assert_int_equal(wi_versions_remove(store->directory, ".staging", &pulled, &freed, &error),
        WI_INVALID_FIELD);
    assert_int_equal(
        wi_versions_remove(store->directory, "..", &pulled, &freed, &error), WI_INVALID_FIELD);
    expect_file(store, "owner/name/model.onnx", "x");
}

/* --- traps ------------------------------------------------------------------------------------ */

static void make_link(const struct store *store, const char *path, const char *target)
{
    char *full = path_in(store, path);
    if (symlink(target, full) != 0)
        fail_msg("%s: %s", full, strerror(errno));
    free(full);
}

TEST(links_out_are_not_followed)
{
    struct store *store = *state;
    struct wi_error error;
    uint64_t freed;
    int pulled;
    write_text(store->root, "outside/1/model.onnx", "theirs");
    make_link(store, ".versions", "../outside");
    make_link(store, "name", ".versions/_/name/1");
    assert_int_equal(wi_versions_current(store->directory, "name"), 0);
    assert_int_equal(pull(store, "name", "a1", SHA_A, &error), WI_STORAGE_FAILED);
    wi_versions_gc(store->directory, 1, 1, &store->use, &store->held);
    assert_int_equal(wi_versions_remove(store->directory, "name", &pulled, &freed, &error), WI_OK);
    char *theirs = wi_sprintf("%s/outside/1/model.onnx", store->root);
    assert_int_equal(access(theirs, R_OK), 0);
    free(theirs);
}

TEST(a_tree_with_links_is_removed_without_what_they_lead_to)
{
    struct store *store = *state;
    struct wi_error error;
    uint64_t freed;
    int pulled;
    write_text(store->root, "outside/file", "theirs");
    write_text(store->directory, "mine/model.onnx", "x");
    make_link(store, "mine/data", "../../outside");
    make_link(store, "alias", "mine");
    assert_int_equal(wi_versions_remove(store->directory, "alias", &pulled, &freed, &error), WI_OK);
    expect_file(store, "mine/model.onnx", "x"); /* the link alone went */
    assert_int_equal(wi_versions_remove(store->directory, "mine", &pulled, &freed, &error), WI_OK);
    char *theirs = wi_sprintf("%s/outside/file", store->root);
    assert_int_equal(access(theirs, R_OK), 0);
    free(theirs);
}

TEST(odd_links_are_no_versions)
{
    struct store *store = *state;
    static const char *const targets[] = {"../.versions/org/name/01", "../.versions/org/name/0",
        "../.versions/org/name/1/", "../.versions/org/other/1", "/.versions/org/name/1",
        "../.versions/org/name/../name/1", "../.versions/org/name/99999999999999999999"};
    pull_well(store, "org/name", "a1");
    pull_well(store, "org/other", "a1");
    char *name = path_in(store, "org/name");
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_int_equal(unlink(name), 0);
        make_link(store, "org/name", targets[i]);
        assert_int_equal(wi_versions_current(store->directory, "org/name"), 0);
    }
    free(name);
}

#define SOURCE(files) "{\"hub\": \"hub\", \"pulled_at\": 1, \"files\": [" files "]}"
#define SOURCE_FILE(path, bytes, sha256)                                                           \
    "{\"path\": \"" path "\", \"bytes\": " bytes ", \"hash\": \"" SHA_A                            \
    "\", \"sha256\": \"" sha256 "\", \"modified\": [1, 1]}"

TEST(what_is_written_down_is_not_trusted)
{
    struct store *store = *state;
    static const char *const texts[] = {"", "{", "[]", "{\"pulled_at\": 1}",
        "{\"hub\": 1, \"pulled_at\": 1, \"files\": []}", SOURCE(SOURCE_FILE("../x", "1", SHA_A)),
        SOURCE(SOURCE_FILE("x", "-1", SHA_A)), SOURCE(SOURCE_FILE("x", "1", GIT_C)),
        SOURCE(SOURCE_FILE("x", "1", "../../x"))};
    char *folder = path_in(store, "x");
    assert_int_equal(mkdir(folder, 0700), 0);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    struct wi_source good = {0};
    write_text(folder, WI_SOURCE_FILE, SOURCE(SOURCE_FILE("x", "1", SHA_A)));
    assert_int_equal(wi_source_read(fd, &good), 0);
    wi_source_clear(&good);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wi_source source = {0};
        write_text(folder, WI_SOURCE_FILE, texts[i]);
        assert_int_equal(wi_source_read(fd, &source), -1);
        assert_null(source.hub);
        assert_int_equal(source.count, 0);
    }
    close(fd);
    free(folder);
}

TEST(odd_ids_are_refused)
{
    struct store *store = *state;
    static const char *const ids[] = {"", ".", "..", "a/b", "A", "-x", ".gone-1"};
    struct wi_staging staging = {0};
    struct wi_error error;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_int_equal(
            wi_staging_open(store->directory, ids[i], "{}", &staging, &error), WI_STORAGE_FAILED);
}

TEST(a_store_that_cannot_be_written_says_so)
{
    struct store *store = *state;
    struct wi_staging staging = {0};
    struct wi_error error;
    write_text(store->directory, ".staging", "a file in the place of the folder");
    assert_int_equal(
        wi_staging_open(store->directory, "one", "{}", &staging, &error), WI_STORAGE_FAILED);
    assert_non_null(strstr(error.detail, store->directory));
    assert_int_equal(
        wi_staging_open("/nowhere/at/all", "one", "{}", &staging, &error), WI_STORAGE_FAILED);
}
