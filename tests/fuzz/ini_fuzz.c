/* Any bytes as the configuration file: what is accepted must print and read back to itself. */
#include "config/config.h"
#include "plant.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wi_config *load(const void *bytes, size_t size)
{
    char path[40];
    int fd = memfd_create("conf", MFD_CLOEXEC);
    struct wi_problems problems = {0};
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct wi_config *config = wi_config_load(path, &problems);
    close(fd);
    assert(config ? problems.count == 0 : problems.count > 0 && problems.items[0].detail[0]);
    wi_problems_clear(&problems);
    return config;
}

static char *print(const struct wi_config *config, size_t *size)
{
    char *text;
    FILE *out = open_memstream(&text, size);
    wi_config_print(config, out);
    fclose(out);
    return text;
}

/* The values alone: the comments name the file that was read. */
static void drop_comments(char *text)
{
    char *to = text;
    while (*text) {
        size_t length = strcspn(text, "\n") + 1;
        if (*text != '#') {
            memmove(to, text, length);
            to += length;
        }
        text += length;
    }
    *to = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return -1;
    struct wi_config *config = load(data, size);
    if (!config)
        return 0;
    WI_PLANT(config->log.level == WI_LOG_DEBUG);
    size_t length, again;
    char *text = print(config, &length);
    struct wi_config *copy = load(text, length);
    assert(copy);
    char *second = print(copy, &again);
    drop_comments(text);
    drop_comments(second);
    assert(strcmp(text, second) == 0);
    free(text);
    free(second);
    wi_config_free(copy);
    wi_config_free(config);
    return 0;
}
