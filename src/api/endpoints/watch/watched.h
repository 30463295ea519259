/* The objects that can be watched, one at a time: a wi_news_source (news.h), whose context is the
 * wi_api. */
#ifndef WI_API_ENDPOINTS_WATCH_WATCHED_H
#define WI_API_ENDPOINTS_WATCH_WATCHED_H

#include "api/endpoints/watch/news.h"

/* A snapshot has at most this many objects of each kind, except of models. With more nodes than
 * this, models do not say where they are loaded, since all nodes would have to be asked. */
#define WI_WATCHED_MOST 200

/* No object has a member that changes without a reported change. */
json_t *wi_watched_object(
    void *context, enum wi_change_kind kind, const char *id, const char *client);
void wi_watched_list(void *context, enum wi_change_kind kind, const char *client, const char *after,
    struct wi_strings *ids);

#endif
