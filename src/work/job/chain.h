/*
 * The beginnings of a prompt as keys (work/pool/facts/prefixes.h): of a conversation its first
 * message, its first two, …, and of plain text its first 256 bytes, its first 512, …. Two requests
 * have a key in common where what comes before is the same, for the same model and owner, so that
 * who may not share a cache has no key in common with others.
 */
#ifndef WI_WORK_JOB_CHAIN_H
#define WI_WORK_JOB_CHAIN_H

#include "work/pool/facts/prefixes.h"
#include <jansson.h>

/* Longer prompts have keys for their first so many pieces, and what follows is not looked at. */
#define WI_CHAIN_MAX 256
#define WI_CHAIN_PIECE 256 /* bytes of plain text */

/* Zero-initialise; free with wi_chain_clear. */
struct wi_chain {
    struct wi_prefix_key *keys; /* in the order of their length */
    size_t count;
    int whole;    /* the last key is of a conversation, and of all of it */
    double share; /* of the prompt, about, that the last key is of: of its messages or its bytes */
};

/* `owner` is who may share what was computed, `model` its content hash; `input` and `options` are
 * those of a text task. An input that has no beginning in common with others makes no keys. */
void wi_chain_fill(struct wi_chain *chain, const char *owner, const char *model,
    const json_t *input, const json_t *options);
/* The key of a conversation, whose chain is of the whole, with its answer behind: the next request
 * will have it. */
struct wi_prefix_key wi_chain_answered(
    const struct wi_chain *chain, const char *text, size_t length);
void wi_chain_clear(struct wi_chain *chain);

#endif
