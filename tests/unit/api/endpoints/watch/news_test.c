/* What watchers are told: the latest changes (each object once, by the number of its last change),
 * and the events (what they contain, in which pieces, and where they continue). */
#include "../../../test.h"

#include "api/endpoints/watch/news.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the latest changes ----------------------------------------------------------------------- */

static void note(struct wi_changes *changes, const char *id)
{
    wi_changes_note(changes, WI_CHANGE_NODE, id, NULL);
}

/* The ids behind that number, one letter each. */
static void check_behind(const struct wi_changes *changes, uint64_t number, const char *expected)
{
    char found[64] = "";
    const struct wi_change *change = wi_changes_after(changes, number);
    for (; change; change = wi_changes_next(change)) {
        assert_true(change->number > number);
        assert_true(strlen(found) + strlen(change->id) < sizeof found);
        strcat(found, change->id);
        number = change->number;
    }
    assert_string_equal(found, expected);
}

TEST(test_each_once_in_the_order_of_last_changes)
{
    struct wi_changes *changes = wi_changes_new(10);
    assert_int_equal(wi_changes_latest(changes), 0);
    assert_true(wi_changes_reach(changes, 0));
    assert_false(wi_changes_reach(changes, 1));
    check_behind(changes, 0, "");
    note(changes, "a");
    note(changes, "b");
    note(changes, "c");
    check_behind(changes, 0, "abc");
    check_behind(changes, 2, "c");
    note(changes, "a");
    assert_int_equal(wi_changes_latest(changes), 4);
    check_behind(changes, 0, "bca");
    check_behind(changes, 3, "a");
    check_behind(changes, 4, "");
    note(changes, "a");
    check_behind(changes, 4, "a");
    check_behind(changes, 2, "ca");
    wi_changes_free(changes);
}

TEST(test_kinds_and_owners)
{
    struct wi_changes *changes = wi_changes_new(10);
    char owner[] = "ada";
    wi_changes_note(changes, WI_CHANGE_JOB, "x", owner);
    wi_changes_note(changes, WI_CHANGE_PULL, "x", NULL);
    wi_changes_note(changes, WI_CHANGE_STATUS, "", NULL);
    wi_changes_note(changes, WI_CHANGE_QUEUE, "", NULL);
    wi_changes_note(changes, WI_CHANGE_MODEL, "a/b", NULL);
    owner[0] = 'A';
    const struct wi_change *change = wi_changes_after(changes, 0);
    assert_int_equal(change->kind, WI_CHANGE_JOB);
    assert_string_equal(change->id, "x");
    assert_string_equal(change->owner, "ada"); /* its own copy */
    change = wi_changes_next(change);
    assert_int_equal(change->kind, WI_CHANGE_PULL);
    assert_null(change->owner);
    change = wi_changes_next(change);
    assert_int_equal(change->kind, WI_CHANGE_STATUS);
    assert_string_equal(change->id, "");
    change = wi_changes_next(wi_changes_next(change));
    assert_string_equal(change->id, "a/b");
    assert_null(wi_changes_next(change));
    wi_changes_free(changes);
}

/* Of more than fit the one goes that has not changed for longest; who lacks it has to begin
 * anew. */
TEST(test_the_floor)
{
    struct wi_changes *changes = wi_changes_new(3);
    note(changes, "a");
    note(changes, "b");
    note(changes, "c");
    note(changes, "a");
    assert_true(wi_changes_reach(changes, 0));
    note(changes, "d"); /* b goes, whose number is 2 */
    check_behind(changes, 0, "cad");
    assert_false(wi_changes_reach(changes, 0));
    assert_false(wi_changes_reach(changes, 1));
    assert_true(wi_changes_reach(changes, 2));
    assert_true(wi_changes_reach(changes, 5));
    assert_false(wi_changes_reach(changes, 6));
    for (int i = 0; i < 10; i++)
        note(changes, "d"); /* what changes often drives nothing out */
    check_behind(changes, 2, "cad");
    assert_true(wi_changes_reach(changes, 2));
    wi_changes_free(changes);
}

TEST(test_forgetting_all)
{
    struct wi_changes *changes = wi_changes_new(3);
    note(changes, "a");
    note(changes, "b");
    wi_changes_forget(changes);
    check_behind(changes, 0, "");
    assert_false(wi_changes_reach(changes, 2)); /* what follows is not noted */
    assert_true(wi_changes_reach(changes, wi_changes_latest(changes)));
    note(changes, "a");
    check_behind(changes, 2, "a");
    wi_changes_free(changes);
}

TEST(test_many)
{
    enum { MOST = 1000, THINGS = 3000 };
    struct wi_changes *changes = wi_changes_new(MOST);
    char id[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THINGS; i++) {
            snprintf(id, sizeof id, "%d", i);
            note(changes, id);
        }
    }
    size_t count = 0;
    uint64_t number = 3 * THINGS - MOST;
    assert_true(wi_changes_reach(changes, number));
    assert_false(wi_changes_reach(changes, number - 1));
    for (const struct wi_change *c = wi_changes_after(changes, 0); c; c = wi_changes_next(c)) {
        assert_int_equal(c->number, ++number);
        count++;
    }
    assert_int_equal(count, MOST);
    assert_int_equal(number, wi_changes_latest(changes));
    wi_changes_free(changes);
}

/* --- the objects ------------------------------------------------------------------------------ */

/* What there is, by key: {"node/a": {…}}; jobs say in "client" whose they are. */
static json_t *world;
static struct wi_changes *changes;
static int batch; /* ids that are listed at a time */

static json_t *find(enum wi_change_kind kind, const char *id)
{
    char key[300];
    snprintf(key, sizeof key, "%s%s%s", wi_change_kind_names[kind], *id ? "/" : "", id);
    return json_object_get(world, key);
}

static json_t *object(void *context, enum wi_change_kind kind, const char *id, const char *client)
{
    return json_deep_copy(find(kind, id));
}

static int is_seen(const char *client, const json_t *value)
{
    const char *its = json_string_value(json_object_get(value, "client"));
    return !client || !its || strcmp(client, its) == 0;
}

static void list(void *context, enum wi_change_kind kind, const char *client, const char *after,
    struct wi_strings *ids)
{
    const char *key;
    json_t *value;
    int behind = after == NULL;
    json_object_foreach(world, key, value)
    {
        size_t length = strlen(wi_change_kind_names[kind]);
        if (strncmp(key, wi_change_kind_names[kind], length) != 0)
            continue;
        const char *id = key[length] == '/' ? key + length + 1 : "";
        if (behind && is_seen(client, value) && ids->count < (size_t)batch)
            wi_strings_add(ids, id);
        behind |= after && strcmp(after, id) == 0;
    }
}

static const struct wi_news_source source = {.object = object, .list = list};

static void setup(void)
{
    world = json_object();
    changes = wi_changes_new(1000);
    batch = 7;
}

static void teardown(void)
{
    json_decref(world);
    wi_changes_free(changes);
}

/* NULL: it is gone. */
static void set(const char *key, json_t *value)
{
    const char *slash = strchr(key, '/');
    size_t length = slash ? (size_t)(slash - key) : strlen(key);
    const char *client = json_string_value(json_object_get(value, "client"));
    if (!value)
        client = json_string_value(json_object_get(json_object_get(world, key), "client"));
    for (int kind = 0; kind < WI_CHANGE_KINDS; kind++)
        if (strlen(wi_change_kind_names[kind]) == length &&
            strncmp(wi_change_kind_names[kind], key, length) == 0)
            wi_changes_note(changes, kind, slash ? slash + 1 : "", client);
    if (value)
        json_object_set_new(world, key, value);
    else
        json_object_del(world, key);
}

static struct wi_news *make(const char *client, unsigned kinds, const char *last_event_id)
{
    const struct wi_news_options options = {.changes = changes,
        .source = &source,
        .run = "abc",
        .client = client,
        .kinds = kinds ? kinds : (1u << WI_CHANGE_KINDS) - 1};
    return wi_news_new(&options, last_event_id);
}

/* --- what comes ------------------------------------------------------------------------------ */

struct got {
    char name[16], id[32];
    json_t *data;
    size_t pieces;
};

/* Adds the next piece to `text`. */
static void take_piece(struct wi_news *news, struct wi_buffer *text)
{
    struct wi_buffer piece = {0};
    wi_news_print(news, &piece);
    assert_true(piece.size > 0 && piece.size <= WI_NEWS_PIECE_MAX + 100);
    wi_buffer_add(text, piece.text, piece.size);
    wi_buffer_clear(&piece);
}

/* As a client reads it. */
static struct got read_event(const char *text)
{
    struct got got = {0};
    struct wi_buffer data = {0};
    const char *line = text;
    for (size_t length; (length = strcspn(line, "\n")) > 0; line += length + 1) {
        if (strncmp(line, "event: ", 7) == 0)
            snprintf(got.name, sizeof got.name, "%.*s", (int)length - 7, line + 7);
        else if (strncmp(line, "id: ", 4) == 0)
            snprintf(got.id, sizeof got.id, "%.*s", (int)length - 4, line + 4);
        else if (strncmp(line, "data: ", 6) == 0)
            wi_buffer_add(&data, line + 6, length - 6);
        else
            fail();
        if (strncmp(line, "data: ", 6) == 0)
            wi_buffer_puts(&data, "\n");
    }
    assert_string_equal(line, "\n"); /* and nothing behind it */
    got.data = json_loadb(data.text, data.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(got.data);
    wi_buffer_clear(&data);
    return got;
}

static struct got take_event(struct wi_news *news)
{
    struct wi_buffer text = {0};
    size_t pieces = 0;
    assert_true(wi_news_begin(news));
    while (wi_news_is_within(news)) {
        take_piece(news, &text);
        pieces++;
    }
    struct got got = read_event(text.text);
    got.pieces = pieces;
    wi_buffer_clear(&text);
    return got;
}

static void check_event(struct wi_news *news, const char *name, const char *id, const char *json)
{
    struct got got = take_event(news);
    json_t *expected = json_loads(json, 0, NULL);
    assert_non_null(expected);
    assert_string_equal(got.name, name);
    assert_string_equal(got.id, id);
    if (!json_equal(got.data, expected)) {
        char *text = json_dumps(got.data, 0);
        assert_string_equal(text, json);
        free(text);
        fail();
    }
    json_decref(expected);
    json_decref(got.data);
}

static void check_nothing(struct wi_news *news)
{
    assert_false(wi_news_begin(news));
    assert_false(wi_news_is_within(news));
    assert_false(wi_news_is_behind(news));
}

/* --- tests ----------------------------------------------------------------------------------- */

TEST(test_snapshot_then_changes)
{
    setup();
    set("queue", json_pack("{s:i}", "waiting", 0));
    set("node/a", json_pack("{s:s}", "text", "two\nlines"));
    struct wi_news *news = make(NULL, 0, NULL);
    assert_true(wi_news_is_behind(news));
    check_event(news, "snapshot", "abc-2",
        "{\"queue\": {\"waiting\": 0}, \"node/a\": {\"text\": \"two\\nlines\"}}");
    check_nothing(news);
    set("node/b", json_object());
    set("queue", json_pack("{s:i}", "waiting", 1));
    set("queue", json_pack("{s:i}", "waiting", 2));
    assert_true(wi_news_is_behind(news));
    check_event(news, "change", "abc-5", "{\"node/b\": {}, \"queue\": {\"waiting\": 2}}");
    check_nothing(news);
    set("node/a", NULL);
    check_event(news, "change", "abc-6", "{\"node/a\": null}");
    check_nothing(news);
    wi_news_free(news);
    teardown();
}

TEST(test_an_empty_snapshot)
{
    setup();
    struct wi_news *news = make(NULL, 1u << WI_CHANGE_JOB, NULL);
    set("node/a", json_object());
    check_event(news, "snapshot", "abc-1", "{}");
    set("node/a", NULL);
    check_nothing(news); /* that is for others */
    wi_news_free(news);
    teardown();
}

TEST(test_whose_it_is)
{
    setup();
    set("job/1", json_pack("{s:s}", "client", "ada"));
    set("job/2", json_pack("{s:s}", "client", "bob"));
    struct wi_news *ada = make("ada", 0, NULL), *admin = make(NULL, 0, NULL);
    check_event(ada, "snapshot", "abc-2", "{\"job/1\": {\"client\": \"ada\"}}");
    check_event(admin, "snapshot", "abc-2",
        "{\"job/1\": {\"client\": \"ada\"}, \"job/2\": {\"client\": \"bob\"}}");
    set("job/2", NULL);
    check_nothing(ada); /* not even that it is gone */
    check_event(admin, "change", "abc-3", "{\"job/2\": null}");
    set("job/1", NULL);
    check_event(ada, "change", "abc-4", "{\"job/1\": null}");
    wi_changes_note(changes, WI_CHANGE_JOB, "3", ""); /* of nobody in particular */
    check_nothing(ada);
    check_event(admin, "change", "abc-5", "{\"job/1\": null, \"job/3\": null}");
    wi_news_free(ada);
    wi_news_free(admin);
    teardown();
}

TEST(test_going_on)
{
    static const char *const others[] = {NULL, "", "abc", "abc-", "abc-x", "abc-4", "abd-2", "ab-2",
        "abc-2 ", "abc--1", "abc-99999999999999999999999999", "2"};
    setup();
    set("node/a", json_object());
    set("node/b", json_object());
    set("node/c", json_object());
    struct wi_news *news = make(NULL, 0, "abc-2");
    check_event(news, "change", "abc-3", "{\"node/c\": {}}");
    check_nothing(news);
    wi_news_free(news);
    news = make(NULL, 0, "abc-3");
    check_nothing(news);
    wi_news_free(news);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        news = make(NULL, 0, others[i]);
        check_event(news, "snapshot", "abc-3", "{\"node/a\": {}, \"node/b\": {}, \"node/c\": {}}");
        wi_news_free(news);
    }
    teardown();
}

static json_t *large(size_t size)
{
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    json_t *object = json_pack("{s:s}", "text", text);
    free(text);
    return object;
}

static void set_many(int count, size_t size)
{
    char key[32];
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof key, "node/%d", i);
        set(key, large(size));
    }
}

/* However much there is, a piece is small, and all of it comes. */
TEST(test_pieces)
{
    for (size_t size = 1; size < 20000; size = size * 3 + 100) {
        setup();
        set_many(100, size);
        struct wi_news *news = make(NULL, 0, NULL);
        struct got got = take_event(news);
        assert_string_equal(got.name, "snapshot");
        assert_int_equal(json_object_size(got.data), 100);
        assert_true(got.pieces >= 100 * (size < 12000 ? size : 0) / WI_NEWS_PIECE_MAX);
        json_decref(got.data);
        set_many(100, size);
        got = take_event(news);
        assert_string_equal(got.name, "change");
        assert_int_equal(json_object_size(got.data), 100);
        json_decref(got.data);
        check_nothing(news);
        wi_news_free(news);
        teardown();
    }
}

/* An object that is too long loses what makes it so. */
TEST(test_too_long_an_object)
{
    setup();
    json_t *object = large(WI_NEWS_OBJECT_MAX);
    json_object_set_new(object, "name", json_string("short"));
    json_object_set_new(object, "number", json_integer(1));
    set("node/a", object);
    struct wi_news *news = make(NULL, 0, NULL);
    check_event(news, "snapshot", "abc-1", "{\"node/a\": {\"name\": \"short\", \"number\": 1}}");
    wi_news_free(news);
    teardown();
}

/* What changes while a slow client takes an event is told by the next one, as it is then. */
TEST(test_changes_within_an_event)
{
    setup();
    set_many(10, 4000);
    struct wi_news *news = make(NULL, 0, NULL);
    struct wi_buffer text = {0};
    assert_true(wi_news_begin(news));
    take_piece(news, &text);
    assert_true(wi_news_is_within(news));
    set("node/0", json_pack("{s:i}", "state", 1)); /* told already */
    set("node/9", json_pack("{s:i}", "state", 1)); /* not yet */
    set("node/8", NULL);
    set("node/0", json_pack("{s:i}", "state", 2));
    while (wi_news_is_within(news))
        take_piece(news, &text);
    struct got got = read_event(text.text);
    assert_string_equal(got.id, "abc-10");
    assert_int_equal(json_object_size(got.data), 9);
    json_decref(got.data);
    check_event(news, "change", "abc-14",
        "{\"node/9\": {\"state\": 1}, \"node/8\": null, \"node/0\": {\"state\": 2}}");
    check_nothing(news);
    wi_buffer_clear(&text);
    wi_news_free(news);
    teardown();
}

/* Who is so slow that what it lacks has been forgotten gets all anew. */
TEST(test_falling_behind)
{
    setup();
    set_many(10, 4000);
    struct wi_news *news = make(NULL, 0, "abc-0");
    struct wi_buffer text = {0};
    assert_true(wi_news_begin(news));
    take_piece(news, &text);
    assert_true(wi_news_is_within(news));
    for (int i = 0; i < 1001; i++) {
        char id[16];
        snprintf(id, sizeof id, "gone%d", i);
        wi_changes_note(changes, WI_CHANGE_NODE, id, NULL);
    }
    while (wi_news_is_within(news))
        take_piece(news, &text);
    struct got got = read_event(text.text);
    assert_string_equal(got.name, "change");
    assert_string_equal(got.id, "abc-3"); /* as far as it came */
    json_decref(got.data);
    got = take_event(news);
    assert_string_equal(got.name, "snapshot");
    assert_int_equal(json_object_size(got.data), 10);
    json_decref(got.data);
    wi_buffer_clear(&text);
    wi_news_free(news);
    teardown();
}
