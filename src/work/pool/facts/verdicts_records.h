/*
 * The records of verdicts, by key and on disk. verdicts.c decides what is in them, and is the only
 * other file that includes this.
 *
 * A key is the model's hash, its variant (a precision, or of kernels a kernel), the set of inputs
 * ("": the model itself) and the place's key, joined by tabs. What WASM says of a model is a record
 * like the others, of a place anywhere.
 *
 * Records are counted by owner (work/pool/facts/owners.h), and those about sets of inputs apart,
 * since clients make them at will.
 */
#ifndef WI_WORK_POOL_FACTS_VERDICTS_RECORDS_H
#define WI_WORK_POOL_FACTS_VERDICTS_RECORDS_H

#include "base/table.h"
#include "work/pool/facts/owners.h"
#include "work/pool/facts/verdicts.h"

/* A precision, or the name of a kernel. */
#define WI_VERDICT_VARIANT_SIZE 48

/* What a key is made of. */
struct verdict_parts {
    char variant[WI_VERDICT_VARIANT_SIZE], set[WI_INPUT_SET_SIZE];
    struct wi_place place;
    const char *variant_end, *place_key; /* in the key */
};

struct verdict_model;

struct verdict_record {
    char *key;
    struct wi_owned owned;
    int about_wasm;               /* what WASM says of the model */
    struct verdict_model *model;  /* NULL of a set */
    struct verdict_record *whole; /* of a set: what is known of its model; else NULL */
    struct verdict_record *sets;  /* of that */
    unsigned looked;              /* how many sets were looked at */
    unsigned client;              /* who brought the set, as wi_table_hash has it; 0: nobody */
    struct verdict_record *of_prev, *of_next; /* of the same model, or of the same `whole` */
    enum wi_verdict verdict;
    double ratio;
    char detail[256];
    char set[WI_INPUT_SET_SIZE]; /* of the input that decided it, and its shapes; "": of ours */
    char shapes[WI_INPUT_SHAPES_SIZE];
    enum wi_code code;  /* of a rejection by WASM */
    int64_t checked_at; /* Unix milliseconds; 0: never */
    int64_t until;      /* when it is void; 0: never */
    unsigned wrongs;    /* how often in a row it was found wrong */
    double rests;       /* wi_now_ms(); until then a check is not due */
    double pause_ms;    /* the last one; 0: none since something was found out */
    int misses;
    UT_hash_handle hh;
};

/* All of one model. */
struct verdict_model {
    struct verdict_record *records;
    UT_hash_handle hh;
    char hash[]; /* of its content */
};

struct wi_verdicts {
    struct wi_db *db;
    struct verdict_record *all;   /* by key */
    struct verdict_model *models; /* by hash; one lives while it has records */
    struct wi_owners wholes, sets;
    size_t about_wasm; /* how many of them are what WASM says of a model */
};

/* 0, or -1 for a key that is not ours. */
int wi_verdict_key_read(const char *key, struct verdict_parts *parts);
/* The key of what is known of the model, whatever the inputs. */
void wi_verdict_key_whole(
    char whole[WI_VERDICT_KEY_SIZE], const char *key, const struct verdict_parts *parts);
/* Its party, as the last field of a place's key has it. */
const char *wi_verdict_key_party(const char *key);
/* The same question about another party. */
void wi_verdict_key_of_party(char other[WI_VERDICT_KEY_SIZE], const char *key, const char *party);

struct verdict_record *wi_verdict_record_find(const struct wi_verdicts *verdicts, const char *key);
/* Adds what is missing; NULL for a key that is not ours. Others may go for it. */
struct verdict_record *wi_verdict_record_get(struct wi_verdicts *verdicts, const char *key);
/* Its sets go with it. */
void wi_verdict_record_forget(struct wi_verdicts *verdicts, struct verdict_record *record);
/* Writes it down. */
void wi_verdict_record_keep(
    const struct wi_verdicts *verdicts, const struct verdict_record *record);
/* A text that JSON can carry, cut at a character's end. */
void wi_verdict_record_explain(struct verdict_record *record, const char *detail);
const struct verdict_model *wi_verdict_records_of(
    const struct wi_verdicts *verdicts, const char *hash);

#endif
