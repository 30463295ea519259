/* What a browser tells over BiDi without being asked, as struct wi_driver_events. */
#ifndef WI_WEBDRIVER_NOTES_H
#define WI_WEBDRIVER_NOTES_H

#include "webdriver/driver.h"

/* Zero-initialise, then set `events`; clear with wi_notes_clear. */
struct wi_notes {
    struct wi_driver_events events;
    char *window;  /* the context that our page is in; NULL: not known yet */
    double second; /* the start of the one in which notes are counted */
    unsigned count;
};

/* The events to subscribe to, for that window: {"events", "contexts"}; a new reference. */
json_t *wi_notes_subscription(const struct wi_notes *notes);
/* Takes the window from the result of browsingContext.getTree: WI_OK, or WI_INTERNAL. */
enum wi_code wi_notes_take_window(
    struct wi_notes *notes, const json_t *tree, struct wi_error *error);
/* Tells of one event. What `notes` is part of may be freed inside. */
void wi_notes_take(struct wi_notes *notes, const char *method, const json_t *params);
void wi_notes_clear(struct wi_notes *notes);

#endif
