/*
 * What the members of a cluster say to each other while it happens. A message comes to each member
 * that listens at most once, those of one member in their order; nothing is stored (core NATS).
 * Everything is for the loop's thread.
 */
#ifndef WI_CLUSTER_TALK_H
#define WI_CLUSTER_TALK_H

#include "base/buffer.h"
#include "cluster/versioned.h"

/* Bytes of a message; NATS servers take as much unless they are told otherwise. */
#define WI_TALK_MESSAGE_MAX ((size_t)1 << 20)
/* Bytes that wait to be sent, and that wait for the loop, each. What is beyond them is lost. */
#define WI_TALK_WAITING_MAX ((size_t)4 << 20)

/* All is called on the loop, and never while one of the functions below is. */
struct wi_talk_follower {
    /* Another member has said that; borrowed. Returns whether it could be read. */
    enum wi_read_fault (*on_heard)(
        void *context, const char *instance, const char *text, size_t size);
    /* 1: other members listen, of which some may have missed what was said before; 0: none does. */
    void (*on_audience)(void *context, int is_heard);
    void *context;
};

/* A value, valid until the cluster is freed. */
struct wi_member_talk {
    void *context;
    /* Copied; NULL: there is none any more. */
    void (*follow)(void *context, const struct wi_talk_follower *follower);
    /* Whether this member listens from now on. */
    void (*listen)(void *context, int listens);
    /* Takes the text over. 0, or -1: it is lost, since too much waits. */
    int (*say)(void *context, struct wi_buffer *text);
};

#endif
