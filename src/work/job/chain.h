/*
 * The beginnings of a prompt as keys (work/pool/facts/prefixes.h): for a conversation its first
 * message, its first two, …, and for plain text its first 256 bytes, its first 512, …. Two requests
 * share a key if their text up to there is the same, for the same model and owner. So requests that
 * may not share a cache have no key in common.
 */
#ifndef WI_WORK_JOB_CHAIN_H
#define WI_WORK_JOB_CHAIN_H

#include "work/pool/facts/prefixes.h"
#include <jansson.h>

/* The most keys: of a longer prompt only this many pieces have keys, and the rest is ignored. */
#define WI_CHAIN_MAX 256
#define WI_CHAIN_PIECE 256 /* bytes of plain text */

/* Zero-initialise; free with wi_chain_clear. */
struct wi_chain {
    struct wi_prefix_key *keys; /* in the order of their length */
    size_t count;
    int whole; /* the last key covers a whole conversation */
    /* Roughly the fraction of the prompt's messages or bytes that the last key covers. */
    double share;
};

/* `owner` names the owner whose requests may share computed state, `model` is the model's content
 * hash; `input` and `options` are those of a text task. An input that cannot share a beginning with
 * others makes no keys. */
void wi_chain_fill(struct wi_chain *chain, const char *owner, const char *model,
    const json_t *input, const json_t *options);
/* The key of a conversation with its answer appended, which the next request will have. The chain
 * must cover the whole conversation. */
struct wi_prefix_key wi_chain_answered(
    const struct wi_chain *chain, const char *text, size_t length);
void wi_chain_clear(struct wi_chain *chain);

#endif
