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
    fputs(wi_cli_completion(strchr(cli->arguments.verb->name, ' ') + 1), stdout);
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
    {"help", .help = "Print the help of a command and exit"},
    {"version", .help = "Print the version and exit"},
    {"url", "URL",
        .help = "The URL of the API; the default is $WEBINFER_URL or, if that is not set, "
                "http://127.0.0.1:8470"},
    {"token-file", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A file whose first line is the API token; without this option, $WEBINFER_TOKEN is used"},
    {"authority", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A PEM file with the certificate authority to trust for https"},
    {"json", .help = "Print the server's JSON unchanged; the pages of a list become one document"},
    {0},
};

/* Where it is to run. */
#define PLACE_OPTIONS(platforms)                                                                   \
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, (platforms),                                        \
        "The platform to run on; with auto, the default, the server chooses"},                     \
        {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",                    \
            "Use only browsers of this kind"},                                                     \
    {                                                                                              \
        "node", "ID", 0, WI_COMPLETE_NONE, NULL, "Use only this node"                              \
    }

static const struct wi_flag infer_options[] = {
    {"image", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A picture (PNG, JPEG or WebP); \"-\" means standard input"},
    {"audio", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "An audio file (WAV, or a format that browsers can decode); \"-\" means standard input"},
    {"text", "TEXT", 1, WI_COMPLETE_NONE, NULL,
        "The input text; a chat model answers it or, with --task complete, continues it"},
    {"pair", "TEXT", .help = "The second text of a pair; --text is the first"},
    {"question", "TEXT",
        .help = "A question about the picture given with --image or the text given with --text"},
    {"label", "NAME", 1,
        .help = "A label that the model can choose, for models that accept arbitrary labels"},
    {"task", "NAME",
        .help = "The task, for a model that supports several; \"Tasks\" in webinfer-api(7) lists "
                "them"},
    {"tensor", "NAME=FILE", 1, WI_COMPLETE_NAMED_FILE, NULL,
        "An input tensor from a NumPy .npy file"},
    {"inputs", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "The request's inputs as JSON; \"-\" means standard input"},
    PLACE_OPTIONS("auto webgpu webnn webgl wasm native"),
    {"precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 bf16 int8 uint8 int4 uint4",
        "Use only this precision"},
    {"no-fallback",
        .help = "If the platform fails, return the error instead of trying the next platform"},
    {"priority", "0-9", .help = "The priority; 9 is the most urgent, and 5 is the default"},
    {"timeout", "DURATION", 0, WI_COMPLETE_NONE, NULL,
        "The time limit for queueing, loading and running, such as 500ms, 30s or 5m; the default "
        "is 60s, or 10m for streams and generated text"},
    {"option", "KEY=VALUE", 1, WI_COMPLETE_OPTION, NULL,
        "An option of the model; a VALUE that is not valid JSON is sent as text"},
    {"stream", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Show the parts of the answer as they arrive; with --json, print each as a line of JSON"},
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save each output as DIR/NAME.npy, or in its own format if it is a PNG or WAV file. If DIR "
        "ends in .wav, .png or .npy, it is a file, to which only the first output of this format "
        "is saved"},
    {"detach", .help = "Have the server store the request as a job; print the job's id and exit"},
    {0},
};

static const struct wi_flag compute_options[] = {
    {"tensor", "NAME=FILE", 1, WI_COMPLETE_NAMED_FILE, NULL,
        "A tensor for the kernel, from a NumPy .npy file of 32-bit floats. For WGSL, the file may "
        "also contain int32 or uint32 values, and the tensors are bound in the given order"},
    {"inputs", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "The tensors as JSON; \"-\" means standard input"},
    {"option", "KEY=VALUE", 1, .help = "An option of the kernel"},
    {"result", "NAME=DATATYPE[SHAPE]", 1,
        .help = "An output of a WGSL kernel, such as y=FP32[2,3]; outputs are bound after the "
                "tensors"},
    {"workgroups", "X[,Y[,Z]]", .help = "The number of WGSL workgroups to run"},
    {"entry", "NAME", .help = "The WGSL function to run; the default is main"},
    {"constant", "NAME=NUMBER", 1, .help = "The value of a WGSL override constant"},
    PLACE_OPTIONS("auto webgpu wasm"),
    {"no-fallback",
        .help = "If the platform fails, return the error instead of trying the next platform"},
    {"priority", "0-9", .help = "The priority; 9 is the most urgent, and 5 is the default"},
    {"timeout", "DURATION", .help = "The time limit for the whole request; the default is 60s"},
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save the output to DIR/NAME.npy or, if DIR ends in .npy, to the file DIR itself"},
    {0},
};

#define TEXT_OPTIONS(task)                                                                         \
    {"option", "KEY=VALUE", 1, WI_COMPLETE_OPTION, task,                                           \
        "An option of the model, such as temperature=0 or max_tokens=100; a VALUE "                \
        "that is not valid JSON is sent as text"},                                                 \
        PLACE_OPTIONS("auto webgpu webnn webgl wasm native"),                                      \
    {                                                                                              \
        "timeout", "DURATION", 0, WI_COMPLETE_NONE, NULL,                                          \
            "The time limit for queueing, loading and the whole answer, such as 30s or "           \
            "5m; the default is 10m"                                                               \
    }

static const struct wi_flag generate_options[] = {TEXT_OPTIONS("complete"), {0}};
static const struct wi_flag embed_options[] = {TEXT_OPTIONS("embed"), {0}};

static const struct wi_flag transcribe_options[] = {
    {"model", "NAME", 0, WI_COMPLETE_MODEL, NULL,
        "The model to use; needed only if several models can transcribe"},
    {"format", "NAME", 0, WI_COMPLETE_WORDS, "text srt vtt json",
        "The format: text (the default), subtitles (srt or vtt), or the server's JSON (json)"},
    {"language", "CODE", .help = "The spoken language, such as en or de; detected by default"},
    {"translate", .help = "Translate the speech into English"},
    {"live", "MODEL", 0, WI_COMPLETE_MODEL, NULL,
        "Have MODEL transcribe the audio (WAV or raw samples) as it arrives, and print each "
        "segment as a line once its text is final; with --json, print each event as a line of "
        "JSON. The options --platform, --browser, --node and --timeout cannot be used with --live"},
    {"encoding", "NAME", 0, WI_COMPLETE_WORDS, "s16le f32le",
        "With --live, the encoding of raw samples: s16le (the default) or f32le"},
    {"rate", "N",
        .help = "With --live, the sample rate of raw samples in Hz; the default is 16000"},
    {"channels", "1-2",
        .help = "With --live, the number of interleaved channels of raw samples; the default is 1"},
    {"pause", "DURATION",
        .help = "With --live, the length of a pause that ends a segment; the default is 500ms"},
    TEXT_OPTIONS("automatic-speech-recognition"),
    {0},
};

static const struct wi_flag chat_options[] = {
    {"system", "TEXT", .help = "Instructions that the model receives before the conversation"},
    {"no-history", .help = "Neither read nor write the history of typed lines"},
    TEXT_OPTIONS("chat"),
    {0},
};

#define PULL_OPTIONS                                                                               \
    {"as", "NAME",                                                                                 \
        .help = "The name of the model on the daemon; by default, its name on the hub"},           \
        {"hub", "NAME", 0, WI_COMPLETE_NONE, NULL,                                                 \
            "The hub: the NAME of a [hub.NAME] section in the daemon's configuration"},            \
        {"file", "PATTERN", 1, WI_COMPLETE_NONE, NULL,                                             \
            "Fetch the files that match PATTERN instead of those that the daemon would "           \
            "choose; \"*\" matches any characters"},                                               \
    {                                                                                              \
        "precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 int8 int4",                          \
            "For an ONNX model, the variant to pull: fp32, fp16, int8 or int4"                     \
    }

static const struct wi_flag pull_options[] = {
    PULL_OPTIONS,
    {"detach", .help = "Exit without waiting for the end of the pull"},
    {"cancel", .help = "Stop the pull and remove the data that it has fetched"},
    {0},
};

static const struct wi_flag quantize_options[] = {
    {"bits", "NUMBER", 0, WI_COMPLETE_WORDS, "8 4 16",
        "The number of bits: 8 for the variant q8, 4 for q4, and 16 for fp16"},
    {"mixed",
        .help = "With --bits 4, use 8 bits for the layers that would lose the most precision"},
    {"force", .help = "Add the variant to the model even if its measured accuracy is too low"},
    {"detach", .help = "Exit without waiting for the variant to be built"},
    {"cancel", .help = "Stop building the variant, and remove the unfinished files"},
    {0},
};

static const struct wi_flag run_options[] = {
    PULL_OPTIONS,
    {"system", "TEXT", .help = "Instructions that the model receives before the conversation"},
    {"no-history", .help = "Neither read nor write the history of typed lines"},
    TEXT_OPTIONS("chat"),
    {0},
};

static const struct wi_flag load_options[] = {
    {"node", "ID", .help = "Load the model on this node only"},
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, "webgpu webnn webgl wasm native",
        "Load the model for this platform"},
    {"no-wait", .help = "Exit without waiting for the model to load"},
    {0},
};

static const struct wi_flag unload_options[] = {
    {"node", "ID", .help = "Unload the model only from this node"},
    {0},
};

static const struct wi_flag add_options[] = {
    {"name", "NAME", .help = "NAME or OWNER/NAME; by default, the name of the file, CAR or folder"},
    {"force", NULL, 0, WI_COMPLETE_NONE, NULL,
        "If the model exists, add a new version of it; running requests finish on the old version"},
    {0},
};

static const struct wi_flag publish_options[] = {
    {"car", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Also write the model to FILE, as a CAR that webinfer add can read; \"-\" means standard "
        "output. If the model has several variants and :VARIANT is not given, only the first "
        "variant is written"},
    {0},
};

static const struct wi_flag rm_options[] = {
    {"force", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Remove a model even if requests are running on it; these requests still finish"},
    {0},
};

static const struct wi_flag jobs_options[] = {
    {"state", "NAME", 0, WI_COMPLETE_WORDS, "queued running done failed cancelled",
        "List only jobs in this state: queued, running, done, failed or cancelled"},
    {"limit", "N", .help = "The maximum number of entries; the default is 100"},
    {0},
};

static const struct wi_flag job_options[] = {
    {"output", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "Save each binary output tensor as DIR/NAME.npy"},
    {0},
};

static const struct wi_flag results_options[] = {
    {"model", "NAME", 0, WI_COMPLETE_MODEL, NULL,
        "List only the runs that have measured this model"},
    {"limit", "N", .help = "The maximum number of entries; the default is 100"},
    {0},
};

#define REPORT_OPTIONS                                                                             \
    {"markdown", "FILE", 0, WI_COMPLETE_FILE, NULL,                                                \
        "Write a Markdown table of at most 60,000 characters, for a pull request; "                \
        "\"-\" means standard output"},                                                            \
    {                                                                                              \
        "junit", "FILE", 0, WI_COMPLETE_FILE, NULL,                                                \
            "Write a JUnit report with a test case for each cell; \"-\" means standard output"     \
    }

static const struct wi_flag bench_options[] = {
    {"preset", "NAME", 0, WI_COMPLETE_WORDS, "gpu",
        "Use a preset of options; options that are given explicitly take precedence. The preset "
        "gpu takes 8 minutes and shows how much faster a GPU is: it verifies WebGPU, and measures "
        "on WASM and WebGPU. If no model is named, it measures all models. If --url is not given, "
        "it starts its own daemon"},
    {"browser", "KIND,...", 0, WI_COMPLETE_WORDS, "all chrome edge firefox safari",
        "Measure only on these browsers; the default is all"},
    {"platform", "NAME,...", 0, WI_COMPLETE_WORDS,
        "all both wasm webgpu webnn webgl native simulated",
        "Measure only on these platforms; \"both\" means wasm,webgpu, and \"all\", the default, "
        "excludes native and simulated nodes"},
    {"test-type", "page|client", 0, WI_COMPLETE_WORDS, "page client",
        "Use only the page's clock (with POST /v1/benchmark) or only the client's clock; the "
        "default is both"},
    {"precision", "NAME,...", 0, WI_COMPLETE_WORDS, "fp32 fp16 int8 int4",
        "Measure only at these precisions; the default is the one that the model's name selects"},
    {"threads", "1,all", 0, WI_COMPLETE_WORDS, "1 all 1,all",
        "The number of WASM threads, for measurements by the page's clock; the default is 1,all"},
    {"optimization", "none|all", 0, WI_COMPLETE_WORDS, "none all none,all",
        "The graph fusions that onnxruntime may apply, for measurements by the page's clock; the "
        "default is all, and none,all measures both and shows the difference"},
    {"batch", "N,...",
        .help = "The batch size, for models whose first dimension is free; the default is 1"},
    {"concurrency", "N,...",
        .help = "The number of requests at a time, for measurements by the client's clock; the "
                "default is 1"},
    {"runs", "N", .help = "The number of samples for each cell; the default is 20"},
    {"cell-time", "DURATION",
        .help = "The maximum time for the runs of a cell; the default is 20s"},
    {"time", "DURATION", .help = "The maximum time for the whole run; the default is 10m"},
    {"input", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A JSON file with the request to send to the models: either its inputs, or an object with "
        "inputs and options. By default, each model gets the server's sample request"},
    {"seed", "N", .help = "The seed for the order of the cells; the default is 0"},
    {"name", "TEXT", .help = "The name of the run"},
    {"resume", "ID", .help = "Measure the remaining cells of a run; repeat the other arguments"},
    {"against", "URL|FILE|latest", 0, WI_COMPLETE_FILE, NULL,
        "Compare the run with an earlier one, and exit with 1 if something is slower or broken: "
        "with the run that was exported to FILE, or the latest run of the first model that the "
        "daemon stores. With URL, also measure the daemon there, alternating with this one, and "
        "show what is slower here"},
    {"fail-on-regression", "SHARE",
        .help = "With --against, the slowdown that counts as a regression; the default is 10%"},
    {"start", .help =
                  "Start a daemon that runs only as long as this command; not with --url. This is "
                  "the default if no daemon is named and none is running"},
    {"headless", "yes|no", 0, WI_COMPLETE_WORDS, "yes no",
        "With --start, whether the daemon's browsers run without windows; the default is yes"},
    {"native", .help = "Also start onnxruntime-node, and show the speed-ups relative to it; this "
                       "works only in a source checkout"},
    {"suite", "DIR", 0, WI_COMPLETE_FILE, NULL,
        "Instead of measuring models, run the operator tests in DIR, which must have the layout of "
        "ONNX's own tests, and show which tests pass at which place. No times are measured. This "
        "option requires --start"},
    {"verbose", .help = "Print each request and the time that it took"},
    {"wide", .help = "Print all cells with all figures, as results show does, instead of a row for "
                     "each place"},
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write an HTML document with all results, which can be viewed without a network"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag profile_options[] = {
    PLACE_OPTIONS("auto webgpu webnn webgl wasm"),
    {"precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 int8 int4",
        "Profile the variant of this precision"},
    {"runs", "N", .help = "The number of profiled runs; the default is 5, and at most 50"},
    {"input", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A JSON file with the request to send to the model: either its inputs, or an object with "
        "inputs and options. By default, the daemon generates inputs"},
    {"nodes", .help = "Also show each node of the graph, with the shapes of its tensors"},
    {"chrome-trace", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write a mean run in the format of Chrome's trace viewers; \"-\" means standard output"},
    {"against", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Compare with an earlier profile, which was printed with --json, operator by operator"},
    {0},
};

static const struct wi_flag results_show_options[] = {
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write an HTML document with all results, which can be viewed without a network"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag results_history_options[] = {
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Show only what was measured in this kind of browser"},
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, "wasm webgpu webnn webgl native auto simulated",
        "Show only what was measured on this platform"},
    {"limit", "N",
        .help = "The number of runs, the newest ones; the default is 50, and the most "
                "200"},
    {"threshold", "SHARE",
        .help = "The slowdown that counts, in whole percent; the default is 10%"},
    {0},
};

static const struct wi_flag results_compare_options[] = {
    {"fail-on-regression", "SHARE",
        .help = "The slowdown that counts as a regression; the default is 10%"},
    REPORT_OPTIONS,
    {0},
};

static const struct wi_flag results_export_options[] = {
    {"format", "NAME", 0, WI_COMPLETE_WORDS, "ndjson csv json bmf",
        "The output format: lines of JSON (ndjson, the default), a table (csv), the document that "
        "import reads (json), or Bencher's metrics (bmf)"},
    {0},
};

static const struct wi_flag list_options[] = {
    {"names", .help = "Print only the names, one per line, with those of the built-in models"},
    {"wide", .help =
                 "Print also the built-in models, and of each model its inputs, outputs, use of "
                 "memory and the findings of the numerics guard"},
    {0},
};

static const struct wi_flag verify_options[] = {
    {"node", "ID", .help = "Use only this node"},
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Use only browsers of this kind"},
    {"platform", "LIST", 0, WI_COMPLETE_WORDS, "both webgpu wasm",
        "Verify only these platforms, separated by commas; \"both\" means webgpu,wasm"},
    {"verbose", .help = "Show each matrix product"},
    {0},
};

static const struct wi_flag hardware_options[] = {
    {"type", "NAME", 0, WI_COMPLETE_WORDS,
        "text_embedding text_generation text2text vision audio multimodal",
        "Assume that the model has this type: text_embedding, text_generation, text2text, vision, "
        "audio or multimodal"},
    {"platform", "NAME", 0, WI_COMPLETE_WORDS, "auto webgpu webnn webgl wasm native",
        "Assume that a request names this platform"},
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Assume that a request names this kind of browser"},
    {"node", "ID", .help = "Assume that a request names this node"},
    {"precision", "NAME", 0, WI_COMPLETE_WORDS, "fp32 fp16 bf16 int8 uint8 int4 uint4",
        "Assume that a request names this precision"},
    {"no-fallback", .help = "Assume that a request allows no other platform"},
    {0},
};

static const struct wi_flag matrix_options[] = {
    {"browser", "KIND", 0, WI_COMPLETE_WORDS, "chrome edge firefox safari",
        "Use only browsers of this kind"},
    {"node", "ID", .help = "Use only this node"},
    {"found", .help = "Show earlier results instead of testing the browsers again"},
    {"all", .help = "Also show what was found in earlier versions of the browsers"},
    {"import", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Keep what another machine has found, as webinfer matrix --json printed it there, and show "
        "everything that is kept; \"-\" means standard input"},
    {"from", "NAME", .help = "With --import, the name of the other machine or device"},
    {"start",
        .help = "Start, test and stop each browser in the configuration, even if a daemon answers"},
    {"config", "FILE", 0, WI_COMPLETE_FILE, NULL, "With --start, the configuration file"},
    {"html", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Write a self-contained HTML document; \"-\" means standard output"},
    {"verbose", .help = "Also show details of the available features"},
    {0},
};

static const struct wi_flag doctor_options[] = {
    {"config", "FILE", 0, WI_COMPLETE_FILE, NULL, "The daemon's configuration file"},
    {"no-start", .help = "Look for browsers, but do not start them"},
    {0},
};

static const struct wi_flag uplink_options[] = {
    {"to", "URL",
        .help = "The address at which nodes join the daemon that borrows; with \"-\", the address "
                "and the token are read from standard input, one line each"},
    {"cluster", NULL,
        .help = "Instead of --to: all other members of this daemon's cluster borrow, those that "
                "come later too"},
    {"node-token-file", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A file whose first line is a token of rank relay of the daemon that borrows, or of all "
        "members"},
    {"to-authority", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "A PEM file with the certificate authority to trust if the address of a daemon that "
        "borrows begins with https"},
    {"name", "NAME",
        .help = "The name of the daemon that lends, as shown by the one that borrows; the default "
                "is the name of this machine, and with --cluster that of the member"},
    {"slots", "N",
        .help = "The largest number of browsers of each kind to lend; the default is 64"},
    {"models", "LIST",
        .help = "Lend only these models, separated by commas; the default is all models"},
    {0},
};

static const struct wi_flag token_options[] = {
    {"rank", "NAME", 0, WI_COMPLETE_WORDS, "user relay admin node",
        "The rank of the token: user, relay, admin or node; the default is admin for the first "
        "token in a file, and otherwise user"},
    {"file", "FILE", 0, WI_COMPLETE_FILE, NULL,
        "Add the line to this tokens file; a missing file is created with mode 0600"},
    {"owner", "USER", .help = "The user who will own the tokens file"},
    {0},
};

static const struct wi_flag watch_options[] = {
    {"channel", "NAME", 1, WI_COMPLETE_WORDS, "job_results vector_updates",
        "Watch this channel only"},
    {"model", "NAME", 1, WI_COMPLETE_MODEL, NULL,
        "Watch only requests to this model; without a variant, to all its variants"},
    {"recent", "N", .help = "Begin with the latest rows of each channel, at most 4,096"},
    {0},
};

static const struct wi_flag nodes_options[] = {
    {"limited", .help =
                    "Show the nodes that get no work, or less work than others, with the reason "
                    "and the time when this restriction ends"},
    {"quarantined", .help = "Show the nodes that are under quarantine"},
    {"tuning",
        .help = "Show the fastest measured variants of kernels, and how much faster they are"},
    {0},
};

static const struct wi_flag join_options[] = {
    {"nodes", "N", .help = "The maximum number of nodes at a time; the default is 1"},
    {"for", "DURATION",
        .help = "How long nodes may join with the link, such as 30m; the default is 1h"},
    {"start", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Let pages opened with the link compute without asking, for browsers without a user"},
    {"shareable", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Let people who joined with the link pass it on: their pages offer to copy it"},
    {"peers", NULL, 0, WI_COMPLETE_NONE, NULL,
        "Let pages connect through the service's peers ([bridge] peers)"},
    {"label", "TEXT",
        .help = "A text for the lists of links and nodes, such as the name of the person who gets "
                "the link"},
    {0},
};

static const struct wi_flag backup_options[] = {
    {"force", .help = "Replace FILE if it exists"},
    {0},
};

static const struct wi_flag restore_options[] = {
    {"state", "DIR", 0, WI_COMPLETE_DIRECTORY, NULL,
        "The folder of webinferd's database (path in the [store] section); by default, the folder "
        "that a daemon started by this user uses"},
    {0},
};

static const struct wi_flag help_options[] = {
    {"mdoc", "PART", 0, WI_COMPLETE_WORDS, "synopsis commands",
        "Print this part of webinfer(1) in mdoc format; it is generated from the program's tables"},
    {0},
};

const struct wi_other_name wi_cli_other_verbs[] = {{"ls", "list"}, {"stop", "unload"}, {0}};
const struct wi_other_name wi_cli_letters[] = {{"h", "help"}, {"v", "version"}, {0}};

const struct wi_verb wi_cli_verbs[] = {
    {"run", "MODEL [TEXT]", 1, 2, {WI_COMPLETE_MODEL},
        "Chat with a model, or have it answer TEXT; if the daemon does not have the model, pull it "
        "first (ORG/NAME[:VARIANT][@REVISION] or ipfs://CID[/PATH][:VARIANT])",
        run_options, wi_cli_run},
    {"pull", "ORG/NAME[:VARIANT][@REVISION]", 1, 1, {0},
        "Have the daemon pull a model, and show the progress. A model is pulled from a hub or, if "
        "it is named by its CID (ipfs://CID[/PATH][:VARIANT]), from all sources",
        pull_options, wi_cli_pull},
    {"list", "", 0, 0, {0},
        "List the models with their sizes, types and tasks (\"-\" if the daemon has not read a "
        "large model yet), the invalid entries with the reason for each, and the running pulls",
        list_options, wi_cli_list},
    {"show", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Show the files of a model, its origin, its memory use, and its measurements at each place",
        NULL, wi_cli_show_model},
    {"status", "", 0, 0, {0}, "Show the sessions, nodes, queue and problems of the daemon", NULL,
        wi_cli_status},
    {"open", "", 0, 0, {0},
        "Open the console in a browser; if this is not possible, print the address of the console",
        NULL, wi_cli_open},
    {"infer", "MODEL [FILE]", 1, 2, {WI_COMPLETE_MODEL, WI_COMPLETE_FILE},
        "Run a model on a picture, a sound, a text, tensors, or the JSON in FILE; \"-\" means "
        "standard input",
        infer_options, wi_cli_infer},
    {"compute", "[KERNEL|FILE.wgsl]", 0, 1, {WI_COMPLETE_FILE},
        "Run a built-in kernel, or your own WGSL kernel, on tensors; without an argument, list the "
        "built-in kernels",
        compute_options, wi_cli_compute},
    {"chat", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Chat with a language model; the answers are shown as they are generated", chat_options,
        wi_cli_chat},
    {"generate", "MODEL TEXT|-", 2, 2, {WI_COMPLETE_MODEL},
        "Have a language model continue TEXT; \"-\" means standard input", generate_options,
        wi_cli_generate},
    {"embed", "MODEL TEXT...|-", 2, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL},
        "Print the embedding vector of each TEXT; with \"-\", of each line of standard input",
        embed_options, wi_cli_embed},
    {"transcribe", "FILE|-", 1, 1, {WI_COMPLETE_FILE},
        "Transcribe speech from a WAV file, or from a file in another format that browsers can "
        "decode, such as MP3",
        transcribe_options, wi_cli_transcribe},
    {"ps", "", 0, 0, {0},
        "List the models that nodes have loaded, one row for each model, node and platform. Each "
        "row shows the memory in use, the busy slots, and how full the caches are",
        NULL, wi_cli_ps},
    {"load", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Load a model on the nodes before the first request", load_options, wi_cli_load},
    {"unload", "MODEL", 1, 1, {WI_COMPLETE_MODEL}, "Unload a model from nodes, to free memory",
        unload_options, wi_cli_unload},
    {"add", "FILE|DIR", 1, 1, {WI_COMPLETE_FILE},
        "Send a model to the daemon, which may be on another machine; the model may be packed in a "
        "CAR file",
        add_options, wi_cli_add},
    {"quantize", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Have the daemon build a quantised variant from a model's fp32 files, and show the "
        "variant's measurements",
        quantize_options, wi_cli_quantize},
    {"publish", "MODEL[:VARIANT]", 1, 1, {WI_COMPLETE_MODEL},
        "Publish a model under an address derived from its content (ipfs://CID), and print the "
        "address",
        publish_options, wi_cli_publish},
    {"unpublish", "MODEL[:VARIANT]", 1, 1, {WI_COMPLETE_MODEL},
        "Stop publishing a model under its ipfs://CID address", NULL, wi_cli_unpublish},
    {"sources", "", 0, 0, {0},
        "List the sources of content-addressed models, with their speed and reliability, and the "
        "published models",
        NULL, wi_cli_sources},
    {"rm", "MODEL...", 1, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL, WI_COMPLETE_MODEL},
        "Remove models and all their versions from the daemon", rm_options, wi_cli_rm},
    {"gc", "", 0, 0, {0},
        "Have the daemon remove unneeded files: those of old versions and of interrupted pulls",
        NULL, wi_cli_gc},
    {"jobs list", "", 0, 0, {0}, "List the jobs stored on the server", jobs_options,
        wi_cli_jobs_list},
    {"jobs show", "ID", 1, 1, {0},
        "Show the progress of a job and, when the job has ended, its answer", job_options,
        wi_cli_jobs_show},
    {"jobs wait", "ID", 1, 1, {0}, "Wait until a job has ended, and show its answer", job_options,
        wi_cli_jobs_wait},
    {"jobs cancel", "ID", 1, 1, {0}, "Cancel a job", NULL, wi_cli_jobs_cancel},
    {"bench", "[MODEL|FILE|DIR...]", 0, WI_POSITIONALS_MAX, {WI_COMPLETE_MODEL, WI_COMPLETE_FILE},
        "Measure models on all browsers and platforms, and show where each model runs, how fast, "
        "and how accurately",
        bench_options, NULL},
    {"profile", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Run a model a few times, and show how much time each of its operators takes, where it "
        "ran, and why it fell back to the CPU",
        profile_options, wi_cli_profile},
    {"check", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Show which operators of an ONNX file have no kernel on which platform, or whether "
        "llama.cpp knows a GGUF file and has the memory for it, by the tables of the engines; the "
        "model is not run, and no daemon is needed",
        NULL, wi_cli_check_model},
    {"results list", "", 0, 0, {0}, "List the laboratory runs stored on the server",
        results_options, wi_cli_results_list},
    {"results show", "ID|FILE", 1, 1, {WI_COMPLETE_FILE},
        "Show the cells of a run, the worst first, or write them as reports. FILE is a run "
        "exported with --format json; \"-\" means standard input",
        results_show_options, wi_cli_results_show},
    {"results history", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Show how long a model took in each run, with a plot, and name the run with which it, or "
        "the machine itself, became slower",
        results_history_options, wi_cli_results_history},
    {"results compare", "A B", 2, 2, {WI_COMPLETE_FILE, WI_COMPLETE_FILE},
        "Compare two runs, or exported files of runs, and show the cells that are slower, faster "
        "or broken in B",
        results_compare_options, wi_cli_results_compare},
    {"results export", "ID|FILE", 1, 1, {WI_COMPLETE_FILE},
        "Print a run in a format for other programs", results_export_options,
        wi_cli_results_export},
    {"results import", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Have the server store a run exported from another server; the run is marked as imported",
        NULL, wi_cli_results_import},
    {"results rm", "ID", 1, 1, {0}, "Remove a run", NULL, wi_cli_results_rm},
    {"nodes", "", 0, 0, {0}, "List the nodes and the platforms on which they compute",
        nodes_options, wi_cli_nodes},
    {"watch", "", 0, 0, {0},
        "Print a line of JSON for each message of the channels, as it comes: results of requests, "
        "and vectors of published ones. See webinfer-channels(7)",
        watch_options, wi_cli_watch},
    {"cluster", "", 0, 0, {0},
        "List the members of the cluster that the daemon sees, with their load", NULL,
        wi_cli_cluster},
    {"forgive", "ID", 1, 1, {0},
        "Delete the findings about a node. For a node under quarantine that is not connected, ID "
        "is the id that webinfer nodes --quarantined lists",
        NULL, wi_cli_forgive},
    {"hardware", "MODEL", 1, 1, {WI_COMPLETE_MODEL},
        "Show where a model would run now, why, and how long it would take, without running it",
        hardware_options, wi_cli_hardware},
    {"verify", "", 0, 0, {0},
        "Have nodes compute unpredictable matrix products, to prove that they compute correctly "
        "and which hardware they use",
        verify_options, wi_cli_verify},
    {"matrix", "", 0, 0, {0},
        "Test which features each browser has, in the browsers of a daemon or, if none answers, in "
        "those that are installed here, and show the results with earlier ones and those of other "
        "machines",
        matrix_options, wi_cli_matrix},
    {"doctor", "", 0, 0, {0},
        "Check this machine and show what each browser offers; no daemon is needed", doctor_options,
        wi_cli_doctor},
    {"token new", "NAME", 1, 1, {0}, "Generate an API token and its line for the tokens file",
        token_options, wi_cli_token_new},
    {"token join", "", 0, 0, {0},
        "Create a link with which other people's browsers can become nodes", join_options,
        wi_cli_token_join},
    {"devices list", "", 0, 0, {0},
        "List the remembered devices, which can join again without their link", NULL,
        wi_cli_devices_list},
    {"devices rm", "ID", 1, 1, {0}, "Have the daemon forget a device, and disconnect it", NULL,
        wi_cli_devices_rm},
    {"backup", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Write a running daemon's database, with all accepted jobs, to FILE", backup_options,
        wi_cli_backup},
    {"restore", "FILE", 1, 1, {WI_COMPLETE_FILE},
        "Replace a daemon's database with the backup in FILE; run this command on the daemon's "
        "machine while the daemon is stopped",
        restore_options, wi_cli_restore},
    {"uplink", "", 0, 0, {0},
        "Lend the browsers of this daemon to another daemon, or to all members of its cluster, for "
        "the models that this daemon has",
        uplink_options, NULL},
    {"completion bash", "", 0, 0, {0}, "Print the completion script for bash", NULL,
        run_completion},
    {"completion fish", "", 0, 0, {0}, "Print the completion script for fish", NULL,
        run_completion},
    {"completion zsh", "", 0, 0, {0}, "Print the completion script for zsh", NULL, run_completion},
    {"completion words", "WORD...", 1, WI_POSITIONALS_MAX, {0},
        "Print the possible completions of the last WORD, for use by shells; the WORDs are a "
        "command line without its first word, webinfer",
        NULL, run_words},
    {"help", "[COMMAND]", 0, 2, {WI_COMPLETE_VERB, WI_COMPLETE_VERB}, "Print the help of a command",
        help_options, run_help},
    {"version", "", 0, 0, {0}, "Print the version", NULL, run_version},
    {0},
};
