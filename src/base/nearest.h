/* Which of some names was meant by a word that is none of them. */
#ifndef WI_BASE_NEAREST_H
#define WI_BASE_NEAREST_H

#include <stddef.h>

/* Longer words and names are never near anything. Room for a model's name with its owner's. */
#define WI_NEAREST_MAX 300

/* A search: begin with wi_nearest_to, offer every name, read `name`. Needs no freeing. */
struct wi_nearest {
    const char *word; /* borrowed */
    const char
        *name;       /* the nearest name offered so far, borrowed; NULL where none is near enough */
    size_t distance; /* private: at most so many edits are near; that of `name` once there is one */
};

/* Near are, ASCII letter case apart, names that differ by at most one edit from a word of up to 4
 * bytes, by two from one of up to 8 and by three from a longer one. An edit inserts, removes or
 * replaces a byte or swaps two neighbours (the optimal string alignment distance). */
struct wi_nearest wi_nearest_to(const char *word);
/* Of names that are equally near the first one offered stays. */
void wi_nearest_offer(struct wi_nearest *nearest, const char *name);

#endif
