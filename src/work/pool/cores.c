/* Sharing out the machine's cores; see cores.h. */
#include "work/pool/cores.h"

int wi_cores_share(unsigned cores, size_t serving, size_t staying, int said)
{
    size_t most = cores / serving, least = cores / staying;

    if (most < 1)
        most = 1;
    if (least < 1)
        least = 1;
    return (size_t)said > most ? (int)most : (size_t)said < least ? (int)least : said;
}

static int is_here(const struct wi_pool *pool, const struct pool_session *session)
{
    const struct pool_kind *kind = wi_pool_kind_of(pool, session);

    return kind && !wi_pool_kind_is_remote(kind);
}

int wi_pool_threads(void *context, const struct wi_node_info *node, int said)
{
    const struct wi_pool *pool = context;
    const struct pool_session *own = wi_pool_sessions_find(pool->sessions, node->session);
    size_t serving = 1, staying = 1; /* itself */

    if (!own || !is_here(pool, own))
        return node->cores > 1 ? node->cores : 1;
    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next) {
        /* What is about to be replaced leaves its share to its successor. */
        if (session == own || !is_here(pool, session) || wi_pool_session_ends(session) ||
            *session->successor)
            continue;
        serving += (size_t)wi_pool_session_serves(session);
        staying++;
    }
    return wi_cores_share(uv_available_parallelism(), serving, staying, said);
}

void wi_pool_share_cores(const struct wi_pool *pool)
{
    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next)
        wi_bridge_share_threads(pool->bridge, session->node);
}
