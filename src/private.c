/*
 * A daemon of one program's own; see private.h. The end of that program is noticed by a pipe and
 * not by a process id: the kernel closes the other end however the program ended.
 */
#include "private.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last setting of `key`, which ends with "="; NULL: there is none. */
static char **setting_find(struct wi_strings *settings, const char *key)
{
    for (size_t i = settings->count; i-- > 0;)
        if (strncmp(settings->items[i], key, strlen(key)) == 0)
            return &settings->items[i];
    return NULL;
}

/* Gives that setting a folder of the instance as its value, if it has none. */
static enum wi_code give_folder(struct wi_instance *instance, struct wi_strings *settings,
    const char *key, const char *name, struct wi_error *error)
{
    char **setting = setting_find(settings, key);
    if (setting && (*setting)[strlen(key)])
        return WI_OK;
    char *folder = wi_instance_make(instance, name, error);
    if (!folder)
        return error->code;
    char *whole = wi_sprintf("%s%s", key, folder);
    free(folder);
    if (!setting) {
        wi_strings_add(settings, whole);
        free(whole);
        return WI_OK;
    }
    free(*setting);
    *setting = whole;
    return WI_OK;
}

enum wi_code wi_private_settle(
    struct wi_instance *instance, struct wi_strings *settings, struct wi_error *error)
{
    static const char *const fixed[] = {"api.listen=127.0.0.1:0",
        "api.tokens_file=", "api.tls_certificate=", "api.tls_key=", "bridge.listen=127.0.0.1:0",
        "bridge.public_url=", "bridge.tls_certificate=", "bridge.tls_key="};
    enum wi_code code = give_folder(instance, settings, "store.path=", "store", error);
    if (code == WI_OK && setting_find(settings, "models.directory="))
        code = give_folder(instance, settings, "models.directory=", "models", error);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        wi_strings_add(settings, fixed[i]);
    return code;
}

void wi_private_say(const char *api_url, const char *bridge_url)
{
    json_t *line = json_pack("{s:s, s:s}", "api", api_url, "bridge", bridge_url);
    json_dumpf(line, stdout, JSON_COMPACT);
    json_decref(line);
    putchar('\n');
    fflush(stdout);
}

struct wi_watch *wi_private_watch(
    uv_loop_t *loop, wi_watch_fn *on_input, void *context, struct wi_error *error)
{
    struct wi_watch *watch = wi_watch_new(loop, STDIN_FILENO, UV_READABLE, on_input, context);
    if (!watch)
        wi_error_set(error, WI_UNAVAILABLE, NULL,
            "standard input cannot be waited for: --private ends with it, so give it a pipe");
    return watch;
}

int wi_private_has_ended(void)
{
    char ignored[4096];
    ssize_t got = read(STDIN_FILENO, ignored, sizeof ignored);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}
