/* How kernels are tuned where: who is told to measure what, what is kept, and for whom it holds. */
#include "../../../test.h"

#include "settings/store/db.h"
#include "work/pool/facts/tunings.h"
#include <stdio.h>
#include <string.h>

/* --- the database that we play ---------------------------------------------------------------- */

static char keys[8][WI_PLACE_SIZE + 160], values[8][256];
static size_t key_count;

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    assert_int_equal(space, WI_DB_TUNINGS);
    assert_true(key_count < sizeof keys / sizeof *keys);
    snprintf(keys[key_count], sizeof *keys, "%s", key);
    snprintf(values[key_count++], sizeof *values, "%s", value);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < key_count; i++)
        each(context, keys[i], values[i]);
}

static struct wi_tunings *tunings;
static struct wi_tuning_owner ours, theirs;

static struct wi_tuning_owner owner_of(const char *session, const char *node)
{
    struct wi_node_info info = {.kind = "chrome", .browser_version = "156"};
    snprintf(info.session, sizeof info.session, "%s", session);
    struct wi_place place = wi_place_of(&info, WI_ENGINE_KERNELS, WI_WEBGPU);
    return wi_tuning_owner(&place, node);
}

static int set_up(void **state)
{
    (void)state;
    key_count = 0;
    tunings = wi_tunings_new(NULL);
    ours = owner_of("s-1", "n-1");
    theirs = owner_of("", "n-2");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wi_tunings_free(tunings);
    return 0;
}

FIXTURE(set_up, tear_down)

static void note(const struct wi_tuning_owner *owner, const char *kernel, const char *size_class)
{
    wi_tunings_note(tunings, owner, wi_kernel_find(kernel), size_class);
}

static void expect_begun(const struct wi_tuning_owner *owner, const char *node, double now,
    const char *kernel, const char *size_class)
{
    const struct wi_tuning *begun = wi_tunings_begin(tunings, owner, node, now);
    assert_int_equal(begun != NULL, kernel != NULL);
    if (!kernel)
        return;
    assert_string_equal(begun->kernel->name, kernel);
    assert_string_equal(begun->size_class, size_class);
}

static int end(const struct wi_tuning_owner *owner, const char *node, const char *kernel,
    const char *size_class, const char *variant)
{
    struct wi_kernel_choice choice = {.workgroup = {128, 2}, .ms = 1, .default_ms = 2};
    if (variant)
        snprintf(choice.variant, sizeof choice.variant, "%s", variant);
    const struct wi_node_tuning said = {
        wi_kernel_find(kernel), size_class, variant ? &choice : NULL, NULL};
    return wi_tunings_end(tunings, owner, node, &said);
}

static void expect_known(const struct wi_tuning_owner *owner, const char *expected)
{
    json_t *list = wi_tunings_json(tunings, owner);
    char *text = list ? json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(list);
    free(text);
    json_decref(list);
}

#define ADD_64                                                                                     \
    "[{\"choice\":{\"variant\":\"plain\",\"workgroup\":[128,2]},\"kernel\":\"add\",\"size_"        \
    "class\":\"64\"}]"

/* --- who measures what ------------------------------------------------------------------------ */

TEST(one_after_the_other_is_measured_and_then_known)
{
    expect_begun(&ours, "n-1", 1, NULL, NULL);
    assert_false(wi_tunings_are_open(tunings));
    note(&ours, "add", "64");
    assert_true(wi_tunings_are_open(tunings));
    note(&ours, "add", "64");
    note(&ours, "relu", "8");
    expect_known(&ours, NULL);
    expect_begun(&ours, "n-1", 1, "add", "64");
    expect_begun(&ours, "n-3", 2, NULL, NULL); /* its place is being measured */
    assert_int_equal(end(&ours, "n-1", "add", "64", "plain"), 1);
    expect_known(&ours, ADD_64);
    expect_begun(&ours, "n-3", 3, "relu", "8");
    assert_int_equal(end(&ours, "n-3", "relu", "8", NULL), 1); /* a task came */
    expect_begun(&ours, "n-1", 4, "relu", "8");
}

TEST(what_nobody_asked_for_is_not_believed)
{
    note(&ours, "add", "64");
    assert_int_equal(end(&ours, "n-1", "add", "64", "plain"), 0); /* not begun */
    expect_begun(&ours, "n-1", 1, "add", "64");
    assert_int_equal(end(&ours, "n-3", "add", "64", "plain"), 0); /* by another */
    assert_int_equal(end(&ours, "n-1", "add", "128", "plain"), 0);
    assert_int_equal(end(&theirs, "n-1", "add", "64", "plain"), 0);
    assert_int_equal(end(&ours, "", "add", "64", "plain"), 0);
    assert_int_equal(end(&ours, "n-1", "add", "64", "plain"), 1);
    assert_int_equal(end(&ours, "n-1", "add", "64", "other"), 0); /* once */
    expect_known(&ours, ADD_64);
}

TEST(a_kernel_of_which_one_has_hung_is_tuned_there_no_more)
{
    static const struct wi_kernel_choice choice = {.variant = "plain", .workgroup = {64, 1}};
    const struct wi_node_tuning hung = {wi_kernel_find("add"), "64", NULL, &choice};
    note(&ours, "add", "32");
    note(&ours, "add", "64");
    note(&ours, "add", "128");
    note(&ours, "relu", "8");
    note(&theirs, "add", "64");
    expect_begun(&ours, "n-1", 1, "add", "32");
    end(&ours, "n-1", "add", "32", "plain");
    expect_begun(&ours, "n-1", 1, "add", "64");
    assert_int_equal(wi_tunings_end(tunings, &ours, "n-3", &hung), 0);
    assert_int_equal(wi_tunings_end(tunings, &ours, "n-1", &hung), 1);
    assert_int_equal(wi_tunings_end(tunings, &ours, "n-1", &hung), 0);
    note(&ours, "add", "256");
    for (int restarts = 0; restarts < 2; restarts++) {
        expect_begun(&ours, "n-1", 2, "relu", "8");
        wi_tunings_forget(tunings, "n-1");
        json_t *list = wi_tunings_json(tunings, &ours);
        assert_int_equal(json_array_size(list), 1); /* what was found before */
        json_decref(list);
        if (restarts == 0)
            expect_begun(&theirs, "n-2", 2, "add", "64");
        wi_tunings_free(tunings);
        tunings = wi_tunings_new(NULL);
        note(&ours, "add", "512");
        note(&ours, "relu", "8");
    }
}

TEST(one_that_never_answers_is_not_asked_for_ever)
{
    double now = 1;
    note(&ours, "add", "64");
    for (int i = 0; i < WI_TUNING_TRIES; i++, now += WI_TUNING_PATIENCE_MS) {
        expect_begun(&ours, "n-1", now, "add", "64");
        expect_begun(&ours, "n-1", now + WI_TUNING_PATIENCE_MS - 1, NULL, NULL);
    }
    expect_begun(&ours, "n-1", now, NULL, NULL);
    assert_false(wi_tunings_are_open(tunings));
}

TEST(a_node_that_goes_lets_others_measure)
{
    note(&ours, "add", "64");
    expect_begun(&ours, "n-1", 1, "add", "64");
    wi_tunings_forget(tunings, "n-1");
    assert_int_equal(end(&ours, "n-1", "add", "64", "plain"), 0);
    expect_begun(&ours, "n-3", 2, "add", "64");
}

/* --- for whom it holds ------------------------------------------------------------------------ */

TEST(a_joined_node_is_believed_for_itself_alone)
{
    struct wi_tuning_owner another = owner_of("", "n-4");
    note(&theirs, "add", "64");
    expect_begun(&theirs, "n-2", 1, "add", "64");
    assert_int_equal(end(&theirs, "n-2", "add", "64", "plain"), 1);
    expect_known(&theirs, ADD_64);
    expect_known(&ours, NULL);
    expect_known(&another, NULL);
    assert_int_equal(key_count, 0);
    wi_tunings_forget(tunings, "n-2");
    expect_known(&theirs, NULL);
}

TEST(a_joined_node_has_its_share_of_the_table)
{
    char size_class[WI_KERNEL_CLASS_SIZE];
    note(&ours, "add", "64");
    for (int i = 0; i <= WI_TUNINGS_JOINED; i++) {
        snprintf(size_class, sizeof size_class, "%ldx%ld", 1L << (i % 32), 1L << (i / 32));
        note(&theirs, "reduce", size_class);
    }
    expect_begun(&theirs, "n-2", 1, "reduce", "2x1"); /* the oldest has gone */
    expect_begun(&ours, "n-1", 1, "add", "64");
}

TEST(joined_nodes_push_out_nothing_of_ours)
{
    char id[WI_ID_SIZE], size_class[WI_KERNEL_CLASS_SIZE];

    note(&ours, "add", "64");
    for (int node = 0; node <= WI_TUNINGS_MAX / WI_TUNINGS_JOINED; node++) {
        snprintf(id, sizeof id, "n-%d", 100 + node);
        const struct wi_tuning_owner one = owner_of("", id);
        for (int i = 0; i < WI_TUNINGS_JOINED; i++) {
            snprintf(size_class, sizeof size_class, "%ldx%ld", 1L << (i % 32), 1L << (i / 32));
            note(&one, "reduce", size_class);
        }
    }
    expect_begun(&ours, "n-1", 1, "add", "64");
}

TEST(ours_are_known_after_a_restart_and_what_is_damaged_is_not)
{
    note(&ours, "add", "64");
    expect_begun(&ours, "n-1", 1, "add", "64");
    assert_int_equal(end(&ours, "n-1", "add", "64", "plain"), 1);
    wi_tunings_free(tunings);
    static const char *const bad[][2] = {{"", "{}"}, {"\t\t", "{}"}, {"add\t64", "{}"},
        {"chrome\tkernels\t2\twebgpu\t156\t\t\t\tdance\t64",
            "{\"variant\":\"a\",\"workgroup\":[1,1]}"},
        {"chrome\tkernels\t2\twebgpu\t156\t\t\t\tadd\t65",
            "{\"variant\":\"a\",\"workgroup\":[1,1]}"},
        {"chrome\tkernels\t2\twebgpu\t156\t\t\t\tadd\t32", "{\"variant\":\"a\"}"},
        {"chrome\tkernels\t2\twebgpu\t156\t\t\t\tadd\t32", "no JSON"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        wi_db_put(NULL, WI_DB_TUNINGS, 0, bad[i][0], bad[i][1]);
    tunings = wi_tunings_new(NULL);
    expect_known(&ours, ADD_64);
    expect_begun(&ours, "n-1", 1, NULL, NULL);
    wi_tunings_free(NULL);
}

TEST(the_oldest_goes)
{
    char size_class[WI_KERNEL_CLASS_SIZE];
    int known = 0;
    for (int i = 0; i <= WI_TUNINGS_MAX; i++) {
        snprintf(size_class, sizeof size_class, "%ldx%ldx%ld", 1L << (i % 32), 1L << (i / 32 % 32),
            1L << (i / 1024));
        note(&ours, "transpose", size_class);
    }
    expect_begun(&ours, "n-1", 1, "transpose", "2x1x1");
    for (const struct wi_tuning_item *item = tunings->items; item; item = item->hh.next)
        known += item->tuning.is_known;
    assert_int_equal(known, 0);
}
