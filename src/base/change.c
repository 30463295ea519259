/* The names of what changes, as events and their keys have them. */
#include "base/change.h"

const char *const wi_change_kind_names[] = {[WI_CHANGE_STATUS] = "status",
    [WI_CHANGE_QUEUE] = "queue",
    [WI_CHANGE_SESSION] = "session",
    [WI_CHANGE_NODE] = "node",
    [WI_CHANGE_MODEL] = "model",
    [WI_CHANGE_JOB] = "job",
    [WI_CHANGE_PULL] = "pull",
    [WI_CHANGE_KINDS] = NULL};
