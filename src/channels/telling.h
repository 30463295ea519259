/*
 * What a member of a cluster tells the others of its channels: a batch, and its place among the
 * rows that the member has told, so that whoever hears it knows how many were lost before it. Rows
 * are counted for each line: those of one channel, client and model.
 *
 * A telling without rows says how far its line is, and one without a batch greets those who begin
 * to listen. It is a JSON object and, after a NUL, the vectors as they are. It comes from another
 * machine, so all of it is hostile: it is bounded, and read whole or not at all. Pure.
 */
#ifndef WI_CHANNELS_TELLING_H
#define WI_CHANNELS_TELLING_H

#include "channels/channel_batch.h"
#include "cluster/versioned.h"

struct wi_telling {
    uint64_t epoch;         /* of its teller: goes up with each greeting, and when lines go */
    uint64_t born;          /* the epoch in which the line began, with row 0; at least 1 */
    uint64_t before;        /* rows of the line before these */
    struct wi_batch *batch; /* sealed if it has rows; NULL: a greeting */
};

void wi_telling_print(const struct wi_telling *telling, struct wi_buffer *out);
/* Fills an empty telling, whose batch is the caller's: its rows are lost if there is no memory. */
enum wi_read_fault wi_telling_read(
    struct wi_telling *telling, struct wi_budget *budget, const char *text, size_t size);

#endif
