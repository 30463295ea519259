/*
 * The reader of the texts that the members of a cluster write for each other: JSON objects, each
 * with the version of its form. They come from other machines, so all of a text is hostile: it is
 * bounded, and read whole or not at all. Pure.
 */
#ifndef WI_CLUSTER_VERSIONED_H
#define WI_CLUSTER_VERSIONED_H

#include "base/params.h"

#define WI_VERSIONED_TIME_MAX 253402300799999 /* the end of the year 9999, in Unix milliseconds */

enum wi_read_fault {
    WI_READ_GOOD,
    WI_READ_GARBAGE,
    WI_READ_OTHER_VERSION, /* written by a program that is newer, or older */
    WI_READ_NO_MEMORY      /* for the bytes of a stored job */
};

/* The rules for a kind of text. */
struct wi_versioned {
    const char *field;            /* has the version */
    int64_t version;              /* ours */
    size_t most;                  /* bytes of a text */
    const struct wi_param *table; /* of the other fields; those outside it are ignored */
};

/* Fills `params` by the table from any bytes. `*object`, for json_decref, has what they borrow;
 * NULL: the text is no object. */
enum wi_read_fault wi_versioned_read(
    const struct wi_versioned *form, const char *text, size_t size, void *params, json_t **object);

#endif
