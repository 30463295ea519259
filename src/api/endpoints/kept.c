/* One list in the order in which things came, and a sum for each client; see kept.h. */
#include "api/endpoints/kept.h"

#include <stddef.h>
#include <utlist.h>

void wi_kept_add(
    struct wi_kept *kept, struct wi_kept_item *item, const char *client, uint64_t bytes)
{
    wi_kept_remove(kept, item);
    item->_share = wi_shares_ref(&kept->_clients, client);
    item->_bytes = bytes;
    wi_share_note(item->_share, bytes);
    kept->bytes += bytes;
    DL_APPEND2(kept->_items, item, _before, _after);
}

void wi_kept_remove(struct wi_kept *kept, struct wi_kept_item *item)
{
    if (!item->_share)
        return;
    DL_DELETE2(kept->_items, item, _before, _after);
    kept->bytes -= item->_bytes;
    wi_share_forget(item->_share, item->_bytes);
    wi_shares_unref(&kept->_clients, item->_share);
    item->_share = NULL;
}

struct wi_kept_item *wi_kept_excess(const struct wi_kept *kept, const struct wi_kept_item *item)
{
    struct wi_kept_item *oldest = kept->_items;
    /* Others' sums have not grown. */
    if (item->_share && item->_share->held > WI_KEPT_CLIENT_MAX)
        while (oldest->_share != item->_share)
            oldest = oldest->_after;
    else if (kept->bytes <= kept->budget->limit / WI_KEPT_PART)
        return NULL;
    return oldest;
}
