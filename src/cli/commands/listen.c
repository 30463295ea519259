/*
 * webinfer transcribe --live: sends sound as it comes, and prints the words as the daemon
 * recognises them. One exchange receives the events, while another sends the next piece. Each
 * continues where it was when its connection breaks: the sound by its position, the events by their
 * ids.
 */
#include "cli/commands/commands.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "cli/commands/infer.h"
#include "cli/events.h"
#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/sound.h"
#include "cli/text_table.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)256 << 10) /* of a request; the daemon takes up to 1 MiB */
#define READ_SIZE ((size_t)64 << 10)
#define REQUEST_MS 60000
#define REMOVE_MS 10000
#define WAIT_MS 250       /* time between checks for ^C */
#define ALIVE_MS 5000     /* without sound, the daemon is told this often that we are here */
#define GIVE_UP_MS 30000  /* how long a lost daemon is retried */
#define RETRY_MS 100      /* after the first failure; twice as long after each further one */
#define RETRY_DOUBLED 5   /* as often at most */
#define LAG_SHOWN_MS 2000 /* a smaller lag is normal */

/* One of the two exchanges with the stream, which is repeated. */
struct way {
    struct wi_rest_request request;
    struct wi_rest_answer answer;
    char *path;
    int busy;
    double not_before_ms;
    double failing_since_ms;
    unsigned failures; /* one after another */
};

struct listening {
    struct wi_cli *cli;
    struct wi_rest_calls *calls;
    int file;
    int read_all; /* nothing more is read of it */
    struct wi_sound_input sound;
    char *stream;           /* its path; NULL: there is none */
    struct wi_buffer piece; /* sound that the daemon has not confirmed */
    uint64_t position;      /* position of its first byte in the stream */
    double sent_ms;
    struct way sending, hearing;
    int ending, ended; /* the end of the sound was sent, was confirmed */
    struct wi_cli_events events;
    int is_done; /* all has been told */
    int is_over; /* no more results can come, or the user wants no more */
    enum wi_exit result;
    struct wi_cli_progress progress; /* the text that may change, on a terminal */
    double lag_ms;
};

/* --- showing ---------------------------------------------------------------------------------- */

static void listening_finish(struct listening *listening, enum wi_exit result)
{
    wi_cli_progress_end(&listening->progress);
    listening->is_over = 1;
    listening->result = result;
}

/* Shows the text of the open segment so far on one line; if it is too long, its end. */
static void partial_draw(struct listening *listening, const json_t *partial)
{
    const char *text = wi_json_text(partial, "text");
    struct wi_buffer line = {0};

    if (!listening->progress.terminal || !text)
        return;
    if (listening->lag_ms > LAG_SHOWN_MS)
        wi_buffer_printf(&line, "[%.0f s behind] ", listening->lag_ms / 1000);
    wi_plain(&line, text, strlen(text), "");
    const char *shown = line.text ? line.text : "";
    while (wi_table_width(shown) > (int)wi_cli_progress_columns()) {
        do
            shown++;
        while ((*shown & 0xc0) == 0x80); /* the rest of a character */
    }
    char *dim = wi_sprintf("\033[2m%s\033[0m", shown);
    wi_cli_progress_put(&listening->progress, dim);
    free(dim);
    wi_buffer_clear(&line);
}

static void print_final(struct listening *listening, const json_t *final)
{
    const char *text = wi_json_text(final, "text");
    struct wi_buffer plain = {0};

    wi_cli_progress_end(&listening->progress);
    if (!text || !*text)
        return; /* a sound without speech */
    wi_plain(&plain, text, strlen(text), "\t");
    wi_buffer_puts(&plain, "\n");
    wi_plain_flush(stdout, &plain);
}

/* A segment that failed, while the others are still shown; without a segment, the failure of the
 * whole stream. */
static void listening_complain(
    struct listening *listening, const json_t *problem, const char *data, size_t length)
{
    const json_t *segment = json_object_get(problem, "segment");

    wi_cli_progress_end(&listening->progress);
    if (json_is_integer(segment))
        fprintf(
            stderr, "webinfer: segment %lld has no text\n", (long long)json_integer_value(segment));
    listening->result = wi_cli_event_complain(listening->cli, problem, data, length);
    listening->is_over = !json_is_integer(segment);
}

static void on_event(void *context, const char *name, const char *data, size_t length)
{
    struct listening *listening = context;
    json_t *value = json_loadb(data, length, JSON_ALLOW_NUL, NULL);

    listening->hearing.failures = 0;
    if (listening->cli->json)
        wi_cli_event_print(name, value, data, length);
    if (strcmp(name, "error") == 0)
        listening_complain(listening, value, data, length);
    else if (strcmp(name, "done") == 0)
        listening->is_done = 1;
    else if (strcmp(name, "lag") == 0)
        listening->lag_ms = wi_json_number(value, "lag_ms");
    else if (strcmp(name, "partial") == 0 && !listening->cli->json)
        partial_draw(listening, value);
    else if (strcmp(name, "final") == 0 && !listening->cli->json)
        print_final(listening, value);
    fflush(stdout);
    json_decref(value);
}

static int take_events(void *context, const char *bytes, size_t size)
{
    struct listening *listening = context;

    return wi_cli_events_take(&listening->events, bytes, size);
}

/* --- the two ways ----------------------------------------------------------------------------- */

/* Begins the exchange of `request` with `path`, which is taken over. */
static void way_begin(struct listening *listening, struct way *way, char *path)
{
    free(way->path);
    way->path = path;
    way->request.path = path;
    way->busy = 1;
    wi_rest_calls_begin(listening->calls, &way->request, &way->answer);
}

/* Whether a failed exchange may be tried again, and when. A daemon that has too much sound waiting
 * says when it wants more, as often as it likes. */
static int may_retry(struct way *way)
{
    const struct wi_rest_answer *answer = &way->answer;
    double now = wi_now_ms(), told_ms = 1000 * (double)answer->retry_s;
    unsigned doubled = way->failures < RETRY_DOUBLED ? way->failures : RETRY_DOUBLED;

    if (answer->status == 429) {
        way->not_before_ms = now + (told_ms > 0 ? told_ms : 1000);
        return 1;
    }
    if (answer->untrusted || (answer->status != 0 && answer->status != 503 && !answer->events))
        return 0;
    if (way->failures++ == 0)
        way->failing_since_ms = now;
    way->not_before_ms = now + (told_ms > 0 ? told_ms : (double)(RETRY_MS << doubled));
    return now < way->failing_since_ms + GIVE_UP_MS;
}

static void give_up(struct listening *listening, const struct way *way)
{
    wi_cli_progress_end(&listening->progress);
    if (way->answer.status == 200)
        fputs("webinfer: the daemon keeps ending the stream of events before it is complete\n",
            stderr);
    listening_finish(listening,
        way->answer.status == 200 ? WI_EXIT_FAILED : wi_cli_check(listening->cli, &way->answer));
    if (way->answer.status == 404)
        fputs("  the stream no longer exists: results that were not shown are lost\n", stderr);
}

static void end_exchange(struct way *way)
{
    wi_rest_answer_clear(&way->answer);
    way->busy = 0;
}

/* --- hearing ---------------------------------------------------------------------------------- */

static void go_on_hearing(struct listening *listening)
{
    struct way *way = &listening->hearing;
    struct wi_cli_events *events = &listening->events;

    if (way->busy && way->answer.over) {
        if (!listening->is_done && !may_retry(way))
            give_up(listening, way);
        end_exchange(way);
    }
    if (way->busy || listening->is_done || listening->is_over || wi_now_ms() < way->not_before_ms)
        return;
    /* An event that was cut off comes again as a whole. */
    events->line.size = events->name.size = events->data.size = events->next_id.size = 0;
    events->has_data = events->after_cr = 0;
    way->request = (struct wi_rest_request){.accept = "text/event-stream",
        .after = events->id.size ? events->id.text : NULL,
        .on_events = take_events,
        .context = listening};
    way_begin(listening, way, wi_sprintf("%s/events", listening->stream));
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Takes the position up to which the daemon has the sound: 0, or -1 if that cannot be, because the
 * sound after it is not here. */
static int take_position(struct listening *listening, uint64_t position)
{
    struct wi_buffer *piece = &listening->piece;

    if (position < listening->position || position - listening->position > piece->size)
        return -1;
    size_t had = (size_t)(position - listening->position);
    if (had > 0)
        memmove(piece->text, piece->text + had, piece->size - had);
    piece->size -= had;
    listening->position = position;
    return 0;
}

static void take_answer(struct listening *listening)
{
    struct way *way = &listening->sending;
    uint64_t position, before = listening->position;
    long status = way->answer.status;
    /* A refusal says what it expects. */
    const char *member = status == 409 ? "expected" : "position";

    if (status >= 200 && status < 300 && listening->ending) {
        listening->ended = 1;
    } else if ((status == 200 || status == 409) &&
               wi_cli_read_position(&way->answer, member, &position) == 0 &&
               take_position(listening, position) == 0 &&
               (status == 200 || listening->position > before)) {
        way->failures = 0;
    } else if (status == 200) {
        listening_finish(
            listening, wi_cli_fail(WI_EXIT_FAILED,
                           "the reply about the sound is not an answer from webinferd"));
    } else if (!may_retry(way)) {
        give_up(listening, way);
    }
    end_exchange(way);
}

/* Sends the next piece, or after the last one the end of the sound. */
static void send_next(struct listening *listening)
{
    struct way *way = &listening->sending;
    struct wi_buffer *piece = &listening->piece;
    double now = wi_now_ms();

    if (piece->size == 0)
        wi_sound_input_move(&listening->sound, piece, PIECE);
    way->request = (struct wi_rest_request){.method = "POST", .timeout_ms = REQUEST_MS};
    if (piece->size == 0 && listening->read_all) {
        if (!listening->ending && listening->sound.samples.size > 0)
            fprintf(stderr,
                "webinfer: the sound ends in the middle of a sample; its last %zu bytes are "
                "ignored\n",
                listening->sound.samples.size);
        listening->ending = 1;
        way_begin(listening, way, wi_sprintf("%s/end", listening->stream));
        return;
    }
    if (piece->size == 0 && now < listening->sent_ms + ALIVE_MS)
        return;
    way->request.body = piece->size ? piece->text : "";
    way->request.body_size = piece->size;
    way->request.is_bytes = 1;
    listening->sent_ms = now;
    way_begin(
        listening, way, wi_sprintf("%s?position=%" PRIu64, listening->stream, listening->position));
}

static void go_on_sending(struct listening *listening)
{
    struct way *way = &listening->sending;

    if (way->busy && way->answer.over)
        take_answer(listening);
    if (!way->busy && !listening->ended && !listening->is_over && wi_now_ms() >= way->not_before_ms)
        send_next(listening);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads the available bytes. WI_OK, or why they are no sound. */
static enum wi_code read_some(struct listening *listening, struct wi_error *error)
{
    const char *path = listening->cli->arguments.positionals[0];
    char bytes[READ_SIZE];
    ssize_t n = read(listening->file, bytes, sizeof bytes);

    if (n > 0)
        return wi_sound_input_take(&listening->sound, bytes, (size_t)n, error);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return WI_OK;
    if (n < 0)
        return wi_cli_refuse(error, "%s cannot be read: %s", path, strerror(errno));
    listening->read_all = 1;
    return wi_sound_input_end(&listening->sound, error);
}

/* Waits for the next input or answer, and reads no further ahead than the next piece. */
static void wait_and_read(struct listening *listening)
{
    int wants = !listening->read_all && listening->sound.samples.size < PIECE;
    struct wi_error error = {0};

    if (!wi_rest_calls_wait(listening->calls, wants ? listening->file : -1, WAIT_MS))
        return;
    if (read_some(listening, &error) == WI_OK)
        return;
    listening_finish(listening, WI_EXIT_USAGE);
    wi_cli_complain(&error);
}

/* --- the stream ------------------------------------------------------------------------------- */

static void set_number(const struct wi_arguments *arguments, const char *option, int64_t *number,
    struct wi_error *error)
{
    const char *given = wi_argument(arguments, option);
    char *end;

    if (!given || error->code != WI_OK)
        return;
    errno = 0;
    *number = strtoll(given, &end, 10);
    if (errno != 0 || end == given || *end || *number <= 0)
        wi_cli_refuse(error, "--%s takes a number, not \"%.40s\"", option, given);
}

/* Reads the user's form of raw samples; the daemon checks whether it takes such samples. */
static enum wi_code read_form(
    const struct wi_arguments *arguments, struct wi_sound_form *form, struct wi_error *error)
{
    const char *encoding = wi_argument(arguments, "encoding");

    form->encoding = encoding;
    set_number(arguments, "rate", &form->rate, error);
    set_number(arguments, "channels", &form->channels, error);
    if (error->code == WI_OK && encoding && strcmp(encoding, "s16le") != 0 &&
        strcmp(encoding, "f32le") != 0) {
        wi_cli_refuse(error, "--encoding %.40s is none", encoding);
        wi_error_allow(error, "s16le, f32le");
    }
    return error->code;
}

static void ask_translation(json_t *request, const struct wi_arguments *arguments)
{
    json_t *options = json_object_get(request, "options");

    if (!wi_argument_given(arguments, "translate"))
        return;
    if (!options) {
        options = json_object();
        json_object_set_new(request, "options", options);
    }
    json_object_set_new(options, "translate", json_true());
}

/* A new reference, or NULL with `error`. Texts that may change are requested only if they are
 * shown. */
static json_t *make_request(const struct listening *listening, struct wi_error *error)
{
    const struct wi_arguments *arguments = &listening->cli->arguments;
    const struct wi_sound_form *form = &listening->sound.form;
    const char *language = wi_argument(arguments, "language");
    const char *pause = wi_argument(arguments, "pause");
    json_t *request = json_pack("{s:s*, s:s, s:I, s:I, s:b, s:s*}", "model_name",
        wi_argument(arguments, "live"), "format", form->encoding, "sampling_rate",
        (json_int_t)form->rate, "channels", (json_int_t)form->channels, "partials",
        listening->progress.terminal || listening->cli->json, "language", language);
    int64_t ms;
    long timeout_ms;

    if (!request)
        wi_cli_refuse(error, "the model or the language is not UTF-8");
    else if (pause && wi_parse_duration(pause, &ms) != 0)
        wi_cli_refuse(error, "--pause needs a duration such as 500ms or 1s, not \"%.40s\"", pause);
    else if (pause)
        json_object_set_new(request, "pause_ms", json_integer(ms));
    if (error->code == WI_OK &&
        wi_cli_infer_choices(request, arguments, &timeout_ms, error) == WI_OK) {
        ask_translation(request, arguments);
        return request;
    }
    json_decref(request);
    return NULL;
}

static enum wi_exit open_stream(struct listening *listening)
{
    struct wi_error error = {0};
    json_t *request = make_request(listening, &error), *told;

    if (!request)
        return wi_cli_complain(&error);
    enum wi_exit result = wi_cli_exchange(listening->cli,
        &(struct wi_rest_request){
            .path = "/v1/audio/streams", .json = request, .timeout_ms = REQUEST_MS},
        &told);
    const char *id = wi_json_text(told, "id");
    if (result == WI_EXIT_OK && wi_cli_is_id(id))
        listening->stream = wi_sprintf("/v1/audio/streams/%s", id);
    else if (result == WI_EXIT_OK)
        result = wi_cli_fail(
            WI_EXIT_FAILED, "the reply about the stream is not an answer from webinferd");
    json_decref(told);
    return result;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The first ^C ends the sound and waits for its texts; the second ends the wait as well. */
static void look_for_interrupts(struct listening *listening)
{
    int interrupts = wi_cli_is_interrupted();

    if (interrupts > 1 || (interrupts && !listening->stream)) {
        listening_finish(listening, WI_EXIT_FAILED);
        fputs("webinfer: stopped\n", stderr);
    } else if (interrupts && !listening->read_all) {
        listening->read_all = 1;
        wi_cli_progress_end(&listening->progress);
        fputs("webinfer: the sound ends here; press ^C again to stop waiting for text\n", stderr);
    }
    if (ferror(stdout)) /* which main complains of */
        listening_finish(listening, WI_EXIT_FAILED);
}

/* The stream can be opened once the form of the sound is known. */
static void listening_follow(struct listening *listening)
{
    while (!listening->sound.known && !listening->is_over) {
        wait_and_read(listening);
        look_for_interrupts(listening);
    }
    if (!listening->is_over)
        listening->result = open_stream(listening);
    if (!listening->stream)
        return;
    while (!listening->is_done && !listening->is_over) {
        go_on_hearing(listening);
        go_on_sending(listening);
        wait_and_read(listening);
        look_for_interrupts(listening);
    }
    wi_cli_progress_end(&listening->progress);
    if (!listening->is_done) /* the remaining work of the daemon has no reader */
        wi_cli_tell(listening->cli,
            &(struct wi_rest_request){
                .path = listening->stream, .method = "DELETE", .timeout_ms = REMOVE_MS});
}

static enum wi_code check_options(const struct wi_arguments *arguments, struct wi_error *error)
{
    static const char *const places[] = {"platform", "browser", "node", "timeout"};
    const char *format = wi_argument(arguments, "format");

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (wi_argument_given(arguments, places[i]))
            return wi_cli_refuse(error,
                "--%s and --live cannot be combined: the server chooses the node for each segment, "
                "and a stream has no time limit",
                places[i]);
    if (wi_argument_given(arguments, "model"))
        return wi_cli_refuse(
            error, "--model and --live cannot be combined: --live names the model");
    if (format && strcmp(format, "text") != 0)
        return wi_cli_refuse(error,
            "--format %.40s and --live cannot be combined: omit --live, or use --json, which "
            "prints each event as a line",
            format);
    return WI_OK;
}

static void listening_clear(struct listening *listening)
{
    wi_rest_calls_free(listening->calls);
    wi_rest_answer_clear(&listening->sending.answer);
    wi_rest_answer_clear(&listening->hearing.answer);
    free(listening->sending.path);
    free(listening->hearing.path);
    free(listening->stream);
    wi_cli_events_clear(&listening->events);
    wi_sound_input_clear(&listening->sound);
    wi_buffer_clear(&listening->piece);
    if (listening->file != STDIN_FILENO)
        wi_close(listening->file);
}

enum wi_exit wi_cli_listen(struct wi_cli *cli)
{
    const char *path = cli->arguments.positionals[0];
    struct listening listening = {.cli = cli,
        .file = -1,
        .progress = wi_cli_progress_begin(),
        .events = {.on_event = on_event, .context = &listening}};
    struct wi_error error = {0};
    struct sigaction before;

    if (check_options(&cli->arguments, &error) == WI_OK &&
        read_form(&cli->arguments, &listening.sound.form, &error) == WI_OK) {
        listening.file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
        if (listening.file < 0)
            wi_cli_refuse(&error, "%s cannot be read: %s", path, strerror(errno));
    }
    if (error.code != WI_OK)
        return wi_cli_complain(&error);
    listening.calls = wi_rest_calls_new(&cli->rest);
    wi_cli_catch(SIGINT, &before);
    listening_follow(&listening);
    sigaction(SIGINT, &before, NULL);
    listening_clear(&listening);
    return listening.result;
}
