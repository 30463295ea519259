/*
 * Fuzzes what is read of a stream: each line of the input is the data of a task_part, and they all
 * go to one attempt, which goes on at the part that the first byte says and is granted more now and
 * then. Lines that are no JSON are looked into as text all the same.
 *
 * What is taken must come in order, bounded and within the credit.
 */
#include "nodes/bridge/task/task_stream.h"
#include "plant.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wi_blob *write_frame(const uint8_t *text, size_t size)
{
    static const char head[] =
        "{\"id\":\"1\",\"type\":\"task_part\",\"from\":\"n\",\"timestamp\":1,\"data\":";
    struct wi_blob *blob = wi_blob_new(NULL, sizeof head + size + 1);
    wi_blob_append(blob, head, sizeof head - 1);
    wi_blob_append(blob, text, size);
    wi_blob_append(blob, "}", 1);
    return blob;
}

static void check(const struct wi_stream *before, const struct wi_stream *stream,
    enum wi_part_verdict verdict, const struct wi_part *part)
{
    if (stream->next - stream->first != stream->flow.sent.parts)
        abort();
    if (verdict != WI_PART_DUE) {
        if (memcmp(before, stream, sizeof *stream) != 0)
            abort();
        return;
    }
    if (part->seq != before->next || stream->next != before->next + 1 ||
        part->bytes > WI_PART_MAX || part->bytes < part->text_length ||
        part->index > WI_PART_INDEX_MAX || json_array_size(part->tokens) > WI_PART_TOKENS_MAX ||
        stream->flow.sent.bytes != before->flow.sent.bytes + part->bytes ||
        before->flow.sent.parts >= stream->flow.granted.parts ||
        before->flow.sent.bytes >= stream->flow.granted.bytes)
        abort();
    WI_PLANT(part->text_length > 3); /* in no seed */
}

static void take(struct wi_stream *stream, const uint8_t *text, size_t size)
{
    struct wi_blob *blob = write_frame(text, size);
    struct wi_frame frame;
    struct wi_error error;
    if (wi_frame_parse(blob, 0, &frame, &error) == WI_OK) {
        struct wi_stream before = *stream;
        struct wi_part part = {0};
        struct wi_progress progress;
        check(&before, stream, wi_stream_take(stream, &frame, &part, &error), &part);
        (void)wi_progress_read(frame.data, &progress, &error);
        (void)wi_stream_check_end(stream, (int64_t)part.seq, &error);
        wi_frame_clear(&frame);
    }
    wi_blob_unref(blob);
}

static void look(const uint8_t *text, size_t size)
{
    size_t length;
    const char *value = wi_stream_member((const char *)text, size, "result", &length);
    if (value && (value < (const char *)text || length > size ||
                     (size_t)(value - (const char *)text) > size - length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_stream stream;
    if (size == 0)
        return 0;
    const struct wi_continuation from = {.seq = data[0] & 3};
    wi_stream_open(&stream, data[0] & 4 ? &from : NULL);
    if (data[0] & 8)
        stream = (struct wi_stream){0};
    const uint8_t *at = data + 1, *end = data + size;
    while (at < end) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line ? line : end) - at);
        look(at, length);
        take(&stream, at, length);
        if (length % 7 == 0)
            (void)wi_flow_grant(
                &stream.flow, &(struct wi_credit){stream.flow.sent.parts + 4, length * 1000});
        at += length + 1;
    }
    return 0;
}
