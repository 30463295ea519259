/* Parties: what is before the blank is the token; see party.h. */
#include "work/pool/facts/party.h"

#include "base/table.h"
#include <string.h>

int wi_party_same_token(const char *a, const char *b)
{
    size_t length = strcspn(a, " ");

    return length == strcspn(b, " ") && strncmp(a, b, length) == 0;
}

json_t *wi_party_token_json(const char *party)
{
    return *party ? json_sprintf("token-%08x", wi_table_hash(party, strcspn(party, " ")))
                  : json_null();
}
