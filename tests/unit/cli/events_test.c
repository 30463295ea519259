/* Server-sent events as they come: whole, in single bytes, with every kind of line end. */
#include "../test.h"

#include "cli/events.h"
#include <stdlib.h>
#include <string.h>

static struct wi_buffer seen;

static void on_event(void *context, const char *name, const char *data, size_t length)
{
    assert_ptr_equal(context, &seen);
    assert_int_equal(strlen(data), length);
    wi_buffer_printf(&seen, "<%s|%s>", name, data);
}

static void check(const char *text, const char *expected)
{
    for (size_t step = 1; step <= strlen(text) + 1; step++) {
        struct wi_cli_events events = {.on_event = on_event, .context = &seen};
        for (size_t at = 0; at < strlen(text); at += step) {
            size_t left = strlen(text) - at;
            assert_int_equal(wi_cli_events_take(&events, text + at, left < step ? left : step), 0);
        }
        assert_string_equal(seen.text ? seen.text : "", expected);
        wi_buffer_clear(&seen);
        wi_cli_events_clear(&events);
    }
}

TEST(test_events)
{
    check("id: 0\nevent: part\ndata: {\"a\":1}\n\n: alive\n\nevent: done\ndata: {}\n\n",
        "<part|{\"a\":1}><done|{}>");
    check("data:x\r\n\r\ndata: y\r\rdata:  z\n\n", "<message|x><message|y><message| z>");
    check("data: a\ndata: b\ndata\n\n", "<message|a\nb\n>");
    check("event: never\n\nretry: 5\nother: x\nevents: x\ndata: 1\n\n", "<message|1>");
    check("event: e\ndata: 1", ""); /* not complete: it never was */
    check("", "");
}
