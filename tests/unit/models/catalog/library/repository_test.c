/* The store over a real folder: snapshots, changes, links, shared and cancelled look-ups. */
#include "store_fixture.h"

#include "base/clock.h"
#include "base/hash.h"
#include "models/catalog/library/model_load.h"
#include <sys/resource.h>

FIXTURE(set_up, tear_down)

TEST_IN(checks_names, NULL, NULL)
{
    static const char *const good[] = {
        "a", "A9._-", "own.er/na-me", "builtin/echo", "a..b", "a:b", "a/b:Q4_K_M"};
    static const char *const bad[] = {"", "/", ".", "..", "a/", "/a", "a/b/c", "a//b", "../a",
        "a/..", "a/.b", ".a", "-a", "_a", "a b", "a\\b", "a%2fb", "\xc3\xa4", "a\n", "a/b/",
        "a:", ":a", "a:b:c", "a:b/c", "a:.b"};
    char name[300];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(wi_model_check_name(good[i], NULL), WI_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (wi_model_check_name(bad[i], NULL) != WI_INVALID_FIELD)
            fail_msg("accepted \"%s\"", bad[i]);
    memset(name, 'n', sizeof name);
    name[128] = '\0';
    assert_int_equal(wi_model_check_name(name, NULL), WI_OK);
    name[128] = 'n';
    name[129] = '\0';
    assert_int_equal(wi_model_check_name(name, NULL), WI_INVALID_FIELD);
    name[128] = '/';
    name[129] = 'n';
    name[257] = '\0';
    assert_int_equal(wi_model_check_name(name, NULL), WI_OK);
}

TEST_IN(a_name_is_taken_apart_at_its_variant, NULL, NULL)
{
    char *alone = wi_model_name_without("own/name:q8"), *same = wi_model_name_without("name");
    char *other = wi_model_name_with("own/name:q8", "q4"),
         *first = wi_model_name_with("name", "q4");
    assert_int_equal(wi_model_name_base("own/name:q8"), strlen("own/name"));
    assert_int_equal(wi_model_name_base("name"), strlen("name"));
    assert_string_equal(wi_model_name_variant("own/name:q8"), "q8");
    assert_null(wi_model_name_variant("own/name"));
    assert_string_equal(alone, "own/name");
    assert_string_equal(same, "name");
    assert_string_equal(other, "own/name:q4");
    assert_string_equal(first, "name:q4");
    free(alone);
    free(same);
    free(other);
    free(first);
}

TEST(always_has_those_built_in)
{
    struct fixture *f = *state;
    struct answer answer;
    assert_true(find(f, "builtin/echo", &answer));
    assert_int_equal(answer.model->builtin, WI_BUILTIN_ECHO);
    assert_int_equal(answer.model->engine, WI_ENGINE_BUILTIN);
    assert_int_equal(answer.model->manifest.count, 0);
    assert_string_equal(answer.model->hash, "");
    wi_model_unref(answer.model);
    expect_error(f, "builtin/other", WI_MODEL_NOT_FOUND, "builtin/other");
    assert_null(wi_repository_by_hash(f->models, "builtin/echo", ""));
    wi_repository_reset(f->models, "/nonexistent");
    wi_model_unref(find_good(f, "builtin/echo"));
    wi_model_unref(find_good(f, "builtin/count"));
    expect_error(f, "a", WI_MODEL_NOT_FOUND, "no model a");
}

TEST(reads_and_remembers_a_model)
{
    struct fixture *f = *state;
    struct answer answer;
    struct wi_buffer bytes = small_model();
    unsigned char hash[WI_HASH_SIZE];
    char hex[65];
    put_bytes(&bytes, 6, "1", 1);
    wi_hash(bytes.text, bytes.size, hash);
    wi_hash_hex(hash, hex);
    struct wi_buffer line = {0}; /* the manifest as a reader of the manual makes it */
    wi_buffer_add(&line, "model.onnx", 11);
    wi_buffer_printf(&line, "%zu", bytes.size);
    wi_buffer_add(&line, "", 1);
    wi_buffer_printf(&line, "%s\n", hex);
    wi_hash(line.text, line.size, hash);
    wi_hash_hex(hash, hex);
    wi_buffer_clear(&line);
    put_model(f, "resnet50", "1");
    assert_false(find(f, "resnet50", &answer));
    struct wi_model *model = answer.model;
    assert_string_equal(model->name, "resnet50");
    assert_string_equal(model->hash, hex);
    assert_int_equal(model->type, WI_TYPE_VISION);
    assert_int_equal(wi_manifest_bytes(&model->manifest), bytes.size);
    assert_int_equal(model->format, WI_FORMAT_ONNX);
    assert_int_equal(model->facts.signature.input_count, 1);
    assert_null(model->facts.spec.json);
    assert_true(model->manifest.files[0].fd >= 0);
    assert_true(find(f, "resnet50", &answer));
    assert_ptr_equal(answer.model, model);
    assert_ptr_equal(wi_repository_by_hash(f->models, "resnet50", hex), model);
    assert_null(wi_repository_by_hash(f->models, "resnet51", hex));
    wi_model_unref(answer.model);
    wi_model_unref(model);
    wi_buffer_clear(&bytes);
}

TEST(what_prevents_graph_capture_is_known_of_a_model)
{
    struct fixture *f = *state;
    struct answer answer;
    struct wi_buffer graph = {0}, node = {0};
    put_bytes(&node, 1, "x", 1);
    put_bytes(&node, 2, "y", 1);
    put_bytes(&node, 3, "first", 5);
    put_bytes(&node, 4, "Det", 3);
    put_message(&graph, 1, &node);
    put_value(&graph, 11, "x", 1, 2, (const int64_t[]){3, 3});
    put_value(&graph, 12, "y", 1, 0, NULL);
    struct wi_buffer model = finish_model(&graph);
    char folder[128];
    snprintf(folder, sizeof folder, "%s/det", f->repository);
    make_folder(folder);
    put_file(f, "det/model.onnx", model.text, model.size);
    wi_buffer_clear(&model);
    assert_false(find(f, "det", &answer));
    assert_int_equal(answer.model->facts.capture.state, WI_CAPTURE_KERNEL);
    assert_string_equal(answer.model->facts.capture.node, "first");
    assert_string_equal(answer.model->facts.capture.operator_type, "Det");
    wi_model_unref(answer.model);
}

TEST(follows_changes_and_keeps_old_snapshots)
{
    struct fixture *f = *state;
    char byte[2][1];
    put_model(f, "m", "1");
    struct wi_model *old = find_good(f, "m");
    put_model(f, "m", "22");
    struct wi_model *new = find_good(f, "m");
    assert_string_not_equal(old->hash, new->hash);
    /* Both can be served while somebody holds them. */
    assert_ptr_equal(wi_repository_by_hash(f->models, "m", old->hash), old);
    assert_ptr_equal(wi_repository_by_hash(f->models, "m", new->hash), new);
    const struct wi_model_file *before = old->manifest.files, *after = new->manifest.files;
    assert_int_equal(pread(before->fd, byte[0], 1, (off_t)before->bytes - 1), 1);
    assert_int_equal(pread(after->fd, byte[1], 1, (off_t)after->bytes - 1), 1);
    assert_true(byte[0][0] == '1' && byte[1][0] == '2');
    char hash[65];
    memcpy(hash, old->hash, sizeof hash);
    wi_model_unref(old);
    assert_null(wi_repository_by_hash(f->models, "m", hash));
    wi_model_unref(new);
    char *path = wi_sprintf("%s/m/model.onnx", f->repository);
    assert_int_equal(unlink(path), 0);
    free(path);
    expect_error(f, "m", WI_MODEL_NOT_FOUND, "no model m");
    put_model(f, "m", "1");
    wi_model_unref(find_good(f, "m"));
}

TEST(reads_the_spec_and_follows_its_changes)
{
    struct fixture *f = *state;
    struct answer answer;
    static const char bad[] = "{\"labels_file\":\"labels.txt\",\"result\":{}}";
    static const char good[] = "{\"type\":\"audio\",\"picture\":{\"width\":5,\"height\":4}}";
    static const char labels[] = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    put_model(f, "vit", "");
    struct wi_model *model = find_good(f, "vit");
    assert_int_equal(model->type, WI_TYPE_VISION);
    wi_model_unref(model);
    put_file(f, "vit/model.json", good, strlen(good));
    model = find_good(f, "vit");
    assert_int_equal(model->type, WI_TYPE_AUDIO);
    assert_true(model->facts.spec.takes_picture);
    assert_non_null(strstr(model->facts.spec.text, "\"layout\":\"NCHW\""));
    wi_model_unref(model);
    put_file(f, "vit/model.json", bad, strlen(bad));
    expect_error(f, "vit", WI_MODEL_INVALID, "no labels.txt");
    assert_true(find(f, "vit", &answer)); /* the problem is remembered too */
    assert_int_equal(answer.error.code, WI_MODEL_INVALID);
    put_file(f, "vit/labels.txt", labels, 6);
    expect_error(f, "vit", WI_MODEL_INVALID, "labels has 3 entries");
    put_file(f, "vit/labels.txt", labels, strlen(labels));
    model = find_good(f, "vit");
    assert_int_equal(json_array_size(json_object_get(model->facts.spec.json, "labels")), 10);
    wi_model_unref(model);
}

/* NAME/model.onnx with tensors in w.bin up to byte 64. */
static void put_external_model(const struct fixture *f, const char *name)
{
    struct wi_buffer graph = {0};
    char path[160];
    put_external(&graph, 5, "w", "w.bin", "32", "32");
    put_value(&graph, 12, "y", 1, 1, (int64_t[]){7});
    struct wi_buffer model = finish_model(&graph);
    snprintf(path, sizeof path, "%s/%s", f->repository, name);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/model.onnx", name);
    put_file(f, path, model.text, model.size);
    wi_buffer_clear(&model);
}

TEST(external_files_belong_to_the_model)
{
    struct fixture *f = *state;
    static const char weights[100] = "1", others[100] = "2";
    char outside[160], link[160], byte;
    put_external_model(f, "m");
    expect_error(f, "m", WI_MODEL_INVALID, "keeps tensors in w.bin, which is not in the");
    put_file(f, "m/w.bin", weights, 63);
    expect_error(f, "m", WI_MODEL_INVALID,
        "has 63 bytes, but model.onnx has tensors there up to "
        "byte 64");
    put_file(f, "m/w.bin", weights, sizeof weights);
    struct wi_model *old = find_good(f, "m");
    assert_int_equal(old->manifest.count, 2);
    assert_string_equal(old->manifest.files[0].path, "model.onnx");
    assert_string_equal(old->manifest.files[1].path, "w.bin");
    assert_int_equal(old->manifest.files[1].bytes, 100);
    put_file(f, "m/w.bin", others, sizeof others);
    struct wi_model *new = find_good(f, "m");
    assert_string_not_equal(new->hash, old->hash);
    assert_string_equal(new->manifest.files[0].hash, old->manifest.files[0].hash);
    /* Who began with the old one ends with it. */
    int owned, fd = wi_model_open_file(old, &old->manifest.files[1], &owned);
    assert_true(fd >= 0 && !owned && pread(fd, &byte, 1, 0) == 1 && byte == '1');
    put_file(f, "m/model.json", "{}", 2);
    struct wi_model *described = find_good(f, "m");
    assert_int_equal(described->manifest.count, 3);
    assert_string_not_equal(described->hash, new->hash);
    wi_model_unref(described);
    wi_model_unref(new);
    wi_model_unref(old);
    snprintf(outside, sizeof outside, "%s/w.bin", f->repository);
    snprintf(link, sizeof link, "%s/m/w.bin", f->repository);
    assert_int_equal(rename(link, outside), 0);
    assert_int_equal(symlink(outside, link), 0);
    wi_repository_reset(f->models, f->repository);
    expect_error(f, "m", WI_MODEL_INVALID, "w.bin is a link out of the model's folder");
}

/* Written to without a new name: nobody gets what was not hashed. */
TEST(a_file_changed_in_place_is_not_served)
{
    struct fixture *f = *state;
    static const char weights[100];
    char path[160];
    put_external_model(f, "m");
    put_file(f, "m/w.bin", weights, sizeof weights);
    struct wi_model *model = find_good(f, "m");
    snprintf(path, sizeof path, "%s/m/w.bin", f->repository);
    int fd = open(path, O_WRONLY | O_APPEND), owned;
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
    assert_int_equal(wi_model_open_file(model, &model->manifest.files[1], &owned), -1);
    assert_true(wi_model_open_file(model, &model->manifest.files[0], &owned) >= 0);
    wi_model_unref(model);
}

TEST(many_files_need_few_descriptors)
{
    struct fixture *f = *state;
    struct wi_buffer graph = {0};
    char path[64];
    int open_files = 0, owned;
    put_model(f, "m", "");
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "w%d", i);
        put_external(&graph, 5, path, path, "0", "1");
        snprintf(path, sizeof path, "m/w%d", i);
        put_file(f, path, "x", 1);
    }
    put_value(&graph, 12, "y", 1, 1, (int64_t[]){7});
    struct wi_buffer bytes = finish_model(&graph);
    put_file(f, "m/model.onnx", bytes.text, bytes.size);
    wi_buffer_clear(&bytes);
    struct wi_model *model = find_good(f, "m");
    assert_int_equal(model->manifest.count, 101);
    for (size_t i = 0; i < model->manifest.count; i++) {
        open_files += model->manifest.files[i].fd >= 0;
        int fd = wi_model_open_file(model, &model->manifest.files[i], &owned);
        assert_true(fd >= 0);
        if (owned)
            close(fd);
    }
    assert_int_equal(open_files, WI_MANIFEST_OPEN_MAX);
    wi_model_unref(model);
}

/* --- a database that is played ---------------------------------------------------------------- */

static struct {
    int puts, forgotten;
    char key[80], value[400];                         /* the last */
    void (*feed)(wi_db_each_fn *each, void *context); /* what it has; NULL: nothing */
} played;
#define DATABASE ((struct wi_db *)&played)

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    if (!db)
        return;
    played.puts++;
    snprintf(played.key, sizeof played.key, "%s", key);
    snprintf(played.value, sizeof played.value, "%s", value);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    if (!db)
        return;
    played.forgotten++;
    snprintf(played.key, sizeof played.key, "%s", key);
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    if (db && played.feed)
        played.feed(each, context);
}

static void reset_kept(void)
{
    memset(&played, 0, sizeof played);
}

static void feed_kept(wi_db_each_fn *each, void *context)
{
    each(context, "1 2", "[3,4,5,\"no hash\"]");
    each(context, "nonsense", "[]");
    each(context, played.key, played.value);
}

/* --- hashes that are known -------------------------------------------------------------------- */

static void use_cache(struct fixture *f, struct wi_hash_cache *cache)
{
    wi_repository_free(f->models);
    f->models = wi_repository_new(&f->loop, f->repository, cache);
}

TEST(a_file_is_hashed_once)
{
    struct fixture *f = *state;
    struct wi_repository_counters counters;
    reset_kept();
    struct wi_hash_cache *cache = wi_hash_cache_new(DATABASE);
    char *path = wi_sprintf("%s/m/model.onnx", f->repository);
    put_model(f, "m", "");
    use_cache(f, cache);
    wi_model_unref(find_good(f, "m"));
    assert_int_equal(played.puts, 0); /* it is too new to tell a change by its time */
    const struct timespec times[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000, .tv_nsec = 7}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    struct wi_model *model = find_good(f, "m");
    assert_int_equal(played.puts, 1);
    wi_repository_counters(f->models, &counters);
    assert_int_equal(counters.hashed_bytes, 2 * wi_manifest_bytes(&model->manifest));
    /* Another life of the daemon. */
    played.feed = feed_kept;
    struct wi_hash_cache *next = wi_hash_cache_new(DATABASE);
    use_cache(f, next);
    struct wi_model *again = find_good(f, "m");
    assert_string_equal(again->hash, model->hash);
    wi_repository_counters(f->models, &counters);
    assert_int_equal(counters.hashed_bytes, 0);
    assert_int_equal(counters.known_bytes, wi_manifest_bytes(&model->manifest));
    assert_int_equal(played.puts, 1);
    wi_model_unref(again);
    wi_model_unref(model);
    put_model(f, "m", "other");
    wi_model_unref(find_good(f, "m"));
    wi_repository_counters(f->models, &counters);
    assert_true(counters.hashed_bytes > 0);
    use_cache(f, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_hash_cache_free(cache);
    wi_hash_cache_free(next);
    free(path);
}

TEST(refuses_what_is_no_model)
{
    struct fixture *f = *state;
    char *path;
    put_model(f, "text", "");
    put_file(f, "text/model.onnx", "<html>", 6);
    expect_error(f, "text", WI_MODEL_INVALID, "HTML");
    path = wi_sprintf("%s/folder", f->repository);
    make_folder(path);
    free(path);
    expect_error(f, "folder", WI_MODEL_NOT_FOUND, "the folder is empty; it needs a model.onnx");
    path = wi_sprintf("%s/folder/model.onnx", f->repository);
    make_folder(path);
    expect_error(f, "folder", WI_MODEL_INVALID, "not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error(f, "folder", WI_MODEL_INVALID, "not a regular file");
    assert_int_equal(unlink(path), 0);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, (off_t)3 << 30), 0); /* 3 GiB, sparse */
    close(fd);
    expect_error(f, "folder", WI_MODEL_INVALID, "at most 2 GiB");
    free(path);
    expect_error(f, "../store/text", WI_INVALID_FIELD, "not a model name");
}

TEST(follows_links_only_within_the_store)
{
    struct fixture *f = *state;
    char inside[160], outside[160], link[160];
    put_model(f, "real", "");
    snprintf(inside, sizeof inside, "%s/real", f->repository);
    snprintf(outside, sizeof outside, "%s/outside", f->root);
    assert_int_equal(rename(inside, outside), 0);
    put_model(f, "real", "");
    snprintf(link, sizeof link, "%s/within", f->repository);
    assert_int_equal(symlink("real", link), 0);
    wi_model_unref(find_good(f, "within"));
    snprintf(link, sizeof link, "%s/absolute", f->repository);
    assert_int_equal(symlink(inside, link), 0);
    wi_model_unref(find_good(f, "absolute"));
    snprintf(link, sizeof link, "%s/escape", f->repository);
    assert_int_equal(symlink("../outside", link), 0);
    expect_error(f, "escape", WI_MODEL_INVALID, "link out of the model store");
    snprintf(link, sizeof link, "%s/file", f->repository);
    make_folder(link);
    snprintf(link, sizeof link, "%s/file/model.onnx", f->repository);
    snprintf(outside, sizeof outside, "%s/outside/model.onnx", f->root);
    assert_int_equal(symlink(outside, link), 0);
    expect_error(f, "file", WI_MODEL_INVALID, "link out of the model store");
    /* A folder whose name only begins as the repository's is outside too. */
    snprintf(outside, sizeof outside, "%s/store2", f->root);
    make_folder(outside);
    snprintf(outside, sizeof outside, "%s/store2/model.onnx", f->root);
    assert_int_equal(rename(link, outside), 0);
    assert_int_equal(symlink(outside, link), 0);
    expect_error(f, "file", WI_MODEL_INVALID, "link out of the model store");
    snprintf(link, sizeof link, "%s/loop", f->repository);
    assert_int_equal(symlink("loop", link), 0);
    expect_error(f, "loop", WI_MODEL_INVALID, "cannot be opened");
}

TEST(refuses_specs_and_labels_out_of_the_store)
{
    struct fixture *f = *state;
    char outside[160], link[160];
    static const char spec[] = "{\"labels_file\":\"labels.txt\"}";
    snprintf(outside, sizeof outside, "%s/secret", f->root);
    int fd = open(outside, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "{}", 2), 2);
    close(fd);
    put_model(f, "one", "");
    snprintf(link, sizeof link, "%s/one/model.json", f->repository);
    assert_int_equal(symlink(outside, link), 0);
    expect_error(f, "one", WI_MODEL_INVALID, "model.json is a link out");
    put_model(f, "two", "");
    put_file(f, "two/model.json", spec, strlen(spec));
    snprintf(link, sizeof link, "%s/two/labels.txt", f->repository);
    assert_int_equal(symlink(outside, link), 0);
    expect_error(f, "two", WI_MODEL_INVALID, "labels.txt is a link out");
}

TEST(shares_one_reading)
{
    struct fixture *f = *state;
    struct answer one = {0}, two = {0}, three = {0};
    put_model(f, "m", "");
    struct wi_repository_lookup *first = wi_repository_find(f->models, "m", on_model, &one);
    struct wi_repository_lookup *second = wi_repository_find(f->models, "m", on_model, &two);
    struct wi_repository_lookup *third = wi_repository_find(f->models, "m", on_model, &three);
    assert_true(first && second && third);
    wi_repository_cancel(second);
    wi_repository_cancel(NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(one.count, 1);
    assert_int_equal(two.count, 0);
    assert_int_equal(three.count, 1);
    assert_ptr_equal(one.model, three.model);
    wi_model_unref(one.model);
    wi_model_unref(three.model);
}

TEST(answers_those_who_asked_before_a_reset)
{
    struct fixture *f = *state;
    struct answer answer = {0}, after = {0};
    put_model(f, "m", "");
    assert_non_null(wi_repository_find(f->models, "m", on_model, &answer));
    wi_repository_reset(f->models, f->root);
    assert_null(wi_repository_find(f->models, "m", on_model, &after));
    assert_int_equal(after.error.code, WI_MODEL_NOT_FOUND);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(answer.count, 1);
    assert_non_null(answer.model);
    wi_model_unref(answer.model);
    expect_error(f, "m", WI_MODEL_NOT_FOUND, "no model m");
}

TEST(is_freed_with_look_ups_under_way)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    put_model(f, "m", "");
    struct wi_model *held = find_good(f, "m");
    put_model(f, "n", "");
    assert_non_null(wi_repository_find(f->models, "n", on_model, &answer));
    wi_repository_free(f->models);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(answer.count, 0);
    wi_model_unref(held); /* outlives the store */
    f->models = NULL;
}

static void free_store(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct fixture *f = context;
    wi_repository_free(f->models);
    f->models = NULL;
    assert_string_equal(model->name, "m"); /* still whole */
}

TEST(may_be_freed_from_its_callback)
{
    struct fixture *f = *state;
    struct answer never = {0};
    put_model(f, "m", "");
    assert_non_null(wi_repository_find(f->models, "m", free_store, f));
    assert_non_null(wi_repository_find(f->models, "m", on_model, &never));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_null(f->models);
    assert_int_equal(never.count, 0);
}

static void add_name(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    char *text =
        wi_sprintf("%s%s%s", row ? row->name : model->name, model ? "+" : "", problem ? "!" : "");
    wi_strings_add(context, text);
    free(text);
}

static void on_list(void *context, const struct wi_list *list)
{
    *(int *)context = 1;
}

/* Turns the loop until the folder was read after what was put there. */
static void read_folder(struct fixture *f)
{
    int done = 0;
    wi_repository_changed(f->models, NULL);
    assert_non_null(wi_repository_fresh(f->models, on_list, &done));
    while (!done)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* `expected`: the names, each with a blank behind it. */
static void expect_page(
    struct fixture *f, const char *after, size_t limit, const char *expected, int more)
{
    struct wi_strings names = {0};
    char text[256] = "";

    assert_int_equal(wi_repository_each_after(f->models, after, limit, add_name, &names), more);
    for (size_t i = 0; i < names.count; i++)
        strcat(strcat(text, names.items[i]), " ");
    assert_string_equal(text, expected);
    wi_strings_clear(&names);
}

TEST(lists_models)
{
    struct fixture *f = *state;
    static const char *const expected[] = {"b+", "bad!", "builtin/count+", "builtin/echo+",
        "builtin/mlp+", "builtin/transformer+", "builtin/vector+", "owner/a", "z"};
    struct wi_strings names = {0};
    char path[160];
    put_model(f, "z", "");
    put_model(f, "b", "");
    put_model(f, "bad", "");
    put_file(f, "bad/model.onnx", "x", 1);
    snprintf(path, sizeof path, "%s/owner", f->repository);
    make_folder(path);
    put_model(f, "owner/a", "");
    snprintf(path, sizeof path, "%s/.hidden", f->repository);
    make_folder(path);
    snprintf(path, sizeof path, "%s/empty", f->repository);
    make_folder(path);
    put_model(f, "builtin", "");
    put_file(f, "file.txt", "x", 1);
    wi_model_unref(find_good(f, "b"));
    expect_error(f, "bad", WI_MODEL_INVALID, "no whole");
    read_folder(f);
    wi_repository_each_after(f->models, "", SIZE_MAX, add_name, &names);
    assert_int_equal(names.count, sizeof expected / sizeof expected[0]);
    assert_int_equal(wi_repository_count(f->models), names.count);
    for (size_t i = 0; i < names.count; i++)
        assert_string_equal(names.items[i], expected[i]);
    wi_strings_clear(&names);
    expect_page(f, "a", 1, "b+ ", 1);
    expect_page(f, "", 2, "b+ bad! ", 1);
    expect_page(f, "bad", 2, "builtin/count+ builtin/echo+ ", 1);
    expect_page(f, "builtin", 1, "builtin/count+ ", 1); /* which is not there */
    expect_page(
        f, "builtin/echo", 9, "builtin/mlp+ builtin/transformer+ builtin/vector+ owner/a z ", 0);
    expect_page(f, "builtin/transformer", 3, "builtin/vector+ owner/a z ", 0);
    expect_page(f, "owner/a", 9, "z ", 0);
    expect_page(f, "z", 9, "", 0);
    wi_repository_reset(f->models, "/nonexistent");
    wi_repository_each_after(f->models, "", SIZE_MAX, add_name, &names);
    assert_int_equal(names.count, 5);
    assert_int_equal(wi_repository_count(f->models), 5);
    wi_strings_clear(&names);
}

/* SHA-256 of "builtin", NUL, the name, NUL, "2". */
TEST(built_in_models_over_kernels_have_a_hash_and_a_signature)
{
    struct fixture *f = *state;
    static const char *const hashes[][2] = {
        {"builtin/mlp", "526bd9a05ddf1c0f9d99bd449c401c884ba8f2b7600f06bf7ddce1aafd8f54bd"},
        {"builtin/transformer", "9b3d1ec6244a1adef581c9dcb29e81cfefce385f099b656f44804b8086aa5c47"},
        {"builtin/vector", "37dd4a08daeaebab32d6e9adb0784f1fa7ef1d739b1fcfef35a4f3c6c75743a5"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct wi_model *model = find_good(f, hashes[i][0]);
        const struct wi_onnx_signature *signature = &model->facts.signature;
        assert_string_equal(model->hash, hashes[i][1]);
        assert_int_equal(model->builtin, WI_BUILTIN_NONE);
        assert_int_equal(model->engine, WI_ENGINE_KERNELS);
        assert_true(wi_model_is_built_in(model) && model->manifest.count == 0);
        assert_string_equal(signature->inputs->name, "x");
        assert_string_equal(signature->outputs->name, "y");
        assert_true(signature->inputs->is_batch && signature->outputs->dims[0] == -1);
        assert_string_equal(wi_model_precision(model), "fp32");
        assert_null(wi_repository_by_hash(f->models, model->name, model->hash));
        wi_model_unref(model);
    }
    struct wi_model *mlp = find_good(f, "builtin/mlp"), *echo = find_good(f, "builtin/echo");
    assert_int_equal(mlp->facts.signature.inputs->dims[1], 784);
    assert_int_equal(mlp->facts.signature.outputs->dims[1], 10);
    assert_true(wi_model_is_built_in(echo) && echo->builtin && !echo->kernels && !*echo->hash);
    assert_string_equal(wi_repository_kernels(f->models)->hash,
        "c12a331143ca80a2fbe5a08b4ae432b382954e5ee03c3c0dcd922390820b9057");
    wi_model_unref(mlp);
    wi_model_unref(echo);
}

TEST(leaves_no_descriptors_behind)
{
    struct fixture *f = *state;
    int before, after;
    uv_run(&f->loop, UV_RUN_DEFAULT); /* a worker that lists the folder holds it open */
    before = dup(0);
    close(before);
    put_model(f, "m", "");
    put_file(f, "m/model.onnx", "<", 1);
    for (int i = 0; i < 5; i++) {
        wi_repository_reset(f->models, f->repository);
        expect_error(f, "m", WI_MODEL_INVALID, "HTML");
    }
    put_model(f, "m", "");
    for (int i = 0; i < 5; i++) {
        wi_repository_reset(f->models, f->repository);
        wi_model_unref(find_good(f, "m"));
    }
    wi_repository_reset(f->models, f->repository);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

TEST(stops_hashing_when_told)
{
    struct fixture *f = *state;
    put_model(f, "m", "");
    struct wi_load *load = wi_load_new(f->repository, "m", NULL);
    atomic_store(&load->stop, 1);
    wi_load_run(load);
    assert_int_equal(load->code, WI_UNAVAILABLE);
    wi_load_free(load);
    wi_load_free(NULL);
}

/* --- the order of readings -------------------------------------------------------------------- */

struct note {
    char name;
    char *order; /* the names of those that were answered */
};

static void on_read(void *context, struct wi_model *model, const struct wi_error *error)
{
    const struct note *note = context;
    if (error)
        fail_msg("%c: %s", note->name, error->detail);
    note->order[strlen(note->order)] = note->name;
}

/* So that the files of so many models stay open. */
static void restart_with_few_descriptors(struct fixture *f, rlim_t kept)
{
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = 8 * kept;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    wi_repository_free(f->models);
    f->models = wi_repository_new(&f->loop, f->repository, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Of more models than there is room for, the files of those that nobody uses are closed, the oldest
 * first; all are served nonetheless. */
TEST(many_models_need_few_descriptors)
{
    enum { MODELS = 12, KEPT = 8 };
    struct fixture *f = *state;
    struct wi_model *models[MODELS];
    char name[] = "a";
    int owned;
    restart_with_few_descriptors(f, KEPT);
    for (int i = 0; i < MODELS; i++) {
        name[0] = (char)('a' + i);
        put_model(f, name, name);
        models[i] = find_good(f, name);
        if (i > 2) /* the first three are in use all the time */
            wi_model_unref(models[i]);
    }
    for (int i = 0; i < MODELS; i++) {
        const struct wi_model_file *file = &models[i]->manifest.files[0];
        int fd = wi_model_open_file(models[i], file, &owned);
        assert_true(fd >= 0);
        assert_int_equal(owned, i > 2 && i < 3 + MODELS - KEPT);
        if (owned)
            close(fd);
    }
    for (int i = 0; i < 3; i++)
        wi_model_unref(models[i]);
}

/* Those in use are never closed: where they take all, a newcomer's files are not kept open. */
TEST(descriptors_of_models_in_use_are_theirs)
{
    enum { KEPT = 8 };
    struct fixture *f = *state;
    struct wi_model *models[KEPT + 1];
    char name[] = "a";
    restart_with_few_descriptors(f, KEPT);
    for (int i = 0; i <= KEPT; i++) {
        name[0] = (char)('a' + i);
        put_model(f, name, name);
        models[i] = find_good(f, name);
        assert_int_equal(models[i]->manifest.open, i < KEPT);
    }
    for (int i = 0; i <= KEPT; i++)
        wi_model_unref(models[i]);
}

/* Large models keep neither the disk nor the threads from others. */
TEST(one_is_read_at_a_time_and_the_smallest_first)
{
    static const size_t sizes[] = {32 << 20, 16 << 20, 8 << 20, 1, 9 << 20};
    struct fixture *f = *state;
    struct note notes[5];
    char order[8] = "", name[] = "a";
    for (int i = 0; i < 5; i++) {
        char *text = wi_alloc(sizes[i] + 1);
        name[0] = (char)('a' + i);
        put_model(f, name, memset(text, 'x', sizes[i]));
        free(text);
    }
    for (int i = 0; i < 5; i++) {
        name[0] = (char)('a' + i);
        notes[i] = (struct note){name[0], order};
        assert_non_null(wi_repository_find(f->models, name, on_read, &notes[i]));
    }
    while (strlen(order) < 5)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(order, "adceb");
}

/* --- how often they ran ----------------------------------------------------------------------- */

static int64_t this_hour(void)
{
    return wi_wall_ms() / 3600000;
}

/* Two names of the same files are one. */
TEST(runs_are_counted_by_what_runs)
{
    struct fixture *f = *state;
    reset_kept();
    put_model(f, "one", "same");
    put_model(f, "two", "same");
    put_model(f, "other", "different");
    struct wi_model *one = find_good(f, "one"), *two = find_good(f, "two");
    struct wi_model *other = find_good(f, "other");
    assert_string_equal(one->hash, two->hash);
    assert_int_equal(wi_repository_runs(f->models, one->hash), 0); /* a look is none */
    for (int i = 0; i < 3; i++)
        wi_model_use(one);
    wi_model_use(two);
    assert_int_equal(wi_repository_runs(f->models, one->hash), 4);
    assert_int_equal(wi_repository_runs(f->models, other->hash), 0);

    wi_repository_keep_runs(f->models, DATABASE);
    wi_repository_free(f->models);
    f->models = wi_repository_new(&f->loop, f->repository, NULL);
    assert_int_equal(played.puts, 1);
    assert_string_equal(played.key, one->hash);
    played.feed = feed_kept;
    wi_repository_keep_runs(f->models, DATABASE);
    assert_int_equal(wi_repository_runs(f->models, played.key), 4);
    wi_model_unref(one);
    wi_model_unref(two);
    wi_model_unref(other);
}

static const char each_hour[] = ",1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1";

static void feed_one(
    wi_db_each_fn *each, void *context, char digit, int64_t hours_ago, const char *counts)
{
    char key[65] = "", value[400];
    memset(key, digit, 64);
    snprintf(value, sizeof value, "[%lld%s]", (long long)(this_hour() - hours_ago), counts);
    each(context, key, value);
}

static void feed_days(wi_db_each_fn *each, void *context)
{
    feed_one(each, context, 'a', 0, each_hour);
    feed_one(each, context, 'b', 20, each_hour);
    feed_one(each, context, 'c', 24, each_hour);
}

static void feed_what_is_wrong(wi_db_each_fn *each, void *context)
{
    feed_one(each, context, 'd', 1, ",1");
    feed_one(each, context, 'e', -1, each_hour);
    feed_one(each, context, 'f', 0, ",1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,-1");
    each(context, "key", "[]");
}

static uint64_t runs_of(struct fixture *f, char digit)
{
    char key[65] = "";
    memset(key, digit, 64);
    return wi_repository_runs(f->models, key);
}

TEST(runs_are_of_the_last_day)
{
    struct fixture *f = *state;
    int64_t hour;
    do { /* should the hour end meanwhile */
        hour = this_hour();
        wi_repository_free(f->models);
        reset_kept();
        played.feed = feed_days;
        f->models = wi_repository_new(&f->loop, f->repository, NULL);
        wi_repository_keep_runs(f->models, DATABASE);
    } while (hour != this_hour());
    assert_int_equal(runs_of(f, 'a'), 24);
    assert_int_equal(runs_of(f, 'b'), 4);
    assert_int_equal(runs_of(f, 'c'), 0);
    wi_repository_free(f->models);
    f->models = wi_repository_new(&f->loop, f->repository, NULL);
    assert_int_equal(played.forgotten, 1);
    assert_int_equal(played.puts, 0); /* the others are as they were */
    assert_int_equal(played.key[0], 'c');
    played.feed = feed_what_is_wrong;
    wi_repository_keep_runs(f->models, DATABASE);
    for (char digit = 'd'; digit <= 'f'; digit++)
        assert_int_equal(runs_of(f, digit), 0);
}

static void feed_many(wi_db_each_fn *each, void *context)
{
    static const char none[] = ",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0";
    char key[65], value[100];
    for (int i = 0; i <= WI_REPOSITORY_RUNS_MAX; i++) {
        snprintf(key, sizeof key, "%064d", i);
        snprintf(value, sizeof value, "[%lld,%d%s]", (long long)this_hour() - (i == 7), 5, none);
        each(context, key, value);
    }
}

TEST(no_more_is_counted_than_there_is_room_for)
{
    struct fixture *f = *state;
    char key[65];
    reset_kept();
    played.feed = feed_many;
    wi_repository_keep_runs(f->models, DATABASE);
    snprintf(key, sizeof key, "%064d", WI_REPOSITORY_RUNS_MAX);
    assert_int_equal(wi_repository_runs(f->models, key), 5);
    snprintf(key, sizeof key, "%064d", 7);
    assert_int_equal(wi_repository_runs(f->models, key), 0); /* which ran longest ago */
    snprintf(key, sizeof key, "%064d", 8);
    assert_int_equal(wi_repository_runs(f->models, key), 5);
}
