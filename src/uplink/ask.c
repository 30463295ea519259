/* Questions to the own daemon, whose answers are JSON. */
#include "uplink/uplink.h"

#include "base/json_read.h"

struct wi_http_call *wi_uplink_get(
    struct wi_uplink_run *run, const char *path, wi_http_fn *on_answer, void *context)
{
    struct wi_http_request request = {
        .method = "GET", .timeout_ms = WI_UPLINK_ANSWER_MS, .max_answer = WI_UPLINK_ANSWER_MAX};
    return wi_uplink_call(run, path, NULL, &request, on_answer, context);
}

json_t *wi_uplink_answer_json(const struct wi_http_answer *answer)
{
    return answer->end == WI_HTTP_ANSWERED && answer->status == 200
               ? wi_json_read(answer->body, answer->body_size, JSON_ALLOW_NUL, NULL)
               : NULL;
}
