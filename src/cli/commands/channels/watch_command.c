/*
 * webinfer watch: what becomes of requests, and the vectors that they make, as they come. Each
 * message of the channels is a line of JSON, as the daemon sent it.
 */
#include "cli/commands/commands.h"

#include "cli/events.h"
#include <stdio.h>
#include <string.h>

static void on_event(void *context, const char *name, const json_t *value)
{
}

static void on_end(void *context)
{
}

/* The stream has no end of its own: ^C is how it usually ends. */
static enum wi_exit on_break(void *context, const struct wi_rest_answer *answer)
{
    const struct wi_cli *cli = context;

    if (wi_cli_is_interrupted() || ferror(stdout))
        return WI_EXIT_OK;
    if (!answer->events)
        return wi_cli_check(cli, answer);
    return wi_cli_fail(WI_EXIT_NO_SERVER, "the daemon has ended the stream: %s",
        *answer->failure ? answer->failure : "it stops, or was given another configuration");
}

static char separator_of(const struct wi_buffer *path)
{
    return strchr(path->text, '?') ? '&' : '?';
}

/* The values of a repeatable option, separated by commas. */
static void add_values(struct wi_buffer *path, const struct wi_arguments *arguments,
    const char *option, const char *name)
{
    struct wi_buffer values = {0};
    const char *value;

    for (size_t i = 0; (value = wi_argument_at(arguments, option, i)); i++)
        wi_buffer_strings(&values, i ? "," : "", value, NULL);
    wi_rest_add_argument(path, separator_of(path), name, values.text);
    wi_buffer_clear(&values);
}

enum wi_exit wi_cli_watch(struct wi_cli *cli)
{
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_buffer path = {0};
    struct wi_cli_stream stream = {.cli = cli,
        .bare = 1,
        .stops = 1,
        .needs_output = 1,
        .on_event = on_event,
        .on_end = on_end,
        .on_break = on_break,
        .context = cli};

    wi_buffer_puts(&path, "/v1/channels");
    add_values(&path, arguments, "channel", "names");
    add_values(&path, arguments, "model", "models");
    wi_rest_add_argument(&path, separator_of(&path), "recent", wi_argument(arguments, "recent"));
    struct wi_rest_request request = {.path = path.text, .accept = "text/event-stream"};
    enum wi_exit result = wi_cli_stream(&stream, &request);
    wi_buffer_clear(&path);
    return result;
}
