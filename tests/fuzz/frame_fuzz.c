/*
 * Fuzzes the frame codec. The first byte says how the rest becomes a message: 0 a text frame, 1 a
 * binary frame as it is, 2 a binary frame made of a head and, behind a 0 byte, a tensor section, so
 * that mutations of the head do not all die at its length.
 *
 * What is accepted must keep its promises: tensors inside the frame, aligned, in order, of the size
 * that their shape says. Written again and read back they must be the same.
 */
#include "nodes/node/frame.h"
#include "plant.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct wi_frame *frame, const struct wi_blob *blob)
{
    size_t end = 0;
    if (!frame->root || !frame->id[0] || !frame->type[0] || !json_is_object(frame->data))
        abort();
    for (size_t i = 0; i < frame->tensors.count; i++) {
        const struct wi_tensor *tensor = &frame->tensors.items[i];
        int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
        size_t width = wi_datatype_size(tensor->datatype);
        size_t due = i ? wi_frame_align(end) : tensor->offset;
        if (tensor->offset % 8 || tensor->offset != due || tensor->offset > blob->size ||
            tensor->size > blob->size - tensor->offset || elements < 0 ||
            (width && (uint64_t)elements * width != tensor->size))
            abort();
        end = tensor->offset + tensor->size;
        WI_PLANT(strlen(tensor->name) == 2); /* in no seed */
    }
}

static int same(const struct wi_tensor *a, const struct wi_tensor *b)
{
    return strcmp(a->name, b->name) == 0 && a->datatype == b->datatype && a->rank == b->rank &&
           memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0 && a->size == b->size &&
           memcmp(wi_tensor_bytes(a), wi_tensor_bytes(b), a->size) == 0;
}

/* The tensors in a frame of ours. */
static struct wi_blob *write_frame(const struct wi_tensors *tensors)
{
    struct wi_buffer head = {0};
    struct wi_blob *blob = wi_blob_new(NULL, 64);
    wi_frame_begin(&head, 1, "task_request", 1);
    wi_buffer_puts(&head, ",\"data\":{");
    wi_frame_tensors(&head, tensors);
    wi_buffer_puts(&head, "}");
    wi_frame_end(&head, 1);
    wi_blob_append(blob, head.text, head.size);
    size_t start = blob->size;
    wi_buffer_clear(&head);
    for (size_t i = 0; i < tensors->count; i++) {
        size_t end = blob->size - start;
        wi_blob_append(blob, "\0\0\0\0\0\0\0", wi_frame_align(end) - end);
        wi_blob_append(blob, wi_tensor_bytes(&tensors->items[i]), tensors->items[i].size);
    }
    if (blob->size - start != wi_frame_section(tensors))
        abort();
    return blob;
}

static void write_and_read_back(const struct wi_tensors *tensors)
{
    struct wi_blob *blob = write_frame(tensors);
    struct wi_frame frame;
    struct wi_error error;
    if (wi_frame_parse(blob, 1, &frame, &error) != WI_OK || frame.tensors.count != tensors->count)
        abort();
    for (size_t i = 0; i < tensors->count; i++)
        if (!same(&tensors->items[i], &frame.tensors.items[i]))
            abort();
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
}

/* What a list of entries says when it is taken for an outline, whose tensors come in pieces. */
static void read_outline(const json_t *list)
{
    struct wi_tensors tensors = {0};
    struct wi_error error;
    (void)wi_frame_parse_outline(list, &tensors, &error);
    wi_tensors_clear(&tensors);
}

static void outline_and_read_back(const struct wi_tensors *tensors)
{
    struct wi_buffer text = {0};
    struct wi_tensors back = {0};
    struct wi_error error;
    wi_buffer_puts(&text, "{");
    wi_frame_outline(&text, tensors);
    wi_buffer_puts(&text, "}");
    json_t *root = json_loadb(text.text, text.size, 0, NULL);
    if (wi_frame_parse_outline(json_object_get(root, "outline"), &back, &error) != WI_OK ||
        back.count != tensors->count)
        abort();
    for (size_t i = 0; i < back.count; i++)
        if (strcmp(back.items[i].name, tensors->items[i].name) != 0 ||
            back.items[i].size != tensors->items[i].size)
            abort();
    wi_tensors_clear(&back);
    json_decref(root);
    wi_buffer_clear(&text);
}

static struct wi_blob *build(const uint8_t *data, size_t size, int with_head)
{
    struct wi_blob *blob = wi_blob_new(NULL, size + 16);
    if (!with_head) {
        wi_blob_append(blob, data, size);
        return blob;
    }
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t head = zero ? (size_t)(zero - data) : size;
    uint8_t length[4] = {(uint8_t)head, (uint8_t)(head >> 8), (uint8_t)(head >> 16), 0};
    wi_blob_append(blob, length, sizeof length);
    wi_blob_append(blob, data, head);
    wi_blob_append(blob, "\0\0\0\0\0\0\0", wi_frame_align(blob->size) - blob->size);
    if (zero)
        wi_blob_append(blob, zero + 1, size - head - 1);
    return blob;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_frame frame;
    struct wi_error error;
    const char *attempt;
    if (size == 0)
        return 0;
    struct wi_blob *blob = build(data + 1, size - 1, data[0] % 3 == 2);
    if (wi_frame_parse(blob, data[0] % 3 != 0, &frame, &error) == WI_OK) {
        check(&frame, blob);
        write_and_read_back(&frame.tensors);
        outline_and_read_back(&frame.tensors);
        read_outline(json_object_get(frame.data, "tensors"));
        read_outline(json_object_get(frame.data, "outline"));
        if (wi_frame_attempt(&frame, &attempt, &error) == WI_OK && (!attempt || !*attempt))
            abort();
        wi_frame_clear(&frame);
    }
    wi_blob_unref(blob);
    return 0;
}
