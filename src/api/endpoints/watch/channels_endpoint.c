/*
 * GET /v1/channels: the messages of a subscriber (channels/channels.h), as server-sent events or as
 * frames of the node protocol one after another. Messages are taken from its queue only when the
 * socket has all that came before, so that what is not read stays in the queue, which is bounded.
 */
#include "api/endpoints/watch/channels_endpoint.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"
#include "api/http/events.h"
#include "api/http/query.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
#include "channels/recent.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Messages are taken up to that many bytes at a time. */
#define TAKE_BYTES ((size_t)64 * 1024)
/* The part of all connections of the API that subscribers may have. */
#define MOST_PART 2
/* How long after a message it may still be on its way when the service ends. */
#define FINISH_MS 250

struct listener {
    struct wi_api_channels *all;
    struct wi_subscriber *subscriber; /* NULL: its stream ends */
    struct wi_events *events;
    enum wi_channel_form form;
    double sent_at; /* when it was given a message last: wi_now_ms() */
    struct listener *prev, *next;
};

struct wi_api_channels {
    struct wi_api *api;
    struct wi_channels *channels;
    struct listener *first;
    struct wi_timer *beat; /* runs while somebody listens */
};

/* --- sending --------------------------------------------------------------------------------- */

/* Gives a listener that has read everything what there is. */
static void listener_fill(struct listener *listener)
{
    struct wi_parcel *parcel;
    size_t given = 0;
    if (!listener->subscriber || !wi_events_drained(listener->events))
        return;
    while (given < TAKE_BYTES && (parcel = wi_subscriber_next(listener->subscriber))) {
        given += wi_parcel_size(parcel);
        wi_events_add_parcel(listener->events, parcel);
        listener->sent_at = wi_now_ms();
    }
}

static void on_more(void *context)
{
    struct listener *listener = context;
    struct wi_request *request = wi_events_request(listener->events);
    wi_request_begin_spending(request);
    listener_fill(listener);
    wi_request_end_spending(request);
}

/* Shows the client, and any proxy between, that the server is alive. */
static void on_beat(void *context)
{
    struct wi_api_channels *channels = context;
    struct listener *listener;
    DL_FOREACH(channels->first, listener)
    {
        struct wi_buffer text = {0};
        wi_alive_message(&text, listener->form);
        wi_events_insert(listener->events, &text);
    }
}

/* --- coming and going ------------------------------------------------------------------------ */

static void listener_free(struct listener *listener)
{
    struct wi_api_channels *channels = listener->all;
    DL_DELETE(channels->first, listener);
    wi_subscriber_free(listener->subscriber);
    wi_events_free(listener->events);
    free(listener);
    if (!channels->first)
        wi_timer_stop(channels->beat);
}

/* Within a call of libmicrohttpd, which has measured the time already. */
static void on_taken(void *context)
{
    listener_fill(context);
}

static void on_gone(void *context)
{
    listener_free(context);
}

static void listener_add(struct wi_request *request, const struct wi_subscription *wants)
{
    struct wi_api_channels *channels = request->api->endpoints->channels;
    double beat = request->api->deps.times.beat;
    struct listener *listener = wi_alloc(sizeof *listener);
    const struct wi_events_callbacks back = {listener, on_taken, on_gone};
    struct wi_buffer text = {0};
    listener->all = channels;
    listener->form = wants->form;
    listener->events = wi_events_new(request->api->deps.budget, 0);
    wi_events_send_as(listener->events, request,
        wants->form == WI_CHANNEL_FRAMES ? "application/octet-stream"
                                         : wi_dialect_stream_type(request->dialect),
        &back);
    listener->subscriber = wi_subscriber_new(channels->channels, wants, on_more, listener);
    if (!channels->first)
        wi_timer_start(channels->beat, (uint64_t)beat, (uint64_t)beat);
    DL_APPEND(channels->first, listener);
    wi_alive_message(&text, wants->form); /* the client knows that it hears from now on */
    wi_events_add(listener->events, &text);
}

/* --- the request ----------------------------------------------------------------------------- */

struct query {
    const char *names, *models;
    int64_t recent;
};

const struct wi_param wi_channels_params[] = {
    WI_PARAM(query, names, STRING, .min = 1, .max = 100,
        .help = "job_results, vector_updates or both, separated by a comma; both by default."),
    WI_PARAM(query, models, STRING, .min = 1, .max = 4096,
        .help = "Names of at most 64 models, separated by commas. A name without a variant stands "
                "for all variants of the model. All models by default."),
    WI_PARAM(query, recent, INTEGER, .min = 0, .max = WI_RECENT_ROWS,
        .help = "Send that many of the latest rows of each channel first; 0 by default."),
    WI_PARAM_END,
};

/* Adds the words between the commas. */
static void words_split(struct wi_strings *list, const char *words)
{
    while (words) {
        size_t length = strcspn(words, ",");
        wi_strings_add_owned(list, wi_strndup(words, length));
        words = words[length] ? words + length + 1 : NULL;
    }
}

static enum wi_code read_names(const char *words, unsigned *channels, struct wi_error *error)
{
    struct wi_strings names = {0};
    enum wi_code code = WI_OK;
    words_split(&names, words ? words : "job_results,vector_updates");
    for (size_t i = 0; i < names.count && code == WI_OK; i++)
        code = wi_channel_add(names.items[i], "names", channels, error);
    wi_strings_clear(&names);
    return code;
}

static enum wi_code read_models(
    const char *words, struct wi_strings *models, struct wi_error *error)
{
    words_split(models, words);
    return wi_channel_check_models(models, "models", error);
}

/* `models` are the caller's, to be cleared. */
static enum wi_code read_wants(const struct wi_request *request, struct wi_subscription *wants,
    struct wi_strings *models, struct wi_error *error)
{
    struct query query = {0};
    json_t *arguments;
    const char *accept = request->headers.accept;
    enum wi_code code =
        wi_query_read(request, wi_channels_params, WI_PARAMS_STRICT, &query, &arguments, error);
    if (code == WI_OK)
        code = read_names(query.names, &wants->channels, error);
    if (code == WI_OK)
        code = read_models(query.models, models, error);
    json_decref(arguments);
    int frames = wi_media_type_named(accept, "application/octet-stream") &&
                 !wi_media_type_named(accept, "text/event-stream");
    wants->models = models;
    wants->client = wi_request_scope(request);
    wants->holder = wi_request_client(request);
    wants->form = frames ? WI_CHANNEL_FRAMES : WI_CHANNEL_EVENTS;
    wants->recent = (size_t)query.recent;
    return code;
}

static enum wi_code channels_check_room(const struct wi_request *request, struct wi_error *error)
{
    const struct wi_api_channels *channels = request->api->endpoints->channels;
    uint64_t most = request->api->deps.config->api.max_connections / MOST_PART, count;
    const struct listener *listener;
    DL_COUNT(channels->first, listener, count);
    return wi_channels_check_room(
        channels->channels, wi_request_client(request), count >= most, error);
}

void wi_handle_channels(struct wi_request *request)
{
    struct wi_error error;
    struct wi_subscription wants = {0};
    struct wi_strings models = {0};
    if (read_wants(request, &wants, &models, &error) != WI_OK ||
        channels_check_room(request, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else if (!wi_request_answer_head(request, request->dialect))
        listener_add(request, &wants);
    wi_strings_clear(&models);
}

/* --- all of them ----------------------------------------------------------------------------- */

struct wi_api_channels *wi_api_channels_new(struct wi_api *api)
{
    struct wi_api_channels *channels = wi_alloc(sizeof *channels);
    channels->api = api;
    channels->channels = wi_channels_new(api->deps.loop, api->deps.budget, api->heavy);
    if (api->deps.cluster) {
        struct wi_member_talk talk;
        wi_cluster_talk(api->deps.cluster, &talk);
        wi_channels_join(channels->channels, api->deps.loop, &talk);
    }
    channels->beat = wi_timer_new(api->deps.loop, on_beat, channels);
    return channels;
}

struct wi_channels *wi_api_channels_of(const struct wi_api_channels *channels)
{
    return channels->channels;
}

/* Whether it may still read what it was given: that is all, and not long ago. */
static int may_finish(const struct listener *listener)
{
    return wi_events_drained(listener->events) || wi_now_ms() - listener->sent_at < FINISH_MS;
}

void wi_api_channels_end(struct wi_api_channels *channels)
{
    struct listener *listener, *next;
    DL_FOREACH_SAFE(channels->first, listener, next)
    {
        wi_subscriber_free(listener->subscriber);
        listener->subscriber = NULL;
        if (!wi_events_finish(listener->events, may_finish(listener)))
            listener_free(listener);
    }
}

void wi_api_channels_free(struct wi_api_channels *channels)
{
    if (!channels)
        return;
    assert(!channels->first);
    wi_timer_free(channels->beat);
    wi_channels_free(channels->channels);
    free(channels);
}
