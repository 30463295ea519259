/* What there is to watch, one object at a time: the source of news (http/news.h). */
#ifndef WI_API_ENDPOINTS_WATCH_WATCHED_H
#define WI_API_ENDPOINTS_WATCH_WATCHED_H

#include "api/http/news.h"
#include "api/http/request.h"

/* Of each kind but models a snapshot has at most so many; and with more nodes than that models are
 * not told where they are loaded, since all nodes would have to be asked. */
#define WI_WATCHED_MOST 200

/* Its context is the wi_api. No object has a member that changes without being told of. */
struct wi_news_source wi_watched_source(struct wi_api *api);

#endif
