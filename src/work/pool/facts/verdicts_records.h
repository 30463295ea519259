/*
 * The records of verdicts, by key and on disk. verdicts.c decides their contents; verdicts_told.c
 * has those of the other members of a cluster.
 *
 * A key is the model's hash, its variant (a precision, or for kernels a kernel), the set of inputs
 * ("": the model itself) and the place's key, joined by tabs. WASM's result for a model is a record
 * like the others, for a place anywhere.
 *
 * Records are counted by owner (work/pool/facts/owners.h), and those about sets of inputs are
 * counted separately, because clients can make them at will.
 */
#ifndef WI_WORK_POOL_FACTS_VERDICTS_RECORDS_H
#define WI_WORK_POOL_FACTS_VERDICTS_RECORDS_H

#include "base/table.h"
#include "work/pool/facts/owners.h"
#include "work/pool/facts/verdicts.h"

/* A precision, or the name of a kernel. */
#define WI_VERDICT_VARIANT_SIZE 48

/* The parts of a key. */
struct verdict_parts {
    char variant[WI_VERDICT_VARIANT_SIZE], set[WI_INPUT_SET_SIZE];
    struct wi_place place;
    const char *variant_end, *place_key; /* in the key */
};

struct verdict_model;

struct verdict_record {
    char *key;
    struct wi_owned owned;
    int about_wasm;               /* it is WASM's result for the model */
    struct verdict_model *model;  /* NULL for a set */
    struct verdict_record *whole; /* for a set: the record of its model; else NULL */
    struct verdict_record *sets;  /* for a model: the records of its sets */
    unsigned looked;              /* number of sets that were compared */
    unsigned client;              /* wi_table_hash of the client that brought the set; 0: none */
    struct verdict_record *of_prev, *of_next; /* of the same model, or of the same `whole` */
    enum wi_verdict verdict;
    double ratio;
    char detail[256];
    char set[WI_INPUT_SET_SIZE]; /* of the input that decided it, and its shapes; "": one of ours */
    char shapes[WI_INPUT_SHAPES_SIZE];
    enum wi_code code;  /* of a rejection by WASM */
    int64_t checked_at; /* Unix milliseconds; 0: never */
    int64_t until;      /* when it becomes void; 0: never */
    unsigned wrongs;    /* times in a row that it was found wrong */
    double rests;       /* wi_awake_ms(): no check is due until then */
    double pause_ms;    /* the last pause; 0: none since the last result */
    int misses;
    UT_hash_handle hh;
};

/* All records of one model. */
struct verdict_model {
    struct verdict_record *records;
    UT_hash_handle hh;
    char hash[]; /* of the model's content */
};

struct wi_verdicts {
    struct wi_db *db;
    struct verdict_record *all;   /* by key */
    struct verdict_model *models; /* by hash; each exists while it has records */
    struct wi_owners wholes, sets;
    size_t about_wasm; /* number of records that are WASM's results for models */
    /* By key: what other members of a cluster have found. These are no records of the above. */
    struct verdict_record *told;
};

/* 0, or -1 for a key that is not ours. */
int wi_verdict_key_read(const char *key, struct verdict_parts *parts);
/* The key of the record of the model, for all inputs. */
void wi_verdict_key_whole(
    char whole[WI_VERDICT_KEY_SIZE], const char *key, const struct verdict_parts *parts);
/* Its party, as the last field of a place's key names it. */
const char *wi_verdict_key_party(const char *key);
/* The same question about another party. */
void wi_verdict_key_of_party(char other[WI_VERDICT_KEY_SIZE], const char *key, const char *party);

struct verdict_record *wi_verdict_record_find(const struct wi_verdicts *verdicts, const char *key);
/* Adds the record if it is missing; NULL for a key that is not ours. Others may be dropped for
 * it. */
struct verdict_record *wi_verdict_record_get(struct wi_verdicts *verdicts, const char *key);
/* Removes the record together with those of its sets. */
void wi_verdict_record_forget(struct wi_verdicts *verdicts, struct verdict_record *record);
/* Writes it to the database. */
void wi_verdict_record_keep(
    const struct wi_verdicts *verdicts, const struct verdict_record *record);
/* Stores `detail` as text that is valid in JSON, cut at the end of a character. */
void wi_verdict_record_explain(struct verdict_record *record, const char *detail);

/* A record of `told`. */
void wi_verdict_told_drop(struct wi_verdicts *verdicts, struct verdict_record *record);

#endif
