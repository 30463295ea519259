/*
 * The files in a CAR (models/share/content/car.h), as webinfer add sends them: read where they lie,
 * leaf by leaf, without a copy. Blocks.
 */
#ifndef WI_CLI_COMMANDS_ADD_CAR_H
#define WI_CLI_COMMANDS_ADD_CAR_H

#include "models/catalog/format/view.h"
#include "models/catalog/library/manifest.h"
#include <sys/types.h>

struct wi_add_car;

/* Reads the CAR at `path` whole, checks each block, and finds which files it has; says on a
 * terminal how far it is. NULL with `error`. */
struct wi_add_car *wi_add_car_open(const char *path, struct wi_error *error);
void wi_add_car_free(struct wi_add_car *car); /* NULL is fine */

/* Of names alone; borrowed. */
const struct wi_view *wi_add_car_view(const struct wi_add_car *car);
/* Its files, sorted by path; borrowed. A CAR of a single file has model.gguf, or model.onnx. */
const struct wi_view_file *wi_add_car_files(const struct wi_add_car *car, size_t *count);
/* As the CAR was read. */
struct wi_file_identity wi_add_car_identity(const struct wi_add_car *car);

/* Finds where the bytes of a file lie, before it is read. WI_OK, or `error` names what is missing
 * in the CAR or wrong with its tree. */
enum wi_code wi_add_car_find(
    struct wi_add_car *car, const char *path, uint64_t *bytes, struct wi_error *error);
/* As pread(2), of a file that was found, from the CAR that is open as `fd`. */
ssize_t wi_add_car_read(
    const struct wi_add_car *car, const char *path, int fd, void *bytes, size_t size, uint64_t at);

#endif
