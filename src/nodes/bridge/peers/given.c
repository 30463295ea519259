/* Two short lists, which are searched whole. See given.h. */
#include "nodes/bridge/peers/given.h"

#include <stdio.h>
#include <string.h>

/* The ticket of that name, or NULL. */
static const struct wi_given_ticket *ticket_find(
    const struct wi_given_ticket *all, size_t count, const char *name)
{
    for (const struct wi_given_ticket *one = all; one < all + count; one++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

static int ticket_is_good(const struct wi_given_ticket *ticket, int64_t now)
{
    return ticket && now < ticket->until;
}

/* Where a ticket of that name goes: over an earlier one of that name, or over the one that ends
 * first. */
static struct wi_given_ticket *ticket_place(
    struct wi_given_ticket *all, size_t count, const char *name)
{
    struct wi_given_ticket *first = all;

    for (struct wi_given_ticket *one = all; one < all + count; one++) {
        if (strcmp(one->name, name) == 0)
            return one;
        if (one->until < first->until)
            first = one;
    }
    return first;
}

static void ticket_write(struct wi_given_ticket *ticket, const char *name, int64_t until)
{
    snprintf(ticket->name, sizeof ticket->name, "%s", name);
    ticket->until = until;
}

int wi_given_add_id(struct wi_given *given, const char *id, int64_t now, int64_t until)
{
    struct wi_given_ticket *place = ticket_place(given->_ids, WI_GIVEN_IDS, id);

    if (ticket_is_good(place, now) && strcmp(place->name, id) != 0)
        return 0;
    ticket_write(place, id, until);
    return 1;
}

int wi_given_has_id(const struct wi_given *given, const char *id, int64_t now)
{
    return ticket_is_good(ticket_find(given->_ids, WI_GIVEN_IDS, id), now);
}

void wi_given_add_file(struct wi_given *given, const char *file, int64_t until)
{
    ticket_write(ticket_place(given->_files, WI_GIVEN_FILES, file), file, until);
}

int wi_given_has_file(const struct wi_given *given, const char *file, int64_t now)
{
    return ticket_is_good(ticket_find(given->_files, WI_GIVEN_FILES, file), now);
}
