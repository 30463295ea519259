/* Doubles out of decimal digits: bit by bit what strtod() gives. */
#include "../test.h"

#include "base/json_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void compare(uint64_t digits, unsigned places)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 "e-%u", digits, places);
    double ours = wi_decimal(digits, places), theirs = strtod(text, NULL);
    if (memcmp(&ours, &theirs, sizeof ours) != 0)
        fail_msg("%s: %a instead of %a", text, ours, theirs);
}

static void compare_places(uint64_t digits)
{
    for (unsigned places = 0; places <= WI_DECIMAL_DIGITS; places++)
        compare(digits, places);
}

TEST(rounds_as_strtod_does)
{
    uint64_t random = 1;
    compare_places(0);
    compare_places(UINT64_MAX);
    for (int bits = 0; bits < 64; bits++) {
        for (int more = -3; more <= 3; more++)
            compare_places((UINT64_C(1) << bits) + (uint64_t)more);
        for (int i = 0; i < 200; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            compare_places(random >> bits);
        }
    }
}

/* Half way between two doubles, and the nearest that is not. */
TEST(rounds_to_the_even_one)
{
    static const uint64_t halves[] = {UINT64_C(9007199254740993), UINT64_C(9007199254740995),
        UINT64_C(18014398509481986), UINT64_C(18014398509481990)};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        compare(halves[i], 0);
        for (unsigned places = 1; places <= 2; places++) {
            uint64_t scaled = halves[i] * (places == 1 ? 10 : 100);
            compare(scaled - 1, places);
            compare(scaled, places);
            compare(scaled + 1, places);
        }
    }
}
