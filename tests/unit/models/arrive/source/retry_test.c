/* The pauses between attempts. */
#include "../../../test.h"

#include "models/arrive/source/retry.h"

TEST(pauses_double_up_to_half_a_minute)
{
    assert_int_equal(wi_retry_pause(500, 1), 500);
    assert_int_equal(wi_retry_pause(500, 2), 1000);
    assert_int_equal(wi_retry_pause(500, 6), 16000);
    assert_int_equal(wi_retry_pause(500, 7), 30000);
    assert_int_equal(wi_retry_pause(500, 4000000000), 30000);
    assert_int_equal(wi_retry_pause(40000, 1), 30000);
}
