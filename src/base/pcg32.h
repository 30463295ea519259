/*
 * Random numbers that depend only on a seed: PCG32, XSH RR 64/32. M. E. O'Neill, "PCG: A Family of
 * Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation",
 * HMC-CS-2014-0905, section 6.3.1.
 */
#ifndef WI_BASE_PCG32_H
#define WI_BASE_PCG32_H

#include <stdint.h>

struct wi_pcg32 {
    uint64_t state, increment; /* `increment` is odd and selects the sequence */
};

/* The next 32 bits. */
static inline uint32_t wi_pcg32_next(struct wi_pcg32 *generator)
{
    uint64_t old = generator->state;
    generator->state = old * UINT64_C(6364136223846793005) + generator->increment;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27), turn = (uint32_t)(old >> 59);
    return mixed >> turn | mixed << (-turn & 31);
}

/* A number in [0, 1) with 32 random bits. */
static inline double wi_pcg32_share(struct wi_pcg32 *generator)
{
    return (double)wi_pcg32_next(generator) / 4294967296.0;
}

static inline void wi_pcg32_seed(struct wi_pcg32 *generator, uint64_t seed, uint64_t stream)
{
    *generator = (struct wi_pcg32){.increment = stream << 1 | 1};
    wi_pcg32_next(generator);
    generator->state += seed;
    wi_pcg32_next(generator);
}

#endif
