/*
 * The messages of a subscriber (channels/channels.h) as those of a WebSocket: a text or a frame
 * each, or a text and the floats that follow it. Their bytes are lent, and shared with all others
 * who send the same.
 */
#ifndef WI_API_SOCKETS_CHANNEL_SENDING_H
#define WI_API_SOCKETS_CHANNEL_SENDING_H

#include "channels/channels.h"
#include "nodes/node/frame.h"

/* The message that is being sent, in parts. Zero-initialise. */
struct wi_channel_sending {
    struct wi_parcel *_parcel; /* NULL: none is */
    struct wi_channel_part _parts[WI_CHANNEL_PARTS];
    size_t _count, _next;
};

/* The next message, which the caller owns; NULL: there is none now. `subscriber` (may be NULL)
 * takes messages in that form. */
struct wi_message *wi_channel_sending_next(struct wi_channel_sending *sending,
    struct wi_subscriber *subscriber, enum wi_channel_form form);
/* Whether a text was handed out whose floats come next. */
int wi_channel_sending_is_midway(const struct wi_channel_sending *sending);
void wi_channel_sending_clear(struct wi_channel_sending *sending);

#endif
