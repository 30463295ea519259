/*
 * SHA-256 and SHA-1 from OpenSSL; see hash.h. Two hashes of the same bytes are computed side by
 * side where the CPU has the SHA extensions: a round of SHA-256 waits for the one before it, the
 * rounds of another hash fill that time, and the schedule of a block is the same for both. For this
 * the state of a hash must be at hand, which OpenSSL's older interface alone gives.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#define CHUNK ((size_t)256 * 1024)

void wi_hash(const void *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    SHA256(bytes, size, hash);
}

/* --- two at once ------------------------------------------------------------------------------ */

#if defined(__x86_64__)

#define WITH_SHA __attribute__((target("sha,sse4.1")))
#define CPU_SHA (1u << 29) /* in EBX of leaf 7 */

static int can_pair(void)
{
    unsigned a, b = 0, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & CPU_SHA) != 0 &&
           __builtin_cpu_supports("sse4.1");
}

/* The words A to H of a state, as the instructions want them. */
struct lane {
    __m128i abef, cdgh;
};

WITH_SHA static inline struct lane load_lane(const SHA_LONG state[8])
{
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    return (struct lane){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

WITH_SHA static inline void store_lane(struct lane lane, SHA_LONG state[8])
{
    __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1b), dchg = _mm_shuffle_epi32(lane.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Four rounds, whose words of the schedule have got their constants. */
WITH_SHA static inline void go_round(struct lane *lane, __m128i words)
{
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, words);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(words, 0x0e));
}

WITH_SHA static inline void add_lane(struct lane *lane, struct lane other)
{
    lane->abef = _mm_add_epi32(lane->abef, other.abef);
    lane->cdgh = _mm_add_epi32(lane->cdgh, other.cdgh);
}

/* The four words of the schedule behind these sixteen. */
WITH_SHA static inline __m128i next_words(const __m128i w[4], unsigned first)
{
    __m128i a = w[first & 3], b = w[(first + 1) & 3], c = w[(first + 2) & 3],
            d = w[(first + 3) & 3];
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(sum, d);
}

/* FIPS 180-4, 4.2.2: the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
    0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3,
    0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
    0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
    0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
    0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

WITH_SHA static void compress_both(
    SHA_LONG one[8], SHA_LONG other[8], const unsigned char *bytes, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    struct lane a = load_lane(one), b = load_lane(other);
    for (; blocks > 0; blocks--, bytes += SHA256_CBLOCK) {
        const struct lane a_before = a, b_before = b;
        __m128i w[4];
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            const __m128i *at = (const __m128i *)(bytes + 16 * i);
            w[i & 3] = i < 4 ? _mm_shuffle_epi8(_mm_loadu_si128(at), big_endian) : next_words(w, i);
            __m128i words = _mm_loadu_si128((const __m128i *)(constants + 4 * i));
            words = _mm_add_epi32(words, w[i & 3]);
            go_round(&a, words);
            go_round(&b, words);
        }
        add_lane(&a, a_before);
        add_lane(&b, b_before);
    }
    store_lane(a, one);
    store_lane(b, other);
}

#else

static int can_pair(void)
{
    return 0;
}

static void compress_both(
    SHA_LONG one[8], SHA_LONG other[8], const unsigned char *bytes, size_t blocks)
{
    (void)one, (void)other, (void)bytes, (void)blocks; /* never called */
}

#endif

/* --- piece by piece --------------------------------------------------------------------------- */

struct wi_hasher {
    EVP_MD_CTX *sha1; /* NULL: it is SHA-256, and this: */
    SHA256_CTX sha256;
    int pairs; /* the CPU computes two at once */
};

/* OpenSSL refuses only without memory, or where an operator has forbidden the algorithm: nothing
 * that is verified by hashes can go on then. */
static void must(int done)
{
    if (done == 1)
        return;
    fprintf(stderr, "webinfer: OpenSSL cannot compute a hash\n");
    abort();
}

static void begin(struct wi_hasher *hasher)
{
    must(hasher->sha1 ? EVP_DigestInit_ex(hasher->sha1, EVP_sha1(), NULL)
                      : SHA256_Init(&hasher->sha256));
}

struct wi_hasher *wi_hasher_new(enum wi_hash_kind kind)
{
    struct wi_hasher *hasher = wi_alloc(sizeof *hasher);
    if (kind == WI_SHA1)
        must((hasher->sha1 = EVP_MD_CTX_new()) != NULL);
    else
        hasher->pairs = can_pair();
    begin(hasher);
    return hasher;
}

struct wi_hasher *wi_hasher_copy(const struct wi_hasher *hasher)
{
    struct wi_hasher *copy = wi_alloc(sizeof *copy);
    *copy = *hasher;
    if (hasher->sha1) {
        must((copy->sha1 = EVP_MD_CTX_new()) != NULL);
        must(EVP_MD_CTX_copy_ex(copy->sha1, hasher->sha1));
    }
    return copy;
}

void wi_hasher_add(struct wi_hasher *hasher, const void *bytes, size_t size)
{
    must(hasher->sha1 ? EVP_DigestUpdate(hasher->sha1, bytes, size)
                      : SHA256_Update(&hasher->sha256, bytes, size));
}

/* Bits that were compressed. */
static void count(SHA256_CTX *sha256, size_t blocks)
{
    uint64_t bits = (uint64_t)sha256->Nh << 32 | sha256->Nl;
    bits += (uint64_t)blocks * SHA256_CBLOCK * 8;
    sha256->Nl = (SHA_LONG)bits;
    sha256->Nh = (SHA_LONG)(bits >> 32);
}

static void add_to_both(
    struct wi_hasher *one, struct wi_hasher *other, const void *bytes, size_t size)
{
    wi_hasher_add(one, bytes, size);
    wi_hasher_add(other, bytes, size);
}

void wi_hasher_add_both(
    struct wi_hasher *one, struct wi_hasher *other, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t begun = one->sha256.num, rest = begun ? SHA256_CBLOCK - begun : 0;
    if (!one->pairs || !other->pairs || other->sha256.num != begun || size < rest) {
        add_to_both(one, other, bytes, size);
        return;
    }
    size_t blocks = (size - rest) / SHA256_CBLOCK, whole = blocks * SHA256_CBLOCK;
    add_to_both(one, other, at, rest);
    compress_both(one->sha256.h, other->sha256.h, at + rest, blocks);
    count(&one->sha256, blocks);
    count(&other->sha256, blocks);
    add_to_both(one, other, at + rest + whole, size - rest - whole);
}

void wi_hasher_end(struct wi_hasher *hasher, char hex[WI_HASH_HEX_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = SHA256_DIGEST_LENGTH;
    must(hasher->sha1 ? EVP_DigestFinal_ex(hasher->sha1, hash, &size)
                      : SHA256_Final(hash, &hasher->sha256));
    begin(hasher);
    wi_text_hex(hash, size, hex);
}

void wi_hasher_free(struct wi_hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->sha1);
    free(hasher);
}

/* --- a file ----------------------------------------------------------------------------------- */

int wi_hash_file(int fd, uint64_t bytes, atomic_int *stop, char hex[WI_HASH_HEX_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    unsigned char *chunk = wi_alloc(CHUNK);
    uint64_t at = 0;
    ssize_t n = 1;
    int stopped = 0;
    while (at < bytes && n > 0 && !stopped) {
        n = pread(fd, chunk, bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK, (off_t)at);
        if (n > 0) {
            wi_hasher_add(hasher, chunk, (size_t)n);
            at += (uint64_t)n;
        }
        stopped = stop && atomic_load(stop);
    }
    int why = n < 0 ? errno : stopped ? ECANCELED : 0, is_whole = at == bytes && !stopped;
    if (is_whole)
        wi_hasher_end(hasher, hex);
    free(chunk);
    wi_hasher_free(hasher);
    errno = why;
    return is_whole ? 0 : -1;
}

/* --- as text ---------------------------------------------------------------------------------- */

void wi_hash_hex(const unsigned char hash[WI_HASH_SIZE], char hex[WI_HASH_HEX_SIZE])
{
    wi_text_hex(hash, WI_HASH_SIZE, hex);
}

int wi_hash_from_hex(const char *hex, unsigned char hash[WI_HASH_SIZE])
{
    if (strlen(hex) != 2 * WI_HASH_SIZE)
        return -1;
    for (int i = 0; i < WI_HASH_SIZE; i++) {
        int high = wi_text_hex_digit(hex[2 * i]), low = wi_text_hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        hash[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

int wi_hash_equal(const unsigned char *a, const unsigned char *b)
{
    return CRYPTO_memcmp(a, b, WI_HASH_SIZE) == 0;
}
