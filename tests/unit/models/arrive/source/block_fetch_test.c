/* Blocks from several sources: who brings what, what goes back to the others, and what is asked for
 * twice. */
#include "block_fixture.h"

#define KIB 1024u
#define MIB (1024 * KIB)

FIXTURE(set_up, tear_down)

TEST(equal_sources_each_bring_a_share)
{
    have_blocks(200, 4 * KIB);
    have_gateways(3);
    fetch_all();
    assert_int_equal(test.kept, 200);
    uint64_t blocks = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(in_fetch(i).blocks, 1, 198); /* a busy machine serves them unequally */
        assert_int_equal(in_fetch(i).bytes, in_fetch(i).blocks * 4 * KIB);
        assert_int_equal(info_of(i).blocks, in_fetch(i).blocks);
        assert_in_range(test.gateways[i].most, 2, WI_BLOCK_SOURCE_REQUESTS_MAX);
        blocks += in_fetch(i).blocks;
    }
    assert_int_equal(blocks, 200);
    close_fetch();
}

TEST(one_is_enough)
{
    have_blocks(50, 4 * KIB);
    have_gateways(1);
    fetch_all();
    assert_int_equal(test.gateways[0].asked, 50);
    close_fetch();
}

TEST(no_more_are_in_flight_than_may_be)
{
    have_blocks(100, 4 * KIB);
    have_gateways(10);
    for (size_t i = 0; i < 10; i++)
        test.gateways[i].answer.held = 1;
    start();
    for (int i = 0; i < 50; i++)
        turn();
    struct wi_block_progress progress;
    wi_block_fetch_progress(test.fetch, &progress);
    assert_int_equal(progress.in_flight, 20); /* two each to begin with */
    close_fetch();
}

TEST(who_lies_costs_one_block_and_is_out)
{
    have_blocks(100, 4 * KIB);
    have_gateways(3);
    test.gateways[1].answer.wrong = 1;
    fetch_all();
    assert_true(in_fetch(1).gone);
    assert_int_equal(in_fetch(1).blocks, 0);
    assert_non_null(strstr(in_fetch(1).reason, "it sent a wrong block for bafkrei"));
    assert_int_equal(info_of(1).state, WI_SOURCE_OUT);
    assert_in_range(info_of(1).wrong, 1, 2);
    assert_in_range(test.gateways[1].asked, 1, 4);
    close_fetch();
    again(); /* the next pull knows it */
    fetch_all();
    assert_int_equal(test.gateways[1].asked, 0);
    assert_true(in_fetch(1).gone);
    close_fetch();
}

TEST(what_another_pull_finds_out_counts_at_once)
{
    have_blocks(20, 4 * KIB);
    have_gateways(2);
    test.gateways[1].answer.held = 1;
    start();
    while (test.gateways[1].asked == 0)
        turn();
    wi_block_source_lied(wi_sources_at(test.sources, 1), 1, "it lied to another");
    run_until_got(20);
    assert_int_equal(test.got, 20);
    assert_string_equal(in_fetch(1).reason, "it lied to another");
    assert_int_equal(test.gateways[1].in_flight, 0);
    close_fetch();
}

TEST(who_lacks_much_is_asked_no_more)
{
    have_blocks(100, 4 * KIB);
    have_gateways(2);
    test.gateways[0].answer.status = 404;
    fetch_all();
    assert_in_range(test.gateways[0].asked, 1, 6);
    assert_int_equal(info_of(0).state, WI_SOURCE_READY); /* it may have others */
    assert_int_equal(in_fetch(1).blocks, 100);
    close_fetch();
}

/* One lacks the first half, the other the second. */
static enum wi_block_next next_of_halves(void *context, struct wi_block_want *want)
{
    enum wi_block_next next = next_block(context, want);
    if (next == WI_BLOCK_NEXT)
        want->lacks = want->tag < 50 ? 1 : 2;
    return next;
}

TEST(what_is_known_to_be_lacking_is_not_asked_for)
{
    have_blocks(100, 4 * KIB);
    have_gateways(2);
    start();
    wi_block_fetch_close(test.fetch, NULL, NULL);
    test.order.next = next_of_halves;
    struct wi_block_source *sources[] = {
        wi_sources_at(test.sources, 0), wi_sources_at(test.sources, 1)};
    test.order.sources = sources;
    test.fetch = wi_block_fetch_new(&test.loop, NULL, &test.order);
    run_until_got(100);
    assert_int_equal(test.got, 100);
    assert_int_equal(in_fetch(0).blocks, 50);
    assert_int_equal(in_fetch(1).blocks, 50);
    close_fetch();
}

TEST(who_is_busy_rests_as_long_as_it_says)
{
    static const struct answer busy = {.status = 429, .headers = {"Retry-After", "1"}};
    have_blocks(10, 4 * KIB);
    have_gateways(1);
    test.gateways[0].first = &busy;
    test.gateways[0].first_count = 1;
    start();
    while (test.gateways[0].in_flight || !test.gateways[0].asked)
        turn();
    turn();
    assert_int_equal(info_of(0).state, WI_SOURCE_RESTING);
    struct wi_block_progress progress;
    while (wi_block_fetch_progress(test.fetch, &progress), progress.in_flight)
        turn();
    assert_non_null(strstr(progress.waiting, "g0: it is busy (429); again in "));
    run_until_got(10);
    assert_int_equal(test.got, 10);
    close_fetch();
}

TEST(nobody_waits_for_it_beside_others)
{
    static const struct answer busy = {.status = 503, .headers = {"Retry-After", "3000"}};
    have_blocks(40, 4 * KIB);
    have_gateways(2);
    test.gateways[0].first = &busy;
    test.gateways[0].first_count = 1;
    test.gateways[0].answer.status = 503;
    fetch_all();
    assert_in_range(test.gateways[0].asked, 1, 2);
    assert_false(in_fetch(0).gone);
    close_fetch();
}

TEST(too_little_in_too_long_goes_back_to_the_others)
{
    have_blocks(40, 100 * KIB);
    have_gateways(2);
    test.never_ends = 1; /* so that nothing is asked for twice */
    test.order.stall_ms = 40;
    test.gateways[0].answer.sends = 10 * KIB;
    fetch_all();
    assert_true(in_fetch(0).gone || strlen(in_fetch(0).reason) > 0);
    assert_int_equal(in_fetch(0).blocks, 0);
    assert_string_equal(info_of(0).reason, "less than 64 kB of a block came in 0.04 s");
    close_fetch();
}

TEST(who_stumbles_is_given_up_early_where_there_is_another_way)
{
    static const struct answer good = {.status = 200};
    have_blocks(40, 4 * KIB);
    have_gateways(1);
    test.gateways[0].first = &good;
    test.gateways[0].first_count = 1;
    test.gateways[0].answer.end = WI_HTTP_BROKEN;
    test.gateways[0].answer.status = 0;
    test.order.tries = 1;
    start();
    while (!test.failed)
        turn();
    assert_true(in_fetch(0).gone);
    assert_in_range(test.gateways[0].asked, 3, 8);
    close_fetch();
}

TEST(nor_is_one_that_rests_waited_for_then)
{
    static const struct answer busy = {.status = 503, .headers = {"Retry-After", "60"}};
    have_blocks(10, 4 * KIB);
    have_gateways(1);
    test.gateways[0].answer = busy;
    test.order.tries = 1;
    start();
    while (!test.failed)
        turn();
    assert_int_equal(test.error.code, WI_HUB_BUSY);
    close_fetch();
}

TEST(at_the_end_the_idle_ask_for_what_the_slowest_have)
{
    have_blocks(40, 100 * KIB);
    have_gateways(2);
    test.gateways[0].answer.held = 1;
    fetch_all();
    assert_int_equal(in_fetch(1).blocks, 40);
    assert_int_equal(test.gateways[0].asked, 2);
    assert_int_equal(test.gateways[1].asked, 40);
    assert_int_equal(test.cancelled, 2); /* of those that came too late */
    assert_null(test.calls);
    close_fetch();
}

/* Of the requests that are under way. */
static size_t sent_by_all(void)
{
    size_t sent = 0;
    for (const struct wi_http_call *call = test.calls; call; call = call->next)
        sent += call->sent;
    return sent;
}

static void let_pass(double ms)
{
    double began = wi_now_ms();
    while (wi_now_ms() - began < ms)
        turn();
}

/* All but the last byte has come of 16 MiB: once more it comes for 8 of them. */
TEST(but_no_more_than_it_may_cost)
{
    have_blocks(5, 4 * MIB);
    have_gateways(3);
    test.gateways[0].answer.sends = test.gateways[1].answer.sends = 4 * MIB - 1;
    test.gateways[2].answer.held = 1;
    test.order.stall_ms = 600000;
    start();
    while (sent_by_all() < 4 * (4 * MIB - 1))
        turn();
    let_pass(600); /* the two are late, and so not asked for what the other has */
    test.gateways[2].answer.held = 0;
    let_go(&test.gateways[2]);
    run_until_got(3);
    let_pass(1000);
    assert_int_equal(test.got, 3);
    assert_int_equal(test.gateways[0].asked + test.gateways[1].asked + test.gateways[2].asked, 7);
    struct wi_block_progress progress;
    wi_block_fetch_progress(test.fetch, &progress);
    assert_in_range(progress.twice, 8 * MIB - 2, 8 * MIB);
    let_go(&test.gateways[0]);
    let_go(&test.gateways[1]);
    run_until_got(5);
    assert_int_equal(test.got, 5);
    close_fetch();
}

TEST(blocks_that_wait_for_the_disk_are_bounded)
{
    uv_sem_t disk;
    have_blocks(30, 4 * MIB);
    have_gateways(2);
    uv_sem_init(&disk, 0);
    test.keep_waits = &disk;
    start();
    double began = wi_now_ms();
    while (wi_now_ms() - began < 500 && test.next < 20)
        turn();
    assert_in_range(test.next, 4, WI_BLOCK_MEMORY / (4 * MIB));
    for (int i = 0; i < 30; i++)
        uv_sem_post(&disk);
    run_until_got(30);
    assert_int_equal(test.got, 30);
    close_fetch();
    uv_sem_destroy(&disk);
}

TEST(the_owner_may_want_a_few_at_a_time)
{
    have_blocks(60, 4 * KIB);
    have_gateways(2);
    test.at_once = 3;
    test.never_ends = 1; /* so that nothing is asked for twice */
    fetch_all();
    assert_int_equal(test.gateways[0].asked + test.gateways[1].asked, 60);
    close_fetch();
}

TEST(blocks_of_unknown_length_come_too)
{
    have_blocks(6, 3 * MIB + 5);
    have_gateways(2);
    test.unknown = 1;
    test.gateways[1].answer.length = NO_LENGTH;
    fetch_all();
    assert_true(in_fetch(0).blocks > 0 && in_fetch(1).blocks > 0);
    close_fetch();
}

TEST(an_empty_block_is_one)
{
    have_blocks(1, 0);
    have_gateways(1);
    fetch_all();
    close_fetch();
}

TEST(it_ends_at_any_time)
{
    have_blocks(30, 300 * KIB);
    have_gateways(3);
    test.gateways[1].answer.wrong = 1;
    test.gateways[2].answer.held = 1;
    for (int turns = 0; turns < 40; turns++) {
        again();
        have_gateways(3);
        test.gateways[1].answer.wrong = 1;
        test.gateways[2].answer.held = 1;
        start();
        for (int i = 0; i < turns && !test.failed; i++)
            turn();
        close_fetch();
    }
}

static void close_inside(void *context, struct wi_block *block)
{
    if (++test.got == 3)
        wi_block_fetch_close(test.fetch, on_closed, &test);
    assert_in_range(test.got, 1, 3);
}

TEST(also_from_inside)
{
    have_blocks(30, 4 * KIB);
    have_gateways(2);
    start();
    wi_block_fetch_close(test.fetch, NULL, NULL);
    struct wi_block_source *sources[] = {
        wi_sources_at(test.sources, 0), wi_sources_at(test.sources, 1)};
    test.order.sources = sources;
    test.order.on_block = close_inside;
    test.fetch = wi_block_fetch_new(&test.loop, NULL, &test.order);
    while (!test.closed)
        turn();
    assert_int_equal(test.got, 3);
}

static void look_when_closed(void *context)
{
    uint64_t *brought = context;
    *brought = in_fetch(0).bytes;
    test.closed++;
}

TEST(what_is_kept_while_it_is_closed_was_brought)
{
    uv_sem_t disk;
    uint64_t brought = 0;
    have_blocks(1, 4 * KIB);
    have_gateways(1);
    uv_sem_init(&disk, 0);
    test.keep_waits = &disk;
    start();
    while (__atomic_load_n(&test.keeping, __ATOMIC_RELAXED) == 0)
        turn();
    wi_block_fetch_close(test.fetch, look_when_closed, &brought);
    uv_sem_post(&disk);
    while (!test.closed)
        turn();
    assert_int_equal(test.kept, 1);
    assert_int_equal(test.got, 0);
    assert_int_equal(brought, 4 * KIB);
    assert_int_equal(info_of(0).blocks, 1);
    uv_sem_destroy(&disk);
}

TEST(what_cannot_be_kept_ends_it)
{
    have_blocks(10, 4 * KIB);
    have_gateways(1);
    test.keep_code = WI_NO_ROOM;
    expect_failure(WI_NO_ROOM, "full");
    assert_int_equal(test.got, 0);
}

TEST(all_share_a_limit)
{
    struct wi_limit limit = {0};
    wi_limit_set(&limit, 8 * MIB);
    have_blocks(6, MIB);
    have_gateways(2);
    test.order.limit = &limit;
    test.order.stall_ms = 60;
    double began = wi_now_ms();
    fetch_all();
    assert_true(wi_now_ms() - began > 250); /* 2 MiB and some pieces come at once */
    close_fetch();
}

/* --- one that has the file -------------------------------------------------------------------- */

/* The last of the gateways has it. */
static void have_file(int status)
{
    static char url[64];
    size_t last = test.gateway_count - 1;
    snprintf(url, sizeof url, "%s/file", test.gateways[last].url);
    test.gateways[last].answer.status = status;
    test.order.file_url = url;
}

TEST(one_may_have_the_file_itself)
{
    have_blocks(60, 4 * KIB);
    have_gateways(2);
    have_file(206);
    fetch_all();
    assert_true(in_fetch(0).blocks > 0 && in_fetch(1).blocks > 0);
    assert_in_range(test.gateways[1].most, 1, 2);
    close_fetch();
}

TEST(its_bytes_have_the_last_word)
{
    have_blocks(60, 4 * KIB);
    have_gateways(2);
    have_file(206);
    test.gateways[1].answer.wrong = 1;
    start();
    while (!test.failed)
        turn();
    assert_int_equal(test.error.code, WI_DOWNLOAD_CORRUPT);
    assert_non_null(strstr(test.error.detail, "the bytes of g1 are not those of its leaves"));
    close_fetch();
}

TEST(without_ranges_it_is_of_no_use)
{
    have_blocks(20, 4 * KIB);
    have_gateways(2);
    have_file(200);
    fetch_all();
    assert_int_equal(in_fetch(0).blocks, 20);
    assert_true(in_fetch(1).gone);
    assert_non_null(strstr(in_fetch(1).reason, "does not send the range of a file"));
    close_fetch();
}

TEST(where_it_has_led_to_is_gone_to_while_that_is_good)
{
    static const struct answer first[] = {
        {.status = 302, .headers = {"Location", "https://g0.example/file/led"}}, {.status = 206},
        {.status = 206}, {.status = 403},
        {.status = 302, .headers = {"Location", "https://g0.example/file/led"}}};
    have_blocks(10, 4 * KIB);
    have_gateways(1);
    have_file(206);
    test.at_once = 1;
    test.gateways[0].first = first;
    test.gateways[0].first_count = 5;
    fetch_all();
    assert_int_equal(in_fetch(0).blocks, 10);
    assert_int_equal(test.gateways[0].asked, 10 + 3);
    assert_int_equal(test.gateways[0].led, 10 + 1);
    close_fetch();
}
