/* Uploads in a real folder: what may be announced, files that several send in pieces, what counts
 * of them, and how they end. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/clock.h"
#include "base/memory.h"
#include "models/catalog/library/uploads.h"
#include "models/catalog/library/versions.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "upload-00000000000000aa"
#define LATER "upload-00000000000000bb"
/* Of "abc" and of nothing, by FIPS 180-2. */
#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct store {
    char root[64], directory[80];
    struct wi_error error;
    int open; /* files, before */
};

static int set_up(void **state)
{
    struct store *store = wi_alloc(sizeof *store);
    store->open = count_open();
    make_root_with(store->root, store->directory, "uploads", "store");
    *state = store;
    return 0;
}

static int tear_down(void **state)
{
    struct store *store = *state;
    remove_root(store->root);
    assert_int_equal(count_open(), store->open);
    free(store);
    return 0;
}

FIXTURE(set_up, tear_down)

static void announce(struct store *store, const char *id, int64_t made_ms, const char *name)
{
    struct wi_upload_order order = {
        .name = wi_strdup(name), .made_ms = made_ms, .files = {.first = 1}};
    struct wi_staging staging = {0};
    wi_source_add(&order.files, "model.onnx", 3, SHA_ABC);
    wi_source_add(&order.files, "onnx/empty.json", 0, SHA_NOTHING);
    char *text = wi_upload_order_print(&order);
    assert_int_equal(wi_staging_open(store->directory, id, text, &staging, &store->error), WI_OK);
    wi_staging_clear(&staging);
    wi_upload_order_clear(&order);
    free(text);
}

static enum wi_code open_at(
    struct store *store, struct wi_upload_part *part, const char *path, uint64_t position)
{
    *part = (struct wi_upload_part){
        .directory = store->directory, .id = ID, .path = path, .position = position};
    return wi_upload_part_add(part, "", 0, &store->error);
}

static void send_all(struct store *store, const char *bytes)
{
    struct wi_upload_part part;
    assert_int_equal(open_at(store, &part, "model.onnx", 0), WI_OK);
    assert_int_equal(wi_upload_part_add(&part, bytes, strlen(bytes), &store->error), WI_OK);
    wi_upload_part_close(&part);
}

/* 0 once all is well, or the code. */
static enum wi_code check_all(struct store *store)
{
    struct wi_upload_check *check = NULL;
    int more = 1;
    while (more > 0)
        more = wi_upload_check(store->directory, ID, 1, &check, &store->error);
    wi_upload_check_close(check);
    return more == 0 ? WI_OK : store->error.code;
}

static void age(struct store *store, const char *id, time_t seconds)
{
    char *path = wi_sprintf("%s/.staging/%s/request.json", store->directory, id);
    struct timespec times[2] = {{.tv_sec = (time_t)(wi_wall_ms() / 1000) - seconds}};
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(path);
}

static int has(struct store *store, const char *id)
{
    char *path = wi_sprintf("%s/.staging/%s", store->directory, id);
    int there = access(path, F_OK) == 0;
    free(path);
    return there;
}

TEST(what_may_be_announced_is_what_a_format_takes)
{
    static const struct {
        const char *first, *second;
        enum wi_code code;
    } cases[] = {
        {"model.onnx", "labels.txt", WI_OK},
        {"onnx/model.onnx", "config.json", WI_OK},
        {"w.bin", "model.onnx", WI_OK}, /* the graph may name it */
        {"onnx/model.onnx", "run.py", WI_MODEL_INVALID},
        {"model.pkl", "a.gguf", WI_MODEL_INVALID},
        {"../model.onnx", "a.gguf", WI_MODEL_INVALID},
        {"model.onnx", ".used", WI_MODEL_INVALID},
        {"a.gguf", "a.gguf", WI_INVALID_FIELD},
        {"a.onnx", "a.onnx/b.json", WI_INVALID_FIELD},
        {"a.onnx/b.json", "a.onnx", WI_INVALID_FIELD},
        {"a.onnx", "a.onnx.json", WI_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_upload_order order = {0};
        struct wi_error error = {0};
        wi_source_add(&order.files, cases[i].first, 1, SHA_ABC);
        wi_source_add(&order.files, cases[i].second, 1, SHA_ABC);
        if (wi_upload_order_check(&order, &error) != cases[i].code)
            fail_msg("%s %s: %s", cases[i].first, cases[i].second, error.detail);
        wi_upload_order_clear(&order);
    }
}

TEST(more_bytes_than_can_be_counted_are_refused)
{
    struct wi_upload_order order = {0};
    struct wi_error error;
    wi_source_add(&order.files, "a.onnx", INT64_MAX, SHA_ABC);
    assert_int_equal(wi_upload_order_check(&order, &error), WI_OK);
    wi_source_add(&order.files, "b.onnx", 1, SHA_ABC);
    assert_int_equal(wi_upload_order_check(&order, &error), WI_INVALID_FIELD);
    wi_upload_order_clear(&order);
}

TEST(what_was_announced_is_read_as_it_was_written)
{
    struct wi_upload_order order = {.name = wi_strdup("a/b"), .made_ms = 7}, read;
    wi_source_add(&order.files, "model.onnx", 1234567890123, SHA_ABC);
    char *text = wi_upload_order_print(&order);
    read = (struct wi_upload_order){0};
    assert_int_equal(wi_upload_order_parse(text, strlen(text), &read), 0);
    assert_string_equal(read.name, "a/b");
    assert_int_equal(read.files.first, 0);
    assert_int_equal(read.made_ms, 7);
    assert_int_equal(read.files.count, 1);
    assert_int_equal(read.files.files[0].bytes, 1234567890123);
    assert_string_equal(read.files.files[0].hash, SHA_ABC);
    wi_upload_order_clear(&read);
    for (size_t size = 0; size < strlen(text); size++) {
        assert_int_equal(wi_upload_order_parse(text, size, &read), -1);
        assert_null(read.name);
    }
    free(text);
    wi_upload_order_clear(&order);
}

TEST(files_are_sent_checked_and_held)
{
    struct store *store = *state;
    announce(store, ID, 1, "a");
    assert_int_equal(wi_upload_admit(store->directory, ID, &store->error), WI_OK);
    assert_int_equal(check_all(store), WI_CONFLICT);
    assert_string_equal(store->error.expected, "0");
    send_all(store, "ab");
    struct wi_upload_part part, other;
    assert_int_equal(open_at(store, &part, "model.onnx", 0), WI_CONFLICT);
    assert_string_equal(store->error.expected, "2");
    assert_int_equal(open_at(store, &part, "model.onnx", 2), WI_OK);
    assert_int_equal(open_at(store, &other, "model.onnx", 2), WI_CONFLICT); /* somebody is at it */
    assert_int_equal(wi_upload_part_add(&part, "c", 1, &store->error), WI_OK);
    assert_int_equal(part.position, 3);
    assert_int_equal(wi_upload_part_add(&part, "d", 1, &store->error), WI_INVALID_FIELD);
    assert_string_equal(store->error.expected, "at most 1 bytes");
    assert_int_equal(part.position, 2); /* what came by this one is taken back */
    wi_upload_part_close(&part);
    assert_int_equal(open_at(store, &part, "model.onnx", 2), WI_OK);
    assert_int_equal(wi_upload_part_add(&part, "c", 1, &store->error), WI_OK);
    wi_upload_part_close(&part);
    assert_int_equal(check_all(store), WI_OK);
    assert_int_equal(open_at(store, &part, "other.onnx", 0), WI_INVALID_FIELD);
}

TEST(a_file_that_is_not_what_was_announced_is_dropped)
{
    struct store *store = *state;
    announce(store, ID, 1, "a");
    assert_int_equal(wi_upload_admit(store->directory, ID, &store->error), WI_OK);
    send_all(store, "abd");
    assert_int_equal(check_all(store), WI_MODEL_INVALID);
    assert_string_equal(store->error.field, "path");
    assert_string_equal(store->error.expected, SHA_ABC);
    send_all(store, "abc");
    assert_int_equal(check_all(store), WI_OK);
}

TEST(a_part_does_not_write_into_what_was_begun_anew)
{
    struct store *store = *state;
    announce(store, ID, 1, "a");
    struct wi_upload_part part;
    assert_int_equal(open_at(store, &part, "model.onnx", 0), WI_OK);
    assert_int_equal(wi_upload_part_add(&part, "a", 1, &store->error), WI_OK);
    char *path = wi_sprintf("%s/.staging/" ID "/files/model.onnx", store->directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(wi_upload_part_add(&part, "b", 1, &store->error), WI_CONFLICT);
    wi_upload_part_close(&part);
    assert_int_equal(open_at(store, &part, "model.onnx", 0), WI_OK);
    wi_staging_drop(store->directory, ID);
    assert_int_equal(wi_upload_part_add(&part, "b", 1, &store->error), WI_NOT_FOUND);
    wi_upload_part_close(&part);
    free(path);
}

TEST(one_alone_publishes_or_removes)
{
    struct store *store = *state;
    announce(store, ID, 1, "a");
    assert_int_equal(wi_upload_admit(store->directory, ID, &store->error), WI_OK);
    send_all(store, "abc");
    int held = wi_upload_hold(store->directory, ID, &store->error);
    assert_true(held >= 0);
    assert_int_equal(wi_upload_hold(store->directory, ID, &store->error), -1);
    assert_int_equal(store->error.code, WI_CONFLICT);
    assert_int_equal(check_all(store), WI_CONFLICT);
    close(held);
    struct wi_upload_check *check = NULL;
    struct wi_upload_part part;
    assert_int_equal(wi_upload_check(store->directory, ID, 0, &check, &store->error), 1);
    assert_int_equal(open_at(store, &part, "model.onnx", 3), WI_CONFLICT);
    wi_upload_check_close(check);
    wi_staging_drop(store->directory, ID);
    assert_int_equal(check_all(store), WI_NOT_FOUND);
    assert_int_equal(wi_upload_hold(store->directory, "../x", &store->error), -1);
    assert_int_equal(store->error.code, WI_NOT_FOUND);
}

TEST(what_comes_of_earlier_ones_is_counted)
{
    struct store *store = *state;
    announce(store, ID, 1, "a");
    announce(store, LATER, 2, "b");
    assert_int_equal(wi_uploads_coming(store->directory, NULL), 6);
    assert_int_equal(wi_uploads_coming(store->directory, "pull-00"), 6);
    assert_int_equal(wi_uploads_coming(store->directory, ID), 0);
    assert_int_equal(wi_uploads_coming(store->directory, LATER), 3);
    send_all(store, "ab");
    assert_int_equal(wi_uploads_coming(store->directory, LATER), 1);
}

TEST(so_many_may_be_under_way)
{
    struct store *store = *state;
    char id[32];
    for (int i = 0; i <= WI_UPLOADS_MAX; i++) {
        snprintf(id, sizeof id, "upload-%016x", 100 - (unsigned)i);
        announce(store, id, i, "a");
        assert_int_equal(wi_upload_admit(store->directory, id, &store->error),
            i < WI_UPLOADS_MAX ? WI_OK : WI_QUEUE_FULL);
    }
}

TEST(one_without_a_request_for_a_day_is_collected)
{
    struct store *store = *state;
    struct wi_versions_use use = {0};
    size_t held = 0;
    announce(store, ID, 1, "a");
    announce(store, LATER, 1, "a");
    for (int stagings = 0; stagings <= 1; stagings++) {
        wi_versions_gc(store->directory, 1, stagings, &use, &held);
        assert_true(has(store, ID));
    }
    age(store, ID, WI_UPLOAD_KEPT_S + 10);
    age(store, LATER, WI_UPLOAD_KEPT_S - 60);
    struct wi_upload_part part; /* a request */
    assert_int_equal(open_at(store, &part, "model.onnx", 0), WI_OK);
    wi_upload_part_close(&part);
    wi_versions_gc(store->directory, 1, 0, &use, &held);
    assert_true(has(store, ID));
    age(store, ID, WI_UPLOAD_KEPT_S + 10);
    wi_versions_gc(store->directory, 1, 0, &use, &held);
    assert_false(has(store, ID));
    assert_true(has(store, LATER));
}
