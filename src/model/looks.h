/*
 * Files as they were at one look, to see later whether they are still the same: one stat each. A
 * model of many files costs each of its requests that many; most have two or three.
 */
#ifndef WI_MODEL_LOOKS_H
#define WI_MODEL_LOOKS_H

#include "model/manifest.h"

struct wi_look {
    char *path;
    struct wi_file_identity identity; /* zero: it was not there */
};

/* Zero-initialise; free with wi_looks_clear. */
struct wi_looks {
    struct wi_look *items;
    size_t count;
};

/* Looks at the file or folder FOLDER/NAME; 1 if it is there. */
int wi_looks_add(struct wi_looks *looks, const char *folder, const char *name);
/* Whether nothing has changed of what was looked at; 0 for an empty list. */
int wi_looks_hold(const struct wi_looks *looks);
void wi_looks_move(struct wi_looks *to, struct wi_looks *from); /* `from` becomes empty */
void wi_looks_clear(struct wi_looks *looks);

#endif
