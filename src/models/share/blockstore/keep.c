/* See keep.h. */
#include "models/share/blockstore/keep.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPORARY ".new" /* how temporary names begin */

int wi_keep_open(const char *directory, const char *what, int make)
{
    int store = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store < 0)
        return -1;
    char *path = wi_sprintf(WI_STORE_CONTENT "/%s", what);
    int folder = make ? wi_path_make(store, path) : wi_path_open(store, path);
    free(path);
    wi_close(store);
    return folder;
}

int wi_keep_stage(int folder, const void *bytes, size_t size, char temporary[WI_ID_SIZE])
{
    wi_id_new(temporary, TEMPORARY);
    return wi_file_write(folder, temporary, bytes, size, 0644);
}

int wi_keep_commit(int folder, const char *temporary, const char *name)
{
    if (renameat(folder, temporary, folder, name) == 0)
        return 0;
    wi_keep_drop(folder, temporary);
    return -1;
}

void wi_keep_drop(int folder, const char *temporary)
{
    int why = errno;
    unlinkat(folder, temporary, 0);
    errno = why;
}

int wi_keep_is_temporary(const char *name)
{
    return strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0;
}

enum wi_code wi_keep_failed(const char *directory, struct wi_error *error)
{
    int is_full = wi_is_full(errno);
    enum wi_code code = wi_path_failed(directory, "published models cannot be stored", error);
    return is_full ? error->code = WI_NO_ROOM : code;
}
