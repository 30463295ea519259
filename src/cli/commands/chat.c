/* webinfer chat: a conversation with a model, its answers shown as they come. */
#include "cli/commands/commands.h"
#include "cli/commands/text_command.h"
#include "cli/events.h"
#include "cli/line.h"
#include "cli/plain.h"
#include "cli/state.h"
#include "cli/talk.h"
#include "cli/usage.h"

#include "base/memory.h"
#include "terms/format/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file of the history of typed lines, NULL if there is no place for it. The caller frees it. */
static char *find_history(void)
{
    char *folder = wi_cli_state_folder();
    char *file = folder ? wi_sprintf("%s/chat_history", folder) : NULL;
    free(folder);
    return file;
}

/* Sends one question; its answer goes to the screen and into the conversation. ^C stops it. */
static enum wi_exit chat_ask(struct wi_cli *cli, struct wi_talk *talk)
{
    struct wi_buffer text = {0};
    struct wi_live live = {.cli = cli, .text = &text, .stops = 1, .describe = wi_text_describe};
    enum wi_exit result =
        wi_text_stream(&live, json_pack("{s:o}", "messages", wi_talk_messages(talk)));

    wi_talk_answered(talk, text.text, text.size);
    wi_buffer_clear(&text);
    return result;
}

/* A wrong model or option stays wrong, and a server that does not answer will not answer the next
 * question. An error of this question alone lets the conversation go on if a person can type
 * another one. */
static int goes_on(enum wi_exit result, const struct wi_line *line)
{
    return result == WI_EXIT_OK || (result == WI_EXIT_FAILED && wi_line_is_terminal(line));
}

static enum wi_exit chat_converse(struct wi_cli *cli, struct wi_line *line, struct wi_talk *talk)
{
    enum wi_exit result = WI_EXIT_OK;
    enum wi_talk_next next = WI_TALK_MORE;
    const char *typed;

    while (next != WI_TALK_END && goes_on(result, line) &&
           (typed = wi_line_read(line, talk->is_fenced ? ". " : "> "))) {
        struct wi_buffer reply = {0};
        next = wi_talk_take(talk, typed, &reply);
        wi_plain_flush(stderr, &reply);
        if (next == WI_TALK_ASK)
            result = chat_ask(cli, talk);
    }
    if (!typed && wi_line_is_terminal(line))
        putchar('\n');
    return result;
}

enum wi_exit wi_cli_ask(struct wi_cli *cli, const char *question)
{
    struct wi_talk talk = {0};
    json_t *content = json_string(question);
    enum wi_exit result = WI_EXIT_USAGE;

    wi_talk_set_system(&talk, wi_argument(&cli->arguments, "system"));
    if (content) {
        talk.messages = json_pack("[{s:s, s:O}]", "role", "user", "content", content);
        result = chat_ask(cli, &talk);
    } else {
        wi_cli_fail(result, "the text is not UTF-8");
    }
    json_decref(content);
    wi_talk_clear(&talk);
    return result;
}

/* Checks the model before a person types a line that no model would answer. */
static enum wi_exit check_model(const struct wi_cli *cli, const char *name)
{
    struct wi_rest_answer answer;
    struct wi_error error = {0};
    json_t *model;

    if (wi_model_check_name(name, &error) != WI_OK)
        return wi_cli_complain(&error);
    wi_cli_ask_model(cli, name, &answer);
    enum wi_exit result = wi_cli_take(cli, &answer, &model);
    if (result == WI_EXIT_OK && wi_usage_of_text(model) != WI_USAGE_CHAT) {
        fprintf(stderr, "webinfer: %s is not a model that can chat\n  ", name);
        wi_usage_explain(stderr, name, model);
        result = WI_EXIT_FAILED;
    }
    json_decref(model);
    return result;
}

enum wi_exit wi_cli_chat(struct wi_cli *cli)
{
    enum wi_exit result = check_model(cli, cli->arguments.positionals[0]);

    return result == WI_EXIT_OK ? wi_cli_talk(cli) : result;
}

enum wi_exit wi_cli_talk(struct wi_cli *cli)
{
    struct wi_talk talk = {0};
    int keep = !wi_argument_given(&cli->arguments, "no-history");
    char *history = keep ? find_history() : NULL;
    struct wi_line *line = wi_line_new(history);
    struct sigaction before;

    wi_talk_set_system(&talk, wi_argument(&cli->arguments, "system"));
    sigaction(SIGINT, NULL, &before);
    if (wi_line_is_terminal(line)) {
        fprintf(stderr, "%s; /help lists the commands.\n", cli->arguments.positionals[0]);
        wi_cli_catch(SIGINT, NULL); /* between an answer and the next line, too */
    }
    enum wi_exit result = chat_converse(cli, line, &talk);
    sigaction(SIGINT, &before, NULL);
    wi_line_free(line);
    wi_talk_clear(&talk);
    free(history);
    return result;
}
