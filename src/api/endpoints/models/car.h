/* An answer that is a CAR: read from the store while it is sent. */
#ifndef WI_API_ENDPOINTS_MODELS_CAR_H
#define WI_API_ENDPOINTS_MODELS_CAR_H

#include "api/http/request.h"
#include "blockstore/blockstore.h"

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

#endif
