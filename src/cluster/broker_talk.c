/* What members say to each other, at most once; see broker.h and talk.h. */
#include "config.h"

#include "cluster/broker_private.h"

#include "cluster/talk.h"
#include <string.h>

#ifdef HAVE_NATS

/* Messages that the library keeps until they are asked for. */
#define PENDING_MAX 4096

int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem)
{
    natsStatus status = NATS_OK;
    if (broker->heard && !subjects) {
        natsSubscription_Destroy(broker->heard);
        broker->heard = NULL;
    } else if (!broker->heard && subjects) {
        status = natsConnection_SubscribeSync(&broker->heard, broker->connection, subjects);
        if (status == NATS_OK)
            status = natsSubscription_SetPendingLimits(
                broker->heard, PENDING_MAX, (int)WI_TALK_WAITING_MAX);
    }
    return status == NATS_OK ? 0 : wi_broker_lost(broker, wi_broker_last_text(status), problem);
}

int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    natsStatus status = natsConnection_Publish(broker->connection, subject, bytes, (int)size);
    return status == NATS_OK || status == NATS_MAX_PAYLOAD
               ? 0
               : wi_broker_lost(broker, wi_broker_last_text(status), problem);
}

int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    natsMsg *got = NULL;
    natsStatus status = natsSubscription_NextMsg(&got, broker->heard, 0);
    if (status == NATS_TIMEOUT || status == NATS_SLOW_CONSUMER)
        return 0;
    if (status != NATS_OK)
        return wi_broker_lost(broker, wi_broker_last_text(status), problem);
    const char *speaker = strrchr(natsMsg_GetSubject(got), '.');
    wi_broker_entry_from(entry, speaker ? speaker + 1 : "", got, WI_TALK_MESSAGE_MAX);
    natsMsg_Destroy(got);
    return 1;
}

#else

int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem)
{
    return 0;
}

int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    return 0;
}

int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    return 0;
}
#endif
