/*
 * The place of an arriving file: its own folder, under the name .NAME.DIGITS. The digits identify
 * the expected content, so that bytes of another file of that name are not continued. All functions
 * block.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PART_PLACE_H
#define WI_MODELS_ARRIVE_HUB_PART_PLACE_H

#include "base/error.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct wi_part_place {
    int folder;           /* borrowed */
    int fd;               /* of the part, or of the file itself, for reading; -1: neither is open */
    int named;            /* `fd` is of the file under its own name */
    char *path, *part;    /* of the file, and of the part */
    uint64_t bytes;       /* that the file is to have */
    uint64_t size;        /* of what was there at the opening */
    atomic_size_t unsent; /* bytes written since the last writing out */
};

/* `digits`: at least eight. Nothing is opened. */
void wi_part_place_init(
    struct wi_part_place *place, int folder, const char *path, uint64_t bytes, const char *digits);
void wi_part_place_clear(struct wi_part_place *place); /* closes it, too */
void wi_part_place_close(struct wi_part_place *place);

/* Makes the folders of the path. Opens the file if it exists with its full length, else the part,
 * which may be longer than it should be. */
enum wi_code wi_part_place_open(struct wi_part_place *place, struct wi_error *error);
/* Opens the part, and creates it if it does not exist. */
enum wi_code wi_part_place_open_part(struct wi_part_place *place, struct wi_error *error);
/* Replaces what is there by a new part. */
enum wi_code wi_part_place_begin_anew(struct wi_part_place *place, struct wi_error *error);

/* How many of the bytes that were there at the opening come before the first gap, in whole leaves
 * of WI_LEAF_BYTES: they may have arrived in another order. All of them if there is no gap. */
uint64_t wi_part_place_gathered(const struct wi_part_place *place);
/* 0, or -1 with errno. Now and then it starts writing out what was written, so that the sync at the
 * end finds little left to do. Several threads may write. */
int wi_part_place_write(struct wi_part_place *place, uint64_t at, const void *bytes, size_t size);
/* Syncs the bytes to disk, then renames the part to the file. The name must not be on disk before
 * the bytes; waiting for the name itself is not worthwhile for each file. */
enum wi_code wi_part_place_publish(struct wi_part_place *place, struct wi_error *error);

/* Sets the error for errno `number`: the file cannot be "written", "read" and so on (`verb`). */
enum wi_code wi_part_place_fail(
    const struct wi_part_place *place, const char *verb, int number, struct wi_error *error);

#endif
