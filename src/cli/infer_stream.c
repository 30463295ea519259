/*
 * webinfer infer --stream: what comes is shown as it comes. The text of the parts goes to standard
 * output, how far it is to the terminal; ^C ends the program, and with its connection the job.
 */
#include "cli/infer.h"

#include "cli/events.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct show {
    struct wi_cli *cli;
    struct wi_cli_events events;
    int terminal, progress_terminal; /* standard output is one; standard error is */
    int progressing;                 /* a line of progress stands there */
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
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        int control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
        putchar(show->terminal && control ? '?' : c);
    }
    if (length > 0)
        show->last = text[length - 1];
}

static void put_json(struct show *show, const json_t *value)
{
    struct wi_buffer line = {0};

    wi_buffer_json(&line, value);
    wi_buffer_puts(&line, "\n");
    put_text(show, line.text, line.size);
    wi_buffer_clear(&line);
}

static void on_part(struct show *show, const json_t *part)
{
    const json_t *text = json_object_get(part, "text");
    const json_t *result = json_object_get(part, "result");
    const json_t *tokens = json_object_get(part, "tokens");

    end_progress(show);
    if (text)
        put_text(show, json_string_value(text), json_string_length(text));
    else if (result || tokens)
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
    for (const char *at = phase; *at; at++)
        fputc((unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at, stderr);
    if (part < 0)
        part = share(progress, "done", "total");
    if (part >= 0)
        fprintf(stderr, " %.0f %%", part * 100);
    if (json_is_integer(position))
        fprintf(stderr, ", number %lld", (long long)json_integer_value(position));
    show->progressing = 1;
}

/* --- the end --------------------------------------------------------------------------------- */

/* With text on standard output, what ran it is for whoever watches. */
static void on_done(struct show *show, const json_t *answer)
{
    struct wi_buffer text = {0};
    FILE *out = show->last ? stderr : stdout;

    end_progress(show);
    if (show->last && show->last != '\n')
        putchar('\n');
    wi_cli_infer_print(&text, answer);
    if (text.size > 0 && (out == stdout || show->progress_terminal))
        fputs(text.text, out);
    wi_buffer_clear(&text);
}

static void on_error(struct show *show, const json_t *problem, const char *data, size_t length)
{
    struct wi_rest_answer answer = {
        .status = (long)json_integer_value(json_object_get(problem, "status"))};
    int json = show->cli->json;

    end_progress(show);
    if (show->last && show->last != '\n')
        putchar('\n');
    fflush(stdout);
    if (answer.status < 400)
        answer.status = 500; /* whatever it says, it is an error */
    wi_buffer_add(&answer.body, data, length);
    show->cli->json = 0; /* it was printed as an event */
    show->result = wi_cli_check(show->cli, &answer);
    show->cli->json = json;
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

    if (show->cli->json)
        put_event(name, value, data, length);
    else if (strcmp(name, "part") == 0)
        on_part(show, value);
    else if (strcmp(name, "progress") == 0)
        on_progress(show, value);
    if (strcmp(name, "done") == 0) {
        show->over = 1;
        show->result = WI_EXIT_OK;
        if (!show->cli->json)
            on_done(show, value);
    } else if (strcmp(name, "error") == 0) {
        show->over = 1;
        on_error(show, value, data, length);
    }
    fflush(stdout);
    json_decref(value);
}

static int on_bytes(void *context, const char *bytes, size_t size)
{
    struct show *show = context;

    return wi_cli_events_take(&show->events, bytes, size);
}

enum wi_exit wi_cli_infer_stream(struct wi_cli *cli, struct wi_rest_request *request)
{
    struct show show = {.cli = cli,
        .terminal = isatty(STDOUT_FILENO),
        .progress_terminal = isatty(STDERR_FILENO),
        .result = WI_EXIT_FAILED};
    struct wi_rest_answer answer;

    show.events = (struct wi_cli_events){.on_event = on_event, .context = &show};
    request->on_events = on_bytes;
    request->context = &show;
    wi_rest_exchange(&cli->rest, request, &answer);
    end_progress(&show);
    if (!show.over && (show.last || answer.events)) {
        if (show.last && show.last != '\n')
            putchar('\n');
        fprintf(stderr, "webinfer: the stream broke off%s%s\n", *answer.failure ? ": " : "",
            answer.failure);
    } else if (!show.over) {
        show.result = wi_cli_check(cli, &answer);
    }
    wi_cli_events_clear(&show.events);
    wi_rest_answer_clear(&answer);
    return show.result;
}
