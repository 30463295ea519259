/*
 * SIGKILL before every step with which publishing, removing and collecting change the disk: a name
 * leads to the old version or to the new one, whole, the next daemon's first collection leaves
 * nothing behind, and doing it again succeeds.
 */
#include "../../../test.h"

#include "../../../files.h"
#include "../../../kill_steps.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/versions.h"
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define OLD "0000000000000000000000000000000000000000000000000000000000000001"
#define NEW "0000000000000000000000000000000000000000000000000000000000000002"

static int no_links; /* as on a file system without them */

/* --- steps ------------------------------------------------------------------------------------ */

int linkat(int from, const char *old, int to, const char *fresh, int flags)
{
    step();
    if (no_links) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_linkat, from, old, to, fresh, flags);
}

int symlinkat(const char *target, int at, const char *path)
{
    step();
    return (int)syscall(SYS_symlinkat, target, at, path);
}

/* --- a store ---------------------------------------------------------------------------------- */

static void stage(const char *directory, struct wi_staging *staging, struct wi_source *source,
    const char *graph, const char *hash)
{
    struct wi_error error;
    *source = (struct wi_source){.hub = wi_strdup("hub"), .commit = wi_strdup(hash)};
    if (wi_staging_open(directory, "cut", "{}", staging, &error) != WI_OK)
        fail_msg("%s", error.detail);
    write_text(staging->folder, "model.onnx", graph);
    write_text(staging->folder, "onnx/labels.txt", "cat");
    wi_source_add(source, "model.onnx", 3, hash);
    wi_source_add(source, "onnx/labels.txt", 3, "9d989e8d27dc9e0ec3389fc855f142c3d40f0c50");
}

static void publish_as(const char *directory, const char *name, const char *graph, const char *hash)
{
    struct wi_staging staging = {0};
    struct wi_source source;
    struct wi_error error;
    unsigned number;
    stage(directory, &staging, &source, graph, hash);
    if (wi_versions_publish(directory, name, &staging, &source, NULL, NULL, &number, &error) !=
        WI_OK)
        fail_msg("%s", error.detail);
    wi_source_clear(&source);
    wi_staging_clear(&staging);
}

static void publish(const char *directory, const char *graph, const char *hash)
{
    publish_as(directory, "org/name", graph, hash);
}

static void collect(const char *directory)
{
    struct wi_versions_use use = {0};
    size_t held = 0;
    wi_versions_gc(directory, 1, 1, &use, &held);
}

static void begin(const char *directory)
{
    publish(directory, "old", OLD);
}

static void publish_new(const char *directory)
{
    publish(directory, "new", NEW);
}

static void remove_name(const char *directory)
{
    struct wi_versions_use use = {0};
    struct wi_error error;
    uint64_t freed;
    size_t held = 0;
    int pulled;
    if (wi_versions_remove(directory, "org/name", &pulled, &freed, &error) == WI_OK)
        wi_versions_prune(directory, "org/name", 0, &use, &held);
}

static void begin_collecting(const char *directory)
{
    begin(directory);
    publish_new(directory);
    write_text(directory, ".blobs/sha256-" OLD "0", "nobody's");
    write_text(directory, ".staging/left/files/model.onnx.part", "of nobody");
}

/* --- what must hold --------------------------------------------------------------------------- */

/* "old", "new", or "" where there is none. */
static void read_model(const char *directory, char text[4])
{
    char *path = wi_sprintf("%s/org/name/model.onnx", directory);
    char *labels = wi_sprintf("%s/org/name/onnx/labels.txt", directory);
    FILE *file = fopen(path, "re");
    memset(text, 0, 4);
    if (file) {
        assert_int_equal(fread(text, 1, 3, file), 3);
        fclose(file);
        assert_int_equal(access(labels, F_OK), 0);
    }
    free(labels);
    free(path);
}

static int count_entries(const char *directory, const char *name)
{
    char *path = wi_sprintf("%s/%s", directory, name);
    DIR *dir = opendir(path);
    const struct dirent *item;
    int count = 0;
    while (dir && (item = readdir(dir)))
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    free(path);
    return count;
}

struct change {
    const char *name;
    void (*begin)(const char *directory);
    void (*change)(const char *directory);
    const char *before, *after;
};

static const struct change changes[] = {
    {"publishing", begin, publish_new, "old", "new"},
    {"removing", begin, remove_name, "old", ""},
    {"collecting", begin_collecting, collect, "new", "new"},
};

/* In a process of its own, killed before that step. Whether it came to its end. */
static int run_until(const struct change *change, const char *directory, int kill_at)
{
    pid_t child = fork();
    if (child == 0) {
        steps_left = kill_at;
        change->change(directory);
        _exit(0);
    }
    return !was_killed(child);
}

/* A model has two files: the graph and the labels. */
static void expect_tidy(const char *directory)
{
    char text[4];
    collect(directory);
    read_model(directory, text);
    int expected = *text ? 2 : 0;
    assert_int_equal(count_entries(directory, WI_STORE_BLOBS), expected);
    assert_int_equal(count_entries(directory, WI_STORE_STAGING), 0);
    assert_int_equal(count_entries(directory, WI_STORE_VERSIONS "/org/name"), *text ? 1 : 0);
}

static int cut(const struct change *change, int kill_at)
{
    char directory[64], text[4];
    make_root(directory, "kill");
    change->begin(directory);
    int ended = run_until(change, directory, kill_at);
    read_model(directory, text);
    if (strcmp(text, change->before) != 0 && strcmp(text, change->after) != 0)
        fail_msg("%s, step %d: \"%s\"", change->name, kill_at, text);
    expect_tidy(directory);
    change->change(directory);
    read_model(directory, text);
    assert_string_equal(text, change->after);
    expect_tidy(directory);
    remove_root(directory);
    return ended;
}

TEST(a_kill_at_any_step_leaves_the_old_or_the_new)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        int steps = 0;
        while (!cut(&changes[i], steps))
            steps++;
        print_message("%s: %d steps\n", changes[i].name, steps);
        assert_true(steps > 5);
    }
}

/* The second model's file was verified before it turns out that it cannot be the first one's. */
TEST(without_hard_links_each_version_has_files_of_its_own)
{
    char directory[64], text[4];
    (void)state;
    make_root(directory, "kill");
    no_links = 1;
    publish_as(directory, "other", "new", NEW);
    publish_new(directory);
    no_links = 0;
    read_model(directory, text);
    assert_string_equal(text, "new");
    assert_int_equal(count_entries(directory, WI_STORE_BLOBS), 0);
    assert_int_equal(count_entries(directory, "other"), 4); /* also .source.json and .used */
    remove_root(directory);
}
