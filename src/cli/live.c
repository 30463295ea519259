/*
 * Shows the events of a stream (webinfer-streams(7)) to people. Ending the connection ends the job,
 * so the server needs no other message when the user stops it.
 */
#include "cli/commands/infer.h"
#include "cli/events.h"
#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct show {
    const struct wi_live *live;
    int terminal; /* standard output is one */
    struct wi_cli_progress progress;
    int thinking; /* the last text was a thought, not the answer */
    char last;    /* last character of text; 0: none yet */
};

/* A model's text may hold anything, so a terminal gets none of its control characters. */
static void put_output(struct show *show, const char *text, size_t length)
{
    struct wi_buffer plain = {0};

    if (length == 0)
        return;
    if (show->terminal)
        wi_plain(&plain, text, length, "\n\t");
    fwrite(show->terminal ? plain.text : text, 1, show->terminal ? plain.size : length, stdout);
    wi_buffer_clear(&plain);
    show->last = text[length - 1];
}

/* Thoughts are shown dim on a terminal and are not written to a file. */
static void put_thought(struct show *show, const json_t *thought)
{
    if (!show->terminal)
        return;
    if (!show->thinking)
        fputs("\033[2m", stdout);
    show->thinking = 1;
    put_output(show, json_string_value(thought), json_string_length(thought));
}

static void end_thought(struct show *show)
{
    if (show->thinking)
        fputs(show->last == '\n' ? "\033[0m\n" : "\033[0m\n\n", stdout);
    show->thinking = 0;
}

static void put_json(struct show *show, const json_t *value)
{
    struct wi_buffer line = {0};

    wi_buffer_json(&line, value);
    wi_buffer_puts(&line, "\n");
    put_output(show, line.text, line.size);
    wi_buffer_clear(&line);
}

static void put_answer(struct show *show, const json_t *text)
{
    end_thought(show);
    put_output(show, json_string_value(text), json_string_length(text));
    if (show->live->text)
        wi_buffer_add(show->live->text, json_string_value(text), json_string_length(text));
}

/* A part of a language model has in `result` what its text does not: thoughts, tool calls, and how
 * it ended. The `result` of another model is printed unchanged. */
static void on_part(struct show *show, const json_t *part)
{
    const json_t *text = json_object_get(part, "text");
    const json_t *result = json_object_get(part, "result");
    const json_t *tokens = json_object_get(part, "tokens");
    const json_t *thought = json_object_get(result, "reasoning");
    const json_t *calls = json_object_get(result, "tool_calls");

    wi_cli_progress_end(&show->progress);
    if (json_is_string(thought))
        put_thought(show, thought);
    if (json_string_length(text) > 0)
        put_answer(show, text);
    if (json_is_array(calls))
        put_json(show, calls);
    else if (!text && !thought && !json_object_get(result, "finish_reason") && (result || tokens))
        put_json(show, result ? result : tokens);
}

static double progress_share(const json_t *progress, const char *done, const char *total)
{
    double all = json_number_value(json_object_get(progress, total));

    return all > 0 ? json_number_value(json_object_get(progress, done)) / all : -1;
}

static void on_progress(struct show *show, const json_t *progress)
{
    const char *phase = wi_json_text(progress, "phase");
    const json_t *position = json_object_get(progress, "queue_position");
    double part = progress_share(progress, "loaded_bytes", "total_bytes");
    struct wi_buffer line = {0};

    if (!show->progress.terminal || show->last || !phase)
        return;
    wi_plain(&line, phase, strlen(phase), "");
    if (part < 0)
        part = progress_share(progress, "done", "total");
    if (part >= 0)
        wi_buffer_printf(&line, " %.0f %%", part * 100);
    if (json_is_integer(position))
        wi_table_fill(&line, ", number {}", position);
    wi_cli_progress_put(&show->progress, line.text);
    wi_buffer_clear(&line);
}

static void end_line(void *context)
{
    struct show *show = context;

    wi_cli_progress_end(&show->progress);
    end_thought(show);
    if (show->last && show->last != '\n')
        putchar('\n');
    fflush(stdout);
}

/* With text on standard output, the line about where it ran goes to standard error, and only to a
 * terminal. */
static void on_done(struct show *show, const json_t *answer)
{
    struct wi_buffer text = {0};

    if (!show->last) /* it came in one piece */
        put_answer(show, wi_json_at(answer, "result.text"));
    end_line(show);
    FILE *out = show->last ? stderr : stdout;
    (show->live->describe ? show->live->describe : wi_cli_infer_print)(&text, answer);
    if (out == stdout || show->progress.terminal)
        wi_plain_flush(out, &text);
    wi_buffer_clear(&text);
}

static void on_event(void *context, const char *name, const json_t *value)
{
    struct show *show = context;

    if (show->live->cli->json)
        return;
    if (strcmp(name, "part") == 0)
        on_part(show, value);
    else if (strcmp(name, "progress") == 0)
        on_progress(show, value);
    else if (strcmp(name, "done") == 0)
        on_done(show, value);
}

static enum wi_exit on_break(void *context, const struct wi_rest_answer *answer)
{
    struct show *show = context;

    if (wi_cli_is_interrupted())
        return WI_EXIT_OK;
    if (ferror(stdout)) /* main prints the error */
        return WI_EXIT_FAILED;
    if (!show->last && !answer->events)
        return wi_cli_check(show->live->cli, answer);
    return wi_cli_fail(
        WI_EXIT_FAILED, "the stream broke off%s%s", *answer->failure ? ": " : "", answer->failure);
}

/* When nothing more can be written, the answer has no reader, so ending it frees its node. */
enum wi_exit wi_cli_live(const struct wi_live *live, struct wi_rest_request *request)
{
    struct show show = {
        .live = live, .terminal = isatty(STDOUT_FILENO), .progress = wi_cli_progress_begin()};
    struct wi_cli_stream stream = {.cli = live->cli,
        .lines = live->cli->json,
        .stops = live->stops,
        .needs_output = 1,
        .on_event = on_event,
        .on_end = end_line,
        .on_break = on_break,
        .context = &show};

    return wi_cli_stream(&stream, request);
}
