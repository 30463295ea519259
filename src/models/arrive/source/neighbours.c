/* See neighbours.h. */
#include "models/arrive/source/neighbours.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "base/text.h"
#include "models/arrive/source/redirect.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TIMEOUT_MS 30000 /* of one request; what comes after the wait is for the next who asks */
#define STALL_MS 10000
#define ETAG_MAX 128 /* bytes; a longer one is not sent back */

/* An answer that is being parsed off the loop. It frees itself once the thread is done. */
struct reading {
    struct neighbour *neighbour;
    struct wi_work *work;
    char *text;
    size_t size;
    char *etag;
    struct wi_offer offer;
    enum wi_code code;
    struct wi_error error;
};

struct neighbour {
    struct wi_neighbours *all;
    struct wi_block_source *source;
    struct wi_offer offer; /* of its last answer; it has no id before the first */
    char *etag;            /* of that; NULL: it had none */
    int answers;           /* it did, the last time */
    double known_ms;       /* when it did so last */
    double failed_ms;      /* when it did not */
    /* The question under way. */
    struct wi_http_call *call;
    char *url;
    unsigned hops;
    struct reading *reading;
    struct neighbour *prev, *next;
};

struct wi_neighbours_wait {
    struct wi_neighbours *all;
    struct wi_timer *timer; /* the most that is waited; at once when nothing is */
    wi_neighbours_fn *on_known;
    void *context;
    struct wi_neighbours_wait *prev, *next;
};

struct wi_neighbours {
    uv_loop_t *loop;
    struct wi_http *http;
    const char *id;
    struct neighbour *items;
    struct wi_neighbours_wait *waits;
};

/* --- those who wait --------------------------------------------------------------------------- */

static int neighbour_is_under_way(const struct neighbour *neighbour)
{
    return neighbour->call || neighbour->reading;
}

static int any_is_under_way(const struct wi_neighbours *all)
{
    for (const struct neighbour *neighbour = all->items; neighbour; neighbour = neighbour->next)
        if (neighbour_is_under_way(neighbour))
            return 1;
    return 0;
}

/* Who waits is told in a turn of its own. */
static void tell_if_known(struct wi_neighbours *all)
{
    if (any_is_under_way(all))
        return;
    for (struct wi_neighbours_wait *wait = all->waits; wait; wait = wait->next)
        wi_timer_start(wait->timer, 0, 0);
}

void wi_neighbours_cancel(struct wi_neighbours_wait *wait)
{
    if (!wait)
        return;
    DL_DELETE(wait->all->waits, wait);
    wi_timer_free(wait->timer);
    free(wait);
}

static void on_wait_over(void *context)
{
    struct wi_neighbours_wait *wait = context;
    wi_neighbours_fn *on_known = wait->on_known;
    void *known_context = wait->context;
    wi_neighbours_cancel(wait);
    on_known(known_context);
}

/* --- an answer -------------------------------------------------------------------------------- */

static void end_question(struct neighbour *neighbour)
{
    free(WI_TAKE(neighbour->url));
    tell_if_known(neighbour->all);
}

__attribute__((format(printf, 2, 3))) static void neighbour_fail(
    struct neighbour *neighbour, const char *format, ...)
{
    char reason[200], printable[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    wi_text_printable(printable, sizeof printable, reason); /* a header may be in it */
    wi_block_source_rest(neighbour->source, 0, printable);
    neighbour->answers = 0;
    neighbour->failed_ms = wi_awake_ms();
    end_question(neighbour);
}

static void neighbour_succeed(struct neighbour *neighbour)
{
    neighbour->answers = 1;
    neighbour->known_ms = wi_awake_ms();
    end_question(neighbour);
}

static void read_offer(void *data)
{
    struct reading *reading = data;
    reading->code = wi_offer_read(&reading->offer, reading->text, reading->size, &reading->error);
}

static void take_offer(struct neighbour *neighbour, struct reading *reading)
{
    neighbour->reading = NULL;
    if (reading->code != WI_OK) {
        neighbour_fail(neighbour, "%s", reading->error.detail);
        return;
    }
    wi_offer_clear(&neighbour->offer);
    neighbour->offer = WI_TAKE(reading->offer);
    free(neighbour->etag);
    neighbour->etag = WI_TAKE(reading->etag);
    neighbour_succeed(neighbour);
}

static void on_read(void *data, int cancelled)
{
    struct reading *reading = data;
    if (!cancelled) /* else the neighbour is gone */
        take_offer(reading->neighbour, reading);
    wi_offer_clear(&reading->offer);
    free(reading->text);
    free(reading->etag);
    free(reading);
}

static void neighbour_read_answer(struct neighbour *neighbour, const struct wi_http_answer *answer)
{
    struct reading *reading = wi_alloc(sizeof *reading);
    const char *etag = wi_http_call_header(answer->call, "etag");
    *reading = (struct reading){.neighbour = neighbour,
        .text = wi_strndup(answer->body, answer->body_size),
        .size = answer->body_size,
        .etag = etag && strlen(etag) <= ETAG_MAX ? wi_strdup(etag) : NULL};
    neighbour->reading = reading;
    reading->work = wi_work_start(neighbour->all->loop, read_offer, on_read, reading);
}

/* --- a question ------------------------------------------------------------------------------- */

static void send_question(struct neighbour *neighbour);

static void neighbour_lead_on(struct neighbour *neighbour, const struct wi_http_answer *answer)
{
    const char *location = wi_http_call_header(answer->call, "location");
    const char *base = wi_block_source_look(neighbour->source).url;
    struct wi_error error;
    if (wi_redirect_take(base, &neighbour->url, location, &neighbour->hops, &error) == 0)
        send_question(neighbour);
    else
        neighbour_fail(neighbour, "%.150s", error.detail);
}

static void neighbour_judge(struct neighbour *neighbour, const struct wi_http_answer *answer)
{
    const char *type = wi_http_call_header(answer->call, "content-type");
    int status = answer->status;
    if (status == 304 && neighbour->etag)
        neighbour_succeed(neighbour);
    else if (wi_redirect_is(status))
        neighbour_lead_on(neighbour, answer);
    else if (status == 401 || status == 403)
        neighbour_fail(neighbour, "it does not say what it has: it %s (%d)",
            wi_block_source_refusal(neighbour->source), status);
    else if (status != 200)
        neighbour_fail(neighbour, "it does not say what it has: it answers %d", status);
    else if (!wi_media_type_is(type, "application/json"))
        neighbour_fail(neighbour, "it is no webinferd: it answers /content with %.60s",
            type ? type : "no Content-Type");
    else
        neighbour_read_answer(neighbour, answer);
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct neighbour *neighbour = context;
    neighbour->call = NULL;
    wi_block_source_saw(neighbour->source, answer->body_size);
    if (answer->end == WI_HTTP_STOPPED)
        neighbour_fail(neighbour, "its list of content is longer than 4 MiB");
    else if (answer->end != WI_HTTP_ANSWERED)
        neighbour_fail(neighbour, "it cannot be asked what it has: %.120s", answer->failure);
    else
        neighbour_judge(neighbour, answer);
}

static void send_question(struct neighbour *neighbour)
{
    int stays = wi_redirect_stays(wi_block_source_look(neighbour->source).url, neighbour->url);
    char *token = wi_block_source_authorization(neighbour->source, neighbour->url, NULL);
    char *match = neighbour->etag ? wi_sprintf("If-None-Match: %s", neighbour->etag) : NULL;
    const char *const headers[] = {
        "Accept: application/json", token ? token : match, token ? match : NULL, NULL};
    const struct wi_http_request request = {.method = "GET",
        .url = neighbour->url,
        .headers = headers,
        .timeout_ms = TIMEOUT_MS,
        .stall_ms = STALL_MS,
        .max_answer = WI_OFFER_MAX,
        .outside = 1,
        .allow_private = stays,
        .allow_plain = stays && !wi_block_source_has_token(neighbour->source)};
    neighbour->call = wi_http_start(neighbour->all->http, &request, on_answer, neighbour);
    free(token);
    free(match);
}

static int is_self(const struct neighbour *neighbour)
{
    return neighbour->offer.id && strcmp(neighbour->offer.id, neighbour->all->id) == 0;
}

/* Whether it is to be asked: what is known is too old, and it did not fail just now. Where we were
 * found somebody else may be by now. */
static int is_due(const struct neighbour *neighbour, double fresh_ms)
{
    double now = wi_awake_ms();
    int ready = wi_block_source_look(neighbour->source).state == WI_SOURCE_READY;
    if (neighbour_is_under_way(neighbour) || (!ready && !is_self(neighbour)))
        return 0;
    if (fresh_ms == 0)
        return 1;
    return neighbour->answers ? now - neighbour->known_ms > fresh_ms
                              : now - neighbour->failed_ms > WI_NEIGHBOURS_PAUSE_MS;
}

struct wi_neighbours_wait *wi_neighbours_ask(struct wi_neighbours *all, double fresh_ms,
    uint64_t wait_ms, wi_neighbours_fn *on_known, void *context)
{
    struct wi_neighbours_wait *wait = wi_alloc(sizeof *wait);
    *wait = (struct wi_neighbours_wait){.all = all, .on_known = on_known, .context = context};
    wait->timer = wi_timer_new(all->loop, on_wait_over, wait);
    DL_APPEND(all->waits, wait);
    for (struct neighbour *neighbour = all->items; neighbour; neighbour = neighbour->next) {
        if (!is_due(neighbour, fresh_ms))
            continue;
        neighbour->url = wi_sprintf("%s/content", wi_block_source_look(neighbour->source).url);
        neighbour->hops = 0;
        send_question(neighbour);
    }
    wi_timer_start(wait->timer, any_is_under_way(all) ? wait_ms : 0, 0);
    return wait;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct wi_neighbours *wi_neighbours_new(uv_loop_t *loop, struct wi_http *http, const char *id)
{
    struct wi_neighbours *all = wi_alloc(sizeof *all);
    *all = (struct wi_neighbours){.loop = loop, .http = http, .id = id};
    return all;
}

static void neighbour_drop(struct neighbour *neighbour)
{
    wi_http_cancel(neighbour->call);
    if (neighbour->reading)
        wi_work_abandon(neighbour->reading->work); /* on_read frees it */
    wi_block_source_release(neighbour->source);
    wi_offer_clear(&neighbour->offer);
    free(neighbour->etag);
    free(neighbour->url);
    free(neighbour);
}

static void drop_all(struct neighbour *items)
{
    struct neighbour *neighbour, *next;
    DL_FOREACH_SAFE(items, neighbour, next)
    neighbour_drop(neighbour);
}

static struct neighbour *neighbour_find(
    struct neighbour *items, const struct wi_block_source *source)
{
    for (struct neighbour *neighbour = items; neighbour; neighbour = neighbour->next)
        if (neighbour->source == source)
            return neighbour;
    return NULL;
}

void wi_neighbours_set(
    struct wi_neighbours *all, struct wi_block_source *const *sources, size_t count)
{
    struct neighbour *before = all->items;
    all->items = NULL;
    for (size_t i = 0; i < count; i++) {
        struct neighbour *neighbour = neighbour_find(before, sources[i]);
        if (neighbour) {
            DL_DELETE(before, neighbour);
        } else {
            neighbour = wi_alloc(sizeof *neighbour);
            neighbour->all = all;
            neighbour->source = wi_block_source_hold(sources[i]);
            neighbour->failed_ms = -WI_NEIGHBOURS_PAUSE_MS;
        }
        DL_APPEND(all->items, neighbour);
    }
    drop_all(before);
    tell_if_known(all);
}

void wi_neighbours_free(struct wi_neighbours *all)
{
    if (!all)
        return;
    while (all->waits)
        wi_neighbours_cancel(all->waits);
    drop_all(all->items);
    free(all);
}

size_t wi_neighbours_count(const struct wi_neighbours *all)
{
    const struct neighbour *neighbour;
    size_t count;
    DL_COUNT(all->items, neighbour, count);
    return count;
}

struct wi_neighbour_info wi_neighbours_at(const struct wi_neighbours *all, size_t index)
{
    const struct neighbour *neighbour = all->items;
    while (index-- > 0)
        neighbour = neighbour->next;
    int self = is_self(neighbour);
    int offers = neighbour->answers && !self &&
                 wi_block_source_look(neighbour->source).state != WI_SOURCE_OUT;
    return (struct wi_neighbour_info){neighbour->source, offers ? &neighbour->offer : NULL, self};
}

/* Whether the neighbour offers something, and is the first with its id. */
static int offers_first(
    const struct wi_neighbours *all, size_t index, struct wi_neighbour_info *info)
{
    *info = wi_neighbours_at(all, index);
    for (size_t i = 0; info->offer && i < index; i++) {
        struct wi_neighbour_info before = wi_neighbours_at(all, i);
        if (before.offer && strcmp(before.offer->id, info->offer->id) == 0)
            return 0;
    }
    return info->offer != NULL;
}

void wi_neighbours_each(const struct wi_neighbours *all, wi_neighbour_fn *each, void *context)
{
    size_t count = wi_neighbours_count(all);
    struct wi_neighbour_info info;
    for (size_t i = 0; i < count; i++)
        if (offers_first(all, i, &info))
            each(context, &info);
}

void wi_neighbours_offered(const struct wi_neighbours *all, wi_offered_fn *each, void *context)
{
    size_t count = wi_neighbours_count(all);
    struct wi_neighbour_info info;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; offers_first(all, i, &info) && k < info.offer->count; k++) {
            const struct wi_offer_row *row = &info.offer->rows[k];
            const struct wi_offered offered = {wi_block_source_look(info.source).name, &row->cid,
                row->name, row->bytes, row->published};
            each(context, &offered);
        }
}

/* --- models by their names -------------------------------------------------------------------- */

static const struct neighbour *neighbour_find_name(
    const struct wi_neighbours *all, const char *name)
{
    for (const struct neighbour *neighbour = all->items; neighbour; neighbour = neighbour->next)
        if (strcmp(wi_block_source_look(neighbour->source).name, name) == 0)
            return neighbour;
    return NULL;
}

static enum wi_code neighbour_refuse(
    const struct wi_neighbours *all, const char *name, struct wi_error *error)
{
    const struct neighbour *neighbour = neighbour_find_name(all, name);
    struct wi_block_source_info info = {.reason = "it is no longer configured"};
    if (neighbour)
        info = wi_block_source_look(neighbour->source);
    const char *reason = *info.reason ? info.reason : "it does not answer";
    return wi_error_set(
        error, WI_HUB_FAILED, "hub", "hub %.60s cannot be asked for its models: %s", name, reason);
}

/* Where no variant is asked for, the first that it has under the name. */
static const struct wi_offer_row *find_row(
    const struct wi_offer *offer, const char *name, const char *variant)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < offer->count; i++) {
        const char *own = offer->rows[i].name;
        if (strncmp(own, name, length) == 0 && own[length] == ':' &&
            (!variant || strcmp(own + length + 1, variant) == 0))
            return &offer->rows[i];
    }
    return wi_offer_find_name(offer, name);
}

enum wi_code wi_neighbours_model(const struct wi_neighbours *all, const char *neighbour,
    const char *name, const char *variant, struct wi_cid *cid, struct wi_error *error)
{
    const struct neighbour *found = neighbour_find_name(all, neighbour);
    if (!found || !found->answers || wi_block_source_look(found->source).state == WI_SOURCE_OUT)
        return neighbour_refuse(all, neighbour, error);
    const struct wi_offer_row *row = find_row(&found->offer, name, variant);
    if (!row)
        return wi_error_set(error, WI_HUB_NOT_FOUND, "model",
            "hub %.60s serves no model %.160s%s%.60s, but %zu others", neighbour, name,
            variant ? ":" : "", variant ? variant : "", found->offer.count);
    *cid = row->cid;
    return WI_OK;
}
