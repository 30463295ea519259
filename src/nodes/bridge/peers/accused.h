/*
 * Peers of which nodes say that they have sent wrong blocks of a model. One node may lie about
 * another; what nodes of two join tokens say of the same peer counts. Pure.
 */
#ifndef WI_NODES_BRIDGE_PEERS_ACCUSED_H
#define WI_NODES_BRIDGE_PEERS_ACCUSED_H

#include "base/net/multiaddr.h"
#include "base/secret.h"
#include <stdint.h>

/* The most that are remembered, for an hour, and the most that one token has begun. The oldest is
 * dropped: of a token that has so many, its own. One of which two tokens have said it is not: the
 * peer is judged once in the hour, whatever else its accusers say. */
#define WI_ACCUSED_MAX 256
#define WI_ACCUSED_TOKEN_MAX 16
#define WI_ACCUSED_MS ((int64_t)3600 * 1000)

/* Zero-initialise. */
struct wi_accused {
    struct wi_accusation {
        char peer[WI_PEER_ID_SIZE]; /* "": none */
        char token[WI_ID_SIZE];     /* of the node that has accused it */
        int is_judged;              /* one of another token has, too */
        int64_t at;                 /* when that was, or the accusation */
    } _all[WI_ACCUSED_MAX];
};

/* A node of that join token accuses the peer, at `now` in ms. Returns whether one of another token
 * has done so before, and the peer is judged by that; nothing counts for an hour from then on. */
int wi_accused_add(struct wi_accused *accused, const char *peer, const char *token, int64_t now);

#endif
