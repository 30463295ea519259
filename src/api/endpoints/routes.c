/* The table of routes; how one is found is in route_find.c. */
#include "api/http/routes.h"

#include "wire/anthropic/anthropic.h"
#include "wire/benchmark/benchmark.h"
#include "wire/compute/compute.h"
#include "wire/kserve/kserve.h"
#include "wire/ollama/ollama.h"
#include "wire/openai/openai.h"
#include "wire/responses/responses.h"

#define SMALL_BODY (64 * 1024)
#define SOUND_BODY (1024 * 1024)
#define FILES_BODY (1024 * 1024)  /* the paths and hashes of WI_MODEL_FILES_MAX files */
#define RESULTS_BODY (256 * 1024) /* what is read at once; a run comes in several */
#define JSON "application/json"
#define EVENTS "text/event-stream"
#define DATABASE "application/vnd.sqlite3"

#define OPEN WI_RANK_NONE
#define USER WI_RANK_USER
#define ADMIN WI_RANK_ADMIN
#define NATIVE &wi_dialect_native
/* Of OpenAI's clients, and of both. */
#define OPENAI(name) &wi_dialect_openai_##name
#define ANTHROPIC(name) &wi_dialect_anthropic_##name
#define KSERVE(name) &wi_dialect_kserve##name
/* Of Ollama's clients: of an endpoint that runs a model, and of one that does not. */
#define OLLAMA(name) &wi_dialect_ollama_##name
#define OLLAMA_ELSE &wi_dialect_ollama
#define RUN (WI_ROUTE_BODY | WI_ROUTE_ADMIT)
#define VERB (RUN | WI_ROUTE_UNTYPED | WI_ROUTE_VERB)
/* A request of KServe's clients about a model, of the one version that there is or of the one that
 * they name. */
#define KSERVE_MODEL(after, handler, flags, gives, about, speaks, ...)                             \
    {MODEL_METHOD(flags), "/v2/models/{model}" after, handler, USER, flags, 0, gives, about,       \
        speaks, __VA_ARGS__},                                                                      \
    {                                                                                              \
        MODEL_METHOD(flags), "/v2/models/{model}/versions/{version}" after, handler, USER, flags,  \
            0, gives, "the same for the given version", speaks, __VA_ARGS__                        \
    }
#define MODEL_METHOD(flags) ((flags)&WI_ROUTE_BODY ? "POST" : "GET")

/* The errors of looking for a model, of running one, and of keeping an answer. */
#define MODEL                                                                                      \
    "invalid_field model_not_found model_invalid model_too_large platform_unsupported "            \
    "unavailable storage_failed"
#define PULLS                                                                                      \
    "hub_not_found hub_failed hub_unauthorized download_corrupt hub_busy no_room storage_failed "  \
    "model_too_large model_invalid precision_unsupported conflict cancelled"
#define MAKES "nothing_to_quantize quantized_badly conflict cancelled no_room"
#define RUNS                                                                                       \
    MODEL " " PULLS " " MAKES                                                                      \
          " bad_framing context_length_exceeded answer_too_large input_unknown input_missing "     \
          "input_datatype input_shape input_size input_invalid grammar_too_costly output_unknown " \
          "picture_invalid picture_too_large audio_invalid audio_too_large operator_unsupported "  \
          "node_not_found inference_failed attempts_exhausted stream_interrupted "                 \
          "stream_diverged deadline_exceeded stall_timeout "
#define COMPUTES                                                                                   \
    "kernel_not_found invalid_field bad_framing input_unknown input_missing input_datatype "       \
    "input_shape input_size answer_too_large platform_unsupported unavailable node_not_found "     \
    "inference_failed attempts_exhausted deadline_exceeded kernel_invalid rank "
#define KEPT "idempotency_mismatch storage_failed cluster_unavailable"

const struct wi_route wi_routes[] = {
    {"POST", "/v1/infer", wi_handle_infer, USER,
        WI_ROUTE_BODY | WI_ROUTE_ADMIT | WI_ROUTE_BINARY | WI_ROUTE_FILES | WI_ROUTE_EVENTS, 0,
        JSON, "run a model", NATIVE, .answers = "200 InferAnswer",
        .events = "part StreamPart progress StreamProgress done StreamDone error codes",
        .body = "InferRequest", .codes = RUNS KEPT " rank model_changed", .help = "See below."},
    {"POST", "/v1/compute", wi_handle_infer, USER, WI_ROUTE_BODY | WI_ROUTE_ADMIT | WI_ROUTE_BINARY,
        0, JSON, "run a kernel", &wi_dialect_compute, .answers = "200 ComputeAnswer",
        .body = "ComputeRequest", .codes = COMPUTES KEPT, .help = "See webinfer-compute(7)."},
    {"POST", "/v1/benchmark", wi_handle_infer, USER,
        WI_ROUTE_BODY | WI_ROUTE_ADMIT | WI_ROUTE_BINARY, 0, JSON,
        "measure a model or a kernel in a page", &wi_dialect_benchmark,
        .answers = "200 BenchmarkAnswer", .body = "BenchmarkRequest",
        .codes = "kernel_not_found precision_unsupported " RUNS KEPT,
        .help = "See webinfer-compute(7)."},
    {"GET", "/v1/kernels", wi_handle_kernels, USER, 0, 0, JSON,
        "the kernels, with their tensors and options", NATIVE, .answers = "200 Kernels"},
    {"POST", "/v1/chat/completions", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS, 0, JSON,
        "answer a conversation, for OpenAI's clients", OPENAI(chat), .answers = "200 Chat",
        .events = "message ChatChunk|OpenaiError", .codes = RUNS KEPT,
        .help = "See webinfer-openai(7)."},
    {"POST", "/v1/responses", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS, 0, JSON,
        "answer a conversation of items, without storing anything", OPENAI(responses),
        .answers = "200 Response",
        .events = "response.created ResponseWholeEvent response.in_progress ResponseWholeEvent "
                  "response.output_item.added ResponseItemEvent response.output_item.done "
                  "ResponseItemEvent response.content_part.added ResponseContentEvent "
                  "response.content_part.done ResponseContentEvent response.output_text.delta "
                  "ResponseTextEvent response.output_text.done ResponseTextEvent "
                  "response.reasoning_text.delta ResponseTextEvent response.reasoning_text.done "
                  "ResponseTextEvent response.function_call_arguments.delta ResponseCallEvent "
                  "response.function_call_arguments.done ResponseCallEvent response.completed "
                  "ResponseWholeEvent response.incomplete ResponseWholeEvent response.failed "
                  "ResponseWholeEvent error ResponseErrorEvent",
        .codes = RUNS KEPT},
    {"POST", "/v1/completions", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS, 0, JSON,
        "continue a text, for OpenAI's clients", OPENAI(completions), .answers = "200 Completion",
        .events = "message Completion|OpenaiError", .codes = RUNS KEPT},
    {"POST", "/v1/embeddings", wi_handle_infer, USER, RUN, 0, JSON, "convert texts to vectors",
        OPENAI(embeddings), .answers = "200 Embeddings", .codes = RUNS KEPT},
    {"POST", "/v1/rerank", wi_handle_infer, USER, RUN, 0, JSON, "rank documents for a query",
        OPENAI(rerank), .answers = "200 Ranking", .codes = RUNS KEPT},
    {"POST", "/v1/tokenize", wi_handle_infer, USER, RUN, 0, JSON, "convert a text to tokens",
        OPENAI(tokenize), .answers = "200 Tokenized", .codes = RUNS KEPT},
    {"POST", "/v1/audio/transcriptions", wi_handle_infer, USER,
        RUN | WI_ROUTE_FORM | WI_ROUTE_EVENTS | WI_ROUTE_TEXT, 0, JSON,
        "transcribe the speech in an audio file", OPENAI(transcriptions), .answers = "200 Heard",
        .events = "message HeardEvent|OpenaiError", .codes = RUNS KEPT},
    {"POST", "/v1/audio/translations", wi_handle_infer, USER,
        RUN | WI_ROUTE_FORM | WI_ROUTE_EVENTS | WI_ROUTE_TEXT, 0, JSON,
        "translate the speech in an audio file into English text", OPENAI(translations),
        .answers = "200 Heard", .events = "message HeardEvent|OpenaiError", .codes = RUNS KEPT},
    {"POST", "/v1/audio/speech", wi_handle_infer, USER, RUN | WI_ROUTE_VOICE, 0, "audio/wav",
        "convert a text to speech", OPENAI(speech), .answers = "200 string", .codes = RUNS KEPT},
    {"POST", "/v1/audio/streams", wi_handle_sound_new, USER, WI_ROUTE_BODY, SMALL_BODY, JSON,
        "transcribe speech as it is spoken: {model_name, format?, sampling_rate?}", NATIVE,
        .answers = "201 SoundStream", .body = "SoundOrder",
        .codes = MODEL " " PULLS " " MAKES " input_invalid queue_full memory_budget",
        .help = "See webinfer-sound(7)."},
    {"POST", "/v1/audio/streams/{id}", wi_handle_sound_take, USER, WI_ROUTE_BODY | WI_ROUTE_BYTES,
        SOUND_BODY, JSON, "send audio data: ?position=", NATIVE, .answers = "200 SoundState",
        .query = "SoundQuery", .codes = "not_found conflict sound_ahead memory_budget"},
    {"POST", "/v1/audio/streams/{id}/end", wi_handle_sound_end, USER, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "end the audio stream", NATIVE, .answers = "200 SoundState", .codes = "not_found"},
    {"DELETE", "/v1/audio/streams/{id}", wi_handle_sound_cancel, USER, 0, 0, JSON,
        "abandon the audio stream", NATIVE, .answers = "200 Verb", .codes = "not_found"},
    {"GET", "/v1/audio/streams/{id}/events", wi_handle_sound_read, USER, 0, 0, EVENTS,
        "the transcribed text, as it arrives", NATIVE, .answers = "200 string",
        .events = "partial SoundPartial final SoundFinal lag SoundLag done SoundDone error "
                  "SoundError",
        .codes = "not_found invalid_field stream_gone"},
    {"POST", "/api/chat", wi_handle_infer, USER, RUN | WI_ROUTE_LINES, 0, JSON,
        "answer a conversation, for Ollama's clients", OLLAMA(chat), .answers = "200 OllamaChat",
        .events = "line OllamaChat|OllamaError", .codes = RUNS KEPT},
    {"POST", "/api/generate", wi_handle_infer, USER, RUN | WI_ROUTE_LINES, 0, JSON,
        "answer a prompt, for Ollama's clients", OLLAMA(generate), .answers = "200 OllamaGenerated",
        .events = "line OllamaGenerated|OllamaError", .codes = RUNS KEPT},
    {"POST", "/api/embed", wi_handle_infer, USER, RUN, 0, JSON, "convert texts to vectors",
        OLLAMA(embed), .answers = "200 OllamaEmbeddings", .codes = RUNS KEPT},
    {"POST", "/api/embeddings", wi_handle_infer, USER, RUN, 0, JSON, "convert a text to a vector",
        OLLAMA(embeddings), .answers = "200 OllamaEmbedding", .codes = RUNS KEPT},
    {"GET", "/api/tags", wi_handle_ollama_tags, USER, 0, 0, JSON, "the models for Ollama's clients",
        OLLAMA_ELSE, .answers = "200 OllamaModels"},
    {"GET", "/api/ps", wi_handle_ollama_ps, USER, 0, 0, JSON,
        "the loaded models for Ollama's clients", OLLAMA_ELSE, .answers = "200 OllamaRunning"},
    {"POST", "/api/show", wi_handle_ollama_show, USER, WI_ROUTE_BODY, SMALL_BODY, JSON,
        "a model's details for Ollama's clients: {model}", OLLAMA_ELSE,
        .answers = "200 OllamaShown", .body = "OllamaShow", .codes = MODEL},
    {"POST", "/api/pull", wi_handle_ollama_pull, ADMIN, WI_ROUTE_BODY | WI_ROUTE_LINES, SMALL_BODY,
        JSON, "pull a model from a hub: {model, stream?}", OLLAMA_ELSE,
        .answers = "200 OllamaPulling", .events = "line OllamaPulling|OllamaError",
        .body = "OllamaPull", .codes = PULLS " queue_full not_implemented unavailable"},
    {"DELETE", "/api/delete", wi_handle_ollama_delete, ADMIN, WI_ROUTE_BODY, SMALL_BODY, JSON,
        "remove a model from the store: {model}", OLLAMA_ELSE, .answers = "200 Removed",
        .body = "OllamaName", .codes = MODEL " not_found conflict"},
    {"GET", "/api/version", wi_handle_ollama_version, USER, 0, 0, JSON,
        "the supported version of Ollama's API", OLLAMA_ELSE, .answers = "200 OllamaVersion"},
    {"GET", "/v1/status", wi_handle_status, USER, 0, 0, JSON,
        "an overview: sessions, the queue, stored jobs, counters, problems, and the first 100 "
        "nodes and models",
        NATIVE, .answers = "200 Status"},
    {"GET", "/v1/events", wi_handle_events, USER, 0, 0, EVENTS,
        "the whole state first, then each change as it happens: ?kinds=, ?log=", NATIVE,
        .answers = "200 string", .events = "snapshot Watched change Watched log Logs",
        .query = "EventsQuery", .codes = "invalid_field unknown_field too_many_watchers",
        .help = "See Watching."},
    {"GET", "/v1/channels", wi_handle_channels, USER, WI_ROUTE_BINARY, 0, EVENTS,
        "results of requests and vectors as they come: ?names=, ?models=, ?recent=", NATIVE,
        .answers = "200 string",
        .events = "job_completed JobCompleted vector_batch VectorBatch missed ChannelMissed",
        .query = "ChannelsQuery", .codes = "invalid_field unknown_field too_many_watchers",
        .help = "See webinfer-channels(7)."},
    {"GET", "/v1/nodes", wi_handle_nodes, USER, 0, 0, JSON,
        "the nodes, with what they report: ?limit=, ?after=", NATIVE, .answers = "200 Nodes",
        .query = "NodesQuery", .codes = "invalid_field", .help = "See Lists in pages."},
    {"POST", "/v1/nodes/{id}/drain", wi_handle_node_drain, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "stop sending requests to a node", NATIVE, .answers = "200 Verb",
        .codes = "node_not_found"},
    {"POST", "/v1/nodes/{id}/undrain", wi_handle_node_undrain, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "send requests to a node again", NATIVE, .answers = "200 Verb",
        .codes = "node_not_found"},
    {"DELETE", "/v1/nodes/{id}", wi_handle_node_remove, ADMIN, 0, 0, JSON,
        "send a joined node away", NATIVE, .answers = "200 Verb",
        .codes = "node_not_found conflict",
        .help = "Its page stops. It can join again while its token is valid."},
    {"POST", "/v1/nodes/{id}/forgive", wi_handle_node_forgive, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "delete the evidence against a node", NATIVE, .answers = "200 Verb",
        .codes = "node_not_found"},
    {"POST", "/v1/sessions/{id}/recycle", wi_handle_session_recycle, ADMIN, WI_ROUTE_MAYBE,
        SMALL_BODY, JSON, "replace a browser with a new one", NATIVE, .answers = "202 Verb",
        .codes = "session_not_found conflict"},
    {"POST", "/v1/kinds/{id}/retest", wi_handle_kind_retest, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "test the features of a kind of browser again", NATIVE, .answers = "202 Verb",
        .codes = "not_found", .help = "See webinferd(8), What kinds can do."},
    {"GET", "/v1/hardware", wi_handle_hardware, USER, 0, 0, JSON,
        "where a model would run, and why: ?model_name=", NATIVE, .answers = "200 Hardware",
        .query = "HardwareQuery", .codes = "unknown_field missing_field invalid_field " MODEL,
        .help = "See webinferd(8), Routing."},
    {"GET", "/v1/cluster", wi_handle_cluster, USER, 0, 0, JSON,
        "the members of the cluster that this daemon sees", NATIVE, .answers = "200 Cluster",
        .help = "See webinfer-cluster(7)."},
    {"GET", "/v1/history", wi_handle_history, USER, 0, 0, JSON,
        "the last hour in figures: ?step=, ?model=, ?place=", NATIVE, .answers = "200 History",
        .query = "HistoryQuery", .codes = "unknown_field invalid_field", .help = "See History."},
    {"GET", "/v1/models", wi_handle_models, USER, WI_ROUTE_KEY, 0, JSON,
        "the models in the store: ?limit=, ?after=", OPENAI(both), .answers = "200 Models",
        .query = "PageQuery", .codes = "invalid_field",
        .help = "Models whose files have not been read yet lack details. See Lists in pages."},
    {"GET", "/v1/models/{model}", wi_handle_model, USER, WI_ROUTE_KEY, 0, JSON, "one model",
        OPENAI(both), .answers = "200 Model", .codes = MODEL},
    {"DELETE", "/v1/models/{model}", wi_handle_model_remove, ADMIN, 0, 0, JSON,
        "remove a model from the store: ?force=", NATIVE, .answers = "200 Removed",
        .query = "RemovalQuery", .codes = MODEL " not_found conflict",
        .help =
            "A pulled model is removed with all its versions, and an added model with its folder. "
            "If requests are running on the model, or if the model is being sent as a CAR, the "
            "answer is 409 conflict. With force, running requests on a pulled model still finish; "
            "the files that they use are removed afterwards. Nodes unload the model. A published "
            "model is unpublished."},
    {"POST", "/v1/models/gc", wi_handle_models_gc, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "remove old versions and abandoned pulls", NATIVE, .answers = "200 Collected",
        .help = "Up to keep_versions versions of a model are kept. The same cleanup runs at each "
                "start, but keeps pulls to be continued."},
    {"POST", "/v1/models/{model}/load", wi_handle_model_load, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "load a model on nodes: {node?, platform?}", NATIVE, .answers = "202 Order",
        .body = "LoadOrder", .codes = MODEL " node_not_found conflict unavailable",
        .help = "The answer is sent once nodes are notified. The model's loaded "
                "member shows progress."},
    {"POST", "/v1/models/{model}/unload", wi_handle_model_unload, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "unload a model from nodes: {node?}", NATIVE, .answers = "202 Order",
        .body = "UnloadOrder", .codes = MODEL " node_not_found unavailable"},
    {"POST", "/v1/models/pull", wi_handle_model_pull, ADMIN, WI_ROUTE_BODY | WI_ROUTE_EVENTS,
        SMALL_BODY, JSON,
        "pull a model from a hub: {model, as?, hub?, files?, precision?, stream?}", NATIVE,
        .answers = "202 Pull 200 events", .events = "progress PullEvent done PullEvent error codes",
        .body = "PullOrder", .codes = PULLS " queue_full not_implemented unavailable",
        .help = "See webinfer-models(7), Pulls."},
    {"POST", "/v1/models/{model}/cancel", wi_handle_model_cancel, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY,
        JSON, "stop pulling a model, or building a variant", NATIVE, .answers = "200 Removed",
        .codes = MODEL " not_found not_implemented",
        .help = "The files fetched so far are removed."},
    {"POST", "/v1/models/{model}/sample", wi_handle_model_sample, USER, 0, 0, JSON,
        "generate a sample request for a model", NATIVE, .answers = "200 ModelSample",
        .codes = MODEL " input_invalid",
        .help = "It contains a fixed input for the model's task or, without a task, fixed random "
                "tensors. POST /v1/benchmark uses it by default."},
    {"POST", "/v1/models/{model}/quantize", wi_handle_model_quantize, ADMIN,
        WI_ROUTE_BODY | WI_ROUTE_EVENTS, SMALL_BODY, JSON,
        "build a quantised variant: {bits, mixed?, force?, stream?}", NATIVE,
        .answers = "202 Pull 200 events", .events = "progress PullEvent done PullEvent error codes",
        .body = "QuantizeOrder",
        .codes = MODEL " " MAKES " queue_full "
                       "not_implemented shutting_down internal",
        .help = "See webinfer-models(7), Quantised variants."},
    {"POST", "/v1/models/{model}/publish", wi_handle_model_publish, ADMIN,
        WI_ROUTE_MAYBE | WI_ROUTE_EVENTS | WI_ROUTE_CAR, SMALL_BODY, JSON,
        "publish a model under a CID", NATIVE, .answers = "200 Published",
        .events = "progress PublishProgress done Published error codes",
        .codes = MODEL " conflict no_room not_implemented",
        .help = "See webinfer-models(7), Publishing."},
    {"POST", "/v1/models/{model}/unpublish", wi_handle_model_unpublish, ADMIN, WI_ROUTE_MAYBE,
        SMALL_BODY, JSON, "stop publishing a model", NATIVE, .answers = "200 Removed",
        .codes = "not_found storage_failed not_implemented",
        .help = "The model stays in the store. Other daemons keep their copies."},
    {"GET", "/v1/content", wi_handle_content, ADMIN, 0, 0, JSON,
        "the sources of content-addressed models, and the published models", NATIVE,
        .answers = "200 Content", .help = "See webinfer-models(7), Sources."},
    {"POST", "/v1/models/{model}/files", wi_handle_upload_new, ADMIN, WI_ROUTE_BODY, FILES_BODY,
        JSON, "announce the model files that will be sent: {files, replace?}", NATIVE,
        .answers = "201 Upload", .body = "UploadOrder",
        .codes = "conflict model_invalid no_room storage_failed unavailable queue_full",
        .help = "See webinfer-models(7), Uploads."},
    {"PUT", "/v1/uploads/{id}", wi_handle_upload_part, ADMIN, WI_ROUTE_BODY | WI_ROUTE_PIECES, 0,
        JSON, "send bytes of an announced file: ?path=, ?position=", NATIVE,
        .answers = "200 UploadPosition", .query = "UploadQuery",
        .codes = "not_found conflict no_room storage_failed unavailable"},
    {"POST", "/v1/uploads/{id}/publish", wi_handle_upload_publish, ADMIN, WI_ROUTE_MAYBE,
        SMALL_BODY, JSON, "create a model from the uploaded files", NATIVE, .answers = "200 Model",
        .codes = MODEL " not_found conflict no_room"},
    {"DELETE", "/v1/uploads/{id}", wi_handle_upload_remove, ADMIN, 0, 0, JSON,
        "abandon an upload, and remove its files", NATIVE, .answers = "200 Verb",
        .codes = "not_found conflict storage_failed unavailable"},
    {"POST", "/v1/jobs", wi_handle_job_post, USER, WI_ROUTE_BODY | WI_ROUTE_BINARY | WI_ROUTE_FILES,
        0, JSON, "store a job durably", NATIVE, .answers = "200 InferAnswer 202 StoredJob",
        .body = "InferRequest", .codes = RUNS KEPT " client_share_used queue_full",
        .help = "See Jobs."},
    {"GET", "/v1/jobs", wi_handle_jobs, USER, 0, 0, JSON,
        "accepted jobs: ?state=, ?limit=, ?after=", NATIVE, .answers = "200 Jobs",
        .query = "JobsQuery", .codes = "invalid_field storage_failed cluster_unavailable",
        .help = "Admins see all jobs; users see their own. The newest come first. "
                "See Lists in pages."},
    {"GET", "/v1/jobs/{id}", wi_handle_job_get, USER, WI_ROUTE_BINARY | WI_ROUTE_EVENTS, 0, JSON,
        "a job's progress and answer, or the events of its stream: ?wait=", NATIVE,
        .answers = "200 Job",
        .events = "part StreamPart progress StreamProgress done StreamDone error Problem",
        .query = "JobQuery",
        .codes = "invalid_field job_not_found stream_gone storage_failed "
                 "cluster_unavailable"},
    {"DELETE", "/v1/jobs/{id}", wi_handle_job_delete, USER, 0, 0, JSON, "cancel a job", NATIVE,
        .answers = "200 Verb 202 Verb",
        .codes = "job_not_found conflict storage_failed cluster_unavailable"},
    {"POST", "/v1/results", wi_handle_results_write, ADMIN, WI_ROUTE_BODY, RESULTS_BODY, JSON,
        "store a laboratory run, or add cells to a stored run", NATIVE,
        .answers = "201 LabKept 200 LabKept", .body = "LabRun",
        .codes = "not_found conflict storage_failed unavailable",
        .help = "See webinfer-lab(7), Runs."},
    {"GET", "/v1/results", wi_handle_results, USER, 0, 0, JSON,
        "the stored runs: ?model=, ?limit=, ?after=", NATIVE, .answers = "200 LabResults",
        .query = "LabResultsQuery", .codes = "invalid_field storage_failed",
        .help = "The newest runs come first; their cells are omitted. See webinfer-api(7), Lists "
                "in pages."},
    {"GET", "/v1/results/{id}", wi_handle_result, USER, 0, 0, JSON, "a run, with its cells", NATIVE,
        .answers = "200 LabResult", .codes = "not_found storage_failed"},
    {"GET", "/v1/results/{id}/figures", wi_handle_result_figures, USER, 0, 0, JSON,
        "a run, with its answer and the figures that are computed from its samples", NATIVE,
        .answers = "200 LabFigures", .codes = "invalid_field not_found storage_failed"},
    {"GET", "/v1/results/{id}/comparison", wi_handle_result_comparison, USER, 0, 0, JSON,
        "a run compared with an earlier one: ?before=, ?percent=", NATIVE,
        .answers = "200 LabComparison", .query = "LabComparisonQuery",
        .codes = "invalid_field missing_field unknown_field not_found storage_failed",
        .help = "See webinfer-lab(7), Comparing."},
    {"DELETE", "/v1/results/{id}", wi_handle_result_remove, ADMIN, 0, 0, JSON, "remove a run",
        NATIVE, .answers = "200 Verb", .codes = "not_found storage_failed"},
    {"GET", "/v1/history/results", wi_handle_lab_history, USER, 0, 0, JSON,
        "a model's times over successive runs: ?model=, ?browser=, ?platform=, ?limit=, ?percent=",
        NATIVE, .answers = "200 LabHistory", .query = "LabHistoryQuery",
        .codes = "invalid_field missing_field unknown_field storage_failed",
        .help = "See webinfer-lab(7), History."},
    {"GET", "/v1/logs", wi_handle_logs, ADMIN, 0, 0, JSON,
        "the last lines of the log: ?level=, ?part=, ?contains=, ?before=, ?limit=", NATIVE,
        .answers = "200 Logs", .query = "LogsQuery", .codes = "invalid_field unknown_field",
        .help = "See The log."},
    {"POST", "/v1/admin/join", wi_handle_join_new, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "create a token for other people's nodes: {nodes?, seconds?, start?, …}", NATIVE,
        .answers = "201 Join", .body = "JoinOrder",
        .codes = "invalid_field unavailable conflict cluster_unavailable storage_failed",
        .help = "The answer contains the join token and a link to open. The token is not shown "
                "again. Join tokens end with the daemon, except in a cluster."},
    {"GET", "/v1/admin/join", wi_handle_joins, ADMIN, 0, 0, JSON,
        "the join tokens, without their secrets", NATIVE, .answers = "200 Joins"},
    {"DELETE", "/v1/admin/join/{id}", wi_handle_join_revoke, ADMIN, 0, 0, JSON,
        "revoke a join token; disconnect its nodes, forget its devices", NATIVE,
        .answers = "200 Verb", .codes = "not_found cluster_unavailable storage_failed"},
    {"GET", "/v1/devices", wi_handle_devices, ADMIN, 0, 0, JSON,
        "the remembered devices of people who joined with a link", NATIVE,
        .answers = "200 Devices"},
    {"DELETE", "/v1/devices/{id}", wi_handle_device_revoke, ADMIN, 0, 0, JSON,
        "forget a device; disconnect its nodes", NATIVE, .answers = "200 Verb",
        .codes = "not_found", .help = "The device can join again with a link that is still valid."},
    {"DELETE", "/v1/admin/quarantine/{id}", wi_handle_quarantine_lift, ADMIN, 0, 0, JSON,
        "lift the quarantine of a node", NATIVE, .answers = "200 Verb", .codes = "not_found",
        .help = "See webinfer-proof(7)."},
    {"POST", "/v1/admin/backup", wi_handle_backup, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, DATABASE,
        "back up the database to a single file", NATIVE, .answers = "200 string",
        .codes = "conflict storage_failed unavailable",
        .help = "The backup contains everything committed so far. It is first written "
                "to the database's folder, and then sent. Only one backup runs at a time. See "
                "webinferd(8), Backup."},
    {"POST", "/v1/admin/verify", wi_handle_verify, ADMIN, WI_ROUTE_MAYBE | WI_ROUTE_EVENTS,
        SMALL_BODY, JSON,
        "have nodes prove with which hardware they compute: {node?, browser?, platforms?}", NATIVE,
        .answers = "200 Verified", .events = "progress VerifyProgress done Verified",
        .body = "VerifyOrder", .codes = "invalid_field node_not_found queue_full",
        .help = "See webinfer-proof(7)."},
    {"GET", "/v1/matrix", wi_handle_matrix, USER, 0, 0, JSON,
        "the tested features of each kind of browser: ?node=, ?browser=", NATIVE,
        .answers = "200 Matrix", .query = "MatrixOrder", .codes = "invalid_field unknown_field",
        .help = "The answer has a column for each tested node (at most 64), and one for each other "
                "kind of browser."},
    {"POST", "/v1/matrix", wi_handle_matrix_ask, ADMIN, WI_ROUTE_MAYBE, SMALL_BODY, JSON,
        "test the features of one node of each kind: {node?, browser?}", NATIVE,
        .answers = "202 Matrix", .body = "MatrixOrder", .codes = "invalid_field node_not_found",
        .help = "The test runs in the background, while clients' requests run. A node runs one "
                "test at a time. GET shows the result once the node's state is \"done\"."},
    {"POST", "/v1/messages", wi_handle_infer, USER, RUN | WI_ROUTE_EVENTS | WI_ROUTE_KEY, 0, JSON,
        "answer a conversation, for Anthropic's clients", ANTHROPIC(messages),
        .answers = "200 Message",
        .events = "message_start MessageStart ping MessagePing content_block_start "
                  "MessageBlockStart content_block_delta MessageBlockDelta content_block_stop "
                  "MessageBlockStop message_delta MessageDelta message_stop MessageStop error "
                  "AnthropicError",
        .codes = RUNS KEPT},
    {"POST", "/v1/messages/count_tokens", wi_handle_infer, USER, RUN | WI_ROUTE_KEY, 0, JSON,
        "count the tokens of a conversation", ANTHROPIC(count), .answers = "200 MessageTokens",
        .codes = RUNS KEPT},
    {"GET", "/v2", wi_handle_kserve_server, USER, 0, 0, JSON,
        "the server's name, version and extensions", KSERVE(), .answers = "200 KserveServer"},
    {"GET", "/v2/", wi_handle_kserve_server, USER, 0, 0, JSON, "the same as GET /v2", KSERVE(),
        .answers = "200 KserveServer"},
    {"GET", "/v2/health/live", wi_handle_kserve_live, OPEN, WI_ROUTE_ALWAYS, 0, JSON,
        "whether the daemon is running", KSERVE(), .answers = "200 KserveLive"},
    {"GET", "/v2/health/ready", wi_handle_kserve_ready, OPEN, 0, 0, JSON,
        "whether a node can accept requests", KSERVE(), .answers = "200 KserveReady",
        .codes = "unavailable"},
    KSERVE_MODEL("", wi_handle_kserve_model, 0, JSON, "a model's inputs and outputs", KSERVE(),
        .answers = "200 KserveModel", .codes = MODEL),
    KSERVE_MODEL("/ready", wi_handle_kserve_model_ready, 0, JSON,
        "whether a model can be served now", KSERVE(), .answers = "200 KserveReady",
        .codes = MODEL),
    KSERVE_MODEL("/config", wi_handle_kserve_config, 0, JSON, "a model's configuration", KSERVE(),
        .answers = "200 KserveConfig", .codes = MODEL),
    KSERVE_MODEL("/stats", wi_handle_kserve_stats, 0, JSON,
        "statistics of a model's requests so far", KSERVE(), .answers = "200 KserveStats",
        .codes = MODEL),
    {"GET", "/v2/models/stats", wi_handle_kserve_all_stats, USER, 0, 0, JSON,
        "statistics of all models requested so far", KSERVE(), .answers = "200 KserveStats"},
    KSERVE_MODEL("/infer", wi_handle_infer, VERB | WI_ROUTE_BINARY, JSON, "run a model", KSERVE(),
        .answers = "200 KserveAnswer", .body = "KserveInfer", .codes = RUNS),
    KSERVE_MODEL("/generate", wi_handle_infer, VERB, JSON, "continue a text", KSERVE(_generate),
        .answers = "200 KserveText", .body = "KserveGenerate", .codes = RUNS),
    KSERVE_MODEL("/generate_stream", wi_handle_infer, VERB, EVENTS,
        "continue a text, and send it in parts", KSERVE(_stream), .answers = "200 string",
        .events = "message KserveEvent|KserveError", .body = "KserveGenerate", .codes = RUNS),
    {"POST", "/v2/repository/index", wi_handle_kserve_index, USER,
        WI_ROUTE_MAYBE | WI_ROUTE_UNTYPED, SMALL_BODY, JSON, "the models in the store: {ready?}",
        KSERVE(), .answers = "200 KserveIndex", .body = "KserveIndexOrder"},
    {"POST", "/v2/repository/models/{model}/load", wi_handle_kserve_load, ADMIN,
        WI_ROUTE_MAYBE | WI_ROUTE_UNTYPED, SMALL_BODY, JSON,
        "load a model, and answer once a node has loaded it", KSERVE(),
        .answers = "200 KserveOrder", .body = "KserveLoadOrder",
        .codes = MODEL " deadline_exceeded"},
    {"POST", "/v2/repository/models/{model}/unload", wi_handle_kserve_unload, ADMIN,
        WI_ROUTE_MAYBE | WI_ROUTE_UNTYPED, SMALL_BODY, JSON,
        "unload a model, and answer once all nodes have unloaded it", KSERVE(),
        .answers = "200 KserveOrder", .body = "KserveLoadOrder",
        .codes = MODEL " conflict deadline_exceeded"},
    {"GET", "/metrics", wi_handle_metrics, ADMIN, 0, 0, "text/plain",
        "counters and timings, in Prometheus format", NATIVE, .answers = "200 string"},
    {"GET", "/v1/openapi.json", wi_handle_openapi, USER, 0, 0, JSON,
        "the description of the API, in OpenAPI 3.1", NATIVE, .answers = "200 object"},
    {"GET", "/healthz", wi_handle_healthz, OPEN, WI_ROUTE_ALWAYS, 0, JSON,
        "whether the daemon is running", NATIVE, .answers = "200 Alive"},
    {"GET", "/readyz", wi_handle_readyz, OPEN, 0, 0, JSON, "whether a node can accept requests",
        NATIVE, .answers = "200 Ready", .codes = "unavailable",
        .help = "If no node can, the answer is 503 with the reason."},
    {"GET", "/", wi_handle_root, USER, WI_ROUTE_PAGE, 0, JSON, "the list of endpoints", NATIVE,
        .answers = "200 Endpoints",
        .help = "Each entry names the required rank. A client whose Accept header names text/html, "
                "as a browser's does, gets the console without a token."},
    {"GET", "/console/{file}", wi_handle_console, OPEN, 0, 0, "*/*", "a file of the console",
        NATIVE, .answers = "200 string 308 string", .codes = "not_found unavailable"},
    {"GET", "/docs", wi_handle_docs, OPEN, 0, 0, "*/*", "a redirect to the documentation", NATIVE,
        .answers = "308 string", .codes = "not_found"},
    {"GET", "/docs/{path}", wi_handle_docs, OPEN, 0, 0, "*/*", "a page of the documentation",
        NATIVE, .answers = "200 string", .codes = "not_found unavailable"},
    {.method = NULL},
};

#undef OPEN
#undef USER
#undef ADMIN

const struct wi_dialect *wi_route_dialect(const struct wi_route *route)
{
    return route ? route->dialect : OPENAI(both);
}
