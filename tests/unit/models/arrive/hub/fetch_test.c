/* Files that are fetched: what of them comes when, what is tried again, and how long files are. */
#include "fetch_fixture.h"

FIXTURE(set_up, tear_down)

TEST(a_file_comes_whole)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 200, .headers = {"Content-Length", "1000"}});
    expect_whole();
    assert_int_equal(test.last.fetched, 1000);
    assert_int_equal(test.last.files, 1);
    assert_int_equal(test.asked, 1);
    assert_string_equal(test.requests[0].url, HUB "/org/name/resolve/" COMMIT "/model.gguf");
    assert_string_equal(test.requests[0].range, "");
    assert_true(test.requests[0].with_token);
    assert_int_equal(test.requests[0].stall_ms, 30000);
}

/* More than the two buffers of a file hold. */
TEST(a_connection_waits_for_the_disk)
{
    fill(3500000);
    have("model.gguf");
    FETCH({.status = 200});
    expect_whole();
    assert_int_equal(test.last.fetched, 3500000);
    assert_int_equal(test.asked, 1);
}

TEST(a_connection_waits_for_the_limit)
{
    struct wi_limit limit = {0};
    wi_limit_set(&limit, 4000000);
    fill(3500000);
    have("model.gguf");
    test.limit = &limit;
    double began = wi_now_ms();
    FETCH({.status = 200});
    expect_whole();
    assert_true(wi_now_ms() - began > 400); /* 1,000,000 bytes and a piece at once */
    assert_int_equal(test.asked, 1);
}

TEST(what_is_there_already_is_not_fetched)
{
    fill(1000);
    have("model.gguf");
    write_file(test.root, "model.gguf", test.content.text, test.content.size);
    FETCH({.status = 500});
    expect_whole();
    assert_int_equal(test.asked, 0);
    test.ended = 0;
    test.tree.files[0].here = 1; /* not even read */
    FETCH({.status = 500});
    expect_whole();
    assert_int_equal(test.last.fetched, 0);
}

TEST(it_goes_on_where_a_connection_was_cut)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 200, .size = 400, .end = WI_HTTP_BROKEN},
        {.status = 206, .headers = {"Content-Range", "bytes 400-999/1000"}, .from = 400});
    expect_whole();
    assert_int_equal(test.last.fetched, 1000);
    assert_int_equal(test.asked, 2);
    assert_string_equal(test.requests[1].range, "bytes=400-");
    assert_int_equal(test.pauses, 1);
    assert_int_equal(test.first_ms, 500);
    assert_int_equal(test.failed_before, 1);
}

TEST(so_does_the_next_fetch)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 200, .size = 400, .end = WI_HTTP_BROKEN}, {.status = 401});
    assert_int_equal(test.error.code, WI_HUB_UNAUTHORIZED);
    assert_int_equal(test.last.done, 400);
    test.ended = 0;
    test.asked = 0;
    test.error = (struct wi_error){0};
    FETCH({.status = 206, .headers = {"Content-Range", "bytes 400-999/1000"}, .from = 400});
    expect_whole();
    assert_string_equal(test.requests[0].range, "bytes=400-");
    assert_int_equal(test.last.fetched, 600);
}

TEST(a_server_without_ranges_sends_all_again)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 200, .size = 400, .end = WI_HTTP_BROKEN}, {.status = 200});
    expect_whole();
    assert_int_equal(test.last.fetched, 1400);
}

TEST(but_not_without_end)
{
    fill(3 * GAIN);
    have("model.gguf");
    FETCH({.status = 200, .size = GAIN, .end = WI_HTTP_BROKEN});
    expect_failure(WI_HUB_FAILED, "restarted 8 times, which is the limit");
    assert_int_equal(test.asked, 1 + WI_RETRIES_MAX + 1);
}

TEST(what_brings_nothing_is_tried_eight_times_more)
{
    fill(3 * GAIN);
    have("model.gguf");
    FETCH({.status = 0, .end = WI_HTTP_BROKEN});
    expect_failure(WI_HUB_FAILED, "model.gguf cannot be fetched from hub hub (" HUB "): the line");
    assert_int_equal(test.asked, WI_RETRIES_MAX + 1);
    assert_int_equal(test.failed_before, WI_RETRIES_MAX);
}

/* Replies that bring `size` bytes each, in their order, and are cut. */
static void bring(size_t size, size_t count)
{
    static struct reply rows[REPLIES_MAX];
    static char ranges[REPLIES_MAX][64];
    for (size_t i = 0; i < count; i++) {
        snprintf(ranges[i], sizeof ranges[i], "bytes %zu-%zu/%zu", i * size, test.content.size - 1,
            test.content.size);
        rows[i] = (struct reply){.status = 206,
            .headers = {"Content-Range", ranges[i]},
            .from = i * size,
            .size = size,
            .end = i + 1 < count ? WI_HTTP_BROKEN : WI_HTTP_ANSWERED};
    }
    start(rows, count, NULL);
    run_to_end();
}

TEST(what_brings_enough_may_break_as_often_as_it_likes)
{
    fill(12 * GAIN);
    have("model.gguf");
    bring(GAIN, 12);
    expect_whole();
    assert_int_equal(test.pauses, 11);
    assert_int_equal(test.failed_before, 1); /* each is the first */
}

TEST(what_brings_less_does_not)
{
    fill(12 * (GAIN - 1));
    have("model.gguf");
    bring(GAIN - 1, 12);
    expect_failure(WI_HUB_FAILED, "the line was cut");
    assert_int_equal(test.asked, WI_RETRIES_MAX + 1);
    test.ended = test.asked = 0;
    FETCH({.status = 404});
    assert_string_equal(test.requests[0].range, "bytes=589815-"); /* 9 times as much was kept */
}

TEST(wrong_bytes_are_fetched_once_more)
{
    fill(5);
    have("model.gguf");
    FETCH({.status = 200, .body = "wrong"}, {.status = 200});
    expect_whole();
    assert_int_equal(test.last.fetched, 10);
    assert_string_equal(test.requests[1].range, "");
}

TEST(and_no_more_than_once)
{
    fill(5);
    have("model.gguf");
    FETCH({.status = 200, .body = "wrong"});
    expect_failure(WI_DOWNLOAD_CORRUPT, "model.gguf");
    assert_int_equal(test.asked, 2);
}

TEST(a_length_is_what_the_list_says)
{
    static const struct reply lies[] = {{.status = 200, .headers = {"Content-Length", "1001"}},
        {.status = 200, .headers = {"Content-Length", "999"}},
        {.status = 206, .headers = {"Content-Range", "bytes 0-999/1001"}}, {.status = 206}};
    fill(1000);
    have("model.gguf");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        test.ended = 0;
        test.asked = 0;
        start(&lies[i], 1, NULL);
        run_to_end();
        expect_failure(WI_DOWNLOAD_CORRUPT, "model.gguf has 1000 bytes in the hub's list");
        assert_int_equal(test.asked, 1);
    }
}

TEST(bytes_of_another_place_are_not_taken)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 206, .headers = {"Content-Range", "bytes 1-999/1000"}, .from = 1});
    expect_failure(WI_HUB_FAILED, "sends a different range of model.gguf than requested");
    assert_int_equal(test.last.fetched, 0);
    assert_int_equal(test.asked, 1);
}

/* A length that nobody says is not believed either: no byte beyond the file is written. */
TEST(a_body_that_is_too_long_is_cut)
{
    fill(1000);
    have("model.gguf");
    wi_buffer_add(&test.content, "x", 1); /* the server has one more */
    FETCH({.status = 200});
    expect_failure(WI_HUB_FAILED, "the answer was too short");
    assert_int_equal(test.last.fetched, 0);
    assert_int_equal(test.asked, WI_RETRIES_MAX + 1);
}

TEST(a_certificate_that_is_not_trusted_is_not_tried_again)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 0, .end = WI_HTTP_REFUSED});
    expect_failure(WI_HUB_FAILED, "cannot be fetched");
    assert_int_equal(test.asked, 1);
}

/* --- other answers ---------------------------------------------------------------------------- */

TEST(the_token_stays_at_home)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 302, .headers = {"Location", "/a/b"}},
        {.status = 302, .headers = {"Location", ELSEWHERE "/x?signature=1"}}, {.status = 200});
    expect_whole();
    assert_string_equal(test.requests[1].url, HUB "/a/b");
    assert_true(test.requests[1].with_token);
    assert_true(test.requests[1].allow_private);
    assert_string_equal(test.requests[2].url, ELSEWHERE "/x?signature=1");
    assert_false(test.requests[2].with_token);
    assert_false(test.requests[2].allow_private);
}

TEST(redirects_have_an_end)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 308, .headers = {"Location", "/again"}});
    expect_failure(WI_HUB_FAILED, "");
    assert_int_equal(test.asked, 1 + 5);
}

TEST(a_signed_url_that_is_too_old_is_had_afresh)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 301, .headers = {"Location", ELSEWHERE "/old"}}, {.status = 403},
        {.status = 301, .headers = {"Location", ELSEWHERE "/new"}}, {.status = 200});
    expect_whole();
    assert_string_equal(test.requests[2].url, HUB "/org/name/resolve/" COMMIT "/model.gguf");
}

TEST(what_is_gone_elsewhere_is_gone)
{
    static const int statuses[] = {404, 410};
    fill(1000);
    have("model.gguf");
    for (int i = 0; i < 2; i++) {
        const struct reply rows[] = {
            {.status = 302, .headers = {"Location", ELSEWHERE "/x"}}, {.status = statuses[i]}};
        char words[64];
        test.ended = test.asked = 0;
        start(rows, 2, NULL);
        run_to_end();
        snprintf(words, sizeof words, "another server, which answers %d", statuses[i]);
        expect_failure(WI_HUB_NOT_FOUND, words);
        assert_int_equal(test.asked, 2);
    }
}

/* At the hub itself a refusal is one, and what cannot pass is not tried again. */
TEST(the_hubs_own_refusals_are_explained)
{
    static const struct {
        int status;
        enum wi_code code;
    } rows[] = {{401, WI_HUB_UNAUTHORIZED}, {404, WI_HUB_NOT_FOUND}, {304, WI_HUB_FAILED}};
    fill(1000);
    have("model.gguf");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct reply reply = {.status = rows[i].status};
        test.ended = test.asked = 0;
        start(&reply, 1, NULL);
        run_to_end();
        expect_failure(rows[i].code, "");
        assert_int_equal(test.asked, 1);
    }
}

TEST(a_hub_that_is_busy_is_asked_again)
{
    static const int statuses[] = {408, 429, 500, 503};
    fill(1000);
    have("model.gguf");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct reply reply = {.status = statuses[i]};
        char words[64];
        test.ended = test.asked = 0;
        start(&reply, 1, NULL);
        run_to_end();
        snprintf(words, sizeof words, "hub hub answers %d for model.gguf", statuses[i]);
        expect_failure(WI_HUB_BUSY, words);
        assert_int_equal(test.asked, WI_RETRIES_MAX + 1);
    }
}

TEST(but_not_where_it_wants_more_than_five_minutes)
{
    fill(1000);
    have("model.gguf");
    FETCH({.status = 429, .headers = {"Retry-After", "301"}});
    expect_failure(WI_HUB_BUSY, "answers 429");
    assert_int_equal(test.error.retry_after_s, 301);
    assert_int_equal(test.asked, 1);
}

/* Five minutes themselves are waited, and whoever looks is told. */
TEST(five_minutes_are_waited)
{
    static const struct reply reply = {.status = 429, .headers = {"Retry-After", "300"}};
    fill(1000);
    have("model.gguf");
    start(&reply, 1, NULL);
    while (!strstr(test.retrying, "try"))
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_string_equal(test.retrying, "hub hub answers 429 for model.gguf; try 2 of 9 in 300 s");
    assert_int_equal(test.asked, 1);
    wi_fetch_cancel(test.fetch);
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(test.ended, 0);
}

/* --- several files, and who else there is ----------------------------------------------------- */

TEST(four_files_come_at_the_same_time)
{
    static const struct reply held = {.held = 1};
    char name[24];
    fill(1000);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%d.gguf", i);
        have(name);
    }
    start(&held, 1, NULL);
    while (test.asked < WI_FETCH_FILES)
        uv_run(&test.loop, UV_RUN_ONCE);
    for (int i = 0; i < 3; i++)
        uv_run(&test.loop, UV_RUN_ONCE); /* with each progress the files are looked at */
    assert_int_equal(test.asked, WI_FETCH_FILES);
    wi_fetch_cancel(test.fetch);
    assert_int_equal(test.cancelled, WI_FETCH_FILES); /* at once: who asked may free the client */
    uv_run(&test.loop, UV_RUN_DEFAULT);
    FETCH({.status = 200});
    assert_int_equal(test.last.files_done, 6);
    assert_int_equal(test.last.total, 6000);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%d.gguf", i);
        expect_file(name);
    }
}

TEST(one_failure_ends_them_all)
{
    static const struct reply rows[] = {{.held = 1}, {.status = 404}};
    fill(1000);
    have("a.gguf");
    have("b.gguf");
    start(rows, 2, NULL);
    run_to_end();
    assert_int_equal(test.error.code, WI_HUB_NOT_FOUND);
    assert_int_equal(test.cancelled, 1);
}

TEST(a_folder_is_one_fetchs_alone)
{
    static const struct reply reply = {.status = 200};
    int folder = open(test.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fill(1000);
    have("model.gguf");
    assert_int_equal(flock(folder, LOCK_EX), 0);
    start(&reply, 1, NULL);
    for (int i = 0; i < 10; i++) /* a thread that tries, and a pause */
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_int_equal(test.asked, 0);
    close(folder);
    run_to_end();
    expect_whole();
    folder = open(test.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(folder, LOCK_EX | LOCK_NB), 0); /* it has let go of it */
    close(folder);
}

TEST(a_folder_that_is_not_there_is_said_to_be_so)
{
    fill(1000);
    have("model.gguf");
    remove_root(test.root);
    FETCH({.status = 200});
    make_root(test.root, "fetch");
    expect_failure(WI_STORAGE_FAILED, "No such file or directory");
    assert_int_equal(test.asked, 0);
}

/* --- lengths ---------------------------------------------------------------------------------- */

TEST(lengths_are_asked_for_where_nobody_has_said_them)
{
    static const struct reply rows[] = {
        {.status = 206, .headers = {"Content-Range", "bytes 0-0/12345"}, .size = 1},
        {.status = 200, .headers = {"Content-Length", "77"}},
        {.status = 416, .headers = {"Content-Range", "bytes */0"}},
        {.status = 206, .headers = {"Content-Range", "bytes 0-0/1125899906842624"}}};
    fill(1);
    for (int i = 0; i < 5; i++) {
        have(i == 0 ? "known" : "unknown");
        test.tree.files[i].bytes = i == 0 ? 5 : WI_HUB_BYTES_UNKNOWN;
    }
    start(rows, 4, &test.tree);
    run_to_end();
    assert_int_equal(test.error.code, WI_OK);
    assert_int_equal(test.asked, 4);
    assert_string_equal(test.requests[0].range, "bytes=0-0");
    assert_int_equal(test.tree.files[0].bytes, 5); /* not asked for */
    assert_int_equal(test.tree.files[1].bytes, 12345);
    assert_int_equal(test.tree.files[2].bytes, 77);
    assert_int_equal(test.tree.files[3].bytes, 0);
    assert_true(test.tree.files[4].bytes == WI_HUB_FILE_MAX);
    assert_int_equal(test.last.files_done, 5);
}

TEST(a_length_that_is_not_said_or_cannot_be_fails)
{
    static const struct reply rows[] = {{.status = 200}, {.status = 206}, {.status = 416},
        {.status = 206, .headers = {"Content-Range", "bytes 0-0/*"}},
        {.status = 206, .headers = {"Content-Range", "bytes 0-0/1125899906842625"}}};
    fill(1);
    have("unknown");
    test.tree.files[0].bytes = WI_HUB_BYTES_UNKNOWN;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test.ended = 0;
        start(&rows[i], 1, &test.tree);
        run_to_end();
        expect_failure(WI_HUB_FAILED, "gives the length of unknown neither in Content-Length");
        assert_true(test.tree.files[0].bytes == WI_HUB_BYTES_UNKNOWN);
    }
}
