/* The state that endpoints keep between requests, all owned by the server: see http/endpoints.h for
 * its life. */
#ifndef WI_API_ENDPOINTS_ENDPOINTS_H
#define WI_API_ENDPOINTS_ENDPOINTS_H

#include "api/endpoints/backup_endpoint.h"
#include "api/endpoints/models/captures.h"
#include "api/endpoints/models/car_endpoint.h"
#include "api/endpoints/models/lists.h"
#include "api/endpoints/openapi_document.h"
#include "api/endpoints/progress_answer.h"
#include "api/endpoints/sound/hearings.h"
#include "api/endpoints/stream_endpoint.h"
#include "api/endpoints/text_load.h"
#include "api/endpoints/watch/channels_endpoint.h"
#include "api/endpoints/watch/watching.h"
#include "api/http/request.h"
#include "api/sockets/channel_listener.h"
#include "owners/durable/durable.h"

/* How often a page had the model of a run in its cache or not, and how many bytes of models that
 * saved or cost. */
struct wi_page_cache {
    uint64_t hits, misses, saved_bytes, loaded_bytes;
};

struct wi_endpoints {
    struct wi_run_maker maker;  /* makes variants that requests want; empty where none is made */
    struct wi_run_deps runs;    /* for the runs of requests */
    struct wi_durable *durable; /* NULL without a database */
    struct wi_api_streams *streams;
    struct wi_hearings *hearings;
    struct wi_progress_answer *progress_answers;
    struct wi_api_sender *senders;
    struct wi_api_backup *backup; /* made or sent now; NULL: none is */
    struct wi_api_lists *lists;
    struct wi_api_watchers *watchers;
    struct wi_api_channels *channels;
    struct wi_channel_listener *channel_listener; /* NULL: there is none */
    struct wi_text_load *text_load;               /* for a scrape of the metrics */
    struct wi_openapi_document *openapi;
    struct wi_page_cache pages;
    struct wi_captures captures;
    struct wi_timer *steps; /* ends the history's: watch/history_page.h */
};

#endif
