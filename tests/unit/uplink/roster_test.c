/* Which members of a cluster borrow, from what the own daemon says of it. */
#include "../test.h"
#include "base/buffer.h"
#include "uplink/roster.h"
#include <stdlib.h>
#include <string.h>

static struct wi_uplink_roster roster;

static void read_text(const char *text)
{
    json_t *answer = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(answer);
    wi_uplink_roster_read(&roster, answer);
    json_decref(answer);
}

#define MEMBER(name, more) "{\"name\":\"" name "\",\"instance\":\"member-" name "\"," more "}"
#define AT(bridge) "\"self\":false,\"bridge\":\"" bridge "\""
#define OWN MEMBER("a", "\"self\":true,\"bridge\":\"http://127.0.0.1:8471\"")

/* An answer of a member called "a" with these members. */
static void read_members(const char *members)
{
    struct wi_buffer text = {0};
    wi_buffer_strings(
        &text, "{\"state\":\"member\",\"name\":\"a\",\"members\":[", members, "]}", NULL);
    read_text(text.text);
    wi_buffer_clear(&text);
}

static void assert_count(size_t count, const char *why)
{
    assert_int_equal(roster.state, WI_ROSTER_MEMBERS);
    assert_int_equal(roster.count, count);
    if (why ? !strstr(roster.why, why) : *roster.why)
        fail_msg("%s", roster.why);
}

TEST(all_members_but_the_own_one_borrow)
{
    read_members(OWN "," MEMBER("b", AT("http://b:8471")) "," MEMBER("c", AT("https://c")));
    assert_count(2, NULL);
    assert_string_equal(roster.own, "a");
    assert_string_equal(roster.peers[0].name, "b");
    assert_string_equal(roster.peers[0].instance, "member-b");
    assert_string_equal(roster.peers[0].bridge, "http://b:8471");
    assert_string_equal(roster.peers[1].name, "c");
    read_members("");
    assert_count(0, NULL);
}

TEST(what_is_not_known_now_is_no_loss_of_members)
{
    static const char *const texts[] = {"{\"state\":\"connecting\",\"members\":[]}",
        "{\"state\":\"odd\"}", "{\"state\":7}", "{}", "[]", "\"member\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        read_text(texts[i]);
        assert_int_equal(roster.state, WI_ROSTER_UNKNOWN);
        assert_non_null(strstr(roster.why, "the members known so far go on borrowing"));
    }
    wi_uplink_roster_read(&roster, NULL);
    assert_int_equal(roster.state, WI_ROSTER_UNKNOWN);
    read_text("{\"state\":\"joining\"}"); /* for seconds, which needs no word */
    assert_int_equal(roster.state, WI_ROSTER_UNKNOWN);
    assert_string_equal(roster.why, "");
}

TEST(a_daemon_without_a_cluster_lends_to_nobody)
{
    read_text("{\"state\":\"off\",\"members\":[]}");
    assert_int_equal(roster.state, WI_ROSTER_ALONE);
    assert_non_null(strstr(roster.why, "set servers in the section [cluster]"));
    read_text("{\"state\":\"name_taken\",\"members\":[" MEMBER("b", AT("http://b")) "]}");
    assert_int_equal(roster.state, WI_ROSTER_ALONE);
    assert_int_equal(roster.count, 0);
    assert_non_null(strstr(roster.why, "give it another [cluster] name"));
}

TEST(members_that_cannot_be_are_left_out)
{
    static const struct {
        const char *member, *why;
    } rows[] = {
        {"7", "a member that has no name"},
        {"{\"instance\":\"x\",\"bridge\":\"http://x\"}", "a member that has no name"},
        {"{\"name\":\"\",\"instance\":\"x\",\"bridge\":\"http://x\"}", "has no name"},
        {"{\"name\":7,\"instance\":\"x\",\"bridge\":\"http://x\"}", "has no name"},
        {"{\"name\":\"a\\u001b\",\"instance\":\"x\",\"bridge\":\"http://x\"}", "has no name"},
        {"{\"name\":\"a\\u202eb\",\"instance\":\"x\",\"bridge\":\"http://x\"}", "has no name"},
        {"{\"name\":\"x\",\"bridge\":\"http://x\"}", "has no name"},
        {"{\"name\":\"x\",\"instance\":\"a b\",\"bridge\":\"http://x\"}", "has no name"},
        {MEMBER("x", "\"bridge\":null"), "the member x has no address for nodes"},
        {MEMBER("x", "\"bridge\":\"\""), "has no address"},
        {MEMBER("x", AT("ftp://x")), "has no address"},
        {MEMBER("x", AT("http://x\\r\\nHost: y")), "has no address"},
        {MEMBER("x", AT("http://x y")), "has no address"},
        {MEMBER("x", AT("http://127.0.0.1:8471")), "which is the own daemon's bridge"},
        {MEMBER("y", AT("http://b")), "the members b and y both say that"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer members = {0};
        wi_buffer_strings(&members, MEMBER("b", AT("http://b")) "," OWN ",", rows[i].member, NULL);
        read_members(members.text);
        wi_buffer_clear(&members);
        assert_count(1, rows[i].why);
        assert_string_equal(roster.peers[0].name, "b");
    }
}

TEST(of_two_members_of_a_name_the_first_one_borrows)
{
    read_members(MEMBER("b", AT("http://b1")) "," MEMBER("b", AT("http://b2")));
    assert_count(1, NULL);
    assert_string_equal(roster.peers[0].bridge, "http://b1");
}

TEST(texts_are_limited)
{
    char name[WI_MEMBER_NAME_MAX + 2], bridge[WI_MEMBER_URL_SIZE + 8], members[1000];
    for (size_t more = 0; more <= 1; more++) {
        memset(name, 'n', sizeof name);
        name[WI_MEMBER_NAME_MAX + more] = '\0';
        snprintf(members, sizeof members,
            "{\"name\":\"%s\",\"instance\":\"x\",\"bridge\":\"http://b\"}", name);
        read_members(members);
        assert_count(1 - more, more ? "no name" : NULL);
        memset(bridge, 'b', sizeof bridge);
        memcpy(bridge, "http://", 7);
        bridge[WI_MEMBER_URL_SIZE - 1 + more] = '\0';
        snprintf(members, sizeof members, "{\"name\":\"b\",\"instance\":\"x\",\"bridge\":\"%s\"}",
            bridge);
        read_members(members);
        assert_count(1 - more, more ? "no address" : NULL);
    }
}

TEST(there_is_an_end_to_members)
{
    struct wi_buffer members = {0};
    for (int i = 0; i < 5000; i++)
        wi_buffer_printf(&members,
            "%s{\"name\":\"m%d\",\"instance\":\"x\",\"bridge\":\"http://m%d\"}", i ? "," : "", i,
            i);
    read_members(members.text);
    wi_buffer_clear(&members);
    assert_count(WI_MEMBERS_MAX, "only 64 members borrow");
    assert_string_equal(roster.peers[WI_MEMBERS_MAX - 1].name, "m63");
}

TEST(a_member_is_called_as_a_relay_can_be)
{
    static const struct {
        const char *name, *own;
    } rows[] = {{"attic.2_b-3", "attic.2_b-3"}, {"b.*>\xc3\xbc", "b.----"}, {"*", "_"}, {"-", "_"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"state\":\"member\",\"name\":\"%s\",\"members\":[]}",
            rows[i].name);
        read_text(text);
        assert_string_equal(roster.own, rows[i].own);
    }
    read_text("{\"state\":\"member\",\"name\":null,\"members\":{}}");
    assert_string_equal(roster.own, "member");
}
