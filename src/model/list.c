/* The store's folder, two levels deep; names that no request could use are left out. */
#include "model/list.h"

#include "model/store.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_model(const char *directory, const char *name)
{
    char *path = wi_sprintf("%s/%s/model.onnx", directory, name);
    struct stat st;
    int found = stat(path, &st) == 0;

    free(path);
    return found;
}

/* Adds the models among the entries of DIRECTORY/OWNER (`owner` NULL: of DIRECTORY). */
static void list_level(const char *directory, const char *owner, struct wi_strings *names)
{
    char *path = owner ? wi_sprintf("%s/%s", directory, owner) : wi_strdup(directory);
    DIR *dir = opendir(path);
    const struct dirent *item;

    free(path);
    if (!dir)
        return;
    while (names->count < WI_LIST_MAX && (item = readdir(dir))) {
        char *name = owner ? wi_sprintf("%s/%s", owner, item->d_name) : wi_strdup(item->d_name);

        if (wi_model_check_name(name, NULL) == WI_OK && strcmp(name, "builtin") != 0 &&
            item->d_type != DT_REG) {
            if (is_model(directory, name))
                wi_strings_add(names, name);
            if (!owner)
                list_level(directory, name, names);
        }
        free(name);
    }
    closedir(dir);
}

void wi_list_models(const char *directory, struct wi_strings *names)
{
    list_level(directory, NULL, names);
    qsort(names->items, names->count, sizeof(names->items[0]), compare);
}
