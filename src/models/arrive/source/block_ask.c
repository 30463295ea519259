/* One request of one block: asked for, led on by redirects, its bytes taken, its end judged. */
#include "models/arrive/source/block_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "base/text.h"
#include "models/arrive/source/redirect.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IGNORED_BODY (64u << 10) /* of an answer that is no block */
#define STALL_BYTES (64u << 10)  /* in `stall_ms`, at least */
#define FIRST_BYTES (256u << 10) /* of a block whose length is unknown */

__attribute__((format(printf, 3, 4))) static void ask_end(
    struct ask *ask, enum ask_state state, const char *format, ...)
{
    char reason[REASON_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    wi_text_printable(ask->reason, sizeof ask->reason, reason); /* a header may be in it */
    ask->state = state;
    wi_turn_schedule(ask->fetch->turn);
}

/* --- the head --------------------------------------------------------------------------------- */

/* Whether a block may be as long. How long it should be is what a tree says, which may lie: what
 * came is judged by its hash alone. */
static int length_fits(struct ask *ask, uint64_t length)
{
    if (length <= WI_BLOCK_MAX)
        return 1;
    ask_end(ask, ASK_WRONG, "it sent a block of %" PRIu64 " bytes, and %u is the most", length,
        WI_BLOCK_MAX);
    return 0;
}

static void ask_grow(struct ask *ask, size_t capacity)
{
    ask->bytes = wi_realloc_array(ask->bytes, capacity, 1);
    ask->capacity = capacity;
}

static int look_at_head(struct ask *ask, const struct wi_http_call *call)
{
    const char *text = wi_http_call_header(call, "content-type");
    uint64_t length;
    if (!wi_media_type_is(text, WI_BLOCK_TYPE)) {
        ask_end(ask, ASK_NO_GATEWAY,
            "it is no gateway: it answers with %.60s instead of " WI_BLOCK_TYPE,
            text ? text : "no Content-Type");
        return -1;
    }
    text = wi_http_call_header(call, "content-encoding");
    if (text && strcasecmp(text, "identity") != 0) {
        ask_end(ask, ASK_NO_GATEWAY, "it is no gateway: it sends blocks encoded as %.60s", text);
        return -1;
    }
    text = wi_http_call_header(call, "content-length");
    int known = wi_parse_length(text, &length) == 0;
    if (known && !length_fits(ask, length))
        return -1;
    length = known ? length : ask->block->want.bytes;
    ask->sized = length > 0;
    ask_grow(ask, ask->sized ? (size_t)length : FIRST_BYTES);
    ask->accepted = 1;
    return 0;
}

/* The last byte of the range that is asked for. */
static uint64_t last_byte(const struct ask *ask)
{
    return ask->block->want.at + ask->block->want.bytes - 1;
}

/* Of who has the file. */
static int look_at_range(struct ask *ask, const struct wi_http_call *call, int status)
{
    const char *range = wi_http_call_header(call, "content-range");
    uint64_t first, last;
    if (status != 206 || !range ||
        sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/", &first, &last) != 2 ||
        first != ask->block->want.at || last != last_byte(ask)) {
        ask_end(ask, ASK_REFUSED, "it does not send the range of a file that is asked for (%d)",
            status);
        return -1;
    }
    ask->sized = 1;
    ask_grow(ask, ask->block->want.bytes);
    ask->accepted = 1;
    return 0;
}

static int on_head(void *context, const struct wi_http_call *call, int status)
{
    struct ask *ask = context;
    ask->status = status;
    ask->slot->answered = 1;
    if (status >= 300 || status < 200)
        return 0;
    if (ask->slot->file_url)
        return look_at_range(ask, call, status);
    return status == 200 ? look_at_head(ask, call) : 0;
}

/* --- the body --------------------------------------------------------------------------------- */

static enum wi_http_verdict ask_take(struct ask *ask, const char *bytes, size_t size)
{
    if (size > WI_BLOCK_MAX - ask->size) {
        ask_end(ask, ASK_WRONG, "it sent more than the %u bytes of a block", WI_BLOCK_MAX);
        return WI_HTTP_END;
    }
    if (size > ask->capacity - ask->size) {
        size_t twice = 2 * ask->capacity, need = ask->size + size;
        ask_grow(ask, twice < need ? need : twice < WI_BLOCK_MAX ? twice : WI_BLOCK_MAX);
    }
    memcpy(ask->bytes + ask->size, bytes, size);
    ask->size += size;
    return WI_HTTP_TAKEN;
}

static enum wi_http_verdict on_data(void *context, const char *bytes, size_t size)
{
    struct ask *ask = context;
    if (wi_limit_wait(ask->fetch->order.limit, wi_awake_ms()) > 0) {
        ask->paused = 1;
        wi_turn_schedule(ask->fetch->turn);
        return WI_HTTP_PAUSE;
    }
    ask->stretch_bytes += size;
    ask->last_ms = wi_awake_ms();
    ask->fetch->fetched += size;
    wi_block_source_saw(ask->slot->source, size);
    wi_limit_spend(ask->fetch->order.limit, size);
    if (ask->accepted)
        return ask_take(ask, bytes, size);
    ask->unwanted += size;
    return ask->unwanted <= IGNORED_BODY ? WI_HTTP_TAKEN : WI_HTTP_END;
}

/* --- the end of an answer --------------------------------------------------------------------- */

static void send_request(struct ask *ask);

static void ask_lead_on(struct ask *ask, const struct wi_http_answer *answer)
{
    const char *location = wi_http_call_header(answer->call, "location");
    const char *base = wi_block_source_look(ask->slot->source).url;
    struct wi_error error;
    if (wi_redirect_take(base, &ask->url, location, &ask->hops, &error) == 0)
        send_request(ask);
    else
        ask_end(ask, ASK_REFUSED, "%.150s", error.detail);
}

/* The URL that a file's URL redirects to may be valid for a while only: the next request follows
 * the redirect again. */
static int was_led(struct ask *ask)
{
    struct slot *slot = ask->slot;
    int status = ask->status, is_old = slot->led_url && strcmp(slot->led_url, ask->url) == 0;
    if (!is_old || status < 400 || status == 429 || status >= 500)
        return 0;
    free(WI_TAKE(slot->led_url));
    return 1;
}

/* An answer that is no block. */
static void ask_judge(struct ask *ask, const struct wi_http_answer *answer)
{
    int status = ask->status;
    if (was_led(ask)) {
        ask_end(ask, ASK_STUMBLED, "its file is no longer there (%d)", status);
    } else if (status == 429 || status == 503) {
        ask->after_s = wi_http_retry_after(wi_http_call_header(answer->call, "retry-after"));
        ask_end(ask, ASK_BUSY, "it is busy (%d)", status);
    } else if (status == 404 || status == 410 || status == 451) {
        ask_end(ask, ASK_LACKS, "it lacks the block (%d)", status);
    } else if (status == 408 || status >= 500) {
        ask_end(ask, ASK_STUMBLED, "it answers %d", status);
    } else if (status == 401 || status == 403) {
        ask_end(ask, ASK_REFUSED, "it %s (%d)", wi_block_source_refusal(ask->slot->source), status);
    } else if (status < 300) {
        ask_end(ask, ASK_NO_GATEWAY, "it is no gateway: it answers %d for a block", status);
    } else {
        ask_end(ask, ASK_REFUSED, "it answers %d", status);
    }
}

static void end_of_block(struct ask *ask, const struct wi_http_answer *answer)
{
    if (answer->end != WI_HTTP_ANSWERED)
        ask_end(ask, ASK_BROKEN, "%.100s", answer->failure);
    else if (ask->slot->file_url && ask->size != ask->block->want.bytes)
        ask_end(ask, ASK_BROKEN, "it sent %zu bytes of %u", ask->size, ask->block->want.bytes);
    else if (length_fits(ask, ask->size))
        ask_end(ask, ASK_WHOLE, "%s", "");
    if (ask->slot->file_url && !ask->slot->led_url && ask->hops > 0)
        ask->slot->led_url = wi_strdup(ask->url);
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct ask *ask = context;
    int is_answer = answer->end == WI_HTTP_ANSWERED ||
                    (answer->end == WI_HTTP_STOPPED && ask->status && !ask->accepted);
    ask->call = NULL;
    ask->paused = 0;
    if (ask->state != ASK_UNDER_WAY)
        wi_turn_schedule(ask->fetch->turn);
    else if (ask->accepted)
        end_of_block(ask, answer);
    else if (!is_answer)
        ask_end(ask, answer->end == WI_HTTP_REFUSED ? ASK_REFUSED : ASK_BROKEN, "%.100s",
            answer->failure);
    else if (wi_redirect_is(ask->status))
        ask_lead_on(ask, answer);
    else
        ask_judge(ask, answer);
}

/* --- start and end ---------------------------------------------------------------------------- */

/* Plain http is allowed to the source's own host as configured, without a token: an eavesdropper
 * sees only the block, and cannot change it undetected because its hash is checked. The proof for
 * a member is good for that block only. */
static void send_request(struct ask *ask)
{
    struct wi_block_source_info info = wi_block_source_look(ask->slot->source);
    int is_named = info.kind != WI_SOURCE_IS_STRANGER && wi_redirect_stays(info.url, ask->url);
    char *token = wi_block_source_authorization(ask->slot->source, ask->url, &ask->block->want.cid);
    char *range = ask->slot->file_url ? wi_sprintf("Range: bytes=%" PRIu64 "-%" PRIu64,
                                            ask->block->want.at, last_byte(ask))
                                      : NULL;
    const char *const headers[] = {range ? range : "Accept: " WI_BLOCK_TYPE, token, NULL};
    const struct wi_http_request request = {.method = "GET",
        .url = ask->url,
        .headers = headers,
        .outside = 1,
        .allow_private = is_named,
        .allow_plain = is_named && !wi_block_source_has_token(ask->slot->source),
        .on_head = on_head,
        .on_data = on_data};
    ask->unwanted = 0;
    ask->status = 0;
    ask->call = wi_http_start(ask->fetch->http, &request, on_answer, ask);
    free(token);
    free(range);
}

static char *url_of(const struct slot *slot, const struct wi_cid *cid)
{
    char text[WI_CID_TEXT];
    if (slot->file_url)
        return wi_strdup(slot->led_url ? slot->led_url : slot->file_url);
    wi_cid_print(cid, text);
    return wi_sprintf("%s/ipfs/%s?format=raw", wi_block_source_look(slot->source).url, text);
}

void wi_ask_start(struct wi_block_fetch *fetch, struct slot *slot, struct block *block)
{
    struct ask *ask = wi_alloc(sizeof *ask);
    double now = wi_awake_ms();
    *ask = (struct ask){.fetch = fetch,
        .slot = slot,
        .block = block,
        .began_ms = now,
        .last_ms = now,
        .stretch_ms = now,
        .url = url_of(slot, &block->want.cid)};
    fetch->asks[fetch->ask_count++] = ask;
    slot->in_flight++;
    block->asks++;
    send_request(ask);
}

void wi_ask_drop(struct ask *ask)
{
    struct wi_block_fetch *fetch = ask->fetch;
    struct block *block = ask->block;
    size_t at = 0;
    while (fetch->asks[at] != ask)
        at++;
    fetch->asks[at] = fetch->asks[--fetch->ask_count];
    ask->slot->in_flight--;
    block->asks--;
    block->wasted += ask->size;
    fetch->idle += block->asks == 0 && !block->verifying;
    fetch->twice += ask->size;
    wi_http_cancel(ask->call);
    free(ask->url);
    free(ask->bytes);
    free(ask);
}

size_t wi_ask_room(const struct ask *ask)
{
    uint32_t told = ask->block->want.bytes;
    return ask->sized ? ask->capacity : told ? told : WI_BLOCK_MAX;
}

void wi_ask_look_for_stall(struct ask *ask, double now)
{
    double stall_ms = (double)ask->fetch->order.stall_ms;
    if (ask->state != ASK_UNDER_WAY || ask->paused || now - ask->stretch_ms < stall_ms)
        return;
    if (ask->stretch_bytes < STALL_BYTES)
        ask_end(ask, ASK_STUMBLED, "less than 64 kB of a block came in %.4g s", stall_ms / 1000);
    ask->stretch_ms = now;
    ask->stretch_bytes = 0;
}

void wi_ask_resume(struct ask *ask, double now)
{
    if (!ask->paused)
        return;
    ask->paused = 0;
    ask->stretch_ms = now;
    ask->stretch_bytes = 0;
    wi_http_resume(ask->call);
}
