/* Looking at files by their paths. */
#include "model/looks.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static struct wi_file_identity look_at(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct wi_file_identity){0};
    return wi_file_identity_of(&status);
}

int wi_looks_add(struct wi_looks *looks, const char *folder, const char *name)
{
    size_t count = looks->count++;
    if ((count & (count - 1)) == 0) /* at every power of two there is no more room */
        looks->items = wi_realloc_array(looks->items, count ? 2 * count : 1, sizeof *looks->items);
    struct wi_look *look = &looks->items[count];
    look->path = wi_sprintf("%s/%s", folder, name);
    look->identity = look_at(look->path);
    return look->identity.inode != 0;
}

int wi_looks_hold(const struct wi_looks *looks)
{
    for (size_t i = 0; i < looks->count; i++) {
        struct wi_file_identity now = look_at(looks->items[i].path);
        if (!wi_file_identity_same(&now, &looks->items[i].identity))
            return 0;
    }
    return looks->count > 0;
}

void wi_looks_move(struct wi_looks *to, struct wi_looks *from)
{
    *to = *from;
    *from = (struct wi_looks){0};
}

void wi_looks_clear(struct wi_looks *looks)
{
    for (size_t i = 0; i < looks->count; i++)
        free(looks->items[i].path);
    free(looks->items);
    *looks = (struct wi_looks){0};
}
