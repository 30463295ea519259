/*
 * The evidence about joined nodes, kept while they are connected and for a while after that: a node
 * that comes back, or another of its party, starts with the worst standing of those that left. So
 * no node can clear its record by reconnecting. Pure: times are passed in, of wi_steady_ms.
 */
#ifndef WI_WORK_POOL_FACTS_STANDINGS_H
#define WI_WORK_POOL_FACTS_STANDINGS_H

#include "nodes/bridge/bridge.h"

/* --- conduct ---------------------------------------------------------------------------------- */

/* How the last attempts of a joined node ended, and the results of its judged answers: two rings,
 * because all attempts end, but few answers are judged. */

/* The number of last ones that count. */
#define WI_CONDUCT_LENGTH 50
/* This many right answers in a row clear the suspicions before them. */
#define WI_CONDUCT_CLEARS 10

enum wi_conduct_kind {
    WI_CONDUCT_ENDED,     /* well */
    WI_CONDUCT_ENDING,    /* badly, and well in a browser of ours */
    WI_CONDUCT_DISPUTED,  /* badly, and well at another joined node; or it gave wrong blocks */
    WI_CONDUCT_RIGHT,     /* judged right */
    WI_CONDUCT_OPEN,      /* it could not be judged, by the node's choice */
    WI_CONDUCT_SUSPICION, /* a client's input gave an answer that differs from ours */
    WI_CONDUCT_COUNT
};
extern const char *const wi_conduct_names[]; /* "ended", "ending" …, ended by NULL */

/* Zero-initialise: no answers yet. */
struct wi_conduct {
    struct wi_conduct_ring {
        uint8_t
            kinds[WI_CONDUCT_LENGTH]; /* enum wi_conduct_kind, the oldest first from `next` on */
        unsigned count, next;
    } ended, judged;
};

void wi_conduct_note(struct wi_conduct *conduct, enum wi_conduct_kind kind);
/* The number of the kind among the last ones; for suspicions, those that are not cleared. */
unsigned wi_conduct_count(const struct wi_conduct *conduct, enum wi_conduct_kind kind);

/* --- standings ------------------------------------------------------------------------------ */

/* How long a standing is kept after the last node of its party has left. */
#define WI_STANDINGS_MS ((int64_t)3600 * 1000)
/* The most parties that are remembered, and the most of one token. The one that left first is
 * dropped, but never in favour of a node that leaves without a fault. */
#define WI_STANDINGS_MAX 1000
#define WI_STANDINGS_TOKEN_MAX 100

/* A limit by the evidence against a node: less work, or none. */
#define WI_POOL_REASON_SIZE 160
struct pool_node_limit {
    int64_t since, until; /* `since` 0: no limit; `until` 0: until it is undone */
    const char *evidence; /* one of wi_evidence_names */
    const char *undone;   /* how it is undone, for people */
    char reason[WI_POOL_REASON_SIZE];
};
/* The standing of a joined node. */
struct pool_node_standing {
    struct wi_conduct conduct;
    struct pool_node_limit less; /* it is used only if nothing else has room */
    struct pool_node_limit hold; /* it is held by WI_POOL_HELD_FOUND */
};

struct wi_standings;
struct wi_standings *wi_standings_new(void);
void wi_standings_free(struct wi_standings *standings);

/* The joined node leaves with that standing. If its party already has one, the worse of the two is
 * kept. */
void wi_standings_keep(struct wi_standings *standings, const char *party, const char *node_id,
    const struct pool_node_standing *standing, int64_t now);
/* The standing kept for its party; NULL: none. Valid until the next call. */
const struct pool_node_standing *wi_standings_of_party(
    const struct wi_standings *standings, const char *party, int64_t now);
/* The standing kept since that node left, if it was the last of its party to leave, for its owner
 * to change; NULL: none. Valid until the next call. */
struct pool_node_standing *wi_standings_of_node(
    const struct wi_standings *standings, const char *node_id);
void wi_standings_forget(struct wi_standings *standings, const char *party);

#endif
