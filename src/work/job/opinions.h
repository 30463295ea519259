/*
 * How many of a client's requests may be asked of a second node, because a joined one has called
 * them failures. One that ends well there costs its client nothing, since it is the answer; those
 * that do not are at most a tenth of the client's requests, and one at the least, so that who asks
 * for what cannot be done has little of it done twice. Pure.
 *
 * Clients are counted in a fixed number of rows, by the hash of tables, which has a key: no client
 * can choose with whom it shares one, or have its own forgotten.
 */
#ifndef WI_WORK_JOB_OPINIONS_H
#define WI_WORK_JOB_OPINIONS_H

/* One of so many requests may be asked in vain. */
#define WI_OPINIONS_OF 10
/* So many are asked at a time, of which nobody knows yet how they end. */
#define WI_OPINIONS_AT_ONCE 16

struct wi_opinions;
struct wi_opinions *wi_opinions_new(void);
void wi_opinions_free(struct wi_opinions *opinions); /* NULL is fine */

/* One more request of the client's (NULL is one too). */
void wi_opinions_count(struct wi_opinions *opinions, const char *client);
/* A second node is to be asked. 0: the client has had its share. */
int wi_opinions_take(struct wi_opinions *opinions, const char *client);
/* It is not asked any more, and so far in vain. */
void wi_opinions_end(struct wi_opinions *opinions, const char *client);
/* … but it has answered well. */
void wi_opinions_excuse(struct wi_opinions *opinions, const char *client);

#endif
