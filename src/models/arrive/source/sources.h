/*
 * The sources of blocks: trustless gateways, and other servers that answer like them. A block is
 * requested by its CID (https://specs.ipfs.tech/http-gateways/trustless-gateway/), whose hash shows
 * whether the answer is right, so sources need not be trusted. The record of a source outlives a
 * pull: a lie is remembered in the next one. In addition to the configured sources there are
 * strangers and the members of this daemon's cluster, for as long as a pull asks them.
 *
 * There is one table for the daemon. What other rooms use of it is in models/models.h. Everything
 * is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_SOURCES_H
#define WI_MODELS_ARRIVE_SOURCE_SOURCES_H

#include "base/net/limit.h"
#include "models/models.h"

#define WI_SOURCE_OUT_MS 600000.0 /* after a wrong block, or an answer of no gateway */

/* One source of the configuration. */
struct wi_block_source_row {
    const char *name;  /* the NAME of [hub.NAME] */
    const char *url;   /* "/ipfs/CID" is appended to it */
    const char *token; /* sent to its own host alone; NULL: none */
    /* Why it cannot be asked, such as an unreadable token; NULL: it can. */
    const char *trouble;
};

struct wi_sources *wi_sources_new(void);
/* NULL is fine; fetches keep the sources that they hold */
void wi_sources_free(struct wi_sources *sources);
/* Replaces the configured sources by these; all is copied. The record of a source with the same
 * name and URL is kept. */
void wi_sources_set(
    struct wi_sources *sources, const struct wi_block_source_row *rows, size_t count);
size_t wi_sources_count(const struct wi_sources *sources); /* of these alone */

/* A gateway that a router has named, given by its URL; held. It is asked only over https, at public
 * addresses, and without a token. NULL for a configured gateway, which is asked anyway. It is in
 * the table while it is held elsewhere; one that lied stays until it might be asked again, but at
 * most WI_SOURCE_LIARS_MAX of those are remembered. */
#define WI_SOURCE_LIARS_MAX 256
struct wi_block_source *wi_sources_stranger(struct wi_sources *sources, const char *url);

/* Another member of the cluster, with the base URL in its record, which may be of a private
 * network, and the key by which it knows that this daemon is a member (cluster/content_row.h).
 * Held, and in the table, as a stranger is. It is named WI_SOURCE_MEMBER and the member's name, as
 * no configured source is. Never NULL: if the same daemon is configured, too, this is a second
 * source. */
#define WI_SOURCE_MEMBER "member "
struct wi_block_source *wi_sources_member(struct wi_sources *sources, const char *member,
    const char *url, const unsigned char key[WI_HASH_SIZE]);

/* A source is reference-counted: a holder may use it after it has left the table. */
struct wi_block_source;
struct wi_block_source *wi_sources_at(
    const struct wi_sources *sources, size_t index); /* not held */
struct wi_block_source *wi_block_source_hold(struct wi_block_source *source);
void wi_block_source_release(struct wi_block_source *source); /* NULL is fine */
struct wi_block_source_info wi_block_source_look(const struct wi_block_source *source);

/* --- for those who fetch ---------------------------------------------------------------------- */

/* The line "Authorization: Bearer …" if the URL is of the source itself, which the caller frees;
 * else NULL. `cid` is of the block that is asked for; NULL: none is. */
char *wi_block_source_authorization(
    const struct wi_block_source *source, const char *url, const struct wi_cid *cid);
/* Whether it is sent what must not be overheard. */
int wi_block_source_has_token(const struct wi_block_source *source);
/* What a source does that answers 401 or 403; to follow "it ". */
const char *wi_block_source_refusal(const struct wi_block_source *source);
/* Counts bytes that came, correct or not. */
void wi_block_source_saw(struct wi_block_source *source, size_t bytes);
void wi_block_source_brought(struct wi_block_source *source, size_t bytes); /* a correct block */
/* It is not asked for 10 minutes, by any pull. `wrong`: it sent a wrong block. */
void wi_block_source_lied(struct wi_block_source *source, int wrong, const char *reason);
/* It is not asked for `ms`. 0 only notes the reason. */
void wi_block_source_rest(struct wi_block_source *source, double ms, const char *reason);

#endif
