/* GET /v1/history, and what keeps its steps ending. */
#ifndef WI_API_ENDPOINTS_WATCH_HISTORY_PAGE_H
#define WI_API_ENDPOINTS_WATCH_HISTORY_PAGE_H

#include "api/http/request.h"
#include "base/loop.h"

/* Tells the history of `api` how much runs and waits when each step ends. It has to be
 * api->endpoints->steps when the loop turns; the caller's. */
struct wi_timer *wi_history_timer_new(struct wi_api *api);

#endif
