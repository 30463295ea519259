/*
 * uthash with a hash function of our own. Every request asks a dozen tables, most by keys of 30 to
 * 150 bytes (hashes, ids, places); uthash's own function takes three to four instructions for each
 * byte, this one less than one. A table belongs to the files that include this, and none of them
 * includes uthash.h by itself. Neither function is one that keeps who chooses the keys from
 * choosing such that collide: a table whose keys come from outside bounds how many it takes.
 */
#ifndef WI_BASE_TABLE_H
#define WI_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t wi_table_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9fb21c651e98df25u;
    return hash ^ (hash >> 32);
}

static inline unsigned wi_table_hash(const void *key, size_t size)
{
    const unsigned char *at = key;
    uint64_t hash = size, word;
    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = wi_table_mix(hash, word);
    }
    for (word = 0; size > 0; size--)
        word = word << 8 | at[size - 1];
    return (unsigned)wi_table_mix(wi_table_mix(hash, word), 1);
}

#define HASH_FUNCTION(key, size, hash) ((hash) = wi_table_hash(key, size))
#include <uthash.h>

#endif
