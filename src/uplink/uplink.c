/*
 * The command: its arguments, the secrets, which come in files or on standard input, and the loop
 * from its start to its end.
 */
#include "uplink/borrowers.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/net/lws.h"
#include "base/net/url.h"
#include "uplink/follow.h"
#include "uplink/roster.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define SLOTS_DEFAULT 64
#define SLOTS_MAX 4096
#define NAME_MAX_BYTES 64

/* What is read beside the options; wiped at the end. */
struct secrets {
    char to[LINE_MAX_BYTES], token[LINE_MAX_BYTES];
    char name[NAME_MAX_BYTES + 1];
    char *authorization;
};

static void line_read(FILE *file, char *line)
{
    if (!fgets(line, LINE_MAX_BYTES, file))
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
}

static enum wi_code read_standard(struct secrets *secrets, struct wi_error *error)
{
    if (isatty(STDIN_FILENO))
        return wi_cli_refuse(error, "--to - reads the URL and the token from standard input, one "
                                    "line each, which is a terminal");
    line_read(stdin, secrets->to);
    line_read(stdin, secrets->token);
    return WI_OK;
}

static enum wi_code read_token(const char *path, struct secrets *secrets, struct wi_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return wi_cli_refuse(error, "%.200s cannot be read: %s", path, strerror(errno));
    line_read(file, secrets->token);
    fclose(file);
    return WI_OK;
}

/* Who borrows. */
static enum wi_code read_to(
    const struct wi_arguments *arguments, struct secrets *secrets, struct wi_error *error)
{
    const char *to = wi_argument(arguments, "to");
    const char *path = wi_argument(arguments, "node-token-file");
    int to_members = wi_argument_given(arguments, "cluster");
    if (to ? to_members : !to_members) {
        wi_cli_refuse(error,
            to ? "--to and --cluster exclude each other" : "neither --to nor --cluster is given");
        return wi_error_expect(error,
            "either --to URL, the daemon that borrows, or --cluster: all other members of this "
            "daemon's cluster");
    }
    if (to && strcmp(to, "-") == 0)
        return path ? wi_cli_refuse(error, "--to - reads the token from standard input as well; "
                                           "leave out --node-token-file")
                    : read_standard(secrets, error);
    if (!path)
        return wi_cli_refuse(
            error, "--node-token-file is missing: a file with the token for the node there");
    if (to && strlen(to) >= sizeof secrets->to)
        return wi_cli_refuse(error, "--to is too long");
    strcpy(secrets->to, to ? to : "");
    return read_token(path, secrets, error);
}

/* The addresses of members are looked up when they are known. */
static enum wi_code check_token(const struct secrets *secrets, struct wi_error *error)
{
    struct wi_join_link link;
    enum wi_code code = wi_join_link_make("http://127.0.0.1:1", secrets->token, &link, error);
    OPENSSL_cleanse(&link, sizeof link);
    if (code == WI_OK)
        return WI_OK;
    wi_cli_refuse(error, "the first line of --node-token-file is no token");
    return wi_error_expect(error, "a token as of webinfer token new");
}

/* WI_UNAVAILABLE: its name cannot be looked up now. */
static enum wi_code make_link(
    const struct secrets *secrets, struct wi_uplink_options *options, struct wi_error *error)
{
    options->token = secrets->token;
    if (!*secrets->token)
        return wi_cli_refuse(error, "the token of rank relay is missing: its file is empty");
    if (!*secrets->to)
        return check_token(secrets, error);
    enum wi_code code = wi_join_link_make(secrets->to, secrets->token, &options->link, error);
    if (code != WI_OK && *error->expected) { /* the text has the token */
        wi_cli_refuse(
            error, "\"%.200s\" is not the address of a daemon, or its token is none", secrets->to);
        return wi_error_expect(
            error, "http://HOST:PORT or https://HOST:PORT, and a token as of webinfer token new");
    }
    options->to = secrets->to;
    if (code != WI_OK)
        return wi_error_set(error, WI_UNAVAILABLE, NULL, "%s", error->detail);
    wi_uplink_warn_plain(secrets->to, secrets->to);
    return code;
}

static enum wi_code read_slots(
    const struct wi_arguments *arguments, uint64_t *slots, struct wi_error *error)
{
    const char *text = wi_argument(arguments, "slots");
    char *end;
    unsigned long value = text ? strtoul(text, &end, 10) : SLOTS_DEFAULT;
    if (text && (end == text || *end || *text == '-' || value < 1 || value > SLOTS_MAX)) {
        wi_cli_refuse(error, "--slots needs a number, not \"%.40s\"", text);
        return wi_error_expect(error, "1 to %d", SLOTS_MAX);
    }
    *slots = value;
    return WI_OK;
}

/* The host's where none is given; that of a member comes from its daemon. */
static enum wi_code read_name(
    const struct wi_arguments *arguments, struct secrets *secrets, struct wi_error *error)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *given = wi_argument(arguments, "name");
    if (given && (!*given || strlen(given) > NAME_MAX_BYTES || strcmp(given, "-") == 0 ||
                     strspn(given, allowed) != strlen(given))) {
        wi_cli_refuse(error, "\"%.100s\" cannot be the name of a daemon", given);
        return wi_error_expect(error, "1 to %d of A-Z a-z 0-9 . _ -", NAME_MAX_BYTES);
    }
    if (given)
        strcpy(secrets->name, given);
    else if (wi_argument_given(arguments, "cluster"))
        return WI_OK;
    else if (gethostname(secrets->name, sizeof secrets->name - 1) != 0)
        strcpy(secrets->name, "lender");
    wi_uplink_name_mend(secrets->name);
    return WI_OK;
}

static void read_models(const char *list, struct wi_strings *models)
{
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (length)
            wi_strings_add_owned(models, wi_strndup(list, length));
        list += length + (list[length] == ',');
    }
}

/* --- the loop --- */

static void run_finish(struct wi_uplink_run *run)
{
    wi_uplink_follow_free(run->follow);
    wi_uplink_own_free(run->own);
    run->follow = NULL;
    run->own = NULL;
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        wi_worker_stop(line->worker);
    wi_timer_free(run->beat);
    wi_timer_free(run->over);
    run->over = NULL;
    for (size_t i = 0; i < sizeof run->signals / sizeof *run->signals; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    wi_http_free(run->http);
    run->http = NULL;
    wi_lws_begin_free(run->lws);
}

static void on_over(void *context)
{
    run_finish(context);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct wi_uplink_run *run = handle->data;
    if (run->ending && run->over)
        wi_timer_start(run->over, 0, 0); /* told twice: at once */
    wi_uplink_end(run, WI_EXIT_OK, NULL);
}

static void on_beat(void *context)
{
    wi_uplink_lines_beat(context, wi_awake_ms());
}

static void run_start(struct wi_uplink_run *run)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    run->http = wi_http_new(run->loop);
    wi_awake_begin(); /* each beat looks */
    run->beat = wi_timer_new(run->loop, on_beat, run);
    run->over = wi_timer_new(run->loop, on_over, run);
    wi_timer_start(run->beat, WI_WORKER_BEAT_MS, WI_WORKER_BEAT_MS);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(run->loop, &run->signals[i]);
        run->signals[i].data = run;
        uv_signal_start(&run->signals[i], on_signal, numbers[i]);
    }
    run->own = wi_uplink_own_new(run);
    if (run->options->to)
        wi_uplink_borrower_new(run, NULL, run->options->to, &run->options->link);
    else
        run->follow = wi_uplink_follow_new(run);
}

/* What all connections share. */
static enum wi_code run_open(struct wi_uplink_run *run, struct wi_error *error)
{
    const struct wi_uplink_options *options = run->options;
    run->lws = wi_lws_new(run->loop, error);
    if (!run->lws)
        return error->code;
    run->vhost =
        wi_worker_vhost_new(run->lws, !options->to || options->link.tls, options->to_authority);
    if (run->vhost)
        return WI_OK;
    wi_lws_begin_free(run->lws);
    return wi_error_set(error, WI_UNAVAILABLE, NULL, "libwebsockets cannot be set up%s%.200s",
        options->to_authority ? " with the authorities in " : "",
        options->to_authority ? options->to_authority : "");
}

static enum wi_exit uplink_run(const struct wi_uplink_options *options)
{
    uv_loop_t loop;
    struct wi_error error = {0};
    struct wi_budget budget = {.limit = WI_UPLINK_MEMORY};
    struct wi_uplink_run run = {.options = options, .loop = &loop, .budget = &budget};
    strcpy(run.name, options->name);
    uv_loop_init(&loop);
    enum wi_code code = run_open(&run, &error);
    if (code == WI_OK)
        run_start(&run);
    uv_run(&loop, UV_RUN_DEFAULT);
    wi_lws_end_free(run.lws);
    uv_loop_close(&loop);
    wi_uplink_lines_free(&run);
    while (run.borrowers)
        wi_uplink_borrower_end(run.borrowers, "the uplink ends");
    return code == WI_OK ? run.exit : wi_cli_fail(WI_EXIT_FAILED, "%s", error.detail);
}

/* --- the command --- */

enum wi_exit wi_uplink(struct wi_cli *cli)
{
    const struct wi_arguments *arguments = &cli->arguments;
    struct secrets secrets = {0};
    struct wi_uplink_options options = {.url = cli->rest.url,
        .authority = cli->rest.authority,
        .to_authority = wi_argument(arguments, "to-authority"),
        .name = secrets.name};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    read_models(wi_argument(arguments, "models"), &options.models);
    if (cli->rest.token)
        secrets.authorization = wi_sprintf("Authorization: Bearer %s", cli->rest.token);
    options.authorization = secrets.authorization;
    if (read_slots(arguments, &options.slots, &error) != WI_OK ||
        read_name(arguments, &secrets, &error) != WI_OK ||
        read_to(arguments, &secrets, &error) != WI_OK ||
        make_link(&secrets, &options, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = uplink_run(&options);
    if (error.code == WI_UNAVAILABLE)
        result = WI_EXIT_NO_SERVER;
    if (secrets.authorization)
        OPENSSL_cleanse(secrets.authorization, strlen(secrets.authorization));
    free(secrets.authorization);
    wi_strings_clear(&options.models);
    OPENSSL_cleanse(&options.link, sizeof options.link);
    OPENSSL_cleanse(&secrets, sizeof secrets);
    return result;
}
