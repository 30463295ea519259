/* The list of a real folder: what is a model, what is none and why, and when it is read again. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/clock.h"
#include "base/memory.h"
#include "models/catalog/library/listing.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[64];
static struct wi_list list;

/* A file of the store, with the folders above it; one that ends in "/" is a folder. */
static void put(const char *name, const char *text)
{
    if (name[strlen(name) - 1] == '/')
        free(path_to(root, name));
    else
        write_text(root, name, text);
}

static int set_up(void **state)
{
    make_root(root, "list");
    return 0;
}

static int tear_down(void **state)
{
    wi_list_clear(&list);
    remove_root(root);
    return 0;
}

static void read_again(void)
{
    wi_list_clear(&list);
    wi_list_read(root, &list);
}

static void expect_models(const char *names)
{
    char text[512] = "";

    for (size_t i = 0; i < list.model_count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, list.models[i].name);
    }
    assert_string_equal(text, names);
}

static void expect_ignored(const char *name, const char *reason)
{
    const struct wi_list_row *row = wi_list_ignored(&list, name);

    if (!row)
        fail_msg("%s is not ignored", name);
    if (!strstr(row->problem, reason))
        fail_msg("%s: %s", name, row->problem);
}

/* --------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(models_are_found_two_levels_deep)
{
    put("b/model.onnx", "");
    put("a/model.onnx", "");
    put("owner/net/model.onnx", "");
    put("a/assets/picture.png", ""); /* a model's own affair */
    put("a/inner/model.onnx", "");
    put("hub/config.json", "{}");
    put("hub/onnx/model.onnx", "");
    put("x/y/z/model.onnx", "");
    put("README.md", "");
    put(".git/x.onnx", "");
    put("lost+found/", "");
    read_again();
    expect_models("a a/inner b hub owner/net");
    assert_int_equal(list.ignored_count, 1);
    expect_ignored("x/y", "no model.onnx in the folder");
    assert_non_null(wi_list_model(&list, "owner/net"));
    assert_null(wi_list_model(&list, "owner"));
    static const struct {
        const char *name;
        size_t place;
    } behind[] = {{"", 0}, {"a", 1}, {"a/inner", 2}, {"a/z", 2}, {"b", 3}, {"owner/a", 4},
        {"owner/net", 5}, {"z", 5}};
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        assert_int_equal(wi_list_place(&list, behind[i].name), behind[i].place);
}

TEST(what_is_no_model_says_why)
{
    put("resnet/resnet50.onnx", "");
    put("flat.onnx", "");
    put("empty/", "");
    put("notes/todo.txt", "");
    put("owner/good/model.onnx", "");
    put("owner/bad/other.onnx", "");
    put("owner/loose.onnx", "");
    put("builtin/model.onnx", "");
    put("my model/model.onnx", "");
    put("odd\xff.onnx", "");
    put("bert/config.json", "{}");
    put("bert/onnx/", "");
    read_again();
    expect_models("owner/good");
    expect_ignored("resnet", "no model.onnx but resnet50.onnx: name that file model.onnx");
    expect_ignored("flat.onnx", "move the file to flat/model.onnx");
    expect_ignored("empty", "the folder is empty");
    expect_ignored("bert", "no weights: put them into onnx/");
    expect_ignored("notes", "no model.onnx in the folder");
    expect_ignored("owner/bad", "no model.onnx but other.onnx");
    expect_ignored("owner/loose.onnx", "move the file to owner/loose/model.onnx");
    expect_ignored("builtin", "reserved");
    expect_ignored("my model", "no request can name it");
    expect_ignored("odd\xef\xbf\xbd.onnx", "move the file");
    assert_int_equal(list.ignored_count, 10);
    assert_int_equal(list.ignored_more, 0);
}

TEST(a_broken_model_json_is_a_problem)
{
    put("good/model.onnx", "");
    put("good/model.json", "{\"type\": \"vision\"}");
    put("cut/model.onnx", "");
    put("cut/model.json", "{\"type\":");
    put("list/model.onnx", "");
    put("list/model.json", "[]");
    read_again();
    expect_models("cut good list");
    assert_null(wi_list_model(&list, "good")->problem);
    assert_non_null(strstr(wi_list_model(&list, "cut")->problem, "model.json is no JSON: line 1"));
    assert_string_equal(wi_list_model(&list, "list")->problem, "model.json is no JSON object");
}

TEST(a_folder_that_is_not_there_has_nothing)
{
    wi_list_read("/nonexistent", &list);
    assert_int_equal(list.model_count + list.ignored_count, 0);
    assert_int_equal(list.disk_bytes, 0);
}

TEST(the_size_of_the_disk_is_known)
{
    read_again();
    assert_true(list.disk_bytes > 0);
}

TEST(what_is_ignored_is_bounded)
{
    char name[32];

    for (int i = 0; i < WI_LIST_IGNORED_MAX + 7; i++) {
        snprintf(name, sizeof name, "net%d.onnx", i);
        put(name, "");
    }
    read_again();
    assert_int_equal(list.ignored_count, WI_LIST_IGNORED_MAX);
    assert_int_equal(list.ignored_more, 7);
}

TEST(a_missing_name_is_explained)
{
    struct wi_error error;

    put("digits/model.onnx", "");
    put("mnist/model.onnx", "");
    put("resnet/resnet50.onnx", "");
    read_again();
    wi_list_explain(&list, "digit", NULL, &error);
    assert_int_equal(error.code, WI_MODEL_NOT_FOUND);
    assert_string_equal(error.field, "model_name");
    assert_string_equal(error.detail, "there is no model digit in the store; did you mean digits?");
    assert_string_equal(error.allowed, "digits, mnist");
    assert_true(*error.expected);
    wi_list_explain(&list, "mnits", NULL, &error);
    assert_string_equal(error.allowed, "mnist, digits");
    wi_list_explain(&list, "whisper", NULL, &error);
    assert_string_equal(error.detail, "there is no model whisper in the store");
    assert_string_equal(error.allowed, "digits, mnist");
    wi_list_explain(&list, "resnet", NULL, &error);
    assert_non_null(strstr(error.detail, "no model.onnx but resnet50.onnx"));
    put("clone/onnx/model.onnx", "");
    put("clone/tokenizer.json", "{}");
    put("org/clone/onnx/model_q8.onnx", "");
    read_again();
    wi_list_explain(&list, "clone", NULL, &error);
    assert_non_null(strstr(error.detail, "a graph in onnx/, but no config.json"));
    wi_list_explain(&list, "org/clone", NULL, &error);
    assert_non_null(strstr(error.detail, "a graph in onnx/, but no config.json"));
    assert_non_null(wi_list_model(&list, "clone/onnx"));
}

/* The list is up to some seconds old: nobody is told of the very model that is gone. */
TEST(a_name_that_is_gone_is_not_what_was_meant)
{
    struct wi_error error;

    put("b/model.onnx", "");
    put("c-model/model.onnx", "");
    read_again();
    wi_list_explain(&list, "b", NULL, &error);
    assert_string_equal(error.detail, "there is no model b in the store");
    assert_string_equal(error.allowed, "c-model");
    wi_list_explain(&list, "B", NULL, &error);
    assert_string_equal(error.detail, "there is no model B in the store; did you mean b?");
}

static void expect_none(const char *name, const char *reason)
{
    char *why = wi_list_why_none(root, name);

    if (!why || !strstr(why, reason))
        fail_msg("%s: %s", name, why ? why : "no reason");
    free(why);
}

TEST(one_name_is_looked_at_alone)
{
    struct wi_error error;

    put("resnet/resnet50.onnx", "");
    put("owner/bad/other.onnx", "");
    put("owner/good/model.onnx", "");
    put("flat.onnx", "");
    put("empty/", "");
    expect_none("resnet", "no model.onnx but resnet50.onnx: name that file model.onnx");
    expect_none("owner/bad", "no model.onnx but other.onnx");
    expect_none("flat.onnx", "move the file to flat/model.onnx");
    expect_none("empty", "the folder is empty");
    assert_null(wi_list_why_none(root, "owner/good"));
    assert_null(wi_list_why_none(root, "owner"));
    assert_null(wi_list_why_none(root, "nobody"));
    wi_list_explain(&list, "resnet", "it is late", &error);
    assert_string_equal(error.detail, "there is no model resnet in the store: it is late");
}

TEST(many_names_are_cut_and_counted)
{
    struct wi_error error;
    char name[160], *long_name = name;

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "model-%02d/model.onnx", i);
        put(name, "");
    }
    read_again();
    wi_list_explain(&list, "model-4x", NULL, &error);
    assert_int_equal(strncmp(error.allowed, "model-40, model-00, model-01, ", 30), 0);
    assert_in_range(strlen(error.allowed), 200, sizeof error.allowed - 1);
    assert_non_null(strstr(error.allowed, " and "));
    assert_string_equal(error.allowed + strlen(error.allowed) - 5, " more");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    wi_list_explain(&list, long_name, NULL, &error);
    assert_int_equal(strncmp(error.allowed, "model-00, ", 10), 0);
}

/* --- when it is read ------------------------------------------------------------------------- */

static void on_list(void *context, const struct wi_list *found)
{
    *(size_t *)context = 1 + found->model_count;
}

static size_t wait_for_it(uv_loop_t *loop, struct wi_listing *listing)
{
    size_t got = 0;

    wi_listing_fresh(listing, on_list, &got);
    while (got == 0)
        uv_run(loop, UV_RUN_ONCE);
    return got - 1;
}

TEST(who_asks_gets_what_is_known)
{
    struct wi_listing *listing;
    uv_loop_t loop;
    size_t never = 0;

    uv_loop_init(&loop);
    put("a/model.onnx", "");
    listing = wi_listing_new(&loop, root);
    assert_int_equal(wi_listing_now(listing)->model_count, 0); /* nothing was read yet */
    assert_int_equal(wait_for_it(&loop, listing), 1);
    assert_int_equal(wi_listing_now(listing)->model_count, 1);
    put("b/model.onnx", "");
    wi_listing_reset(listing, root);
    assert_int_equal(wi_listing_now(listing)->model_count, 1); /* as it was, until it is read */
    assert_int_equal(wait_for_it(&loop, listing), 2);
    wi_listing_reset(listing, "/nonexistent");
    assert_int_equal(wi_listing_now(listing)->model_count, 0);
    assert_int_equal(wait_for_it(&loop, listing), 0);
    wi_listing_reset(listing, root);
    wi_listing_cancel(wi_listing_fresh(listing, on_list, &never));
    assert_non_null(wi_listing_fresh(listing, on_list, &never));
    wi_listing_free(listing); /* with one who waits */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(never, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static char changed[256]; /* the names that somebody listening is told of */

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    assert_int_equal(kind, WI_CHANGE_MODEL);
    strcat(strcat(changed, id), " ");
}

static void check_changed(uv_loop_t *loop, struct wi_listing *listing, const char *expected)
{
    wi_listing_reset(listing, root);
    wait_for_it(loop, listing);
    assert_string_equal(changed, expected);
    changed[0] = '\0';
}

TEST(who_listens_is_told_of_what_came_and_went)
{
    static const struct wi_change_listener listener = {.on_change = on_change};
    struct wi_listing *listing;
    uv_loop_t loop;

    uv_loop_init(&loop);
    put("b/model.onnx", "");
    listing = wi_listing_new(&loop, root);
    wait_for_it(&loop, listing);
    wi_listing_tell(listing, &listener);
    changed[0] = '\0';
    check_changed(&loop, listing, "");
    put("a/model.onnx", "");
    put("c/model.onnx", "");
    put("o/d/model.onnx", "");
    check_changed(&loop, listing, "a c o/d ");
    put("c/model.json", "not JSON");
    check_changed(&loop, listing, "c ");
    wi_listing_reset(listing, "/nonexistent");
    assert_string_equal(changed, "a b c o/d ");
    changed[0] = '\0';
    wait_for_it(&loop, listing);
    check_changed(&loop, listing, "a b c o/d ");
    wi_listing_free(listing);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Who asks again and again does not make it be read all the time. */
TEST(a_missed_name_is_read_for_once_a_second)
{
    struct wi_listing *listing;
    uv_loop_t loop;
    double began = wi_now_ms();

    uv_loop_init(&loop);
    listing = wi_listing_new(&loop, root);
    assert_int_equal(wait_for_it(&loop, listing), 0);
    put("a/model.onnx", "");
    while (wi_listing_now(listing)->model_count == 0) {
        wi_listing_missed(listing);
        uv_run(&loop, UV_RUN_ONCE);
    }
    assert_true(wi_now_ms() - began >= 1000);
    wi_listing_free(listing);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Standard error, between two calls, into a text. */
static int saved = -1, reader = -1;

static void listen_to_the_log(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
    fcntl(reader, F_SETFL, O_NONBLOCK);
}

static size_t count_of_lines(const char *part)
{
    char text[8192];
    ssize_t got = read(reader, text, sizeof text - 1);
    size_t count = 0;

    text[got > 0 ? got : 0] = '\0';
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

TEST(what_is_ignored_is_logged_once_per_change)
{
    struct wi_listing *listing;
    size_t first, second, third;
    uv_loop_t loop;

    uv_loop_init(&loop);
    put("flat.onnx", "");
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
    listen_to_the_log();
    listing = wi_listing_new(&loop, root);
    wait_for_it(&loop, listing);
    first = count_of_lines("flat.onnx: is no model: ");
    wi_listing_reset(listing, root);
    wait_for_it(&loop, listing);
    second = count_of_lines("is no model");
    put("empty/", "");
    wi_listing_reset(listing, root);
    wait_for_it(&loop, listing);
    third = count_of_lines("empty: is no model: ");
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(reader);
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    assert_int_equal(third, 1);
    wi_listing_free(listing);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
