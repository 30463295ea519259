/* The last lines of the log, as somebody who comes back for what was said since gets them. */
#include "../../../test.h"

#include "api/endpoints/watch/logs.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

static int saved;

static int set_up(void **state)
{
    int nowhere = open("/dev/null", O_WRONLY);

    (void)state;
    saved = dup(STDERR_FILENO);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(saved, STDERR_FILENO);
    close(saved);
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    return 0;
}

FIXTURE(set_up, tear_down)

/* Of `count` lines and the number of lost ones. */
static void expect(const struct wi_buffer *text, size_t count, json_int_t lost)
{
    json_t *event = json_loads(text->text, 0, NULL);

    assert_non_null(event);
    assert_null(strchr(text->text, '\n'));
    assert_int_equal(json_array_size(json_object_get(event, "lines")), count);
    assert_int_equal(json_integer_value(json_object_get(event, "lost")), lost);
    json_decref(event);
}

TEST(what_was_said_since)
{
    uint64_t after = wi_log_latest();
    struct wi_buffer text = {0};

    (void)state;
    wi_warn("test", NULL, "one");
    wi_info("test", NULL, "two");
    wi_error_log("test", NULL, "three");
    assert_int_equal(wi_logs_print_after(&text, after, WI_LOG_WARN, 9), after + 3);
    expect(&text, 2, 0);
    wi_buffer_clear(&text);
    assert_int_equal(wi_logs_print_after(&text, after, WI_LOG_WARN, 1), after + 3);
    expect(&text, 1, 1);
    assert_non_null(strstr(text.text, "three"));
    wi_buffer_clear(&text);
}

TEST(nothing_is_printed_where_nothing_was_said)
{
    uint64_t after = wi_log_latest();
    struct wi_buffer text = {0};

    (void)state;
    wi_info("test", NULL, "not of that level");
    wi_buffer_puts(&text, "before");
    assert_int_equal(wi_logs_print_after(&text, after, WI_LOG_ERROR, 9), after + 1);
    assert_string_equal(text.text, "before");
    assert_int_equal(text.size, 6);
    assert_int_equal(wi_logs_print_after(&text, after + 1, WI_LOG_DEBUG, 9), after + 1);
    assert_string_equal(text.text, "before");
    wi_buffer_clear(&text);
}

TEST(what_is_kept_no_more_is_lost)
{
    uint64_t after = wi_log_latest();
    struct wi_buffer text = {0};

    (void)state;
    for (int i = 0; i < WI_LOG_LINES + 10; i++)
        wi_info("test", NULL, "line %d", i);
    wi_logs_print_after(&text, after, WI_LOG_INFO, 3);
    expect(&text, 3, WI_LOG_LINES + 10 - 3);
    wi_buffer_clear(&text);
}
