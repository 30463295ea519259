/* The commands and their options. This table is the command line's only description. */
#include "config.h"

#include "cli/commands/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/plain.h"

#include <stdio.h>
#include <string.h>

static enum wi_exit run_version(struct wi_cli *cli)
{
    puts("webinfer " PACKAGE_VERSION);
    return WI_EXIT_OK;
}

static enum wi_exit run_mdoc(const char *part)
{
    struct wi_buffer text = {0};

    if (strcmp(part, "synopsis") == 0)
        wi_cli_mdoc_synopsis(&text);
    else if (strcmp(part, "commands") == 0)
        wi_cli_mdoc_commands(&text);
    else
        return wi_cli_fail(
            WI_EXIT_USAGE, "webinfer(1) has no part \"%s\"; it has synopsis and commands", part);
    wi_plain_flush(stdout, &text);
    return WI_EXIT_OK;
}

static enum wi_exit run_help(struct wi_cli *cli)
{
    const struct wi_arguments *arguments = &cli->arguments;
    const char *part = wi_argument(arguments, "mdoc");
    const char *const *words = arguments->positionals;
    const struct wi_verb *verb = wi_cli_find_verb(words);
    struct wi_buffer text = {0};
    struct wi_error error = {0};

    if (part)
        return run_mdoc(part);
    if (words[0] && !words[1] && wi_cli_is_group(words[0])) {
        wi_cli_help_group(&text, words[0]);
    } else if (words[0] && !verb) {
        wi_cli_no_verb(&error, words);
        return wi_cli_complain(&error);
    } else {
        wi_cli_help(&text, verb);
    }
    wi_plain_flush(stdout, &text);
    return WI_EXIT_OK;
}

static enum wi_exit run_completion(struct wi_cli *cli)
{
    fputs(wi_cli_bash, stdout);
    return WI_EXIT_OK;
}

static enum wi_exit run_words(struct wi_cli *cli)
{
    struct wi_buffer text = {0};

    wi_cli_complete(&text, cli->arguments.positionals, cli->arguments.positional_count);
    wi_plain_flush(stdout, &text);
    return WI_EXIT_OK;
}

const struct wi_flag wi_cli_global_options[] = {
    {"help", .help = "Explain a command and stop"},
    {"version", .help = "Print the version and stop"},
    {"url", "URL", .help = "Where the API is; else $WEBINFER_URL, else http://127.0.0.1:8470"},
    {"token-file", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "File whose first line is the API token; else $WEBINFER_TOKEN"},
    {"authority", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "PEM file of the certificate authority to trust for https"},
    {"json", .help = "Print the server's JSON unchanged; the pages of a list become one document"},
    {0},
};

/* Where it is to run. */
#define PLACE_OPTIONS(platforms)                                                                   \
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, (platforms),                                        \
        "The platform that computes; auto lets the server choose"},                                \
        {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",                    \
            "Only browsers of this kind"},                                                         \
    {                                                                                              \
        "node", "ID", 0, WI_COMPLETE_NONE, NULL, "Only this node"                                  \
    }

static const struct wi_flag infer_options[] = {
    {"image", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A picture (PNG, JPEG or WebP); \"-\" reads standard input"},
    {"audio", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A sound (WAV, or what browsers decode); \"-\" reads standard input"},
    {"text", "TEXT", 1, WI_COMPLETE_NONE, NULL,
        "A text; a chat model answers it, or continues it with --task complete"},
    {"pair", "TEXT", .help = "A second text that goes with --text"},
    {"question", "TEXT", .help = "A question about the picture of --image or the text of --text"},
    {"label", "NAME", 1, .help = "A label to choose from, for models that accept arbitrary labels"},
    {"task", "NAME",
        .help = "The task, for a model that has several; webinfer-api(7), Tasks, lists them"},
    {"tensor", "NAME=FILE", 1, WI_COMPLETE_NAMED_FILE, NULL, "Input tensor from a NumPy .npy file"},
    {"inputs", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "The request's inputs as JSON; \"-\" reads standard input"},
    PLACE_OPTIONS("auto webgpu webnn webgl wasm native"),
    {"precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 bf16 int8 uint8 int4 uint4",
        "Only at this precision"},
    {"no-fallback", .help = "Fail if the platform fails, instead of trying the next one"},
    {"priority", "0-9", .help = "9 is the most urgent, 5 the default"},
    {"timeout", "DURATION", 0, WI_COMPLETE_NONE, NULL,
        "The time limit for queueing, loading and running, e.g. 500ms, 30s, 5m; the default is "
        "60s, or 10m for streams and generated text"},
    {"option", "KEY=VALUE", 1, WI_COMPLETE_OPTION, NULL,
        "An option of the model; VALUE is JSON, or else text"},
    {"stream", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Show the parts of the answer as they arrive; with --json, show each event as a line of "
        "JSON"},
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save each output as DIR/NAME.npy, or as a PNG or WAV file if it is one. If DIR ends in "
        ".wav, .png or .npy, save only the first such output, to that file"},
    {"detach",
        .help = "Have the server store the request as a job, print the job's id and do not wait"},
    {0},
};

static const struct wi_flag compute_options[] = {
    {"tensor", "NAME=FILE", 1, WI_COMPLETE_NAMED_FILE, NULL,
        "A tensor of the kernel, from a NumPy .npy file of 32-bit floats. For WGSL, the file may "
        "also hold int32 or uint32, and tensors are bound in the given order"},
    {"inputs", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "The tensors as JSON; \"-\" reads standard input"},
    {"option", "KEY=VALUE", 1, .help = "An option of the kernel"},
    {"result", "NAME=DATATYPE[SHAPE]", 1,
        .help = "An output of WGSL such as y=FP32[2,3], bound after the tensors"},
    {"workgroups", "X[,Y[,Z]]", .help = "The number of WGSL workgroups to run"},
    {"entry", "NAME", .help = "The WGSL function to run; main is the default"},
    {"constant", "NAME=NUMBER", 1, .help = "A value for a WGSL override"},
    PLACE_OPTIONS("auto webgpu wasm"),
    {"no-fallback", .help = "Fail if the platform fails, instead of trying the next one"},
    {"priority", "0-9", .help = "9 is the most urgent, 5 the default"},
    {"timeout", "DURATION", .help = "The time limit for the whole request; 60s is the default"},
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save the output as DIR/NAME.npy or, if DIR ends in .npy, to that file"},
    {0},
};

#define TEXT_OPTIONS(task)                                                                         \
    {"option", "KEY=VALUE", 1, WI_COMPLETE_OPTION, task,                                           \
        "An option of the model such as temperature=0 or max_tokens=100; VALUE is JSON, or else "  \
        "text"},                                                                                   \
        PLACE_OPTIONS("auto webgpu webnn webgl wasm native"),                                      \
    {                                                                                              \
        "timeout", "DURATION", 0, WI_COMPLETE_NONE, NULL,                                          \
            "The time limit for queueing, loading and the whole answer, e.g. 30s, 5m; 10m is the " \
            "default"                                                                              \
    }

static const struct wi_flag generate_options[] = {TEXT_OPTIONS("complete"), {0}};
static const struct wi_flag embed_options[] = {TEXT_OPTIONS("embed"), {0}};

static const struct wi_flag transcribe_options[] = {
    {"model", "NAME", 0, WI_COMPLETE_MODEL, NULL,
        "The model that transcribes; by default the only one that can"},
    {"format", "NAME", 0, WI_COMPLETE_WORDS, "text srt vtt json",
        "Text (the default), subtitles, or the server's JSON"},
    {"language", "CODE",
        .help = "The spoken language, such as en or de; by default the model detects it"},
    {"translate", .help = "Translate into English"},
    {"live", "MODEL", 0, WI_COMPLETE_MODEL, NULL,
        "Have MODEL transcribe the sound (WAV or raw samples) as it arrives, and print each "
        "segment as a line once it has ended; with --json, print each event as a line of JSON"},
    {"encoding", "NAME", 0, WI_COMPLETE_WORDS, "s16le f32le",
        "The encoding of raw samples with --live; s16le is the default"},
    {"rate", "N",
        .help = "The sample rate of raw samples with --live, per second; 16000 is the default"},
    {"channels", "1-2",
        .help = "The number of interleaved channels of raw samples with --live; 1 is the default"},
    {"pause", "DURATION",
        .help = "With --live, the length of a pause that ends a segment; 500ms is the default"},
    TEXT_OPTIONS("automatic-speech-recognition"),
    {0},
};

static const struct wi_flag chat_options[] = {
    {"system", "TEXT", .help = "Instruct the model before the conversation"},
    {"no-history", .help = "Neither read nor write the history of typed lines"},
    TEXT_OPTIONS("chat"),
    {0},
};

#define PULL_OPTIONS                                                                               \
    {"as", "NAME", .help = "The model's name here; by default its name on the hub"},               \
        {"hub", "NAME", 0, WI_COMPLETE_NONE, NULL,                                                 \
            "The hub, as named by a section [hub.NAME] of the daemon's configuration"},            \
        {"file", "PATTERN", 1, WI_COMPLETE_NONE, NULL,                                             \
            "Fetch these files instead of those that the daemon would choose; \"*\" matches "      \
            "anything"},                                                                           \
    {                                                                                              \
        "precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 int8 int4",                          \
            "The variant of an ONNX model"                                                         \
    }

static const struct wi_flag pull_options[] = {
    PULL_OPTIONS,
    {"detach", .help = "Do not wait for the end of the pull"},
    {"cancel", .help = "Stop the pull and remove what it has fetched"},
    {0},
};

static const struct wi_flag quantize_options[] = {
    {"bits", "NUMBER", 0, WI_COMPLETE_WORDS, "8 4 16",
        "The number of bits: 8 makes the variant q8, 4 makes q4, 16 makes fp16"},
    {"mixed", .help = "With 4 bits, keep 8 bits in the layers that lose most with 4"},
    {"force", .help = "Publish the variant even if its measurements are bad"},
    {"detach", .help = "Do not wait until the variant is made"},
    {"cancel", .help = "Stop the work and remove its unfinished files"},
    {0},
};

static const struct wi_flag run_options[] = {
    PULL_OPTIONS,
    {"system", "TEXT", .help = "Instruct the model before the conversation"},
    {"no-history", .help = "Neither read nor write the history of typed lines"},
    TEXT_OPTIONS("chat"),
    {0},
};

static const struct wi_flag load_options[] = {
    {"node", "ID", .help = "Only into this node"},
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, "webgpu webnn webgl wasm native",
        "For this platform"},
    {"no-wait", .help = "Do not wait until it is loaded"},
    {0},
};

static const struct wi_flag unload_options[] = {
    {"node", "ID", .help = "Only from this node"},
    {0},
};

static const struct wi_flag add_options[] = {
    {"name", "NAME", .help = "NAME or OWNER/NAME; by default the name of the file, CAR or folder"},
    {"force", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Make it the next version of an existing model; running requests finish on the old one"},
    {0},
};

static const struct wi_flag publish_options[] = {
    {"car", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Also write the whole model to this file, a CAR, which webinfer add reads; \"-\" is "
        "standard output. Without :VARIANT, only the first of several variants is written"},
    {0},
};

static const struct wi_flag rm_options[] = {
    {"force", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Remove a model even if requests are running on it; they finish on the version that they "
        "have"},
    {0},
};

static const struct wi_flag jobs_options[] = {
    {"state", "NAME", 0, WI_COMPLETE_WORDS, "queued running done failed cancelled",
        "Only jobs in this state"},
    {"limit", "N", .help = "At most this many; 100 is the default"},
    {0},
};

static const struct wi_flag job_options[] = {
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save each binary output tensor as DIR/NAME.npy"},
    {0},
};

static const struct wi_flag results_options[] = {
    {"limit", "N", .help = "At most this many; 100 is the default"},
    {0},
};

#define REPORT_OPTIONS                                                                             \
    {"markdown", "FILE", 0, WI_COMPLETE_FILE, NULL,                                                \
        "Write a table for a pull request, of at most 60,000 characters; \"-\" is standard "       \
        "output"},                                                                                 \
    {                                                                                              \
        "junit", "FILE", 0, WI_COMPLETE_FILE, NULL,                                                \
            "Write a JUnit report with a case for each cell; \"-\" is standard output"             \
    }

static const struct wi_flag bench_options[] = {
    {"preset", "NAME", 0, WI_COMPLETE_WORDS, "gpu",
        "Options for a purpose; options of the command take precedence. The preset gpu takes 8 "
        "minutes and "
        "shows what a GPU is worth: it verifies WebGPU, and measures on WASM and WebGPU. It "
        "measures all models if none is named, and starts its own daemon if --url is not given"},
    {"browser", "KIND,...", 0, WI_COMPLETE_WORDS, "all chrome edge firefox safari",
        "Only these browsers; all is the default"},
    {"platform", "NAME,...", 0, WI_COMPLETE_WORDS,
        "all both wasm webgpu webnn webgl native simulated",
        "Only these platforms; both is wasm,webgpu; all, the default, excludes native and "
        "simulated nodes"},
    {"test-type", "page|client", 0, WI_COMPLETE_WORDS, "page client",
        "Measure only by the page's clock (with POST /v1/benchmark), or only by a client's clock"},
    {"precision", "NAME,...", 0, WI_COMPLETE_WORDS, "fp32 fp16 int8 int4",
        "Only at these precisions; by default, at the precision that the model's name selects"},
    {"threads", "1,all", 0, WI_COMPLETE_WORDS, "1 all 1,all",
        "The number of WASM threads, for measurements by the page's clock; by default, both are "
        "measured"},
    {"optimization", "none|all", 0, WI_COMPLETE_WORDS, "none all none,all",
        "The fusions that onnxruntime may make in graphs, for measurements by the page's clock; "
        "none,all measures both and shows the gain; all is the default"},
    {"batch", "N,...",
        .help = "The batch size, for models whose first dimension is free; 1 is the default"},
    {"concurrency", "N,...",
        .help = "The number of requests at a time, for measurements by the client's clock; 1 is "
                "the default"},
    {"runs", "N", .help = "Samples of a cell; 20 is the default"},
    {"cell-time", "DURATION", .help = "The time for the runs of a cell; 20s is the default"},
    {"time", "DURATION", .help = "The time for the whole run; 10m is the default"},
    {"input", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "The request to send to the models, as JSON: inputs, or an object with inputs and options; "
        "by default, the server's sample for each model"},
    {"seed", "N", .help = "The seed for the order of cells; 0 is the default"},
    {"name", "TEXT", .help = "The name of the run"},
    {"resume", "ID", .help = "Measure the rest of a run; give the other arguments as before"},
    {"against", "URL", 0, WI_COMPLETE_NONE, NULL,
        "Also measure that daemon, alternating with this one, and show what has become slower "
        "here"},
    {"fail-on-regression", "SHARE",
        .help = "With --against, the slowdown that counts as a regression; 10% is the default"},
    {"start", .help = "Start a daemon for this command, which ends with it; not with --url"},
    {"headless", "yes|no", 0, WI_COMPLETE_WORDS, "yes no",
        "Whether that daemon's browsers run without windows; yes is the default"},
    {"native", .help = "Also start onnxruntime-node (only in a checkout), and show the speed-ups "
                       "relative to it"},
    {"suite", "DIR", 0, WI_COMPLETE_FILE, NULL,
        "Instead of measuring models, run the operator tests in DIR, which has the layout of "
        "ONNX's tests, and show which tests pass at which place. No time is measured. Requires "
        "--start"},
    {"verbose", .help = "Print each request and the time that it took"},
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write a document that shows all results and needs no network"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag results_show_options[] = {
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write a document that shows all results and needs no network"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag results_compare_options[] = {
    {"fail-on-regression", "SHARE",
        .help = "The slowdown that counts as a regression, such as 10%, which is the default"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag results_export_options[] = {
    {"format", "NAME", 0, WI_COMPLETE_WORDS, "ndjson csv json bmf",
        "Lines of JSON (the default), a table, the document that import reads, or Bencher's "
        "metrics"},
    {0},
};

static const struct wi_flag models_options[] = {
    {"names", .help = "Print only the names, one per line"},
    {0},
};

static const struct wi_flag verify_options[] = {
    {"node", "ID", .help = "Only this node"},
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Only browsers of this kind"},
    {"platform", "LIST", 0, WI_COMPLETE_WORDS, "both webgpu wasm",
        "Only these platforms, separated by commas; both are webgpu and wasm"},
    {"verbose", .help = "Show each product"},
    {0},
};

static const struct wi_flag hardware_options[] = {
    {"type", "NAME", 0, WI_COMPLETE_WORDS,
        "text_embedding text_generation text2text vision audio multimodal",
        "As if the model had this type; by default its own"},
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, "auto webgpu webnn webgl wasm native",
        "As if a request named this platform"},
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "As if a request named this kind of browser"},
    {"node", "ID", .help = "As if a request named this node"},
    {"precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 bf16 int8 uint8 int4 uint4",
        "As if a request named this precision"},
    {"no-fallback", .help = "As if a request forbade another platform"},
    {0},
};

static const struct wi_flag matrix_options[] = {
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Only browsers of this kind"},
    {"node", "ID", .help = "Only this node"},
    {"found", .help = "Show earlier results without asking a browser"},
    {"start",
        .help = "Without a daemon, start each browser of the configuration, and end it again"},
    {"config", "FILE", 0, WI_COMPLETE_FILE, NULL, "With --start, the configuration file"},
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write a self-contained document; - is standard output"},
    {"verbose", .help = "Also show the details of available features"},
    {0},
};

static const struct wi_flag doctor_options[] = {
    {"config", "FILE", 0, WI_COMPLETE_FILE, NULL, "The daemon's configuration file"},
    {"no-start", .help = "Do not start browsers, only look for them"},
    {0},
};

static const struct wi_flag token_options[] = {
    {"rank", "NAME", 0, WI_COMPLETE_WORDS, "user admin node",
        "The rights of the token; the default is admin for the first token of a file, and "
        "otherwise user"},
    {"file", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Add the line to this tokens file, which is created with mode 0600"},
    {"owner", "USER", .help = "The user who is to own that file"},
    {0},
};

static const struct wi_flag nodes_options[] = {
    {"limited", .help = "Show the nodes that get no work, or less than others, with the reason and "
                        "the time at which that ends"},
    {"quarantined", .help = "Show the nodes that were sent away because of a finding"},
    {"tuning", .help = "Show the fastest known ways to compute kernels, and their gain"},
    {0},
};

static const struct wi_flag join_options[] = {
    {"nodes", "N", .help = "The number of nodes at a time; 1 is the default"},
    {"for", "DURATION",
        .help = "How long nodes may join with the link, e.g. 30m; 1h is the default"},
    {"start", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Have pages opened with the link compute at once, without asking, for browsers without a "
        "user"},
    {0},
};

static const struct wi_flag backup_options[] = {
    {"force", .help = "Replace FILE if it exists"},
    {0},
};

static const struct wi_flag restore_options[] = {
    {"state", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "The folder of webinferd's database, [store] path; by default that of a daemon that this "
        "user starts"},
    {0},
};

static const struct wi_flag help_options[] = {
    {"mdoc", "PART", 0, WI_COMPLETE_WORDS, "synopsis commands",
        "Print this part of webinfer(1), which is made from the program's tables, as mdoc"},
    {0},
};

const struct wi_other_name wi_cli_other_verbs[] = {{"ls", "list"}, {"stop", "unload"}, {0}};
const struct wi_other_name wi_cli_letters[] = {{"h", "help"}, {"v", "version"}, {0}};

const struct wi_verb wi_cli_verbs[] = {
    {"run", "MODEL [TEXT]", 1, 2, {WI_COMPLETE_MODEL},
        "Pull a model (ORG/NAME[:VARIANT][@REVISION] or ipfs://CID[/PATH][:VARIANT]) if the daemon "
        "does not have it, and chat with it, or ask it TEXT",
        run_options, wi_cli_run},
    {"pull", "ORG/NAME[:VARIANT][@REVISION]", 1, 1, {0},
        "Have the daemon pull a model from a hub, or by its CID (ipfs://CID[/PATH][:VARIANT]) from "
        "all sources, and show the progress",
        pull_options, wi_cli_pull},
    {"list", "", 0, 0, {0},
        "List the models with their sizes (- for a model that the daemon has not read yet), and "
        "the running pulls",
        NULL, wi_cli_list},
    {"show", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Show a model: its files, its origin, the memory it takes, and its measurements at each "
        "place",
        NULL, wi_cli_show_model},
    {"status", "", 0, 0, {0}, "Show the daemon: sessions, nodes, queue and problems", NULL,
        wi_cli_status},
    {"open", "", 0, 0, {0}, "Open the console in a browser, or print its address", NULL,
        wi_cli_open},
    {"infer", "MODEL [FILE]", 1, 2, {WI_COMPLETE_MODEL, WI_COMPLETE_FILE},
        "Run a model on a picture, a sound, a text, on tensors or on the JSON in FILE (or \"-\")",
        infer_options, wi_cli_infer},
    {"compute", "[KERNEL|FILE.wgsl]", 0, 1, {WI_COMPLETE_FILE},
        "Run a built-in kernel, or your own kernel in WGSL, on tensors; without an argument, list "
        "the built-in kernels",
        compute_options, wi_cli_compute},
    {"chat", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Chat with a language model; its answers are shown as they come", chat_options,
        wi_cli_chat},
    {"generate", "MODEL TEXT|-", 2, 2, {WI_COMPLETE_MODEL},
        "Have a language model continue TEXT, or standard input", generate_options,
        wi_cli_generate},
    {"embed", "MODEL TEXT...|-", 2, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL},
        "Print the vector of each TEXT, or of each line of standard input", embed_options,
        wi_cli_embed},
    {"transcribe", "FILE|-", 1, 1, {WI_COMPLETE_FILE},
        "Transcribe the speech in a sound: WAV, or a format that browsers decode, such as mp3 and "
        "ogg",
        transcribe_options, wi_cli_transcribe},
    {"ps", "", 0, 0, {0},
        "List the models that nodes hold, with one row for each platform of a node: memory, busy "
        "slots, "
        "and how full their caches are",
        NULL, wi_cli_ps},
    {"load", "MODEL", 1, 1, {WI_COMPLETE_MODEL}, "Load a model into nodes ahead of requests",
        load_options, wi_cli_load},
    {"unload", "MODEL", 1, 1, {WI_COMPLETE_MODEL}, "Have nodes free a model's memory",
        unload_options, wi_cli_unload},
    {"add", "FILE|DIR", 1, 1, {WI_COMPLETE_FILE},
        "Send a model, on its own or in a CAR, to the daemon, which may be on another machine",
        add_options, wi_cli_add},
    {"quantize", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Have the daemon make a variant of a model with fewer bits, from its fp32 files, and show "
        "its measurements",
        quantize_options, wi_cli_quantize},
    {"publish", "MODEL[:VARIANT]", 1, 1, {WI_COMPLETE_MODEL},
        "Give a model an address that is derived from its content, ipfs://CID, and print it",
        publish_options, wi_cli_publish},
    {"unpublish", "MODEL[:VARIANT]", 1, 1, {WI_COMPLETE_MODEL},
        "Stop offering a model by that address", NULL, wi_cli_unpublish},
    {"sources", "", 0, 0, {0},
        "List the sources of models by content, with their speed and reliability, and the "
        "published models",
        NULL, wi_cli_sources},
    {"rm", "MODEL...", 1, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL, WI_COMPLETE_MODEL},
        "Remove models and all their versions from the daemon", rm_options, wi_cli_rm},
    {"gc", "", 0, 0, {0}, "Have the daemon remove unneeded files: old versions, abandoned pulls",
        NULL, wi_cli_gc},
    {"jobs list", "", 0, 0, {0}, "List the jobs that the server keeps", jobs_options,
        wi_cli_jobs_list},
    {"jobs show", "ID", 1, 1, {0}, "Show the progress of a job, and its answer", job_options,
        wi_cli_jobs_show},
    {"jobs wait", "ID", 1, 1, {0}, "Wait for a job to end, and show its answer", job_options,
        wi_cli_jobs_wait},
    {"jobs cancel", "ID", 1, 1, {0}, "Cancel a job", NULL, wi_cli_jobs_cancel},
    {"bench", "[MODEL|FILE|DIR...]", 0, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL, WI_COMPLETE_FILE},
        "Measure models on all browsers and platforms, and show where each runs, how fast and how "
        "exactly",
        bench_options, NULL},
    {"results list", "", 0, 0, {0}, "List the runs of the laboratory that the server keeps",
        results_options, wi_cli_results_list},
    {"results show", "ID|FILE", 1, 1, {WI_COMPLETE_FILE},
        "Show a run's cells, the worst first, or write them as reports", results_show_options,
        wi_cli_results_show},
    {"results compare", "A B", 2, 2, {WI_COMPLETE_FILE, WI_COMPLETE_FILE},
        "Compare two runs, or exported files: the cells that are slower, faster or broken in B",
        results_compare_options, wi_cli_results_compare},
    {"results export", "ID|FILE", 1, 1, {WI_COMPLETE_FILE}, "Print a run for other programs",
        results_export_options, wi_cli_results_export},
    {"results import", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Have the server store a run of another server, marked as imported", NULL,
        wi_cli_results_import},
    {"results rm", "ID", 1, 1, {0}, "Remove a run", NULL, wi_cli_results_rm},
    {"models", "", 0, 0, {0},
        "List the models with the findings of the numerics guard, and the entries that are not "
        "models, with the reason for each",
        models_options, wi_cli_models},
    {"nodes", "", 0, 0, {0}, "List the nodes, and the platforms on which they compute",
        nodes_options, wi_cli_nodes},
    {"forgive", "ID", 1, 1, {0},
        "Forget the findings about a node. ID is the node's id; for a node that was sent away and "
        "may come back, it is the id that webinfer nodes --quarantined lists",
        NULL, wi_cli_forgive},
    {"hardware", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Show where a model would run now, how fast and why, without running it", hardware_options,
        wi_cli_hardware},
    {"verify", "", 0, 0, {0},
        "Have nodes prove that they compute correctly, and what hardware they use, by computing "
        "matrix products that cannot be predicted",
        verify_options, wi_cli_verify},
    {"matrix", "", 0, 0, {0}, "Show the features of each browser, found by trying each one",
        matrix_options, wi_cli_matrix},
    {"doctor", "", 0, 0, {0},
        "Check this machine, without a daemon, and show what each browser offers", doctor_options,
        wi_cli_doctor},
    {"token new", "NAME", 1, 1, {0}, "Make an API token and the line for the tokens file",
        token_options, wi_cli_token_new},
    {"token join", "", 0, 0, {0}, "Make a link with which other people's browsers become nodes",
        join_options, wi_cli_token_join},
    {"backup", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Write the database of a running daemon to FILE, with all jobs that it has accepted",
        backup_options, wi_cli_backup},
    {"restore", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Replace a daemon's database with a backup; run this on the daemon's machine while the "
        "daemon is stopped",
        restore_options, wi_cli_restore},
    {"completion bash", "", 0, 0, {0}, "Print the completion for bash", NULL, run_completion},
    {"completion words", "WORD...", 1, WI_POSITIONALS_MAX, {0},
        "Print the completions of the last word of the command line WORD..., for a shell", NULL,
        run_words},
    {"help", "[COMMAND]", 0, 2, {WI_COMPLETE_VERB, WI_COMPLETE_VERB}, "Explain a command",
        help_options, run_help},
    {"version", "", 0, 0, {0}, "Print the version", NULL, run_version},
    {0},
};
