/*
 * What each kind of browser can do, where none of it may be running: the reports of the last two
 * sessions of it, as their pages announced themselves. They hold for what is installed (the stamp
 * of wi_kind_stamp), and are of one version of the browser, its engines and adapters: what is found
 * of another one takes their place. They are kept in the database. Pages that joined by themselves
 * say nothing here.
 *
 * What both lack the kind lacks, so that no single bad start does it. What only one session was
 * asked for is tested again soon, and all of it daily, when there is room for that; and what was
 * not tested for much longer is not known any more.
 */
#ifndef WI_WORK_POOL_FACTS_ABILITIES_H
#define WI_WORK_POOL_FACTS_ABILITIES_H

#include "browser/kinds.h"
#include "nodes/bridge/bridge.h"

/* Of Unix milliseconds: a report of one session alone is to be tested again after so long, those of
 * two after a day; after so many times as long they are not believed any more. */
#define WI_ABILITIES_ONCE_MS (10 * 60 * 1000LL)
#define WI_ABILITIES_DAY_MS (24 * 60 * 60 * 1000LL)
#define WI_ABILITIES_DAYS 2
/* So many kinds, as they were installed, are known; what was noted longest ago goes. */
#define WI_ABILITIES_MAX 64
#define WI_ABILITIES_REPORTS 2

struct wi_db;
struct wi_abilities;
/* What `db` (NULL: nothing) has; it must outlive them. */
struct wi_abilities *wi_abilities_new(struct wi_db *db);
void wi_abilities_free(struct wi_abilities *abilities); /* NULL is fine */

/* The page of a session of ours, which was started with what `stamp` says, reports that. What a
 * page loses later is no word about its kind. */
void wi_abilities_note(struct wi_abilities *abilities, const char *stamp,
    const struct wi_node_info *page, int64_t now);

/* What is known of a kind: any of these pages, which say that they are of a session, may come
 * again. Borrowed until the next note. */
struct wi_ability {
    const struct wi_node_info *pages[WI_ABILITIES_REPORTS]; /* the last first */
    size_t count;                                           /* 0: nothing is */
    int due;                                                /* to be tested again */
};
struct wi_ability wi_abilities_of(
    const struct wi_abilities *abilities, const char *kind, const char *stamp, int64_t now);

/* By order: what is known of the kind is not believed until another session of it has reported. */
void wi_abilities_doubt(struct wi_abilities *abilities, const char *kind);

#endif
