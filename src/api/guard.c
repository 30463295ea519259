/*
 * Host, Origin and bearer tokens. A name that resolves to us is not a name of ours: only the
 * listening address, localhost, and what allowed_hosts lists are; a listener on every address
 * takes any numeric address too, because rebinding needs a name.
 */
#include "api/guard.h"

#include "base/memory.h"
#include "base/secret.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKENS_FILE_MAX (1 << 20)
#define TOKENS_MAX 4096
#define TOKEN_TEXT_MAX 256

struct token {
    char name[WI_TOKEN_NAME_MAX + 1];
    unsigned char hash[WI_HASH_SIZE];
};

struct wi_guard {
    struct wi_strings hosts, origins; /* from the configuration */
    char own_host[80];
    unsigned port;
    int wildcard, tls;
    struct token *tokens;
    size_t token_count;
};

/* --- tokens file ----------------------------------------------------------------------------- */

/* Opens and checks; returns the text (NUL-terminated, the caller frees it) or NULL. */
static char *read_tokens_file(const char *path, struct wi_error *error)
{
    struct stat info;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        wi_error_set(error, WI_UNAVAILABLE, "api.tokens_file",
            "Cannot open the tokens file %s: %s.", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
        wi_error_set(error, WI_INVALID_FIELD, "api.tokens_file",
            "%s %s; make it readable for its owner alone: chmod 600.", path,
            S_ISREG(info.st_mode) ? "is open to other users" : "is not a regular file");
        wi_error_expect(error, "a regular file of mode 0600");
        goto out;
    }
    if (info.st_size > TOKENS_FILE_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, "api.tokens_file", "%s is larger than 1 MiB.", path);
        goto out;
    }
    text = wi_alloc((size_t)info.st_size + 1);
    size_t size = 0;
    ssize_t got;
    while (size < (size_t)info.st_size &&
           (got = read(fd, text + size, (size_t)info.st_size - size)) > 0)
        size += (size_t)got;
    text[size] = '\0';
    if (strlen(text) != size) {
        wi_error_set(error, WI_INVALID_FIELD, "api.tokens_file", "%s has a NUL byte.", path);
        free(text);
        text = NULL;
    }
out:
    if (fd >= 0)
        close(fd);
    return text;
}

static int is_token_name(const char *name, size_t length)
{
    if (length == 0 || length > WI_TOKEN_NAME_MAX)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", name[i]))
            return 0;
    return 1;
}

/* "name:64 hexadecimal digits"; the line is cut into its parts. */
static int parse_token(char *line, struct token *token)
{
    char *colon = strchr(line, ':');
    if (!colon || !is_token_name(line, (size_t)(colon - line)))
        return -1;
    *colon = '\0';
    snprintf(token->name, sizeof token->name, "%s", line);
    return wi_hash_from_hex(colon + 1, token->hash);
}

static enum wi_code load_tokens(struct wi_guard *guard, const char *path, struct wi_error *error)
{
    char *text = read_tokens_file(path, error);
    if (!text)
        return WI_INVALID_FIELD;
    enum wi_code code = WI_OK;
    char *rest = text;
    char *line;
    for (unsigned number = 1; code == WI_OK && (line = strsep(&rest, "\n")); number++) {
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        guard->tokens =
            wi_realloc_array(guard->tokens, guard->token_count + 1, sizeof *guard->tokens);
        if (guard->token_count >= TOKENS_MAX ||
            parse_token(line, &guard->tokens[guard->token_count]) != 0) {
            code = wi_error_set(error, WI_INVALID_FIELD, "api.tokens_file",
                "%s, line %u, is not a token; make lines with `webinfer token new NAME`.", path,
                number);
            wi_error_expect(
                error, "NAME:SHA-256 in 64 hexadecimal digits, at most %d lines", TOKENS_MAX);
        } else {
            guard->token_count++;
        }
    }
    free(text);
    return code;
}

struct wi_guard *wi_guard_new(
    const struct wi_config_api *config, const union wi_address *address, struct wi_error *error)
{
    struct wi_guard *guard = wi_alloc(sizeof *guard);
    wi_strings_copy(&guard->hosts, &config->allowed_hosts);
    wi_strings_copy(&guard->origins, &config->allowed_origins);
    wi_address_host(address, guard->own_host, sizeof guard->own_host);
    guard->port = wi_address_port(address);
    guard->wildcard = wi_address_is_any(address);
    guard->tls = config->tls_certificate && *config->tls_certificate;
    int has_file = config->tokens_file && *config->tokens_file;
    if (has_file && load_tokens(guard, config->tokens_file, error) != WI_OK)
        goto failed;
    if (!wi_address_is_loopback(address) && guard->token_count == 0) {
        wi_error_set(error, WI_INVALID_FIELD, "api.tokens_file",
            "%s can be reached from other machines, so clients must show tokens: make one with "
            "`webinfer token new NAME` and name the file in [api] tokens_file, or listen on "
            "127.0.0.1.",
            guard->own_host);
        goto failed;
    }
    return guard;
failed:
    wi_guard_free(guard);
    return NULL;
}

void wi_guard_free(struct wi_guard *guard)
{
    if (!guard)
        return;
    wi_strings_clear(&guard->hosts);
    wi_strings_clear(&guard->origins);
    free(guard->tokens);
    free(guard);
}

size_t wi_guard_token_count(const struct wi_guard *guard)
{
    return guard->token_count;
}

/* --- Host ------------------------------------------------------------------------------------ */

struct authority {
    char host[256]; /* with brackets where it has them */
    unsigned port;
    int has_port;
};

/* Splits "host", "host:port", "[v6]" or "[v6]:port". 0, or -1 for anything else. */
static int split_authority(const char *text, struct authority *authority)
{
    size_t length = strlen(text);
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (text[0] == '[' && !bracket)
        return -1;
    const char *colon = strchr(bracket ? bracket : text, ':');
    size_t host = colon ? (size_t)(colon - text) : length;
    if (host == 0 || host >= sizeof authority->host)
        return -1;
    if (bracket && bracket + 1 != text + host)
        return -1;
    memcpy(authority->host, text, host);
    authority->host[host] = '\0';
    if (authority->host[strcspn(authority->host, "/@?# \t\\")] != '\0')
        return -1;
    authority->has_port = colon != NULL;
    authority->port = 0;
    if (!colon)
        return 0;
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0')
        return -1;
    authority->port = (unsigned)strtoul(colon + 1, NULL, 10);
    return 0;
}

static int is_numeric_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char inner[64];
    if (inet_pton(AF_INET, host, bytes) == 1)
        return 1;
    size_t length = strlen(host);
    if (host[0] != '[' || length < 3 || length - 2 >= sizeof inner)
        return 0;
    memcpy(inner, host + 1, length - 2);
    inner[length - 2] = '\0';
    return inet_pton(AF_INET6, inner, bytes) == 1;
}

/* A configured host without a port stands for any port. */
static int host_listed(const struct wi_guard *guard, const struct authority *authority)
{
    for (size_t i = 0; i < guard->hosts.count; i++) {
        struct authority listed;
        if (split_authority(guard->hosts.items[i], &listed) == 0 &&
            strcasecmp(listed.host, authority->host) == 0 &&
            (!listed.has_port || (authority->has_port && listed.port == authority->port)))
            return 1;
    }
    return 0;
}

static int host_is_ours(const struct wi_guard *guard, const struct authority *authority)
{
    unsigned port = authority->has_port ? authority->port : guard->tls ? 443 : 80;
    if (port != guard->port)
        return 0;
    const char *host = authority->host;
    return strcasecmp(host, guard->own_host) == 0 || strcasecmp(host, "localhost") == 0 ||
           strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 ||
           (guard->wildcard && is_numeric_address(host));
}

enum wi_code wi_guard_check_host(
    const struct wi_guard *guard, const char *host, unsigned count, struct wi_error *error)
{
    struct authority authority;
    if (!host || count != 1)
        return wi_error_set(error, WI_BAD_REQUEST, "Host", "%s Host header; send exactly one.",
            host ? "There is more than one" : "There is no");
    if (split_authority(host, &authority) == 0 &&
        (host_is_ours(guard, &authority) || host_listed(guard, &authority)))
        return WI_OK;
    wi_error_set(error, WI_FORBIDDEN_HOST, "Host",
        "This server does not answer to that name; use its listening address, or add the name to "
        "[api] allowed_hosts.");
    wi_error_expect(error, "%s:%u or localhost:%u", guard->own_host, guard->port, guard->port);
    return WI_FORBIDDEN_HOST;
}

enum wi_code wi_guard_check_origin(
    const struct wi_guard *guard, const char *origin, const char *host, struct wi_error *error)
{
    if (!origin)
        return WI_OK;
    const char *scheme = guard->tls ? "https://" : "http://";
    size_t length = strlen(scheme);
    if (strncasecmp(origin, scheme, length) == 0 && strcasecmp(origin + length, host) == 0)
        return WI_OK;
    for (size_t i = 0; i < guard->origins.count; i++)
        if (strcasecmp(origin, guard->origins.items[i]) == 0)
            return WI_OK;
    return wi_error_set(error, WI_FORBIDDEN_ORIGIN, "Origin",
        "Pages of this origin may not use this server; an operator can add it to [api] "
        "allowed_origins.");
}

/* --- tokens ---------------------------------------------------------------------------------- */

enum wi_code wi_guard_check_token(const struct wi_guard *guard, const char *authorization,
    const char **name, struct wi_error *error)
{
    *name = "-";
    if (guard->token_count == 0)
        return WI_OK;
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return wi_error_set(error, WI_UNAUTHORIZED, "Authorization",
            "A token is needed: send \"Authorization: Bearer TOKEN\".");
    const char *token = authorization + 7;
    token += strspn(token, " ");
    size_t length = strlen(token);
    unsigned char hash[WI_HASH_SIZE];
    const struct token *match = NULL;
    if (length > 0 && length <= TOKEN_TEXT_MAX) {
        wi_hash(token, length, hash);
        /* Every token is compared, so that the time says nothing about which one came close. */
        for (size_t i = 0; i < guard->token_count; i++)
            if (wi_hash_equal(hash, guard->tokens[i].hash))
                match = &guard->tokens[i];
    }
    if (!match)
        return wi_error_set(error, WI_UNAUTHORIZED, "Authorization",
            "This token is not known; ask the operator for a valid one.");
    *name = match->name;
    return WI_OK;
}
