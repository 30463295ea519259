/*
 * webinfer-simulate: reads its options and the join link, and runs the nodes.
 */
#include "config.h"

#include "simulate/simulate.h"

#include "base/streams.h"
#include <errno.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LINK_MAX 4096
#define DESCRIPTORS_MORE 64 /* beside one for each node */

/* What the program's exit status says, as that of webinfer(1). */
enum { EXIT_USAGE = 2, EXIT_NO_SERVER = 3 };

static void complain(const struct wi_error *error)
{
    fprintf(stderr, "webinfer-simulate: %s\n", error->detail);
    if (*error->expected)
        fprintf(stderr, "  expected: %s\n", error->expected);
}

/* "http://HOST:PORT/#token=TOKEN" into its parts. */
static enum wi_code take_link(const char *link, struct sim_options *options, struct wi_error *error)
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
        "%llu nodes need %llu open files, and %llu are allowed here (ulimit -n)",
        (unsigned long long)options->nodes, (unsigned long long)needed,
        (unsigned long long)limit.rlim_max);
}

static enum wi_code read_link(struct sim_options *options, struct wi_error *error)
{
    int standard = strcmp(options->join_file, "-") == 0;
    char link[LINK_MAX] = "";
    enum wi_code code;
    if (standard && isatty(STDIN_FILENO))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "there is no join link; webinfer token join prints one, for standard input here");
    FILE *file = standard ? stdin : fopen(options->join_file, "re");
    if (!file)
        return wi_error_set(error, WI_BAD_REQUEST, "", "%.200s cannot be read: %s",
            options->join_file, strerror(errno));
    if (!fgets(link, sizeof link, file))
        link[0] = '\0';
    if (!standard)
        fclose(file);
    link[strcspn(link, "\r\n")] = '\0';
    code = take_link(link, options, error);
    OPENSSL_cleanse(link, sizeof link);
    return code;
}

static int run(struct sim_options *options)
{
    struct wi_error error = {0};
    int result = EXIT_USAGE;
    if (raise_descriptors(options, &error) == WI_OK && read_link(options, &error) == WI_OK &&
        resolve(options, &error) == WI_OK)
        result = sim_run(options) == 0 ? EXIT_SUCCESS : EXIT_NO_SERVER;
    else
        complain(&error);
    OPENSSL_cleanse(options->token, sizeof options->token);
    return result;
}

int main(int argc, char **argv)
{
    struct sim_options options;
    struct wi_error error = {0};
    int result = EXIT_SUCCESS;

    wi_streams_keep();
    if (sim_options_read(&options, argc, argv, &error) != WI_OK) {
        complain(&error);
        result = EXIT_USAGE;
    } else if (options.help) {
        sim_options_help(stdout);
    } else if (options.version) {
        puts("webinfer-simulate " PACKAGE_VERSION);
    } else {
        result = run(&options);
    }
    return wi_streams_end("webinfer-simulate") == 0 ? result : EXIT_FAILURE;
}
