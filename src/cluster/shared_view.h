/* What a sweep of what members share knows of them. */
#ifndef WI_CLUSTER_SHARED_VIEW_H
#define WI_CLUSTER_SHARED_VIEW_H

#include "base/secret.h"
#include "cluster/members.h"

struct wi_shared_view {
    int is_first; /* this one is the first living member by name: it alone sweeps */
    size_t count;
    char living[WI_MEMBERS_MAX][WI_ID_SIZE]; /* instances */
};
int wi_shared_view_has(const struct wi_shared_view *view, const char *instance);

#endif
