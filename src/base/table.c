/* SipHash-1-3: one round for each word, three at the end, as in Rust and Python. */
#include "base/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Drawn before main, and never changed: threads read it without a lock. */
static uint64_t secret[2];

__attribute__((constructor)) static void draw_secret(void)
{
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        abort(); /* so few bytes come whole, and since Linux 3.17 */
}

static inline uint64_t word_rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void hash_mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = word_rotate(v[1], 13) ^ v[0];
    v[0] = word_rotate(v[0], 32);
    v[2] += v[3];
    v[3] = word_rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = word_rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = word_rotate(v[1], 17) ^ v[2];
    v[2] = word_rotate(v[2], 32);
}

static inline void hash_take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    hash_mix(v);
    v[0] ^= word;
}

unsigned wi_table_hash(const void *key, size_t size)
{
    const unsigned char *at = key;
    uint64_t last = (uint64_t)size << 56, word;
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
        secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash_take(v, word);
    }
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)at[i] << (8 * i);
    hash_take(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        hash_mix(v);
    return (unsigned)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}
