/*
 * Content identifiers (https://github.com/multiformats/cid): the name of a block, made of the
 * SHA-256 of its bytes and their codec. Supported are the codecs raw and dag-pb and the hash
 * sha2-256. A CIDv0 is a dag-pb of the same hash, and equal to its CIDv1. Pure.
 */
#ifndef WI_TERMS_MODEL_CID_H
#define WI_TERMS_MODEL_CID_H

#include "base/error.h"
#include "base/hash.h"

#define WI_CID_TEXT 60          /* bytes of a printed CID, with the NUL */
#define WI_CID_BYTES 36         /* of a CIDv1 in binary */
#define WI_CID_IDENTITY_MAX 128 /* the most bytes that an identity CID holds */
/* The empty identity CID, by which clients test whether a server is a gateway. */
#define WI_CID_PROBE "bafkqaaa"

#define WI_BLOCK_TYPE "application/vnd.ipld.raw" /* of one block, over HTTP */
#define WI_CAR_TYPE "application/vnd.ipld.car"
/* The same for CARs that are written here: blocks in depth-first order, each once. */
#define WI_CAR_TYPE_WRITTEN WI_CAR_TYPE "; version=1; order=dfs; dups=n"

enum wi_codec { WI_CODEC_RAW = 0x55, WI_CODEC_DAG_PB = 0x70 };

struct wi_cid {
    enum wi_codec codec;
    unsigned char hash[WI_HASH_SIZE];
};

/* Parses a CID as people write it: CIDv0, or CIDv1 in base32 of either case or in base58btc, with
 * nothing before or after it. WI_OK, or WI_INVALID_FIELD for `field` with the allowed forms. */
enum wi_code wi_cid_parse(
    const char *text, const char *field, struct wi_cid *cid, struct wi_error *error);
/* Prints a CIDv1 in lower-case base32. */
void wi_cid_print(const struct wi_cid *cid, char text[WI_CID_TEXT]);
/* Parses a CID only in the form in which it is printed. 0, or -1. */
int wi_cid_parse_printed(const char *text, struct wi_cid *cid);
int wi_cid_equal(const struct wi_cid *a, const struct wi_cid *b);
/* Computes the CID of a block with this codec. */
void wi_cid_of(enum wi_codec codec, const unsigned char *block, size_t size, struct wi_cid *cid);

/* A binary CID at the beginning of `bytes`. An identity CID contains the content itself. */
struct wi_cid_read {
    struct wi_cid cid;             /* valid unless it is an identity */
    const unsigned char *identity; /* NULL: not an identity; borrowed from `bytes` */
    size_t identity_size;
    enum wi_codec codec; /* of both kinds */
    size_t size;         /* bytes of the CID */
};
/* 0, or -1 for a CID that is cut, unknown, or an identity of more than WI_CID_IDENTITY_MAX
 * bytes. */
int wi_cid_read(const unsigned char *bytes, size_t size, struct wi_cid_read *read);
/* Writes a binary CIDv1. */
void wi_cid_write(const struct wi_cid *cid, unsigned char bytes[WI_CID_BYTES]);

#endif
