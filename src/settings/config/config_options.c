/* Reading, writing and describing the value of one option, by its kind. */
#include "settings/config/config_options.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/net/address.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct wi_setting *wi_option_find(const char *section, const char *key)
{
    for (const struct wi_setting *option = wi_options; option->key; option++)
        if (strcmp(option->section, section) == 0 && strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

/* The representation of a value in memory, which several kinds share. */
enum form { A_STRING, A_LIST, A_FRACTION, A_FLAG, AN_INDEX, A_NUMBER };

static const struct {
    enum form form;
    const char *placeholder; /* NULL: the option's names */
    const char *allowed;     /* NULL: that depends on the option */
} kind_facts[] = {
    [WI_OPTION_STRING] = {A_STRING, "text", NULL},
    [WI_OPTION_PATH] = {A_STRING, "path", NULL},
    [WI_OPTION_ADDRESS] = {A_STRING, "address:port",
        "a numeric address and a port, such as 127.0.0.1:8470 or [::1]:8470"},
    [WI_OPTION_LISTENER] = {A_STRING, "no | address:port",
        "no, or a numeric address and a port, such as 127.0.0.1:8472"},
    [WI_OPTION_URL] = {A_STRING, "url", NULL},
    [WI_OPTION_LIST] = {A_LIST, "name, ...", NULL},
    [WI_OPTION_LINES] = {A_LIST, "text", "any text"},
    [WI_OPTION_ROUTES] = {A_LIST, "kind[/platform], ...", NULL},
    [WI_OPTION_PERCENT] = {A_FRACTION, "percentage", "a percentage from 0% to 100%, such as 0.5%"},
    [WI_OPTION_BOOL] = {A_FLAG, "yes | no", "yes or no"},
    [WI_OPTION_ENUM] = {AN_INDEX, NULL, NULL},
    [WI_OPTION_CHOICE] = {AN_INDEX, NULL, NULL},
    [WI_OPTION_INTEGER] = {A_NUMBER, "number", NULL},
    [WI_OPTION_SIZE] = {A_NUMBER, "size", NULL},
    [WI_OPTION_DURATION] = {A_NUMBER, "duration", NULL},
};

/* The value of a listener that is off. */
static const char nowhere[] = "no";

static enum form form_of(const struct wi_setting *option)
{
    return kind_facts[option->kind].form;
}

int wi_option_is_list(const struct wi_setting *option)
{
    return form_of(option) == A_LIST;
}

static void *option_member(const struct wi_setting *option, const void *base)
{
    return (char *)base + option->offset;
}

void wi_option_clear(const struct wi_setting *option, void *base)
{
    if (form_of(option) == A_STRING) {
        char **string = option_member(option, base);

        free(*string);
        *string = NULL;
    } else if (wi_option_is_list(option)) {
        wi_strings_clear(option_member(option, base));
    }
}

/* --- from text -------------------------------------------------------------------------------- */

char *wi_config_data_directory(void)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    for (int up = 0; length > 0 && up < 2; up++) {
        self[length] = '\0';
        length = strrchr(self, '/') - self;
        self[length] = '\0';
        char *beside = wi_sprintf("%s/share/webinfer", self);
        if (access(beside, X_OK) == 0)
            return beside;
        free(beside);
    }
    return wi_strdup(WI_DATADIR);
}

/* The text with a leading $STATE_DIRECTORY (the first that the service manager names) or $DATADIR
 * replaced; NULL if the result is not absolute. */
static char *expand_path(const char *text)
{
    static const char state[] = "$STATE_DIRECTORY", data[] = "$DATADIR";
    const char *given, *rest;
    char *path;

    if (strncmp(text, state, strlen(state)) == 0) {
        rest = text + strlen(state);
        given = getenv("STATE_DIRECTORY");
        if (!given || *given != '/')
            given = "/var/lib/webinfer";
        path = wi_sprintf("%.*s%s", (int)strcspn(given, ":"), given, rest);
    } else if (strncmp(text, data, strlen(data)) == 0) {
        rest = text + strlen(data);
        char *folder = wi_config_data_directory();
        path = wi_sprintf("%s%s", folder, rest);
        free(folder);
    } else {
        rest = "";
        path = wi_strdup(text);
    }
    if (path[0] != '/' || (*rest && *rest != '/')) {
        free(path);
        return NULL;
    }
    return path;
}

static int is_url(const char *text)
{
    size_t length = strlen(text), scheme;

    if (strncmp(text, "http://", 7) == 0)
        scheme = 7;
    else if (strncmp(text, "https://", 8) == 0)
        scheme = 8;
    else
        return 0;
    return length > scheme && text[length - 1] != '/' && strpbrk(text, " \t#?\"<>") == NULL;
}

static int set_string(const struct wi_setting *option, char **string, const char *text)
{
    union wi_address address;
    int is_address = option->kind == WI_OPTION_ADDRESS || option->kind == WI_OPTION_LISTENER;
    char *copy = NULL;

    if (!*text && option->min > 0)
        return -1;
    if (option->kind == WI_OPTION_LISTENER && strcmp(text, nowhere) == 0)
        text = "";
    if (*text && is_address && wi_address_parse(text, &address) < 0)
        return -1;
    if (*text && option->kind == WI_OPTION_URL && !is_url(text))
        return -1;
    if (*text) {
        copy = option->kind == WI_OPTION_PATH ? expand_path(text) : wi_strdup(text);
        if (!copy)
            return -1;
    }
    free(*string);
    *string = copy;
    return 0;
}

static int names_find(const char *const *names, const char *text)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

/* KIND or KIND/PLATFORM. */
static int is_route(const struct wi_setting *option, const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strspn(text, allowed);

    if (length == 0 || length > WI_SECTION_NAME_MAX)
        return 0;
    return text[length] == '\0' ||
           (text[length] == '/' && names_find(option->names, text + length + 1) >= 0);
}

static int add_item(const struct wi_setting *option, struct wi_strings *list, const char *item)
{
    if (option->kind == WI_OPTION_ROUTES ? !is_route(option, item)
                                         : option->names && names_find(option->names, item) < 0)
        return -1;
    if (option->kind != WI_OPTION_LINES && wi_strings_contain(list, item))
        return -1;
    wi_strings_add(list, item);
    return 0;
}

static int split_items(const struct wi_setting *option, struct wi_strings *list, const char *text)
{
    int code = 0;

    if (option->kind == WI_OPTION_LINES)
        return *text ? add_item(option, list, text) : 0;
    while (*text && code == 0) {
        size_t length = strcspn(text, ","), skip = length + (text[length] == ',');
        const char *start = text;

        while (length > 0 && isspace((unsigned char)*start)) {
            start++;
            length--;
        }
        while (length > 0 && isspace((unsigned char)start[length - 1]))
            length--;
        char *item = wi_strndup(start, length);
        code = length > 0 ? add_item(option, list, item) : -1;
        free(item);
        text += skip;
    }
    return code;
}

static int set_list(
    const struct wi_setting *option, struct wi_strings *list, const char *text, int append)
{
    struct wi_strings fresh = {0};

    if (append)
        wi_strings_copy(&fresh, list);
    if (split_items(option, &fresh, text) < 0 || (int64_t)fresh.count < option->min) {
        wi_strings_clear(&fresh);
        return -1;
    }
    wi_strings_clear(list);
    *list = fresh;
    return 0;
}

static int set_bool(int *value, const char *text)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1", NULL};
    int index = names_find(words, text);

    if (index < 0)
        return -1;
    *value = index & 1;
    return 0;
}

static int set_number(const struct wi_setting *option, int64_t *value, const char *text)
{
    int64_t number = 0;
    uint64_t size;
    char *end;

    if (option->kind == WI_OPTION_DURATION) {
        if (wi_parse_duration(text, &number) < 0)
            return -1;
    } else if (option->kind == WI_OPTION_SIZE) {
        if (wi_parse_size(text, &size) < 0 || size > INT64_MAX)
            return -1;
        number = (int64_t)size;
    } else {
        errno = 0;
        number = strtoll(text, &end, 10);
        if (errno || end == text || *end || isspace((unsigned char)*text) || *text == '+')
            return -1;
    }
    if (number < option->min || number > option->max)
        return -1;
    *value = number;
    return 0;
}

static int names_count(const char *const *names)
{
    int count = 0;

    while (names[count])
        count++;
    return count;
}

static int set_index(const struct wi_setting *option, void *value, const char *text)
{
    int index = names_find(option->names, text);
    int64_t number;

    if (index < 0 && option->kind == WI_OPTION_CHOICE && set_number(option, &number, text) == 0)
        index = names_count(option->names) + (int)(number - option->min);
    if (index < 0)
        return -1;
    memcpy(value, &index, sizeof index);
    return 0;
}

static int set_percent(double *value, const char *text)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || !isdigit((unsigned char)*text))
        return -1;
    end += strspn(end, " ");
    if (strcmp(end, "%") != 0 || !(number >= 0 && number <= 100))
        return -1;
    *value = number / 100;
    return 0;
}

int wi_option_set(const struct wi_setting *option, void *base, const char *text, int append)
{
    void *value = option_member(option, base);

    switch (form_of(option)) {
    case A_STRING:
        return set_string(option, value, text);
    case A_LIST:
        return set_list(option, value, text, append);
    case A_FRACTION:
        return set_percent(value, text);
    case A_FLAG:
        return set_bool(value, text);
    case AN_INDEX:
        return set_index(option, value, text);
    case A_NUMBER:
        return set_number(option, value, text);
    }
    return -1;
}

/* --- to text ---------------------------------------------------------------------------------- */

static char *strings_join(const struct wi_strings *list, const char *separator)
{
    struct wi_buffer text = {0};

    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            wi_buffer_puts(&text, separator);
        wi_buffer_puts(&text, list->items[i]);
    }
    return wi_buffer_take(&text);
}

static void format_number(const struct wi_setting *option, int64_t number, char *out, int size)
{
    if (option->kind == WI_OPTION_DURATION)
        wi_format_duration(number, out, size);
    else if (option->kind == WI_OPTION_SIZE)
        wi_format_size((uint64_t)number, out, size);
    else
        snprintf(out, (size_t)size, "%" PRId64, number);
}

char *wi_option_format(const struct wi_setting *option, const void *base)
{
    void *value = option_member(option, base);
    char text[32];
    double fraction;
    int64_t number;
    int index;

    switch (form_of(option)) {
    case A_STRING:
        if (option->kind == WI_OPTION_LISTENER && !*(char **)value)
            return wi_strdup(nowhere);
        return wi_strdup(*(char **)value ? *(char **)value : "");
    case A_LIST:
        return strings_join(value, "\n");
    case A_FRACTION:
        memcpy(&fraction, value, sizeof fraction);
        return wi_sprintf("%.10g%%", fraction * 100);
    case A_FLAG:
        return wi_strdup(*(int *)value ? "yes" : "no");
    case AN_INDEX:
        memcpy(&index, value, sizeof index);
        number = index - names_count(option->names);
        return number < 0 ? wi_strdup(option->names[index])
                          : wi_sprintf("%" PRId64, option->min + number);
    case A_NUMBER:
        memcpy(&number, value, sizeof number);
        format_number(option, number, text, sizeof text);
        return wi_strdup(text);
    }
    return wi_strdup("");
}

/* --- for people ------------------------------------------------------------------------------- */

static void list_names(
    const struct wi_setting *option, const char *separator, char *out, size_t size)
{
    const char *const *names = option->names;
    size_t used = 0;

    for (size_t i = 0; names[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? separator : "", names[i]);
    if (option->kind == WI_OPTION_CHOICE && used < size)
        snprintf(out + used, size - used, "%s%" PRId64 " to %" PRId64, separator, option->min,
            option->max);
}

/* Typical values within the range: at most two of them, or the lowest. */
static void list_examples(const struct wi_setting *option, char *out, size_t size)
{
    static const char *const durations[] = {"500ms", "30s", "10m", "12h", NULL};
    static const char *const sizes[] = {"64M", "64K", "16G", NULL};
    const char *const *words = option->kind == WI_OPTION_SIZE ? sizes : durations;
    const int most = option->kind == WI_OPTION_SIZE ? 1 : 2;
    int64_t ignored;
    int count = 0;

    format_number(option, option->min, out, (int)size);
    for (; *words && count < most; words++) {
        if (set_number(option, &ignored, *words) < 0)
            continue;
        size_t used = count++ > 0 ? strlen(out) : 0;
        snprintf(out + used, size - used, "%s%s", used ? " or " : "", *words);
    }
}

void wi_option_allowed(const struct wi_setting *option, char *out, size_t size)
{
    char low[32], high[32], names[128], examples[64];

    format_number(option, option->min, low, sizeof low);
    format_number(option, option->max, high, sizeof high);
    if (option->names)
        list_names(option, ", ", names, sizeof names);
    switch (option->kind) {
    case WI_OPTION_STRING:
        snprintf(out, size, option->min ? "any text but the empty one" : "any text");
        return;
    case WI_OPTION_PATH:
        snprintf(out, size, "an absolute path%s; it may begin with $STATE_DIRECTORY or $DATADIR",
            option->min ? "" : ", or nothing");
        return;
    case WI_OPTION_URL:
        snprintf(out, size, "an http or https URL without a slash at its end%s",
            option->min ? "" : ", or nothing");
        return;
    case WI_OPTION_LIST:
        if (option->names)
            snprintf(out, size, "each once, separated by commas: %s", names);
        else
            snprintf(out, size, "names separated by commas, each once, or nothing");
        return;
    case WI_OPTION_ROUTES:
        snprintf(out, size, "KIND or KIND/PLATFORM, each once, separated by commas; platforms: %s",
            names);
        return;
    case WI_OPTION_ENUM:
    case WI_OPTION_CHOICE:
        snprintf(out, size, "%s", names);
        return;
    case WI_OPTION_INTEGER:
        snprintf(out, size, "a whole number from %s to %s", low, high);
        return;
    case WI_OPTION_SIZE:
    case WI_OPTION_DURATION:
        list_examples(option, examples, sizeof examples);
        snprintf(out, size, "a %s from %s to %s, such as %s", kind_facts[option->kind].placeholder,
            low, high, examples);
        return;
    default:
        snprintf(out, size, "%s", kind_facts[option->kind].allowed);
    }
}

void wi_option_placeholder(const struct wi_setting *option, char *out, size_t size)
{
    if (kind_facts[option->kind].placeholder)
        snprintf(out, size, "%s", kind_facts[option->kind].placeholder);
    else
        list_names(option, " | ", out, size);
}
