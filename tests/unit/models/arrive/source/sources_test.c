/* What is remembered of sources, by a clock that is played here. */
#include "../../../test.h"

#include "../../../set_clock.h"
#include "models/arrive/source/sources.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct wi_sources *sources;

static int set_up(void **state)
{
    const struct wi_block_source_row rows[] = {
        {.name = "ipfs", .url = "https://gateway.example"},
        {.name = "near", .url = "http://10.0.0.2:8080", .token = "secret"},
    };
    set_clock.now_ms = 1e6;
    set_clock.wall_lead_ms = 1700000000000;
    sources = wi_sources_new();
    wi_sources_set(sources, rows, 2);
    return 0;
}

static int tear_down(void **state)
{
    wi_sources_free(sources);
    return 0;
}

static struct wi_block_source_info info_of(const struct wi_block_source *source)
{
    struct wi_block_source_info info = wi_block_source_look(source);
    return info;
}

FIXTURE(set_up, tear_down)

TEST(a_new_one_is_ready)
{
    struct wi_block_source_info info = info_of(wi_sources_at(sources, 1));
    assert_int_equal(wi_sources_count(sources), 2);
    assert_string_equal(info.name, "near");
    assert_string_equal(info.url, "http://10.0.0.2:8080");
    assert_string_equal(info.reason, "");
    assert_int_equal(info.state, WI_SOURCE_READY);
    assert_true(info.until_ms == 0 && info.seen_ms == 0 && info.bytes_per_second == 0);
}

TEST(a_token_goes_to_its_own_host)
{
    struct wi_block_source *open = wi_sources_at(sources, 0), *near = wi_sources_at(sources, 1);
    char *line = wi_block_source_authorization(near, "http://10.0.0.2:8080/ipfs/x", NULL);
    assert_string_equal(line, "Authorization: Bearer secret");
    free(line);
    assert_null(wi_block_source_authorization(near, "http://10.0.0.2:8081/ipfs/x", NULL));
    assert_null(wi_block_source_authorization(near, "https://10.0.0.2:8080/ipfs/x", NULL));
    assert_null(wi_block_source_authorization(open, "https://gateway.example/ipfs/x", NULL));
    assert_true(wi_block_source_has_token(near));
    assert_false(wi_block_source_has_token(open));
}

TEST(who_lies_is_out_for_ten_minutes)
{
    struct wi_block_source *source = wi_sources_at(sources, 0);
    wi_block_source_lied(source, 1, "it sent a wrong block");
    struct wi_block_source_info info = info_of(source);
    assert_int_equal(info.state, WI_SOURCE_OUT);
    assert_true(info.lied && info.wrong == 1 && info.until_ms == set_clock.now_ms + 600000);
    assert_string_equal(info.reason, "it sent a wrong block");
    set_clock.now_ms += 599999;
    assert_int_equal(info_of(source).state, WI_SOURCE_OUT);
    set_clock.now_ms += 1;
    info = info_of(source);
    assert_int_equal(info.state, WI_SOURCE_READY);
    assert_true(!info.lied && info.wrong == 1);
    wi_block_source_lied(source, 0, "it is no gateway");
    info = info_of(source);
    assert_true(info.state == WI_SOURCE_OUT && !info.lied && info.wrong == 1);
}

TEST(who_is_busy_rests)
{
    struct wi_block_source *source = wi_sources_at(sources, 0);
    wi_block_source_rest(source, 5000, "it is busy");
    wi_block_source_rest(source, 1000, "it is busy yet");
    assert_int_equal(info_of(source).state, WI_SOURCE_RESTING);
    assert_true(info_of(source).until_ms == set_clock.now_ms + 5000);
    assert_string_equal(info_of(source).reason, "it is busy yet");
    set_clock.now_ms += 5000;
    assert_int_equal(info_of(source).state, WI_SOURCE_READY);
}

TEST(the_speed_is_that_of_the_last_seconds)
{
    struct wi_block_source *source = wi_sources_at(sources, 0);
    for (int i = 0; i < 100; i++) {
        wi_block_source_saw(source, 100000);
        set_clock.now_ms += 100;
    }
    assert_in_range((uint64_t)info_of(source).bytes_per_second, 900000, 1100000);
    assert_int_equal(info_of(source).seen_ms, wi_wall_ms() - 100);
    set_clock.now_ms += 10000;
    assert_true(info_of(source).bytes_per_second == 0);
    wi_block_source_brought(source, 70);
    wi_block_source_brought(source, 30);
    assert_int_equal(info_of(source).bytes, 100);
    assert_int_equal(info_of(source).blocks, 2);
}

TEST(the_same_source_stays_what_it_was)
{
    struct wi_block_source *held = wi_block_source_hold(wi_sources_at(sources, 1));
    const struct wi_block_source_row rows[] = {
        {.name = "new", .url = "https://new.example"},
        {.name = "ipfs", .url = "https://gateway.example", .trouble = "its token cannot be read"},
        {.name = "near", .url = "http://10.0.0.3:8080"}, /* another */
    };
    wi_block_source_lied(wi_sources_at(sources, 0), 1, "it lied");
    wi_block_source_lied(held, 1, "it lied");
    wi_sources_set(sources, rows, 3);
    struct wi_block_source_info info = info_of(wi_sources_at(sources, 1));
    assert_int_equal(info.wrong, 1);
    assert_int_equal(info.state, WI_SOURCE_OUT);
    assert_true(info.until_ms == WI_NEVER);
    assert_string_equal(info.reason, "its token cannot be read");
    assert_int_equal(info_of(wi_sources_at(sources, 2)).state, WI_SOURCE_READY);
    assert_string_equal(info_of(held).url, "http://10.0.0.2:8080"); /* although it has left */
    wi_block_source_release(held);
    wi_sources_set(sources, NULL, 0);
    assert_int_equal(wi_sources_count(sources), 0);
}

/* --- strangers -------------------------------------------------------------------------------- */

static void count_one(void *context, const struct wi_block_source_info *info)
{
    (*(size_t *)context)++;
}

static size_t listed(void)
{
    size_t count = 0;
    wi_sources_each(sources, count_one, &count);
    return count;
}

TEST(a_stranger_is_there_while_it_is_held)
{
    struct wi_block_source *stranger = wi_sources_stranger(sources, "https://a.example");
    assert_true(wi_sources_stranger(sources, "https://a.example") == stranger);
    assert_int_equal(info_of(stranger).kind, WI_SOURCE_IS_STRANGER);
    assert_string_equal(info_of(stranger).name, "https://a.example");
    assert_false(wi_block_source_has_token(stranger));
    assert_string_equal(
        wi_block_source_refusal(stranger), "wants a token, and there is none for it");
    assert_int_equal(listed(), 3);
    assert_int_equal(wi_sources_count(sources), 2);
    wi_sources_set(sources, NULL, 0);
    assert_int_equal(listed(), 1);
    wi_block_source_release(stranger);
    assert_int_equal(listed(), 1);
    wi_block_source_release(stranger);
    assert_int_equal(listed(), 0);
}

/* --- members of the cluster ------------------------------------------------------------------- */

TEST(a_member_is_shown_a_proof_for_each_block)
{
    static const unsigned char key[WI_HASH_SIZE] = "a", next[WI_HASH_SIZE] = "b";
    struct wi_block_source *member =
        wi_sources_member(sources, "attic", "http://10.0.0.2:8080", key);
    struct wi_cid cids[2];
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"x", 1, &cids[0]);
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"y", 1, &cids[1]);
    assert_string_equal(info_of(member).name, "member attic");
    assert_int_equal(info_of(member).kind, WI_SOURCE_IS_MEMBER);
    assert_false(wi_block_source_has_token(member));
    assert_string_equal(
        wi_block_source_refusal(member), "does not take this daemon for a member of its cluster");
    static const char own[] = "http://10.0.0.2:8080/ipfs/x";
    char *first = wi_block_source_authorization(member, own, &cids[0]);
    char *other = wi_block_source_authorization(member, own, &cids[1]);
    assert_int_equal(strlen(first), strlen("Authorization: Bearer ") + 2 * (size_t)WI_HASH_SIZE);
    assert_string_not_equal(first, other);
    assert_null(wi_block_source_authorization(member, own, NULL));
    assert_null(wi_block_source_authorization(member, "http://10.0.0.2:8081/ipfs/x", &cids[0]));
    /* It has started again, and is another process. */
    assert_true(wi_sources_member(sources, "attic", "http://10.0.0.2:8080", next) == member);
    char *again = wi_block_source_authorization(member, own, &cids[0]);
    assert_string_not_equal(first, again);
    free(first);
    free(other);
    free(again);
    wi_block_source_release(member);
    wi_block_source_release(member);
    assert_int_equal(listed(), 2);
}

TEST(a_member_that_lies_is_remembered_by_its_name_and_address)
{
    static const unsigned char key[WI_HASH_SIZE] = "a";
    struct wi_block_source *member = wi_sources_member(sources, "attic", "https://a.example", key);
    struct wi_block_source *stranger = wi_sources_stranger(sources, "https://a.example");
    assert_true(member != stranger);
    wi_block_source_lied(member, 1, "a block was wrong");
    wi_block_source_release(member);
    wi_block_source_release(stranger);
    assert_int_equal(listed(), 3);
    member = wi_sources_member(sources, "attic", "https://a.example", key);
    assert_int_equal(info_of(member).state, WI_SOURCE_OUT);
    wi_block_source_release(member);
    member = wi_sources_member(sources, "cellar", "https://a.example", key);
    assert_int_equal(info_of(member).state, WI_SOURCE_READY);
    wi_block_source_release(member);
}

TEST(one_of_the_configuration_is_no_stranger)
{
    assert_null(wi_sources_stranger(sources, "https://Gateway.example"));
    assert_int_equal(listed(), 2);
}

TEST(a_liar_is_remembered_until_it_may_be_asked_again)
{
    struct wi_block_source *stranger = wi_sources_stranger(sources, "https://a.example");
    wi_block_source_lied(stranger, 1, "a block was wrong");
    wi_block_source_release(stranger);
    assert_int_equal(listed(), 3);
    set_clock.now_ms += WI_SOURCE_OUT_MS - 1;
    stranger = wi_sources_stranger(sources, "https://a.example");
    assert_int_equal(info_of(stranger).state, WI_SOURCE_OUT);
    wi_block_source_release(stranger);
    set_clock.now_ms += 2;
    assert_int_equal(listed(), 2);
    stranger = wi_sources_stranger(sources, "https://a.example");
    assert_int_equal(info_of(stranger).state, WI_SOURCE_READY);
    assert_int_equal(info_of(stranger).wrong, 0);
    wi_block_source_release(stranger);
}

TEST(so_many_liars_are_remembered)
{
    char url[40];
    struct wi_block_source *held = wi_sources_stranger(sources, "https://held.example");
    for (int i = 0; i < WI_SOURCE_LIARS_MAX + 10; i++) {
        snprintf(url, sizeof url, "https://g%d.example", i);
        struct wi_block_source *liar = wi_sources_stranger(sources, url);
        wi_block_source_lied(liar, 1, "a block was wrong");
        wi_block_source_release(liar);
    }
    wi_block_source_release(wi_sources_stranger(sources, "https://one-more.example"));
    assert_int_equal(listed(), 2 + 1 + WI_SOURCE_LIARS_MAX);
    struct wi_block_source *first = wi_sources_stranger(sources, "https://g0.example");
    assert_int_equal(info_of(first).state, WI_SOURCE_READY);
    struct wi_block_source *late = wi_sources_stranger(sources, url);
    assert_int_equal(info_of(late).state, WI_SOURCE_OUT);
    assert_true(wi_sources_stranger(sources, "https://held.example") == held);
    wi_block_source_release(held);
    wi_block_source_release(held);
    wi_block_source_release(first);
    wi_block_source_release(late);
}
