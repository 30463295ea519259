/* The events of one stream: reading in any sizes, what is kept, going back, and waking a client. */
#include "../../test.h"

#include "api/http/events.h"
#include <stdlib.h>
#include <string.h>

static struct wi_budget budget;

static void add(struct wi_events *events, const char *text)
{
    struct wi_buffer buffer = {0};
    wi_buffer_puts(&buffer, text);
    wi_events_add_part(events, &buffer, 10);
    assert_null(buffer.text);
}

static void end(struct wi_events *events, const char *text)
{
    struct wi_buffer buffer = {0};
    wi_buffer_puts(&buffer, text);
    wi_events_end(events, &buffer);
}

static void check_read(struct wi_events *events, size_t max, const char *expected)
{
    char out[64] = "";
    assert_int_equal(wi_events_read(events, out, max), strlen(expected));
    assert_string_equal(out, expected);
}

static struct wi_events *make(size_t keep)
{
    budget = (struct wi_budget){.limit = 1000};
    return wi_events_new(&budget, keep);
}

static void finish(struct wi_events *events)
{
    wi_events_free(events);
    assert_int_equal(budget.used, 0);
}

TEST(test_reading)
{
    struct wi_events *events = make(0);
    check_read(events, 10, "");
    assert_true(wi_events_between(events));
    add(events, "abc");
    add(events, "def");
    check_read(events, 2, "ab");
    assert_false(wi_events_between(events));
    assert_int_equal(wi_events_taken(events).parts, 0);
    check_read(events, 2, "cd");
    assert_int_equal(wi_events_taken(events).parts, 1);
    assert_int_equal(wi_events_taken(events).bytes, 10);
    check_read(events, 9, "ef");
    assert_true(wi_events_between(events));
    assert_int_equal(budget.used, 3); /* the one that was read last */
    end(events, "END");
    assert_true(wi_events_ended(events));
    assert_false(wi_events_over(events));
    add(events, "after the end there is nothing");
    check_read(events, 20, "END");
    assert_true(wi_events_over(events));
    assert_int_equal(wi_events_taken(events).parts, 2);
    finish(events);
}

/* What several send is read as any other, and not charged again. */
TEST(test_parcels)
{
    struct wi_events *one = make(0), *other = wi_events_new(&budget, 0);
    struct wi_parcel *parcel = wi_parcel_new(&budget);
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, "shared");
    wi_parcel_add_text(parcel, &text);
    wi_events_add_parcel(one, wi_parcel_ref(parcel));
    wi_events_add_parcel(other, parcel);
    assert_int_equal(budget.used, 6);
    assert_int_equal(wi_events_size(one), 6);
    check_read(one, 3, "sha");
    assert_false(wi_events_between(one));
    add(one, "own");
    check_read(one, 20, "redown");
    assert_int_equal(budget.used, 6 + 3);
    check_read(other, 20, "shared");
    wi_events_add_parcel(one, wi_parcel_new(&budget)); /* an empty one is nothing */
    check_read(one, 20, "");
    end(one, "");
    wi_events_add_parcel(one, wi_parcel_new(&budget));
    assert_true(wi_events_over(one));
    wi_events_free(other);
    finish(one);
}

/* From each part that is kept, everything behind it comes again, whole. */
TEST(test_going_back)
{
    static const char *const rest[] = {"aaabbbcccEND", "bbbcccEND", "cccEND", "END"};
    struct wi_events *events = make(100);
    add(events, "aaa");
    add(events, "bbb");
    add(events, "ccc");
    assert_true(wi_events_have(events, 3));
    assert_false(wi_events_have(events, 4));
    end(events, "END");
    for (size_t read = 0; read <= 12; read++) {
        for (uint64_t seq = 0; seq <= 3; seq++) {
            char some[16];
            wi_events_seek(events, 0);
            assert_int_equal(wi_events_read(events, some, read), read);
            wi_events_seek(events, seq);
            check_read(events, 60, rest[seq]);
            assert_true(wi_events_over(events));
        }
    }
    finish(events);
}

TEST(test_what_is_kept)
{
    struct wi_events *events = make(6);
    add(events, "aaa");
    add(events, "bbb");
    add(events, "ccc");
    assert_int_equal(budget.used, 9); /* what was not read is kept, whatever it is */
    check_read(events, 20, "aaabbbccc");
    assert_int_equal(budget.used, 9);
    add(events, "ddd");
    check_read(events, 20, "ddd");
    assert_false(wi_events_have(events, 0));
    assert_true(wi_events_have(events, 1));
    /* Going back does not make what was read unread: it is still dropped in its turn. */
    wi_events_seek(events, 1);
    check_read(events, 20, "bbbcccddd");
    wi_events_keep(events, 0);
    assert_int_equal(budget.used, 3);
    assert_false(wi_events_have(events, 2));
    assert_true(wi_events_have(events, 3)); /* the last one stays */
    finish(events);
}

/* Where memory is short, clients that come back get less. */
TEST(test_short_of_memory)
{
    struct wi_events *events = make(100);
    add(events, "aaa");
    add(events, "bbb");
    check_read(events, 20, "aaabbb");
    assert_true(wi_events_have(events, 0));
    budget.limit = 8;
    add(events, "ccc");
    assert_false(wi_events_have(events, 0));
    check_read(events, 20, "ccc");
    finish(events);
}

static void add_piece(struct wi_events *events, const char *text, int last)
{
    struct wi_buffer buffer = {0};
    wi_buffer_puts(&buffer, text);
    wi_events_add_piece(events, &buffer, last);
    assert_null(buffer.text);
}

/* Nothing may go between the pieces of an event, also where the next one is still to be made. */
TEST(test_pieces_of_an_event)
{
    struct wi_events *events = make(0);
    assert_true(wi_events_drained(events));
    add_piece(events, "abc", 0);
    assert_false(wi_events_drained(events));
    check_read(events, 2, "ab");
    assert_false(wi_events_between(events));
    check_read(events, 9, "c");
    assert_true(wi_events_drained(events));
    assert_false(wi_events_between(events));
    add_piece(events, "de", 1);
    check_read(events, 1, "d");
    assert_false(wi_events_between(events));
    check_read(events, 9, "e");
    assert_true(wi_events_between(events));
    assert_int_equal(budget.used, 2); /* the piece that was read last */
    add_piece(events, "fg", 1);
    check_read(events, 9, "fg");
    assert_true(wi_events_between(events));
    end(events, "");
    assert_true(wi_events_over(events));
    finish(events);
}

/* --- a client --------------------------------------------------------------------------------- */

static void check_place(
    const struct wi_events *events, const char *last, enum wi_code code, uint64_t expected)
{
    uint64_t seq = 99;
    struct wi_error error = {0};
    assert_int_equal(wi_events_place(events, last, "this sound", 6, &seq, &error), code);
    if (code == WI_OK)
        assert_int_equal(seq, expected);
    else
        assert_string_equal(error.field, "Last-Event-ID");
    if (code == WI_STREAM_GONE)
        assert_string_equal(error.detail, "the event 0 of this sound is not kept any more: [api] "
                                          "stream_buffer keeps the latest 6 "
                                          "bytes");
}

TEST(test_where_a_client_goes_on)
{
    struct wi_events *events = make(6);
    check_place(events, NULL, WI_OK, 0);
    check_place(events, "", WI_OK, 0);
    check_place(events, "0", WI_INVALID_FIELD, 0); /* there was none */
    add(events, "aaa");
    add(events, "bbb");
    add(events, "ccc");
    check_place(events, "1", WI_OK, 2);
    check_place(events, "2", WI_OK, 3);
    check_place(events, "3", WI_INVALID_FIELD, 0);
    check_place(events, "x", WI_INVALID_FIELD, 0);
    check_read(events, 20, "aaabbbccc");
    add(events, "ddd");
    check_read(events, 20, "ddd");
    check_place(events, "0", WI_OK, 1);
    check_place(events, NULL, WI_STREAM_GONE, 0);
    finish(events);
}

static void count_wake(struct wi_events_client *client)
{
    (*(unsigned *)client)++;
}

/* Whatever there is to read wakes the client, and so does an end without text. */
TEST(test_waking_the_client)
{
    unsigned wakes = 0;
    struct wi_events_client *client = (struct wi_events_client *)&wakes;
    struct wi_events *events = make(0);
    add(events, "aaa"); /* for nobody */
    wi_events_set_client(events, client, count_wake);
    assert_ptr_equal(wi_events_client(events), client);
    add(events, "bbb");
    assert_int_equal(wakes, 1);
    add_piece(events, "cc", 1);
    assert_int_equal(wakes, 2);
    add(events, "");
    assert_int_equal(wakes, 2);
    end(events, "");
    assert_int_equal(wakes, 3);
    add(events, "after the end there is nothing");
    assert_int_equal(wakes, 3);
    wi_events_set_client(events, NULL, NULL);
    assert_null(wi_events_client(events));
    finish(events);
}
