/* What kinds of browser can do: which reports count, for how long, and what is kept. */
#include "../../../test.h"

#include "settings/store/db.h"
#include "work/pool/facts/abilities.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1700000000000LL

/* --- the database that we play ---------------------------------------------------------------- */

static struct {
    char key[160];
    char *value;
} rows[WI_ABILITIES_MAX + 8];
static size_t row_count, puts_, forgotten;

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    size_t i = 0;

    assert_int_equal(space, WI_DB_ABILITIES);
    assert_int_equal(rules, 1);
    while (i < row_count && strcmp(rows[i].key, key) != 0)
        i++;
    assert_true(i < sizeof rows / sizeof *rows);
    if (i == row_count)
        row_count++;
    snprintf(rows[i].key, sizeof rows[i].key, "%s", key);
    free(rows[i].value);
    rows[i].value = strdup(value);
    puts_++;
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
    assert_int_equal(space, WI_DB_ABILITIES);
    forgotten++;
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < row_count; i++)
        each(context, rows[i].key, rows[i].value);
}

/* ---------------------------------------------------------------------------------------------- */

static struct wi_abilities *abilities;

static int set_up(void **state)
{
    (void)state;
    row_count = puts_ = forgotten = 0;
    abilities = wi_abilities_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wi_abilities_free(abilities);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        free(rows[i].value);
        rows[i].value = NULL;
    }
    return 0;
}

FIXTURE(set_up, tear_down)

static void restart(void)
{
    wi_abilities_free(abilities);
    abilities = wi_abilities_new(NULL);
}

/* A report of a page with WASM, with WebNN or not, as its browser's driver names the version. */
static json_t *report_of(int webnn)
{
    return json_pack("{s:{s:s}, s:{s:{s:b}, s:{s:b, s:s}}, s:{s:s}, s:b}", "browser", "name",
        "chromium", "platforms", "wasm", "available", 1, "webnn", "available", webnn, "reason",
        "it has none", "engines", "ort", "1.30.0", "cross_origin_isolated", 1);
}

static struct wi_node_info page_of(const char *session, const char *version, int webnn)
{
    struct wi_node_info page = {.kind = "chrome"};

    snprintf(page.session, sizeof page.session, "%s", session);
    snprintf(page.browser_version, sizeof page.browser_version, "%s", version);
    page.platforms[WI_WASM].available = 1;
    page.platforms[WI_WEBNN].available = webnn;
    page.engines[WI_ENGINE_ORT].available = 1;
    snprintf(page.engines[WI_ENGINE_ORT].version, sizeof page.engines[0].version, "1.30.0");
    return page;
}

static void note_version(const char *session, const char *version, int webnn, int64_t now)
{
    struct wi_node_info page = page_of(session, version, webnn);

    page.capabilities = report_of(webnn);
    wi_abilities_note(abilities, "stamp", &page, now);
    json_decref(page.capabilities);
}

static void note(const char *session, int webnn, int64_t now)
{
    note_version(session, "156", webnn, now);
}

static struct wi_ability known_at(int64_t now)
{
    return wi_abilities_of(abilities, "chrome", "stamp", now);
}

/* How many reports count, and how many of them have WebNN. */
static void expect(size_t count, size_t able)
{
    struct wi_ability known = known_at(NOW);
    size_t found = 0;

    assert_int_equal(known.count, count);
    for (size_t i = 0; i < known.count; i++)
        found += known.pages[i]->platforms[WI_WEBNN].available != 0;
    assert_int_equal(found, able);
}

TEST(what_was_never_seen_is_not_known)
{
    expect(0, 0);
    note("s-1", 0, NOW);
    assert_int_equal(wi_abilities_of(abilities, "edge", "stamp", NOW).count, 0);
    assert_int_equal(wi_abilities_of(abilities, "chrome", "other", NOW).count, 0);
    expect(1, 0);
    assert_string_equal(known_at(NOW).pages[0]->session, "s-1");
}

/* The last two sessions count, so that it takes two of them to lack anything. */
TEST(one_bad_start_takes_nothing_away)
{
    note("s-1", 1, NOW);
    note("s-2", 0, NOW);
    expect(2, 1);
    note("s-3", 0, NOW);
    expect(2, 0);
    note("s-4", 1, NOW);
    expect(2, 1);
}

TEST(the_latest_page_speaks_for_the_kind_unless_it_has_lost_something)
{
    static const struct {
        const char *session;
        int webnn;
        const char *said_by;
    } reports[] = {{"s-1", 0, "s-1"}, {"s-2", 1, "s-2"}, {"s-3", 0, "s-2"}, {"s-4", 0, "s-4"}};
    struct wi_ability known = known_at(NOW);

    assert_null(wi_ability_page(&known));
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        note(reports[i].session, reports[i].webnn, NOW);
        known = known_at(NOW);
        assert_string_equal(wi_ability_page(&known)->session, reports[i].said_by);
    }
}

TEST(a_session_counts_once_and_what_it_loses_does_not)
{
    note("s-1", 0, NOW);
    note("s-1", 1, NOW); /* its GPU came late */
    expect(1, 1);
    note("s-1", 0, NOW); /* and is gone */
    expect(1, 1);
    size_t before = puts_;
    note("s-1", 1, NOW);
    assert_int_equal(puts_, before); /* nothing new */
}

TEST(another_version_begins_afresh)
{
    note("s-1", 1, NOW);
    note("s-2", 1, NOW);
    note_version("s-3", "157", 0, NOW);
    expect(1, 0);
}

TEST(another_adapter_or_engine_begins_afresh_and_a_missing_one_does_not)
{
    struct wi_node_info page = page_of("s-1", "156", 1);

    page.platforms[WI_WEBGPU].available = page.platforms[WI_WEBGPU].has_adapter = 1;
    snprintf(page.platforms[WI_WEBGPU].adapter.vendor, 64, "intel");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    struct wi_node_info bad = page_of("s-2", "156", 0); /* a start without its adapter */
    wi_abilities_note(abilities, "stamp", &bad, NOW);
    expect(2, 1);
    snprintf(page.session, sizeof page.session, "s-3");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    expect(2, 1);
    snprintf(page.session, sizeof page.session, "s-4");
    snprintf(page.platforms[WI_WEBGPU].adapter.vendor, 64, "nvidia");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    expect(1, 1);
    snprintf(page.session, sizeof page.session, "s-5");
    snprintf(page.engines[WI_ENGINE_ORT].version, 64, "1.31.0");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    expect(1, 1);
}

TEST(browsers_on_two_gpus_both_speak_for_their_kind)
{
    struct wi_node_info page = page_of("s-1", "156", 1);

    page.platforms[WI_WEBGPU].available = page.platforms[WI_WEBGPU].has_adapter = 1;
    snprintf(page.platforms[WI_WEBGPU].adapter.vendor, 64, "intel");
    snprintf(page.gpu, sizeof page.gpu, "/dev/dri/renderD128");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    snprintf(page.session, sizeof page.session, "s-2");
    snprintf(page.platforms[WI_WEBGPU].adapter.vendor, 64, "nvidia");
    snprintf(page.gpu, sizeof page.gpu, "/dev/nvidia0");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    expect(2, 2);
    snprintf(page.session, sizeof page.session, "s-3"); /* its driver was replaced */
    snprintf(page.platforms[WI_WEBGPU].adapter.vendor, 64, "amd");
    wi_abilities_note(abilities, "stamp", &page, NOW);
    expect(1, 1);
}

TEST(it_is_tested_again_soon_and_then_daily)
{
    note("s-1", 0, NOW);
    assert_false(known_at(NOW + WI_ABILITIES_ONCE_MS).due);
    assert_true(known_at(NOW + WI_ABILITIES_ONCE_MS + 1).due);
    assert_int_equal(known_at(NOW + WI_ABILITIES_DAY_MS).count, 1);
    assert_int_equal(known_at(NOW + WI_ABILITIES_DAY_MS + 1).count, 0);
    note("s-2", 0, NOW);
    assert_false(known_at(NOW + WI_ABILITIES_DAY_MS).due);
    assert_true(known_at(NOW + WI_ABILITIES_DAY_MS + 1).due);
    assert_int_equal(known_at(NOW + WI_ABILITIES_DAYS * WI_ABILITIES_DAY_MS).count, 2);
    assert_int_equal(known_at(NOW + WI_ABILITIES_DAYS * WI_ABILITIES_DAY_MS + 1).count, 0);
}

TEST(a_clock_that_is_set_back_keeps_nothing_for_good)
{
    note("s-1", 0, NOW);
    note("s-2", 0, NOW);
    assert_true(known_at(NOW - 1).due);
    assert_int_equal(known_at(NOW - WI_ABILITIES_DAY_MS - 1).count, 0);
}

TEST(by_order_it_is_tested_again)
{
    note("s-1", 0, NOW);
    note("s-2", 0, NOW);
    wi_abilities_doubt(abilities, "chrom");
    wi_abilities_doubt(abilities, "edge");
    expect(2, 0);
    wi_abilities_doubt(abilities, "chrome");
    expect(0, 0);
    restart();
    expect(0, 0);
    note("s-2", 0, NOW); /* the same session is no test */
    expect(0, 0);
    note("s-3", 0, NOW);
    expect(2, 0);
}

TEST(it_is_known_after_a_restart)
{
    note("s-1", 1, NOW);
    note("s-2", 0, NOW);
    restart();
    expect(2, 1);
    const struct wi_node_info *page = known_at(NOW).pages[0];
    assert_string_equal(page->session, "s-2");
    assert_string_equal(page->kind, "chrome");
    assert_string_equal(page->browser_version, "156");
    assert_string_equal(page->platforms[WI_WEBNN].reason, "it has none");
    assert_true(page->platforms[WI_WASM].available);
    assert_true(page->engines[WI_ENGINE_ORT].available);
    assert_false(page->engines[WI_ENGINE_LLAMA].available);
    assert_true(known_at(NOW + WI_ABILITIES_DAY_MS + 1).due);
    note("s-2", 0, NOW); /* the session that was there before */
    expect(2, 1);
    note("s-3", 0, NOW);
    expect(2, 0);
}

/* Rows that somebody else has written. */
TEST(what_is_damaged_is_not_read)
{
#define REPORT(session, at, capabilities)                                                          \
    "{\"session\":" session ",\"browser_version\":\"1\",\"seen_at\":" at                           \
    ",\"capabilities\":" capabilities "}"
#define PAGE "{\"browser\":{\"name\":\"x\"},\"platforms\":{},\"cross_origin_isolated\":true}"
    static const char *const values[] = {"", "no JSON", "[]", "{}", "{\"reports\":{}}",
        "{\"reports\":[]}", "{\"reports\":[17]}", "{\"reports\":[{}]}",
        "{\"reports\":[" REPORT("\"\"", "1", PAGE) "]}",
        "{\"reports\":[" REPORT("7", "1", PAGE) "]}",
        "{\"reports\":[" REPORT("\"s\"", "0", PAGE) "]}",
        "{\"reports\":[" REPORT("\"s\"", "\"x\"", PAGE) "]}",
        "{\"reports\":[" REPORT("\"s\"", "1", "{}") "]}",
        "{\"reports\":[" REPORT("\"s\"", "1", "[]") "]}",
        "{\"reports\":[" REPORT("\"s\"", "1",
            "{\"browser\":{\"name\":\"x\"},\"platforms\":{\"wasm\":7},"
            "\"cross_origin_isolated\":true}") "]}"};
    static const char good[] =
        "{\"reports\":[" REPORT("\"s\"", "1700000000000", PAGE) ",{\"session\":1}]}";
    static const char *const keys[] = {"", "chrome", "\tstamp",
        "a-kind-whose-name-is-longer-than-any-of-ours-may-be\tstamp",
        ("chrome\tstamp-that-is-longer-than-a-hash-in-hexadecimal-digits-could-ever-be-"
         "000000000000000000000000")};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        row_count = 0;
        wi_db_put(NULL, WI_DB_ABILITIES, 1, "chrome\tstamp", values[i]);
        restart();
        expect(0, 0);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        row_count = 0;
        wi_db_put(NULL, WI_DB_ABILITIES, 1, keys[i], good);
        restart();
        expect(0, 0);
    }
    wi_db_put(NULL, WI_DB_ABILITIES, 1, "chrome\tstamp", good);
    restart();
    expect(1, 0); /* and its second report is none */
}

TEST(the_oldest_goes)
{
    struct wi_node_info page = page_of("s-1", "156", 0);
    char stamp[16];

    for (int i = 0; i <= WI_ABILITIES_MAX; i++) {
        snprintf(stamp, sizeof stamp, "stamp-%d", i);
        wi_abilities_note(abilities, stamp, &page, NOW);
    }
    assert_int_equal(forgotten, 1);
    assert_int_equal(wi_abilities_of(abilities, "chrome", "stamp-0", NOW).count, 0);
    assert_int_equal(wi_abilities_of(abilities, "chrome", "stamp-1", NOW).count, 1);
    wi_abilities_free(NULL);
}
