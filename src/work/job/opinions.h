/*
 * Limits how many of a client's requests may be repeated on a second node because a joined node has
 * called them failures. A repetition that succeeds costs its client nothing, because it gives the
 * answer. Failed repetitions are at most a tenth of the client's requests, and one at least, so
 * that a client whose requests cannot succeed has few of them run twice. Pure.
 *
 * Clients are counted in a fixed number of rows, by the tables' hash, which has a key: no client
 * can choose the clients that share its row, or have its own row forgotten.
 */
#ifndef WI_WORK_JOB_OPINIONS_H
#define WI_WORK_JOB_OPINIONS_H

#include <stdint.h>

/* One in this many requests may be repeated without success. */
#define WI_OPINIONS_OF 10
/* The most repetitions at a time whose results are not known yet. */
#define WI_OPINIONS_AT_ONCE 16

/* Zero-initialise. */
#define WI_OPINIONS_ROWS 1024
struct wi_opinions {
    struct wi_opinions_row {
        uint32_t requests, spent, open;
    } rows[WI_OPINIONS_ROWS];
};

/* Counts a request of the client (NULL is a client, too). */
void wi_opinions_count(struct wi_opinions *opinions, const char *client);
/* A second node is to be asked. Returns 0 if the client has used up its share. */
int wi_opinions_take(struct wi_opinions *opinions, const char *client);
/* The second node is no longer being asked; counts as a failure at first. */
void wi_opinions_end(struct wi_opinions *opinions, const char *client);
/* … but it has given a good answer. */
void wi_opinions_excuse(struct wi_opinions *opinions, const char *client);

#endif
