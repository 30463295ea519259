/* Lists of records by owner; see owners.h. */
#include "work/pool/facts/owners.h"

#include "base/memory.h"
#include "work/pool/facts/place.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define JOINED_LENGTH (sizeof WI_PLACE_JOINED - 1)

/* An owner's name within the key of a place. */
struct owner_name {
    const char *text;
    size_t length;
};

/* "joined TOKEN ADDRESS" without the address. */
static struct owner_name owner_name(const char *place_key)
{
    struct owner_name name;

    name.text = wi_place_party_field(place_key, &name.length);
    if (name.length <= JOINED_LENGTH)
        return name;
    const char *address =
        memchr(name.text + JOINED_LENGTH + 1, ' ', name.length - JOINED_LENGTH - 1);
    if (address)
        name.length = (size_t)(address - name.text);
    return name;
}

static int owner_is_token(size_t length)
{
    return length > JOINED_LENGTH;
}

static const struct wi_owner *owner_largest(const struct wi_owners *owners)
{
    const struct wi_owner *largest = NULL;

    for (const struct wi_owner *owner = owners->all; owner; owner = owner->hh.next)
        if (owner_is_token(owner->hh.keylen) && (!largest || owner->count > largest->count))
            largest = owner;
    return largest;
}

struct wi_owned *wi_owners_surplus(
    const struct wi_owners *owners, const char *place_key, const struct wi_owners_most *most)
{
    const struct owner_name name = owner_name(place_key);
    const struct wi_owner *owner = WI_TABLE_FIND(owners->all, name.text, name.length);
    int is_token = owner_is_token(name.length);
    size_t its_most = is_token ? most->token : name.length > 0 ? most->shared : most->ours;

    if (owner && owner->count >= its_most)
        return owner->records;
    return is_token && owners->joined >= most->joined ? owner_largest(owners)->records : NULL;
}

static struct wi_owner *owner_get(struct wi_owners *owners, const char *place_key)
{
    const struct owner_name name = owner_name(place_key);
    struct wi_owner *owner = WI_TABLE_FIND(owners->all, name.text, name.length);

    if (owner)
        return owner;
    owner = wi_alloc(sizeof *owner + name.length + 1);
    memcpy(owner->name, name.text, name.length);
    HASH_ADD_KEYPTR(hh, owners->all, owner->name, name.length, owner);
    return owner;
}

void wi_owners_add(struct wi_owners *owners, struct wi_owned *record, const char *place_key)
{
    struct wi_owner *owner = owner_get(owners, place_key);

    record->owner = owner;
    DL_APPEND(owner->records, record);
    owner->count++;
    owners->joined += (size_t)owner_is_token(owner->hh.keylen);
}

void wi_owners_remove(struct wi_owners *owners, struct wi_owned *record)
{
    struct wi_owner *owner = record->owner;

    owners->joined -= (size_t)owner_is_token(owner->hh.keylen);
    DL_DELETE(owner->records, record);
    record->owner = NULL;
    if (--owner->count > 0)
        return;
    HASH_DEL(owners->all, owner);
    free(owner);
}

void wi_owned_renew(struct wi_owned *record)
{
    DL_DELETE(record->owner->records, record);
    DL_APPEND(record->owner->records, record);
}

int wi_owned_is_ours(const struct wi_owned *record)
{
    return record->owner->hh.keylen == 0;
}
