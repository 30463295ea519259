/* The observer's list, by its own clock; and the claim to a name. */
#include "../test.h"
#include "cluster/members.h"
#include <string.h>

#define WALL 1700000000000

/* Has `members` take a record of `name` that says that it is `at` there. */
static const struct wi_seen *write_at(struct wi_members *members, const char *name,
    uint64_t revision, int replayed, double now, int64_t at)
{
    struct wi_cluster_member member = {
        .instance = "member-1", .version = "1", .bridge = "http://b", .at = at};
    struct wi_buffer out = {0};
    char key[WI_MEMBER_KEY_SIZE];
    wi_text_copy(member.name, sizeof member.name, name);
    wi_member_print(&member, &out);
    wi_member_key(name, key);
    const struct wi_member_entry entry = {
        .key = key, .text = out.text, .size = out.size, .revision = revision, .replayed = replayed};
    const struct wi_seen *skewed = wi_members_take(members, &entry, now, WALL);
    wi_buffer_clear(&out);
    return skewed;
}

static void write_live(struct wi_members *members, const char *name, uint64_t revision, double now)
{
    assert_null(write_at(members, name, revision, 0, now, WALL));
}

/* "a b": the names of those that live. */
static const char *living(const struct wi_members *members)
{
    static char names[WI_MEMBERS_MAX * 8];
    names[0] = '\0';
    for (const struct wi_seen *seen = wi_members_next(members, NULL); seen;
         seen = wi_members_next(members, seen->member.name))
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", names[0] ? " " : "",
            seen->member.name);
    return names;
}

TEST(a_member_is_gone_6_s_after_its_last_change)
{
    struct wi_members members = {0};
    write_live(&members, "b", 1, 1000);
    write_live(&members, "a", 2, 3000);
    assert_string_equal(living(&members), "a b");
    wi_members_expire(&members, 6999);
    assert_string_equal(living(&members), "a b");
    wi_members_expire(&members, 7000);
    assert_string_equal(living(&members), "a");
    write_live(&members, "a", 3, 8000);
    wi_members_expire(&members, 13999);
    assert_string_equal(living(&members), "a");
    wi_members_expire(&members, 14000);
    assert_string_equal(living(&members), "");
    wi_members_clear(&members);
}

TEST(the_same_revision_again_is_no_change)
{
    struct wi_members members = {0};
    write_live(&members, "a", 5, 0);
    write_live(&members, "a", 5, 5000);
    wi_members_expire(&members, 6000);
    assert_string_equal(living(&members), "");
    wi_members_clear(&members);
}

TEST(what_was_there_before_lives_only_once_it_changes)
{
    struct wi_members members = {0};
    write_at(&members, "dead", 1, 1, 0, WALL);
    write_at(&members, "a", 2, 1, 0, WALL);
    assert_string_equal(living(&members), "");
    write_live(&members, "a", 3, 1000);
    assert_string_equal(living(&members), "a");
    /* After a lost connection all comes again; what has changed meanwhile lives. */
    write_at(&members, "a", 4, 1, 2000, WALL);
    assert_string_equal(living(&members), "a");
    wi_members_clear(&members);
}

TEST(a_member_that_leaves_is_gone_at_once)
{
    struct wi_members members = {0};
    write_live(&members, "a", 1, 0);
    write_live(&members, "b", 2, 0);
    const struct wi_member_entry left = {.key = "YQ", .revision = 3, .removed = 1};
    wi_members_take(&members, &left, 10, WALL);
    wi_members_take(&members, &left, 10, WALL);
    assert_string_equal(living(&members), "b");
    wi_members_clear(&members);
}

TEST(there_are_64_at_most_and_the_others_are_counted)
{
    struct wi_members members = {0};
    char name[16];
    for (int i = 0; i < WI_MEMBERS_MAX + 3; i++) {
        snprintf(name, sizeof name, "m%02d", i);
        write_live(&members, name, (uint64_t)i + 1, 0);
    }
    assert_int_equal(members.count, WI_MEMBERS_MAX);
    assert_int_equal(members.left_out, 3);
    wi_members_expire(&members, 6000);
    write_live(&members, "m66", 100, 6000);
    assert_string_equal(living(&members), "m66");
    wi_members_clear(&members);
}

TEST(garbage_and_other_versions_are_counted_and_change_nothing)
{
    struct wi_members members = {0};
    static const char newer[] = "{\"record\":9}";
    struct wi_member_entry entry = {.key = "YQ", .text = "x", .size = 1, .revision = 2};
    write_live(&members, "a", 1, 0);
    wi_members_take(&members, &entry, 0, WALL);
    entry.text = newer;
    entry.size = strlen(newer);
    wi_members_take(&members, &entry, 0, WALL);
    assert_int_equal(members.garbage, 1);
    assert_int_equal(members.other_version, 1);
    assert_string_equal(living(&members), "a");
    wi_members_clear(&members);
}

TEST(a_clock_that_is_off_is_told_once)
{
    struct wi_members members = {0};
    assert_null(write_at(&members, "a", 1, 1, 0, WALL - 90000)); /* it may be old */
    assert_null(write_at(&members, "a", 2, 0, 0, WALL - 30000));
    const struct wi_seen *skewed = write_at(&members, "a", 3, 0, 0, WALL - 30001);
    assert_non_null(skewed);
    assert_int_equal(skewed->skew_ms, -30001);
    assert_null(write_at(&members, "a", 4, 0, 0, WALL + 40000));
    assert_null(write_at(&members, "a", 5, 0, 0, WALL));
    assert_non_null(write_at(&members, "a", 6, 0, 0, WALL + 40000));
    wi_members_clear(&members);
}

/* --- the claim -------------------------------------------------------------------------------- */

static void claim_write(
    struct wi_name_claim *claim, const char *instance, uint64_t revision, int replayed, double now)
{
    struct wi_cluster_member member = {.name = "a", .version = "1"};
    struct wi_buffer out = {0};
    wi_text_copy(member.instance, sizeof member.instance, instance);
    wi_member_print(&member, &out);
    const struct wi_member_entry entry = {.key = "YQ",
        .text = out.text,
        .size = out.size,
        .revision = revision,
        .replayed = replayed};
    wi_name_claim_take(claim, &entry, now);
    wi_buffer_clear(&out);
}

TEST(a_name_is_free_ours_or_taken)
{
    struct wi_name_claim claim = {0};
    assert_int_equal(wi_name_claim_judge(&claim, "us", 0), WI_CLAIM_FREE);
    claim_write(&claim, "us", 1, 0, 0);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 0), WI_CLAIM_OURS);
    assert_int_equal(claim.revision, 1);
    claim_write(&claim, "them", 2, 0, 1000);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 6999), WI_CLAIM_TAKEN);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 7000), WI_CLAIM_STALE);
    const struct wi_member_entry left = {.key = "YQ", .revision = 3, .removed = 1};
    wi_name_claim_take(&claim, &left, 7000);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 7000), WI_CLAIM_FREE);
}

TEST(a_record_that_was_there_before_may_be_of_a_daemon_that_is_gone)
{
    struct wi_name_claim claim = {0};
    claim_write(&claim, "them", 7, 1, 1000);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 1000), WI_CLAIM_WAIT);
    claim_write(&claim, "them", 7, 1, 3000); /* read again */
    assert_int_equal(wi_name_claim_judge(&claim, "us", 7000), WI_CLAIM_STALE);
    claim_write(&claim, "them", 8, 0, 7100);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 7100), WI_CLAIM_TAKEN);
}

TEST(garbage_under_the_name_is_replaced_once_it_stays)
{
    struct wi_name_claim claim = {0};
    const struct wi_member_entry garbage = {.key = "YQ", .text = "x", .size = 1, .revision = 4};
    wi_name_claim_take(&claim, &garbage, 0);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 5999), WI_CLAIM_WAIT);
    assert_int_equal(wi_name_claim_judge(&claim, "us", 6000), WI_CLAIM_STALE);
    assert_int_equal(claim.revision, 4);
}
