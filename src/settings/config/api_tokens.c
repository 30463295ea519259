/* The tokens file; see api_tokens.h. Errors repeat only the name of a line, because the rest may be
 * a token that was put there by mistake. */
#include "settings/config/api_tokens.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD "api.tokens_file"

const char *const wi_rank_names[] = {"none", "node", "user", "relay", "admin", NULL};

enum wi_rank wi_rank_from_name(const char *name)
{
    for (int rank = WI_RANK_NODE; rank < WI_RANK_COUNT; rank++)
        if (strcmp(name, wi_rank_names[rank]) == 0)
            return (enum wi_rank)rank;
    return WI_RANK_NONE;
}

int wi_token_name_ok(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-";
    size_t length = strlen(name);
    /* "-" is the name in logs of a request without a token. */
    return length > 0 && length <= WI_TOKEN_NAME_MAX && strspn(name, allowed) == length &&
           strcmp(name, "-") != 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* "name:64 hexadecimal digits[:rank]"; the line is cut into its parts. */
static enum wi_code parse_line(struct wi_api_token *token, const char *path, unsigned number,
    char *line, struct wi_error *error)
{
    char *rest = line;
    const char *name = strsep(&rest, ":");
    const char *hex = strsep(&rest, ":");
    if (!hex || !wi_token_name_ok(name) || wi_hash_from_hex(hex, token->hash) != 0) {
        wi_error_set(error, WI_INVALID_FIELD, FIELD,
            "%s, line %u, is not a token; make lines with `webinfer token new NAME`", path, number);
        return wi_error_expect(error, "NAME:SHA256[:RANK]: a name, 64 hexadecimal digits, a rank");
    }
    snprintf(token->name, sizeof token->name, "%s", name);
    token->unranked = rest == NULL;
    token->rank = rest ? wi_rank_from_name(rest) : WI_RANK_ADMIN;
    if (token->rank != WI_RANK_NONE)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, FIELD,
        "%s, line %u: \"%.20s\" is not a rank; write user, relay, admin or node", path, number,
        rest);
    return wi_error_allow(error, WI_RANKS_ALLOWED);
}

/* One secret cannot belong to two clients, or have two ranks. */
static enum wi_code check_alone(const struct wi_api_tokens *tokens,
    const struct wi_api_token *token, const char *path, unsigned number, struct wi_error *error)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const struct wi_api_token *other = &tokens->items[i];
        if (memcmp(other->hash, token->hash, WI_HASH_SIZE) == 0 &&
            (other->rank != token->rank || strcmp(other->name, token->name) != 0))
            return wi_error_set(error, WI_INVALID_FIELD, FIELD,
                "%s, line %u: the token of \"%s\" is also the token of \"%s\", rank %s; remove one "
                "of the lines",
                path, number, token->name, other->name, wi_rank_names[other->rank]);
    }
    return WI_OK;
}

static enum wi_code token_add(
    struct wi_api_tokens *tokens, const struct wi_api_token *token, struct wi_error *error)
{
    if (tokens->count >= WI_API_TOKENS_MAX)
        return wi_error_set(error, WI_INVALID_FIELD, FIELD,
            "the tokens file has more than %d tokens; remove some", WI_API_TOKENS_MAX);
    tokens->items = wi_grow_array(tokens->items, tokens->count, sizeof *tokens->items);
    tokens->items[tokens->count++] = *token;
    return WI_OK;
}

enum wi_code wi_api_tokens_parse(
    struct wi_api_tokens *tokens, const char *path, char *text, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    char *rest = text, *line;
    for (unsigned number = 1; code == WI_OK && (line = strsep(&rest, "\n")); number++) {
        struct wi_api_token token = {0};
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        if ((code = parse_line(&token, path, number, line, error)) == WI_OK &&
            (code = check_alone(tokens, &token, path, number, error)) == WI_OK)
            code = token_add(tokens, &token, error);
    }
    if (code != WI_OK)
        wi_api_tokens_clear(tokens);
    return code;
}

/* --- the file -------------------------------------------------------------------------------- */

static enum wi_code explain_open(const char *path, int reason, struct wi_error *error)
{
    unsigned user = (unsigned)geteuid();
    if (reason != EACCES)
        return wi_error_set(error, wi_is_shortage(reason) ? WI_UNAVAILABLE : WI_INVALID_FIELD,
            FIELD, "cannot open the tokens file %s: %s", path, strerror(reason));
    wi_error_set(error, WI_INVALID_FIELD, FIELD,
        "webinferd runs as user id %u, which may not read the tokens file %s; give the file to "
        "that user with `chown %u %s`, and let the user into the folders above it",
        user, path, user, path);
    return wi_error_expect(error, "a file of mode 0600 that belongs to user id %u", user);
}

static enum wi_code token_check_file(
    const struct stat *info, const char *path, struct wi_error *error)
{
    if (!S_ISREG(info->st_mode) || (info->st_mode & 077) != 0) {
        wi_error_set(error, WI_INVALID_FIELD, FIELD,
            "%s %s; make it readable for its owner alone: chmod 600", path,
            S_ISREG(info->st_mode) ? "is open to other users" : "is not a regular file");
        return wi_error_expect(error, "a regular file of mode 0600");
    }
    if (info->st_size > WI_API_TOKENS_FILE_MAX)
        return wi_error_set(error, WI_INVALID_FIELD, FIELD, "%s is larger than %d bytes", path,
            WI_API_TOKENS_FILE_MAX);
    return WI_OK;
}

static enum wi_code read_open(
    struct wi_api_tokens *tokens, int fd, size_t size, const char *path, struct wi_error *error)
{
    char *text = wi_alloc(size + 1);
    ssize_t got = wi_read_all(fd, text, size, 0);
    enum wi_code code;
    if (got < 0)
        code = wi_error_set(error, WI_UNAVAILABLE, FIELD, "cannot read the tokens file %s: %s",
            path, strerror(errno));
    else if (strlen(text) != (size_t)got)
        code = wi_error_set(error, WI_INVALID_FIELD, FIELD, "%s has a NUL byte", path);
    else
        code = wi_api_tokens_parse(tokens, path, text, error);
    free(text);
    return code;
}

enum wi_code wi_api_tokens_read(
    struct wi_api_tokens *tokens, const char *path, struct wi_error *error)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        wi_close(fd);
        return explain_open(path, errno, error);
    }
    enum wi_code code = token_check_file(&info, path, error);
    if (code == WI_OK)
        code = read_open(tokens, fd, (size_t)info.st_size, path, error);
    close(fd);
    return code;
}

void wi_api_tokens_copy(struct wi_api_tokens *to, const struct wi_api_tokens *from)
{
    size_t size = from->count * sizeof *from->items;
    to->items = size > 0 ? memcpy(wi_alloc(size), from->items, size) : NULL;
    to->count = from->count;
}

void wi_api_tokens_clear(struct wi_api_tokens *tokens)
{
    free(tokens->items);
    *tokens = (struct wi_api_tokens){0};
}

/* --- looking --------------------------------------------------------------------------------- */

const struct wi_api_token *wi_api_tokens_find(
    const struct wi_api_tokens *tokens, const unsigned char hash[WI_HASH_SIZE])
{
    const struct wi_api_token *found = NULL;
    for (size_t i = 0; i < tokens->count; i++)
        if (wi_hash_equal(hash, tokens->items[i].hash))
            found = &tokens->items[i];
    return found;
}

size_t wi_api_tokens_count(const struct wi_api_tokens *tokens, enum wi_rank rank)
{
    size_t count = 0;
    for (size_t i = 0; i < tokens->count; i++)
        count += tokens->items[i].rank == rank;
    return count;
}
