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

#endif
