/* The configuration: defaults, files good and bad, rules across keys, reload. */
#include "../../test.h"

#include "browser/gpus.h"
#include "settings/config/config.h"
#include "settings/config/config_options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file with `text`; its name is in `path`. */
static void write_file(char *path, const char *text, size_t size)
{
    strcpy(path, "/tmp/webinfer-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static struct wi_config *load(const char *text, struct wi_problems *problems)
{
    char path[64];
    write_file(path, text, strlen(text));
    struct wi_config *config = wi_config_load(path, problems);
    unlink(path);
    return config;
}

static struct wi_config *load_good(const char *text)
{
    struct wi_problems problems = {0};
    struct wi_config *config = load(text, &problems);
    if (!config)
        fail_msg("refused: %s", problems.items[0].detail);
    return config;
}

static void assert_problem(const struct wi_problems *problems, size_t index, const char *beginning)
{
    assert_in_range(index + 1, 1, problems->count);
    const char *detail = problems->items[index].detail, *behind = strchr(detail, ':');
    if (!behind || strncmp(behind + 1, beginning, strlen(beginning)) != 0)
        fail_msg("\"%s\" instead of \"%s\"", detail, beginning);
}

/* The text must be refused with this one message behind the file's name. */
static void refuse(const char *text, const char *beginning)
{
    struct wi_problems problems = {0};
    struct wi_config *config = load(text, &problems);
    if (config)
        fail_msg("accepted: %s", text);
    assert_problem(&problems, 0, beginning);
    if (problems.count > 1)
        fail_msg("there is a second problem: %s", problems.items[1].detail);
    wi_problems_clear(&problems);
}

TEST(has_the_documented_defaults)
{
    unsetenv("STATE_DIRECTORY");
    struct wi_problems none = {0};
    struct wi_config *c = wi_config_load(NULL, &none);
    assert_non_null(c);
    assert_string_equal(c->api.listen, "127.0.0.1:8470");
    assert_null(c->api.tokens_file);
    assert_int_equal(c->api.allowed_hosts.count, 0);
    assert_int_equal(c->api.max_body, 64 << 20);
    assert_int_equal(c->api.max_answer, 512 << 20);
    assert_int_equal(c->api.stream_grace, 15000);
    assert_int_equal(c->api.stream_buffer, 256 << 10);
    assert_int_equal(c->api.send_timeout, 30000);
    assert_int_equal(c->api.idle_timeout, 60000);
    assert_int_equal(c->api.max_connections, 2048);
    assert_int_equal(c->api.max_connections_per_address, 256);
    assert_int_equal(c->api.max_connections_loopback, 1536);
    assert_string_equal(c->bridge.listen, "127.0.0.1:8471");
    assert_null(c->channels.listen);
    assert_null(c->bridge.public_url);
    assert_string_equal(c->bridge.page, WI_DATADIR "/page");
    assert_int_equal(c->bridge.heartbeat_interval, 5000);
    assert_int_equal(c->bridge.heartbeat_misses, 3);
    assert_int_equal(c->bridge.resume_grace, 15000);
    assert_int_equal(c->bridge.max_connections_per_address, 256);
    assert_int_equal(c->pool.max_connections, 4);
    assert_int_equal(c->pool.min_connections, 1);
    assert_int_equal(c->pool.connection_timeout, 30000);
    assert_int_equal(c->pool.max_retries, 3);
    assert_int_equal(c->pool.max_queue, 1024);
    assert_int_equal(c->pool.memory_budget, 1 << 30);
    assert_int_equal(c->pool.model_budget, 1 << 30);
    assert_int_equal(c->pool.shutdown_timeout, 20000);
    assert_string_equal(c->models.directory, "/var/lib/webinfer/models");
    assert_int_equal(c->models.max_picture_pixels, 40000000);
    assert_int_equal(c->models.context, 0);
    assert_int_equal(c->models.slots, 4);
    assert_int_equal(c->models.idle_unload, 30 * 60 * 1000);
    assert_int_equal(c->models.warmup, 1);
    assert_int_equal(c->models.flash_attention, 0);
    assert_int_equal(c->models.threads, 0);
    assert_int_equal(c->models.share_prefix, 0);
    assert_string_equal(c->models.hub, "huggingface");
    assert_int_equal(c->models.quota, 0);
    assert_int_equal(c->models.keep_versions, 2);
    assert_int_equal(c->models.pull_on_demand.count, 1);
    assert_string_equal(c->models.pull_on_demand.items[0], "no");
    assert_int_equal(c->hub_count, 2);
    assert_int_equal(c->content.stall, 10000);
    assert_int_equal(c->content.download_limit, 0);
    assert_int_equal(c->pool.strangers, WI_STRANGERS_TENSORS);
    assert_int_equal(c->pool.network, WI_NETWORK_AUTO);
    assert_int_equal(c->log.level, WI_LOG_INFO);
    assert_int_equal(c->log.format, WI_LOG_TEXT);
    assert_int_equal(c->browser_count, 4);
    assert_int_equal(c->pool.adaptive_scaling, 1);
    assert_int_equal(c->pool.numerics, WI_NUMERICS_CHECK);
    assert_true(c->pool.recheck == 0.001);
    assert_true(c->pool.exploration == 0.02);
    assert_true(c->pool.client_share == 1);
    assert_int_equal(c->browser_preferences.text_embedding.count, 3);
    assert_string_equal(c->browser_preferences.text_embedding.items[0], "edge/webnn");
    assert_string_equal(c->browser_preferences.audio.items[0], "firefox/webgpu");
    assert_null(c->store.path);
    const struct wi_config_browser *chrome = wi_config_find_browser(c, "chrome");
    assert_null(chrome->driver_command);
    assert_null(chrome->driver_url);
    assert_int_equal(chrome->family, WI_FAMILY_AUTO);
    assert_int_equal(chrome->driver, WI_DRIVER_AUTO);
    assert_null(chrome->binary);
    assert_int_equal(chrome->platforms.count, 0);
    assert_int_equal(chrome->preferences.count, 0);
    assert_int_equal(chrome->headless, 1);
    assert_int_equal(chrome->gpu, WI_GPU_AUTO);
    assert_int_equal(chrome->sandbox, WI_AUTO);
    assert_int_equal(chrome->max_connections, 4);
    assert_non_null(wi_config_find_browser(c, "edge"));
    assert_non_null(wi_config_find_browser(c, "firefox"));
    assert_non_null(wi_config_find_browser(c, "safari"));
    assert_null(wi_config_find_browser(c, "lynx"));
    wi_config_unref(c);
}

TEST(takes_the_state_directory_from_the_service_manager)
{
    setenv("STATE_DIRECTORY", "/srv/one:/srv/two", 1);
    struct wi_config *c = load_good("[api]\ntokens_file = $STATE_DIRECTORY/tokens\n");
    assert_string_equal(c->models.directory, "/srv/one/models");
    assert_string_equal(c->api.tokens_file, "/srv/one/tokens");
    wi_config_unref(c);
    setenv("STATE_DIRECTORY", "not/absolute", 1);
    c = load_good("");
    assert_string_equal(c->models.directory, "/var/lib/webinfer/models");
    wi_config_unref(c);
    unsetenv("STATE_DIRECTORY");
}

TEST(reads_every_kind_of_value)
{
    struct wi_config *c = load_good("\xef\xbb\xbf# a comment ; with everything = in it [x]\r\n"
                                    "; another\r\n"
                                    "\r\n"
                                    "  [api]  \n"
                                    "\tlisten = [::1]:0 \n"
                                    "allowed_hosts = a.example , b.example\n"
                                    "allowed_hosts = c.example\n"
                                    "max_body=5M\n"
                                    "[bridge]\n"
                                    "heartbeat_interval = 250ms\n"
                                    "public_url = https://node.example:8443\n"
                                    "[browser.chrome]\n"
                                    "arguments = --one=a;b,c # d\n"
                                    "arguments = --two\n"
                                    "platforms = wasm\n"
                                    "headless = no\n"
                                    "gpu = software\n"
                                    "sandbox = no\n"
                                    "[browser.my-canary_2]\n"
                                    "[pool]\n"
                                    "recheck = 0.25 %\n"
                                    "[browser_preferences]\n"
                                    "audio = firefox/webgpu, my-canary_2\n"
                                    "audio = chrome/wasm\n"
                                    "other =\n"
                                    "[log]\n"
                                    "level = debug\n"
                                    "format = json");
    assert_string_equal(c->api.listen, "[::1]:0");
    assert_int_equal(c->api.allowed_hosts.count, 3);
    assert_string_equal(c->api.allowed_hosts.items[1], "b.example");
    assert_string_equal(c->api.allowed_hosts.items[2], "c.example");
    assert_int_equal(c->api.max_body, 5 << 20);
    assert_int_equal(c->bridge.heartbeat_interval, 250);
    assert_string_equal(c->bridge.public_url, "https://node.example:8443");
    assert_true(c->pool.recheck == 0.0025);
    assert_int_equal(c->browser_preferences.audio.count, 3);
    assert_string_equal(c->browser_preferences.audio.items[1], "my-canary_2");
    assert_int_equal(c->browser_preferences.other.count, 0);
    assert_int_equal(c->browser_count, 5);
    assert_string_equal(c->browsers[4].kind, "my-canary_2");
    assert_null(c->browsers[4].driver_command);
    const struct wi_config_browser *chrome = &c->browsers[0];
    assert_int_equal(chrome->arguments.count, 2);
    assert_string_equal(chrome->arguments.items[0], "--one=a;b,c # d");
    assert_int_equal(chrome->platforms.count, 1);
    assert_int_equal(chrome->headless, 0);
    assert_int_equal(chrome->gpu, WI_GPU_SOFTWARE);
    assert_int_equal(chrome->sandbox, WI_NO);
    assert_int_equal(c->log.level, WI_LOG_DEBUG);
    assert_int_equal(c->log.format, WI_LOG_JSON);
    wi_config_unref(c);
}

/* A list that is too long for a line is cut between two names; no section is left out. */
TEST(tells_the_keys_and_sections_that_there_are)
{
    struct wi_problems problems = {0};
    assert_null(load("[api]\nzzz = x\n", &problems));
    assert_int_equal(problems.count, 1);
    const char *more = strstr(problems.items[0].detail, ", …");
    assert_non_null(more);
    assert_string_equal(more, ", …");
    assert_non_null(strstr(problems.items[0].allowed, ", idle_timeout, unknown_parameters, "));
    wi_problems_clear(&problems);
    assert_null(load("[telephone]\n", &problems));
    for (const struct wi_section *section = wi_sections; section->name; section++)
        assert_non_null(strstr(problems.items[0].detail, section->name));
    assert_non_null(strstr(problems.items[0].detail, "hub.NAME"));
    wi_problems_clear(&problems);
}

TEST(refuses_what_it_does_not_know)
{
    refuse("[apo]\n", "1: there is no section [apo]; did you mean [api]?");
    refuse("[telephone]\n", "1: there is no section [telephone]; allowed are api,");
    refuse("[browser]\n", "1: there is no section [browser]; allowed are api,");
    refuse("[browser.Chrome]\n", "1: [browser.Chrome] is not a valid browser section; allowed:");
    refuse("[browser.]\n", "1: [browser.] is not a valid browser section");
    refuse("[browser.a234567890123456789012345678901x]\n", "1: [browser.a23");
    refuse("[api]\nlisen = x\n", "2: [api] has no key \"lisen\"; did you mean \"listen\"?");
    refuse("[api]\nzzz = x\n", "2: [api] has no key \"zzz\"; allowed are listen, tokens_file,");
    refuse("[browser.chrome]\nheadles = x\n", "2: [browser.chrome] has no key \"headles\"; did");
    refuse("listen = x\n", "1: \"listen\" is before the first [section]");
    refuse("[api]\nlisten\n", "2: found \"listen\"; allowed are");
    refuse("[api]\nlisten: 1\n", "2: found \"listen: 1\"; allowed are");
    refuse("[api]\nListen = 1\n", "2: found \"Listen = 1\"; allowed are");
    refuse("[api\n", "1: found \"[api\"; a section is");
    refuse("[api] x\n", "1: found \"[api] x\"; a section is");
}

TEST(refuses_bad_values_and_says_what_is_allowed)
{
    refuse("\n[api]\nlisten = localhost\n",
        "3: [api] listen: found \"localhost\"; allowed: a numeric address and a port");
    refuse("[api]\nlisten = 127.0.0.1:65536\n", "2: [api] listen: found");
    refuse("[api]\nlisten =\n", "2: [api] listen: found \"\"");
    refuse("[api]\nmax_body = 2G\n",
        "2: [api] max_body: found \"2G\"; allowed: a size from 4K to 1G, such as 64M");
    refuse("[api]\nmax_connections = 1e3\n", "2: [api] max_connections: found \"1e3\"; allowed: a "
                                             "whole number from 1 to 65536");
    refuse("[api]\nmax_connections = 99999999999999999999\n", "2: [api] max_connections: found");
    refuse("[api]\ntokens_file = tokens\n", "2: [api] tokens_file: found \"tokens\"; allowed: an "
                                            "absolute path");
    refuse("[api]\ntokens_file = $STATE_DIRECTORYx\n", "2: [api] tokens_file: found");
    refuse("[bridge]\nresume_grace = soon\n", "2: [bridge] resume_grace: found \"soon\"; allowed: "
                                              "a duration from 0s to 1h, such as 500ms or 30s");
    refuse("[bridge]\npublic_url = ftp://x\n", "2: [bridge] public_url: found");
    refuse("[browser.chrome]\ngpu = maybe\n", "2: [browser.chrome] gpu: found \"maybe\"; allowed: "
                                              "auto, hardware, software, off");
    refuse("[browser.chrome]\nheadless = perhaps\n", "2: [browser.chrome] headless: found");
    refuse("[browser.chrome]\nplatforms = wasm, cuda\n", "2: [browser.chrome] platforms: found");
    refuse("[browser.chrome]\nplatforms = wasm, wasm\n", "2: [browser.chrome] platforms: found");
    refuse("[browser.chrome]\nplatforms = wasm,,\n", "2: [browser.chrome] platforms: found");
    refuse("[browser.chrome]\nfamily = lynx\n", "2: [browser.chrome] family: found");
    refuse("[pool]\nrecheck = 0.1\n", "2: [pool] recheck: found \"0.1\"; allowed: a percentage");
    refuse("[pool]\nrecheck = 101%\n", "2: [pool] recheck: found");
    refuse("[pool]\nrecheck = nan%\n", "2: [pool] recheck: found");
    refuse("[pool]\nrecheck = -1%\n", "2: [pool] recheck: found");
    refuse("[browser_preferences]\naudio = chrome/cuda\n",
        "2: [browser_preferences] audio: found \"chrome/cuda\"; allowed: KIND or KIND/PLATFORM");
    refuse("[browser_preferences]\naudio = chrome, chrome\n", "2: [browser_preferences] audio: fo");
    refuse("[browser_preferences]\naudio = /wasm\n", "2: [browser_preferences] audio: found");
    refuse("[browser_preferences]\naudio = Chrome\n", "2: [browser_preferences] audio: found");
    refuse("[bridge]\nheartbeat_interval = 0\n",
        "2: [bridge] heartbeat_interval: found \"0\"; allowed: a duration from 100ms to ");
    refuse(
        "[log]\nlevel = info\nlevel = info\n", "3: [log] level: is given twice, first in line 2");
    refuse("[log]\nlevel = info\n[api]\n[log]\nlevel = warn\n",
        "5: [log] level: is given twice, first in line 2");
    refuse(
        "[log]\nlevel = info ; quiet\n", "2: a value cannot begin with \";\" or contain a space");
    refuse("[log]\nlevel =;quiet\n", "2: a value cannot begin with \";\" or contain a space");
}

TEST(refuses_kinds_of_browser_that_there_are_not)
{
    refuse("[browser_preferences]\nvision = firefox, zzz/wasm\n",
        "2: [browser_preferences] vision: there is no kind \"zzz\"; allowed: chrome, edge, "
        "firefox");
    refuse("[browser_preferences]\nother = zzz\n", "2: [browser_preferences] other: there is no");
    struct wi_problems none = {0};
    struct wi_config *config = load("[browser_preferences]\nvision = mine, chromium, webkit/wasm\n"
                                    "[browser.mine]\nmax_connections = 0\n",
        &none);
    assert_non_null(config);
    wi_config_unref(config);
}

TEST(refuses_hosts_and_origins_that_no_client_can_name)
{
    static const char *const hosts[] = {"5 5", "https://a.example", "a.example/",
        "a.example:", "a.example:0", "a.example:65536", "a.example:80:80", "::1", "[::1", "[]",
        "[zz]", "*", "a@b", "\xc3\xa9.example"};
    static const char *const origins[] = {"zzz", "a.example", "https://", "https://a.example/",
        "https://a.example:port", "https://a b", "HTTPS//a.example", "null", "*"};
    char text[120], field[64];

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(text, sizeof text, "[api]\nallowed_hosts = good.example, %s\n", hosts[i]);
        snprintf(field, sizeof field, "2: [api] allowed_hosts: found \"%s\"", hosts[i]);
        refuse(text, field);
    }
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        snprintf(text, sizeof text, "[api]\nallowed_origins = %s\n", origins[i]);
        snprintf(field, sizeof field, "2: [api] allowed_origins: found \"%s\"", origins[i]);
        refuse(text, field);
    }
    struct wi_problems none = {0};
    struct wi_config *config =
        load("[api]\nallowed_hosts = a, A.example, a_b-c.example:443, 127.0.0.1, [::1], [::1]:80\n"
             "allowed_origins = https://a.example, http://[::1]:80, chrome-extension://abcdef\n",
            &none);
    assert_non_null(config);
    wi_config_unref(config);
}

TEST(refuses_endpoints_that_are_no_origins_of_pages)
{
    static const char *const bad[] = {"b.example", "//b.example", "https://b.example/",
        "https://good.example@evil", "javascript:alert(1)", "ws://b.example",
        "https://b.example:443", "http://b.example:80", "https://", "https://b.example?x"};
    struct wi_problems none = {0};
    char text[160], field[128];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "[bridge]\nendpoints = %s\n", bad[i]);
        snprintf(field, sizeof field, "2: [bridge] endpoints: found \"%s\"", bad[i]);
        refuse(text, field);
    }
    refuse("[bridge]\npublic_url = https://a.example\nendpoints = http://b.example:8471\n",
        "3: [bridge] endpoints: http://b.example:8471: a page that was loaded over https");
    refuse(
        "[bridge]\nendpoints = http://a:1,http://a:2,http://a:3,http://a:4,http://a:5,http://a:6,"
        "http://a:7,http://a:8,http://a:9,http://b:1,http://b:2,http://b:3,http://b:4,http://b:5,"
        "http://b:6,http://b:7,http://b:8\n",
        "2: [bridge] endpoints: has 17 origins; allowed: at most 16");
    struct wi_config *config =
        load("[bridge]\nendpoints = https://b.example:8471, http://10.0.0.2:8471, http://[::1]:9\n",
            &none);
    assert_non_null(config);
    assert_int_equal(config->bridge.endpoints.count, 3);
    wi_config_unref(config);
}

#define PEER "/p2p/12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB"

TEST(refuses_peers_that_no_page_reaches)
{
    static const char *const bad[] = {"http://a.example", "/ip4/10.0.0.1/tcp/1" PEER,
        "/ip6/::1/tcp/1/ws" PEER, "/dns4/a.example/tcp/1/ws"};
    struct wi_problems none = {0};
    char text[256], field[192], many[1024];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "[bridge]\npeers = %s\n", bad[i]);
        snprintf(field, sizeof field, "2: [bridge] peers: found \"%s\"", bad[i]);
        refuse(text, field);
    }
    refuse("[bridge]\npeers = /ip4/10.0.0.1/tcp/1" PEER "\n",
        "2: [bridge] peers: found \"/ip4/10.0.0.1/tcp/1" PEER "\"; allowed: addresses of the form "
        "/dns4/HOST/tcp/PORT/wss/p2p/ID; /ws or /wss follows the port, because browsers cannot use "
        "/tcp without it");
    size_t size = (size_t)snprintf(many, sizeof many, "[bridge]\n");
    for (int port = 1; port <= 9; port++)
        size += (size_t)snprintf(
            many + size, sizeof many - size, "peers = /dns/a/tcp/%d/ws" PEER "\n", port);
    refuse(many, "2: [bridge] peers: has 9 addresses; allowed: at most 8");
    refuse("[bridge]\ntrusted_proxies = everybody\n",
        "2: [bridge] trusted_proxies: found \"everybody\"");
    struct wi_config *config = load("[bridge]\npeers = /ip4/10.0.0.1/tcp/1/ws" PEER
                                    ", /dns4/a.example/tcp/443/wss" PEER "\n"
                                    "trusted_proxies = 127.0.0.1, fd00::/8\n",
        &none);
    assert_non_null(config);
    assert_int_equal(config->bridge.peers.count, 2);
    wi_config_unref(config);
}

TEST(refuses_stun_servers_that_are_none)
{
    static const char *const bad[] = {
        "turn:a.example", "stun:", "stun:a\"b", "stun:a.example:0", "a.example:3478"};
    struct wi_problems none = {0};
    char text[256], field[192];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "[bridge]\nstun = %s\n", bad[i]);
        snprintf(field, sizeof field,
            "2: [bridge] stun: found \"%s\"; allowed: stun:, a host and an optional port", bad[i]);
        refuse(text, field);
    }
    refuse("[bridge]\nstun = stun:a, stun:b, stun:c, stun:d, stun:e\n",
        "2: [bridge] stun: has 5 servers; allowed: at most 4");
    struct wi_config *config =
        load("[bridge]\nstun = stun:a.example:3478, stun:[fd00::1]\n", &none);
    assert_non_null(config);
    assert_int_equal(config->bridge.stun.count, 2);
    wi_config_unref(config);
}

/* Each word behind "such as", in what is said of a value that was refused. */
TEST(examples_are_values_that_are_allowed)
{
    unsigned count = 0;

    for (const struct wi_setting *option = wi_options; option->key; option++) {
        char allowed[256];
        int64_t value = 0;
        wi_option_allowed(option, allowed, sizeof allowed);
        char *words = strstr(allowed, "such as ");
        if (!words || (option->kind != WI_OPTION_SIZE && option->kind != WI_OPTION_DURATION))
            continue;
        for (char *word = strtok(words + 8, " "); word; word = strtok(NULL, " ")) {
            if (strcmp(word, "or") == 0)
                continue;
            if (wi_option_set(option, (char *)&value - option->offset, word, 0) != 0)
                fail_msg("[%s] %s does not take %s", option->section, option->key, word);
            count++;
        }
    }
    assert_true(count > 20);
}

TEST(every_gpu_that_is_looked_at_can_be_chosen)
{
    struct wi_config *config = load_good("[browser.chrome]\ngpu_device = 31\n");
    char allowed[64];

    assert_int_equal(config->browsers[0].gpu_device, WI_GPU_DEVICE_FIRST + WI_GPUS_MAX - 1);
    wi_option_placeholder(wi_option_find("browser", "gpu_device"), allowed, sizeof allowed);
    assert_string_equal(allowed, "auto | all | 0 to 31");
    wi_option_placeholder(wi_option_find("models", "threads"), allowed, sizeof allowed);
    assert_string_equal(allowed, "auto | 1 to 8");
    wi_config_unref(config);
}

/* What is printed is read as the same value, and nothing else is one. */
TEST(a_choice_is_a_name_or_a_number)
{
    static const struct {
        const char *key, *text;
        int value; /* -1: it is none */
    } rows[] = {{"gpu_device", "auto", WI_GPU_DEVICE_AUTO},
        {"gpu_device", "all", WI_GPU_DEVICE_ALL}, {"gpu_device", "0", WI_GPU_DEVICE_FIRST},
        {"gpu_device", "31", WI_GPU_DEVICE_FIRST + 31}, {"gpu_device", "32", -1},
        {"gpu_device", "-1", -1}, {"gpu_device", "1.5", -1}, {"gpu_device", "", -1},
        {"gpu_device", "one", -1}, {"gpu_device", "99999999999999999999", -1},
        {"threads", "auto", 0}, {"threads", "1", 1}, {"threads", "8", 8}, {"threads", "0", -1},
        {"threads", "9", -1}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int is_gpu = *rows[i].key == 'g', value = -1;
        const struct wi_setting *option =
            wi_option_find(is_gpu ? "browser" : "models", rows[i].key);
        void *base = (char *)&value - option->offset;
        assert_int_equal(wi_option_set(option, base, rows[i].text, 0), rows[i].value < 0 ? -1 : 0);
        assert_int_equal(value, rows[i].value);
        if (value < 0)
            continue;
        char *text = wi_option_format(option, base);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

TEST(takes_settings_in_the_place_of_what_the_file_says)
{
    static char *items[] = {"pool.max_connections=2", "browser.chrome.gpu=off",
        "browser_preferences.vision=firefox", "browser_preferences.vision=chrome/webgpu",
        "browser.other.headless=no", "aliases.gpt-4=finch"};
    const struct wi_strings settings = {items, sizeof items / sizeof *items};
    struct wi_problems problems = {0};
    char path[64];

    static const char file[] = "[pool]\nmax_connections = 7\nmax_queue = 9\n"
                               "[browser_preferences]\nvision = edge\naudio = edge\n";

    write_file(path, file, sizeof file - 1);
    struct wi_config *c = wi_config_load_with(path, &settings, &problems);
    unlink(path);
    assert_non_null(c);
    assert_int_equal(c->pool.max_connections, 2);
    assert_int_equal(c->pool.max_queue, 9);
    assert_int_equal(wi_config_find_browser(c, "chrome")->gpu, WI_GPU_OFF);
    assert_int_equal(wi_config_find_browser(c, "other")->headless, 0);
    assert_int_equal(c->browser_preferences.vision.count, 2);
    assert_string_equal(c->browser_preferences.vision.items[1], "chrome/webgpu");
    assert_string_equal(c->browser_preferences.audio.items[0], "edge");
    assert_int_equal(c->aliases.count, 1);
    wi_config_unref(c);
}

TEST(refuses_settings_that_are_none)
{
    static char *items[] = {"max_connections=2", "pool.max_connections", "pool.max_queue=x",
        "pol.max_queue=1", "log.level=in\nfo", "log.format=json", "log.format=text"};
    static const char *const told[] = {"--set: found \"max_connections=2\"; a setting is",
        "--set: found \"pool.max_connections\"; a setting is",
        "--set: [pool] max_queue: found \"x\"; allowed", "--set: there is no section [pol]",
        "--set: there is a control character (byte 10)", "--set: [log] format: is given twice"};
    const struct wi_strings settings = {items, sizeof items / sizeof *items};
    struct wi_problems problems = {0};

    assert_null(wi_config_load_with(NULL, &settings, &problems));
    assert_int_equal(problems.count, sizeof told / sizeof *told);
    for (size_t i = 0; i < problems.count; i++)
        assert_non_null(strstr(problems.items[i].detail, told[i]));
    wi_problems_clear(&problems);
}

TEST(refuses_lines_that_inih_would_tear)
{
    char text[600] = "[browser.chrome]\narguments = ", path[64];
    size_t start = strlen(text);
    struct wi_problems problems = {0};

    memset(text + start, 'x', 300);
    strcpy(text + start + 300, "\n");
    refuse(text, "2: the line has 312 bytes; at most");
    /* The longest line that is allowed arrives whole. */
    for (size_t length = 150; length <= 198; length++) {
        memset(text + start, 'y', length - 12);
        strcpy(text + start + length - 12, "\n");
        struct wi_config *c = load_good(text);
        assert_int_equal(c->browsers[0].arguments.count, 1);
        assert_int_equal(strlen(c->browsers[0].arguments.items[0]), length - 12);
        wi_config_unref(c);
    }
    memset(text, '#', 500); /* comments may be long */
    strcpy(text + 500, "\n[log]\nlevel=warn\n");
    wi_config_unref(load_good(text));
    refuse("[api]\n\x01\n", "2: there is a control character (byte 1)");
    write_file(path, "[log]\nlevel = in\0fo\n", 20);
    assert_null(wi_config_load(path, &problems));
    unlink(path);
    assert_problem(&problems, 0, "2: there is a control character (byte 0)");
    wi_problems_clear(&problems);
}

/* One after the other, with the rest of a section that is none left out, and without what only
 * follows from a value that was refused. */
TEST(says_all_that_is_wrong_at_once)
{
    struct wi_problems problems = {0};

    assert_null(load("stray = 1\n" /* 1 */
                     "[pool]\n"
                     "max_conections = 3\n" /* 3 */
                     "max_queue = many\n"   /* 4 */
                     "connection_timeout = 5s\n"
                     "connection_timeout = 6s\n" /* 6 */
                     "memory_budget = little\n"  /* 7 */
                     "min_connections = 9\n"     /* 8 */
                     "[nosuch]\n"                /* 9 */
                     "key = value\n"
                     "[api\n" /* 11 */
                     "listen = here\n"
                     "[api]\n"
                     "max_body = 1G\n"
                     "no key and value\n" /* 15 */
                     "tls_key = /key\n"   /* 16 */
                     "listen = there\n",  /* 17 */
        &problems));
    assert_problem(&problems, 0, "1: \"stray\" is before the first [section]");
    assert_problem(&problems, 1, "3: [pool] has no key \"max_conections\"; did you mean");
    assert_problem(&problems, 2, "4: [pool] max_queue: found \"many\"; allowed: ");
    assert_problem(&problems, 3, "6: [pool] connection_timeout: is given twice");
    assert_problem(&problems, 4, "7: [pool] memory_budget: found \"little\"");
    assert_problem(&problems, 5, "9: there is no section [nosuch]");
    assert_problem(&problems, 6, "11: found \"[api\"; a section is");
    assert_problem(&problems, 7, "15: found \"no key and value\"");
    assert_problem(&problems, 8, "17: [api] listen: found \"there\"");
    assert_problem(&problems, 9, "16: [api] tls_key: needs tls_certificate");
    assert_problem(&problems, 10, "8: [pool] min_connections: 9 is more than max_connections");
    assert_int_equal(problems.count, 11);
    wi_problems_clear(&problems);
}

static void count(void *context, const char *line)
{
    size_t *lines = context;

    ++*lines;
    assert_int_equal(strcmp(line, "and 9950 more") == 0, *lines == WI_PROBLEMS_MAX + 1);
}

TEST(keeps_the_first_problems_and_counts_the_others)
{
    struct wi_problems problems = {0};
    char *text = malloc(10000 * 2 + 1);
    size_t lines = 0;

    for (size_t i = 0; i < 10000; i++)
        memcpy(text + 2 * i, "?\n", 3);
    assert_null(load(text, &problems));
    assert_int_equal(problems.count, WI_PROBLEMS_MAX);
    assert_int_equal(problems.more, 10000 - WI_PROBLEMS_MAX);
    wi_problems_say(&problems, count, &lines);
    assert_int_equal(lines, WI_PROBLEMS_MAX + 1);
    wi_problems_clear(&problems);
    free(text);
}

TEST(names_a_file_that_cannot_be_read)
{
    struct wi_problems problems = {0};
    assert_null(wi_config_load("/nonexistent/webinferd.conf", &problems));
    assert_string_equal(problems.items[0].detail,
        "/nonexistent/webinferd.conf: cannot be opened: No such file or directory");
    assert_null(wi_config_load("/", &problems));
    assert_int_equal(problems.count, 2);
    assert_non_null(strstr(problems.items[1].detail, "cannot be read: Is a directory"));
    wi_problems_clear(&problems);
}

TEST(takes_no_pipe_and_no_device)
{
    struct wi_problems problems = {0};
    char folder[] = "/tmp/wi-config-XXXXXX", fifo[64];

    assert_non_null(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    alarm(10); /* a FIFO that nobody writes to cannot be opened otherwise, nor /dev/zero read */
    assert_null(wi_config_load(fifo, &problems));
    assert_null(wi_config_load("/dev/zero", &problems));
    alarm(0);
    assert_int_equal(problems.count, 2);
    for (size_t i = 0; i < problems.count; i++)
        assert_non_null(strstr(problems.items[i].detail, ": is not a regular file;"));
    wi_problems_clear(&problems);
    struct wi_config *config = wi_config_load("/dev/null", &problems);
    assert_non_null(config);
    wi_config_unref(config);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(rmdir(folder), 0);
}

TEST(checks_rules_across_keys)
{
    refuse("[api]\nlisten = 0.0.0.0:8470\n", "2: [api] listen: 0.0.0.0:8470 is reachable");
    refuse("[api]\nlisten = [::]:8470\n", "2: [api] listen: [::]:8470 is reachable");
    refuse("[api]\ntls_key = /k\n", "2: [api] tls_key: needs tls_certificate");
    refuse("[bridge]\ntls_certificate = /c\n", "2: [bridge] tls_certificate: needs tls_key");
    refuse("[browser.edge]\npreferences = a.b\n",
        "2: [browser.edge] preferences: \"a.b\" is not a preference; write NAME=VALUE");
    refuse("[browser.edge]\npreferences = a=1\npreferences = b=text\n",
        "2: [browser.edge] preferences: the value of \"b=text\" is not valid JSON");
    refuse("[browser.chrome]\ngpu = software\ngpu_device = all\n",
        "3: [browser.chrome] gpu_device: chooses a GPU, which is used only with gpu = auto or");
    refuse("[bridge]\npublic_url = http://a.example\n"
           "[browser.edge]\ndriver_url = http://127.0.0.1:4444\ngpu_device = 0\n",
        "5: [browser.edge] gpu_device: only a browser that the daemon starts can be given a GPU");
    refuse("[browser.chrome]\ngpu_device = 32\n",
        "2: [browser.chrome] gpu_device: found \"32\"; allowed: auto, all, 0 to 31");
    refuse("[browser.chrome]\ndriver_url = http://grid.example:4444\n",
        "2: [browser.chrome] driver_url: this is another machine, whose browsers need [bridge] "
        "public_url");
    refuse("[content]\nreplicas = 2\n",
        "2: [content] replicas: 2 copies would not be served, since serve is no; set serve = "
        "published");
    wi_config_unref(load_good("[content]\nreplicas = 2\nserve = published\n"));
    refuse("[pool]\nmax_connections = 2\nmin_connections = 3\n",
        "3: [pool] min_connections: 3 is more than max_connections, which is 2");
    refuse("[bridge]\nlisten = 0.0.0.0:8471\n", "2: [bridge] listen: 0.0.0.0:8471 means all");
    refuse("[bridge]\nlisten = 127.0.0.1:8470\n", "2: [bridge] listen: 127.0.0.1:8470 is also the");
    refuse("[pool]\nmemory_budget = 100M\n", "2: [pool] memory_budget: 104857600 bytes is less");
    refuse(
        "[channels]\nlisten = 0.0.0.0:8472\n", "2: [channels] listen: 0.0.0.0:8472 is reachable");
    refuse("[channels]\nlisten = 127.0.0.1:8470\n",
        "2: [channels] listen: 127.0.0.1:8470 is also the address of [api]");
    refuse("[channels]\nlisten = 127.0.0.1:8471\n",
        "2: [channels] listen: 127.0.0.1:8471 is also the address of [bridge]");
    refuse("[channels]\nlisten = yes\n",
        "2: [channels] listen: found \"yes\"; allowed: no, or a numeric address and a port");
    refuse("[channels]\ntls_key = /k\n", "2: [channels] tls_key: needs tls_certificate as well");
    wi_config_unref(load_good("[channels]\nlisten = no\n"));
    wi_config_unref(load_good("[api]\ntokens_file = /t\n[channels]\nlisten = 0.0.0.0:8472\n"));
    wi_config_unref(load_good("[api]\nlisten = 0.0.0.0:8470\ntokens_file = /t\n"));
    refuse("[api]\ntrusted_proxies = 127.0.0.1\n",
        "2: [api] trusted_proxies: requests through proxies may come from anywhere, so tokens_file "
        "is needed");
    refuse("[api]\ntokens_file = /t\ntrusted_proxies = 127.0.0.1, localhost\n",
        "3: [api] trusted_proxies: found \"localhost\"; allowed: addresses and networks");
    wi_config_unref(load_good(
        "[api]\ntokens_file = /t\ntrusted_proxies = 127.0.0.1, ::1\ntrusted_proxies = fd00::/8\n"));
    wi_config_unref(load_good("[api]\nlisten = 127.9.9.9:0\n[bridge]\nlisten = 127.9.9.9:0\n"));
}

TEST(reads_aliases)
{
    struct wi_config *c = load_good("[aliases]\n"
                                    "gpt-4o.Mini = owner/tiny:Q8_0\n"
                                    "own/er=tiny\n"
                                    "[api]\n[aliases]\nthird = builtin/echo\n");
    assert_int_equal(c->aliases.count, 3);
    assert_string_equal(c->aliases.items[0].name, "gpt-4o.Mini");
    assert_string_equal(c->aliases.items[0].model, "owner/tiny:Q8_0");
    assert_int_equal(c->aliases.items[2].line, 6);
    wi_config_unref(c);
    refuse("[aliases]\na = tiny\na = other\n", "3: [aliases] a: is given twice, first in line 2");
    refuse("[aliases]\nbuiltin/echo = tiny\n", "2: [aliases] builtin/echo: builtin/echo is the");
    refuse("[aliases]\na/b/c = tiny\n", "2: [aliases] a/b/c: \"a/b/c\" cannot be an alias");
    refuse("[aliases]\na = tiny@wasm\n", "2: [aliases] a: \"tiny@wasm\" is not a model name");
    refuse("[aliases]\na:b = tiny\n", "2: found \"a:b = tiny\"; allowed are");
    refuse("[aliases]\na = b:Q8_0\nb = tiny\n",
        "2: [aliases] a: b:Q8_0 is also an alias; name the model itself");
    refuse("[aliases]\na23456789012345678901234567890123456789012345678x = tiny\n",
        "2: the name has 49 letters; at most 48 are allowed");
    refuse("[alias]\n", "1: there is no section [alias]; did you mean [aliases]?");
}

TEST(knows_hubs)
{
    struct wi_config *c = load_good("[models]\nhub = mirror\nquota = 5G\n"
                                    "pull_on_demand = org/*, other/one\n"
                                    "[hub.mirror]\nurl = https://models.example:8443/all\n"
                                    "token_file = /etc/webinfer/token\nlayout = plain\n"
                                    "[hub.here]\nurl = http://127.0.0.1:8080\n");
    const struct wi_config_hub *first = wi_config_find_hub(c, "huggingface");
    const struct wi_config_hub *mirror = wi_config_find_hub(c, "mirror");
    assert_int_equal(c->hub_count, 4);
    assert_string_equal(first->url, "https://huggingface.co");
    assert_null(first->token_file);
    assert_int_equal(first->layout, WI_HUB_HUGGINGFACE);
    assert_string_equal(mirror->url, "https://models.example:8443/all");
    assert_string_equal(mirror->token_file, "/etc/webinfer/token");
    assert_int_equal(mirror->layout, WI_HUB_PLAIN);
    assert_null(wi_config_find_hub(c, "elsewhere"));
    assert_string_equal(c->models.hub, "mirror");
    assert_true(c->models.quota == UINT64_C(5) << 30);
    assert_int_equal(c->models.pull_on_demand.count, 2);
    wi_config_unref(c);
}

TEST(knows_gateways)
{
    struct wi_config *c = load_good("[hub.lan]\nurl = http://10.0.0.2:8080\nlayout = ipfs\n");
    const struct wi_config_hub *standard = wi_config_find_hub(c, "ipfs");
    assert_string_equal(standard->url, "https://trustless-gateway.link");
    assert_int_equal(standard->layout, WI_HUB_IPFS);
    assert_int_equal(wi_config_find_hub(c, "lan")->layout, WI_HUB_IPFS);
    wi_config_unref(c);
    c = load_good("[hub.ipfs]\nurl =\n");
    assert_null(wi_config_find_hub(c, "ipfs")->url);
    wi_config_unref(c);
    c = load_good("[hub.ipfs]\nurl = https://hub.example\nlayout = huggingface\n"
                  "[models]\nhub = ipfs\n");
    assert_int_equal(wi_config_find_hub(c, "ipfs")->layout, WI_HUB_HUGGINGFACE);
    wi_config_unref(c);
}

TEST(refuses_hubs_that_cannot_be)
{
    refuse("[hub]\n", "1: there is no section [hub]; ");
    refuse("[hub.Mirror]\n",
        "1: [hub.Mirror] is not a valid hub section; allowed: [hub.NAME], where NAME");
    refuse("[hub.mirror]\nurl =\n", "2: [hub.mirror] url: is missing; set the URL of this hub");
    refuse("[hub.mirror]\nurl = http://models.example\n",
        "2: [hub.mirror] url: is an http URL on another machine; allowed: https, or http on this "
        "machine");
    refuse("[hub.mirror]\nurl = https://me@models.example\n",
        "2: [hub.mirror] url: contains a user name; put the token into token_file instead");
    refuse("[hub.mirror]\nurl = https://m.example\nlayout = git\n",
        "3: [hub.mirror] layout: found \"git\"; allowed: huggingface, plain, ipfs, webinfer");
    refuse(
        "[models]\nhub = ipfs\n", "2: [models] hub: [hub.ipfs] has the layout ipfs: it provides");
    refuse("[hub.lan]\nurl =\nlayout = ipfs\n", "2: [hub.lan] url: is missing");
    refuse("[hub.lan]\nurl = http://10.0.0.2\nlayout = ipfs\ntoken_file = /t\n",
        "2: [hub.lan] url: is an http URL on another machine; allowed: https, or http on this "
        "machine");
    refuse("[models]\nhub = near\n[hub.near]\nurl = http://10.0.0.2:8471\nlayout = webinfer\n",
        "2: [models] hub: [hub.near] has the layout webinfer: it is a neighbour");
    refuse("[hub.near]\nurl = http://10.0.0.2:8471\nlayout = webinfer\ntoken_file = /t\n",
        "2: [hub.near] url: is an http URL on another machine; allowed: https, or http on this "
        "machine");
    refuse("[models]\nhub = mirror\n", "2: [models] hub: there is no [hub.mirror]");
    refuse("[models]\npull_on_demand = no, org/*\n",
        "2: [models] pull_on_demand: found \"no\"; allowed: no, or ORG/NAME and ORG/* separated");
    refuse("[models]\npull_on_demand = *\n", "2: [models] pull_on_demand: found \"*\"; allowed");
    refuse("[models]\npull_on_demand = org/a*\n", "2: [models] pull_on_demand: found \"org/a*\"");
    refuse("[models]\nkeep_versions = 0\n", "2: [models] keep_versions: found \"0\"; allowed: a");
}

/* Nothing of the file says where it is, so that there is no line to name. */
TEST(refuses_a_hub_without_a_url)
{
    struct wi_problems problems = {0};
    assert_null(load("[hub.mirror]\nlayout = plain\n", &problems));
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].field, "hub.mirror.url");
    assert_string_equal(
        problems.items[0].detail, "[hub.mirror] url: is missing; set the URL of this hub");
    wi_problems_clear(&problems);
}

TEST(reloads_only_what_is_reloadable)
{
    struct wi_problems problems = {0};
    struct wi_config *old = load_good("[log]\nlevel = info\n");
    struct wi_config *soft =
        load_good("[log]\nlevel = debug\n[pool]\nmax_queue = 7\n[browser.chrome]\nheadless = no\n"
                  "[browser.canary]\nbinary = canary\n"
                  "[hub.mirror]\nurl = https://m.example\n[models]\nhub = mirror\n");
    struct wi_config *hard =
        load_good("[log]\nlevel = debug\n[api]\nmax_body = 1M\n[bridge]\npage = /p\n");
    assert_int_equal(wi_config_check_reload(old, old, &problems), 0);
    assert_int_equal(wi_config_check_reload(old, soft, &problems), 0);
    assert_int_equal(problems.count, 0);
    assert_int_not_equal(wi_config_check_reload(old, hard, &problems), 0);
    assert_int_equal(problems.count, 2);
    assert_string_equal(problems.items[0].field, "api.max_body");
    assert_int_equal(problems.items[0].code, WI_CONFLICT);
    assert_string_equal(problems.items[1].field, "bridge.page");
    wi_problems_clear(&problems);
    wi_config_unref(old);
    wi_config_unref(soft);
    wi_config_unref(hard);
}

TEST(refuses_urls_that_are_none)
{
    static const char *const wrong[] = {"ftp://h.example", "h.example", "https://",
        "https://h.example/", "https://h.example/a b", "https://h.example/?x",
        "https://h.example#a", "https://h\"x", "https:/h.example"};
    static const char *const good[] = {
        "https://h.example", "https://h.example/a", "http://127.0.0.1:8080"};
    char text[128];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "[content]\nrouting = %s\n", wrong[i]);
        refuse(text, "2: [content] routing: ");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "[content]\nrouting = %s\n", good[i]);
        struct wi_config *config = load_good(text);
        assert_string_equal(config->content.routing, good[i]);
        wi_config_unref(config);
    }
}
