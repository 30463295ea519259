/* The party of a node, as in struct wi_node_info: a token, and for a join token also an address.
 * Pure. */
#ifndef WI_WORK_POOL_FACTS_PARTY_H
#define WI_WORK_POOL_FACTS_PARTY_H

#include <jansson.h>

/* Whether both have the same token; if so, they are not independent witnesses. */
int wi_party_same_token(const char *a, const char *b);
/* The public form of a party: a label that distinguishes its token from others, without the token's
 * name or an address, until the service ends. Null for a session of ours. New reference. */
json_t *wi_party_token_json(const char *party);

#endif
