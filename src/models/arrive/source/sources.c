/* The table of sources, and what is remembered of each. */
#include "models/arrive/source/sources.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/net/url.h"
#include "base/secret.h"
#include "base/text.h"
#include "cluster/content_row.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The speed is that of the last seconds: of the stretch before, until this one is long enough. */
#define RATE_MS 3000.0
#define RATE_LEAST_MS 500.0
#define REASON_BYTES 160

struct wi_block_source {
    unsigned references;
    enum wi_block_source_kind kind;
    unsigned char key[WI_HASH_SIZE]; /* of a member */
    char *name, *url, *token, *trouble;
    double rest_ms, out_ms; /* wi_awake_ms() until when */
    int lied;
    uint64_t bytes, blocks, wrong;
    int64_t seen_ms;
    double stretch_ms, rate; /* when this one began; of the one before */
    uint64_t stretch_bytes;
    char reason[REASON_BYTES];
};

struct wi_sources {
    struct wi_block_source **items;
    size_t count;
    /* Strangers and members, in the order in which they were named. */
    struct wi_block_source **named;
    size_t named_count;
};

/* --- a source --------------------------------------------------------------------------------- */

struct wi_block_source *wi_block_source_hold(struct wi_block_source *source)
{
    source->references++;
    return source;
}

void wi_block_source_release(struct wi_block_source *source)
{
    if (source == NULL || --source->references > 0)
        return;
    wi_secret_free(source->token);
    free(source->name);
    free(source->url);
    free(source->trouble);
    free(source);
}

static double rate_of(const struct wi_block_source *source, double now)
{
    double took = now - source->stretch_ms;
    if (took > 2 * RATE_MS)
        return 0;
    return took >= RATE_LEAST_MS ? (double)source->stretch_bytes * 1000 / took : source->rate;
}

struct wi_block_source_info wi_block_source_look(const struct wi_block_source *source)
{
    double now = wi_awake_ms();
    struct wi_block_source_info info = {.name = source->name,
        .url = source->url,
        .kind = source->kind,
        .lied = source->lied && now < source->out_ms,
        .bytes = source->bytes,
        .blocks = source->blocks,
        .wrong = source->wrong,
        .seen_ms = source->seen_ms,
        .bytes_per_second = rate_of(source, now),
        .reason = source->trouble ? source->trouble : source->reason};
    if (source->trouble || now < source->out_ms) {
        info.state = WI_SOURCE_OUT;
        info.until_ms = source->trouble ? WI_NEVER : source->out_ms;
    } else if (now < source->rest_ms) {
        info.state = WI_SOURCE_RESTING;
        info.until_ms = source->rest_ms;
    }
    return info;
}

/* What a member is shown, instead of a token. */
static void source_prove(
    const struct wi_block_source *source, const struct wi_cid *cid, char hex[WI_HASH_HEX_SIZE])
{
    unsigned char proof[WI_HASH_SIZE];
    wi_content_proof(source->key, cid, proof);
    wi_hash_hex(proof, hex);
}

char *wi_block_source_authorization(
    const struct wi_block_source *source, const char *url, const struct wi_cid *cid)
{
    char proof[WI_HASH_HEX_SIZE];
    const char *shown = source->token;
    if (source->kind == WI_SOURCE_IS_MEMBER && cid) {
        source_prove(source, cid, proof);
        shown = proof;
    }
    return shown && wi_url_same_origin(source->url, url)
               ? wi_sprintf("Authorization: Bearer %s", shown)
               : NULL;
}

int wi_block_source_has_token(const struct wi_block_source *source)
{
    return source->token != NULL;
}

const char *wi_block_source_refusal(const struct wi_block_source *source)
{
    if (source->kind == WI_SOURCE_IS_STRANGER)
        return "wants a token, and there is none for it";
    if (source->kind == WI_SOURCE_IS_MEMBER)
        return "does not take this daemon for a member of its cluster";
    return source->token ? "refuses the token of its token_file"
                         : "wants a token, as its token_file has it";
}

/* --- what becomes known of it ----------------------------------------------------------------- */

void wi_block_source_saw(struct wi_block_source *source, size_t bytes)
{
    double now = wi_awake_ms();
    if (now - source->stretch_ms >= RATE_MS) {
        source->rate = rate_of(source, now);
        source->stretch_ms = now;
        source->stretch_bytes = 0;
    }
    source->stretch_bytes += bytes;
    source->seen_ms = wi_wall_ms();
}

void wi_block_source_brought(struct wi_block_source *source, size_t bytes)
{
    source->bytes += bytes;
    source->blocks++;
}

static void source_note(struct wi_block_source *source, const char *reason)
{
    wi_text_copy(source->reason, sizeof source->reason, reason);
}

void wi_block_source_lied(struct wi_block_source *source, int wrong, const char *reason)
{
    source->out_ms = wi_awake_ms() + WI_SOURCE_OUT_MS;
    source->lied = wrong;
    source->wrong += wrong != 0;
    source_note(source, reason);
    wi_warn("source", source->name, "%s; it is not asked again for %.0f minutes", reason,
        WI_SOURCE_OUT_MS / 60000);
}

void wi_block_source_rest(struct wi_block_source *source, double ms, const char *reason)
{
    double until = wi_awake_ms() + ms;
    if (ms > 0 && until > source->rest_ms)
        source->rest_ms = until;
    source_note(source, reason);
}

/* --- the table -------------------------------------------------------------------------------- */

struct wi_sources *wi_sources_new(void)
{
    return wi_alloc(sizeof(struct wi_sources));
}

static void drop_all(struct wi_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        wi_block_source_release(sources->items[i]);
    free(sources->items);
}

void wi_sources_free(struct wi_sources *sources)
{
    if (!sources)
        return;
    drop_all(sources);
    while (sources->named_count > 0)
        wi_block_source_release(sources->named[--sources->named_count]);
    free(sources->named);
    free(sources);
}

static struct wi_block_source *source_make(
    enum wi_block_source_kind kind, const char *name, const char *url)
{
    struct wi_block_source *source = wi_alloc(sizeof *source);
    *source = (struct wi_block_source){
        .references = 1, .kind = kind, .name = wi_strdup(name), .url = wi_strdup(url)};
    return source;
}

/* The one of that name and URL, held once more, or a new one. */
static struct wi_block_source *keep_or_make(
    const struct wi_sources *sources, const struct wi_block_source_row *row)
{
    for (size_t i = 0; i < sources->count; i++)
        if (strcmp(sources->items[i]->name, row->name) == 0 &&
            strcmp(sources->items[i]->url, row->url) == 0)
            return wi_block_source_hold(sources->items[i]);
    return source_make(WI_SOURCE_IS_CONFIGURED, row->name, row->url);
}

void wi_sources_set(
    struct wi_sources *sources, const struct wi_block_source_row *rows, size_t count)
{
    struct wi_block_source **next = wi_alloc((count + 1) * sizeof *next);
    for (size_t i = 0; i < count; i++) {
        struct wi_block_source *source = keep_or_make(sources, &rows[i]);
        wi_secret_free(source->token);
        free(source->trouble);
        source->token = wi_strdup(rows[i].token);
        source->trouble = wi_strdup(rows[i].trouble);
        next[i] = source;
    }
    drop_all(sources);
    sources->items = next;
    sources->count = count;
}

size_t wi_sources_count(const struct wi_sources *sources)
{
    return sources->count;
}

struct wi_block_source *wi_sources_at(const struct wi_sources *sources, size_t index)
{
    return sources->items[index];
}

/* --- strangers and members -------------------------------------------------------------------- */

static void named_drop(struct wi_sources *sources, size_t index)
{
    struct wi_block_source **place = &sources->named[index];
    wi_block_source_release(*place);
    sources->named_count--;
    memmove(place, place + 1, (sources->named_count - index) * sizeof *place);
}

/* Only the table holds it, and nothing of it is worth being remembered. */
static int is_forgettable(const struct wi_block_source *source, double now)
{
    return source->references == 1 && now >= source->out_ms;
}

static void named_forget(struct wi_sources *sources)
{
    double now = wi_awake_ms();
    size_t held = 0;
    for (size_t i = sources->named_count; i-- > 0;) {
        held += sources->named[i]->references > 1;
        if (is_forgettable(sources->named[i], now))
            named_drop(sources, i);
    }
    /* Of the others, which no fetch holds, the first ones go. */
    for (size_t i = 0; sources->named_count - held > WI_SOURCE_LIARS_MAX;)
        if (sources->named[i]->references > 1)
            i++;
        else
            named_drop(sources, i);
}

static struct wi_block_source *named_find(
    const struct wi_sources *sources, const char *name, const char *url)
{
    for (size_t i = 0; i < sources->named_count; i++)
        if (strcmp(sources->named[i]->name, name) == 0 && strcmp(sources->named[i]->url, url) == 0)
            return sources->named[i];
    return NULL;
}

/* The one of that name and URL, held once more, or a new one. */
static struct wi_block_source *named_hold(
    struct wi_sources *sources, enum wi_block_source_kind kind, const char *name, const char *url)
{
    named_forget(sources);
    struct wi_block_source *source = named_find(sources, name, url);
    if (!source)
        source = *WI_APPEND(sources->named, sources->named_count) = source_make(kind, name, url);
    return wi_block_source_hold(source);
}

static int is_configured(const struct wi_sources *sources, const char *url)
{
    for (size_t i = 0; i < sources->count; i++)
        if (strcasecmp(sources->items[i]->url, url) == 0)
            return 1;
    return 0;
}

struct wi_block_source *wi_sources_stranger(struct wi_sources *sources, const char *url)
{
    return is_configured(sources, url) ? NULL
                                       : named_hold(sources, WI_SOURCE_IS_STRANGER, url, url);
}

struct wi_block_source *wi_sources_member(struct wi_sources *sources, const char *member,
    const char *url, const unsigned char key[WI_HASH_SIZE])
{
    char *name = wi_sprintf(WI_SOURCE_MEMBER "%s", member);
    struct wi_block_source *source = named_hold(sources, WI_SOURCE_IS_MEMBER, name, url);
    memcpy(source->key, key, WI_HASH_SIZE); /* another one since it has started again */
    free(name);
    return source;
}

void wi_sources_each(const struct wi_sources *sources, wi_source_fn *each, void *context)
{
    for (size_t i = 0; i < sources->count + sources->named_count; i++) {
        const struct wi_block_source *source =
            i < sources->count ? sources->items[i] : sources->named[i - sources->count];
        const struct wi_block_source_info info = wi_block_source_look(source);
        if (i < sources->count || !is_forgettable(source, wi_awake_ms()))
            each(context, &info);
    }
}
