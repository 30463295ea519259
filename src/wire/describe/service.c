/* The service's answers except the output of models: each form with its members. */
#include "wire/describe/schemas.h"

static const struct wi_member failure[] = {
    {"node", "string|null", "Null if the entry covers several nodes."},
    {"reason", "string", NULL},
    {"times", "integer", NULL},
};
static const struct wi_member source_error[] = {
    {"line", "integer", "In the source that was sent, counted from 1."},
    {"column", "integer", "Likewise."},
    {"message", "string", NULL},
};
static const struct wi_member problem[] = {
    {"type", "string", "A URI that identifies the code."},
    {"title", "string", NULL},
    {"status", "integer", "The HTTP status that the answer has, or would have had."},
    {"detail?", "string", "One sentence: what was wrong, what is allowed and what to do."},
    {"code", "Code", "One of the stable codes."},
    {"field?", "string", "The field of the request that is at fault."},
    {"expected?", "string", "What is expected there."},
    {"allowed?", "string", "What may be there."},
    {"attempts?", "integer", "How often the job was sent to nodes."},
    {"failures?", "[Failure]",
        "What went wrong there, with equal failures grouped; the last entry may cover several "
        "others."},
    {"errors?", "[SourceError]", "For kernel_invalid: up to 20 errors in the source."},
    {"request_id?", "string", "The X-Request-Id of the answer."},
};
static const struct wi_member openai_error[] = {
    {"error", "OpenaiErrorValue", NULL},
};
static const struct wi_member openai_error_value[] = {
    {"message", "string", NULL},
    {"type", "'invalid_request_error'|'permission_error'|'rate_limit_error'|'server_error'", NULL},
    {"param", "string|null", "The parameter that is at fault."},
    {"code", "string", "The code of a problem document, unless OpenAI has its own name for it."},
};
static const struct wi_member both_errors[] = {
    {"error", "OpenaiErrorValue", "The same for OpenAI's clients."},
};

/* --- the service ----------------------------------------------------------------------------- */

static const struct wi_member root[] = {
    {"name", "'webinfer'", NULL},
    {"version", "string", NULL},
    {"endpoints", "[(method string, path string, rank 'none'|'user'|'admin', for string)]", NULL},
};
static const struct wi_member alive[] = {
    {"status", "'ok'", NULL},
};
static const struct wi_member ready[] = {
    {"status", "'ready'", NULL},
    {"warnings?", "[string]",
        "For example that the database cannot be written; only requests that are stored are "
        "refused then."},
};

static const struct wi_member status[] = {
    {"version", "string", NULL},
    {"uptime_s", "number", NULL},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready", "boolean", "Whether a node can take work."},
    {"problem", "string|null", "Why new clients cannot be served."},
    {"api", "(url string, connections integer)", NULL},
    {"bridge", "(url string)", "Where nodes connect."},
    {"queue", "(waiting integer, running integer, limit integer, jobs [RunningJob])",
        "The jobs under way. Up to 100 are listed; a user sees only its own."},
    {"memory", "(used integer, budget integer)", "Bytes of memory_budget."},
    {"sound", "(streams integer, waiting_ms integer, lag_ms integer)",
        "Live sound: streams that have not ended, sound without final text, and the largest lag."},
    {"stored_jobs",
        "(queued integer, running integer, done integer, failed integer, cancelled "
        "integer)",
        "Queued and running now; the others since the start."},
    {"sessions", "[Session]", NULL},
    {"nodes", "[NodeRow]", "The first 100; GET /v1/nodes has all in pages."},
    {"nodes_more", "integer", "How many others there are."},
    {"kinds", "{Kind}", "The kinds of browsers by name."},
    {"models_directory?", "string",
        "For admins: the folder of the models on the daemon's machine."},
    {"models", "[Model]", "The first 100; GET /v1/models has all in pages."},
    {"models_more", "integer", "How many others there are."},
    {"numerics", "(mode 'check'|'off', verdicts {integer}, probes {integer})",
        "How many verdicts there are, and how probes, which run outside clients' requests, have "
        "ended."},
    {"cross_checks",
        "(waiting integer, bytes integer, agreed integer, wrong integer, suspected integer, "
        "disputed integer, unable integer, dropped integer)",
        "Answers of joined nodes that browsers of the service compute again: those that wait, and "
        "how the others have ended."},
    {"quarantined", "[Quarantined]", "The latest 100, the oldest of them first."},
    {"quarantined_more", "integer", "How many others there are."},
    {"counters", "(jobs {integer}, sessions {integer}, bridge {integer})", NULL},
    {"warnings", "[string]", "For the operator."},
};
static const struct wi_member job_row[] = {
    {"id", "string", NULL},
    {"client", "string|null", "The client that it belongs to."},
    {"model_name", "string", NULL},
    {"state", "'queued'|'running'", NULL},
    {"node", "string|null", NULL},
    {"accepted", "boolean", "Whether the node has confirmed that it has the job."},
    {"priority", "integer", NULL},
    {"attempts", "integer", NULL},
    {"accepted_at", "integer", "In milliseconds since 1970."},
    {"timeout_ms", "number", NULL},
    {"problem?", "string", "What went wrong with the last attempt."},
    {"client_id?", "string", "The id that the client gave it."},
};
static const struct wi_member running_job[] = {
    {"age_ms", "number", NULL},
    {"parts?", "integer", "For a stream: the number of parts so far."},
    {"request_id?", "string", NULL},
};
static const struct wi_member session_row[] = {
    {"id", "string", NULL},
    {"kind", "string", "The kind of browser."},
    {"state", "'starting'|'ready'|'busy'|'draining'|'broken'|'closed'", NULL},
    {"step", "string", "The step that it has reached."},
    {"ending", "boolean", NULL},
    {"worn", "string|null", "Why it is to be replaced."},
    {"successor", "string|null", "The session that takes its place."},
    {"jobs", "integer", "How many it has run."},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready_ms", "number", "How long it took to become ready."},
    {"browser_version", "string", NULL},
    {"flags", "[string]",
        "Switches and preferences of its start that depend on a setting, without values that may "
        "be paths or addresses."},
    {"driver_pid", "integer", NULL},
    {"network", "'isolated'|'host'", NULL},
    {"node", "string|null", NULL},
};
static const struct wi_member session[] = {
    {"age_ms", "number", NULL},
    {"memory_bytes", "integer", "Of all its processes together."},
};

static const struct wi_member node_row[] = {
    {"id", "string", NULL},
    {"session", "string|null", "Null for a joined node."},
    {"browser", "string|null", NULL},
    {"browser_version", "string", NULL},
    {"draining", "boolean", "It gets no more work."},
    {"paused", "boolean", "Its owner has paused it."},
    {"held", "boolean", "It gets no work for now; limits says why."},
    {"away", "boolean", "It has lost its connection but may come back."},
    {"attempts", "integer", "The number of attempts on it."},
};
static const struct wi_member node_limit[] = {
    {"effect", "'share'|'hold'",
        "share: it gets only work that nothing else has room for. hold: it gets no work except "
        "proofs."},
    {"evidence", "string",
        "The evidence, as in webinfer-proof(7); or deadlines: it let several deadlines pass in a "
        "row; or unproven: it has not yet proved that it computes right."},
    {"reason?", "string", "For admins: the details."},
    {"since", "integer|null", "In milliseconds since 1970."},
    {"until", "integer|null", "In milliseconds since 1970; null: until it is undone."},
    {"undone_by", "string", "What ends it."},
};
static const struct wi_member conduct[] = {
    {"ended", "integer", "Of its last 50 answers: how many ended well."},
    {"ending", "integer",
        "Likewise: how many ended badly, while a browser of the service succeeded."},
    {"disputed", "integer", "Likewise: how many ended badly, while another joined node succeeded."},
    {"right", "integer", "Of the last 50 answers that were judged: how many were right."},
    {"open", "integer", "Likewise: how many could not be judged, by the node's choice."},
    {"suspicion", "integer",
        "Likewise: how many differed for a client's input; ten right answers in a row clear those "
        "before them."},
};
static const struct wi_member node[] = {
    {"limits?", "[NodeLimit]", "Why it gets less work than others, or none."},
    {"conduct?", "Conduct|null", "A summary of its last answers; null if the service started it."},
    {"user_agent?", "string", "For admins."},
    {"connected_at?", "integer", "In milliseconds since 1970."},
    {"cores?", "integer", NULL},
    {"memory_gib?", "number", NULL},
    {"cross_origin_isolated?", "boolean", NULL},
    {"connected?", "boolean", NULL},
    {"busy_since_ms?", "number", NULL},
    {"last_seen_ms?", "number", NULL},
    {"rtt_ms?", "number", NULL},
    {"bytes_in?", "integer", NULL},
    {"bytes_out?", "integer", NULL},
    {"platforms?", "{(available boolean, reason? string, adapter? Adapter)}", NULL},
    {"engines?", "{Engine}", "Those that it has, by name."},
    {"models?", "[any]", "What it reports about its models."},
};
static const struct wi_member engine[] = {
    {"version", "string|null", NULL},
    {"slots", "integer", "How many tasks it runs at a time."},
    {"short_slots", "integer",
        "How many more tasks it runs that make no text; 0: these use the slots, too."},
    {"queue", "integer", "How many more tasks it accepts to wait."},
    {"can", "['continue'|'continue_several'|'webgpu']", NULL},
};
static const struct wi_member adapter[] = {
    {"vendor?", "string", NULL},
    {"architecture?", "string", NULL},
    {"description?", "string", NULL},
    {"is_fallback?", "boolean", "It computes in software."},
};
static const struct wi_member kind[] = {
    {"installed", "boolean", NULL},
    {"problem", "string|null", NULL},
    {"breaker", "'closed'|'open'|'half-open'", "open: there is a pause after failed starts."},
    {"failures", "integer", "Failed starts in a row."},
    {"next_start_ms", "number", NULL},
    {"min", "integer", NULL},
    {"max", "integer", NULL},
    {"wished", "boolean", "A browser of this kind is wanted."},
    {"sessions", "{integer}", "How many there are, by state."},
    {"transitions", "{{integer}}", "How often a state has followed another."},
};

static const struct wi_member nodes[] = {
    {"nodes", "[Node]", "The nodes of this page, sorted by id."},
    {"next", "string|null", "The value of after for the next page; null on the last page."},
    {"quarantined", "[Quarantined]",
        "The latest nodes under quarantine, as many as a page has; the oldest of them first."},
    {"quarantined_more", "integer", "How many others there are."},
    {"tuning?", "[Tuning]", "With tuning=yes, at most 1000."},
    {"tuning_more?", "integer", "Likewise: how many others there are."},
};
static const struct wi_member tuning[] = {
    {"kernel", "string", NULL},
    {"size_class", "string", "The largest sizes of the calls that it applies to, in their order."},
    {"variant", "string", "The variant of the kernel's shader."},
    {"workgroup", "[integer]", "Its number of invocations across and down."},
    {"ms", "number",
        "The time of a run, by the adapter's own clock unless the browser rounds that; 0: there "
        "was nothing to choose."},
    {"default_ms", "number", "The time of a run without tuning."},
    {"browser?", "string", "This and the next three members: the place that it applies to."},
    {"browser_version?", "string", NULL},
    {"platform?", "Platform", NULL},
    {"adapter?", "string", NULL},
    {"node?", "string", "Instead of the place: the joined node that has reported it about itself."},
};
static const struct wi_member quarantined[] = {
    {"id", "string", "For DELETE /v1/admin/quarantine."},
    {"node", "string", "The id that it had."},
    {"token", "string|null", "The name of the node token that it came with."},
    {"join", "string|null", "The id of the join token that it came with."},
    {"address?", "string",
        "For admins: the address that it came from; for IPv6 the first 64 bits."},
    {"evidence", "string|null", "The evidence, as in webinfer-proof(7)."},
    {"reason?", "string", "For admins: the details."},
    {"since", "integer", "In milliseconds since 1970."},
    {"until", "integer|null",
        "In milliseconds since 1970; null: it is refused until this is lifted."},
};
static const struct wi_member verb[] = {
    {"id", "string", NULL},
    {"state",
        "'draining'|'ready'|'revoked'|'cancelled'|'cancelling'|'removed'|'lifted'|'doubted'|"
        "'forgiven'",
        NULL},
};

static const struct wi_member history[] = {
    {"since", "integer",
        "The beginning of the first step, in milliseconds since 1970: the daemon's start, or an "
        "hour ago."},
    {"step_ms", "integer", "The length of each step. The last step is still under way."},
    {"times", "[integer]", "The beginning of each step, in milliseconds since 1970."},
    {"series", "[Series]",
        "All together, then each model at each place, the most used first, then the others."},
};
static const struct wi_member series[] = {
    {"of", "'all'|'model'|'others'",
        "All requests, those of a model at a place, or those that are not listed separately."},
    {"model", "string|null", "Null for all and for others."},
    {"place", "string|null",
        "The kind of browser (joined for all joined nodes) and the platform. Also null for "
        "requests that failed without running."},
    {"requests", "[integer]",
        "Requests that ended. This and the members below have a figure for each step."},
    {"failures", "[integer]", "Those of them that failed."},
    {"p50_ms", "[number|null]", "Of the time that requests took; null where none was answered."},
    {"p95_ms", "[number|null]", NULL},
    {"queue_p95_ms", "[number|null]", "Of the time that requests waited for a node."},
    {"running", "[integer|null]|null",
        "How many ran when the step ended (the largest number of several steps); null where it is "
        "not known. Only for all."},
    {"waiting", "[integer|null]|null", "Likewise."},
    {"prompt_tokens", "[integer]", NULL},
    {"generated_tokens", "[integer]", NULL},
    {"bytes_in", "[integer]", "Of the requests' bodies."},
    {"bytes_out", "[integer]", "Of the answers' bodies."},
};

/* --- live sound ------------------------------------------------------------------------------ */

static const struct wi_member sound_stream[] = {
    {"id", "string", NULL},
    {"position", "integer", "The position of the first byte to send."},
};
static const struct wi_member sound_state[] = {
    {"position", "integer",
        "The position of the next byte, which is the number of bytes received."},
    {"heard_ms", "integer", "How much sound that is. This and the next two are in milliseconds."},
    {"done_ms", "integer", "All sound before this point has its final text or has no speech."},
    {"lag_ms", "integer",
        "How much sound has arrived since the end of the oldest segment without its final text."},
};
static const struct wi_member sound_partial[] = {
    {"segment", "integer", "The number of the segment, from 0."},
    {"start_ms", "integer", "Where the segment begins, counted from the beginning of the stream."},
    {"text", "string", "The text so far. The final text may differ."},
    {"stable", "integer",
        "How many characters (code points) at the beginning of the text are the same as in the "
        "previous partial."},
};
static const struct wi_member sound_final[] = {
    {"segment", "integer", NULL},
    {"start_ms", "integer", NULL},
    {"end_ms", "integer", NULL},
    {"text", "string", NULL},
    {"words?", "[(text string, start_ms integer, end_ms integer)]",
        "With options.timestamps word; the times count from the beginning of the stream."},
    {"executed_on", "ExecutedOn", NULL},
};
static const struct wi_member sound_lag[] = {
    {"lag_ms", "integer", NULL},
};
static const struct wi_member sound_done[] = {
    {"segments", "integer", "How many there were."},
    {"heard_ms", "integer", "How much sound there was."},
};
static const struct wi_member sound_error[] = {
    {"segment?", "integer", "The segment that failed. Without it, the stream has ended."},
};

/* --- where a model would run ----------------------------------------------------------------- */

static const struct wi_member verified[] = {
    {"nodes", "[VerifiedPlatform]", NULL},
};
static const struct wi_member verified_platform[] = {
    {"node", "string", NULL},
    {"browser", "string", NULL},
    {"platform", "Platform|null", "Null for a node that has none to examine."},
    {"verdict", "'simulated'|'wrong'|'not tested'|'right'|'software adapter'|'unproven'|'hardware'",
        NULL},
    {"reason", "string|null", "What was wrong, or why it is not tested."},
    {"evidence", "Evidence", NULL},
};
static const struct wi_member evidence[] = {
    {"adapter", "Adapter|null", "What the node says about it."},
    {"challenges", "[(n integer, ms number, wasm_ms number|null, right boolean)]",
        "Products of n × n elements, with their times on the platform and on the node's WASM."},
    {"kernels", "(tried integer, wrong [string])",
        "How many answers arrived and were compared, and which kernels were wrong."},
    {"joined", "boolean", "The service did not start it, so its times are claims."},
};
static const struct wi_member verify_progress[] = {
    {"steps", "integer", "How many products and answers have arrived so far, or failed to."},
};
static const struct wi_member matrix[] = {
    {"features", "[(name string, title string)]", "The rows."},
    {"browsers", "[MatrixBrowser]", "The columns."},
};
static const struct wi_member matrix_browser[] = {
    {"browser", "string", "Its kind."},
    {"browser_version", "string|null", NULL},
    {"node", "string|null", "Null for a kind that is absent."},
    {"joined", "boolean", "The service did not start it, so its statements are claims."},
    {"state", "'absent'|'unasked'|'asked'|'done'|'failed'", NULL},
    {"reason", "string|null", "Why it is absent, or failed."},
    {"asked_at", "integer|null", "In milliseconds since 1970."},
    {"found_at", "integer|null", "Likewise."},
    {"features", "object|null",
        "The latest findings by feature: state (yes, software or no) and detail, which says on "
        "what, or why not. software means that a software adapter computed it."},
};
static const struct wi_member kernels[] = {
    {"kernels", "[Kernel]", NULL},
};
static const struct wi_member kernel[] = {
    {"name", "string", NULL},
    {"help", "string", "What it computes."},
    {"inputs", "[KernelTensor]", NULL},
    {"outputs", "[KernelTensor]", NULL},
    {"sizes", "[KernelSize]", "Further facts about dimensions."},
    {"options", "object", "Their schema, with the defaults."},
    {"platforms", "[Platform]", "The platforms that can run it, where a node has them."},
};
static const struct wi_member kernel_size[] = {
    {"name", "string", "The name of a dimension."},
    {"of?", "string",
        "For a dimension that no input has: an option, or a quotient of sizes and options, rounded "
        "down."},
    {"most?", "integer", "Its largest size."},
};
static const struct wi_member kernel_tensor[] = {
    {"name", "string", NULL},
    {"datatypes", "[Datatype]", NULL},
    {"shape", "[string]",
        "The names of its dimensions; dimensions of one name are equal in all tensors. A leading * "
        "means any number of further dimensions, or none."},
};
static const struct wi_member model_sample[] = {
    {"model_name", "string", NULL},
    {"task?", "string", NULL},
    {"inputs", "any", "As for POST /v1/infer."},
    {"options?", "object", NULL},
};
static const struct wi_member hardware[] = {
    {"model_name", "string", NULL},
    {"model_hash", "string", NULL},
    {"model_type", "string|null", NULL},
    {"decision", "'run'|'wait'|'never'", NULL},
    {"why", "string", NULL},
    {"would_run",
        "(node string, browser string, browser_version string, platform Platform, "
        "platforms [Platform], warm boolean, expected_ms number)|null",
        NULL},
    {"code?", "Code", "Where it would never run."},
    {"preferences", "[string]", NULL},
    {"numerics", "'check'|'off'", NULL},
    {"exploration", "number", "The fraction of requests that run once more elsewhere."},
    {"recheck", "number", NULL},
    {"probe", "(browser string, platform Platform, deadline_ms number)|null",
        "The probe that would run outside the client's request."},
    {"options", "[HardwareOption]", "The chosen one first, then those closest to it."},
    {"passed_over", "[(browser string, installed boolean, why string, moves Moves|null)]",
        "Configured kinds without a node."},
};
static const struct wi_member moves[] = {
    {"lost_ms", "number", "The time that requests have lost by not running there."},
    {"at_ms", "number", "The loss at which the model is moved there."},
};
static const struct wi_member hardware_option[] = {
    {"browser", "string", NULL},
    {"browser_version", "string", NULL},
    {"joined", "boolean", NULL},
    {"token", "string|null",
        "A label of the token that its nodes joined with, valid until the service ends."},
    {"platform", "Platform", NULL},
    {"engine", "string", NULL},
    {"engine_version", "string|null", NULL},
    {"standing", "string", NULL},
    {"why", "string", NULL},
    {"chosen", "boolean", NULL},
    {"adapter", "Adapter|null", NULL},
    {"nodes?", "integer", NULL},
    {"open_nodes?", "integer", NULL},
    {"slots?", "integer", NULL},
    {"loaded_nodes?", "integer", NULL},
    {"warm?", "boolean", NULL},
    {"measured?", "boolean", NULL},
    {"verdict?", "string|null", NULL},
    {"preference?", "integer", NULL},
    {"estimate?", "Estimate|null", NULL},
    {"expected_ms?", "number", NULL},
    {"queue_ms?", "number", NULL},
    {"load_ms?", "number", NULL},
    {"run_ms?", "number", NULL},
    {"failure_ms?", "number", NULL},
    {"moves?", "Moves|null", NULL},
};
static const struct wi_member estimate[] = {
    {"load_ms", "number", NULL},
    {"run_ms", "number", NULL},
    {"failure_rate", "number", NULL},
    {"loads", "integer", NULL},
    {"runs", "integer", NULL},
    {"measured_at", "integer", NULL},
    {"prompt_tokens_per_second?", "number", NULL},
    {"tokens_per_second?", "number", NULL},
};

/* --- jobs and joins -------------------------------------------------------------------------- */

static const struct wi_member stored_job[] = {
    {"id", "string", NULL},
    {"state", "'queued'|'running'|'done'|'failed'|'cancelled'", NULL},
    {"model_name?", "string", NULL},
    {"client?", "string", "The client that it belongs to."},
    {"client_id?", "string", "The id that the client gave it."},
    {"node?", "string", NULL},
    {"endpoint", "'/v1/infer'|'/v1/jobs'", "The endpoint that received it."},
    {"priority", "integer", NULL},
    {"runs", "integer", "How often the daemon has started it."},
    {"accepted_at", "integer", "In milliseconds since 1970, as all times here."},
    {"deadline_at", "integer", NULL},
    {"finished_at?", "integer", NULL},
    {"attempts?", "integer", NULL},
    {"problem?", "string", "What it waits for, or what went wrong last."},
    {"answer?", "any", "For a job that is done: the answer, in the form of its endpoint."},
    {"error?", "Problem|OpenaiError|AnthropicError", "For a job that has failed."},
};
static const struct wi_member jobs[] = {
    {"jobs", "[StoredJob]", "The newest first."},
    {"next", "string|null", "The value of after for the next page; null if there is none."},
};
static const struct wi_member result_row[] = {
    {"version", "integer", "The version of the schema."},
    {"id", "string", NULL},
    {"name", "string", NULL},
    {"seed?", "integer", "The seed of the random order of its cells."},
    {"began_at", "integer", "In milliseconds since 1970."},
    {"ended_at?", "integer", "Absent while the run goes on."},
    {"webinfer?", "(version? string|null, commit? string|null)", "What ran it."},
    {"machine?", "(cores? integer|null, memory_bytes? integer|null, kernel? string|null)", NULL},
    {"together?", "integer|null", "The largest number of cells that were measured at a time."},
    {"noisy", "boolean", "Whether its yardstick drifted by more than 10 %; known at its end."},
    {"simulated", "boolean", NULL},
    {"imported", "boolean", "Whether it comes from elsewhere."},
};
static const struct wi_member result_listed[] = {{"cell_count", "integer", NULL}};
static const struct wi_member result[] = {{"cells", "[LabCell]", NULL}};
static const struct wi_member results[] = {
    {"results", "[LabListed]", "The newest first."},
    {"next", "string|null", "The value of after for the next page; null if there is none."},
};
static const struct wi_member result_kept[] = {
    {"id", "string", "Assigned to a new run that had none."},
    {"created", "boolean", NULL},
    {"added", "integer", "The number of new cells."},
    {"cells", "integer", "The number of cells that it has now."},
};
static const struct wi_member join[] = {
    {"id", "string", NULL},
    {"token", "string", "It is shown this once."},
    {"url", "string", "To be opened in a browser."},
    {"nodes", "integer", "The largest number of nodes that may use it at a time."},
    {"expires_at", "integer", "In milliseconds since 1970; no new node may join after that."},
};
static const struct wi_member joins[] = {
    {"joins", "[(id string, nodes integer, joined integer, expires_at integer)]",
        "The tokens, without their secrets."},
    {"node_tokens", "[(name string, joined integer)]",
        "The number of nodes with each token of the rank node."},
};

static const struct wi_member log_line[] = {
    {"seq", "integer", "Its number, counted from 1 since the start."},
    {"time", "string", "In the format of RFC 3339, in UTC with milliseconds."},
    {"level", "'error'|'warn'|'info'|'debug'", NULL},
    {"part", "string", "The part of the daemon that wrote it."},
    {"subject?", "string", "The id of its subject."},
    {"method?", "string", "This and the members below: for a request that was answered."},
    {"path?", "string", NULL},
    {"status?", "integer", NULL},
    {"bytes_in?", "integer", NULL},
    {"bytes_out?", "integer", NULL},
    {"duration_ms?", "number", NULL},
    {"token?", "string|null", "The name of the token."},
    {"address?", "string",
        "The client's address; behind a trusted proxy, the address that the proxy reports."},
    {"request_id?", "string", NULL},
    {"client_left?", "boolean", NULL},
    {"parts?", "integer", "For a stream: the parts that the client received."},
    {"message", "string", NULL},
};
static const struct wi_member logs[] = {
    {"lines", "[LogLine]", "The oldest first."},
    {"lost", "integer", "The number of older lines that are no longer kept."},
};

/* --- what is watched ------------------------------------------------------------------------- */

static const struct wi_member watched_status[] = {
    {"version", "string", NULL},
    {"started_at", "integer", "In milliseconds since 1970."},
    {"ready", "boolean", "Whether a node can take work."},
    {"problem", "string|null", "Why new clients cannot be served."},
    {"api", "(url string)", NULL},
    {"bridge", "(url string)", "Where nodes connect."},
    {"nodes", "(count integer, open integer, quarantined integer)",
        "How many there are, how many take work, and how many are under quarantine."},
    {"kinds",
        "{(installed boolean, problem string|null, breaker 'closed'|'open'|'half-open', "
        "failures integer, min integer, max integer, wished boolean)}",
        "The kinds of browsers by name."},
    {"warnings", "[string]", "For the operator."},
};
static const struct wi_member watched_queue[] = {
    {"waiting", "integer", NULL},
    {"running", "integer", NULL},
    {"limit", "integer", "How many may wait."},
};

const struct wi_schema wi_service_schemas[] = {
    WI_SCHEMA("Failure", failure),
    WI_SCHEMA("SourceError", source_error),
    WI_SCHEMA("Problem", problem, .help = "An error in the format of RFC 9457."),
    WI_SCHEMA(
        "OpenaiError", openai_error, .help = "An error in the form that OpenAI's clients read."),
    WI_SCHEMA("OpenaiErrorValue", openai_error_value),
    WI_SCHEMA("BothErrors", both_errors, .also = "Problem", .help = "An error in both forms."),
    WI_SCHEMA("Endpoints", root),
    WI_SCHEMA("Alive", alive),
    WI_SCHEMA("Ready", ready),
    WI_SCHEMA("Status", status),
    WI_SCHEMA("JobRow", job_row),
    WI_SCHEMA("RunningJob", running_job, .also = "JobRow"),
    WI_SCHEMA("SessionRow", session_row),
    WI_SCHEMA("Session", session, .also = "SessionRow"),
    WI_SCHEMA("NodeRow", node_row),
    WI_SCHEMA("Node", node, .also = "NodeRow"),
    WI_SCHEMA("NodeLimit", node_limit),
    WI_SCHEMA("Conduct", conduct),
    WI_SCHEMA("Nodes", nodes),
    WI_SCHEMA("Quarantined", quarantined),
    WI_SCHEMA("Tuning", tuning),
    WI_SCHEMA("Engine", engine),
    WI_SCHEMA("Adapter", adapter),
    WI_SCHEMA("Kind", kind),
    WI_SCHEMA("Verb", verb),
    WI_SCHEMA("History", history),
    WI_SCHEMA("Series", series),
    WI_SCHEMA("SoundStream", sound_stream),
    WI_SCHEMA("SoundState", sound_state),
    WI_SCHEMA("SoundPartial", sound_partial),
    WI_SCHEMA("SoundFinal", sound_final),
    WI_SCHEMA("SoundLag", sound_lag),
    WI_SCHEMA("SoundDone", sound_done),
    WI_SCHEMA("SoundError", sound_error, .also = "Problem"),
    WI_SCHEMA("Verified", verified),
    WI_SCHEMA("VerifiedPlatform", verified_platform),
    WI_SCHEMA("Evidence", evidence),
    WI_SCHEMA("VerifyProgress", verify_progress),
    WI_SCHEMA("Matrix", matrix),
    WI_SCHEMA("MatrixBrowser", matrix_browser),
    WI_SCHEMA("Kernels", kernels),
    WI_SCHEMA("Kernel", kernel),
    WI_SCHEMA("KernelSize", kernel_size),
    WI_SCHEMA("KernelTensor", kernel_tensor),
    WI_SCHEMA("ModelSample", model_sample),
    WI_SCHEMA("Hardware", hardware),
    WI_SCHEMA("HardwareOption", hardware_option),
    WI_SCHEMA("Moves", moves),
    WI_SCHEMA("Estimate", estimate),
    WI_SCHEMA("StoredJob", stored_job),
    WI_SCHEMA("Jobs", jobs),
    {.name = "Job", .is = "RunningJob|StoredJob"},
    WI_SCHEMA("LabRow", result_row, .help = "A run of the laboratory, without its cells."),
    WI_SCHEMA("LabListed", result_listed, .also = "LabRow"),
    WI_SCHEMA("LabResult", result, .also = "LabRow"),
    WI_SCHEMA("LabResults", results),
    WI_SCHEMA("LabKept", result_kept),
    WI_SCHEMA("LogLine", log_line),
    WI_SCHEMA("Logs", logs),
    WI_SCHEMA("Join", join),
    WI_SCHEMA("Joins", joins),
    WI_SCHEMA("WatchedStatus", watched_status),
    WI_SCHEMA("WatchedQueue", watched_queue),
    {.name = "Watched",
        .help = "Objects by their keys; null means that the object is gone.",
        .is = "{WatchedStatus|WatchedQueue|SessionRow|Node|Model|JobRow|Pull|null}"},
    {0},
};
