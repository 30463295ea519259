/* A store while descriptors are short, at each of its steps: nothing is lost for want of a look. */
#include "../../../test.h"

#include "../../../files.h"
#include "../../../terms/format/gguf_build.h"
#include "../../../terms/format/onnx_build.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/catalog/library/listing.h"
#include "models/catalog/library/model_load.h"
#include "models/catalog/library/quota.h"
#include "models/catalog/library/versions.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any of the calls needs at a time. */
#define ENOUGH 16

struct store {
    char directory[64];
    struct rlimit before;
    struct wi_versions_use use;
};

/* A pulled model of two versions, one that was added with another inside, and a pull under way. */
static int set_up(void **state)
{
    struct store *store = wi_alloc(sizeof *store);
    make_root(store->directory, "shortage");
    write_text(store->directory, ".versions/org/name/1/model.onnx", "one");
    write_text(store->directory, ".versions/org/name/2/model.onnx", "two");
    write_text(store->directory, "org/.keep", "");
    char *name = wi_sprintf("%s/org/name", store->directory);
    assert_int_equal(symlink("../.versions/org/name/2", name), 0);
    free(name);
    write_text(store->directory, "outer/model.onnx", "outer");
    write_text(store->directory, "outer/inner/model.onnx", "inner");
    write_text(store->directory, ".staging/one/request.json", "{}");
    write_text(store->directory, ".staging/one/files/model.onnx.part", "half");
    getrlimit(RLIMIT_NOFILE, &store->before);
    *state = store;
    return 0;
}

static int tear_down(void **state)
{
    struct store *store = *state;
    setrlimit(RLIMIT_NOFILE, &store->before);
    remove_root(store->directory);
    free(store);
    return 0;
}

static void leave(const struct store *store, int descriptors)
{
    struct rlimit limit = store->before;
    limit.rlim_cur = (rlim_t)(wi_descriptors_next() + descriptors);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void leave_all(const struct store *store)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &store->before), 0);
}

static int is_there(const struct store *store, const char *path)
{
    char *full = wi_sprintf("%s/%s", store->directory, path);
    struct stat status;
    int there = lstat(full, &status) == 0;
    free(full);
    return there;
}

/* 0 and how many there are, or -1. */
typedef int list_fn(const char *directory, size_t *count);

static int list_versions(const char *directory, size_t *count)
{
    struct wi_versions versions = {0};
    int result = wi_versions_list(directory, "org/name", &versions);
    *count = versions.count;
    assert_true(result != 0 || versions.items[0].current);
    wi_versions_clear(&versions);
    return result;
}

static int list_pulls(const char *directory, size_t *count)
{
    struct wi_strings ids = {0};
    int result = wi_staging_list(directory, &ids);
    *count = ids.count;
    wi_strings_clear(&ids);
    return result;
}

/* A list that is not whole says so. */
static void is_listed_or_not(const struct store *store, list_fn *list, size_t whole)
{
    int listed = 0;
    for (int n = 0; n <= ENOUGH; n++) {
        size_t count;
        leave(store, n);
        listed = list(store->directory, &count) == 0;
        leave_all(store);
        assert_true(!listed || count == whole);
        assert_false(n == 0 && listed);
    }
    assert_true(listed);
}

FIXTURE(set_up, tear_down)

TEST(versions_and_pulls_are_listed_or_not)
{
    is_listed_or_not(*state, list_versions, 2);
    is_listed_or_not(*state, list_pulls, 1);
}

TEST(what_is_current_is_never_collected)
{
    struct store *store = *state;
    size_t held = 0;
    for (int n = 0; n <= ENOUGH; n++) {
        leave(store, n);
        wi_versions_gc(store->directory, 1, 0, &store->use, &held);
        leave_all(store);
        if (!is_there(store, ".versions/org/name/2/model.onnx"))
            fail_msg("the current version was removed with %d descriptors left", n);
        if (!is_there(store, ".staging/one/files/model.onnx.part"))
            fail_msg("what a pull has was removed with %d descriptors left", n);
    }
    assert_false(is_there(store, ".versions/org/name/1"));
}

/* A pull that was killed when its files were a version already, but nothing led there yet. */
static void begin_publishing(const struct store *store)
{
    struct wi_source source = {.hub = wi_strdup("hub"),
        .repository = wi_strdup("org/new"),
        .revision = wi_strdup("main"),
        .commit = wi_strdup("first"),
        .pulled_at = 1700000000};
    struct wi_error error;
    write_text(store->directory, ".staging/cut/request.json", "{}");
    write_text(store->directory, ".versions/org/new/1/model.onnx", "new");
    char *version = wi_sprintf("%s/.versions/org/new/1", store->directory);
    char *link = wi_sprintf("%s/.staging/cut/link", store->directory);
    int folder = open(version, O_RDONLY | O_DIRECTORY);
    assert_int_equal(wi_source_look(folder, &source, &error), WI_OK);
    assert_int_equal(wi_source_write(folder, &source, &error), WI_OK);
    close(folder);
    assert_int_equal(symlink("../.versions/org/new/1", link), 0);
    free(version);
    free(link);
    wi_source_clear(&source);
}

TEST(a_publishing_that_was_cut_is_brought_to_its_end)
{
    struct store *store = *state;
    size_t held = 0;
    begin_publishing(store);
    for (int n = 0; n <= ENOUGH; n++) {
        leave(store, n);
        wi_versions_gc(store->directory, 1, 0, &store->use, &held);
        leave_all(store);
        if (!is_there(store, ".versions/org/new/1/model.onnx"))
            fail_msg("what was pulled was removed with %d descriptors left", n);
    }
    assert_true(is_there(store, "org/new/model.onnx"));
    assert_false(is_there(store, ".staging/cut"));
}

TEST(what_is_current_makes_no_room)
{
    struct store *store = *state;
    for (int n = 0; n <= ENOUGH; n++) {
        struct wi_quota quota = {0};
        struct wi_strings names = {0};
        struct wi_error error;
        leave(store, n);
        wi_quota_scan(store->directory, NULL, &store->use, &quota);
        leave_all(store);
        wi_quota_plan(&quota, 20, 1, &error); /* the old version is enough */
        wi_quota_evict(store->directory, &quota, &names);
        assert_int_equal(names.count, 0);
        if (!is_there(store, ".versions/org/name/2/model.onnx"))
            fail_msg("the current version made room with %d descriptors left", n);
        wi_quota_clear(&quota);
        wi_strings_clear(&names);
    }
    assert_false(is_there(store, ".versions/org/name/1"));
}

/* One model lies in the folder of the other. */
static void is_not_removed_unseen(
    const struct store *store, const char *outer, const char *inner_graph)
{
    struct wi_error error;
    uint64_t freed;
    int pulled;
    for (int n = 0; n <= ENOUGH; n++) {
        leave(store, n);
        enum wi_code code = wi_versions_remove(store->directory, outer, &pulled, &freed, &error);
        leave_all(store);
        assert_true(code == WI_UNAVAILABLE || code == WI_CONFLICT);
        if (!is_there(store, inner_graph))
            fail_msg("%s was removed with %d descriptors left", inner_graph, n);
    }
    assert_int_equal(error.code, WI_CONFLICT);
}

TEST(models_inside_are_not_removed_unseen)
{
    struct store *store = *state;
    write_text(store->directory, "folders/model.onnx", "outer");
    write_text(store->directory, "folders/bert/config.json", "{}");
    write_text(store->directory, "folders/bert/onnx/model.onnx", "inner");
    is_not_removed_unseen(store, "outer", "outer/inner/model.onnx");
    is_not_removed_unseen(store, "folders", "folders/bert/onnx/model.onnx");
}

static void write_bytes(const struct store *store, const char *name, struct wi_buffer bytes)
{
    write_file(store->directory, name, bytes.text, bytes.size);
    wi_buffer_clear(&bytes);
}

/* Models of each format; of the pulled one the current version is one that can be read. */
static void write_models(const struct store *store)
{
    write_bytes(store, ".versions/org/name/2/model.onnx", small_model());
    write_bytes(store, "tiny/tiny-Q8_0.gguf", small_gguf("qwen3", 8));
    write_text(store->directory, "bert/config.json", "{\"model_type\":\"bert\"}");
    write_bytes(store, "bert/onnx/model.onnx", small_model());
}

/* What was read under a shortage is what is there, or nothing that anybody remembers. */
TEST(a_model_is_read_or_not)
{
    static const char *const names[] = {"org/name", "tiny", "bert"};
    struct store *store = *state;
    write_models(store);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct wi_load *whole = wi_load_new(store->directory, names[i], NULL), *load = NULL;
        wi_load_run(whole);
        assert_int_equal(whole->code, WI_OK);
        for (int n = 0; n <= ENOUGH; n++) {
            wi_load_free(load);
            load = wi_load_new(store->directory, names[i], NULL);
            leave(store, n);
            wi_load_run(load);
            leave_all(store);
            if (load->code != WI_OK && load->code != WI_UNAVAILABLE)
                fail_msg("%s with %d descriptors: %s", names[i], n, load->error.detail);
            assert_false(n == 0 && load->code == WI_OK);
            if (load->code != WI_OK)
                continue;
            assert_string_equal(load->hash, whole->hash);
            assert_int_equal(load->version, whole->version);
        }
        assert_int_equal(load->code, WI_OK);
        wi_load_free(load);
        wi_load_free(whole);
    }
}

TEST(models_are_listed_or_not)
{
    struct store *store = *state;
    struct wi_list whole = {0};
    write_models(store);
    assert_int_equal(wi_list_read(store->directory, &whole), 0);
    int listed = 0;
    for (int n = 0; n <= ENOUGH; n++) {
        struct wi_list list = {0};
        leave(store, n);
        listed = wi_list_read(store->directory, &list) == 0;
        leave_all(store);
        assert_false(n == 0 && listed);
        for (size_t i = 0; listed && i < whole.model_count; i++) {
            assert_string_equal(list.models[i].name, whole.models[i].name);
            assert_int_equal(list.models[i].versions.count, whole.models[i].versions.count);
            assert_int_equal(list.models[i].variants.count, whole.models[i].variants.count);
        }
        if (listed)
            assert_int_equal(list.ignored_count, whole.ignored_count);
        wi_list_clear(&list);
    }
    assert_true(listed);
    wi_list_clear(&whole);
}

static void count_models(void *context, const struct wi_list *list)
{
    *(size_t *)context = list->model_count;
}

/* Reads the list again, with so many descriptors. */
static size_t models_listed(
    const struct store *store, uv_loop_t *loop, struct wi_listing *listing, int descriptors)
{
    size_t count = SIZE_MAX;
    leave(store, descriptors);
    wi_listing_reset(listing, store->directory);
    wi_listing_fresh(listing, count_models, &count);
    while (count == SIZE_MAX)
        uv_run(loop, UV_RUN_ONCE);
    leave_all(store);
    return count;
}

TEST(the_list_stays_through_a_shortage)
{
    struct store *store = *state;
    uv_loop_t loop;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    uv_loop_init(&loop);
    struct wi_listing *listing = wi_listing_new(&loop, store->directory);
    size_t before = models_listed(store, &loop, listing, ENOUGH);
    write_text(store->directory, "another/model.onnx", "x");
    assert_true(before > 0);
    for (int n = 0; n <= ENOUGH; n++) {
        size_t now = models_listed(store, &loop, listing, n);
        assert_true(now == before || now == before + 1);
        assert_true(n > 0 || now == before);
        assert_true(n < ENOUGH || now == before + 1);
    }
    wi_listing_free(listing);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* It fails, saying so, or it is whole; the version before it stays, and its number is new. */
TEST(a_version_is_published_or_not)
{
    struct store *store = *state;
    int published = 0;
    for (int n = 0; n <= ENOUGH && !published; n++) {
        struct wi_staging staging = {0};
        struct wi_source source = {.hub = wi_strdup("hub"),
            .repository = wi_strdup("org/name"),
            .revision = wi_strdup("main"),
            .commit = wi_strdup("c")};
        struct wi_error error;
        unsigned number = 0;
        assert_int_equal(wi_staging_open(store->directory, "two", "{}", &staging, &error), WI_OK);
        write_text(staging.folder, "model.onnx", "three");
        wi_source_add(&source, "model.onnx", 5,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        leave(store, n);
        published = wi_versions_publish(store->directory, "org/name", &staging, &source, NULL, NULL,
                        &number, &error) == WI_OK;
        leave_all(store);
        assert_int_equal(wi_versions_current(store->directory, "org/name"), published ? 3 : 2);
        if (!published)
            assert_int_equal(error.code, WI_UNAVAILABLE);
        wi_source_clear(&source);
        wi_staging_clear(&staging);
    }
    assert_true(published);
}
