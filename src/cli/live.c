/*
 * The events of a stream (webinfer-streams(7)) for people. Ending the connection ends the job, so
 * nothing else has to be said to the server when the user stops it.
 */
#include "cli/live.h"

#include "cli/events.h"
#include "cli/infer.h"
#include "cli/plain.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct show {
    const struct wi_live *live;
    struct wi_cli_events events;
    int terminal, progress_terminal; /* standard output is one; standard error is */
    int progressing;                 /* a line of progress stands there */
    int thinking;                    /* what came last was a thought, not the answer */
    char last;                       /* character of text; 0: there was none */
    enum wi_exit result;
    int over; /* done or error came */
};

/* --- parts ----------------------------------------------------------------------------------- */

static void end_progress(struct show *show)
{
    if (show->progressing)
        fputs("\r\033[K", stderr);
    show->progressing = 0;
}

/* What a model says may hold anything; a terminal gets no control characters of it. */
static void put_text(struct show *show, const char *text, size_t length)
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

/* Thoughts are for who watches: dim on a terminal, and not in a file. */
static void put_thought(struct show *show, const json_t *thought)
{
    if (!show->terminal)
        return;
    if (!show->thinking)
        fputs("\033[2m", stdout);
    show->thinking = 1;
    put_text(show, json_string_value(thought), json_string_length(thought));
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
    put_text(show, line.text, line.size);
    wi_buffer_clear(&line);
}

static void put_answer(struct show *show, const json_t *text)
{
    end_thought(show);
    put_text(show, json_string_value(text), json_string_length(text));
    if (show->live->text)
        wi_buffer_add(show->live->text, json_string_value(text), json_string_length(text));
}

/* Of a language model a part's `result` says what its text does not: thoughts, calls of tools, and
 * how it ended. What another model says in it is shown as it is. */
static void on_part(struct show *show, const json_t *part)
{
    const json_t *text = json_object_get(part, "text");
    const json_t *result = json_object_get(part, "result");
    const json_t *tokens = json_object_get(part, "tokens");
    const json_t *thought = json_object_get(result, "reasoning");
    const json_t *calls = json_object_get(result, "tool_calls");

    end_progress(show);
    if (json_is_string(thought))
        put_thought(show, thought);
    if (json_string_length(text) > 0)
        put_answer(show, text);
    if (json_is_array(calls))
        put_json(show, calls);
    else if (!text && !thought && !json_object_get(result, "finish_reason") && (result || tokens))
        put_json(show, result ? result : tokens);
}

/* --- progress -------------------------------------------------------------------------------- */

static double share(const json_t *progress, const char *done, const char *total)
{
    double all = json_number_value(json_object_get(progress, total));

    return all > 0 ? json_number_value(json_object_get(progress, done)) / all : -1;
}

static void on_progress(struct show *show, const json_t *progress)
{
    const char *phase = json_string_value(json_object_get(progress, "phase"));
    const json_t *position = json_object_get(progress, "queue_position");
    double part = share(progress, "loaded_bytes", "total_bytes");

    if (!show->progress_terminal || show->last || !phase)
        return;
    end_progress(show);
    wi_plain_print(stderr, phase);
    if (part < 0)
        part = share(progress, "done", "total");
    if (part >= 0)
        fprintf(stderr, " %.0f %%", part * 100);
    if (json_is_integer(position))
        fprintf(stderr, ", number %lld", (long long)json_integer_value(position));
    show->progressing = 1;
}

/* --- the end --------------------------------------------------------------------------------- */

static void end_line(struct show *show)
{
    end_progress(show);
    end_thought(show);
    if (show->last && show->last != '\n')
        putchar('\n');
    fflush(stdout);
}

/* With text on standard output, what ran it is for whoever watches. */
static void on_done(struct show *show, const json_t *answer)
{
    struct wi_buffer text = {0};
    FILE *out;

    if (!show->last) /* it came in one piece */
        put_answer(show, wi_json_at(answer, "result.text"));
    end_line(show);
    out = show->last ? stderr : stdout;
    (show->live->describe ? show->live->describe : wi_cli_infer_print)(&text, answer);
    if (text.size > 0 && (out == stdout || show->progress_terminal))
        fputs(text.text, out);
    wi_buffer_clear(&text);
}

static void on_error(struct show *show, const json_t *problem, const char *data, size_t length)
{
    struct wi_rest_answer answer = {
        .status = (long)json_integer_value(json_object_get(problem, "status"))};
    struct wi_cli *cli = show->live->cli;
    int json = cli->json;

    end_line(show);
    if (answer.status < 400)
        answer.status = 500; /* whatever it says, it is an error */
    wi_buffer_add(&answer.body, data, length);
    cli->json = 0; /* it was printed as an event */
    show->result = wi_cli_check(cli, &answer);
    cli->json = json;
    wi_rest_answer_clear(&answer);
}

/* The data as it came, which as JSON is one line, and checked all the same. */
static void put_event(const char *name, const json_t *value, const char *data, size_t length)
{
    struct wi_buffer line = {0};

    wi_buffer_puts(&line, "{\"event\":");
    wi_buffer_json_string(&line, name);
    wi_buffer_puts(&line, ",\"data\":");
    if (value && !memchr(data, '\n', length))
        wi_buffer_add(&line, data, length);
    else if (value)
        wi_buffer_json(&line, value);
    else
        wi_buffer_puts(&line, "null");
    wi_buffer_puts(&line, "}\n");
    fwrite(line.text, 1, line.size, stdout);
    wi_buffer_clear(&line);
}

static void on_event(void *context, const char *name, const char *data, size_t length)
{
    struct show *show = context;
    json_t *value = json_loadb(data, length, JSON_ALLOW_NUL, NULL);

    if (show->live->cli->json)
        put_event(name, value, data, length);
    else if (strcmp(name, "part") == 0)
        on_part(show, value);
    else if (strcmp(name, "progress") == 0)
        on_progress(show, value);
    if (strcmp(name, "done") == 0) {
        show->over = 1;
        show->result = WI_EXIT_OK;
        if (!show->live->cli->json)
            on_done(show, value);
    } else if (strcmp(name, "error") == 0) {
        show->over = 1;
        on_error(show, value, data, length);
    }
    fflush(stdout);
    json_decref(value);
}

static int is_stopped(const struct show *show)
{
    return show->live->is_stopped && show->live->is_stopped();
}

/* Where nothing more can be written the answer is for nobody: ending it here frees its node. */
static int on_bytes(void *context, const char *bytes, size_t size)
{
    struct show *show = context;

    if (is_stopped(show) || ferror(stdout))
        return -1;
    return wi_cli_events_take(&show->events, bytes, size);
}

/* It ended without saying how. */
static void on_break(struct show *show, const struct wi_rest_answer *answer)
{
    end_line(show);
    if (is_stopped(show))
        show->result = WI_EXIT_OK;
    else if (ferror(stdout)) /* which main complains of */
        show->result = WI_EXIT_FAILED;
    else if (show->last || answer->events)
        fprintf(stderr, "webinfer: the stream broke off%s%s\n", *answer->failure ? ": " : "",
            answer->failure);
    else
        show->result = wi_cli_check(show->live->cli, answer);
}

enum wi_exit wi_cli_live(const struct wi_live *live, struct wi_rest_request *request)
{
    struct show show = {.live = live,
        .terminal = isatty(STDOUT_FILENO),
        .progress_terminal = isatty(STDERR_FILENO),
        .result = WI_EXIT_FAILED};
    struct wi_rest_answer answer;

    show.events = (struct wi_cli_events){.on_event = on_event, .context = &show};
    request->on_events = on_bytes;
    request->is_cancelled = live->is_stopped;
    request->context = &show;
    wi_rest_exchange(&live->cli->rest, request, &answer);
    end_progress(&show);
    if (!show.over)
        on_break(&show, &answer);
    wi_cli_events_clear(&show.events);
    wi_rest_answer_clear(&answer);
    return show.result;
}
