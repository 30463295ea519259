/* How each kind of model is used from the command line. */
#include "../test.h"

#include "cli/usage.h"
#include "terms/task/task.h"
#include <string.h>

static void check(const char *text, enum wi_usage usage, const char *command)
{
    json_t *model = json_loads(text, 0, NULL);
    struct wi_buffer out = {0};
    assert_non_null(model);
    assert_int_equal(wi_usage_of_text(model), usage);
    assert_int_equal(wi_usage_print(&out, "m", model), command ? 0 : -1);
    if (command)
        assert_string_equal(out.text, command);
    wi_buffer_clear(&out);
    json_decref(model);
}

TEST(folders_go_by_their_tasks)
{
    check("{\"tasks\":[\"chat\",\"complete\"]}", WI_USAGE_CHAT, "webinfer chat m");
    check("{\"tasks\":[\"image-to-text\",\"visual-question-answering\",\"chat\"]}", WI_USAGE_CHAT,
        "webinfer chat m");
    /* A template alone makes no conversation. */
    check("{\"tasks\":[\"embed\",\"rerank\"],\"chat\":true}", WI_USAGE_EMBED,
        "webinfer embed m TEXT");
    check("{\"tasks\":[\"translation\"]}", WI_USAGE_WRITE, "webinfer generate m TEXT");
    check("{\"tasks\":[\"text-classification\"]}", WI_USAGE_READ, "webinfer infer m --text TEXT");
    check("{\"tasks\":[\"image-classification\"]}", WI_USAGE_NONE, "webinfer infer m --image FILE");
    check("{\"tasks\":[\"text-to-speech\"]}", WI_USAGE_NONE,
        "webinfer infer m --text TEXT --output DIR");
    check("{\"tasks\":[\"a task of tomorrow\"]}", WI_USAGE_NONE, NULL);
    check("{\"tasks\":[7]}", WI_USAGE_NONE, NULL);
}

TEST(each_task_has_a_usage)
{
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        char model[80];
        struct wi_buffer out = {0};
        snprintf(model, sizeof model, "{\"tasks\":[\"%s\"]}", wi_task_name((enum wi_task_kind)i));
        json_t *json = json_loads(model, 0, NULL);
        assert_int_equal(wi_usage_print(&out, "m", json), 0);
        assert_non_null(strstr(out.text, " m"));
        wi_buffer_clear(&out);
        json_decref(json);
    }
}

TEST(files_go_by_what_they_say)
{
    check("{\"format\":\"gguf\",\"type\":\"text_generation\",\"chat\":true}", WI_USAGE_CHAT,
        "webinfer chat m");
    check("{\"format\":\"gguf\",\"type\":\"text_generation\",\"chat\":false}", WI_USAGE_WRITE,
        "webinfer generate m TEXT");
    check("{\"format\":\"gguf\",\"type\":\"text_embedding\",\"chat\":true}", WI_USAGE_EMBED,
        "webinfer embed m TEXT");
    check("{\"format\":\"onnx\",\"type\":\"vision\",\"takes_picture\":true,\"inputs\":[{\"name\":"
          "\"x\"}]}",
        WI_USAGE_NONE, "webinfer infer m --image FILE");
    check("{\"format\":\"onnx\",\"type\":\"text_embedding\",\"inputs\":[{\"name\":\"x.1\"}]}",
        WI_USAGE_NONE, "webinfer infer m --tensor x.1=FILE.npy");
    check("{}", WI_USAGE_NONE, NULL);
}

/* A graph comes from anywhere, and what is shown is typed by people, or steers their terminal. */
TEST(no_name_of_a_graph_is_shown_that_does_more_than_name)
{
    static const char *const names[] = {"\\u001b[2J", "x=y", "$(reboot)", "a b", "x\\ny", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char model[120];
        snprintf(
            model, sizeof model, "{\"format\":\"onnx\",\"inputs\":[{\"name\":\"%s\"}]}", names[i]);
        check(model, WI_USAGE_NONE, NULL);
    }
}
