/*
 * What was found of joined nodes, as long as they are there and for a while behind that: a node
 * that comes again, or another of its party, begins where the worst of those that left has ended.
 * So nobody is rid of what was found by connecting anew. Pure: times are given, of wi_steady_ms.
 */
#ifndef WI_WORK_POOL_FACTS_STANDINGS_H
#define WI_WORK_POOL_FACTS_STANDINGS_H

#include "nodes/bridge/bridge.h"
#include "work/pool/facts/conduct.h"

/* For so long it is kept once the last of a party that has any has left. */
#define WI_STANDINGS_MS ((int64_t)3600 * 1000)
/* So many parties are remembered, and so many of one token; the one that left first goes, and never
 * for one that leaves without a fault. */
#define WI_STANDINGS_MAX 1000
#define WI_STANDINGS_TOKEN_MAX 100

/* What was found of a node makes it get less work, or none. */
#define WI_POOL_REASON_SIZE 160
struct pool_node_limit {
    int64_t since, until; /* 0: it is not so; until it is undone */
    const char *evidence; /* one of wi_evidence_names */
    const char *undone;   /* by what, for people */
    char reason[WI_POOL_REASON_SIZE];
};
/* Of a joined node. */
struct pool_node_standing {
    struct wi_conduct conduct;
    struct pool_node_limit less; /* it is taken only where nothing else has room */
    struct pool_node_limit hold; /* it is held by WI_POOL_HELD_FOUND */
};

struct wi_standings;
struct wi_standings *wi_standings_new(void);
void wi_standings_free(struct wi_standings *standings);

/* The joined node leaves with that standing. Where its party has one that is kept, the worse of the
 * two is kept. */
void wi_standings_keep(struct wi_standings *standings, const char *party, const char *node_id,
    const struct pool_node_standing *standing, int64_t now);
/* What is kept of its party; NULL: nothing. Good until the next call. */
const struct pool_node_standing *wi_standings_of_party(
    const struct wi_standings *standings, const char *party, int64_t now);
/* What is kept since that node left, if it was its party's last that did, for its owner to change;
 * NULL: nothing. Good until the next call. */
struct pool_node_standing *wi_standings_of_node(
    const struct wi_standings *standings, const char *node_id);
void wi_standings_forget(struct wi_standings *standings, const char *party);

#endif
