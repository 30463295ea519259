/* webinfer-protocol(7) and webinfer-streams(7) held against the codec: their examples are messages,
 * and the bytes that the first shows are one. */
#include "../../test.h"

#include "base/memory.h"
#include "nodes/bridge/report.h"
#include "nodes/node/frame.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A page without examples would have nothing wrong with them. */
#define MESSAGES_MIN 10

static FILE *open_page(const char *name)
{
    const char *root = getenv("srcdir");
    char *path = wi_sprintf("%s/man/%s.7", root ? root : ".", name);
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("%s is missing", path);
    free(path);
    return file;
}

/* --- the bytes ------------------------------------------------------------------------------- */

/* "0010  79 70 65  type": up to 16 bytes at that address, and the same as text. The number of
 * bytes, or 0 for another line. */
static size_t read_row(const char *line, size_t *address, unsigned char bytes[16])
{
    size_t count = 0;
    int taken = 0;
    const char *text;
    if (strspn(line, "0123456789abcdef") != 4 || strncmp(line + 4, "  ", 2) != 0)
        return 0;
    *address = strtoul(line, NULL, 16);
    text = line + 6;
    for (unsigned byte; count < 16 && sscanf(text, "%2x%n", &byte, &taken) == 1 && taken == 2;) {
        bytes[count++] = (unsigned char)byte;
        text += 2;
        if (text[0] != ' ' || text[1] == ' ')
            break;
        text++;
    }
    text = line + 6 + 16 * 3 + 1;
    for (size_t i = 0; i < count; i++) {
        int shown = bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.';
        if (text[i] != shown)
            fail_msg(
                "%s: the text says '%c' at byte %zu, which is %02x", line, text[i], i, bytes[i]);
    }
    return count;
}

static struct wi_blob *read_dump(void)
{
    struct wi_blob *blob = wi_blob_new(NULL, 1024);
    FILE *page = open_page("webinfer-protocol");
    char line[256];
    while (fgets(line, sizeof line, page)) {
        unsigned char bytes[16];
        size_t address, count;
        line[strcspn(line, "\n")] = '\0';
        count = read_row(line, &address, bytes);
        if (!count)
            continue;
        assert_int_equal(address, blob->size);
        assert_int_equal(wi_blob_append(blob, bytes, count), 0);
    }
    fclose(page);
    return blob;
}

TEST(the_bytes_shown_are_a_message)
{
    static const float floats[] = {1, -2.5f};
    struct wi_blob *blob = read_dump();
    struct wi_frame frame;
    struct wi_error error = {0};

    assert_int_equal(blob->size, 344);
    if (wi_frame_parse(blob, 1, &frame, &error) != WI_OK)
        fail_msg("%s", error.detail);
    assert_int_equal(frame.json_size, 319);
    assert_string_equal(frame.type, "task_response");
    assert_int_equal(frame.tensors.count, 2);
    const struct wi_tensor *a = &frame.tensors.items[0], *b = &frame.tensors.items[1];
    assert_string_equal(a->name, "a");
    assert_int_equal(a->datatype, WI_UINT8);
    assert_int_equal(a->size, 3);
    assert_memory_equal(wi_tensor_bytes(a), "\1\2\3", 3);
    assert_string_equal(b->name, "b");
    assert_int_equal(b->datatype, WI_FP32);
    assert_int_equal(b->rank, 1);
    assert_int_equal(b->dims[0], 2);
    assert_memory_equal(wi_tensor_bytes(b), floats, sizeof floats);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
}

/* --- the examples ---------------------------------------------------------------------------- */

/* A binary one without its tensor section: the envelope alone, which must be whole. */
static void check_envelope(const char *text)
{
    json_error_t problem;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        fail_msg("%s: %s", text, problem.text);
    assert_true(json_is_string(json_object_get(root, "id")));
    assert_true(json_is_string(json_object_get(root, "type")));
    assert_true(json_is_string(json_object_get(root, "from")));
    assert_true(json_is_integer(json_object_get(root, "timestamp")));
    assert_true(json_is_array(json_object_get(json_object_get(root, "data"), "tensors")));
    json_decref(root);
}

static void check_text(const char *text)
{
    struct wi_blob *blob = wi_blob_new(NULL, strlen(text));
    struct wi_frame frame;
    struct wi_error error = {0};
    wi_blob_append(blob, text, strlen(text));
    if (wi_frame_parse(blob, 0, &frame, &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    if (strcmp(frame.type, "node_announcement") == 0) {
        struct wi_node_info info = {0};
        const json_t *capabilities = json_object_get(frame.data, "capabilities");
        if (wi_report_read(capabilities, &info, &error) != WI_OK)
            fail_msg("%s: %s", text, error.detail);
        json_decref(info.capabilities);
    }
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
}

static void check_example(struct wi_buffer *message, size_t *count)
{
    static const char binary[] = "(binary) ";
    size_t length = sizeof binary - 1;
    if (!message->size)
        return;
    if (strncmp(message->text, binary, length) == 0)
        check_envelope(message->text + length);
    else
        check_text(message->text);
    ++*count;
    wi_buffer_clear(message);
}

/* "> {" or "< (binary) {", and on the lines that begin with three spaces the rest. */
static void check_examples(const char *name)
{
    struct wi_buffer message = {0};
    FILE *page = open_page(name);
    size_t count = 0;
    char line[256];
    while (fgets(line, sizeof line, page)) {
        int first = (line[0] == '>' || line[0] == '<') && line[1] == ' ';
        line[strcspn(line, "\n")] = '\0';
        if (first || strncmp(line, "   ", 3) != 0)
            check_example(&message, &count);
        if (first || message.size)
            wi_buffer_puts(&message, line + (first ? 2 : 3));
    }
    fclose(page);
    assert_int_equal(message.size, 0);
    assert_true(count >= MESSAGES_MIN);
}

TEST(the_examples_are_messages)
{
    check_examples("webinfer-protocol");
    check_examples("webinfer-streams");
}
