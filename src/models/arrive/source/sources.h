/*
 * The sources of blocks: trustless gateways, and whatever else answers as they do. A block is asked
 * for by its CID (https://specs.ipfs.tech/http-gateways/trustless-gateway/), whose hash says
 * whether what came is right, so that nobody who brings one needs to be trusted. What is known of a
 * source outlives a pull: a lie is not forgotten by the next one. Beside those of the configuration
 * there are strangers for as long as a pull asks them.
 *
 * One table for the daemon; all is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_SOURCES_H
#define WI_MODELS_ARRIVE_SOURCE_SOURCES_H

#include "base/net/limit.h"
#include <stddef.h>
#include <stdint.h>

#define WI_SOURCE_OUT_MS 600000.0 /* after a wrong block, or an answer that is no gateway's */

enum wi_block_source_state {
    WI_SOURCE_READY,
    WI_SOURCE_RESTING, /* it said 429 or 503, or stumbled */
    WI_SOURCE_OUT      /* it lied, or is no gateway */
};

/* One source as the configuration has it. */
struct wi_block_source_row {
    const char *name;  /* the NAME of [hub.NAME] */
    const char *url;   /* what "/ipfs/CID" is appended to */
    const char *token; /* sent to its own host alone; NULL: none */
    /* Why it cannot be asked, such as a token that cannot be read; NULL: it can. */
    const char *trouble;
};

/* One as others see it. Borrowed until the next turn of the loop. */
struct wi_block_source_info {
    const char *name, *url; /* of a stranger both are its URL */
    int stranger;           /* a router has named it, and nobody in the configuration */
    enum wi_block_source_state state;
    int lied;                /* it is out because of a wrong block */
    double until_ms;         /* wi_now_ms() when it is asked again; 0 if it is ready */
    uint64_t bytes, blocks;  /* that were right, since the start */
    uint64_t wrong;          /* blocks */
    int64_t seen_ms;         /* Unix time of its last answer; 0: none yet */
    double bytes_per_second; /* lately; 0: nothing comes */
    const char *reason;      /* what was wrong last; "" if nothing was */
};

struct wi_sources;
struct wi_sources *wi_sources_new(void);
void wi_sources_free(struct wi_sources *sources); /* NULL is fine; fetches keep what they hold */
/* These and no others; all is copied. What is known of one with the same name and URL stays. */
void wi_sources_set(
    struct wi_sources *sources, const struct wi_block_source_row *rows, size_t count);
size_t wi_sources_count(const struct wi_sources *sources); /* without strangers */

/* A gateway that a router has named, by its URL, held: it is asked over https alone, at public
 * addresses, and without a token. NULL for one that the configuration has, which is asked anyhow.
 * It is in the table for as long as somebody else holds it, and one that lied until it might be
 * asked again: of those at most WI_SOURCE_LIARS_MAX are remembered. */
#define WI_SOURCE_LIARS_MAX 256
struct wi_block_source *wi_sources_stranger(struct wi_sources *sources, const char *url);
/* Those of the configuration, and then strangers. */
typedef void wi_source_fn(void *context, const struct wi_block_source *source);
void wi_sources_each(const struct wi_sources *sources, wi_source_fn *each, void *context);

/* A source is counted: whoever holds one may use it after it has left the table. */
struct wi_block_source;
struct wi_block_source *wi_sources_at(
    const struct wi_sources *sources, size_t index); /* not held */
struct wi_block_source *wi_block_source_hold(struct wi_block_source *source);
void wi_block_source_release(struct wi_block_source *source); /* NULL is fine */
void wi_block_source_info(const struct wi_block_source *source, struct wi_block_source_info *info);

/* --- for those who fetch ---------------------------------------------------------------------- */

/* The line "Authorization: Bearer …" if the URL is of the source itself, which the caller frees;
 * else NULL. */
char *wi_block_source_authorization(const struct wi_block_source *source, const char *url);
int wi_block_source_has_token(const struct wi_block_source *source);
/* What it does that answers 401 or 403, for behind "it ". */
const char *wi_block_source_refusal(const struct wi_block_source *source);
/* Bytes that came, whether they turn out right or not. */
void wi_block_source_saw(struct wi_block_source *source, size_t bytes);
void wi_block_source_brought(
    struct wi_block_source *source, size_t bytes); /* a block that is right */
/* It is not asked for 10 minutes, by any pull. `wrong`: it sent a wrong block. */
void wi_block_source_lied(struct wi_block_source *source, int wrong, const char *reason);
/* It is not asked for so long, which may be not at all: then only the reason is noted. */
void wi_block_source_rest(struct wi_block_source *source, double ms, const char *reason);

#endif
