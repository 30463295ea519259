/* Server-sent events as they come: whole, in single bytes, with every kind of line end. */
#include "../test.h"

#include "cli/events.h"
#include "cli/rest.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- answers that are such, from a daemon that is played -------------------------------------- */

static struct {
    const char *pieces[4]; /* what comes, until NULL */
    int interrupts_at;     /* ^C comes before this piece; < 0: never */
    int taken;
    struct sigaction during;
    struct wi_buffer told;
    int breaks;
} played;

void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    *answer = (struct wi_rest_answer){.status = 200, .events = 1};
    sigaction(SIGINT, NULL, &played.during);
    for (int i = 0; i < 4 && played.pieces[i]; i++) {
        if (i == played.interrupts_at)
            raise(SIGINT);
        if (request->is_cancelled && request->is_cancelled())
            return;
        if (request->on_events(request->context, played.pieces[i], strlen(played.pieces[i])) != 0)
            return;
        played.taken++;
    }
}

void wi_rest_answer_clear(struct wi_rest_answer *answer)
{
    wi_buffer_clear(&answer->body);
}

static void on_stream_event(void *context, const char *name, const json_t *value)
{
    wi_buffer_printf(
        &played.told, "<%s %d>", name, (int)json_integer_value(json_object_get(value, "n")));
}

static void on_stream_end(void *context)
{
    wi_buffer_puts(&played.told, "|");
}

static enum wi_exit on_stream_break(void *context, const struct wi_rest_answer *answer)
{
    assert_int_equal(answer->status, 200);
    played.breaks++;
    return WI_EXIT_NO_SERVER;
}

static int own_signals;

static void on_own_signal(int signal)
{
    own_signals++;
}

static int forget(void **state)
{
    wi_buffer_clear(&played.told);
    memset(&played, 0, sizeof played);
    played.interrupts_at = -1;
    own_signals = 0;
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_own_signal}, NULL);
    return 0;
}

/* The stream's exit status, without what is complained of. */
static enum wi_exit listen_to(int stops, int needs_output)
{
    struct wi_cli cli = {0};
    struct wi_cli_stream stream = {.cli = &cli,
        .stops = stops,
        .needs_output = needs_output,
        .on_event = on_stream_event,
        .on_end = on_stream_end,
        .on_break = on_stream_break};
    struct wi_rest_request request = {.path = "/"};
    int stderr_was = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDERR_FILENO);
    enum wi_exit result = wi_cli_stream(&stream, &request);
    dup2(stderr_was, STDERR_FILENO);
    close(stderr_was);
    close(nothing);
    return result;
}

static int has_own_handler(void)
{
    struct sigaction now;
    sigaction(SIGINT, NULL, &now);
    return now.sa_handler == on_own_signal;
}

TEST_IN(a_stream_ends_with_done, forget, forget)
{
    played.pieces[0] = "event: part\ndata: {\"n\":1}\n\nevent: pa";
    played.pieces[1] = "rt\ndata: {\"n\":2}\n\nevent: done\ndata: {\"n\":3}\n\n";
    assert_int_equal(listen_to(0, 0), WI_EXIT_OK);
    assert_string_equal(played.told.text, "<part 1><part 2><done 3>");
    assert_int_equal(played.breaks, 0);
    assert_true(played.during.sa_handler == on_own_signal);
}

TEST_IN(an_error_is_the_end_too, forget, forget)
{
    played.pieces[0] = "event: part\ndata: {\"n\":1}\n\n";
    played.pieces[1] = "event: error\ndata: {\"status\":503,\"detail\":\"no node\"}\n\n";
    assert_int_not_equal(listen_to(0, 0), WI_EXIT_OK);
    assert_string_equal(played.told.text, "<part 1><error 0>|");
    assert_int_equal(played.breaks, 0);
}

TEST_IN(a_stream_that_breaks_is_said_to, forget, forget)
{
    played.pieces[0] = "event: part\ndata: {\"n\":1}\n\n";
    assert_int_equal(listen_to(0, 0), WI_EXIT_NO_SERVER);
    assert_string_equal(played.told.text, "<part 1>|");
    assert_int_equal(played.breaks, 1);
}

TEST_IN(an_interrupt_ends_what_stops_and_is_put_back, forget, forget)
{
    for (int i = 0; i < 3; i++)
        played.pieces[i] = "event: part\ndata: {\"n\":1}\n\n";
    played.interrupts_at = 1;
    assert_int_equal(listen_to(1, 0), WI_EXIT_NO_SERVER);
    assert_int_equal(played.taken, 1);
    assert_int_equal(own_signals, 0);
    assert_true(wi_cli_is_interrupted());
    assert_true(has_own_handler()); /* ^C at the prompt ends the program again */
    played.interrupts_at = -1;
    played.taken = 0;
    listen_to(1, 0); /* the last one's is forgotten */
    assert_int_equal(played.taken, 3);
    assert_false(wi_cli_is_interrupted());
}

TEST_IN(an_interrupt_of_what_does_not_stop_is_the_programs, forget, forget)
{
    for (int i = 0; i < 3; i++)
        played.pieces[i] = "event: part\ndata: {\"n\":1}\n\n";
    played.interrupts_at = 1;
    listen_to(0, 0);
    assert_int_equal(played.taken, 3);
    assert_int_equal(own_signals, 1);
}
