/*
 * The members that an observer sees, by its own awake time: who writes a record lives, and who
 * has not changed it for WI_MEMBER_GONE_MS is gone. Nothing that a member says about time decides
 * this. Pure: the time is an argument.
 */
#ifndef WI_CLUSTER_MEMBERS_H
#define WI_CLUSTER_MEMBERS_H

#include "cluster/member.h"

#define WI_MEMBERS_MAX 64
#define WI_MEMBER_BEAT_MS 2000 /* a member writes its record so often */
#define WI_MEMBER_GONE_MS 6000.0
#define WI_MEMBER_SKEW_MS 30000 /* clocks that differ by more are warned about */

/* What the bucket says about a key. */
struct wi_member_entry {
    const char *key, *text;
    size_t size;
    uint64_t revision; /* of the record: it changes with every write */
    int removed;       /* there is none any more; `text` is NULL */
    int replayed;      /* it was there when the observer came: its writer may be gone */
};

struct wi_seen {
    char key[WI_MEMBER_KEY_SIZE];
    struct wi_cluster_member member;
    uint64_t revision;
    double changed_ms; /* awake time */
    int lives;         /* it was written while we looked */
    int64_t skew_ms;   /* its wall clock less ours */
    int skewed;        /* that is more than WI_MEMBER_SKEW_MS, which was told */
};

/* Zero-initialise; free with wi_members_clear. */
struct wi_members {
    struct wi_seen *items[WI_MEMBERS_MAX]; /* the first `count`, in any order */
    size_t count;
    uint64_t garbage, other_version; /* records that were not read */
    uint64_t left_out;               /* records of members beyond WI_MEMBERS_MAX */
};
void wi_members_clear(struct wi_members *members);

/* Takes an entry over into the list. Returns the member if its clock has just been found to be off
 * by more than WI_MEMBER_SKEW_MS, else NULL. */
const struct wi_seen *wi_members_take(struct wi_members *members,
    const struct wi_member_entry *entry, double now_ms, int64_t wall_ms);
/* Forgets those that have not changed for WI_MEMBER_GONE_MS. */
void wi_members_expire(struct wi_members *members, double now_ms);
/* The next one that lives, in the order of names, after the one named `after` (NULL: the first);
 * NULL at the end. */
const struct wi_seen *wi_members_next(const struct wi_members *members, const char *after);

/* What a sweep knows of the members. */
struct wi_members_view {
    int is_first; /* this one is the first living member by name: it alone sweeps */
    size_t count;
    char living[WI_MEMBERS_MAX][WI_ID_SIZE]; /* instances */
};
int wi_members_view_has(const struct wi_members_view *view, const char *instance);

/*
 * The claim of a daemon to its name: what the bucket has under its key. A record of another
 * instance that changes belongs to a member that lives, which keeps the name.
 */
struct wi_name_claim {
    int exists;
    uint64_t revision;
    char instance[WI_ID_SIZE]; /* of the writer; "": the record cannot be read */
    double changed_ms;
    int lives; /* as in struct wi_seen */
};
enum wi_claim_state {
    WI_CLAIM_FREE,  /* there is no record: make one */
    WI_CLAIM_OURS,  /* replace it, by its revision */
    WI_CLAIM_STALE, /* likewise: its writer is gone */
    WI_CLAIM_WAIT,  /* its writer may be gone */
    WI_CLAIM_TAKEN  /* by another daemon */
};
void wi_name_claim_take(
    struct wi_name_claim *claim, const struct wi_member_entry *entry, double now_ms);
enum wi_claim_state wi_name_claim_judge(
    const struct wi_name_claim *claim, const char *instance, double now_ms);

#endif
