/*
 * Notifications that something has changed. The code that changes an object reports its kind and id
 * upward, to one listener. The new state is read later, and only if it is wanted.
 */
#ifndef WI_BASE_CHANGE_H
#define WI_BASE_CHANGE_H

#include <stddef.h>

enum wi_change_kind {
    WI_CHANGE_STATUS,  /* of the whole daemon; the id is "" */
    WI_CHANGE_QUEUE,   /* likewise */
    WI_CHANGE_SESSION, /* by its id, as the next ones */
    WI_CHANGE_NODE,
    WI_CHANGE_MODEL, /* by its name, with or without a variant */
    WI_CHANGE_JOB,
    WI_CHANGE_PULL, /* by the name that the model gets */
    WI_CHANGE_KINDS
};

struct wi_change_listener {
    void *context;
    /* Strings are borrowed. `owner` is the client that the change concerns: only that client and
     * admins may learn of it; NULL: everybody may. Called at any time, on the loop's thread; it
     * must not call back into the caller. NULL while there is no listener. */
    void (*on_change)(void *context, enum wi_change_kind kind, const char *id, const char *owner);
};

/* Whether there is a listener; `listener` may be NULL. */
static inline int wi_change_is_heard(const struct wi_change_listener *listener)
{
    return listener && listener->on_change;
}

static inline void wi_change_tell(const struct wi_change_listener *listener,
    enum wi_change_kind kind, const char *id, const char *owner)
{
    if (wi_change_is_heard(listener))
        listener->on_change(listener->context, kind, id, owner);
}

#endif
