/* How sessions end, in good order with their nodes. */
#include "work/pool/private.h"

#include "base/log.h"
#include <string.h>

void wi_pool_end_worn(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    if (!wi_pool_session_wear(session, why))
        return;
    wi_info("pool", session->id, "is to be replaced: %s", why);
    wi_pool_plan_soon(pool->wake);
}

void wi_pool_end_retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);

    wi_info("pool", session->id, "is to end: %s", why);
    wi_session_drain(session->browser);
    if (!node || node->count == 0)
        wi_pool_end_close(pool, session);
}

/* What runs there is lost now, not when the grace is over. */
void wi_pool_end_page(struct wi_pool *pool, const struct pool_session *session, const char *why)
{
    struct pool_node *node = wi_pool_node_of(pool, session);

    wi_bridge_revoke(pool->bridge, session->id);
    if (node) {
        wi_pool_node_drain(pool->nodes, node, 1);
        wi_bridge_drop(pool->bridge, node->id, why);
    }
}

void wi_pool_end_close(struct wi_pool *pool, struct pool_session *session)
{
    struct wi_error error;

    wi_pool_end_page(pool, session, "the session is being closed");
    if (session->retire_by == 0) {
        wi_session_close(session->browser);
        return;
    }
    /* A driver would wait for the part that is stuck. */
    wi_error_set(&error, WI_UNAVAILABLE, "", "ended at once, because it is unhealthy");
    wi_session_kill(session->browser, &error);
}

void wi_pool_end_replaced(struct wi_pool *pool, const struct pool_session *successor)
{
    const char *id = successor->id;
    struct pool_session *session, *next;

    for (session = pool->sessions->first; session; session = next) {
        next = session->next;
        if (strcmp(session->successor, id) == 0 && !wi_pool_session_ends(session))
            wi_pool_end_retire(pool, session, "its successor serves");
    }
}
