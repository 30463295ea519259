/* What is missing of a file: asked for, led on by redirects, its bytes put into the file's buffer.
 */
#include "models/arrive/hub/fetch_private.h"

#include "base/clock.h"
#include "base/net/http.h"
#include "models/arrive/hub/ask.h"
#include "models/arrive/source/redirect.h"
#include "models/arrive/source/retry.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IGNORED_BODY (64u << 10) /* of an answer that is not the file */

static int is_measuring(const struct transfer *transfer)
{
    return transfer->file->file.bytes == WI_HUB_BYTES_UNKNOWN;
}

/* --- the head --------------------------------------------------------------------------------- */

/* The length of the whole file that an answer gives, or WI_HUB_BYTES_UNKNOWN; the first byte of the
 * answer too. */
static uint64_t told_size(const struct wi_http_call *call, int status, uint64_t *first)
{
    const char *range = wi_http_call_header(call, "content-range");
    uint64_t size, last;
    *first = 0;
    if (status != 200) {
        if (range &&
            sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, first, &last, &size) == 3)
            return size;
        if (range && sscanf(range, "bytes */%" SCNu64, &size) == 1)
            return size;
        return WI_HUB_BYTES_UNKNOWN;
    }
    const char *length = wi_http_call_header(call, "content-length");
    return length && sscanf(length, "%" SCNu64, &size) == 1 ? size : WI_HUB_BYTES_UNKNOWN;
}

/* All of the file comes, although the rest was asked for: what is there is void with its first
 * byte. */
static enum wi_code begin_anew(struct transfer *transfer)
{
    struct file *file = transfer->file;
    transfer->at = 0;
    file->filling.anew = 1; /* nothing else is in that buffer: see ask_for_the_rest */
    if (++file->begun_anew <= WI_RETRIES_MAX)
        return WI_OK;
    return wi_error_set(&transfer->error, WI_HUB_FAILED, "",
        "the server of %.200s does not resume after a cut connection: it has restarted %d times, "
        "which is the limit",
        file->file.path, WI_RETRIES_MAX);
}

/* Whether the body is what was asked for. A server that knows no ranges sends all of the file. */
static int look_at_head(struct transfer *transfer, const struct wi_http_call *call, int status)
{
    struct file *file = transfer->file;
    uint64_t first, size = told_size(call, status, &first);
    if (is_measuring(transfer)) {
        transfer->told = size;
        return -1;
    }
    if (size != file->file.bytes && (size != WI_HUB_BYTES_UNKNOWN || status != 200)) {
        wi_error_set(&transfer->error, WI_DOWNLOAD_CORRUPT, "",
            "%.200s has %" PRIu64 " bytes in the hub's list, but another length on its server",
            file->file.path, file->file.bytes);
        return -1;
    }
    if (status == 200 && transfer->at > 0 && begin_anew(transfer) != WI_OK)
        return -1;
    if (first != transfer->at) {
        wi_error_set(&transfer->error, WI_HUB_FAILED, "",
            "the server sends a different range of %.200s than requested", file->file.path);
        return -1;
    }
    transfer->accepted = 1;
    return 0;
}

static int on_head(void *context, const struct wi_http_call *call, int status)
{
    struct transfer *transfer = context;
    transfer->status = status;
    return status == 200 || status == 206 ? look_at_head(transfer, call, status) : 0;
}

/* --- the body --------------------------------------------------------------------------------- */

static enum wi_http_verdict transfer_take(struct transfer *transfer, const char *bytes, size_t size)
{
    struct file *file = transfer->file;
    struct buffer *buffer = &file->filling;
    if (size > BUFFER_BYTES - buffer->size ||
        wi_limit_wait(file->fetch->limit, wi_awake_ms()) > 0) {
        transfer->paused = 1;
        wi_turn_schedule(file->fetch->turn);
        return WI_HTTP_PAUSE;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    transfer->at += size;
    file->gained += size;
    file->trouble.code = WI_OK;
    file->fetch->fetched += size;
    wi_limit_spend(file->fetch->limit, size);
    if (buffer->size >= WORTH_A_WORK)
        wi_turn_schedule(file->fetch->turn);
    return WI_HTTP_TAKEN;
}

static enum wi_http_verdict on_data(void *context, const char *bytes, size_t size)
{
    struct transfer *transfer = context;
    if (!transfer->accepted) {
        transfer->unwanted += size;
        return transfer->unwanted <= IGNORED_BODY ? WI_HTTP_TAKEN : WI_HTTP_END;
    }
    if (size > transfer->file->file.bytes - transfer->at || size > BUFFER_BYTES)
        return WI_HTTP_END;
    return transfer_take(transfer, bytes, size);
}

/* --- the end of an answer --------------------------------------------------------------------- */

static void send_request(struct transfer *transfer);

static void transfer_end(struct transfer *transfer, enum transfer_state state)
{
    transfer->state = state;
    wi_turn_schedule(transfer->file->fetch->turn);
}

static void transfer_lead_on(struct transfer *transfer, const struct wi_http_answer *answer)
{
    const char *location = wi_http_call_header(answer->call, "location");
    if (wi_redirect_take(transfer->file->fetch->hub->url, &transfer->url, location, &transfer->hops,
            &transfer->error) == 0)
        send_request(transfer);
    else
        transfer_end(transfer, TRANSFER_FAILED);
}

/* An answer that is neither the file nor a way to it. Where a redirect led, a refusal means that
 * the signed URL is too old, and that there is nothing, that there is nothing. */
static enum transfer_state transfer_judge(
    struct transfer *transfer, const struct wi_http_answer *answer)
{
    const struct wi_fetch *fetch = transfer->file->fetch;
    const char *path = transfer->file->file.path;
    struct wi_error *error = &transfer->error;
    int status = transfer->status, own = wi_hub_owns_url(fetch->hub, transfer->url);
    if (wi_http_may_retry(status)) {
        wi_error_set(
            error, WI_HUB_BUSY, "", "hub %s answers %d for %.200s", fetch->hub->name, status, path);
        transfer->after_s = wi_http_retry_after(wi_http_call_header(answer->call, "retry-after"));
        return TRANSFER_BROKEN;
    }
    if (!own && (status == 404 || status == 410)) {
        wi_error_set(error, WI_HUB_NOT_FOUND, "",
            "hub %s redirects %.200s to another server, which answers %d: the file is gone, or was "
            "never uploaded; the hub's operator must fix this",
            fetch->hub->name, path, status);
        return TRANSFER_FAILED;
    }
    if (!own && status >= 400 && status != 416) {
        wi_error_set(error, WI_HUB_FAILED, "",
            "the server to which hub %s redirects %.200s answers %d, even for a fresh URL",
            fetch->hub->name, path, status);
        return TRANSFER_BROKEN;
    }
    wi_hub_explain(fetch->hub, status, wi_http_call_header(answer->call, "x-error-code"),
        fetch->repository, error);
    return TRANSFER_FAILED;
}

static enum transfer_state transfer_measured(
    struct transfer *transfer, const struct wi_http_answer *answer)
{
    uint64_t first;
    if (transfer->status == 416)
        transfer->told = told_size(answer->call, 416, &first);
    if (transfer->told != WI_HUB_BYTES_UNKNOWN && transfer->told <= WI_HUB_FILE_MAX)
        return TRANSFER_WHOLE;
    wi_error_set(&transfer->error, WI_HUB_FAILED, "",
        "the server gives the length of %.200s neither in Content-Length nor in Content-Range; "
        "without the length, it is not known whether there is room for the file",
        transfer->file->file.path);
    return TRANSFER_FAILED;
}

static enum transfer_state transfer_broken(
    struct transfer *transfer, const struct wi_http_answer *answer)
{
    const struct wi_hub *hub = transfer->file->fetch->hub;
    wi_error_set(&transfer->error, WI_HUB_FAILED, "",
        "%.200s cannot be fetched from hub %s (%.120s): %.100s", transfer->file->file.path,
        hub->name, hub->url, answer->failure ? answer->failure : "the answer was too short");
    return answer->end == WI_HTTP_REFUSED ? TRANSFER_FAILED : TRANSFER_BROKEN;
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct transfer *transfer = context;
    int status = transfer->status;
    /* Whether it came so far that it can be judged; of one that is not the file the head is
     * enough. */
    int is_answer = answer->end == WI_HTTP_ANSWERED ||
                    (answer->end == WI_HTTP_STOPPED && status && !transfer->accepted);
    int has_measured = is_measuring(transfer) && (status == 200 || status == 206 || status == 416);
    transfer->call = NULL;
    transfer->paused = 0;
    if (transfer->error.code != WI_OK)
        transfer_end(transfer, TRANSFER_FAILED);
    else if (transfer->accepted && transfer->at == transfer->file->file.bytes)
        transfer_end(transfer, TRANSFER_WHOLE);
    else if (transfer->accepted || !is_answer)
        transfer_end(transfer, transfer_broken(transfer, answer));
    else if (has_measured)
        transfer_end(transfer, transfer_measured(transfer, answer));
    else if (wi_redirect_is(status))
        transfer_lead_on(transfer, answer);
    else
        transfer_end(transfer, transfer_judge(transfer, answer));
}

/* --- start and end ---------------------------------------------------------------------------- */

static void send_request(struct transfer *transfer)
{
    struct file *file = transfer->file;
    struct wi_fetch *fetch = file->fetch;
    char *token = wi_hub_authorization(fetch->hub, transfer->url);
    char range[80];
    const char *headers[3] = {0};
    size_t count = 0;
    if (is_measuring(transfer))
        headers[count++] = "Range: bytes=0-0";
    else if (transfer->at > 0)
        headers[count++] = range;
    snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-", transfer->at);
    if (token)
        headers[count++] = token;
    const struct wi_http_request request = {.method = "GET",
        .url = transfer->url,
        .headers = headers,
        .stall_ms = fetch->stall_ms,
        .outside = 1,
        .allow_private = wi_redirect_stays(fetch->hub->url, transfer->url),
        .on_head = on_head,
        .on_data = on_data};
    transfer->unwanted = 0;
    transfer->accepted = transfer->status = 0;
    transfer->call = wi_http_start(fetch->http, &request, on_answer, transfer);
    free(token);
}

void wi_transfer_start(struct transfer *transfer, uint64_t at)
{
    struct file *file = transfer->file;
    const struct wi_fetch *fetch = file->fetch;
    *transfer = (struct transfer){.file = file,
        .state = TRANSFER_UNDER_WAY,
        .at = at,
        .told = WI_HUB_BYTES_UNKNOWN,
        .url = wi_hub_url(fetch->hub, wi_hub_layouts[fetch->hub->layout].file_url,
            fetch->repository, fetch->commit, file->file.remote)};
    send_request(transfer);
}

/* What the limit holds back is looked at again when progress is told. */
void wi_transfer_resume(struct transfer *transfer)
{
    if (!transfer->paused || wi_limit_wait(transfer->file->fetch->limit, wi_awake_ms()) > 0)
        return;
    transfer->paused = 0;
    wi_http_resume(transfer->call);
}

void wi_transfer_release(struct transfer *transfer)
{
    wi_http_cancel(transfer->call);
    free(transfer->url);
    *transfer = (struct transfer){.file = transfer->file};
}
