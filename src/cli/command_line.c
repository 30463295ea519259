/*
 * A command line from its words to an exit status: parses it, finds the server's address and the
 * token, and calls the command.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/plain.h"

#include "base/memory.h"
#include "base/net/url.h"
#include "base/streams.h"
#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_URL "http://127.0.0.1:8470"
#define TOKEN_FILE_MAX 4096

/* The token from --token-file, else from the environment; absent is fine. */
static enum wi_code find_token(struct wi_cli *cli, struct wi_error *error)
{
    const char *path = wi_argument(&cli->arguments, "token-file");
    const char *token = getenv("WEBINFER_TOKEN");
    char *text = NULL;
    size_t size;

    if (path) {
        text = wi_cli_read_file(path, TOKEN_FILE_MAX, &size, error);
        if (!text)
            return error->code;
        text[strcspn(text, "\r\n")] = '\0';
        token = text;
    }
    if (token && *token) {
        if (strspn(
                token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/=") !=
            strlen(token)) {
            free(text);
            return wi_cli_refuse(
                error, "the API token contains invalid characters; it must be one line of text");
        }
        cli->rest.token = wi_strdup(token);
    }
    free(text);
    return WI_OK;
}

/* Removes slashes at the end, so that paths can be appended. */
static enum wi_code find_url(struct wi_cli *cli, char **url, struct wi_error *error)
{
    const char *given = wi_argument(&cli->arguments, "url");

    if (!given)
        given = getenv("WEBINFER_URL");
    if (!given || !*given)
        given = DEFAULT_URL;
    if (strncmp(given, "http://", 7) != 0 && strncmp(given, "https://", 8) != 0) {
        wi_cli_refuse(error, "\"%.200s\" is not the URL of a server", given);
        return wi_error_expect(error, "something like " DEFAULT_URL);
    }
    size_t length = strlen(given);
    while (length && given[length - 1] == '/')
        length--;
    *url = wi_strndup(given, length);
    cli->rest.url = *url;
    return WI_OK;
}

/* A token sent unencrypted can be read by others on the way. */
static void warn_of_clear_token(const struct wi_cli *cli)
{
    if (cli->rest.token && !wi_url_is_secure(cli->rest.url))
        fprintf(stderr,
            "webinfer: warning: the token is sent to %s unencrypted; use https, or a tunnel to "
            "127.0.0.1\n",
            cli->rest.url);
}

static enum wi_exit show_help_or_version(const struct wi_cli *cli)
{
    struct wi_buffer text = {0};

    if (!wi_argument_given(&cli->arguments, "help"))
        wi_buffer_puts(&text, "webinfer " PACKAGE_VERSION "\n");
    else if (cli->arguments.group)
        wi_cli_help_group(&text, cli->arguments.group);
    else
        wi_cli_help(&text, cli->arguments.verb);
    wi_plain_flush(stdout, &text);
    return WI_EXIT_OK;
}

static enum wi_exit command_run(struct wi_cli *cli, wi_verb_fn *run)
{
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    char *url = NULL;

    cli->json = wi_argument_given(&cli->arguments, "json");
    cli->rest.authority = wi_argument(&cli->arguments, "authority");
    if (find_url(cli, &url, &error) != WI_OK || find_token(cli, &error) != WI_OK) {
        wi_cli_complain(&error);
    } else {
        warn_of_clear_token(cli);
        curl_global_init(CURL_GLOBAL_DEFAULT);
        result = run(cli);
        curl_global_cleanup();
    }
    if (cli->rest.token)
        OPENSSL_cleanse(cli->rest.token, strlen(cli->rest.token));
    free(cli->rest.token);
    free(url);
    return result;
}

/* Without any command, all of them are shown. For a group without a command, the group's commands
 * are explained after the error. */
static enum wi_exit usage_complain(
    const struct wi_cli *cli, int words, const struct wi_error *error)
{
    struct wi_buffer text = {0};

    if (words == 0)
        wi_cli_help(&text, NULL);
    else
        wi_cli_complain(error);
    if (words > 0 && cli->arguments.group) {
        wi_buffer_puts(&text, "\n");
        wi_cli_help_group(&text, cli->arguments.group);
    }
    wi_plain_flush(stderr, &text);
    return WI_EXIT_USAGE;
}

/* Becomes the program webinfer-VERB, with the command line less the verb. Returns only where that
 * cannot be started. */
static enum wi_exit command_hand_on(const struct wi_cli *cli, int argc, char **argv)
{
    struct wi_buffer name = {0};
    char **words = wi_alloc(((size_t)argc + 1) * sizeof *words), *program;
    int count = 0;

    wi_buffer_printf(&name, "webinfer-%s", cli->arguments.verb->name);
    program = wi_cli_find_beside(name.text);
    words[count++] = name.text;
    for (int i = 1; i < argc; i++)
        if (i != cli->arguments.verb_at)
            words[count++] = argv[i];
    execvp(program, words);
    fprintf(stderr, "webinfer: %s cannot be started: %s\n", program, strerror(errno));
    fprintf(stderr,
        "webinfer: \"%s\" is a separate program: install %s in the folder of webinfer\n",
        cli->arguments.verb->name, name.text);
    free(program);
    free(words);
    wi_buffer_clear(&name);
    return WI_EXIT_USAGE;
}

int wi_cli_main(int argc, char **argv, wi_verb_fn *own)
{
    struct wi_cli cli = {0};
    struct wi_error error = {0};
    enum wi_exit result;

    wi_streams_keep();
    setlocale(LC_CTYPE, "");
    if (wi_arguments_parse(&cli.arguments, argc, argv, &error) != WI_OK) {
        result = usage_complain(&cli, argc - 1, &error);
    } else if (wi_argument_given(&cli.arguments, "help") ||
               wi_argument_given(&cli.arguments, "version")) {
        result = show_help_or_version(&cli);
    } else if (own) {
        result = command_run(&cli, own);
    } else if (cli.arguments.verb->run) {
        result = command_run(&cli, cli.arguments.verb->run);
    } else {
        result = command_hand_on(&cli, argc, argv);
    }
    wi_arguments_clear(&cli.arguments);
    return wi_streams_end("webinfer") == 0 ? result : WI_EXIT_FAILED;
}
