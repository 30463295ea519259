/* Answers that are a CAR or a file, which is read from the disk while it is sent. */
#ifndef WI_API_ENDPOINTS_MODELS_CAR_ENDPOINT_H
#define WI_API_ENDPOINTS_MODELS_CAR_ENDPOINT_H

#include "api/http/request.h"
#include "models/models.h"

struct wi_api_sender; /* such an answer until its request is completed; all of them: wi_endpoints */
/* The server closes: all of them are broken off. */
void wi_api_senders_finish(struct wi_endpoints *endpoints);

/* Answers the request with everything that `reading` (taken over) gives, which is `bytes` long. If
 * reading fails, the connection is closed before the announced length is sent. `cid` is the name of
 * the file. */
void wi_api_answer_car(
    struct wi_request *request, struct wi_block_reading *reading, uint64_t bytes, const char *cid);

/* A file to send: `type` and `name` are constants. `on_end` is called once, whether or not the file
 * was sent. */
struct wi_api_file {
    int fd; /* taken over */
    uint64_t size;
    const char *type, *name;
    void (*on_end)(void *context);
    void *context;
};
/* Likewise with the file. */
void wi_api_answer_file(struct wi_request *request, const struct wi_api_file *file);

#endif
