/* See add_car.h. */
#include "cli/commands/add_car.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/progress.h"
#include "terms/model/view.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES ((uint64_t)16 << 20) /* between two updates of the progress */

struct reading {
    const char *name;
    uint64_t bytes, shown;
    struct wi_cli_progress progress;
};

/* Says in which CAR it is. */
static enum wi_code car_fail(
    const struct wi_add_car *car, const struct wi_error *why, struct wi_error *error)
{
    return wi_error_set(error, why->code, "", "%.150s: %s", car->_path, why->detail);
}

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

enum wi_code wi_add_car_find(
    struct wi_add_car *car, const char *path, uint64_t *bytes, struct wi_error *error)
{
    struct wi_error why;
    ssize_t index = index_of(car, path);
    if (index < 0)
        return wi_error_set(
            error, WI_MODEL_NOT_FOUND, "", "there is no %.200s in %.150s", path, car->_path);
    *bytes = car->tree->files[index].bytes;
    return wi_car_tree_find(car->tree, (size_t)index, &why) == WI_OK ? WI_OK
                                                                     : car_fail(car, &why, error);
}

ssize_t wi_add_car_read(
    const struct wi_add_car *car, const char *path, int fd, void *bytes, size_t size, uint64_t at)
{
    return wi_car_tree_read(car->tree, (size_t)index_of(car, path), fd, bytes, size, at);
}

static int car_show(void *context, uint64_t at)
{
    struct reading *reading = context;
    if (!reading->progress.terminal || at - reading->shown < STEP_BYTES)
        return 0;
    reading->shown = at;
    json_t *row = json_pack("{s:o, s:I, s:I}", "state", json_sprintf("checking %s", reading->name),
        "loaded_bytes", (json_int_t)at, "total_bytes", (json_int_t)reading->bytes);
    wi_cli_progress_show(&reading->progress, row);
    json_decref(row);
    return 0;
}

static enum wi_code open_file(struct wi_add_car *car, struct wi_error *error)
{
    struct wi_error why = {.code = WI_BAD_REQUEST};
    struct stat status;
    car->_fd = open(car->_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (car->_fd < 0 || fstat(car->_fd, &status) != 0)
        snprintf(why.detail, sizeof why.detail, "it cannot be read: %s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        snprintf(why.detail, sizeof why.detail, "it is not a regular file");
    if (*why.detail)
        return car_fail(car, &why, error);
    car->identity = wi_file_identity_of(&status);
    struct reading reading = {.name = wi_text_basename(car->_path),
        .bytes = (uint64_t)status.st_size,
        .progress = wi_cli_progress_begin()};
    car->tree = wi_car_tree_open(car->_fd, reading.bytes, car_show, &reading, &why);
    wi_cli_progress_end(&reading.progress);
    return car->tree ? WI_OK : car_fail(car, &why, error);
}

struct wi_add_car *wi_add_car_open(const char *path, struct wi_error *error)
{
    struct wi_add_car *car = wi_alloc(sizeof *car);
    car->view = (struct wi_view){.has = car_has, .any = car_any};
    car->_path = wi_strdup(path);
    car->_fd = -1;
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
    wi_close(car->_fd);
    free(car->_path);
    free(car);
}
