/* CIDs as text and in binary; see cid.h. The numbers of codecs and hashes are those of
 * https://github.com/multiformats/multicodec. */
#include "terms/model/cid.h"

#include <string.h>

#define HASH_IDENTITY 0x00u
#define HASH_SHA256 0x12u
#define V0_TEXT 46
/* Version, codec and hash have a byte each; the length of the longest identity has two. */
#define BINARY_MAX (5 + WI_CID_IDENTITY_MAX)
#define TEXT_MAX (1 + (8 * BINARY_MAX + 4) / 5) /* in base32, which is longer than base58btc */

#define ALLOWED                                                                                    \
    "a CIDv0, or a CIDv1 in base32 or base58btc, of codec raw or dag-pb and hash sha2-256"
#define IS_CUT "it is cut, or something follows it"

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base32_upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

struct stretch {
    const unsigned char *at;
    size_t size;
};

/* Takes a varint from the beginning. 0, or -1 if it is cut or not in its shortest form. */
static int take_varint(struct stretch *left, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 63 && left->size > 0; shift += 7) {
        unsigned char byte = *left->at++;
        left->size--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return byte == 0 && shift > 0 ? -1 : 0;
    }
    return -1;
}

/* Takes the hash's number, its length and the hash. NULL, or the problem. */
static const char *take_multihash(struct stretch *left, struct wi_cid_read *read)
{
    uint64_t kind, length;
    if (take_varint(left, &kind) < 0 || take_varint(left, &length) < 0)
        return IS_CUT;
    if (kind != HASH_SHA256 && kind != HASH_IDENTITY)
        return "its hash is not sha2-256";
    if (kind == HASH_SHA256 && length != WI_HASH_SIZE)
        return "its hash is not of 32 bytes";
    if (kind == HASH_IDENTITY && length > WI_CID_IDENTITY_MAX)
        return "it is an identity that holds too much";
    if (length > left->size)
        return IS_CUT;
    if (kind == HASH_SHA256) {
        read->cid.codec = read->codec;
        memcpy(read->cid.hash, left->at, WI_HASH_SIZE);
    } else {
        read->identity = left->at;
        read->identity_size = (size_t)length;
    }
    left->at += length;
    left->size -= (size_t)length;
    return NULL;
}

/* NULL, or what is wrong. */
static const char *read_binary(const unsigned char *bytes, size_t size, struct wi_cid_read *read)
{
    struct stretch left = {bytes, size};
    uint64_t version = 0, codec = WI_CODEC_DAG_PB;
    *read = (struct wi_cid_read){0};
    /* A CIDv0 is a multihash alone, and there is no version of the number of its hash. */
    if (size > 0 && bytes[0] != HASH_SHA256) {
        if (take_varint(&left, &version) < 0)
            return IS_CUT;
        if (version != 1)
            return "its version is neither 0 nor 1";
        if (take_varint(&left, &codec) < 0)
            return IS_CUT;
        if (codec != WI_CODEC_RAW && codec != WI_CODEC_DAG_PB)
            return "its codec is neither raw nor dag-pb";
    }
    read->codec = (enum wi_codec)codec;
    const char *problem = take_multihash(&left, read);
    read->size = size - left.size;
    return problem;
}

int wi_cid_read(const unsigned char *bytes, size_t size, struct wi_cid_read *read)
{
    return read_binary(bytes, size, read) ? -1 : 0;
}

void wi_cid_write(const struct wi_cid *cid, unsigned char bytes[WI_CID_BYTES])
{
    bytes[0] = 1;
    bytes[1] = (unsigned char)cid->codec;
    bytes[2] = HASH_SHA256;
    bytes[3] = WI_HASH_SIZE;
    memcpy(bytes + 4, cid->hash, WI_HASH_SIZE);
}

struct decoded {
    unsigned char bytes[BINARY_MAX];
    size_t size;
};

/* 0, or -1 if a character is not of the base, or the last one has bits of no byte. */
static int decode_base32(const char *text, const char *alphabet, struct decoded *decoded)
{
    unsigned bits = 0, held = 0;
    for (; *text; text++) {
        const char *digit = strchr(alphabet, *text);
        if (!digit)
            return -1;
        held = held << 5 | (unsigned)(digit - alphabet);
        bits += 5;
        if (bits < 8)
            continue;
        bits -= 8;
        decoded->bytes[decoded->size++] = (unsigned char)(held >> bits);
        held &= (1u << bits) - 1;
    }
    /* With five bits or more left, the last character would be superfluous. */
    return bits < 5 && held == 0 ? 0 : -1;
}

/* The digits are those of one large number. 0, or -1 if a character is not of the base or the
 * number is too large. */
static int decode_base58(const char *text, struct decoded *decoded)
{
    if (text[0] == base58[0])
        return -1; /* a zero byte, with which no CID begins */
    for (; *text; text++) {
        const char *digit = strchr(base58, *text);
        if (!digit)
            return -1;
        unsigned carry = (unsigned)(digit - base58);
        for (size_t i = decoded->size; i-- > 0;) {
            carry += decoded->bytes[i] * 58u;
            decoded->bytes[i] = (unsigned char)carry;
            carry >>= 8;
        }
        if (carry == 0)
            continue;
        if (decoded->size == sizeof decoded->bytes)
            return -1;
        memmove(decoded->bytes + 1, decoded->bytes, decoded->size++);
        decoded->bytes[0] = (unsigned char)carry;
    }
    return 0;
}

/* NULL, or what is wrong. */
static const char *cid_decode(const char *text, struct decoded *decoded)
{
    int done;
    decoded->size = 0;
    if (strlen(text) > TEXT_MAX)
        return IS_CUT;
    /* A CIDv0 has no letter that names its base, which is always the same. */
    int is_v0 = strncmp(text, "Qm", 2) == 0;
    if (is_v0)
        done = decode_base58(text, decoded);
    else if (text[0] == 'z')
        done = decode_base58(text + 1, decoded);
    else if (text[0] == 'b')
        done = decode_base32(text + 1, base32, decoded);
    else if (text[0] == 'B')
        done = decode_base32(text + 1, base32_upper, decoded);
    else
        return "its base is neither base32 nor base58btc";
    if (done < 0)
        return "it is not well-formed in its base";
    if (is_v0 ? strlen(text) != V0_TEXT : decoded->size == 0)
        return IS_CUT;
    if ((decoded->bytes[0] == HASH_SHA256) != is_v0)
        return is_v0 ? "its hash is not sha2-256" : "a CIDv0 has no letter of a base before it";
    return NULL;
}

enum wi_code wi_cid_parse(
    const char *text, const char *field, struct wi_cid *cid, struct wi_error *error)
{
    struct decoded decoded;
    struct wi_cid_read read;
    const char *problem = cid_decode(text, &decoded);
    if (!problem)
        problem = read_binary(decoded.bytes, decoded.size, &read);
    if (!problem && read.size != decoded.size)
        problem = IS_CUT;
    if (!problem && read.identity)
        problem = "it is an identity, which holds its content itself: that is never a model";
    if (problem) {
        wi_error_set(error, WI_INVALID_FIELD, field,
            "\"%.80s\" is no CID of a model: %s; allowed is %s", text, problem, ALLOWED);
        return wi_error_allow(error, "%s", ALLOWED);
    }
    *cid = read.cid;
    return WI_OK;
}

void wi_cid_print(const struct wi_cid *cid, char text[WI_CID_TEXT])
{
    unsigned char bytes[WI_CID_BYTES];
    unsigned bits = 0, held = 0;
    wi_cid_write(cid, bytes);
    *text++ = 'b';
    for (size_t i = 0; i < sizeof bytes; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *text++ = base32[held >> (bits - 5) & 31];
    }
    *text++ = base32[held << (5 - bits) & 31];
    *text = '\0';
}

int wi_cid_parse_printed(const char *text, struct wi_cid *cid)
{
    char printed[WI_CID_TEXT];
    if (wi_cid_parse(text, "", cid, NULL) != WI_OK)
        return -1;
    wi_cid_print(cid, printed);
    return strcmp(printed, text) == 0 ? 0 : -1;
}

int wi_cid_equal(const struct wi_cid *a, const struct wi_cid *b)
{
    return a->codec == b->codec && memcmp(a->hash, b->hash, WI_HASH_SIZE) == 0;
}

void wi_cid_of(enum wi_codec codec, const unsigned char *block, size_t size, struct wi_cid *cid)
{
    cid->codec = codec;
    wi_hash(block, size, cid->hash);
}
