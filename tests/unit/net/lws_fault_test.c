/* Which heads of frames have no mask, wherever they lie. */
#include "../test.h"

#include "net/lws_fault.h"
#include <string.h>

/* Whether a frame with so many bytes of payload is unmasked whose head ends `before`. */
static int is_unmasked(const void *before, size_t length, unsigned char opcode, uint64_t size)
{
    unsigned char bytes[LWS_PRE + 8] = {0};
    memcpy(bytes + LWS_PRE - length, before, length);
    const struct wi_lws_frame frame = {bytes + LWS_PRE, size, opcode};
    return wi_lws_is_unmasked(&frame);
}

#define HEAD(bytes) bytes, sizeof bytes - 1

TEST(each_form_of_a_length_is_known)
{
    assert_true(is_unmasked(HEAD("\x81\x05"), 1, 5));
    assert_true(is_unmasked(HEAD("\x01\x7d"), 1, 125));
    assert_true(is_unmasked(HEAD("\x82\x7e\x00\x7e"), 2, 126));
    assert_true(is_unmasked(HEAD("\x82\x7e\xff\xff"), 2, 65535));
    assert_true(is_unmasked(HEAD("\x80\x7f\0\0\0\0\0\x01\0\0"), 0, 65536));
    /* RFC 6455 wants the shortest form; the library takes each. */
    assert_true(is_unmasked(HEAD("\x82\x7f\0\0\0\0\0\0\0\x05"), 2, 5));
    assert_false(is_unmasked(HEAD("\x81\x85mask"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\xfe\x01\x00mask"), 2, 256));
    assert_false(is_unmasked(HEAD("\x80\xff\0\0\0\0\0\x01\0\0mask"), 0, 65536));
}

TEST(what_is_no_head_says_nothing)
{
    assert_false(is_unmasked(HEAD(""), 1, 5));
    assert_false(is_unmasked(HEAD("\x81\x06"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\x05"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\x7e\x01\x00"), 2, 257));
}

TEST(a_mask_may_look_like_a_head)
{
    assert_false(is_unmasked(HEAD("\x81\x85\x81\x05\x81\x05"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\xfe\x01\x00\x82\x7e\x01\x00"), 2, 256));
}
