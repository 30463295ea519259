/* The clients that watch the daemon's objects: GET /v1/events. */
#ifndef WI_API_ENDPOINTS_WATCH_WATCHING_H
#define WI_API_ENDPOINTS_WATCH_WATCHING_H

#include "api/http/request.h"

struct wi_api_watchers;
struct wi_api_watchers *wi_api_watchers_new(struct wi_api *api);
/* Has the kinds that no part reports polled soon; called when the server closes. */
void wi_api_watchers_look(struct wi_api_watchers *watchers);
/* Ends all streams: a client that has read everything gets the end of its stream, any other is cut
 * off. */
void wi_api_watchers_end(struct wi_api_watchers *watchers);
/* When no request is left; NULL is fine. */
void wi_api_watchers_free(struct wi_api_watchers *watchers);

#endif
