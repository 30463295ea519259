/*
 * The files in a CAR (models/models.h), which webinfer add sends: they are read in
 * place, leaf by leaf, without a copy. Blocks.
 */
#ifndef WI_CLI_COMMANDS_ADD_CAR_H
#define WI_CLI_COMMANDS_ADD_CAR_H

#include "models/models.h"

struct wi_add_car {
    struct wi_view view;              /* first: of names alone */
    struct wi_car_tree *tree;         /* its files */
    struct wi_file_identity identity; /* of the CAR when it was read */
    char *_path;
    int _fd;
};

/* Reads the whole CAR at `path`, checks each block, and finds its files; shows progress on a
 * terminal. NULL with `error`. */
struct wi_add_car *wi_add_car_open(const char *path, struct wi_error *error);
void wi_add_car_free(struct wi_add_car *car); /* NULL is fine */

/* Finds the positions of a file's bytes in the CAR; call it before reading. WI_OK, or `error` says
 * what is missing in the CAR or wrong with its tree. */
enum wi_code wi_add_car_find(
    struct wi_add_car *car, const char *path, uint64_t *bytes, struct wi_error *error);
/* Like pread(2), for a file that was found, from the CAR that is open as `fd`. */
ssize_t wi_add_car_read(
    const struct wi_add_car *car, const char *path, int fd, void *bytes, size_t size, uint64_t at);

#endif
