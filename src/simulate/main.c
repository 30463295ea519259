/*
 * webinfer-simulate: reads its options and the join link, and runs the nodes.
 */
#include "config.h"

#include "simulate/simulate.h"

#include "base/streams.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LINK_MAX 4096
#define DESCRIPTORS_MORE 64 /* in addition to one for each node */

/* The exit status, as for webinfer(1). */
enum { EXIT_USAGE = 2, EXIT_NO_SERVER = 3 };

static void error_complain(const struct wi_error *error)
{
    fprintf(stderr, "webinfer-simulate: %s\n", error->detail);
    if (*error->expected)
        fprintf(stderr, "  expected: %s\n", error->expected);
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
        "%llu nodes need %llu open files, but only %llu are allowed (ulimit -n)",
        (unsigned long long)options->nodes, (unsigned long long)needed,
        (unsigned long long)limit.rlim_max);
}

static enum wi_code read_link(struct sim_options *options, struct wi_error *error)
{
    int standard = strcmp(options->join_file, "-") == 0;
    char link[LINK_MAX] = "";
    if (standard && isatty(STDIN_FILENO))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "there is no join link on standard input; webinfer token join prints one");
    FILE *file = standard ? stdin : fopen(options->join_file, "re");
    if (!file)
        return wi_error_set(error, WI_BAD_REQUEST, "", "%.200s cannot be read: %s",
            options->join_file, strerror(errno));
    if (!fgets(link, sizeof link, file))
        link[0] = '\0';
    if (!standard)
        fclose(file);
    link[strcspn(link, "\r\n")] = '\0';
    enum wi_code code = wi_join_link_read(link, &options->link, error);
    OPENSSL_cleanse(link, sizeof link);
    return code;
}

static int nodes_run(struct sim_options *options)
{
    struct wi_error error = {0};
    int result = EXIT_USAGE;
    if (raise_descriptors(options, &error) == WI_OK && read_link(options, &error) == WI_OK)
        result = wi_sim_run(options) == 0 ? EXIT_SUCCESS : EXIT_NO_SERVER;
    else
        error_complain(&error);
    OPENSSL_cleanse(&options->link, sizeof options->link);
    return result;
}

int main(int argc, char **argv)
{
    struct sim_options options;
    struct wi_error error = {0};
    int result = EXIT_SUCCESS;

    wi_streams_keep();
    if (wi_sim_options_read(&options, argc, argv, &error) != WI_OK) {
        error_complain(&error);
        result = EXIT_USAGE;
    } else if (options.help) {
        wi_sim_options_help(stdout);
    } else if (options.version) {
        puts("webinfer-simulate " PACKAGE_VERSION);
    } else {
        result = nodes_run(&options);
    }
    return wi_streams_end("webinfer-simulate") == 0 ? result : EXIT_FAILURE;
}
