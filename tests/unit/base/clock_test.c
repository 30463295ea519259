/* Durations and sizes as people write them, and back. */
#include "../test.h"

#include "base/clock.h"

TEST(parses_durations)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"500ms", 500}, {"30s", 30000}, {"5m", 300000}, {"2h", 7200000}, {"7", 7000},
        {"0", 0}, {"0ms", 0}};
    static const char *const bad[] = {
        "", "s", "-1s", " 1s", "1 s", "1.5s", "1d", "1ss", "99999999999999999999s", "1e3"};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(wi_parse_duration(good[i].text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wi_parse_duration(bad[i], &ms), -1);
}

TEST(parses_sizes)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"4096", 4096}, {"256K", 262144}, {"64M", 67108864}, {"1G", 1u << 30},
        {"64MiB", 67108864}, {"12B", 12}};
    static const char *const bad[] = {"", "M", "1T", "1.5G", "-1", "9999999999999G", "64 M"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(wi_parse_size(good[i].text, &bytes), 0);
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wi_parse_size(bad[i], &bytes), -1);
}

TEST(formats_what_parses_back)
{
    static const int64_t durations[] = {0, 1, 250, 1000, 30000, 90000, 3600000, 5400000};
    static const uint64_t sizes[] = {0, 1, 1000, 1024, 65536, 67108864, 67108865, 1u << 30};
    char text[32];
    int64_t ms;
    uint64_t bytes;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        wi_format_duration(durations[i], text, sizeof text);
        assert_int_equal(wi_parse_duration(text, &ms), 0);
        assert_int_equal(ms, durations[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        wi_format_size(sizes[i], text, sizeof text);
        assert_int_equal(wi_parse_size(text, &bytes), 0);
        assert_int_equal(bytes, sizes[i]);
    }
    wi_format_duration(30000, text, sizeof text);
    assert_string_equal(text, "30s");
    wi_format_size(67108864, text, sizeof text);
    assert_string_equal(text, "64M");
}

TEST(awake_time_stands_while_nobody_looks)
{
    struct wi_awake awake = {0};
    assert_true(wi_awake_at(&awake, 70000) == 70000);
    assert_true(wi_awake_at(&awake, 70500) == 70500);
    assert_true(wi_awake_at(&awake, 71500) == 71500);
    assert_true(wi_awake_at(&awake, 131500) == 72500); /* it did not run for a minute */
    assert_true(wi_awake_at(&awake, 131600) == 72600);
    assert_true(wi_awake_at(&awake, 134600) == 73600); /* what is slow, is not counted whole */
}

TEST(awake_time_is_monotonic_time_until_it_is_kept)
{
    double before = wi_now_ms(), now = wi_awake_ms();
    assert_true(now >= before && now <= wi_now_ms());
}
