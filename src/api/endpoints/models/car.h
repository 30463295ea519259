/* Answers that are a CAR or a file: read from the disk while they are sent. */
#ifndef WI_API_ENDPOINTS_MODELS_CAR_H
#define WI_API_ENDPOINTS_MODELS_CAR_H

#include "api/http/request.h"
#include "models/share/blockstore/blockstore.h"

/* Those that are being sent. */
struct wi_api_cars;
struct wi_api_cars *wi_api_cars_new(void);
/* The server closes: they are broken off. */
void wi_api_cars_finish(struct wi_api_cars *cars);
/* When no request is left; NULL is fine. */
void wi_api_cars_free(struct wi_api_cars *cars);

/* Answers the request with all that `reading` (taken over) gives. Where it breaks off the
 * connection is closed before the length that was announced. `cid` is what the file is called. */
void wi_api_answer_car(
    struct wi_request *request, struct wi_block_reading *reading, const char *cid);

/* A file that is sent: `type` and `name` are constants. `on_end` comes once, when it was sent or
 * not. */
struct wi_api_file {
    int fd; /* is taken over */
    uint64_t size;
    const char *type, *name;
    void (*on_end)(void *context);
    void *context;
};
/* Likewise with the file. */
void wi_api_answer_file(struct wi_request *request, const struct wi_api_file *file);

#endif
