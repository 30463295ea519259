/* One range of a file: asked for, led on by redirects, its bytes put into blocks. */
#include "hub/fetch_private.h"

#include "base/memory.h"
#include "hub/ask.h"
#include "hub/redirect.h"
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

/* Whether the body is what was asked for. A server that knows no ranges sends all of the file. */
static int look_at_head(struct transfer *transfer, const struct wi_http_call *call, int status)
{
    struct file *file = transfer->file;
    uint64_t first, size = told_size(call, status, &first);
    if (is_measuring(transfer)) {
        transfer->end = size;
        return -1;
    }
    if (size != file->file.bytes && (size != WI_HUB_BYTES_UNKNOWN || status != 200)) {
        wi_error_set(&transfer->error, WI_DOWNLOAD_CORRUPT, "",
            "%.200s has %" PRIu64 " bytes by the hub's list, and another length where it lies",
            file->file.path, file->file.bytes);
        return -1;
    }
    if (status == 200) {
        file->no_ranges = transfer->at > 0 || transfer->end < file->file.bytes;
        wi_ranges_add(&file->claimed, transfer->at, file->file.bytes);
        transfer->skip = transfer->at;
        transfer->end = file->file.bytes;
    } else if (first != transfer->at) {
        wi_error_set(&transfer->error, WI_HUB_FAILED, "",
            "the server sends other bytes of %.200s than it was asked for", file->file.path);
        return -1;
    }
    transfer->accepted = 1;
    free(file->direct);
    file->direct = wi_strdup(transfer->url);
    transfer->events->found(transfer);
    return 0;
}

static int on_head(void *context, const struct wi_http_call *call, int status)
{
    struct transfer *transfer = context;
    struct wi_fetch *fetch = transfer->file->fetch;
    if (wi_hub_owns_url(&fetch->hub, transfer->url))
        fetch->hub_private = wi_http_call_is_private(call);
    return status == 200 || status == 206 ? look_at_head(transfer, call, status) : 0;
}

/* --- the body --------------------------------------------------------------------------------- */

static void hand_over_block(struct transfer *transfer)
{
    struct file *file = transfer->file;
    struct block *block = transfer->block;
    transfer->block = NULL;
    if (block == NULL)
        return;
    file_add_block(file, block);
    wi_turn_wish(file->fetch->turn);
}

static void fill(struct transfer *transfer, const char *bytes, size_t size)
{
    struct block *block = transfer->block;
    if (size == 0)
        return;
    memcpy(block->bytes + block->size, bytes, size);
    block->size += size;
    transfer->at += size;
}

/* All of a piece, which is no larger than a block, or nothing where no block is left for it. Every
 * block but a range's last is full: so they lie in the file as its pages do, which the kernel
 * copies for less. */
static int put(struct transfer *transfer, const char *bytes, size_t size)
{
    size_t room = transfer->block ? BLOCK_BYTES - transfer->block->size : 0;
    struct block *next = NULL;
    if (size <= room) {
        fill(transfer, bytes, size);
        return 0;
    }
    if ((next = fetch_take_block(transfer->file->fetch)) == NULL)
        return -1;
    fill(transfer, bytes, room);
    hand_over_block(transfer);
    next->at = transfer->at;
    transfer->block = next;
    fill(transfer, bytes + room, size - room);
    return 0;
}

static enum wi_http_verdict on_data(void *context, const char *bytes, size_t size)
{
    struct transfer *transfer = context;
    struct file *file = transfer->file;
    size_t unwanted;
    if (!transfer->accepted) {
        transfer->skip += size;
        return transfer->skip <= IGNORED_BODY ? WI_HTTP_TAKEN : WI_HTTP_END;
    }
    unwanted = size < transfer->skip ? size : (size_t)transfer->skip;
    if (size - unwanted > transfer->end - transfer->at || size > BLOCK_BYTES)
        return WI_HTTP_END;
    if (size > unwanted && put(transfer, bytes + unwanted, size - unwanted) != 0) {
        transfer->paused = 1;
        return WI_HTTP_PAUSE;
    }
    transfer->skip -= unwanted;
    file->gained += size - unwanted;
    file->came += size - unwanted;
    file->fetch->fetched += size;
    return WI_HTTP_TAKEN;
}

/* --- the end of an answer --------------------------------------------------------------------- */

static void send_request(struct transfer *transfer);

static void lead_on(struct transfer *transfer, const struct wi_http_answer *answer)
{
    struct wi_fetch *fetch = transfer->file->fetch;
    struct wi_error error = {0};
    char *next = wi_redirect_follow(transfer->url, wi_http_call_header(answer->call, "location"),
        transfer->hops, fetch->hub_private, &error);
    if (next == NULL) {
        fetch_fail(fetch, &error);
        return;
    }
    free(transfer->url);
    transfer->url = next;
    transfer->hops++;
    send_request(transfer);
}

/* An answer that is neither the file nor a way to it. Where a redirect led, a refusal means that
 * the signed URL is too old. */
static void judge(struct transfer *transfer, const struct wi_http_answer *answer)
{
    struct wi_fetch *fetch = transfer->file->fetch;
    const char *path = transfer->file->file.path;
    const char *after = wi_http_call_header(answer->call, "retry-after");
    struct wi_error error = {0};
    int status = answer->status, own = wi_hub_owns_url(&fetch->hub, transfer->url);
    if (status == 429 || status == 408 || status >= 500) {
        wi_error_set(&error, WI_HUB_BUSY, "", "hub %s answers %d for %.200s, again and again",
            fetch->hub.name, status, path);
        transfer->events->failed(transfer, &error, wi_hub_retry_after(after));
    } else if (!own && status >= 400 && status != 416) {
        wi_error_set(&error, WI_HUB_FAILED, "",
            "where hub %s keeps %.200s the answer is %d, also to a fresh URL", fetch->hub.name,
            path, status);
        transfer->events->failed(transfer, &error, 0);
    } else {
        wi_hub_explain(&fetch->hub, status, wi_http_call_header(answer->call, "x-error-code"),
            fetch->repository, &error);
        fetch_fail(fetch, &error);
    }
}

static void measured(struct transfer *transfer, const struct wi_http_answer *answer)
{
    uint64_t first, size = transfer->end;
    struct wi_error error;
    if (answer->status == 416)
        size = told_size(answer->call, 416, &first);
    if (size != WI_HUB_BYTES_UNKNOWN && size <= WI_HUB_FILE_MAX) {
        transfer->events->size(transfer, size);
        return;
    }
    wi_error_set(&error, WI_HUB_FAILED, "", "the server does not say how long %.200s is",
        transfer->file->file.path);
    fetch_fail(transfer->file->fetch, &error);
}

static void broken(struct transfer *transfer, const struct wi_http_answer *answer)
{
    struct wi_fetch *fetch = transfer->file->fetch;
    struct wi_error error;
    wi_error_set(&error, WI_HUB_FAILED, "", "%.200s cannot be fetched from hub %s (%.120s): %.100s",
        transfer->file->file.path, fetch->hub.name, fetch->hub.url,
        answer->failure ? answer->failure : "the answer was too short");
    if (answer->end == WI_HTTP_REFUSED)
        fetch_fail(fetch, &error);
    else
        transfer->events->failed(transfer, &error, 0);
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct transfer *transfer = context;
    transfer->call = NULL;
    transfer->paused = 0;
    if (transfer->error.code != WI_OK)
        fetch_fail(transfer->file->fetch, &transfer->error);
    else if (is_measuring(transfer) && (answer->end == WI_HTTP_STOPPED || answer->status == 416))
        measured(transfer, answer);
    else if (transfer->accepted && transfer->at == transfer->end)
        transfer->events->done(transfer);
    else if (answer->end != WI_HTTP_ANSWERED || transfer->accepted)
        broken(transfer, answer);
    else if (answer->status >= 301 && answer->status <= 308 && answer->status != 304)
        lead_on(transfer, answer);
    else
        judge(transfer, answer);
}

/* --- start and end ---------------------------------------------------------------------------- */

static void send_request(struct transfer *transfer)
{
    struct file *file = transfer->file;
    struct wi_fetch *fetch = file->fetch;
    int own = wi_hub_owns_url(&fetch->hub, transfer->url);
    char *token = own ? wi_hub_authorization(&fetch->hub) : NULL;
    char range[80];
    const char *headers[3] = {0};
    size_t count = 0;
    snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-%" PRIu64, transfer->at,
        is_measuring(transfer) ? 0 : transfer->end - 1);
    if (is_measuring(transfer) || transfer->at > 0 || transfer->end != file->file.bytes)
        headers[count++] = range;
    if (token)
        headers[count++] = token;
    const struct wi_http_request request = {.method = "GET",
        .url = transfer->url,
        .headers = headers,
        .stall_ms = fetch->stall_ms,
        .outside = 1,
        .allow_private = own || fetch->hub_private,
        .on_head = on_head,
        .on_data = on_data};
    transfer->skip = 0;
    transfer->accepted = 0;
    transfer->call = wi_http_start(fetch->http, &request, on_answer, transfer);
    free(token);
}

void transfer_start(struct transfer *transfer, uint64_t first, uint64_t end)
{
    struct file *file = transfer->file;
    const struct wi_fetch *fetch = file->fetch;
    transfer->used = 1;
    transfer->paused = 0;
    transfer->at = first;
    transfer->end = end;
    transfer->hops = 0;
    transfer->error = (struct wi_error){0};
    transfer->url = file->direct ? wi_strdup(file->direct)
                                 : wi_hub_file_url(&fetch->hub, fetch->repository, fetch->commit,
                                       file->file.remote);
    send_request(transfer);
}

void transfer_resume(struct transfer *transfer)
{
    if (!transfer->paused)
        return;
    transfer->paused = 0;
    wi_http_resume(transfer->call);
}

void transfer_release(struct transfer *transfer)
{
    if (!transfer->used)
        return;
    wi_http_cancel(transfer->call);
    transfer->call = NULL;
    transfer->used = 0;
    free(transfer->url);
    transfer->url = NULL;
    hand_over_block(transfer);
}
