/*
 * webinfer token new NAME: a fresh secret, shown this once, and the line for [api] tokens_file,
 * which holds only its SHA-256.
 */
#include "cli/cli.h"

#include "base/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* As api/guard.h has it. */
#define NAME_MAX_BYTES 64
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static enum wi_code check_name(const char *name, struct wi_error *error)
{
    if (*name && strlen(name) <= NAME_MAX_BYTES && strspn(name, NAME_CHARACTERS) == strlen(name))
        return WI_OK;
    wi_error_set(error, WI_BAD_REQUEST, "", "\"%.80s\" cannot name a token", name);
    wi_error_allow(error, "1 to %d of A-Z a-z 0-9 . _ -", NAME_MAX_BYTES);
    return WI_BAD_REQUEST;
}

/* Whether the file has a line for `name` already, and whether its last line is ended. */
static int scan(FILE *file, const char *name, int *ended)
{
    char line[512];
    size_t length = strlen(name);
    int found = 0, at_start = 1;

    *ended = 1;
    while (fgets(line, sizeof line, file)) {
        if (at_start && strncmp(line, name, length) == 0 && line[length] == ':')
            found = 1;
        at_start = *ended = strchr(line, '\n') != NULL;
    }
    return found;
}

/* Appends under a lock, so that two of us do not tear each other's lines. */
static enum wi_code append(
    const char *path, const char *name, const char *line, struct wi_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "a+");
    struct stat info;
    enum wi_code code = WI_OK;
    int ended;

    if (!file) {
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be opened: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return code;
    }
    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        code = wi_error_set(error, WI_BAD_REQUEST, "", "%s is no plain file", path);
    } else if (info.st_mode & 077) {
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s is open to others, and the daemon would refuse it; run chmod 600 on it", path);
    } else if (rewind(file), scan(file, name, &ended)) {
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has a token named \"%s\" already; remove its line first", path, name);
    } else if (fprintf(file, "%s%s\n", ended ? "" : "\n", line) < 0 || fflush(file) != 0) {
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be written: %s", path, strerror(errno));
    }
    fclose(file);
    return code;
}

static void show(const struct wi_cli *cli, const char *token, const char *line, const char *path)
{
    if (cli->json) {
        json_t *value = json_pack("{s:s, s:s, s:s?}", "token", token, "line", line, "file", path);
        json_dumpf(value, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(value);
    } else if (path) {
        printf("%s\n", token);
        fprintf(stderr, "This is the token; it is not shown again. %s has its line.\n", path);
    } else {
        printf("%s\n%s\n", token, line);
        fputs("The first line is the token; it is not shown again. Append the second line to the "
              "file that [api] tokens_file names (mode 0600).\n",
            stderr);
    }
}

enum wi_exit wi_cli_token_new(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    const char *path = wi_argument(&cli->arguments, "file");
    char token[WI_TOKEN_SIZE], hex[2 * WI_HASH_SIZE + 1];
    char line[NAME_MAX_BYTES + sizeof hex + 2];
    unsigned char hash[WI_HASH_SIZE];
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_OK;

    if (check_name(name, &error) != WI_OK) {
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    wi_token_new(token);
    wi_hash(token, strlen(token), hash);
    wi_hash_hex(hash, hex);
    snprintf(line, sizeof line, "%s:%s", name, hex);
    if (path && append(path, name, line, &error) != WI_OK) {
        wi_cli_complain(&error);
        result = WI_EXIT_USAGE;
    } else {
        show(cli, token, line, path);
    }
    OPENSSL_cleanse(token, sizeof token);
    return result;
}
