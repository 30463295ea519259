/*
 * webinfer token new NAME: a fresh secret, shown this once, and the line for [api] tokens_file,
 * which holds only its SHA-256.
 */
#include "cli/cli.h"

#include "base/secret.h"
#include "cli/token_file.h"
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE (WI_TOKEN_NAME_MAX + 2 * WI_HASH_SIZE + 16)

/* What is to be made. */
struct wish {
    const char *name;
    const char *path;  /* NULL: only print the line */
    const char *owner; /* NULL: as token_file.h has it */
    enum wi_rank rank; /* WI_RANK_NONE: not said */
};

/* What was made. */
struct made {
    char token[WI_TOKEN_SIZE];
    char line[LINE_SIZE];
    enum wi_rank rank;
    int first;    /* of its file, so that it is an admin's unasked */
    int no_admin; /* the file has none */
    uid_t owner;  /* of the file */
};

static enum wi_code read_wish(
    const struct wi_arguments *arguments, struct wish *wish, struct wi_error *error)
{
    const char *rank = wi_argument(arguments, "rank");
    *wish = (struct wish){.name = arguments->positionals[0],
        .path = wi_argument(arguments, "file"),
        .owner = wi_argument(arguments, "owner"),
        .rank = rank ? wi_rank_from_name(rank) : WI_RANK_NONE};
    if (!wi_token_name_ok(wish->name)) {
        wi_error_set(error, WI_BAD_REQUEST, "", "\"%.80s\" cannot name a token", wish->name);
        wi_error_allow(error, "1 to %d of A-Z a-z 0-9 . _ -, but not a lone -", WI_TOKEN_NAME_MAX);
        return WI_BAD_REQUEST;
    }
    if (rank && wish->rank == WI_RANK_NONE) {
        wi_error_set(error, WI_BAD_REQUEST, "", "\"%.20s\" is not a rank", rank);
        wi_error_allow(error, "user, admin, node");
        return WI_BAD_REQUEST;
    }
    if (wish->owner && !wish->path)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "--owner says whose the file is, and needs --file");
    return WI_OK;
}

static void make(const struct wish *wish, struct made *made)
{
    unsigned char hash[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    made->rank = wish->rank != WI_RANK_NONE ? wish->rank
                 : made->first              ? WI_RANK_ADMIN
                                            : WI_RANK_USER;
    wi_token_new(made->token);
    wi_hash(made->token, strlen(made->token), hash);
    wi_hash_hex(hash, hex);
    snprintf(made->line, sizeof made->line, "%s:%s:%s", wish->name, hex, wi_rank_names[made->rank]);
}

static enum wi_code make_in_file(const struct wish *wish, struct made *made, struct wi_error *error)
{
    struct wi_token_file file;
    enum wi_code code = wi_token_file_open(&file, wish->path, error);
    for (size_t i = 0; code == WI_OK && i < file.tokens.count; i++)
        if (strcmp(file.tokens.items[i].name, wish->name) == 0)
            code = wi_error_set(error, WI_BAD_REQUEST, "",
                "%s has a token named \"%s\" already; remove its line first", wish->path,
                wish->name);
    if (code == WI_OK && file.tokens.count >= WI_API_TOKENS_MAX)
        code = wi_error_set(error, WI_BAD_REQUEST, "", "%s has %d tokens, and may not have more",
            wish->path, WI_API_TOKENS_MAX);
    if (code == WI_OK) {
        made->first = file.tokens.count == 0;
        make(wish, made);
        made->no_admin =
            made->rank != WI_RANK_ADMIN && wi_api_tokens_count(&file.tokens, WI_RANK_ADMIN) == 0;
        code = wi_token_file_add(&file, made->line, wish->owner, error);
        made->owner = file.owner;
    }
    wi_token_file_close(&file);
    return code;
}

/* --- telling --------------------------------------------------------------------------------- */

static void tell_of_file(const struct wish *wish, const struct made *made)
{
    fprintf(stderr, "This is the token; it is not shown again. %s has its line, with rank %s.\n",
        wish->path, wi_rank_names[made->rank]);
    if (made->first && wish->rank == WI_RANK_NONE)
        fputs("It is the file's first token, and so an admin's, who may do everything; those that "
              "follow are users' unless --rank says otherwise.\n",
            stderr);
    if (made->no_admin)
        fprintf(stderr,
            "No token in %s is an admin's yet: make one with --rank admin, or nobody can read "
            "/metrics, make join links or give orders.\n",
            wish->path);
    if (made->owner != geteuid()) {
        const struct passwd *user = getpwuid(made->owner);
        fprintf(stderr, "The file belongs to %s (user id %u), as which the daemon has to run.\n",
            user ? user->pw_name : "an unnamed user", (unsigned)made->owner);
    }
    fputs("A daemon that runs reads the file on SIGHUP.\n", stderr);
}

static void show(const struct wi_cli *cli, const struct wish *wish, const struct made *made)
{
    if (cli->json) {
        json_t *value = json_pack("{s:s, s:s, s:s, s:s?}", "token", made->token, "line", made->line,
            "rank", wi_rank_names[made->rank], "file", wish->path);
        json_dumpf(value, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(value);
    } else if (wish->path) {
        printf("%s\n", made->token);
        tell_of_file(wish, made);
    } else {
        printf("%s\n%s\n", made->token, made->line);
        fprintf(stderr,
            "The first line is the token, of rank %s; it is not shown again. Append the second "
            "line to the file that [api] tokens_file names (mode 0600), or let --file do it.\n",
            wi_rank_names[made->rank]);
    }
}

enum wi_exit wi_cli_token_new(struct wi_cli *cli)
{
    struct wish wish;
    struct made made = {0};
    struct wi_error error = {0};
    enum wi_code code = read_wish(&cli->arguments, &wish, &error);
    if (code == WI_OK && wish.path)
        code = make_in_file(&wish, &made, &error);
    else if (code == WI_OK)
        make(&wish, &made);
    if (code == WI_OK)
        show(cli, &wish, &made);
    else
        wi_cli_complain(&error);
    OPENSSL_cleanse(made.token, sizeof made.token);
    return code == WI_OK ? WI_EXIT_OK : WI_EXIT_USAGE;
}
