/*
 * The file of API tokens ([api] tokens_file): lines of NAME:SHA256[:RANK]; `#` begins a comment.
 * The API reads its users from it, and the bridge reads the programs that compute.
 */
#ifndef WI_SETTINGS_CONFIG_API_TOKENS_H
#define WI_SETTINGS_CONFIG_API_TOKENS_H

#include "base/error.h"
#include "base/hash.h"
#include <stddef.h>

#define WI_TOKEN_NAME_MAX 64
#define WI_API_TOKENS_MAX 4096
#define WI_API_TOKENS_FILE_MAX (1 << 20) /* bytes */

/* The permissions of a token; on the API each rank includes those of the lower ones. */
enum wi_rank {
    WI_RANK_NONE,  /* no token */
    WI_RANK_NODE,  /* brings nodes to the bridge; nothing on the API */
    WI_RANK_USER,  /* runs models, and sees its own jobs */
    WI_RANK_RELAY, /* another daemon: also hands on its clients' requests, and lends its browsers */
    WI_RANK_ADMIN, /* everything */
    WI_RANK_COUNT
};
extern const char *const wi_rank_names[]; /* "none", "node" …, ended by NULL */
/* The ranks that a line may name, as a list for people. */
#define WI_RANKS_ALLOWED "user, relay, admin, node"
/* WI_RANK_NONE for anything but "node", "user", "relay" and "admin". */
enum wi_rank wi_rank_from_name(const char *name);

struct wi_api_token {
    char name[WI_TOKEN_NAME_MAX + 1];
    unsigned char hash[WI_HASH_SIZE];
    enum wi_rank rank;
    int unranked; /* its line names no rank: it is an admin's */
};

/* Zero-initialise. */
struct wi_api_tokens {
    struct wi_api_token *items;
    size_t count;
};

/* Whether a token may have this name: 1 to WI_TOKEN_NAME_MAX of A-Z a-z 0-9 . _ -, but not "-". */
int wi_token_name_ok(const char *name);

/* Reads the file. WI_OK, or an error that names the file, the line and what to do; then `tokens` is
 * empty. It must be a regular file of mode 0600 and at most WI_API_TOKENS_FILE_MAX bytes. */
enum wi_code wi_api_tokens_read(
    struct wi_api_tokens *tokens, const char *path, struct wi_error *error);
/* The same from the text of the file, which is cut up; `path` is for errors. */
enum wi_code wi_api_tokens_parse(
    struct wi_api_tokens *tokens, const char *path, char *text, struct wi_error *error);
/* `to` is empty. */
void wi_api_tokens_copy(struct wi_api_tokens *to, const struct wi_api_tokens *from);
void wi_api_tokens_clear(struct wi_api_tokens *tokens);

/* Borrowed; NULL if there is none. The time reveals nothing about near matches. */
const struct wi_api_token *wi_api_tokens_find(
    const struct wi_api_tokens *tokens, const unsigned char hash[WI_HASH_SIZE]);
/* How many have that rank. */
size_t wi_api_tokens_count(const struct wi_api_tokens *tokens, enum wi_rank rank);

#endif
