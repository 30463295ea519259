/* The option table: every key of the configuration file, in the order of printing. */
#include "settings/config/config_options.h"

#include <stddef.h>
#include <stdint.h>

#define KEY(section_, key_)                                                                        \
    .section = #section_, .key = #key_, .offset = offsetof(struct wi_config, section_.key_)
#define BROWSER_KEY(key_)                                                                          \
    .section = WI_SECTION_BROWSER, .key = #key_, .offset = offsetof(struct wi_config_browser, key_)
#define HUB_KEY(key_)                                                                              \
    .section = WI_SECTION_HUB, .key = #key_, .offset = offsetof(struct wi_config_hub, key_)
#define STRING .kind = WI_OPTION_STRING
#define PATH .kind = WI_OPTION_PATH
#define ADDRESS .kind = WI_OPTION_ADDRESS, .min = 1
#define URL .kind = WI_OPTION_URL
#define LIST .kind = WI_OPTION_LIST
#define LINES .kind = WI_OPTION_LINES
#define BOOL .kind = WI_OPTION_BOOL
#define ENUM(names_) .kind = WI_OPTION_ENUM, .names = names_
#define INTEGER(min_, max_) .kind = WI_OPTION_INTEGER, .min = min_, .max = max_
#define SIZE(min_, max_) .kind = WI_OPTION_SIZE, .min = min_, .max = max_
#define DURATION(min_, max_) .kind = WI_OPTION_DURATION, .min = min_, .max = max_
#define ROUTES .kind = WI_OPTION_ROUTES, .names = platforms
#define PERCENT .kind = WI_OPTION_PERCENT
#define DEFAULT(text) .default_text = text
#define RELOADABLE .reloadable = 1

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const char *const formats[] = {[WI_LOG_TEXT] = "text", [WI_LOG_JSON] = "json", NULL};
static const char *const gpus[] = {[WI_GPU_AUTO] = "auto",
    [WI_GPU_HARDWARE] = "hardware",
    [WI_GPU_SOFTWARE] = "software",
    [WI_GPU_OFF] = "off",
    NULL};
static const char *const tristates[] = {[WI_AUTO] = "auto", [WI_YES] = "yes", [WI_NO] = "no", NULL};
/* The threads of a model; those of the page's language engine end at 8. */
static const char *const model_threads[] = {"auto", "1", "2", "3", "4", "5", "6", "7", "8", NULL};
static const char *const families[] = {[WI_FAMILY_AUTO] = "auto",
    [WI_FAMILY_CHROMIUM] = "chromium",
    [WI_FAMILY_FIREFOX] = "firefox",
    [WI_FAMILY_WEBKIT] = "webkit",
    NULL};
static const char *const protocols[] = {
    [WI_DRIVER_AUTO] = "auto", [WI_DRIVER_CLASSIC] = "classic", [WI_DRIVER_BIDI] = "bidi", NULL};
static const char *const numerics[] = {
    [WI_NUMERICS_CHECK] = "check", [WI_NUMERICS_OFF] = "off", NULL};
static const char *const batchings[] = {
    [WI_BATCHING_OFF] = "off", [WI_BATCHING_FIXED] = "fixed", [WI_BATCHING_AUTO] = "auto", NULL};
static const char *const unknown_parameters[] = {
    [WI_UNKNOWN_REFUSE] = "refuse", [WI_UNKNOWN_IGNORE] = "ignore", NULL};
static const char *const custom_kernels[] = {[WI_CUSTOM_KERNELS_OFF] = "off",
    [WI_CUSTOM_KERNELS_ADMIN] = "admin",
    [WI_CUSTOM_KERNELS_USER] = "user",
    NULL};
const char *const wi_strangers_names[] = {[WI_STRANGERS_NONE] = "none",
    [WI_STRANGERS_TENSORS] = "tensors",
    [WI_STRANGERS_TEXT] = "text",
    NULL};
static const char *const verifies[] = {
    [WI_VERIFY_OFF] = "off", [WI_VERIFY_JOINED] = "joined", [WI_VERIFY_ALL] = "all", NULL};
static const char *const networks[] = {[WI_NETWORK_AUTO] = "auto",
    [WI_NETWORK_ISOLATED] = "isolated",
    [WI_NETWORK_HOST] = "host",
    NULL};
static const char *const layouts[] = {[WI_HUB_HUGGINGFACE] = "huggingface",
    [WI_HUB_PLAIN] = "plain",
    [WI_HUB_IPFS] = "ipfs",
    [WI_HUB_WEBINFER] = "webinfer",
    NULL};
const struct wi_hub_facts wi_hub_facts[] = {
    [WI_HUB_HUGGINGFACE] = {1, 0, NULL},
    [WI_HUB_PLAIN] = {1, 0, NULL},
    [WI_HUB_IPFS] = {0, 1, "ipfs: it brings blocks by their CIDs, and has no models by name"},
    [WI_HUB_WEBINFER] = {1, 1,
        "webinfer: it is a neighbour, which is a source of every pull, and is asked for its own "
        "models only if a pull names it"},
};
static const char *const serves[] = {
    [WI_SERVE_NO] = "no", [WI_SERVE_PUBLISHED] = "published", [WI_SERVE_ALL] = "all", NULL};
static const char *const platforms[] = {"webgpu", "webnn", "webgl", "wasm", NULL};

const struct wi_section wi_sections[] = {
    {.name = "api", .help = "The listener for clients: REST, status and metrics."},
    {.name = "bridge",
        .help = "The listener for browsers: the page, model files and the node protocol."},
    {.name = "pool", .help = "How many browsers run, and how much work is accepted."},
    {.name = "browser_preferences",
        .help = "Where models run until something has been measured: for each type of model, the "
                "kinds of browser in order of preference, each with a platform if that matters. "
                "Kinds that are not installed are skipped, and measurements outweigh preferences."},
    {.name = WI_SECTION_BROWSER,
        .help = "A kind of browser. chrome, edge, firefox and safari always exist; further "
                "sections add kinds, named with lower-case letters, digits, \"-\" and \"_\".",
        .sample = "chrome"},
    {.name = "models", .help = "Where the models are, and where they come from."},
    {.name = WI_SECTION_HUB,
        .help = "A source from which models are pulled. huggingface and ipfs always exist; "
                "further sections add others, such as a company's mirror, named with lower-case "
                "letters, digits, \"-\" and \"_\".",
        .sample = WI_HUB_DEFAULT},
    {.name = WI_SECTION_ALIASES,
        .help = "Other names for models, for clients that ask for a name of their own. Each key "
                "is an alias of letters of both cases, digits, \".\", \"_\", \"-\" and at most "
                "one \"/\", at most 48 characters in all. An alias takes precedence over a model "
                "of the same name, and cannot lead to another alias. If MODEL names no variant, a "
                "request may add one, as in NAME:VARIANT.",
        .free_key = "NAME",
        .free_value = "MODEL[:VARIANT]"},
    {.name = "content",
        .help = "Models by content: which models the bridge's listener serves to others, block by "
                "block under their CIDs, as a trustless IPFS gateway."},
    {.name = "store",
        .help = "Data that is kept across restarts: measurements, verdicts, capabilities of "
                "browsers, jobs and runs of the laboratory."},
    {.name = "log", .help = "The log, on standard error."}, {0}};

const struct wi_setting wi_options[] = {
    {KEY(api, listen), ADDRESS, DEFAULT("127.0.0.1:8470"),
        .help = "Address for clients. With port 0 the system chooses the port. An address other "
                "than loopback requires tokens_file."},
    {KEY(api, tokens_file), PATH, DEFAULT(""), RELOADABLE,
        .help = "The file of tokens, made by \"webinfer token new\": lines of NAME:SHA256:RANK, "
                "where the rank is user, admin or node. The file must have mode 0600 and belong "
                "to the user that the daemon runs as. Without it, every user of this machine may "
                "do everything."},
    {KEY(api, allowed_hosts), LIST, DEFAULT(""), RELOADABLE,
        .help = "Names that the Host header of a request may contain, such as the host name in "
                "the certificate, in addition to the listening address itself and, with any "
                "port, localhost and the loopback addresses."},
    {KEY(api, allowed_origins), LIST, DEFAULT(""), RELOADABLE,
        .help = "Origins of web pages that may use the service from a browser, such as "
                "https://example.org."},
    {KEY(api, trusted_proxies), LIST, DEFAULT(""), RELOADABLE,
        .help = "Your own proxies in front of this listener: addresses and networks, such as "
                "127.0.0.1 and 10.1.0.0/16. The service trusts their headers about the client's "
                "address (X-Forwarded-For) and about the scheme, name and path of the original "
                "request (X-Forwarded-Proto, -Host and -Prefix, or Forwarded). The name must be "
                "one of allowed_hosts. This option requires tokens_file. A request with one of "
                "these headers never counts as a request from this machine, whatever its "
                "source: without tokens it is refused."},
    {KEY(api, max_body), SIZE(4 * KIB, 1 * GIB), DEFAULT("64M"),
        .help = "The largest request body."},
    {KEY(api, max_answer), SIZE(4 * KIB, 4 * GIB), DEFAULT("512M"),
        .help = "The largest answer, in bytes of tensors. It is never more than half of [pool] "
                "memory_budget."},
    {KEY(api, max_connections), INTEGER(1, 65536), DEFAULT("2048"),
        .help = "Maximum number of connections of clients. The limit of open files "
                "(LimitNOFILE, ulimit -n) can lower this maximum. Descriptors are reserved for "
                "the rest of the service: 128, and one for each of [bridge] max_nodes, but at "
                "most a quarter of the limit. Beyond the maximum, a new connection replaces one "
                "that has shown no token or, if there is none, one that has been idle for a "
                "while. If all others are busy, the new connection is answered with 503, except "
                "for /healthz and admins."},
    {KEY(api, max_connections_per_address), INTEGER(1, 65536), DEFAULT("256"), RELOADABLE,
        .help = "Maximum number of connections of clients from one address: an IPv4 address or "
                "an IPv6 /64 network. Beyond it, a new connection replaces one from the same "
                "address that has shown no token or is idle; if there is none, the new one is "
                "answered with 503. Connections from this machine are not counted. All "
                "connections through a proxy count for the proxy's address, so the proxy should "
                "have its own limits for its clients."},
    {KEY(api, max_connections_loopback), INTEGER(1, 65536), DEFAULT("1536"), RELOADABLE,
        .help = "Maximum number of connections of clients from this machine's loopback "
                "addresses, so that others remain for other machines. Beyond it the same rules "
                "apply, except for /healthz and admins. If all clients come through a proxy on "
                "this machine, set it to the value of max_connections."},
    {KEY(api, max_watchers), INTEGER(0, 1024), DEFAULT("64"), RELOADABLE,
        .help = "Maximum number of clients that read GET /v1/events at the same time, never "
                "more than half of max_connections. One user may have at most a quarter of this "
                "number. Further clients are answered with 429."},
    {KEY(api, stream_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"), RELOADABLE,
        .help = "How long the client of a resumable stream may be disconnected before its work is "
                "cancelled, and how long the end of a finished stream is kept."},
    {KEY(api, stream_buffer), SIZE(0, 64 * MIB), DEFAULT("256K"), RELOADABLE,
        .help = "How much of a resumable stream is kept after it has been sent, for a client that "
                "reconnects."},
    {KEY(api, sound_ahead), DURATION(30 * SECOND, 10 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "How much live sound may be waiting for its final text. A client that sends "
                "more is answered with 429 until the text of some of it is final."},
    {KEY(api, send_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "A client that reads nothing from a stream for this long, although data is "
                "waiting, counts as gone."},
    {KEY(api, idle_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("60s"), RELOADABLE,
        .help = "How long a connection stays open between two requests. A proxy that keeps "
                "connections open should close them earlier than the service does."},
    {KEY(api, unknown_parameters), ENUM(unknown_parameters), DEFAULT("refuse"), RELOADABLE,
        .help = "Treatment of unknown parameters of compatible APIs. refuse: the request is "
                "answered with 400 and the name of the parameter. ignore: they are ignored and "
                "named in the header X-Webinfer-Ignored of the answer. Unknown fields of the "
                "service's own API are always refused."},
    {KEY(api, custom_kernels), ENUM(custom_kernels), DEFAULT("admin"), RELOADABLE,
        .help = "Clients that may send their own WGSL kernels to POST /v1/compute: none (off), "
                "admins, or users as well. Others are answered with 403."},
    {KEY(api, kernel_time), DURATION(100, 60 * SECOND), DEFAULT("5s"), RELOADABLE,
        .help = "Maximum time for compiling and running such a kernel. A kernel that takes "
                "longer is answered with 504, and the GPU process of the browser that runs it "
                "is ended, or the whole browser if it has no separate GPU process."},
    {KEY(api, console), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether the address shows the console when it is opened in a browser. The "
                "console holds no data of its own: it asks the API for everything, with its "
                "user's token."},
    {KEY(api, tls_certificate), PATH, DEFAULT(""),
        .help = "The certificate chain of the listener, in PEM, for TLS. It requires tls_key."},
    {KEY(api, tls_key), PATH, DEFAULT(""), .help = "The private key of tls_certificate, in PEM."},

    {KEY(bridge, listen), ADDRESS, DEFAULT("127.0.0.1:8471"),
        .help = "Address for browsers. With port 0 the system chooses the port."},
    {KEY(bridge, public_url), URL, DEFAULT(""),
        .help = "The URL under which browsers reach this listener, if it differs from the "
                "listening address: behind a proxy, or when it listens on all addresses."},
    {KEY(bridge, page), PATH, .min = 1, DEFAULT("$DATADIR/page"),
        .help = "The folder of the built page."},
    {KEY(bridge, tls_certificate), PATH, DEFAULT(""),
        .help = "The certificate chain of the listener, in PEM, for TLS. It requires tls_key."},
    {KEY(bridge, tls_key), PATH, DEFAULT(""),
        .help = "The private key of tls_certificate, in PEM."},
    {KEY(bridge, heartbeat_interval), DURATION(100, 5 * MINUTE), DEFAULT("5s"),
        .help = "How often the service and the page signal that they are alive."},
    {KEY(bridge, heartbeat_misses), INTEGER(1, 100), DEFAULT("3"),
        .help = "Number of silent intervals after which a connection is given up."},
    {KEY(bridge, resume_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"),
        .help = "How long a page may take to reconnect after its connection has broken and "
                "still keep its work."},
    {KEY(bridge, max_nodes), INTEGER(1, 65536), DEFAULT("1024"), RELOADABLE,
        .help = "Maximum number of connected nodes. Up to a quarter of them, and at most [pool] "
                "max_connections, are reserved for browsers that the service starts."},
    {KEY(bridge, max_connections_per_address), INTEGER(16, 65536), DEFAULT("256"), RELOADABLE,
        .help = "Maximum number of connections from one address. Connections from this machine "
                "are not counted. The IPv6 addresses of one /64 network count as one address."},

    {KEY(pool, max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "Maximum number of browsers that the service starts."},
    {KEY(pool, min_connections), INTEGER(0, 1024), DEFAULT("1"), RELOADABLE,
        .help = "Number of browsers that are kept running without work."},
    {KEY(pool, connection_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "How long a browser may take from its start until its page is connected."},
    {KEY(pool, max_retries), INTEGER(0, 100), DEFAULT("3"), RELOADABLE,
        .help = "How often a job is tried again after its browser has broken. In total, for "
                "whatever reason, a job is sent to browsers at most 4 times max_retries plus 4 "
                "times."},
    {KEY(pool, max_queue), INTEGER(1, 1000000), DEFAULT("1024"), RELOADABLE,
        .help = "Maximum number of waiting jobs. Further jobs are refused with 429."},
    {KEY(pool, memory_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "Memory for request bodies, the queue and frames together. A request that does "
                "not fit is refused with 503. The budget is never more than a quarter of the "
                "machine's memory, or of the memory that the service's control group may have "
                "(MemoryMax=)."},
    {KEY(pool, model_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "Size of the models that a page keeps loaded. The least recently used model is "
                "unloaded first. A folder that does not fit together with the models in use loads "
                "its encoder, or its vision part, and its decoder in turns: this takes less "
                "memory, but answers are slower."},
    {KEY(pool, shutdown_timeout), DURATION(0, 1 * HOUR), DEFAULT("20s"), RELOADABLE,
        .help = "How long running jobs may take to finish after the service has been told to "
                "stop."},
    {KEY(pool, adaptive_scaling), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether browsers are opened while work waits, up to max_connections, and closed "
                "when there is none. Otherwise max_connections browsers are kept running. The "
                "running browsers divide the machine's cores among them as threads for wasm: with "
                "a queue there are more browsers with fewer threads each."},
    {KEY(pool, idle_timeout), DURATION(0, 24 * HOUR), DEFAULT("5m"), RELOADABLE,
        .help = "A browser above min_connections is closed after this long without work. 0 keeps "
                "it."},
    {KEY(pool, recycle_after), INTEGER(0, 1000000000), DEFAULT("10000"), RELOADABLE,
        .help = "Number of jobs after which a browser is replaced by a fresh one. 0 means never."},
    {KEY(pool, memory_limit), SIZE(0, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help = "A browser is replaced by a fresh one when its processes together hold more "
                "memory than this. Shared memory is counted once. 0 means no limit."},
    {KEY(pool, numerics), ENUM(numerics), DEFAULT("check"), RELOADABLE,
        .help = "With check, a platform other than wasm is trusted with a model only after its "
                "answer has been compared with that of wasm."},
    {KEY(pool, recheck), PERCENT, DEFAULT("0.1%"), RELOADABLE,
        .help = "Fraction of requests that trigger a new comparison."},
    {KEY(pool, exploration), PERCENT, DEFAULT("2%"), RELOADABLE,
        .help = "How much time may be spent at any other place to find out whether it has "
                "become faster for a model, as a share of the time of the model's runs for "
                "clients. To find out, a request runs there once more, outside the client's "
                "path."},
    {KEY(pool, batching), ENUM(batchings), DEFAULT("off"), RELOADABLE,
        .help = "Whether requests for the same model are joined if its first dimension is free. "
                "fixed waits batch_window for further requests; auto joins requests that are "
                "waiting anyway."},
    {KEY(pool, batch_window), DURATION(1, 10 * SECOND), DEFAULT("2ms"), RELOADABLE,
        .help = "How long a request waits for others that it can be joined with."},
    {KEY(pool, max_batch), INTEGER(2, 4096), DEFAULT("32"), RELOADABLE,
        .help = "Maximum size of the first dimension after joining."},
    {KEY(pool, client_share), PERCENT, DEFAULT("100%"), RELOADABLE,
        .help = "The share of max_queue, and of the room for stored jobs, that one client may "
                "use. While others wait, a client also gets no more than this share of what one "
                "node, or all nodes together, run at a time, and no more than an equal part of "
                "it. It may still use capacity that no other client can use, and work that is "
                "running is never taken back. A client never has more than this share of the "
                "slots in which GGUF models write texts: with 75%, one slot of four stays free "
                "for another client's short text, which would otherwise wait for the end of a "
                "long one."},
    {KEY(pool, job_retention), DURATION(1 * SECOND, 720 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "How long the results of jobs are kept for clients to fetch."},
    {KEY(pool, strangers), ENUM(wi_strangers_names), DEFAULT("tensors"), RELOADABLE,
        .help = "The work that is sent to browsers and programs that the service did not start: "
                "none, tensors and pictures only, or also text and sound, which is what people "
                "write and say to models. A picture with a question, a prompt or labels counts as "
                "text."},
    {KEY(pool, recheck_strangers), PERCENT, DEFAULT("5%"), RELOADABLE,
        .help = "The share of the answers of nodes that the service did not start which one of "
                "its own browsers computes again, after the client has been answered. The first "
                "three answers of each such node are always computed again. A node that is "
                "found wrong gets no more work. With 0% no answer is computed again."},
    {KEY(pool, verify), ENUM(verifies), DEFAULT("joined"), RELOADABLE,
        .help = "Which nodes must show that they compute correctly before they get work: none, "
                "those that the service did not start, or all. A node that lacks the engine "
                "\"kernels\" cannot show this, and gets work all the same. webinfer-proof(7) "
                "describes the check."},
    {KEY(pool, verify_again), DURATION(1 * SECOND, 168 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "Time after which a node must show again that it computes correctly."},
    {KEY(pool, network), ENUM(networks), DEFAULT("auto"), RELOADABLE,
        .help = "Whether each browser that the service starts has, together with its driver, a "
                "network of its own. isolated: this network contains only the bridge, and no other "
                "user of the machine can reach the browser's ports. host: the browser uses the "
                "machine's network, and every user of the machine can read and change what it "
                "computes. auto: isolated if the kernel allows it, otherwise host, with a warning. "
                "Browsers of a driver_url use the network of their service."},

    {KEY(browser_preferences, text_embedding), ROUTES, DEFAULT("edge/webnn, chrome, firefox"),
        RELOADABLE, .help = "For models that turn text into vectors."},
    {KEY(browser_preferences, text_generation), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models that continue text."},
    {KEY(browser_preferences, text2text), ROUTES, DEFAULT("edge, chrome, firefox"), RELOADABLE,
        .help = "For models that turn text into other text."},
    {KEY(browser_preferences, vision), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"), RELOADABLE,
        .help = "For models that take pictures."},
    {KEY(browser_preferences, audio), ROUTES, DEFAULT("firefox/webgpu, chrome, edge"), RELOADABLE,
        .help = "For models that take sound."},
    {KEY(browser_preferences, multimodal), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models that take several kinds of input."},
    {KEY(browser_preferences, other), ROUTES, DEFAULT("chrome, edge, firefox, safari"), RELOADABLE,
        .help = "For models of unknown type."},

    {BROWSER_KEY(family), ENUM(families), DEFAULT("auto"), RELOADABLE,
        .help = "The browser family of this kind, which decides how it is started. With auto it "
                "follows from the name of the kind: chrome and edge are chromium, firefox is "
                "firefox, safari is webkit, and any other kind is chromium."},
    {BROWSER_KEY(driver), ENUM(protocols), DEFAULT("auto"), RELOADABLE,
        .help = "The WebDriver protocol: classic or bidi. With auto, a Firefox without a "
                "driver_command is started directly and controlled through bidi, and every other "
                "browser through classic. With bidi, a browser that needs a driver is controlled "
                "through classic and BiDi together, so that the console messages of its page "
                "appear in the log."},
    {BROWSER_KEY(driver_command), STRING, DEFAULT(""), RELOADABLE,
        .help = "The WebDriver program: a path, or a name to look up in PATH, followed by its "
                "arguments. If empty, the usual names are tried."},
    {BROWSER_KEY(driver_url), URL, DEFAULT(""), RELOADABLE,
        .help =
            "A WebDriver service that is already running, such as a Selenium Grid. No driver is "
            "then started, and the service's browsers must be able to reach [bridge] public_url."},
    {BROWSER_KEY(binary), STRING, DEFAULT(""), RELOADABLE,
        .help = "The browser: a path, or a name to look up in PATH. If empty, the usual names are "
                "tried."},
    {BROWSER_KEY(arguments), LINES, DEFAULT(""), RELOADABLE,
        .help = "An additional command-line argument for the browser. Repeat the key for each "
                "argument."},
    {BROWSER_KEY(preferences), LINES, DEFAULT(""), RELOADABLE,
        .help = "A preference of the browser, as NAME=VALUE with the value in JSON, such as "
                "dom.webgpu.enabled=true. Repeat the key for each preference."},
    {BROWSER_KEY(platforms), LIST, .names = platforms, DEFAULT(""), RELOADABLE,
        .help = "The platforms that may compute in this browser. If empty, every platform that it "
                "offers may."},
    {BROWSER_KEY(headless), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether the browser runs without a window."},
    {BROWSER_KEY(gpu), ENUM(gpus), DEFAULT("auto"), RELOADABLE,
        .help = "The graphics adapter. auto takes the adapter that the browser chooses and labels "
                "it; a Chromium without a window uses an NVIDIA GPU if this user may open it and "
                "its Vulkan driver is installed. hardware uses a GPU through any Vulkan driver, "
                "and treats a software adapter as none. software forces a software adapter, and "
                "off uses none."},
    {BROWSER_KEY(sandbox), ENUM(tristates), DEFAULT("auto"), RELOADABLE,
        .help = "Whether the browser's own sandbox is on. With auto it is off only if the daemon "
                "runs as root."},
    {BROWSER_KEY(min_connections), INTEGER(0, 1024), DEFAULT("0"), RELOADABLE,
        .help = "Number of browsers of this kind that are kept running without work."},
    {BROWSER_KEY(max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "Maximum number of browsers of this kind. 0 turns the kind off."},

    {KEY(models, directory), PATH, .min = 1, DEFAULT("$STATE_DIRECTORY/models"), RELOADABLE,
        .help = "The folder that contains one folder for each model."},
    {KEY(models, max_picture_pixels), INTEGER(1, 1000000000), DEFAULT("40000000"), RELOADABLE,
        .help = "Maximum number of pixels of a picture. Larger pictures are refused before they "
                "are decoded."},
    {KEY(models, context), INTEGER(0, 1048576), DEFAULT("0"), RELOADABLE,
        .help = "Number of tokens of context for each conversation with a language model. 0 "
                "uses the length that the model was made for, but at most 8192, and less if "
                "memory is short."},
    {KEY(models, slots), INTEGER(1, 16), DEFAULT("4"), RELOADABLE,
        .help = "Number of conversations that a loaded language model serves at the same time; "
                "fewer if memory is short. Each has the whole context."},
    {KEY(models, idle_unload), DURATION(0, 720 * HOUR), DEFAULT("30m"), RELOADABLE,
        .help = "A language model is unloaded after this long without a request. 0 keeps it "
                "loaded until its memory is needed."},
    {KEY(models, warmup), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether a language model that was loaded ahead of any request first computes a "
                "few tokens, which are discarded. This makes the first answer faster."},
    {KEY(models, threads), ENUM(model_threads), DEFAULT("auto"), RELOADABLE,
        .help =
            "Number of threads for models on wasm. With auto, a model of at most 4 MiB "
            "whose runs take at most 5 ms has one thread. Any other model has the browser's "
            "share of the machine's cores; a language model has one less, and at most 4. A model "
            "that has more threads than its share, because another browser was opened, is "
            "loaded again when it is idle. On a busy machine more threads can be slower; a "
            "language model can be many times slower."},
    {KEY(models, share_prefix), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether one client's conversation may reuse what was computed for another "
                "client's conversation with the same beginning. The response time then reveals "
                "that another client has used this beginning."},
    {KEY(models, hub), STRING, .min = 1, DEFAULT(WI_HUB_DEFAULT), RELOADABLE,
        .help = "The hub for pulls that name none: the NAME of a [hub.NAME]."},
    {KEY(models, quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Disk space for pulled models. To make room for a new model, others are "
                "removed: first those that neighbours have, too, and among these the least "
                "recently used first. A model that was added by hand or is in use is never "
                "removed. With 0 no model is removed, and the limit is the free space of the "
                "disk."},
    {KEY(models, keep_versions), INTEGER(1, 100), DEFAULT("2"), RELOADABLE,
        .help = "Number of versions of a pulled model that are kept, including the newest."},
    {KEY(models, pull_on_demand), LIST, .min = 1, DEFAULT("no"), RELOADABLE,
        .help = "Models that are pulled when a request names them and they are missing: no for "
                "none, or a list of ORG/NAME, with ORG/* for all models of an organisation. "
                "Every client that may run models can then fill the disk with these models, up "
                "to quota."},
    {KEY(models, quantize_on_demand), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a missing variant is made from fp32 graphs when a request asks for its "
                "precision: int8, int4 or fp16. A variant is also made when the request names "
                "no precision and the model does not fit into memory. The request waits for it, "
                "within its timeout_ms. Every client that may run models can then use processor "
                "time and disk space for this, for two variants at a time."},

    {HUB_KEY(url), URL, DEFAULT("https://huggingface.co"), RELOADABLE,
        .help = "The URL of the hub: https, or http on this machine. Hubs of the layouts ipfs and "
                "webinfer without a token may also use http elsewhere, because all their data is "
                "verified. Every hub except huggingface and ipfs needs a URL. The default of ipfs "
                "is https://trustless-gateway.link; an empty URL removes that hub."},
    {HUB_KEY(token_file), PATH, DEFAULT(""), RELOADABLE,
        .help = "A file with the token for this hub; the token is sent to no other host. The file "
                "must have mode 0600 and belong to the user that the daemon runs as."},
    {HUB_KEY(layout), ENUM(layouts), DEFAULT("huggingface"), RELOADABLE,
        .help = "huggingface: the hub answers as huggingface.co does. plain: every folder below "
                "the URL that has a SHA256SUMS is a model; any web server can serve this. ipfs: "
                "the hub is a trustless gateway, a source of every ipfs:// pull. webinfer: the "
                "hub is another webinferd, at the URL of its [bridge] listen; it is a source of "
                "every pull for the models that its [content] serve allows."},

    {KEY(content, serve), ENUM(serves), DEFAULT("no"), RELOADABLE,
        .help = "Which models are served: none, those that were published, or all. all also "
                "serves every model that is pulled while it is set, except from a hub with a "
                "token. A model that was pulled earlier is served once it is pulled again, which "
                "fetches nothing new. The daemon fetches nothing on behalf of others."},
    {KEY(content, anyone), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether models are served to every client that reaches the bridge's listener. "
                "Otherwise a client must show a token of rank node or, if there is no "
                "tokens_file, be on this machine."},
    {KEY(content, download_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum rate of all pulls together, in bytes per second. 0 means no limit."},
    {KEY(content, interval), DURATION(1 * SECOND, 60 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "How often neighbours are asked which models they have, if copies are kept."},
    {KEY(content, replicas), INTEGER(0, 100), DEFAULT("0"), RELOADABLE,
        .help = "Number of complete copies that should exist of every model that is published "
                "here or by a neighbour, including the publisher's. If there are fewer for two "
                "intervals, one daemon with this option pulls a copy as ipfs/CID. The copy is "
                "removed once its publisher is reachable and no longer publishes the model. 0 "
                "makes no copies. This option requires a serve other than no, and the copies are "
                "served."},
    {KEY(content, replica_quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Disk space for the copies made here, which do not count towards [models] "
                "quota. 0 means the space that [models] quota leaves. No other model is removed "
                "to make room for a copy."},
    {KEY(content, routing), URL, DEFAULT(""), RELOADABLE,
        .help = "A delegated router. For each ipfs:// pull it is asked once which providers "
                "have the content. The URL is https or http. The path /routing/v1/providers/CID "
                "is appended to it; the URL itself may already end with /routing/v1. At most 8 "
                "of the gateways that the router names are asked for blocks in this pull, only "
                "over https and at public addresses, because you have not chosen them. The "
                "router learns which CIDs are pulled. If empty, no router is asked."},
    {KEY(content, stall), DURATION(100, 10 * MINUTE), DEFAULT("10s"), RELOADABLE,
        .help = "If a source delivers less than 64 kB of a block in this time, other sources "
                "are asked for the block, too."},
    {KEY(content, hub_shares), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a hub provides parts of a file while neighbours that have the file "
                "provide others. Otherwise the hub is asked only for parts that neighbours lack or "
                "fail to provide."},
    {KEY(content, upload_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum rate for all clients of the served models together, in bytes per second. "
                "0 means no limit."},

    {KEY(store, path), PATH, DEFAULT(""),
        .help = "The folder of the database. If empty, it is $STATE_DIRECTORY or, if that is not "
                "set, $XDG_STATE_HOME/webinfer or ~/.local/state/webinfer. Only one daemon may use "
                "it at a time."},
    {KEY(store, max_size), SIZE(1 * MIB, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help = "Maximum size of accepted jobs and their results in the database. A job that "
                "exceeds it is refused with 507 until results have expired."},
    {KEY(store, results_keep), INTEGER(1, 100000), DEFAULT("200"), RELOADABLE,
        .help = "Number of runs of the laboratory that are kept; a new run replaces the oldest."},

    {KEY(log, level), ENUM(wi_level_names), DEFAULT("info"), RELOADABLE,
        .help = "The lowest level of messages that are written."},
    {KEY(log, format), ENUM(formats), DEFAULT("text"), RELOADABLE,
        .help = "text: lines to read. json: one JSON object for each message."},
    {0}};
