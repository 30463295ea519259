/*
 * One pull, from what is wanted to a published model: lists, chooses, makes room, fetches,
 * publishes and has the model read. Between src/hub/pulls.c, which keeps them, and its steps.
 */
#ifndef WI_HUB_PULL_H
#define WI_HUB_PULL_H

#include "base/loop.h"
#include "hub/choose.h"
#include "hub/fetch.h"
#include "hub/gateways.h"
#include "hub/hub.h"
#include "hub/list.h"
#include "hub/pulls.h"
#include "hub/reference.h"

/* What is wanted, checked, and what of the configuration it depends on. Owned. */
struct wi_pull_order {
    char *name;  /* that it gets here */
    char *asked; /* that it was begun under; mostly the same */
    int unnamed; /* it gets the name of what a path in content leads to, once that is known */
    char *reference, *precision;
    struct wi_strings files;
    struct wi_hub hub; /* of content it has a name alone */
    struct wi_hub_reference parsed;
    struct wi_gateways gateways; /* of content, and where there are neighbours: who is asked */
    char *routing;               /* of ipfs://: the router that names further ones; NULL: none */
    uint64_t stall_ms;           /* of those */
    int hub_shares;              /* it brings parts beside them */
    int keeps_leaves;            /* of what comes: it may be given to others */
    uint64_t quota;              /* of the store; 0: none */
    int copy;                    /* as of wi_pull_want */
    int apart;                   /* the quota is not that of the other models */
    char *directory;             /* the store */
    uint64_t memory;             /* that a page has for models */
};

/* WI_OK, or what is wrong with it; then it is empty. Zero-initialise. */
enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error);
/* Whether both bring the same. */
int wi_pull_order_same(const struct wi_pull_order *a, const struct wi_pull_order *b);
/* As JSON for the time after a restart, and back; the caller frees. */
char *wi_pull_order_print(const struct wi_pull_order *order);
enum wi_code wi_pull_order_read(struct wi_pull_order *order, const char *text,
    const struct wi_config *config, struct wi_error *error);
/* Names what was unnamed. */
void wi_pull_order_name(struct wi_pull_order *order, const char *name);
void wi_pull_order_clear(struct wi_pull_order *order);

struct wi_pull;
/* After each change; with `ended` it was the last, and the pull may be freed, also from inside. */
typedef void wi_pull_changed_fn(void *context, int ended);
/* An unnamed one is to be called so. WI_OK, or why it cannot be. */
typedef enum wi_code wi_pull_named_fn(void *context, const char *name, struct wi_error *error);
/* Takes the order over. Begins in the next turn of the loop. */
struct wi_pull *wi_pull_new(const struct wi_pulls_deps *deps, struct wi_pull_order *order,
    wi_pull_changed_fn *on_change, wi_pull_named_fn *on_name, void *context);
/* Somebody here wants what it brings for others' sake: `order` is the same but for that. */
void wi_pull_want_here(struct wi_pull *pull, const struct wi_pull_order *order);
/* Drops what was fetched and ends, failed with WI_CANCELLED; later. */
void wi_pull_cancel(struct wi_pull *pull);
/* Stops what is under way and leaves what was fetched. No callback comes. */
void wi_pull_free(struct wi_pull *pull);

const struct wi_pull_order *wi_pull_order(const struct wi_pull *pull);
const char *wi_pull_id(const struct wi_pull *pull); /* of its staging folder */
void wi_pull_info(const struct wi_pull *pull, struct wi_pull_info *info);
/* Bytes that it is yet to write, from when it has asked for room for them. */
uint64_t wi_pull_pending(const struct wi_pull *pull);
uint64_t wi_pull_evicted(const struct wi_pull *pull); /* bytes of other models, for its room */

#endif
