#include "cli/talk.h"

#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- commands -------------------------------------------------------------------------------- */

static enum wi_talk_next take_system(
    struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    wi_talk_set_system(talk, text);
    wi_buffer_puts(reply, *text ? "The model is told so from now on.\n"
                                : "There is no instruction to the model any more.\n");
    return WI_TALK_MORE;
}

static enum wi_talk_next take_reset(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    json_decref(talk->messages);
    talk->messages = NULL;
    wi_buffer_puts(reply, "The conversation begins anew.\n");
    return WI_TALK_MORE;
}

static enum wi_talk_next take_exit(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    return WI_TALK_END;
}

static enum wi_talk_next take_help(struct wi_talk *talk, const char *text, struct wi_buffer *reply);

static const struct command {
    const char *name, *argument, *help;
    enum wi_talk_next (*take)(struct wi_talk *talk, const char *text, struct wi_buffer *reply);
} commands[] = {
    {"/system", "TEXT", "instruct the model; without TEXT, take that back", take_system},
    {"/reset", "", "forget what was said", take_reset},
    {"/help", "", "this list", take_help},
    {"/exit", "", "end; so does ^D", take_exit},
};

static enum wi_talk_next take_help(struct wi_talk *talk, const char *text, struct wi_buffer *reply)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        wi_buffer_printf(reply, "%s%s%-*s  %s\n", commands[i].name,
            *commands[i].argument ? " " : "", (int)(14 - strlen(commands[i].name)),
            commands[i].argument, commands[i].help);
    wi_buffer_puts(reply, "^C stops an answer, or drops what is typed.\n");
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

/* --- messages -------------------------------------------------------------------------------- */

static void add(struct wi_talk *talk, const char *role, json_t *content)
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

enum wi_talk_next wi_talk_take(struct wi_talk *talk, const char *line, struct wi_buffer *reply)
{
    json_t *content;

    while (isspace((unsigned char)*line))
        line++;
    if (!*line)
        return WI_TALK_MORE;
    if (*line == '/')
        return take_command(talk, line, reply);
    content = json_string(line);
    if (!content) {
        wi_buffer_puts(reply, "This is not UTF-8.\n");
        return WI_TALK_MORE;
    }
    add(talk, "user", content);
    return WI_TALK_ASK;
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
        add(talk, "assistant", content);
    else
        json_array_remove(talk->messages, json_array_size(talk->messages) - 1);
}

void wi_talk_clear(struct wi_talk *talk)
{
    free(talk->system);
    json_decref(talk->messages);
    *talk = (struct wi_talk){0};
}
