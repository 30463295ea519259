/* The interface between driver.c and a protocol; no other file includes it. */
#ifndef WI_BROWSER_WEBDRIVER_PRIVATE_H
#define WI_BROWSER_WEBDRIVER_PRIVATE_H

#include "browser/webdriver/webdriver.h"
#include <stddef.h>

/* Each verb begins an exchange for `call`, which ends in wi_driver_done, not from inside. */
struct wi_driver_verbs {
    size_t call_size; /* of the protocol's call, which begins with struct wi_driver_call */
    void (*wait_ready)(struct wi_driver_call *call, uint64_t timeout_ms);
    /* NULL: there are no services in this protocol. */
    void (*ask_grid)(struct wi_driver_call *call, const char *browser, uint64_t timeout_ms);
    void (*new_session)(struct wi_driver_call *call, json_t *capabilities, uint64_t timeout_ms);
    void (*navigate)(struct wi_driver_call *call, const char *url, uint64_t timeout_ms);
    void (*check_page)(struct wi_driver_call *call, uint64_t timeout_ms);
    void (*delete_session)(struct wi_driver_call *call, uint64_t timeout_ms);
    void (*let_go)(struct wi_driver_call *call); /* stops the exchange; the call is freed next */
    void (*free)(struct wi_driver *driver);      /* the protocol's own; no call is left */
};

/* The protocol's driver begins with this and allocates the whole. */
struct wi_driver {
    const struct wi_driver_verbs *verbs;
    char *session_id;
    json_t *capabilities;
    int is_grid; /* by the last answer to ask_grid, which is in `grid` */
    struct wi_grid grid;
    struct wi_driver_call *calls; /* under way */
};

struct wi_driver_call {
    struct wi_driver *driver;
    struct wi_driver_call *next;
    const char *verb; /* for messages */
    wi_driver_fn *on_done;
    void *context;
};

/* The end of a call: it is removed before its callback, which may free the driver. */
void wi_driver_done(struct wi_driver_call *call, const struct wi_error *error);
/* Takes sessionId and capabilities from the answer to "new session": WI_OK, or `error` filled. */
enum wi_code wi_driver_take_session(
    struct wi_driver *driver, const json_t *value, struct wi_error *error);
void wi_driver_forget_session(struct wi_driver *driver);

/* "VERB: the driver says: ERROR: MESSAGE", from an object with "error" and "message" as both
 * protocols send it (https://www.w3.org/TR/webdriver2/#errors), without the stack trace:
 * WI_INTERNAL or, if it does not know the session, WI_SESSION_NOT_FOUND. WI_OK if `value` is no
 * such object. */
enum wi_code wi_driver_read_error(const char *verb, const json_t *value, struct wi_error *error);

#endif
