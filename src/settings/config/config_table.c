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
#define LISTENER .kind = WI_OPTION_LISTENER, .min = 1
#define URL .kind = WI_OPTION_URL
#define LIST .kind = WI_OPTION_LIST
#define LINES .kind = WI_OPTION_LINES
#define BOOL .kind = WI_OPTION_BOOL
#define ENUM(names_) .kind = WI_OPTION_ENUM, .names = names_
#define CHOICE(names_, min_, max_)                                                                 \
    .kind = WI_OPTION_CHOICE, .names = names_, .min = min_, .max = max_
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
static const char *const gpu_devices[] = {
    [WI_GPU_DEVICE_AUTO] = "auto", [WI_GPU_DEVICE_ALL] = "all", [WI_GPU_DEVICE_FIRST] = NULL};
static const char *const tristates[] = {[WI_AUTO] = "auto", [WI_YES] = "yes", [WI_NO] = "no", NULL};
/* Or 1 to 8 threads of a model, at which those of the page's language engine end. */
static const char *const model_threads[] = {"auto", NULL};
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
    [WI_HUB_IPFS] = {0, 1, "ipfs: it provides blocks by CID, and lists no models by name"},
    [WI_HUB_WEBINFER] = {1, 1,
        "webinfer: it is a neighbour, which is a source for every pull, and is asked for its own "
        "models only if a pull names it"},
};
static const char *const serves[] = {
    [WI_SERVE_NO] = "no", [WI_SERVE_PUBLISHED] = "published", [WI_SERVE_ALL] = "all", NULL};
static const char *const odd_replicas[] = {"1", "3", "5", NULL};
static const char *const platforms[] = {"webgpu", "webnn", "webgl", "wasm", NULL};

const struct wi_section wi_sections[] = {
    {.name = "api",
        .help = "The listener for clients, with the REST API, the console and the metrics."},
    {.name = "bridge",
        .help = "The listener for browsers, with the page, the model files and the node protocol."},
    {.name = "channels",
        .help = "The listener for subscribers' WebSockets, with the tokens, allowed_hosts and "
                "allowed_origins of [api]. See webinfer-channels(7)."},
    {.name = "pool", .help = "How many browsers run, and how much work is accepted."},
    {.name = "browser_preferences",
        .help =
            "Where models run as long as there are no measurements. The value of an option lists "
            "kinds of browser for one type of model, in order of preference. A kind may be "
            "followed by a slash and a platform. Kinds that are not installed are skipped, and "
            "measurements outweigh preferences."},
    {.name = WI_SECTION_BROWSER,
        .help = "A kind of browser. The kinds chrome, edge, firefox and safari always exist; "
                "further sections add others. A name consists of lowercase letters, digits, \"-\" "
                "and \"_\".",
        .sample = "chrome"},
    {.name = "models",
        .help = "Where models are stored, where they are pulled from, and how they run."},
    {.name = WI_SECTION_HUB,
        .help = "A source from which models are pulled. The hubs huggingface and ipfs always "
                "exist; further sections add others, such as a company's mirror. A name consists "
                "of lowercase letters, digits, \"-\" and \"_\".",
        .sample = WI_HUB_DEFAULT},
    {.name = WI_SECTION_ALIASES,
        .help = "Other names for models, for clients that request models under fixed names. Each "
                "key is an alias of at most 48 characters: letters of either case, digits, \".\", "
                "\"_\", \"-\" and at most one \"/\". An alias takes precedence over a model of the "
                "same name, and cannot refer to another alias. If MODEL names no variant, a "
                "request may add one, as in NAME:VARIANT.",
        .free_key = "NAME",
        .free_value = "MODEL[:VARIANT]"},
    {.name = "content",
        .help = "Models addressed by content. Acting as a trustless IPFS gateway, the bridge's "
                "listener serves models to others, block by block under their CIDs."},
    {.name = "cluster",
        .help = "Several daemons that see each other and share stored jobs through NATS servers "
                "with JetStream. See webinfer-cluster(7)."},
    {.name = "store",
        .help = "Data that is kept across restarts: measurements, verdicts, browser capabilities, "
                "jobs and laboratory runs."},
    {.name = "log", .help = "The log, which is written to standard error."}, {0}};

const struct wi_setting wi_options[] = {
    {KEY(api, listen), ADDRESS, DEFAULT("127.0.0.1:8470"),
        .help = "Address at which clients connect. With port 0, the system chooses the port. An "
                "address other than a loopback address requires tokens_file."},
    {KEY(api, tokens_file), PATH, DEFAULT(""), RELOADABLE,
        .help = "The tokens file, which \"webinfer token new\" creates. Its lines have the form "
                "NAME:SHA256:RANK, where RANK is user, relay, admin or node. The file must have "
                "mode 0600 and belong to the user as which the daemon runs. Without a tokens file, "
                "every user of this machine has full access."},
    {KEY(api, allowed_hosts), LIST, DEFAULT(""), RELOADABLE,
        .help = "Additional names that the Host header of a request may contain, such as the host "
                "name in the certificate. The listening address itself is always allowed, and so "
                "are localhost and the loopback addresses with any port."},
    {KEY(api, allowed_origins), LIST, DEFAULT(""), RELOADABLE,
        .help = "Origins of web pages that may use the service from a browser, such as "
                "https://example.org."},
    {KEY(api, trusted_proxies), LIST, DEFAULT(""), RELOADABLE,
        .help = "Addresses and networks of your own proxies in front of this listener, such as "
                "127.0.0.1 and 10.1.0.0/16. The service trusts the headers that these proxies set: "
                "X-Forwarded-For gives the address of the client; X-Forwarded-Proto, -Host and "
                "-Prefix, or Forwarded, give the scheme, host name and path of the original "
                "request. The host name must be one of allowed_hosts. This option requires "
                "tokens_file. A request with one of these headers, whatever its source, never "
                "counts as a request from this machine, so it is refused if there is no "
                "tokens_file."},
    {KEY(api, max_body), SIZE(4 * KIB, 1 * GIB), DEFAULT("64M"),
        .help = "Maximum size of a request body."},
    {KEY(api, max_answer), SIZE(4 * KIB, 4 * GIB), DEFAULT("512M"),
        .help = "Maximum total size of the tensors in an answer. The effective maximum is never "
                "more than half of [pool] memory_budget."},
    {KEY(api, max_connections), INTEGER(1, 65536), DEFAULT("2048"),
        .help = "Maximum number of client connections. The limit on open files (LimitNOFILE, "
                "ulimit -n) can lower this maximum. Some file descriptors are reserved for the "
                "rest of the service: 128, and one for each node that [bridge] max_nodes allows, "
                "but at most a quarter of the limit. If the maximum is reached, a new connection "
                "replaces one on which no token was sent. If there is none, it replaces one that "
                "has been idle for a while. If all connections are "
                "busy, the new one is answered with 503, except for /healthz and admins."},
    {KEY(api, max_connections_per_address), INTEGER(1, 65536), DEFAULT("256"), RELOADABLE,
        .help =
            "Maximum number of client connections from one address: an IPv4 address or an IPv6 "
            "/64 network. If the maximum is reached, a new connection replaces one from the "
            "same address that is idle, or on which no token was sent. If there is none, the "
            "new connection is answered with 503. Connections from this machine are not counted. "
            "All connections through a proxy count as connections from the proxy's address, so "
            "the proxy should have its own limits for its clients."},
    {KEY(api, max_connections_loopback), INTEGER(1, 65536), DEFAULT("1536"), RELOADABLE,
        .help = "Maximum number of client connections from this machine's loopback addresses, so "
                "that some connections remain for other machines. If the maximum is reached, "
                "connections are replaced or answered with 503 as described for "
                "max_connections_per_address, except for /healthz and admins. If all clients "
                "connect through a proxy on this machine, set this option to the value of "
                "max_connections."},
    {KEY(api, max_watchers), INTEGER(0, 1024), DEFAULT("64"), RELOADABLE,
        .help = "Maximum number of clients that read GET /v1/events at the same time. The "
                "effective maximum is never more than half of max_connections. One user may have "
                "at most a quarter of these clients. Further clients are answered with 429."},
    {KEY(api, stream_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"), RELOADABLE,
        .help = "How long the client of a resumable stream may be disconnected before the work for "
                "the stream is cancelled, and how long the end of a finished stream is kept."},
    {KEY(api, stream_buffer), SIZE(0, 64 * MIB), DEFAULT("256K"), RELOADABLE,
        .help = "How much of the data already sent in a resumable stream is kept, for a client "
                "that reconnects."},
    {KEY(api, sound_ahead), DURATION(30 * SECOND, 10 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "Maximum length of the live sound whose text is not yet final. A client that sends "
                "more is answered with 429 until more of the text is final."},
    {KEY(api, send_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "If a client reads nothing from a stream for this long although data is waiting, "
                "the client is considered disconnected."},
    {KEY(api, idle_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("60s"), RELOADABLE,
        .help = "How long a connection stays open between two requests. A proxy that keeps "
                "connections open should close them earlier than the service does."},
    {KEY(api, unknown_parameters), ENUM(unknown_parameters), DEFAULT("refuse"), RELOADABLE,
        .help = "How unknown parameters in requests to the compatible APIs are treated. With "
                "refuse, the request is answered with 400 and the name of the parameter. With "
                "ignore, the parameters are ignored, and the X-Webinfer-Ignored header of the "
                "answer names them. Unknown fields in requests to the service's own API are always "
                "refused."},
    {KEY(api, custom_kernels), ENUM(custom_kernels), DEFAULT("admin"), RELOADABLE,
        .help = "Which clients may send their own WGSL kernels to POST /v1/compute: no clients "
                "(off), only admins (admin), or users as well (user). Others are answered with "
                "403."},
    {KEY(api, kernel_time), DURATION(100, 60 * SECOND), DEFAULT("5s"), RELOADABLE,
        .help = "Maximum time for compiling and running a client's own kernel. If a kernel takes "
                "longer, the request is answered with 504, and the GPU process of the browser that "
                "runs the kernel is terminated. A browser that has no separate GPU process is "
                "terminated as a whole."},
    {KEY(api, console), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether the console is shown when the listening address is opened in a browser, "
                "and the documentation at /docs/. Both are public; the console requests all data "
                "from the API with its user's token."},
    {KEY(api, tls_certificate), PATH, DEFAULT(""),
        .help = "PEM file with the certificate chain of the listener. If this option is set, the "
                "listener uses TLS. It requires tls_key."},
    {KEY(api, tls_key), PATH, DEFAULT(""),
        .help = "PEM file with the private key of tls_certificate."},

    {KEY(bridge, listen), ADDRESS, DEFAULT("127.0.0.1:8471"),
        .help = "Address at which browsers connect. With port 0, the system chooses the port."},
    {KEY(bridge, public_url), URL, DEFAULT(""),
        .help = "URL at which browsers reach this listener, if it is not the listening address: "
                "for example behind a proxy, or if the listener uses all addresses."},
    {KEY(bridge, endpoints), LIST, DEFAULT(""), RELOADABLE,
        .help = "Origins of the bridges of your other daemons, separated by commas, at most 16, "
                "such as https://b.example:8471. When this daemon is gone, pages that people have "
                "joined go on at one of these, with their models loaded, if their token is valid "
                "there: use the same node token in the tokens files of all daemons. Each of the "
                "daemons lists the others. See webinfer-join(7)."},
    {KEY(bridge, peers), LIST, DEFAULT(""), RELOADABLE,
        .help = "Addresses of webinfer-peer programs through which pages may reach this listener, "
                "at most 8, as they print them: /dns4/HOST/tcp/PORT/wss/p2p/ID. Pages follow links "
                "to no others. See webinfer-peer(8)."},
    {KEY(bridge, stun), LIST, DEFAULT(""), RELOADABLE,
        .help = "STUN servers, at most 4, such as stun:stun.example:3478, with which pages behind "
                "different routers can connect to each other. A server sees the addresses of the "
                "browsers that ask it, so each page asks its person first. See webinfer-join(7)."},
    {KEY(bridge, trusted_proxies), LIST, DEFAULT(""), RELOADABLE,
        .help =
            "Addresses and networks of your webinfer-peer programs, such as 127.0.0.1. The peer "
            "that they name in X-Forwarded-For stands for the address of its node: in limits, "
            "in the quarantine and in lists. It never counts as this machine."},
    {KEY(bridge, devices), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a person who joins with a link may have the service remember the browser, "
                "so that it can join again without the link, also after a restart of the service. "
                "A remembered device counts as a node of its link, is forgotten when the link is "
                "revoked or when it was away for 30 days, and is listed by webinfer devices list. "
                "With no, devices that were remembered before are refused. See webinfer-join(7)."},
    {KEY(bridge, page), PATH, .min = 1, DEFAULT("$DATADIR/page"),
        .help = "The folder that contains the built page."},
    {KEY(bridge, tls_certificate), PATH, DEFAULT(""),
        .help = "PEM file with the certificate chain of the listener. If this option is set, the "
                "listener uses TLS. It requires tls_key."},
    {KEY(bridge, tls_key), PATH, DEFAULT(""),
        .help = "PEM file with the private key of tls_certificate."},
    {KEY(bridge, heartbeat_interval), DURATION(100, 5 * MINUTE), DEFAULT("5s"),
        .help = "Interval at which the service and the page send each other a heartbeat."},
    {KEY(bridge, heartbeat_misses), INTEGER(1, 100), DEFAULT("3"),
        .help = "Number of intervals without a heartbeat after which a connection counts as lost."},
    {KEY(bridge, resume_grace), DURATION(0, 1 * HOUR), DEFAULT("15s"),
        .help = "How long a page whose connection has broken may take to reconnect without losing "
                "its attempts."},
    {KEY(bridge, max_nodes), INTEGER(1, 65536), DEFAULT("1024"), RELOADABLE,
        .help = "Maximum number of connected nodes. Up to a quarter of this number, but at most "
                "[pool] max_connections, is reserved for browsers that the service starts."},
    {KEY(bridge, max_connections_per_address), INTEGER(16, 65536), DEFAULT("256"), RELOADABLE,
        .help = "Maximum number of connections from one address: an IPv4 address or an IPv6 /64 "
                "network. Connections from this machine are not counted."},

    {KEY(channels, listen), LISTENER, DEFAULT("no"),
        .help = "Address at which subscribers connect, or no. An address other than a loopback "
                "address requires [api] tokens_file."},
    {KEY(channels, tls_certificate), PATH, DEFAULT(""),
        .help = "PEM file with the certificate chain of the listener. If this option is set, the "
                "listener uses TLS. It requires tls_key."},
    {KEY(channels, tls_key), PATH, DEFAULT(""),
        .help = "PEM file with the private key of tls_certificate."},

    {KEY(pool, max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "Maximum number of browsers that the service starts. If it is 0, min_connections "
                "must be 0 too."},
    {KEY(pool, min_connections), INTEGER(0, 1024), DEFAULT("1"), RELOADABLE,
        .help = "Number of browsers that are kept running even when there is no work."},
    {KEY(pool, connection_timeout), DURATION(1 * SECOND, 1 * HOUR), DEFAULT("30s"), RELOADABLE,
        .help = "How long a browser may take, once started, for its page to connect."},
    {KEY(pool, max_retries), INTEGER(0, 100), DEFAULT("3"), RELOADABLE,
        .help =
            "How many times a job is retried after its browser has failed. Including retries for "
            "other reasons, a job is sent to browsers at most 4 * (max_retries + 1) times."},
    {KEY(pool, max_queue), INTEGER(1, 1000000), DEFAULT("1024"), RELOADABLE,
        .help = "Maximum number of waiting jobs. Further jobs are refused with 429."},
    {KEY(pool, memory_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "Maximum memory for request bodies, the queue and protocol frames combined. A "
                "request that "
                "does not fit is refused with 503. The budget is limited to a quarter of the "
                "machine's memory or, if the service's control group has a lower limit "
                "(MemoryMax=), to a quarter of that limit."},
    {KEY(pool, model_budget), SIZE(1 * MIB, 1 * TIB), DEFAULT("1G"), RELOADABLE,
        .help = "Maximum total size of the models that a page keeps loaded. The least recently "
                "used model is unloaded first. If the model of a folder does not fit into memory "
                "alongside the models in use, its decoder and its encoder or vision part are "
                "loaded alternately. "
                "This saves memory, but makes answers slower."},
    {KEY(pool, shutdown_timeout), DURATION(0, 1 * HOUR), DEFAULT("20s"), RELOADABLE,
        .help = "How long jobs in progress may take to finish after the service has been told to "
                "stop."},
    {KEY(pool, adaptive_scaling), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether browsers are opened, up to max_connections, while work is waiting, and "
                "closed when there is no work. With no, max_connections browsers are kept running. "
                "The running browsers share the machine's cores for their wasm threads: if more "
                "browsers are opened because work is waiting, each has fewer threads."},
    {KEY(pool, idle_timeout), DURATION(0, 24 * HOUR), DEFAULT("5m"), RELOADABLE,
        .help = "If more than min_connections browsers are running, a browser is closed after this "
                "long without work. With 0, idle browsers are kept."},
    {KEY(pool, recycle_after), INTEGER(0, 1000000000), DEFAULT("10000"), RELOADABLE,
        .help = "Number of jobs after which a browser is replaced with a new one. 0 means never."},
    {KEY(pool, memory_limit), SIZE(0, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help = "A browser is replaced with a new one when its processes together use more memory "
                "than this. Shared memory is counted once. 0 means no limit."},
    {KEY(pool, numerics), ENUM(numerics), DEFAULT("check"), RELOADABLE,
        .help = "With check, a platform other than wasm is trusted with a model only after an "
                "answer of the platform has been compared with the answer of wasm."},
    {KEY(pool, recheck), PERCENT, DEFAULT("0.1%"), RELOADABLE,
        .help = "Share of requests that trigger a new comparison with wasm."},
    {KEY(pool, exploration), PERCENT, DEFAULT("2%"), RELOADABLE,
        .help = "Time limit for measuring whether a model has become faster at another place, as "
                "a share of the time that the model's runs for clients take. The limit applies "
                "to each of the other places separately. For a measurement, a request runs once "
                "more at that place, and the client does not wait for it."},
    {KEY(pool, batching), ENUM(batchings), DEFAULT("off"), RELOADABLE,
        .help = "Whether requests for the same model are combined into one run, a batch, if the "
                "first dimension of the model is free. With fixed, a request waits for others, up "
                "to batch_window. With auto, only requests that are already waiting are combined. "
                "See BATCHES in webinferd.conf(5)."},
    {KEY(pool, batch_window), DURATION(1, 10 * SECOND), DEFAULT("2ms"), RELOADABLE,
        .help = "If batching is fixed, how long a request waits for others."},
    {KEY(pool, max_batch), INTEGER(2, 4096), DEFAULT("32"), RELOADABLE,
        .help = "Maximum size of the first dimension after requests have been combined. Memory may "
                "limit it further."},
    {KEY(pool, client_share), PERCENT, DEFAULT("100%"), RELOADABLE,
        .help = "The share of max_queue, and of the space for stored jobs, that one client may "
                "use. While other clients are waiting, a client also gets at most this share of "
                "the slots in which requests can run, on each node and on all nodes together, "
                "and no more than each of the other clients. A client may still use capacity "
                "that no other client can use, and running work is never interrupted. A client "
                "never has more than this share of the slots in which GGUF models generate "
                "texts. With 75%, for example, one slot of four stays free for another client's "
                "short text, which would otherwise wait for the end of a long one."},
    {KEY(pool, job_retention), DURATION(1 * SECOND, 720 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "How long the results of jobs are kept for clients to fetch."},
    {KEY(pool, strangers), ENUM(wi_strangers_names), DEFAULT("tensors"), RELOADABLE,
        .help = "Which work is sent to browsers and programs that the service did not start: no "
                "work (none), only tensors and pictures (tensors), or also text and sound (text), "
                "that is, what people write and say to models. A picture with a question, a prompt "
                "or labels counts as text."},
    {KEY(pool, recheck_strangers), PERCENT, DEFAULT("5%"), RELOADABLE,
        .help = "How many of the answers of nodes that the service did not start are checked. For "
                "a check, one of the service's own browsers computes the answer again after the "
                "client has been answered. The first three answers of each of these nodes are "
                "always checked. A node whose answer is wrong gets no more requests. With 0%, no "
                "answer is checked."},
    {KEY(pool, verify), ENUM(verifies), DEFAULT("joined"), RELOADABLE,
        .help = "Which nodes must prove that they compute correctly before they get work: no nodes "
                "(off), nodes that the service did not start (joined), or all nodes (all). A node "
                "without the engine \"kernels\" cannot prove this, but gets work nevertheless. "
                "webinfer-proof(7) describes the check."},
    {KEY(pool, verify_again), DURATION(1 * SECOND, 168 * HOUR), DEFAULT("1h"), RELOADABLE,
        .help = "Time after which a node must prove again that it computes correctly."},
    {KEY(pool, network), ENUM(networks), DEFAULT("auto"), RELOADABLE,
        .help = "The network of each browser that the service starts, and of the browser's driver. "
                "With isolated, they have their own network, which contains only the bridge, and "
                "no other user of the machine can reach the browser's ports. With host, they use "
                "the machine's network, and every user of the machine can read and change what the "
                "browser computes. auto means isolated if the kernel allows it, and otherwise host "
                "with a warning in the log. Browsers of a driver_url use the network of their "
                "WebDriver service."},

    {KEY(browser_preferences, text_embedding), ROUTES, DEFAULT("edge/webnn, chrome, firefox"),
        RELOADABLE, .help = "For models that convert text to vectors."},
    {KEY(browser_preferences, text_generation), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models that continue text."},
    {KEY(browser_preferences, text2text), ROUTES, DEFAULT("edge, chrome, firefox"), RELOADABLE,
        .help = "For models that convert text to other text."},
    {KEY(browser_preferences, vision), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"), RELOADABLE,
        .help = "For models that accept pictures."},
    {KEY(browser_preferences, audio), ROUTES, DEFAULT("firefox/webgpu, chrome, edge"), RELOADABLE,
        .help = "For models that accept sound."},
    {KEY(browser_preferences, multimodal), ROUTES, DEFAULT("chrome/webgpu, edge, firefox"),
        RELOADABLE, .help = "For models that accept several kinds of input."},
    {KEY(browser_preferences, other), ROUTES, DEFAULT("chrome, edge, firefox, safari"), RELOADABLE,
        .help = "For models of unknown type."},

    {BROWSER_KEY(family), ENUM(families), DEFAULT("auto"), RELOADABLE,
        .help = "The browser family of this kind, which determines how browsers of this kind are "
                "started. With auto, the family is firefox for the kind firefox, webkit for "
                "safari, and chromium for every other kind."},
    {BROWSER_KEY(driver), ENUM(protocols), DEFAULT("auto"), RELOADABLE,
        .help = "The WebDriver protocol: classic or bidi. With auto, a Firefox without a "
                "driver_command is started directly and controlled through bidi, and every other "
                "browser is controlled through classic. With bidi, a browser that needs a driver "
                "is controlled through both protocols, so that the console messages of its page "
                "appear in the log."},
    {BROWSER_KEY(driver_command), STRING, DEFAULT(""), RELOADABLE,
        .help = "The WebDriver program: a path, or a name to look up in PATH, followed by its "
                "arguments. If empty, the usual names are tried."},
    {BROWSER_KEY(driver_url), URL, DEFAULT(""), RELOADABLE,
        .help = "URL of a WebDriver service that is already running, such as a Selenium Grid. The "
                "daemon then starts no driver, and the browsers of that service must be able to "
                "reach [bridge] public_url. While a Selenium Grid has no room for one more "
                "browser, the daemon requests none."},
    {BROWSER_KEY(binary), STRING, DEFAULT(""), RELOADABLE,
        .help = "The browser program: a path, or a name to look up in PATH. If empty, the usual "
                "names are tried."},
    {BROWSER_KEY(arguments), LINES, DEFAULT(""), RELOADABLE,
        .help = "An additional command-line argument for the browser. Repeat the key for each "
                "argument."},
    {BROWSER_KEY(preferences), LINES, DEFAULT(""), RELOADABLE,
        .help = "A browser preference in the form NAME=VALUE with a JSON value, such as "
                "dom.webgpu.enabled=true. Repeat the key for each preference."},
    {BROWSER_KEY(platforms), LIST, .names = platforms, DEFAULT(""), RELOADABLE,
        .help = "The platforms on which models may run in this browser. If empty, models may run "
                "on every platform that the browser offers."},
    {BROWSER_KEY(headless), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether the browser runs without a window."},
    {BROWSER_KEY(gpu), ENUM(gpus), DEFAULT("auto"), RELOADABLE,
        .help = "The graphics adapter. With auto, the browser chooses the adapter, which is then "
                "labelled as hardware or software. A Chromium without a window uses a GPU if the "
                "daemon's user may open it and its Vulkan driver is installed. With hardware, a "
                "GPU is used, a software adapter counts as no adapter, and the browser is not "
                "started if no GPU can be used. A GPU whose own Vulkan driver webinfer does not "
                "know is then used through any Vulkan driver. With software, a software adapter is "
                "used. With off, no adapter is used."},
    {BROWSER_KEY(gpu_device), CHOICE(gpu_devices, 0, WI_GPUS_MAX - 1), DEFAULT("auto"), RELOADABLE,
        .help = "The GPU of a machine that has several. With auto, the browser chooses one. With a "
                "number, it uses the GPU to which webinfer doctor gives this number. With all, it "
                "uses the one on which the fewest browsers of this kind run. It cannot open the "
                "other GPUs, which requires that the kernel allows user and mount namespaces. If "
                "the GPU cannot be used, the browser is not started. WebKitGTK and browsers of a "
                "driver_url take none."},
    {BROWSER_KEY(sandbox), ENUM(tristates), DEFAULT("auto"), RELOADABLE,
        .help =
            "Whether the browser's own sandbox is on. With auto, it is on, with two exceptions: "
            "Chromium and WebKitGTK run without it if the daemon runs as root, or if user "
            "namespaces are not allowed, as in many containers. With yes, they do not start "
            "in these cases."},
    {BROWSER_KEY(min_connections), INTEGER(0, 1024), DEFAULT("0"), RELOADABLE,
        .help = "Number of browsers of this kind that run even without work."},
    {BROWSER_KEY(max_connections), INTEGER(0, 1024), DEFAULT("4"), RELOADABLE,
        .help = "Maximum number of browsers of this kind. 0 turns the kind off."},

    {KEY(models, directory), PATH, .min = 1, DEFAULT("$STATE_DIRECTORY/models"), RELOADABLE,
        .help = "The folder that contains one folder for each model."},
    {KEY(models, max_picture_pixels), INTEGER(1, 1000000000), DEFAULT("40000000"), RELOADABLE,
        .help = "Maximum number of pixels in a picture. Larger pictures are refused before they "
                "are decoded."},
    {KEY(models, context), INTEGER(0, 1048576), DEFAULT("0"), RELOADABLE,
        .help = "Context length, in tokens, of each conversation with a language model. With 0, it "
                "is the length for which the model was made, but at most 8192, and less if memory "
                "is short."},
    {KEY(models, slots), INTEGER(1, 16), DEFAULT("4"), RELOADABLE,
        .help = "Number of conversations that a loaded language model serves at the same time. If "
                "memory is short, there are fewer. Each conversation has the full context length."},
    {KEY(models, idle_unload), DURATION(0, 720 * HOUR), DEFAULT("30m"), RELOADABLE,
        .help = "A language model is unloaded after this long without a request. With 0, it stays "
                "loaded until its memory is needed."},
    {KEY(models, warmup), BOOL, DEFAULT("yes"), RELOADABLE,
        .help = "Whether a language model that was loaded ahead of any request first computes a "
                "few tokens, which are discarded. This makes the first answer faster."},
    {KEY(models, flash_attention), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a GGUF model on webgpu uses flash attention, which is less exact, if the "
                "GPU has a kernel for it."},
    {KEY(models, threads), CHOICE(model_threads, 1, 8), DEFAULT("auto"), RELOADABLE,
        .help = "Number of threads for a model on wasm. With auto, a model of at most 4 MiB whose "
                "runs take at most 5 ms uses one thread. Any other model uses as many threads as "
                "its browser's share of the machine's cores; a language model uses one fewer, and "
                "at most 4. If another browser is opened, the shares become smaller, and a model "
                "with more threads than its share is loaded again when it is idle. On a busy "
                "machine, more threads can be slower; a language model can be many times slower."},
    {KEY(models, share_prefix), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether one client's conversation may reuse what was computed for another "
                "client's conversation with the same beginning. The response time then reveals "
                "that another client has used this beginning."},
    {KEY(models, hub), STRING, .min = 1, DEFAULT(WI_HUB_DEFAULT), RELOADABLE,
        .help = "The hub for pulls that name no hub: the NAME of a [hub.NAME] section."},
    {KEY(models, quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum disk space for pulled models. To free space for a new model, others are "
                "removed: first earlier versions, then models that neighbours also have, then the "
                "rest, and in each group the least recently used first. A model that was added "
                "manually or is in use is never removed. With 0, no model is removed, and the "
                "limit is the free disk space."},
    {KEY(models, keep_versions), INTEGER(1, 100), DEFAULT("2"), RELOADABLE,
        .help = "Number of versions of a pulled model that are kept, including the newest."},
    {KEY(models, pull_on_demand), LIST, .min = 1, DEFAULT("no"), RELOADABLE,
        .help = "Models that are pulled if they are missing when a request names them. The value "
                "is no, or a list of ORG/NAME, where ORG/* means all models of an organisation. "
                "With a list, every client that may run models can fill the disk with these "
                "models, up to quota."},
    {KEY(models, quantize_on_demand), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a missing variant is built from fp32 graphs when a request names its "
                "precision: int8, int4 or fp16. A variant is also built if the request names no "
                "precision and the model does not fit into memory. The request waits for the "
                "variant, at most for its timeout_ms. With yes, every client that may run models "
                "can use processor time and disk space for two variants at a time."},

    {HUB_KEY(url), URL, DEFAULT("https://huggingface.co"), RELOADABLE,
        .help = "URL of the hub. It begins with https, or with http if the hub is on this machine. "
                "Hubs with the layout ipfs or webinfer and without a token may also use http on "
                "other machines, because all their data is verified. Every hub except huggingface "
                "and ipfs needs a URL. The default for ipfs is https://trustless-gateway.link; an "
                "empty URL removes the hub ipfs."},
    {HUB_KEY(token_file), PATH, DEFAULT(""), RELOADABLE,
        .help = "File with the token for this hub. The token is sent to no other host. The file "
                "must have mode 0600 and belong to the user as which the daemon runs."},
    {HUB_KEY(layout), ENUM(layouts), DEFAULT("huggingface"), RELOADABLE,
        .help = "How the hub provides models. With huggingface, the hub answers as huggingface.co "
                "does. With plain, every folder below the URL that contains a SHA256SUMS file is a "
                "model; any web server can provide this layout. With ipfs, the hub is a trustless "
                "gateway and a source for every ipfs:// pull. With webinfer, the hub is another "
                "webinferd, and the URL is that of its [bridge] listener. Every pull also "
                "uses such a hub as a source, for the models that its [content] serve allows."},

    {KEY(content, serve), ENUM(serves), DEFAULT("no"), RELOADABLE,
        .help = "Which models are served. With no, none. With published, published models. With "
                "all, also models that are pulled while this value is set, except those from a "
                "hub with a token. With all, a model that was pulled earlier is served once it is "
                "pulled again, although nothing is fetched again. The daemon never fetches "
                "anything on behalf of other hosts."},
    {KEY(content, anyone), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether models are served to every client that reaches the bridge's listener. "
                "With no, a client must send a token of rank node or, if there is no tokens_file, "
                "be on this machine. Other members of the cluster need neither."},
    {KEY(content, download_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum total rate of all pulls, in bytes per second. 0 means no limit."},
    {KEY(content, interval), DURATION(1 * SECOND, 60 * MINUTE), DEFAULT("60s"), RELOADABLE,
        .help = "If replicas is not 0, how often neighbours are asked which models they have."},
    {KEY(content, replicas), INTEGER(0, 100), DEFAULT("0"), RELOADABLE,
        .help = "Number of complete copies that should exist of every model that this daemon or a "
                "neighbour publishes, including the publisher's own. If there are fewer for two "
                "intervals, one of the daemons with this option pulls a copy under the name "
                "ipfs/CID. The copy is served as well. It is removed once its publisher is "
                "reachable and no longer publishes the model. With 0, no copies are made. This "
                "option requires serve to be published or all."},
    {KEY(content, replica_quota), SIZE(0, 1024 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum disk space for the copies that this daemon makes, which do not count "
                "towards [models] quota. With 0, the limit is the space that [models] quota "
                "leaves. No other model is removed to make room for a copy."},
    {KEY(content, routing), URL, DEFAULT(""), RELOADABLE,
        .help = "The http or https URL of a delegated router. For each ipfs:// pull, the router is "
                "asked once which providers have the content. The path /routing/v1/providers/CID "
                "is appended to the URL; the URL itself may already end with /routing/v1. At most "
                "8 of the gateways that the router names are asked for blocks in this pull. "
                "Because you have not chosen these gateways, they are asked only over https and at "
                "public addresses. The router learns which CIDs are pulled. If empty, no router is "
                "asked."},
    {KEY(content, stall), DURATION(100, 10 * MINUTE), DEFAULT("10s"), RELOADABLE,
        .help = "If a source delivers less than 64 kB of a block in this time, other sources are "
                "asked for the block as well."},
    {KEY(content, hub_shares), BOOL, DEFAULT("no"), RELOADABLE,
        .help = "Whether a hub provides parts of a file while neighbours that have the file "
                "provide other parts. With no, the hub is asked only for parts that neighbours "
                "lack or fail to provide."},
    {KEY(content, upload_limit), SIZE(0, 1 * TIB), DEFAULT("0"), RELOADABLE,
        .help = "Maximum total rate at which models are served to all clients, in bytes per "
                "second. 0 means no limit."},

    {KEY(cluster, servers), LIST, DEFAULT(""),
        .help = "The NATS servers of the cluster, separated by commas, at most 16. Each is "
                "nats://HOST:PORT or, with TLS, tls://HOST:PORT; without a port, 4222 is used. If "
                "one cannot be reached, the next is tried. If empty, this daemon is not a member "
                "of a cluster. A build without libnats accepts no servers."},
    {KEY(cluster, name), STRING, DEFAULT(""),
        .help = "The name of this daemon in the cluster: 1 to 64 bytes of UTF-8 without control "
                "characters. No two members can have the same name. If empty, it is the host "
                "name of the machine."},
    {KEY(cluster, credentials_file), PATH, DEFAULT(""),
        .help = "File with the credentials for the NATS servers. It contains either USER:PASSWORD "
                "on one line, or the credentials that NATS' tool nsc writes. The file must have "
                "mode 0600 and be readable for the user as which the daemon runs."},
    {KEY(cluster, tls_ca), PATH, DEFAULT(""),
        .help = "PEM file with the certificates of the authorities that sign the NATS servers' "
                "certificates. If this option is set, TLS is used for every server. If it is "
                "empty, servers with tls:// are checked with the system's authorities."},
    {KEY(cluster, prefix), STRING, .min = 1, DEFAULT("webinfer"),
        .help = "The beginning of all names that this cluster uses at the NATS servers: 1 to 32 "
                "letters, digits, \"-\" and \"_\". Clusters with different prefixes can share "
                "servers."},
    {KEY(cluster, replicas), ENUM(odd_replicas), DEFAULT("1"),
        .help = "How many NATS servers store the data. With 3, one may fail; with 5, two. "
                "Both need nats-server 2.9.21 or later. All members need the same value."},
    {KEY(cluster, ack_wait), DURATION(1 * SECOND, 10 * MINUTE), DEFAULT("30s"),
        .help = "The time after which stored jobs of a member that is lost run on another member. "
                "Each member renews its claim on its jobs every third of this time. All members "
                "need the same value."},

    {KEY(store, path), PATH, DEFAULT(""),
        .help = "The folder of the database. If empty, it is $STATE_DIRECTORY or, if that is not "
                "set, $XDG_STATE_HOME/webinfer or ~/.local/state/webinfer. Only one daemon may use "
                "the folder at a time."},
    {KEY(store, max_size), SIZE(1 * MIB, 1 * TIB), DEFAULT("4G"), RELOADABLE,
        .help = "Maximum total size of accepted jobs and their results in the database. A job that "
                "would exceed it is refused with 507 until results have expired."},
    {KEY(store, results_keep), INTEGER(1, 100000), DEFAULT("200"), RELOADABLE,
        .help = "Number of laboratory runs that are kept; a new run replaces the oldest."},

    {KEY(log, level), ENUM(wi_level_names), DEFAULT("info"), RELOADABLE,
        .help = "The lowest level of messages that are written."},
    {KEY(log, format), ENUM(formats), DEFAULT("text"), RELOADABLE,
        .help = "Format of the messages: lines of text for people to read (text), or a JSON object "
                "for each message (json)."},
    {0}};
