/* Where which model had not the memory: known by hash and place, bounded, and kept. */
#include "../../../test.h"

#include "settings/store/db.h"
#include "work/pool/facts/shortages.h"
#include <stdio.h>
#include <string.h>

#define NOW 1700000000000LL

/* --- the database that we play ---------------------------------------------------------------- */

static char keys[16][WI_PLACE_SIZE + 80], values[16][64];
static size_t row_count, forgotten;

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    size_t i = 0;

    assert_int_equal(space, WI_DB_SHORTAGES);
    while (i < row_count && strcmp(keys[i], key) != 0)
        i++;
    assert_true(i < sizeof keys / sizeof *keys);
    row_count += i == row_count;
    snprintf(keys[i], sizeof *keys, "%s", key);
    snprintf(values[i], sizeof *values, "%s", value);
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    forgotten++;
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < row_count; i++)
        each(context, keys[i], values[i]);
}

/* ---------------------------------------------------------------------------------------------- */

static struct wi_shortages *shortages;

static int set_up(void **state)
{
    (void)state;
    row_count = forgotten = 0;
    shortages = wi_shortages_new(NULL, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wi_shortages_free(shortages);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_place at(const char *kind, const char *session)
{
    struct wi_node_info info = {0};

    snprintf(info.kind, sizeof info.kind, "%s", kind);
    snprintf(info.session, sizeof info.session, "%s", session);
    return wi_place_of(&info, WI_ENGINE_ORT, WI_WASM);
}

static int has(const char *hash, const struct wi_place *place)
{
    return wi_shortages_has(shortages, hash, place, NOW);
}

static void restart(void)
{
    wi_shortages_free(shortages);
    shortages = wi_shortages_new(NULL, 2);
}

TEST(a_model_is_short_of_memory_where_it_was)
{
    const struct wi_place small = at("chrome", "s"), other = at("firefox", "s");

    assert_false(has("aa", &small));
    wi_shortages_note(shortages, "aa", &small, NOW);
    assert_true(has("aa", &small));
    assert_false(has("aa", &other));
    assert_false(has("bb", &small)); /* also the same one with other files */
    wi_shortages_free(NULL);
}

TEST(the_oldest_goes)
{
    const struct wi_place place = at("chrome", "s");

    wi_shortages_note(shortages, "aa", &place, NOW);
    wi_shortages_note(shortages, "bb", &place, NOW);
    wi_shortages_note(shortages, "cc", &place, NOW);
    assert_false(has("aa", &place));
    assert_true(has("bb", &place));
    assert_true(has("cc", &place));
    assert_int_equal(forgotten, 1);
}

TEST(what_joined_pushes_out_nothing_of_ours)
{
    const struct wi_place ours = at("chrome", "s"), joined = at("chrome", "");

    wi_shortages_note(shortages, "aa", &ours, NOW);
    for (int i = 0; i < 10; i++) {
        char hash[4];
        snprintf(hash, sizeof hash, "b%d", i);
        wi_shortages_note(shortages, hash, &joined, NOW);
    }
    assert_true(has("aa", &ours));
    assert_true(has("b9", &joined));
    assert_false(has("b0", &joined));
}

TEST(after_a_day_it_is_tried_again)
{
    const struct wi_place place = at("chrome", "s");

    wi_shortages_note(shortages, "aa", &place, NOW - WI_SHORTAGE_MS);
    assert_false(has("aa", &place));
    wi_shortages_note(shortages, "aa", &place, NOW);
    assert_true(has("aa", &place));
    wi_shortages_note(shortages, "bb", &place, NOW + WI_SHORTAGE_MS); /* the clock was set back */
    assert_false(has("bb", &place));
}

/* One bad moment before the restart is none for good. */
TEST(after_a_restart_two_times_count)
{
    const struct wi_place place = at("chrome", "s");

    wi_shortages_note(shortages, "aa", &place, NOW);
    restart();
    assert_false(has("aa", &place));
    wi_shortages_note(shortages, "aa", &place, NOW);
    assert_true(has("aa", &place));
    restart();
    assert_true(has("aa", &place));
}

TEST(what_joined_is_not_kept)
{
    const struct wi_place place = at("chrome", "");

    wi_shortages_note(shortages, "aa", &place, NOW);
    wi_shortages_note(shortages, "aa", &place, NOW);
    assert_true(has("aa", &place));
    assert_int_equal(row_count, 0);
}

TEST(what_is_damaged_is_not_read)
{
    static const char *const bad[][2] = {{"", "{\"times\":2,\"at\":1700000000000}"},
        {"aa", "{\"times\":2,\"at\":1700000000000}"},
        {"aa\tchrome", "{\"times\":2,\"at\":1700000000000}"}, {NULL, ""}, {NULL, "no JSON"},
        {NULL, "{\"times\":0,\"at\":1700000000000}"}, {NULL, "{\"times\":2,\"at\":0}"},
        {NULL, "{\"times\":2}"}};
    const struct wi_place place = at("chrome", "s"), joined = at("chrome", "");
    char key[WI_PLACE_SIZE + 80];

    snprintf(key, sizeof key, "aa\t%s", place.key);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        row_count = 0;
        wi_db_put(NULL, WI_DB_SHORTAGES, 0, bad[i][0] ? bad[i][0] : key, bad[i][1]);
        restart();
        assert_false(has("aa", &place));
    }
    row_count = 0;
    snprintf(key, sizeof key, "aa\t%s", joined.key);
    wi_db_put(NULL, WI_DB_SHORTAGES, 0, key, "{\"times\":2,\"at\":1700000000000}");
    restart();
    assert_false(has("aa", &joined));
}
