/* The command line of webinfer-simulate, and that its man page has the list that the table makes.
 */
#include "../test.h"

#include "../manual.h"
#include "simulate/options.h"

static enum wi_code read_words(
    struct sim_options *options, struct wi_error *error, const char *first, const char *second)
{
    char *argv[] = {(char *)"webinfer-simulate", (char *)first, (char *)second, NULL};
    *error = (struct wi_error){0};
    return wi_sim_options_read(options, second ? 3 : first ? 2 : 1, argv, error);
}

TEST(values_go_where_they_belong)
{
    struct sim_options options;
    struct wi_error error;
    assert_int_equal(read_words(&options, &error, NULL, NULL), WI_OK);
    assert_int_equal(options.nodes, 1);
    assert_int_equal(options.seed, 1);
    assert_string_equal(options.browser, "simulated");
    assert_string_equal(options.join_file, "-");
    assert_int_equal(read_words(&options, &error, "--nodes", "65536"), WI_OK);
    assert_int_equal(options.nodes, 65536);
    assert_int_equal(read_words(&options, &error, "--fail-rate=0.25", "--json"), WI_OK);
    assert_true(options.fail_rate == 0.25 && options.json);
    assert_int_equal(read_words(&options, &error, "--serial", NULL), WI_OK);
    assert_true(options.serial);
    assert_int_equal(read_words(&options, &error, "--for", "5m"), WI_OK);
    assert_int_equal(options.run_ms, 300000);
    assert_int_equal(read_words(&options, &error, "--models", "/tmp"), WI_OK);
    assert_string_equal(options.models, "/tmp");
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *first, *second, *named, *expected;
    } wrong[] = {{"--nodes", "0", "--nodes", "a number from 1 to 65536"},
        {"--nodes", "65537", "--nodes", "a number from 1 to 65536"},
        {"--nodes", "many", "--nodes", "a number from 1 to 65536"},
        {"--fail-rate", "1.1", "--fail-rate", "a number from 0 to 1"},
        {"--fail-rate", "nan", "--fail-rate", "a number from 0 to 1"},
        {"--for", "0s", "--for", "a duration such as 30s or 5m"},
        {"--for", "soon", "--for", "a duration such as 30s or 5m"},
        {"--browser", "", "--browser", "1 to 31 bytes"},
        {"--browser", "abcdefghijklmnopqrstuvwxyz123456", "--browser", "1 to 31 bytes"},
        {"--drop-rate=0.6", "--cut-rate=0.6", "--cut-rate", ""}, {"--nodes", NULL, "--nodes", ""},
        {"--nonsense", NULL, "--nonsense", ""}, {"--json=1", NULL, "--json", ""},
        {"word", NULL, "word", ""}, {"-xy", NULL, "-xy", ""}};
    struct sim_options options;
    struct wi_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            read_words(&options, &error, wrong[i].first, wrong[i].second), WI_BAD_REQUEST);
        if (!strstr(error.detail, wrong[i].named))
            fail_msg("%s: %s", wrong[i].first, error.detail);
        assert_string_equal(error.expected, wrong[i].expected);
    }
}

TEST(the_man_page_has_the_fresh_list)
{
    assert_manual_has("man/webinfer-simulate.1", wi_sim_options_mdoc);
}
