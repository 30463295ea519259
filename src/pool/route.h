/*
 * Which node a piece of work goes to, and which platforms it tries there. Pure: everything that it
 * looks at is in the candidates.
 */
#ifndef WI_POOL_ROUTE_H
#define WI_POOL_ROUTE_H

#include "bridge/bridge.h"
#include "config/config.h"
#include "pool/pool.h"

/* Attempts that a node may have at a time: the next is in the page already when one ends. More
 * would only wait there instead of where it can still go to another node. */
#define WI_DEPTH_BUILTIN 16
#define WI_DEPTH_MODEL 2

struct wi_candidate {
    const struct wi_node_info *info;
    const struct wi_config_browser *browser; /* of its session; NULL for a joined node */
    size_t builtins, models;                 /* attempts on it */
    int open;                                /* neither draining nor away */
    int has_model;                           /* the demanded model is loaded there */
};

/* The platforms to try on this node, in order. WI_OK or WI_PLATFORM_UNSUPPORTED. */
enum wi_code wi_route_platforms(const struct wi_candidate *candidate,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error);

/* The best of the candidates. WI_PICK_WAIT: one could, but is full, away or draining.
 * WI_PICK_NEVER: none of these ever could; `error` says why (WI_NODE_NOT_FOUND,
 * WI_PLATFORM_UNSUPPORTED, WI_UNAVAILABLE where there is no candidate that the pins allow). */
enum wi_pick wi_route(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error);

#endif
