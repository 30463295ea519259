/* GET /v1/history, and the timer that ends its steps. */
#ifndef WI_API_ENDPOINTS_WATCH_HISTORY_PAGE_H
#define WI_API_ENDPOINTS_WATCH_HISTORY_PAGE_H

#include "api/http/request.h"
#include "base/loop.h"

/* A timer that tells the history of `api`, at the end of each step, how many requests run and wait.
 * It has to be api->endpoints->steps when the loop turns; owned by the caller. */
struct wi_timer *wi_history_timer_new(struct wi_api *api);

#endif
