/* What is printed from the option table reads back; the sample in conf/ is up to date. */
#include "../../test.h"
#include "settings/config/private.h"

#include "settings/config/config_options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct wi_config *load(const char *text)
{
    char path[] = "/tmp/webinfer-print-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct wi_problems problems = {0};
    struct wi_config *config = wi_config_load(path, &problems);
    unlink(path);
    if (!config)
        fail_msg("%s", problems.items[0].detail);
    return config;
}

static char *print(const struct wi_config *config)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    wi_config_print(config, out);
    fclose(out);
    return text;
}

static char *print_with(void (*printer)(FILE *out))
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    printer(out);
    fclose(out);
    return text;
}

static void assert_same_values(struct wi_config *a, struct wi_config *b)
{
    assert_int_equal(a->browser_count, b->browser_count);
    assert_int_equal(a->hub_count, b->hub_count);
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        for (size_t i = 0; i < wi_config_instances(a, option->section); i++) {
            char *one = wi_option_format(option, wi_option_base(a, option, i));
            char *other = wi_option_format(option, wi_option_base(b, option, i));
            assert_string_equal(one, other);
            free(one);
            free(other);
        }
    }
}

TEST(printed_values_read_back)
{
    struct wi_config *first = load("[api]\n"
                                   "allowed_hosts = a, b, c\n"
                                   "max_body = 12345\n"
                                   "[bridge]\nresume_grace = 1500ms\n"
                                   "[browser.chrome]\n"
                                   "arguments = --a=1, 2\n"
                                   "arguments = --b\n"
                                   "[browser.other]\n"
                                   "sandbox = yes\n"
                                   "[hub.mirror]\nurl = https://mirror.example/models\n"
                                   "layout = plain\n"
                                   "[models]\npull_on_demand = org/*, other/one\n");
    char *text = print(first);
    struct wi_config *second = load(text);
    assert_same_values(first, second);
    char *again = print(second);
    struct wi_config *third = load(again);
    assert_same_values(first, third);
    assert_non_null(strstr(text, ":3\nmax_body = 12345\n"));
    assert_non_null(strstr(text, "# default\nlisten = 127.0.0.1:8470\n"));
    assert_non_null(strstr(text, "allowed_hosts = a, b, c\n"));
    assert_non_null(strstr(text, "arguments = --a=1, 2\narguments = --b\n"));
    assert_non_null(strstr(text, "\n[browser.other]\n"));
    assert_non_null(strstr(text, "\n[hub.huggingface]\n"));
    assert_non_null(strstr(text, "\n[hub.mirror]\n"));
    assert_non_null(strstr(text, "pull_on_demand = org/*, other/one\n"));
    wi_config_unref(first);
    wi_config_unref(second);
    wi_config_unref(third);
    free(text);
    free(again);
}

TEST(aliases_read_back)
{
    struct wi_config *first = load("[aliases]\nb = c:Q8_0\nA.1-x = own/er\n");
    char *text = print(first);
    struct wi_config *second = load(text);
    assert_non_null(strstr(text, "\n[aliases]\n"));
    assert_non_null(strstr(text, ":3\nA.1-x = own/er\n"));
    assert_int_equal(second->aliases.count, 2);
    assert_string_equal(second->aliases.items[1].model, "c:Q8_0");
    wi_config_unref(first);
    wi_config_unref(second);
    free(text);
}

/* What is printed of a file means the same as the file. */
static void assert_reads_back(const char *text)
{
    struct wi_config *first = load(text);
    char *printed = print(first);
    struct wi_config *second = load(printed);
    assert_same_values(first, second);
    wi_config_unref(first);
    wi_config_unref(second);
    free(printed);
}

TEST(long_lists_read_back)
{
    char text[8192] = "[api]\n";
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text), "allowed_hosts = host-%d.a-long-name.example.org\n", i);
    struct wi_config *config = load(text);
    assert_int_equal(config->api.allowed_hosts.count, 60);
    wi_config_unref(config);
    assert_reads_back(text);
}

/* The longest line that can be read, without a space to spare. */
TEST(long_values_read_back)
{
    char text[256] = "[browser.chrome]\narguments=";
    size_t start = strlen(text), line = strlen("arguments=");
    memset(text + start, 'x', 198 - line);
    text[start + 198 - line] = '\0';
    assert_reads_back(text);
}

TEST(the_sample_shows_the_defaults)
{
    char *sample = print_with(wi_config_print_sample), *c;
    struct wi_config *defaults = load(""), *read = load(sample);
    assert_same_values(defaults, read);
    wi_config_unref(read);
    /* With every key put into effect the values are the same. */
    for (c = sample; (c = strstr(c, "\n#")); c++)
        if (c[2] != ' ' && c[2] != '\n')
            c[1] = ' ';
    read = load(sample);
    assert_same_values(defaults, read);
    assert_true(read->_origin_count > 20);
    wi_config_unref(read);
    wi_config_unref(defaults);
    free(sample);
}

TEST(the_sample_in_the_tree_is_up_to_date)
{
    const char *root = getenv("srcdir");
    char *path = wi_sprintf("%s/conf/webinferd.conf", root ? root : "."), text[65536];
    char *sample = print_with(wi_config_print_sample);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    assert_string_equal(text, sample);
    free(sample);
    free(path);
}

TEST(the_man_page_has_every_key)
{
    char *mdoc = print_with(wi_config_print_mdoc);
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        char *item = wi_sprintf(".It Cm %s No = Ar ", option->key);
        assert_non_null(strstr(mdoc, item));
        free(item);
    }
    free(mdoc);
}

TEST(the_table_is_sound)
{
    char text[256];
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        int known = 0;
        for (const struct wi_section *section = wi_sections; section->name; section++)
            known += strcmp(section->name, option->section) == 0;
        assert_int_equal(known, 1);
        assert_ptr_equal(wi_option_find(option->section, option->key), option);
        assert_non_null(option->default_text);
        assert_true(option->help[strlen(option->help) - 1] == '.');
        wi_option_allowed(option, text, sizeof text);
        assert_true(strlen(text) > 3 && strlen(text) < 200);
        if (option->kind == WI_OPTION_ENUM)
            assert_non_null(option->names);
    }
}
