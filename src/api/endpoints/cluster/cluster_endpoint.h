/* The cluster that this daemon may be a member of. */
#ifndef WI_API_ENDPOINTS_CLUSTER_CLUSTER_ENDPOINT_H
#define WI_API_ENDPOINTS_CLUSTER_CLUSTER_ENDPOINT_H

#include "api/http/request.h"

/* From now on the daemon may become a member; its records tell what the endpoints know. Nothing
 * without a cluster. */
void wi_api_cluster_join(struct wi_api *api);
/* The others see at once that it leaves. */
void wi_api_cluster_leave(struct wi_api *api);

#endif
