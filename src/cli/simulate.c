/*
 * webinfer simulate: reads its options, gets a join link (from the daemon's API, or from a file)
 * and runs the nodes.
 */
#include "cli/simulate.h"

#include "cli/cli.h"
#include "cli/join.h"

#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define NODES_MAX 65536
#define LINK_FILE_MAX 4096
#define JOIN_SECONDS 3600
#define DESCRIPTORS_MORE 64 /* beside one for each node */

static enum wi_code bad(struct wi_error *error, const char *option, const char *expected)
{
    wi_error_set(error, WI_BAD_REQUEST, "", "--%s cannot be that", option);
    wi_error_expect(error, "%s", expected);
    return WI_BAD_REQUEST;
}

static enum wi_code read_number(const struct wi_arguments *arguments, const char *option,
    double max, const char *expected, double *value, struct wi_error *error)
{
    const char *text = wi_argument(arguments, option);
    char *end;

    if (!text)
        return WI_OK;
    *value = strtod(text, &end);
    if (end == text || *end || !(*value >= 0 && *value <= max))
        return bad(error, option, expected);
    return WI_OK;
}

static enum wi_code read_options(
    const struct wi_arguments *arguments, struct sim_options *options, struct wi_error *error)
{
    const struct {
        const char *name;
        double *rate;
    } rates[] = {{"fail-rate", &options->fail_rate}, {"drop-rate", &options->drop_rate},
        {"late-rate", &options->late_rate}, {"cut-rate", &options->cut_rate},
        {"duplicate-rate", &options->duplicate_rate}};
    const char *until = wi_argument(arguments, "for"), *browser = wi_argument(arguments, "browser");
    double nodes = 1, seed = 1, sum = 0;
    enum wi_code code =
        read_number(arguments, "nodes", NODES_MAX, "a number from 1 to 65536", &nodes, error);

    if (code == WI_OK && nodes < 1)
        code = bad(error, "nodes", "a number from 1 to 65536");
    if (code == WI_OK)
        code = read_number(arguments, "latency-ms", 3600000, "milliseconds, at most 3600000",
            &options->latency_ms, error);
    if (code == WI_OK)
        code = read_number(arguments, "jitter-ms", 3600000, "milliseconds, at most 3600000",
            &options->jitter_ms, error);
    if (code == WI_OK)
        code = read_number(
            arguments, "token-ms", 60000, "milliseconds, at most 60000", &options->token_ms, error);
    if (code == WI_OK)
        code = read_number(arguments, "seed", 1e15, "a whole number", &seed, error);
    for (size_t i = 0; code == WI_OK && i < sizeof rates / sizeof *rates; i++) {
        code = read_number(arguments, rates[i].name, 1, "from 0 to 1, 0.05 for one in twenty",
            rates[i].rate, error);
        sum += i < 4 ? *rates[i].rate : 0;
    }
    if (code == WI_OK && sum > 1)
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "the rates of fail, drop, late and cut are more than 1");
    if (code == WI_OK && until &&
        (wi_parse_duration(until, &options->run_ms) != 0 || options->run_ms < 1))
        code = bad(error, "for", "a duration such as 30s or 5m");
    if (code == WI_OK && browser && (!*browser || strlen(browser) > 31))
        code = bad(error, "browser", "a name of 1 to 31 bytes");
    options->nodes = (size_t)nodes;
    options->seed = (uint64_t)seed;
    options->browser = browser ? browser : "simulated";
    options->models = wi_argument(arguments, "models");
    return code;
}

/* "http://HOST:PORT/#token=TOKEN" into its parts. */
static enum wi_code read_link(const char *link, struct sim_options *options, struct wi_error *error)
{
    static const char mark[] = "/#token=";
    const char *authority = strstr(link, "://"), *token = strstr(link, mark);
    size_t scheme = authority ? (size_t)(authority - link) : 0;

    options->tls = scheme == 5 && strncmp(link, "https", 5) == 0;
    if ((!options->tls && !(scheme == 4 && strncmp(link, "http", 4) == 0)) || !token ||
        (size_t)(token - authority - 3) >= sizeof options->host - 8 ||
        strlen(token + sizeof mark - 1) >= sizeof options->token ||
        strspn(token + sizeof mark - 1,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
            strlen(token + sizeof mark - 1)) {
        wi_error_set(error, WI_BAD_REQUEST, "", "this is no join link");
        wi_error_expect(error, "what webinfer token join prints: http://HOST:PORT/#token=TOKEN");
        return WI_BAD_REQUEST;
    }
    snprintf(options->token, sizeof options->token, "%s", token + sizeof mark - 1);
    authority += 3;
    snprintf(options->host, sizeof options->host, "%.*s", (int)(token - authority), authority);
    return WI_OK;
}

/* libwebsockets would look names up on the loop. */
static enum wi_code resolve(struct sim_options *options, struct wi_error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[sizeof options->host];
    const char *bracket = strchr(options->host, ']');
    const char *colon = strrchr(bracket ? bracket : options->host, ':');
    size_t length = colon ? (size_t)(colon - options->host) : strlen(options->host);

    options->port = colon ? atoi(colon + 1) : options->tls ? 443 : 80;
    if (options->host[0] == '[' && length > 2)
        snprintf(host, sizeof host, "%.*s", (int)length - 2, options->host + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)length, options->host);
    if (getaddrinfo(host, NULL, &hints, &found) != 0 ||
        getnameinfo(found->ai_addr, found->ai_addrlen, options->address, sizeof options->address,
            NULL, 0, NI_NUMERICHOST) != 0) {
        if (found)
            freeaddrinfo(found);
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "the address of %.200s cannot be found", host);
    }
    freeaddrinfo(found);
    return WI_OK;
}

static enum wi_code raise_descriptors(const struct sim_options *options, struct wi_error *error)
{
    struct rlimit limit;
    rlim_t needed = options->nodes + DESCRIPTORS_MORE;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return WI_OK;
    if (limit.rlim_max >= needed) {
        limit.rlim_cur = needed;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
            return WI_OK;
    }
    return wi_error_set(error, WI_BAD_REQUEST, "",
        "%zu nodes need %llu open files, and %llu are allowed here (ulimit -n)", options->nodes,
        (unsigned long long)needed, (unsigned long long)limit.rlim_max);
}

/* The link from the file, or a fresh one from the daemon. */
static enum wi_exit get_link(
    struct wi_cli *cli, struct sim_options *options, struct wi_error *error)
{
    const char *path = wi_argument(&cli->arguments, "join-file");
    struct wi_join_link link = {0};
    enum wi_exit result = WI_EXIT_OK;
    enum wi_code code;
    char *text;
    size_t size;

    if (path) {
        text = wi_cli_read_file(path, LINK_FILE_MAX, &size, error);
        code = text ? WI_OK : error->code;
        if (text) {
            text[strcspn(text, "\r\n")] = '\0';
            code = read_link(text, options, error);
            OPENSSL_cleanse(text, size);
        }
        free(text);
        return code == WI_OK ? WI_EXIT_OK : WI_EXIT_USAGE;
    }
    result = wi_cli_join(cli, options->nodes, JOIN_SECONDS, &link);
    if (result == WI_EXIT_OK && read_link(link.url, options, error) != WI_OK)
        result = WI_EXIT_FAILED;
    OPENSSL_cleanse(&link, sizeof link);
    return result;
}

enum wi_exit wi_cli_simulate(struct wi_cli *cli)
{
    struct sim_options options = {.json = cli->json, .authority = cli->rest.authority};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (read_options(&cli->arguments, &options, &error) == WI_OK &&
        raise_descriptors(&options, &error) == WI_OK)
        result = get_link(cli, &options, &error);
    if (result == WI_EXIT_OK && resolve(&options, &error) != WI_OK)
        result = WI_EXIT_USAGE;
    if (error.code != WI_OK)
        wi_cli_complain(&error);
    if (result == WI_EXIT_OK && sim_run(&options) != 0)
        result = WI_EXIT_NO_SERVER;
    OPENSSL_cleanse(options.token, sizeof options.token);
    return result;
}
