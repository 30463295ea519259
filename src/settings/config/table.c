/* The option table: every key of the configuration file, in the order of printing. */
#include "settings/config/options.h"

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
        "webinfer: it is a neighbour, which is a source of every pull, and says what its own "
        "models are where a pull names it"},
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
        .help =
            "Where models go while nothing has been measured: for each type of model the kinds of "
            "browser, each with a platform if that matters, the preferred first. Kinds that are "
            "not installed are passed over, and measurements outweigh preferences."},
    {.name = WI_SECTION_BROWSER,
        .help = "A kind of browser. chrome, edge, firefox and safari are always there; further "
                "sections "
                "add kinds, their names being lower-case letters, digits, \"-\" and \"_\".",
        .sample = "chrome"},
    {.name = "models", .help = "Where the models are, and where they come from."},
    {.name = WI_SECTION_HUB,
        .help = "A place that models are pulled from. huggingface and ipfs are always there; "
                "further sections add others, such as a company's mirror, their names being "
                "lower-case letters, digits, \"-\" and \"_\".",
        .sample = WI_HUB_DEFAULT},
    {.name = WI_SECTION_ALIASES,
        .help = "Other names for models, for clients that ask for one of their own: each a key, "
                "which may have letters of both cases, digits, \".\", \"_\", \"-\" and one \"/\", "
                "at most 48 in all. An alias goes before a model of that name, and cannot lead to "
                "another alias. Where MODEL names no variant, who asks may do so, as in "
                "NAME:VARIANT.",
        .free_key = "NAME",
        .free_value = "MODEL[:VARIANT]"},
    {.name = "content",
        .help = "Models by content: what of them the bridge's listener gives to others, block by "
                "block under their CIDs, as a trustless gateway of IPFS."},
    {.name = "store",
        .help = "What is remembered from one start to the next: measurements, verdicts, what "
                "browsers can do, jobs and "
                "runs of the laboratory."},
    {.name = "log", .help = "The log, on standard error."}, {0}};

const struct wi_setting wi_options[] = {
    {KEY(api, listen), ADDRESS, DEFAULT("127.0.0.1:8470"),
        .help = "Where clients connect. Port 0 lets the system choose. An address other than "
                "loopback needs tokens_file."},
    {KEY(api, tokens_file), PATH, DEFAULT(""), RELOADABLE,
        .help =
            "The file of tokens, made by \"webinfer token new\": lines of NAME:SHA256:RANK, where "
            "the rank is user, admin or node. It has mode 0600 and belongs to the user whom "
            "the daemon runs as. Without it everybody on this machine may do everything."},
    {KEY(api, allowed_hosts), LIST, DEFAULT(""), RELOADABLE,
        .help = "Names under which clients may address the service in the Host header, beside the "
                "listening address itself and, with any port, localhost and loopback's addresses."},
    {KEY(api, allowed_origins), LIST, DEFAULT(""), RELOADABLE,
        .help = "Origins of web pages that may use the service from a browser, such as "
                "https://example.org."},
    {KEY(api, trusted_proxies), LIST, DEFAULT(""), RELOADABLE,
        .help =
            "Proxies of yours before this listener: addresses and networks, such as 127.0.0.1 and "
            "10.1.0.0/16. What they say of a request is believed: whose it is (X-Forwarded-For), "
            "and by which scheme, name and path they were asked (X-Forwarded-Proto, -Host and "
            "-Prefix, or Forwarded). The name has to be one of allowed_hosts. It needs "
            "tokens_file. Wherever it comes from, a request with one of these headers is none of "
            "this machine: where there are no tokens it is refused."},
    {KEY(api, max_body), SIZE(4 * KIB, 1 * GIB), DEFAULT("64M"),
        .help = "The largest request body."},
    {KEY(api, max_answer), SIZE(4 * KIB, 4 * GIB), DEFAULT("512M"),
        .help = "The most bytes of tensors in an answer, where half of [pool] memory_budget is not "
                "less."},
    {KEY(api, max_connections), INTEGER(1, 65536), DEFAULT("2048"),
        .help =
            "How many connections clients may have at the same time, as far as the limit of "
            "open files (LimitNOFILE, ulimit -n) has room for them: of it one for each of "
            "[bridge] max_nodes and 128 more, but at most a quarter, are left to the rest of "
            "the service. For further ones those go that have shown no token, where there is none "
            "one that has asked nothing for a while; where all others are asking they are "
            "answered 503, but for /healthz and admins."},
    {KEY(api, max_connections_per_address), INTEGER(1, 65536), DEFAULT("256"), RELOADABLE,
        .help = "How many of them one address may have: an IPv4 address, or an IPv6 /64. For "
                "further ones those of the same address go that have shown no token or ask "
                "nothing; where there is none they are answered 503. Those of this machine itself "
                "are not counted. All that a proxy passes on has the proxy's address here: it has "
                "limits of its own for its clients."},
    {KEY(api, max_connections_loopback), INTEGER(1, 65536), DEFAULT("1536"), RELOADABLE,
        .help = "How many of them this machine itself may have, by its loopback addresses, so that "
                "the others are left to those from elsewhere; likewise, but for /healthz and "
                "admins. Where a proxy on this machine brings all clients, make it as large as "
                "max_connections."},
    {KEY(api, max_watchers), INTEGER(0, 1024), DEFAULT("64"), RELOADABLE,
        .help = "How many clients may take GET /v1/events at the same time; never more than half "
                "of max_connections, and of one user never more than a quarter of them. Further "
                "ones are answered 429."},
    {KEY(api, stream_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"), RELOADABLE,
        .help = "How long the client of a resumable stream may be away until its work is "
                "cancelled, and how long the end of one is kept."},
    {KEY(api, stream_buffer), SIZE(0, 64 * MIB), DEFAULT("256K"), RELOADABLE,
        .help = "How much of a resumable stream is kept after it was sent, for a client that comes "
                "back."},
    {KEY(api, sound_ahead), DURATION(30 * SECOND, 10 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "How much of a live sound may have no final text yet. A client that sends more is "
                "answered 429 until some of it has."},
    {KEY(api, send_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "A client that takes nothing of a stream for so long, though there is something, "
                "counts as gone."},
    {KEY(api, idle_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("60s"), RELOADABLE,
        .help = "How long a connection stays open between two requests. A proxy that keeps "
                "connections should close them earlier than the service does."},
    {KEY(api, unknown_parameters), ENUM(unknown_parameters), DEFAULT("refuse"), RELOADABLE,
        .help = "What becomes of parameters of compatible APIs that the service does not know. "
                "refuse: the request is answered 400 with the parameter's name. ignore: they "
                "are passed over and named in the header X-Webinfer-Ignored of the answer. "
                "Unknown fields of the service's own API are always refused."},
    {KEY(api, custom_kernels), ENUM(custom_kernels), DEFAULT("admin"), RELOADABLE,
        .help = "Who may send kernels of their own, in WGSL, to POST /v1/compute: nobody, admins, "
                "or users as well. Others are answered 403."},
    {KEY(api, kernel_time), DURATION(100, 60 * SECOND), DEFAULT("5s"), RELOADABLE,
        .help = "How long such a kernel may be compiled and run. One that takes longer is "
                "answered 504, and what computes it is ended: the GPU process of its browser, or "
                "where there is none of its own the browser."},
    {KEY(api, console), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether who opens the address with a browser gets the console. It holds no data "
                "by itself: what it shows it asks the API for, with its user's token."},
    {KEY(api, tls_certificate), PATH, DEFAULT(""),
        .help = "The certificate chain, in PEM, with which the listener speaks TLS. It needs "
                "tls_key."},
    {KEY(api, tls_key), PATH, DEFAULT(""), .help = "The private key of tls_certificate, in PEM."},

    {KEY(bridge, listen), ADDRESS, DEFAULT("127.0.0.1:8471"),
        .help = "Where browsers connect. Port 0 lets the system choose."},
    {KEY(bridge, public_url), URL, DEFAULT(""),
        .help = "How browsers reach this listener, where that is not its address: behind a proxy, "
                "or when it listens on all addresses."},
    {KEY(bridge, page), PATH, .min = 1, DEFAULT("$DATADIR/page"),
        .help = "The folder of the built page."},
    {KEY(bridge, tls_certificate), PATH, DEFAULT(""),
        .help = "The certificate chain, in PEM, with which the listener speaks TLS. It needs "
                "tls_key."},
    {KEY(bridge, tls_key), PATH, DEFAULT(""),
        .help = "The private key of tls_certificate, in PEM."},
    {KEY(bridge, heartbeat_interval), DURATION(100, 5 * MINUTE), DEFAULT("5s"),
        .help = "How often service and page show each other that they are alive."},
    {KEY(bridge, heartbeat_misses), INTEGER(1, 100), DEFAULT("3"),
        .help = "After how many silent intervals a connection is given up."},
    {KEY(bridge, resume_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"),
        .help = "How long a page whose connection broke may come back and keep its work."},
    {KEY(bridge, max_nodes), INTEGER(1, 65536), DEFAULT("1024"), RELOADABLE,
        .help = "How many nodes may be connected at the same time. Up to a quarter of them, and "
                "at most [pool] max_connections, are kept for browsers that the service starts."},
    {KEY(bridge, max_connections_per_address), INTEGER(16, 65536), DEFAULT("256"), RELOADABLE,
        .help = "How many connections one address may have; this machine's own are not counted. "
                "Of IPv6 addresses, those of one /64 network are taken together."},

    {KEY(pool, max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "The most browsers that are started."},
    {KEY(pool, min_connections), INTEGER(0, 1024), DEFAULT("1"), RELOADABLE,
        .help = "How many browsers are kept running without work."},
    {KEY(pool, connection_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "How long a browser may take from its start until its page is connected."},
    {KEY(pool, max_retries), INTEGER(0, 100), DEFAULT("3"), RELOADABLE,
        .help =
            "How often a job whose browser broke is tried again. It is sent to a browser at most "
            "four times as often, plus four, whatever became of it there."},
    {KEY(pool, max_queue), INTEGER(1, 1000000), DEFAULT("1024"), RELOADABLE,
        .help = "How many jobs may wait. More are refused with 429."},
    {KEY(pool, memory_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "Memory for request bodies, queue and frames together. A request for which none "
                "is left is refused with 503. It is never more than a quarter of the memory that "
                "the machine has, or that the service's control group may have (MemoryMax=)."},
    {KEY(pool, model_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "How many bytes of models a page keeps loaded. The least recently used goes "
                "first. A folder that does not fit beside what is needed has its encoder, or what "
                "sees, in memory in turns with what writes: less memory, slower answers."},
    {KEY(pool, shutdown_timeout), DURATION(0, 1 * HOUR), DEFAULT("20s"), RELOADABLE,
        .help = "How long running jobs may take to finish when the service is told to end."},
    {KEY(pool, adaptive_scaling), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether browsers are opened when work waits, up to max_connections, and closed "
                "when there is none. Without it max_connections of them are kept running. "
                "Those that serve share out the machine's cores as threads for wasm: with a "
                "queue there are more browsers of fewer threads."},
    {KEY(pool, idle_timeout), DURATION(0, 24 * HOUR), DEFAULT("5m"), RELOADABLE,
        .help = "A browser above min_connections that has had no work for so long is closed. 0 "
                "keeps it."},
    {KEY(pool, recycle_after), INTEGER(0, 1000000000), DEFAULT("10000"), RELOADABLE,
        .help = "After how many jobs a browser is replaced by a fresh one. 0 means never."},
    {KEY(pool, memory_limit), SIZE(0, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help =
            "A browser whose processes together hold more memory, what they share counted once, is "
            "replaced by a fresh one. 0 means no limit."},
    {KEY(pool, numerics), ENUM(numerics), DEFAULT("check"), RELOADABLE,
        .help = "With check, a platform other than wasm is trusted with a model only after its "
                "answer was compared with that of wasm."},
    {KEY(pool, recheck), PERCENT, DEFAULT("0.1%"), RELOADABLE,
        .help = "The share of requests after which the comparison is made again."},
    {KEY(pool, exploration), PERCENT, DEFAULT("2%"), RELOADABLE,
        .help = "How much of what a model's runs for clients take may be spent at each other place "
                "on finding out whether it has become faster: a request is run there once more, "
                "beside the client's path."},
    {KEY(pool, batching), ENUM(batchings), DEFAULT("off"), RELOADABLE,
        .help = "Whether requests for one model whose first dimension is free are joined: off, "
                "fixed waits batch_window for company, auto joins what waits anyway."},
    {KEY(pool, batch_window), DURATION(1, 10 * SECOND), DEFAULT("2ms"), RELOADABLE,
        .help = "How long a request waits for others to be joined with."},
    {KEY(pool, max_batch), INTEGER(2, 4096), DEFAULT("32"), RELOADABLE,
        .help = "How large the first dimension may become by joining."},
    {KEY(pool, client_share), PERCENT, DEFAULT("100%"), RELOADABLE,
        .help = "The share of max_queue, and of the room for stored jobs, that one client may "
                "fill. While "
                "others wait a client is also given no more than this share, and no more than an "
                "equal part "
                "with those others, of what a node and all nodes run at a time; what nobody else "
                "can use it "
                "has all the same, and nothing that runs is taken back. Of the slots in which "
                "GGUF models write texts a client never has more than this share: 75% leaves one "
                "of four to a short text of another, which else waits for the end of a long one."},
    {KEY(pool, job_retention), DURATION(1 * SECOND, 720 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "How long the results of jobs are kept for being fetched."},
    {KEY(pool, strangers), ENUM(wi_strangers_names), DEFAULT("tensors"), RELOADABLE,
        .help = "What is sent to browsers and programs that the service did not start: none of the "
                "work, tensors and pictures only, or text and sound as well, which is what people "
                "write and say to models. A picture with a question, a prompt or labels has text."},
    {KEY(pool, recheck_strangers), PERCENT, DEFAULT("5%"), RELOADABLE,
        .help = "The share of the answers of such nodes that a browser of the service computes "
                "again after the client was answered, and each such node's first three. Who is "
                "found wrong gets no more work. 0% computes none again."},
    {KEY(pool, verify), ENUM(verifies), DEFAULT("joined"), RELOADABLE,
        .help =
            "Which nodes get no work before they have shown that they compute right: none, those "
            "that the service did not start, or all. A node without the engine kernels cannot "
            "show it, and gets work all the same. webinfer-proof(7) describes it."},
    {KEY(pool, verify_again), DURATION(1 * SECOND, 168 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "After how long such a node has to show it again."},
    {KEY(pool, network), ENUM(networks), DEFAULT("auto"), RELOADABLE,
        .help = "Whether each browser that is started, with its driver, has a network of its own. "
                "isolated: there is nothing in it but the bridge, and nobody else on the machine "
                "reaches the browser's ports. host: it has the machine's network, and every user "
                "of the machine can read and change what it computes. auto: isolated where the "
                "kernel allows it, else host with a warning. Browsers of a driver_url have the "
                "network of their service."},

    {KEY(browser_preferences, text_embedding), ROUTES, DEFAULT("edge/webnn, chrome, firefox"),
        RELOADABLE, .help = "For models that turn text into vectors."},
    {KEY(browser_preferences, text_generation), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models that continue text."},
    {KEY(browser_preferences, text2text), ROUTES, DEFAULT("edge, chrome, firefox"), RELOADABLE,
        .help = "For models that turn text into other text."},
    {KEY(browser_preferences, vision), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"), RELOADABLE,
        .help = "For models of pictures."},
    {KEY(browser_preferences, audio), ROUTES, DEFAULT("firefox/webgpu, chrome, edge"), RELOADABLE,
        .help = "For models of sound."},
    {KEY(browser_preferences, multimodal), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models of several kinds of input."},
    {KEY(browser_preferences, other), ROUTES, DEFAULT("chrome, edge, firefox, safari"), RELOADABLE,
        .help = "For models whose type cannot be told."},

    {BROWSER_KEY(family), ENUM(families), DEFAULT("auto"), RELOADABLE,
        .help = "Which browser this kind is underneath, and so how it is started. With auto it "
                "follows from the kind's name: chrome and edge are chromium, firefox and safari "
                "are firefox and webkit, and any other is chromium."},
    {BROWSER_KEY(driver), ENUM(protocols), DEFAULT("auto"), RELOADABLE,
        .help = "The protocol of WebDriver: classic or bidi. With auto, a Firefox without a "
                "driver_command is started directly and spoken to in bidi, everything else in "
                "classic. With bidi, a browser that needs a driver is asked for BiDi beside "
                "classic, so that what its page writes to the console is in the log."},
    {BROWSER_KEY(driver_command), STRING, DEFAULT(""), RELOADABLE,
        .help = "The WebDriver program: a path, or a name to look for in PATH, and its arguments. "
                "Empty looks for the usual names."},
    {BROWSER_KEY(driver_url), URL, DEFAULT(""), RELOADABLE,
        .help = "A WebDriver service that runs already, such as a Selenium Grid. No driver is "
                "started then, and [bridge] public_url must be reachable from its browsers."},
    {BROWSER_KEY(binary), STRING, DEFAULT(""), RELOADABLE,
        .help = "The browser: a path, or a name to look for in PATH. Empty looks for the usual "
                "names."},
    {BROWSER_KEY(arguments), LINES, DEFAULT(""), RELOADABLE,
        .help = "A further command-line argument for the browser. Repeat the key for each one."},
    {BROWSER_KEY(preferences), LINES, DEFAULT(""), RELOADABLE,
        .help = "A preference of the browser, as NAME=VALUE with the value in JSON, such as "
                "dom.webgpu.enabled=true. Repeat the key for each one."},
    {BROWSER_KEY(platforms), LIST, .names = platforms, DEFAULT(""), RELOADABLE,
        .help = "What may compute in this browser. Empty allows whatever it offers."},
    {BROWSER_KEY(headless), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether the browser runs without a window."},
    {BROWSER_KEY(gpu), ENUM(gpus), DEFAULT("auto"), RELOADABLE,
        .help =
            "Which graphics adapter is used: auto takes what the browser gives and labels it, and "
            "has Chromium without a window use an NVIDIA GPU that this user may open and whose "
            "Vulkan driver is installed; hardware uses a GPU through whichever Vulkan driver "
            "there is, and treats a software adapter as none; software forces one, and off "
            "uses none."},
    {BROWSER_KEY(sandbox), ENUM(tristates), DEFAULT("auto"), RELOADABLE,
        .help = "Whether the browser's own sandbox is on. With auto it is off only for root."},
    {BROWSER_KEY(min_connections), INTEGER(0, 1024), DEFAULT("0"), RELOADABLE,
        .help = "How many browsers of this kind are kept running without work."},
    {BROWSER_KEY(max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "The most browsers of this kind. 0 switches the kind off."},

    {KEY(models, directory), PATH, .min = 1, DEFAULT("$STATE_DIRECTORY/models"), RELOADABLE,
        .help = "The folder with one folder per model."},
    {KEY(models, max_picture_pixels), INTEGER(1, 1000000000), DEFAULT("40000000"), RELOADABLE,
        .help = "The most pixels of a picture. Larger ones are refused before they are decoded."},
    {KEY(models, context), INTEGER(0, 1048576), DEFAULT("0"), RELOADABLE,
        .help = "How many tokens of context each conversation with a language model has. 0 takes "
                "what the model was made for, at most 8192, and less where memory is short."},
    {KEY(models, slots), INTEGER(1, 16), DEFAULT("4"), RELOADABLE,
        .help = "How many conversations a loaded language model serves at the same time, fewer "
                "where memory is short. Each has the whole context."},
    {KEY(models, idle_unload), DURATION(0, 720 * HOUR), DEFAULT("30m"), RELOADABLE,
        .help = "A language model that nobody has asked for so long is unloaded. 0 keeps it until "
                "its room is needed."},
    {KEY(models, warmup), BOOL, DEFAULT("yes"), RELOADABLE,
        .help =
            "Whether a language model that was loaded before anybody asked for it computes a few "
            "tokens for nobody then, which makes the first answer faster."},
    {KEY(models, threads), ENUM(model_threads), DEFAULT("auto"), RELOADABLE,
        .help =
            "On how many threads models run on wasm. With auto a model of less than 4 MiB whose "
            "runs take less than 5 ms has one, any other the browser's share of the machine's "
            "cores, a language model one less, at most 4; one that runs on more than its share, "
            "since another browser was opened, is loaded again when it is idle. On a busy "
            "machine more threads can be slower, for a language model many times."},
    {KEY(models, share_prefix), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether one client's conversation may go on from what was computed for another's "
                "with the same beginning. The time that an answer takes then tells that somebody "
                "else has begun so."},
    {KEY(models, hub), STRING, .min = 1, DEFAULT(WI_HUB_DEFAULT), RELOADABLE,
        .help = "The hub that models are pulled from where a pull names none: the NAME of a "
                "[hub.NAME]."},
    {KEY(models, quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "What pulled models may take on the disk. For one that has no room others "
                "are removed, first those that neighbours have too, and of them the least recently "
                "used, never one that was added by hand or is in use. With 0 none is removed, and "
                "there is as much room as the disk has."},
    {KEY(models, keep_versions), INTEGER(1, 100), DEFAULT("2"), RELOADABLE,
        .help = "How many versions of a pulled model are kept, the newest counted."},
    {KEY(models, pull_on_demand), LIST, .min = 1, DEFAULT("no"), RELOADABLE,
        .help = "Which models a request for them pulls where they are absent: no, or names as "
                "ORG/NAME, and ORG/* for all of an organisation. Whoever may run models can then "
                "fill the disk with those, up to quota."},
    {KEY(models, quantize_on_demand), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a request for a precision that a model is not there in has that variant "
                "made: int8, int4 or fp16, of fp32 graphs; and so where it leaves the precision "
                "open, and there is no memory for the model. It waits within its timeout_ms. "
                "Whoever may run models can then have the processor and the disk used for that, "
                "two variants at a time."},

    {HUB_KEY(url), URL, DEFAULT("https://huggingface.co"), RELOADABLE,
        .help =
            "Where the hub is: https, or http on this machine; of the layouts ipfs and webinfer "
            "without a token also http elsewhere, since all that comes from there is verified. "
            "Every hub but huggingface and ipfs needs one. That of ipfs is "
            "https://trustless-gateway.link where none is given, and empty it takes ipfs away."},
    {HUB_KEY(token_file), PATH, DEFAULT(""), RELOADABLE,
        .help = "A file with the token that is sent to this hub, and to no other host. It has mode "
                "0600 and belongs to the user whom the daemon runs as."},
    {HUB_KEY(layout), ENUM(layouts), DEFAULT("huggingface"), RELOADABLE,
        .help =
            "With huggingface the hub answers as huggingface.co does. With plain every folder "
            "below the URL that has a SHA256SUMS is a model, which any web server can be made "
            "to serve. With ipfs it is a trustless gateway, a source of every ipfs:// pull. With "
            "webinfer it is another webinferd, the URL that of its [bridge] listen: a source of "
            "every pull for what its [content] serve gives."},

    {KEY(content, serve), ENUM(serves), DEFAULT("no"), RELOADABLE,
        .help = "Which models are served: none, those that were published, or all, which adds each "
                "that is pulled while it is so, but nothing from a hub with a token. What was "
                "pulled before is served once it is pulled again, which brings nothing anew. "
                "Nothing is fetched for others."},
    {KEY(content, anyone), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether whoever reaches the bridge's listener is served. Without it who asks "
                "shows a token of rank node, or is on this machine where there is no tokens_file."},
    {KEY(content, download_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "How many bytes a second all pulls get together. 0 means no limit."},
    {KEY(content, interval), DURATION(1 * SECOND, 60 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "How often neighbours are asked what they have, where copies are kept."},
    {KEY(content, replicas), INTEGER(0, 100), DEFAULT("0"), RELOADABLE,
        .help = "How many whole copies there should be of what is published here or by a "
                "neighbour, that of its publisher counted. Where there are fewer for two "
                "intervals, one daemon that has this option pulls one as ipfs/CID. It goes when "
                "its publisher is there and does not publish it any more. 0 makes none. Copies are "
                "served where serve is not no, which is needed."},
    {KEY(content, replica_quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "How many bytes the copies made here may have, which [models] quota does not "
                "count. 0 means what that leaves. No other model goes for a copy."},
    {KEY(content, routing), URL, DEFAULT(""), RELOADABLE,
        .help = "A delegated router: once for each ipfs:// pull it is asked who has it. The URL is "
                "what /routing/v1/providers/CID is appended to, and may end with /routing/v1; "
                "https, or http. Of whom it names at most 8 gateways are asked for blocks in this "
                "pull, only over https and at public addresses, since nobody here has chosen them. "
                "The router learns which CIDs are pulled. Empty means that nobody is asked."},
    {KEY(content, stall), DURATION(100, 10 * MINUTE), DEFAULT("10s"), RELOADABLE,
        .help = "A source that brings less than 64 kB of a block in this time has others asked for "
                "it, too."},
    {KEY(content, hub_shares), BOOL, DEFAULT("no"), RELOADABLE,
        .help =
            "Whether a hub brings parts of a file beside the neighbours that have it. Without it "
            "the hub is asked for what they lack or fail to bring."},
    {KEY(content, upload_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "How many bytes a second all those who are served get together. 0 means no limit."},

    {KEY(store, path), PATH, DEFAULT(""),
        .help = "The folder of the database. Empty means $STATE_DIRECTORY, else "
                "$XDG_STATE_HOME/webinfer, else ~/.local/state/webinfer. One daemon at a time."},
    {KEY(store, max_size), SIZE(1 * MIB, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help = "What accepted jobs and their results may take in the database. A job beyond it is "
                "refused with 507 until results have expired."},
    {KEY(store, results_keep), INTEGER(1, 100000), DEFAULT("200"), RELOADABLE,
        .help = "How many runs of the laboratory are kept; a new one takes the place of the "
                "oldest."},

    {KEY(log, level), ENUM(wi_level_names), DEFAULT("info"), RELOADABLE,
        .help = "The least urgent messages that are written."},
    {KEY(log, format), ENUM(formats), DEFAULT("text"), RELOADABLE,
        .help = "Lines for people, or one JSON object each."},
    {0}};
