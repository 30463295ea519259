/* A conversation: what lines and commands make of it, and that roles alternate whatever happens. */
#include "../test.h"

#include "cli/talk.h"
#include <stdlib.h>
#include <string.h>

/* The messages in one line, "system:x user:y". */
static char *shown(const struct wi_talk *talk)
{
    struct wi_buffer out = {0};
    json_t *all = wi_talk_messages(talk), *message;
    size_t i;

    json_array_foreach(all, i, message)
    {
        wi_buffer_printf(&out, "%s%s:%s", i ? " " : "",
            json_string_value(json_object_get(message, "role")),
            json_string_value(json_object_get(message, "content")));
    }
    wi_buffer_puts(&out, "");
    json_decref(all);
    return out.text;
}

static void expect(const struct wi_talk *talk, const char *wanted)
{
    char *text = shown(talk);
    assert_string_equal(text, wanted);
    free(text);
}

static enum wi_talk_next take(struct wi_talk *talk, const char *line, const char *said)
{
    struct wi_buffer reply = {0};
    enum wi_talk_next next = wi_talk_take(talk, line, &reply);

    if (said)
        assert_non_null(strstr(reply.text, said));
    else
        assert_int_equal(reply.size, 0);
    wi_buffer_clear(&reply);
    return next;
}

TEST(questions_and_answers_alternate)
{
    struct wi_talk talk = {0};

    wi_talk_set_system(&talk, "be brief");
    assert_int_equal(take(&talk, "  hello", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "hi", 2);
    expect(&talk, "system:be brief user:hello assistant:hi");
    assert_int_equal(take(&talk, "again", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "", 0);
    expect(&talk, "system:be brief user:hello assistant:hi");
    assert_int_equal(take(&talk, "third", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "cut \xc3", 5); /* no UTF-8: as good as no answer */
    expect(&talk, "system:be brief user:hello assistant:hi");
    wi_talk_clear(&talk);
}

TEST(three_quotes_hold_several_lines_together)
{
    struct wi_talk talk = {0};

    assert_int_equal(take(&talk, "\"\"\"", NULL), WI_TALK_MORE);
    assert_int_equal(take(&talk, "/exit", NULL), WI_TALK_MORE);
    assert_int_equal(take(&talk, "  two\"\"\"", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "ok", 2);
    assert_int_equal(take(&talk, "\"\"\"one\"\"\"", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "ok", 2);
    assert_int_equal(take(&talk, "\"\"\"", NULL), WI_TALK_MORE);
    assert_int_equal(take(&talk, "\"\"\"", NULL), WI_TALK_MORE);
    assert_false(talk.is_fenced);
    expect(&talk, "user:/exit\n  two assistant:ok user:one assistant:ok");
    assert_int_equal(take(&talk, "/bye", NULL), WI_TALK_END);
    wi_talk_clear(&talk);
}

TEST(commands_send_nothing)
{
    struct wi_talk talk = {0};

    assert_int_equal(take(&talk, "", NULL), WI_TALK_MORE);
    assert_int_equal(take(&talk, " \t", NULL), WI_TALK_MORE);
    assert_int_equal(take(&talk, "\xff", "not UTF-8"), WI_TALK_MORE);
    assert_int_equal(take(&talk, "/help", "/system TEXT"), WI_TALK_MORE);
    assert_int_equal(take(&talk, "/sys x", "no command /sys."), WI_TALK_MORE);
    assert_int_equal(take(&talk, "/systems x", "no command /systems."), WI_TALK_MORE);
    expect(&talk, "");
    assert_int_equal(take(&talk, "/system  speak Latin", "from now on"), WI_TALK_MORE);
    assert_int_equal(take(&talk, "ave", NULL), WI_TALK_ASK);
    wi_talk_answered(&talk, "salve", 5);
    assert_int_equal(take(&talk, "/reset", "starts over"), WI_TALK_MORE);
    expect(&talk, "system:speak Latin");
    assert_int_equal(take(&talk, "/system", "no longer has"), WI_TALK_MORE);
    expect(&talk, "");
    assert_int_equal(take(&talk, "/exit", NULL), WI_TALK_END);
    wi_talk_clear(&talk);
}
