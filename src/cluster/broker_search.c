/* What the threads that use brokers share: terms of their own, and the search for a server. */
#include "cluster/broker.h"

#include <stdlib.h>

struct wi_broker_terms wi_broker_terms_copy(const struct wi_broker_terms *terms)
{
    struct wi_broker_terms copy = *terms;
    copy.credentials_file = wi_strdup(terms->credentials_file);
    copy.tls_ca = wi_strdup(terms->tls_ca);
    copy.bucket = wi_strdup(terms->bucket);
    copy.name = wi_strdup(terms->name);
    return copy;
}

void wi_broker_terms_clear(struct wi_broker_terms *terms)
{
    free((char *)terms->credentials_file);
    free((char *)terms->tls_ca);
    free((char *)terms->bucket);
    free((char *)terms->name);
    *terms = (struct wi_broker_terms){0};
}

struct wi_broker *wi_broker_search(const struct wi_strings *servers,
    const struct wi_broker_terms *terms, int (*is_stopped)(void *context), void *context,
    const char **server, struct wi_broker_problem *problem)
{
    struct wi_broker_problem one;
    *problem = (struct wi_broker_problem){0};
    for (size_t i = 0; i < servers->count && !is_stopped(context); i++) {
        struct wi_broker *broker = wi_broker_open(servers->items[i], terms, &one);
        if (server)
            *server = servers->items[i];
        if (broker || problem->fault <= WI_BROKER_UNREACHABLE)
            *problem = one;
        if (broker)
            return broker;
    }
    return NULL;
}
