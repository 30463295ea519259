/* Changes of the store from the loop, beside a repository that serves it. */
#include "../../../test.h"

#include "../../../files.h"
#include "../../../terms/format/onnx_build.h"
#include "models/catalog/library/versions_work.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    uv_loop_t loop;
    char directory[64];
    struct wi_hash_cache *cache;
    struct wi_repository *models;
    struct wi_versions_work *work;
    const char *loaded; /* what nodes have, or NULL */
    /* Of the last task. */
    int done;
    uint64_t bytes;
    char name[64], folder[200];
    struct wi_error error;
};

static void list_loaded(void *context, struct wi_versions_use *use)
{
    const struct fixture *f = context;
    if (f->loaded)
        wi_strings_add(&use->names, f->loaded);
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->directory, "work");
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->cache = wi_hash_cache_new(NULL);
    f->models = wi_repository_new(&f->loop, f->directory, f->cache);
    f->work = wi_versions_work_new(&f->loop, f->models);
    wi_versions_work_add_user(f->work, list_loaded, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_versions_work_free(f->work);
    wi_repository_free(f->models);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    wi_hash_cache_free(f->cache);
    remove_root(f->directory);
    free(f);
    return 0;
}

static void on_done(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct fixture *f = context;
    f->done++;
    f->bytes = result->bytes;
    snprintf(f->name, sizeof f->name, "%s", result->names.count ? result->names.items[0] : "");
    snprintf(
        f->folder, sizeof f->folder, "%s", result->staging.folder ? result->staging.folder : "");
    f->error = error ? *error : (struct wi_error){0};
}

static enum wi_code wait_for(struct fixture *f)
{
    while (!f->done)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->done, 1);
    f->done = 0;
    return f->error.code;
}

/* A model whose doc_string is `extra`. */
static uint64_t put_model(const char *folder, const char *extra)
{
    struct wi_buffer model = small_model();
    put_bytes(&model, 6, extra, strlen(extra));
    write_file(folder, "model.onnx", model.text, model.size);
    uint64_t size = model.size;
    wi_buffer_clear(&model);
    return size;
}

/* A pull, but for the network; `digit` makes up the hash that was verified. */
static void pull(struct fixture *f, const char *name, const char *extra, char digit)
{
    char hash[WI_MANIFEST_HEX] = "";
    struct wi_source source = {.hub = wi_strdup("hub"),
        .repository = wi_strdup(name),
        .revision = wi_strdup("main"),
        .commit = wi_strdup(extra)};
    memset(hash, digit, sizeof hash - 1);
    wi_versions_stage(f->work, "one", "{}", name, NULL, on_done, f);
    assert_int_equal(f->done, 0); /* never from inside */
    assert_int_equal(wait_for(f), WI_OK);
    wi_source_add(&source, "model.onnx", put_model(f->folder, extra), hash);
    wi_versions_make_current(f->work, "one", name, &source, on_done, f);
    wi_source_clear(&source);
    if (wait_for(f) != WI_OK)
        fail_msg("%s", f->error.detail);
}

struct answer {
    struct wi_model *model; /* a reference */
    enum wi_code code;
    int done;
};

static void on_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct answer *answer = context;
    answer->done = 1;
    answer->code = error ? error->code : WI_OK;
    answer->model = model ? wi_model_ref(model) : NULL;
}

static struct answer find(struct fixture *f, const char *name)
{
    struct answer answer = {0};
    wi_repository_find(f->models, name, on_model, &answer);
    while (!answer.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    return answer;
}

static int has_version(const struct fixture *f, const char *name, unsigned number)
{
    char *folder = wi_versions_folder(f->directory, name, number);
    int there = access(folder, F_OK) == 0;
    free(folder);
    return there;
}

/* --- the tests -------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(a_published_model_is_found_with_its_source)
{
    struct fixture *f = *state;
    struct wi_repository_counters counters;
    pull(f, "org/name", "first", 'a');
    struct answer answer = find(f, "org/name");
    assert_int_equal(answer.code, WI_OK);
    assert_int_equal(answer.model->version, 1);
    assert_string_equal(answer.model->source.commit, "first");
    assert_true(answer.model->source.pulled_at > 0);
    wi_repository_counters(f->models, &counters);
    assert_int_equal(counters.hashed_bytes, 0); /* verified as it came: not read again */
    assert_true(counters.known_bytes > 0);
    wi_model_unref(answer.model);
}

TEST(requests_finish_on_the_version_that_they_began_with)
{
    struct fixture *f = *state;
    wi_versions_work_set(f->work, 0, 1);
    pull(f, "org/name", "first", 'a');
    struct answer old = find(f, "org/name");
    pull(f, "org/name", "second", 'b');
    struct answer fresh = find(f, "org/name");
    assert_string_equal(old.model->source.commit, "first");
    assert_string_equal(fresh.model->source.commit, "second");
    assert_string_not_equal(old.model->hash, fresh.model->hash);
    assert_true(has_version(f, "org/name", 1)); /* although one alone is kept */
    for (int i = 0; i < 2; i++) {
        struct wi_model *model = i == 0 ? old.model : fresh.model;
        struct wi_model_file by_path = model->manifest.files[0];
        int owned;
        by_path.fd = -1; /* as if there were too many to keep them open */
        int fd = wi_model_open_file(model, &by_path, &owned);
        assert_true(fd >= 0 && owned);
        close(fd);
    }
    wi_model_unref(old.model);
    wi_versions_collect(f->work, 0, on_done, f);
    wait_for(f);
    assert_true(f->bytes > 0);
    assert_false(has_version(f, "org/name", 1));
    wi_model_unref(fresh.model);
}

TEST(a_removed_model_is_not_found)
{
    struct fixture *f = *state;
    pull(f, "org/name", "first", 'a');
    struct answer held = find(f, "org/name");
    wi_versions_take_away(f->work, "org/name", on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
    assert_int_equal(find(f, "org/name").code, WI_MODEL_NOT_FOUND);
    assert_true(has_version(f, "org/name", 1));
    wi_model_unref(held.model);
    wi_versions_collect(f->work, 0, on_done, f);
    wait_for(f);
    assert_false(has_version(f, "org/name", 1));
    wi_versions_take_away(f->work, "org/name", on_done, f);
    assert_int_equal(wait_for(f), WI_MODEL_NOT_FOUND);
}

TEST(what_is_used_is_not_evicted)
{
    struct fixture *f = *state;
    pull(f, "org/old", "first", 'a');
    pull(f, "org/new", "first", 'b');
    wi_versions_work_set(f->work, 2000, 2);
    f->loaded = "org/old";
    wi_versions_make_room(f->work, NULL, 1900, on_done, f);
    assert_int_equal(wait_for(f), WI_STORAGE_FAILED);
    assert_non_null(strstr(f->error.detail, "bytes too many"));
    assert_true(has_version(f, "org/new", 1));
    struct answer held = find(f, "org/new");
    f->loaded = NULL;
    wi_versions_make_room(f->work, NULL, 1200, on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
    assert_string_equal(f->name, "org/old");
    assert_true(f->bytes > 0);
    assert_false(has_version(f, "org/old", 1));
    assert_true(has_version(f, "org/new", 1));
    wi_model_unref(held.model);
}

TEST(a_copy_is_one_until_somebody_wants_it)
{
    struct fixture *f = *state;
    struct wi_source source = {.hub = wi_strdup("hub"), .copy = 1};
    char hash[WI_MANIFEST_HEX] = "";
    memset(hash, 'a', sizeof hash - 1);
    assert_int_equal(wi_versions_is_copy(f->directory, "org/name"), 0);
    wi_versions_stage(f->work, "one", "{}", "org/name", NULL, on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
    wi_source_add(&source, "model.onnx", put_model(f->folder, "first"), hash);
    wi_versions_make_current(f->work, "one", "org/name", &source, on_done, f);
    wi_source_clear(&source);
    assert_int_equal(wait_for(f), WI_OK);
    assert_int_equal(wi_versions_is_copy(f->directory, "org/name"), 1);
    for (int i = 0; i < 2; i++) { /* the second time nothing is left to do */
        wi_versions_want(f->work, "org/name", on_done, f);
        assert_int_equal(wait_for(f), WI_OK);
        assert_int_equal(wi_versions_is_copy(f->directory, "org/name"), 0);
    }
    struct answer answer = find(f, "org/name");
    assert_int_equal(answer.code, WI_OK);
    assert_int_equal(answer.model->manifest.count, 1);
    wi_model_unref(answer.model);
    wi_versions_want(f->work, "org/unheard", on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
}

/* The file that the pulls above verified as so many times the digit 'b'. */
static void list_elsewhere(void *context, struct wi_versions_use *use)
{
    (void)context;
    use->elsewhere = wi_realloc_array(NULL, 2, sizeof *use->elsewhere);
    memset(use->elsewhere[0], 0xcc, sizeof *use->elsewhere);
    memset(use->elsewhere[1], 0xbb, sizeof *use->elsewhere);
    use->elsewhere_count = 2;
}

TEST(what_neighbours_have_is_evicted_first)
{
    struct fixture *f = *state;
    pull(f, "org/old", "first", 'a');
    pull(f, "org/new", "first", 'b');
    wi_versions_work_set(f->work, 2000, 2);
    wi_versions_work_ask(f->work, list_elsewhere, f);
    wi_versions_make_room(f->work, NULL, 1200, on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
    assert_string_equal(f->name, "org/new");
    assert_true(has_version(f, "org/old", 1));
    assert_false(has_version(f, "org/new", 1));
}

TEST(a_use_is_noted)
{
    struct fixture *f = *state;
    struct wi_versions versions = {0};
    pull(f, "org/name", "first", 'a');
    char *used = wi_sprintf("%s/org/name/.used", f->directory);
    const struct timespec times[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, used, times, 0), 0);
    free(used);
    struct answer answer = find(f, "org/name");
    assert_int_equal(wi_repository_used_at(f->models, "org/name"), 0); /* a look is no use */
    wi_model_use(answer.model);
    assert_true(wi_repository_used_at(f->models, "org/name") > 1000);
    for (int64_t at = 0; at <= 1000; wi_versions_clear(&versions)) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        wi_versions_list(f->directory, "org/name", &versions);
        at = versions.items[0].used_at;
    }
    struct answer again = find(f, "org/name");
    assert_ptr_equal(again.model, answer.model); /* nothing was read anew for it */
    wi_model_unref(again.model);
    wi_model_unref(answer.model);
}

TEST(references_that_are_no_use_do_not_count)
{
    struct fixture *f = *state;
    struct wi_versions_use use = {0};
    pull(f, "org/name", "first", 'a');
    struct answer answer = find(f, "org/name");
    struct wi_model *idle = wi_model_ref_idle(answer.model);
    wi_repository_list_used(f->models, &use);
    assert_true(wi_strings_contain(&use.names, "org/name"));
    wi_versions_use_clear(&use);
    wi_model_unref(answer.model);
    wi_repository_list_used(f->models, &use);
    assert_int_equal(use.names.count, 0);
    wi_model_unref_idle(idle);
}

TEST(staged_pulls_are_listed_for_the_next_daemon)
{
    struct fixture *f = *state;
    wi_versions_stage(f->work, "one", "{\"model\":\"org/name\"}", "org/name", NULL, on_done, f);
    wait_for(f);
    wi_versions_cancel(wi_versions_drop_staging(f->work, "other", 0, on_done, f));
    wi_versions_staged(f->work, on_done, f);
    wait_for(f);
    wi_versions_stage(f->work, "one", NULL, "org/name", NULL, on_done, f);
    assert_int_equal(wait_for(f), WI_OK);
    wi_versions_drop_staging(f->work, "one", 0, on_done, f);
    wait_for(f);
    assert_int_not_equal(access(f->folder[0] ? f->folder : "/nowhere", F_OK), 0);
    wi_versions_stage(f->work, "one", NULL, "org/name", NULL, on_done, f);
    assert_int_equal(wait_for(f), WI_NOT_FOUND);
}

TEST(tasks_end_quietly_when_the_store_is_closed)
{
    struct fixture *f = *state;
    wi_versions_collect(f->work, 0, on_done, f);
    wi_versions_collect(f->work, 0, on_done, f);
    wi_versions_work_free(f->work);
    f->work = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->done, 0);
}
