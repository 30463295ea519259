/* See add_car.h. */
#include "cli/commands/add_car.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/progress.h"
#include "models/models.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((uint64_t)16 << 20) /* between two updates of the progress */

struct wi_add_car {
    struct wi_view view; /* first: a view is cast back to its CAR */
    char *path;
    struct wi_file_identity identity;
    int fd;
    struct wi_car_tree *tree;
    struct wi_cli_progress progress;
    uint64_t shown; /* byte */
};

/* Says in which CAR it is. */
static enum wi_code car_fail(
    const struct wi_add_car *car, const struct wi_error *why, struct wi_error *error)
{
    return wi_error_set(error, why->code, "", "%.150s: %s", car->path, why->detail);
}

/* --- the view --------------------------------------------------------------------------------- */

/* The index of a file, or -1. */
static ssize_t index_of(const struct wi_add_car *car, const char *path)
{
    return wi_names_find(car->tree->files, car->tree->count, sizeof *car->tree->files, path);
}

static int car_has(const struct wi_view *view, const char *path)
{
    return index_of((const struct wi_add_car *)view, path) >= 0;
}

static int car_any(const struct wi_view *view, const char *folder, int (*is)(const char *path))
{
    const struct wi_add_car *car = (const struct wi_add_car *)view;
    for (size_t i = 0; i < car->tree->count; i++)
        if (wi_view_is_in(car->tree->files[i].path, folder) && is(car->tree->files[i].path))
            return 1;
    return 0;
}

const struct wi_view *wi_add_car_view(const struct wi_add_car *car)
{
    return &car->view;
}

const struct wi_view_file *wi_add_car_files(const struct wi_add_car *car, size_t *count)
{
    *count = car->tree->count;
    return car->tree->files;
}

struct wi_file_identity wi_add_car_identity(const struct wi_add_car *car)
{
    return car->identity;
}

/* --- reading ---------------------------------------------------------------------------------- */

enum wi_code wi_add_car_find(
    struct wi_add_car *car, const char *path, uint64_t *bytes, struct wi_error *error)
{
    struct wi_error why;
    ssize_t index = index_of(car, path);
    if (index < 0)
        return wi_error_set(
            error, WI_MODEL_NOT_FOUND, "", "there is no %.200s in %.150s", path, car->path);
    *bytes = car->tree->files[index].bytes;
    return wi_car_tree_find(car->tree, (size_t)index, &why) == WI_OK ? WI_OK
                                                                     : car_fail(car, &why, error);
}

ssize_t wi_add_car_read(
    const struct wi_add_car *car, const char *path, int fd, void *bytes, size_t size, uint64_t at)
{
    return wi_car_tree_read(car->tree, (size_t)index_of(car, path), fd, bytes, size, at);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int car_show(void *context, uint64_t at)
{
    struct wi_add_car *car = context;
    if (!car->progress.terminal || at - car->shown < STEP_BYTES)
        return 0;
    car->shown = at;
    json_t *row = json_pack("{s:o, s:I, s:I}", "state",
        json_sprintf("checking %s", wi_text_basename(car->path)), "loaded_bytes", (json_int_t)at,
        "total_bytes", (json_int_t)car->identity.size);
    wi_cli_progress_show(&car->progress, row);
    json_decref(row);
    return 0;
}

static enum wi_code open_file(struct wi_add_car *car, struct wi_error *error)
{
    struct wi_error why = {.code = WI_BAD_REQUEST};
    struct stat status;
    car->fd = open(car->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (car->fd < 0 || fstat(car->fd, &status) != 0)
        snprintf(why.detail, sizeof why.detail, "it cannot be read: %s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        snprintf(why.detail, sizeof why.detail, "it is no regular file");
    if (*why.detail)
        return car_fail(car, &why, error);
    car->identity = wi_file_identity_of(&status);
    car->progress = wi_cli_progress_begin();
    car->tree = wi_car_tree_open(car->fd, (uint64_t)status.st_size, car_show, car, &why);
    wi_cli_progress_end(&car->progress);
    return car->tree ? WI_OK : car_fail(car, &why, error);
}

struct wi_add_car *wi_add_car_open(const char *path, struct wi_error *error)
{
    struct wi_add_car *car = wi_alloc(sizeof *car);
    car->view = (struct wi_view){.has = car_has, .any = car_any};
    car->path = wi_strdup(path);
    car->fd = -1;
    if (open_file(car, error) == WI_OK)
        return car;
    wi_add_car_free(car);
    return NULL;
}

void wi_add_car_free(struct wi_add_car *car)
{
    if (!car)
        return;
    wi_car_tree_free(car->tree);
    wi_close(car->fd);
    free(car->path);
    free(car);
}
