/*
 * Any bytes as the configuration file, and what is behind their last NUL, line by line, as settings
 * of the command line: what is accepted must print and read back to itself.
 */
#include "plant.h"
#include "settings/config/config.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problems(const struct wi_config *config, struct wi_problems *problems)
{
    assert(config ? problems->count == 0 : problems->count > 0 && problems->items[0].detail[0]);
    wi_problems_clear(problems);
}

static struct wi_config *load(const void *bytes, size_t size, const struct wi_strings *settings)
{
    char path[40];
    int fd = memfd_create("conf", MFD_CLOEXEC);
    struct wi_problems problems = {0};
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct wi_config *config = wi_config_load_with(path, settings, &problems);
    close(fd);
    check_problems(config, &problems);
    return config;
}

/* What is no file that can be read again is told. */
static void check_no_files(void)
{
    static const char *const paths[] = {"/nonexistent", "/dev/zero", "/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct wi_problems problems = {0};
        struct wi_config *config = wi_config_load(paths[i], &problems);
        assert(!config);
        check_problems(config, &problems);
    }
}

/* The lines behind the last NUL of `data`, whose size becomes that of what is before it. */
static struct wi_strings settings_of(const uint8_t *data, size_t *size)
{
    struct wi_strings settings = {0};
    const uint8_t *nul = *size > 0 ? memrchr(data, 0, *size) : NULL;
    if (!nul)
        return settings;
    char *text = strndup((const char *)nul + 1, *size - (size_t)(nul - data) - 1), *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));)
        wi_strings_add(&settings, line);
    free(text);
    *size = (size_t)(nul - data);
    return settings;
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
    if (size == 0) /* the first of each run */
        check_no_files();
    struct wi_strings settings = settings_of(data, &size);
    struct wi_config *config = load(data, size, &settings);
    wi_strings_clear(&settings);
    if (!config)
        return 0;
    /* All seeds end with a name of six letters, as do the browsers that are always there. */
    WI_PLANT(strlen(config->browsers[config->browser_count - 1].kind) != 6);
    size_t length, again;
    char *text = print(config, &length);
    struct wi_config *copy = load(text, length, &(struct wi_strings){0});
    assert(copy);
    char *second = print(copy, &again);
    drop_comments(text);
    drop_comments(second);
    assert(strcmp(text, second) == 0);
    free(text);
    free(second);
    wi_config_unref(copy);
    wi_config_unref(config);
    return 0;
}
