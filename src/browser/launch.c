/* The parts of starting a browser that do not depend on its kind: files, the port that it reports,
 * this machine. */

#include "base/net/url.h"
#include "browser/kinds.h"
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Chromium's own need for shared memory with large tensors; containers often have 64 MiB. */
#define SMALL_SHM_BYTES (512ull * 1024 * 1024)

static int shm_is_small(void)
{
    struct statvfs info;

    return statvfs("/dev/shm", &info) != 0 ||
           (unsigned long long)info.f_bavail * info.f_frsize < SMALL_SHM_BYTES;
}

int wi_kind_is_here(const struct wi_config_browser *browser)
{
    return !browser->driver_url || wi_url_is_loopback(browser->driver_url);
}

int wi_kind_lacks_shm(const struct wi_config_browser *browser)
{
    return wi_kind_is_here(browser) && shm_is_small();
}

void wi_launch_add_file(struct wi_launch *launch, const char *path, const char *text)
{
    launch->files = wi_realloc_array(launch->files, launch->file_count + 1, sizeof *launch->files);
    struct wi_launch_file *file = &launch->files[launch->file_count++];
    file->path = wi_strdup(path);
    file->text = wi_strdup(text);
}

void wi_launch_clear(struct wi_launch *launch)
{
    wi_strings_clear(&launch->command);
    wi_strings_clear(&launch->environment);
    wi_strings_clear(&launch->flags);
    for (size_t i = 0; i < launch->file_count; i++) {
        free(launch->files[i].path);
        free(launch->files[i].text);
    }
    free(launch->files);
    free(launch->url);
    json_decref(launch->capabilities);
    memset(launch, 0, sizeof *launch);
}

int wi_launch_read_port(const struct wi_launch *launch, const char *line)
{
    const char *found = launch->port_line ? strstr(line, launch->port_line) : NULL;
    char *end;

    if (!found)
        return -1;
    long port = strtol(found + strlen(launch->port_line), &end, 10);
    if (*end == '.')
        end++;
    return *end == '\0' && port > 0 && port < 65536 ? (int)port : -1;
}
