/*
 * webinfer token new NAME: makes a secret, which is shown only once, and the line for [api]
 * tokens_file, which has only its SHA-256. webinfer token join: makes a link for nodes of others.
 */
#include "cli/commands/commands.h"
#include "config.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/net/url.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include "cli/token_file.h"
#include <langinfo.h>
#include <openssl/crypto.h>
#include <pwd.h>
#ifdef HAVE_QRENCODE
#include <qrencode.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE (WI_TOKEN_NAME_MAX + 2 * WI_HASH_SIZE + 16)

/* What is to be made. */
struct requested {
    const char *name;
    const char *path;  /* NULL: only print the line */
    const char *owner; /* NULL: see token_file.h */
    enum wi_rank rank; /* WI_RANK_NONE: not said */
};

/* What was made. */
struct made {
    char token[WI_TOKEN_SIZE];
    char line[LINE_SIZE];
    enum wi_rank rank;
    int first;    /* of its file, so that it gets rank admin by default */
    int no_admin; /* the file has none */
    uid_t owner;  /* of the file */
};

static enum wi_code read_requested(
    const struct wi_arguments *arguments, struct requested *requested, struct wi_error *error)
{
    const char *rank = wi_argument(arguments, "rank");
    *requested = (struct requested){.name = arguments->positionals[0],
        .path = wi_argument(arguments, "file"),
        .owner = wi_argument(arguments, "owner"),
        .rank = rank ? wi_rank_from_name(rank) : WI_RANK_NONE};
    if (!wi_token_name_ok(requested->name)) {
        wi_cli_refuse(error, "\"%.80s\" cannot name a token", requested->name);
        return wi_error_allow(
            error, "1 to %d of A-Z a-z 0-9 . _ -, but not a lone -", WI_TOKEN_NAME_MAX);
    }
    if (rank && requested->rank == WI_RANK_NONE) {
        wi_cli_refuse(error, "\"%.20s\" is not a rank", rank);
        return wi_error_allow(error, WI_RANKS_ALLOWED);
    }
    if (requested->owner && !requested->path)
        return wi_cli_refuse(error, "--owner names the owner of the file, and needs --file");
    return WI_OK;
}

static void token_make(const struct requested *requested, struct made *made)
{
    unsigned char hash[WI_HASH_SIZE];
    char hex[2 * WI_HASH_SIZE + 1];
    made->rank = requested->rank != WI_RANK_NONE ? requested->rank
                 : made->first                   ? WI_RANK_ADMIN
                                                 : WI_RANK_USER;
    wi_token_new(made->token);
    wi_hash(made->token, strlen(made->token), hash);
    wi_hash_hex(hash, hex);
    snprintf(
        made->line, sizeof made->line, "%s:%s:%s", requested->name, hex, wi_rank_names[made->rank]);
}

static enum wi_code make_in_file(
    const struct requested *requested, struct made *made, struct wi_error *error)
{
    struct wi_token_file file;
    enum wi_code code = wi_token_file_open(&file, requested->path, error);
    for (size_t i = 0; code == WI_OK && i < file.tokens.count; i++)
        if (strcmp(file.tokens.items[i].name, requested->name) == 0)
            code =
                wi_cli_refuse(error, "%s has a token named \"%s\" already; remove its line first",
                    requested->path, requested->name);
    if (code == WI_OK && file.tokens.count >= WI_API_TOKENS_MAX)
        code = wi_cli_refuse(
            error, "%s has %d tokens, which is the maximum", requested->path, WI_API_TOKENS_MAX);
    if (code == WI_OK) {
        made->first = file.tokens.count == 0;
        token_make(requested, made);
        made->no_admin =
            made->rank != WI_RANK_ADMIN && wi_api_tokens_count(&file.tokens, WI_RANK_ADMIN) == 0;
        code = wi_token_file_add(&file, made->line, requested->owner, error);
        made->owner = file.owner;
    }
    wi_token_file_close(&file);
    return code;
}

static void tell_of_file(const struct requested *requested, const struct made *made)
{
    fprintf(stderr, "This is the token; it is not shown again. %s has its line, with rank %s.\n",
        requested->path, wi_rank_names[made->rank]);
    if (made->first && requested->rank == WI_RANK_NONE)
        fputs("It is the file's first token and therefore has rank admin, which may do everything; "
              "later tokens have rank user unless --rank says otherwise.\n",
            stderr);
    if (made->no_admin)
        fprintf(stderr,
            "No token in %s has rank admin yet: make one with --rank admin, because only admins "
            "can read /metrics, make join links or give orders.\n",
            requested->path);
    if (made->owner != geteuid()) {
        const struct passwd *user = getpwuid(made->owner);
        fprintf(stderr, "The file belongs to %s (user id %u); the daemon must run as this user.\n",
            user ? user->pw_name : "an unnamed user", (unsigned)made->owner);
    }
    fputs("A running daemon reads the file on SIGHUP.\n", stderr);
}

static void token_show(
    const struct wi_cli *cli, const struct requested *requested, const struct made *made)
{
    if (cli->json) {
        wi_plain_put_json(json_pack("{s:s, s:s, s:s, s:s?}", "token", made->token, "line",
            made->line, "rank", wi_rank_names[made->rank], "file", requested->path));
    } else if (requested->path) {
        printf("%s\n", made->token);
        tell_of_file(requested, made);
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
    struct requested requested;
    struct made made = {0};
    struct wi_error error = {0};
    enum wi_code code = read_requested(&cli->arguments, &requested, &error);
    if (code == WI_OK && requested.path)
        code = make_in_file(&requested, &made, &error);
    else if (code == WI_OK)
        token_make(&requested, &made);
    if (code == WI_OK)
        token_show(cli, &requested, &made);
    else
        wi_cli_complain(&error);
    OPENSSL_cleanse(made.token, sizeof made.token);
    return code == WI_OK ? WI_EXIT_OK : WI_EXIT_USAGE;
}

#define NODES_MAX 65536
#define URL_SIZE 4096
#define SECONDS_MAX (7 * 24 * 3600)

/* Asks the daemon for a link; prints errors by itself. `*link` is a new reference, or NULL. */
static enum wi_exit ask_for_link(
    const struct wi_cli *cli, size_t nodes, int64_t seconds, json_t **link)
{
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_rest_answer answer;
    json_t *order = json_pack("{s:I, s:I, s:o*, s:o*, s:o*, s:s*}", "nodes", (json_int_t)nodes,
        "seconds", (json_int_t)seconds, "start",
        wi_argument_given(arguments, "start") ? json_true() : NULL, "shareable",
        wi_argument_given(arguments, "shareable") ? json_true() : NULL, "peers",
        wi_argument_given(arguments, "peers") ? json_true() : NULL, "label",
        wi_argument(arguments, "label"));

    *link = NULL;
    wi_cli_send(cli, &(struct wi_rest_request){.path = "/v1/admin/join", .json = order}, &answer);
    enum wi_exit result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK)
        *link = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    const char *url = wi_json_text(*link, "url");
    if (result == WI_EXIT_OK && (!wi_json_text(*link, "id") || !url || strlen(url) >= URL_SIZE))
        result = wi_cli_fail(WI_EXIT_FAILED, "%s returned no join link", cli->rest.url);
    if (answer.body.size)
        OPENSSL_cleanse(answer.body.text, answer.body.size);
    wi_rest_answer_clear(&answer);
    return result;
}

/* --- the QR code of a link ------------------------------------------------------------------- */

/* Columns of the light margin on each side of a code (ISO/IEC 18004, 6.3.8). */
#define QR_MARGIN 4

#ifdef HAVE_QRENCODE

#define LIGHT_ON_DARK "\033[97;40m"
#define USUAL "\033[0m"

/* Modules outside the code are its light margin. */
static int module_is_light(const QRcode *code, int row, int column)
{
    if (row < 0 || row >= code->width || column < 0 || column >= code->width)
        return 1;
    return (code->data[row * code->width + column] & 1) == 0; /* the bit: dark */
}

static void line_draw(struct wi_buffer *out, const QRcode *code, int row)
{
    static const char *const blocks[2][2] = {{" ", "▄"}, {"▀", "█"}};
    wi_buffer_puts(out, LIGHT_ON_DARK);
    for (int column = -QR_MARGIN; column < code->width + QR_MARGIN; column++)
        wi_buffer_puts(out,
            blocks[module_is_light(code, row, column)][module_is_light(code, row + 1, column)]);
    wi_buffer_puts(out, USUAL "\n");
}

/* Appends a QR code of the bytes of `text` as lines of half blocks in UTF-8. A character is two
 * modules, one above the other. Light modules are drawn, because a reader expects dark modules on
 * light ground, and the colours are set, because a terminal may have either as its own. Returns the
 * columns that it takes; it is appended only if they are at most `most`. 0: this build has no
 * libqrencode, or the text is too long for a code. */
static unsigned qr_draw(struct wi_buffer *out, const char *text, unsigned most)
{
    /* Version 0: the smallest that is large enough. Level L, the lowest: a screen has no stains. */
    QRcode *code =
        QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_L);
    if (!code)
        return 0;
    unsigned columns = (unsigned)code->width + 2 * QR_MARGIN;
    for (int row = -QR_MARGIN; columns <= most && row < code->width + QR_MARGIN; row += 2)
        line_draw(out, code, row);
    QRcode_free(code);
    return columns;
}

#else

static unsigned qr_draw(struct wi_buffer *out, const char *text, unsigned most)
{
    return 0;
}

#endif

/* For a phone that reads it from the terminal. */
static void show_code(const char *url)
{
    unsigned room = wi_cli_progress_columns() + 1;
    struct wi_buffer code = {0};

    if (!isatty(STDOUT_FILENO) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return;
    unsigned columns = qr_draw(&code, url, room);
    if (columns > room)
        fprintf(stderr, "The link's QR code needs %u columns, and this terminal has %u.\n", columns,
            room);
    if (code.size)
        fwrite(code.text, 1, code.size, stdout);
    fflush(stdout);
    wi_buffer_clear(&code);
}

static void show_link(const struct wi_cli *cli, const json_t *link)
{
    const char *url = wi_json_text(link, "url");
    struct wi_buffer text = {0};

    if (cli->json) {
        wi_plain_put_json(json_pack("{s:s, s:s, s:O?, s:O?, s:O?, s:O?}", "id",
            wi_json_text(link, "id"), "url", url, "label", json_object_get(link, "label"),
            "shareable", json_object_get(link, "shareable"), "nodes",
            json_object_get(link, "nodes"), "expires_at", json_object_get(link, "expires_at")));
        return;
    }
    printf("%s\n", url);
    show_code(url);
    wi_buffer_puts(&text, wi_argument_given(&cli->arguments, "start")
                              ? "A browser that opens this link computes for the service at once, "
                                "without being asked"
                              : "A browser that opens this link computes for the service once its "
                                "user has read an explanation and agreed");
    wi_table_fill(&text,
        ": up to {nodes} at a time, joining until {expires_at:t}. It is a secret"
        "{shareable?, which people who joined with it may pass on}; DELETE /v1/admin/join/{id} "
        "revokes it.\n",
        link);
    wi_plain_flush(stderr, &text);
    if (wi_url_is_loopback(url))
        fputs("warning: the bridge listens on this machine only, so the link works for browsers "
              "here and nowhere else; [bridge] listen and public_url let others in\n",
            stderr);
}

enum wi_exit wi_cli_token_join(struct wi_cli *cli)
{
    const char *nodes = wi_argument(&cli->arguments, "nodes");
    const char *period = wi_argument(&cli->arguments, "for");
    const char *label = wi_argument(&cli->arguments, "label");
    json_t *link;
    int64_t ms = 3600 * 1000;
    char *end = NULL;
    long count = nodes ? strtol(nodes, &end, 10) : 1;
    enum wi_exit result;

    if ((end && (*end || end == nodes)) || count < 1 || count > NODES_MAX)
        return wi_cli_fail(WI_EXIT_USAGE, "--nodes needs a number from 1 to %d", NODES_MAX);
    if (period && (wi_parse_duration(period, &ms) != 0 || ms < 1000 || ms / 1000 > SECONDS_MAX))
        return wi_cli_fail(WI_EXIT_USAGE, "--for needs a duration from 1s to 168h, such as 30m");
    if (label && !wi_text_is_plain(label)) /* JSON has no other text */
        return wi_cli_fail(WI_EXIT_USAGE, "--label needs UTF-8 without control characters");
    result = ask_for_link(cli, (size_t)count, ms / 1000, &link);
    if (result == WI_EXIT_OK)
        show_link(cli, link);
    json_decref(link);
    return result;
}
