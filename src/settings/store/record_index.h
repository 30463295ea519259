/*
 * An index of records of jobs that another store keeps: a database in memory with the tables of
 * rows.h, so that what is next, what is late and what a list has are found by the same statements.
 * It holds neither bodies nor answers. It follows the records: each is put in with its revision,
 * again after each change. For one thread at a time; failures are lack of memory only.
 */
#ifndef WI_SETTINGS_STORE_RECORD_INDEX_H
#define WI_SETTINGS_STORE_RECORD_INDEX_H

#include "terms/job/job_store.h"

struct wi_record_index;
struct wi_record_index *wi_record_index_new(struct wi_error *error); /* NULL with `error` */
void wi_record_index_free(struct wi_record_index *index);            /* NULL is fine */

/* What is kept of a record beside the record itself. */
struct wi_record_entry {
    const struct wi_record *record; /* NULL where an entry is told */
    int64_t rank, retry_at;
    uint64_t revision;
    int cancelled;
    enum wi_record_state state; /* out */
    char holder[WI_ID_SIZE];    /* "": none */
};

/* In place of what there was of this id. */
void wi_record_index_put(struct wi_record_index *index, const struct wi_record_entry *entry);
/* Fills `entry` for the id; 0: there is none. */
int wi_record_index_get(
    struct wi_record_index *index, const char *id, struct wi_record_entry *entry);
void wi_record_index_drop(struct wi_record_index *index, const char *id);

/* All records are about to be put in anew, and those that were not until `end` are dropped. */
void wi_record_index_renew(struct wi_record_index *index);
void wi_record_index_renewed(struct wi_record_index *index);

/* As wi_row_take, without the bodies: in the index they run. */
enum wi_code wi_record_index_take(
    struct wi_record_index *index, struct wi_record_take *op, struct wi_error *error);
/* As wi_row_list; what runs and is not held by `self` is `elsewhere`. */
enum wi_code wi_record_index_list(struct wi_record_index *index, struct wi_record_list *op,
    const char *self, struct wi_error *error);
/* What is late, and with `count` how many records there are: nothing is removed. */
enum wi_code wi_record_index_sweep(
    struct wi_record_index *index, struct wi_record_sweep *op, struct wi_error *error);
/* The records, at most `limit`, that ended at `finished_before` or earlier. */
void wi_record_index_old(struct wi_record_index *index, int64_t finished_before, size_t limit,
    struct wi_record_names *names);

/* A record that runs. */
struct wi_record_held {
    struct wi_record_name name;
    char holder[WI_ID_SIZE];
};
/* All that run; the caller frees the array. */
struct wi_record_held *wi_record_index_running(struct wi_record_index *index, size_t *count);

#endif
