/*
 * Batches on their way between the members of a cluster: this member's go to others whose clients
 * listen, and theirs come here. Each comes at most once, and the rows that were lost on the way are
 * counted (telling.h).
 *
 * A second after the rows of a line, and after members began to listen, a telling without rows says
 * how far the line is, so that the loss of its last rows is found, too. Rows are still counted for
 * WI_PASSING_COUNT_MS after the last member that listens has gone, which may have lost its
 * connection alone.
 *
 * Everything is for the loop's thread.
 */
#ifndef WI_CHANNELS_PASSING_H
#define WI_CHANNELS_PASSING_H

#include "base/loop.h"
#include "channels/gathering.h"
#include "cluster/talk.h"

#define WI_PASSING_MARK_MS 1000
#define WI_PASSING_COUNT_MS 300000
/* Lines of this member; lines of all others, and those members. When there would be more, all are
 * forgotten, and what they have lost is not told. */
#define WI_PASSING_LINES_OWN 1024
#define WI_PASSING_LINES_OTHERS 4096

struct wi_passing;
/* `on_batch` gets what others tell, and the rows that were lost as batches of `lost` rows. */
struct wi_passing *wi_passing_new(uv_loop_t *loop, struct wi_budget *budget,
    const struct wi_member_talk *talk, wi_gathering_fn *on_batch, void *context);
/* Before the cluster's end. Here and below, NULL is fine: there is no cluster. */
void wi_passing_free(struct wi_passing *passing);
/* Whether rows of this member have to be told or counted. */
int wi_passing_is_heard(const struct wi_passing *passing);
/* Tells a sealed batch of this member. */
void wi_passing_tell(struct wi_passing *passing, const struct wi_batch *batch);
/* Whether this member listens. */
void wi_passing_listen(struct wi_passing *passing, int listens);

#endif
