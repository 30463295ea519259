/* Messages whose bytes others may be sending at the same time. */
#ifndef WI_NODES_NODE_MESSAGE_H
#define WI_NODES_NODE_MESSAGE_H

#include "nodes/node/frame.h"

/* Bytes that are lent to a message. */
struct wi_message_source {
    /* Copies bytes from `at` on, exactly `size`, all of which there are. */
    void (*read)(const void *owner, size_t at, void *out, size_t size);
    /* The message is gone. */
    void (*let_go)(void *owner);
};

/* A message of `size` bytes of `source`, which must outlive it. */
struct wi_message *wi_message_lend(
    int binary, size_t size, const struct wi_message_source *source, void *owner);

#endif
