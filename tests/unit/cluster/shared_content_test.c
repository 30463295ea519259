/* The CIDs that members serve: what one serves is found at the others, as long as it lives, and is
 * shown with a key that only members know. */
#include "../test.h"
#include "fake_rows.h"

#include "cluster/shared_content.h"
#include <stdio.h>

#define MEMBERS 3
#define KEY WI_ROW_PREFIX "content."
#define MANY (WI_ROWS_CHANGING_MAX + 4)

/* A member, what it serves, and whether it is seen. */
static struct {
    struct wi_cluster_member record;
    int lives;
    char served[MANY + 1][WI_CID_TEXT];
    size_t count;
    struct wi_shared_content *shared;
} members[MEMBERS];

static struct fake_table table;
static struct fake_follower followers[MEMBERS];
static struct wi_cid cids[MANY];
static char texts[MANY][WI_CID_TEXT];

static const struct wi_cluster_member *find_member(void *context, const char *instance)
{
    for (int i = 0; i < MEMBERS; i++)
        if (members[i].lives && strcmp(members[i].record.instance, instance) == 0)
            return &members[i].record;
    return NULL;
}

static void each_served(void *context, wi_served_fn *each, void *data)
{
    int *index = context;
    for (size_t i = 0; i < members[*index].count; i++)
        each(data, members[*index].served[i]);
}

static void member_begin(int index)
{
    static int indices[MEMBERS] = {0, 1, 2};
    followers[index] = (struct fake_follower){0};
    fake_rows_join(&followers[index], &table, members[index].record.instance);
    const struct wi_shared_content_deps deps = {.rows = followers[index].rows,
        .find = find_member,
        .served = each_served,
        .served_context = &indices[index]};
    members[index].shared = wi_shared_content_new(&deps);
    fake_rows_connect(&followers[index]);
}

static int set_up(void **state)
{
    memset(members, 0, sizeof members);
    for (int i = 0; i < MANY; i++) {
        unsigned char byte = (unsigned char)i;
        wi_cid_of(WI_CODEC_DAG_PB, &byte, 1, &cids[i]);
        wi_cid_print(&cids[i], texts[i]);
    }
    for (int i = 0; i < MEMBERS; i++) {
        struct wi_cluster_member *record = &members[i].record;
        snprintf(record->name, sizeof record->name, "%c", 'a' + i);
        snprintf(record->instance, sizeof record->instance, "member-%c", 'a' + i);
        snprintf(record->bridge, sizeof record->bridge, "http://10.0.0.%d:8471", i + 1);
        members[i].lives = 1;
        member_begin(i);
    }
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < MEMBERS; i++) {
        wi_shared_content_free(members[i].shared);
        fake_rows_leave(&followers[i]);
    }
    fake_table_clear(&table);
    return 0;
}

FIXTURE(set_up, tear_down)

static void serve(int member, int cid)
{
    strcpy(members[member].served[members[member].count++], texts[cid]);
}

/* Of the members that live the first one sweeps for all. */
static void sweep(int member)
{
    struct wi_members_view view = {0};
    for (int i = 0; i < MEMBERS; i++) {
        if (!members[i].lives)
            continue;
        view.is_first |= view.count == 0 && i == member;
        strcpy(view.living[view.count++], members[i].record.instance);
    }
    wi_rows_sweep(followers[member].rows, &view);
    fake_turn_all(followers, MEMBERS);
}

static size_t rows_now(void)
{
    return fake_rows_count(&table, KEY);
}

/* "a http://10.0.0.1:8471; b …" */
static void note_server(void *context, const struct wi_content_server *server)
{
    char *text = context;
    size_t length = strlen(text);
    wi_join(text + length, 256 - length, length ? "; " : "", server->name, " ", server->url, NULL);
}

static const char *servers_at(int member, int cid)
{
    static char text[256];
    *text = '\0';
    wi_shared_content_each(members[member].shared, &cids[cid], note_server, text);
    return text;
}

/* A row of that CID, as any program could write it. */
static void put(const char *cid, const char *text)
{
    char key[WI_KV_KEY_SIZE];
    wi_join(key, sizeof key, KEY, cid, NULL);
    fake_row_set(&table, key, text, strlen(text));
    fake_turn_all(followers, MEMBERS);
}

/* --- what is told ----------------------------------------------------------------------------- */

TEST(what_one_serves_is_found_at_the_others)
{
    assert_string_equal(servers_at(1, 0), "");
    serve(0, 0);
    sweep(0);
    assert_int_equal(rows_now(), 1);
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471");
    assert_string_equal(servers_at(2, 0), "a http://10.0.0.1:8471");
    assert_string_equal(servers_at(1, 1), "");
    assert_string_equal(servers_at(0, 0), ""); /* it is that itself */
    size_t changes = table.count;
    sweep(0);
    sweep(1);
    assert_int_equal(table.count, changes); /* it is known */
}

TEST(several_that_serve_it_are_all_found)
{
    for (int i = 0; i < MEMBERS; i++)
        serve(i, 0);
    for (int i = 0; i < MEMBERS; i++)
        sweep(i);
    assert_int_equal(rows_now(), 1);
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471; c http://10.0.0.3:8471");
}

TEST(of_those_that_change_a_row_at_once_none_is_lost)
{
    const struct wi_members_view view = {.count = 0};
    serve(0, 0);
    serve(1, 0);
    wi_rows_sweep(followers[0].rows, &view);
    wi_rows_sweep(followers[1].rows, &view);
    fake_turn_all(followers, MEMBERS);
    assert_string_equal(servers_at(2, 0), "a http://10.0.0.1:8471");
    sweep(1);
    assert_string_equal(servers_at(2, 0), "a http://10.0.0.1:8471; b http://10.0.0.2:8471");
}

TEST(what_is_served_under_two_names_is_told_once)
{
    serve(0, 0);
    serve(0, 0);
    sweep(0);
    assert_int_equal(table.count, 1);
}

TEST(what_is_no_longer_served_is_told_too)
{
    serve(0, 0);
    serve(1, 0);
    sweep(0);
    sweep(1);
    members[0].count = 0;
    sweep(0);
    assert_string_equal(servers_at(2, 0), "b http://10.0.0.2:8471");
    members[1].count = 0;
    sweep(1);
    assert_int_equal(rows_now(), 0);
    assert_string_equal(servers_at(2, 0), "");
}

TEST(a_few_are_told_at_a_time)
{
    for (int i = 0; i < MANY; i++)
        serve(0, i);
    sweep(0);
    assert_int_equal(rows_now(), WI_ROWS_CHANGING_MAX);
    sweep(0);
    assert_int_equal(rows_now(), MANY);
    members[0].count = 0;
    sweep(0);
    assert_int_equal(rows_now(), MANY - WI_ROWS_CHANGING_MAX);
    sweep(0);
    assert_int_equal(rows_now(), 0);
}

TEST(what_cannot_be_told_comes_again)
{
    serve(0, 0);
    table.full = 1;
    sweep(0);
    assert_int_equal(rows_now(), 0);
    table.full = 0;
    fake_rows_away(&followers[0]);
    sweep(0);
    assert_int_equal(rows_now(), 0);
    fake_rows_connect(&followers[0]);
    followers[0].loses_answers = 1;
    sweep(0);
    assert_int_equal(rows_now(), 1);
    followers[0].loses_answers = 0;
    sweep(0);
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471");
}

/* --- who is asked ----------------------------------------------------------------------------- */

TEST(a_member_that_is_gone_serves_nothing_whatever_rows_say)
{
    serve(0, 0);
    sweep(0);
    members[0].lives = 0;
    assert_string_equal(servers_at(1, 0), "");
    members[0].lives = 1;
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471");
}

TEST(one_that_is_not_seen_may_come)
{
    serve(0, 0);
    sweep(0);
    assert_false(wi_shared_content_may_come(members[1].shared, &cids[0]));
    assert_false(wi_shared_content_may_come(members[1].shared, &cids[1]));
    members[0].lives = 0;
    assert_true(wi_shared_content_may_come(members[1].shared, &cids[0]));
    assert_false(wi_shared_content_may_come(members[1].shared, &cids[1]));
    assert_false(wi_shared_content_may_come(members[0].shared, &cids[0])); /* it is that itself */
    fake_rows_away(&followers[1]);
    assert_true(wi_shared_content_may_come(members[1].shared, &cids[1]));
}

TEST(its_record_says_where_it_is)
{
    static const char *const unfit[] = {"", "http://10.0.0.1/?", "http://10.0.0.1/#",
        "http://user@10.0.0.1", "http://10.0.0.1\\x", "http://10.0.0.2:8471" /* the asker */};
    serve(0, 0);
    sweep(0);
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        strcpy(members[0].record.bridge, unfit[i]);
        assert_string_equal(servers_at(1, 0), "");
    }
    strcpy(members[0].record.bridge, "https://a.example/w");
    assert_string_equal(servers_at(1, 0), "a https://a.example/w");
}

static void take_key(void *context, const struct wi_content_server *server)
{
    memcpy(context, server->key, WI_HASH_SIZE);
}

TEST(the_others_know_its_key)
{
    unsigned char key[WI_HASH_SIZE] = {0};
    serve(0, 0);
    sweep(0);
    wi_shared_content_each(members[1].shared, &cids[0], take_key, key);
    assert_memory_equal(key, wi_shared_content_key(members[0].shared), sizeof key);
    assert_memory_not_equal(key, wi_shared_content_key(members[1].shared), sizeof key);
}

/* --- those that are gone ---------------------------------------------------------------------- */

TEST(the_first_one_removes_those_whose_claim_has_lapsed)
{
    serve(2, 0);
    serve(2, 1);
    serve(1, 1);
    sweep(2);
    sweep(1);
    members[2].lives = 0;
    sweep(0); /* it may be back */
    assert_int_equal(rows_now(), 2);
    followers[1].lapsed = followers[0].lapsed = "member-c";
    sweep(1); /* which is not the first */
    assert_int_equal(rows_now(), 2);
    sweep(0);
    assert_int_equal(rows_now(), 1);
    members[2].lives = 1;
    assert_string_equal(servers_at(0, 1), "b http://10.0.0.2:8471");
    sweep(2); /* it lives after all */
    assert_string_equal(servers_at(0, 1), "b http://10.0.0.2:8471; c http://10.0.0.3:8471");
    assert_int_equal(rows_now(), 2);
}

/* --- what others write ------------------------------------------------------------------------ */

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

TEST(what_is_no_row_is_counted_and_says_nothing)
{
    const struct wi_row_counters *counters = wi_rows_counters(followers[1].rows);
    put(texts[0], "garbage");
    put(texts[1], "{\"row\":1,\"held\":{\"http://10.9.9.9\":\"" HEX "\"}}");
    put("x", "{\"row\":1,\"held\":{\"member-a\":\"" HEX "\"}}");
    put(texts[2], "{\"row\":2}");
    assert_int_equal(counters->garbage, 3);
    assert_int_equal(counters->other_version, 1);
    put(texts[3], "{\"row\":1,\"held\":{\"member-x\":\"" HEX "\"}}");
    assert_int_equal(counters->garbage, 3);
    for (int i = 0; i < 4; i++)
        assert_string_equal(servers_at(1, i), "");
}

TEST(a_row_that_is_written_over_is_put_right)
{
    serve(0, 0);
    sweep(0);
    put(texts[0], "garbage");
    assert_string_equal(servers_at(1, 0), "");
    sweep(0);
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471");
    put(texts[0], "{\"row\":1,\"held\":{\"member-a\":\"" HEX "\"}}"); /* with another key */
    sweep(0);
    unsigned char key[WI_HASH_SIZE] = {0};
    wi_shared_content_each(members[1].shared, &cids[0], take_key, key);
    assert_memory_equal(key, wi_shared_content_key(members[0].shared), sizeof key);
}

TEST(there_are_so_many_rows_and_the_others_are_left_out)
{
    const struct wi_row_counters *counters = wi_rows_counters(followers[1].rows);
    static const char text[] = "{\"row\":1,\"held\":{\"member-a\":\"" HEX "\"}}";
    struct fake_row row = {.text = (char *)text, .size = sizeof text - 1};
    struct wi_cid cid;
    char name[WI_CID_TEXT];
    serve(0, 0);
    sweep(0);
    for (unsigned i = 0; i < WI_SHARED_CONTENT_MAX; i++) {
        wi_cid_of(WI_CODEC_RAW, (const unsigned char *)&i, sizeof i, &cid);
        wi_cid_print(&cid, name);
        wi_join(row.key, sizeof row.key, KEY, name, NULL);
        row.revision = i + 2;
        fake_entry_tell(&followers[1], &row);
    }
    assert_int_equal(counters->left_out, 1);
    assert_string_equal(servers_at(1, 0), "a http://10.0.0.1:8471");
}
