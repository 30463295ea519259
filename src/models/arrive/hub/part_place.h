/*
 * Where a file lies while it arrives: beside its own place, as .NAME.DIGITS, the digits being of
 * what it is to be, so that bytes of another file of that name are not gone on with. What part.c
 * and leaf_file.c have in common; all of it blocks.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PART_PLACE_H
#define WI_MODELS_ARRIVE_HUB_PART_PLACE_H

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

struct wi_part_place {
    int folder;        /* borrowed */
    int fd;            /* of the part, or of the file itself, for reading; -1: of none */
    int named;         /* `fd` is the file's, under its own name */
    char *path, *part; /* of the file, and of the part */
    uint64_t bytes;    /* that the file is to have */
    uint64_t size;     /* of what was there at the opening */
    uint64_t unsent;   /* bytes written since the last were sent on their way */
};

/* `digits`: at least eight. Nothing is opened. */
void wi_part_place_init(
    struct wi_part_place *place, int folder, const char *path, uint64_t bytes, const char *digits);
void wi_part_place_clear(struct wi_part_place *place); /* closes it, too */
void wi_part_place_close(struct wi_part_place *place);

/* Makes the folders in which it lies, and opens the file if one as long is there, or else the part,
 * which may be longer than it should be. */
enum wi_code wi_part_place_open(struct wi_part_place *place, struct wi_error *error);
/* The part, whether it was there or not. */
enum wi_code wi_part_place_open_part(struct wi_part_place *place, struct wi_error *error);
/* A new one, in the place of what is there. */
enum wi_code wi_part_place_begin_anew(struct wi_part_place *place, struct wi_error *error);

/* How many bytes of what was there at the opening lie before the first gap, in whole leaves of
 * WI_LEAF_BYTES: they may have come in another order. All of them where there is no gap. */
uint64_t wi_part_place_gathered(const struct wi_part_place *place);
/* 0, or -1 with errno. */
int wi_part_place_write(
    const struct wi_part_place *place, uint64_t at, const void *bytes, size_t size);
/* Counts what was written: whether it is to be sent now. */
int wi_part_place_is_due(struct wi_part_place *place, size_t written);
/* Sends what was written on its way to the disk, so that the sync at the end finds little left to
 * do. Not often: each call may wait for the disk's queue. */
void wi_part_place_send(const struct wi_part_place *place);
/* The bytes get to the disk, and the part becomes the file. A name must be on disk no earlier than
 * its bytes; that it gets there is not worth a wait for each file. */
enum wi_code wi_part_place_publish(struct wi_part_place *place, struct wi_error *error);

/* Says by errno that the file cannot be "written", "read" and so on. */
enum wi_code wi_part_place_fail(
    const struct wi_part_place *place, const char *verb, int number, struct wi_error *error);

#endif
