/* Shared by the files behind blockstore.h: the store, and the table of its pins. */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_PRIVATE_H
#define WI_MODELS_SHARE_BLOCKSTORE_PRIVATE_H

#include "base/loop.h"
#include "base/work_queue.h"
#include "models/share/blockstore/outline.h"
#include "models/share/blockstore/pin.h"

/* A pin in the table. */
struct wi_pin_entry {
    struct wi_blockstore *blocks;
    struct wi_pin pin;
    int is_spare;               /* a copy that may go */
    struct wi_outline *outline; /* NULL until its files have been found unchanged */
};

struct wi_blockstore {
    const struct wi_models_deps *deps;
    const struct wi_models *models;
    char *directory;               /* of the store */
    struct wi_pin_entry **entries; /* sorted by the names of their models */
    size_t count;
    struct wi_pin_checks *checks;
    struct wi_work_queue *hashing;     /* of publishings, and of `asked` */
    struct wi_publishing *publishings; /* under way */
    struct wi_asked_leaves *asked;     /* that are being computed, or could not be */
    int is_swept;                      /* publishings may begin */
};

/* --- the table: pin_table.c ------------------------------------------------------------------- */

/* NULL if there is none. */
struct wi_pin_entry *wi_pin_table_find(const struct wi_blockstore *blocks, const char *model);
/* Adds a pin, replacing any of the same name. Takes ownership of the pin and the outline (NULL:
 * none yet), and tells the listener. */
void wi_pin_table_put(struct wi_blockstore *blocks, struct wi_pin *pin, struct wi_outline *outline);
void wi_pin_table_remove(struct wi_pin_entry *entry); /* tells the listener */
/* Frees one that the table has no more, or that goes with it. */
void wi_pin_entry_free(struct wi_pin_entry *entry);
/* Its blocks are found from then on, or no longer; a change is logged, and the listener is told.
 * `why` is the end of a sentence. The first takes ownership of the outline; NULL: the pin has
 * one. */
void wi_pin_table_whole(struct wi_pin_entry *entry, struct wi_outline *outline);
void wi_pin_table_stale(struct wi_pin_entry *entry, const char *why);

/* --- publishing: publish.c -------------------------------------------------------------------- */

/* Begins the publishings that waited for `is_swept`. */
void wi_publishings_start(struct wi_blockstore *blocks);
/* No callback follows. */
void wi_publishings_free(struct wi_blockstore *blocks);

/* --- leaves that are asked for: asked_leaves.c ------------------------------------------------ */

void wi_asked_leaves_free(struct wi_blockstore *blocks);

/* --- checking: pin_check.c -------------------------------------------------------------------- */

/* First removes files that are no longer needed, and then checks the files of all pins. */
struct wi_pin_checks *wi_pin_checks_new(struct wi_blockstore *blocks);
void wi_pin_checks_free(struct wi_pin_checks *checks); /* NULL is fine */
/* Checks again as soon as allowed: at most once a second, and for at most a tenth of the time. */
void wi_pin_checks_want(struct wi_pin_checks *checks);
/* The same, but first removes the leaves of files that no longer exist: a model was removed. */
void wi_pin_checks_tidy(struct wi_pin_checks *checks);

#endif
