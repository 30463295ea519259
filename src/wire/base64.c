/* Base64 over hostile text. */
#include "wire/base64.h"

#include <openssl/evp.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* So many characters for one call of OpenSSL's, which counts in int; a multiple of 4. */
#define DECODE_MAX (1 << 30)

/* Decodes `length` characters without padding into `out`. Returns 0, or -1 where one of them is not
 * base64: OpenSSL would pass over blanks at the ends and take a "=" anywhere. */
static int decode(const char *text, size_t length, unsigned char *out)
{
    unsigned char last[4] = {'=', '=', '=', '='}, bytes[3];
    size_t rest = length % 4;
    if (strspn(text, alphabet) < length)
        return -1;
    for (size_t at = 0, size; at < length - rest; at += size) {
        size = length - rest - at < DECODE_MAX ? length - rest - at : DECODE_MAX;
        if (EVP_DecodeBlock(out + at / 4 * 3, (const unsigned char *)text + at, (int)size) < 0)
            return -1;
    }
    if (rest == 0)
        return 0;
    memcpy(last, text + length - rest, rest);
    if (EVP_DecodeBlock(bytes, last, sizeof last) < 0)
        return -1;
    memcpy(out + length / 4 * 3, bytes, rest - 1);
    return 0;
}

enum wi_base64 wi_base64_decode(
    const char *text, size_t length, struct wi_budget *budget, struct wi_blob **blob)
{
    *blob = NULL;
    for (int i = 0; i < 2 && length > 0 && text[length - 1] == '='; i++)
        length--;
    if (length == 0)
        return WI_BASE64_EMPTY;
    if (length % 4 == 1)
        return strspn(text, alphabet) < length ? WI_BASE64_WRONG : WI_BASE64_SHORT;
    size_t size = length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
    struct wi_blob *decoded = wi_blob_new(budget, size);
    if (!decoded)
        return WI_BASE64_NO_MEMORY;
    if (decode(text, length, decoded->bytes) != 0) {
        wi_blob_unref(decoded);
        return WI_BASE64_WRONG;
    }
    decoded->size = size;
    *blob = decoded;
    return WI_BASE64_OK;
}

const char *wi_base64_problem(enum wi_base64 result)
{
    switch (result) {
    case WI_BASE64_EMPTY:
        return "the base64 text is empty";
    case WI_BASE64_SHORT:
        return "the base64 text is cut short";
    default:
        return "the text has a character that is not base64, such as a line break";
    }
}
