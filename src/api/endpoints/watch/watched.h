/* The objects that can be watched, one at a time: the source of news (news.h). */
#ifndef WI_API_ENDPOINTS_WATCH_WATCHED_H
#define WI_API_ENDPOINTS_WATCH_WATCHED_H

#include "api/endpoints/watch/news.h"
#include "api/http/request.h"

/* A snapshot has at most this many objects of each kind, except of models. With more nodes than
 * this, models do not say where they are loaded, since all nodes would have to be asked. */
#define WI_WATCHED_MOST 200

/* Its context is the wi_api. No object has a member that changes without a reported change. */
struct wi_news_source wi_watched_source(struct wi_api *api);

#endif
