/*
 * The abilities of each kind of browser, which need not be running: the reports of its last two
 * sessions, from the announcements of their pages. They apply to the installed programs (the stamp
 * of wi_kind_stamp), and are of one version of the browser, its engines and, on one GPU, its
 * adapters; reports of another version replace them. They are kept in the database. Pages that
 * joined by themselves do not count here.
 *
 * The kind lacks an ability only if both reports lack it, so that a single bad start is not enough.
 * A report of only one session is tested again soon, and all are tested daily, when there is room
 * for that. Reports that were not tested for much longer expire.
 */
#ifndef WI_WORK_POOL_FACTS_ABILITIES_H
#define WI_WORK_POOL_FACTS_ABILITIES_H

#include "browser/kinds.h"
#include "nodes/bridge/bridge.h"

/* Milliseconds: a report of only one session is tested again after WI_ABILITIES_ONCE_MS, those of
 * two sessions after WI_ABILITIES_DAY_MS. They expire after WI_ABILITIES_DAYS times as long. */
#define WI_ABILITIES_ONCE_MS (10 * 60 * 1000LL)
#define WI_ABILITIES_DAY_MS (24 * 60 * 60 * 1000LL)
#define WI_ABILITIES_DAYS 2
/* The most kinds, by stamp, that are remembered; the one noted longest ago is dropped. */
#define WI_ABILITIES_MAX 64
#define WI_ABILITIES_REPORTS 2

struct wi_db;
struct wi_abilities;
/* Reads the reports in `db` (NULL: keep nothing); it must outlive them. */
struct wi_abilities *wi_abilities_new(struct wi_db *db);
void wi_abilities_free(struct wi_abilities *abilities); /* NULL is fine */

/* Records the report of the page of a session of ours, which was started with the programs of
 * `stamp`. Abilities that a page loses later do not count against its kind. */
void wi_abilities_note(struct wi_abilities *abilities, const char *stamp,
    const struct wi_node_info *page, int64_t now);

/* The abilities of a kind: any of these pages, which say that they are of a session, may come
 * again. Borrowed until the next wi_abilities_note. */
struct wi_ability {
    const struct wi_node_info *pages[WI_ABILITIES_REPORTS]; /* the latest first */
    size_t count;                                           /* 0: unknown */
    int due;                                                /* to be tested again */
};
struct wi_ability wi_abilities_of(
    const struct wi_abilities *abilities, const char *kind, const char *stamp, int64_t now);
/* Of its pages, the one that says what the kind can do: the latest, unless it has lost something.
 * NULL: unknown. Borrowed likewise. */
const struct wi_node_info *wi_ability_page(const struct wi_ability *ability);

/* On request: the kind's abilities are not trusted until another session of it has reported. */
void wi_abilities_doubt(struct wi_abilities *abilities, const char *kind);

#endif
