/* webinfer token join: a link with which pages and programs of others become nodes. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/url.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_MS 30000
#define NODES_MAX 65536
#define SECONDS_MAX (7 * 24 * 3600)

struct join_link {
    char id[WI_ID_SIZE];
    char url[600]; /* with the token */
    int64_t nodes, expires_at;
};

/* Asks the daemon for one; complains by itself. */
static enum wi_exit ask(
    const struct wi_cli *cli, size_t nodes, int64_t seconds, struct join_link *link)
{
    char body[80];
    struct wi_rest_request request = {
        .path = "/v1/admin/join", .body = body, .timeout_ms = TIMEOUT_MS};
    struct wi_rest_answer answer;
    enum wi_exit result;

    request.body_size = (size_t)snprintf(
        body, sizeof body, "{\"nodes\":%zu,\"seconds\":%lld}", nodes, (long long)seconds);
    wi_rest_exchange(&cli->rest, &request, &answer);
    result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK) {
        json_t *value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
        const char *id = json_string_value(json_object_get(value, "id"));
        const char *url = json_string_value(json_object_get(value, "url"));
        if (!id || !url || strlen(url) >= sizeof link->url) {
            fprintf(stderr, "webinfer: %s gave no join link\n", cli->rest.url);
            result = WI_EXIT_FAILED;
        } else {
            snprintf(link->id, sizeof link->id, "%s", id);
            snprintf(link->url, sizeof link->url, "%s", url);
            link->nodes = json_integer_value(json_object_get(value, "nodes"));
            link->expires_at = json_integer_value(json_object_get(value, "expires_at"));
        }
        json_decref(value);
    }
    if (answer.body.size)
        OPENSSL_cleanse(answer.body.text, answer.body.size);
    wi_rest_answer_clear(&answer);
    return result;
}

static void show(const struct wi_cli *cli, const struct join_link *link)
{
    char until[64] = "";
    time_t expires = (time_t)(link->expires_at / 1000);
    struct tm local;

    if (cli->json) {
        json_t *value = json_pack("{s:s, s:s, s:I, s:I}", "id", link->id, "url", link->url, "nodes",
            (json_int_t)link->nodes, "expires_at", (json_int_t)link->expires_at);
        json_dumpf(value, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(value);
        return;
    }
    if (localtime_r(&expires, &local))
        strftime(until, sizeof until, "%Y-%m-%d %H:%M:%S", &local);
    printf("%s\n", link->url);
    fprintf(stderr,
        "Whoever opens this link in a browser lends it to the service: up to %lld at a time, "
        "coming until %s. It is a secret; DELETE /v1/admin/join/%s revokes it.\n",
        (long long)link->nodes, until, link->id);
    if (wi_url_is_loopback(link->url))
        fputs("warning: the bridge listens on this machine only, so the link works for browsers "
              "here and nowhere else; [bridge] listen and public_url let others in\n",
            stderr);
}

enum wi_exit wi_cli_token_join(struct wi_cli *cli)
{
    const char *nodes = wi_argument(&cli->arguments, "nodes");
    const char *period = wi_argument(&cli->arguments, "for");
    struct join_link link = {0};
    int64_t ms = 3600 * 1000;
    char *end = NULL;
    long count = nodes ? strtol(nodes, &end, 10) : 1;
    enum wi_exit result;

    if ((end && (*end || end == nodes)) || count < 1 || count > NODES_MAX) {
        fprintf(stderr, "webinfer: --nodes is a number from 1 to %d\n", NODES_MAX);
        return WI_EXIT_USAGE;
    }
    if (period && (wi_parse_duration(period, &ms) != 0 || ms < 1000 || ms / 1000 > SECONDS_MAX)) {
        fputs("webinfer: --for is a duration from 1s to 168h, such as 30m\n", stderr);
        return WI_EXIT_USAGE;
    }
    result = ask(cli, (size_t)count, ms / 1000, &link);
    if (result == WI_EXIT_OK)
        show(cli, &link);
    OPENSSL_cleanse(&link, sizeof link);
    return result;
}
