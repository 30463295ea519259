/*
 * That something has changed: whoever changed it says of what kind it is and which, upward, to one
 * listener. What it is now is asked for later, and only if somebody wants to know.
 */
#ifndef WI_BASE_CHANGE_H
#define WI_BASE_CHANGE_H

#include <stddef.h>

enum wi_change_kind {
    WI_CHANGE_STATUS,  /* of the whole; it has no id, "" */
    WI_CHANGE_QUEUE,   /* likewise */
    WI_CHANGE_SESSION, /* by its id, as what follows */
    WI_CHANGE_NODE,
    WI_CHANGE_MODEL, /* by its name, with or without a variant */
    WI_CHANGE_JOB,
    WI_CHANGE_PULL, /* by the name that the model gets */
    WI_CHANGE_KINDS
};

struct wi_change_listener {
    void *context;
    /* Strings are borrowed. `owner`: the client whom it concerns, and nobody else but admins; NULL:
     * everybody. It is called at any time, from the loop's thread, and calls nobody back. NULL
     * while nobody listens. */
    void (*on_change)(void *context, enum wi_change_kind kind, const char *id, const char *owner);
};

/* Whether anybody listens; `listener` may be NULL. */
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
