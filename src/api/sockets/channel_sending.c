/* See channel_sending.h. A message that was handed out keeps its parcel by itself. */
#include "api/sockets/channel_sending.h"

#include "base/memory.h"
#include "nodes/node/message.h"
#include <stdlib.h>

/* A part of a parcel that is lent to a message. */
struct lent {
    struct wi_parcel *parcel;
    size_t at;
};

static void lent_read(const void *owner, size_t at, void *out, size_t size)
{
    const struct lent *lent = owner;
    (void)wi_parcel_read(lent->parcel, lent->at + at, out, size);
}

static void lent_let_go(void *owner)
{
    struct lent *lent = owner;
    wi_parcel_unref(lent->parcel);
    free(lent);
}

static const struct wi_message_source lent_source = {lent_read, lent_let_go};

static struct wi_message *part_lend(struct wi_parcel *parcel, const struct wi_channel_part *part)
{
    struct lent *lent = wi_alloc(sizeof *lent);
    *lent = (struct lent){wi_parcel_ref(parcel), part->at};
    return wi_message_lend(part->binary, part->size, &lent_source, lent);
}

void wi_channel_sending_clear(struct wi_channel_sending *sending)
{
    wi_parcel_unref(sending->_parcel);
    *sending = (struct wi_channel_sending){0};
}

struct wi_message *wi_channel_sending_next(
    struct wi_channel_sending *sending, struct wi_subscriber *subscriber, enum wi_channel_form form)
{
    if (!sending->_parcel && subscriber) {
        sending->_parcel = wi_subscriber_next(subscriber);
        if (sending->_parcel)
            sending->_count = wi_channel_parts(sending->_parcel, form, sending->_parts);
    }
    if (!sending->_parcel)
        return NULL;
    struct wi_message *message = part_lend(sending->_parcel, &sending->_parts[sending->_next++]);
    if (sending->_next == sending->_count)
        wi_channel_sending_clear(sending);
    return message;
}

int wi_channel_sending_is_midway(const struct wi_channel_sending *sending)
{
    return sending->_parcel != NULL;
}
