/*
 * Variants that were made of a model: there while it has the files that they were made of, gone
 * with it, told of by notes that anybody may have written; SIGKILL before every step with which
 * publishing changes the disk.
 */
#include "../../../test.h"

#include "../../../files.h"
#include "../../../kill_steps.h"
#include "../../../terms/format/onnx_build.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/model_load.h"
#include <stdlib.h>
#include <unistd.h>

#define OLD "of what was there before"

/* --- a store ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    char *root = wi_alloc(64);
    make_root(root, "made");
    *state = root;
    return 0;
}

static int tear_down(void **state)
{
    remove_root(*state);
    free(*state);
    return 0;
}

FIXTURE(set_up, tear_down)

/* A graph whose bytes depend on `text`. */
static void write_graph(const char *folder, const char *name, const char *text)
{
    struct wi_buffer model = small_model();
    put_bytes(&model, 6, text, strlen(text)); /* doc_string */
    write_file(folder, name, model.text, model.size);
    wi_buffer_clear(&model);
}

static struct wi_load *load(const char *directory, const char *name)
{
    struct wi_load *load = wi_load_new(directory, name, NULL);
    wi_load_run(load);
    return load;
}

static enum wi_code load_code(const char *directory, const char *name)
{
    struct wi_load *loaded = load(directory, name);
    enum wi_code code = loaded->code;
    wi_load_free(loaded);
    return code;
}

static char *notes_of(const char *hash)
{
    return wi_sprintf("{\"of\": \"%s\", \"bits\": 8}", hash);
}

/* The notes of a variant of `name` as it is now; the caller frees them. */
static char *notes_now(const char *directory, const char *name)
{
    struct wi_load *loaded = load(directory, name);
    assert_int_equal(loaded->code, WI_OK);
    char *notes = notes_of(loaded->hash);
    wi_load_free(loaded);
    return notes;
}

static void publish(const char *directory, const char *name, const char *graph, const char *notes)
{
    struct wi_staging staging = {0};
    struct wi_strings common = {0};
    struct wi_error error;
    char *folder = wi_sprintf("%s/%s", directory, name);
    wi_strings_add(&common, "model.json");
    if (wi_made_stage(directory, "quantize-1", folder, &common, &staging, &error) != WI_OK)
        fail_msg("%s", error.detail);
    write_graph(staging.folder, "model_quantized.onnx", graph);
    if (wi_made_publish(directory, "quantize-1", name, "q8", notes, &error) != WI_OK)
        fail_msg("%s", error.detail);
    wi_staging_clear(&staging);
    wi_strings_clear(&common);
    free(folder);
}

static void write_model(const char *directory, const char *name, const char *text)
{
    char *graph = wi_sprintf("%s/model.onnx", name), *spec = wi_sprintf("%s/model.json", name);
    write_graph(directory, graph, text);
    write_text(directory, spec, "{}");
    free(graph);
    free(spec);
}

static void make(const char *directory, const char *name, const char *graph)
{
    char *notes = notes_now(directory, name);
    publish(directory, name, graph, notes);
    free(notes);
}

static int is_there(const char *directory, const char *name)
{
    char *folder = wi_made_folder(directory, name, "q8");
    int there = access(folder, F_OK) == 0;
    free(folder);
    return there;
}

/* --- which there are -------------------------------------------------------------------------- */

TEST(a_variant_is_there_while_its_model_is_what_it_was)
{
    const char *directory = *state;
    for (int owned = 0; owned < 2; owned++) {
        const char *name = owned ? "org/m" : "m", *made = owned ? "org/m:q8" : "m:q8";
        write_model(directory, name, "one");
        make(directory, name, "in 8 bits");
        struct wi_load *loaded = load(directory, made);
        assert_int_equal(loaded->code, WI_OK);
        assert_string_equal(loaded->variant, "q8");
        assert_int_equal(loaded->manifest.count, 2); /* its model.json is a copy */
        wi_load_free(loaded);
        assert_int_equal(load_code(directory, name), WI_OK);
        write_model(directory, name, "two");
        assert_int_equal(load_code(directory, made), WI_MODEL_NOT_FOUND);
        write_model(directory, name, "one");
        assert_int_equal(load_code(directory, made), WI_OK);
    }
}

TEST(a_second_one_takes_the_place_of_the_first)
{
    const char *directory = *state;
    write_model(directory, "m", "one");
    make(directory, "m", "first");
    struct wi_load *first = load(directory, "m:q8");
    write_model(directory, "m", "two");
    make(directory, "m", "second");
    struct wi_load *second = load(directory, "m:q8");
    assert_int_equal(second->code, WI_OK);
    assert_string_not_equal(first->hash, second->hash);
    wi_load_free(first);
    wi_load_free(second);
}

TEST(notes_are_not_trusted)
{
    const char *directory = *state;
    static const char *const bad[] = {"", "{", "[]", "null", "8", "{\"bits\": 8}", "{\"of\": 8}",
        "{\"of\": null}", "{\"of\": [\"x\"]}", "{\"of\": \"x\", \"of\": \"x\"}",
        "{\"of\": \"\\u0000\"}", "{\"of\": \"x\", \"bits\": 1e999}",
        "{\"of\": \"x\", \"bits\": 99999999999999999999999}", "{\"of\": \"x\"} more"};
    write_model(directory, "m", "one");
    make(directory, "m", "in 8 bits");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(directory, ".made/_/m/q8/.made.json", bad[i]);
        assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
        assert_int_equal(load_code(directory, "m"), WI_OK);
    }
    write_text(directory, ".made/_/m/q8/.made.json", "{\"of\": \"../../m\"}");
    assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    char *notes = notes_now(directory, "m");
    size_t size = strlen(notes);
    for (size_t cut = 0; cut < size; cut++) {
        write_file(directory, ".made/_/m/q8/.made.json", notes, cut);
        assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    }
    notes = wi_realloc_array(notes, WI_MADE_NOTES_MAX + 2, 1);
    memset(notes + size, ' ', WI_MADE_NOTES_MAX + 2 - size);
    write_file(directory, ".made/_/m/q8/.made.json", notes, WI_MADE_NOTES_MAX + 1);
    assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    write_file(directory, ".made/_/m/q8/.made.json", notes, WI_MADE_NOTES_MAX);
    assert_int_equal(load_code(directory, "m:q8"), WI_OK);
    free(notes);
}

/* In the place of a folder or of a file, by links that lead out of the store or to another model.
 */
TEST(links_are_not_followed)
{
    const char *directory = *state;
    char *place = wi_sprintf("%s/.made/_/m", directory), *outside = wi_sprintf("%s.out", place);
    char *variant = wi_sprintf("%s/q8", place), *notes = wi_sprintf("%s/q8/.made.json", place);
    char *moved = wi_sprintf("%s/notes", directory);
    write_model(directory, "m", "one");
    make(directory, "m", "in 8 bits");
    assert_int_equal(rename(notes, moved), 0);
    assert_int_equal(symlink(moved, notes), 0);
    assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    assert_int_equal(rename(moved, notes), 0);
    assert_int_equal(load_code(directory, "m:q8"), WI_OK);
    assert_int_equal(rename(variant, outside), 0);
    assert_int_equal(symlink(outside, variant), 0);
    assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    assert_int_equal(unlink(variant), 0);
    assert_int_equal(rename(outside, variant), 0);
    assert_int_equal(rename(place, outside), 0);
    assert_int_equal(symlink(outside, place), 0);
    assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    free(place);
    free(outside);
    free(variant);
    free(notes);
    free(moved);
}

/* --- removing --------------------------------------------------------------------------------- */

TEST(it_goes_with_its_model_and_with_no_other)
{
    const char *directory = *state;
    struct wi_versions_use use = {0};
    struct wi_error error;
    uint64_t freed;
    size_t held = 0;
    int pulled;
    static const char *const names[] = {"m", "n", "org/m"};
    for (size_t i = 0; i < 3; i++) {
        write_model(directory, names[i], names[i]);
        make(directory, names[i], "in 8 bits");
    }
    assert_int_equal(wi_versions_remove(directory, "m", &pulled, &freed, &error), WI_OK);
    assert_false(is_there(directory, "m"));
    assert_true(is_there(directory, "n") && is_there(directory, "org/m"));
    char *command = wi_sprintf("rm -r '%s/n'", directory); /* by whoever put it there */
    assert_int_equal(system(command), 0);
    free(command);
    write_text(directory, ".staging/quantize-left/files/model_quantized.onnx", "half");
    wi_versions_gc(directory, 1, 1, &use, &held);
    assert_false(is_there(directory, "n"));
    assert_true(is_there(directory, "org/m"));
    char *left = wi_sprintf("%s/.staging/quantize-left", directory);
    assert_int_not_equal(access(left, F_OK), 0);
    free(left);
}

/* --- a disk that fails, and kills ------------------------------------------------------------- */

/* What is not known to be on the disk is not said to be there. */
TEST(no_sync_may_fail)
{
    const char *directory = *state;
    struct wi_staging staging = {0};
    struct wi_strings common = {0};
    struct wi_error error;
    int syncs = -1;
    enum wi_code code = WI_CODE_COUNT;
    char *folder = wi_sprintf("%s/m", directory);
    write_model(directory, "m", "one");
    char *notes = notes_now(directory, "m");
    make(directory, "m", "old"); /* so that all folders are there */
    while (code != WI_OK) {
        assert_int_equal(
            wi_made_stage(directory, "quantize-1", folder, &common, &staging, &error), WI_OK);
        write_graph(staging.folder, "model_quantized.onnx", "new");
        syncs_left = ++syncs;
        code = wi_made_publish(directory, "quantize-1", "m", "q8", notes, &error);
        wi_staging_clear(&staging);
    }
    syncs_left = -1;
    assert_int_equal(syncs, 6); /* the notes, two files, their folder, and the two of the move */
    assert_int_equal(load_code(directory, "m:q8"), WI_OK);
    free(notes);
    free(folder);
}

/* Publishing, in a process that is killed before that step. Whether it came to its end. */
static int publish_until(const char *directory, const char *notes, int kill_at)
{
    pid_t child = fork();
    if (child == 0) {
        steps_left = kill_at;
        publish(directory, "m", "new", notes);
        _exit(0);
    }
    return !was_killed(child);
}

/* There is one, and it is whole: it has the files and the notes of one making. */
static void expect_whole(const char *directory, int new_only)
{
    struct wi_variants variants = {0};
    assert_int_equal(wi_made_list(directory, "m", WI_FORMAT_ONNX, &variants), 0);
    const struct wi_variant *made = wi_variants_get(&variants, "q8");
    assert_non_null(made);
    if (!wi_made_is_of(made->notes, OLD)) {
        assert_int_equal(load_code(directory, "m:q8"), WI_OK);
    } else {
        assert_false(new_only);
        assert_int_equal(made->files.count, 2);
        assert_int_equal(load_code(directory, "m:q8"), WI_MODEL_NOT_FOUND);
    }
    wi_variants_clear(&variants);
}

TEST(a_kill_at_any_step_leaves_the_old_or_the_new)
{
    const char *directory = *state;
    struct wi_versions_use use = {0};
    int steps = 0, ended = 0;
    write_model(directory, "m", "one");
    char *notes = notes_now(directory, "m"), *old = notes_of(OLD);
    for (; !ended; steps++) {
        size_t held = 0;
        publish(directory, "m", "old", old);
        ended = publish_until(directory, notes, steps);
        expect_whole(directory, ended);
        wi_versions_gc(directory, 1, 1, &use, &held);
        expect_whole(directory, ended);
        char *staging = wi_sprintf("%s/.staging/quantize-1", directory);
        assert_int_not_equal(access(staging, F_OK), 0);
        free(staging);
    }
    assert_true(steps > 8);
    free(notes);
    free(old);
}
