/* Whose the stored jobs are: what is counted up comes down again, and how much one client may have.
 */
#include "../../test.h"

#include "owners/durable/shares.c"

static struct wi_config config = {.pool.client_share = 1, .store.max_size = 1000};

static enum wi_code ask(const struct wi_durable *durable, const char *client, size_t bytes)
{
    struct wi_error error = {0};
    return wi_durable_check_share(durable, client, bytes, &error);
}

TEST(what_has_ended_counts_no_more)
{
    struct wi_durable durable = {.deps.runs.config = &config};
    struct wi_record_finish end = {.state = WI_RECORD_DONE, .body_size = 300, .answer_size = 20};
    wi_durable_count_begin(&durable, "ada", 300);
    wi_durable_count_begin(&durable, "ada", 100);
    assert_int_equal(holder_find(&durable, "ada")->has.open, 2);
    assert_int_equal(holder_find(&durable, "ada")->has.bytes, 400);
    wi_durable_count_end(&durable, "ada", &end);
    assert_int_equal(holder_find(&durable, "ada")->has.open, 1);
    assert_int_equal(holder_find(&durable, "ada")->has.bytes, 120);
    assert_int_equal(durable.counters.bytes, 120);
    assert_int_equal(durable.counters.done, 1);
    assert_int_equal(durable.open, 1);
    wi_durable_forget_counts(&durable);
    assert_null(holder_find(&durable, "ada"));
}

/* Half of the bytes may be one client's, beyond that an eighth; one that has none is let in. */
TEST(a_client_has_its_share)
{
    struct wi_durable durable = {.deps.runs.config = &config};
    wi_durable_count_begin(&durable, "ada", 400);
    assert_int_equal(ask(&durable, "ada", 100), WI_OK);
    assert_int_equal(ask(&durable, "ada", 101), WI_CLIENT_SHARE);
    wi_durable_count_begin(&durable, "bob", 100);
    assert_int_equal(ask(&durable, "bob", 25), WI_OK);
    assert_int_equal(ask(&durable, "bob", 26), WI_CLIENT_SHARE);
    assert_int_equal(ask(&durable, "cleo", 900), WI_OK);
    config.pool.client_share = 0.1;
    assert_int_equal(ask(&durable, "bob", 1), WI_CLIENT_SHARE);
    config.pool.client_share = 1;
    wi_durable_forget_counts(&durable);
}
