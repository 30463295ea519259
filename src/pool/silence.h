/*
 * What nodes owe: of each attempt a first sign of life, as soon as a node may be silent; and to
 * each that it is not held up by another's.
 */
#ifndef WI_POOL_SILENCE_H
#define WI_POOL_SILENCE_H

#include "pool/private.h"

struct pool_silence;
struct pool_silence *wi_pool_silence_new(struct wi_pool *pool);
void wi_pool_silence_start(struct pool_silence *silence);
/* It looks no more. */
void wi_pool_silence_end(struct pool_silence *silence);
void wi_pool_silence_free(struct pool_silence *silence); /* NULL is fine */

#endif
