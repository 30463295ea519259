/*
 * A bug that exists only in the harness, and there only in the program NAME_planted: it proves that
 * the fuzzer reaches the place, that the sanitizers watch, and that a finding fails the test. No
 * seed has it, but many a change of one byte of a seed does: so it is found soon, by chance or not.
 */
#ifndef WI_TESTS_FUZZ_PLANT_H
#define WI_TESTS_FUZZ_PLANT_H

#include <stdio.h>
#include <stdlib.h>

#ifdef WI_FUZZ_PLANT
static inline void wi_plant(void)
{
    fputs("planted bug\n", stderr);
    volatile char *small = malloc(1);
    small[1] = 1; /* the write that AddressSanitizer has to see */
    free((void *)small);
}
/* Corrupts memory where `condition`, about something that was parsed, holds. */
#define WI_PLANT(condition)                                                                        \
    do {                                                                                           \
        if (condition)                                                                             \
            wi_plant();                                                                            \
    } while (0)
#else
#define WI_PLANT(condition) ((void)0)
#endif

#endif
