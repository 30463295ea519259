/* What a gateway answers, what is made of it, and what is said when nobody is left. */
#include "block_fixture.h"

FIXTURE(set_up, tear_down)

/* --- one gateway that answers everything alike ------------------------------------------------ */

struct row {
    struct answer answer;
    enum wi_code code;
    const char *words;
    enum wi_block_source_state state;
};

static const struct row rows[] = {
    {{.status = 200, .wrong = 1}, WI_DOWNLOAD_CORRUPT,
        "no source has ipfs://root: g0: it sent a wrong block for bafkrei", WI_SOURCE_OUT},
    {{.status = 200, .type = "text/html; charset=utf-8"}, WI_HUB_FAILED,
        "g0: it is no gateway: it answers with text/html; charset=utf-8 instead of "
        "application/vnd.ipld.raw",
        WI_SOURCE_OUT},
    {{.status = 200, .type = "application/octet-stream\x1b[31m\xff"}, WI_HUB_FAILED,
        "it answers with application/octet-stream [31m? instead", WI_SOURCE_OUT},
    {{.status = 200, .headers = {"Content-Encoding", "gzip"}}, WI_HUB_FAILED,
        "it is no gateway: it sends blocks encoded as gzip", WI_SOURCE_OUT},
    {{.status = 206}, WI_HUB_FAILED, "it is no gateway: it answers 206 for a block", WI_SOURCE_OUT},
    {{.status = 204}, WI_HUB_FAILED, "it is no gateway: it answers 204", WI_SOURCE_OUT},
    {{.status = 200, .size = 5000}, WI_DOWNLOAD_CORRUPT, "it sent a wrong block for bafkrei",
        WI_SOURCE_OUT},
    {{.status = 200, .size = 4000}, WI_DOWNLOAD_CORRUPT, "it sent a wrong block for bafkrei",
        WI_SOURCE_OUT},
    {{.status = 200, .size = 5000, .length = NO_LENGTH}, WI_DOWNLOAD_CORRUPT,
        "it sent a wrong block for bafkrei", WI_SOURCE_OUT},
    {{.status = 200, .size = 4000, .length = NO_LENGTH}, WI_DOWNLOAD_CORRUPT,
        "it sent a wrong block for bafkrei", WI_SOURCE_OUT},
    {{.status = 404}, WI_HUB_NOT_FOUND, "g0: it lacks the block", WI_SOURCE_READY},
    {{.status = 410}, WI_HUB_NOT_FOUND, "g0: it lacks the block", WI_SOURCE_READY},
    {{.status = 451}, WI_HUB_NOT_FOUND, "g0: it lacks the block", WI_SOURCE_READY},
    {{.status = 429}, WI_HUB_BUSY, "g0: it is busy (429)", WI_SOURCE_READY},
    {{.status = 503, .headers = {"Retry-After", "1000"}}, WI_HUB_BUSY, "g0: it is busy (503)",
        WI_SOURCE_RESTING},
    {{.status = 504}, WI_HUB_BUSY, "g0: it answers 504", WI_SOURCE_READY},
    {{.status = 401}, WI_HUB_FAILED, "g0: it wants a token, as its token_file has it (401)",
        WI_SOURCE_READY},
    {{.status = 400}, WI_HUB_FAILED, "g0: it answers 400", WI_SOURCE_READY},
    {{.status = 302}, WI_HUB_FAILED, "g0: the server redirects without saying where to",
        WI_SOURCE_READY},
    {{.status = 0, .end = WI_HTTP_BROKEN}, WI_HUB_FAILED, "g0: the line was cut", WI_SOURCE_READY},
    {{.status = 0, .end = WI_HTTP_REFUSED}, WI_HUB_FAILED, "g0: the line was cut", WI_SOURCE_READY},
    {{.status = 200, .sends = 4000, .end = WI_HTTP_BROKEN}, WI_HUB_FAILED, "g0: the line was cut",
        WI_SOURCE_READY},
};

TEST(each_answer_has_a_meaning)
{
    have_blocks(3, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wi_sources_set(test.sources, NULL, 0);
        have_gateways(1);
        test.gateways[0].answer = rows[i].answer;
        again();
        expect_failure(rows[i].code, rows[i].words);
        assert_int_equal(info_of(0).state, rows[i].state);
        assert_true(test.gateways[0].asked <= 2 * (WI_RETRIES_MAX + 1));
    }
}

TEST(a_block_of_unknown_length_ends_somewhere)
{
    have_blocks(1, 4096);
    have_gateways(1);
    test.unknown = 1;
    test.gateways[0].answer.size = WI_BLOCK_MAX + 1;
    expect_failure(
        WI_DOWNLOAD_CORRUPT, "it sent a block of 4194305 bytes, and 4194304 is the most");
    wi_sources_set(test.sources, NULL, 0);
    have_gateways(1);
    again();
    test.gateways[0].answer.size = WI_BLOCK_MAX + 1;
    test.gateways[0].answer.length = NO_LENGTH;
    expect_failure(WI_DOWNLOAD_CORRUPT, "it sent more than the 4194304 bytes of a block");
}

TEST(what_is_no_block_is_not_read_for_long)
{
    have_blocks(1, 4096);
    have_gateways(1);
    test.gateways[0].answer = (struct answer){.status = 404};
    start();
    run_until_got(1);
    assert_true(test.failed);
    struct wi_block_progress progress;
    wi_block_fetch_progress(test.fetch, &progress);
    assert_int_equal(progress.fetched, 10);
    close_fetch();
}

/* --- several ---------------------------------------------------------------------------------- */

TEST(each_is_named_with_its_reason)
{
    have_blocks(3, 4096);
    have_gateways(3);
    test.gateways[0].answer.status = 404;
    test.gateways[1].answer.wrong = 1;
    test.gateways[2].answer = (struct answer){.status = 0, .end = WI_HTTP_BROKEN};
    expect_failure(WI_HUB_FAILED, "g0: it lacks the block; g1: it sent a wrong block for bafkrei");
    assert_non_null(strstr(test.error.detail, "; g2: the line was cut"));
}

TEST(of_ten_eight_are_named)
{
    have_blocks(3, 4096);
    have_gateways(10);
    for (size_t i = 0; i < 10; i++)
        test.gateways[i].answer.status = 404;
    expect_failure(WI_HUB_NOT_FOUND, "g0: it lacks the block; ");
    assert_non_null(strstr(test.error.detail, "; g7: it lacks the block"));
    assert_null(strstr(test.error.detail, "g8"));
}

TEST(who_did_not_answer_says_nothing)
{
    have_blocks(3, 4096);
    have_gateways(2);
    test.gateways[0].answer.status = 404;
    test.gateways[1].answer = (struct answer){.status = 0, .end = WI_HTTP_BROKEN};
    expect_failure(WI_HUB_NOT_FOUND, "g1: the line was cut");
    assert_in_range(test.gateways[1].asked, 2, 8);
}

TEST(who_may_have_it_later_is_told)
{
    have_blocks(3, 4096);
    have_gateways(3);
    test.gateways[0].answer.status = 404;
    test.gateways[1].answer = (struct answer){.status = 429, .headers = {"Retry-After", "2000"}};
    test.gateways[2].answer.wrong = 1;
    expect_failure(WI_HUB_BUSY, "g1: it is busy (429)");
    assert_in_range(test.error.retry_after_s, 1990, 2001);
}

TEST(without_sources_it_says_what_to_do)
{
    have_blocks(1, 4096);
    expect_failure(WI_HUB_FAILED,
        "no source has ipfs://root: the configuration has no [hub.NAME] with layout = ipfs");
}

TEST(one_that_cannot_be_asked_says_why)
{
    const struct wi_block_source_row row = {
        .name = "g0", .url = "https://g0.example", .trouble = "its token cannot be read"};
    have_blocks(1, 4096);
    have_gateways(1);
    wi_sources_set(test.sources, &row, 1);
    expect_failure(WI_HUB_FAILED, "g0: its token cannot be read");
    assert_int_equal(test.gateways[0].asked, 0);
}

TEST(nothing_that_is_there_fails_for_want_of_sources)
{
    have_blocks(20, 4096);
    have_gateways(2);
    test.gateways[0].first = (struct answer[]){{.status = 200, .wrong = 1}};
    test.gateways[0].first_count = 1;
    fetch_all();
    close_fetch();
}

/* --- where it is asked ------------------------------------------------------------------------ */

TEST(a_redirect_is_followed_without_the_token)
{
    const struct wi_block_source_row row = {
        .name = "g0", .url = "https://g0.example", .token = "secret"};
    char cid[WI_CID_TEXT], url[200];
    have_blocks(1, 4096);
    have_gateways(2);
    wi_sources_set(test.sources, &row, 1);
    wi_cid_print(&test.cids[0], cid);
    snprintf(url, sizeof url, "https://g1.example/ipfs/%s?format=raw", cid);
    test.gateways[0].answer = (struct answer){.status = 302, .headers = {"Location", url}};
    fetch_all();
    assert_int_equal(test.gateways[0].asked, 1);
    assert_string_equal(test.gateways[0].token, "Authorization: Bearer secret");
    assert_true(test.gateways[0].private);
    assert_string_equal(test.gateways[1].url_asked, url);
    assert_string_equal(test.gateways[1].token, "");
    assert_false(test.gateways[1].private || test.gateways[1].plain);
    close_fetch();
}

TEST(but_not_into_private_places)
{
    have_blocks(1, 4096);
    have_gateways(1);
    test.gateways[0].answer =
        (struct answer){.status = 307, .headers = {"Location", "https://192.168.1.1/admin"}};
    expect_failure(WI_HUB_FAILED,
        "g0: the server redirects to https://192.168.1.1, which belongs to a private network");
    assert_int_equal(test.gateways[0].asked, 1);
}

TEST(a_stranger_is_asked_at_public_addresses_alone)
{
    have_blocks(4, 4096);
    have_gateways(1);
    struct wi_block_source *stranger =
        wi_sources_stranger(test.sources, "https://stranger.example");
    snprintf(test.gateways[0].url, sizeof test.gateways[0].url, "https://stranger.example");
    start_with(&stranger, 1);
    run_until_got(test.count);
    assert_int_equal(test.got, test.count);
    assert_false(test.gateways[0].plain || test.gateways[0].private);
    assert_string_equal(test.gateways[0].token, "");
    close_fetch();
    wi_block_source_release(stranger);
}

TEST(a_member_is_asked_where_its_record_says_with_a_proof)
{
    static const unsigned char key[WI_HASH_SIZE] = "a";
    have_blocks(1, 4096);
    have_gateways(1);
    struct wi_block_source *member =
        wi_sources_member(test.sources, "attic", "http://10.0.0.2:8471", key);
    char *proof =
        wi_block_source_authorization(member, "http://10.0.0.2:8471/ipfs/", &test.cids[0]);
    snprintf(test.gateways[0].url, sizeof test.gateways[0].url, "http://10.0.0.2:8471");
    start_with(&member, 1);
    run_until_got(test.count);
    assert_true(test.gateways[0].plain && test.gateways[0].private);
    assert_string_equal(test.gateways[0].token, proof);
    close_fetch();
    free(proof);
    wi_block_source_release(member);
}

TEST(without_a_token_http_is_fine)
{
    struct wi_block_source_row row = {.name = "g0", .url = "http://10.0.0.2:8080"};
    have_blocks(4, 4096);
    have_gateways(1);
    snprintf(test.gateways[0].url, sizeof test.gateways[0].url, "%s", row.url);
    wi_sources_set(test.sources, &row, 1);
    fetch_all();
    assert_true(test.gateways[0].plain && test.gateways[0].private);
    close_fetch();
    again();
    row.token = "secret";
    wi_sources_set(test.sources, &row, 1);
    fetch_all();
    assert_false(test.gateways[0].plain);
    close_fetch();
}
