/* Finds the name that was probably meant by an unknown word. */
#ifndef WI_BASE_NEAREST_H
#define WI_BASE_NEAREST_H

#include <stddef.h>

/* Longer words and names match nothing. There is room for a model's name with its owner. */
#define WI_NEAREST_MAX 300

/* A search: begin with wi_nearest_to, offer every name, read `name`. Needs no freeing. */
struct wi_nearest {
    const char *word; /* borrowed */
    const char *name; /* the nearest name so far, borrowed; NULL: none is near enough */
    size_t distance;  /* private: the distance of `name`; at first, the limit plus 1 */
};

/* A name is near a word if, apart from ASCII letter case, it differs by at most one edit from a
 * word of up to 4 bytes, two from one of up to 8, or three from a longer one. An edit inserts,
 * removes or replaces a byte, or swaps two neighbours (the optimal string alignment distance). */
struct wi_nearest wi_nearest_to(const char *word);
/* Offers a name. Among equally near names, the first one offered stays. */
void wi_nearest_offer(struct wi_nearest *nearest, const char *name);

#endif
