#include "cli/talk.h"

#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The delimiter of a text of several lines. */
#define FENCE "\"\"\""

static enum wi_talk_next take_system(
    struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    wi_talk_set_system(talk, text);
    wi_buffer_puts(reply, *text ? "The model follows this instruction from now on.\n"
                                : "The model no longer has an instruction.\n");
    return WI_TALK_MORE;
}

static enum wi_talk_next take_reset(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    json_decref(talk->messages);
    talk->messages = NULL;
    wi_buffer_puts(reply, "The conversation starts over.\n");
    return WI_TALK_MORE;
}

static enum wi_talk_next take_exit(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    return WI_TALK_END;
}

static enum wi_talk_next take_help(struct wi_talk *talk, const char *text, struct wi_buffer *reply);

static const struct command {
    const char *name, *argument, *help; /* no help: it is another name */
    enum wi_talk_next (*take)(struct wi_talk *talk, const char *text, struct wi_buffer *reply);
} commands[] = {
    {"/system", "TEXT", "give the model an instruction; without TEXT, remove the instruction",
        take_system},
    {"/reset", "", "forget the conversation", take_reset},
    {"/help", "", "this list", take_help},
    {"/exit", "", "end the chat, as do /bye and ^D", take_exit},
    {"/bye", "", NULL, take_exit},
};

static enum wi_talk_next take_help(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].help)
            wi_buffer_printf(reply, "%s%s%-*s  %s\n", commands[i].name,
                *commands[i].argument ? " " : "", (int)(14 - strlen(commands[i].name)),
                commands[i].argument, commands[i].help);
    wi_buffer_puts(reply, FENCE " begins and ends a text of several lines.\n"
                                "^C stops an answer, or discards the typed line.\n");
    return WI_TALK_MORE;
}

static enum wi_talk_next take_command(
    struct wi_talk *talk, const char *line, struct wi_buffer *reply)
{
    size_t length = strcspn(line, " \t");
    const char *text = line + length + strspn(line + length, " \t");

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strncmp(line, commands[i].name, length) == 0 && !commands[i].name[length])
            return commands[i].take(talk, text, reply);
    wi_buffer_printf(reply, "There is no command %.*s.\n", (int)length, line);
    return take_help(talk, "", reply);
}

static void talk_add(struct wi_talk *talk, const char *role, json_t *content)
{
    if (!talk->messages)
        talk->messages = json_array();
    json_array_append_new(
        talk->messages, json_pack("{s:s, s:o}", "role", role, "content", content));
}

void wi_talk_set_system(struct wi_talk *talk, const char *text)
{
    free(talk->system);
    talk->system = text && *text ? wi_strdup(text) : NULL;
}

static enum wi_talk_next take_question(
    struct wi_talk *talk, const char *text, size_t length, struct wi_buffer *reply)
{
    json_t *content = json_stringn(text, length);

    if (!content) {
        wi_buffer_puts(reply, "This is not UTF-8.\n");
        return WI_TALK_MORE;
    }
    talk_add(talk, "user", content);
    return WI_TALK_ASK;
}

/* Takes a line of a text after a fence, up to the fence that ends it. */
static enum wi_talk_next take_fenced(
    struct wi_talk *talk, const char *line, struct wi_buffer *reply)
{
    enum wi_talk_next next = WI_TALK_MORE;
    const char *end = strstr(line, FENCE);

    if (talk->lines.size > 0)
        wi_buffer_puts(&talk->lines, "\n");
    wi_buffer_add(&talk->lines, line, end ? (size_t)(end - line) : strlen(line));
    if (!end)
        return WI_TALK_MORE;
    if (talk->lines.size > 0)
        next = take_question(talk, talk->lines.text, talk->lines.size, reply);
    talk->is_fenced = 0;
    wi_buffer_clear(&talk->lines);
    return next;
}

enum wi_talk_next wi_talk_take(struct wi_talk *talk, const char *line, struct wi_buffer *reply)
{
    if (talk->is_fenced)
        return take_fenced(talk, line, reply);
    while (isspace((unsigned char)*line))
        line++;
    if (!*line)
        return WI_TALK_MORE;
    if (strncmp(line, FENCE, strlen(FENCE)) == 0) {
        talk->is_fenced = 1;
        line += strlen(FENCE);
        return *line ? take_fenced(talk, line, reply) : WI_TALK_MORE;
    }
    if (*line == '/')
        return take_command(talk, line, reply);
    return take_question(talk, line, strlen(line), reply);
}

json_t *wi_talk_messages(const struct wi_talk *talk)
{
    json_t *all = json_array();

    if (talk->system)
        json_array_append_new(
            all, json_pack("{s:s, s:s}", "role", "system", "content", talk->system));
    if (talk->messages)
        json_array_extend(all, talk->messages);
    return all;
}

void wi_talk_answered(struct wi_talk *talk, const char *text, size_t length)
{
    json_t *content = length > 0 ? json_stringn(text, length) : NULL;

    if (content)
        talk_add(talk, "assistant", content);
    else
        json_array_remove(talk->messages, json_array_size(talk->messages) - 1);
}

void wi_talk_clear(struct wi_talk *talk)
{
    free(talk->system);
    json_decref(talk->messages);
    wi_buffer_clear(&talk->lines);
    *talk = (struct wi_talk){0};
}
