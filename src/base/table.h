/*
 * uthash with a hash function of our own: SipHash-1-3 (https://www.aumasson.jp/siphash/siphash.pdf)
 * with a key that each process draws. Table keys come from clients, nodes and files of models.
 * Without knowing the hash's key, an outsider cannot choose table keys that all fall into one
 * chain, which uthash's own function and similar ones allow. Every request looks into a dozen
 * tables, mostly with keys of 30 to 150 bytes; hashing one takes 25 to 60 ns. Only files that
 * include this header share a table, and none of them includes uthash.h directly.
 */
#ifndef WI_BASE_TABLE_H
#define WI_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

unsigned wi_table_hash(const void *key, size_t size);

#define HASH_FUNCTION(key, size, hash) ((hash) = wi_table_hash(key, size))
#include <uthash.h>

/* The member with that key, by the handle `hh`; NULL: none. */
#define WI_TABLE_FIND(head, key, size)                                                             \
    ({                                                                                             \
        __typeof__(&*(head)) _found;                                                               \
        HASH_FIND(hh, head, key, size, _found);                                                    \
        _found;                                                                                    \
    })

/* Removes and returns the oldest member, by the handle `hh`, for code that frees all members. NULL:
 * the table is empty. */
#define WI_TABLE_TAKE(head)                                                                        \
    ({                                                                                             \
        __typeof__(head) _taken = (head);                                                          \
        if (_taken)                                                                                \
            HASH_DEL(head, _taken);                                                                \
        _taken;                                                                                    \
    })

#endif
