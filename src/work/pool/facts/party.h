/* Whose a node is, as struct wi_node_info has it: a token, and of a join token an address. Pure. */
#ifndef WI_WORK_POOL_FACTS_PARTY_H
#define WI_WORK_POOL_FACTS_PARTY_H

#include <jansson.h>

/* Whether both came with one token: then they are no two witnesses. */
int wi_party_same_token(const char *a, const char *b);
/* What every user may see of it: a label that tells its token from others, without the token's name
 * or an address, until the service ends. Null of a session of ours. New reference. */
json_t *wi_party_token_json(const char *party);

#endif
