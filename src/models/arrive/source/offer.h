/*
 * What a neighbour offers: the answer of another daemon to GET /content, which lists its models,
 * each with its CID and its files by their SHA-256. All of it is hostile: its size is bounded,
 * malformed parts are left out, and the rest is only a claim. Pure.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_OFFER_H
#define WI_MODELS_ARRIVE_SOURCE_OFFER_H

#include "terms/model/cid.h"

#define WI_OFFER_MAX (4u << 20)                /* bytes of the answer */
#define WI_OFFER_ROWS_MAX 1000                 /* models that are read; the rest is left out */
#define WI_OFFER_BYTES_MAX (UINT64_C(1) << 50) /* of a model */
#define WI_OFFER_ID_MAX 64                     /* bytes of a daemon's id */
#define WI_OFFER_ALSO_MAX 16                   /* further CIDs under which one model was pulled */

/* The CID of a file of at most WI_LEAF_BYTES is the raw one of its SHA-256. */
struct wi_offer_file {
    char *path; /* accepted by wi_file_path_ok */
    uint64_t bytes;
    unsigned char sha256[WI_HASH_SIZE];
    struct wi_cid cid;
};

struct wi_offer_row {
    struct wi_cid cid; /* of the folder of all files; unique among the rows */
    char *name;        /* of the model there, possibly with its variant */
    uint64_t bytes;    /* of all files */
    int published;
    char *origin; /* the id of the daemon that published it first; "": not told */
    uint64_t runs_24h;
    struct wi_cid *also; /* under which it was pulled */
    size_t also_count;
    struct wi_offer_file *files; /* at least one; sorted by path */
    size_t count;
};

/* Zero-initialise; free with wi_offer_clear. */
struct wi_offer {
    char *id;
    uint64_t takes;            /* greatest bytes of another copy that it would make; 0: none */
    struct wi_offer_row *rows; /* in the order of the answer */
    size_t count;
    size_t left_out; /* rows that were malformed, duplicates, or beyond WI_OFFER_ROWS_MAX */
    const struct wi_offer_file **_by_hash;
    size_t _file_count;
};

/* Fills an empty offer. WI_OK, or WI_HUB_FAILED with what is wrong with the answer as a whole; the
 * offer is empty then. */
enum wi_code wi_offer_read(
    struct wi_offer *offer, const char *text, size_t size, struct wi_error *error);
void wi_offer_clear(struct wi_offer *offer);

/* The file of any row with this SHA-256 and this length; if rows claim different CIDs, one of them.
 * NULL: there is none. */
const struct wi_offer_file *wi_offer_find(
    const struct wi_offer *offer, const unsigned char sha256[WI_HASH_SIZE], uint64_t bytes);
/* The first model of that name; NULL: there is none. */
const struct wi_offer_row *wi_offer_find_name(const struct wi_offer *offer, const char *name);

#endif
