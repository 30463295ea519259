/* The command: its arguments, and the secrets, which come in files or on standard input. */
#include "uplink/uplink.h"

#include "base/memory.h"
#include "base/net/url.h"
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

static enum wi_code read_to(
    const struct wi_arguments *arguments, struct secrets *secrets, struct wi_error *error)
{
    const char *to = wi_argument(arguments, "to");
    const char *path = wi_argument(arguments, "node-token-file");
    if (!to)
        return wi_cli_refuse(error, "--to is missing: the URL of the daemon that borrows");
    if (strcmp(to, "-") == 0)
        return path ? wi_cli_refuse(error, "--to - reads the token from standard input as well; "
                                           "leave out --node-token-file")
                    : read_standard(secrets, error);
    if (!path)
        return wi_cli_refuse(
            error, "--node-token-file is missing: a file with the token for the node there");
    if (strlen(to) >= sizeof secrets->to)
        return wi_cli_refuse(error, "--to is too long");
    strcpy(secrets->to, to);
    return read_token(path, secrets, error);
}

static enum wi_code make_link(
    const struct secrets *secrets, struct wi_uplink_options *options, struct wi_error *error)
{
    if (!*secrets->token)
        return wi_cli_refuse(error, "the token of rank relay is missing: its file is empty");
    enum wi_code code = wi_join_link_make(secrets->to, secrets->token, &options->link, error);
    if (code != WI_OK && *error->expected) { /* the text has the token */
        wi_cli_refuse(
            error, "\"%.200s\" is not the address of a daemon, or its token is none", secrets->to);
        return wi_error_expect(
            error, "http://HOST:PORT or https://HOST:PORT, and a token as of webinfer token new");
    }
    options->to = secrets->to;
    if (code == WI_OK && !wi_url_is_secure(secrets->to))
        fprintf(stderr,
            "webinfer: warning: the token is sent to %s unencrypted; use https, or a tunnel to "
            "127.0.0.1\n",
            secrets->to);
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

/* The host's, with other characters replaced, where none is given. */
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
    else if (gethostname(secrets->name, sizeof secrets->name - 1) != 0)
        strcpy(secrets->name, "lender");
    for (char *at = secrets->name; *at; at++)
        if (!strchr(allowed, *at))
            *at = '-';
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
        result = wi_uplink_run(&options);
    if (secrets.authorization)
        OPENSSL_cleanse(secrets.authorization, strlen(secrets.authorization));
    free(secrets.authorization);
    wi_strings_clear(&options.models);
    OPENSSL_cleanse(&options.link, sizeof options.link);
    OPENSSL_cleanse(&secrets, sizeof secrets);
    return result;
}
