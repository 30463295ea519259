/* What is published of models that were pulled: their versions stay, and go with their pins. */
#include "fixture.h"

#include <unistd.h>

FIXTURE(set_up, tear_down)

/* A pull, but for the network; returns the version. */
static unsigned pull(struct fixture *f, const char *name, const char *content)
{
    struct wi_staging staging = {0};
    struct wi_source source = {.hub = wi_strdup("hub"),
        .repository = wi_strdup(name),
        .revision = wi_strdup("main"),
        .commit = wi_strdup("c")};
    struct wi_error error;
    unsigned char hash[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    unsigned number;
    wi_hash(content, strlen(content), hash);
    wi_hash_hex(hash, hex);
    wi_source_add(&source, "model.onnx", strlen(content), hex);
    assert_int_equal(wi_staging_open(f->directory, "one", "{}", &staging, &error), WI_OK);
    write_text(staging.folder, "model.onnx", content);
    if (wi_versions_publish(f->directory, name, &staging, &source, NULL, NULL, &number, &error) !=
        WI_OK)
        fail_msg("%s", error.detail);
    wi_source_clear(&source);
    wi_staging_clear(&staging);
    return number;
}

static struct wi_model *make_version(
    struct fixture *f, const char *name, const char *as, unsigned number)
{
    struct wi_model *model = make_model(f, as, FILES(NULL));
    free(model->folder);
    model->folder = wi_versions_folder(f->directory, name, number);
    model->version = number;
    take_file(model, "model.onnx");
    wi_manifest_hash(&model->manifest, model->hash);
    return model;
}

static struct published publish_version(
    struct fixture *f, const char *name, const char *as, unsigned number)
{
    return publish_good(f, make_version(f, name, as, number));
}

static int has_version(struct fixture *f, const char *name, unsigned number)
{
    char *folder = wi_versions_folder(f->directory, name, number);
    int there = access(folder, F_OK) == 0;
    free(folder);
    return there;
}

static void on_done(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    enum wi_code *code = context;
    (void)result;
    *code = error ? error->code : WI_OK;
}

static enum wi_code wait_for(struct fixture *f, enum wi_code *code)
{
    while (*code == WI_CODE_COUNT)
        uv_run(&f->loop, UV_RUN_ONCE);
    return *code;
}

static void collect(struct fixture *f)
{
    enum wi_code code = WI_CODE_COUNT;
    wi_versions_collect(f->work, 0, on_done, &code);
    assert_int_equal(wait_for(f, &code), WI_OK);
}

static void wait_until_gone(struct fixture *f, const char *name, unsigned number)
{
    while (has_version(f, name, number))
        uv_run(&f->loop, UV_RUN_ONCE);
}

TEST(a_version_that_is_published_outlives_later_ones)
{
    struct fixture *f = *state;
    struct wi_error error;
    unsigned first = pull(f, "org/name", "one");
    struct published published = publish_version(f, "org/name", "org/name", first);
    unsigned second = pull(f, "org/name", "two");
    pull(f, "org/name", "three");
    unsigned last = pull(f, "org/name", "four");
    collect(f);
    assert_true(has_version(f, "org/name", first));
    assert_false(has_version(f, "org/name", second));
    assert_true(has_version(f, "org/name", last));
    assert_true(has(f, &published.cid));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "org/name", NULL, &error), WI_OK);
    wait_until_gone(f, "org/name", first);
    assert_true(has_version(f, "org/name", last));
}

TEST(what_was_published_is_in_use_from_the_start)
{
    struct fixture *f = *state;
    unsigned first = pull(f, "name", "one");
    struct published published = publish_version(f, "name", "name", first);
    stop(f);
    pull(f, "name", "two");
    pull(f, "name", "three");
    pull(f, "name", "four");
    start(f);
    collect(f);
    assert_true(has_version(f, "name", first));
    wait_for_block(f, &published.cid, 1);
}

TEST(a_version_that_is_published_is_not_looked_for_again_and_again)
{
    struct fixture *f = *state;
    struct wi_versions_use use = {0};
    size_t held = 0;
    unsigned first = pull(f, "name", "one");
    pull(f, "name", "two");
    char *folder = wi_versions_folder(f->directory, "name", first);
    wi_strings_add(&use.pinned, folder);
    wi_versions_prune(f->directory, "name", 0, &use, &held);
    assert_int_equal(held, 0);
    assert_true(has_version(f, "name", first));
    wi_strings_add(&use.folders, folder);
    wi_versions_prune(f->directory, "name", 0, &use, &held);
    assert_int_equal(held, 0);
    wi_strings_clear(&use.pinned);
    wi_versions_prune(f->directory, "name", 0, &use, &held);
    assert_int_equal(held, 1);
    wi_versions_use_clear(&use);
    free(folder);
}

TEST(a_later_version_that_is_published_frees_the_one_before)
{
    struct fixture *f = *state;
    struct wi_staging other = {0};
    struct wi_error error;
    wi_versions_work_set(f->work, 0, 1);
    unsigned first = pull(f, "name", "one");
    struct published one = publish_version(f, "name", "name", first);
    unsigned second = pull(f, "name", "two");
    collect(f);
    assert_true(has_version(f, "name", first));
    assert_int_equal(wi_staging_open(f->directory, "other", "{}", &other, &error), WI_OK);
    struct published two = publish_version(f, "name", "name", second);
    wait_until_gone(f, "name", first);
    assert_int_equal(access(other.folder, F_OK), 0); /* what was staged stays */
    wi_staging_clear(&other);
    assert_false(has(f, &one.cid));
    assert_true(has(f, &two.cid));
}

TEST(what_is_published_is_not_evicted)
{
    struct fixture *f = *state;
    enum wi_code code = WI_CODE_COUNT;
    unsigned first = pull(f, "name", "one");
    struct published published = publish_version(f, "name", "name", first);
    wi_versions_work_set(f->work, 10, 1);
    wi_versions_make_room(f->work, "two", 8, on_done, &code);
    assert_int_equal(wait_for(f, &code), WI_STORAGE_FAILED);
    assert_true(has(f, &published.cid));
}

TEST(a_model_that_is_removed_is_not_published_any_more)
{
    struct fixture *f = *state;
    enum wi_code code = WI_CODE_COUNT;
    unsigned first = pull(f, "name", "one");
    struct published published = publish_version(f, "name", "name", first);
    publish_version(f, "name", "name:q4", first);
    put(f, "name2", "a", "other", 5);
    publish_good(f, make_model(f, "name2", FILES("a")));
    wi_versions_take_away(f->work, "name", on_done, &code);
    assert_int_equal(wait_for(f, &code), WI_OK);
    assert_false(has_version(f, "name", first)); /* at once */
    assert_null(wi_blockstore_pin(f->blocks, "name"));
    assert_null(wi_blockstore_pin(f->blocks, "name:q4"));
    assert_non_null(wi_blockstore_pin(f->blocks, "name2"));
    assert_false(has(f, &published.cid));
    stop(f);
    start(f);
    assert_null(wi_blockstore_pin(f->blocks, "name"));
    assert_non_null(wi_blockstore_pin(f->blocks, "name2"));
}

/* --- copies ----------------------------------------------------------------------------------- */

#define ORIGIN "webinfer-ffff456789abcdef"

static void on_hold(void *context, const struct wi_pin *pin, const struct wi_error *error)
{
    (void)pin;
    on_done(context, NULL, error);
}

/* WI_OK, or why it cannot be held under that CID. */
static enum wi_code hold(struct fixture *f, const char *name, unsigned number,
    enum wi_pin_kind kind, const struct wi_cid *cid)
{
    enum wi_code code = WI_CODE_COUNT;
    struct wi_model *model = make_version(f, name, name, number);
    wi_blockstore_hold(f->blocks, model, kind, cid, ORIGIN, on_hold, &code);
    wait_for(f, &code);
    free_model(model);
    return code;
}

/* The CID of the version's files, which is published no more. */
static struct wi_cid cid_of(struct fixture *f, const char *name, unsigned number)
{
    struct wi_error error;
    struct wi_cid cid = publish_version(f, name, name, number).cid;
    assert_int_equal(wi_blockstore_unpublish(f->blocks, name, NULL, &error), WI_OK);
    return cid;
}

TEST(a_copy_is_served_and_stays_and_was_not_published)
{
    struct fixture *f = *state;
    struct wi_error error;
    unsigned first = pull(f, "name", "one");
    struct wi_cid cid = cid_of(f, "name", first);
    assert_false(has(f, &cid));
    assert_int_equal(hold(f, "name", first, WI_PIN_COPY, &cid), WI_OK);
    assert_true(has(f, &cid));
    assert_int_equal(wi_blockstore_unpublish(f->blocks, "name", NULL, &error), WI_NOT_FOUND);
    stop(f);
    start(f);
    wait_for_block(f, &cid, 1);
    const struct wi_pin *pin = wi_blockstore_pin(f->blocks, "name");
    assert_int_equal(pin->kind, WI_PIN_COPY);
    assert_string_equal(pin->origin, ORIGIN);
    publish_version(f, "name", "name", first); /* it is published here, too, but not first */
    pin = wi_blockstore_pin(f->blocks, "name");
    assert_int_equal(pin->kind, WI_PIN_PUBLISHED);
    assert_string_equal(pin->origin, ORIGIN);
    assert_int_equal(wi_blockstore_let_go(f->blocks, "name", &error), WI_NOT_FOUND);
}

TEST(a_copy_has_the_cid_that_is_wanted)
{
    struct fixture *f = *state;
    unsigned first = pull(f, "name", "one"), other = pull(f, "other", "two");
    struct wi_cid cid = cid_of(f, "name", first);
    assert_int_equal(hold(f, "other", other, WI_PIN_COPY, &cid), WI_CONFLICT);
    assert_null(wi_blockstore_pin(f->blocks, "other"));
}

/* The quota has room for 10 bytes beside what it counts. */
static enum wi_code room_for(struct fixture *f, uint64_t bytes, int evicts)
{
    enum wi_code code = WI_CODE_COUNT;
    wi_versions_work_set(f->work, 10, 1);
    if (evicts)
        wi_versions_make_room(f->work, "next", bytes, on_done, &code);
    else
        wi_versions_find_room(f->work, "next", bytes, 0, on_done, &code);
    return wait_for(f, &code);
}

TEST(a_copy_is_beside_the_quota_until_it_may_go)
{
    struct fixture *f = *state;
    unsigned first = pull(f, "name", "one");
    struct wi_cid cid = cid_of(f, "name", first);
    assert_int_equal(hold(f, "name", first, WI_PIN_COPY, &cid), WI_OK);
    assert_int_equal(room_for(f, 10, 1), WI_OK);
    assert_true(has(f, &cid));
    wi_blockstore_spare(f->blocks, "name", 1);
    assert_int_equal(room_for(f, 10, 0), WI_STORAGE_FAILED);
    assert_true(has_version(f, "name", first));
    assert_int_equal(room_for(f, 10, 1), WI_OK);
    assert_false(has_version(f, "name", first));
}

TEST(a_model_that_was_here_anyway_is_counted_and_stays)
{
    struct fixture *f = *state;
    struct wi_error error;
    unsigned first = pull(f, "name", "one");
    struct wi_cid cid = cid_of(f, "name", first);
    assert_int_equal(hold(f, "name", first, WI_PIN_ADOPTED, &cid), WI_OK);
    assert_int_equal(room_for(f, 10, 1), WI_STORAGE_FAILED);
    assert_int_equal(wi_blockstore_let_go(f->blocks, "name", &error), WI_OK);
    assert_false(has(f, &cid));
    assert_true(has_version(f, "name", first));
}

TEST(what_was_pulled_is_served_as_it_is_and_goes_like_any_other)
{
    struct fixture *f = *state;
    unsigned first = pull(f, "name", "one");
    assert_int_equal(hold(f, "name", first, WI_PIN_PULLED, NULL), WI_OK);
    struct wi_cid cid = wi_blockstore_pin(f->blocks, "name")->cid;
    assert_true(has(f, &cid));
    stop(f);
    start(f);
    wait_for_block(f, &cid, 1);
    assert_int_equal(wi_blockstore_pin(f->blocks, "name")->kind, WI_PIN_PULLED);
    assert_int_equal(room_for(f, 10, 1), WI_OK);
    assert_false(has_version(f, "name", first));
}

TEST(a_pin_without_its_model_goes)
{
    struct fixture *f = *state;
    unsigned first = pull(f, "name", "one");
    publish_version(f, "name", "name", first);
    stop(f);
    char *path = path_to(f->directory, "name");
    assert_int_equal(unlink(path), 0); /* killed before its pin was removed */
    free(path);
    start(f);
    while (wi_blockstore_pin(f->blocks, "name"))
        uv_run(&f->loop, UV_RUN_ONCE);
    collect(f);
    assert_false(has_version(f, "name", first));
}
