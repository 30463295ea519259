/*
 * Challenges: two matrices of integers made from a seed, whose product a node is to compute; and
 * checking the product, which takes N² steps instead of N³. Pure, and fit for a worker thread.
 *
 * c = a · b if a(bx) = cx for an x that could not be known in advance. R. Freivalds, "Probabilistic
 * machines can use less running time", IFIP Congress 1977: a wrong c passes for one x in as many as
 * there are residues. Residues are those modulo the prime 2^61 − 1.
 */
#ifndef WI_OWNERS_PROOF_FREIVALDS_H
#define WI_OWNERS_PROOF_FREIVALDS_H

#include <stddef.h>
#include <stdint.h>

/* Sums of this many products of integers from -64 to 64 are below 2^24, so they are exact in FP32
 * in whatever order they are added. */
#define WI_CHALLENGE_MAX 1024
/* The sides of the matrices of successive challenges. */
#define WI_CHALLENGES 3
extern const unsigned wi_challenge_sizes[WI_CHALLENGES];

/* Element `at` of a matrix, row by row, from -64 to 64; `half` is the low half of the seed for the
 * left matrix, the high one for the right one. Public for tests. */
int wi_challenge_element(uint32_t at, uint32_t half);

struct wi_challenge {
    uint32_t n; /* the length of the matrices' sides, at most WI_CHALLENGE_MAX */
    uint64_t seed;
};
/* Whether c, N × N 32-bit floats row by row at any alignment, is the product. Draws x from the
 * system's generator. If it is not, `detail` explains why, for people. */
int wi_challenge_is_right(
    const struct wi_challenge *challenge, const unsigned char *c, char *detail, size_t size);

#endif
