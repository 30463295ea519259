/* See progress.h. */
#include "cli/progress.h"

#include "cli/bar.h"
#include "cli/events.h"
#include "cli/text_table.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Without a terminal, a line is printed for each such share of the whole. */
#define STEP 0.1

unsigned wi_cli_progress_columns(void)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return 79;
    return size.ws_col - 1u; /* the last one would break the line */
}

struct wi_cli_progress wi_cli_progress_begin(void)
{
    return (struct wi_cli_progress){.terminal = isatty(STDERR_FILENO), ._told = -1};
}

void wi_cli_progress_end(struct wi_cli_progress *progress)
{
    if (progress->_drawn)
        fputs("\r\033[K", stderr);
    progress->_drawn = 0;
}

void wi_cli_progress_put(struct wi_cli_progress *progress, const char *line)
{
    fprintf(stderr, "\r%s\033[K", line ? line : "");
    progress->_drawn = 1;
}

/* `text` NULL: as a bar. */
static void progress_draw(struct wi_cli_progress *progress, const char *text, const json_t *state)
{
    struct wi_buffer line = {0};

    if (text)
        wi_table_fill(&line, text, state);
    else
        wi_bar_line(&line, state, wi_cli_progress_columns());
    wi_cli_progress_put(progress, line.text);
    wi_buffer_clear(&line);
}

static void put_line(struct wi_cli_progress *progress, const json_t *state)
{
    const char *name = wi_json_text(state, "state");
    double share = wi_bar_share(state);
    struct wi_buffer line = {0};

    if (!name || (strcmp(name, progress->_state) == 0 && share < progress->_told + STEP))
        return;
    snprintf(progress->_state, sizeof progress->_state, "%s", name);
    progress->_told = floor(share / STEP) * STEP;
    wi_bar_line(&line, state, 0);
    fprintf(stderr, "%s\n", line.text ? line.text : "");
    wi_buffer_clear(&line);
}

void wi_cli_progress_show(struct wi_cli_progress *progress, const json_t *state)
{
    if (progress->terminal)
        progress_draw(progress, NULL, state);
    else
        put_line(progress, state);
}

struct following {
    const struct wi_cli_follow *follow;
    struct wi_cli_progress progress;
};

static void end_bar(void *context)
{
    struct following *following = context;

    wi_cli_progress_end(&following->progress);
}

static void on_event(void *context, const char *name, const json_t *value)
{
    struct following *following = context;
    const struct wi_cli_follow *follow = following->follow;

    if (strcmp(name, "progress") == 0 && follow->text && following->progress.terminal)
        progress_draw(&following->progress, follow->text, value);
    else if (strcmp(name, "progress") == 0 && !follow->text && !follow->lines)
        wi_cli_progress_show(&following->progress, value);
    else if (strcmp(name, "done") == 0)
        end_bar(following);
}

static enum wi_exit on_break(void *context, const struct wi_rest_answer *answer)
{
    const struct following *following = context;
    const struct wi_cli_follow *follow = following->follow;

    if (wi_cli_is_interrupted())
        return wi_cli_fail(WI_EXIT_FAILED, "%s", follow->stopped);
    if (!answer->events)
        return wi_cli_check(follow->cli, answer);
    return wi_cli_fail(WI_EXIT_NO_SERVER, "the connection to the daemon was lost: %s%s",
        *answer->failure ? answer->failure : "it ended in the middle", follow->lost);
}

enum wi_exit wi_cli_follow(const struct wi_cli_follow *follow, struct wi_rest_request *request)
{
    struct following following = {.follow = follow, .progress = wi_cli_progress_begin()};
    struct wi_cli_stream stream = {.cli = follow->cli,
        .lines = follow->lines,
        .stops = 1,
        .on_event = on_event,
        .on_end = end_bar,
        .on_break = on_break,
        .done = follow->done,
        .context = &following};

    return wi_cli_stream(&stream, request);
}
