/*
 * uthash with a hash function of our own: SipHash-1-3 (https://www.aumasson.jp/siphash/siphash.pdf)
 * with a key that each process draws. Keys come from clients, nodes and files of models, and who
 * does not know the key cannot choose such that lie in one chain, which uthash's own function and
 * its like allow. Every request asks a dozen tables, most by keys of 30 to 150 bytes: this takes
 * 25 to 60 ns for one. A table belongs to the files that include this, and none of them includes
 * uthash.h by itself.
 */
#ifndef WI_BASE_TABLE_H
#define WI_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

unsigned wi_table_hash(const void *key, size_t size);

#define HASH_FUNCTION(key, size, hash) ((hash) = wi_table_hash(key, size))
#include <uthash.h>

/* What has that key, of the handle `hh`; NULL: nothing. */
#define WI_TABLE_FIND(head, key, size)                                                             \
    ({                                                                                             \
        __typeof__(&*(head)) _found;                                                               \
        HASH_FIND(hh, head, key, size, _found);                                                    \
        _found;                                                                                    \
    })

/* Takes the oldest of a table out, for whoever frees all: of the handle `hh`. NULL: it is empty. */
#define WI_TABLE_TAKE(head)                                                                        \
    ({                                                                                             \
        __typeof__(head) _taken = (head);                                                          \
        if (_taken)                                                                                \
            HASH_DEL(head, _taken);                                                                \
        _taken;                                                                                    \
    })

#endif
